#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec: each option by its effect, exit codes and texts, terminals, signals, cgroups, what a hostile container
# can do to it, and exec broken at each of its steps.
# world: hybrid v2 vm
# world, with --full: legacy

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() { end_test; }

# alive ID [JQ-FILTER]...: a container that only waits
alive() {
    local id=$1
    shift
    b=$(bundle "$id" "$(args sleep 1000)" "$@") && succeeds run -d -b "$b" "$id"
}
# Engines tell what the program said (its exit status) from what went wrong before it.
refused() { # PATTERN ARGUMENT...: exec fails with 255 and says so
    local pattern=$1
    shift
    attempt exec "$@"
    [ "$status" = 255 ] && [ -z "$output" ] && matches "$stderr" "^distro-shim: .*$pattern" || {
        echo "expected 255 and '$pattern' from exec $*; got $status, '$output' and: $stderr" >&2
        return 1
    }
}
says() { # TEXT ARGUMENT...: exec succeeds, silently but for this
    local text=$1
    shift
    succeeds exec "$@" && is "$output" "$text"
}
init_of() { jq .initPid "$SHIM_ROOT/$1/status.json"; }
cgroups_of() { sort "/proc/$1/cgroup"; }
caps_of() { sed -n 's/^Cap\(...\):\t0*\([0-9a-f]\)/\1 \2/p' "$@"; }
gone() { [ ! -e "/proc/$1" ] || [ "$(sed 's/.*) //; s/ .*//' "/proc/$1/stat")" = Z ]; }
# where the freezer is told
freezer_of() { # PID
    case $DISTRO_SHIM_WORLD in
    v2) echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$1/cgroup")/cgroup.freeze" ;;
    *) echo "/sys/fs/cgroup/freezer$(sed -n 's/.*:freezer://p' "/proc/$1/cgroup")/freezer.state" ;;
    esac
}
freeze() { [ "$DISTRO_SHIM_WORLD" = v2 ] && echo 1 >"$(freezer_of "$1")" || echo FROZEN >"$(freezer_of "$1")"; }
thaw() { [ "$DISTRO_SHIM_WORLD" = v2 ] && echo 0 >"$(freezer_of "$1")" || echo THAWED >"$(freezer_of "$1")"; }
# process.json of `exec --process`
process() { # NAME JQ-FILTER
    jq ".process | $2" "$b/config.json" >"$BATS_TEST_TMPDIR/$1.json" && echo "$BATS_TEST_TMPDIR/$1.json"
}

# ---- where it is, what it gets

@test "it is in the container's namespaces, root and cgroups, with streams of the caller" {
    alive c1
    init=$(init_of c1)
    succeeds exec --detach --pid-file pid c1 sleep 1000
    pid=$(<pid)
    for ns in pid mnt ipc uts net cgroup time user; do
        is "$(readlink "/proc/$pid/ns/$ns")" "$(readlink "/proc/$init/ns/$ns")"
    done
    is "$(stat -Lc %d:%i "/proc/$pid/root/.")" "$(stat -Lc %d:%i "/proc/$init/root/.")"
    is "$(cgroups_of "$pid")" "$(cgroups_of "$init")"
    is "$(tr '\0' ' ' <"/proc/$pid/cmdline")" "sleep 1000 "
    succeeds exec c1 sh -c 'echo out; readlink /proc/self/ns/net; cat /proc/1/cmdline | tr "\0" " "'
    is "$output" "out
$(ip netns exec distros readlink /proc/self/ns/net)
sleep 1000 "
    attempt exec c1 sh -c 'echo problem >&2'
    is "$status|$stderr|$output" "0|problem|"
    is "$(echo in | shim exec c1 cat)" in
}

@test "the exit status is the program's, 128 and the number where a signal ended it" {
    alive c1
    for code in 0 1 7 126 127 254 255; do
        attempt exec c1 sh -c "exit $code"
        is "$status|$stderr" "$code|"
    done
    attempt exec c1 sh -c 'kill -TERM $$'
    is "$status|$stderr" "143|"
    attempt exec c1 sh -c 'kill -KILL $$'
    is "$status|$stderr" "137|"
}

@test "errors before the program: exit status 255 and the words that engines look for" {
    alive c1
    refused 'exec: "nosuch": executable file not found in \$PATH$' c1 nosuch
    refused 'exec: "/no/such": stat /no/such: no such file or directory$' c1 /no/such
    refused 'exec: "/etc/passwd": permission denied$' c1 /etc/passwd
    refused 'exec: "/etc": permission denied$' c1 /etc
    refused "process.cwd: .*not a directory" --cwd /etc/passwd c1 true
    refused 'container does not exist: c2$' c2 true
    refused 'a command or --process is needed' c1
    # the kernel's own word at execve(): known although everything before went well, and no pid file
    printf 'no program\1' >"$b/rootfs/bin/garbage"
    printf '#!/no/interpreter\n' >"$b/rootfs/bin/script"
    chmod 755 "$b/rootfs/bin/"{garbage,script}
    refused 'execute: exec: "garbage": exec format error$' --pid-file pid c1 garbage
    refused 'execute: exec: "script": no such file or directory$' --detach --pid-file pid c1 script
    [ ! -e pid ]
    # what cannot be understood at all
    for wrong in '--nosuch c1 true' '--preserve-fds x c1 true' ''; do
        # shellcheck disable=SC2086
        expect_error 'see distro-shim exec --help$' exec $wrong
    done
}

@test "what stands behind the ID belongs to the program" {
    alive c1
    says '-u 5 --cwd x' c1 echo -u 5 --cwd x
    says '-- x' c1 -- echo -- x
    says '--help' c1 echo --help
}

