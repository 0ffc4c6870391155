#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# contrib/distro-net: what up makes, that down takes back exactly that, forwarding, and what status and up say and do of
# what is damaged.
# world: hybrid

load helpers
load distro-net

setup_file() { make_rootfs; }
setup() { start_net_test; }
teardown() { end_net_test; }

# The same and more, of a network that is there.
full_state() {
    host_state
    nft -a list ruleset
    ip addr | grep -v inet6
    ip -n other addr | grep -v inet6
    ip -n other route
    stat -Lc '%i' /run/netns/other
    cat /etc/netns/other/*
}

inside() { ip netns exec other "$@"; }

# A bundle that lives in `other`, created.
member() { # ID
    local where
    policy '{ "version": 1, "network": { "namespace": "/run/netns/other" } }'
    where=$(bundle "$1" "$(args sleep 1000)")
    shim create --bundle "$where" "$1" </dev/null >"$1.log" 2>&1
}

@test "up makes loopback, link, addresses, route, sysctls and files; down takes back exactly that" {
    run up
    [ "$status" -eq 0 ]
    [ "$output" = "/run/netns/other is up" ]
    inside ping -c 1 -W 2 127.0.0.1 >/dev/null || inside "$BATS_FILE_TMPDIR/rootfs/bin/busybox" ping -c 1 127.0.0.1
    [[ "$(ip -n other -br -4 addr show eth0)" == *" 10.78.0.2/24"* ]]
    [[ "$(ip -br -4 addr show ds-other)" == *" 10.78.0.1/24"* ]]
    [ "$(ip -n other route show default)" = "default via 10.78.0.1 dev eth0 " ]
    [ "$(inside cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" = 0 ]
    [ "$(inside cat /proc/sys/net/ipv4/ping_group_range | tr '\t' ' ')" = "0 2147483647" ]
    [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ]
    nft list table ip distro-shim-other | grep -q masquerade
    grep -qx '127.0.0.1 localhost' /etc/netns/other/hosts
    grep -qx '10.78.0.1 host.internal' /etc/netns/other/hosts
    [ "$(stat -c %a /etc/netns/other/hosts)" = 644 ]
    run net down
    [ "$status" -eq 0 ]
    [ "$output" = "/run/netns/other is gone" ]
}

@test "up twice changes nothing" {
    up
    full_state >first
    run net up
    [ "$status" -eq 0 ]
    [ "$output" = "/run/netns/other is up" ]
    run up
    [ "$status" -eq 0 ]
    full_state >second
    diff first second
    net down
}

@test "eight at once make one network" {
    local i pids=()
    for i in 1 2 3 4 5 6 7 8; do
        up >"out.$i" 2>&1 3>&- &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i"; done
    [ "$(cat out.* | sort -u)" = "/run/netns/other is up" ]
    net status
    pids=()
    for i in 1 2 3 4; do
        net down >"out.$i" 2>&1 3>&- &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i"; done
    [ "$(cat out.[1-4] | grep -c 'is gone')" -eq 1 ]
}

@test "down, status and refresh where there is nothing" {
    run net down
    [ "$status" -eq 0 ]
    [ "$output" = "/run/netns/other is not there" ]
    run net status
    [ "$status" -eq 3 ]
    run net refresh
    [ "$status" -eq 1 ]
    [[ "$output" == *"is not up"* ]]
}

@test "down refuses while a distribution lives, names it, and works afterwards" {
    up
    member alpha
    member beta
    full_state >first
    run net down
    [ "$status" -eq 1 ]
    [[ "$output" == *"these live in /run/netns/other: "*alpha* ]]
    [[ "$output" == *beta* ]]
    full_state >second
    diff first second
    run net status
    [[ "$output" == *alpha* ]]
    shim delete --force alpha
    run net down
    [ "$status" -eq 1 ]
    [[ "$output" != *alpha* ]]
    shim delete --force beta
    net down
}

@test "down refuses while any other process is in it" {
    up
    ip netns exec other sleep 1000 3>&- &
    local pid=$!
    wait_until grep -q sleep "/proc/$pid/comm"
    run net down
    [ "$status" -eq 1 ]
    [[ "$output" == *"process $pid (sleep)"* ]]
    kill "$pid"
    wait "$pid" || true
    net down
}

@test "down refuses when members are registered and it cannot be told whether they live" {
    up
    member alpha
    DISTRO_SHIM=/nonexistent run net down
    [ "$status" -eq 1 ]
    [[ "$output" == *"'/nonexistent'"*"is missing"* ]]
    shim delete --force alpha
    net down
}

@test "--no-uplink makes no link, no rules, and leaves forwarding alone" {
    run net up --no-uplink
    [ "$status" -eq 0 ]
    refute ip link show ds-other
    [ -z "$(nft list ruleset)" ]
    [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 0 ]
    [ "$(ip -n other -br link | wc -l)" -eq 1 ]
    [ -z "$(ip -n other route)" ]
    refute grep -q host.internal /etc/netns/other/hosts
    run net status
    [ "$status" -eq 0 ]
    [[ "$output" == *"no uplink"* ]]
    net down
}

@test "up with other options than the existing network has is refused" {
    up
    run net up --subnet 10.80.0
    [ "$status" -eq 1 ]
    [[ "$output" == *"is up with --subnet 10.78.0"* ]]
    run net up --no-uplink
    [ "$status" -eq 1 ]
    [[ "$output" == *"is up with an uplink"* ]]
    net down
}

@test "forwarding: what was on stays on, of the host and of single links" {
    echo 1 >/proc/sys/net/ipv4/conf/dsh/forwarding
    host_state >before.link
    up
    [ "$(cat /proc/sys/net/ipv4/conf/lo/forwarding)" = 1 ]
    net down
    host_state >after.link
    diff before.link after.link
    echo 0 >/proc/sys/net/ipv4/conf/dsh/forwarding

    echo 1 >/proc/sys/net/ipv4/ip_forward
    up
    net down
    [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ]
    echo 0 >/proc/sys/net/ipv4/ip_forward
}

@test "forwarding: the last of two networks restores it" {
    up
    "$NET" up --name third --subnet 10.80.0
    net down
    [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ]
    "$NET" down --name third
    [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 0 ]
}

@test "forwarding that the administrator has switched off meanwhile stays off" {
    up
    echo 0 >/proc/sys/net/ipv4/ip_forward
    echo 1 >/proc/sys/net/ipv4/conf/dsh/forwarding
    net down
    [ "$(cat /proc/sys/net/ipv4/conf/dsh/forwarding)" = 1 ]
    echo 0 >/proc/sys/net/ipv4/conf/dsh/forwarding
}

@test "/run/netns is not a mount afterwards if it was not one before" {
    # as on a machine that never had a named network namespace
    # shellcheck disable=SC2016
    run unshare --mount --propagation private sh -c '
        set -e
        umount /run/netns/distros
        umount /run/netns
        mount -t tmpfs tmpfs /run
        "$0" up --name other --subnet 10.78.0
        "$0" up --name third --no-uplink
        grep " /run/netns " /proc/self/mountinfo
        "$0" down --name other
        test -e /run/netns/third
        "$0" down --name third
        if grep " /run/netns" /proc/self/mountinfo; then exit 1; fi
        test ! -e /run/netns
        test ! -e /run/distro-shim

        "$0" up --name other --subnet 10.78.0
        ip netns add foreign
        "$0" down --name other
        test -e /run/netns/foreign
        ip netns del foreign' "$NET"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "status says what is damaged, and up repairs it" {
    up
    nft delete table ip distro-shim-other
    run net status
    [ "$status" -eq 4 ]
    [[ "$output" == *"damaged: the table 'ip distro-shim-other' of nft is gone"* ]]
    run net up
    [ "$status" -eq 0 ]
    [[ "$output" == *"repaired: the table"* ]]
    nft list table ip distro-shim-other | grep -q masquerade

    ip link del ds-other
    echo 0 >/proc/sys/net/ipv4/ip_forward
    ip -n other link set lo down
    rm /etc/netns/other/hosts
    run net status
    [ "$status" -eq 4 ]
    [ "$(grep -c '^damaged: ' <<<"$output")" -eq 4 ]
    net up
    net status
    net down
}

@test "a namespace that was deleted behind its back is made anew" {
    up
    ip netns del other
    run net status
    [ "$status" -eq 4 ]
    up
    net status
    ip netns del other
    net down
}

@test "a member of a deleted namespace keeps up from splitting the network" {
    up
    member alpha
    ip netns del other
    run net up
    [ "$status" -eq 1 ]
    [[ "$output" == *"these live in /run/netns/other: alpha"* ]]
    [ ! -e /run/netns/other ]
    shim delete --force alpha
    net down
}

@test "a second network beside the first, by its name alone, has the next free addresses" {
    pings() { nsenter --net="/run/netns/$1" "$BATS_FILE_TMPDIR/rootfs/bin/busybox" ping -c 1 -W 2 "$2" >/dev/null; }
    "$NET" up other
    "$NET" up third
    is "$(cat /run/distro-shim/net/other/subnet) $(cat /run/distro-shim/net/third/subnet)" "10.77.1 10.77.2"
    pings third 10.77.2.1
    # neither reaches the other one
    refute pings third 10.77.1.2
    "$NET" status third
    # one that is down leaves the other one, and its addresses are free again
    "$NET" down other
    pings third 10.77.2.1
    "$NET" up fourth
    is "$(cat /run/distro-shim/net/fourth/subnet)" 10.77.1
    "$NET" down fourth
    "$NET" down third
}

@test "wrong arguments are refused" {
    local name
    for name in '' . .. .x -x a/b 'a b' 'a;b' "$(printf 'x%.0s' {1..65})"; do
        run "$NET" up --name "$name"
        [ "$status" -eq 1 ]
    done
    for name in 10 10.0 10.0.0.0 256.0.0 1.2.03 a.b.c 10.0.; do
        run net up --subnet "$name"
        [ "$status" -eq 1 ]
        [[ "$output" == *"'$name' is not of the form A.B.C"* ]]
    done
    for name in "" "up down" "up one two" "up --name one two" "up --bogus" "down --no-uplink" "status --subnet 10.1.1"; do
        # shellcheck disable=SC2086
        run "$NET" $name
        [ "$status" -eq 1 ]
    done
    run "$NET" --help
    [ "$status" -eq 0 ]
    # a user has a network of the user's own, which this one has no place for
    run setpriv --reuid 65534 --clear-groups env -u XDG_RUNTIME_DIR "$NET" status
    [ "$status" -eq 1 ]
    [[ "$output" == *"XDG_RUNTIME_DIR is not set"* ]]
}

@test "a long name has a link of its own" {
    ARGS=(--name a-network-with-a-long-name.of.42)
    up
    net up
    net status
    net down
}

@test "the systemd units are valid" {
    requires cmd:systemd-analyze
    local unit
    for unit in distro-net.service distro-net@.service user/distro-net.service; do
        mkdir -p bin user && cp "$DISTRO_SHIM_SOURCE/contrib/distro-net" "$DISTRO_SHIM" bin/
        sed -e "s|@bindir@|$PWD/bin|" \
            "$DISTRO_SHIM_SOURCE/contrib/$unit.in" >$unit
        refute grep '@' $unit
    done
    cp distro-net@.service distro-net@lab.service
    run systemd-analyze verify --man=no ./distro-net.service ./distro-net@lab.service
    echo "$output"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    run env XDG_RUNTIME_DIR="$PWD" systemd-analyze --user verify --man=no ./user/distro-net.service
    echo "$output"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    rm -rf /run/systemd
}
