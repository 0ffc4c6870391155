#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# network.lock: no process of a container leaves its network. leave.c tries each way out that there is, in every way to be
# born in a container; what it gets where the key is "open" shows that it tries in earnest.
# world: hybrid vm
# world, with --full: legacy v2

load helpers
load filters

setup_file() {
    make_rootfs
    [ -d "$BATS_FILE_TMPDIR/rootfs" ] || return 0
    cc -O1 -static -pthread -o "$BATS_FILE_TMPDIR/rootfs/bin/leave" "$BATS_TEST_DIRNAME/leave.c" || true
    [ "$(uname -m)" != x86_64 ] || cc -m32 -O1 -static -nostdlib -ffreestanding -fno-pie -no-pie -fno-stack-protector \
        -o "$BATS_FILE_TMPDIR/rootfs/bin/leave32" "$BATS_TEST_DIRNAME/leave32.c" || true
}
setup() {
    requires root world cmd:cc "file:$BATS_FILE_TMPDIR/rootfs/bin/leave"
    start_test
    lock strict
}
teardown() { end_test; }

LATE='(.linux.namespaces[] | select(.type == "network")) |= del(.path)'
NNP='.process.noNewPrivileges = true'
USER='.process.user.uid = 1000 | .process.capabilities = {}'
ADMIN='(.process.capabilities | .bounding, .permitted, .effective) += ["CAP_SYS_ADMIN"]'
MAPPED='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
    .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
PROFILE='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
    syscalls: [{names: ["getpgid"], action: "SCMP_ACT_ERRNO", errnoRet: 77}]}'

lock() { policy "{\"version\": 1, \"network\": {\"lock\": \"$1\"}}"; } # open|strict
# With CAP_SYS_ADMIN a warning is due.
leaves() { # FILTER...
    asked=$((${asked:-0} + 1))
    b=$(bundle "asked$asked" "$(args leave)" "$@") && warns='CAP_SYS_ADMIN' attempt run -b "$b" "asked$asked" && is "$status" 0
}
# held OUTPUT: each way is refused, and as it is said
held() {
    is "$1" "$(sed -E 's/: .*/: EPERM/; s/(clone3.*): .*/\1: ENOSYS/' <<<"$1")"
    contains "$1" "setns pidfd: EPERM"
    # also where the kernel has no such calls: the filter comes before that
    [ "$(uname -m)" != x86_64 ] || contains "$1" "x32 io_uring_setup: EPERM"
}

@test "open: a process leaves, with CAP_SYS_ADMIN and without" {
    lock open
    leaves "$ADMIN"
    for way in "unshare net" "clone net" "clone3 net" "clone high+user+net" "unshare mount+net"; do contains "$output" "$way: left"; done
    for way in "setns pidfd" "setns pidfd mount+net"; do contains "$output" "$way: stayed"; done
    requires userns
    leaves "$USER"
    for way in "unshare user+net" "clone user+net" "clone3 user+net"; do contains "$output" "$way: left"; done
    # where the kernel takes calls of 32 bits
    ! grep -q '^x86' <<<"$output" || contains "$output" "x86 unshare user+net: left"
    # Debian's has those of x32 where it was started with syscall.x32=y
    grep -q '^x32 clone3: ENOSYS' <<<"$output" || [ "$(uname -m)" != x86_64 ] || contains "$output" "x32 unshare user+net: left"
}

@test "strict: each way out is refused, however the container is made" {
    for join in . "$LATE"; do
        for nnp in . "$NNP"; do
            for who in . "$USER" "$ADMIN"; do
                leaves "$join" "$nnp" "$who"
                held "$output"
            done
            leaves "$join" "$nnp" "$PROFILE"
            held "$output"
        done
    done
}

@test "strict, in a user namespace of the container's own" {
    requires userns
    for nnp in . "$NNP"; do
        leaves "$nnp" "$ADMIN" "$MAPPED"
        lacks "$stderr" "network.lock"
        held "$output"
    done
}

@test "a descriptor of the host's network leads nowhere" {
    b=$(bundle c1 "$(args leave 3)" "$ADMIN")
    lock open
    output=$(shim_in 20 run --preserve-fds 1 -b "$b" c1 3</proc/1/ns/net 2>/dev/null)
    contains "$output" "setns net: left"
    contains "$output" "setns any: left"
    lock strict
    output=$(shim_in 20 run --preserve-fds 1 -b "$b" c1 3</proc/1/ns/net 2>/dev/null)
    held "$output"
}

