#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A distribution with an address of its own is saved and goes on at that address.
# world: hybrid v2 vm
# world, with --full: legacy

load helpers
load policy
load address
load checkpoint

setup_file() { make_rootfs; }
setup() { start_address_test; }
teardown() {
    local id
    for id in "$SHIM_ROOT"/*; do [ ! -e "$id" ] || shim delete -f "${id##*/}"; done
    end_address_test
}

works() {
    requires criu
    shim checkpoint --help >/dev/null
}

# bats test_tags=smoke
@test "a server that is restored is at its address, and what it makes from then on has it" {
    works
    local address
    page_box one
    succeeds run -d -b one one
    address=$(address_of one)
    wait_until in_network page_is "$address" 8080 "page of one"
    attempt checkpoint --image-path images --work-path work one
    [[ $stderr != *"Can't get 1:34 opt"* ]] || skip "needs a criu that does not ask SO_PASSSEC of a TCP socket, which Linux 6.16 refuses (tests/vm)"
    is "$status" 0
    is "$(ip -n distros -o addr show dev lo | grep -c " $address/32 ")" 0
    succeeds restore -d -b one --image-path images --work-path work one
    is "$(address_of one)" "$address"
    wait_until in_network page_is "$address" 8080 "page of one"
    is "$(shim_in 10 exec one wget -q -O - http://127.0.0.1:8080/)" "page of one"
    # its program is held to it, as that of exec is
    shim_in 10 exec one sh -c 'httpd -p 7070 -h /home'
    in_network page_is "$address" 7070 "page of one"
    shim delete -f one
}

@test "an address that another container has taken meanwhile: it is not restored at another one" {
    works
    local b i
    policy '{"version": 1, "network": {"address": "pool", "addressPool": {"v4": "10.78.0.0/29"}}}'
    b=$(bundle box "$(sleeping)")
    for i in 1 2 3 4 5; do succeeds run -d -b "$b" "d$i"; done
    succeeds checkpoint --image-path images --work-path work d3
    succeeds run -d -b "$b" d6
    expect_error 'no address of the network.s pool' restore -d -b "$b" --image-path images --work-path work d3
    [ ! -e "$SHIM_ROOT/d3" ]
    shim delete -f d6
    succeeds restore -d -b "$b" --image-path images --work-path work d3
    for i in 1 2 3 4 5; do shim delete -f "d$i"; done
}
