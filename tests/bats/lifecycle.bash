# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the tests of the lifecycle share: `load lifecycle` after `load helpers`.

# A program that lasts until it is told to end: TERM, or the signals that it is asked to note in /noted.
lasting() {
    # shellcheck disable=SC2016 # for the shell in the container
    args sh -c 'for s in HUP INT USR1 USR2; do trap "echo $s >>/noted" $s; done
        trap "exit 7" TERM; echo ready >/noted
        while :; do sleep 1 & wait $!; done'
}
# The container's program has put its traps up.
is_ready() { grep -qs ready "$1/rootfs/noted"; }
# make_running NAME: in the background, ready
make_running() {
    bundle "$1" "$(lasting)" >bundle.path
    succeeds run -d -b "$(<bundle.path)" "$1"
    wait_until is_ready "$(<bundle.path)"
}
has_status() { [ "$(state_of "$1")" = "$2" ]; }
