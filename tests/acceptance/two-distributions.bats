#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Two distributions, busybox and Debian, keep what a user is promised: one network, and nothing else in common.
# world: hybrid
# world, with --full: legacy v2

load ../bats/helpers
load rootfs

setup_file() { make_distributions; }
setup() {
    requires_distributions
    start_test
}
teardown() { end_test; }

@test "one network; processes, mounts, IPC, host name and groups each its own; each gets the page of the other" {
    start_both
    wait_for_answers
    namespaces_hold /run/netns/distros
    pages_hold
    processes_hold
    contains "$(said debian name)" Debian
    is "$(shim exec debian bash -c 'echo $BASH_VERSION; ls -d /usr/bin/dpkg' | tail -n 1)" /usr/bin/dpkg
    # asked once more, by a process that exec brings in
    for name in "${NAMES[@]}"; do
        # shellcheck disable=SC2046 # words of a command
        is "$(shim exec "$name" $(ask_command "$name" "${PORT[${OTHER[$name]}]}"))" "$(said "${OTHER[$name]}" page)"
    done
    is "$("$DISTRO_SHIM" members --quiet | sort | paste -s -d ' ')" "busybox debian"
}

@test "explain says beforehand what runs then" {
    local name explained want
    for name in "${NAMES[@]}"; do
        bundle_of "$name"
        explained=$(shim explain --bundle "$BATS_TEST_TMPDIR/$name" --format json "$name" | tr -d ' \n')
        for want in '"refused":false' '"join":"early"' "\"path\":\"$BATS_FILE_TMPDIR/$name\"" '"path":"/run/netns/distros"' \
            "\"hostname\":\"$name\"" '"args":["/init"]' '{"type":"pid"}' '{"type":"mount"}'; do
            contains "$explained" "$want"
        done
        lacks "$explained" '"terminal":true'
    done
}

@test "a promise that does not hold is noticed" {
    local kind
    # a policy that only observes lets a distribution stay in the host's namespaces
    policy '{ "version": 1, "mode": "observe" }'
    for kind in pid ipc uts cgroup network; do
        rm -f ./*.log
        start_both "del(.linux.namespaces[] | select(.type == \"$kind\")) |
            if \"$kind\" == \"uts\" then del(.hostname) else . end | if \"$kind\" == \"network\" then del(.mounts[] | select(.type == \"sysfs\")) else . end"
        wait_for_answers
        run namespaces_hold /run/netns/distros
        is "$status" 1
        matches "$output" "the promise does not hold: (each has its own ${kind}|the network is not the host's)"
        for name in "${NAMES[@]}"; do shim delete --force "$name"; done
    done
}
