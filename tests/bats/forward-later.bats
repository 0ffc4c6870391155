#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What an engine sets up, or takes away, after the container was made: its network, addresses, resolvers; and networks
# that go, or are made again, under those who live. The test is the engine.
# world: hybrid

load helpers
load policy
load checkpoint
load forward

setup_file() { make_rootfs; }
setup() { start_decoy_test; }
teardown() { end_decoy_test; }

forwarding_of() { shim explain --format json "$1" | jq -r .forwarding; } # ID
# leads_nowhere ID: it, and explain says so
leads_nowhere() {
    is "$(forwarding_links)" 0
    matches "$(forward_told "$1")" '^warn nothing is set up in the network that was asked for'
    matches "$(forwarding_of "$1")" '^nothing leads in until the next exec, restart or .distro-net refresh., because the engine had set up nothing$'
}
leads_in() { # ID NUMBER
    leads "$2"
    matches "$(forward_told "$1")" '^keep what the engine has set up .* leads to the container$'
    matches "$(forwarding_of "$1")" '^by fwd[0-9]+$'
}
# empty ID: in a network of the engine's in which nothing is set up
empty() {
    ip netns add netns-one && decoys=(netns-one)
    asks_for /run/netns/netns-one
    succeeds create -b "$b" "$1"
    is "$stderr" ""
    leads_nowhere "$1"
}
emptied() { # ID
    succeeds delete --force "$1"
    no_forwarding
    ip netns del netns-one && decoys=()
    wait_until links_are_gone
}
net_of() { # OPTION...: as distro-net calls it
    succeeds forwarding --network /run/netns/distros "$@"
}

@test "what is set up between create and start, before an exec, or before a refresh leads to the container then" {
    empty box
    wire netns-one 1
    succeeds start box
    leads_in box 1
    emptied box

    empty box
    succeeds start box
    leads_nowhere box
    succeeds exec box true
    leads_nowhere box
    wire netns-one 1
    leads_nowhere box
    succeeds exec box true
    leads_in box 1
    emptied box

    empty box
    succeeds start box
    wire netns-one 1
    net_of --end-stale
    leads_nowhere box
    net_of --renew
    contains "$output" box
    leads_in box 1
    emptied box
}

@test "a network that was never set up and is gone keeps nothing from going on" {
    empty box
    succeeds start box
    ip netns del netns-one && decoys=()
    succeeds exec box true
    is "$stderr" ""
    is "$(forwarding_of box)" null
    net_of --renew
    succeeds delete --force box
    no_forwarding
}

@test "another link and another address lead to the container at once" {
    decoy netns-one 1
    asks_for /run/netns/netns-one
    succeeds run -d -b "$b" box
    leads 1
    ip -n netns-one addr add 10.99.1.3/24 dev eth0
    page_is 10.99.1.3 80 'a page'
    ip link add to-2 type veth peer name eth1 netns netns-one
    ip addr add 10.99.2.1/24 dev to-2 && ip link set to-2 up
    ip -n netns-one addr add 10.99.2.2/24 dev eth1 && ip -n netns-one link set eth1 up
    leads 2
    ip -n netns-one link del eth0
    leads 2
}

@test "the only link goes and another one comes: it leads to the container, whatever was asked of that in between" {
    decoy netns-one 1
    asks_for /run/netns/netns-one
    succeeds run -d -b "$b" box
    leads 1
    for asked in 'shim exec box true' 'net_of --renew' true; do
        ip -n netns-one link del eth0
        $asked
        wire netns-one 1
        leads 1
        leads_in box 1
    done
    succeeds delete --force box
    no_forwarding
}

@test "what was taken away by hand leads to the container again after a refresh" {
    decoy netns-one 1
    asks_for /run/netns/netns-one
    succeeds run -d -b "$b" box
    for harm in 'ip netns exec netns-one nft flush ruleset' 'ip -n netns-one link del ds-forward' 'rm -r /run/distro-shim/decoys' \
        'ip -n distros addr flush dev $(ip -n distros -br link | grep -o "^fwd[0-9]*")'; do
        leads 1
        bash -c "$harm"
        net_of --renew
    done
    leads_in box 1
    succeeds delete --force box
    no_forwarding
}