@test "options: cwd, environment, groups, no_new_privs" {
    alive c1 '.process.env += ["OWN=1", "OTHER=2"]'
    mkdir -p "$b/rootfs/work"
    says /work --cwd /work c1 pwd
    refused 'exec: cwd: ' --cwd relative c1 true
    succeeds exec -e OTHER=3 --env NEW=a=b -e EMPTY= c1 env
    for line in OWN=1 OTHER=3 NEW=a=b EMPTY= HOME=/root; do grep -qxF "$line" <<<"$output"; done
    lacks "$output" OTHER=2
    refused 'env NEW: must be NAME=VALUE' -e NEW c1 true
    SECRET=host succeeds exec c1 env
    lacks "$output" SECRET
    says '0 7 8' -g 7 --additional-gids=8 c1 id -G
    refused 'additional-gids x' -g x c1 true
    succeeds exec --no-new-privs c1 grep NoNewPrivs /proc/self/status
    matches "$output" '1$'
    succeeds exec c1 grep NoNewPrivs /proc/self/status
    matches "$output" '0$'
}

@test "a working directory that is not there is an error, and is not made" {
    alive c1 '.process.cwd = "/of/creation"'
    says /of/creation c1 pwd
    ln -s /absent/target "$b/rootfs/link"
    refused "process.cwd: .*'/absent/here'.*: no such file or directory$" --cwd /absent/here c1 true
    refused "process.cwd: .*: no such file or directory$" --cwd /absent/here --user 1000:1000 c1 true
    refused "process.cwd: .*: no such file or directory$" --cwd /link c1 true
    refused "process.cwd: .*: no such file or directory$" --detach --pid-file pid --process "$(process absent '.args = ["pwd"] | .cwd = "/absent/too"')" c1
    # what creation has made, and was taken away
    rmdir "$b/rootfs/of/creation"
    refused "process.cwd: .*: no such file or directory$" c1 true
    [ ! -e "$b/rootfs/absent" ] && [ ! -e "$b/rootfs/of/creation" ]
    # one that only its user may enter is entered
    mkdir -m 700 "$b/rootfs/private"
    chown 1000:1000 "$b/rootfs/private"
    says /private --cwd /private --user 1000:1000 c1 pwd
}

@test "user: exactly the numbers that are given, or an error (CVE-2016-3697, CVE-2026-30892)" {
    alive c1 '.process.user.gid = 5'
    echo '1000:x:0:0::/:' >>"$b/rootfs/etc/passwd"
    for wanted in '1 1:5' '1:2 1:2' '0 0:5' '0:0 0:0' '1000 1000:5' '4294967294:1 4294967294:1'; do
        says "${wanted#* }" -u "${wanted% *}" c1 sh -c 'echo $(id -u):$(id -g)'
    done
    for wrong in : 1: :1 -1 4294967295 4294967296 1:4294967295 ' 1' '1 ' 1x 0x1 01 +1 root 1:root 1:2:3; do
        refused 'user .*must be UID or UID:GID' "--user=$wrong" c1 true
    done
    expect_error 'must not be empty' exec --user= c1 true
    # the home is the user's
    says / -u 1000 c1 sh -c 'echo $HOME'
}

@test "limits, umask, oom_score_adj and more come from the container's own process" {
    alive c1 '.process.user.umask = 63 | .process.oomScoreAdj = 123 | .process.noNewPrivileges = true |
        .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 20, hard: 30}, {type: "RLIMIT_CORE", soft: 1, hard: 2}]'
    says '20 30 0077 123 1' c1 sh -c 'echo $(ulimit -Sn) $(ulimit -Hn) $(umask) $(cat /proc/self/oom_score_adj) $(grep NoNew /proc/self/status | cut -f 2)'
    # less than what the set-up needs
    file=$(process few '.args = ["sh", "-c", "ulimit -n"] | .rlimits = [{type: "RLIMIT_NOFILE", soft: 4, hard: 4}, {type: "RLIMIT_NPROC", soft: 1, hard: 1}]')
    says 4 --process "$file" c1
}

# ---- capabilities

@test "capabilities: cap adds to three sets, inheritable stays empty, users get none (CVE-2022-29162)" {
    alive c1 '.process.capabilities = ([["bounding", "effective", "permitted"][] | {(.): ["CAP_CHOWN", "CAP_KILL"]}] | add)'
    # CHOWN 0, KILL 5, SYS_TIME 25
    succeeds exec c1 cat /proc/self/status
    is "$(caps_of <<<"$output" | tr '\n' ' ')" 'Inh 0 Prm 21 Eff 21 Bnd 21 Amb 0 '
    for name in CAP_SYS_TIME SYS_TIME cap_sys_time; do
        succeeds exec --cap "$name" -c KILL c1 cat /proc/self/status
        is "$(caps_of <<<"$output" | tr '\n' ' ')" 'Inh 0 Prm 2000021 Eff 2000021 Bnd 2000021 Amb 0 '
    done
    succeeds exec -u 1000 c1 cat /proc/self/status
    is "$(caps_of <<<"$output" | tr '\n' ' ')" 'Inh 0 Prm 0 Eff 0 Bnd 21 Amb 0 '
    succeeds exec -u 1000 --cap SYS_TIME c1 cat /proc/self/status
    is "$(caps_of <<<"$output" | tr '\n' ' ')" 'Inh 0 Prm 0 Eff 0 Bnd 2000021 Amb 0 '
    for wrong in CAP_NOSUCH CAP_ 'SYS_TIME,KILL' 25; do refused "cap $wrong: there is no such capability" --cap "$wrong" c1 true; done
}

