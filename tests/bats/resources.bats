# SPDX-License-Identifier: Apache-2.0
# Limits (config-linux.md "Control groups"): what stands in the files of the container's group, and that it
# holds. Controllers that this machine does not have are shown by tests/unit/test_plan_resources.c.
# world: legacy hybrid v2 vm

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() { end_test; }

# The group of v1 and of v2, of the container c1
group() { [ "$DISTRO_SHIM_WORLD" = v2 ] && echo /sys/fs/cgroup/test-limits || echo "/sys/fs/cgroup/$1/test-limits"; }
file() { cat "$(group "$1")/$2"; }
# made RESOURCES: a created container with these resources
made() {
    b=$(bundle c1 "$(args sleep 1000)" '.linux.cgroupsPath = "/test-limits"' ".linux.resources = $1")
    succeeds create -b "$b" c1
}
gone() { [ -z "$(find /sys/fs/cgroup -name test-limits)" ]; }
# refused PATTERN RESOURCES: and nothing stays
refused() {
    rm -rf "$BATS_TEST_TMPDIR/c1"
    b=$(bundle c1 "$(args sleep 1000)" '.linux.cgroupsPath = "/test-limits"' ".linux.resources = $2")
    expect_error "$1" create -b "$b" c1
    gone
}

@test "limits of memory are in their files" {
    requires v1 controller:memory
    made '{memory: {limit: 67108864, swap: 134217728, reservation: 33554432, swappiness: 10, disableOOMKiller: true, useHierarchy: true, kernelTCP: 4194304}}'
    is "$(file memory memory.limit_in_bytes)" 67108864
    is "$(file memory memory.memsw.limit_in_bytes)" 134217728
    is "$(file memory memory.soft_limit_in_bytes)" 33554432
    is "$(file memory memory.swappiness)" 10
    is "$(file memory memory.kmem.tcp.limit_in_bytes)" 4194304
    contains "$(file memory memory.oom_control)" 'oom_kill_disable 1'
    # or its end would wait for memory
    succeeds delete --force c1
}

@test "more memory than the limit ends the process" {
    requires v1 controller:memory
    b=$(bundle c1 "$(args sh -c 'exec tail -c 50000000 /dev/zero')" \
        '.linux.resources.memory = {limit: 10485760, swap: 10485760}')
    attempt run -b "$b" c1
    is "$status" 137
}

@test "what engines leave unset does not become a limit" {
    made '{memory: {limit: 0, swap: 0, reservation: 0, disableOOMKiller: false, kernel: 0},
        cpu: {shares: 0, quota: 0, period: 0, realtimeRuntime: 0, realtimePeriod: 0, cpus: "", mems: ""},
        blockIO: {weight: 0}, pids: {limit: -1}, network: {}, hugepageLimits: [], unified: {}, devices: []}'
}

@test "limits of processors are in their files" {
    requires v1 controller:cpu
    made '{cpu: {shares: 512, quota: 20000, period: 50000, burst: 5000, cpus: "0", mems: "0"}}'
    is "$(file cpu cpu.shares)" 512
    is "$(file cpu cpu.cfs_quota_us)" 20000
    is "$(file cpu cpu.cfs_period_us)" 50000
    is "$(file cpu cpu.cfs_burst_us)" 5000
    is "$(file cpuset cpuset.cpus)" 0
    is "$(file cpuset cpuset.mems)" 0
    is "$(awk '$1 == "Cpus_allowed_list:" { print $2 }' "/proc/$(shim state c1 | jq .pid)/status")" 0
}

@test "cpu.idle makes an idle group" {
    requires v1 controller:cpu
    made '{cpu: {shares: 512, idle: 1}}'
    is "$(file cpu cpu.idle)" 1
}

@test "pids: 0 is a limit too" {
    requires v1 controller:pids
    made '{pids: {limit: 7}}'
    is "$(file pids pids.max)" 7
    succeeds delete --force c1
    b=$(bundle c2 "$(args sh -c 'true & wait; echo "forked"')" '.linux.resources.pids.limit = 1')
    attempt run -b "$b" c2
    contains "$stderr" "can't fork"
    b=$(bundle c3 "$(args sleep 1000)" '.linux.cgroupsPath = "/test-limits"' '.linux.resources.pids.limit = 0')
    succeeds create -b "$b" c3
    is "$(file pids pids.max)" 0
}

