#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A profile may answer any system call in the kernel's place: "done" where nothing is done, or an error that it
# makes up. Whatever it says, between the filter and execve() too, the program does not run or is exactly what was
# asked for; it comes in time, and nothing is left. What the program is says the kernel, asked from outside.
#
# Of all cases a sample is taken, another one each time; all of them with DISTRO_SHIM_FAKED=all.
# world: hybrid

load helpers

setup_file() {
    make_rootfs
    # where it does not compile the tests say so
    [ ! -d "$BATS_FILE_TMPDIR/rootfs" ] ||
        cc -O1 -static -nostdlib -o "$BATS_FILE_TMPDIR/rootfs/bin/spin" "$BATS_TEST_DIRNAME/spin.c" || true
}
setup() {
    requires root world cmd:cc "file:$BATS_FILE_TMPDIR/rootfs/bin/spin"
    start_test
    helpers=()
}
teardown() {
    [ ${#helpers[@]} -eq 0 ] || { kill -KILL "${helpers[@]}" && wait "${helpers[@]}"; } 2>/dev/null || true
    end_test
}

LATE='(.linux.namespaces[] | select(.type == "network")) |= del(.path)'
# Something of every kind that can be forgotten.
ASKED='.process.noNewPrivileges = false | .process.user = {uid: 1000, gid: 1001, additionalGids: [5, 20], umask: 18} | .process.cwd = "/home" |
    .process.capabilities = (["CAP_KILL", "CAP_CHOWN"] as $c | {bounding: $c, permitted: $c, effective: $c, inheritable: $c, ambient: ["CAP_KILL"]}) |
    .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 20, hard: 30}, {type: "RLIMIT_CORE", soft: 0, hard: 0}] | .process.args = ["/bin/spin"]'
NNP='.process.noNewPrivileges = true'

# faked ANSWER [CALL]: a filter that answers a call, or all of them, with an error number
faked() {
    if [ $# = 1 ]; then
        echo ".linux.seccomp = {defaultAction: \"SCMP_ACT_ERRNO\", defaultErrnoRet: $1}"
    else
        echo ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [{names: [\"$2\"], action: \"SCMP_ACT_ERRNO\", errnoRet: $1}]}"
    fi
}
# What a process is: what is the same for each that was asked for in the same words.
is_what() { # PID
    grep -E '^(Umask|Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp)' "/proc/$1/status"
    readlink "/proc/$1/exe" "/proc/$1/cwd" | sed "s|.*/rootfs||"
    find "/proc/$1/fd" -type l -printf '%f ' | tr ' ' '\n' | sort -n | tr '\n' ' '
    grep -E '^Max (open files|core file size)' "/proc/$1/limits"
    # it leads its session and is in no other; it is not a child of the runtime's any more that would die with it
    awk '/^NS(sid|pgid|pid):/ { print $NF == pid || NR == 1 || !pid; pid = $NF }' "/proc/$1/status" | sort -u
}

# judge ID PID-OR-NOTHING WANTED: what runs is what was asked for; then it goes, and nothing stays
judge() {
    local id=$1 pid=$2 wanted=$3
    if [ -n "$pid" ] && [ -e "/proc/$pid" ]; then
        is "$(is_what "$pid")" "$wanted" || return 1
    fi
    timeout -k 1 15 "$DISTRO_SHIM" --root "$SHIM_ROOT" delete --force "$id" >/dev/null 2>&1
    [ ! -e "$SHIM_ROOT/$id" ] && [ -z "$(pgrep -f -- "--root $SHIM_ROOT .* $id\$")" ]
}
in_time() { # ARGUMENT...: whatever comes out of it, it comes
    local status=0
    shim_in 15 "$@" </dev/null >"$BATS_TEST_TMPDIR/out.$BASHPID" 2>&1 || status=$?
    [ "$status" != 124 ] && [ "$status" != 137 ] || { echo "did not end: $*" >&2 && return 1; }
    return "$status"
}
pid_of() { shim state "$1" 2>/dev/null | jq '.pid // empty'; }

# WAY:ANSWER:CALL, of which a way is early, late, nnp, notify or exec
tries() {
    local way answer call id filters=() status=0 agent='' pid=''
    IFS=: read -r way answer call <<<"$1"
    id=${1//:/-}
    filters=("$ASKED" "$(faked "$answer" ${call:+"$call"})")
    case $way in
    late) filters+=("$LATE") ;;
    nnp) filters+=("$NNP") ;;
    notify)
        agent=$PWD/agent.$id
        timeout -k 1 60 "$BATS_TEST_DIRNAME/listener.py" "$agent" "$PWD/heard.$id" 1 </dev/null >/dev/null 2>&1 &
        # where nothing comes to its end it waits for the filter for ever (each case has a shell of its own)
        # shellcheck disable=SC2064 # as it is now
        trap "kill $! 2>/dev/null || true; wait $! || true" EXIT
        wait_until test -S "$agent" || return 1
        filters+=(".linux.seccomp.syscalls += [{names: [\"vhangup\"], action: \"SCMP_ACT_NOTIFY\"}] | .linux.seccomp.listenerPath = \"$agent\"")
        ;;
    exec) filters=("$ASKED" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"}') ;;
    esac
    bundle "$id" "${filters[@]}" >/dev/null || return 1
    case $way in
    exec)
        shim_in 15 run -d -b "$PWD/$id" "$id" </dev/null >/dev/null 2>&1 || return 1
        edit_config "$SHIM_ROOT/$id" "$(faked "$answer" ${call:+"$call"})"
        in_time exec -d --pid-file "$PWD/$id.pid" "$id" /bin/spin || status=$?
        [ "$status" != 0 ] || pid=$(<"$PWD/$id.pid")
        ;;
    *)
        in_time create -b "$PWD/$id" "$id" || status=$?
        [ "$status" != 0 ] || in_time start "$id" || status=$?
        [ "$status" != 0 ] || pid=$(pid_of "$id")
        ;;
    esac
    [ "$status" != 0 ] || [ -n "$pid" ] || [ "$status" = 1 ] || status=0
    case $status in 0 | 1 | 255) ;; *) return 1 ;; esac
    # a program without calls has no end. Of an init that ends in its last moment `start` knows nothing where
    # it is another process's child, which has waited for it.
    [ "$status" != 0 ] || [ "$way" != exec ] || [ -e "/proc/$pid" ] || { echo "it did not go on" >&2 && return 1; }
    judge "$id" "$pid" "$(<"$PWD/wanted.$way")" || return 1
    [ -z "$agent" ] || rm -f "$agent"
    rm -rf "${PWD:?}/$id"
}

