# SPDX-License-Identifier: Apache-2.0
# pause and resume, what a paused container lets be done to it, and signals to all of a container.
# world: hybrid v2 vm
# world, with --full: legacy

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
has_status() { [ "$(state_of "$1")" = "$2" ]; }
teardown() {
    thaw /test-above 2>/dev/null || true
    end_test
}

freezer() { [ "$DISTRO_SHIM_WORLD" = v2 ] && echo /sys/fs/cgroup || echo /sys/fs/cgroup/freezer; }
freeze() { [ "$DISTRO_SHIM_WORLD" = v2 ] && echo 1 >"$(freezer)$1/cgroup.freeze" || echo FROZEN >"$(freezer)$1/freezer.state"; }
thaw() { [ "$DISTRO_SHIM_WORLD" = v2 ] && echo 0 >"$(freezer)$1/cgroup.freeze" || echo THAWED >"$(freezer)$1/freezer.state"; }
pid_of() { shim state "$1" | jq .pid; }
gone() { [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }
# A container that counts in a file of its own
counting() {
    b=$(bundle c1 "$(args sh -c 'while :; do echo x >>/count; sleep 0.02; done')" '.root.readonly = false' "$@")
    succeeds run -d -b "$b" c1
    wait_until test -s "$b/rootfs/count"
}
count() { stat -c %s "$b/rootfs/count"; }
grows() { [ "$(count)" -gt "$1" ]; }

# bats test_tags=smoke
@test "a paused container stands still, says so, and goes on" {
    counting
    succeeds pause c1
    is "$(state_of c1)" paused
    is "$(shim list | awk '$1 == "c1" { print $3 }')" paused
    before=$(count)
    sleep 0.2
    is "$(count)" "$before"
    succeeds resume c1
    is "$(state_of c1)" running
    wait_until grows "$before"
}

@test "pause and resume of what is not in the state for it are errors" {
    counting
    expect_error 'cannot resume container c1: it is not paused' resume c1
    succeeds pause c1
    expect_error 'cannot pause container c1: it is paused already' pause c1
    succeeds resume c1
    shim kill c1 KILL
    wait_until has_status c1 stopped
    expect_error 'cannot pause container c1: container not running' pause c1
    expect_error 'cannot resume container c1: container not running' resume c1
    expect_error 'container does not exist' pause nobody
    expect_error 'container does not exist' resume nobody
}

@test "a created container can be paused, and is not started then" {
    b=$(bundle c1 "$(args sleep 1000)")
    succeeds create -b "$b" c1
    succeeds pause c1
    is "$(state_of c1)" paused
    expect_error 'cannot start a paused container' start c1
    succeeds resume c1
    is "$(state_of c1)" created
    succeeds start c1
}

@test "a paused container can be killed and deleted" {
    for how in 'kill c1 KILL' 'kill --all c1 9' 'delete --force c1'; do
        rm -rf "$BATS_TEST_TMPDIR/c1"
        counting
        pid=$(pid_of c1)
        succeeds pause c1
        # shellcheck disable=SC2086 # words
        succeeds $how
        wait_until gone "$pid"
        succeeds delete --force c1
    done
}

@test "a paused container that is not to be killed stays paused and finds its signal later" {
    counting
    pid=$(pid_of c1)
    succeeds pause c1
    expect_error 'cannot delete container c1 that is not stopped: paused' delete c1
    succeeds kill --all c1 TERM
    is "$(state_of c1)" paused
    succeeds resume c1
    is "$(state_of c1)" running
}

@test "what a group above has frozen is paused and cannot be resumed" {
    mkdir "$(freezer)/test-above"
    counting '.linux.cgroupsPath = "/test-above/c1"'
    freeze /test-above
    wait_until has_status c1 paused
    expect_error "cgroup '/test-above/c1' is frozen by a cgroup above it" resume c1
    thaw /test-above
    wait_until has_status c1 running
    succeeds delete --force c1
    find /sys/fs/cgroup -maxdepth 2 -name test-above -prune -exec rmdir {} +
}

@test "without a cgroup there is nothing to freeze" {
    b=$(bundle c1 "$(args sleep 1000)")
    succeeds --cgroup-manager disabled run -d -b "$b" c1
    expect_error 'cannot pause container c1: it has no cgroup' pause c1
    succeeds delete --force c1
}

# ---- signals to all

tree='trap "" HUP; for i in 1 2 3; do (trap "echo got >>/got; exit" USR1; echo ready >>/ready; while :; do sleep 0.05; done) & done; while :; do sleep 1; done'
listening() { [ "$(grep -c ready "$b/rootfs/ready" 2>/dev/null)" = "$1" ]; }
got() { [ "$(grep -c got "$b/rootfs/got" 2>/dev/null)" = "$1" ]; }

@test "a container that freezes itself in a group of its own ends by SIGKILL all the same" {
    b=$(bundle c1 "$(args sh -c 'h=/sys/fs/cgroup; [ ! -e $h/freezer ] || h=$h/freezer
        mkdir -p $h/a/b && echo 0 >$h/a/b/cgroup.procs && echo ready >/said
        if [ -e $h/a/b/freezer.state ]; then echo FROZEN >$h/a/b/freezer.state; else echo 1 >$h/a/b/cgroup.freeze; fi
        sleep 1000')" '.root.readonly = false' '(.mounts[] | select(.type == "cgroup") | .options) |= map(if . == "ro" then "rw" else . end)')
    succeeds run -d -b "$b" c1
    wait_until test -s "$b/rootfs/said"
    pid=$(pid_of c1)
    sleep 0.2
    succeeds kill c1 KILL
    wait_until gone "$pid"
    is "$(state_of c1)" stopped
    succeeds delete c1
}

@test "kill --all and pause that are ended themselves leave nothing frozen half way" {
    # many, so that it takes a while
    b=$(bundle c1 "$(args sh -c 'trap "" TERM; for i in $(seq 100); do sleep 1000 & done; echo ready >/said; while :; do sleep 0.1; done')" '.root.readonly = false')
    succeeds run -d -b "$b" c1
    wait_until test -s "$b/rootfs/said"
    for signal in KILL TERM; do
        for ((i = 0; i < 30; i++)); do
            # URG does nothing
            "$DISTRO_SHIM" --root "$SHIM_ROOT" kill --all c1 URG 3>&- &
            sleep "0.00$((i % 10))"
            kill -$signal $! 2>/dev/null || true
            wait $! 2>/dev/null || true
            wait_until has_status c1 running
        done
    done
    for ((i = 0; i < 20; i++)); do
        "$DISTRO_SHIM" --root "$SHIM_ROOT" pause c1 3>&- &
        sleep "0.00$((i % 10))"
        kill -TERM $! 2>/dev/null || true
        wait $! 2>/dev/null || true
        # yes or no, and nothing in between; what lets it go on where it was ended may need a moment
        [ "$(state_of c1)" != paused ] || attempt resume c1
        wait_until has_status c1 running
    done
}

@test "kill --all reaches every process" {
    b=$(bundle c1 "$(args sh -c 'trap : USR1; '"$tree")" '.root.readonly = false')
    succeeds run -d -b "$b" c1
    wait_until listening 3
    succeeds kill --all c1 USR1
    wait_until got 3
    is "$(state_of c1)" running
    succeeds kill --all c1 KILL
    wait_until has_status c1 stopped
    succeeds kill --all c1 KILL
}

@test "kill --all does so without a cgroup" {
    b=$(bundle c1 "$(args sh -c 'trap : USR1; '"$tree")" '.root.readonly = false')
    succeeds --cgroup-manager disabled run -d -b "$b" c1
    wait_until listening 3
    pids=$(shim ps --format json c1 | jq '.[]')
    succeeds kill --all c1 USR1
    wait_until got 3
    succeeds kill --all c1 9
    for pid in $pids; do wait_until gone "$pid"; done
    succeeds kill --all c1 9
}
