#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Podman: what `podman run` gives to a program, and what it says where it cannot.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines

setup_file() { make_rootfs && setup_podman; }
setup() { requires root world && start_engine_test podman; }
teardown() { end_podman_test; }

in_pty() { timeout -k 5 40 /usr/bin/python3 "$BATS_TEST_DIRNAME/terminal.py" "$@" 3>&- </dev/null; }

@test "run: output, streams, input and exit status are the program's; the network is shared, the rest its own" {
    busybox_says -- "echo to-stderr >&2; $NAMESPACES; echo \$\$; ls /sys/class/net"
    promised "$output"
    contains "$output" $'\n1\n'
    contains "$output" dsn
    is "$stderr" to-stderr
    pod run --rm busybox sh -c 'exit 7'
    is "$status" 7
    pod run --rm busybox sh -c 'kill -KILL $$'
    # process 1 is not killed from within
    is "$status" 0
    is "$(echo some words | podman run --rm -i busybox tr a-z A-Z 3>&-)" "SOME WORDS"
    # what it was not told to have it has not
    busybox_says -- 'env | sort; pwd; id; umask; cat /proc/self/oom_score_adj; ls /proc/self/fd | wc -l'
    contains "$output" "container=podman"
    contains "$output" "HOME=/root"
    contains "$output" "uid=0(root) gid=0(root)"
    contains "$output" 0022
}

@test "what the runtime warns of is in its own log, and nowhere that a person looks for the program's words" {
    ok run -d --name warned --privileged busybox sh -c 'echo out; echo err >&2; sleep 100'
    wait_until logs_have warned err
    is "$stderr" ""
    pod logs warned
    is "$output|$stderr" "out|err"
    ok exec --privileged warned sh -c 'echo out; echo err >&2'
    is "$output|$stderr" "out|err"
    log=$(find /run /var/lib/containers -name oci-log -path "*$(podman inspect --format '{{.Id}}' warned)*")
    contains "$(<"$log")" '"level":"warning","msg":"privileged '
    ok run --rm --privileged busybox sh -c 'echo out; echo err >&2'
    is "$output|$stderr" "out|err"
    # an error beside the warnings is told in its words
    fails 127 'executable file not found in \$PATH' run --rm --privileged busybox no-such-program
}

@test "an ordinary container has no warnings at all" {
    ok run -d --name plain busybox sleep 100
    log=$(find /run /var/lib/containers -name oci-log -path "*$(podman inspect --format '{{.Id}}' plain)*")
    is "$([ ! -s "$log" ] || cat "$log")" ""
}

@test "run -it: a terminal of its own, through a person's terminal" {
    requires file:/usr/bin/python3
    in_pty --size 30x90 expect:'# ' 'send:tty; stty size; echo pid-$$\n' expect:pid-1 'send:exit 5\n' -- \
        podman run --rm -it busybox sh >screen || status=$?
    is "${status:-0}" 5
    contains "$(<screen)" /dev/pts/0
    contains "$(<screen)" "30 90"
    # a key that is a signal
    status=0
    in_pty expect:waiting 'send:\x03' -- podman run --rm -it busybox \
        sh -c 'trap "exit 9" INT; echo waiting; while :; do sleep 0.1; done' >screen || status=$?
    is "$status" 9
}

@test "user, groups, directory, environment, host name, annotation, limits, umask" {
    busybox_says --user 1000:2000 --group-add 2001 --workdir /tmp --env A=b --hostname one --umask 0077 -- \
        'id -u; id -g; id -G; pwd; echo $A; hostname; umask; echo $HOME'
    is "$output" $'1000\n2000\n2000 2001\n/tmp\nb\none\n0077\n/home'
    busybox_says --ulimit nofile=100:200 --ulimit nproc=500:500 -- 'ulimit -Sn; ulimit -Hn; ulimit -u'
    is "$output" $'100\n200\n500'
    ok run -d --name noted --annotation distro.test=yes busybox sleep 100
    is "$("$ENGINES_RUNTIME" state "$(podman inspect --format '{{.Id}}' noted)" | jq -r '.annotations["distro.test"]')" yes
}

@test "--init: the first process is one that reaps" {
    busybox_says --init -- 'cat /proc/1/comm; (sleep 0.1 &); sleep 0.5; grep -c "^State:.Z" /proc/[0-9]*/status | grep -c ":1" || true'
    matches "$output" '^(catatonit|podman-init|init)
0$'
}

@test "--preserve-fds and --group-add keep-groups hand on what the caller has" {
    echo handed >"$BATS_TEST_TMPDIR/file"
    is "$(timeout -k 5 40 bash -c 'podman run --rm --preserve-fds 1 busybox cat /proc/self/fd/3 3<"$1"' - "$BATS_TEST_TMPDIR/file")" handed
    is "$(setpriv --groups 0,3456 podman run --rm --group-add keep-groups busybox id -G 3>&- </dev/null)" "0 3456"
}

