# SPDX-License-Identifier: Apache-2.0
# events and ps: what a container uses, that it ran out of memory, and its processes.
# world: legacy hybrid v2

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
has_status() { [ "$(state_of "$1")" = "$2" ]; }
teardown() { end_test; }

running() { # FILTER...
    b=$(bundle c1 "$(args sh -c 'sleep 1000 & sleep 1000 & sleep 1000')" "$@")
    succeeds run -d -b "$b" c1
    wait_until sh -c "[ \$($DISTRO_SHIM --root $SHIM_ROOT ps --format json c1 | jq length) = 3 ]"
}

# ---- events

@test "events --stats shows once what is used" {
    running
    succeeds events --stats c1
    is "$(jq -c '[.type, .id, (.data.cpu.usage.total > 0)]' <<<"$output")" '["stats","c1",true]'
    is "$(wc -l <<<"$output")" 1
}

@test "events has the numbers of the group" {
    requires v1 controller:memory controller:pids
    running '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 50}}'
    succeeds events --stats c1
    is "$(jq -c '.data | [.pids.current, .pids.limit, .memory.usage.limit, (.memory.usage.usage > 0), (.memory.raw.rss >= 0), (.cpu.usage.percpu | length > 0)]' <<<"$output")" \
        '[3,50,67108864,true,true,true]'
    is "$(jq '.data.blkio | has("ioServiceBytesRecursive")' <<<"$output")" true
}

@test "huge pages are there by size" {
    requires v2 controller:hugetlb file:/sys/kernel/mm/hugepages/hugepages-2048kB
    running
    succeeds events --stats c1
    is "$(jq -c '.data.hugetlb["2MB"]' <<<"$output")" '{"failcnt":0}'
    is "$(jq -c '.data.hugetlb | keys | map(select(contains("rsvd")))' <<<"$output")" '[]'
}

@test "pressure on processors, memory and devices is counted, in a group of its own" {
    case $DISTRO_SHIM_WORLD in hybrid) at=/sys/fs/cgroup/unified ;; v2) at=/sys/fs/cgroup ;; *) skip "needs a v2 tree" ;; esac
    requires file:/proc/pressure/cpu
    # more that wants to run than there are processors, until one has waited
    b=$(bundle c1 "$(args sh -c 'for i in 1 2 3 4 5 6 7 8; do (while [ ! -e /enough ]; do :; done) & done; wait; sleep 1000')" \
        '.root.readonly = false')
    succeeds run -d -b "$b" c1
    group=$at$(grep ^0: "/proc/$(shim state c1 | jq .pid)/cgroup" | cut -d : -f 3)
    [ -e "$group/cpu.pressure" ] || skip "this kernel counts no pressure of groups"
    wait_until sh -c "! grep -q 'some.*total=0\$' $group/cpu.pressure"
    touch "$b/rootfs/enough"
    succeeds events --stats c1
    is "$(jq -c '.data | [.cpu, .memory, .blkio] | map(.psi | [keys, (.some, .full | keys)]) | unique' <<<"$output")" \
        '[[["full","some"],["avg10","avg300","avg60","total"],["avg10","avg300","avg60","total"]]]'
    total=$(jq .data.cpu.psi.some.total <<<"$output")
    [ "$total" -gt 0 ]
    # the group's, not the machine's, and no more than it says by now
    [ "$total" -le "$(sed -n 's/some.*total=//p' "$group/cpu.pressure")" ]
}

# No resctrl is to be had on most machines: a directory stands for the group that the container got at creation.
@test "what resctrl counts is there where the container has a group of it" {
    running
    succeeds events --stats c1
    is "$(jq '.data | has("intel_rdt")' <<<"$output")" false
    fs=$BATS_TEST_TMPDIR/resctrl
    mkdir -p "$fs"/info/L3 "$fs"/clos/mon_groups/c1/mon_data/mon_L3_00
    echo fff >"$fs/info/L3/cbm_mask"
    echo '    L3:0=fff' | tee "$fs/schemata" >"$fs/clos/schemata"
    echo 4096 >"$fs/clos/mon_groups/c1/mon_data/mon_L3_00/llc_occupancy"
    status=$(jq --arg at "$fs/clos" '.rdt = {group: $at, made: false, monitor: ($at + "/mon_groups/c1")}' "$SHIM_ROOT/c1/status.json")
    printf '%s\n' "$status" >"$SHIM_ROOT/c1/status.json"
    succeeds events --stats c1
    is "$(jq -c .data.intel_rdt <<<"$output")" \
        '{"l3_cache_info":{"cbm_mask":"fff"},"l3_cache_schema_root":"L3:0=fff","l3_cache_schema":"L3:0=fff","schemata":["L3:0=fff"],"cmt_stats":[{"llc_occupancy":4096}]}'
    # what delete is to remove is not to be what a test has made
    rm -r "$fs/clos/mon_groups/c1/mon_data"
}

