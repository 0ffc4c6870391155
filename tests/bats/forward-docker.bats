#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Docker: ports that it publishes, addresses and names that it gives lead to the container, although that is in
# the shared network; and nothing is left of it.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines
load forward

DOCKER_RULES=true
setup_file() { make_rootfs && setup_docker; }
teardown_file() { teardown_docker; }
setup() { requires root world cmd:nft && start_engine_test docker; }
teardown() {
    docker rm -f web other 3>&- >/dev/null 2>&1 || true
    timeout 20 docker network rm team 3>&- >/dev/null 2>&1 || true
    end_docker_test
}
pid_of() { docker inspect --format '{{.State.Pid}}' "$1"; }

@test "a published port leads to the container, and again after a restart" {
    dk_ok run -d --name web -p 18080:80 "$DOCKER_IMAGE" sh -c "$(serves 80 'a page')"
    in_shared "$(pid_of web)"
    address=$(docker inspect --format '{{.NetworkSettings.IPAddress}}' web)
    wait_until page_is "$(host_address)" 18080 'a page'
    page_is "$address" 80 'a page'
    dk_ok exec web wget -q -O - "http://$address/"
    is "$output" 'a page'
    for i in 1 2; do
        dk_ok restart -t 0 web
        wait_until page_is "$(host_address)" 18080 'a page'
        is "$(forwarding_links)" 1
    done
    dk_ok rm -f web
    no_forwarding
}

@test "names in a network of the user's: each way, and the own name" {
    # as distro-net has it
    iptables -I DOCKER-USER -i dsh -j ACCEPT
    dk_ok network create team
    dk_ok run -d --network team --name web "$DOCKER_IMAGE" sh -c "$(serves 80 'a page')"
    dk_ok run -d --network team --name other --hostname box "$DOCKER_IMAGE" sleep 1000
    wait_until docker exec other wget -q -O - http://web/
    dk_ok exec other wget -q -O - http://web/
    is "$output" 'a page'
    dk_ok exec web nslookup other
    dk_ok exec other hostname -i
    dk_ok exec other cat /etc/resolv.conf
    contains "$output" "nameserver 169.254."
    dk_ok rm -f other
    dk_ok exec web nslookup web
    dk_ok rm -f web
    no_forwarding
}

@test "a network that is connected while the container runs: its address leads to it, its names are known from the next exec on" {
    iptables -I DOCKER-USER -i dsh -j ACCEPT
    dk_ok network create team
    dk_ok run -d --network team --name web "$DOCKER_IMAGE" sh -c "$(serves 80 'a page')"
    dk_ok run -d --name other "$DOCKER_IMAGE" sleep 1000
    dk_ok network connect team other
    address=$(docker inspect --format '{{.NetworkSettings.Networks.team.IPAddress}}' other)
    # by that server, which is in the one network
    wait_until page_is "$address" 80 'a page'
    "$DISTRO_SHIM" explain "$(docker ps --quiet --filter name=other)" >explained
    matches "$(<explained)" 'forwarding: by fwd[0-9]+; what the engine has written into .* counts for nothing until'
    dk_ok exec other wget -q -O - http://web/
    is "$output" 'a page'
    dk_ok network disconnect team other
    dk_ok exec other cat /etc/resolv.conf
    echo "$output"
    dk_ok rm -f other web
    no_forwarding
}
