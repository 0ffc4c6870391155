# SPDX-License-Identifier: Apache-2.0
# What the program of a container is given (config.md "Process"): identity, power, limits, environment,
# descriptors, names.
# world: hybrid vm

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() { end_test; }

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

# caps SET...: masks of the program that has printed its /proc/self/status, without leading zeros
caps() {
    local set
    for set in "$@"; do awk -v name="$set:" '$1 == name { sub(/^0+/, "", $2); print $2 == "" ? "0" : $2 }' <<<"$output"; done |
        tr '\n' ' '
}
# mask CAPABILITY...: theirs, by the numbers of linux/capability.h
mask() {
    local name mask=0
    local -A numbers=([CHOWN]=0 [KILL]=5 [SETUID]=7)
    for name in "$@"; do mask=$((mask | 1 << numbers[$name])); done
    printf '%x' "$mask"
}

# ---- identity

@test "user, group and supplementary groups are exactly those of the config" {
    answers $'1000 1001\nGroups:\t5 7 4294967294 ' 'echo $(id -u) $(id -g); grep Groups /proc/self/status' \
        '.process.user = {uid: 1000, gid: 1001, additionalGids: [7, 5, 4294967294]}'
    answers $'0 0\nGroups:\t ' 'echo $(id -u) $(id -g); grep Groups /proc/self/status' '.process.user = {uid: 0, gid: 0}'
    answers $'Uid:\t65534\t65534\t65534\t65534\nGid:\t0\t0\t0\t0' 'grep -E "^(Uid|Gid)" /proc/self/status' \
        '.process.user = {uid: 65534, gid: 0}'
    b=$(bundle c1 '.process.user.uid = 4294967295')
    expect_error 'process.user.uid' create -b "$b" c1
}

@test "umask: that of the config, else 0022, whatever the caller's is" {
    answers 0027 umask '.process.user.umask = 23'
    answers 0000 umask '.process.user.umask = 0'
    umask 0077
    answers $'0022\n644 /file\n755 /dir\n755 /made' 'umask; touch /file; mkdir /dir; stat -c "%a %n" /file /dir /made' \
        '.mounts += [{destination: "/made/here", type: "tmpfs", source: "tmpfs"}]'
}

@test "capabilities of uid 0: the five sets" {
    sets='.process.capabilities = {bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID"],
        permitted: ["CAP_CHOWN", "CAP_KILL"], effective: ["CAP_KILL"], inheritable: ["CAP_KILL"], ambient: []}'
    ask 'cat /proc/self/status' "$sets"
    # capabilities(7): a program of root gains what the bounding set lets it
    is "$(caps CapInh CapPrm CapBnd CapAmb)" \
        "$(mask KILL) $(mask CHOWN KILL SETUID) $(mask CHOWN KILL SETUID) 0 "
    # with no_new_privs it keeps what it was given
    ask 'cat /proc/self/status' "$sets" '.process.noNewPrivileges = true'
    is "$(caps CapInh CapPrm CapBnd)" "$(mask KILL) $(mask CHOWN KILL) $(mask CHOWN KILL SETUID) "
    # none
    ask 'cat /proc/self/status' '.process.capabilities = {}'
    is "$(caps CapBnd CapPrm CapEff CapInh CapAmb)" "0 0 0 0 0 "
    ask 'cat /proc/self/status' 'del(.process.capabilities)'
    is "$(caps CapBnd CapPrm CapEff CapInh CapAmb)" "0 0 0 0 0 "
}

