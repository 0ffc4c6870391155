# SPDX-License-Identifier: Apache-2.0
"""What a policy with many entries costs a start, beside the same start without a policy file."""
import json
import os

from measure import differences, figures, interleaved
from rows import Result, runs

TITLE = "`run`, no cgroups, a policy with 100 entries"
ENTRIES = 100


def write_policy(directory):
    """Of all kinds that are looked at without trustClients; the last one matches."""
    entries = []
    for number in range(ENTRIES - 1):
        kind, pattern = (("engine", "docker"), ("owner", "user%d" % number), ("rootfs", "/srv/team-%d/*" % number),
                         ("bundle", "/srv/bundles/%d/*" % number))[number % 4]
        entries.append({"match": {kind: pattern}, "network": "lab"})
    entries.append({"match": {"rootfs": directory + "/*"}, "hostname": "requested"})
    path = os.path.join(directory, "policy.json")
    with open(path, "w") as file:
        json.dump({"version": 1, "networks": {"lab": {"namespace": "/run/netns/lab"}}, "distros": entries}, file)
    return path


def measure(bench, bundles, title):
    shim = next(subject for subject in bench.subjects if subject.key == "distro-shim")
    ruled = shim.under(write_policy(bundles.work))
    got, reasons = interleaved([shim, ruled], lambda subject: bench.meter.cost(runs(subject, bundles.plain, cgroups=False)),
                               bench.options.rounds, bench.options.pause)
    if reasons:
        bench.tidy(shim)
        return [Result(title, {}, {shim.key: reason for reason in reasons.values()})]
    without, under = figures(got[shim]), figures(got[ruled])
    return [
        Result(title, {shim.key: under}, {}),
        Result(title + ": more than without a policy", {shim.key: differences(got[shim], got[ruled])}, {}),
        Result(title + ": times what it takes without a policy", {shim.key: {"value": under["wall"] / without["wall"]}}, {},
               "times"),
    ]
