#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Containers with a user namespace whose network their engine sets up by the number of their process, between create and
# start: the engine finds a new one there, and the container is in the shared one once it runs. The test is the engine.
# world: hybrid

load helpers
load policy
load forward

MAPPED='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'

setup_file() { make_rootfs; }
setup() {
    requires userns
    start_decoy_test
    own
}
teardown() { end_decoy_test; }
# the bundle, whose program serves a page, with a user namespace and a new network
own() {
    # the ports below 1024 are root's
    edit_config "$b" "$(new network) | $MAPPED" && edit_config "$b" "$(args httpd -f -p 8080 -h /home)"
    chown -R -h 100000:100000 "$b/rootfs"
}
threads_of() { find "/proc/$1/task" -mindepth 1 -maxdepth 1 | wc -l; } # PID

@test "the engine's network until start and the shared one after, in one process; what the engine has set up leads in" {
    plumbed box
    pid=$(init_of box)
    started=$(cut -d ' ' -f 22 "/proc/$pid/stat")
    [ ! "/proc/$pid/ns/net" -ef /run/netns/distros ] && [ ! "/proc/$pid/ns/net" -ef /proc/self/ns/net ]
    # it belongs to the container's user namespace, as with other runtimes
    nsenter -t "$pid" -U -n ip link add own0 type veth peer name own1
    is "$(threads_of "$pid")" 2
    # which has no power by it
    is "$(awk '/^(Cap(Prm|Eff|Inh)|NoNewPrivs)/ { print $2 }' "/proc/$pid/status" | xargs)" "0000000000000000 0000000000000000 0000000000000000 1"
    succeeds start box
    in_shared "$pid"
    is "$(init_of box)" "$pid"
    is "$(cut -d ' ' -f 22 "/proc/$pid/stat")" "$started"
    is "$(threads_of "$pid")" 1
    is "$(awk '/^Uid/ { print $2, $3, $4, $5 }' "/proc/$pid/status")" "100000 100000 100000 100000"
    is "$(nsenter -t "$pid" -U -n ip link set lo down 2>&1 | grep -c 'not permitted')" 1
    wait_until page_is 10.99.1.2 8080 'a page'
    is "$(forward_told box)" 'keep what the engine sets up until start (published ports, probes, names) leads to the container'
    succeeds exec box wget -q -O - http://127.0.0.1:8080/
    is "$output" 'a page'
    # restarted: a new one
    succeeds delete --force box
    no_forwarding
    wait_until links_are_gone
    plumbed box
    succeeds start box
    wait_until page_is 10.99.1.2 8080 'a page'
}

@test "what the container is: its user, capabilities, filter, limits, scheduling, links in /sys" {
    edit_config "$b" "$(args sh -c 'echo $(ls /sys/class/net); grep -E "^(Uid|Cap|Seccomp|NoNewPrivs|Threads|Shd|Sig)" /proc/self/status; cut -d " " -f 19,41 /proc/self/stat; cat /proc/sys/kernel/shmmax; ulimit -n; cat /proc/self/oom_score_adj')"
    edit_config "$b" '.process.user = {uid: 1000, gid: 1000} | .process.oomScoreAdj = 100 | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"} |
         .process.scheduler = {policy: "SCHED_BATCH", nice: 3} | .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 100}] | .linux.sysctl = {"kernel.shmmax": "4711"}'
    succeeds run -b "$b" box
    late=$output
    # as it is born in the shared network
    asks_for /run/netns/distros
    succeeds run -b "$b" box
    diff <(echo "$late") <(echo "$output")
    contains "$late" "Uid:"
    contains "$late" $'\n3 3\n'
    # and in its group
    edit_config "$b" "$(new network) | .process.ioPriority = {class: \"IOPRIO_CLASS_BE\", priority: 6}" && edit_config "$b" "$(args sleep 1000)"
    succeeds create -b "$b" box
    succeeds start box
    matches "$(ionice -p "$(init_of box)")" 'best-effort: prio 6'
}

