#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# An engine in a container whose address, that its engine outside has given it, is its own in the shared network, or in which
# it has a network of its own, by the example nested-engine: beside each other.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load policy
load engines
load forward
load nested
load address-podman

setup_file() { setup_own && make_nested_root; }
teardown_file() { take_nested_root && take_policy_place; }
setup() {
    start_own_test
    another_machine
}
teardown() { end_own_test; }

@test "by the example: its containers and ports, beside those with addresses of their own, which it reaches" {
    example_of '.network.address = "engine"'
    box one --network podman -p 18081:80
    engine_runs -p 18080:8080
    load_inner_image
    inner_pod run -d --name web -p 8080:80 busybox sh -c "$(serves 80 'a page')"
    wait_until page_is 127.0.0.1 18080 'a page'
    page_is 127.0.0.1 18081 'page of one'
    from_there page_is "${OTHER_HOST[0]}" 18080 'a page'
    gets one "http://$(ip_of engine):8080/" 'a page'
    inner_pod run --rm busybox timeout 3 wget -q -O - "http://$(ip_of one)/"
    is "$output" 'page of one'
    inner_pod rm --all --force --time 0
}

@test "in the shared network: a namespace that is made in a container with its own address is left alone" {
    example_of '.network.address = "engine" | .distros[0].network = {"admin": true}'
    box one --network podman
    engine_runs -p 18080:8080
    is "$(readlink "/proc/$(pid_of engine)/ns/net")" "$SHARED"
    load_inner_image
    # its containers that have no network, and those that have the one that it has itself
    inner_pod run --rm --network none busybox sh -c 'mkdir /www; echo inner >/www/index.html; httpd -p 8080 -h /www; wget -q -O - http://127.0.0.1:8080/; netstat -ltn'
    contains "$output" inner
    lacks "$output" "$(ip_of engine)"
    inner_pod run -d --network host --name web busybox sh -c "$(serves 8080 'a page'); sleep 1000"
    wait_until page_is "$(ip_of engine)" 8080 'a page'
    page_is 127.0.0.1 18080 'a page'
    gets one "http://$(ip_of engine):8080/" 'a page'
    inside_ok bash -c 'exec 3<>/dev/tcp/127.0.0.1/8080 && printf "GET / HTTP/1.0\r\n\r\n" >&3 && cat <&3'
    contains "$output" 'a page'
    inner_pod rm --all --force --time 0
}
