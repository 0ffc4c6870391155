#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Two containers whose engines publish one port of the address that both have: a warning names the other, at create and
# at start, and `forwarding` says so as long as both are there. The test is the engine.
# world: hybrid

load helpers
load policy
load forward

setup_file() { make_rootfs; }
setup() {
    requires cmd:iptables
    start_decoy_test
    c=$(bundle other "$(args sleep 1000)")
}
teardown() {
    iptables -t nat -F
    ip6tables -t nat -F
    end_decoy_test
    is "$(ls /run/distro-shim/decoys 2>/dev/null)" ""
}

publishes() { # PORT ADDRESS
    case $2 in
    '['*) ip6tables -t nat -A OUTPUT -p "${3:-tcp}" --dport "$1" -j DNAT --to-destination "$2" ;;
    *) iptables -t nat -A OUTPUT -p "${3:-tcp}" --dport "$1" -j DNAT --to-destination "$2" ;;
    esac
}
asks() { edit_config "$1" "$(without network) | .linux.namespaces += [{type: \"network\", path: \"$2\"}]"; } # BUNDLE PATH
# warns_of PORT OTHER ARGUMENT...: it does what it is to do, and says that much
warns_of() {
    warns="network\.forward: port $1 is published for container $2 as well" succeeds "${@:3}" &&
        is "$(grep -c warning <<<"$stderr")" 1
}
ports_of() { shim forwarding --format json | jq -c --arg id "$1" '.[] | select(.containers[].id == $id) | .ports'; } # ID

@test "the second container of a port is warned of the first, and forwarding warns as long as both are there" {
    decoy netns-one 1
    decoy netns-two 2
    asks "$b" /run/netns/netns-one
    asks "$c" /run/netns/netns-two
    publishes 8080 10.99.1.2:80
    publishes 8081 10.99.2.2:80
    publishes 8000:8002 10.99.2.2:9000-9002/8000
    # of another protocol, and of another address of the host
    publishes 8082 10.99.1.2:9001 udp
    publishes 8083 10.99.3.2:9000
    succeeds run -d -b "$b" box
    is "$(ports_of box)" '["80/tcp","9001/udp"]'
    warns_of 80/tcp box run -d -b "$c" other
    is "$(ports_of other)" '["80/tcp","9000/tcp","9001/tcp","9002/tcp"]'
    matches "$(forward_told other)" 'warn port 80/tcp is published for container box as well, .*; let one of them listen at another port'
    lacks "$(forward_told box)" warn
    attempt forwarding
    is "$(grep -c warning <<<"$stderr")" 1
    matches "$stderr" 'port 80/tcp of /run/netns/distros is published for the containers (box and other|other and box): '
    contains "$output" '80/tcp,9001/udp'
    # the first one again: the other one is there now
    succeeds delete --force box
    succeeds forwarding
    warns_of 80/tcp other run -d -b "$b" box
    succeeds delete --force other
    succeeds delete --force box
    no_forwarding
}

@test "what is published until start is found at start, also by its address of IPv6" {
    decoy netns-one 2
    ip -n netns-one addr add fd00:99::2/64 dev eth0 nodad
    asks "$c" /run/netns/netns-one
    publishes 8081 '[fd00:99::2]:80'
    succeeds run -d -b "$c" other
    is "$(ports_of other)" '["80/tcp"]'
    edit_config "$b" "$(new network)"
    plumbed box
    publishes 8080 10.99.1.2:80
    succeeds --log log start box
    matches "$(<log)" 'network\.forward: port 80/tcp is published for container other as well'
    matches "$(forward_told box)" 'warn port 80/tcp is published for container other as well'
    succeeds delete --force box
    no_longer() { ! ip -br link | grep -q '^to-1'; }
    wait_until no_longer
    # without a port there is nothing to say
    iptables -t nat -F
    plumbed box
    succeeds start box
    is "$(ports_of box)" '[]'
}

@test "containers of one decoy do not clash, nor those of networks that are not the same" {
    decoy netns-one 1
    decoy netns-two 2
    publishes 8080 10.99.1.2:80
    publishes 8081 10.99.2.2:80
    asks "$b" /run/netns/netns-one
    asks "$c" /run/netns/netns-one
    succeeds run -d -b "$b" box
    succeeds run -d -b "$c" other
    succeeds delete --force other
    ip netns add away && decoys+=(away)
    policy '{"version": 1, "networks": {"away": {"namespace": "/run/netns/away", "selectable": true}}}'
    asks "$c" /run/netns/netns-two
    succeeds --network away run -d -b "$c" other
    succeeds delete --force other
    # what a killed runtime has left is no other container
    policy '{"version": 1}'
    kill -KILL "$(init_of box)"
    wait_until test_stopped box
    rm -rf /run/distro-shim/decoys/[0-9a-f]*
    succeeds run -d -b "$c" other
    succeeds delete --force other
    succeeds delete --force box
}
