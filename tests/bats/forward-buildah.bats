#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real buildah, and Podman's `build`, which is the same: what it runs is in the shared network, reaches and is reached as
# in the network that it asked for, and leaves nothing. It sets networks up between create and start.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines
load forward

setup_file() { make_rootfs && setup_podman; }
setup() {
    requires root world cmd:buildah && start_engine_test podman
    another_machine && ok network create --subnet 10.90.0.0/24 team
    ok run -d --network team --name web busybox sh -c "$(serves 80 'a page')"
    mkdir context
}
teardown() {
    [ ! -e "$BATS_TEST_TMPDIR/server.pid" ] || kill "$(<"$BATS_TEST_TMPDIR/server.pid")"
    timeout -k 5 30 buildah rm --all 3>&- >/dev/null 2>&1 || true
    podman rmi --force made 3>&- >/dev/null 2>&1 || true
    timeout -k 5 60 podman rm --all --force --time 0 3>&- >/dev/null
    podman network rm -f team 3>&- >/dev/null
    end_another_machine
    end_podman_test
}
# a page on the other machine, at port 9000
serve_there() {
    mkdir there && echo 'a page from there' >there/index.html
    (cd there && exec ip netns exec another python3 -m http.server 9000 >/dev/null 2>&1 3>&- </dev/null) &
    echo $! >"$BATS_TEST_TMPDIR/server.pid"
    wait_until from_there page_is 10.200.0.2 9000 'a page from there'
}
bah() { engine 40 buildah "$@"; }
bah_ok() {
    bah "$@"
    it_succeeded buildah "$@"
}
OCI=(--isolation oci --runtime "$ENGINES_RUNTIME")
nothing_else() { is "$("$ENGINES_RUNTIME" forwarding --format json | jq -c '[.[].containers[].id]')" "[\"$(podman inspect --format '{{.Id}}' web)\"]"; }

@test "podman build and buildah bud: each step reaches the network that was asked for, and other machines" {
    serve_there
    address=$(podman inspect --format '{{.NetworkSettings.Networks.team.IPAddress}}' web)
    printf '%s\n' 'FROM localhost/busybox:latest' 'RUN readlink /proc/self/ns/net; wget -q -O - http://10.200.0.2:9000/' \
        "RUN wget -q -O - http://$address/" >context/Dockerfile
    for engine in podman buildah; do
        if [ $engine = podman ]; then
            ok build --no-cache --network team -t made context
        else
            bah_ok bud "${OCI[@]}" --no-cache --network team -t made context
        fi
        for text in "$SHARED" 'a page from there' $'\na page'; do contains "$output" "$text"; done
        nothing_else
    done
}

@test "networks that a build may ask for: each is the shared one" {
    serve_there
    printf '%s\n' 'FROM localhost/busybox:latest' 'RUN readlink /proc/self/ns/net; wget -q -O - http://10.200.0.2:9000/' >context/Dockerfile
    for network in host none private podman; do
        ok build --no-cache --network $network -t made context
        contains "$output" "$SHARED"
        contains "$output" 'a page from there'
        nothing_else
    done
}

@test "buildah run: the address that it has in its network leads to it while it runs, and nothing is left" {
    bah_ok from --network team localhost/busybox:latest
    made=$output
    mkdir talk
    buildah run "${OCI[@]}" -v "$PWD/talk:/talk" "$made" sh -c "readlink /proc/self/ns/net; $(serves 82 'a page of a build'); hostname -i >/talk/new
        mv /talk/new /talk/address; i=0; until [ -e /talk/over ] || [ \$i = 200 ]; do sleep 0.1; i=\$((i + 1)); done" >run.out 2>&1 3>&- </dev/null &
    pid=$!
    wait_until test -e talk/address
    contains "$(<run.out)" "$SHARED"
    wait_until page_is "$(<talk/address)" 82 'a page of a build'
    ok exec web wget -q -O - "http://$(<talk/address):82/"
    is "$output" 'a page of a build'
    touch talk/over
    wait_until eval "! kill -0 $pid"
    wait_until nothing_else
    bah_ok run "${OCI[@]}" "$made" wget -q -O - "http://$(podman inspect --format '{{.NetworkSettings.Networks.team.IPAddress}}' web)/"
    is "$output" 'a page'
}
