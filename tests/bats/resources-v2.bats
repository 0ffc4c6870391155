# SPDX-License-Identifier: Apache-2.0
# Limits on cgroup v2 with every controller, which the private machines of a host with v1 cannot show: read in
# the files, and felt.
# world: v2 vm

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root v2 controller:memory controller:cpu controller:cpuset controller:pids controller:io
    start_test
}
teardown() { end_test; }

# bats test_tags=smoke
@test "every limit is in its file" {
    b=$(bundle c1 "$(args sleep 1000)" '.linux.resources = {
        memory: {limit: 67108864, swap: 100663296, reservation: 33554432},
        cpu: {shares: 2048, quota: 50000, period: 200000, burst: 1000, cpus: "0", mems: "0"},
        pids: {limit: 20}, blockIO: {weight: 500},
        unified: {"memory.high": "60000000", "cgroup.max.depth": "3"}}')
    succeeds run -d -b "$b" --pid-file pid c1
    group=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(<pid)/cgroup")
    is "$(cd "$group" && head -n 1 memory.{max,swap.max,low,high} cpu.{max,max.burst} cpuset.{cpus,mems} pids.max cgroup.max.depth | grep .)" \
        "==> memory.max <==
67108864
==> memory.swap.max <==
33554432
==> memory.low <==
33554432
==> memory.high <==
59998208
==> cpu.max <==
50000 200000
==> cpu.max.burst <==
1000
==> cpuset.cpus <==
0
==> cpuset.mems <==
0
==> pids.max <==
20
==> cgroup.max.depth <==
3"
    [ "$(<"$group/cpu.weight")" -gt 100 ]
}

# bats test_tags=smoke
@test "memory and processes beyond the limit are refused by the kernel" {
    b=$(bundle c1 "$(args sh -c 'head -c 60000000 /dev/zero | tail -c 50000000 | wc -c')" '.linux.resources.memory = {limit: 16777216, swap: 16777216}')
    run_container "$b"
    [[ $output != *50000000* ]]
    b=$(bundle c2 "$(args sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 5 & done; echo reached')" '.linux.resources.pids.limit = 4')
    run_container "$b"
    matches "$output" "can't fork"
}
