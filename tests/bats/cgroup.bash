# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the tests of cgroups share: `load cgroup` after `load helpers`.

# The mount points of the hierarchies that count in this layout
hierarchies() {
    case $DISTRO_SHIM_WORLD in
    v2) echo /sys/fs/cgroup ;;
    *) for h in /sys/fs/cgroup/*; do [ -L "$h" ] || echo "$h"; done ;;
    esac
}
# In which groups a process is there, each once
groups_of() {
    case $DISTRO_SHIM_WORLD in
    legacy) grep -v ^0: "/proc/$1/cgroup" ;;
    hybrid) cat "/proc/$1/cgroup" ;;
    v2) grep ^0: "/proc/$1/cgroup" ;;
    esac | cut -d : -f 3- | sort -u
}
# where PATH: the hierarchies that have this group
where() { for h in $(hierarchies); do [ ! -d "$h$1" ] || echo "$h"; done; }
sleeping() { args sleep 1000; }
pid_of() { shim state "$1" | jq .pid; }
has_status() { [ "$(state_of "$1")" = "$2" ]; }