@test "capabilities of another user: none without ambient ones, and those with" {
    ask 'cat /proc/self/status' '.process.user.uid = 1000'
    is "$(caps CapInh CapPrm CapEff CapAmb)" "0 0 0 0 "
    [ "$(caps CapBnd)" != "0 " ]
    ask 'cat /proc/self/status; chown 7 /tmp && echo chowned' '.process.user.uid = 1000' '.process.capabilities = {
        bounding: ["CAP_CHOWN", "CAP_KILL"], permitted: ["CAP_CHOWN", "CAP_KILL"], effective: ["CAP_CHOWN"],
        inheritable: ["CAP_CHOWN"], ambient: ["CAP_CHOWN"]}'
    is "$(caps CapInh CapPrm CapEff CapBnd CapAmb)" \
        "$(mask CHOWN) $(mask CHOWN) $(mask CHOWN) $(mask CHOWN KILL) $(mask CHOWN) "
    contains "$output" chowned
    # an ambient one that is not inheritable cannot be: left out, with a warning
    b=$(bundle c1 "$(args cat /proc/self/status)" '.process.user.uid = 1000' '.process.capabilities = {
        bounding: ["CAP_CHOWN"], permitted: ["CAP_CHOWN"], effective: [], ambient: ["CAP_CHOWN"]}')
    attempt --log-level warning run -b "$b" c1
    is "$(caps CapInh CapPrm CapAmb)" "0 0 0 "
    contains "$stderr" "CAP_CHOWN"
}

@test "an unknown capability is left out with a warning, not an error" {
    b=$(bundle c1 "$(args cat /proc/self/status)" '.process.capabilities = {bounding: ["CAP_NO_SUCH", "CAP_KILL"],
        permitted: ["CAP_KILL", "CAP_NO_SUCH"], effective: ["CAP_KILL"]}')
    attempt --log-level warning run -b "$b" c1
    is "$status" 0
    is "$(caps CapPrm CapBnd)" "$(mask KILL) $(mask KILL) "
    is "$stderr" "distro-shim: warning: capability CAP_NO_SUCH is unknown"
    attempt run -b "$b" c1
    is "$stderr" "distro-shim: warning: capability CAP_NO_SUCH is unknown"
}

@test "noNewPrivileges true, false and absent" {
    for value in true false null; do
        answers $'NoNewPrivs:\t'"$([ $value = true ] && echo 1 || echo 0)" 'grep NoNewPrivs /proc/self/status' \
            ".process.noNewPrivileges = $value | if $value == null then del(.process.noNewPrivileges) else . end"
    done
}

# ---- limits

@test "rlimits are set, also those that would hinder the runtime itself" {
    b=$(bundle c1 "$(args cat /proc/self/limits)" '.process.rlimits = [
        {type: "RLIMIT_NOFILE", soft: 100, hard: 200}, {type: "RLIMIT_CORE", soft: 0, hard: 4096},
        {type: "RLIMIT_NPROC", soft: 50, hard: 60}, {type: "RLIMIT_STACK", soft: 1048576, hard: 77777},
        {type: "RLIMIT_FSIZE", soft: 1048576, hard: 1048576}, {type: "RLIMIT_CPU", soft: 100, hard: 200},
        {type: "RLIMIT_AS", soft: 1000000000, hard: 2000000000}, {type: "RLIMIT_MEMLOCK", soft: 0, hard: 0},
        {type: "RLIMIT_NICE", soft: 0, hard: 0}, {type: "RLIMIT_RTTIME", soft: 1, hard: 2}]')
    sed -i s/77777/18446744073709551615/ "$b/config.json" # more than jq can hold
    succeeds run -b "$b" c1
    while IFS='|' read -r name soft hard; do
        matches "$output" "Max $name +$soft +$hard"
    done <<'END'
open files|100|200
core file size|0|4096
processes|50|60
stack size|1048576|unlimited
file size|1048576|1048576
cpu time|100|200
address space|1000000000|2000000000
locked memory|0|0
realtime timeout|1|2
END
    answers 8 'ulimit -n' '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 8, hard: 8}]'
    # without any the caller's are kept
    answers "$(ulimit -n) $(ulimit -Hn)" 'echo $(ulimit -n) $(ulimit -Hn)'
}