@test "capabilities: the ceiling is that of the policy under which it was created" {
    alive c1
    file=$(process admin '.args = ["cat", "/proc/self/status"] |
        .capabilities = ([["bounding", "effective", "permitted", "inheritable", "ambient"][] | {(.): ["CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_KILL"]}] | add)')
    succeeds exec --process "$file" c1
    is "$(caps_of <<<"$output" | tr '\n' ' ')" 'Inh 20 Prm 20 Eff 20 Bnd 20 Amb 20 '
    succeeds exec --cap NET_RAW --cap NET_ADMIN c1 cat /proc/self/status
    # bits 12 and 13
    is "$((0x$(caps_of <<<"$output" | sed -n 's/Bnd //p') & 0x3000))" 0
    # neither a laxer policy nor a broken one has a say now
    policy '{"version": 1, "network": {"admin": true}}'
    succeeds exec --cap NET_ADMIN c1 cat /proc/self/status
    is "$((0x$(caps_of <<<"$output" | sed -n 's/Bnd //p') & 0x3000))" 0
    policy 'nonsense'
    succeeds exec c1 true
    policy '{"version": 1, "network": {"admin": true}}'
    alive c2
    succeeds exec --cap NET_ADMIN c2 cat /proc/self/status
    is "$((0x$(caps_of <<<"$output" | sed -n 's/Bnd //p') & 0x3000))" "$((0x1000))"
}

# ---- --process

@test "process: everything comes from the file, options change it" {
    alive c1 '.process.env += ["OWN=1"]'
    file=$(process all '{cwd: "/tmp", env: ["A=1", "PATH=/bin"], args: ["sh", "-c", "echo $(pwd) $A $OWN $(id -u):$(id -g) $(id -G) $(umask)"],
        user: {uid: 3, gid: 4, additionalGids: [6], umask: 18}}')
    says '/tmp 1 3:4 4 6 0022' --process "$file" c1
    says '/ 2 8:9 9 6 10 0022' -p "$file" --cwd / -e A=2 -u 8:9 -g 10 c1
    refused 'a command and --process are given' -p "$file" c1 true
    refused 'no such file' -p "$BATS_TEST_TMPDIR/none.json" c1
    echo '{"cwd": "/", "args": 5}' >bad.json
    refused 'bad.json:1:22: args: must be' -p bad.json c1
    echo '{"cwd": "/", "args": []}' >bad.json
    refused 'bad.json: args: at least one' -p bad.json c1
}

@test "labels: refused where nobody would enforce them" {
    alive c1
    if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ]; then
        refused 'apparmorProfile "strict": AppArmor is not enabled' --apparmor strict c1 true
        refused 'apparmorProfile "strict": AppArmor' -p "$(process a '.args = ["true"] | .apparmorProfile = "strict"')" c1
        says ok --apparmor unconfined c1 echo ok
        says ok --apparmor '' c1 echo ok
    fi
    if [ ! -e /sys/fs/selinux/enforce ]; then
        refused 'selinuxLabel "a:b:c:s0": SELinux is not enabled' --process-label a:b:c:s0 c1 true
        says ok --process-label '' c1 echo ok
    fi
}

# ---- detached; pid files; pidfds

@test "detach: returns when the program runs; the pid file has its pid alone" {
    alive c1
    succeeds exec -d --pid-file "$PWD/pid" c1 sh -c 'exec sleep 1000'
    is "$(stat -c %s pid)" "$(($(wc -c <pid)))"
    is "$(tr -d 0-9 <pid | wc -c)" 0
    is "$(tr '\0' ' ' <"/proc/$(<pid)/cmdline")" 'sleep 1000 '
    # its runtime is gone, and it is nobody's but the caller's adopter
    [ "$(sed -n 's/^PPid:\t//p' "/proc/$(<pid)/status")" != 0 ]
    kill -KILL "$(<pid)"
    wait_until gone "$(<pid)"
    # a pid file that cannot be written: no process
    refused 'pid file' -d --pid-file /no/such/directory/pid c1 sleep 4711
    # that is the reason, also where the program has ended meanwhile
    mkdir pid-directory
    for i in 1 2 3 4 5; do refused "pid-file: .*is a directory" -d --pid-file "$PWD/pid-directory" c1 true; done
    is "$(pgrep -f 'sleep 4711')" ''
}

@test "pidfd-socket: a descriptor of exactly that process" {
    requires file:/usr/bin/python3
    alive c1
    /usr/bin/python3 - socket >pidfd.out 3>&- <<'END' &
import array, re, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.settimeout(20)
s.listen()
connection, _ = s.accept()
text, control, _, _ = connection.recvmsg(100, 100)
fd = array.array("i", control[0][2])[0]
print(text.decode(), re.search(r"Pid:\t(\d+)", open(f"/proc/self/fdinfo/{fd}").read()).group(1))
END
    listener=$!
    wait_until test -S socket
    succeeds exec -d --pid-file pid --pidfd-socket "$PWD/socket" c1 sleep 1000
    wait "$listener"
    is "$(<pidfd.out)" "setns $(<pid)"
    refused 'pidfd socket' -d --pidfd-socket "$PWD/none" c1 sleep 1
}

# ---- terminals and signals

terminal() { /usr/bin/python3 "$BATS_TEST_DIRNAME/terminal.py" "$@" 3>&-; }

@test "tty: a terminal of the container's own, raw, sized, followed; its exit status" {
    requires file:/usr/bin/python3
    alive c1
    shim_command=("$DISTRO_SHIM" --root "$SHIM_ROOT")
    status=0
    terminal --size 31x97 --modes modes expect:31\ 97 size:20x40 expect:resized send:'line\n' expect:got:line -- \
        "${shim_command[@]}" exec -t c1 sh -c 'trap "echo resized" WINCH; tty; stty size; read line || read line; echo got:$line; stty size; exit 5' >out || status=$?
    is "$status" 5
    contains "$(<out)" /dev/pts/
    contains "$(<out)" '20 40'
    is "$(<modes)" same
    # without a terminal of the caller it works as well, and the lines have no carriage return
    says "/dev/pts/0" -t c1 tty
    attempt exec c1 tty
    is "$output" 'not a tty'
    # job control is there: the program leads the session whose terminal it is
    says 'yes' -t c1 sh -c 'set -- $(cat /proc/$$/stat); [ "$6" = $$ ] && [ "$8" = $$ ] && [ "$7" != 0 ] && echo yes'
    refused 'needs --console-socket' -d -t c1 true
    refused 'console-socket is given but' -d --console-socket "$PWD/socket" c1 true
}

