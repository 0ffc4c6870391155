#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Podman with --systemd, under a policy with the key systemd: what both give is there once.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines
load distribution

setup_file() {
    make_rootfs
    setup_podman
    make_distribution
    echo '{"version": 1, "systemd": true}' >/run/systemd.json
}
setup() { requires root world && start_engine_test podman; }
teardown() { end_podman_test; }

is_booted() { podman exec "$1" systemctl is-active default.target own.service | xargs | grep -qx 'active active'; }
# boots NAME [FLAG]...: a detached container that has come to its default target
boots() {
    cp -a "$BATS_FILE_TMPDIR/distribution" "$BATS_TEST_TMPDIR/$1"
    ok --runtime-flag policy=/run/systemd.json run -d --name "$1" -v /usr:/usr:ro "${@:2}" --rootfs "$BATS_TEST_TMPDIR/$1" /usr/lib/systemd/systemd
    wait_until is_booted "$1"
}

@test "a systemd boots with or without Podman's own --systemd, and podman stop stops it" {
    local flag place
    needs_systemd
    for flag in true false; do
        boots "with-$flag" --systemd=$flag --stop-signal SIGRTMIN+3
        ok exec "with-$flag" sh -c 'tr "\\0" "\\n" </proc/1/cmdline | grep -c ^systemd.mask='
        is "$output" 3
        for place in /run /run/lock /tmp; do
            ok exec "with-$flag" sh -c "grep -c ' $place ' /proc/self/mountinfo"
            is "$place $output" "$place 1"
        done
        ok exec "with-$flag" systemctl show -P LoadState console-getty.service
        is "$output" masked
        ok stop -t 20 "with-$flag"
        # it has come to its end, and was not killed
        ok inspect --format '{{.State.ExitCode}}' "with-$flag"
        is "$output" 0
        ok rm "with-$flag"
    done
}
