#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# An engine inside of a distribution, by the example nested-engine: Podman and Docker in a container of Podman's.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines
load policy
load forward
load nested

setup_file() {
    make_rootfs && lay_engines && lay_policy_place && setup_podman && make_nested_root || return 1
}
teardown_file() { take_nested_root && take_policy_place; }
setup() {
    requires root world && start_engine_test podman
    [ -n "$POLICY_PLACE" ] || skip "this machine has a policy of its own"
    example_of
    shared_network >"$BATS_TEST_TMPDIR/network.before"
}
teardown() {
    end_another_machine
    [ ! -e /run/netns/nested ] || ip netns del nested
    end_podman_test || return 1
    rm -f "$POLICY_PLACE"
    # what led to siblings goes with their networks
    wait_until eval '[ "$(shared_network)" = "$(<"$BATS_TEST_TMPDIR/network.before")" ]' || shared_network | diff "$BATS_TEST_TMPDIR/network.before" -
}

@test "Podman inside: networks none, host and bridge, one with names, a build" {
    engine_runs
    [ "/proc/$(pid_of engine)/ns/net" -ef "$(podman inspect --format '{{.NetworkSettings.SandboxKey}}' engine)" ]
    load_inner_image
    inner_pod run --rm --network none busybox sh -c 'ls /sys/class/net'
    is "$output" lo
    inside_ok readlink /proc/self/ns/net
    own=$output
    inner_pod run --rm --network host busybox readlink /proc/self/ns/net
    is "$output" "$own"
    inner_pod run --rm --network bridge busybox sh -c 'ls /sys/class/net; ip route | grep default'
    matches "$output" $'eth0\nlo\ndefault via 10.90.0.1 '
    inner_pod network create inner
    inner_pod run -d --name web --network inner busybox sh -c "$(serves 80 'a page')"
    inner_pod run --rm --network inner busybox sh -c 'for i in 1 2 3 4 5; do timeout 5 wget -q -O - http://web/ && break; sleep 1; done'
    is "$output" 'a page'
    inside_ok sh -c 'mkdir -p /context && printf "FROM busybox\nRUN ip route | grep -o default >/built\nCMD cat /built\n" >/context/Dockerfile'
    inner_pod build -q -t built /context
    inner_pod run --rm built
    is "$output" default
    inner_pod rm --all --force --time 0
    inner_pod network rm inner
}

@test "what Podman inside publishes is at the outer container's ports: by the host, another machine, and the shared network" {
    another_machine
    engine_runs -p 18080:8080
    load_inner_image
    inner_pod run -d --name web -p 8080:80 busybox sh -c "$(serves 80 'a page')"
    wait_until page_is 127.0.0.1 18080 'a page'
    page_is "$(host_address)" 18080 'a page'
    from_there page_is "${OTHER_HOST[0]}" 18080 'a page'
    ok run --rm --network podman busybox wget -q -O - "http://$(host_address):18080/"
    is "$output" 'a page'
    # life inside is as it is outside
    inner_pod exec web echo words
    is "$output" words
    inner_pod pause web
    inner_pod unpause web
    inner_pod stop --time 0 web
    refuse page_is 127.0.0.1 18080 'a page'
    inner_pod start web
    wait_until page_is 127.0.0.1 18080 'a page'
    # and goes with the distribution
    ok rm --force --time 0 engine
    refuse page_is 127.0.0.1 18080 'a page'
}

@test "Docker inside: networks, ports, both builders; docker0 and its rules are in no network but its own" {
    engine_runs -p 18080:8080
    start_inner_dockerd
    inside_ok iptables -S FORWARD
    matches "$output" '^-P FORWARD DROP'
    inside_ok ip -4 -o addr show docker0
    is "$(shared_network)" "$(<"$BATS_TEST_TMPDIR/network.before")"
    inner_dk run --rm --network none "$DOCKER_IMAGE" ls /sys/class/net
    is "$output" lo
    inner_dk run --rm --network host "$DOCKER_IMAGE" sh -c 'ls /sys/class/net | grep docker0'
    inner_dk run --rm "$DOCKER_IMAGE" sh -c 'ls /sys/class/net; ip route | grep -o default'
    is "$output" $'eth0\nlo\ndefault'
    inner_dk run -d --name web -p 8080:80 "$DOCKER_IMAGE" sh -c "$(serves 80 'a page')"
    wait_until page_is "$(host_address)" 18080 'a page'
    ok run --rm --network podman busybox wget -q -O - "http://$(host_address):18080/"
    is "$output" 'a page'
    inner_dk network create inner
    inner_dk run -d --name named --network inner "$DOCKER_IMAGE" sh -c "$(serves 81 'another page'); sleep 1000"
    inner_dk run --rm --network inner "$DOCKER_IMAGE" sh -c 'for i in 1 2 3 4 5; do timeout 5 wget -q -O - http://named:81/ && break; sleep 1; done'
    is "$output" 'another page'
    inner_builds
    ok rm --force --time 0 engine
}

@test "one that asks for the shared network keeps it, and a warning says what that means; others are as always" {
    ENGINE_NETWORK=ns:/run/netns/distros engine_runs
    in_shared "$(pid_of engine)"
    id=$(podman inspect --format '{{.Id}}' engine)
    is "$("$DISTRO_SHIM" explain --format json "$id" | jq -r '.decisions[] | select(.rule == "network.namespace") | .action + " " + .why' | cut -d : -f 1)" \
        "warn the network that is asked for, and kept, is 'default' of the policy"
    ok run -d --name other --privileged --network podman busybox sleep 1000
    in_shared "$(pid_of other)"
    ok exec other sh -c '! ip addr add 10.99.99.99/32 dev lo 2>/dev/null && grep CapEff /proc/self/status'
    (((0x${output##*[[:space:]]} & 1 << 12) == 0))
    fails 126 'network.allowHost' run --rm --privileged --network host --rootfs $NESTED/engine true
}

@test "a network that the policy names, which the inner engine has alone: it goes with that" {
    ip netns add nested && ip -n nested link set lo up
    ip link add to-nested type veth peer name eth0 netns nested
    ip addr add 10.99.7.1/24 dev to-nested && ip link set to-nested up
    ip -n nested addr add 10.99.7.2/24 dev eth0 && ip -n nested link set eth0 up && ip -n nested route add default via 10.99.7.1
    example_of '.networks.nested = { namespace: "/run/netns/nested", admin: true } | .distros[0].network = "nested"'
    ENGINE_NETWORK=none engine_runs
    [ "/proc/$(pid_of engine)/ns/net" -ef /run/netns/nested ]
    load_inner_image
    inner_pod run -d --name web -p 8080:80 busybox sh -c "$(serves 80 'a page')"
    wait_until page_is 10.99.7.2 8080 'a page'
    is "$(shared_network)" "$(<"$BATS_TEST_TMPDIR/network.before")"
    # what it leaves is there, and goes with it
    ok rm --force --time 0 engine
    ip -n nested link show podman0 >/dev/null
    ip netns del nested
}
