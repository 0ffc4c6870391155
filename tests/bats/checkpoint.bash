# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the tests of checkpoint and restore share: `load checkpoint` after `load helpers`.

# In the virtual machine it takes its time.
shim_in() {
    shift
    timeout --foreground -k 5 100 "$DISTRO_SHIM" --root "$SHIM_ROOT" ${SHIM_POLICY:+--policy "$SHIM_POLICY"} "$@"
}
pid_of() { shim state "$1" | jq .pid; }
inode() { stat -L -c %i "$@"; }

fake() { # HOW
    mkdir -p fake
    cp "$BATS_TEST_DIRNAME/criu.py" fake/criu
    PATH=$PWD/fake:$PATH
    export CRIU_FAILS=$1
    requires file:/usr/bin/python3
}
sleeping() { args sleep 1000; }
alive() {
    b=$(bundle c1 "$(sleeping)")
    succeeds run -d -b "$b" c1
}

images() { mkdir -p images && echo '["/dev/null", "/dev/null", "/dev/null"]' >images/descriptors.json; }
stands_in() { # HOW [JQ-FILTER]...: for a restore of the bundle $b
    fake "$1"
    shift
    export CRIU_NOTES=$PWD/notes
    images
    b=$(bundle c1 "$(sleeping)" "$@")
}
# Nothing is left of it, in no cgroup either.
nothing_of_c1() { [ ! -e "$SHIM_ROOT/c1" ] && is "$(find /sys/fs/cgroup -name c1)" ''; }
