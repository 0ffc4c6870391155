#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The filter of system calls (config-linux.md "Seccomp"), by what a process gets for its calls: actions,
# conditions, architectures, flags; with no_new_privs and without, early and late join; listeners; and the
# cache of compiled filters, also where another program has changed it.
# world: hybrid vm

load helpers

setup_file() {
    make_rootfs
    # where it does not compile (no static C library), the tests say so
    [ ! -d "$BATS_FILE_TMPDIR/rootfs" ] ||
        cc -O1 -static -o "$BATS_FILE_TMPDIR/rootfs/bin/call" "$BATS_TEST_DIRNAME/syscall.c" || true
}
setup() {
    requires root world cmd:cc "file:$BATS_FILE_TMPDIR/rootfs/bin/call"
    [ "$(uname -m)" = x86_64 ] || skip "has the numbers of x86_64"
    start_test
    CACHE=/run/distro-shim/seccomp
    helpers=()
}
teardown() {
    [ ${#helpers[@]} -eq 0 ] || { kill -KILL "${helpers[@]}" && wait "${helpers[@]}"; } 2>/dev/null || true
    end_test
}

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

NNP='.process.noNewPrivileges = true'
LATE='(.linux.namespaces[] | select(.type == "network")) |= del(.path)'
# profile JSON-WITHOUT-BRACES: a filter that sets linux.seccomp
profile() { echo ".linux.seccomp = {$1}"; }
# rules DEFAULT RULE...: a profile
rules() {
    local default=$1 IFS=,
    shift
    profile "\"defaultAction\": \"SCMP_ACT_$default\", \"syscalls\": [$*]"
}
# rule ACTION NAMES [MORE]: names separated by blanks; MORE are members
rule() { jq -nc --arg action "SCMP_ACT_$1" --arg names "$2" '{action: $action, names: ($names | split(" "))} + {'"${3:-}"'}'; }
arg() { echo "{\"index\": $1, \"op\": \"SCMP_CMP_$2\", \"value\": $3${4:+, \"valueTwo\": $4}}"; }
# gives RESULTS CALLS FILTER...: what the calls (see syscall.c) give, one a line
gives() {
    local results=$1 calls=$2 words
    shift 2
    read -ra words <<<"$calls"
    asked=$((${asked:-0} + 1))
    b=$(bundle "asked$asked" "$(args call "${words[@]}")" "$@") && attempt run -b "$b" "asked$asked" || return 1
    [ "$status|$(tr '\n' ' ' <<<"$output")" != "0|$results " ] || return 0
    printf '%s\n' "expected of: $calls" "$results" "got $status and: $output" "$stderr" >&2
    return 1
}
# What `call` itself needs; rseq, 334, is the newest.
NEEDED='read write writev execve exit_group exit brk mmap munmap mprotect arch_prctl set_tid_address set_robust_list
    prlimit64 readlink readlinkat fstat newfstatat ioctl getrandom rseq'
NEEDED=$(echo $NEEDED)

@test "actions: refused with its errno, allowed, logged, killed" {
    # getpgid 121, getsid 124, getpriority 140, personality 135, sync 162
    for nnp in "$NNP" .; do
        gives "-1 -11 -4094 0" "121 0 + 124 0 + 140 0 0 + 162" "$nnp" "$(rules ALLOW "$(rule ERRNO getpgid)" \
            "$(rule ERRNO getsid '"errnoRet": 11')" "$(rule ERRNO getpriority '"errnoRet": 4094')" "$(rule LOG sync)")"
        for action in KILL KILL_THREAD KILL_PROCESS TRAP; do
            rm -rf "$BATS_TEST_TMPDIR/c$action"
            b=$(bundle "c$action" "$(args call 162 + 121 0 + 162)" "$nnp" "$(rules ALLOW "$(rule $action getpgid)")")
            attempt run -b "$b" "c$action"
            is "$status $output" "159 0"
        done
        # without a tracer: "function not implemented" (seccomp(2))
        gives "-38" "121 0" "$nnp" "$(rules ALLOW "$(rule TRACE getpgid)")"
    done
}

@test "the process is under one filter, and no_new_privs is what the config says" {
    answers $'NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1' 'grep -E "NoNewPrivs|Seccomp" /proc/self/status' "$NNP" "$(rules ALLOW)"
    answers $'NoNewPrivs:\t0\nSeccomp:\t2\nSeccomp_filters:\t1' 'grep -E "NoNewPrivs|Seccomp" /proc/self/status' "$(rules ALLOW)"
    answers $'NoNewPrivs:\t0\nSeccomp:\t2\nSeccomp_filters:\t1' 'grep -E "NoNewPrivs|Seccomp" /proc/self/status' "$LATE" "$(rules ALLOW)"
    answers $'NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1' 'grep -E "NoNewPrivs|Seccomp" /proc/self/status' "$NNP" "$LATE" "$(rules ALLOW)"
    # the policy's own; where it is joined with the profile it is one as well
    answers $'NoNewPrivs:\t0\nSeccomp:\t2\nSeccomp_filters:\t1' 'grep -E "NoNewPrivs|Seccomp" /proc/self/status'
    answers $'NoNewPrivs:\t0\nSeccomp:\t0\nSeccomp_filters:\t0' 'grep -E "NoNewPrivs|Seccomp" /proc/self/status' '.process.capabilities.bounding += ["CAP_SYS_PTRACE"]'
    # another user, without any capability
    answers $'1000\nSeccomp:\t2' 'id -u; grep Seccomp: /proc/self/status' "$(rules ALLOW)" '.process.user.uid = 1000 | .process.capabilities = {}'
}

@test "conditions: each operator, on all 64 bits" {
    big=0x100000005
    for line in EQ:-1:0:0 NE:0:-1:-1 LT:0:-1:0 LE:-1:-1:0 GT:0:0:-1 GE:-1:0:-1; do
        IFS=: read -r op equal smaller greater <<<"$line"
        # personality 135 with 0xffffffff asks and changes nothing; sync takes no argument and ignores all
        gives "$equal $smaller $greater" "162 $((big)) + 162 $((big - 1)) + 162 $((big + 1))" "$NNP" \
            "$(rules ALLOW "$(rule ERRNO sync "\"args\": [$(arg 0 $op $((big)))]")")"
    done
    # all conditions of a rule must hold
    gives "-1 0 0" "162 1 2 + 162 1 3 + 162 0 2" "$NNP" "$(rules ALLOW "$(rule ERRNO sync "\"args\": [$(arg 0 EQ 1), $(arg 1 EQ 2)]")")"
    # value is the mask, valueTwo what must be left of the argument
    gives "-1 0 -1" "162 0x12 + 162 0x22 + 162 0xff1f" "$NNP" "$(rules ALLOW "$(rule ERRNO sync "\"args\": [$(arg 0 MASKED_EQ 16 16)]")")"
    gives "0 -1" "162 0x10 + 162 0xf" "$NNP" "$(rules ALLOW "$(rule ERRNO sync "\"args\": [$(arg 0 MASKED_EQ 16)]")")"
}

@test "several conditions on one argument are rules of their own" {
    gives "-1 -1 0 -1" "162 1 + 162 2 + 162 3 + 162 3 7" "$NNP" \
        "$(rules ALLOW "$(rule ERRNO sync "\"args\": [$(arg 0 EQ 1), $(arg 0 EQ 2), $(arg 1 EQ 7)]")")"
}

@test "system calls newer than the profile do not exist, older ones are refused" {
    for nnp in "$NNP" .; do
        # clone3 435 is newer, 1000 is not a call at all
        gives "-1 -38 -38" "121 0 + 435 0 0 + 1000" "$NNP" "$(rules ERRNO "$(rule ALLOW "$NEEDED")")"
    done
    # a profile that refuses some calls lets new ones through
    gives "-38 -22" "1000 + 319 0 0xffff" "$(rules ALLOW "$(rule ERRNO getpgid)")"
    # where ENOSYS is the answer anyway
    gives "-38 -38" "121 0 + 1000" "$NNP" "$(profile '"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "syscalls": ['"$(rule ALLOW "$NEEDED")]")"
    # a killing profile kills for what it could have named
    b=$(bundle kills "$(args call 1000 + 121 0)" "$NNP" "$(rules KILL_PROCESS "$(rule ALLOW "$NEEDED")")")
    attempt run -b "$b" kills
    is "$status $output" "159 -38"
}

@test "names that libseccomp does not know are left out, and --debug says so" {
    b=$(bundle c1 "$(args call 121 0)" "$(rules ALLOW "$(rule ERRNO 'no_such_call getpgid')")")
    attempt --debug run -b "$b" c1
    is "$status $output" "0 -1"
    contains "$stderr" "system call no_such_call is unknown"
}

@test "architectures: 32 bit calls have their rules where they are listed, else they end the process" {
    "$BATS_FILE_TMPDIR/rootfs/bin/call" x86 20 >/dev/null 2>&1 || skip "this kernel takes no calls of 32 bits"
    # int 0x80: getpgid 132, sync 36
    gives "-1 -1 0" "121 0 + x86 132 0 + x86 36" "$NNP" "$(rules ALLOW "$(rule ERRNO getpgid)") | .linux.seccomp.architectures = [\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_X86\"]"
    b=$(bundle none "$(args call 121 0 + x86 36)" "$NNP" "$(rules ALLOW "$(rule ERRNO getpgid)")")
    attempt run -b "$b" none
    is "$status $output" "159 -1"
    gives "-38 -38 -1" "435 0 0 + x86 435 0 0 + x86 132 0" "$NNP" "$(rules ERRNO "$(rule ALLOW "$NEEDED")") | .linux.seccomp.architectures = [\"SCMP_ARCH_X86\"]"
}

@test "architectures: the numbers of x86_64 with a bit have their rules; one of another byte order is refused" {
    gives "-1 -1" "121 0 + x32 121 0" "$NNP" "$(rules ALLOW "$(rule ERRNO getpgid)") | .linux.seccomp.architectures = [\"SCMP_ARCH_X32\"]"
    b=$(bundle other "$(rules ALLOW "$(rule ERRNO getpgid)") | .linux.seccomp.architectures = [\"SCMP_ARCH_X86\", \"SCMP_ARCH_S390X\"]")
    expect_error 'linux.seccomp.architectures\[1\]: SCMP_ARCH_S390X: its byte order' create -b "$b" other
}

@test "flags are taken, unknown ones refused" {
    for flags in '[]' '["SECCOMP_FILTER_FLAG_LOG"]' '["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_LOG"]' '["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]'; do
        gives "-1" "121 0" "$(rules ALLOW "$(rule ERRNO getpgid)") | .linux.seccomp.flags = $flags"
    done
    # absent: SPEC_ALLOW, and the kernel does not lessen its guesses for the process
    if grep -q 'Speculation_Store_Bypass:.thread vulnerable' /proc/self/status; then
        answers $'Speculation_Store_Bypass:\tthread vulnerable' 'grep Speculation_Store_Bypass /proc/self/status' "$NNP" "$(rules ALLOW)"
    fi
    b=$(bundle bad "$(rules ALLOW) | .linux.seccomp.flags = [\"SECCOMP_FILTER_FLAG_NEW\"]")
    expect_error 'linux.seccomp.flags\[0\]' create -b "$b" bad
}

@test "what the runtime cannot carry out is refused before anything is made" {
    while IFS='|' read -r what filter; do
        refused=$((${refused:-0} + 1))
        b=$(bundle "bad$refused" "$filter")
        expect_error "$what" create -b "$b" bad
        [ ! -e "$SHIM_ROOT/bad" ]
    done <<END
defaultAction: must not be SCMP_ACT_NOTIFY|$(rules NOTIFY)
SCMP_ACT_NOTIFY is not possible for write|$(rules ALLOW "$(rule NOTIFY write)") | .linux.seccomp.listenerPath = "/run/l"
SCMP_ACT_NOTIFY is not possible for sendmsg|$(rules ALLOW "$(rule NOTIFY sendmsg)") | .linux.seccomp.listenerPath = "/run/l"
listenerPath: is missing|$(rules ALLOW "$(rule NOTIFY mkdir)")
errnoRet: is for|$(rules ALLOW "$(rule KILL mkdir '"errnoRet": 1')")
END
}

@test "with no_new_privs the profile needs to let through nothing but the program's own calls" {
    # nothing of what init does before: no prctl, capset, setuid, openat, sendmsg, accept4
    for join in . "$LATE"; do
        gives "0" "162" "$NNP" "$join" "$(rules KILL_PROCESS "$(rule ALLOW "$NEEDED sync")")"
    done
}

@test "without no_new_privs the profile needs to let through just as little" {
    for join in . "$LATE"; do
        gives "0" "162" "$join" "$(rules KILL_PROCESS "$(rule ALLOW "$NEEDED sync")")"
        gives "0" "162" "$join" "$(rules KILL_PROCESS "$(rule ALLOW "$NEEDED sync")")" '.process.user.uid = 1000'
    done
}

@test "a profile that refuses what nothing runs without fails with the reason" {
    for nnp in . "$NNP"; do
        rm -rf "$BATS_TEST_TMPDIR"/c[12]
        b=$(bundle c1 "$nnp" "$(rules ALLOW "$(rule ERRNO execve)")")
        expect_error 'execute: .*operation not permitted \(the seccomp profile' run -b "$b" c1
        b=$(bundle c2 "$nnp" "$(rules ALLOW "$(rule KILL_PROCESS execve)")")
        expect_error 'ended before its program ran' run -b "$b" c2
    done
}

# The profile of a recorded engine, as it is.
engine_profile() { jq -c '".linux.seccomp = " + (. | tojson)' -r "$BATS_TEST_DIRNAME/../data/seccomp/podman.json"; }

@test "an engine's profile: every combination of join and no_new_privs, hooks under it, another user" {
    printf '#!/bin/sh\nexit 0\n' >"$BATS_FILE_TMPDIR/rootfs/hook" && chmod 755 "$BATS_FILE_TMPDIR/rootfs/hook"
    for join in . "$LATE"; do
        for nnp in . "$NNP"; do
            for user in . '.process.user.uid = 1000'; do
                # reboot 169 is refused with EPERM, kexec_load 246 too, what it does not name with ENOSYS
                gives "-1 -38 0" "169 0 0 0 0 + 1000 + 162" "$join" "$nnp" "$user" "$(engine_profile)" \
                    '.hooks.startContainer = [{path: "/hook"}]'
            done
        done
    done
    # Docker refuses clone3 like this
    gives "-38" "435 0 0" "$(rules ALLOW "$(rule ERRNO clone3 '"errnoRet": 38')")" '.hooks.startContainer = [{path: "/hook"}]'
}

@test "in a user namespace of the container's own, with no_new_privs and without" {
    requires userns
    policy '{"version": 1, "mode": "observe"}'
    for nnp in . "$NNP"; do
        gives "-1 -38 0" "169 0 0 0 0 + 1000 + 162" "$nnp" "$(engine_profile)" '.linux.namespaces += [{type: "user"}]' \
            '(.linux.namespaces[] | select(.type == "network")) |= del(.path)' '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
             .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
    done
}

# ---- listeners

# agent ERRNO: starts one; its socket is $SOCKET, what it heard in $HEARD.json and $HEARD.calls
agent() {
    SOCKET=$BATS_TEST_TMPDIR/agent$((++agents)) HEARD=$BATS_TEST_TMPDIR/heard$agents
    "$BATS_TEST_DIRNAME/listener.py" "$SOCKET" "$HEARD" "$1" </dev/null >"$HEARD.log" 2>&1 3>&- &
    helpers+=($!)
    wait_until test -S "$SOCKET"
}
notify() { echo "$(rules ALLOW "$(rule NOTIFY 'getpgid getsid')") | .linux.seccomp.listenerPath = \"$SOCKET\" | .linux.seccomp.listenerMetadata = \"words \\\"of\\\" mine\""; }

@test "notify: the listener's agent answers for the container, in each order of things" {
    requires cmd:python3
    for join in . "$LATE"; do
        for nnp in . "$NNP"; do
            agent 95
            b=$(bundle "c$agents" "$(args call 121 7 + 162 + 124 0)" "$join" "$nnp" "$(notify)" '.annotations = {"a.b": "c"}')
            attempt create -b "$b" "c$agents"
            is "$status $stderr" "0 "
            pid=$(shim state "c$agents" | jq .pid)
            if [ "$join" = . ]; then
                wait_until test -e "$HEARD.json"
                is "$(jq -c '[.descriptors, .received.state.status]' "$HEARD.json")" '[1,"creating"]'
            fi
            attempt start "c$agents"
            is "$status $stderr" "0 "
            wait_until test -e "$HEARD.json"
            is "$(jq -c '.received | del(.ociVersion, .state.ociVersion, .state.status)' -S "$HEARD.json")" \
                "$(jq -ncS --arg id "c$agents" --arg bundle "$b" --argjson pid "$pid" '{fds: ["seccompFd"], pid: $pid,
                    metadata: "words \"of\" mine", state: {id: $id, pid: $pid, bundle: $bundle, annotations: {"a.b": "c"}}}')"
            wait_until ended "c$agents"
            is "$(awk '{ print $1, $3 }' "$HEARD.calls" | tr '\n' ';')" "121 7;124 0;"
            shim delete "c$agents"
        done
    done
    agent 95
    gives "-95 0 -95" "121 0 + 162 + 124 0" "$(notify)"
    agent 0
    gives "1" "124 0" "$(notify)" "$NNP" '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]'
}
ended() { [ "$(state_of "$1")" = stopped ]; }

@test "notify: a missing listener is an error, and nothing is left" {
    for nnp in . "$NNP"; do
        SOCKET=$BATS_TEST_TMPDIR/nobody
        rm -rf "$BATS_TEST_TMPDIR"/c[12]
        b=$(bundle c1 "$nnp" "$(notify)")
        expect_error 'linux.seccomp.listenerPath: open .*no such file' create -b "$b" c1
        touch "$SOCKET"
        expect_error 'linux.seccomp.listenerPath: connect to .*connection refused' create -b "$b" c1
        rm "$SOCKET"
        [ ! -e "$SHIM_ROOT/c1" ]
        # a late joiner has no filter before start
        b=$(bundle c2 "$nnp" "$LATE" "$(notify)")
        expect_error 'linux.seccomp.listenerPath: open .*no such file' run -b "$b" c2
        [ ! -e "$SHIM_ROOT/c2" ]
    done
}

@test "notify: where the runtime dies with the listener in its hand, nothing stays" {
    requires fault cmd:python3
    for nnp in . "$NNP"; do
        rm -rf "$BATS_TEST_TMPDIR/c1"
        agent 95
        b=$(bundle c1 "$nnp" "$(notify)")
        status=0
        shim_fault parent:seccomp-listener:kill create -b "$b" c1 </dev/null >/dev/null 2>&1 || status=$?
        is "$status" 137
        succeeds delete --force c1
        # the agent has heard nothing, and the id can be used again
        [ ! -e "$HEARD.json" ]
        expect_error 'seccomp-listener' --log-level error create -b "$(bundle "c2$agents" "$nnp" "$(notify)" '.linux.seccomp.listenerPath = "/nowhere"')" c1
        attempt run -b "$b" c1
        is "$status" 0
    done
}

@test "exec: the process is under the container's filter, and its agent is told" {
    for join in . "$LATE"; do
        for nnp in . "$NNP"; do
            b=$(bundle under "$(args sleep 1000)" "$join" "$nnp" "$(rules ALLOW "$(rule ERRNO getsid '"errnoRet": 77')")")
            attempt run -d -b "$b" under
            is "$status $stderr" "0 "
            attempt exec under call 124 0
            is "$status $stderr $output" "0  -77"
            attempt exec under grep Seccomp_filters /proc/self/status
            is "$output" $'Seccomp_filters:\t1'
            # of the first process, and not of another one that happens to be
            attempt exec --user 1000 under call 124 0
            is "$output" -77
            shim delete --force under
            rm -rf "$BATS_TEST_TMPDIR/under"
        done
    done
    requires cmd:python3
    for nnp in . "$NNP"; do
        agent 95
        b=$(bundle "asked$agents" "$(args sleep 1000)" "$nnp" "$(notify)")
        attempt run -d -b "$b" "asked$agents"
        wait_until test -e "$HEARD.json"
        # another agent for another filter
        rm "$SOCKET"
        HEARD=$HEARD.exec
        "$BATS_TEST_DIRNAME/listener.py" "$SOCKET" "$HEARD" 95 </dev/null >"$HEARD.log" 2>&1 3>&- &
        helpers+=($!)
        wait_until test -S "$SOCKET"
        attempt exec "asked$agents" call 121 7 + 162
        is "$status $stderr|$output" $'0 |-95\n0'
        wait_until test -e "$HEARD.json"
        is "$(jq -c '[.received.state.status, .received.state.pid]' "$HEARD.json")" "[\"running\",$(shim state "asked$agents" | jq .pid)]"
        shim delete --force "asked$agents"
    done
}

# ---- the cache

cached() { find "$CACHE" -type f 2>/dev/null | sort; }
# compiles yes|no ARGUMENTS...: a start that says so
compiles() {
    local wanted=$1
    shift
    attempt --debug "$@"
    is "$status" 0
    is "$(grep -q 'seccomp: compiling the filter' <<<"$stderr" && echo yes || echo no)" "$wanted"
}

@test "cache: the second start compiles nothing, another profile does" {
    rm -rf "$CACHE"
    b=$(bundle c1 "$(args call 121 0)" "$(rules ALLOW "$(rule ERRNO getpgid)")")
    compiles yes run -b "$b" c1
    is "$output" "-1"
    is "$(stat -c '%a %u' "$CACHE")" "700 0"
    one=$(cached)
    is "$(stat -c '%a %u %h' "$one")" "600 0 1"
    touch -d '2001-01-01' "$one"
    compiles no run -b "$b" c1
    is "$output" "-1"
    is "$(stat -c %Y "$one")" "$(date -d 2001-01-01 +%s)"
    # what is not a part of the program is not a part of its name
    edit_config "$b" ".linux.seccomp.flags = [\"SECCOMP_FILTER_FLAG_LOG\"] | $NNP"
    compiles no run -b "$b" c1
    edit_config "$b" '.linux.seccomp.syscalls[0].errnoRet = 5'
    compiles yes run -b "$b" c1
    is "$output" "-5"
    is "$(cached | wc -l)" 2
}

# flip OFFSET: another byte there in the file $one; a negative one counts from the end
flip() {
    local at=$1 byte
    [ "$at" -ge 0 ] || at=$(($(stat -c %s "$one") + at))
    byte=$(od -An -tu1 -j "$at" -N 1 "$one")
    # shellcheck disable=SC2059 # the byte is made by the format
    printf "\\x$(printf %02x $((byte ^ 1)))" | dd of="$one" bs=1 seek="$at" conv=notrunc status=none
}

@test "cache: a file that another program has changed is not used" {
    rm -rf "$CACHE"
    b=$(bundle c1 "$(args call 121 0)" "$(rules ALLOW "$(rule ERRNO getpgid)")")
    evil=$(bundle c2 "$(args call 121 0)" "$(rules ALLOW)")
    compiles yes run -b "$b" c1
    one=$(cached) && cp "$one" "$BATS_TEST_TMPDIR/good"
    compiles yes run -b "$evil" c2
    is "$output" 1
    other=$(cached | grep -v "$one") && cp "$other" "$BATS_TEST_TMPDIR/evil"
    while IFS='|' read -r problem how; do
        eval "$how"
        attempt --log-level warning run -b "$b" c1
        is "$status $output" "0 -1"
        contains "$stderr" "$problem"
        # it has been written anew
        rm -rf "$BATS_TEST_TMPDIR/away"
        cmp "$one" "$BATS_TEST_TMPDIR/good"
        compiles no run -b "$b" c1
    done <<'END'
belongs to another profile|cp "$BATS_TEST_TMPDIR/evil" "$one"
is damaged|flip 8
is damaged|flip -1
belongs to another profile|flip 16
belongs to another profile|flip 50
has a wrong length|flip 24
has a wrong length|truncate -s -8 "$one"
has a wrong length|truncate -s +8 "$one"
has a wrong size|: >"$one"
has a wrong size|truncate -s 1M "$one"
is not a filter|printf 'X' | dd of="$one" bs=1 conv=notrunc status=none
belongs to another user|chown 1000 "$one"
can be written by others|chmod 620 "$one"
can be written by others|chmod 602 "$one"
has another name|ln "$one" "$BATS_TEST_TMPDIR/away" 2>/dev/null || ln "$one" "$CACHE/away"
is not used|mv "$one" "$BATS_TEST_TMPDIR/away"; ln -s "$BATS_TEST_TMPDIR/away" "$one"
is not a regular file|rm "$one"; mkfifo "$one"
END
}

@test "cache: a directory of another user is not used, and the container runs" {
    b=$(bundle c1 "$(args call 121 0)" "$(rules ALLOW "$(rule ERRNO getpgid)")")
    while IFS='|' read -r problem how; do
        rm -rf "$CACHE"
        mkdir -p "$CACHE"
        eval "$how"
        attempt --log-level warning run -b "$b" c1
        is "$status $output" "0 -1"
        contains "$stderr" "$problem"
        succeeds run -b "$b" c1
        is "$(find "$CACHE/" "$BATS_TEST_TMPDIR/elsewhere" -mindepth 1 -type f 2>/dev/null)" ""
    done <<'END'
belongs to uid 1000|chown 1000 "$CACHE"
can be written by others|chmod 0777 "$CACHE"
must be a directory and not a symbolic link|rm -r "$CACHE"; mkdir -p "$BATS_TEST_TMPDIR/elsewhere"; ln -s "$BATS_TEST_TMPDIR/elsewhere" "$CACHE"
must be a directory and not a symbolic link|rm -r "$CACHE"; touch "$CACHE"; chmod 600 "$CACHE"; true
END
    rm -rf "$CACHE"
}

@test "cache: it does not grow for ever" {
    rm -rf "$CACHE"
    mkdir -p "$CACHE" && chmod 700 "$CACHE"
    for i in $(seq 100 199); do
        echo x >"$CACHE/$i.bpf"
        touch -d "2001-01-01 +$i minutes" "$CACHE/$i.bpf"
    done
    b=$(bundle c1 "$(args call 121 0)" "$(rules ALLOW "$(rule ERRNO getpgid)")")
    compiles yes run -b "$b" c1
    is "$(cached | wc -l)" 64
    is "$(cached | grep -c '/1[0-9][0-9].bpf')" 63
    [ ! -e "$CACHE/136.bpf" ] && [ -e "$CACHE/137.bpf" ]
    compiles no run -b "$b" c1
}
