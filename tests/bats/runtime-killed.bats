#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a runtime that was killed, or an init that does not move, leaves to the next command.
# world: hybrid vm

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load isolation

setup_file() { make_rootfs; }
setup() { start_isolation_test; }
teardown() { end_isolation_test; }

runs_program() { [ "$(tr '\0' ' ' <"/proc/$(init_of "$1")/cmdline")" = "sleep 1000 " ]; }
in_state() { [ "$(sed 's/.*) //; s/ .*//' "/proc/$1/stat")" = "$2" ]; } # PID LETTER
# in_time SECONDS COMMAND...: it takes no longer
in_time() {
    local end=$((SECONDS + $1 + 1)) # SECONDS counts whole ones
    shift
    "$@" && [ "$SECONDS" -le "$end" ] || { echo "too late, or failed: $*" >&2 && return 1; }
}

# ---- a runtime that is killed

@test "the runtime is killed during a hook of a container with a user namespace: all of it dies" {
    local creator init hook
    user_bundle c1 "$(args true)" "$(hook createContainer "echo >$OPEN/runs; exec sleep 4711")"
    for how in wait delete; do
        rm -f "$OPEN/runs"
        "$DISTRO_SHIM" --root "$SHIM_ROOT" create -b "$b" c1 </dev/null >log 2>&1 3>&- &
        creator=$!
        helpers+=("$creator")
        wait_until [ -e "$OPEN/runs" ]
        init=$(init_of c1)
        hook_runs() { hook=$(cat "/proc/$init/task/$init/children") && grep -q 4711 "/proc/${hook% }/cmdline"; }
        wait_until hook_runs
        kill -KILL "$creator"
        wait "$creator" || true
        if [ $how = wait ]; then
            wait_until is_gone "$init"
            wait_until is_gone "$hook"
        fi
        in_time 5 succeeds delete --force c1
        [ ! -e "$SHIM_ROOT/c1" ]
        wait_until is_gone "$init"
        wait_until is_gone "$hook"
        is "$(find /sys/fs/cgroup -type d -name c1)" ""
    done
}

@test "the runtime is killed when it has taken the id: a plain delete is enough" {
    requires fault
    b=$(bundle c1 "$(args sleep 1000)")
    # before anything is recorded there is an empty directory, which is no container: the next one takes it over
    status=0
    shim_fault parent:intent:kill create -b "$b" c1 </dev/null >log 2>&1 3>&- || status=$?
    is "$status" 137
    is "$(shim list --quiet)" ""
    expect_error 'container does not exist: .* is an empty directory$' delete c1
    for step in cgroup-create record-init record-config record-member; do
        status=0
        shim_fault "parent:$step:kill" create -b "$b" c1 </dev/null >log 2>&1 3>&- || status=$?
        is "$step $status" "$step 137"
        is "$(shim list --quiet)" c1
        # of an init that is not recorded there is no state
        [[ $step = record-* ]] || expect_error 'container does not exist: c1$' state c1
        # an init that was made already notices
        in_time 5 succeeds delete c1
        [ ! -e "$SHIM_ROOT/c1" ]
    done
    succeeds run -d -b "$b" c1
}

@test "start is killed before it can write down what it did: the container runs, and is not deleted as created" {
    requires fault
    b=$(bundle c1 "$(args sleep 1000)")
    succeeds create -b "$b" c1
    status=0
    shim_fault start:record-running:kill start c1 </dev/null >log 2>&1 3>&- || status=$?
    is "$status" 137
    wait_until has_status c1 running
    wait_until runs_program c1
    expect_error 'cannot delete container c1 that is not stopped: running' delete c1
    expect_error 'cannot start an already running container' start c1
    is "$(state_of c1)" running
    succeeds kill c1 KILL
    wait_until has_status c1 stopped
    succeeds delete c1
}

@test "start is killed before it has looked at what is to run: the container ends" {
    requires fault
    b=$(bundle c1 "$(args sleep 1000)")
    succeeds create -b "$b" c1
    status=0
    shim_fault start:wait:kill start c1 </dev/null >log 2>&1 3>&- || status=$?
    is "$status" 137
    wait_until has_status c1 stopped
    expect_error 'cannot start a container that has stopped' start c1
    succeeds delete c1
    # also where init is not done yet
    mkfifo "$b/rootfs/gate"
    edit_config "$b" "$(hook startContainer 'read -r line </gate')"
    succeeds create -b "$b" c1
    shim_fault start:wait:kill start c1 </dev/null >log 2>&1 3>&- || true
    wait_until has_status c1 running
    timeout 10 sh -c 'echo >"$1"' sh "$b/rootfs/gate"
    wait_until has_status c1 stopped
    succeeds delete c1
    edit_config "$b" 'del(.hooks)'
    # before GO nothing has happened, and init waits for the next one
    succeeds create -b "$b" c1
    shim_fault start:go:kill start c1 </dev/null >log 2>&1 3>&- || true
    is "$(state_of c1)" created
    succeeds start c1
    is "$(state_of c1)" running
}

@test "start is killed with its socket still in place: the container ends" {
    requires cmd:strace
    b=$(bundle c1 "$(args sleep 1000)")
    succeeds create -b "$b" c1
    # the first name that it removes is the socket's, after GO
    strace -f -qq -o trace -e trace=unlinkat -e inject=unlinkat:error=EINTR:signal=KILL:when=1 \
        "$DISTRO_SHIM" --root "$SHIM_ROOT" start c1 </dev/null >log 2>&1 3>&- || true
    grep -q 'KILL' trace
    wait_until has_status c1 stopped
    expect_error 'cannot start a container that has stopped' start c1
    succeeds delete c1
}

# ---- an init that does not move

@test "start of a container whose init is stopped: an error in time, and no other command is kept waiting" {
    local pid starter
    b=$(bundle c1 "$(args sleep 1000)")
    succeeds create -b "$b" c1
    pid=$(init_of c1)
    kill -STOP "$pid"
    wait_until in_state "$pid" T
    in_time 5 expect_error 'first process is stopped' start c1
    is "$(in_time 2 state_of c1)" created
    kill -CONT "$pid"
    succeeds start c1
    is "$(state_of c1)" running
    succeeds delete --force c1

    # once more, deleted as it is
    succeeds create -b "$b" c1
    pid=$(init_of c1)
    kill -STOP "$pid"
    wait_until in_state "$pid" T
    expect_error 'first process is stopped' start c1
    in_time 5 succeeds delete --force c1
}

@test "start of a frozen container: an error in time, and no other command is kept waiting" {
    requires v1 controller:freezer
    local group pid
    b=$(bundle c1 "$(args sleep 1000)")
    succeeds create -b "$b" c1
    pid=$(init_of c1)
    group=/sys/fs/cgroup/freezer$(awk -F: '$2 == "freezer" { print $3 }' "/proc/$pid/cgroup")
    echo FROZEN >"$group/freezer.state"
    wait_until grep -q FROZEN "$group/freezer.state"
    in_time 5 expect_error 'cannot start a paused container' start c1
    is "$(in_time 2 state_of c1)" paused
    echo THAWED >"$group/freezer.state"
    succeeds start c1
    is "$(state_of c1)" running
    succeeds delete --force c1
    succeeds create -b "$b" c1
    echo FROZEN >"$group/freezer.state"
    wait_until grep -q FROZEN "$group/freezer.state"
    expect_error 'cannot start a paused container' start c1
    in_time 5 succeeds delete --force c1
    [ ! -e "$group" ]
}
