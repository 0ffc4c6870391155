# SPDX-License-Identifier: Apache-2.0
# What limits a container (config-linux.md "Control groups"): pids, memory, and what no controller can limit.
# world: legacy hybrid v2 vm

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load cgroup

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() { end_test; }

@test "pids: the limit is written and holds, 0 and -1 mean what they say" {
    requires v1
    # a shell that cannot fork ends, so it is one of its own that tries
    script='i=0; while [ $i -lt 30 ]; do sleep 1000 & i=$((i + 1)); done'
    b=$(bundle c1 "$(args sh -c "sh -c '$script' 2>/said; sleep 1000")" '.linux.resources.pids.limit = 8')
    succeeds run -d -b "$b" c1
    is "$(</sys/fs/cgroup/pids/distro-shim/c1/pids.max)" 8
    wait_until grep -q "fork" "$b/rootfs/said"
    # the shells and six that sleep
    matches "$(</sys/fs/cgroup/pids/distro-shim/c1/pids.current)" '^[78]$'
    matches "$(</sys/fs/cgroup/pids/distro-shim/c1/pids.events)" '^max [1-9]'
    succeeds delete --force c1
    for pair in '0 0' '-1 max' '1 1' '100000 100000'; do
        edit_config "$b" ".linux.resources.pids.limit = ${pair% *} | .process.args = [\"sleep\", \"1000\"]"
        succeeds run -d -b "$b" c1
        is "$(</sys/fs/cgroup/pids/distro-shim/c1/pids.max)" "${pair#* }"
        succeeds delete --force c1
    done
    edit_config "$b" '.process.args = ["sh", "-c", "(true) 2>/dev/null || true; echo $(true) forked"] | .linux.resources.pids.limit = 0'
    attempt run -b "$b" c1
    [ "$status" != 0 ]
    lacks "$output" forked
    edit_config "$b" '.linux.resources.pids.limit = -2'
    expect_error 'pids.limit' create -b "$b" c1
}

@test "memory: the limits are written, -1 means without a limit" {
    requires v1
    at=/sys/fs/cgroup/memory/distro-shim/c1
    unlimited=$(</sys/fs/cgroup/memory/memory.limit_in_bytes)
    b=$(bundle c1 "$(sleeping)" '.linux.resources.memory = {limit: 33554432, reservation: 16777216}')
    succeeds create -b "$b" c1
    is "$(<$at/memory.limit_in_bytes) $(<$at/memory.soft_limit_in_bytes)" "33554432 16777216"
    succeeds delete c1
    edit_config "$b" '.linux.resources.memory = {limit: -1}'
    succeeds create -b "$b" c1
    [ "$(<$at/memory.limit_in_bytes)" -ge "$unlimited" ]
    succeeds delete c1
    if [ -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ]; then
        for pair in '67108864 67108864' '33554432 33554432'; do
            edit_config "$b" ".linux.resources.memory = {limit: 33554432, swap: ${pair% *}}"
            succeeds create -b "$b" c1
            is "$(<$at/memory.memsw.limit_in_bytes)" "${pair#* }"
            succeeds delete c1
        done
        edit_config "$b" '.linux.resources.memory = {limit: -1, swap: -1}'
        succeeds create -b "$b" c1
        [ "$(<$at/memory.memsw.limit_in_bytes)" -ge "$unlimited" ]
        succeeds delete c1
    else
        edit_config "$b" '.linux.resources.memory = {limit: 33554432, swap: 67108864}'
        expect_error "memory.memsw.limit_in_bytes': this kernel does not have the file" create -b "$b" c1
    fi
    edit_config "$b" '.linux.resources.memory = {swap: 67108864}'
    expect_error 'memory.swap: needs memory.limit' create -b "$b" c1
    edit_config "$b" '.linux.resources.memory = {limit: 67108864, swap: 33554432}'
    expect_error 'memory.swap' create -b "$b" c1
}

@test "memory: what takes more than the limit is killed, and run says 137" {
    requires v1
    b=$(bundle c1 "$(args dd if=/dev/zero of=/dev/null bs=64M count=1)" '.linux.resources.memory.limit = 16777216')
    attempt run -b "$b" c1
    is "$status" 137
    # a child of the program dies, the program lives on
    edit_config "$b" '.process.args = ["sh", "-c", "dd if=/dev/zero of=/dev/null bs=64M count=1; echo child $?"]'
    attempt run -b "$b" c1
    is "$status|$output" "0|child 137"
}