@test "events goes on until the container ends" {
    running
    shim events --interval 100ms c1 >events.json 3>&- &
    pid=$!
    wait_until sh -c '[ $(wc -l <events.json) -ge 3 ]'
    shim kill c1 KILL
    wait "$pid"
    is "$(jq -r .type events.json | sort -u)" stats
}

@test "a process that the kernel ends for lack of memory is an event" {
    requires v1 controller:memory
    b=$(bundle c1 "$(args sh -c 'while [ ! -e /go ]; do sleep 0.05; done; tail -c 50000000 /dev/zero; sleep 1000')" \
        '.root.readonly = false | .linux.resources.memory = {limit: 10485760, swap: 10485760}')
    succeeds run -d -b "$b" c1
    shim events --interval 1h c1 >events.json 3>&- &
    pid=$!
    # it watches once it has an eventfd
    wait_until sh -c "ls -l /proc/$pid/fd /proc/\$(pgrep -P $pid | head -1)/fd 2>/dev/null | grep -q eventfd"
    touch "$b/rootfs/go"
    wait_until grep -q oom events.json
    is "$(head -1 events.json)" '{"type":"oom","id":"c1"}'
    shim kill --all c1 KILL
    wait "$pid"
}

@test "events of what does not run, or by a bad clock, is an error" {
    running
    for time in 5 0s -1s s 5x '1 s'; do expect_error 'must be a time like 5s' events --interval "$time" c1; done
    shim kill c1 KILL
    wait_until has_status c1 stopped
    expect_error 'cannot watch container c1: container not running' events c1
    expect_error 'container does not exist' events nobody
}

# ---- ps

@test "ps --format json is the pids of the whole group" {
    running
    succeeds ps --format json c1
    is "$(jq -c 'index('"$(shim state c1 | jq .pid)"') == 0 and length == 3' <<<"$output")" true
    # also of groups below
    h=$(find /sys/fs/cgroup -type d -path '*/distro-shim/c1' | head -1)
    mkdir "$h/sub" && jq '.[2]' <<<"$output" >"$h/sub/cgroup.procs"
    pids=$output
    succeeds ps -f json c1
    is "$output" "$pids"
}

@test "ps without a cgroup has the pids of the PID namespace" {
    b=$(bundle c1 "$(args sh -c 'sleep 1000 & sleep 1000 & sleep 1000')")
    succeeds --cgroup-manager disabled run -d -b "$b" c1
    wait_until sh -c "[ \$($DISTRO_SHIM --root $SHIM_ROOT ps --format json c1 | jq length) = 3 ]"
    for pid in $(shim ps --format json c1 | jq '.[]'); do
        [ "$(readlink "/proc/$pid/ns/pid")" = "$(readlink "/proc/$(shim state c1 | jq .pid)/ns/pid")" ]
    done
    succeeds delete --force c1
}

@test "ps shows the lines of ps, with its options" {
    requires cmd:ps
    running
    succeeds ps c1
    matches "${output%%$'\n'*}" '^UID +PID +PPID'
    is "$(wc -l <<<"$output")" 4
    succeeds ps c1 -o pid,args -e
    matches "$output" "^ +PID COMMAND"
    is "$(grep -c 'sleep 1000' <<<"$output")" 3
    expect_error 'no column PID' ps c1 -o args -e
    expect_error 'ended with exit status' ps c1 --no-such-option
}

@test "without the program ps the error says so" {
    running
    status=0
    PATH=/nonexistent "$DISTRO_SHIM" --root "$SHIM_ROOT" ps c1 2>stderr || status=$?
    is "$status" 1
    contains "$(<stderr)" 'the program ps is not installed; use --format json, which does not need it'
    PATH=/nonexistent "$DISTRO_SHIM" --root "$SHIM_ROOT" ps --format json c1 >pids
    is "$(jq length pids)" 3
}

@test "a stopped container has no processes" {
    running
    shim kill c1 KILL
    wait_until has_status c1 stopped
    succeeds ps --format json c1
    is "$output" '[]'
}
