# SPDX-License-Identifier: Apache-2.0
"""Through Podman: `podman run` from end to end, and the bundle that it makes."""
import json
import os
import shutil

from bundles import read_config, write_config
from measure import call
from rows import Row, runs
from subjects import NETWORK, engines

CONF = """[containers]
default_ulimits = ["nofile=20000:20000", "nproc=1000:1000"]
netns = "ns:%s"
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime_supports_json = ["crun", "crun-newer", "runc", "distro-shim"]
[engine.runtimes]
"""
LIMITS = ("--pids-limit", "100", "--memory", "64m")


def prepare(subjects):
    """Lay the engines over this private machine, with these runtimes."""
    cache = engines()
    if not os.path.exists(os.path.join(cache, "recipe")):
        raise SystemExit("--podman needs real engines: run tests/engines/fetch first")
    call("mount", "-t", "overlay", "-o", "lowerdir=%s/root/usr:/usr" % cache, "overlay", "/usr")
    call("cp", "-a", cache + "/root/etc/.", "/etc/")
    os.makedirs("/var/lib/containers", exist_ok=True)
    call("mount", "-t", "tmpfs", "tmpfs", "/var/lib/containers")
    for path in ("/etc/containers/libpod.conf", "/etc/cni/net.d/87-podman-bridge.conflist"):
        if os.path.exists(path):
            os.remove(path)
    with open("/etc/containers/containers.conf", "w") as file:
        file.write(CONF % NETWORK)
        file.writelines('%s = ["%s"]\n' % (subject.key, subject.binary) for subject in subjects)
    call("podman", "load", "-q", "-i", cache + "/images/busybox.tar")


def make_bundle(subject, bundles):
    """What Podman would hand to this runtime: a copy of its config, without what refers to Podman's store."""
    name = "bundle-" + subject.key
    call("podman", "--runtime", subject.key, "create", "--name", name, *LIMITS, "busybox", "true")
    try:
        call("podman", "--runtime", subject.key, "init", name)
        state = json.loads(call("podman", "inspect", name))[0]
        config = read_config(os.path.dirname(state["OCIConfigPath"]))
    finally:
        call("podman", "rm", "--force", "--time", "0", name)
    bundle = os.path.join(bundles.work, "podman-" + subject.key)
    os.mkdir(bundle)
    shutil.copytree(bundles.plain + "/rootfs", bundle + "/rootfs", symlinks=True)
    config["root"] = {"path": "rootfs"}
    config["mounts"] = [m for m in config["mounts"] if not m["source"].startswith("/")]
    config["linux"]["cgroupsPath"] = "/bench-podman/" + subject.key
    config.pop("hooks", None)
    write_config(bundle, config)


def rows(bundles):
    def through(*flags):
        def commands(subject):
            if not subject.runtime:
                return None
            return [["podman", "--runtime", subject.key, "run", "--rm", *flags, "busybox", "true"]]
        return commands

    return [
        Row("`podman run --rm`", through()),
        Row("`podman run --rm` with limits", through(*LIMITS)),
        Row("`run` of Podman's bundle: its filter, devices, limits",
            lambda s: runs(s, os.path.join(bundles.work, "podman-" + s.key)),
            first=lambda s: make_bundle(s, bundles)),
    ]
