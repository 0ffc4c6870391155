#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# contrib/integrate, killed at any of its steps: again, it ends what it had begun, and --undo makes it what it was.
# world: hybrid

load helpers
load integrate

setup() {
    start_integrate_test
    root_alone_writes
}
teardown() { end_integrate_test; }

# What users have.
begin() {
    rm -rf "$ETC" && mkdir -p "$ETC/docker" "$ETC/containerd" "$ETC/containers"
    printf '{"a": 1}' >"$ETC/docker/daemon.json"
    printf 'version = 2' >"$ETC/containerd/config.toml"
}
# mended ENGINE [OPTION]...: whatever it is killed at, written or taken back
mended() {
    local step
    begin
    everything >before
    integrate "$@" >words
    everything >once
    for ((step = 1; step <= 60; step++)); do
        begin
        killed_at "$step" "$@"
        cp -a "$ETC" "$ETC.half"
        integrate "$1" --undo >words
        everything | diff before -
        # again
        rm -r "$ETC" && mv "$ETC.half" "$ETC"
        integrate "$@" >words
        everything | diff once -
        [ "$killed" != 0 ] || break
    done
    echo "$*: $((step - 1)) steps" && [ "$step" -gt 3 ] && [ "$killed" = 0 ]
    for ((step = 1; step <= 60; step++)); do
        begin
        integrate "$@" >words
        killed_at "$step" "$1" --undo
        integrate "$1" --undo >words
        everything | diff before -
        [ "$killed" != 0 ] || break
    done
    echo "$*, undone: $((step - 1)) steps" && [ "$step" -gt 1 ] && [ "$killed" = 0 ]
}

@test "podman" { mended podman --network lab; }
@test "containerd" { mended containerd --network lab; }
@test "docker --only, for a network" { mended docker --only --network lab; }
