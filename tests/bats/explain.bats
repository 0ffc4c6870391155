#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What `explain` shows, and in which order. That it agrees with what is run is in policy.bats.
# world: hybrid

load helpers
load policy

setup_file() { make_rootfs; }
setup() { start_policy_test; }
teardown() { end_policy_test; }

@test "the decisions come first, and the plan for who asks for it" {
    local b
    b=$(bundle c1 "$(without network)" "$(args sleep 1000)")
    succeeds explain -b "$b"
    matches "$output" $'^policy: built-in, mode enforce\nnetwork: early, .*\nconfinement: .*\nverdict: accepted\n\ndecisions:\n\n'
    lacks "$output" $'\nplan:'
    lacks "$output" '/bin/busybox'
    decisions=$output
    succeeds explain -b "$b" --plan
    is "${output%%$'\n\nplan:\n'*}" "$decisions"
    contains "${output#*$'\n\nplan:\n'}" sleep

    # programs find both, with the option or without
    is "$(shim explain -b "$b" -f json | jq -r 'keys_unsorted | join(" ")')" \
        "policy network confinement refused observed decisions spec plan"
    is "$(shim explain -b "$b" -f json --plan)" "$(shim explain -b "$b" -f json)"

    # nothing runs, so there is none
    policy '{"version": 1, "network": {"requested": {"host": "refuse"}}}'
    succeeds explain -b "$b" --plan
    lacks "$output" $'\nplan:'
    SHIM_POLICY=
    shim_in 10 run -d -b "$b" c1 </dev/null
    expect_error 'container c1: the plan of a container is not recorded; --plan shows that of a bundle, with --bundle DIR' explain --plan c1
    is "$(shim explain c1 | grep -c '^decisions:')" 1
}
