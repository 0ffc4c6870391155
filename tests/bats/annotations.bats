#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Annotations that change how a container is made, by their effect: a system call filter as bytes, names that
# it must know, who gets its listener; systemd's own cgroups of version 1; and those that ask for what cannot be
# carried out.
# world: hybrid
# world, with --full: v2

load helpers

setup_file() {
    make_rootfs
    [ ! -d "$BATS_FILE_TMPDIR/rootfs" ] ||
        cc -O1 -static -o "$BATS_FILE_TMPDIR/rootfs/bin/call" "$BATS_TEST_DIRNAME/syscall.c" || true
}
setup() {
    requires root world cmd:cc cmd:python3 "file:$BATS_FILE_TMPDIR/rootfs/bin/call"
    [ "$(uname -m)" = x86_64 ] || skip "has the numbers of x86_64"
    start_test
    helpers=()
}
teardown() {
    [ ${#helpers[@]} -eq 0 ] || { kill -KILL "${helpers[@]}" && wait "${helpers[@]}"; } 2>/dev/null || true
    end_test
}

# shellcheck disable=SC2016 # what is in single quotes is for jq

NNP='.process.noNewPrivileges = true'
LATE='(.linux.namespaces[] | select(.type == "network")) |= del(.path)'
annotation() { jq -nr '".annotations[\($ARGS.positional[0] | tojson)] = \($ARGS.positional[1] | tojson)"' --args "$1" "$2"; }
# program ACTION NUMBER VALUE: base64 of a filter that answers one system call and allows all others
program() {
    python3 - "$@" <<'END'
import base64, struct, sys
action = {"errno": 0x00050000, "notify": 0x7FC00000}[sys.argv[1]] | int(sys.argv[3])
lines = [(0x20, 0, 0, 0), (0x15, 0, 1, int(sys.argv[2])), (0x06, 0, 0, action), (0x06, 0, 0, 0x7FFF0000)]
print(base64.b64encode(b"".join(struct.pack("=HBBI", *line) for line in lines)).decode())
END
}
ready() { annotation run.oci.seccomp_bpf_data "$(program "$@")"; }
gives() { # RESULTS CALLS FILTER...
    local results=$1 calls=$2 words
    shift 2
    read -ra words <<<"$calls"
    asked=$((${asked:-0} + 1))
    b=$(bundle "asked$asked" "$(args call "${words[@]}")" "$@") && attempt run -b "$b" "asked$asked" || return 1
    is "$status|$(tr '\n' ' ' <<<"$output")$stderr" "0|$results "
}

# getpgid is 121, getsid 124, sync 162
@test "run.oci.seccomp_bpf_data is the filter, with no_new_privs and without, early and late, and for exec" {
    rules='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["getsid"], action: "SCMP_ACT_ERRNO"}]}'
    for join in . "$LATE"; do
        for nnp in . "$NNP"; do
            gives "-77 0" "121 0 + 162" "$join" "$nnp" 'del(.linux.seccomp)' "$(ready errno 121 77)"
            # linux.seccomp's rules are not in force beside it
            gives "-77 1" "121 0 + 124 0" "$join" "$nnp" "$rules" "$(ready errno 121 77)"
            gives "1 -1" "121 1 + 124 0" "$join" "$nnp" "$rules"
            b=$(bundle under "$(args sleep 1000)" "$join" "$nnp" "$(ready errno 124 66)")
            succeeds run -d -b "$b" under
            attempt exec under call 124 0
            is "$status $stderr $output" "0  -66"
            attempt exec under grep Seccomp_filters /proc/self/status
            is "$output" $'Seccomp_filters:\t1'
            shim delete --force under
            rm -rf "$BATS_TEST_TMPDIR/under"
        done
    done
    # nothing of it is kept
    [ -z "$(find /run/distro-shim/seccomp -type f 2>/dev/null)" ] || [ "$(find /run/distro-shim/seccomp -type f | wc -l)" = 1 ]
}

@test "run.oci.seccomp_bpf_data: data that is not a program is refused, by the runtime or by the kernel" {
    while IFS='|' read -r what data; do
        refused=$((${refused:-0} + 1))
        b=$(bundle "bad$refused" "$(annotation run.oci.seccomp_bpf_data "$data")")
        # the kernel's word comes at `start`
        expect_error "annotation run.oci.seccomp_bpf_data: $what" run -b "$b" bad
        [ ! -e "$SHIM_ROOT/bad" ]
    done <<END
is not base64|no*base64
is not base64|BgAAAAAA/38
has 0 bytes|
has 4 bytes|BgAAAA==
load the seccomp filter of [0-9]* instructions.*invalid argument|$(printf '\0\0\0\0\0\0\0\0' | base64)
END
    python3 -c 'import base64; print(base64.b64encode(b"\6\0\0\0\0\0\xff\x7f" * 4097).decode())' >program
    b=$(bundle long)
    jq --rawfile data program '.annotations["run.oci.seccomp_bpf_data"] = ($data | rtrimstr("\n"))' "$b/config.json" >new && mv new "$b/config.json"
    expect_error 'has 4097 instructions, the kernel takes 4096' create -b "$b" bad
}

@test "run.oci.seccomp_fail_unknown_syscall: the name is an error that tells its place" {
    odd='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["getpgid"], action: "SCMP_ACT_LOG"},
        {names: ["getsid", "no_such_call"], action: "SCMP_ACT_LOG"}]}'
    succeeds run -b "$(bundle before "$(args true)" "$odd")" before
    # also where the filter is in the cache already
    for value in 1 ''; do
        b=$(bundle "odd$value" "$odd" "$(annotation run.oci.seccomp_fail_unknown_syscall "$value")")
        line=$(grep -n no_such_call "$b/config.json" | cut -d: -f1)
        expect_error "config.json:$line:[0-9]+: linux.seccomp.syscalls\[1\].names\[1\]: libseccomp [0-9.]+ does not know \"no_such_call\"" \
            create -b "$b" bad
        [ ! -e "$SHIM_ROOT/bad" ]
    done
    succeeds run -b "$(bundle off "$(args true)" "$odd" "$(annotation run.oci.seccomp_fail_unknown_syscall 0)")" off
    # every name is known
    succeeds run -b "$(bundle known "$(args true)" "$odd | del(.linux.seccomp.syscalls[1])" "$(annotation run.oci.seccomp_fail_unknown_syscall 1)")" known
}

