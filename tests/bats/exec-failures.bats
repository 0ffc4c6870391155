#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec broken at each of its steps: by an error, by the death of a process, by one that stops.
# world: hybrid v2 vm
# world, with --full: legacy

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load exec

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() { end_test; }

@test "an error at any step: the error names it, nothing is left" {
    requires fault cmd:pgrep
    alive c1
    init=$(init_of c1)
    mapfile -t all < <(steps joiner process exec)
    [ "${#all[@]}" -gt 35 ]
    for step in "${all[@]}"; do
        fault "$step:fail"
        is "$status" 255
        matches "$(<out)" "^distro-shim: ${step#*:}: injected fault$"
        wait_until only_init
        [ ! -e pid ]
    done
    says ok c1 echo ok
}

@test "death at any step: nothing is left" {
    requires fault cmd:pgrep
    alive c1
    init=$(init_of c1)
    for step in $(steps joiner process); do
        fault "$step:kill"
        is "$status" 255
        matches "$(<out)" "ended (unexpectedly|before)" || matches "$(<out)" "without a word"
        wait_until only_init
        [ ! -e pid ]
    done
    # of the runtime: up to GO there is no program, and later the program is there
    for step in $(steps exec); do
        fault "$step:kill"
        is "$status" 137
        [ ! -e pid ]
        case $step in *:running | *:pidfd | *:pid-file) pkill_program || true ;; esac
        wait_until only_init
    done
    says ok c1 echo ok
}
pkill_program() {
    local pid
    for pid in $(pgrep -f 'sleep 4711'); do kill -KILL "$pid"; done
}

@test "a process that stops at any step, its runtime killed: nothing is left" {
    requires fault cmd:pgrep
    alive c1
    init=$(init_of c1)
    for step in $(steps joiner process exec); do
        DISTRO_SHIM_FAULT=$step:stop "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" exec -d --pid-file pid c1 sleep 4711 </dev/null >out 2>&1 3>&- &
        pid=$!
        name=${step#*:}
        wait_until stands_at "$name"
        kill -KILL "$pid"
        wait "$pid" 2>/dev/null || true
        case $step in
        *:running | *:pidfd | *:pid-file) pkill_program || true ;;
        # stopped before it asked to be told of its runtime's end
        *:session) let_go session ;;
        # stopped when its program was as good as there
        process:execute) let_go execute && wait_until pgrep -f 'sleep 4711' && pkill_program ;;
        esac
        wait_until only_init || { echo "left after $step" >&2 && false; }
    done
    says ok c1 echo ok
}
