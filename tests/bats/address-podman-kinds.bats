#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Podman and buildah, whose addresses are the containers' own, or those of a pool: networks that have no address to give,
# builds, and a resolver in a container.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load policy
load engines
load forward
load address-podman

POOL='"addressPool": {"v4": "10.78.0.0/24", "v6": "fd78::/64"}'
setup_file() { setup_own; }
teardown_file() { take_policy_place; }
setup() { start_own_test; }
teardown() {
    timeout -k 5 30 buildah rm --all 3>&- >/dev/null 2>&1 || true
    podman rmi --force made 3>&- >/dev/null 2>&1 || true
    end_own_test
}
warned() { "$DISTRO_SHIM" explain --format json "$(podman inspect --format '{{.Id}}' "$1")" | jq -r '.decisions[] | select(.action == "warn" and .rule == "network.address").why'; }

@test "--network none and host: an address of the pool, or, where there is none, those of the network, and a warning" {
    local kind
    for kind in none host; do
        ok run -d --network $kind --name one busybox sleep 1000
        is "$(addresses_of one)" ''
        contains "$(warned one)" 'network.addressPool'
        own_policy "\"address\": \"engine\", $POOL"
        box two --network $kind && box three --network $kind && box four --network bridge
        matches "$(addresses_of two)" '^10\.78\.0\.[0-9]+,fd78::'
        matches "$(addresses_of three)" '^10\.78\.0\.[0-9]+,fd78::'
        is "$(warned two)" ''
        for name in two three; do
            wait_until podman exec $name wget -q -O - http://127.0.0.1/
            gets $name http://127.0.0.1/ "page of $name"
            gets three "http://$(addresses_of $name | cut -d, -f1)/" "page of $name"
            gets three "http://[$(addresses_of $name | cut -d, -f2)]/cgi-bin/who" "[$(addresses_of three | cut -d, -f2)]"
        done
        is "$(addresses_of four)" "$(ip_of four)"
        ok rm -f -t 0 one two three four
        own_policy '"address": "engine"'
    done
}

@test "podman build and buildah: a step has an address of its own, and reaches others and is reached" {
    local engine
    ok network create --subnet 10.90.0.0/24 team
    box web --network team
    mkdir context
    printf '%s\n' 'FROM localhost/busybox:latest' \
        "RUN echo step >/home/index.html; httpd -p 80 -h /home; wget -q -O - http://127.0.0.1/; readlink /proc/self/ns/net; wget -q -O - http://$(ip_of web)/cgi-bin/who" >context/Dockerfile
    for engine in podman buildah; do
        if [ $engine = podman ]; then
            ok build --no-cache --network team -t made context
        else
            engine 40 buildah bud --isolation oci --runtime "$ENGINES_RUNTIME" --no-cache --network team -t made context
            it_succeeded buildah bud
        fi
        contains "$output" "$SHARED"
        contains "$output" $'\nstep'
        matches "$output" '\[::ffff:10\.90\.0\.[0-9]+\]'
        lacks "$output" '[::ffff:10.90.0.1]'
        lacks "$output" "[::ffff:$(ip_of web)]"
    done
    gets web http://127.0.0.1/ 'page of web'
    is "$("$DISTRO_SHIM" forwarding --format json | jq length)" 1
}

@test "pool: published ports lead to the pool's address, pods have one together, and restarts keep it" {
    local address pod
    own_policy "\"address\": \"pool\", $POOL"
    box one --network bridge -p 18081:80 && box two --network bridge -p 18082:80
    wait_until page_is 127.0.0.1 18081 'page of one'
    wait_until page_is 127.0.0.1 18082 'page of two'
    wait_until page_is "$(ip_of one)" 80 'page of one'
    wait_until page_is "$(host_address)" 18081 'page of one'
    address=$(addresses_of one)
    gets two "http://${address%,*}/" 'page of one'
    gets two "http://[${address#*,}]/" 'page of one'
    ok restart -t 0 one
    is "$(addresses_of one)" "$address"
    wait_until page_is 127.0.0.1 18081 'page of one'
    # without a network of Podman's, and in one
    for pod in red blue; do
        ok pod create --name $pod --network "$([ $pod = red ] && echo none || echo bridge)"
        ok run -d --pod $pod --name $pod-web busybox sh -c "$(serve "page of $pod")"
        ok run -d --pod $pod --name $pod-side busybox sleep 1000
        is "$(addresses_of $pod-side)" "$(addresses_of $pod-web)"
        gets $pod-side http://127.0.0.1/ "page of $pod"
    done
    gets red-side "http://$(addresses_of blue-web | cut -d, -f1)/" 'page of blue'
    ok pod rm -f -t 0 red
    gets blue-side http://127.0.0.1/ 'page of blue'
    ok run -d --network ns:/run/netns/distros --name three busybox sleep 1000
    ok run -d --network container:three --name side busybox sh -c "$(serve "page of side")"
    is "$(addresses_of three)" "$(addresses_of side)"
    gets three http://127.0.0.1/ 'page of side'
    gets two "http://$(addresses_of three | cut -d, -f1)/" 'page of side'
}

@test "a resolver in the container, at 127.0.0.1, as the C library of Alpine asks it: two at once" {
    local name at
    for name in one two; do
        at=127.0.0.1
        [ $name = one ] || at=0.0.0.0
        ok run -d --network bridge --name $name -v /usr:/usr:ro -v /lib64:/lib64:ro -v /lib:/lib:ro busybox /usr/bin/python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("'$at'", 53))
while True:
    query, asker = s.recvfrom(512)
    s.sendto(query + b" by '$name' of " + asker[0].encode(), asker)'
    done
    for name in one two; do
        # an answer from elsewhere than was asked is dropped there (musl, src/network/res_msend.c)
        ok exec $name /usr/bin/python3 -c '
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 0))
s.settimeout(1)
for tries in range(20):
    s.sendto(b"name?", ("127.0.0.1", 53))
    try:
        answer, server = s.recvfrom(512)
    except (TimeoutError, ConnectionRefusedError):
        time.sleep(0.1)
        continue
    print(answer.decode(), server == ("127.0.0.1", 53))
    break'
        is "$output" "name? by $name of 127.0.0.1 True"
    done
}