@test "a network that the runtime alone holds is found for that" {
    edit_config "$b" "$(new network)"
    plumbed box
    succeeds start box
    leads 1
    nsenter --net="$(echo /run/distro-shim/decoys/*/netns)" nft flush ruleset
    if page_is 10.99.1.2 80 'a page'; then false; fi
    net_of --renew
    leads 1
    succeeds delete --force box
    no_forwarding
}

# resolver ADDRESS [LINE]...: the engine's file names it
resolver() { printf '%s\n' "nameserver $1" "${@:2}" >engine.conf; }
asked() { ip netns exec netns-one nft list ruleset | grep -o 'dport 53 dnat .*' | sort -u; }
names_of() { shim exec "$1" cat /etc/resolv.conf; } # ID: after what exec does

@test "a resolver that the engine names later is asked from the next exec or refresh on" {
    decoy netns-one 1
    asks_for /run/netns/netns-one
    edit_config "$b" "$(jq -n --arg file "$PWD/engine.conf" '{destination: "/etc/resolv.conf", type: "bind", source: $file, options: ["rbind", "ro"]}' | sed '1s/^/.mounts += [/; $s/$/]/' | tr -d '\n')"
    resolver 127.0.0.53
    succeeds run -d -b "$b" box
    matches "$(asked)" 'to 127.0.0.53:53'
    first=$(names_of box)
    matches "$first" '^nameserver 169.254.[0-9.]+$'

    resolver 127.0.0.54
    matches "$(forwarding_of box)" "^by fwd[0-9]+; what the engine has written into '.*/engine.conf' since counts for nothing until the next exec"
    matches "$(asked)" 'to 127.0.0.53:53'
    is "$(names_of box)" "$first"
    matches "$(asked)" 'to 127.0.0.54:53'
    matches "$(forwarding_of box)" '^by fwd[0-9]+$'

    resolver 127.0.0.54 'search team.example'
    net_of --renew
    is "$(names_of box)" "$first"$'\n''search team.example'

    # each line where the engine has it
    printf '%s\n' 'search team.example' 'nameserver 127.0.0.54' 'nameserver 192.0.2.9' >engine.conf
    is "$(names_of box)" $'search team.example\n'"$first"$'\nnameserver 192.0.2.9'

    # one that answers everyone needs no one to ask it
    resolver 192.0.2.1
    is "$(names_of box)" 'nameserver 192.0.2.1'
    is "$(asked)" ''
    resolver 127.0.0.53
    is "$(names_of box)" "$first"

    # what the container writes there itself stays, as long as the engine writes nothing
    echo 'nameserver 192.0.2.7' >"$SHIM_ROOT/box/resolv.conf"
    is "$(names_of box)" 'nameserver 192.0.2.7'
    leads 1
    succeeds delete --force box
    no_forwarding
}

@test "an engine writes its file of resolvers between create and start, as Podman 5 does: the container has what it says" {
    decoy netns-one 1
    asks_for /run/netns/netns-one
    edit_config "$b" ".mounts += [{destination: \"/etc/resolv.conf\", type: \"bind\", source: \"$PWD/engine.conf\", options: [\"rbind\", \"ro\"]}]"
    local server
    for server in 127.0.0.53 192.0.2.1; do
        : >engine.conf
        succeeds create -b "$b" box
        is "$(<"$SHIM_ROOT/box/resolv.conf")" ""
        resolver $server 'search team.example'
        succeeds start box
        leads 1
        matches "$(<"$SHIM_ROOT/box/resolv.conf")" "^nameserver $([ $server = 192.0.2.1 ] && echo $server || echo '169\.254\.[0-9.]+')"$'\n''search team\.example$'
        is "$(asked)" "$([ $server = 192.0.2.1 ] || printf '%s\n' "dport 53 dnat ip to $server:53")"
        succeeds delete --force box
    done
    # where nothing can lead in, too
    ip netns exec netns-one nft 'flush ruleset; add table inet distro-shim; add chain inet distro-shim output { type filter hook input priority 0; }'
    : >engine.conf
    warns='load the rules' succeeds create -b "$b" box
    resolver 127.0.0.53 'nameserver 192.0.2.1'
    succeeds start box
    is "$(<"$SHIM_ROOT/box/resolv.conf")" 'nameserver 192.0.2.1'
    succeeds delete --force box
    no_forwarding
}

