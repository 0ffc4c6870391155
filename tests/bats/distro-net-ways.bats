#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# contrib/distro-net: the way out and the ways in, by nft, by iptables, without either, and beside other firewalls.
# world: hybrid

load helpers
load distro-net

setup_file() { make_rootfs; }
setup() { start_net_test; }
teardown() { end_net_test; }

try_both_ways() {
    make_beyond
    # out: the other side sees the host, and its answer comes back
    answer beyond 8001
    [ "$(ask other 10.79.0.2 8001)" = "hello 10.79.0.1" ]
    kill "$SERVER"
    # the host is called by its own address, unchanged
    answer other 8002
    exec 5<>/dev/tcp/10.78.0.2/8002
    [ "$(cat <&5)" = "hello 10.78.0.1" ]
    exec 5>&-
    # in: not even for who knows the way
    ip -n beyond route add 10.78.0.0/24 via 10.79.0.1
    refute ask beyond 10.78.0.2 8002
    # but where the host forwards a port
    nft -f - <<'EOF'
table ip publish {
    chain prerouting {
        type nat hook prerouting priority dstnat;
        tcp dport 8003 dnat to 10.78.0.2:8002
    }
}
EOF
    [ "$(ask beyond 10.79.0.1 8003)" = "hello 10.79.0.2" ]
    nft delete table ip publish
    kill "$SERVER"
    remove_beyond
}

@test "NAT by nft: the way out, no way in, forwarded ports" {
    requires cmd:perl
    up
    try_both_ways
    net down
}

@test "NAT by iptables where nft is missing" {
    requires cmd:perl cmd:iptables
    local args
    args=(--name other)
    run without nft "$NET" up "${args[@]}" --subnet 10.78.0
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$(nft list tables)" != *distro-shim* ]]
    run net status
    [ "$status" -eq 0 ]
    [[ "$output" == *"NAT: iptables"* ]]
    iptables-save >first
    without nft "$NET" up "${args[@]}"
    iptables-save >second
    diff <(grep -v '^#' first) <(grep -v '^#' second)
    try_both_ways
    iptables -F FORWARD
    run net status
    [ "$status" -eq 4 ]
    net up
    [ "$(iptables -S FORWARD | grep -c distro-shim-other)" -eq 4 ]
    try_both_ways
    net down
    # tables that iptables has made, without a chain: they do nothing, and it cannot remove them
    [[ "$(nft list ruleset)" != *chain* ]]
    nft flush ruleset
}

@test "neither nft nor iptables: a clear error, and --no-uplink works" {
    requires cmd:iptables
    run without "nft iptables" "$NET" up --name other --subnet 10.78.0
    [ "$status" -eq 1 ]
    [[ "$output" == *"neither nft nor iptables"*"--no-uplink"* ]]
    host_state >after
    diff before after
    without "nft iptables" "$NET" up --name other --no-uplink
    net down
}

@test "the way out is open where Docker or ufw have closed the chain FORWARD" {
    requires cmd:perl cmd:iptables
    iptables -P FORWARD DROP
    iptables -A FORWARD -j RETURN
    iptables-save | grep -v '^#' >first
    up
    try_both_ways
    net down
    iptables-save | grep -v '^#' >second
    diff first second
    nft flush ruleset
}

@test "where Docker is installed its chain is there before Docker, and down takes it away" {
    requires cmd:iptables
    mkdir -p bin && printf '#!/bin/sh\n' >bin/dockerd && chmod +x bin/dockerd
    PATH=$PWD/bin:$PATH
    up
    is "$(iptables -w -S DOCKER-USER | grep -c distro-shim-other)" 3
    # Docker's part: it asks the chain, and drops what no rule accepts
    iptables -w -A DOCKER-USER -j RETURN
    iptables -w -P FORWARD DROP
    iptables -w -I FORWARD -j DOCKER-USER
    net status
    iptables -w -D FORWARD -j DOCKER-USER
    # which has gone: now the chain FORWARD itself needs them
    run net status
    is "$status" 4
    net refresh
    is "$(iptables -w -S FORWARD | grep -c distro-shim-other)" 3
    iptables -w -P FORWARD ACCEPT
    iptables -w -D DOCKER-USER -j RETURN
    net down
    if nft list ruleset | grep -E 'chain (FORWARD|DOCKER-USER)'; then nft list ruleset && false; fi
    nft flush ruleset
}