@test "rlimits that cannot be are refused by name" {
    b=$(bundle c1)
    while read -r text limits; do
        edit_config "$b" ".process.rlimits = $limits"
        expect_error "$text" run -b "$b" c1
    done <<'END'
RLIMIT_NOFILE.*(more.than.once|twice) [{type: "RLIMIT_NOFILE", soft: 1, hard: 1}, {type: "RLIMIT_NOFILE", soft: 2, hard: 2}]
RLIMIT_NO_SUCH [{type: "RLIMIT_NO_SUCH", soft: 1, hard: 1}]
rlimits.0.*hard [{type: "RLIMIT_CORE", soft: 2, hard: 1}]
END
    # maybe no room for the connection that start makes: an error, no hang
    b=$(bundle c9 "$(args true)" '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 0, hard: 0}]')
    attempt run -b "$b" c9
    [ "$status" -le 1 ]
    # beyond the caller's own, without the power to raise it
    b=$(bundle c10 "$(args true)" '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 600, hard: 600}]')
    status=0
    prlimit --nofile=500:500 setpriv --bounding-set=-sys_resource "$DISTRO_SHIM" --root "$SHIM_ROOT" \
        run -b "$b" c10 </dev/null >log 2>&1 || status=$?
    is "$status" 1
    contains "$(<log)" "set RLIMIT_NOFILE to 600:600: operation not permitted: the hard limit here is 500, and raising it takes CAP_SYS_RESOURCE; ask for no more"
    b=$(bundle c11 "$(args true)" '.process.user.uid = 1000 | .process.rlimits = [{type: "RLIMIT_NPROC", soft: 600, hard: 600}]')
    status=0
    prlimit --nproc=500:500 setpriv --bounding-set=-sys_resource "$DISTRO_SHIM" --root "$SHIM_ROOT" \
        run -b "$b" c11 </dev/null >log 2>&1 || status=$?
    is "$status" 1
    contains "$(<log)" "set RLIMIT_NPROC to 600:600: operation not permitted"
}

@test "rlimits below the caller's own need no power over the user that gets them" {
    b=$(bundle c1 "$(args sh -c 'id -u; ulimit -Sn; ulimit -Hn; ulimit -c; ulimit -u')" '.process.user.uid = 1000 | .process.rlimits = [
        {type: "RLIMIT_NOFILE", soft: 300, hard: 400}, {type: "RLIMIT_CORE", soft: 0, hard: 0}, {type: "RLIMIT_NPROC", soft: 90, hard: 90}]')
    prlimit --nofile=500:500 setpriv --bounding-set=-sys_resource "$DISTRO_SHIM" --root "$SHIM_ROOT" \
        run -b "$b" c1 </dev/null >log 2>&1 || true
    is "$(<log)" $'1000\n300\n400\n0\n90'
}

@test "oomScoreAdj: that of the config, else that of the caller" {
    answers 500 'cat /proc/self/oom_score_adj' '.process.oomScoreAdj = 500'
    answers "$(cat /proc/self/oom_score_adj)" 'cat /proc/self/oom_score_adj'
    b=$(bundle c1 '.process.oomScoreAdj = 1001')
    expect_error 'oomScoreAdj' create -b "$b" c1
}

# ---- directory, environment, executable

@test "cwd: where it is, where it has to be made, and where it cannot be" {
    answers /usr/bin pwd '.process.cwd = "/usr/bin"'
    answers $'/a/b/c\n755 0 0' 'pwd; stat -c "%a %u %g" /a' '.process.cwd = "/a/b/c"'
    [ -d "$b/rootfs/a/b/c" ]
    answers /a/b pwd '.process.cwd = "/a/b"' '.root.readonly = true'
    # a directory that only root may enter: who asked for it is in it
    answers "1000 /root" 'echo "$(id -u) $(pwd)"' '.process.cwd = "/root" | .process.user.uid = 1000'
    b=$(bundle c1 '.process.cwd = "/bin/busybox"')
    expect_error "process.cwd.*'/bin/busybox'.*: not a directory" create -b "$b" c1
    b=$(bundle c2 '.process.cwd = "relative"')
    expect_error 'process.cwd: must be an absolute path' create -b "$b" c2
    b=$(bundle c3 "$(args pwd)" '.process.cwd = "/link/in"')
    mkdir -p "$b/rootfs/target/in" && ln -s /target "$b/rootfs/link"
    succeeds run -b "$b" c3
    is "$output" /target/in
    # a missing one is made behind a link, inside the root
    b=$(bundle c4 "$(args pwd)" '.process.cwd = "/link/new"')
    ln -s ../../../../../../new-target "$b/rootfs/link"
    succeeds run -b "$b" c4
    is "$output" /new-target/new
}