@test "console-socket: the terminal's master goes there" {
    requires file:/usr/bin/python3
    alive c1
    terminal --receive socket expect:ready send:'hello\n' expect:got:hello >received &
    receiver=$!
    wait_until test -S socket
    succeeds exec -d -t --console-socket "$PWD/socket" c1 sh -c 'echo ready; read line; echo got:$line'
    wait "$receiver"
    matches "$(head -n 1 received)" 'pt'
}

@test "foreground: signals reach the program" {
    alive c1
    rm -f out
    "$DISTRO_SHIM" --root "$SHIM_ROOT" exec c1 sh -c 'trap "exit 42" TERM; echo ready; while :; do sleep 0.1; done' </dev/null >out 2>&1 3>&- &
    pid=$!
    wait_until grep -q ready out
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    is "$status" 42
}

@test "foreground: nobody is kept out meanwhile, and the container's end ends it" {
    alive c1
    shim exec c1 sh -c 'echo ready; sleep 1000' </dev/null >out 2>&1 3>&- &
    pid=$!
    wait_until grep -q ready out
    says second c1 echo second
    is "$(state_of c1)" running
    succeeds delete --force c1
    status=0
    wait "$pid" || status=$?
    is "$status" 137
}

# ---- the container's state

@test "created: exec works; before a late join it is in the shared network all the same" {
    b=$(bundle c1 "$(args sleep 1000)" '(.linux.namespaces[] | select(.type == "network")) |= del(.path)')
    succeeds create -b "$b" c1
    is "$(state_of c1)" created
    says "$(ip netns exec distros readlink /proc/self/ns/net)" c1 readlink /proc/self/ns/net
    [ "$(readlink "/proc/$(init_of c1)/ns/net")" != "$(ip netns exec distros readlink /proc/self/ns/net)" ]
    succeeds start c1
    says "$(ip netns exec distros readlink /proc/self/ns/net)" c1 readlink /proc/self/ns/net
}

@test "stopped: refused" {
    alive c1
    succeeds kill c1 KILL
    wait_until gone "$(init_of c1)"
    refused 'cannot exec in a stopped container$' c1 true
}

@test "paused: refused, or waited for; a pause meanwhile does not hold the caller for ever" {
    alive c1
    init=$(init_of c1)
    freeze "$init"
    wait_until [ "$(state_of c1)" = paused ]
    refused 'cannot exec in a paused container \(use --ignore-paused to override\)$' c1 true
    shim exec --ignore-paused c1 echo thawed </dev/null >out 2>&1 3>&- &
    pid=$!
    sleep 0.5
    is "$(<out)" ''
    thaw "$init"
    wait "$pid"
    is "$(<out)" thawed
}

@test "what is paused or stopped on its way is given up in time" {
    requires fault
    alive c1
    export DISTRO_SHIM_DEADLINE_MS=1500
    init=$(init_of c1)
    for step in joiner:network process:ready; do
        DISTRO_SHIM_FAULT=$step:stop timeout --foreground 30 "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" exec c1 sleep 4711 </dev/null >out 2>&1 || status=$?
        is "$status" 255
        contains "$(<out)" 'stopped by a signal'
    done
    DISTRO_SHIM_FAULT=joiner:network:stop "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" exec c1 sleep 4711 </dev/null >out 2>&1 3>&- &
    pid=$!
    stopped() { grep -lx "Name:.network" /proc/[0-9]*/status 2>/dev/null | grep -q .; }
    wait_until stopped
    freeze "$init"
    status=0
    wait "$pid" || status=$?
    thaw "$init"
    is "$status" 255
    contains "$(<out)" 'paused container'
    says ok c1 echo ok
}

@test "the session keyring is the caller's only where the container keeps that, too" {
    requires file:/proc/keys
    b=$(bundle c1 "$(args sh -c 'grep _ses.c1 /proc/keys; exec sleep 1000')" 'del(.linux.maskedPaths)')
    shim run -d -b "$b" c1 </dev/null >out 2>&1
    wait_until grep -q _ses.c1 out
    # one of its own, or the first process's: not the caller's in any case
    succeeds exec c1 grep _ses.c1 /proc/keys
    b=$(bundle c2 "$(args sleep 1000)" 'del(.linux.maskedPaths)')
    succeeds run -d --no-new-keyring -b "$b" c2
    attempt exec c2 grep _ses.c2 /proc/keys
    is "$status|$output" '1|'
}

@test "a container without a cgroup of its own" {
    b=$(bundle c1 "$(args sleep 1000)")
    "$DISTRO_SHIM" --root "$SHIM_ROOT" --cgroup-manager disabled run -d -b "$b" c1 </dev/null >out 2>&1
    is "$(<out)" ''
    succeeds exec -d --pid-file pid c1 sleep 1000
    is "$(cgroups_of "$(<pid)")" "$(cgroups_of $$)"
    refused 'without a cgroup of its own' --cgroup x c1 true
    kill -KILL "$(<pid)"
}

@test "observed: a network of its own is entered like any other namespace" {
    policy '{"version": 1, "mode": "observe"}'
    alive c1 '(.linux.namespaces[] | select(.type == "network")) |= del(.path)'
    says "$(readlink "/proc/$(init_of c1)/ns/net")" c1 readlink /proc/self/ns/net
}

