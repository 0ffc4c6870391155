# SPDX-License-Identifier: Apache-2.0
# run: output, exit code, signals and streams of the program, and what a killed run leaves.
# world: hybrid v2 vm
# world, with --full: legacy

load helpers
load lifecycle

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() { end_test; }

# bats test_tags=smoke
@test "run: the program's output and exit code, and nothing is left" {
    b=$(bundle c1 "$(args sh -c 'echo out; echo err >&2; exit 7')")
    attempt run -b "$b" c1
    is "$status|$output|$stderr" "7|out|err"
    expect_error 'container does not exist' state c1
    for code in 0 1 127 255; do
        edit_config "$b" --arg code "$code" '.process.args = ["sh", "-c", "exit \($code)"]'
        attempt run -b "$b" c1
        is "$status" "$code"
    done
}

@test "run: 128 + signal of a program that was killed" {
    b=$(bundle c1 "$(lasting)")
    "$DISTRO_SHIM" --root "$SHIM_ROOT" run -b "$b" c1 </dev/null >log 2>&1 3>&- &
    wait_until is_ready "$b"
    succeeds kill c1 KILL
    status=0
    wait $! || status=$?
    is "$status" 137
    is "$(<log)" ""
    expect_error 'container does not exist' state c1
}

@test "run --keep leaves the stopped container, run -d a running one" {
    b=$(bundle c1 "$(args sh -c 'exit 3')")
    attempt run --keep -b "$b" c1
    is "$status" 3
    is "$(state_of c1)" stopped
    succeeds delete c1
    make_running c2
    is "$(state_of c2)" running
}

@test "run passes signals on to the program" {
    b=$(bundle c1 "$(lasting)")
    "$DISTRO_SHIM" --root "$SHIM_ROOT" run -b "$b" c1 </dev/null >log 2>&1 3>&- &
    runtime=$!
    wait_until is_ready "$b"
    for signal in INT USR1 HUP; do
        kill -s "$signal" "$runtime"
        wait_until grep -qx "$signal" "$b/rootfs/noted"
    done
    kill -s TERM "$runtime"
    status=0
    wait "$runtime" || status=$?
    is "$status" 7
}

@test "run passes its standard input on" {
    b=$(bundle c1 "$(args wc -c)")
    is "$(head -c 300000 /dev/zero | shim_in 20 run -b "$b" c1)" 300000
}

@test "a killed run leaves a container that can be looked at and deleted" {
    b=$(bundle c1 "$(lasting)")
    "$DISTRO_SHIM" --root "$SHIM_ROOT" run -b "$b" c1 </dev/null >log 2>&1 3>&- &
    runtime=$!
    wait_until is_ready "$b"
    kill -s KILL "$runtime"
    wait "$runtime" || true
    is "$(state_of c1)" running
    succeeds kill c1 USR1
    wait_until grep -qx USR1 "$b/rootfs/noted"
    succeeds delete --force c1
    expect_error 'container does not exist' state c1
}

@test "a creator that is killed leaves nothing running and what delete can remove" {
    mkfifo gate
    b=$(bundle c1 "$(lasting)" '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "read -r line <../gate"],
        env: ["PATH=/bin:/usr/bin"]}]')
    "$DISTRO_SHIM" --root "$SHIM_ROOT" create -b "$b" c1 </dev/null >log 2>&1 3>&- &
    creator=$!
    wait_until has_status c1 created
    wait_until [ -e "$SHIM_ROOT/c1/status.json" ]
    pid=$(jq .initPid "$SHIM_ROOT/c1/status.json")
    [ -e "/proc/$pid" ]
    kill -s KILL "$creator"
    wait "$creator" || true
    wait_until [ ! -e "/proc/$pid" ]
    # the hook ended with the runtime that waited for it
    expect_error 'not created' start c1
    succeeds delete c1
    edit_config "$b" 'del(.hooks)'
    succeeds create -b "$b" c1
    succeeds delete c1
}
