#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Processes of real engines are killed: what leads to their containers leads there as long as these live, and what is
# left of the dead is shown, and ended by the clean-up.
# world: hybrid

load helpers
load engines
load forward

setup_file() { make_rootfs && setup_podman && setup_containerd; }
teardown_file() { teardown_containerd; }
setup() { requires root world; }
teardown() {
    [ ! -e /run/netns/netns-one ] || ip netns del netns-one
    if [[ $BATS_TEST_DESCRIPTION == *containerd* ]]; then end_containerd_test; else end_podman_test; fi
}

forwarding() { "$DISTRO_SHIM" forwarding "$@" >shown; }
is_stale() { forwarding && grep -q " stale .* $1 " shown; } # ID
is_status_stale() { # ID: what distro-net shows
    DISTRO_SHIM=$DISTRO_SHIM "$DISTRO_SHIM_SOURCE/contrib/distro-net" status distros >shown || true
    grep -q " stale .* $1 " shown
}
nothing_leads() { [ "$(forwarding_links)" = 0 ] && [ -z "$(ls /run/distro-shim/decoys)" ]; }

@test "Podman: conmon is killed, then the container" {
    start_engine_test podman
    ok run -d --network bridge --name web -p 18080:80 busybox sh -c "$(serves 80 'a page')"
    wait_until page_is 127.0.0.1 18080 'a page'
    id=$(podman inspect --format '{{.Id}}' web)
    init=$(pid_of web)
    kill -KILL "$(podman inspect --format '{{.State.ConmonPid}}' web)"
    page_is 127.0.0.1 18080 'a page'
    forwarding --end-stale
    page_is 127.0.0.1 18080 'a page'
    kill -KILL "$init"
    wait_until is_stale "$id"
    is_status_stale "$id"
    forwarding --end-stale
    no_forwarding
    ok rm -f -t 0 web
    # without conmon Podman does not ask for that
    "$DISTRO_SHIM" delete --force "$id"
}

@test "Podman itself is killed at any time: what it has made, and forgotten, is ended by a delete or the clean-up" {
    start_engine_test podman
    networks=$(ip netns)
    for pause in 0.05 0.1 0.15 0.2 0.25 0.3 0.35 0.4; do
        timeout -s KILL $pause podman run -d --network bridge --name web -p 18080:80 busybox sleep 1000 >/dev/null 2>&1 3>&- </dev/null || true
        timeout 20 podman rm -f -t 0 web >/dev/null 2>&1 3>&- </dev/null || true
        for id in /run/distro-shim/containers/*; do [ ! -e "$id" ] || "$DISTRO_SHIM" delete --force "${id##*/}"; done
        nothing_leads || forwarding --end-stale
        no_forwarding
    done
    # networks and a bridge of Podman's own, which it has forgotten, too
    ip link del podman0 2>/dev/null || true
    for name in $(comm -13 <(sort <<<"$networks") <(ip netns | sort) | cut -d ' ' -f 1); do ip netns del "$name"; done
}

@test "containerd: its shim is killed, and ends the container" {
    start_engine_test containerd
    ip netns add netns-one
    ip -n netns-one link set lo up && ip -n netns-one addr add 10.99.1.2/24 dev lo
    ct_ok "${CT_RUN[@]}" -d --with-ns network:/run/netns/netns-one "$CTR_IMAGE" box sleep 1000
    is "$(forwarding_links)" 1
    kill -KILL "$(pgrep -f 'containerd-shim-runc-v2 .*-id box ')"
    wait_until nothing_leads
    ct containers delete box
}