@test "capabilities: a default set, --cap-add, --cap-drop; the network's are the policy's to give" {
    caps='grep -E "Cap(Prm|Bnd)" /proc/self/status'
    busybox_says -- "$caps"
    local default=$output
    # CAP_CHOWN and nothing else
    busybox_says --cap-drop all --cap-add chown -- "$caps"
    is "$output" $'CapPrm:\t0000000000000001\nCapBnd:\t0000000000000001'
    busybox_says --cap-add sys_ptrace -- "$caps"
    [ "$output" != "$default" ]
    # bits 12 and 13
    for flags in --cap-add=net_admin,net_raw --privileged; do
        busybox_says "$flags" -- 'x=$(sed -n "s/CapBnd:.//p" /proc/self/status); echo $(( (0x$x >> 12) & 3 ))'
        is "$output" 0
    done
    busybox_says --security-opt no-new-privileges -- 'grep NoNewPrivs /proc/self/status'
    is "$output" $'NoNewPrivs:\t1'
    busybox_says --user 1000 -- 'grep CapEff /proc/self/status'
    is "$output" $'CapEff:\t0000000000000000'
}

@test "--privileged: the host's devices, /sys as the shared network shows it, and still not the host" {
    busybox_says --privileged -- "$NAMESPACES; ls /dev | wc -l; ls /sys/class/net; mount -t tmpfs none /tmp && echo mounted; ps | wc -l"
    promised "$output"
    contains "$output" dsn
    contains "$output" mounted
    lacks "$output" dsh
}

@test "--privileged under a policy that strips: its devices, capabilities and writable /sys are those of a plain container" {
    local look='sed -n "s/CapBnd:.//p" /proc/self/status; ls /dev | wc -l; head -c 1 /dev/zero | wc -c; mount -t tmpfs none /tmp || echo no; grep -c " /sys sysfs ro" /proc/mounts'
    echo '{"version": 1, "privileged": "strip"}' >/run/strip.json
    busybox_says -- "$look"
    local plain
    plain=$(tail -n +2 <<<"$output")
    ok --runtime-flag policy=/run/strip.json run --rm --privileged busybox sh -c "$look"
    is "$(tail -n +2 <<<"$output")" "$plain"
    # SYS_MODULE 16, SYS_RAWIO 17, SYS_PTRACE 19, SYS_ADMIN 21, PERFMON 38, BPF 39
    is $((0x${output%%$'\n'*} & (1 << 16 | 1 << 17 | 1 << 19 | 1 << 21 | 1 << 38 | 1 << 39))) 0
}

@test "seccomp: the default filter, one of a file, and none" {
    busybox_says -- 'grep -w Seccomp: /proc/self/status'
    is "$output" $'Seccomp:\t2'
    # the policy's own filter, which lets this through (network.peerDescriptors)
    busybox_says --security-opt seccomp=unconfined -- 'grep -w Seccomp: /proc/self/status; unshare -U true && echo free'
    is "$output" $'Seccomp:\t2\nfree'
    printf '%s' '{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_AARCH64"],
        "syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":95}]}' >"$BATS_TEST_TMPDIR/filter.json"
    busybox_says --security-opt "seccomp=$BATS_TEST_TMPDIR/filter.json" -- 'mkdir /tmp/x 2>&1 || true; touch /tmp/y && echo touched'
    matches "$output" $'^mkdir: .*: Operation not supported\ntouched$'
}

@test "devices: those that are given may be opened, others not, also as new nodes" {
    # not /dev/net/tun: every container may have a tunnel, as with runc
    requires file:/dev/fuse
    busybox_says --cap-add mknod -- 'echo x >/dev/null; head -c 4 /dev/zero | wc -c; head -c 4 /dev/urandom | wc -c; stat -c "%t:%T %a" /dev/full /dev/tty
        ls /dev; mknod /filesystem c 10 229; (exec 3</filesystem) 2>&1 || true'
    contains "$output" $'4\n4\n1:7 666\n5:0 666'
    matches "$output" 'filesystem.*Operation not permitted'
    lacks "$output" kmsg
    busybox_says --device /dev/fuse:/dev/other:r -- 'stat -c "%t:%T" /dev/other; (exec 3</dev/other) && echo read; (exec 3<>/dev/other) 2>&1 || true'
    contains "$output" $'a:e5\nread'
    contains "$output" "not permitted"
}

@test "a command that does not exist ends with 127, one that may not be executed with 126" {
    fails 127 'executable file not found|no such file' run --rm busybox no-such-command
    fails 127 'no such file' run --rm busybox /no/such/command
    fails 126 '[Pp]ermission denied' run --rm busybox /etc/not-executable
    fails 126 'is a directory|[Pp]ermission denied' run --rm busybox /etc
    # nothing is left that would hinder the next one of that name
    fails 127 'executable file not found|no such file' run --name again --rm busybox no-such-command
    ok run --name again --rm busybox true
}

@test "build: RUN is in the shared network, the image runs" {
    printf '%s\n' 'FROM busybox' 'RUN readlink /proc/self/ns/net >/net && ls /sys/class/net >/links' 'USER 1000' 'CMD ["cat", "/net", "/links"]' >Containerfile
    ok build -q --isolation oci --network ns:/run/netns/distros -t built .
    ok run --rm built
    contains "$output" "$SHARED"
    contains "$output" dsn
    ok rmi -f built
}

@test "socket activation: a listening socket of the service manager's is the program's" {
    ! podman_since 5 || skip "this Podman closes a descriptor of its own database there, with any runtime"
    cat >activate.py <<'END'
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind("activated")
listener.listen()
os.dup2(listener.fileno(), 3, inheritable=True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execvp(sys.argv[1], sys.argv[1:])
END
    python3 activate.py podman run --rm busybox sh -c 'echo $LISTEN_FDS $LISTEN_PID; readlink /proc/self/fd/3 | cut -d: -f1' 3>&- </dev/null >out
    is "$(<out)" $'1 1\nsocket'
}
