#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec in each state of a container and in each kind of namespace; what is paused or stopped is not waited for without an end.
# world: hybrid v2 vm
# world, with --full: legacy

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load exec

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() { end_test; }

# where the freezer is told
freezer_of() { # PID
    case $DISTRO_SHIM_WORLD in
    v2) echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$1/cgroup")/cgroup.freeze" ;;
    *) echo "/sys/fs/cgroup/freezer$(sed -n 's/.*:freezer://p' "/proc/$1/cgroup")/freezer.state" ;;
    esac
}
freeze() { [ "$DISTRO_SHIM_WORLD" = v2 ] && echo 1 >"$(freezer_of "$1")" || echo FROZEN >"$(freezer_of "$1")"; }
thaw() { [ "$DISTRO_SHIM_WORLD" = v2 ] && echo 0 >"$(freezer_of "$1")" || echo THAWED >"$(freezer_of "$1")"; }

@test "exec works in a created container, and is in the shared network also before a late join" {
    b=$(bundle c1 "$(args sleep 1000)" '(.linux.namespaces[] | select(.type == "network")) |= del(.path)')
    succeeds create -b "$b" c1
    is "$(state_of c1)" created
    says "$(ip netns exec distros readlink /proc/self/ns/net)" c1 readlink /proc/self/ns/net
    [ "$(readlink "/proc/$(init_of c1)/ns/net")" != "$(ip netns exec distros readlink /proc/self/ns/net)" ]
    succeeds start c1
    says "$(ip netns exec distros readlink /proc/self/ns/net)" c1 readlink /proc/self/ns/net
}

@test "exec in a stopped container is refused" {
    alive c1
    succeeds kill c1 KILL
    wait_until gone "$(init_of c1)"
    refused 'cannot exec in a stopped container$' c1 true
}

@test "exec in a paused container is refused, with --ignore-paused it waits until the container goes on" {
    alive c1
    init=$(init_of c1)
    freeze "$init"
    wait_until [ "$(state_of c1)" = paused ]
    refused 'cannot exec in a paused container \(use --ignore-paused to override\)$' c1 true
    shim exec --ignore-paused c1 echo thawed </dev/null >out 2>&1 3>&- &
    pid=$!
    sleep 0.5
    is "$(<out)" ''
    thaw "$init"
    wait "$pid"
    is "$(<out)" thawed
}

@test "what is paused or stopped on its way is given up in time" {
    requires fault
    alive c1
    export DISTRO_SHIM_DEADLINE_MS=1500
    init=$(init_of c1)
    for step in joiner:network process:ready; do
        DISTRO_SHIM_FAULT=$step:stop timeout --foreground 30 "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" exec c1 sleep 4711 </dev/null >out 2>&1 || status=$?
        is "$status" 255
        contains "$(<out)" 'stopped by a signal'
    done
    DISTRO_SHIM_FAULT=joiner:network:stop "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" exec c1 sleep 4711 </dev/null >out 2>&1 3>&- &
    pid=$!
    wait_until stands_at network
    freeze "$init"
    status=0
    wait "$pid" || status=$?
    thaw "$init"
    is "$status" 255
    contains "$(<out)" 'paused container'
    says ok c1 echo ok
}

@test "in a container without a cgroup of its own the process stays in the caller's" {
    b=$(bundle c1 "$(args sleep 1000)")
    "$DISTRO_SHIM" --root "$SHIM_ROOT" --cgroup-manager disabled run -d -b "$b" c1 </dev/null >out 2>&1
    is "$(<out)" ''
    succeeds exec -d --pid-file pid c1 sleep 1000
    is "$(cgroups_of "$(<pid)")" "$(cgroups_of $$)"
    refused 'without a cgroup of its own' --cgroup x c1 true
    kill -KILL "$(<pid)"
}

@test "under observe a network of the container's own is entered like any other namespace" {
    policy '{"version": 1, "mode": "observe"}'
    alive c1 '(.linux.namespaces[] | select(.type == "network")) |= del(.path)'
    says "$(readlink "/proc/$(init_of c1)/ns/net")" c1 readlink /proc/self/ns/net
}

@test "in a time namespace the process has the container's clock" {
    requires file:/proc/self/ns/time
    alive c1 '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 1000000}}'
    says "$(readlink "/proc/$(init_of c1)/ns/time")" c1 readlink /proc/self/ns/time
    succeeds exec c1 cut -d . -f 1 /proc/uptime
    [ "$output" -ge 1000000 ]
}

@test "in a user namespace the process is its root, in the shared network that it does not own" {
    requires userns
    alive c1 '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
    succeeds exec -d --pid-file pid c1 sleep 1000
    is "$(readlink "/proc/$(<pid)/ns/user")" "$(readlink "/proc/$(init_of c1)/ns/user")"
    is "$(stat -c %u:%g "/proc/$(<pid)")" 100000:100000
    is "$(cgroups_of "$(<pid)")" "$(cgroups_of "$(init_of c1)")"
    says "0:0 $(ip netns exec distros readlink /proc/self/ns/net)" c1 sh -c 'echo $(id -u):$(id -g) $(readlink /proc/self/ns/net)'
    says 1000 -u 1000 c1 id -u
    succeeds exec -t c1 tty
    contains "$output" /dev/pts/
}

@test "without root exec works in a container of the caller's own user namespace, which denies setgroups()" {
    requires userns
    b=$(bundle c1 "$(args sleep 1000)" '(.linux.namespaces[] | select(.type == "network")) |= del(.path)' \
        '.mounts |= map(select(.type != "cgroup")) | (.mounts[] | select(.type == "devpts").options) |= map(select(startswith("gid") | not))')
    policy '{"version": 1, "mode": "observe"}'
    # shellcheck disable=SC2016
    unshare -Urnpf --mount-proc bash -c '
        shim=("$@" --cgroup-manager disabled)
        "${shim[@]}" run -d -b "$0" c1 </dev/null && "${shim[@]}" exec c1 id -u && "${shim[@]}" exec -t c1 tty
        "${shim[@]}" delete --force c1' "$b" "$DISTRO_SHIM" --root "$SHIM_ROOT" --policy "$SHIM_POLICY" >out 2>&1 3>&-
    is "$(tr -d '\r' <out)" "0
/dev/pts/0"
}