@test "limits of block devices are in their files" {
    requires v1 controller:blkio file:/dev/loop0
    numbers=$(stat -c '%Hr:%Lr' /dev/loop0)
    made "{blockIO: {weight: 300, throttleReadBpsDevice: [{major: ${numbers%:*}, minor: ${numbers#*:}, rate: 1048576}],
        throttleWriteIOPSDevice: [{major: ${numbers%:*}, minor: ${numbers#*:}, rate: 50}]}}"
    is "$(file blkio blkio.throttle.read_bps_device)" "$numbers 1048576"
    is "$(file blkio blkio.throttle.write_iops_device)" "$numbers 50"
    weight=$(group blkio)/blkio.weight
    [ -e "$weight" ] || weight=$(group blkio)/blkio.bfq.weight
    is "$(cat "$weight")" 300
}

@test "limits of huge pages, and of their reservation, are in their files" {
    case $DISTRO_SHIM_WORLD in
    v2) where=/sys/fs/cgroup/test-limits ;;
    hybrid) where=/sys/fs/cgroup/unified/test-limits ;;
    *) skip "needs the controller hugetlb" ;;
    esac
    requires controller:hugetlb file:/sys/kernel/mm/hugepages/hugepages-2048kB
    made '{hugepageLimits: [{pageSize: "2MB", limit: 4194304}]}'
    is "$(cat $where/hugetlb.2MB.max)" 4194304
    is "$(cat $where/hugetlb.2MB.rsvd.max)" 4194304
    succeeds delete --force c1
    refused "hugepageLimits\[0\]: .*'hugetlb.64KB.max', which this kernel does not have" '{hugepageLimits: [{pageSize: "64KB", limit: 0}]}'
    rm -rf "$BATS_TEST_TMPDIR/c1"
    # the raw file has the last word
    made '{hugepageLimits: [{pageSize: "2MB", limit: 4194304}], unified: {"hugetlb.2MB.max": "8388608\n", "cgroup.max.depth": "3"}}'
    is "$(cat $where/hugetlb.2MB.max)" 8388608
    is "$(cat $where/cgroup.max.depth)" 3
}

@test "a missing controller is an error that names the property" {
    # with the controller there is still no such device
    refused "linux.resources.rdma.mlx: (the cgroup controller 'rdma' is not available|.* 'rdma.max' .*: no such device)" '{rdma: {mlx: {hcaHandles: 1}}}'
    refused "linux.resources.network.classID: the cgroup controller 'net_cls' is not available" '{network: {classID: 5}}'
    refused 'linux.resources.unified.foo.max: (needs|the cgroup controller)' '{unified: {"foo.max": "1"}}'
    requires v2
    ! grep -qw memory /sys/fs/cgroup/cgroup.controllers || skip "the rest of it needs a v2 tree without memory"
    refused "linux.resources.memory.limit: the cgroup controller 'memory' is not available" '{memory: {limit: 67108864}}'
}

@test "a value that the kernel does not take is an error that names property and file" {
    requires v1
    refused "linux.resources.cpu.cpus: .* write '4000' to 'cpuset.cpus'" '{cpu: {cpus: "4000"}}'
    refused "linux.resources.memory.useHierarchy: .* write '0' to 'memory.use_hierarchy'" '{memory: {useHierarchy: false}}'
    refused "linux.resources.blockIO.throttleReadBpsDevice\[0\]: .* 'blkio.throttle.read_bps_device'" '{blockIO: {throttleReadBpsDevice: [{major: 4000, minor: 1, rate: 5}]}}'
}

