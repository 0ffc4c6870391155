#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What must not cross the border of a container at its birth: process numbers of another PID namespace, descriptors,
# umask and processors of the caller, the runtime's own program.
# world: hybrid vm

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load isolation

setup_file() { make_rootfs; }
setup() { start_isolation_test; }
teardown() { end_isolation_test; }

# ---- process numbers

@test "user and PID namespace by path: the pid is the init's here, and delete ends no other process" {
    local one pid p name
    # strangers whose numbers here are those that the container's processes will have there
    for _ in {1..200}; do
        sleep 1000 >/dev/null 2>&1 3>&- &
        helpers+=($!)
    done
    user_bundle one "$(args sleep 1000)"
    running one
    one=$(init_of one)
    user_bundle two "$(args tail -f /etc/passwd)" \
        ".linux.namespaces |= map(if .type == \"user\" or .type == \"pid\" then .path = \"/proc/$one/ns/\" + .type else . end)" \
        'del(.linux.uidMappings, .linux.gidMappings, .linux.maskedPaths, .linux.readonlyPaths)' \
        '.mounts |= map(select(.type != "proc" and .type != "mqueue"))'
    for policy in '{"version": 1, "mode": "observe"}' '{"version": 1, "namespaces": {"pid": "isolated"}, "procSys": "requested"}'; do
        policy "$policy"
        # pid_namespaces(7): the number that was given last
        nsenter --target "$one" --pid sh -c "echo ${helpers[60]} >/proc/sys/kernel/ns_last_pid"
        shim_in 20 create --pid-file pid -b "$b" two </dev/null >said 2>&1 3>&-
        pid=$(<pid)
        is "$(shim state two | jq .pid) $(init_of two)" "$pid $pid"
        is "$(readlink "/proc/$pid/ns/pid") $(readlink "/proc/$pid/ns/user")" "$(readlink "/proc/$one/ns/pid") $(readlink "/proc/$one/ns/user")"
        # the number there is one of theirs
        p=$(awk '/^NSpid/ { print $3 }' "/proc/$pid/status")
        contains " ${helpers[*]} " " $p "
        succeeds start two
        wait_until has_status two running
        is "$(tr '\0' ' ' <"/proc/$pid/cmdline")" "tail -f /etc/passwd "
        succeeds delete --force two
        wait_until is_gone "$pid"
        for p in "${helpers[@]}"; do read -r -d '' name <"/proc/$p/cmdline" && [ "$name" = sleep ]; done
        is "$(state_of one)" running
    done
    succeeds delete --force one
}

# ---- descriptors

# What init may hold while a hook runs beside it, by the links in /proc: the caller's streams, sockets, its own
# status, and the hook's own pidfd, state and output; before the root is changed the container's ROOT, which must be the
# one in its own mount namespace (elsewhere the way up would lead into the host's).
strange_descriptors() { # PID ROOT
    local fd target mount
    for fd in "/proc/$1/fd"/*; do
        target=$(readlink "$fd") || continue # of this very loop
        case ${fd##*/} in 0 | 1 | 2) continue ;; esac
        case $target in
        socket:* | pipe:* | 'anon_inode:[pidfd]' | "/memfd:state (deleted)") ;;
        "$2" | /)
            mount=$(awk '/^mnt_id/ { print $2 }' "/proc/$1/fdinfo/${fd##*/}")
            grep -q "^$mount " "/proc/$1/mountinfo" || echo "$target of the host"
            ;;
        "/proc/$1/task/"*/status | "/$1/task/"*/status) ;;
        *) [ "$fd" -ef /run/netns/distros ] && echo "the shared network" || echo "$target" ;;
        esac
    done
}
# What bats has open is the caller's own.
without_descriptors() {
    local fd
    for fd in {3..30}; do eval "exec $fd>&-"; done
    exec "$@"
}

