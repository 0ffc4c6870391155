#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Docker: dockerd, its containerd and its shim, with the program that is built.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines

setup_file() { make_rootfs && setup_docker; }
teardown_file() { teardown_docker; }
setup() { requires root world && start_engine_test dockerd; }
teardown() {
    rm -rf /etc/netns
    end_docker_test
}

in_pty() { timeout -k 5 40 /usr/bin/python3 "$BATS_TEST_DIRNAME/terminal.py" "$@" 3>&- </dev/null; }
# says [FLAG]... -- SCRIPT: what a container of the image says is in $output
says() {
    local flags=()
    while [ "$1" != -- ]; do flags+=("$1") && shift; done
    dk_ok run --rm "${flags[@]}" "$DOCKER_IMAGE" sh -c "$2"
}
# detached NAME [FLAG]...: one that runs and answers SIGTERM
detached() {
    dk_ok run -d --name "$1" "${@:2}" "$DOCKER_IMAGE" sh -c 'trap "exit 3" TERM; echo started; while :; do sleep 0.1; done'
    wait_until logs_have "$1" started
}
of() { docker inspect --format "{{.$2}}" "$1"; }         # CONTAINER FIELD
has_status() { [ "$(of "$1" State.Status)" = "$2" ]; }   # CONTAINER STATUS
logs_have() { docker logs "$1" 2>&1 | grep -q -- "$2"; } # CONTAINER PATTERN
# CONTAINER COMMANDS: these run in it
top_is() { is "$(docker top "$1" -o pid,args | awk 'NR > 1 { $1 = ""; print substr($0, 2) }')" "$2"; }
# CONTAINER: what is in the log that containerd's shim names to the runtime
log_of() { cat "$DOCKER_BUNDLES/$(of "$1" Id)/log.json" 2>/dev/null || true; }

@test "run: output, streams and exit status; the network is shared, the rest its own" {
    local kind
    detached other
    for kind in bridge none host container:other; do
        # what leads to it, and to others, is there, too
        says --network "$kind" -- "$NAMESPACES; ls /sys/class/net | grep -v ^fwd; echo \$\$; echo to-stderr >&2"
        promised "$output" || { echo "--network $kind" && false; }
        matches "$output" $'\ndsn\nlo\n1$'
        is "$stderr" to-stderr
    done
    dk run --rm "$DOCKER_IMAGE" sh -c 'exit 7'
    is "$status" 7
    is "$(echo words | timeout -k 5 20 docker run --rm -i "$DOCKER_IMAGE" cat 3>&-)" words
}

@test "warnings of the runtime are not in the program's output: run, logs, exec" {
    dk_ok run --name ended --privileged "$DOCKER_IMAGE" sh -c 'echo out; echo err >&2'
    is "$output|$stderr" "out|err"
    dk_ok logs ended
    is "$output|$stderr" "out|err"
    detached living --privileged
    contains "$(log_of living)" '"level":"warning","msg":"privileged '
    dk_ok exec --privileged living sh -c 'echo out; echo err >&2'
    is "$output|$stderr" "out|err"
    dk_ok logs living
    is "$output|$stderr" "started|"
    # and an ordinary one has none at all
    detached ordinary
    is "$(log_of ordinary)" ""
}

@test "a command that does not exist: the exit status, the reason, and nothing is left" {
    dk_fails 127 'executable file not found' run --name c1 "$DOCKER_IMAGE" no-such-command
    is "$(of c1 State.Status) $(of c1 State.ExitCode)" "created 127"
    dk_fails 126 'permission denied' run --rm "$DOCKER_IMAGE" /etc/not-executable
    # the shell's own
    dk_fails 127 'not found' run --rm "$DOCKER_IMAGE" sh -c no-such-command
    # it can be tried again
    dk_fails 1 'executable file not found' start c1
}

@test "exec: status, user, directory, streams; what cannot be started" {
    dk_ok run -d --name c1 "$DOCKER_IMAGE" sleep 1000
    dk_ok exec c1 sh -c "$NAMESPACES"
    promised "$output"
    dk_ok exec --user 1000 --workdir /tmp --env A=b c1 sh -c 'id -u; pwd; echo $A; echo to-stderr >&2'
    is "$output|$stderr" $'1000\n/tmp\nb|to-stderr'
    is "$(echo words | timeout -k 5 20 docker exec -i c1 cat 3>&-)" words
    dk exec c1 sh -c 'exit 7'
    is "$status" 7
    dk_fails 127 'not found' exec c1 sh -c no-such-command
    # this Docker has one status for all that a runtime does not start in a container that runs
    dk_fails 126 'executable file not found' exec c1 no-such-command
    dk_fails 126 'permission denied' exec c1 /etc/not-executable
    dk_fails 126 "'/no/such'.*no such file or directory" exec --workdir /no/such c1 pwd
    # nothing is left of them, and the container is unharmed
    dk_ok exec -d c1 sleep 2000
    wait_until top_is c1 $'sleep 1000\nsleep 2000'
}

