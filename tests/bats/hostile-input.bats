# SPDX-License-Identifier: Apache-2.0
# What is too long, too many or of another kind than it should be: accepted or refused by name, in time, and
# nothing is left of it.
# world: hybrid

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
    make_canary
}
teardown() { end_test; }

# shellcheck disable=SC2016 # what is in single quotes is for jq

# ---- sizes

# attempted WHAT: run the bundle $b; it ends in time, with success or with one short message and status 1
attempted() {
    status=0
    timeout --foreground -k 5 20 "$DISTRO_SHIM" --root "$SHIM_ROOT" run -b "$b" c1 </dev/null >out 2>err || status=$?
    if [ "$status" -gt 1 ] || { [ "$status" = 1 ] && ! grep -q '^distro-shim: ' err; } || [ "$(stat -c %s err)" -gt 4200 ] ||
        [ -n "$(ls -A "$SHIM_ROOT")" ]; then
        echo "$1: status $status, $(head -c 500 err), left: $(ls -A "$SHIM_ROOT")" >&2
        return 1
    fi
}

@test "texts of every length around the kernel's limits are accepted or refused, each by name" {
    b=$(bundle c1 "$(args true)")
    cp "$b/config.json" plain.json
    while IFS=';' read -r accepted name filter; do
        for n in 255 256 4095 4096 65535 65536 1048576; do
            jq --argjson n "$n" "$filter" plain.json >"$b/config.json"
            attempted "$name of $n bytes"
            is "$name $n $status" "$name $n $([ "$n" -gt "$accepted" ] && echo 1 || echo 0)"
        done
    done <<'END'
0;hostname;.hostname = "h" * $n
65536;environment;.process.env += ["A=" + "h" * $n]
65536;argument;.process.args += ["h" * $n]
255;working directory;.process.cwd = "/" + "h" * $n
255;mount destination;.mounts += [{destination: ("/" + "h" * $n), type: "tmpfs"}]
4095;deep mount destination;.mounts += [{destination: ("/h" * ($n / 2 | floor)), type: "tmpfs"}]
0;mount option;.mounts += [{destination: "/m", type: "tmpfs", options: ["x" * $n]}]
0;mount source;.mounts += [{destination: "/m", type: "bind", source: ("/" + "h" * $n)}]
0;mount type;.mounts += [{destination: "/m", type: ("h" * $n)}]
0;namespace path;(.linux.namespaces[] | select(.type == "ipc") | .path) = "/" + "h" * $n
1048576;annotation;.annotations = {("k" * $n): ("v" * $n)}
0;resource limit;.process.rlimits = [{type: ("RLIMIT_" + "h" * $n), soft: 1, hard: 1}]
0;sysctl;.linux.sysctl = {("kernel.msg" + "h" * $n): "1"}
0;value of a sysctl;.linux.sysctl = {"kernel.msgmax": ("1" * $n)}
1048576;system call;.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["h" * $n], action: "SCMP_ACT_ERRNO"}]}
255;device;.linux.devices = [{path: ("/dev/" + "h" * $n), type: "c", major: 1, minor: 3}]
0;hook;.hooks = {createRuntime: [{path: ("/" + "h" * $n)}]}
65536;argument of a hook;.hooks = {createRuntime: [{path: "/bin/true", args: ["h" * $n]}]}
1048576;capability;.process.capabilities.bounding = ["CAP_" + "h" * $n]
0;root;.root.path = "/" + "h" * $n
0;file of a cgroup;.linux.resources.unified = {("cgroup." + "h" * $n): "1"}
END
}

@test "many of everything are accepted, or refused by name" {
    b=$(bundle c1 "$(args true)")
    cp "$b/config.json" plain.json
    while IFS=';' read -r wanted name filter; do
        jq "$filter" plain.json >"$b/config.json"
        attempted "$name"
        is "$name $status" "$name $wanted"
    done <<'END'
0;mounts;.mounts += [range(2000) | {destination: "/m\(.)", type: "tmpfs"}]
0;variables;.process.env += [range(10000) | "A\(.)=1"]
0;arguments;.process.args += [range(10000) | "A\(.)=1"]
0;masked paths;.linux.maskedPaths = [range(10000) | "/proc/\(.)/x"]
0;groups;.process.user.additionalGids = [range(65536)]
1;too many groups;.process.user.additionalGids = [range(65537)]
0;devices;.linux.devices = [range(5000) | {path: "/dev/d\(.)", type: "c", major: 1, minor: 3}]
0;hooks;.hooks = {createRuntime: [range(100) | {path: "/bin/true"}]}
1;wrong variables;.process.env = [range(95000) | "x"]
1;namespaces of one type;.linux.namespaces = [range(30000) | {type: "ipc"}]
1;mappings;.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [range(341) | {containerID: ., hostID: (1000 + .), size: 1}] | .linux.gidMappings = .linux.uidMappings
END
}

