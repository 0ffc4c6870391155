#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# contrib/distro-net: what belongs to the host or to its administrator stays as it is, and what is in the way is refused.
# world: hybrid

load helpers
load distro-net

setup_file() { make_rootfs; }
setup() { start_net_test; }
teardown() { end_net_test; }

@test "the administrator's files stay as they are" {
    mkdir -p /etc/netns/other
    echo "nameserver 192.0.2.1" >/etc/netns/other/resolv.conf
    chmod 600 /etc/netns/other/resolv.conf
    ln -s /nonexistent /etc/netns/other/hosts
    echo mine >/etc/netns/other/nsswitch.conf
    host_state >mine
    up
    [ "$(cat /etc/netns/other/resolv.conf)" = "nameserver 192.0.2.1" ]
    net refresh
    net down
    host_state >after
    diff mine after
    rm -r /etc/netns/other
    rmdir /etc/netns
}

@test "an edited file stays, also the directory around it; one of before a reboot is ours" {
    up
    echo "192.0.2.7 printer" >>/etc/netns/other/hosts
    run net refresh
    [[ "$output" == *"/etc/netns/other/hosts is not distro-net's, or was edited: it stays"* ]]
    net down
    grep -q printer /etc/netns/other/hosts
    [ ! -e /etc/netns/other/resolv.conf ]
    up
    grep -q printer /etc/netns/other/hosts
    net down
    rm /etc/netns/other/hosts
    rmdir /etc/netns/other /etc/netns

    # what a machine that was switched off has left in /etc, and nothing in /run
    up
    cp -a /etc/netns kept
    net down
    cp -a kept /etc/netns
    up
    net down
    [ ! -e /etc/netns ]
    cp -a kept /etc/netns
    net down
    [ ! -e /etc/netns ]
}

@test "refresh follows the host's resolver, in place; loopback resolvers are left out" {
    local inode
    cp /etc/resolv.conf resolv.saved
    up
    inode=$(stat -c %i /etc/netns/other/resolv.conf)
    printf '%s\n' '# comment' 'nameserver 127.0.0.53' 'nameserver 192.0.2.53' 'nameserver ::1' 'search example.org' >/etc/resolv.conf
    net up
    refute grep -q 192.0.2.53 /etc/netns/other/resolv.conf
    net refresh
    [ "$(tail -n +2 /etc/netns/other/resolv.conf)" = "$(printf '%s\n' 'nameserver 192.0.2.53' 'search example.org')" ]
    [ "$(stat -c %i /etc/netns/other/resolv.conf)" = "$inode" ]

    # the stub of systemd-resolved: its real servers are elsewhere
    echo 'nameserver 127.0.0.53' >/etc/resolv.conf
    run net refresh
    [[ "$output" == *"names no resolver that can be reached"* ]]
    mkdir -p /run/systemd/resolve
    echo 'nameserver 192.0.2.54' >/run/systemd/resolve/resolv.conf
    net refresh
    grep -qx 'nameserver 192.0.2.54' /etc/netns/other/resolv.conf
    rm -r /run/systemd
    cp resolv.saved /etc/resolv.conf
    net down
}

# settings NAME: of the loopback, and who may use low ports and ping
settings() {
    ip -n other -br link show lo | awk '{ print $NF }'
    ip netns exec other cat /proc/sys/net/ipv4/{ip_unprivileged_port_start,ping_group_range}
}

@test "a namespace of ip netns add is taken over, and left as it was found" {
    ip netns add other
    settings >settings.before
    host_state >state.before
    inode=$(stat -L -c %i /run/netns/other)
    run up
    [ "$status" -eq 0 ]
    [[ "$output" == *"it was there, and is taken over"* ]]
    [ "$(stat -L -c %i /run/netns/other)" = "$inode" ]
    [[ "$(settings)" == *,UP* ]]
    [ "$(settings | tail -n 2 | xargs)" = "0 0 2147483647" ]
    [[ "$(ip -n other -4 route show default)" == "default via 10.78.0.1"* ]]
    run net status
    [ "$status" -eq 0 ]
    run up
    [ "$output" = "/run/netns/other is up" ]
    run net down
    [ "$status" -eq 0 ]
    [[ "$output" == *"as it was found"* ]]
    settings | diff settings.before -
    host_state | diff state.before -
    # with a link of its own it has its own way out
    ip -n other link add way type veth peer name out
    run up
    [ "$status" -eq 1 ]
    [[ "$output" == *"has a link already"* ]]
    settings | diff settings.before -
    run net up
    [ "$status" -eq 0 ]
    refute ip link show ds-other
    [[ "$(settings)" == *,UP* ]]
    run net down
    settings | diff settings.before -
    # what fails on the way leaves nothing
    touch blocked && mkdir -p /etc/netns && ln -s "$PWD/blocked" /etc/netns/other
    run net up
    rm /etc/netns/other
    rmdir /etc/netns 2>/dev/null || true
    [ "$status" -eq 0 ] || settings | diff settings.before -
    run net down
    ip netns del other
}

@test "links that drivers of tunnels put into each namespace are not taken for a way out" {
    ip netns add other
    ip -n other link add sit0 type veth peer name tunl0
    run up
    [ "$status" -eq 0 ]
    [[ "$output" != *"own links"* ]]
    ip link show ds-other
    net down
    # but one that is in use is
    ip -n other link set sit0 up
    run net up
    [ "$status" -eq 0 ]
    [[ "$output" == *"own links"* ]]
    refute ip link show ds-other
    net down
    ip netns del other
}

@test "the network of the host itself is not taken over" {
    touch /run/netns/other && mount --bind /proc/self/ns/net /run/netns/other
    ranges() { cat /proc/sys/net/ipv4/{ip_unprivileged_port_start,ping_group_range}; }
    ranges >ranges.before
    run net up
    # first: what cleans up after a failed test would end all that is in this network
    ip netns del other
    [ "$status" -eq 1 ]
    [[ "$output" == *"is the network of the host itself"* ]]
    ranges | diff ranges.before -
    [ ! -e /etc/netns/other ]
    [ ! -e /run/distro-shim/net/other ]
}

@test "a namespace that lies hidden below another mount is left alone" {
    ip netns add other
    mount -t tmpfs tmpfs /run/netns
    run net status
    [ "$status" -eq 3 ]
    run up
    [ "$status" -eq 0 ]
    ip -n other link show eth0 >/dev/null
    run net down
    [ "$status" -eq 0 ]
    umount /run/netns
    refute ip -n other link show eth0
    ip netns del other
}

@test "what is in the way and not ours is refused and stays" {
    # the address that the private machine's own network has
    run net up --subnet 10.77.0
    [ "$status" -eq 1 ]
    [[ "$output" == *"the addresses 10.77.0.0/24 are in use on this host"* ]]

    ip netns add other
    run net down
    [ "$status" -eq 1 ]
    [[ "$output" == *"was not made by distro-net"* ]]
    run net status
    [ "$status" -eq 4 ]
    ip netns del other

    ip link add ds-other type veth peer name ds-peer
    run up
    [ "$status" -eq 1 ]
    [[ "$output" == *"there is a link ds-other already"* ]]
    ip link del ds-other

    nft add table ip distro-shim-other
    run up
    [ "$status" -eq 1 ]
    [[ "$output" == *"nft delete table ip distro-shim-other"* ]]
    nft delete table ip distro-shim-other

    touch /run/netns/other
    run up
    [ "$status" -eq 1 ]
    [[ "$output" == *"is not a network namespace"* ]]
    rm /run/netns/other
}
