#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Of two distributions that have ended, however they have, and of their network nothing is left.
# world: hybrid
# world, with --full: legacy v2

load ../bats/helpers
load rootfs

setup_file() { make_distributions; }
setup() {
    requires_distributions
    requires cmd:nft
    start_test
    NET=(--name other --subnet 10.78.0)
    no_empty_directories
    everything >before
}
# of the runtime; what is in them, stays
no_empty_directories() { rmdir /run/distro-shim/members /run/distro-shim 2>/dev/null || true; }
teardown() {
    [ -e "$BATS_TEST_TMPDIR/before" ] || return 0
    [ -n "${BATS_TEST_COMPLETED:-}" ] || { distro_net down; ip netns del other; } >/dev/null 2>&1 || true
    end_test
}
distro_net() { "$DISTRO_SHIM_SOURCE/contrib/distro-net" "$1" "${NET[@]:0:2}" "${@:2}"; }

@test "stopped, deleted by force, killed behind the runtime's back: no process, mount, group or record is left" {
    local way name
    for way in stop force kill; do
        rm -f ./*.log
        start_both
        wait_for_answers
        # the check finds what lives
        contains "$(leftovers)" "process ${PID[debian]}"
        for name in "${NAMES[@]}"; do
            case $way in
            stop) shim kill "$name" TERM ;;
            kill) kill -KILL "${PID[$name]}" ;;
            esac
        done
        for name in "${NAMES[@]}"; do
            if [ $way = force ]; then
                shim delete --force "$name"
            else
                wait_until eval "[ \"\$(state_of $name)\" = stopped ]"
                shim delete "$name"
            fi
        done
        is "$(leftovers)" ""
    done
}

@test "distro-net down is refused while they live in the network, and then leaves the machine as it was" {
    distro_net up "${NET[@]:2}"
    policy '{ "version": 1, "network": { "namespace": "/run/netns/other" } }'
    start_both '(.linux.namespaces[] | select(.type == "network") | .path) |= "/run/netns/other"'
    wait_for_answers
    namespaces_hold /run/netns/other
    pages_hold
    run distro_net down
    is "$status" 1
    matches "$output" "these live in /run/netns/other: (busybox, debian|debian, busybox);"
    namespaces_hold /run/netns/other
    for name in "${NAMES[@]}"; do shim delete --force "$name"; done
    distro_net down
    is "$(leftovers)" ""
    rm -rf "$SHIM_POLICY_DIRECTORY" "$SHIM_ROOT" busybox debian ./*.pid ./*.log
    no_empty_directories
    everything | diff before -
}
