# SPDX-License-Identifier: Apache-2.0
# A procfs in a user namespace, made where the runtime itself sees only a part of /proc, as in a container.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load mounts

setup_file() { make_rootfs; }
setup() {
    requires root world userns
    start_test
}
teardown() { end_test; }

# masked COMMAND...: in a PID and mount namespace with its own /proc, parts of which are covered
masked() {
    unshare --mount --pid --fork --kill-child --mount-proc --propagation private sh -ec '
        mount --bind /dev/null /proc/uptime
        mount -t tmpfs -o ro tmpfs /proc/sys/fs
        mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys
        exec "$@"' masked "$@"
}

@test "in a user namespace procfs is whole where parts of the runtime's /proc are covered" {
    # the kernel refuses one to a process that has only that view
    run masked unshare --user --map-root-user --mount --pid --fork mount -t proc proc /proc
    [ "$status" != 0 ]
    b=$(bundle c1 "$(user_namespace)" '.linux.maskedPaths = [] | .linux.readonlyPaths = []' \
        "$(args sh -c 'echo $$; ls -d /proc/[0-9]*; ls /proc/sys/fs | head -1 | wc -l; readlink /proc/self/ns/pid; awk '\''$5 == "/proc" { print $6, $NF }'\'' /proc/self/mountinfo')")
    output=$(masked "$DISTRO_SHIM" --root "$SHIM_ROOT" run -b "$b" c1 </dev/null)
    matches "$output" $'^1\n/proc/1\n1\npid:.*\nrw,nosuid,nodev,noexec,relatime rw(,.*)?$'
}

@test "a procfs belongs to the container: its options, its processes, and no power over the host's" {
    answers $'no\nro,nosuid,nodev,noexec,relatime\n1' \
        'echo 1 2>/dev/null >/proc/sys/kernel/panic && echo yes || echo no
        awk '\''$5 == "/proc" { print $6 }'\'' /proc/self/mountinfo; cat /proc/1/comm | grep -c sh' \
        "$(user_namespace)" '.linux.maskedPaths = [] | .linux.readonlyPaths = []' \
        '.mounts |= map(if .destination == "/proc" then .options += ["ro"] else . end)'
}

@test "hidepid and subset hold, with and without a user namespace" {
    for more in . "$(user_namespace)"; do
        ask 'grep " /proc " /proc/self/mountinfo; ls -d /proc/cpuinfo 2>&1; ls -d /proc/self' "$more" \
            '.linux.maskedPaths = [] | .linux.readonlyPaths = [] | .mounts |= map(if .destination == "/proc" then .options += ["hidepid=invisible", "subset=pid"] else . end)'
        is "$status" 0
        matches "$output" 'hidepid=invisible,subset=pid'
        contains "$output" "/proc/cpuinfo: No such file"
        contains "$output" /proc/self
    done
}

@test "in a PID namespace by path procfs shows that one's processes" {
    b=$(bundle first "$(user_namespace)" "$(args sleep 1000)")
    succeeds run -d -b "$b" first
    pid=$(shim state first | jq .pid)
    policy '{"version": 1, "mode": "observe"}'
    ask 'cat /proc/1/comm' ".linux.namespaces |= map(if .type == \"pid\" then .path = \"/proc/$pid/ns/pid\" else . end)
        | .linux.namespaces += [{type: \"user\", path: \"/proc/$pid/ns/user\"}]"
    is "$status $output" "0 sleep"
}

# rootless COMMAND...: as root of a user namespace that owns nothing but its mounts
rootless() { unshare --user --map-root-user --mount --propagation private "$@"; }
nested() {
    policy '{"version": 1, "mode": "observe"}'
    b=$(bundle c1 "$(user_namespace)" "$(args sh -c 'echo $$; ls -d /proc/[0-9]*')" \
        '.linux.uidMappings = [{containerID: 0, hostID: 0, size: 1}] | .linux.gidMappings = .linux.uidMappings
        | del(.linux.resources) | .linux.namespaces |= map(select(.type | IN("network", "cgroup") | not))
        | .mounts |= map(select(.destination | IN("/proc", "/dev")))')
    nested=("$DISTRO_SHIM" --root "$SHIM_ROOT" --policy "$SHIM_POLICY" --cgroup-manager disabled run -b "$b" c1)
}

@test "in a user namespace of a user namespace, whose PID namespace is the host's" {
    nested
    output=$(rootless "${nested[@]}" </dev/null)
    is "$output" $'1\n/proc/1'
}

@test "there the kernel has the last word: where it shows a part only, the error says so" {
    nested
    status=0
    masked unshare --user --map-root-user --mount "${nested[@]}" </dev/null >out 2>&1 || status=$?
    is "$status" 1
    matches "$(<out)" "mounts\[0\]: where parts of /proc are covered, a user namespace may have no procfs of its own: .*operation not permitted"
}
