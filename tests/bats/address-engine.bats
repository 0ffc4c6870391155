#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Distributions have the addresses that their engine has given them as their own. The test is the engine: what it prepares is
# made by hand.
# world: legacy hybrid

load helpers
load policy
load address
load fault

setup_file() { make_rootfs; }
setup() {
    requires fault cmd:pgrep
    start_decoy_test
    ip -n distros link set lo up
    policy '{"version": 1, "network": {"address": "engine"}}'
    RULES=$(rules)
    machine_state >"$BATS_TEST_TMPDIR/machine.before"
}
teardown() { end_decoy_test && end_addresses; }

rules() { ip -n distros rule && ip -n distros -6 rule; }
no_rules() {
    is "$(rules)" "$RULES" && is "$(ip -n distros route show table all | grep -E 'proto 213|table 77' || true)" ""
}

@test "two have one port, each its own address, which is the engine's; and nothing is left" {
    echo 1 >/proc/sys/net/ipv4/ip_forward
    decoy netns-one 1
    decoy netns-two 2
    asks_for /run/netns/netns-one
    shim_in 10 run -d -b "$b" one </dev/null
    echo 'page of two' >"$b/rootfs/home/index.html"
    asks_for /run/netns/netns-two
    cp -a "$b" two && echo 'page of two' >two/rootfs/home/index.html
    echo 'a page' >"$b/rootfs/home/index.html"
    shim_in 10 run -d -b two two </dev/null
    wait_until page_is 10.99.1.2 80 'a page'
    wait_until page_is 10.99.2.2 80 'page of two'
    is "$(address_of one) $(address_of two)" "10.99.1.2 10.99.2.2"
    # from one another, by the engine's networks, and from within the decoy
    is "$(shim_in 10 exec one wget -q -O - http://10.99.2.2/)" "page of two"
    is "$(shim_in 10 exec one wget -q -O - http://127.0.0.1/)" "a page"
    ip netns exec netns-one bash -c "$(declare -f page_is); page_is 127.0.0.1 80 'a page'"
    shim_in 10 exec one httpd -f -p 10.99.2.2:7000 >said 2>&1 || true
    grep -q 'bind: Cannot assign requested address' said
    shim delete -f one
    wait_until page_is 10.99.2.2 80 'page of two'
    shim delete -f two
    no_rules
}

@test "an engine that prepares the network until start: the address is the container's own when its program begins" {
    edit_config "$b" "$(new network)"
    plumbed box
    is "$(address_of box)" null
    shim explain box | grep -q '^address: not known before start'
    succeeds start box
    is "$(address_of box)" 10.99.1.2
    leads 1
    shim delete -f box
    no_rules
}

@test "no engine has prepared one: those of the network and a warning, or one of the pool" {
    shim_in 10 run -d -b "$b" box </dev/null 2>said
    grep -q 'network.address: no engine has prepared a network for the container' said
    is "$(address_of box)" null
    shim delete -f box
    policy '{"version": 1, "network": {"address": "engine", "addressPool": {"v4": "10.78.0.0/24"}}}'
    succeeds run -d -b "$b" box
    matches "$(address_of box)" '^10\.78\.0\.'
    shim delete -f box
    # until start it has set up nothing
    edit_config "$b" "$(new network)"
    shim_in 10 create -b "$b" box </dev/null
    shim_in 10 start box 2>said
    is "$(<said)" ''
    shim explain box | grep -q 'the container has an address of the pool: its engine has given it none'
    matches "$(address_of box)" '^10\.78\.0\.'
    shim delete -f box
}

@test "an address that another container has is refused by name; with unavailable warn it does without" {
    decoy netns-one 1
    decoy netns-two 2
    ip -n netns-two addr del 10.99.2.2/24 dev eth0
    ip -n netns-two addr add 10.99.1.2/24 dev eth0
    asks_for /run/netns/netns-one
    succeeds run -d -b "$b" one
    asks_for /run/netns/netns-two
    expect_error 'network.address: the addresses that its engine has given the container cannot be its own: .*one' run -d -b "$b" two
    [ ! -e "$SHIM_ROOT/two" ]
    policy '{"version": 1, "network": {"address": "engine", "unavailable": "warn"}}'
    shim_in 10 run -d -b "$b" two </dev/null 2>said
    grep -q 'network.address: the container has the addresses of the shared network' said
    leads 1
    shim delete -f one
    shim delete -f two
    no_rules
}

@test "an error or a death of the runtime at any step: nothing is left, and the next one has the address" {
    decoy netns-one 1
    asks_for /run/netns/netns-one
    BUNDLE=$b
    edit_config "$b" '.process.args = ["sh", "-c", "trap exit TERM; echo running; while :; do sleep 0.1; done"]'
    mapfile -t all < <(steps parent start)
    # one at a time: they have one network of the engine's
    all_of fails_at 1 "${all[@]}"
    all_of dies_at 1 "${all[@]}"
    no_rules
}
