#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Each distribution has, in the one network, the very address that its engine gave it: real Docker, whose resolver lives
# in the network that it has made.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load policy
load engines
load forward

DOCKER_RULES=true
setup_file() {
    make_rootfs && lay_engines && lay_policy_place && setup_docker || return 1
    ! [ -e "$BATS_FILE_TMPDIR/docker.pid" ] || iptables -I DOCKER-USER -i dsh -j ACCEPT
}
teardown_file() { teardown_docker && take_policy_place; }
setup() {
    requires root world && start_engine_test docker
    [ -n "$POLICY_PLACE" ] || skip "the machine itself has a policy"
    echo '{"version": 1, "network": {"address": "engine"}}' >"$POLICY_PLACE"
    another_machine
}
teardown() {
    [ ! -e "$BATS_TEST_TMPDIR/dns.pid" ] || kill "$(<"$BATS_TEST_TMPDIR/dns.pid")"
    docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1 3>&-
    timeout 20 docker network rm team >/dev/null 2>&1 3>&- || true
    rm -f "$POLICY_PLACE"
    end_another_machine
    end_docker_test
}
server() { dk_ok run -d --network team --name "$1" "${@:2}" "$DOCKER_IMAGE" sh -c "$(serves 80 "page of $1")"; } # NAME [FLAG]...
gets() { [ "$(timeout 5 docker exec "$1" wget -q -O - "http://$2/")" = "$3" ]; }                                # CONTAINER ADDRESS TEXT
of() { docker inspect --format '{{.NetworkSettings.Networks.team.IPAddress}}' "$1"; }                          # CONTAINER
# On the other machine: every name has the address 10.1.2.3.
dns_server() {
    ip netns exec another timeout 60 python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.200.0.2", 53))
while True:
    query, asker = s.recvfrom(512)
    kind = query[query.index(0, 12) + 2]
    answer = b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\x01\x02\x03" if kind == 1 else b""
    end = query.index(0, 12) + 5
    s.sendto(query[:2] + b"\x81\x80\0\x01\0" + bytes([len(answer) > 0]) + b"\0\0\0\0" + query[12:end] + answer, asker)' \
        >/dev/null 2>&1 3>&- </dev/null &
    echo $! >"$BATS_TEST_TMPDIR/dns.pid"
    wait_until eval '[ -n "$(ip netns exec another ss -Hlnu sport = 53)" ]'
}

@test "two serve one port; names of Docker's and of others, ports, and the daemon killed and started again" {
    local name host
    dk_ok network create team
    dns_server
    server web --dns 10.200.0.2 -p 18080:80
    server other --dns 10.200.0.2 -p 18081:80
    host=$(host_address)
    for name in web other; do wait_until page_is "$(of $name)" 80 "page of $name"; done
    page_is "$host" 18080 'page of web'
    page_is "$host" 18081 'page of other'
    for at in 127.0.0.1 "${OTHER_HOST[0]}"; do page_is "$at" 18080 'page of web'; done
    from_there page_is "${OTHER_HOST[0]}" 18081 'page of other'
    gets web other 'page of other'
    gets other web 'page of web'
    gets other "$host:18080" 'page of web'
    # which the resolver asks of another machine
    dk_ok exec web nslookup somewhere.test
    contains "$output" 10.1.2.3
    dk_ok run --rm --runtime runc --network team "$DOCKER_IMAGE" wget -q -O - http://other/
    is "$output" 'page of other'
    kill_dockerd
    page_is "$host" 18081 'page of other'
    start_dockerd
    gets other web 'page of web'
    dk_ok exec web nslookup elsewhere.test
    contains "$output" 10.1.2.3
    dk_ok restart -t 0 web
    wait_until gets other web 'page of web'
    wait_until page_is "$host" 18080 'page of web'
    dk_ok rm -f web other
    is "$(ip -n distros rule | cut -d: -f1 | tr '\n' ' ')" '0 32766 32767 '
    no_forwarding
}