@test "sysctls of the network and hooks in the container's namespaces are about the engine's network" {
    # shellcheck disable=SC2016 # for the hook's shell
    edit_config "$b" '.linux.sysctl = {"net.ipv4.ip_unprivileged_port_start": "77"} |
        .hooks = {createRuntime: [{path: "/bin/sh", args: ["sh", "-c", "pid=$(jq .pid); readlink /proc/$pid/ns/net >'"$BATS_TEST_TMPDIR"'/runtime"]}],
            createContainer: [{path: "/bin/sh", args: ["sh", "-c", "readlink /proc/self/ns/net"]}]} | .annotations["run.oci.hooks.stdout"] = "container"'
    plumbed box
    pid=$(init_of box)
    is "$(nsenter -t "$pid" -n cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" 77
    engines=$(readlink "/proc/$pid/ns/net")
    is "$(<"$BATS_TEST_TMPDIR/runtime")" "$engines"
    is "$(<"$b/container")" "$engines"
    is "$(shim explain --format json box | jq -r '.decisions[] | select(.rule == "network.hooks") | .why')" ""
    succeeds start box
    in_shared "$pid"
    wait_until page_is 10.99.1.2 8080 'a page'
    is "$(nsenter -t "$pid" -n cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" "$(nsenter --net=/run/netns/distros cat /proc/sys/net/ipv4/ip_unprivileged_port_start)"
}

@test "before start: exec is in the shared network, a signal ends it, it is paused, deleted, and listed as created" {
    succeeds create -b "$b" box
    is "$(state_of box)" created
    succeeds exec box readlink /proc/self/ns/net
    is "$output" "$SHARED"
    group=$(sed -n 's/^0:://p' "/proc/$(init_of box)/cgroup")
    is "$(cat "/proc/$(init_of box)"/task/*/cgroup | sed -n 's/^0:://p' | sort -u)" "$group"
    succeeds pause box
    expect_error 'cannot start a paused container' start box
    succeeds resume box
    succeeds kill box TERM
    wait_until test_stopped box
    expect_error 'cannot start a container that has stopped' start box
    succeeds delete box
    # with nothing of the runtime's open
    succeeds create -b "$b" box
    is "$(find "/proc/$(init_of box)/fd" -type l -printf '%l\n' | grep -E "^(net|mnt|user|pid|uts|ipc):|^$SHIM_ROOT|netns" || true)" ''
    succeeds delete --force box
}

@test "what cannot be done in the engine's network is told" {
    edit_config "$b" '.linux.sysctl = {"net.ipv4.ip_unprivileged_port_start": "many"}'
    expect_error 'part: linux.sysctl: net/ipv4/ip_unprivileged_port_start: .*invalid argument' create -b "$b" box
    edit_config "$b" '.linux.sysctl = {}'
    if has_controller pids; then
        edit_config "$b" '.linux.resources.pids.limit = 1'
        expect_error 'part: make a second thread, .*leave room for it in linux.resources.pids.limit' create -b "$b" box
    fi
}

@test "a user namespace by path, and namespaces of other containers" {
    succeeds create -b "$b" box
    edit_config "$b" 'del(.linux.uidMappings, .linux.gidMappings)'
    edit_config "$b" "$(path_of user "/proc/$(init_of box)/ns/user") | $(path_of ipc "/proc/$(init_of box)/ns/ipc")"
    plumbed other
    [ "/proc/$(init_of other)/ns/user" -ef "/proc/$(init_of box)/ns/user" ]
    [ ! "/proc/$(init_of other)/ns/net" -ef "/proc/$(init_of box)/ns/net" ]
    succeeds start other
    in_shared "$(init_of other)"
    wait_until page_is 10.99.1.2 8080 'a page'
}

@test "a filter with a listener, which its agent gets at start" {
    requires file:/usr/bin/python3
    edit_config "$b" "$(args sh -c 'mkdir /tmp/made; echo $?; sleep 1000')"
    edit_config "$b" ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", listenerPath: \"$PWD/agent\", syscalls: [{names: [\"mkdir\"], action: \"SCMP_ACT_NOTIFY\"}]}"
    "$BATS_TEST_DIRNAME/listener.py" "$PWD/agent" "$PWD/heard" 95 </dev/null >agent.log 2>&1 3>&- &
    helpers+=($!)
    wait_until test -S agent
    shim_in 10 create -b "$b" box </dev/null >out 2>&1
    succeeds start box
    wait_until grep -q 1 out
    in_shared "$(init_of box)"
}