# agent ERRNO: as in seccomp.bats
agent() {
    SOCKET=$BATS_TEST_TMPDIR/agent$((++agents)) HEARD=$BATS_TEST_TMPDIR/heard$agents
    "$BATS_TEST_DIRNAME/listener.py" "$SOCKET" "$HEARD" "$1" </dev/null >"$HEARD.log" 2>&1 3>&- &
    helpers+=($!)
    wait_until test -S "$SOCKET"
}
ASKED='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["getpgid"], action: "SCMP_ACT_NOTIFY"}]}'

@test "run.oci.seccomp.receiver and RUN_OCI_SECCOMP_RECEIVER get the listener, after linux.seccomp.listenerPath" {
    for join in . "$LATE"; do
        for nnp in . "$NNP"; do
            agent 95
            gives "-95" "121 0" "$join" "$nnp" "$ASKED" "$(annotation run.oci.seccomp.receiver "$SOCKET")"
            agent 96
            RUN_OCI_SECCOMP_RECEIVER=$SOCKET gives "-96" "121 0" "$join" "$nnp" "$ASKED"
        done
    done
    # the annotation goes before the variable, the configuration before both
    agent 97
    RUN_OCI_SECCOMP_RECEIVER=/nowhere gives "-97" "121 0" "$ASKED" "$(annotation run.oci.seccomp.receiver "$SOCKET")"
    agent 98
    RUN_OCI_SECCOMP_RECEIVER=/nowhere gives "-98" "121 0" "$ASKED" "$(annotation run.oci.seccomp.receiver /nowhere)" \
        ".linux.seccomp.listenerPath = \"$SOCKET\""
    # `start` and `exec` know it from `create`, whatever their own environment
    agent 99
    b=$(bundle c1 "$(args call 121 0)" "$LATE" "$ASKED")
    RUN_OCI_SECCOMP_RECEIVER=$SOCKET attempt create -b "$b" c1
    is "$status $stderr" "0 "
    succeeds start c1
    wait_until test -e "$HEARD.json"
    # sendmsg is 46
    b=$(bundle asks "$(ready notify 46 0)" "$(annotation run.oci.seccomp.receiver "$SOCKET")")
    expect_error 'annotation run.oci.seccomp_bpf_data: it asks the listener about sendmsg' create -b "$b" asks
    # a program: what it asks is not known
    for nnp in . "$NNP"; do
        agent 94
        gives "-94 0" "121 0 + 162" "$nnp" "$(ready notify 121 0)" "$(annotation run.oci.seccomp.receiver "$SOCKET")"
    done
}

