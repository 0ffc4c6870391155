#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Nothing waits for ever for hooks that do not end and creations that stand still; what a hook leaves, and what is done
# meanwhile. The deadline of the build with fault injection is shortened, so that what counts is that there is one.
# world: hybrid
# world, with --full: v2

# shellcheck disable=SC2016 # what is in single quotes is for the shell of the hook or for jq

load helpers
load deadlines

setup_file() { make_rootfs; }
setup() { start_deadline_test; }
teardown() { end_deadline_test; }

guard_of() { pgrep -P "$1"; } # PID of a runtime whose hook runs
in_time() { # SECONDS COMMAND...
    local end=$((SECONDS + $1 + 1)) # SECONDS counts whole ones
    shift
    "$@" && [ "$SECONDS" -le "$end" ] || { echo "too late, or failed: $*" >&2 && return 1; }
}

@test "while a hook of create hangs, state answers and delete --force ends all of it" {
    for kind in prestart createRuntime createContainer; do
        b=$(bundle "c-$kind" "$(args sleep 4711)" "$(hook "$kind" 'sleep 4712 & setsid sleep 4712 & exec sleep 4712')" \
            "$(hook poststop "echo $kind >>$notes/stopped")" '.linux.cgroupsPath = "/deadlines/c1"')
        background create create --pid-file pid -b "$b" c1
        wait_until pgrep -f 'sleep 4712'
        is "$(shim_in 5 state c1 | jq -r '"\(.status) \(.pid)"')" "created $(init_of c1)"
        # nothing waits for it
        start=$SECONDS
        expect_error 'cannot start' start c1
        expect_error 'it is being created' kill c1 KILL
        expect_error 'cannot delete container c1 that is not stopped: creating' delete c1
        expect_error 'already exists' create -b "$b" c1
        [ $((SECONDS - start)) -lt 8 ]
        succeeds delete --force c1
        status=0
        wait "$pid" || status=$?
        is "$kind $status" "$kind 1"
        contains "$(<create.said)" 'was deleted while its hooks ran'
        nothing_runs 4712
        nothing_runs 4711
        [ ! -e pid ]
        is "$(ls -A "$SHIM_ROOT")" ""
        is "$(find /sys/fs/cgroup -type d -path '*/deadlines/c1' | wc -l)" 0
    done
    # once each
    is "$(tr '\n' ' ' <notes/stopped)" "prestart createRuntime createContainer "
}

# A creation that stands at a step of its own, holding the lock: $creator
stands_at() { # STEP
    DISTRO_SHIM_FAULT=parent:$1:stop background create create -b "$b" c1
    creator=$pid
    wait_until grep -qx "Name:.${1:0:15}" "/proc/$creator/status"
    wait_until grep -q '^State:.T' "/proc/$creator/status"
}
waits_for_lock() { find "/proc/$1/fd" -lname "$SHIM_ROOT/c1" | grep -q .; }

@test "start, kill and delete of a container that is being made wait for it; state does not" {
    requires fault
    b=$(bundle c1 "$(args sleep 4711)")
    while read -r step then command; do
        stands_at "$step"
        # no command knows of a first process before it is in the records
        case $step in
        record-created) is "$(shim_in 5 state c1 | jq -r '"\(.status) \(.pid)"')" "created $(init_of c1)" ;;
        *) expect_error 'container does not exist: c1$' state c1 ;;
        esac
        # shellcheck disable=SC2086
        background waiting $command
        wait_until waits_for_lock "$pid"
        kill -CONT "$creator"
        wait "$creator"
        status=0
        wait "$pid" || status=$?
        is "$step $command $status $(<waiting.said)" "$step $command 0 "
        [ "$then" != stopped ] || wait_until has_status c1 stopped
        is "$step $command $(state_of c1)" "$step $command ${then#gone}"
        succeeds delete --force c1
    done <<'END'
