#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# As fault.bats, of a container with a user namespace whose network its engine sets up until start: its first process has two
# threads then, and nothing of either may be left.
# world: hybrid
# world, with --full: v2

load helpers
load policy
load fault

setup_file() { make_rootfs; }
setup() {
    requires root world fault userns cmd:pgrep
    start_test
    make_canary
    BUNDLE=$(bundle fault "$(args sh -c 'trap exit TERM; echo running; while :; do sleep 0.1; done')" "$(new network)" \
        '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings' \
        '.linux.sysctl = {"net.ipv4.ip_unprivileged_port_start": "77", "kernel.shmmax": "4711"} | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"} |
         .hooks = {createRuntime: [{path: "/bin/true"}], createContainer: [{path: "/bin/true"}], startContainer: [{path: "/bin/true"}]}')
    chown -R -h 100000:100000 "$BUNDLE/rootfs"
}
teardown() { end_test; }
# those at which it has, and the last one before
with_threads() {
    steps child init | awk '/^child:part$/ { there = 1 } there'
    echo parent:joined-mounts
    echo parent:runtime-hooks
    echo parent:pid-file
    echo start:go
}

@test "an error at any step: the error names it, and nothing is left" {
    mapfile -t all < <(with_threads)
    [ "${#all[@]}" -gt 30 ]
    all_of fails_at 3 "${all[@]}"
    lives again
}

@test "death at any step: one delete --force takes everything away, and the id can be used again" {
    mapfile -t all < <(with_threads)
    all_of dies_at 3 "${all[@]}"
}

@test "a process that stops at any step, its runtime killed: one delete --force takes everything away" {
    mapfile -t all < <(with_threads)
    all_of stops_at 3 "${all[@]}"
    lives again
}
