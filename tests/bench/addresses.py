# SPDX-License-Identifier: Apache-2.0
"""What an address of its own out of a pool costs a life, beside the same life with the addresses of the network."""
import json
import os
import subprocess

from measure import differences, figures, interleaved
from rows import Result, runs

TITLE = "`run`, an address of a pool"


def write_policy(directory, name, network):
    path = os.path.join(directory, name + ".json")
    with open(path, "w") as file:
        json.dump({"version": 1, "network": network}, file)
    return path


def measure(bench, bundles, title):
    shim = next(subject for subject in bench.subjects if subject.key == "distro-shim")
    pool = {"address": "pool", "addressPool": {"v4": "10.78.0.0/24", "v6": "fd78::/64"}}
    shared = shim.under(write_policy(bundles.work, "shared", {}))
    own = shim.under(write_policy(bundles.work, "pool", pool))
    subprocess.run(["ip", "-n", "distros", "link", "set", "lo", "up"], check=True)
    # the programs are loaded once
    for command in runs(own, bundles.plain):
        subprocess.run(command, stdin=subprocess.DEVNULL, check=True)
    got, reasons = interleaved([shared, own], lambda subject: bench.meter.cost(runs(subject, bundles.plain)),
                               bench.options.rounds, bench.options.pause)
    if reasons:
        bench.tidy(shim)
        return [Result(title, {}, {shim.key: reason for reason in reasons.values()})]
    return [
        Result(title, {shim.key: figures(got[own])}, {}),
        Result(title + ": more than without", {shim.key: differences(got[shared], got[own])}, {}),
    ]
