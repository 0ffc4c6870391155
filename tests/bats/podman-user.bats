#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Podman under namespaces.user "auto", which it does not know of.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines

setup_file() { make_rootfs && setup_podman; }
setup() {
    requires root world kernel:6.3 # since then tmpfs can be idmapped
    start_engine_test podman
    policy '{"version": 1, "namespaces": {"user": {"auto": {"range": [3000000, 655360]}}}}'
    # what is on tmpfs
    ROOT=/var/lib/containers/root.$BATS_TEST_NUMBER
    cp -a "$BATS_FILE_TMPDIR/rootfs" "$ROOT"
}
teardown() {
    end_podman_test
    rm -rf "$ROOT"
}
policed() { pod --runtime-flag "policy=$SHIM_POLICY" "$@"; }

@test "a root file system on tmpfs has ids of its own, and volumes are as they are asked for" {
    local first
    policed run --rm --rootfs "$ROOT" sh -c "$NAMESPACES"'; cat /proc/self/uid_map; id -u; touch /made /dev/shm/made; cat /etc/hosts >/dev/null; hostname >/dev/null; echo written >/dev/null'
    it_succeeded podman run
    promised "$output"
    first=$(awk '$3 == 65536 { print $2 }' <<<"$output")
    [ "$first" -ge 3000000 ]
    is "$(stat -c %u "$ROOT/made")" 0
    mkdir "$ROOT.volume"
    chmod 700 "$ROOT.volume"
    policed run --rm -v "$ROOT.volume:/v" --rootfs "$ROOT" touch /v/made
    is "$status" 1
    policed run --rm -v "$ROOT.volume:/v:idmap" --rootfs "$ROOT" touch /v/made
    if podman_since 5; then
        # it keeps that to itself, for a container of which it knows no ids
        is "$status" 1
    else
        is "$status $stderr" "0 "
        is "$(stat -c %u "$ROOT.volume/made")" 0
    fi
    rm -r "$ROOT.volume"
    policed run -d --name c1 --rootfs "$ROOT" sleep 1000
    policed exec c1 sh -c 'id -u; awk "{ print \$1, \$3 }" /proc/self/uid_map'
    is "$output" $'0\n0 65536'
    podman stop --time 0 c1 3>&- >/dev/null
    policed start c1
    it_succeeded podman start
    podman rm --force --time 0 c1 3>&- >/dev/null
}

@test "layers of overlay, and pods, are refused by name" {
    policed run --rm busybox true
    [ "$status" = 0 ] || contains "$stderr" "a file system of the type overlay"
    policed pod create --name p1
    policed run --rm --pod p1 --rootfs "$ROOT" true
    [ "$status" != 0 ]
    contains "$stderr" "namespaces.user: "
}
