# SPDX-License-Identifier: Apache-2.0
# A state file system that is full or read-only: what a command cannot record it does not do, or it says so and does the
# rest; never half.
# world: hybrid

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() { end_test; }

# make_running NAME [JQ-FILTER]...: its pid is in $pid
make_running() {
    local name=$1
    shift
    bundle "$name" "$(args sleep 1000)" "$@" >"$name.path"
    succeeds run -d -b "$(<"$name.path")" "$name"
    pid=$(shim state "$name" | jq .pid)
}
# or is taken away by its parent between the two looks
has_ended() { ! kill -0 "$1" 2>/dev/null || grep -qs '^State:.Z' "/proc/$1/status" || ! kill -0 "$1" 2>/dev/null; }
has_status() { [ "$(state_of "$1")" = "$2" ]; }

# small_state: $SHIM_ROOT on a small file system
small_state() {
    mkdir tmpfs
    mount -t tmpfs -o size=256k tmpfs tmpfs
    SHIM_ROOT=$PWD/tmpfs/state
}
fill_up() {
    dd if=/dev/zero of=tmpfs/filler bs=4k 2>/dev/null || true
    for ((i = 0; i < 3000; i++)); do : >"tmpfs/f$i" || break; done 2>/dev/null
}

@test "on a full state file system start starts, and every other command is done or not at all" {
    small_state
    make_running c1
    b=$(bundle c2 "$(args sleep 1000)")
    succeeds create -b "$b" c2
    fill_up
    succeeds start c2
    is "$(state_of c2)" running
    is "$(jq -r .phase "$SHIM_ROOT/c2/status.json")" created
    expect_error 'already running' start c2
    expect_error 'not stopped: running' delete c2
    succeeds exec c2 true
    succeeds pause c2
    is "$(state_of c2)" paused
    succeeds resume c2
    before=$(shim events --stats c1 | jq .data.pids.limit)
    expect_error 'no space left on device' update --pids-limit 7 c1
    is "$(shim events --stats c1 | jq .data.pids.limit)" "$before"
    for verb in create run; do
        expect_error 'no space left on device' $verb -b "$(<c1.path)" c3
        [ ! -e "$SHIM_ROOT/c3" ]
    done
    succeeds kill c2 KILL
    wait_until has_status c2 stopped
    succeeds delete c2
    succeeds delete --force c1
    umount tmpfs
}

@test "on a read-only state file system start starts, and delete says what keeps the container" {
    small_state
    make_running c1 '.hooks.poststop = [{"path": "/bin/sh", "args": ["sh", "-c", "echo >>'"$PWD"'/stopped"]}]'
    b=$(bundle c2 "$(args sleep 1000)")
    succeeds create -b "$b" c2
    mount -o remount,ro tmpfs
    succeeds start c2
    is "$(state_of c2)" running
    expect_error 'already running' start c2
    succeeds exec c2 true
    expect_error 'read-only file system' update --pids-limit 7 c1
    expect_error 'read-only file system' create -b "$b" c3
    expect_error 'not stopped: running' delete c1
    for i in 1 2; do
        expect_error "remove state directory '$SHIM_ROOT/c1': read-only file system" delete --force c1
        has_ended "$pid"
        is "$(state_of c1)" stopped
        [ ! -e stopped ]
    done
    expect_error 'read-only file system' delete c1
    mount -o remount,rw tmpfs
    succeeds delete c1
    is "$(wc -l <stopped)" 1
    succeeds delete --force c2
    umount tmpfs
}