# ---- files of other kinds

# Fresh ones, of every kind that a path may lead to by mistake or on purpose.
make_evil() {
    rm -rf evil && mkdir -p evil/directory && mkfifo evil/fifo && mknod evil/block b 7 200
    ln -s nowhere evil/dangling && ln -s loop evil/loop && ln -s "$CANARY/file" evil/link
    /usr/bin/python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("evil/socket")'
}

@test "a path to a file of another kind: refused by name and at once, or replaced; never waited for or followed" {
    requires file:/usr/bin/python3
    local kind path refused
    refused='connection refused|no such|not a|is a|is not|is missing|too many levels|permission denied'
    b=$(bundle c1 "$(args true)")
    cp "$b/config.json" plain.json
    for kind in fifo socket block directory dangling loop link; do
        make_evil
        path=$PWD/evil/$kind
        cp plain.json "$b/config.json"
        # the name of the pid file is replaced, whatever has it
        if [ "$kind" = directory ]; then
            expect_error "pid-file: .*is a directory" run --pid-file "$path" -b "$b" c1
        else
            succeeds run --pid-file "$path" -b "$b" c1
            is "$kind $(stat -c %F "$path")" "$kind regular file"
            make_evil
        fi
        expect_error "$refused" run --pidfd-socket "$path" -b "$b" c1
        expect_error "$refused" --log "$path" run -b "$b" c1
        expect_error "$refused|can be written" --policy "$path" run -b "$b" c1
        [ "$kind" = directory ] || expect_error "$refused" --root "$path" list
        # a bundle is a directory
        expect_error "$refused" run -b "$path" c1
        while IFS=';' read -r name filter; do
            jq --arg path "$path" "$filter" plain.json >"$b/config.json"
            expect_error "$name.*($refused)" run -b "$b" c1
        done <<'END'
hook;.hooks = {createRuntime: [{path: $path}]}
namespace;(.linux.namespaces[] | select(.type == "ipc") | .path) = $path
seccomp;.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: $path, syscalls: [{names: ["personality"], action: "SCMP_ACT_NOTIFY"}]}
END
        jq '.process.terminal = true' plain.json >"$b/config.json"
        expect_error "$refused" create --console-socket "$path" -b "$b" c1
        if [ "$kind" != directory ]; then
            jq --arg path "$path" '.root.path = $path' plain.json >"$b/config.json"
            expect_error "root.path: .*($refused)" run -b "$b" c1
        fi
        rm "$b/config.json" && ln -s "$path" "$b/config.json"
        expect_error "$refused|invalid char" run -b "$b" c1
        rm "$b/config.json"
        is "$kind $(ls -A "$SHIM_ROOT")" "$kind "
    done
    # files for a container that runs
    jq '.process.args = ["sleep", "1000"]' plain.json >"$b/config.json"
    succeeds run -d -b "$b" c1
    for kind in fifo socket block directory dangling loop; do
        make_evil
        attempt exec --process "$PWD/evil/$kind" c1
        is "$kind $status" "$kind 255"
        # a pipe is read, one without a writer is empty
        matches "$stderr" "$refused|fifo:1:1: "
        expect_error "$refused|fifo:1:1: " update --resources "$PWD/evil/$kind" c1
        attempt exec --pid-file "$PWD/evil/$kind" c1 true
        is "$kind $status" "$kind $([ "$kind" = directory ] && echo 255 || echo 0)"
    done
    is "$(state_of c1)" running
}

# ---- a container that watches for the runtime

@test "a container that looks at everything that appears sees nothing of the host, a hundred times (CVE-2016-9962)" {
    b=$(bundle c1 "$(args sh -c 'while :; do for p in /proc/[0-9]*; do [ $p = /proc/1 ] || {
            cat $p/environ $p/maps $p/cmdline $p/mountinfo; readlink $p/exe $p/cwd $p/root $p/fd/*; } 2>/dev/null; done >>/seen
            [ ! -e /enough ] || exit 0; done')" \
        '.root.readonly = false | .process.capabilities[] += ["CAP_SYS_PTRACE", "CAP_SYS_ADMIN"] | .process.capabilities.ambient = [] | .process.capabilities.inheritable = []')
    succeeds run -d -b "$b" c1
    for ((i = 0; i < 100; i++)); do
        SECRET=of-the-host shim exec c1 true </dev/null >/dev/null 2>err 7<"$CANARY/file" 3>&-
    done
    [ ! -s err ]
    touch "$b/rootfs/enough"
    stopped() { [ "$(state_of c1)" = stopped ]; }
    wait_until stopped
    # it has seen the programs
    grep -qa busybox "$b/rootfs/seen"
    for secret in of-the-host "$CANARY" "$SHIM_ROOT" status.json "$DISTRO_SHIM"; do
        ! grep -qaF -- "$secret" "$b/rootfs/seen" || { echo "seen: $secret" >&2 && false; }
    done
}
