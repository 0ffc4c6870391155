#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real docker-compose, with Docker's addresses as the containers' own: services that all listen at one port, under one name each.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load policy
load engines
load forward
load address-docker

setup_file() { setup_docker_with_addresses; }
teardown_file() { teardown_docker_with_addresses; }
setup() {
    requires cmd:docker-compose
    start_docker_test
}
teardown() {
    [ ! -e project ] || compose down -t 0 >/dev/null || true
    end_docker_test_with_addresses
}
compose() { (cd project && exec timeout -k 5 60 docker-compose "$@" 2>&1 3>&- </dev/null); }
# a service of that text at port 80; `$` is said twice in such a file
service() { # NAME LINE...
    printf '  %s:\n    image: %s\n    command:\n      - sh\n      - -c\n      - |\n' "$1" "$DOCKER_IMAGE"
    serves_pages '$SAYS of '"$1" | sed "s/'\\(\\\$SAYS.*\\)'/\"\\1 \$(hostname)\"/; s/\\\$SAYS/page/; s/\\$/\$\$/g; s/^/        /"
    shift
    [ $# = 0 ] || printf '    %s\n' "$@"
}
# the second version puts - between the parts of a name, the first one _
containers() { docker ps --format '{{.Names}}' --filter "label=com.docker.compose.service=$1" | sort; } # SERVICE
address() { docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$1"; }   # CONTAINER
answers() { asks "$1" "$2" | grep -qE "$3"; }                                                             # CONTAINER URL PATTERN

@test "two services in three containers at one port: by name, at published ports, all of a service; up and down leave nothing" {
    local one name port seen
    mkdir project
    {
        printf '%s\n' services:
        service web 'ports: ["18080:80", "127.0.0.1:18081:80"]' 'depends_on: {app: {condition: service_healthy}}'
        service app 'ports: ["18082-18083:80"]' \
            'healthcheck: {test: ["CMD", "wget", "-q", "-O", "-", "http://app/"], interval: 0.2s, timeout: 5s, retries: 20}'
    } >project/docker-compose.yml
    compose up -d --scale app=2
    is "$(containers web app | wc -l) $(containers app | wc -l)" '1 2'
    for one in $(containers web) $(containers app); do
        in_shared "$(field "$one" State.Pid)"
        is "$(own_of "$one")" "$(address "$one")"
        # each service by its name, and the outside
        for name in web app; do wait_until answers "$one" "http://$name/" "page of $name "; done
        is "$(asks "$one" http://127.0.0.1/)" "page of $(docker inspect --format '{{index .Config.Labels "com.docker.compose.service"}}' "$one") $(field "$one" Config.Hostname)"
    done
    # each container of a service by its address and port
    for one in $(containers app); do
        is "$(asks "$(containers web)" "http://$(address "$one")/")" "page of app $(field "$one" Config.Hostname)"
        port=$(docker port "$one" 80 | head -n 1 | sed 's/.*://')
        page_is 127.0.0.1 "$port" "page of app $(field "$one" Config.Hostname)"
        page_is "$(host_address)" "$port" "page of app $(field "$one" Config.Hostname)"
    done
    # both answer to the one name
    dk_ok exec "$(containers web)" nslookup app
    for one in $(containers app); do contains "$output" "$(address "$one")"; done
    page_is "$(host_address)" 18080 "page of web $(field "$(containers web)" Config.Hostname)"
    page_is 127.0.0.1 18081 "page of web $(field "$(containers web)" Config.Hostname)"
    seen=$(asks "$(containers app | head -n 1)" http://web/cgi-bin/who)
    is "$seen" "$(address "$(containers app | head -n 1)")"
    # again, after one was made anew
    compose restart -t 0 app
    for one in $(containers app); do wait_until answers "$one" http://web/ 'page of web '; done
    compose up -d --scale app=1
    wait_until answers "$(containers web)" http://app/ 'page of app '
    compose down -t 0
    own_state_is_as_before
    is "$(docker ps -aq)$(docker network ls --quiet --filter type=custom)" ""
}

@test "three services in two networks: the one in the middle reaches both, at its address in each" {
    mkdir project
    {
        printf '%s\n' services:
        service web 'ports: ["18080:80"]' 'networks: [front]'
        service app 'networks: [front, back]'
        service db 'networks: {back: {aliases: [store]}}'
        printf '%s\n' networks: '  front: {}' '  back: {internal: true}'
    } >project/docker-compose.yml
    compose up -d
    wait_until answers "$(containers web)" http://app/ 'page of app '
    wait_until answers "$(containers app)" http://store/ 'page of db '
    wait_until answers "$(containers app)" http://web/ 'page of web '
    wait_until answers "$(containers db)" http://app/ 'page of app '
    refuse knows "$(containers web)" db
    is_kept_from "$(containers web)" "$(address "$(containers db)")"
    for one in front back; do
        name=$(docker network ls --format '{{.Name}}' | grep "$one")
        contains "$(own_of "$(containers app)")" "$(address_in "$(containers app)" "$name")"
    done
    is "$(asks "$(containers app)" http://store/cgi-bin/who)" "$(address_in "$(containers app)" "$name")"
    compose down -t 0
    own_state_is_as_before
}
