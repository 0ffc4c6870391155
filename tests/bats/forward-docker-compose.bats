#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real docker-compose: a service waits for the health of another one, they find each other by name in the networks that
# they have in common, a port that one publishes leads to it, and `down` leaves nothing.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines
load forward

DOCKER_RULES=true
setup_file() {
    make_rootfs && setup_docker || return 1
    # as distro-net has it
    [ ! -e "$BATS_FILE_TMPDIR/docker.pid" ] || { iptables -I DOCKER-USER -i dsh -j ACCEPT &&
        iptables -I DOCKER-USER -o dsh -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT; }
}
teardown_file() { teardown_docker; }
setup() { requires root world cmd:docker-compose && start_engine_test docker; }
teardown() {
    [ ! -e project ] || compose down -t 0 >/dev/null || true
    end_docker_test
}
compose() { (cd project && exec timeout -k 5 60 docker-compose "$@" 2>&1 3>&- </dev/null); }
# a service of that port and text; `$` is said twice in such a file
service() { # NAME PORT TEXT LINE...
    printf '  %s:\n    image: %s\n    command: [sh, -c, "%s; sleep 1000"]\n' \
        "$1" "$DOCKER_IMAGE" "$(serves "$2" "$3" | sed 's/\$/$$/g')"
    shift 3
    printf '    %s\n' "$@"
}
# the second version puts - between the parts of a name, the first one _
container() { docker ps --all --format '{{.Names}}' --filter "label=com.docker.compose.service=$1"; } # SERVICE
gets() { [ "$(timeout 5 docker exec "$(container "$1")" wget -q -O - "$2")" = "$3" ]; }               # SERVICE URL TEXT
knows() { timeout 10 docker exec "$(container "$1")" timeout 2 nslookup "$2" >/dev/null 2>&1; }       # SERVICE NAME
health_of() { docker inspect --format '{{.State.Health.Status}}' "$(container "$1")"; }               # SERVICE

@test "two services, of which one waits until the other is healthy; names each way, a published port; up, ps, restart, down" {
    mkdir project
    {
        printf '%s\n' services:
        service web 80 'a page' 'ports: ["18080:80", "127.0.0.1:18081:80"]' 'depends_on: {db: {condition: service_healthy}}'
        service db 83 'a db' \
            'healthcheck: {test: ["CMD", "wget", "-q", "-O", "-", "http://db:83/"], interval: 0.2s, timeout: 5s, retries: 20}'
    } >project/docker-compose.yml
    compose up -d
    is "$(health_of db)" healthy
    in_shared "$(docker inspect --format '{{.State.Pid}}' "$(container web)")"
    wait_until page_is "$(host_address)" 18080 'a page'
    page_is 127.0.0.1 18081 'a page'
    gets web http://db:83/ 'a db'
    gets db http://web/ 'a page'
    is "$(compose ps | grep -cE 'Up|running')" 2
    compose exec -T web wget -q -O - http://db:83/ >said
    is "$(<said)" 'a db'
    compose restart -t 0 web
    wait_until page_is "$(host_address)" 18080 'a page'
    wait_until gets db http://web/ 'a page'
    compose down -t 0
    no_forwarding
    is "$(docker ps -aq)$(docker network ls --quiet --filter type=custom)" ""
}

@test "three services in two networks, of which one is internal" {
    mkdir project
    {
        printf '%s\n' services:
        service web 80 'a page' 'ports: ["18080:80"]' 'networks: [front]'
        service app 82 'an app' 'networks: [front, back]'
        service db 83 'a db' 'networks: {back: {aliases: [store]}}'
        printf '%s\n' networks: '  front: {}' '  back: {internal: true}'
    } >project/docker-compose.yml
    compose up -d
    wait_until page_is "$(host_address)" 18080 'a page'
    wait_until gets web http://app:82/ 'an app'
    wait_until gets app http://store:83/ 'a db'
    gets app http://web/ 'a page'
    wait_until gets db http://app:82/ 'an app'
    # no network in common
    refuse knows web db
    compose down -t 0
    no_forwarding
}