@test "the environment is that of the config and HOME; of a name that is given twice the last counts" {
    export LEAK=leaks DISTRO_SHIM_EXECUTED_AGAIN=''
    unset DISTRO_SHIM_EXECUTED_AGAIN
    b=$(bundle c1 "$(args env)" '.process.env = ["A=1", "PATH=/bin", "B=", "A=2", "C==x", "A=3", "PATH=/bin:/usr/bin"]')
    succeeds run -b "$b" c1
    is "$(sort <<<"$output")" $'A=3\nB=\nC==x\nHOME=/root\nPATH=/bin:/usr/bin'
    edit_config "$b" 'del(.process.env)'
    succeeds run -b "$b" c1
    is "$output" HOME=/root
    for bad in '"NO_EQUALS"' '"=x"' '""'; do
        edit_config "$b" ".process.env = [$bad]"
        expect_error 'env\[0\]' run -b "$b" c1
    done
}

@test "HOME: kept where it is given, else from the image's passwd by number, else /" {
    b=$(bundle c1 "$(args sh -c 'echo "$HOME"')" '.process.user.uid = 1000')
    printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'short:x:1000' '1000:x:7:7::/by-name:/bin/sh' \
        'relative:x:1000:1000::home:/bin/sh' 'user:x:1000:1000::/home/user:/bin/sh' \
        'later:x:1000:1000::/home/later:/bin/sh' >"$b/rootfs/etc/passwd"
    for pair in '[]|/home/user' '["HOME=/given"]|/given' '["HOME="]|/home/user' '["HOME=/first", "HOME="]|/home/user' \
        '["HOME=", "HOME=/last"]|/last'; do
        edit_config "$b" --argjson env "${pair%|*}" '.process.env = ["PATH=/bin"] + $env'
        succeeds run -b "$b" c1
        is "$output" "${pair#*|}"
    done
    edit_config "$b" '.process.user.uid = 1234 | .process.env = ["PATH=/bin"]'
    succeeds run -b "$b" c1
    is "$output" /
    # the last line has no newline
    printf 'x:x:1234:1::/home/x:/bin/sh' >"$b/rootfs/etc/passwd"
    succeeds run -b "$b" c1
    is "$output" /home/x
}

@test "an image's passwd that is not a regular file does not hinder: HOME is / in time" {
    b=$(bundle c1 "$(args sh -c 'echo "$HOME"')")
    passwd=$b/rootfs/etc/passwd
    for kind in missing fifo directory link-to-environ link-to-itself link-outside sparse one-line nul socket unreadable; do
        rm -rf "$passwd"
        case $kind in
        fifo) mkfifo "$passwd" ;;
        directory) mkdir "$passwd" ;;
        link-to-environ) ln -s /proc/self/environ "$passwd" ;;
        link-to-itself) ln -s passwd "$passwd" ;;
        link-outside)
            echo 'root:x:0:0:root:/outside:/bin/sh' >outside
            ln -s "$PWD/outside" "$passwd"
            ;;
        sparse) truncate -s 4G "$passwd" ;;
        one-line) head -c 3000000 /dev/zero | tr '\0' x >"$passwd" ;;
        nul) printf 'root:x:0:0:root:/ro\0ot:/bin/sh\nroot:x:0:0:root:/root:/bin/sh\n' >"$passwd" ;;
        socket) /usr/bin/python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind("passwd")' &&
            mv passwd "$passwd" ;;
        unreadable) printf '\377\376:::::::\n:::0:::\n0:0:0:0:0:0\n' >"$passwd" ;;
        esac
        start=$SECONDS
        succeeds run -b "$b" c1
        is "$kind $output" "$kind /"
        [ $((SECONDS - start)) -lt 5 ]
    done
}

