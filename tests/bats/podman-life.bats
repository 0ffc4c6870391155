#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Podman: the life of a detached container, and everything that is done to one that runs.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines

setup_file() { make_rootfs && setup_podman; }
setup() { requires root world && start_engine_test podman; }
teardown() { end_podman_test; }

in_pty() { timeout -k 5 40 /usr/bin/python3 "$BATS_TEST_DIRNAME/terminal.py" "$@" 3>&- </dev/null; }
# a container NAME that answers SIGTERM and runs meanwhile
loiter() {
    ok run -d --name "$1" "${@:2}" busybox sh -c 'trap "echo got TERM; exit 3" TERM; trap "echo got USR1" USR1
        echo started; while :; do sleep 0.1; done'
    wait_until logs_have "$1" started
}

@test "run -d, ps, inspect, logs, kill, stop, wait, start, restart and rm work" {
    local pid
    loiter c1
    promised_of "$(pid_of c1)"
    is "$(podman ps --format '{{.Names}} {{.Status}}' | cut -d ' ' -f 1,2)" "c1 Up"
    is "$(podman inspect --format '{{.OCIRuntime}}' c1)" distro-shim
    ok kill --signal USR1 c1
    wait_until logs_have c1 'got USR1'
    ok stop --time 10 c1
    ok wait c1
    is "$output" 3
    ok logs c1
    is "$output" $'started\ngot USR1\ngot TERM'
    ok start c1
    wait_until has_status c1 running
    pid=$(pid_of c1)
    promised_of "$pid"
    ok restart --time 1 c1
    wait_until has_status c1 running
    [ "$(pid_of c1)" != "$pid" ]
    ok kill c1
    ok wait c1
    is "$output" 137
    # one that has ended
    fails 125 'not running|can only kill running' kill c1
    ok rm c1
    # one that runs
    loiter c2
    ok rm --force --time 0 c2
}

@test "stop of a container that does not listen ends in SIGKILL" {
    ok run -d --name deaf busybox sh -c 'trap "" TERM; while :; do sleep 1; done'
    ok stop --time 1 deaf
    is "$(podman inspect --format '{{.State.ExitCode}}' deaf)" 137
}

@test "the monitor is killed: the container lives on, can be entered, and is removed" {
    local id monitor pid
    ok run -d --name orphan busybox sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done'
    id=$(podman inspect --format '{{.Id}}' orphan) pid=$(pid_of orphan)
    monitor=$(podman inspect --format '{{.State.ConmonPid}}' orphan)
    kill -KILL "$monitor"
    wait_until eval '[ ! -e /proc/$monitor ]'
    is "$("$ENGINES_RUNTIME" state "$id" | jq -c '[.status, .pid]')" "[\"running\",$pid]"
    ok exec orphan echo inside
    is "$output" inside
    "$ENGINES_RUNTIME" explain "${id:0:12}" >explained
    contains "$(<explained)" "container: $id"
    # a newer one takes that its monitor has no status for it as an error, the first time
    ! podman_since 5 || fails 125 'conmon exited prematurely' rm --force --time 0 orphan
    ok rm --force --time 0 orphan
    [ ! -e "/proc/$pid" ]
    "$ENGINES_RUNTIME" delete --force "$id"
}

@test "create, start --attach; start of what cannot be started" {
    ok create --name later busybox sh -c 'echo said; exit 4'
    is "$(status_of later)" created
    pod start --attach later
    is "$status $output" "4 said"
    ok create --name wrong busybox no-such-command
    fails 125 'executable file not found|no such file' start wrong
    # and created again with the same id
    fails 125 'executable file not found|no such file' start wrong
}

