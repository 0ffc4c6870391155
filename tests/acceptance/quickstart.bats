#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# contrib/quickstart: the demo ends with 0 and leaves what it says, which is nothing.
# world: hybrid
# world, with --full: legacy v2

load ../bats/helpers
load rootfs

setup_file() { make_rootfs; }
setup() {
    requires root world cmd:nft
    start_test
    QUICKSTART=$DISTRO_SHIM_SOURCE/contrib/quickstart
    everything >before
}
teardown() {
    [ -e "$BATS_TEST_TMPDIR/before" ] || return 0
    # where a test has failed: the next one begins with what it cleans up
    [ -n "${BATS_TEST_COMPLETED:-}" ] || "$QUICKSTART" >/dev/null 2>&1 || true
    end_test
}

# A machine without a shared network: a network namespace and a /run/netns of its own.
# shellcheck disable=SC2016
alone() { unshare --mount --net sh -ec 'mount -t tmpfs tmpfs /run/netns && ip link set lo up && exec "$@"' sh "$@"; }
nothing_left() { everything | diff before -; }

@test "the demo ends with 0 and leaves nothing, in a network that is there and in one that it makes" {
    local where
    for where in '' alone; do
        run $where "$QUICKSTART"
        echo "$output"
        is "$status" 0
        contains "$output" $'exec alpha wget -q -O - http://localhost:8082\nThis is the page of beta.'
        contains "$output" $'exec beta wget -q -O - http://localhost:8081\nThis is the page of alpha.'
        contains "$output" "keep network.namespace"
        nothing_left
    done
    contains "$output" "/run/netns/distros is gone"
}

@test "a network that distro-net has made before stays" {
    alone bash -ec '
        contrib=$1/contrib shim=$2
        "$contrib/distro-net" up
        "$contrib/quickstart" >/dev/null
        "$contrib/distro-net" status
        "$contrib/distro-net" down' bash "$DISTRO_SHIM_SOURCE" "$DISTRO_SHIM"
    nothing_left
}

@test "interrupted or killed: nothing goes on running, and the next run cleans up and works" {
    local pid signal delay
    for signal in TERM INT HUP KILL; do
        for delay in 0.05 0.1 0.2; do
            # a background job would not get SIGINT
            env --default-signal=INT "$QUICKSTART" >out 2>&1 3>&- &
            pid=$!
            sleep $delay
            kill -$signal $pid || true
            wait $pid || true
            [ $signal = KILL ] || nothing_left
        done
        "$QUICKSTART" >out 2>&1 3>&- || { cat out && false; }
        nothing_left
    done
}

@test "a run that was killed before distro-net had begun: the next one leaves a network that it did not make" {
    mkdir /var/lib/distro-shim-quickstart
    touch /var/lib/distro-shim-quickstart/made-network
    run "$QUICKSTART"
    echo "$output"
    is "$status" 0
    nothing_left
}

@test "only one at a time" {
    mkdir /var/lib/distro-shim-quickstart
    run flock /var/lib/distro-shim-quickstart "$QUICKSTART"
    is "$status" 1
    contains "$output" "another quickstart is running"
    "$QUICKSTART" >out
    nothing_left
}

# A checkout with a build of its own, which takes no time.
checkout() { # DIRECTORY
    mkdir -p "$1" && cp -a "$DISTRO_SHIM_SOURCE/contrib" "$1/" || return 1
    printf '#!/bin/sh\necho autogen\n' >"$1/autogen.sh"
    printf '#!/bin/sh\nprintf "distro-shim:\\n\\tcp %s distro-shim\\n" >Makefile\n' "$DISTRO_SHIM" >"$1/configure"
    chmod 755 "$1/autogen.sh" "$1/configure"
}

@test "where there is no program it builds one, as the owner of the checkout, and the next run uses it" {
    chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR"
    checkout tree
    chown -R 2001:2001 tree
    run env -u DISTRO_SHIM tree/contrib/quickstart
    echo "$output"
    is "$status" 0
    contains "$output" "build: ./autogen.sh"
    is "$(stat -c %u tree/build/distro-shim)" 2001
    run env -u DISTRO_SHIM tree/contrib/quickstart
    is "$status" 0
    lacks "$output" autogen
    rm -r tree/build
    printf '#!/bin/sh\necho no compiler; exit 1\n' >tree/configure
    run env -u DISTRO_SHIM tree/contrib/quickstart
    is "$status" 1
    contains "$output" "the build has failed"
    rm -r tree
    nothing_left
}

@test "what is missing is named all at once, with the command of apt" {
    checkout tree
    # shellcheck disable=SC2016
    run env -u DISTRO_SHIM unshare --mount sh -ec '
        mkdir "$1/upper" "$1/work"
        mount -t overlay -o "lowerdir=/usr/bin,upperdir=$1/upper,workdir=$1/work" overlay /usr/bin
        rm -f /usr/bin/gcc /usr/bin/autoconf /usr/bin/busybox
        exec "$2"' sh "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/tree/contrib/quickstart"
    echo "$output"
    is "$status" 1
    contains "$output" "missing: gcc autoconf busybox-static"
    contains "$output" "apt-get install gcc autoconf busybox-static"
    rm -rf tree upper work
    nothing_left
}

@test "help, wrong arguments, and a user" {
    run "$QUICKSTART" --help
    is "$status" 0
    contains "$output" "usage: sudo contrib/quickstart"
    for argument in --bogus x; do
        run "$QUICKSTART" $argument
        is "$status" 2
        contains "$output" "unknown argument '$argument'; see --help"
    done
    run setpriv --reuid 65534 --clear-groups "$QUICKSTART"
    is "$status" 1
    contains "$output" "must be root"
    contains "$output" "sudo $QUICKSTART"
    DISTRO_SHIM=/nonexistent run "$QUICKSTART"
    is "$status" 1
    contains "$output" "/nonexistent does not run"
}
