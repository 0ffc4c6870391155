#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# contrib/distro-net: the pool of addresses that the policy has for a network is led to it, from the host and, if that is
# asked for, from elsewhere; what is in the way is refused by name.
# world: hybrid

load helpers
load distro-net

setup_file() { make_rootfs; }
setup() {
    start_net_test
    OWN_SHIM=$DISTRO_SHIM
    pool_state >pool.before
}
teardown() {
    DISTRO_SHIM=$OWN_SHIM
    end_net_test || return 1
    [ ! -e "$BATS_TEST_TMPDIR/pool.before" ] || pool_state | diff "$BATS_TEST_TMPDIR/pool.before" -
}

# What a pool may change beside that.
pool_state() {
    ip neigh show proxy
    ip -6 route show table all | grep -vE '^(fe80|ff00|multicast|anycast|local fe80)' || true
    grep -H . /proc/sys/net/ipv6/conf/{all,default,lo,dsh}/{forwarding,accept_ra}
}

# The policy as distro-net sees it: the pools of `other`, of `third`, and of an entry for containers of `other`.
have_pools() { # OTHER [THIRD [ENTRY]]: as in JSON
    policy "{ \"version\": 1, \"networks\": {
        \"one\": { \"namespace\": \"/var/run/netns/other\", \"addressPool\": $1 },
        \"two\": { \"namespace\": \"/run/netns/third\", \"addressPool\": ${2:-\"none\"} } },
        \"distros\": [ { \"match\": { \"rootfs\": \"/x/*\" }, \"network\": \"two\" },
            { \"match\": { \"rootfs\": \"/y/*\" }, \"network\": { \"use\": \"one\", \"addressPool\": ${3:-\"none\"} } } ] }"
    printf '#!/bin/sh\nexec %s --policy %s "$@"\n' "$OWN_SHIM" "$SHIM_POLICY" >with-policy
    chmod +x with-policy
    export DISTRO_SHIM=$BATS_TEST_TMPDIR/with-policy
}
# As the runtime gives it to a container.
place() { ip -n other addr add "$1" dev lo; } # ADDRESS
ask_from() { # ADDRESS
    ip -n other route replace 10.79.0.2 via 10.78.0.1 src "$1"
    ask other 10.79.0.2 8001
}
is_reached() { "$BATS_FILE_TMPDIR/rootfs/bin/busybox" ping -c 1 -W 2 "$1" >/dev/null; }

@test "the host reaches each address of the pool, and what has it reaches others" {
    requires cmd:perl
    have_pools '{ "v4": "10.81.0.0/24", "v6": "fd81::/64" }'
    up
    place 10.81.0.7
    place fd81::7
    is_reached 10.81.0.7
    wait_until is_reached fd81::7
    # of a free one it hears at once that it cannot be reached
    refute timeout 1 "$BATS_FILE_TMPDIR/rootfs/bin/busybox" ping -c 1 10.81.0.8
    run net status
    is "$status" 0
    [[ "$output" == *$'\npool: 10.81.0.0/24, fd81::/64\n'* ]]
    run up
    is "$output" "/run/netns/other is up"

    make_beyond
    ip addr add fd79::1/64 dev dsb nodad
    ip -n beyond addr add fd79::2/64 dev eth0 nodad
    answer beyond 8001
    is "$(ask_from 10.81.0.7)" "hello 10.79.0.1"
    ip netns exec other "$BATS_FILE_TMPDIR/rootfs/bin/busybox" ping -6 -I fd81::7 -c 1 -W 2 fd79::2 >/dev/null
    kill "$SERVER"
    # in: not even for who knows the way
    answer other 8002
    ip -n beyond route add 10.81.0.0/24 via 10.79.0.1
    refute ask beyond 10.81.0.7 8002
    kill "$SERVER"
    remove_beyond
    net down
}

@test "two distributions serve one port, and the host reaches each at its own address" {
    local id where
    have_pools '{ "v4": "10.81.0.0/24", "v6": "fd81::/64" }'
    up
    policy '{ "version": 1, "network": { "namespace": "/run/netns/other", "address": "pool", "addressPool": { "v4": "10.81.0.0/24", "v6": "fd81::/64" } } }'
    DISTRO_SHIM=$OWN_SHIM
    for id in alpha beta; do
        where=$(bundle $id "$(args sh -c 'exec httpd -f -p 80 -h /home')")
        echo "page of $id" >"$where/rootfs/home/index.html"
        shim run -d -b "$where" $id </dev/null >$id.log 2>&1
    done
    # shellcheck disable=SC2016
    fetch() { timeout 2 bash -c 'exec 5<>"/dev/tcp/$0/80" && printf "GET / HTTP/1.0\r\n\r\n" >&5 && tail -n 1 <&5' "$1"; }
    for id in alpha beta; do
        is "$(shim state $id | jq -r '.network.addresses | length')" 2
        wait_until fetch "$(shim state $id | jq -r '.network.addresses[0]')"
        is "$(fetch "$(shim state $id | jq -r '.network.addresses[0]')")" "page of $id"
    done
    shim delete --force alpha
    refute fetch 10.81.0.2
    is "$(fetch 10.81.0.3)" "page of beta"
    shim delete --force beta
    net down
}

@test "--lan: others of that link reach the pool, as a part of their own network or by a route" {
    requires cmd:perl
    have_pools '{ "v4": "10.79.0.32/27" }'
    ip link add dsb type veth peer name spare
    ip addr add 10.79.0.1/24 dev dsb
    ip link set dsb up
    # without it the pool is in the way
    run up
    is "$status" 1
    [[ "$output" == *"the pool 10.79.0.32/27 meets addresses that are in use on this host (10.79.0.0/24 dev dsb"* ]]
    ip link del dsb
    ip link add dsb type veth peer name eth0
    ip addr add 10.79.0.1/24 dev dsb
    ip link set dsb up
    net up --subnet 10.78.0 --lan dsb
    is "$(ip neigh show proxy dev dsb | wc -l)" 29
    ip netns add beyond
    ip link set eth0 netns beyond
    ip -n beyond addr add 10.79.0.2/24 dev eth0
    ip -n beyond link set eth0 up
    place 10.79.0.40
    answer other 8002
    wait_until is_up beyond eth0
    is "$(ask beyond 10.79.0.40 8002)" "hello 10.79.0.2"
    # and nothing else of the network
    ip -n beyond route add 10.78.0.0/24 via 10.79.0.1
    refute ask beyond 10.78.0.2 8002
    run net status
    [[ "$output" == *"pool: 10.79.0.32/27, also from dsb"* ]]
    ip neigh flush proxy dev dsb
    ip neigh del proxy 10.79.0.40 dev dsb 2>/dev/null || true
    run net up --lan lo
    is "$status" 1
    [[ "$output" == *"is up with --lan dsb"* ]]
    kill "$SERVER"
    net down
    is "$(ip neigh show proxy)" ""
    # elsewhere it takes a route
    have_pools '{ "v4": "10.81.0.0/24" }'
    net up --subnet 10.78.0 --lan dsb
    is "$(ip neigh show proxy)" ""
    place 10.81.0.7
    answer other 8002
    ip -n beyond route add 10.81.0.0/24 via 10.79.0.1
    is "$(ask beyond 10.81.0.7 8002)" "hello 10.79.0.2"
    kill "$SERVER"
    net down
    ip netns del beyond
    ip link del dsb 2>/dev/null || true
    run net up --lan absent
    is "$status" 1
    [[ "$output" == *"--lan: there is no link 'absent'"* ]]
}

@test "a pool by iptables alone, and where the chain FORWARD is closed" {
    requires cmd:perl cmd:iptables
    have_pools '{ "v4": "10.81.0.0/24", "v6": "fd81::/64" }'
    make_beyond
    iptables -P FORWARD DROP
    iptables-save | grep -v '^#' >first
    run without nft "$NET" up --name other --subnet 10.78.0 --lan dsb
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"the NAT of IPv6, for the pool fd81::/64, needs the package nftables"* ]]
    wait_until is_up other eth0
    place 10.81.0.7
    answer other 8002
    ip -n beyond route add 10.81.0.0/24 via 10.79.0.1
    ip -n beyond route add 10.78.0.0/24 via 10.79.0.1
    is "$(ask beyond 10.81.0.7 8002)" "hello 10.79.0.2"
    refute ask beyond 10.78.0.2 8002
    kill "$SERVER"
    answer beyond 8001
    ip -n beyond route del 10.81.0.0/24
    is "$(ask_from 10.81.0.7)" "hello 10.79.0.1"
    kill "$SERVER"
    run net status
    is "$status" 0
    remove_beyond
    net down
    iptables-save | grep -v '^#' | diff first -
    nft flush ruleset
}