@test "a program of 32 bits, by each of its ways into the kernel" {
    requires "file:$BATS_FILE_TMPDIR/rootfs/bin/leave32"
    "$BATS_FILE_TMPDIR/rootfs/bin/leave32" >/dev/null || skip "this kernel runs no programs of 32 bits"
    b=$(bundle c1 "$(args sleep 1000)" "$ADMIN")
    lock open
    attempt run -d -b "$b" c1
    attempt exec --cap CAP_SYS_ADMIN c1 leave32
    for way in "interrupt, unshare net" "interrupt, clone user+net" "gate, unshare mount+net"; do contains "$output" "$way: let through"; done
    lock strict
    shim delete --force c1
    attempt run -d -b "$b" c1
    for more in "" "--cap CAP_SYS_ADMIN" "--user 1000"; do
        # shellcheck disable=SC2086 # words
        attempt exec $more c1 leave32
        is "$status" 0
        # EPERM, ENOSYS
        is "$output" "$(sed -E 's/: .*/: 1/; s/(clone3.*): .*/\1: 38/' <<<"$output")"
        contains "$output" "gate, setns: 1"
    done
}

# given_by COMMAND...: what leave says of a descriptor of the host's network that a process outside hands over
given_by() {
    /usr/bin/python3 - "$BATS_TEST_TMPDIR/given/socket" >/dev/null 2>agent.log 3>&- <<'END' &
import array, socket, sys
line = socket.socket(socket.AF_UNIX)
line.bind(sys.argv[1])
line.listen()
connection, _ = line.accept()
number = open("/proc/1/ns/net")
connection.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [number.fileno()]))])
connection.recv(1)
END
    wait_until test -S given/socket
    output=$("$@" 2>/dev/null)
    wait $! || true
    rm given/socket
}

@test "a descriptor of the host's network that a process outside hands over leads nowhere, of init and of exec" {
    requires file:/usr/bin/python3
    mkdir given
    b=$(bundle c1 "$(args sleep 1000)" "$ADMIN" ".mounts += [{destination: \"/given\", type: \"bind\", source: \"$PWD/given\", options: [\"bind\"]}]")
    cp -a "$b" "$b.init"
    edit_config "$b.init" '.process.args = ["leave", "/given/socket"]'
    for key in open strict; do
        lock $key
        attempt run -d -b "$b" c1
        for way in "run -b $b.init c2" "exec --cap CAP_SYS_ADMIN c1 leave /given/socket"; do
            # shellcheck disable=SC2086 # words
            given_by shim_in 20 $way </dev/null
            if [ $key = open ]; then
                contains "$output" "setns net: left"
                contains "$output" "setns any: left"
            else
                held "$output"
            fi
        done
        shim delete --force c1
    done
}

@test "exec: as the container was made, whatever its own capabilities and today's policy are" {
    b=$(bundle c1 "$(args sleep 1000)")
    succeeds run -d -b "$b" c1
    lock open
    for more in "" --no-new-privs "--cap CAP_SYS_ADMIN" "--user 1000"; do
        # shellcheck disable=SC2086 # words
        attempt exec $more c1 leave
        is "$status" 0
        held "$output"
    done
    jq -n '{cwd: "/", args: ["leave"], env: ["PATH=/bin"], noNewPrivileges: false, user: {uid: 0, gid: 0},
        capabilities: {bounding: ["CAP_SYS_ADMIN"], permitted: ["CAP_SYS_ADMIN"], effective: ["CAP_SYS_ADMIN"]}}' >process.json
    attempt exec --process process.json c1
    is "$status" 0
    held "$output"
    # made without it
    b=$(bundle c2 "$(args sleep 1000)" "$ADMIN")
    attempt run -d -b "$b" c2
    lock strict
    attempt exec --cap CAP_SYS_ADMIN c2 leave
    contains "$output" "unshare net: left"
    # and by a program that had no such key
    jq 'del(.confinement.lock)' "$SHIM_ROOT/c1/status.json" >status && cp status "$SHIM_ROOT/c1/status.json"
    attempt exec --cap CAP_SYS_ADMIN c1 leave
    contains "$output" "unshare net: left"
}