@test "a time namespace" {
    requires file:/proc/self/ns/time
    alive c1 '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 1000000}}'
    says "$(readlink "/proc/$(init_of c1)/ns/time")" c1 readlink /proc/self/ns/time
    succeeds exec c1 cut -d . -f 1 /proc/uptime
    [ "$output" -ge 1000000 ]
}

@test "a user namespace: as root of it, in the shared network that it does not own" {
    requires userns
    alive c1 '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
    succeeds exec -d --pid-file pid c1 sleep 1000
    is "$(readlink "/proc/$(<pid)/ns/user")" "$(readlink "/proc/$(init_of c1)/ns/user")"
    is "$(stat -c %u:%g "/proc/$(<pid)")" 100000:100000
    is "$(cgroups_of "$(<pid)")" "$(cgroups_of "$(init_of c1)")"
    says "0:0 $(ip netns exec distros readlink /proc/self/ns/net)" c1 sh -c 'echo $(id -u):$(id -g) $(readlink /proc/self/ns/net)'
    says 1000 -u 1000 c1 id -u
    succeeds exec -t c1 tty
    contains "$output" /dev/pts/
}

@test "without root: in a container of the caller's own user namespace, which denies setgroups()" {
    requires userns
    b=$(bundle c1 "$(args sleep 1000)" '(.linux.namespaces[] | select(.type == "network")) |= del(.path)' \
        '.mounts |= map(select(.type != "cgroup")) | (.mounts[] | select(.type == "devpts").options) |= map(select(startswith("gid") | not))')
    policy '{"version": 1, "mode": "observe"}'
    # shellcheck disable=SC2016
    unshare -Urnpf --mount-proc bash -c '
        shim=("$@" --cgroup-manager disabled)
        "${shim[@]}" run -d -b "$0" c1 </dev/null && "${shim[@]}" exec c1 id -u && "${shim[@]}" exec -t c1 tty
        "${shim[@]}" delete --force c1' "$b" "$DISTRO_SHIM" --root "$SHIM_ROOT" --policy "$SHIM_POLICY" >out 2>&1 3>&-
    is "$(tr -d '\r' <out)" "0
/dev/pts/0"
}

# ---- cgroups

controller_file() { # CONTROLLER PID: the directory
    case $DISTRO_SHIM_WORLD in
    v2) echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$2/cgroup")" ;;
    *) echo "/sys/fs/cgroup/$1$(sed -n "s/.*:$1://p" "/proc/$2/cgroup")" ;;
    esac
}

@test "cgroup: one inside the container's, which must be there; never one outside" {
    alive c1
    init=$(init_of c1)
    refused 'cgroup.*no such file or directory' --cgroup none c1 true
    refused 'leads out of' --cgroup ../.. c1 true
    says ok --cgroup / c1 echo ok
    if [ "$DISTRO_SHIM_WORLD" = v2 ]; then
        mkdir "$(controller_file pids "$init")/inner"
        succeeds exec -d --pid-file pid --cgroup inner c1 sleep 1000
        is "$(cgroups_of "$(<pid)")" "$(cgroups_of "$init" | sed '/^0::/s/$/\/inner/')"
        refused 'one tree' --cgroup pids:inner c1 true
    else
        mkdir "$(controller_file pids "$init")/inner"
        refused 'no such file' --cgroup inner c1 true
        succeeds exec -d --pid-file pid --cgroup pids:inner c1 sleep 1000
        is "$(cgroups_of "$(<pid)")" "$(cgroups_of "$init" | sed 's/\(:pids:.*\)/\1\/inner/')"
        refused "no cgroup of controller 'nosuch'" --cgroup nosuch:inner c1 true
        kill -KILL "$(<pid)"
        mkdir "$(controller_file cpu "$init")/inner"
        # everywhere: but the v2 tree of the hybrid layout is not divided, so nothing has to be there
        for h in /sys/fs/cgroup/*; do
            [ -L "$h" ] || [ "$h" = /sys/fs/cgroup/unified ] ||
                mkdir -p "$h$(sed -n "s/^[1-9][0-9]*:\(name=\)\{0,1\}${h##*/}://p" "/proc/$init/cgroup")/inner"
        done
        succeeds exec -d --pid-file pid --cgroup inner c1 sleep 1000
        is "$(cgroups_of "$(<pid)")" "$(cgroups_of "$init" | sed '/^0::/!s/$/\/inner/')"
        succeeds exec -d --pid-file pid --cgroup cpu,pids:/inner c1 sleep 1000
        is "$(cgroups_of "$(<pid)")" "$(cgroups_of "$init" | sed 's/\(:pids:.*\|:cpu:.*\)/\1\/inner/')"
    fi
}

@test "cgroup v2: a container that has made sub-groups of its own" {
    requires v2
    alive c1
    init=$(init_of c1)
    group=$(controller_file pids "$init")
    controller=$(cut -d ' ' -f 1 "$group/cgroup.controllers")
    [ -n "$controller" ] || skip "needs a controller of cgroup v2 that is not taken by v1"
    mkdir "$group/sub"
    echo "$init" >"$group/sub/cgroup.procs"
    echo "+$controller" >"$group/cgroup.subtree_control"
    succeeds exec -d --pid-file pid c1 sleep 1000
    is "$(cgroups_of "$(<pid)")" "$(cgroups_of "$init")"
    matches "$(grep ^0:: "/proc/$(<pid)/cgroup")" '/sub$'
    refused 'busy' --cgroup / c1 true
}