@test "--hostname and --add-host are seen, also beside the network's own names" {
    local script='hostname; cat /etc/hostname; grep -wE "boxed|other|of-the-network" /etc/hosts; cat /etc/resolv.conf'
    says --hostname boxed --add-host other:192.0.2.7 --dns 192.0.2.1 -- "$script"
    matches "$(grep -v '^#' <<<"$output" | grep .)" $'^boxed\nboxed\n192.0.2.7[[:space:]]other\n[0-9.]+[[:space:]]boxed\nnameserver 192.0.2.1$'
    mkdir -p /etc/netns/distros
    echo "192.0.2.54 of-the-network" >/etc/netns/distros/hosts
    says --hostname boxed --add-host other:192.0.2.7 --dns 192.0.2.1 -- "$script"
    matches "$output" $'^boxed\nboxed\n192.0.2.7[[:space:]]other\n'
    matches "$output" $'192.0.2.54[[:space:]]of-the-network\n'
    matches "$output" $'127.0.1.1[[:space:]]boxed\n'
    # that of the network which Docker has prepared, and the container is not in
    lacks "$output" 172.17.
}

@test "kill, stop, start, restart, wait and rm work" {
    local pid
    detached c1
    detached c2
    promised_of "$(of c1 State.Pid)"
    dk_ok stop c1
    is "$(of c1 State.ExitCode)" 3
    dk_ok start c1
    pid=$(of c1 State.Pid)
    promised_of "$pid"
    dk_ok restart --time 5 c1
    [ "$(of c1 State.Pid)" != "$pid" ]
    dk_ok kill c1
    dk_ok wait c1
    is "$output" 137
    dk_fails 1 'not running' kill c1
    dk_ok rm c1
    # one that runs, and one that does not listen
    dk_ok rm --force c2
    dk_ok run -d --name deaf "$DOCKER_IMAGE" sh -c 'trap "" TERM; echo started; while :; do sleep 1; done'
    wait_until logs_have deaf started
    dk_ok stop --time 1 deaf
    is "$(of deaf State.ExitCode)" 137
}

@test "pause, unpause; one that is paused is stopped and removed" {
    requires controller:freezer
    detached c1
    dk_ok pause c1
    is "$(of c1 State.Status) $(cat /sys/fs/cgroup/freezer/docker/"$(of c1 Id)"/freezer.state)" "paused FROZEN"
    dk_fails 1 paused exec c1 true
    dk_ok unpause c1
    dk_ok exec c1 true
    dk_ok pause c1
    dk_ok stop --time 5 c1
    has_status c1 exited
    dk_ok start c1
    dk_ok pause c1
    dk_ok rm --force c1
}

@test "update changes what it is asked to, and nothing else; an end by the limit of memory is seen" {
    requires controller:memory controller:cpu controller:pids
    local script='cd /sys/fs/cgroup && cat memory/memory.limit_in_bytes cpu/cpu.shares pids/pids.max'
    detached c1 --memory 32m --cpu-shares 512 --pids-limit 50
    dk_ok exec c1 sh -c "$script"
    is "$output" $'33554432\n512\n50'
    dk_ok update --pids-limit 60 c1
    dk_ok exec c1 sh -c "$script"
    is "$output" $'33554432\n512\n60'
    dk run --name greedy --memory 16m "$DOCKER_IMAGE" sh -c 'x=aaaaaaaa; while :; do x=$x$x; done'
    is "$status $(of greedy State.OOMKilled)" "137 true"
}

@test "a terminal of its own: run and exec" {
    requires file:/usr/bin/python3
    in_pty --size 30x90 expect:'# ' 'send:tty; stty size\n' 'expect:30 90' 'send:exit 5\n' -- \
        docker run --rm -it "$DOCKER_IMAGE" sh >screen || status=$?
    is "${status:-0}" 5
    contains "$(<screen)" /dev/pts/0
    detached c1
    status=0
    in_pty expect:'# ' 'send:tty; exit 6\n' -- docker exec -it c1 sh >screen || status=$?
    is "$status" 6
    contains "$(<screen)" /dev/pts/0
}

@test "the classic build: what a step makes is in the image" {
    export DOCKER_BUILDKIT=0
    printf 'FROM %s\nRUN ls /sys/class/net | grep -v ^fwd >/links\n' "$DOCKER_IMAGE" >Dockerfile
    dk_ok build -t built .
    dk_ok run --rm built cat /links
    is "$output" $'dsn\nlo'
    dk_ok image rm built
}

@test "the daemon ends and comes again: the container lives on, is entered and stopped" {
    local pid
    detached c1
    pid=$(of c1 State.Pid)
    stop_dockerd
    kill -0 "$pid"
    start_dockerd
    is "$(of c1 State.Status) $(of c1 State.Pid)" "running $pid"
    dk_ok exec c1 sh -c "$NAMESPACES"
    promised "$output"
    dk_ok stop c1
    is "$(of c1 State.ExitCode)" 3
    dk_ok start c1
    promised_of "$(of c1 State.Pid)"
}
