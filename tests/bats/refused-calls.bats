#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The runtime in a container of an older engine, whose seccomp profile does not know the calls of today: what can do
# without them does, and what cannot says which they are.
# world: hybrid v2

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
        for calls in clone3 close_range pidfd_send_signal faccessat2 clone3,close_range; do
            refused $error $calls run -b "$b" c1
            is "$error $calls $status|$output|$stderr" "$error $calls 0|hello|"
        done
    done
}

@test "without clone3 each process is in its container's group before its program runs" {
    b=$(bundle c2 "$(args sh -c 'cat /proc/self/cgroup; exec sleep 1000')" '.linux.cgroupsPath = "/test-refused/c2"')
    refused $ENOSYS clone3 run -d -b "$b" c2
    is "$status" 0
    refused $EPERM clone3 exec c2 cat /proc/self/cgroup
    is "$status|$stderr" "0|"
    # from outside, as of one that was made with it
    refused $EPERM clone3 exec -d --pid-file pid c2 sleep 1000
    succeeds run -d -b "$(bundle c3 "$(args sleep 1000)" '.linux.cgroupsPath = "/test-refused/c3"')" c3
    groups=$(sed 's/c3$/c2/' "/proc/$(shim state c3 | jq .pid)/cgroup")
    contains "$groups" /test-refused/c2
    is "$(<"/proc/$(shim state c2 | jq .pid)/cgroup")" "$groups"
    is "$(<"/proc/$(<pid)/cgroup")" "$groups"
    succeeds delete --force c2
    succeeds delete --force c3
}

@test "run works when the file of its output cannot be given to the user" {
    edit_config "$b" '.process.user = {uid: 1000, gid: 1000}'
    # EACCES, ENOSYS, EOPNOTSUPP, EDQUOT
    for error in 13 38 95 122; do
        refused $error fchown run -b "$b" c1
        is "$error $status|$output|$stderr|$(stat -c %u out)" "$error 0|hello||0"
    done
}

@test "without clone3 exec works in a container whose pids limit is used up" {
    requires controller:pids
    succeeds run -d -b "$(bundle c2 "$(args sleep 1000)" '.linux.resources.pids.limit = 1')" c2
    init=$(shim state c2 | jq .pid)
    # no place for the joiner, then one for it and none for what it makes
    for limit in 1 2; do
        succeeds update --pids-limit $limit c2
        for error in $EPERM $ENOSYS; do
            refused $error clone3 exec c2 echo hello
            is "$status|$output|$stderr" "0|hello|"
        done
        refused $EPERM clone3 exec -d --pid-file pid c2 sleep 1000
        is "$status|$(<"/proc/$(<pid)/cgroup")" "0|$(<"/proc/$init/cgroup")"
    done
    succeeds delete --force c2
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