@test "a pool that is in the way is refused by name, and nothing is changed" {
    refused() { # MESSAGE
        run up
        echo "$output"
        [ "$status" -eq 1 ]
        [[ "$output" == *"$1"* ]]
        host_state | diff before -
    }
    have_pools '{ "v4": "10.78.0.0/16" }'
    refused "the pool 10.78.0.0/16 meets 10.78.0.0/24, which is between the host and the distributions"
    have_pools '{ "v4": "10.77.0.0/28" }'
    refused "the pool 10.77.0.0/28 meets addresses that are in use on this host (10.77.0.0/24 dev dsh"
    have_pools '{ "v4": "10.76.0.0/15" }'
    refused "the pool 10.76.0.0/15 meets addresses that are in use on this host"
    have_pools '{ "v4": "10.81.0.0/24" }' '{ "v4": "10.81.0.128/25" }'
    refused "the pool 10.81.0.0/24 meets 10.81.0.128/25, the pool of the network 'third'"
    ip -6 route add fd81::/48 dev dsh
    have_pools '{ "v6": "fd81:0:0:1::/64" }'
    run up
    is "$status" 1
    [[ "$output" == *"the pool fd81:0:0:1::/64 meets addresses that are in use on this host (fd81::/48 dev dsh"* ]]
    ip -6 route del fd81::/48 dev dsh
    # where the host's way to everything is in two halves, nothing is in use by that
    ip route add 0.0.0.0/1 dev dsh && ip route add 128.0.0.0/1 dev dsh
    have_pools '{ "v4": "10.81.0.0/24" }'
    up
    net down
    ip route del 0.0.0.0/1 dev dsh && ip route del 128.0.0.0/1 dev dsh
}

