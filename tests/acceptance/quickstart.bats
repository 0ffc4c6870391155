#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# world: hybrid
# world, with --full: legacy v2
# contrib/quickstart, without what needs a Debian mirror: it keeps its promises, can be repeated, and cleans up.

load helpers

setup_file() { make_rootfs; }

setup() {
    requires root world cmd:ss cmd:lsns cmd:ps
    start_test
    QUICKSTART=$DISTRO_SHIM_SOURCE/contrib/quickstart
    # the private machine has a network `distros` already, made by somebody else
    OWN=(--network other --subnet 10.78.0)
    everything >before
}

teardown() {
    [ -e "$BATS_TEST_TMPDIR/before" ] || return 0
    "$QUICKSTART" --clean >/dev/null 2>&1 || true
    end_test
}

quickstart() { "$QUICKSTART" --busybox-only "$@"; }

everything() {
    machine_state | grep -vE '^[0-9]+ [0-9]+$' # processes have other numbers
    nft list ruleset
    find /etc /var /run \( -path /run/.world -o -path /run/mount \) -prune -o -print | sort
    cat /proc/sys/net/ipv4/ip_forward
}

@test "two distributions: all promises hold, in a network of somebody else" {
    run quickstart
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"/run/netns/distros was there"* ]]
    [ "$(grep -c '^    ok  ' <<<"$output")" -eq 6 ]
    [[ "$output" == *"[8/8] stop and delete "* ]]
    # as wide as a terminal
    [ "$(wc -L <<<"$output")" -le 100 ]
    run quickstart
    [ "$status" -eq 0 ]
    [[ "$output" == *"busybox second: were there"* ]]
    run "$QUICKSTART" --clean
    [ "$status" -eq 0 ]
    [ -e /run/netns/distros ]
    everything >after
    diff before after
}

@test "a network of its own is taken away by --clean, but not under somebody else" {
    quickstart "${OWN[@]}"
    [ -e /run/netns/other ]
    policy '{ "version": 1, "network": { "namespace": "/run/netns/other" } }'
    where=$(bundle alpha "$(args sleep 1000)")
    shim create --bundle "$where" alpha </dev/null >alpha.log 2>&1
    run "$QUICKSTART" --clean
    [ "$status" -eq 1 ]
    [[ "$output" == *"these live in /run/netns/other: alpha"* ]]
    [ -e /run/netns/other ]
    shim delete --force alpha
    rm -rf "$SHIM_POLICY_DIRECTORY" "$where" "$SHIM_ROOT" alpha.log
    run "$QUICKSTART" --clean
    echo "$output"
    [ "$status" -eq 0 ]
    everything >after
    diff before after
}

@test "--keep leaves both running; the next run and --clean see to them" {
    quickstart --keep >out
    [ "$("$DISTRO_SHIM" members --quiet | sort | paste -s -d ' ')" = "quickstart-busybox quickstart-second" ]
    quickstart >out
    [ -z "$("$DISTRO_SHIM" members --quiet)" ]
    quickstart --keep >out
    "$QUICKSTART" --clean
    [ -z "$("$DISTRO_SHIM" members --quiet)" ]
}

@test "interrupted or killed: nothing goes on running, and the next run works" {
    local pid signal delay
    quickstart >out
    for signal in TERM INT HUP KILL; do
        for delay in 0.1 0.2 0.35 0.5; do
            # a background job would not get SIGINT
            env --default-signal=INT "$QUICKSTART" --busybox-only >out 2>&1 3>&- &
            pid=$!
            sleep $delay
            kill -$signal $pid || true
            wait $pid || true
            [ $signal = KILL ] || [ -z "$("$DISTRO_SHIM" members --quiet)" ]
        done
        quickstart >out
    done
}

@test "only one at a time" {
    mkdir /run/distro-shim-quickstart
    # for longer than it waits
    run flock /run/distro-shim-quickstart "$QUICKSTART" --busybox-only
    [ "$status" -eq 1 ]
    [[ "$output" == *"another quickstart is running"* ]]
    quickstart >out
}

@test "no Debian mirror: the step, the reason, the way out" {
    requires cmd:mmdebstrap
    run "$QUICKSTART"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ "$output" == *"FAILED in step 4, root file systems: Debian's root file system could not be made"* ]]
    [[ "$output" == *"without a mirror: contrib/quickstart --busybox-only"* ]]
    [[ "$output" == *"log: /var/cache/distro-shim/quickstart/log/4"* ]]
    [ ! -e /var/cache/distro-shim/quickstart/debian.new ]
    "$QUICKSTART" --clean
    everything >after
    diff before after
}

@test "a promise that does not hold is noticed" {
    # a runtime that leaves the distributions in the host's IPC namespace
    cat >fake <<EOF
#!/bin/bash
all=("\$@")
while [ \$# -gt 0 ] && [ "\$1" != create ]; do shift; done
if [ \$# -gt 0 ]; then
    echo '{ "version": 1, "mode": "observe" }' >/run/distro-shim-quickstart/policy.json
    sed -i -z 's/{[[:space:]]*"type": "ipc"[[:space:]]*},//' "\$3/config.json"
fi
exec "$DISTRO_SHIM" "\${all[@]}"
EOF
    chmod +x fake
    DISTRO_SHIM=$BATS_TEST_TMPDIR/fake run quickstart
    echo "$output"
    [ "$status" -eq 1 ]
    [[ "$output" == *"the promise does not hold: each has its own ipc namespace"* ]]
    [ -z "$("$DISTRO_SHIM" members --quiet)" ]
}

@test "what is missing elsewhere than on Debian is listed with the names of its packages" {
    # a machine without apt and without a compiler
    # shellcheck disable=SC2016
    run env -u DISTRO_SHIM unshare --mount sh -ec '
        mkdir "$1/upper" "$1/work"
        mount -t overlay -o "lowerdir=/usr/bin,upperdir=$1/upper,workdir=$1/work" overlay /usr/bin
        rm /usr/bin/apt-get /usr/bin/gcc /usr/bin/autoreconf
        exec "$2" --busybox-only' sh "$BATS_TEST_TMPDIR" "$QUICKSTART"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ "$output" == *"these are missing: "*gcc*autoreconf* ]]
    [[ "$output" == *"Fedora: dnf install "* ]]
    [[ "$output" == *"Alpine: apk add "* ]]
}

@test "wrong arguments, and a user without sudo" {
    local arguments
    for arguments in --bogus "--network a/b" "--network ." "--cache relative" "--cache /a/../b" "--cache" "--cache /a;b"; do
        # shellcheck disable=SC2086
        run quickstart $arguments
        [ "$status" -eq 1 ]
    done
    run "$QUICKSTART" --help
    [ "$status" -eq 0 ]
    DISTRO_SHIM=/nonexistent run quickstart
    [ "$status" -eq 1 ]
    [[ "$output" == *"DISTRO_SHIM=/nonexistent is no program"* ]]
    run env PATH=/usr/bin:/bin setpriv --reuid 65534 --clear-groups "$QUICKSTART" --clean
    [ "$status" -eq 1 ]
    [[ "$output" == *"must be root"* ]] || command -v sudo
}
