#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Docker, whose addresses are the containers' own: networks of the user's, their names, and what they keep apart.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load policy
load engines
load forward
load address-docker

setup_file() { setup_docker_with_addresses; }
teardown_file() { teardown_docker_with_addresses; }
setup() { start_docker_test; }
teardown() { end_docker_test_with_addresses front back; }

# CONTAINER: by whom Docker's resolver is seen to ask, at a server that answers all names so
resolver_seen_as() { docker exec "$1" timeout 5 nslookup outside.test 2>/dev/null 3>&- </dev/null | awk '/^Name/ { name = 1 } name && /^Address/ { print $NF; exit }'; }

@test "names of others and of the outside, each way between all that listen at one port" {
    local one other own gateway
    another_machine
    listen_who 10.200.0.2 53 ip netns exec another
    dk_ok network create front
    for one in web db; do web $one --network front --dns 10.200.0.2; done
    dk_ok run -d --name plain --runtime runc --network front "$DOCKER_IMAGE" sh -c "$(serves_pages 'page of plain')"
    for one in web db plain; do for other in web db plain; do
        wait_until gets $one $other "page of $other"
        own=$(address_in $one front)
        [ $one = $other ] || seen_as $one $other "$own"
    done; done
    is "$(own_of web)" "$(address_in web front)"
    dk_ok exec web cat /etc/resolv.conf
    contains "$output" "nameserver 169.254."
    # beyond the host its address is the host's
    for one in web db; do is "$(resolver_seen_as $one)" "${OTHER_HOST[0]}"; done
    # within it, the container's own
    gateway=$(docker network inspect --format '{{(index .IPAM.Config 0).Gateway}}' front)
    listen_who "$gateway" 53
    web asking --network front --dns "$gateway" --network-alias alias
    is "$(resolver_seen_as asking)" "$(address_in asking front)"
    wait_until gets web alias 'page of asking'
    # by TCP too, and what the container asks itself
    is "$(asks asking "http://$gateway:53/")" "$(address_in asking front)"
}

@test "a network is connected and disconnected while the container runs; two from the start; restarted" {
    local network
    dk_ok network create front
    dk_ok network create back
    web web --network front -p 18080:80
    web db --network back
    wait_until page_is "$(address_in web front)" 80 'page of web'
    refuse knows web db
    dk_ok network connect back web
    wait_until gets web db 'page of db'
    gets db web 'page of web'
    for network in front back; do page_is "$(address_in web $network)" 80 'page of web'; done
    is "$(own_of web)" "$(address_in web front),$(address_in web back)"
    page_is "$(host_address)" 18080 'page of web'
    page_is 127.0.0.1 18080 'page of web'
    # it is seen by the address that it has there
    seen_as web db "$(address_in web back)"
    dk_ok network disconnect back web
    refuse knows web db
    page_is "$(host_address)" 18080 'page of web'
    gets web web 'page of web'
    is "$(own_of web)" "$(address_in web front)"
    dk_ok network connect back web
    dk_ok restart -t 0 web
    wait_until gets db web 'page of web'
    for network in front back; do page_is "$(address_in web $network)" 80 'page of web'; done
    gets web db 'page of db'
    is "$(ip -n distros -br link | grep -c "^fwd")" 2
    dk_ok rm -f web db
    own_state_is_as_before
}

@test "the network of a container's first address is taken away: its servers stay, and who is given that address is told" {
    local address
    dk_ok network create front
    dk_ok network create back
    web web --network front
    web db --network back
    dk_ok network connect back web
    wait_until gets db web 'page of web'
    address=$(address_in web front)
    dk_ok network disconnect front web
    gets web web 'page of web'
    gets web db 'page of db'
    seen_as web db "$(address_in web back)"
    "$DISTRO_SHIM" forwarding --renew
    gets db web 'page of web'
    dk_fails 125 "address $address is in the shared network already, of container .*, from which the engine has taken it away, but not from its servers: start that one anew" \
        run --name new --network front "$DOCKER_IMAGE" true
    dk_ok restart -t 0 web
    wait_until gets db web 'page of web'
    is "$(own_of web)" "$(address_in web back)"
    dk_ok rm new
    web new --network front
    is "$(own_of new)" "$address"
    wait_until page_is "$address" 80 'page of new'
    # of one that is not the first one it is told what gives it up
    dk_ok network connect front web
    gets web new 'page of new'
    address=$(address_in web front)
    dk_ok network disconnect front web
    dk_fails 125 "address $address is in .* of container .*, from which the engine has taken it away: 'distro-net refresh' has that one give it up" \
        run --name third --network front "$DOCKER_IMAGE" true
    "$DISTRO_SHIM" forwarding --renew
    dk_ok rm third
    web third --network front
    is "$(own_of third)" "$address"
    dk_ok rm -f web db new third
    own_state_is_as_before
}

@test "what Docker keeps apart stays apart: another network, an internal one, one without talk among its own" {
    dk_ok network create front
    dk_ok network create --internal back
    web web --network front
    web side --network front
    web db --network back
    web cache --network back
    wait_until gets web side 'page of side'
    wait_until gets db cache 'page of cache'
    is_kept_from web "$(address_in db back)"
    is_kept_from db "$(address_in web front)"
    # it has no way out
    another_machine
    listen_who 10.200.0.2 80 ip netns exec another
    is "$(asks web http://10.200.0.2/)" "${OTHER_HOST[0]}"
    is_kept_from db 10.200.0.2
    dk_ok rm -f web side
    dk_ok network rm front
    dk_ok network create -o com.docker.network.bridge.enable_icc=false front
    web web --network front
    web side --network front
    wait_until page_is "$(address_in web front)" 80 'page of web'
    is_kept_from side "$(address_in web front)"
}

@test "the network of another container, the host's, none, a given address" {
    dk_ok network create --subnet 10.66.0.0/24 --ipv6 --subnet fd00:66::/64 front
    web web --network front --ip 10.66.0.77 --ip6 fd00:66::77
    dk_ok run -d --name side --network container:web "$DOCKER_IMAGE" sh -c "$(serves_pages 'page of side' 81)"
    is "$(own_of web)" 10.66.0.77,fd00:66::77
    is "$(own_of side)" 10.66.0.77,fd00:66::77
    wait_until page_is 10.66.0.77 80 'page of web'
    wait_until page_is 10.66.0.77 81 'page of side'
    wait_until page_is fd00:66::77 81 'page of side'
    gets side 127.0.0.1 'page of web'
    gets web 127.0.0.1:81 'page of side'
    web other --network front
    wait_until gets side other 'page of other'
    seen_as side "$(address_in other front)" 10.66.0.77
    # the one whose network it is goes first
    dk_ok rm -f web
    dk_ok rm -f side other
    own_state_is_as_before
    # where Docker prepares nothing it has the network's own
    for network in none host; do
        web "of-$network" --network "$network"
        is "$(own_of "of-$network")" ""
        wait_until gets "of-$network" 127.0.0.1 "page of of-$network"
        dk_ok rm -f "of-$network"
    done
}
