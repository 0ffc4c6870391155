#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# namespaces.user "auto": each container has ids of the host of its own.
# world: hybrid legacy v2

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load policy

setup_file() { make_rootfs; }
setup() {
    requires userns kernel:6.3 # since then tmpfs can be idmapped
    start_policy_test
    IDS=/run/distro-shim/ids FILES=$BATS_TEST_TMPDIR/files
    mkdir "$FILES"
    mount -t tmpfs tmpfs "$FILES"
    auto 1000000 655360
}
teardown() {
    local id
    for id in "$SHIM_ROOT"/*; do [ ! -e "$id" ] || shim delete --force "${id##*/}"; done
    [ ! -e "${FILES:-}" ] || umount -R "$FILES"
    end_policy_test
}

# auto FIRST COUNT [SIZE [MORE-KEYS]]: the policy of this test
auto() { policy "{\"version\": 1, \"namespaces\": {\"user\": {\"auto\": {\"range\": [$1, $2], \"size\": ${3:-65536}}}}${4:+, $4}}"; }
# on_tmpfs NAME FILTER...: a bundle whose files are on a file system that can be idmapped, whatever the test's are on
on_tmpfs() {
    BATS_TEST_TMPDIR=$FILES bundle "$@"
}
claims() { (cd "$IDS" && find . -mindepth 2 -type f) 2>/dev/null | sed 's|^./||' | sort; }
first_of() { awk '{ print $2 }' "/proc/$(init_of "$1")/uid_map"; } # ID

# bats test_tags=smoke
@test "a container has ids of its own, and its files are root's on both sides" {
    local b first
    b=$(on_tmpfs c1 '.root.readonly = false' "$(args sh -c 'id -u; stat -c "%u:%g" /bin/busybox /etc; cat /proc/self/uid_map /proc/self/gid_map | xargs; touch /made; chown 7:8 /made; '"$SHOW"'; echo x >/dev/null; touch /tmp/t && sleep 1000')")
    shim_in 10 run -d -b "$b" c1 </dev/null >out 2>err
    wait_until [ -e "$b/rootfs/tmp/t" ]
    first=$(first_of c1)
    [ "$first" -ge 1000000 ]
    is "$(((first - 1000000) % 65536))" 0
    is "$(cat err)" ""
    is "$(cat out)" "0
0:0
0:0
0 $first 65536 0 $first 65536
$SHARED dsn lo"
    is "$(stat -c %u:%g "$b/rootfs/made" "$b/rootfs/tmp/t" | xargs)" "7:8 0:0"
    is "$(awk '/^[UG]id/ { print $2 }' "/proc/$(init_of c1)/status" | xargs)" "$first $first"
    is "$(claims)" "65536-$((first % 65536))/$first"
    # who comes later has them, too
    is "$(shim_in 10 exec c1 sh -c 'id -u; awk "{ print \$2 }" /proc/self/uid_map')" $'0\n'"$first"
    is "$(shim_in 10 explain c1 --format json | jq -c .ids)" "{\"first\":$first,\"size\":65536}"
    is "$(shim state c1 | jq -c .ids)" "{\"first\":$first,\"size\":65536}"
    is "$(shim list --format json | jq -c '.[0].ids')" "{\"first\":$first,\"size\":65536}"
    is "$(shim members --format json | jq -c '.[0].ids')" "{\"first\":$first,\"size\":65536}"
    contains "$(shim explain c1)" "ids: $first to $((first + 65535)) of the host"
    shim_in 15 delete --force c1
    is "$(claims)" ""
    # the same name, the same ids
    shim_in 10 run -d -b "$b" c1 </dev/null >out 2>err
    is "$(first_of c1)" "$first"
}

@test "many at once have none in common, and delete gives them back" {
    local b i firsts
    auto 1000000 6000 100
    b=$(on_tmpfs many "$(args sleep 1000)")
    one() { shim_in 60 create -b "$b" "c$1" </dev/null >"out.$1" 2>&1; }
    # 50 of 60 ranges: many names lead to one that is taken
    all_of one 50 $(seq 50)
    firsts=$(for i in $(seq 50); do first_of "c$i"; done | sort -u)
    is "$(wc -l <<<"$firsts")" 50
    is "$(awk '$1 < 1000000 || $1 >= 1006000 || $1 % 100' <<<"$firsts")" ""
    is "$(claims | wc -l)" 50
    for i in $(seq 50); do
        is "$(awk '{ print $1, $3 }' "/proc/$(init_of "c$i")/gid_map" | xargs)" "0 100"
        shim_in 20 delete --force "c$i" || return 1
    done
    is "$(claims)" ""
    is "$(find $IDS -mindepth 1 -printf '%P ')" "lock "
}

# elsewhere ID ARGUMENT...: with another state root, as another engine has one
elsewhere() { SHIM_ROOT=$FILES/second "$@"; }

@test "a full range is refused, whatever root and size the others have, and stale claims are not in the way" {
    local b second
    auto 1000000 4000 2000
    b=$(on_tmpfs c1 "$(args sleep 1000)")
    second=$(on_tmpfs second-bundle '.linux.cgroupsPath = "/second"' "$(args sleep 1000)")
    shim_in 10 create -b "$b" c1 </dev/null >out 2>err
    elsewhere shim_in 10 create -b "$second" c1 </dev/null >out 2>err
    is "$(claims | wc -l)" 2
    expect_error 'namespaces.user: all 2 ranges of 2000 ids from 1000000 on are in use; delete containers, or make namespaces.user.auto.range larger' create -b "$b" c3
    contains "$(shim explain -b "$b" c3)" "all 2 ranges of 2000 ids"
    [ ! -e "$SHIM_ROOT/c3" ]
    # of another size, and beginning elsewhere
    auto 1000500 3000 1500
    expect_error 'all 2 ranges' create -b "$b" c3
    auto 1000000 4000 20
    expect_error 'all 200 ranges' create -b "$b" c3
    auto 1000000 4000 4000
    expect_error 'all 1 ranges' create -b "$b" c3
    auto 1000000 5000 1000
    shim_in 10 create -b "$b" c3 </dev/null >out 2>err
    is "$(first_of c3)" 1004000
    auto 1000000 5000 5000
    expect_error 'all 1 ranges' create -b "$b" c4
    # a stopped container has its own still
    auto 1000000 4000 2000
    kill -KILL "$(init_of c1)"
    wait_until test_stopped c1
    expect_error 'all 2 ranges' create -b "$b" c4
    shim_in 10 delete c1
    shim_in 10 create -b "$b" c4 </dev/null >out 2>err
    expect_error 'all 2 ranges' create -b "$b" c5
    # one whose records are gone has nothing
    cp -a "$FILES/second" "$FILES/saved"
    rm -r "$FILES/second"
    shim_in 10 create -b "$b" c5 </dev/null >out 2>err
    mv "$FILES/saved" "$FILES/second"
    elsewhere shim_in 10 delete --force c1
    is "$(claims | wc -l)" 3
    expect_error 'all 2 ranges' create -b "$b" c6
}
