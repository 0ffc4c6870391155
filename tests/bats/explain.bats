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

@test "--engine: how each engine asks for what the policy gives, of a bundle and of a container" {
    local b engine
    b=$(bundle c1 "$(without network)" "$(capabilities CAP_NET_RAW)" "$(args sleep 1000)")
    succeeds explain -b "$b" --engine podman
    contains "$output" $'\n\npodman:\n\nnetwork.requested.host\n    --network ns:/run/netns/distros; for all containers netns = "ns:/run/netns/distros" in'
    contains "$output" $'\nnetwork.admin\n    --cap-drop NET_ADMIN --cap-drop NET_RAW'
    lacks "${output#*podman:}" network.peerDescriptors # kept
    for engine in docker containerd; do
        is "$(shim explain -b "$b" --engine $engine -f json | jq -c '[.engine.name, (.engine.remedies | map(.rule))]')" \
            "[\"$engine\",[\"network.requested.host\",\"network.admin\"]]"
    done
    contains "$(shim explain -b "$b" --engine containerd)" "ctr run --with-ns network:/run/netns/distros; "
    contains "$(shim explain -b "$b" --engine docker)" "--network container:NAME of a container that is in it"
    is "$(shim explain -b "$b" -f json | jq .engine)" null

    shim_in 10 run -d -b "$b" c1 </dev/null
    contains "$(shim explain --engine podman c1)" $'\nnetwork.requested.host\n    --network ns:/run/netns/distros'
    is "$(shim explain c1 --engine podman -f json | jq -r '.engine.remedies[0].rule')" network.requested.host

    # what is not of the engine's making no option of it changes; and where nothing is to be changed there is nothing to say
    policy '{"version": 1, "network": {"namespace": "/run/netns/missing"}, "procSys": "requested"}'
    b=$(bundle c2 "$(path_of network /run/netns/missing)" "$(args true)" 'del(.linux.seccomp)')
    succeeds explain -b "$b" --engine docker
    contains "$output" "does not exist; make it with"
    contains "$output" $'\n\ndocker:\n\nno option of it changes any of these decisions'
    policy '{"version": 1, "network": {"namespace": "self"}}'
    b=$(bundle c3 "$(new network)" "$(args true)")
    contains "$(shim explain -b "$b" --engine podman)" $'\nnetwork.requested.new\n    --network host'
    expect_error '--engine' explain -b "$b" --engine rkt
}