@test "the program is looked up in the container's PATH, not in the caller's" {
    b=$(bundle c1 "$(args tool)" '.process.env = ["PATH=/opt/first:/opt/second"]')
    mkdir -p "$b/rootfs/opt/first" "$b/rootfs/opt/second"
    for where in first second; do
        printf '#!/bin/sh\necho %s "$@"\n' "$where" >"$b/rootfs/opt/$where/tool"
        chmod 755 "$b/rootfs/opt/$where/tool"
    done
    succeeds run -b "$b" c1
    is "$output" first
    # what cannot be executed is passed over
    chmod 644 "$b/rootfs/opt/first/tool"
    succeeds run -b "$b" c1
    is "$output" second
    PATH=$b/rootfs/opt/second:$PATH
    edit_config "$b" '.process.env = ["PATH=/nowhere"]'
    expect_error 'executable file not found in \$PATH' run -b "$b" c1
    # an empty part is the working directory
    edit_config "$b" '.process.env = ["PATH=/nowhere:"] | .process.cwd = "/opt/second"'
    succeeds run -b "$b" c1
    is "$output" second
    # without PATH the usual places
    edit_config "$b" 'del(.process.env) | .process.args = ["sh", "-c", "echo found"]'
    succeeds run -b "$b" c1
    is "$output" found
    edit_config "$b" '.process.cwd = "/opt" | .process.args = ["second/tool", "a b", "", "*"]'
    succeeds run -b "$b" c1
    is "$output" "second a b  *"
}

