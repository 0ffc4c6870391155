#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A distribution with an address of its own, broken at each step of its birth: no address, no entry of the pool and no group
# is left.
# world: legacy hybrid v2

load helpers
load policy
load address
load fault

setup_file() { make_rootfs; }
setup() {
    requires fault cmd:pgrep
    start_address_test
    BUNDLE=$(bundle fault "$(args sh -c 'trap exit TERM; echo running; while :; do sleep 0.1; done')")
    mapfile -t all < <(steps parent start)
}
teardown() { end_address_test; }

@test "an error at any step leaves nothing" {
    all_of fails_at 3 "${all[@]}"
    lives again
}

@test "the death of the runtime at any step leaves nothing behind one delete --force" {
    all_of dies_at 3 "${all[@]}"
    # what a command that was killed while it loaded the programs has left is no obstacle
    lives again
}
