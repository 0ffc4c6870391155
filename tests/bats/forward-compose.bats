#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real podman-compose: the services of a project find each other by name in the networks that they have in common, a port
# that one publishes leads to it, and `down` leaves nothing.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines
load forward

setup_file() { make_rootfs && setup_podman; }
setup() { requires root world cmd:podman-compose && start_engine_test podman; }
teardown() {
    [ ! -e project ] || compose down -t 1 >/dev/null || true
    end_podman_test || return 1
    podman network rm -f project_front project_back >/dev/null 2>&1 3>&- || true
}
compose() { (cd project && exec timeout -k 5 60 podman-compose "$@" 2>&1 3>&- </dev/null); }
# a service of that port and text; `$` is said twice in such a file
service() { # NAME PORT TEXT LINE...
    printf '  %s:\n    image: localhost/busybox:latest\n    command: [sh, -c, "%s; sleep 1000"]\n' \
        "$1" "$(serves "$2" "$3" | sed 's/\$/$$/g')"
    shift 3
    printf '    %s\n' "$@"
}
says() { # SERVICE URL TEXT
    wait_until podman exec "project_$1_1" timeout 2 wget -q -O - "$2"
    ok exec "project_$1_1" wget -q -O - "$2"
    is "$output" "$3"
}

@test "a project of three services and two networks, of which one is internal" {
    mkdir project
    {
        printf '%s\n' 'version: "3"' services:
        service web 80 'a page' 'ports: ["18080:80", "127.0.0.1:18081:80"]' 'networks: [front]' 'restart: always' \
            'healthcheck: {test: ["CMD", "wget", "-q", "-O", "-", "http://localhost/"]}'
        service app 82 'an app' 'depends_on: [web, db]' 'networks: [front, back]'
        service db 83 'a db' 'networks: [back]'
        printf '%s\n' networks: '  front: {}' '  back: {internal: true}'
    } >project/docker-compose.yml
    compose up -d
    in_shared "$(pid_of project_web_1)"
    wait_until page_is 127.0.0.1 18080 'a page'
    page_is "$(host_address)" 18080 'a page'
    page_is 127.0.0.1 18081 'a page'
    says web http://app:82/ 'an app'
    says db http://app:82/ 'an app'
    # of two networks Podman's resolver answers for the first one alone, for any runtime
    says app "http://$(podman inspect --format '{{.NetworkSettings.Networks.project_back.IPAddress}}' project_db_1):83/" 'a db'
    # web and db have no network in common
    refuse podman exec project_web_1 timeout 2 wget -q -O - http://db:83/
    wait_until podman healthcheck run project_web_1
    compose restart -t 1 web
    wait_until page_is 127.0.0.1 18080 'a page'
    compose down -t 1
    no_forwarding
}
