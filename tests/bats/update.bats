# SPDX-License-Identifier: Apache-2.0
# update: new limits for a running container, as people and as engines ask for them.
# world: legacy hybrid v2 vm

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
has_status() { [ "$(state_of "$1")" = "$2" ]; }
teardown() { end_test; }

file() { cat "/sys/fs/cgroup/$1/test-update/$2"; }
stored() { jq -c "$1" "$SHIM_ROOT/c1/config.json"; }
edit_json() { # FILE JQ-ARGUMENT...
    local file=$1 text
    shift
    text=$(jq "$@" "$file") && printf '%s\n' "$text" >"$file"
}
made() { # RESOURCES
    b=$(bundle c1 "$(args sleep 1000)" '.linux.cgroupsPath = "/test-update"' ".linux.resources = ${1:-{\}}")
    succeeds create -b "$b" c1
}

@test "each option of update changes its file, in a created and in a running container" {
    requires v1 controller:cpu controller:memory
    made
    succeeds update c1 --memory 64M --memory-swap 128M --memory-reservation 33554432 --cpu-share 512 --cpu-quota 20000 \
        --cpu-period 50000 --cpuset-cpus 0 --cpuset-mems 0 --pids-limit 20 --blkio-weight 300 --kernel-memory-tcp 4m
    is "$(file memory memory.limit_in_bytes)" 67108864
    is "$(file memory memory.memsw.limit_in_bytes)" 134217728
    is "$(file memory memory.soft_limit_in_bytes)" 33554432
    is "$(file memory memory.kmem.tcp.limit_in_bytes)" 4194304
    is "$(file cpu cpu.shares)" 512
    is "$(file cpu cpu.cfs_quota_us)" 20000
    is "$(file cpu cpu.cfs_period_us)" 50000
    is "$(file cpuset cpuset.cpus)" 0
    is "$(file pids pids.max)" 20
    succeeds start c1
    # the options stand before the id as well; larger than what memory and swap have had together
    succeeds update --memory=256M --memory-swap=512M --pids-limit=-1 --cpu-burst 1000 c1
    is "$(file memory memory.limit_in_bytes)" 268435456
    is "$(file memory memory.memsw.limit_in_bytes)" 536870912
    is "$(file pids pids.max)" max
    is "$(file cpu cpu.cfs_burst_us)" 1000
    # and smaller
    succeeds update c1 --memory 32M --memory-swap 32M --cpu-burst 0 --cpu-idle 1
    is "$(file memory memory.memsw.limit_in_bytes)" 33554432
    is "$(file cpu cpu.cfs_burst_us)" 0
    is "$(file cpu cpu.idle)" 1
    is "$(stored .linux.resources.memory)" '{"limit":33554432,"reservation":33554432,"swap":33554432,"kernelTCP":4194304}'
    is "$(stored .linux.resources.cpu.quota)" 20000
    is "$(stored .linux.resources.pids.limit)" -1
    succeeds update c1 --memory -1
    is "$(stored '[.linux.resources.memory.limit, .linux.resources.memory.swap]')" '[-1,-1]'
}

@test "as Docker and CRI send it: from standard input, with zeros and devices that change nothing" {
    requires v1 controller:memory
    made '{memory: {limit: 33554432, swap: 33554432, reservation: 16777216}, cpu: {shares: 77}, devices: [{allow: false, access: "rwm"}]}'
    list=$(file devices devices.list)
    shim update --resources - c1 <<<'{"memory":{"limit":67108864,"reservation":0,"swap":67108864,"kernel":0},"cpu":{"shares":0,"quota":0,"period":0},"blockIO":{"weight":0}}'
    is "$(file memory memory.limit_in_bytes)" 67108864
    is "$(file memory memory.soft_limit_in_bytes)" 16777216
    is "$(file cpu cpu.shares)" 77
    shim update --resources - c1 <<<'{"devices":[{"allow":true,"access":"rwm"}],"memory":{"limit":134217728,"swap":134217728},"cpu":{"shares":512,"quota":50000,"period":100000}}'
    is "$(file cpu cpu.shares)" 512
    is "$(file devices devices.list)" "$list"
    is "$(stored .linux.resources.devices)" '[{"allow":false,"access":"rwm"}]'
    # a file, and an option beside it
    echo '{"pids":{"limit":9},"cpu":{"shares":600}}' >resources.json
    succeeds update --resources=resources.json --cpu-share 700 c1
    is "$(file pids pids.max) $(file cpu cpu.shares)" '9 700'
}

