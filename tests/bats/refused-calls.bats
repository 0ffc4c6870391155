#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The runtime in a container of an older engine, whose seccomp profile does not know the calls of today: what can do
# without them does, and what cannot says which they are.
# world: hybrid

load helpers

setup_file() {
    make_rootfs
    ! command -v cc >/dev/null || cc -O2 -o "$BATS_FILE_TMPDIR/refuse" "$BATS_TEST_DIRNAME/refuse.c" -lseccomp
}
setup() {
    requires root world cmd:cc
    start_test
    b=$(bundle c1 "$(args echo hello)")
}
teardown() { end_test; }

# refused ERRNO CALL[,CALL]... ARGUMENT...: the runtime without these calls; then as `attempt`
refused() {
    local error=$1 calls=$2
    shift 2
    status=0
    timeout -k 1 20 "$BATS_FILE_TMPDIR/refuse" "$error" "$calls" "$DISTRO_SHIM" --root "$SHIM_ROOT" "$@" </dev/null >out 2>err || status=$?
    output=$(<out) stderr=$(<err)
}
EPERM=1 ENOSYS=38

@test "without calls that others can stand in for everything works" {
    for error in $EPERM $ENOSYS; do
        for calls in close_range pidfd_send_signal faccessat2; do
            refused $error $calls run -b "$b" c1
            is "$error $calls $status|$output|$stderr" "$error $calls 0|hello|"
        done
    done
}

@test "a call that is needed is named, with what has to allow it" {
    for error in $EPERM $ENOSYS; do
        for call in openat2 open_tree move_mount fsopen fsconfig fsmount mount_setattr pivot_root setns unshare pidfd_open statx; do
            # which the C library puts another answer in the place of
            [ "$call $error" != "statx $ENOSYS" ] || continue
            refused $error $call run -b "$b" c1
            is "$error $call $status" "$error $call 1"
            contains "$stderr" "; the runtime itself may not call $call: the seccomp profile of what it runs in has to allow that"
            is "$(wc -l <err)" 1
            is "$(ls -A "$SHIM_ROOT" 2>/dev/null)" ""
        done
        refused $error openat2,fsopen,move_mount,pidfd_open run -b "$b" c1
        contains "$stderr" "may not call openat2, move_mount, fsopen, pidfd_open: "
    done
}

@test "the kernel's own refusals are left as they are" {
    attempt run -b "$PWD/none" c1
    lacks "$stderr" 'the runtime itself may not call'
    # fs.nr_open is less than that
    edit_config "$b" '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 4294967295}]'
    expect_error 'RLIMIT_NOFILE.*operation not permitted' run -b "$b" c1
    lacks "$said" 'the runtime itself may not call'
}
