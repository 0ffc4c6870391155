#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# network.peerDescriptors: no process takes a descriptor out of another one, nor enters its namespaces. Of pidfd_getfd a
# process is told EPERM (-1) where the policy's filter is in force, and EBADF (-9) of its bad descriptor where it is not.
# world: hybrid vm

load helpers
load filters

setup_file() {
    make_rootfs
    [ ! -d "$BATS_FILE_TMPDIR/rootfs" ] ||
        cc -O1 -static -o "$BATS_FILE_TMPDIR/rootfs/bin/call" "$BATS_TEST_DIRNAME/syscall.c" || true
}
setup() {
    requires root world cmd:cc "file:$BATS_FILE_TMPDIR/rootfs/bin/call"
    start_test
}
teardown() { end_test; }

GETFD=438
LATE='(.linux.namespaces[] | select(.type == "network")) |= del(.path)'
NNP='.process.noNewPrivileges = true'
TRACED='.process.capabilities.bounding += ["CAP_SYS_PTRACE"]'
PROFILE='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X32"],
    syscalls: [{names: ["getpgid"], action: "SCMP_ACT_ERRNO", errnoRet: 77}]}'

# gives RESULTS CALLS FILTER...: as in seccomp.bats
gives() {
    local results=$1 calls=$2 words
    shift 2
    read -ra words <<<"$calls"
    asked=$((${asked:-0} + 1))
    b=$(bundle "asked$asked" "$(args call "${words[@]}")" "$@") && succeeds run -b "$b" "asked$asked" || return 1
    is "$(tr '\n' ' ' <<<"$output")" "$results "
}
open_policy() { policy '{"version": 1, "network": {"peerDescriptors": "open"}}'; }

@test "pidfd_getfd is refused in every way that there is to be born, with a profile and without" {
    for join in . "$LATE"; do
        for nnp in . "$NNP"; do
            gives "-1" "$GETFD -1 0 0" "$join" "$nnp"
            gives "-1 -77" "$GETFD -1 0 0 + 121 0" "$join" "$nnp" "$PROFILE"
            gives "-1" "$GETFD -1 0 0" "$join" "$nnp" '.process.user.uid = 1000 | .process.capabilities = {}'
        done
    done
    [ "$(uname -m)" = x86_64 ] || skip "the rest has the numbers of x86_64"
    gives "-1" "x32 $GETFD -1 0 0"
    # where the kernel takes calls of 32 bits
    if "$BATS_FILE_TMPDIR/rootfs/bin/call" x86 20 >/dev/null 2>&1; then gives "-1" "x86 $GETFD -1 0 0"; fi
}

# the pidfd of the process at the other end of a socket, in either way, and namespaces by their number
@test "what leads to another distribution's namespaces: as on a kernel that does not know it" {
    [ "$(uname -m)" = x86_64 ] || skip "the numbers are those of x86_64"
    ways="55 -1 1 77 0 0 + 54 -1 1 76 0 0 + 304 -1 0 0"
    others="55 -1 1 17 0 0 + 54 -1 1 16 0 0 + 55 -1 0 77 0 0"
    for more in . "$PROFILE" "$LATE" "$NNP"; do
        gives "-92 -92 -1" "$ways" "$more"
        gives "-9 -9 -9" "$others" "$more"
    done
    gives "-9 -9" "55 -1 1 77 0 0 + 54 -1 1 76 0 0" "$TRACED"
}

@test "pidfd_getfd is refused in a user namespace of the container's own, too" {
    requires userns
    for nnp in . "$NNP"; do
        gives "-1" "$GETFD -1 0 0" "$nnp" '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
            .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
    done
}

@test "open by the key, under observe, and for who may trace" {
    gives "-9" "$GETFD -1 0 0" "$TRACED"
    gives "-9 -77" "$GETFD -1 0 0 + 121 0" "$TRACED" "$PROFILE"
    # a set that the bounding one takes it from at execve() grants nothing
    gives "-1" "$GETFD -1 0 0" '.process.capabilities.permitted += ["CAP_SYS_PTRACE"]'
    open_policy
    gives "-9" "$GETFD -1 0 0"
    policy '{"version": 1, "mode": "observe"}'
    gives "-9" "$GETFD -1 0 0"
}

@test "exec: as the container was made, whatever its own capabilities and today's policy are" {
    b=$(bundle closed "$(args sleep 1000)")
    succeeds run -d -b "$b" closed
    b=$(bundle traced "$(args sleep 1000)" "$TRACED")
    succeeds run -d -b "$b" traced
    for more in "" --no-new-privs "--cap CAP_SYS_PTRACE" "--user 1000"; do
        # shellcheck disable=SC2086 # words
        succeeds exec $more closed call $GETFD -1 0 0
        is "$output" -1
        # shellcheck disable=SC2086
        succeeds exec $more traced call $GETFD -1 0 0
        is "$output" -9
    done
    open_policy
    succeeds exec closed call $GETFD -1 0 0
    is "$output" -1
    # a container of the version before has no such record
    jq 'del(.confinement)' "$SHIM_ROOT/closed/status.json" >status && cp status "$SHIM_ROOT/closed/status.json"
    succeeds exec closed call $GETFD -1 0 0
    is "$output" -9
}

