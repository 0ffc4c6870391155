#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Nothing waits for ever: processes that cannot answer, sockets of others, libseccomp. The deadline of the build with fault
# injection is shortened, so that what counts is that there is one.
# world: hybrid
# world, with --full: v2

# shellcheck disable=SC2016 # what is in single quotes is for the shell of the hook or for jq

load helpers
load deadlines

setup_file() { make_rootfs; }
setup() { start_deadline_test; }
teardown() { end_deadline_test; }

gives_up() { # PATTERN ARGUMENT...
    local pattern=$1
    shift
    short "$@"
    case $status in 1 | 255) matches "$out" "$pattern" ;; *) echo "status $status: $out" >&2 && false ;; esac
}
up() { # NAME JQ-FILTER...
    local name=$1
    shift
    b=$(bundle "$name" "$(args sleep 1000)" "$@")
    succeeds run -d -b "$b" "$name"
}

# ---- processes of ours that cannot answer

@test "exec into a group that is frozen inside of the container: given up, and nothing of it is left" {
    local group file on off
    up c1 '.linux.cgroupsPath = "/deadlines/c1"'
    if has_controller freezer && [ -d /sys/fs/cgroup/freezer/deadlines/c1 ]; then
        group=/sys/fs/cgroup/freezer/deadlines/c1/sub file=freezer.state on=FROZEN off=THAWED option=freezer:/sub
    else
        group=$(find /sys/fs/cgroup -type d -path '*/deadlines/c1' | head -n 1)/sub file=cgroup.freeze on=1 off=0 option=/sub
    fi
    mkdir "$group"
    echo $on >"$group/$file"
    gives_up "the new process does not answer: it has been frozen" exec --cgroup "$option" c1 sleep 4711
    # it is ended although what it was in stands still
    wait_until nothing_runs 4711
    wait_until [ "$(wc -l <"$group/cgroup.procs")" = 0 ]
    echo $off >"$group/$file"
    short exec --cgroup "$option" c1 echo again
    is "$status $out" "0 again"
    succeeds delete --force c1
}

@test "exec into a container without memory whose OOM killer is off: given up" {
    requires v1 controller:memory
    up c1 '.linux.cgroupsPath = "/deadlines/c1" | .linux.resources.memory = {limit: 8388608, disableOOMKiller: true}' \
        '.process.args = ["sh", "-c", "x=12345678; while :; do x=$x$x; done"]'
    local control=/sys/fs/cgroup/memory/deadlines/c1/memory.oom_control
    wait_until grep -q 'under_oom 1' $control
    # the kernel may have none for its birth
    gives_up 'the new process does not answer: it has been without memory|cannot allocate memory' exec c1 sleep 4711
    wait_until nothing_runs 4711
    succeeds delete --force c1
}