# full ID [JQ-FILTER]...: a container whose pids limit is used up
full() { alive "$1" '.linux.resources.pids.limit = 1' "${@:2}" && init=$(init_of "$1"); }
@test "a container whose pids limit is used up: one process more, in its cgroup before its program runs" {
    requires controller:pids
    full c1
    for i in 1 2 3; do says "hello $i" c1 echo "hello $i"; done
    succeeds exec -d --pid-file pid c1 sleep 1000
    is "$(cgroups_of "$(<pid)")" "$(cgroups_of "$init")"
    # the limit is in force for what it starts
    attempt exec c1 sh -c 'sleep 1 & wait; echo forked'
    lacks "$output" forked
    kill -KILL "$(<pid)"
    # a place for the joiner, and none for what it makes
    succeeds update --pids-limit 2 c1
    succeeds exec -d --pid-file pid c1 sleep 1000
    succeeds exec -d --pid-file pid c1 sleep 1000
    is "$(cgroups_of "$(<pid)")" "$(cgroups_of "$init")"
    says 1000 -u 1000 c1 id -u
    says yes --no-new-privs -t c1 sh -c 'test -t 0 && echo yes'
    is "$(tr '\0' ' ' <"/proc/$(<pid)/cmdline")" 'sleep 1000 '
}

@test "a full container: with a filter in the joiner, and with processors of the process's own" {
    requires controller:pids
    full c1 '.process.noNewPrivileges = false | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["personality"], action: "SCMP_ACT_ERRNO"}]}'
    says 2 c1 sed -n 's/^Seccomp:.//p' /proc/self/status
    cpu=$(taskset -cp $$ | sed 's/.*[ ,-]//')
    says "$cpu" --process "$(process pinned '.args = ["sed", "-n", "s/^Cpus_allowed_list:.//p", "/proc/self/status"] | .execCPUAffinity = {final: "'"$cpu"'"}')" c1
    # a profile that says it in the kernel's place gets no further
    full c2 '.process.noNewPrivileges = false | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["clone"], action: "SCMP_ACT_ERRNO", errnoRet: 11}]}'
    refused 'clone: .*resource temporarily unavailable' c2 true
}

@test "a full container: another cgroup inside of it" {
    requires controller:pids
    full c1
    mkdir "$(controller_file pids "$init")/inner"
    [ "$DISTRO_SHIM_WORLD" = v2 ] && inner=inner || inner=pids:inner
    succeeds exec -d --pid-file pid --cgroup "$inner" c1 sleep 1000
    matches "$(cgroups_of "$(<pid)")" '/inner'
    is "$(<"$(controller_file pids "$init")/inner/cgroup.procs")" "$(<pid)"
    is "$(cgroups_of "$(<pid)" | sed 's,/inner$,,')" "$(cgroups_of "$init")"
}

@test "a full container: broken on the way nothing is left, and what waits for its program is inside" {
    requires fault controller:pids cmd:pgrep
    full c1
    for step in joiner:clone process:session process:executable process:ready process:execute exec:process exec:ready exec:execute; do
        fault "$step:fail"
        is "$status" 255
        matches "$(<out)" ": injected fault$"
        wait_until only_init
        fault "$step:kill"
        [ "$status" = 255 ] || is "$status" 137
        wait_until only_init
    done
    DISTRO_SHIM_FAULT=process:announce:stop "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" exec c1 sleep 4711 </dev/null >out 2>&1 3>&- &
    pid=$!
    stopped() { grep -lx "Name:.announce" /proc/[0-9]*/status 2>/dev/null | grep -q .; }
    wait_until stopped
    process=$(grep -lx "Name:.announce" /proc/[0-9]*/status | cut -d / -f 3)
    is "$(cgroups_of "$process")" "$(cgroups_of "$init")"
    # the container is killed, and with it what stands there
    succeeds kill --all c1 KILL
    status=0
    wait "$pid" || status=$?
    is "$status|$(<out)" '255|distro-shim: container not running: c1 ended while the new process was made'
}

@test "a process that cannot be born in the cgroup is moved into it, whichever of the two it is" {
    requires cmd:strace
    alive c1
    init=$(init_of c1)
    # the joiner (clone3 into the cgroup where there is v2), then what it makes
    for refused in clone3 clone; do
        rm -f pid
        strace -f -qq -o trace -e trace="$refused" -e inject="$refused:error=EAGAIN:when=1" \
            "$DISTRO_SHIM" --root "$SHIM_ROOT" exec -d --pid-file pid c1 sleep 1000 </dev/null >out 2>&1 3>&- &
        strace=$!
        wait_until test -s pid
        [ "$(grep -c INJECTED trace)" -ge 1 ]
        is "$(cgroups_of "$(<pid)")" "$(cgroups_of "$init")"
        kill -KILL "$(<pid)"
        wait "$strace" || true
        is "$(<out)" ''
    done
    # where it stays impossible that is the error
    status=0
    strace -f -qq -o trace -e trace=clone -e inject=clone:error=EAGAIN "$DISTRO_SHIM" --root "$SHIM_ROOT" exec c1 true </dev/null >out 2>&1 3>&- || status=$?
    is "$status" 255
    matches "$(<out)" 'clone: .*resource temporarily unavailable$'
}

# ---- hostile containers

@test "the working directory and the program never lead through a descriptor (CVE-2024-21626)" {
    alive c1
    for ((fd = 3; fd < 40; fd++)); do ln -sfn "/proc/self/fd/$fd" "$b/rootfs/w$fd"; done
    exec 15</ 16</
    for ((fd = 3; fd < 40; fd += 1)); do
        refused . --cwd "/proc/self/fd/$fd" c1 true
        refused . --cwd "/w$fd/.." c1 true
        refused . c1 "/proc/self/fd/$fd/../../../../../../bin/sh" -c 'echo out'
    done
    exec 15<&- 16<&-
    refused . --cwd /proc/1/root/../.. c1 true
}

