#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# contrib/quickstart --podman: it keeps its promises through a Podman, and cleans up.
# world: hybrid

load helpers
load engines

setup_file() { make_rootfs && lay_engines; }
setup() {
    requires root world cmd:ss cmd:lsns cmd:ps
    start_engine_test podman
    QUICKSTART=$DISTRO_SHIM_SOURCE/contrib/quickstart
}
teardown() {
    [ -e "$BATS_TEST_TMPDIR/machine.before" ] || return 0
    "$QUICKSTART" --clean >/dev/null 2>&1 || true
    end_test
}

@test "both through Podman, which is told of it and then to forget it" {
    find /etc | sort >before
    run "$QUICKSTART" --busybox-only --podman
    echo "$output"
    [ "$status" -eq 0 ]
    contains "$output" "podman exec quickstart-busybox: http://localhost:"
    contains "$output" "podman exec quickstart-second: http://localhost:"
    [ -e /etc/containers/containers.conf.d/50-distro-shim.conf ]
    run "$QUICKSTART" --clean
    echo "$output"
    [ "$status" -eq 0 ]
    find /etc | sort | diff before -
    no_records
}