@test "an update changes all that it names or nothing" {
    requires v1 controller:memory
    made '{memory: {limit: 67108864}, cpu: {shares: 77}}'
    before=$(stored .)
    expect_error "cpu.cpus: .*'cpuset.cpus'" update c1 --memory 32M --cpu-share 99 --cpuset-cpus 4000
    is "$(file memory memory.limit_in_bytes) $(file cpu cpu.shares)" '67108864 77'
    is "$(stored .)" "$before"
}

@test "a limit below what is in use is an error that says so" {
    requires v1 controller:memory
    b=$(bundle c1 "$(args sh -c 'x=$(head -c 20000000 /dev/zero | tr "\0" x); echo ready >/ready; sleep 1000; echo $x')" \
        '.linux.cgroupsPath = "/test-update" | .root.readonly = false')
    succeeds run -d -b "$b" c1
    wait_until test -e "$b/rootfs/ready"
    [ "$(wc -l </proc/swaps)" = 1 ] || skip "with swap the kernel makes room"
    before=$(file memory memory.limit_in_bytes)
    expect_error "memory.limit: .*write '4194304' to 'memory.limit_in_bytes'.* in use are [0-9]+" update c1 --memory 4M
    is "$(file memory memory.limit_in_bytes)" "$before"
    echo '{"memory":{"limit":4194304,"checkBeforeUpdate":true}}' >r.json
    expect_error 'memory.checkBeforeUpdate: the limit of 4194304 bytes is below the [0-9]+ that are in use' update --resources r.json c1
}

@test "on v2 each limit of an update is in its file, and what fails is taken back" {
    requires v2 controller:hugetlb
    ! has_controller memory || skip "it is about a machine without the memory controller"
    made '{hugepageLimits: [{pageSize: "2MB", limit: 4194304}]}'
    shim update --resources - c1 <<<'{"hugepageLimits":[{"pageSize":"2MB","limit":6291456}],"unified":{"cgroup.max.depth":"4"}}'
    is "$(cat /sys/fs/cgroup/test-update/hugetlb.2MB.max)" 6291456
    is "$(cat /sys/fs/cgroup/test-update/cgroup.max.depth)" 4
    is "$(stored .linux.resources.hugepageLimits)" '[{"pageSize":"2MB","limit":6291456}]'
    expect_error "memory.limit: the cgroup controller 'memory' is not available" update c1 --memory 64M
    # what fails takes back what had been written
    expect_error 'cgroup.max.depth' update --resources /dev/fd/3 c1 3<<<'{"hugepageLimits":[{"pageSize":"2MB","limit":2097152}],"unified":{"cgroup.max.depth":"many"}}' || true
    echo '{"hugepageLimits":[{"pageSize":"2MB","limit":2097152}],"unified":{"cgroup.max.depth":"many"}}' >r.json
    expect_error 'cgroup.max.depth' update --resources r.json c1
    is "$(cat /sys/fs/cgroup/test-update/hugetlb.2MB.max)" 6291456
}