@test "hooks beside init: neither they nor init hold anything of the runtime's" {
    local b creator network='' script='ls /proc/self/fd >$0; read -r line <$1'
    for shape in plain late user; do
        filters=()
        case $shape in
        # what a late join will be into waits in a descriptor
        late) filters=("$late") network='the shared network' ;;
        user) filters=("$userns") network='' ;;
        esac
        b=$(bundle "$shape" "$(args true)" "${filters[@]}")
        [ $shape != user ] || chown -hR 100000:100000 "$b/rootfs"
        rm -f "${OPEN:?}"/* && mkfifo -m 666 "$OPEN/gate" "$b/rootfs/gate"
        chmod 666 "$OPEN/gate" "$b/rootfs/gate"
        edit_config "$b" --arg script "$script" --arg open "$OPEN" '.hooks = {
            createContainer: [{path: "/bin/sh", args: ["sh", "-c", $script, $open + "/fds", $open + "/gate"], env: ["PATH=/bin:/usr/bin"]}],
            startContainer: [{path: "/bin/sh", args: ["sh", "-c", $script, "/tmp/fds", "/gate"]}]}'
        without_descriptors "$DISTRO_SHIM" --root "$SHIM_ROOT" create -b "$b" c1 </dev/null >log 2>&1 &
        creator=$!
        helpers+=("$creator")
        wait_until [ -s "$OPEN/fds" ]
        is "$shape strange: $(strange_descriptors "$(init_of c1)" "$b/rootfs")" "$shape strange: $network"
        echo >"$OPEN/gate"
        wait "$creator"
        # of ls itself: the directory
        is "$shape $(tr '\n' ' ' <"$OPEN/fds")" "$shape 0 1 2 3 "
        is "$(<log)" ""

        shim_in 20 start c1 </dev/null >log 2>&1 3>&- &
        creator=$!
        helpers+=("$creator")
        wait_until [ -s "$b/rootfs/tmp/fds" ]
        is "$shape strange: $(strange_descriptors "$(init_of c1)" none)" "$shape strange: "
        echo >"$b/rootfs/gate"
        wait "$creator"
        is "$shape $(tr '\n' ' ' <"$b/rootfs/tmp/fds")" "$shape 0 1 2 3 "
        is "$(<log)" ""
        wait_until has_status c1 stopped
        succeeds delete c1
    done
}

# ---- what of the caller's and what of the config's

@test "hooks that make a container have the caller's umask, those in it have the program's and its environment" {
    b=$(bundle c1 '.process.env += ["ANSWER=42"]' "$(args true)" "$(hook createRuntime "umask >$OPEN/runtime")" \
        "$(hook createContainer "umask >$OPEN/container")" "$(hook startContainer 'umask >/tmp/start; echo $ANSWER $HOME >>/tmp/start')")
    for mask in 0027 0000; do
        (umask $mask && succeeds run -b "$b" c1)
        is "$(cat "$OPEN"/{runtime,container} | tr '\n' ' ')" "$mask $mask "
        is "$(tr '\n' ' ' <"$b/rootfs/tmp/start")" "0022 42 /root "
    done
    # a hook's own environment is all that it has
    edit_config "$b" '.hooks.startContainer[0].env = ["OTHER=1"] | .hooks.startContainer[0].args[2] = "echo \"$ANSWER,$OTHER\" >/tmp/start"'
    succeeds run -b "$b" c1
    is "$(<"$b/rootfs/tmp/start")" ",1"
}

@test "the program's umask is 0022 where the config says nothing, whatever the caller's" {
    for mask in 0077 0000 0022; do
        umask $mask
        answers 0022 umask
        edit_config "$b" "$late"
        attempt run -b "$b" c1
        is "$status|$output|$stderr" "0|0022|"
    done
    umask 0077
    answers 0027 umask '.process.user.umask = 23'
    answers 0000 umask '.process.user.umask = 0'
    umask 0022
}

@test "device nodes have the mode of the config, whatever the caller's umask" {
    umask 0077
    b=$(bundle c1 '.linux.devices = [{path: "/dev/some", type: "c", major: 1, minor: 5, fileMode: 438},
        {path: "/dev/deep/pipe", type: "p", fileMode: 432, uid: 7, gid: 8}]' \
        "$(args stat -c '%n %a %u:%g' /dev/some /dev/deep/pipe /dev/null /dev/zero /dev/tty /dev/deep /dev)")
    chmod 755 "$b/rootfs"
    attempt run -b "$b" c1
    umask 0022
    is "$status|$output|$stderr" "0|/dev/some 666 0:0
/dev/deep/pipe 660 7:8
/dev/null 666 0:0
/dev/zero 666 0:0
/dev/tty 666 0:0
/dev/deep 755 0:0
/dev 755 0:0|"
}

@test "a character device that the caller gives as a stream keeps its owner and mode" {
    mkdir devices && mount -t tmpfs -o dev,mode=755 tmpfs devices && mknod -m 640 devices/zero c 1 5 && chown 3:4 devices/zero
    for user in 0 1000; do
        b=$(bundle "c$user" "$(args sh -c 'head -c 3 | od -An -tx1')" ".process.user = {uid: $user, gid: $user}")
        shim_in 20 run -b "$b" c1 <devices/zero >said 2>devices/zero
        is "$(<said)" " 00 00 00"
        is "$(stat -c '%u:%g %a %t:%T' devices/zero)" "3:4 640 1:5"
        succeeds run -b "$b" c1
    done
    umount devices
}

@test "RLIMIT_NOFILE may be smaller than what the runtime needs" {
    b=$(bundle early "$(args sh -c 'echo $(ulimit -n) $(ulimit -Hn)')")
    # no command substitution: it takes descriptors
    edit_config "$b" '.process.args[2] = "ulimit -n; ulimit -Hn"'
    cp "$b/config.json" plain.json
    for join in . "$late"; do
        for hooks in . '.hooks.startContainer = [{path: "/bin/true"}, {path: "/bin/true"}]'; do
            for n in 3 4 5 8; do
                jq "$join | $hooks | .process.rlimits = [{type: \"RLIMIT_NOFILE\", soft: $n, hard: $n}]" plain.json >"$b/config.json"
                attempt run -b "$b" c1
                is "$n $join $hooks|$status|${output/$'\n'/ }|$stderr" "$n $join $hooks|0|$n $n|"
            done
        done
    done
    # soft and hard apart
    jq '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 4, hard: 1000}]' plain.json >"$b/config.json"
    succeeds run -b "$b" c1
    is "${output/$'\n'/ }" "4 1000"
    # also where a start came to nothing before
    [ -x "${DISTRO_SHIM_FAULT_BIN:-}" ] || return 0
    jq '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 3, hard: 3}] | .process.args = ["sleep", "1000"]' plain.json >"$b/config.json"
    succeeds create -b "$b" c1
    shim_fault start:go:kill start c1 </dev/null >log 2>&1 3>&- || true
    succeeds start c1
    matches "$(<"/proc/$(init_of c1)/limits")" 'Max open files +3 +3'
}

@test "the caller's choice of processors is not the container's" {
    requires cmd:taskset controller:cpuset
    [ "$(nproc --all)" -gt 1 ] || skip "needs two processors"
    local all
    all=$(cat /sys/fs/cgroup/cpuset/cpuset.effective_cpus 2>/dev/null || cat /sys/fs/cgroup/cpuset/cpuset.cpus)
    b=$(bundle c1 "$(args awk '/^Cpus_allowed_list/ { print $2 }' /proc/self/status)")
    is "$(taskset -c 0 "$DISTRO_SHIM" --root "$SHIM_ROOT" run -b "$b" c1 </dev/null)" "$all"
    # the cgroup's counts
    mkdir /sys/fs/cgroup/cpuset/narrow
    cat /sys/fs/cgroup/cpuset/cpuset.mems >/sys/fs/cgroup/cpuset/narrow/cpuset.mems
    echo 1 >/sys/fs/cgroup/cpuset/narrow/cpuset.cpus
    edit_config "$b" '.linux.cgroupsPath = "/narrow/c1"'
    is "$(taskset -c 0 "$DISTRO_SHIM" --root "$SHIM_ROOT" run -b "$b" c1 </dev/null)" 1
    find /sys/fs/cgroup -depth -type d -path '*/narrow*' -exec rmdir {} +
}

