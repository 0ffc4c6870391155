# SPDX-License-Identifier: Apache-2.0
"""The bundles that are measured: one busybox, and its configuration with and without limits and a filter."""
import copy
import json
import os
import shutil

from measure import HERE, call

PROFILE = os.path.join(HERE, "../data/seccomp/podman.json")
LIMITS = {"pids": {"limit": 100}, "memory": {"limit": 268435456}}


def write_config(bundle, config):
    with open(os.path.join(bundle, "config.json"), "w") as file:
        json.dump(config, file)


def read_config(bundle):
    with open(os.path.join(bundle, "config.json")) as file:
        return json.load(file)


def make_rootfs(directory):
    busybox = shutil.which("busybox")
    if not busybox:
        raise SystemExit("busybox (Debian: busybox-static) is needed")
    for name in ("bin", "proc", "sys", "dev", "etc"):
        os.makedirs(os.path.join(directory, name))
    shutil.copy(busybox, os.path.join(directory, "bin/busybox"))
    for name in ("true", "sh", "sleep"):
        os.symlink("busybox", os.path.join(directory, "bin", name))


class Bundles:
    """Paths of bundles: plain, limits, profile, and staying, whose program lasts."""

    def __init__(self, shim, work):
        self.work = work
        self.plain = self.new("plain", None)
        call(shim, "spec", "--bundle", self.plain)
        config = read_config(self.plain)
        config["ociVersion"] = "1.0.2"
        config["process"]["terminal"] = False
        config["process"]["args"] = ["/bin/true"]
        config["hostname"] = "bench"
        # What differs between the runtimes' ideas of a cgroup view is left out; the groups themselves are not.
        config["mounts"] = [m for m in config["mounts"] if m["type"] != "cgroup"]
        config["linux"].pop("maskedPaths", None)
        config["linux"]["namespaces"] = [n for n in config["linux"]["namespaces"] if n["type"] != "cgroup"]
        config["linux"]["readonlyPaths"] = ["/proc/sys"]
        write_config(self.plain, config)
        self.limits = self.new("limits", config, resources=LIMITS)
        with open(PROFILE) as file:
            self.profile = self.new("profile", config, seccomp=json.load(file))
        self.staying = self.new("staying", config, args=["/bin/sleep", "100000"])

    def new(self, name, config, args=None, **linux):
        bundle = os.path.join(self.work, name)
        os.mkdir(bundle)
        make_rootfs(os.path.join(bundle, "rootfs"))
        if config:
            config = copy.deepcopy(config)
            config["linux"].update(linux)
            config["process"]["args"] = args or config["process"]["args"]
            write_config(bundle, config)
        return bundle
