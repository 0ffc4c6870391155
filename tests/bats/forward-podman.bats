#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Podman: ports that it publishes, addresses and names that it gives lead to the container, although that is in
# the shared network; and nothing is left of it. More of ports is in forward-podman-ports.bats, of restarts and networks in
# forward-podman-life.bats, of pods in forward-pods.bats.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines
load forward

setup_file() { make_rootfs && setup_podman; }
setup() { requires root world cmd:nft && start_engine_test podman; }
teardown() {
    rm -rf /etc/netns/distros
    end_podman_test
}

@test "a published port leads to the container: by each address of the host, from a sibling, and at the container's own address" {
    ok run -d --network bridge --name web -p 18080:80 busybox sh -c "$(serves 80 'a page')"
    in_shared "$(pid_of web)"
    address=$(podman inspect --format '{{.NetworkSettings.IPAddress}}' web)
    wait_until page_is 127.0.0.1 18080 'a page'
    page_is "$(host_address)" 18080 'a page'
    page_is "$address" 80 'a page'
    ok run --rm busybox wget -q -O - "http://$address/"
    is "$output" 'a page'
    ok exec web wget -q -O - "http://$address/"
    is "$output" 'a page'
    ok rm -f -t 0 web
    no_forwarding
}

@test "names: Podman's resolver answers the container, its own name and what it is asked for elsewhere" {
    ok network create --subnet 10.90.0.0/24 team
    ok run -d --network team --name web busybox sh -c "$(serves 80 'a page')"
    ok run -d --network team --name other --hostname box busybox sleep 1000
    wait_until podman exec other timeout 2 wget -q -O - http://web/
    ok exec other wget -q -O - http://web/
    is "$output" 'a page'
    ok exec web nslookup other
    contains "$output" 10.90.0.
    ok exec other sh -c 'hostname -i; cat /etc/resolv.conf'
    contains "$output" "nameserver 169.254."
    ok rm -f -t 0 other
    ok rm -f -t 0 web
    ok network rm team
    no_forwarding
}

counts() { # of links, addresses, records, networks
    echo "$(ip -br link | wc -l) $(ip -n distros -br link | wc -l) $(ip -n distros -o addr | wc -l)" \
        "$(find /run/distro-shim/{decoys,members,containers} | wc -l) $(ip netns | wc -l)"
}
counts_become() { wait_until eval "[ \"\$(counts)\" = \"$1\" ]" || is "$(counts)" "$1"; }

@test "run --rm -p again and again: nothing is left" {
    for ((i = 0; i <= ${FORWARD_RUNS:-5}; i++)); do
        ok run --rm --network bridge -p 18080:80 busybox true
        [ $i != 0 ] || { wait_until links_are_gone && before=$(counts); }
    done
    counts_become "$before"
    no_forwarding
}

@test "forward none: the port leads nowhere" {
    jq -n '{ version: 1, network: { forward: "none" } }' >/run/policy.json
    POLICY=/run/policy.json
    ok --runtime-flag "policy=$POLICY" run -d --network bridge --name web -p 18080:80 busybox sh -c "$(serves 80 'a page')"
    in_shared "$(pid_of web)"
    is "$(forwarding_links)" 0
    if page_is 127.0.0.1 18080 'a page'; then false; fi
}

@test "IPv6: a published port and the container's own address" {
    ok network create --ipv6 --subnet fd00:90::/64 --subnet 10.90.0.0/24 six
    ok run -d --network six --name web -p 18080:80 busybox sh -c "$(serves 80 'a page')"
    address=$(podman inspect --format '{{(index .NetworkSettings.Networks "six").GlobalIPv6Address}}' web)
    wait_until page_is "$address" 80 'a page'
    wait_until page_is 127.0.0.1 18080 'a page'
    # Podman's own address on that network is one of the host's
    wait_until page_is fd00:90::1 18080 'a page'
    ok rm -f -t 0 web
    ok network rm six
    no_forwarding
}

@test "from within the engine's network, where port forwarders are: 127.0.0.1 and ::1" {
    ok run -d --network bridge --name web busybox sh -c "$(serves 80 'a page')"
    decoy=$(podman inspect --format '{{.NetworkSettings.SandboxKey}}' web)
    wait_until page_is "$(podman inspect --format '{{.NetworkSettings.IPAddress}}' web)" 80 'a page'
    for address in 127.0.0.1 ::1; do
        nsenter --net="$decoy" bash -c "$(declare -f page_is); page_is $address 80 'a page'"
    done
    # what leads there is made again as it is
    ok exec web true
    nsenter --net="$decoy" bash -c "$(declare -f page_is); page_is ::1 80 'a page'"
}
