#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Docker: names and addresses in networks of the user's lead to containers in the shared network, and from these.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines
load forward

DOCKER_RULES=true
setup_file() {
    make_rootfs && setup_docker || return 1
    # as distro-net has it
    ! [ -e "$BATS_FILE_TMPDIR/docker.pid" ] || iptables -I DOCKER-USER -i dsh -j ACCEPT
}
teardown_file() { teardown_docker; }
setup() { requires root world && start_engine_test docker; }
teardown() {
    docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1 3>&-
    for network in front back; do timeout 20 docker network rm "$network" >/dev/null 2>&1 3>&- || true; done
    end_docker_test
}
# server NAME PORT [FLAG]...: it serves "page of NAME"
server() { dk_ok run -d --name "$1" "${@:3}" "$DOCKER_IMAGE" sh -c "$(serves "$2" "page of $1"); sleep 1000"; }
gets() { [ "$(timeout 5 docker exec "$1" wget -q -O - "http://$2/")" = "$3" ]; } # CONTAINER ADDRESS TEXT
# of others this Docker asks the host's, and answers nothing itself
knows() { timeout 10 docker exec "$1" timeout 2 nslookup "$2" >/dev/null 2>&1; } # CONTAINER NAME
address_in() { docker inspect --format "{{(index .NetworkSettings.Networks \"$2\").IPAddress}}" "$1"; } # CONTAINER NETWORK

@test "names: each way between two, the own one, and to and from a container of another runtime" {
    dk_ok network create front
    server web 80 --network front --hostname box
    server other 81 --network front
    server plain 80 --network front --runtime runc
    wait_until gets other web 'page of web'
    wait_until gets web other:81 'page of other'
    gets web web 'page of web'
    wait_until gets web plain 'page of plain'
    gets plain web 'page of web'
    gets plain other:81 'page of other'
    gets web "$(address_in plain front)" 'page of plain'
    gets plain "$(address_in web front)" 'page of web'
    dk_ok exec web cat /etc/resolv.conf
    contains "$output" "nameserver 169.254."
    dk_ok exec web hostname -i
    # an alias, and what nobody has
    dk_ok run -d --network front --network-alias db --name third "$DOCKER_IMAGE" sh -c "$(serves 82 'page of third'); sleep 1000"
    wait_until gets web db:82 'page of third'
    refuse knows web nowhere
}

@test "a network that is connected while the container runs, and disconnected; two from the start" {
    dk_ok network create front
    dk_ok network create back
    server web 80 --network front -p 18080:80
    server db 81 --network back
    server plain 80 --network front --runtime runc
    host=$(host_address)
    wait_until page_is "$host" 18080 'page of web'
    refuse knows web db
    dk_ok network connect back web
    wait_until gets web db:81 'page of db'
    gets db web 'page of web'
    for network in front back; do page_is "$(address_in web $network)" 80 'page of web'; done
    page_is "$host" 18080 'page of web'
    dk_ok network disconnect back web
    refuse knows web db
    page_is "$host" 18080 'page of web'
    gets plain web 'page of web'
    # that of the published port goes and comes again
    dk_ok network connect back web
    dk_ok network disconnect front web
    gets db web 'page of web'
    dk_ok network connect front web
    wait_until gets plain web 'page of web'
    gets web plain 'page of plain'
    # connected to both before its start
    dk_ok restart -t 0 web
    wait_until gets db web 'page of web'
    gets plain web 'page of web'
    is "$(forwarding_links)" 2
}

@test "a user's network that is connected to a container of the default one: its names are known from the next exec on" {
    dk_ok network create front
    server web 80 --network front
    server other 81
    dk_ok network connect front other
    "$DISTRO_SHIM" explain "$(docker ps --quiet --filter name=other)" >explained
    matches "$(<explained)" 'forwarding: by fwd[0-9]+; what the engine has written into .* counts for nothing until'
    # the first exec
    dk_ok exec other wget -q -O - http://web/
    is "$output" 'page of web'
    page_is "$(address_in other front)" 81 'page of other'
    gets web other:81 'page of other'
}

@test "the network of another container: its names, and its addresses lead to both" {
    dk_ok network create front
    server web 80 --network front -p 18080:80
    server plain 80 --network front --runtime runc
    server side 82 --network container:web
    in_shared "$(docker inspect --format '{{.State.Pid}}' side)"
    wait_until gets plain web:82 'page of side'
    gets side plain 'page of plain'
    dk_ok rm -f side
    page_is "$(host_address)" 18080 'page of web'
    server side 82 --network container:web
    dk_ok rm -f web
    wait_until gets side localhost:82 'page of side'
    dk_ok rm -f side
    no_forwarding
}

@test "networks and containers are removed in each order, and nothing is left" {
    for order in 'rm -f web other/network rm front back' 'rm -f other web/network rm back front' \
        'stop -t 0 web other/network rm front back/rm web other' \
        'network disconnect -f back web/network rm back/rm -f web other/network rm front' \
        'network disconnect -f front web/network disconnect -f back web/network rm back/rm -f other web/network rm front'; do
        dk_ok network create front
        dk_ok network create back
        server web 80 --network front -p 18080:80
        dk_ok network connect back web
        server other 81 --network front
        wait_until page_is "$(address_in web back)" 80 'page of web'
        while IFS= read -r line; do
            read -ra words <<<"$line"
            dk_ok "${words[@]}"
        done <<<"${order//\//$'\n'}"
        no_forwarding || { echo "$order" && false; }
        is "$(docker network ls --quiet --filter type=custom)$(docker ps -aq)" ""
    done
}
