#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Podman: cgroups and the limits in them.
# world: hybrid legacy

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines

setup_file() { make_rootfs && setup_podman; }
setup() { requires root world && start_engine_test podman; }
teardown() { end_podman_test; }

# group CONTAINER FILE...: the first of these files that its cgroup has
group() {
    local id file
    id=$(podman inspect --format '{{.Id}}' "$1")
    shift
    for file; do
        cat "/sys/fs/cgroup/${file%%.*}/libpod_parent/libpod-$id/$file" "/sys/fs/cgroup/libpod_parent/libpod-$id/$file" 2>/dev/null && return
    done
    return 1
}

@test "--pids-limit: the kernel says no at the limit" {
    requires controller:pids
    ok run -d --name c1 --pids-limit 20 busybox sleep 100
    is "$(group c1 pids.max)" 20
    # a shell that cannot fork ends: the one within, while the outer one has forked before and waits
    busybox_says --pids-limit 10 -- '(i=0; while [ $i -lt 30 ]; do sleep 3 & i=$((i + 1)); done) 2>&1; true'
    contains "$output" "can't fork"
    ok run -d --name c2 --pids-limit -1 busybox sleep 100
    is "$(group c2 pids.max)" max
}

@test "--memory: what exceeds it is killed" {
    requires controller:memory
    ok run -d --name c1 --memory 64m --memory-swap 64m --memory-reservation 32m busybox sleep 100
    is "$(group c1 memory.limit_in_bytes memory.max)" $((64 << 20))
    is "$(group c1 memory.soft_limit_in_bytes memory.low)" $((32 << 20))
    pod run --name eater --memory 32m --memory-swap 32m busybox sh -c 'x=aaaaaaaa; while :; do x=$x$x; done'
    is "$status" 137
}

@test "--cpus, --cpu-shares and --cpuset-cpus are in force" {
    requires controller:cpu controller:cpuset
    ok run -d --name c1 --cpus 0.5 --cpu-shares 512 --cpuset-cpus 0 busybox sleep 100
    is "$(group c1 cpu.cfs_quota_us)" 50000
    is "$(group c1 cpu.shares)" 512
    is "$(group c1 cpuset.cpus)" 0
    ok exec c1 grep Cpus_allowed_list /proc/self/status
    is "$output" $'Cpus_allowed_list:\t0'
}


@test "--cgroups=disabled and no-conmon; the cgroup that is seen" {
    busybox_says --cgroups disabled -- 'echo up'
    is "$output" up
    # none was made, and it is where Podman is
    ok run -d --name c1 --cgroups disabled busybox sleep 100
    is "$(cat "/proc/$(pid_of c1)/cgroup")" "$(cat /proc/self/cgroup)"
    ok rm -f -t 0 c1
    busybox_says --cgroups no-conmon -- 'echo up'
    is "$output" up
    # its own root, and nothing that tells of the host's tree
    busybox_says --cgroupns private -- 'cat /proc/self/cgroup'
    lacks "$output" libpod
    busybox_says --cgroupns host -- 'cat /proc/self/cgroup'
    lacks "$output" libpod
}

@test "--cgroup-parent: the container is in a group below it" {
    ok run -d --name c1 --cgroup-parent /test-parent busybox sleep 100
    contains "$(cat "/proc/$(pid_of c1)/cgroup")" "/test-parent/libpod-$(podman inspect --format '{{.Id}}' c1)"
    ok rm -f -t 0 c1
    # Podman's own leave their places a moment later
    wait_until eval '! pgrep -x conmon'
    find /sys/fs/cgroup -depth -type d -path '*/test-parent*' -exec rmdir {} +
}

@test "--oom-score-adj and --sysctl are set, but for the sysctls of the shared network" {
    busybox_says --oom-score-adj 500 --sysctl kernel.msgmax=1234 -- 'cat /proc/self/oom_score_adj /proc/sys/kernel/msgmax'
    is "$output" $'500\n1234'
    local before
    before=$(ip netns exec distros cat /proc/sys/net/ipv4/ip_unprivileged_port_start)
    busybox_says --sysctl net.ipv4.ip_unprivileged_port_start=77 -- 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start'
    is "$output" "$before"
    is "$(ip netns exec distros cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" "$before"
}

@test "below the parent of the policy: statistics, limits, updates and pods, and nothing is left" {
    requires controller:memory controller:pids
    local id
    echo '{"version": 1, "cgroup": {"parent": "/test-parent", "reserve": {"memory": 100000000, "pids": 100}}}' >/run/parent.json
    flag=(--runtime-flag policy=/run/parent.json)
    ok "${flag[@]}" run -d --name c1 --memory 64m busybox sleep 100
    id=$(podman inspect --format '{{.Id}}' c1)
    contains "$(cat "/proc/$(pid_of c1)/cgroup")" "/test-parent/libpod_parent/libpod-$id"
    is "$(cat "/sys/fs/cgroup/memory/test-parent/libpod_parent/libpod-$id/memory.limit_in_bytes")" $((64 << 20))
    is "$(cat /sys/fs/cgroup/pids/test-parent/pids.max)" $(($(sort -n /proc/sys/kernel/{pid_max,threads-max} | head -n 1) - 100))
    # Podman reads where it is from the process
    ok stats --no-stream --format '{{.Name}} {{.PIDS}} {{.MemUsage}}' c1
    matches "$output" '^c1 [1-9][0-9]* .*/ 67.11MB$'
    ok exec c1 true
    ok pause c1
    ok unpause c1
    ok update --memory 96m c1
    is "$(cat "/sys/fs/cgroup/memory/test-parent/libpod_parent/libpod-$id/memory.limit_in_bytes")" $((96 << 20))
    pod "${flag[@]}" run --name eater --memory 32m --memory-swap 32m busybox sh -c 'x=aaaaaaaa; while :; do x=$x$x; done'
    is "$status" 137
    # a pod whose parent is the policy's lies as it was asked for, with the pod's own limits
    ok "${flag[@]}" pod create --name inside --cgroup-parent /test-parent
    ok "${flag[@]}" run -d --pod inside --name c2 busybox sleep 100
    contains "$(cat "/proc/$(pid_of c2)/cgroup")" ":/test-parent/$(podman pod inspect --format '{{.ID}}' inside)/libpod-"
    # another one's lies below it, and its limits do not hold there: Podman has put them elsewhere
    ok "${flag[@]}" pod create --name outside
    ok "${flag[@]}" run -d --pod outside --name c3 busybox sleep 100
    contains "$(cat "/proc/$(pid_of c3)/cgroup")" ":/test-parent/libpod_parent/$(podman pod inspect --format '{{.ID}}' outside)/libpod-"
    ok pod stats --no-stream --format '{{.Name}}' outside
    ok pod rm -f -t 0 outside
    ok rm -f -t 0 c1 eater
    ok pod rm -f -t 0 inside
    # Podman's own groups in it leave their places after the last container; the parent goes with the next one then
    wait_until eval '! pgrep -x conmon'
    wait_until eval '[ -z "$(find /sys/fs/cgroup/*/test-parent -mindepth 1 -type d)" ]'
    ok "${flag[@]}" run --rm busybox true
    is "$(find /sys/fs/cgroup/*/test-parent -type d 2>/dev/null)" ''
}