@test "hooks of startContainer have it, early and late" {
    for join in . "$LATE"; do
        for nnp in . "$NNP"; do
            rm -rf "$BATS_TEST_TMPDIR/c1"
            b=$(bundle c1 "$(args sleep 1000)" "$join" "$nnp" "$ADMIN" '.root.readonly = false |
                .hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "leave >/said; leave fine >>/said"], env: ["PATH=/bin"]}]')
            attempt run -d -b "$b" c1
            is "$status" 0
            is "$(tail -n 1 "$b/rootfs/said")" fine
            held "$(head -n -1 "$b/rootfs/said")"
            shim delete --force c1
        done
    done
}

@test "with a listener: the filter comes after the join, and hooks are born under it" {
    requires cmd:python3
    notify='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["getpgid"], action: "SCMP_ACT_NOTIFY"}]} |
        .linux.seccomp.listenerPath = "'$BATS_TEST_TMPDIR'/agent"'
    for join in . "$LATE"; do
        for nnp in . "$NNP"; do
            rm -rf "$BATS_TEST_TMPDIR"/{c1,agent}
            "$BATS_TEST_DIRNAME/listener.py" "$BATS_TEST_TMPDIR/agent" "$BATS_TEST_TMPDIR/heard" 95 </dev/null >agent.log 2>&1 3>&- &
            wait_until test -S "$BATS_TEST_TMPDIR/agent"
            b=$(bundle c1 "$(args sh -c 'leave; leave fine; cat /said')" "$join" "$nnp" "$notify" '.root.readonly = false |
                .hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "leave fine >/said"], env: ["PATH=/bin"]}]')
            attempt run -b "$b" c1
            is "$status $stderr" "0 "
            is "$(tail -n 2 <<<"$output")" $'fine\nfine'
            held "$(head -n -2 <<<"$output")"
            wait $! || true
        done
    done
}

@test "what needs no namespace works: threads, spawned programs, shells" {
    # the host's bash with its libraries, if it is not static: of a C library that has clone3
    mkdir -p more
    for file in /bin/bash $(ldd /bin/bash | grep -o '/[^ )]*'); do mkdir -p "more$(dirname "$file")" && cp -L "$file" "more$file"; done
    for who in . "$USER" "$ADMIN" "$PROFILE"; do
        rm -rf "$BATS_TEST_TMPDIR/c1"
        b=$(bundle c1 "$(args bash -c 'leave fine; leave fine | cat; (exit 7) || echo "$? $(echo $((3 + 4)))"; sleep 0 & wait $! && echo waited')" "$who")
        cp -a more/. "$b/rootfs/"
        attempt run -b "$b" c1
        is "$status $output" $'0 fine\nfine\n7 7\nwaited'
    done
}

@test "one filter with the profile's and the other fence's" {
    b=$(bundle c1 "$(args sleep 1000)")
    succeeds run -d -b "$b" c1
    is "$(under c1)" "2 1"
    b=$(bundle c2 "$(args sleep 1000)" "$PROFILE")
    succeeds run -d -b "$b" c2
    is "$(under c2)" "2 1"
    policy '{"version": 1, "network": {"lock": "strict", "peerDescriptors": "open"}}'
    b=$(bundle c3 "$(args sleep 1000)")
    succeeds run -d -b "$b" c3
    is "$(under c3)" "2 1"
    attempt exec c3 leave
    held "$output"
    policy '{"version": 1, "network": {"lock": "open", "peerDescriptors": "open"}}'
    b=$(bundle c4 "$(args sleep 1000)")
    succeeds run -d -b "$b" c4
    is "$(under c4)" "0 0"
}

@test "observe: nothing is held, and explain says what would be" {
    policy '{"version": 1, "mode": "observe", "network": {"lock": "strict"}}'
    leaves "$ADMIN"
    contains "$output" "unshare net: left"
    contains "$(shim explain -b "$b" | tr '\n' ' ')" "keep network.lock     a filter of the policy refuses network and user namespaces"
    contains "$(shim explain -b "$b")" $'\nconfinement: lock open, peerDescriptors open\n'
}

