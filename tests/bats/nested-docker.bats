#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# An engine inside of a distribution, by the policy on the page of the example nested-engine: Docker and Podman in a container of
# Docker's.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines
load policy
load forward
load nested

DOCKER_RULES=true
# shellcheck disable=SC2034 # read by nested.bash
ENGINE_OUTSIDE=docker
setup_file() {
    make_rootfs && lay_engines && lay_policy_place && setup_docker && make_engine_image
}
teardown_file() {
    [ ! -e "$BATS_FILE_TMPDIR/docker.pid" ] || docker image rm engine >/dev/null
    teardown_docker && take_policy_place
}
setup() {
    requires root world && start_engine_test docker
    [ -n "$POLICY_PLACE" ] || skip "this machine has a policy of its own"
    example_of_page
    shared_network >"$BATS_TEST_TMPDIR/network.before"
}
teardown() {
    end_another_machine
    end_docker_test || return 1
    rm -f "$POLICY_PLACE"
    wait_until eval '[ "$(shared_network)" = "$(<"$BATS_TEST_TMPDIR/network.before")" ]' || shared_network | diff "$BATS_TEST_TMPDIR/network.before" -
}

@test "Docker inside: networks, ports, both builders; nothing of it is in the shared network" {
    another_machine
    docker_engine_runs -p 18080:8080
    start_inner_dockerd
    is "$(shared_network)" "$(<"$BATS_TEST_TMPDIR/network.before")"
    inner_dk run --rm --network none "$DOCKER_IMAGE" ls /sys/class/net
    is "$output" lo
    inner_dk run --rm --network host "$DOCKER_IMAGE" sh -c 'ls /sys/class/net | grep docker0'
    inner_dk run -d --name web -p 8080:80 "$DOCKER_IMAGE" sh -c "$(serves 80 'a page')"
    wait_until page_is "$(host_address)" 18080 'a page'
    from_there page_is "${OTHER_HOST[0]}" 18080 'a page'
    dk_ok run --rm "$DOCKER_IMAGE" wget -q -O - "http://$(host_address):18080/"
    is "$output" 'a page'
    inner_dk network create inner
    inner_dk run -d --name named --network inner "$DOCKER_IMAGE" sh -c "$(serves 81 'another page'); sleep 1000"
    inner_dk run --rm --network inner "$DOCKER_IMAGE" sh -c 'for i in 1 2 3 4 5; do timeout 5 wget -q -O - http://named:81/ && break; sleep 1; done'
    is "$output" 'another page'
    inner_dk exec web echo words
    is "$output" words
    inner_dk restart -t 0 web
    wait_until page_is "$(host_address)" 18080 'a page'
    inner_builds
}

@test "Podman inside: networks, ports, a build" {
    docker_engine_runs -p 18080:8080
    load_inner_image
    inner_pod run --rm --network none busybox ls /sys/class/net
    is "$output" lo
    inner_pod run --rm --network host busybox sh -c 'ls /sys/class/net | grep eth0'
    inner_pod run -d --name web -p 8080:80 busybox sh -c "$(serves 80 'a page')"
    wait_until page_is "$(host_address)" 18080 'a page'
    inside_ok sh -c 'mkdir -p /context && printf "FROM busybox\nRUN ip route | grep -o default >/built\nCMD cat /built\n" >/context/Dockerfile'
    inner_pod build -q -t built /context
    inner_pod run --rm built
    is "$output" default
}

@test "who does not ask for that group is in the shared network as always" {
    dk_ok run -d --name other --privileged "$DOCKER_IMAGE" sleep 1000
    in_shared "$(docker inspect --format '{{.State.Pid}}' other)"
    dk_ok exec other sh -c '! ip addr add 10.99.99.99/32 dev lo 2>/dev/null'
}
