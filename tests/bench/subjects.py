# SPDX-License-Identifier: Apache-2.0
"""What is measured: distro-shim, other runtimes, and the floor program. Each has state of its own."""
import copy
import os
import re
import shutil

from measure import Failed, build, call

NETWORK = "/run/netns/distros"


class Subject:
    """A runtime, with the directory of its containers."""

    runtime = True

    def __init__(self, key, binary, work, heading=None):
        self.key = key
        self.binary = os.path.abspath(binary)
        self.root = os.path.join(work, "state-" + key)
        said = call(self.binary, "--version").splitlines()[0]
        self.version = re.sub(r".*version\s+", "", said)
        self.heading = (heading or "%s %%s" % key) % self.version
        self.id = "bench-" + key
        self.members = []
        self.policy = []

    def under(self, policy):
        """The same under a policy file."""
        other = copy.copy(self)
        other.policy = ["--policy", policy]
        return other

    def command(self, *words, cgroups=True):
        flags = [] if cgroups else ["--cgroup-manager", "disabled"]
        return [self.binary, "--root", self.root, *self.policy, *flags, *words]

    @property
    def without_cgroups(self):
        return self.key != "runc"

    def call(self, *words, cgroups=True):
        return call(*self.command(*words, cgroups=cgroups))

    def remove(self, name):
        """What a sample has left, also one that failed."""
        if os.path.exists(os.path.join(self.root, name)):
            self.call("delete", "--force", name)

    def containers(self):
        try:
            # a runtime may have a cache beside them
            return [name for name in os.listdir(self.root) if not name.startswith(".")]
        except FileNotFoundError:
            return []

    def have_members(self, number, bundle):
        """So many created containers beside what is measured."""
        while len(self.members) < number:
            name = "member-%s-%d" % (self.key, len(self.members))
            self.call("create", "--bundle", bundle, name)
            self.members.append(name)

    def close(self):
        for name in self.containers():
            try:
                self.remove(name)
            except Failed as error:
                print("left behind: %s of %s: %s" % (name, self.heading, error))

    def forget_filters(self):
        """The cache of compiled filters."""
        shutil.rmtree("/run/distro-shim/seccomp" if self.key == "distro-shim" else self.root + "/.cache",
                      ignore_errors=True)

    def forget_all(self):
        """As after the machine's start: what stands in /run is gone."""
        if self.containers():
            raise Failed("has containers: %s" % " ".join(self.containers()[:3]))
        shutil.rmtree(self.root, ignore_errors=True)
        if self.key == "distro-shim":
            shutil.rmtree("/run/distro-shim", ignore_errors=True)


class Floor:
    """The fewest system calls that give the container of the bundle; knows `run` without cgroups alone."""

    key = heading = "floor"
    runtime = False
    version = None

    def __init__(self, binary):
        self.binary = binary

    def life(self, bundle):
        return [self.binary, NETWORK, os.path.join(bundle, "rootfs"), "/bin/true"]

    def close(self):
        pass


def engines():
    """The cache of tests/engines/fetch."""
    return os.environ.get("DISTRO_SHIM_ENGINES") or os.path.join(
        os.environ.get("XDG_CACHE_HOME", "/var/cache"), "distro-shim-tests/engines")


def installed(name):
    """The machine's, or what tests/engines/fetch has unpacked."""
    unpacked = os.path.join(engines(), "root/usr/bin", name)
    return shutil.which(name) or (unpacked if os.access(unpacked, os.X_OK) else None)


def find(options, work):
    """All subjects that are there, in the order of the columns, and the columns of those that are not."""
    shared = os.environ.get("DISTRO_SHIM_SHARED")
    newer = options.crun or (os.path.join(shared, "peers/crun-1.29.1") if shared else None)
    subjects = [Subject("distro-shim", options.shim, work)]
    missing = []
    for key, binary, heading in (("crun-newer", newer, "crun %s"),
                                 ("crun", installed("crun"), "crun %s (Debian)"),
                                 ("runc", installed("runc"), "runc %s")):
        if binary and os.access(binary, os.X_OK):
            subjects.append(Subject(key, binary, work, heading))
        elif options.crun and key == "crun-newer":
            raise SystemExit("--crun %s: not a program that can be executed" % binary)
        else:
            missing.append(key)
    subjects.append(Floor(options.floor or build("floor", work)))
    return subjects, missing