# ---- the runtime's program in a container that waits

@test "a created init runs no file that can be written to, and is small" {
    # of its own: what others run at the same time cannot be written to because it runs
    cp "$DISTRO_SHIM" program
    local DISTRO_SHIM=$BATS_TEST_TMPDIR/program
    for shape in plain late user; do
        filters=()
        case $shape in
        late) filters=("$late") ;;
        user) filters=("$userns") ;;
        esac
        b=$(bundle "$shape" "$(args true)" "${filters[@]}")
        [ $shape != user ] || chown -hR 100000:100000 "$b/rootfs"
        succeeds create -b "$b" "$shape"
        pid=$(init_of "$shape")
        rss=$(awk '/^RssAnon/ { print $2 }' "/proc/$pid/status")
        echo "# RssAnon of a created init ($shape): $rss kB" >&3
        # heap 68, relocated tables 64, stack 28, libraries 80; some pages more or less are the caller's environment
        [ "$rss" -le 256 ]
        touch "$BATS_TEST_TMPDIR/target"
        TARGET=$BATS_TEST_TMPDIR/target /usr/bin/python3 - "/proc/$pid" "$DISTRO_SHIM" <<'END'
import ctypes, errno, fcntl, os, struct, sys, time

proc, program = sys.argv[1:]
exe = proc + "/exe"
libc = ctypes.CDLL(None, use_errno=True)