@test "a second network takes no addresses that are a pool" {
    have_pools '{ "v4": "10.77.1.0/24" }' '{ "v4": "10.77.2.64/26" }' '{ "v4": "10.77.4.0/23" }'
    "$NET" up third

    is "$(cat /run/distro-shim/net/third/subnet)" 10.77.3
    # those of its own are the entry's as well
    run "$NET" up other --subnet 10.77.2
    echo "$output"
    is "$status" 1
    [[ "$output" == *"the addresses 10.77.2.0/24 are those of the pool 10.77.2.64/26 of the network 'third'"* ]]
    "$NET" up other
    is "$(cat /run/distro-shim/net/other/subnet)" 10.77.6
    is "$(xargs </run/distro-shim/net/other/pool)" "10.77.1.0/24 10.77.4.0/23"
    is_reached 10.77.6.2
    "$NET" down other
    "$NET" down third
}

@test "a pool that comes, changes or goes while the network is up" {
    have_pools '"none"'
    up
    have_pools '{ "v4": "10.81.0.0/24", "v6": "fd81::/64" }'
    run net status
    is "$status" 4
    [[ "$output" == *"damaged: the pool is none here, and 10.81.0.0/24 fd81::/64 in the policy"* ]]
    net refresh
    place 10.81.0.7
    is_reached 10.81.0.7
    # while a container has an address of it, the one of before stays
    have_pools '{ "v4": "10.82.0.0/24" }'
    net refresh
    place 10.82.0.7
    is_reached 10.81.0.7
    is_reached 10.82.0.7
    ip -n other addr del 10.81.0.7 dev lo
    net refresh
    is "$(cat /run/distro-shim/net/other/pool)" 10.82.0.0/24
    refute nft list table ip6 distro-shim-other
    # one that cannot be had leaves what there is
    have_pools '{ "v4": "10.77.0.0/24" }'
    ip -n other addr del 10.82.0.7 dev lo
    run net refresh
    is "$status" 1
    [[ "$output" == *"meets addresses that are in use"* ]]
    is "$(cat /run/distro-shim/net/other/pool)" 10.82.0.0/24
    # neither does a policy that cannot be used
    echo '{' >"$SHIM_POLICY"
    run net refresh
    is "$status" 0
    [[ "$output" == *"the policy cannot be used, so that pools of addresses stay as they are"* ]]
    [ -n "$(ip route show 10.82.0.0/24)" ]
    have_pools '"none"'
    net refresh
    [ ! -e /run/distro-shim/net/other/pool ]
    is "$(ip route show 10.82.0.0/24)" ""
    net down
}