@test "arguments arrive as they are" {
    b=$(bundle c1 "$(args sh -c 'for a in "$0" "$@"; do printf "<%s>" "$a"; done' zero '' 'a b' $'new\nline' 'é"\' '%s' '$HOME')")
    succeeds run -b "$b" c1
    is "$output" $'<zero><><a b><new\nline><é"\\><%s><$HOME>'
    for first in sh /bin/sh /bin/../bin/sh; do
        edit_config "$b" --arg first "$first" '.process.args = [$first, "-c", "xargs -0 echo </proc/1/cmdline"]'
        succeeds run -b "$b" c1
        is "${output%% -c*}" "$first"
    done
    edit_config "$b" '.process.args = []'
    expect_error 'process.args' create -b "$b" c1
    edit_config "$b" '.process.args = [""]'
    expect_error 'process.args\[0\]' create -b "$b" c1
}

# ---- descriptors, signals, session

@test "descriptors: 0, 1, 2 and those of --preserve-fds, whatever the caller has open" {
    # no pipe in there: while it is made the first process has both its ends
    b=$(bundle c1 "$(args sh -c 'ls /proc/1/fd; cat <&3; cat <&4')")
    echo three >three
    echo four >four
    (
        for fd in 5 6 7 20 63 200; do eval "exec $fd</"; done
        exec 3<three 4<four
        succeeds run --preserve-fds 2 -b "$b" c1
        is "$output" $'0\n1\n2\n3\n4\nthree\nfour'
        edit_config "$b" '.process.args = ["sh", "-c", "ls /proc/1/fd; :"]'
        succeeds run -b "$b" c1
        is "$output" $'0\n1\n2'
        succeeds run --preserve-fds=0 -b "$b" c1
        is "$output" $'0\n1\n2'
        expect_error 'preserve-fds 6: descriptor 8 is not open' run --preserve-fds 6 -b "$b" c1
        # also over the time between create and start
        edit_config "$b" '.process.args = ["sh", "-c", "cat <&3 >/got; (ls /proc/1/fd >>/got); :"]'
        exec 3<three
        succeeds create --preserve-fds 1 -b "$b" c1
    )
    succeeds start c1
    wait_until has_stopped c1
    is "$(<"$b/rootfs/got")" $'three\n0\n1\n2\n3'
}
has_stopped() { [ "$(state_of "$1")" = stopped ]; }

@test "signals: no disposition and no mask of the caller reaches the program" {
    requires cmd:env
    b=$(bundle c1 "$(args grep -E '^(ShdPnd|SigPnd|SigBlk|SigIgn|SigCgt)' /proc/self/status)")
    env --ignore-signal=HUP --ignore-signal=USR1 --block-signal=TERM --block-signal=RTMIN+3 \
        "$DISTRO_SHIM" --root "$SHIM_ROOT" run -b "$b" c1 </dev/null >said
    is "$(awk '{ print $2 }' said | sort -u)" 0000000000000000
    is "$(wc -l <said)" 5
}

@test "the program leads a session of its own, without the caller's terminal" {
    b=$(bundle c1 "$(args cat /proc/self/stat)")
    succeeds run -b "$b" c1
    # pid, (comm), state, ppid, pgrp, session, tty_nr
    is "$(cut -d ' ' -f 1,4-7 <<<"$output")" "1 0 1 1 0"
}

@test "the standard streams can be opened anew through /dev by the program's user" {
    b=$(bundle c1 "$(args sh -c 'echo out >/dev/stdout; echo err >/dev/stderr; cat /dev/stdin')" '.process.user = {uid: 1000, gid: 1000}')
    is "$(echo in | shim_in 20 run -b "$b" c1 2>&1 | cat)" $'out\nerr\nin'
    # what is only read, and the host's null device, is not given away
    before=$(stat -c '%u %g %a' /dev/null)
    edit_config "$b" '.process.args = ["sh", "-c", "echo out"]'
    echo in >input
    shim run -b "$b" c1 <input >file 2>/dev/null
    is "$(<file) $(stat -c %u file input | xargs)" "out 1000 0"
    is "$(stat -c '%u %g %a' /dev/null)" "$before"
}

@test "before the program runs its process cannot be looked into by its user" {
    b=$(bundle c1 "$(args sleep 100)" '.process.user = {uid: 1000, gid: 1000}')
    succeeds create -b "$b" c1
    pid=$(shim state c1 | jq .pid)
    is "$(awk '/^Uid/ { print $2 }' "/proc/$pid/status")" 1000
    # proc(5): the files of a process that is not dumpable belong to root
    is "$(stat -c %u "/proc/$pid/environ")" 0
    status=0
    setpriv --reuid 1000 --regid 1000 --clear-groups cat "/proc/$pid/environ" >/dev/null 2>&1 || status=$?
    [ "$status" != 0 ]
    succeeds start c1
    is "$(stat -c %u "/proc/$pid/environ")" 1000
}

@test "the death of the caller of create or run -d does not reach the container" {
    b=$(bundle c1 "$(args sleep 100)")
    # conmon and containerd's shim start the runtime so
    setpriv --pdeathsig KILL "$DISTRO_SHIM" --root "$SHIM_ROOT" create -b "$b" c1 </dev/null >log 2>&1
    is "$(<log)$(state_of c1)" created
    setpriv --pdeathsig KILL "$DISTRO_SHIM" --root "$SHIM_ROOT" start c1
    is "$(state_of c1)" running
    pid=$(shim state c1 | jq .pid)
    kill -0 "$pid"
}

# ---- names, kernel parameters, keys

@test "hostname and domainname are the container's; the host's stay" {
    before="$(cat /proc/sys/kernel/hostname /proc/sys/kernel/domainname)"
    answers $'inside\nexample.org' 'cat /proc/sys/kernel/hostname /proc/sys/kernel/domainname' \
        '.hostname = "inside" | .domainname = "example.org"'
    is "$(cat /proc/sys/kernel/hostname /proc/sys/kernel/domainname)" "$before"
    b=$(bundle c1 '.hostname = "n" * 65')
    expect_error 'hostname: is longer than 64 bytes' create -b "$b" c1
    # none given: that of the caller, in a namespace of its own
    answers "$(hostname)" 'hostname; hostname changed 2>/dev/null || :' 'del(.hostname)'
    is "$(hostname)" "$(head -n 1 <<<"$before")"
}

@test "sysctls of the container's namespaces are set, all others are refused" {
    before=$(cat /proc/sys/kernel/shmmax)
    answers $'123456\n77\n32000 1024000000 500 32000\nset.org' 'cat /proc/sys/kernel/shmmax /proc/sys/fs/mqueue/msg_max
        cat /proc/sys/kernel/sem | tr "\t" " "; cat /proc/sys/kernel/domainname' \
        '.linux.sysctl = {"kernel.shmmax": "123456", "fs/mqueue/msg_max": "77", "kernel.sem": "32000 1024000000 500 32000",
            "kernel.domainname": "set.org"}'
    is "$(cat /proc/sys/kernel/shmmax)" "$before"
    for pair in 'kernel.hostname|hostname' 'kernel.panic|does not belong to a namespace' 'vm.swappiness|namespace' \
        'kernel.shmmax/../panic|sysctl' '/kernel/shmmax|sysctl' 'kernel..shmmax|sysctl' 'fs.mqueue.no_such|sysctl.*no such file'; do
        edit_config "$b" ".linux.sysctl = {\"${pair%|*}\": \"1\"}"
        expect_error "${pair#*|}" create -b "$b" c1
    done
    edit_config "$b" '.linux.sysctl = {"kernel.shmmax": "not a number"}'
    expect_error 'linux.sysctl: kernel/shmmax.*invalid argument' create -b "$b" c1
}

@test "the session keyring is a new one, unless --no-new-keyring" {
    requires file:/proc/keys
    # names of their own: the list has everything that may be seen, also from outside of this machine
    id=ring-$$-$RANDOM
    b=$(bundle c1 "$(args grep -c "_ses.$id" /proc/keys)" 'del(.linux.maskedPaths)')
    attempt run -b "$b" "$id"
    is "$status|$output|$stderr" "0|1|"
    edit_config "$b" ".process.args[2] = \"_ses.$id-2\""
    attempt run --no-new-keyring -b "$b" "$id-2"
    is "$status|$output|$stderr" "1|0|"
}

@test "the user can open its output again, also where that is a file; what can only be read stays as it is" {
    again='test "$(id -u)" = 1000 && echo again >>/dev/stdout && echo error >>/dev/stderr'
    b=$(bundle c1 "$(args sh -c "$again")" '.process.user = {uid: 1000, gid: 1000}')
    umask 077
    echo text >input
    for how in run exec; do
        case $how in
        run) command=(run -b "$b" c1) ;;
        exec)
            b=$(bundle c2 "$(args sleep 1000)")
            shim run -d -b "$b" c2 </dev/null >/dev/null 2>&1
            command=(exec --user 1000:1000 c2 sh -c "$again")
            ;;
        esac
        rm -f output errors
        shim_in 20 "${command[@]}" <input >output 2>>errors
        is "$(<output) $(<errors)" 'again error'
        is "$(stat -c '%n %u:%g %a' input output errors)" "$(printf '%s\n' 'input 0:0 600' 'output 1000:0 600' 'errors 1000:0 600')"
    done
    # `sudo distro-shim run >output`: the next one could not write there
    touch mine && chown 1000:1000 mine
    shim_in 20 run -b "$(bundle c3 "$(args echo text)")" c3 </dev/null >mine
    is "$(<mine) $(stat -c %u mine)" 'text 1000'
    umask 022
}
