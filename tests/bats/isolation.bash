# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of the tests
# SPDX-License-Identifier: Apache-2.0
# What the tests of isolation share: `load isolation` after `load helpers`.

start_isolation_test() { # in setup
    requires root world file:/usr/bin/python3
    start_test
    # where hooks that run as root of a user namespace can come, too
    OPEN=/run/distro-shim-isolation
    rm -rf "$OPEN" && mkdir -m 1777 "$OPEN"
    helpers=()
}
end_isolation_test() { # in teardown
    [ ${#helpers[@]} -eq 0 ] || { kill -KILL "${helpers[@]}" && wait "${helpers[@]}"; } 2>/dev/null || true
    # innermost first; a test that failed may not have come to it
    awk -v below="$BATS_TEST_TMPDIR/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo | tac | xargs -r umount -l
    rm -rf "${OPEN:-/nonexistent}"
    end_test
}

userns='.linux.namespaces += [{type: "user"}] | .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
    .linux.uidMappings = .linux.gidMappings'
late='(.linux.namespaces[] | select(.type == "network")) |= del(.path)'
hook() { # KIND SCRIPT: without an environment of its own
    jq -nr '$ARGS.positional as $a |
        ".hooks." + $a[0] + " = [" + ({path: "/bin/sh", args: ["sh", "-c", $a[1]]} | tojson) + "]"' --args -- "$@"
}
# The root file system belongs to root of the container's user namespace.
user_bundle() { # NAME FILTER...
    local name=$1
    shift
    b=$(bundle "$name" "$userns" "$@") && chown -hR 100000:100000 "$b/rootfs"
}

has_status() { [ "$(state_of "$1")" = "$2" ]; }
init_of() { jq .initPid "$SHIM_ROOT/$1/status.json"; }
is_gone() { [ ! -e "/proc/$1" ]; }
# In the background, what it prints in the file said: running NAME
running() {
    shim_in 20 run -d -b "$b" "$1" </dev/null >said 2>&1 3>&-
}