@test "it has the descriptors that it was given, and no other" {
    alive c1
    for ((fd = 10; fd < 60; fd++)); do eval "exec $fd</"; done
    succeeds exec c1 sh -c 'echo /proc/self/fd/*'
    is "$output" '/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3'
    for ((fd = 10; fd < 60; fd++)); do eval "exec $fd<&-"; done
    # the third is that of the directory; with two more it is the fifth
    echo kept >kept
    (
        # bats has its own there
        exec 3<kept 4<kept
        says kept --preserve-fds 2 c1 sh -c 'cat <&4' || exit 1
        attempt exec --preserve-fds 1 c1 sh -c 'cat <&4' && [ "$status" != 0 ] || exit 1
        exec 3<&- 4<&-
        refused 'descriptor 3 is not open' --preserve-fds 1 c1 true
    )
}

@test "the caller's terminal is out of reach (CVE-2017-5226)" {
    alive c1
    says 'own' c1 sh -c 'set -- $(cat /proc/$$/stat); [ "$6" = $$ ] && [ "$7" = 0 ] && echo own'
}

# A process that is stopped on its way, looked at with every right of the container.
@test "who may trace in the container sees nothing of the host, and no power that is not its own (CVE-2016-9962)" {
    requires fault
    warns='CAP_SYS_(PTRACE|ADMIN)' alive c1 '.process.capabilities[] += ["CAP_SYS_PTRACE", "CAP_SYS_ADMIN"] | .process.capabilities.ambient = [] | .process.capabilities.inheritable = []'
    says '1' c1 sh -c 'set -- /proc/[0-9]*; echo $(($# - 1))'
    init=$(init_of c1)
    for step in session executable ready announce execute; do
        SECRET=of-the-host DISTRO_SHIM_FAULT=process:$step:stop "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" exec -u 1000 c1 sleep 4711 </dev/null >out 2>&1 3>&- &
        pid=$!
        stopped() { grep -lx "Name:.${step:0:15}" /proc/[0-9]*/status 2>/dev/null | grep -q .; }
        wait_until stopped
        seen=$(shim exec c1 sh -c 'for p in /proc/[0-9]*; do
            case $(cat $p/comm) in sleep | sh) continue ;; esac
            echo "$(cat $p/comm)"; tr "\0" " " <$p/environ; tr "\0" " " <$p/cmdline
            ls -l $p/fd $p/root $p/cwd 2>&1; cat $p/status $p/mountinfo; done' 3>&-)
        contains "$seen" "$step"
        for secret in SECRET of-the-host "$SHIM_ROOT" "$BATS_TEST_TMPDIR/state" status.json; do lacks "$seen" "$secret"; done
        # the streams are the caller's own; beside them there is the conversation with the runtime alone
        matches "$(grep -E ' ([3-9]|[0-9]{2,}) -> ' <<<"$seen")" '^[^>]* -> socket:\[[0-9]+\]$'
        is "$(grep -E '^Uid' <<<"$seen" | tr '\t' ' ')" 'Uid: 1000 1000 1000 1000'
        is "$((0x$(caps_of <<<"$seen" | sed -n 's/Prm //p') & ~0x$(caps_of "/proc/$init/status" | sed -n 's/Prm //p')))" 0
        kill -KILL "$pid"
        wait "$pid" 2>/dev/null || true
        case $step in session | execute) let_go "$step" ;; esac
        wait_until says 1 c1 sh -c 'for p in $(pidof sleep); do [ $p = 1 ] || kill -9 $p; done; set -- /proc/[0-9]*; echo $(($# - 1))'
    done
    # what comes before cannot be seen at all
    no_one_stopped() { ! stopped; }
    for step in network namespaces console identity forget clone; do
        DISTRO_SHIM_FAULT=joiner:$step:stop "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" exec c1 sleep 4711 </dev/null >out 2>&1 3>&- &
        pid=$!
        wait_until stopped
        says 1 c1 sh -c 'set -- /proc/[0-9]*; echo $(($# - 1))'
        kill -KILL "$pid"
        wait "$pid" 2>/dev/null || true
        wait_until no_one_stopped
    done
}

@test "a container that has left for another network is not followed there" {
    b=$(bundle c1 "$(args sh -c 'sleep 0.2; echo before; unshare -n sh -c "echo after; sleep 1000"')" \
        '.process.capabilities[] += ["CAP_SYS_ADMIN"] | .process.capabilities.ambient = []')
    # the first process itself: no fork in between
    edit_config "$b" '.process.args = ["sh", "-c", "echo before; exec unshare -n sh -c \"echo after; exec sleep 1000\""]'
    shim run -d -b "$b" c1 </dev/null >out 2>&1
    wait_until grep -q after out
    refused "first process has left the network namespace '/run/netns/distros'" c1 true
}

@test "a hostile passwd, and a root without /proc, do no harm" {
    alive c1
    rm "$b/rootfs/etc/passwd"
    mkfifo "$b/rootfs/etc/passwd"
    says / c1 sh -c 'echo $HOME'
    succeeds exec --cap SYS_ADMIN c1 umount /proc || true
    says ok c1 echo ok
}

# ---- side by side, and cheap

one_more() { is "$(shim_in 20 exec c1 echo "$1" 2>&1)" "$1"; }
@test "many at once" {
    alive c1
    # shellcheck disable=SC2046
    all_of one_more 12 $(seq 24)
}

@test "the program is executed once and the runtime never again" {
    requires cmd:strace
    alive c1
    strace -f -qq -e trace=execve,execveat -o trace "$DISTRO_SHIM" --root "$SHIM_ROOT" exec c1 true
    is "$(grep -c 'exec.* = 0' trace)" 2
}

# ---- broken at each step