@test "the same where the network has files of its own: they have what the engine was asked for, which it writes until start" {
    mkdir -p /etc/netns/distros
    echo 'nameserver 192.0.2.53' >/etc/netns/distros/resolv.conf
    echo '192.0.2.54 of-the-network' >/etc/netns/distros/hosts
    decoy netns-one 1
    asks_for /run/netns/netns-one
    edit_config "$b" "$(for name in resolv.conf hosts; do printf '.mounts += [{destination: "/etc/%s", type: "bind", source: "%s/engine.%s", options: ["rbind"]}] | ' $name "$PWD" $name; done) .hostname = \"one\""
    for asked in '' 'nameserver 192.0.2.1'; do
        : >engine.resolv.conf
        : >engine.hosts
        succeeds create -b "$b" box
        printf '%s\n' ${asked:+"$asked" 'search team.example'} >engine.resolv.conf
        [ -n "$asked" ] || cat /etc/resolv.conf >engine.resolv.conf
        printf '%s\n' '127.0.0.1 localhost' '10.99.1.2 one other-name' '192.0.2.2 two' >engine.hosts
        succeeds start box
        is "$(shim exec box cat /etc/resolv.conf)" "${asked:+$asked$'\n'search team.example}$([ -n "$asked" ] || echo 'nameserver 192.0.2.53')"
        is "$(shim exec box cat /etc/hosts)" $'192.0.2.2 two\n192.0.2.54 of-the-network\n127.0.1.1 one other-name'
        leads 1
        # what is the same is not written again
        echo '192.0.2.3 by-itself' >>"$SHIM_ROOT/box/hosts"
        contains "$(shim exec box cat /etc/hosts)" by-itself
        succeeds delete --force box
    done
}

# engines_resolver PORT: one like Docker's in netns-one, without rules of its own that say where it is
engines_resolver() {
    ip netns exec netns-one python3 -c '
import socket, sys, time
sockets = [socket.socket(socket.AF_INET, kind) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)]
for s in sockets:
    s.bind(("127.0.0.11", int(sys.argv[1])))
sockets[1].listen()
time.sleep(1000)' "$1" >/dev/null 2>&1 3>&- </dev/null &
    helpers+=($!)
    wait_until eval "[ -n \"\$(ip netns exec netns-one ss -Hlnu src 127.0.0.11:$1)\" ]"
}

@test "an engine's resolver that begins anew at another port is asked there from the next exec or refresh on" {
    decoy netns-one 1
    asks_for /run/netns/netns-one
    edit_config "$b" ".mounts += [{destination: \"/etc/resolv.conf\", type: \"bind\", source: \"$PWD/engine.conf\", options: [\"rbind\", \"ro\"]}]"
    resolver 127.0.0.11
    engines_resolver 4001
    succeeds run -d -b "$b" box
    matches "$(asked)" 'to 127.0.0.11:4001'
    for port in 4002 4003; do
        kill "${helpers[-1]}" && wait "${helpers[-1]}" || true
        engines_resolver $port
        matches "$(forwarding_of box)" "^by fwd[0-9]+; the engine's resolver, which has begun anew, is not asked until the next exec"
        if [ $port = 4002 ]; then succeeds exec box true; else net_of --renew; fi
        matches "$(asked)" "to 127.0.0.11:$port"
        matches "$(forwarding_of box)" '^by fwd[0-9]+$'
    done
    succeeds delete --force box
    no_forwarding
}

@test "of two containers of one network the one that asks no resolver leaves that of the other" {
    decoy netns-one 1
    asks_for /run/netns/netns-one
    c=$(bundle other "$(args sleep 1000)" "$(path_of network /run/netns/netns-one)")
    edit_config "$b" ".mounts += [{destination: \"/etc/resolv.conf\", type: \"bind\", source: \"$PWD/engine.conf\", options: [\"rbind\", \"ro\"]}]"
    resolver 127.0.0.53
    succeeds run -d -b "$b" box
    succeeds run -d -b "$c" other
    matches "$(asked)" 'to 127.0.0.53:53'
    succeeds delete --force box
    succeeds delete --force other
    no_forwarding
}