# What each way gives where no answer is made up.
wanted() {
    local way
    for way in early late nnp notify exec; do
        : >"wanted.$way"
    done
    for way in early late nnp exec; do
        local filters=("$ASKED" "$(faked 1 vhangup)")
        case $way in late) filters+=("$LATE") ;; nnp) filters+=("$NNP") ;; esac
        b=$(bundle "plain-$way" "${filters[@]}")
        succeeds run -d -b "$b" "plain-$way"
        pid=$(pid_of "plain-$way")
        if [ "$way" = exec ]; then
            succeeds exec -d --pid-file "$PWD/plain.pid" "plain-$way" /bin/spin
            pid=$(<plain.pid)
        fi
        is_what "$pid" >"wanted.$way"
        shim delete --force "plain-$way"
    done
    cp wanted.early wanted.notify
    # that this is what was asked for
    contains "$(<wanted.early)" $'Umask:\t0022'
    contains "$(<wanted.early)" $'Uid:\t1000\t1000\t1000\t1000\nGid:\t1001\t1001\t1001\t1001'
    matches "$(<wanted.early)" 'Groups:.5 20 .*CapInh:.0000000000000021.CapPrm:.0000000000000020.CapEff:.0000000000000020.CapBnd:.0000000000000021.CapAmb:.0000000000000020'
    matches "$(<wanted.early)" $'/bin/spin\n/home\n0 1 2 Max core file size *0 *0 .*Max open files *20 *30'
    matches "$(<wanted.nnp)" $'NoNewPrivs:\t1'
    diff wanted.early wanted.late
    diff <(grep -v Seccomp wanted.early) <(grep -v Seccomp wanted.exec)
}