steps() { # PAGE...
    awk -v pages=" $* " '
        /#define STEP\(/ { split($0, part, "\""); page = part[2] }
        /^[ \t]+(STEP|AWAIT)\("/ { split($0, part, "\""); if (index(pages, " " page " ")) print page ":" part[2] }
        ' "$DISTRO_SHIM_SOURCE/src/boot/exec.c"
}
# Nothing in the cgroup but the first process, nothing of the runtime.
only_init() {
    local pid
    for pid in $(cat "$(controller_file pids "$init")/cgroup.procs"); do
        [ "$pid" = "$init" ] || gone "$pid" || return 1
    done
    [ -z "$(pgrep -f -- "--root $SHIM_ROOT exec")" ] && [ -z "$(pgrep -f 'sleep 4711')" ]
}
fault() { # FAULT ARGUMENT...
    status=0
    DISTRO_SHIM_FAULT=$1 timeout --foreground -k 1 20 "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" \
        exec -d --pid-file pid "${@:2}" c1 sleep 4711 </dev/null >out 2>&1 || status=$?
}

@test "an error at any step: the error names it, nothing is left" {
    requires fault cmd:pgrep
    alive c1
    init=$(init_of c1)
    mapfile -t all < <(steps joiner process exec)
    [ "${#all[@]}" -gt 35 ]
    for step in "${all[@]}"; do
        fault "$step:fail"
        is "$status" 255
        matches "$(<out)" "^distro-shim: ${step#*:}: injected fault$"
        wait_until only_init
        [ ! -e pid ]
    done
    says ok c1 echo ok
}

@test "death at any step: nothing is left" {
    requires fault cmd:pgrep
    alive c1
    init=$(init_of c1)
    for step in $(steps joiner process); do
        fault "$step:kill"
        is "$status" 255
        matches "$(<out)" "ended (unexpectedly|before)" || matches "$(<out)" "without a word"
        wait_until only_init
        [ ! -e pid ]
    done
    # of the runtime: up to GO there is no program, and later the program is there
    for step in $(steps exec); do
        fault "$step:kill"
        is "$status" 137
        [ ! -e pid ]
        case $step in *:running | *:pidfd | *:pid-file) pkill_program || true ;; esac
        wait_until only_init
    done
    says ok c1 echo ok
}
let_go() { # STEP: the process that is stopped there
    kill -CONT "$(grep -lx "Name:.$1" /proc/[0-9]*/status 2>/dev/null | head -n 1 | cut -d / -f 3)"
}
pkill_program() {
    local pid
    for pid in $(pgrep -f 'sleep 4711'); do kill -KILL "$pid"; done
}

@test "a process that stops at any step, and its runtime killed: likewise" {
    requires fault cmd:pgrep
    alive c1
    init=$(init_of c1)
    for step in $(steps joiner process exec); do
        DISTRO_SHIM_FAULT=$step:stop "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" exec -d --pid-file pid c1 sleep 4711 </dev/null >out 2>&1 3>&- &
        pid=$!
        name=${step#*:}
        stopped() { grep -lx "Name:.${name:0:15}" /proc/[0-9]*/status 2>/dev/null | grep -q .; }
        wait_until stopped
        kill -KILL "$pid"
        wait "$pid" 2>/dev/null || true
        case $step in
        *:running | *:pidfd | *:pid-file) pkill_program || true ;;
        # stopped before it asked to be told of its runtime's end
        *:session) let_go session ;;
        # stopped when its program was as good as there
        process:execute) let_go execute && wait_until pgrep -f 'sleep 4711' && pkill_program ;;
        esac
        wait_until only_init || { echo "left after $step" >&2 && false; }
    done
    says ok c1 echo ok
}

ends() { gone "$1" || awk '{ sub(/.*\) /, ""); exit int($7 / 4) % 2 ? 0 : 1 }' "/proc/$1/stat"; }
# end_at STEP: the container ends while an exec in it stands there
end_at() {
    local step=$1 name=${1#*:} pid
    stopped() { grep -lx "Name:.${name:0:15}" /proc/[0-9]*/status 2>/dev/null | grep -q .; }
    runs_program() { grep -qx 'Name:.sleep' "/proc/$(tr -d ' ' <"/proc/$pid/task/$pid/children")/status"; }
    alive c1
    init=$(init_of c1)
    DISTRO_SHIM_FAULT=$step:stop "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" exec c1 sleep 4711 </dev/null >out 2>&1 3>&- &
    pid=$!
    wait_until stopped
    [ "$step" != exec:running ] || wait_until runs_program
    kill -KILL "$init"
    # PF_EXITING: it has not ended before everything in its PID namespace is gone
    case $step in process:* | exec:*) wait_until ends "$init" ;; *) wait_until gone "$init" ;; esac
    case $step in exec:descriptors | exec:seccomp | exec:find-init) wait_until gone "$init" ;; esac
    case $step in process:*) ;; *) let_go "${name:0:15}" ;; esac
    status=0
    wait "$pid" || status=$?
    said="$status $(<out)"
    succeeds delete --force c1
    rm -rf "$b"
}
@test "the container's end at any step is told as that" {
    requires fault cmd:pgrep
    for step in $(steps joiner process exec); do
        end_at "$step"
        case $step in
        exec:descriptors | exec:seccomp | exec:find-init) is "$said" '255 distro-shim: find-init: cannot exec in a stopped container' ;;
        # the program runs
        exec:running | exec:pidfd | exec:pid-file) is "$said" '137 ' ;;
        *) is "$step $said" "$step 255 distro-shim: container not running: c1 ended while the new process was made" ;;
        esac
    done
}

@test "a new process that is killed alone is not taken for the container's end" {
    requires fault
    alive c1
    for step in joiner:network process:executable; do
        fault "$step:kill"
        is "$status" 255
        contains "$(<out)" "the new process ended"
    done
    attempt exec c1 sh -c 'kill -KILL $$'
    is "$status|$stderr" '137|'
    attempt exec c1 nosuch
    contains "$stderr" 'executable file not found'
}