@test "a network leads to one shared network alone: a second container in another one is told which, and the first one keeps it" {
    ip netns add team
    decoy netns-one 1
    asks_for /run/netns/netns-one
    c=$(bundle other "$(args sleep 1000)" "$(path_of network /run/netns/netns-one)")
    succeeds run -d -b "$b" box
    policy '{"version": 1, "network": {"namespace": "/run/netns/team"}}'
    warns="leads already to container 'box', which is in the shared network /run/netns/distros; it can lead to one network alone" \
        succeeds run -d -b "$c" other
    leads 1
    succeeds delete --force other
    leads 1
    succeeds delete --force box
    no_forwarding
    # the link that is there leads elsewhere
    ip -n team link set lo up
    succeeds run -d -b "$b" box
    leads 1
    is "$(ip -n team -br link | grep -c '^fwd')" 1
    succeeds delete --force box
    is "$(ip -n team -4 -o addr | grep -c ' fwd')" 0
    no_forwarding
}

@test "the shared network is made again under those who live: they keep what leads to them, a new one is told, and nothing is left" {
    ip netns add team
    policy '{"version": 1, "network": {"namespace": "/run/netns/team"}}'
    decoy netns-one 1
    asks_for /run/netns/netns-one
    ip -n team link set lo up
    succeeds run -d -b "$b" box
    leads 1
    ip netns del team && ip netns add team && ip -n team link set lo up
    leads 1
    net_of --renew
    succeeds exec box true
    leads 1
    c=$(bundle other "$(args sleep 1000)" "$(path_of network /run/netns/netns-one)")
    attempt run -d -b "$c" other
    # network.membership: while one lives in the old network
    echo "$status $stderr"
    is "$status" 1
    succeeds delete --force box
    is "$(ls /run/distro-shim/decoys)" ""
    succeeds run -d -b "$b" box
    leads 1
    succeeds delete --force box
    no_forwarding
}

@test "the engine's network goes while the container runs, or after it was deleted" {
    for when in running deleted; do
        decoy netns-one 1
        asks_for /run/netns/netns-one
        succeeds run -d -b "$b" box
        leads 1
        [ $when = deleted ] || { ip netns del netns-one && decoys=() && wait_until links_are_gone; }
        succeeds exec box true
        is "$stderr" ""
        net_of --renew
        succeeds delete --force box
        no_forwarding
        [ $when = running ] || { ip netns del netns-one && decoys=() && wait_until links_are_gone; }
    done
}

# in place of a restored container that has no such server
page_server() {
    nsenter --net=/run/netns/distros "$b/rootfs/bin/busybox" httpd -f -p 80 -h "$b/rootfs/home" >/dev/null 2>&1 3>&- </dev/null &
    helpers+=($!)
}

@test "a restored container: its new network of the engine's leads to it, its resolver is asked, and nothing is left" {
    fake restores
    images
    page_server
    resolver 127.0.0.53
    edit_config "$b" ".mounts += [{destination: \"/etc/resolv.conf\", type: \"bind\", source: \"$PWD/engine.conf\", options: [\"rbind\", \"ro\"]}]"
    for i in 1 2; do
        decoy netns-$i $i
        asks_for /run/netns/netns-$i
        succeeds restore -d -b "$b" --image-path images box
        leads_in box $i
        matches "$(ip netns exec netns-$i nft list ruleset)" 'to 127.0.0.53:53'
        matches "$(<"$SHIM_ROOT/box/resolv.conf")" '^nameserver 169.254'
        succeeds delete --force box
        no_forwarding
        # one that fails at last leaves nothing
        if CRIU_MAKES='pid ipc uts mnt net' shim restore -d -b "$b" --image-path images box </dev/null >out 2>&1; then false; fi
        no_forwarding
    done
}

@test "a restored container that asks for a new network is in the shared one at once: nothing leads to it" {
    fake restores
    images
    edit_config "$b" "$(new network)"
    succeeds restore -d -b "$b" --image-path images box
    matches "$(forward_told box)" '^keep nothing leads .* because what is restored is in the shared one at once'
    is "$(forwarding_of box)" null
    succeeds delete --force box
    no_forwarding
}

@test "the same with the real criu: a container that was led to is led to again by its new network" {
    requires criu
    # of a socket that listens this criu may not know all that the kernel has
    edit_config "$b" "$(args sleep 1000)"
    page_server
    decoy netns-1 1
    asks_for /run/netns/netns-1
    succeeds run -d -b "$b" box
    leads 1
    timeout 100 "$DISTRO_SHIM" --root "$SHIM_ROOT" checkpoint --image-path images box </dev/null
    no_forwarding
    decoy netns-2 2
    asks_for /run/netns/netns-2
    succeeds restore -d -b "$b" --image-path images box
    leads_in box 2
    succeeds delete --force box
    no_forwarding
}