@test "status says what is damaged of a pool, and up repairs it" {
    have_pools '{ "v4": "10.81.0.0/24", "v6": "fd81::/64" }'
    up
    ip route del 10.81.0.0/24
    ip -6 route del fd81::/64
    ip -n other route del unreachable 10.81.0.0/24
    nft delete table ip6 distro-shim-other
    echo 0 >/proc/sys/net/ipv6/conf/all/forwarding
    run net status
    is "$status" 4
    is "$(grep -c '^damaged: ' <<<"$output")" 5
    net up
    net status
    place fd81::7
    is_reached fd81::7
    net down
}

@test "a host that takes advertisements of routers goes on to do so" {
    echo 1 >/proc/sys/net/ipv6/conf/dsh/accept_ra
    have_pools '{ "v6": "fd81::/64" }'
    up
    is "$(cat /proc/sys/net/ipv6/conf/dsh/accept_ra)" 2
    is "$(cat /proc/sys/net/ipv6/conf/dsh/forwarding)" 1
    # with another network that needs it too, the last one gives it back
    have_pools '{ "v6": "fd81::/64" }' '{ "v6": "fd82::/64" }'
    "$NET" up third --subnet 10.80.0
    net down
    is "$(cat /proc/sys/net/ipv6/conf/all/forwarding)" 1
    "$NET" down third
    is "$(cat /proc/sys/net/ipv6/conf/dsh/accept_ra)" 1
    is "$(cat /proc/sys/net/ipv6/conf/all/forwarding)" 0
}

@test "an up with a pool that fails half-way leaves nothing: each change in turn" {
    local at total tool
    have_pools '{ "v4": "10.81.0.0/24", "v6": "fd81::/64" }'
    mkdir fake
    for tool in ip nft nsenter; do
        cat >fake/$tool <<END
#!/bin/sh
case "\$*" in *show*|*list*|-Version|*pids*) exec $(command -v $tool) "\$@" ;; esac
echo >>"$BATS_TEST_TMPDIR/calls"
[ "\$(wc -l <"$BATS_TEST_TMPDIR/calls")" != "\$FAIL_AT" ] || { echo "$tool: as the test wants" >&2; exit 1; }
exec $(command -v $tool) "\$@"
END
        chmod +x fake/$tool
    done
    : >calls
    FAIL_AT=0 PATH=$PWD/fake:$PATH up
    total=$(wc -l <calls)
    net down
    for ((at = 1; at <= total; at++)); do
        : >calls
        FAIL_AT=$at PATH=$PWD/fake:$PATH run up
        echo "failure at $at of $total: $output"
        [ "$status" -ne 0 ]
        host_state | diff before -
        pool_state | diff pool.before -
    done
}