@test "a receiver that cannot be used is an error; without a filter it means nothing" {
    b=$(bundle c1 "$ASKED" "$(annotation run.oci.seccomp.receiver run/agent)")
    expect_error 'annotation run.oci.seccomp.receiver: must be an absolute path, is "run/agent"' create -b "$b" c1
    b=$(bundle c2 "$ASKED")
    RUN_OCI_SECCOMP_RECEIVER=here expect_error 'environment variable RUN_OCI_SECCOMP_RECEIVER: must be an absolute path' create -b "$b" c2
    b=$(bundle c3 "$ASKED" "$(annotation run.oci.seccomp.receiver /nowhere)")
    expect_error 'connect|open .*no such file' create -b "$b" c3
    RUN_OCI_SECCOMP_RECEIVER=here gives "0" "162" 'del(.linux.seccomp)' "$(annotation run.oci.seccomp.receiver there)"
    b=$(bundle c4 "$ASKED" "$(annotation run.oci.seccomp.plugins /lib/plugin.so)")
    expect_error 'annotation run.oci.seccomp.plugins: is not supported' create -b "$b" c4
}

@test "run.oci.handler and its like: another way of running is refused, the usual one is not" {
    for pair in run.oci.handler=krun run.oci.handler=wasm run.oci.handler=wasmedge run.oci.handler=dotnet \
        module.wasm.image/variant=compat; do
        refused=$((${refused:-0} + 1))
        b=$(bundle "bad$refused" "$(annotation "${pair%%=*}" "${pair#*=}")")
        expect_error "annotation ${pair%%=*}: \"${pair#*=}\" is not supported" create -b "$b" bad
        [ ! -e "$SHIM_ROOT/bad" ]
    done
    for pair in run.oci.handler= run.oci.handler=wasm-smart module.wasm.image/variant=compat-smart krun.cpus=4; do
        gives "0" "162" "$(annotation "${pair%%=*}" "${pair#*=}")"
    done
    gives "0" "162" "$(annotation run.oci.handler krun)" "$(annotation io.kubernetes.cri.container-type sandbox)"
    b=$(bundle module "$(args /app.wasm)" "$(annotation run.oci.handler wasm-smart)")
    expect_error 'annotation run.oci.handler: "wasm-smart" is not supported' create -b "$b" bad
}

@test "run.oci.systemd.force_cgroup_v1: the mount shows systemd's own hierarchy alone" {
    place="$(annotation run.oci.systemd.force_cgroup_v1 /sys/fs/cgroup)"
    mounts='.mounts |= map(select(.destination != "/sys/fs/cgroup")) + [{destination: "/sys/fs/cgroup", type: "cgroup2", source: "cgroup"}]'
    if [ "$DISTRO_SHIM_WORLD" = v2 ]; then
        b=$(bundle c1 "$mounts" "$place")
        expect_error 'annotation run.oci.systemd.force_cgroup_v1: no cgroup hierarchy of version 1 with name=systemd' create -b "$b" c1
        return
    fi
    answers $'systemd\ncgroup /\nwritten' 'ls /sys/fs/cgroup; awk '\''$5 == "/sys/fs/cgroup/systemd" { print $(NF-2), $4 }'\'' /proc/self/mountinfo
        mkdir /sys/fs/cgroup/systemd/inner && echo $$ >/sys/fs/cgroup/systemd/inner/cgroup.procs && grep -q name=systemd:/inner$ /proc/self/cgroup && echo written' \
        "$mounts" "$place" '(.mounts[] | select(.destination == "/sys/fs/cgroup")).options = []'
    # another destination: nothing changes, and that is said
    b=$(bundle c2 "$(args true)" "$(annotation run.oci.systemd.force_cgroup_v1 /elsewhere)")
    attempt --log-level warning run -b "$b" c2
    is "$status" 0
    contains "$stderr" "run.oci.systemd.force_cgroup_v1: none of the mounts has this destination"
}