# What it has by now, and not a page more: also none that the kernel keeps ready
starve() { # GROUP
    local at=/sys/fs/cgroup/memory$1
    echo 0 >"$at/memory.force_empty"
    cat "$at/memory.usage_in_bytes" >"$at/memory.limit_in_bytes"
}

@test "memory: too little for a container to be born, to start or to exec is an error that says so" {
    requires v1
    b=$(bundle c1 "$(sleeping)" '.linux.cgroupsPath = "/test-little"' '.linux.resources.memory.limit = 4096')
    for verb in run create; do
        expect_error "container's first process was OOM-killed: its memory limit of 4096 bytes is too low" "$verb" -b "$b" c1
        is "$(ls -A "$SHIM_ROOT")$(where /test-little)" ""
    done
    # a limit above it
    mkdir -p /sys/fs/cgroup/memory/test-above/c1
    starve /test-above
    edit_config "$b" '.linux.cgroupsPath = "/test-above/c1" | del(.linux.resources.memory)'
    expect_error "container's first process was OOM-killed: a limit above its cgroup, or the machine" create -b "$b" c1
    is "$(ls -A "$SHIM_ROOT")" ""
    find /sys/fs/cgroup/memory/test-above -depth -type d -exec rmdir {} +
    # between create and start
    edit_config "$b" '.linux.cgroupsPath = "/test-little" | .linux.resources.memory.limit = 33554432 |
        .hooks.startContainer = [{path: "/bin/true"}]'
    succeeds create -b "$b" c1
    starve /test-little
    expect_error "container's first process was OOM-killed: its memory limit of [0-9]* bytes is too low" start c1
    is "$(ls -A "$SHIM_ROOT")$(where /test-little)" ""
    # a process of exec, while the container lives on
    edit_config "$b" '.linux.resources.memory.limit = 33554432 | del(.hooks)'
    succeeds run -d -b "$b" c1
    # it goes before the container's first process
    # by what takes more than the kernel has charged to the group in advance, before it is the program
    jq '.process | .args = ["true"] | .oomScoreAdj = 1000 | .env += [range(8) | "LONG\(.)=" + ("x" * 100000)]' \
        "$b/config.json" >p.json
    succeeds exec --process p.json c1
    starve /test-little
    attempt exec --process p.json c1
    is "$status" 255
    matches "$stderr" 'the new process was OOM-killed: its memory limit of [0-9]* bytes is too low'
    is "$(state_of c1)" running
    echo 33554432 >/sys/fs/cgroup/memory/test-little/memory.limit_in_bytes
    succeeds exec --process p.json c1
    # one that another process kills has not wanted memory, also where an earlier one has
    if [ -x "${DISTRO_SHIM_FAULT_BIN:-}" ]; then
        shim_fault joiner:session:kill exec --process p.json c1 >out 2>&1 || true
        is "$(<out)" "distro-shim: the new process ended unexpectedly (status 137, killed)"
    fi
    succeeds delete --force c1
    is "$(where /test-little)" ""
}

@test "a limit without a controller for it is refused by name, one that asks for nothing is accepted" {
    requires v2
    local refused=0
    has() { grep -qw "$1" /sys/fs/cgroup/cgroup.controllers; }
    b=$(bundle c1 "$(args true)" '.linux.resources = {memory: {limit: -1, swap: -1}, pids: {limit: -1}}')
    succeeds run -b "$b" c1
    if ! has pids; then
        edit_config "$b" '.linux.resources = {pids: {limit: 10}}'
        expect_error 'linux.resources.pids.limit: the cgroup controller .pids. is not available' create -b "$b" c1
        refused=$((refused + 1))
    fi
    if ! has memory; then
        edit_config "$b" '.linux.resources = {memory: {limit: 16777216}}'
        expect_error 'linux.resources.memory.limit: the cgroup controller .memory. is not available' create -b "$b" c1
        refused=$((refused + 1))
    fi
    [ $refused -gt 0 ] || skip "every controller that is asked for is here"
}