@test "what cannot be understood is refused" {
    made
    for words in '--memory lots' '--memory 1.5' '--memory 1.G' '--memory 1.2345G' '--memory -1.5G' '--memory -2' '--pids-limit x' '--cpu-share -1' '--blkio-weight 5000' '--cpu-period 1e3'; do
        # shellcheck disable=SC2086 # words
        expect_error 'is not a number that it takes' update c1 $words
    done
    echo '{"memory":{"limit":"64M"}}' >r.json
    expect_error 'memory.limit: must be' update -r r.json c1
    expect_error 'no such file or directory' update -r nowhere c1
    echo '{"cpu":{"period":5}}' >r.json
    expect_error 'cpu.period: must be between' update -r r.json c1
    expect_error 'container does not exist' update nobody --memory 64M
    shim kill c1 KILL
    wait_until has_status c1 stopped
    expect_error 'cannot update container c1: container not running' update c1 --pids-limit 5
}

# No resctrl is to be had on most machines: a directory stands for the group that the container got at creation.
@test "the schemata of resctrl follow, with all other limits or not at all" {
    made
    case $DISTRO_SHIM_WORLD in
    v2)
        echo '{"unified":{"cgroup.max.depth":"7"}}' >r.json
        limit=/sys/fs/cgroup/test-update/cgroup.max.depth
        ;;
    *)
        echo '{"pids":{"limit":17}}' >r.json
        limit=/sys/fs/cgroup/pids/test-update/pids.max
        ;;
    esac
    expect_error "option --l3-cache-schema: container c1 has no group of resctrl" update c1 --l3-cache-schema L3:0=3
    expect_error "option --mem-bw-schema: container c1 has no group of resctrl" update c1 --mem-bw-schema MB:0=20
    mkdir "$BATS_TEST_TMPDIR/clos"
    schemata=$BATS_TEST_TMPDIR/clos/schemata
    whole=$'    MB:0=100\n    L3:0=fff\n'
    reset() { printf %s "$whole" >"$schemata"; }
    edit_json "$SHIM_ROOT/c1/status.json" --arg group "${schemata%/*}" '.rdt = {group: $group, made: false}'
    edit_json "$SHIM_ROOT/c1/config.json" '.linux.intelRdt = {closID: "clos", schemata: ["L3:0=fff", "MB:0=100"]}'
    reset
    succeeds update c1 --l3-cache-schema 'L3:0=3;1=c' --mem-bw-schema MB:0=20
    # a file of the kernel's would not keep the rest
    is "$(head -n 2 "$schemata")" $'L3:0=3;1=c\nMB:0=20'
    is "$(stored .linux.intelRdt)" '{"closID":"clos","l3CacheSchema":"L3:0=3;1=c","memBwSchema":"MB:0=20"}'
    reset
    succeeds update --mem-bw-schema=MB:0=30 c1
    is "$(head -n 1 "$schemata")" MB:0=30
    is "$(stored .linux.intelRdt)" '{"closID":"clos","l3CacheSchema":"L3:0=3;1=c","memBwSchema":"MB:0=30"}'
    # what is not a schema, and a group that is not there any more
    expect_error "intelRdt.memBwSchema: must be one line that begins with 'MB:'" update c1 --mem-bw-schema L3:0=30
    expect_error 'intelRdt.l3CacheSchema: must be one line' update c1 --l3-cache-schema $'L3:0=1\nMB:0=10'
    mv "$schemata" "$schemata.x"
    expect_error "clos': open 'schemata'" update -r r.json c1 --l3-cache-schema L3:0=1
    is "$(<"$limit")" max
    mv "$schemata.x" "$schemata"
    # and the other way round: where the configuration cannot be written, the group gets back what it had
    reset
    mount --bind "$SHIM_ROOT/c1" "$SHIM_ROOT/c1"
    mount -o remount,bind,ro "$SHIM_ROOT/c1"
    attempt update -r r.json c1 --mem-bw-schema MB:0=40
    umount "$SHIM_ROOT/c1"
    is "$status" 1
    matches "$stderr" 'config.json.*read-only file system'
    is "$(head -n 1 "$schemata")" MB:0=100
    is "$(<"$limit")" max
    is "$(stored .linux.intelRdt.memBwSchema)" '"MB:0=30"'
}
