#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real containerd, through ctr and its own shim: every verb for a task, with the program that is built.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines

setup_file() { make_rootfs && setup_containerd; }
teardown_file() { teardown_containerd; }
setup() { requires root world && start_engine_test ctr; }
teardown() {
    [ ! -e /run/netns/other ] || ip netns del other
    end_containerd_test
}

in_pty() { timeout -k 5 40 /usr/bin/python3 "$BATS_TEST_DIRNAME/terminal.py" "$@" 3>&- </dev/null; }
# says [FLAG]... -- SCRIPT: what a container of the image says is in $output
says() {
    local flags=()
    while [ "$1" != -- ]; do flags+=("$1") && shift; done
    ct_ok "${CT_RUN[@]}" --rm "${flags[@]}" "$CTR_IMAGE" said sh -c "$2"
}
# detached ID [FLAG]...: one that runs
detached() {
    local id=$1
    shift
    ct_ok "${CT_RUN[@]}" --detach "$@" "$CTR_IMAGE" "$id" sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done'
    wait_until task_is "$id" RUNNING
    # the shell has to have come to its trap
    wait_until grep -q '^SigCgt:.*4...$' "/proc/$(task_pid "$id")/status"
}
task_is() { [ "$(ctr tasks list | awk -v id="$1" '$1 == id { print $3 }')" = "$2" ]; } # ID STATUS
task_pid() { ctr tasks list | awk -v id="$1" '$1 == id { print $2 }'; }                # ID

@test "run: output, streams and exit status; the network is shared, the rest its own" {
    says -- "$NAMESPACES; ls /sys/class/net; echo \$\$; echo to-stderr >&2"
    promised "$output"
    contains "$output" dsn
    is "$stderr" to-stderr
    ct "${CT_RUN[@]}" --rm "$CTR_IMAGE" c1 sh -c 'exit 7'
    is "$status" 7
    # ctr itself does not hear of an end that comes before the task
    is "$( (echo words; sleep 1) | timeout -k 5 20 ctr "${CT_RUN[@]}" --rm "$CTR_IMAGE" c1 cat 3>&-)" words
}

@test "warnings of the runtime are not in the program's output, in run and exec" {
    # ctr gives up a stream that it has not begun to read when the program ends
    both() {
        ct_ok "$@" sh -c 'echo out; echo err >&2'
        [ "$output|$stderr" = "out|err" ]
    }
    wait_until both "${CT_RUN[@]}" --rm --privileged "$CTR_IMAGE" warned
    detached c1 --privileged
    wait_until both tasks exec --exec-id one c1
    log=$(find /run/containerd /var/lib/containerd -name log.json -path '*c1*')
    contains "$(<"$log")" '"level":"warning","msg":"privileged '
}

@test "run --tty: a terminal of its own" {
    requires file:/usr/bin/python3
    in_pty --size 30x90 expect:'# ' 'send:tty; stty size\n' 'expect:30 90' 'send:exit 5\n' -- \
        ctr "${CT_RUN[@]}" --rm --tty "$CTR_IMAGE" c1 sh >screen || status=$?
    is "${status:-0}" 5
    contains "$(<screen)" /dev/pts/0
}

@test "run -d, list, kill and delete work" {
    detached c1
    promised_of "$(task_pid c1)"
    ct_ok tasks kill --signal SIGTERM c1
    wait_until task_is c1 STOPPED
    # it tells the exit status there, and in its own with newer versions
    ct tasks delete c1
    matches "$status $stderr" '^3 |exit code 3'
    ct_ok containers delete c1
    # all processes
    detached c2
    ct_ok tasks kill --all --signal SIGKILL c2
    wait_until task_is c2 STOPPED
    ct tasks delete c2
    matches "$status $stderr" '^137 |exit code 137'
    ct_ok containers delete c2
    ct tasks kill c2
    [ "$status" != 0 ]
    # one that runs, by force
    detached c3
    ct tasks delete --force c3
    ct_ok containers delete c3
}

@test "a task that has ended is started again, and again" {
    # by the exit status: ctr may give up the streams of a task that ends at once
    ct "${CT_RUN[@]}" "$CTR_IMAGE" c1 sh -c 'echo said >>/log; exit $(wc -l </log)'
    is "$status" 1
    ct tasks start c1
    is "$status" 2
    ct tasks start c1
    is "$status" 3
}