@test "explain and state say what holds" {
    b=$(bundle c1 "$(args sleep 1000)")
    contains "$(shim explain -b "$b")" $'\nconfinement: lock strict, peerDescriptors refused\n'
    contains "$(shim explain --plan -b "$b")" $'\nnetwork locked\n'
    is "$(shim explain -b "$b" -f json | jq -c '[.confinement.lock, .plan.confinement.lock]')" '["strict","strict"]'
    succeeds run -d -b "$b" c1
    is "$(shim state c1 | jq -r .confinement.lock)" strict
    contains "$(shim explain c1)" "confinement: lock strict, peerDescriptors refused"
    b=$(bundle c2 "$(args sleep 1000)" "$ADMIN")
    attempt run -d -b "$b" c2
    contains "$stderr" "network.lock"
    contains "$(shim explain c2 | tr '\n' ' ')" 'CAP_SYS_ADMIN does not lift the filter'
    lacks "$(shim explain c2)" "leave for another network"
}

# ---- restored, with a stand-in

@test "restore: images that lack it are refused, for criu cannot work under it; so is a process without it" {
    requires file:/usr/bin/python3
    refused='network.lock "strict": not every process in the images has the policy.s filter'
    restored c1
    is "$status" 1
    matches "$stderr" "$refused"
    [ ! -e "$SHIM_ROOT/c1" ]
    # the filter of the other fence alone is not enough
    lock open
    b=$(bundle c0 "$(args sleep 1000)")
    succeeds run -d -b "$b" c0
    image "$("$BATS_TEST_DIRNAME/filter.py" "$(shim state c0 | jq .pid)")"
    lock strict
    restored c2
    is "$status" 1
    matches "$stderr" "$refused"
    b=$(bundle c3 "$(args sleep 1000)")
    succeeds run -d -b "$b" c3
    image "$("$BATS_TEST_DIRNAME/filter.py" "$(shim state c3 | jq .pid)")"
    restored c4
    is "$status" 1
    matches "$stderr" "the images have a thread, '/proc/[0-9]+/task/[0-9]+/status', without the filter that network.lock and network.peerDescriptors"
    [ ! -e "$SHIM_ROOT/c4" ]
}

# ---- restored, with the real one

@test "three times there and back: still locked" {
    requires criu
    for profile in . "$PROFILE"; do
        rm -rf "$BATS_TEST_TMPDIR/c1"
        b=$(bundle c1 "$(args sleep 1000)" "$profile")
        succeeds run -d -b "$b" c1
        for turn in 1 2 3; do
            timeout 100 "$DISTRO_SHIM" --root "$SHIM_ROOT" checkpoint --image-path "$PWD/i$turn" c1 </dev/null
            timeout 100 "$DISTRO_SHIM" --root "$SHIM_ROOT" --policy "$SHIM_POLICY" restore -d -b "$b" \
                --image-path "$PWD/i$turn" c1 </dev/null >/dev/null 2>&1
            is "$(under c1)" "2 1"
            is "$(shim state c1 | jq -r .confinement.lock)" strict
        done
        attempt exec --cap CAP_SYS_ADMIN c1 leave
        held "$output"
        shim delete --force c1
        rm -rf i[123]
    done
    # as a program of its own, before that of a profile of the greatest length
    long=$(perl -e 'print pack("SCCL", 6, 0, 0, 0x7fff0000) x 4096' | base64 -w 0)
    rm -rf "$BATS_TEST_TMPDIR/c1"
    b=$(bundle c1 "$(args sleep 1000)" ".annotations = {\"run.oci.seccomp_bpf_data\": \"$long\"}")
    succeeds run -d -b "$b" c1
    for turn in 1 2; do
        timeout 100 "$DISTRO_SHIM" --root "$SHIM_ROOT" checkpoint --image-path "$PWD/i$turn" c1 </dev/null
        timeout 100 "$DISTRO_SHIM" --root "$SHIM_ROOT" --policy "$SHIM_POLICY" restore -d -b "$b" \
            --image-path "$PWD/i$turn" c1 </dev/null >/dev/null 2>&1
        is "$(under c1)" "2 2"
    done
    shim delete --force c1
    rm -rf i[12]
    # made without it: it has left, or could have
    rm -rf "$BATS_TEST_TMPDIR/c1"
    lock open
    b=$(bundle c1 "$(args sleep 1000)")
    succeeds run -d -b "$b" c1
    timeout 100 "$DISTRO_SHIM" --root "$SHIM_ROOT" checkpoint --image-path "$PWD/i1" c1 </dev/null
    lock strict
    expect_error 'network.lock "strict": not every process in the images' restore -d -b "$b" --image-path "$PWD/i1" c1
}
