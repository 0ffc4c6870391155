#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# distro-shim inside of a distribution, as the runtime of the engine in there: the shared network "self", and one of its own.
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
    inner_uses /usr/local/bin/distro-shim
    inner_policy '{ "version": 1, "network": { "namespace": "self" } }'
}
teardown() {
    end_podman_test && rm -f "$POLICY_PLACE"
}
inner_policy() { mkdir -p "$NESTED/engine${POLICY_PLACE%/*}" && echo "$1" >"$NESTED/engine$POLICY_PLACE"; }
inner_network() { inside_ok readlink /proc/self/ns/net; }
# it is in the network that $output names: that of the inner engine
names_network() { is "$output" "$(podman exec engine readlink /proc/self/ns/net)"; }

@test "Podman inside: each network is its own, what is published and names lead in, a build" {
    engine_runs -p 18080:8080
    load_inner_image
    for kind in host bridge none; do
        inner_pod run --rm --network $kind busybox readlink /proc/self/ns/net
        names_network
        is "$stderr" ""
    done
    inner_pod run -d --name web -p 8080:80 busybox sh -c "$(serves 80 'a page')"
    wait_until page_is 127.0.0.1 18080 'a page'
    ok run --rm --network podman busybox wget -q -O - "http://$(host_address):18080/"
    is "$output" 'a page'
    inner_pod network create inner
    inner_pod run -d --name named --network inner busybox sh -c "$(serves 81 'another page'); sleep 1000"
    inner_pod run --rm --network inner busybox sh -c 'for i in 1 2 3 4 5; do timeout 5 wget -q -O - http://named:81/ && break; sleep 1; done'
    is "$output" 'another page'
    inside_ok distro-shim list
    is "$(grep -c running <<<"$output")" 2
    inside_ok sh -c 'mkdir -p /context && printf "FROM busybox\nRUN readlink /proc/self/ns/net >/built\nCMD cat /built\n" >/context/Dockerfile'
    inner_pod build -q -t built /context
    lacks "$stderr" warning
    inner_pod run --rm built
    names_network
    inner_pod rm --all --force --time 0
    inner_pod network rm inner
    # what led to them has gone with their networks
    wait_until podman exec engine sh -c '! ip -br link | grep -q ^fwd'
    inside_ok sh -c 'ls -A /run/distro-shim/containers /run/distro-shim/members /run/distro-shim/decoys 2>/dev/null | grep -v :; true'
    is "$output" ""
}

@test "Docker inside: what is published and names lead in, the classic build" {
    engine_runs -p 18080:8080
    start_inner_dockerd
    for kind in host bridge none; do
        inner_dk run --rm --network $kind "$DOCKER_IMAGE" readlink /proc/self/ns/net
        names_network
    done
    inner_dk run -d --name web -p 8080:80 "$DOCKER_IMAGE" sh -c "$(serves 80 'a page')"
    wait_until page_is "$(host_address)" 18080 'a page'
    inner_dk network create inner
    inner_dk run -d --name named --network inner "$DOCKER_IMAGE" sh -c "$(serves 81 'another page'); sleep 1000"
    inner_dk run --rm --network inner "$DOCKER_IMAGE" sh -c 'for i in 1 2 3 4 5; do timeout 5 wget -q -O - http://named:81/ && break; sleep 1; done'
    is "$output" 'another page'
    inside_ok sh -c "mkdir -p /context && printf 'FROM $DOCKER_IMAGE\nRUN readlink /proc/self/ns/net >/built\nCMD cat /built\n' >/context/Dockerfile"
    inside_ok env DOCKER_BUILDKIT=0 /usr/bin/docker build --no-cache -q -t built /context
    inner_dk run --rm built
    names_network
}

@test "without a policy of its own: the shared network that distro-net makes in there" {
    rm "$NESTED/engine$POLICY_PLACE"
    engine_runs -p 18080:8080
    load_inner_image
    inside podman run --rm busybox true
    is "$status" 126
    contains "$stderr" 'network.namespace: /run/netns/distros: the shared network does not exist; make it with `distro-net up`'
    inside_ok /contrib/distro-net up
    inner_pod run -d --name web -p 8080:80 busybox sh -c "$(serves 80 'a page')"
    inside_ok sh -c '[ /proc/$(podman inspect --format "{{.State.Pid}}" web)/ns/net -ef /run/netns/distros ]'
    wait_until page_is 127.0.0.1 18080 'a page'
    # its shared network has a way out
    busybox httpd -f -p 10.88.0.1:18090 -h "$DISTRO_SHIM_SOURCE" 3>&- &
    server=$!
    inner_pod exec web wget -q -O - http://10.88.0.1:18090/LICENSE
    kill $server && contains "$output" 'Apache License'
    inner_pod rm --all --force --time 0
    inside_ok /contrib/distro-net down
    inside_ok sh -c '! ip -br link | grep -v -e ^lo -e ^eth0 -e ^podman0'
}