cgroup-create running start c1
cgroup-create stopped kill c1 KILL
cgroup-create gone delete c1
record-created running start c1
record-created stopped kill --all c1 KILL
record-created gone delete --force c1
END
}
has_status() { [ "$(state_of "$1")" = "$2" ]; }

@test "a creation that stands still: start, kill and delete give up in their time" {
    requires fault
    b=$(bundle c1 "$(args sleep 4711)")
    stands_at cgroup-create
    for command in 'start c1' 'kill c1 KILL' 'delete c1'; do
        # shellcheck disable=SC2086
        in_time 8 short $command
        is "$status" 1
        contains "$out" 'container c1 is busy: another command has held its lock for 2 seconds'
    done
    kill -CONT "$creator"
    wait "$creator"
    is "$(state_of c1)" created
}

@test "a creation that was deleted in a hook takes nothing of the next one's" {
    b=$(bundle c1 "$(args sleep 4711)" "$(hook createRuntime 'trap "" TERM; sleep 4712')" '.linux.cgroupsPath = "/deadlines/c1"')
    next=$(bundle next "$(args sleep 1000)" '.linux.cgroupsPath = "/deadlines/c1"')
    background create create --pid-file "$PWD/pid" -b "$b" c1
    first=$pid
    wait_until pgrep -f 'sleep 4712'
    # as if it were held up on its way: it is ended
    disown "$first"
    kill -STOP "$first"
    succeeds delete --force c1
    ends "$first"
    background create create --pid-file "$PWD/pid" -b "$b" c1
    first=$pid
    wait_until pgrep -f 'sleep 4712'
    succeeds delete --force c1
    succeeds create --pid-file "$PWD/pid" -b "$next" c1
    wait "$first" || true
    is "$(state_of c1)" created
    is "$(<pid)" "$(init_of c1)"
    [ -n "$(entries_of c1)" ]
    succeeds start c1
    is "$(state_of c1)" running
    succeeds delete --force c1
}

@test "a runtime that is killed while a hook runs leaves nothing of the hook, grandchildren included" {
    for script in 'exec sleep 4712' 'sleep 4712 & wait' 'setsid sleep 4712 & setsid sh -c "sleep 4712 & wait" & wait' \
        'trap "" TERM HUP INT; (setsid sleep 4712 &) ; sleep 4712'; do
        b=$(bundle c1 "$(args sleep 4711)" "$(hook createRuntime "$script")")
        background create create -b "$b" c1
        wait_until pgrep -f 'sleep 4712'
        kill -KILL "$pid"
        wait "$pid" 2>/dev/null || true
        # without any other command
        wait_until nothing_runs 4712
        succeeds delete --force c1
        is "$(ls -A "$SHIM_ROOT")" ""
        rm -rf c1
    done
}

@test "a runtime that is killed while a hook runs leaves nothing where the guard of the hook was killed, too, or is stopped" {
    for how in KILL STOP; do
        b=$(bundle "c-$how" "$(args sleep 4711)" "$(hook createRuntime 'sleep 4712 & wait')")
        background create create -b "$b" c1
        # the hook's child, and not the hook that names it
        wait_until pgrep -x -f 'sleep 4712'
        guard=$(guard_of "$pid" | while read -r child; do grep -qx hook-guard "/proc/$child/comm" && echo "$child"; done)
        [ -n "$guard" ]
        # it must not see the end of the guard, for it would end the hook itself
        kill -STOP "$pid"
        kill "-$how" "$guard"
        kill -KILL "$pid"
        wait "$pid" 2>/dev/null || true
        pgrep -f 'sleep 4712' >/dev/null
        short delete --force c1
        is "$how $status $out" "$how 0 "
        wait_until nothing_runs 4712
        is_gone "$guard"
    done
}

