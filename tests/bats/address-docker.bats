#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Docker, whose addresses are the containers' own in the one network: all listen at one port there.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load policy
load engines
load forward
load address-docker

DOCKER_MORE='{ "userland-proxy": true, "experimental": true, "ipv6": true, "ip6tables": true, "fixed-cidr-v6": "fd00:42::/64" }'
setup_file() { setup_docker_with_addresses; }
teardown_file() { teardown_docker_with_addresses; }
setup() { start_docker_test; }
teardown() { end_docker_test_with_addresses; }

@test "all listen at one port: each at its own address, by its published port, and sees who asks" {
    local i host at
    another_machine
    for i in 1 2 3; do web "web$i" -p "1808$i:80"; done
    host=$(host_address)
    for i in 1 2 3; do
        in_shared "$(field "web$i" State.Pid)"
        address=$(field "web$i" NetworkSettings.IPAddress)
        wait_until page_is "$address" 80 "page of web$i"
        is "$(own_of "web$i")" "$address,$(field "web$i" NetworkSettings.GlobalIPv6Address)"
        for at in 127.0.0.1 "$host" ::1 "${OTHER_HOST[1]}"; do wait_until page_is "$at" "1808$i" "page of web$i"; done
        for at in "${OTHER_HOST[@]}"; do from_there page_is "$at" "1808$i" "page of web$i"; done
        gets "web$i" 127.0.0.1 "page of web$i"
        gets "web$i" "[::1]" "page of web$i"
        # by its own published port
        gets "web$i" "$host:1808$i" "page of web$i"
        # and by that of its neighbour
        gets "web$i" "$host:18081" "page of web1"
    done
    seen_as web1 "$(field web2 NetworkSettings.IPAddress)" "$(field web1 NetworkSettings.IPAddress)"
    # who comes from beyond the host is seen as such
    is "$(ip netns exec another timeout 5 busybox wget -q -O - "http://${OTHER_HOST[0]}:18082/cgi-bin/who")" 10.200.0.2
    # one of another runtime, each way
    dk_ok run -d --name plain --runtime runc "$DOCKER_IMAGE" sh -c "$(serves_pages 'page of plain')"
    wait_until gets web1 "$(field plain NetworkSettings.IPAddress)" 'page of plain'
    seen_as web2 "$(field plain NetworkSettings.IPAddress)" "$(field web2 NetworkSettings.IPAddress)"
    seen_as plain "$(field web2 NetworkSettings.IPAddress)" "$(field plain NetworkSettings.IPAddress)"
    for i in 1 2 3; do dk_ok rm -f "web$i"; done
    own_state_is_as_before
}

@test "IPv6: each at its own address, by its published port, and sees who asks" {
    local i address
    another_machine
    for i in 1 2; do web "web$i" -p "1808$i:80"; done
    for i in 1 2; do
        address=$(field "web$i" NetworkSettings.GlobalIPv6Address)
        wait_until page_is "$address" 80 "page of web$i"
        from_there page_is "${OTHER_HOST[1]}" "1808$i" "page of web$i"
    done
    gets web1 "[$(field web2 NetworkSettings.GlobalIPv6Address)]" 'page of web2'
    seen_as web1 "[$(field web2 NetworkSettings.GlobalIPv6Address)]" "$(field web1 NetworkSettings.GlobalIPv6Address)"
    is "$(ip netns exec another timeout 5 busybox wget -q -O - "http://[${OTHER_HOST[1]}]:18082/cgi-bin/who")" "${OTHER_HOST[1]%1}2"
}

@test "the first packet of a program has its own address, and nothing is left of containers that come and go" {
    local i
    listen_who 172.17.0.1 53
    for i in 1 2 3 4 5; do
        dk_ok run --rm "$DOCKER_IMAGE" sh -c \
            'wget -q -O - http://172.17.0.1:53/; nslookup a.test 172.17.0.1 | sed -n "s/^Address.*: *\(172\.17\.0\.[2-9]\).*/\1/p"; hostname -i'
        is "$(uniq -c <<<"$output" | awk '{ print $1 }')" 3
        matches "$output" '^172\.17\.0\.[2-9]'
    done
    own_state_is_as_before
}

@test "UDP: each answers from its own address, and by its published port" {
    local name at
    another_machine
    udp_box one 81 -p 18081:81/udp
    udp_box two 81 -p 18082:81/udp
    for name in one two; do
        wait_until eval "[ '$name word' = \"\$(udp_answer $(field $name NetworkSettings.IPAddress) 81 word)\" ]"
    done
    for at in "$(host_address)" 127.0.0.1; do
        is "$(udp_answer "$at" 18081 word)" "one word"
        is "$(udp_answer "$at" 18082 word)" "two word"
    done
    is "$(from_there udp_answer "${OTHER_HOST[0]}" 18081 word)" "one word"
    is "$(from_there udp_answer "${OTHER_HOST[0]}" 18082 word)" "two word"
}
