#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What distributions share because they share a network, which nothing prevents, and what they do not get of each other
# by way of it. peer.c connects two and tries.
# world: hybrid legacy v2

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load policy

setup_file() {
    make_rootfs
    [ ! -d "$BATS_FILE_TMPDIR/rootfs" ] || cc -O1 -static -o "$BATS_FILE_TMPDIR/rootfs/bin/peer" "$BATS_TEST_DIRNAME/peer.c" || true
}
setup() { start_policy_test; }
teardown() { end_policy_test; }

MAPPED='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
REFUSES=(pidfd_getfd "setns mount" "setns pid" "setns all" "setns of an answer" signal madvise mrelease)

# Another distribution that listens, and a program of the host's in the network
peers() {
    requires cmd:cc "file:$BATS_FILE_TMPDIR/rootfs/bin/peer"
    b=$(bundle server "$(args peer serve server)")
    shim_in 20 run -d -b "$b" server </dev/null >server.out 2>&1
    nsenter --net=/run/netns/distros "$BATS_FILE_TMPDIR/rootfs/bin/peer" serve host </dev/null >host.out 2>&1 3>&- &
    helpers+=($!)
    for name in server host; do wait_until grep -q serving $name.out; done
}
# reaches NAME [FILTER]...: what peer says of it in $output
reaches() {
    local name=$1
    shift
    rm -rf "$BATS_TEST_TMPDIR/c1"
    b=$(bundle c1 "$(args peer reach "$name")" "$@") && attempt run -b "$b" c1 && is "$status" 0
}
# the same by a pidfd that the container was given
reaches_by_gift() { # FILTER
    reaches server "$@" || return 1
    edit_config "$b" "$(args peer reach server 3)"
    /usr/bin/python3 -c 'import os, sys
fd = os.pidfd_open(int(sys.argv[1]))
os.dup2(fd, 3)
os.set_inheritable(3, True)
os.execv(sys.argv[2], sys.argv[2:])' "$(init_of server)" "$DISTRO_SHIM" --root "$SHIM_ROOT" ${SHIM_POLICY:+--policy "$SHIM_POLICY"} \
        run --preserve-fds 1 -b "$b" c1 </dev/null >given.out 2>&1
    output=$(<given.out)
}
refused() {
    contains "$output" "connect: reached"
    for way in "${REFUSES[@]}"; do matches $'\n'"$output"$'\n' $'\n'"$way: E[A-Z]+"$'\n'; done
}

@test "of the process behind a shared socket there is no descriptor, no namespace and no signal" {
    peers
    for filter in . 'del(.process.capabilities)' "$(capabilities CAP_SYS_ADMIN)" '.process.noNewPrivileges = true' "$(new network)"; do
        for name in server host; do
            reaches $name "$filter"
            refused
            # so there is no pidfd to begin with
            for way in SO_PASSPIDFD SO_PEERPIDFD; do contains "$output" "$way: ENOPROTOOPT"; done
        done
    done
    requires userns
    reaches server "$MAPPED"
    refused
}

@test "nor by a pidfd that it was given" {
    requires file:/usr/bin/python3
    peers
    for filter in . 'del(.process.capabilities)' "$(capabilities CAP_SYS_ADMIN)"; do
        reaches_by_gift "$filter"
        refused
    done
    succeeds state server
    is "$(state_of server)" running
}

@test "where the key leaves it open one with the same power gets descriptors, and still no namespace and no signal" {
    peers
    policy '{"version": 1, "network": {"peerDescriptors": "open"}}'
    reaches server
    lacks "$output" ENOPROTOOPT || skip "this kernel gives no pidfd of a peer"
    contains "$output" "pidfd_getfd: reached"
    REFUSES=("${REFUSES[@]:1}")
    refused
    # a program of the host's has more power than a container
    reaches host
    refused
    contains "$output" "pidfd_getfd: EPERM"
    # no capability is needed for the one thing, if the other has none either
    b=$(bundle bare "$(args peer serve bare)" 'del(.process.capabilities)')
    shim_in 20 run -d -b "$b" bare </dev/null >bare.out 2>&1
    wait_until grep -q serving bare.out
    reaches bare 'del(.process.capabilities)'
    contains "$output" "pidfd_getfd: reached"
    refused
}

# ---- what sharing means

@test "not prevented: a port that one has left another takes, and connections of one are seen by all" {
    b=$(bundle first "$(args sh -c 'while :; do echo first | nc -l -p 5555; done')")
    shim_in 20 run -d -b "$b" first </dev/null >first.out 2>&1
    b=$(bundle second "$(args sleep 1000)")
    succeeds run -d -b "$b" second
    hears() { [ "$(shim exec second timeout 5 nc 127.0.0.1 5555 </dev/null 2>/dev/null)" = "$1" ]; }
    wait_until hears first
    # what listens is seen by all
    wait_until shim exec second grep -q ':15B3 .* 0A ' /proc/net/tcp6 /proc/net/tcp
    shim_in 15 delete --force first
    shim exec -d second sh -c 'while :; do echo second | nc -l -p 5555; done'
    wait_until hears second
}

@test "not prevented: names of abstract sockets are one list, and a name that one has left another takes" {
    peers
    b=$(bundle second "$(args sleep 1000)")
    succeeds run -d -b "$b" second
    for name in server host; do contains "$(shim exec second cat /proc/net/unix)" "@$name"; done
    contains "$(shim exec second peer serve server 2>&1 || true)" "Address already in use"
    shim_in 15 delete --force server
    shim exec second peer serve server </dev/null >second.out 2>&1 3>&- &
    helpers+=($!)
    wait_until grep -q serving second.out
    reaches server
    contains "$output" "connect: reached"
}

@test "the first port without a capability is the network's, and no distribution's to change" {
    local before
    before=$(nsenter --net=/run/netns/distros cat /proc/sys/net/ipv4/ip_unprivileged_port_start)
    nsenter --net=/run/netns/distros sh -c 'echo 80 >/proc/sys/net/ipv4/ip_unprivileged_port_start'
    b=$(bundle c1 "$(args sh -c 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start; echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start
        nc -l -p 79 -w 1 2>&1; nc -l -p 80 -w 1 -e true 2>&1 & sleep 0.2; grep -c ":0050 .* 0A " /proc/net/tcp /proc/net/tcp6 | cut -d : -f 2 | sort -n | tail -n 1')" \
        'del(.process.capabilities)' '.linux.sysctl = {"net.ipv4.ip_unprivileged_port_start": "0"}')
    attempt run -b "$b" c1
    after=$(nsenter --net=/run/netns/distros cat /proc/sys/net/ipv4/ip_unprivileged_port_start)
    nsenter --net=/run/netns/distros sh -c "echo $before >/proc/sys/net/ipv4/ip_unprivileged_port_start"
    is "$after" 80
    is "$(head -n 1 <<<"$output")" 80
    is "$(tail -n 1 <<<"$output")" 1
    contains "$output" "ermission denied"
    contains "$stderr" "Read-only file system"
}