@test "one filter with a profile and without; a profile of the greatest length comes as a second one" {
    b=$(bundle c1 "$(args sleep 1000)")
    succeeds run -d -b "$b" c1
    is "$(under c1)" "2 1"
    b=$(bundle c2 "$(args sleep 1000)" "$PROFILE")
    succeeds run -d -b "$b" c2
    is "$(under c2)" "2 1"
    # "let it through", as often as the kernel takes it
    long=$(perl -e 'print pack("SCCL", 6, 0, 0, 0x7fff0000) x 4096' | base64 -w 0)
    b=$(bundle c3 "$(args sleep 1000)" ".annotations = {\"run.oci.seccomp_bpf_data\": \"$long\"}")
    succeeds run -d -b "$b" c3
    is "$(under c3)" "2 2"
    succeeds exec c3 call $GETFD -1 0 0
    is "$output" -1
}

@test "explain and state say what holds" {
    b=$(bundle c1 "$(args sleep 1000)")
    contains "$(shim explain -b "$b")" $'\nconfinement: lock open, peerDescriptors refused\n'
    is "$(shim explain -b "$b" -f json | jq -c '.confinement, .plan.confinement')" $'{"lock":"open","peerDescriptors":"refused","denied":["CAP_NET_ADMIN","CAP_NET_RAW"]}\n{"lock":"open","peerDescriptors":"refused","denied":["CAP_NET_ADMIN","CAP_NET_RAW"]}'
    contains "$(shim explain -b "$b" | tr '\n' ' ')" "keep network.peerDescriptors     a filter of the policy answers pidfd_getfd with EPERM"
    succeeds run -d -b "$b" c1
    is "$(shim state c1 | jq -c .confinement)" '{"lock":"open","peerDescriptors":"refused","denied":["CAP_NET_ADMIN","CAP_NET_RAW"]}'
    contains "$(shim explain c1)" "confinement: lock open, peerDescriptors refused"
    b=$(bundle c2 "$(args sleep 1000)" "$TRACED")
    contains "$(shim explain -b "$b" | tr '\n' ' ')" 'warn network.peerDescriptors     /process/capabilities/bounding/'
    open_policy
    contains "$(shim explain -b "$b")" "confinement: lock open, peerDescriptors open"
    is "$(shim explain -b "$b" -f json | jq -c '[.confinement.peerDescriptors, .plan.confinement]')" '["open",null]'
}

# ---- restored, with a stand-in

@test "restore: what the images lack comes with criu" {
    requires file:/usr/bin/python3
    restored c1
    is "$status $stderr" "0 "
    is "$(under c1)" "2 1"
    # filters of another kind are not the policy's
    image 060000000000ff7f
    restored c2
    is "$status $stderr" "0 "
    is "$(under c2)" "2 1"
    open_policy
    restored c3
    is "$(under c3)" "0 0"
}

@test "restore: where the images have it criu goes without, and a process without any does not run" {
    requires file:/usr/bin/python3
    mkdir -p images
    b=$(bundle c0 "$(args sleep 1000)")
    succeeds run -d -b "$b" c0
    image "$("$BATS_TEST_DIRNAME/filter.py" "$(shim state c0 | jq .pid)")"
    restored c1
    is "$status" 1
    matches "$stderr" "the images have a thread, '/proc/[0-9]+/task/[0-9]+/status', without the filter that network.peerDescriptors"
    [ ! -e "$SHIM_ROOT/c1" ]
    printf 'garbage and more' >images/seccomp.img
    restored c2
    is "$status" 1
    contains "$stderr" "seccomp.img: is not an image of filters"
}

# ---- restored, with the real one

@test "three times there and back: as many filters as before" {
    requires criu
    for profile in . "$PROFILE"; do
        rm -rf "$BATS_TEST_TMPDIR/c1"
        b=$(bundle c1 "$(args sleep 1000)" "$profile")
        succeeds run -d -b "$b" c1
        for turn in 1 2 3; do
            timeout 100 "$DISTRO_SHIM" --root "$SHIM_ROOT" checkpoint --image-path "$PWD/i$turn" c1 </dev/null
            timeout 100 "$DISTRO_SHIM" --root "$SHIM_ROOT" restore -d -b "$b" --image-path "$PWD/i$turn" c1 </dev/null >/dev/null 2>&1
            is "$(under c1)" "2 1"
        done
        succeeds exec c1 call $GETFD -1 0 0
        is "$output" -1
        shim delete --force c1
        rm -rf i[123]
    done
    # made without it: from the first restore on it is there, and no second one comes
    for profile in . "$PROFILE"; do
        rm -rf "$BATS_TEST_TMPDIR/c1"
        b=$(bundle c1 "$(args sleep 1000)" "$profile")
        open_policy
        succeeds run -d -b "$b" c1
        had=$([ "$profile" = . ] && echo 0 || echo 1)
        matches "$(under c1)" "[02] $had"
        SHIM_POLICY=''
        for turn in 1 2 3; do
            timeout 100 "$DISTRO_SHIM" --root "$SHIM_ROOT" checkpoint --image-path "$PWD/i$turn" c1 </dev/null
            timeout 100 "$DISTRO_SHIM" --root "$SHIM_ROOT" restore -d -b "$b" --image-path "$PWD/i$turn" c1 </dev/null >/dev/null 2>&1
            is "$(under c1)" "2 $((had + 1))"
        done
        succeeds exec c1 call $GETFD -1 0 0
        is "$output" -1
        shim delete --force c1
        rm -rf i[123]
    done
}
