#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec as its caller has it: detached or in the foreground, with a terminal, pid file and pidfd, signals, and the keyring.
# world: hybrid v2 vm
# world, with --full: legacy

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load exec

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() { end_test; }

# ---- detached; pid files; pidfds

@test "detach: returns when the program runs; the pid file has its pid alone" {
    alive c1
    succeeds exec -d --pid-file "$PWD/pid" c1 sh -c 'exec sleep 1000'
    is "$(stat -c %s pid)" "$(($(wc -c <pid)))"
    is "$(tr -d 0-9 <pid | wc -c)" 0
    is "$(tr '\0' ' ' <"/proc/$(<pid)/cmdline")" 'sleep 1000 '
    # its runtime is gone, and its parent is the process that adopts the caller's
    [ "$(sed -n 's/^PPid:\t//p' "/proc/$(<pid)/status")" != 0 ]
    kill -KILL "$(<pid)"
    wait_until gone "$(<pid)"
    # a pid file that cannot be written: no process
    refused 'pid file' -d --pid-file /no/such/directory/pid c1 sleep 4711
    # that is the reason, also where the program has ended meanwhile
    mkdir pid-directory
    for i in 1 2 3 4 5; do refused "pid-file: .*is a directory" -d --pid-file "$PWD/pid-directory" c1 true; done
    is "$(pgrep -f 'sleep 4711')" ''
}

@test "pidfd-socket: a descriptor of exactly that process" {
    requires file:/usr/bin/python3
    alive c1
    receive_pidfd socket
    succeeds exec -d --pid-file pid --pidfd-socket "$PWD/socket" c1 sleep 1000
    wait "$listener"
    is "$(<pidfd.out)" "setns $(<pid)"
    refused 'pidfd socket' -d --pidfd-socket "$PWD/none" c1 sleep 1
}

# ---- terminals and signals

terminal() { /usr/bin/python3 "$BATS_TEST_DIRNAME/terminal.py" "$@" 3>&-; }

@test "tty: a terminal of the container's own, raw, sized, followed; its exit status" {
    requires file:/usr/bin/python3
    alive c1
    shim_command=("$DISTRO_SHIM" --root "$SHIM_ROOT")
    status=0
    terminal --size 31x97 --modes modes expect:31\ 97 size:20x40 expect:resized send:'line\n' expect:got:line -- \
        "${shim_command[@]}" exec -t c1 sh -c 'trap "echo resized" WINCH; tty; stty size; read line || read line; echo got:$line; stty size; exit 5' >out || status=$?
    is "$status" 5
    contains "$(<out)" /dev/pts/
    contains "$(<out)" '20 40'
    is "$(<modes)" same
    # without a terminal of the caller it works as well, and the lines have no carriage return
    says "/dev/pts/0" -t c1 tty
    attempt exec c1 tty
    is "$output" 'not a tty'
    # job control is there: the program leads the session whose terminal it is
    says 'yes' -t c1 sh -c 'set -- $(cat /proc/$$/stat); [ "$6" = $$ ] && [ "$8" = $$ ] && [ "$7" != 0 ] && echo yes'
    refused 'needs --console-socket' -d -t c1 true
    refused 'console-socket is given but' -d --console-socket "$PWD/socket" c1 true
}

@test "console-socket: the terminal's master goes there" {
    requires file:/usr/bin/python3
    alive c1
    terminal --receive socket expect:ready send:'hello\n' expect:got:hello >received &
    receiver=$!
    wait_until test -S socket
    succeeds exec -d -t --console-socket "$PWD/socket" c1 sh -c 'echo ready; read line; echo got:$line'
    wait "$receiver"
    matches "$(head -n 1 received)" 'pt'
}

@test "foreground: signals reach the program" {
    alive c1
    rm -f out
    "$DISTRO_SHIM" --root "$SHIM_ROOT" exec c1 sh -c 'trap "exit 42" TERM; echo ready; while :; do sleep 0.1; done' </dev/null >out 2>&1 3>&- &
    pid=$!
    wait_until grep -q ready out
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    is "$status" 42
}

@test "foreground: other commands go on meanwhile, and the container's end ends it" {
    alive c1
    shim exec c1 sh -c 'echo ready; sleep 1000' </dev/null >out 2>&1 3>&- &
    pid=$!
    wait_until grep -q ready out
    says second c1 echo second
    is "$(state_of c1)" running
    succeeds delete --force c1
    status=0
    wait "$pid" || status=$?
    is "$status" 137
}

# ---- the session keyring

@test "the session keyring is the caller's only where the container keeps that, too" {
    requires file:/proc/keys
    b=$(bundle c1 "$(args sh -c 'grep _ses.c1 /proc/keys; exec sleep 1000')" 'del(.linux.maskedPaths)')
    shim run -d -b "$b" c1 </dev/null >out 2>&1
    wait_until grep -q _ses.c1 out
    # one of its own, or the first process's: not the caller's in any case
    succeeds exec c1 grep _ses.c1 /proc/keys
    b=$(bundle c2 "$(args sleep 1000)" 'del(.linux.maskedPaths)')
    succeeds run -d --no-new-keyring -b "$b" c2
    attempt exec c2 grep _ses.c2 /proc/keys
    is "$status|$output" '1|'
}
