#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Each distribution has an address of its own in the one network, out of a pool: all listen at the same ports.
# world: legacy hybrid v2

load helpers
load policy
load address

setup_file() { make_rootfs; }
setup() {
    start_policy_test
    ip -n distros link set lo up
    policy '{"version": 1, "network": {"address": "pool", "addressPool": {"v4": "10.78.0.0/24", "v6": "fd78::/64"}}}'
}
teardown() { end_address_test; }

@test "many listen at one port, each at its own address" {
    local i
    for i in 1 2 3 4 5; do page_box "d$i" && shim_in 10 run -d -b "d$i" "d$i" </dev/null; done
    for i in 1 2 3 4 5; do
        wait_until in_network page_is "$(address_of "d$i")" 8080 "page of d$i"
        is "$(shim_in 10 exec "d$i" wget -q -O - http://127.0.0.1:8080/)" "page of d$i"
    done
    is "$(for i in 1 2 3 4 5; do address_of "d$i"; done | sort -u | wc -l)" 5
    # one from another
    is "$(shim_in 10 exec d1 wget -q -O - "http://$(address_of d2):8080/")" "page of d2"
    shim delete -f d1
    for i in 2 3 4 5; do shim delete -f "d$i"; done
}