@test "exec: status, input, user, environment, directory, group; in the container's namespaces" {
    loiter c1 --hostname inside
    ok exec c1 sh -c "$NAMESPACES; hostname"
    promised "$output"
    contains "$output" inside
    is "$(echo "$output" | head -n 5 | sort)" \
        "$(for type in net pid mnt ipc uts; do readlink "/proc/$(pid_of c1)/ns/$type"; done | sort)"
    pod exec c1 sh -c 'echo out; echo err >&2; exit 7'
    is "$status|$output|$stderr" "7|out|err"
    is "$(echo words | podman exec -i c1 tr a-z A-Z 3>&-)" WORDS
    ok exec --user 1000:2000 --env A=b --workdir /tmp c1 sh -c 'id -u; id -g; echo $A; pwd; grep CapEff /proc/self/status'
    is "$output" $'1000\n2000\nb\n/tmp\nCapEff:\t0000000000000000'
    fails 127 'executable file not found|no such file' exec c1 no-such-command
    fails 126 '[Pp]ermission denied' exec c1 /etc/not-executable
    # never more than the container: the network's capabilities are the policy's to give
    ok exec --privileged c1 sh -c 'x=$(sed -n "s/CapEff:.//p" /proc/self/status); echo $(( (0x$x >> 12) & 3 ))'
    is "$output" 0
    ok exec -d c1 sh -c 'echo from-detached >/tmp/seen'
    wait_until podman exec c1 grep -q from-detached /tmp/seen
    # it ends with the container
    ok exec -d c1 sleep 1000
    ok kill c1
    ok wait c1
    fails 255 'container state improper|not running' exec c1 true
}

@test "exec -it: a terminal of its own" {
    requires file:/usr/bin/python3
    loiter c1
    status=0
    in_pty --size 30x90 expect:'# ' 'send:tty; stty size\n' 'expect:30 90' 'send:exit 6\n' -- podman exec -it c1 sh >screen || status=$?
    is "$status" 6
    contains "$(<screen)" /dev/pts/0
}

@test "exec: many at once, each with its own answer" {
    loiter c1
    one() { is "$(timeout -k 5 40 podman exec c1 sh -c "sleep 0.1; echo $1" 3>&- </dev/null)" "$1"; }
    all_of one 4 one two three four five six seven eight
}

@test "top, stats, pause, unpause and update work" {
    local before
    loiter c1
    ok top c1 -eo pid,comm
    matches "$output" 'sh'
    ok top c1
    contains "$output" COMMAND
    ok stats --no-stream --format '{{.Name}} {{.PIDS}}' c1
    matches "$output" '^c1 [1-9]'
    ok pause c1
    is "$(status_of c1)" paused
    before=$(podman logs c1 | wc -l)
    fails 255 'paused|state improper' exec c1 true
    ok unpause c1
    is "$(status_of c1)" running
    ok exec c1 true
    ok update --memory 96m c1
    is "$(cat /sys/fs/cgroup{/memory,}/libpod_parent/libpod-"$(podman inspect --format '{{.Id}}' c1)"/memory.{limit_in_bytes,max} 2>/dev/null)" $((96 << 20))
    # one that is paused ends all the same
    ok pause c1
    ok rm --force --time 0 c1
}

@test "cp, in both directions, into a container that runs and one that does not" {
    loiter c1
    echo content >file
    ok cp file c1:/tmp/copied
    ok exec c1 cat /tmp/copied
    is "$output" content
    ok cp c1:/tmp/copied back
    is "$(<back)" content
    ok kill c1
    ok wait c1
    ok cp file c1:/tmp/again
    ok cp c1:/tmp/again back-again
    is "$(<back-again)" content
}

@test "healthcheck run: the container's own idea of its health" {
    ok run -d --name c1 --health-cmd 'test -e /tmp/healthy' --health-interval disable busybox sleep 100
    pod healthcheck run c1
    is "$status" 1
    ok exec c1 touch /tmp/healthy
    ok healthcheck run c1
}

@test "events and diff know of it; commit makes an image of it" {
    ok run -d --name c1 busybox sh -c 'echo x >/new; sleep 100'
    wait_until eval 'podman diff c1 | grep -q "A /new"'
    ok commit -q --pause=false c1 made
    busybox_image=made
    ok run --rm "$busybox_image" cat /new
    is "$output" x
    ok kill c1
    ok rmi --force made
}
