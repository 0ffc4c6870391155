# SPDX-License-Identifier: Apache-2.0
"""What it costs that an engine's network leads to a container, beside the same for a container without one."""
import copy

from bundles import read_config
from measure import Failed, call, differences, figures, interleaved
from rows import Result

TITLE = "`%s`, of a container that an engine's network leads to"
DECOY = "netns-bench"


class Led:
    """A container that asks for a network that an engine has prepared, and one that asks for a new one."""

    def __init__(self, bench, bundles, name):
        self.bench = bench
        self.shim = next(subject for subject in bench.subjects if subject.key == "distro-shim")
        self.made = 0
        config = read_config(bundles.staying)
        asked = copy.deepcopy(config)
        asked["linux"]["namespaces"] = [n for n in asked["linux"]["namespaces"] if n["type"] != "network"]
        asked["linux"]["namespaces"].append({"type": "network", "path": "/run/netns/" + DECOY})
        self.bundles = {False: bundles.new(name + "-alone", config), True: bundles.new(name + "-led", asked)}

    def remove_network(self):
        try:
            call("ip", "netns", "del", DECOY)
        except Failed:
            pass

    def make_network(self):
        """A new one for each start, as engines do."""
        self.remove_network()
        # the link of the last one goes some time after its network
        self.made += 1
        call("ip", "netns", "add", DECOY)
        call("ip", "link", "add", "name", "to-bench%d" % self.made, "type", "veth", "peer", "name", "eth0", "netns", DECOY)
        call("ip", "-n", DECOY, "addr", "add", "10.99.99.2/24", "dev", "eth0")
        call("ip", "-n", DECOY, "link", "set", "eth0", "up")

    def sample(self, timed, led):
        create = self.shim.command("create", "--bundle", self.bundles[led], self.shim.id)
        delete = self.shim.command("delete", "--force", self.shim.id)
        if led:
            self.make_network()
        cost = {}
        for name, command in (("create", create), ("delete", delete)):
            if name == timed:
                cost = self.bench.meter.cost([command])
            else:
                call(*command)
        return cost


def measure(bench, bundles, command):
    led = Led(bench, bundles, command)
    title = TITLE % command
    try:
        got, reasons = interleaved([False, True], lambda which: led.sample(command, which),
                                   bench.options.rounds, bench.options.pause)
    finally:
        bench.tidy(led.shim)
        led.remove_network()
    if reasons:
        return [Result(title, {}, {led.shim.key: reason for reason in reasons.values()})]
    return [
        Result(title, {led.shim.key: figures(got[True])}, {}),
        Result(title + ": more than without", {led.shim.key: differences(got[False], got[True])}, {}),
    ]
