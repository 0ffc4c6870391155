#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Containers that share the network: what they share, and that a network has one identity while it has members.
# world: hybrid

load helpers
load policy

setup_file() { make_rootfs; }
setup() { start_policy_test; }
teardown() { end_policy_test; }

# shellcheck disable=SC2016
@test "two containers talk over localhost, see the same links, and share nothing else" {
    local server client type one two
    server=$(bundle server "$(args sh -c 'echo hello | nc -l -p 5555; sleep 1000')")
    client=$(bundle client "$(new network)" "$(args sh -c 'for i in $(seq 50); do nc 127.0.0.1 5555 && break; sleep 0.1; done; ls /sys/class/net; sleep 1000')")
    shim_in 10 run -d -b "$server" server </dev/null >server.out
    shim_in 10 run -d -b "$client" client </dev/null >client.out 2>/dev/null
    wait_until grep -qw lo client.out
    is "$(xargs <client.out)" "hello dsn lo"
    one=$(init_of server) two=$(init_of client)
    [ "/proc/$one/ns/net" -ef "/proc/$two/ns/net" ]
    for type in pid mnt ipc uts cgroup; do
        [ ! "/proc/$one/ns/$type" -ef "/proc/$two/ns/$type" ]
        [ ! "/proc/$one/ns/$type" -ef "/proc/self/ns/$type" ]
    done
    # as an administrator looks
    is "$(lsns -rno NS -t net -p "$one")" "$(lsns -rno NS -t net -p "$two")"
    [ "$(lsns -rno NS -t pid -p "$one")" != "$(lsns -rno NS -t pid -p "$two")" ]
    [ "$(lsns -rno NS -t mnt -p "$one")" != "$(lsns -rno NS -t mnt -p "$two")" ]
    # neither sees the other's processes
    is "$(nsenter -t "$two" -p -m ps -o args | grep -c 'nc -l')" 0
}

@test "members keep their network: a new one of the same name is refused while they live" {
    local b
    ip netns add team
    policy '{"version": 1, "network": {"namespace": "/run/netns/team"}}'
    b=$(bundle member "$(args sleep 1000)")
    shim_in 10 run -d -b "$b" first </dev/null
    ip netns del team
    expect_error "network.namespace: /run/netns/team: .*distro-net up" create -b "$b" second
    ip netns add team
    expect_error "network.membership: .*first.*/run/netns/team.*stop it first" create -b "$b" second
    shim explain -b "$b" --format json | jq -e .refused
    # its own life goes on
    is "$(state_of first)" running
    # also for another engine, with a state directory of its own
    expect_error "network.membership: .*first" --root "$SHIM_ROOT-other" create -b "$b" third
    # and late
    edit_config "$b" "$(new network)"
    expect_error "network.membership: .*first" create -b "$b" second
    # a member that is dead, though not deleted, does not hinder
    shim kill first KILL
    wait_until test_stopped first
    shim_in 10 run -d -b "$b" second </dev/null
    [ "/proc/$(init_of second)/ns/net" -ef /run/netns/team ]
}

@test "members lists the living of every root" {
    local b
    ip netns add team
    b=$(bundle members "$(args sleep 1000)")
    shim_in 10 run -d -b "$b" one </dev/null
    shim_in 10 --root "$SHIM_ROOT-b" create -b "$b" two </dev/null
    policy '{"version": 1, "network": {"namespace": "/run/netns/team"}}'
    shim_in 10 run -d -b "$b" three </dev/null
    is "$(shim members --quiet | sort | xargs)" "one three two"
    is "$(shim members --quiet --network /run/netns/team)" three
    shim members --format json >json
    is "$(jq -r --arg root "$SHIM_ROOT-b" '.[] | select(.root == $root).id' json)" two
    is "$(jq -r '.[] | select(.id == "three") | .networkPath' json)" /run/netns/team
    is "$(jq -r '.[] | select(.id == "one") | .pid' json)" "$(init_of one)"
    is "$(jq '[.[].networkCookie] | unique | length' json)" 2
    shim members | grep -E "^one +$(init_of one) +/run/netns/distros +$SHIM_ROOT +default +-\$"
    shim kill one KILL
    wait_until test_stopped one
    is "$(shim members --quiet | sort | xargs)" "three two"
    shim_in 15 --root "$SHIM_ROOT-b" delete --force two
    is "$(shim members --quiet)" three
}

@test "forwarding shows what leads to whom, and ends what leads to containers that are gone" {
    local b record=/run/distro-shim/decoys/00000000000003e7
    b=$(bundle member "$(args sleep 1000)")
    shim_in 10 run -d -b "$b" one </dev/null
    mkdir -p $record
    jq -n --arg root "$SHIM_ROOT" '{version: 1, decoy: 999, networkPath: "/run/netns/distros", network: 1, pair: 5,
        members: [{root: $root, id: "one"}, {root: $root, id: "none"}]}' >$record/decoy.json
    shim forwarding | grep -E "^fwd5 +999 +/run/netns/distros +- +living +one +$SHIM_ROOT\$"
    shim forwarding --format json >json
    is "$(jq -c '[.[0] | .decoy, .link, (.containers[] | .id, .living)]' json)" '[999,"fwd5","one",true,"none",false]'
    is "$(shim forwarding --format json --network /run/netns/team)" '[]'
    is "$(shim forwarding --format json --end-stale | jq -c '[.[0].containers[].id]')" '["one"]'
    # neither one that has ended nor a record that cannot be read leads to anything
    shim kill one KILL
    wait_until test_stopped one
    shim forwarding | grep ' stale  *one '
    mkdir ${record/3e7/3e8}
    is "$(shim forwarding --format json --end-stale)" '[]'
    is "$(ls /run/distro-shim/decoys)" ""
    shim delete one
}
