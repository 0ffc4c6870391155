# SPDX-License-Identifier: Apache-2.0
"""The table that is printed, and what machine it is of."""
import os
import re

MARKS = ("<!-- bench -->", "<!-- /bench -->")


def machine():
    with open("/proc/cpuinfo") as file:
        model = re.search(r"^model name\s*:\s*(.*)$", file.read(), re.M)
    return {
        "kernel": os.uname().release,
        "cores": len(os.sched_getaffinity(0)),
        "model": model.group(1) if model else os.uname().machine,
        "load": round(os.getloadavg()[0], 2),
        "cgroups": {"legacy": "v1", "hybrid": "v1 and v2 (hybrid)", "v2": "v2"}[os.environ["DISTRO_SHIM_WORLD"]],
    }


def number(value):
    return "%.2f" % value if value < 10 else "%.1f" % value if value < 100 else "%.0f" % value


def cell(figure, unit):
    if figure is None:
        return "–"
    if unit == "ms":
        return "%s (%s, %s)" % tuple(number(figure[name]) for name in ("wall", "tenth", "cpu"))
    if unit == "times":
        return number(figure["value"])
    if unit == "a second":
        return "%.0f" % figure["value"]
    return "%d" % figure["value"]


def ratios(result, reference):
    """Of distro-shim to the reference: {"wall": 0.7, "cpu": 0.6} or {"value": 0.9}, nothing where one of them is missing."""
    ours, theirs = result.cells.get("distro-shim"), result.cells.get(reference)
    if not ours or not theirs:
        return {}
    names = ("wall", "cpu") if result.unit == "ms" else ("value",)
    return {name: ours[name] / theirs[name] for name in names if theirs.get(name)}


def ratio_cell(result, reference):
    ratio = ratios(result, reference)
    if not ratio:
        return "–"
    if "wall" in ratio:
        return "%.2f" % ratio["wall"] + (" (%.2f)" % ratio["cpu"] if "cpu" in ratio else "")
    return "%.2f" % ratio["value"]


def markdown(about, columns, reference, results, rounds):
    """columns: {key: heading}."""
    headings = list(columns.values())
    if reference:
        headings.insert(1, "ratio to " + re.sub(r" \(.*", "", columns[reference]))
    lines = [
        "Linux %(kernel)s, %(cores)d cores of %(model)s, cgroups %(cgroups)s, load at the start %(load).2f;" % about,
        "%d interleaved samples. Times are milliseconds: median (10th percentile, CPU); ratios of medians (and of CPU)." % rounds,
        "",
        "| | " + " | ".join(headings) + " |",
        "|---" * (len(headings) + 1) + "|",
    ]
    reasons = {}
    for result in results:
        cells = [cell(result.cells.get(key), result.unit) for key in columns]
        if reference:
            cells.insert(1, ratio_cell(result, reference))
        title = result.title + (", " + result.unit if result.unit in ("kB", "a second") else "")
        lines.append("| %s | %s |" % (title, " | ".join(cells)))
        for key, reason in result.reasons.items():
            reasons.setdefault("%s: %s" % (columns[key], reason), []).append(result.title)
    if reasons:
        lines.append("")
        lines += ["- %s (%s)" % (reason.replace("<", "&lt;"), "; ".join(titles)) for reason, titles in reasons.items()]
    return "\n".join(lines) + "\n"


def as_json(about, versions, reference, results, rounds):
    return {
        "machine": about,
        "subjects": versions,
        "rounds": rounds,
        "reference": reference,
        "rows": [{"title": result.title, "unit": result.unit, "cells": result.cells, "reasons": result.reasons,
                  "ratio": ratios(result, reference)} for result in results],
    }


def replace_between_marks(path, text):
    with open(path) as file:
        before, mark, rest = file.read().partition(MARKS[0])
    old, end, after = rest.partition(MARKS[1])
    if not mark or not end:
        raise SystemExit("%s has no lines %s and %s to write the table between" % (path, *MARKS))
    with open(path, "w") as file:
        file.write("%s%s\n%s%s%s" % (before, MARKS[0], text, MARKS[1], after))
