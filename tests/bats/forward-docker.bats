#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Docker: ports that it publishes and addresses that it gives lead to the container, although that is in the
# shared network; and nothing is left of it.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines
load forward

DOCKER_RULES=true
# as it is where nothing else is said, and with IPv6
DOCKER_MORE='{ "userland-proxy": true, "experimental": true, "ipv6": true, "ip6tables": true, "fixed-cidr-v6": "fd00:42::/64" }'
setup_file() { make_rootfs && setup_docker; }
teardown_file() { teardown_docker; }
setup() { requires root world && start_engine_test docker; }
teardown() {
    end_udp_server
    end_another_machine
    ip addr del fd00:99::1/64 dev lo 2>/dev/null || true
    end_docker_test
}
serve_page() { dk_ok run -d --name web "$@" "$DOCKER_IMAGE" sh -c "$(serves 80 'a page')"; }
field() { docker inspect --format "{{.$2}}" "$1"; } # CONTAINER FIELD
runs_again() { [ "$(field "$1" RestartCount) $(field "$1" State.Status)" = "$2 running" ]; } # CONTAINER TIMES

@test "a published port: by each address of the host, from another machine, from siblings; a port of one address, a random one, a range" {
    another_machine
    serve_page -p 18080:80 -p 127.0.0.1:18081:80 -p "${OTHER_HOST[0]}:18082:80" -p 80 -p 18090-18092:80-82
    in_shared "$(field web State.Pid)"
    host=$(host_address) address=$(field web NetworkSettings.IPAddress)
    wait_until page_is "$host" 18080 'a page'
    for at in "${OTHER_HOST[0]}" 127.0.0.1 ::1; do wait_until page_is "$at" 18080 'a page'; done
    page_is 127.0.0.1 18081 'a page'
    refuse page_is "$host" 18081 'a page'
    page_is "${OTHER_HOST[0]}" 18082 'a page'
    refuse page_is "$host" 18082 'a page'
    page_is "$host" "$(field web 'NetworkSettings.Ports' | grep -o '80/tcp:[^]]*' | grep -oE '0\.0\.0\.0 3[0-9]+' | cut -d ' ' -f 2)" 'a page'
    page_is "$host" 18090 'a page'
    page_is "$address" 80 'a page'
    from_there page_is "$host" 18080 'a page'
    from_there page_is "${OTHER_HOST[0]}" 18082 'a page'
    for at in "$host:18080" "$address"; do
        dk_ok run --rm "$DOCKER_IMAGE" wget -q -O - "http://$at/"
        is "$output" 'a page'
        dk_ok exec web wget -q -O - "http://$at/"
        is "$output" 'a page'
    done
    # one that Docker gives to another runtime
    dk_ok run --rm --runtime runc "$DOCKER_IMAGE" wget -q -O - "http://$address/"
    is "$output" 'a page'
    dk_ok rm -f web
    no_forwarding
}

@test "UDP" {
    another_machine
    dk_ok run -d --name echo -p 18081:81/udp "$DOCKER_IMAGE" sleep 1000
    udp_server 81
    for at in "$(host_address)" 127.0.0.1; do is "$(udp_answer "$at" 18081 word)" 'got word'; done
    is "$(from_there udp_answer "${OTHER_HOST[0]}" 18081 word)" 'got word'
    dk_ok rm -f echo
    no_forwarding
}

@test "IPv6: a published port, a port of one address, and the container's own address" {
    ip addr add fd00:99::1/64 dev lo nodad
    serve_page -p 18080:80 -p '[::1]:18081:80' -p '[fd00:99::1]:18082:80'
    address=$(field web NetworkSettings.GlobalIPv6Address)
    wait_until page_is "$address" 80 'a page'
    page_is ::1 18080 'a page'
    page_is fd00:99::1 18080 'a page'
    page_is ::1 18081 'a page'
    refuse page_is fd00:99::1 18081 'a page'
    page_is fd00:99::1 18082 'a page'
    dk_ok run --rm --runtime runc "$DOCKER_IMAGE" wget -q -O - "http://[$address]/"
    is "$output" 'a page'
    dk_ok rm -f web
    no_forwarding
}

@test "stopped and started, restarted by hand and by its policy: each new decoy leads to it, and nothing is left of the old ones" {
    host=$(host_address)
    serve_page -p 18080:80 --restart always
    wait_until page_is "$host" 18080 'a page'
    dk_ok restart -t 0 web
    wait_until page_is "$host" 18080 'a page'
    is "$(forwarding_links)" 1
    dk_ok stop -t 0 web
    no_forwarding
    dk_ok start web
    wait_until page_is "$host" 18080 'a page'
    kill -KILL "$(field web State.Pid)"
    wait_until runs_again web 1
    wait_until page_is "$host" 18080 'a page'
    is "$(forwarding_links)" 1
    dk_ok rm -f web
    no_forwarding
    # it gives up after the second time
    dk_ok run -d --name failing -p 18081:81 --restart on-failure:2 "$DOCKER_IMAGE" sh -c 'sleep 0.5; exit 3'
    wait_until runs_again failing 2
    is "$(forwarding_links)" 1
    dk_ok wait failing
    is "$output" 3
    wait_until no_forwarding
}
