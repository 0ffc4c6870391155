#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Distributions with addresses of their own in units of a real systemd, which makes their groups.
# world: vm

load helpers
load policy
load address

setup_file() { make_rootfs; }
setup() {
    start_address_test
    [ -d /run/systemd/system ] || skip "needs systemd (tests/vm)"
}
teardown() { end_address_test; }

# bats test_tags=smoke
@test "two in units have one port, also after systemd has read its units anew; the tree of groups stays as systemd has it" {
    local options
    options=$(grep ' - cgroup2 ' /proc/self/mountinfo)
    for id in one two; do
        page_box $id
        edit_config $id ".linux.cgroupsPath = \"system.slice:shim:$id\""
        succeeds --systemd-cgroup run -d -b $id $id
    done
    systemctl daemon-reload
    for id in one two; do
        wait_until in_network page_is "$(address_of $id)" 8080 "page of $id"
        is "$(shim exec $id wget -q -O - http://127.0.0.1:8080/)" "page of $id"
    done
    [ "$(address_of one)" != "$(address_of two)" ]
    is "$(grep ' - cgroup2 ' /proc/self/mountinfo)" "$options"
    shim delete -f one
    shim delete -f two
}