# Calls of ours after a filter is loaded, in some way of being born; more of them than there are.
CALLS='accept accept4 access arch_prctl brk capget capset chdir clock_gettime clock_nanosleep clone clone3 close close_range connect dup dup2
    dup3 epoll_wait execve execveat exit exit_group faccessat faccessat2 fchdir fchown fcntl fork fstat fstatfs futex getcwd getegid geteuid
    getgid getgroups getpgid getpid getppid getrandom getresgid getresuid getrlimit getsid getsockopt gettid getuid ioctl kill lseek madvise
    memfd_create mmap mprotect mremap munmap newfstatat open openat openat2 pidfd_open pidfd_send_signal pipe pipe2 poll ppoll prctl pread64
    prlimit64 read readlink readlinkat readv recvfrom recvmsg restart_syscall rseq rt_sigaction rt_sigprocmask rt_sigreturn sched_yield seccomp
    select sendmsg sendto set_robust_list set_tid_address setgid setgroups setns setpgid setregid setresgid setresuid setreuid setrlimit setsid
    setsockopt setuid sigaltstack socket stat statx tgkill tkill umask unlink unlinkat unshare vfork wait4 waitid write writev'
ANSWERS='0 1 22 38 4 11' # EPERM EINVAL ENOSYS EINTR EAGAIN

every_case() {
    local way answer call
    for way in early late nnp notify exec; do
        for answer in $ANSWERS; do
            for call in $CALLS; do echo "$way:$answer:$call"; done
        done
    done
}

@test "a profile that fakes one call that matters: the program is what was asked for, or does not run" {
    requires cmd:pgrep cmd:python3
    wanted
    # a refusal would do, but these are not called any more where the program is another one's
    for call in prctl capset setgroups setresgid setresuid setgid setuid close_range umask prlimit64 recvmsg sendmsg accept4; do
        for way in early late; do
            b=$(bundle "$way-$call" "$ASKED" "$(faked 0 $call)" "$([ $way = early ] && echo . || echo "$LATE")")
            succeeds create -b "$b" "$way-$call"
            succeeds start "$way-$call"
            is "$(is_what "$(pid_of "$way-$call")")" "$(<wanted.$way)"
            shim delete --force "$way-$call"
        done
    done
    all_of tries 4 exec:0:clone exec:0:capset exec:0:setsid exec:0:prctl exec:0:pidfd_open exec:0:recvmsg exec:0:newfstatat \
        notify:0:capset notify:0:accept4 notify:0:prctl notify:4:accept4 notify:0:recvmsg notify:0:clone3 early:0:read early:0:write early:4:read \
        early:0:execve late:0:execve nnp:0:execve exec:0:execve early:0:exit_group
}

@test "a profile that fakes any call with any answer: the program is what was asked for, or does not run" {
    requires cmd:pgrep cmd:python3 cmd:shuf
    wanted
    if [ "${DISTRO_SHIM_FAKED:-}" = all ]; then
        mapfile -t some < <(every_case)
    else
        mapfile -t some < <(every_case | shuf -n 24)
    fi
    all_of tries 4 "${some[@]}"
}

@test "a profile that fakes every call: the program is what was asked for, or does not run" {
    requires cmd:pgrep
    wanted
    local way answer some=()
    for way in early late nnp exec; do
        for answer in $ANSWERS; do some+=("$way:$answer:"); done
    done
    all_of tries 4 "${some[@]}"
}

@test "a terminal of exec is the controlling one, or the program does not run" {
    requires cmd:python3
    wanted
    b=$(bundle c1 "$ASKED" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"}')
    succeeds run -d -b "$b" c1
    edit_config "$SHIM_ROOT/c1" "$(faked 0 ioctl)"
    status=0
    timeout -k 1 15 script -qec "'$DISTRO_SHIM' --root '$SHIM_ROOT' exec -t c1 /bin/spin" /dev/null >out 2>&1 </dev/null || status=$?
    [ "$status" != 0 ] && [ "$status" != 124 ]
    contains "$(<out)" "make the terminal the controlling one"
}

@test "hooks of startContainer are under the filter, whatever noNewPrivileges is" {
    for nnp in . "$NNP"; do
        for join in . "$LATE"; do
            b=$(bundle c1 "$(args sleep 1000)" "$nnp" "$join" '.root.readonly = false' "$(faked 1 mkdir)" \
                '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "mkdir /made; grep -E \"Seccomp|CapPrm\" /proc/self/status >/seen"]}]')
            succeeds run -d -b "$b" c1
            [ ! -e "$b/rootfs/made" ]
            matches "$(<"$b/rootfs/seen")" $'Seccomp:\t2\nSeccomp_filters:\t1'
            # none of what loading it takes
            is "$(grep CapPrm "$b/rootfs/seen")" "$(grep CapPrm "/proc/$(pid_of c1)/status")"
            shim delete --force c1
            rm -rf "$b"
        done
    done
}