@test "a hook that has ended may leave a daemon, which lives" {
    b=$(bundle c1 "$(args sleep 1000)" "$(hook createRuntime "setsid sh -c 'echo \$\$ >$notes/pid; exec sleep 4712' & until [ -s $notes/pid ]; do sleep 0.05; done")")
    succeeds create -b "$b" c1
    daemon=$(<notes/pid)
    helpers+=("$daemon")
    succeeds start c1
    succeeds delete --force c1
    kill -0 "$daemon"
}

@test "hooks.timeout of the policy is for hooks without one of their own, in every mode" {
    for mode in enforce observe; do
        policy "{\"version\": 1, \"mode\": \"$mode\", \"hooks\": {\"timeout\": 1}}"
        # the mode does not matter to how they are run
        [ $mode = observe ] || kinds=(prestart createContainer startContainer poststart)
        [ $mode = enforce ] || kinds=(createRuntime)
        for kind in "${kinds[@]}"; do
            b=$(bundle "$mode-$kind" "$(args sleep 1000)" "$(hook "$kind" 'sleep 4712')")
            expect_error "$kind hook: '/bin/sh' took longer than its timeout of 1 s" run -d -b "$b" c1
            wait_until nothing_runs 4712
        done
        b=$(bundle "$mode-own" "$(args true)" "$(hook createRuntime 'sleep 1.5' '{"timeout": 20}')")
        succeeds run -b "$b" c1
    done
    # without a policy's word it is 240 seconds
    SHIM_POLICY=
    b=$(bundle default "$(args true)" "$(hook createRuntime true)")
    contains "$(shim explain -f json -b "$b" | jq -c '.plan.hooks')" '"timeout":240'
}

@test "a poststop hook that hangs: delete ends in its time, another delete --force at once, and it ran once" {
    b=$(bundle c1 "$(args sleep 1000)" "$(hook poststop "echo one >>$notes/ran; exec sleep 4712")" "$(hook poststop "echo two >>$notes/ran")")
    succeeds run -d -b "$b" c1
    short delete --force c1
    is "$status $out" "0 "
    is "$(tr '\n' ' ' <notes/ran)" "one two "
    nothing_runs 4712
    is "$(ls -A "$SHIM_ROOT")" ""
    # with the program's own deadline
    rm notes/ran
    b=$(bundle c2 "$(args sleep 1000)" "$(hook poststop "echo one >>$notes/ran; exec sleep 4712")")
    succeeds run -d -b "$b" c2
    shim delete --force c2 </dev/null >first 2>&1 3>&- &
    pid=$!
    helpers+=("$pid")
    wait_until pgrep -f 'sleep 4712'
    is "$(shim_in 5 state c2 | jq -r .status)" stopped
    in_time 5 succeeds delete --force c2
    wait "$pid"
    is "$(<first)$(<notes/ran)" one
    nothing_runs 4712
    is "$(ls -A "$SHIM_ROOT")" ""
}

@test "a hook that deletes its own container does not end itself" {
    for kind in createRuntime poststart; do
        b=$(bundle "c-$kind" "$(args sleep 4711)" "$(hook "$kind" "$DISTRO_SHIM --root $SHIM_ROOT delete --force c1 >$notes/said 2>&1; echo \$? >>$notes/said")")
        short run -d -b "$b" c1
        is "$kind $(<notes/said)" "$kind 0"
        [ "$kind" = poststart ] || contains "$out" 'was deleted while its hooks ran'
        wait_until nothing_runs 4711
        is "$(ls -A "$SHIM_ROOT")" ""
    done
}

@test "while a startContainer hook hangs, delete --force ends it and start" {
    b=$(bundle c1 "$(args sleep 4711)" "$(hook startContainer 'sleep 4712 & exec sleep 4712')")
    succeeds create -b "$b" c1
    background start start c1
    wait_until pgrep -f 'sleep 4712'
    shim_in 5 state c1 >/dev/null
    in_time 5 succeeds delete --force c1
    status=0
    wait "$pid" || status=$?
    is "$status" 1
    wait_until nothing_runs 4712
    is "$(ls -A "$SHIM_ROOT")" ""
}