@test "a program's execve that an agent of its filter never answers: start and exec give up" {
    mkdir agent
    # one whose queue is long, and who does nothing with it
    /usr/bin/python3 -c 'import socket, time
s = socket.socket(socket.AF_UNIX); s.bind("agent/socket"); s.listen(8); open("agent/there", "w"); time.sleep(1000)' </dev/null >/dev/null 2>&1 3>&- &
    helpers+=($!)
    wait_until [ -e agent/there ]
    for privileges in true false; do
        b=$(bundle "c-$privileges" "$(args sleep 4711)" ".process.noNewPrivileges = $privileges" \
            ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", listenerPath: \"$PWD/agent/socket\",
              syscalls: [{names: [\"execve\"], action: \"SCMP_ACT_NOTIFY\"}]}")
        succeeds create -b "$b" c1
        gives_up "the container's first process does not answer: it has been waiting for the agent" start c1
        wait_until nothing_runs 4711
        expect_error 'container does not exist' state c1
    done
    # once its program runs, its waiting is its own: exec stays with it
    up c2 ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", listenerPath: \"$PWD/agent/socket\",
              syscalls: [{names: [\"mkdir\"], action: \"SCMP_ACT_NOTIFY\"}]}"
    LIMIT=5 short exec c2 mkdir /x
    is "$status" 124
    succeeds delete --force c2
}

@test "an init that is stopped while it is started: start gives up and ends it" {
    b=$(bundle c1 "$(args sleep 4711)" ".mounts += [{destination: \"/notes\", type: \"bind\", source: \"$notes\", options: [\"bind\"]}]" \
        "$(hook startContainer 'touch /notes/begun; until [ -e /notes/go ]; do sleep 0.05; done')")
    succeeds create -b "$b" c1
    init=$(init_of c1)
    background start start c1
    wait_until [ -e notes/begun ]
    # a hook may take its time, longer than the deadline
    sleep 2
    kill -0 "$pid"
    kill -STOP "$init"
    touch notes/go
    status=0
    wait "$pid" || status=$?
    is "$status" 1
    contains "$(<start.said)" "the container's first process does not answer: it has been stopped by a signal"
    ends "$init"
    expect_error 'container does not exist' state c1
}

# ---- sockets of others

@test "sockets whose owner does not accept: the same deadline for each" {
    /usr/bin/python3 -c 'import socket, time
s = socket.socket(socket.AF_UNIX); s.bind("deaf"); s.listen(0)
keep = []
for i in range(4):
    k = socket.socket(socket.AF_UNIX); k.setblocking(False); keep.append(k)
    try: k.connect("deaf")
    except BlockingIOError: pass
open("there", "w"); time.sleep(1000)' </dev/null >/dev/null 2>&1 3>&- &
    helpers+=($!)
    wait_until [ -e there ]
    local late="its owner has not accepted for 2 seconds"
    b=$(bundle c1 "$(args sleep 4711)" '.process.terminal = true')
    gives_up "the console socket 'deaf': $late" create --console-socket deaf -b "$b" c1
    b=$(bundle c2 "$(args sleep 4711)")
    gives_up "the pidfd socket 'deaf': $late" create --pidfd-socket deaf -b "$b" c1
    b=$(bundle c3 "$(args sleep 4711)" ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", listenerPath: \"$PWD/deaf\",
              syscalls: [{names: [\"mkdir\"], action: \"SCMP_ACT_NOTIFY\"}]}")
    gives_up "linux.seccomp.listenerPath: connect to '$PWD/deaf': $late" create -b "$b" c1
    up c4
    gives_up "the pidfd socket 'deaf': $late" exec -d --pidfd-socket deaf c4 sleep 4711
    gives_up "the console socket 'deaf': $late" exec -t -d --console-socket deaf c4 sleep 4711
    wait_until nothing_runs 4711
    expect_error 'container does not exist' state c1
    succeeds delete --force c4
}

# ---- libseccomp

@test "rules over which libseccomp never comes to an end: an error, and nothing is left" {
    b=$(bundle c1 "$(args true)" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [
        {names: ["lseek"], action: "SCMP_ACT_ERRNO", errnoRet: 2, args: [
            {index: 2, value: 2147483648, op: "SCMP_CMP_NE"}, {index: 1, value: 0, op: "SCMP_CMP_LT"}]},
        {names: ["lseek"], action: "SCMP_ACT_ERRNO", errnoRet: 1, args: [
            {index: 1, value: 0, op: "SCMP_CMP_LT"}, {index: 2, value: 4242424242, op: "SCMP_CMP_NE"}]}]}')
    # which jq cannot say
    sed -i 's/4242424242/18446744073709551615/' "$b/config.json"
    # a library that is mended compiles it
    short run -b "$b" c1
    [ "$status" = 0 ] || contains "$out" 'linux.seccomp: its compilation by libseccomp took more than 2 seconds of processor time'
    is "$(ls -A "$SHIM_ROOT")" ""
}

# ---- hooks that do not end

@test "delete of a container that was killed and does not end names what does not" {
    b=$(bundle c1 "$(args sleep 1000)")
    succeeds run -d -b "$b" c1
    pid=$(shim state c1 | jq .pid)
    # the first process of a PID namespace ends after all others in it are waited for (pid_namespaces(7)); the
    # parent of this one is outside and does not
    shim exec c1 sleep 4712 </dev/null >/dev/null 2>&1 3>&- &
    helpers+=($!)
    wait_until pgrep -x -f 'sleep 4712'
    parent=$(awk '/^PPid/ { print $2 }' "/proc/$(pgrep -x -f 'sleep 4712')/status")
    kill -STOP "$parent"
    succeeds kill c1 KILL
    gives_up "cannot delete container c1 that is not stopped: process $pid was killed but does not end.*; try again" delete c1
    gives_up "process(es)? $pid" delete --force c1
    is "$(shim list -q)" c1
    kill -CONT "$parent"
    succeeds delete c1
}