def refused(rc, *wanted):
    assert rc == -1 and ctypes.get_errno() in wanted, (rc, ctypes.get_errno(), wanted)

try:
    os.close(os.open(exe, os.O_RDWR))
    sys.exit(exe + " can be opened for writing")
except OSError as error:
    # that it happens to run protects it for as long as it does
    assert error.errno in (errno.ETXTBSY, errno.EROFS, errno.EPERM), error
# what a container could hold on to, until nothing runs from the file any more
held = {way: os.open(way, os.O_RDONLY) for way in [exe] +
        [proc + "/map_files/" + name for name in os.listdir(proc + "/map_files")]
        if not os.path.realpath(way).startswith(("/usr/lib", "/lib"))}
if os.fstatvfs(held[exe]).f_flag & os.ST_RDONLY:
    # With all power, and by whatever way to the file: the mount is in the namespace of no process, so that none can change it,
    # copy it or put it anywhere.
    fd = os.open(exe, os.O_PATH)
    clear_read_only = struct.pack("QQQQ", 0, 1, 0, 0)
    refused(libc.syscall(442, fd, b"", 0x1000, clear_read_only, 32), errno.EINVAL)
    refused(libc.syscall(428, fd, b"", 1 | 0x1000), errno.EINVAL)
    refused(libc.mount(exe.encode(), os.environ["TARGET"].encode(), None, 4096, None), errno.EINVAL)
    refused(libc.mount(None, exe.encode(), None, 32 | 4096, None), errno.EINVAL)
    refused(libc.chmod(exe.encode(), 0o755), errno.EROFS)
    refused(libc.setxattr(exe.encode(), b"user.x", b"x", 1, 0), errno.EROFS)
    assert len(held) > 3, held
else:
    seals = fcntl.fcntl(held[exe], fcntl.F_GET_SEALS)
    wanted = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
    assert seals & wanted == wanted, seals
    assert (os.stat(exe).st_dev, os.stat(exe).st_ino) != (os.stat(program).st_dev, os.stat(program).st_ino)
os.kill(int(proc[6:]), 9)
# the process lets go of its file a little later than of its name in /proc
deadline = time.monotonic() + 10
def answer(fd):
    while True:
        try:
            os.close(os.open("/proc/self/fd/%d" % fd, os.O_WRONLY))
            return 0
        except OSError as error:
            if error.errno != errno.ETXTBSY or time.monotonic() > deadline:
                return error.errno
            time.sleep(0.01)
for way, fd in held.items():
    got = answer(fd)
    assert got in (errno.EROFS, errno.EPERM), (way, errno.errorcode.get(got, "can be opened for writing"))
END
        succeeds delete "$shape"
    done
}
