#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Docker, whose addresses are the containers' own, and whose daemon is killed, stopped and started again; its builds; and
# addresses of a pool in place of its own.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load policy
load engines
load forward
load address-docker

DOCKER_MORE='{ "userland-proxy": true }'
setup_file() { setup_docker_with_addresses; }
teardown_file() { teardown_docker_with_addresses; }
setup() { start_docker_test; }
teardown() { end_docker_test_with_addresses front; }
lacks_leaf() { ! ip -n distros rule | grep -qw "from $1"; } # ADDRESS
exited() { [ "$(field "$1" State.Status)" = exited ]; }     # CONTAINER
two() { # [FLAG]...
    dk_ok network create front
    web web --network front -p 18080:80 "$@"
    web db --network front -p 18081:80 "$@"
    wait_until all_is_well
    address=$(address_in web front)
}
all_is_well() {
    gets web db 'page of db' && gets db web 'page of web' && page_is "$(host_address)" 18080 'page of web' && page_is 127.0.0.1 18081 'page of db' &&
        seen_as web db "$(address_in web front)"
}

@test "the daemon is killed, twice, and stopped: ports lead on while it is gone, all is well when it is back" {
    local way
    two
    for way in kill_dockerd kill_dockerd stop_dockerd; do
        $way
        page_is "$address" 80 'page of web'
        page_is "$(host_address)" 18080 'page of web'
        start_dockerd
        wait_until all_is_well
    done
    # of one that ends while it is gone nothing is left
    pid=$(field web State.Pid)
    kill_dockerd
    kill -KILL "$pid"
    start_dockerd
    wait_until exited web
    wait_until lacks_leaf "$address"
    dk_ok start web
    wait_until all_is_well
    dk_ok rm -f web db
    own_state_is_as_before
}

@test "a daemon that stops its containers with itself, and starts them again" {
    jq '.["live-restore"] = false' /etc/docker/daemon.json >daemon.json && stop_dockerd && cp daemon.json /etc/docker/daemon.json && start_dockerd
    two --restart always --stop-signal KILL
    stop_dockerd
    own_state_is_as_before
    start_dockerd
    wait_until all_is_well
    # all of them die with it
    kill_dockerd
    start_dockerd
    wait_until all_is_well
    dk_ok rm -f web db
    own_state_is_as_before
    jq '.["live-restore"] = true' /etc/docker/daemon.json >daemon.json && stop_dockerd && cp daemon.json /etc/docker/daemon.json && start_dockerd
}

@test "the daemon is killed while it starts a container: what is left of that keeps no other from its address" {
    local moment
    for moment in 0.15 0.25 0.35 0.45; do
        docker run -d --name web -p 18085:80 "$DOCKER_IMAGE" sh -c "$(serves_pages 'page of web')" >/dev/null 2>&1 3>&- &
        running=$!
        sleep "$moment"
        kill_dockerd
        wait $running || true
        start_dockerd
        web other
        wait_until gets other "$(field other NetworkSettings.IPAddress)" 'page of other'
        dk_ok rm -f other
        dk rm -f web
        end_unrecorded
        wait_until own_state_is_as_before
    done
}

@test "steps of a build have an address of their own each, and a way out" {
    listen_who 172.17.0.1 53
    mkdir context
    cat >context/Dockerfile <<END
FROM $DOCKER_IMAGE
RUN wget -q -O /seen http://172.17.0.1:53/ && (hostname -i; cat /seen) | sort -u >/same && grep -c '^172.17.0' /same
RUN httpd -p 80 -h / && [ "\$(wget -q -O - http://127.0.0.1/same)" = "\$(cat /same)" ]
CMD cat /same
END
    web web
    DOCKER_BUILDKIT=0 timeout -k 5 60 docker build -q -t built context 3>&-
    dk_ok run --rm built
    matches "$output" '^172\.17\.0\.[0-9]+$'
    [ "$output" != "$(field web NetworkSettings.IPAddress)" ]
    dk_ok image rm -f built
    dk_ok rm -f web
    own_state_is_as_before
}

@test "addresses of a pool: published ports, names and Docker's addresses lead to them" {
    local one
    jq -n '{ version: 1, network: { address: "pool", addressPool: { v4: "10.78.0.0/24" } } }' >"$POLICY_PLACE"
    another_machine
    # as distro-net has it
    iptables -I DOCKER-USER -i dsh -j ACCEPT
    iptables -I DOCKER-USER -o dsh -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
    ip route add 10.78.0.0/24 via 10.77.0.2
    dk_ok network create front
    for one in web db; do
        web $one --network front -p "1808$([ $one = web ] && echo 0 || echo 1):80"
        matches "$(own_of $one)" '^10\.78\.0\.[0-9]+$'
    done
    wait_until page_is "$(host_address)" 18080 'page of web'
    page_is "$(host_address)" 18081 'page of db'
    page_is 127.0.0.1 18080 'page of web'
    from_there page_is "${OTHER_HOST[0]}" 18081 'page of db'
    page_is "$(address_in db front)" 80 'page of db'
    gets web 127.0.0.1 'page of web'
    gets web db 'page of db'
    gets db web 'page of web'
    gets db "$(own_of web)" 'page of web'
    gets db "$(host_address):18080" 'page of web'
    own=$(own_of web)
    dk_ok restart -t 0 web
    wait_until gets db web 'page of web'
    is "$(own_of web)" "$own"
    dk_ok rm -f web db
    own_state_is_as_before
    ip route del 10.78.0.0/24
}