@test "exec: status, user, directory; a wrong command; a terminal" {
    detached c1
    ct_ok tasks exec --exec-id e1 c1 sh -c "$NAMESPACES"
    promised "$output"
    ct tasks exec --exec-id e2 c1 sh -c 'exit 7'
    is "$status" 7
    ct_ok tasks exec --exec-id e3 --user 1000 --cwd /tmp c1 sh -c 'id -u; pwd'
    is "$output" $'1000\n/tmp'
    ct tasks exec --exec-id e4 c1 no-such-command
    [ "$status" != 0 ]
    contains "$stderr" "executable file not found"
    # the id is free again, and the task unharmed
    ct_ok tasks exec --exec-id e4 c1 true
    ct_ok tasks exec --exec-id e5 --detach c1 sleep 100
    ct_ok tasks kill --exec-id e5 --signal SIGKILL c1
    if [ -x /usr/bin/python3 ]; then
        status=0
        in_pty expect:'# ' 'send:tty; exit 6\n' -- ctr tasks exec --exec-id e6 --tty c1 sh >screen || status=$?
        is "$status" 6
        contains "$(<screen)" /dev/pts/0
    fi
}

@test "ps and metrics show the container" {
    detached c1
    ct_ok tasks ps c1
    contains "$output" "$(task_pid c1)"
    ct_ok tasks metrics --format json c1
    contains "$output" '"pids"'
}

@test "pause and resume work" {
    detached c1
    ct_ok tasks pause c1
    wait_until task_is c1 PAUSED
    ct_ok tasks resume c1
    wait_until task_is c1 RUNNING
    ct_ok tasks pause c1
    ct_ok tasks kill --signal SIGKILL c1
    # with some runtimes it ends at once, with others when it runs on
    ct tasks resume c1
    wait_until task_is c1 STOPPED
}

@test "limits: memory and CPU" {
    requires controller:memory
    says --memory-limit $((64 << 20)) -- 'echo up'
    is "$output" up
    ct "${CT_RUN[@]}" --rm --memory-limit $((16 << 20)) "$CTR_IMAGE" c1 sh -c 'x=aaaaaaaa; while :; do x=$x$x; done'
    is "$status" 137
    says --cpu-quota 50000 --cpu-period 100000 --cpu-shares 512 -- 'echo up'
    is "$output" up
}

@test "read-only root, mounts, environment, directory" {
    mkdir source && echo content >source/file
    says --read-only --mount "type=bind,src=$PWD/source,dst=/mnt,options=rbind:ro" --env A=b --cwd /tmp -- \
        'cat /mnt/file; (touch /x) 2>&1 || true; (touch /mnt/x) 2>&1 || true; echo $A; pwd'
    is "$output" $'content\ntouch: /x: Read-only file system\ntouch: /mnt/x: Read-only file system\nb\n/tmp'
}

@test "capabilities, --privileged, devices, seccomp" {
    requires file:/dev/net/tun
    says --cap-drop CAP_CHOWN -- 'x=$(sed -n "s/CapBnd:.//p" /proc/self/status); echo $((0x$x & 1)) $(((0x$x >> 12) & 3))'
    is "$output" "0 0"
    says --privileged -- "$NAMESPACES; ls /dev | wc -l"
    promised "$output"
    says --device /dev/net/tun -- 'stat -c "%t:%T" /dev/net/tun; (exec 3<>/dev/net/tun) && echo opened'
    is "$output" $'a:c8\nopened'
    says --seccomp -- 'grep -w Seccomp: /proc/self/status'
    is "$output" $'Seccomp:\t2'
}

@test "--with-ns and --net-host: the network is the shared one all the same, never the host's PID namespace" {
    local kind
    ip netns add other
    for kind in network:/run/netns/distros network:/run/netns/other pid:/proc/1/ns/pid ipc:/proc/1/ns/ipc; do
        says --with-ns "$kind" -- "$NAMESPACES; ls /sys/class/net"
        promised "$output" || { echo "--with-ns $kind" && false; }
    done
    is "$(ip -n other -br link | awk '{ print $1 }')" lo
    says --net-host -- "$NAMESPACES; ls /sys/class/net"
    promised "$output"
    lacks "$output" dsh
}

@test "a command that does not exist: the reason is told, and nothing is left" {
    ct "${CT_RUN[@]}" --rm "$CTR_IMAGE" c1 no-such-command
    [ "$status" != 0 ]
    contains "$stderr" "executable file not found"
    ct "${CT_RUN[@]}" --rm "$CTR_IMAGE" c1 /etc/not-executable
    [ "$status" != 0 ]
    contains "$stderr" "permission denied"
    # the id is free again
    says -- true
}