@test "a limit below what is in use: file, place, property, reason; nothing is started or left" {
    requires v1 controller:memory
    for h in /sys/fs/cgroup/*; do [ -L "$h" ] || mkdir "$h/test-limits"; done
    # a file in memory is charged to its writer, and cannot be written back
    mkdir memory && mount -t tmpfs tmpfs memory
    bash -c 'echo $$ >/sys/fs/cgroup/memory/test-limits/cgroup.procs; head -c 20000000 /dev/zero >memory/file'
    b=$(bundle c1 "$(args sleep 1000)" '.linux.cgroupsPath = "/test-limits" | .linux.resources = {memory: {limit: 4194304}}' \
        ".hooks.prestart = [{path: \"/bin/touch\", args: [\"touch\", \"$PWD/started\"]}]")
    before=$(file memory memory.limit_in_bytes)
    line=$(grep -n '"limit"' "$b/config.json" | cut -d : -f 1)
    local busy=1
    [ "$(wc -l </proc/swaps)" = 1 ] || busy=0
    [ $busy = 0 ] || expect_error "config.json:$line:[0-9]+: cgroup-create: linux.resources.memory.limit: .*write '4194304' to 'memory.limit_in_bytes'.* in use are [0-9]+: device or resource busy" create -b "$b" c1
    umount memory
    is "$(file memory memory.limit_in_bytes)" "$before"
    [ ! -e started ]
    for h in /sys/fs/cgroup/*; do [ -L "$h" ] || rmdir "$h/test-limits"; done
    [ $busy = 1 ] || skip "with swap the kernel makes room"
}

@test "what failed leaves a group of the engine as it was" {
    requires v1 controller:pids
    for h in /sys/fs/cgroup/*; do [ -L "$h" ] || mkdir "$h/test-limits"; done
    b=$(bundle c1 "$(args sleep 1000)" '.linux.cgroupsPath = "/test-limits"' \
        '.linux.resources = {memory: {limit: 67108864}, cpu: {shares: 77, cpus: "4000"}}')
    before=$(file memory memory.limit_in_bytes)
    expect_error 'cpuset.cpus' create -b "$b" c1
    is "$(file memory memory.limit_in_bytes)" "$before"
    is "$(file cpu cpu.shares)" 1024
    for h in /sys/fs/cgroup/*; do [ -L "$h" ] || rmdir "$h/test-limits"; done
}

@test "a realtime budget is in its file" {
    requires v1 controller:cpu
    [ -e /sys/fs/cgroup/cpu/cpu.rt_runtime_us ] || skip "needs CONFIG_RT_GROUP_SCHED"
    echo 10000 >/sys/fs/cgroup/cpu/cpu.rt_runtime_us 2>/dev/null || skip "this machine's own group has no realtime"
    made '{cpu: {realtimePeriod: 1000000, realtimeRuntime: 1000}}'
    is "$(file cpu cpu.rt_runtime_us)" 1000
}

@test "where the runtime chooses the place its own parents get the realtime that their groups have together" {
    requires v1 controller:cpu
    cpu=/sys/fs/cgroup/cpu
    [ -e "$cpu/cpu.rt_runtime_us" ] || skip "needs CONFIG_RT_GROUP_SCHED"
    echo 100000 >"$cpu/cpu.rt_runtime_us" 2>/dev/null || skip "this machine's own group has no realtime"
    b=$(bundle c1 "$(args sleep 1000)" 'del(.linux.cgroupsPath) | .linux.resources = {cpu: {realtimePeriod: 500000, realtimeRuntime: 20000}}')
    succeeds run -d -b "$b" c1
    succeeds run -d -b "$b" c2
    is "$(<$cpu/distro-shim/c1/cpu.rt_runtime_us) $(<$cpu/distro-shim/c2/cpu.rt_runtime_us)" "20000 20000"
    [ "$(<$cpu/distro-shim/cpu.rt_runtime_us)" -ge 80000 ] && [ "$(<$cpu/distro-shim/cpu.rt_runtime_us)" -le 80010 ]
    expect_error "realtimeRuntime: .*'cpu.rt_runtime_us', which is more than the cgroup above leaves, of .*: invalid argument" run -d -b "$b" c3
    succeeds update --cpu-rt-runtime 25000 c2
    succeeds delete --force c1
    # several that are made on the way; what a removed group has had is given back a little later
    edit_config "$b" '.linux.cgroupsPath = "/made/on/the/way/c1" | .linux.resources.cpu.realtimeRuntime = 2500'
    wait_until shim_in 20 run -d -b "$b" c1
    is "$(<$cpu/made/on/the/way/c1/cpu.rt_runtime_us)" 2500
    succeeds delete --force c1
    succeeds delete --force c2
    # those of others are as they want them
    mkdir "$cpu/theirs"
    edit_config "$b" '.linux.cgroupsPath = "/theirs/c1"'
    expect_error 'which is more than the cgroup above leaves' run -d -b "$b" c1
    is "$(<$cpu/theirs/cpu.rt_runtime_us)" 0
    rmdir "$cpu/theirs"
}

@test "on v2 the group belongs to root of the container if that is another user" {
    requires v2 userns
    b=$(bundle c1 "$(args sh -c 'mkdir /sys/fs/cgroup/sub && echo $$ >/sys/fs/cgroup/sub/cgroup.procs && grep ^0: /proc/self/cgroup; stat -c "%n %u" /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/cgroup.freeze')" \
        '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings' \
        '(.mounts[] | select(.type == "cgroup") | .options) = ["rw", "nosuid", "noexec", "nodev"]' \
        '.root.readonly = false')
    chown -R 100000:100000 "$b/rootfs" && chmod 755 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
    attempt run -b "$b" c1
    is "$stderr" ''
    is "$output" $'0::/sub\n/sys/fs/cgroup/cgroup.procs 0\n/sys/fs/cgroup/cgroup.freeze 65534'
    # not where the mount is read-only
    edit_config "$b" '(.mounts[] | select(.type == "cgroup") | .options) = ["ro", "nosuid", "noexec", "nodev"]'
    attempt run -b "$b" c1
    contains "$output" '/sys/fs/cgroup/cgroup.procs 65534'
}

@test "on v2 the group belongs to the user of the process, with and without a user namespace" {
    requires v2
    local rw='(.mounts[] | select(.type == "cgroup") | .options) = ["rw", "nosuid", "noexec", "nodev"]'
    local look='mkdir /sys/fs/cgroup/sub && echo $$ >/sys/fs/cgroup/sub/cgroup.procs && grep ^0: /proc/self/cgroup; stat -c "%n %u:%g" /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/cgroup.freeze'
    answers $'0::/sub\n/sys/fs/cgroup/cgroup.procs 5:6\n/sys/fs/cgroup/cgroup.freeze 0:0' "$look" "$rw" '.process.user = {uid: 5, gid: 6}'
    requires userns
    b=$(bundle c2 "$(args sh -c "$look")" "$rw" '.process.user = {uid: 5, gid: 6} | .root.readonly = false' \
        '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings')
    chown -R 100000:100000 "$b/rootfs" && chmod 755 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
    attempt run -b "$b" c2
    is "$status|$output|$stderr" $'0|0::/sub\n/sys/fs/cgroup/cgroup.procs 5:6\n/sys/fs/cgroup/cgroup.freeze 65534:65534|'
}
