#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec: where its process is, what each option gives it, exit codes, the texts of errors, and what it costs.
# world: hybrid v2 vm
# world, with --full: legacy

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load exec

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() { end_test; }

# ---- where it is, what it gets

@test "the process is in the container's namespaces, root and cgroups, with streams of the caller" {
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

@test "options set the working directory, environment, groups and no_new_privs" {
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

@test "a working directory that does not exist is an error, and is not made" {
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

@test "the user is exactly the numbers that are given, or it is an error (CVE-2016-3697, CVE-2026-30892)" {
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
    for wrong in CAP_NOSUCH CAP_ 'SYS_TIME,KILL' 25; do refused "cap $wrong: no such capability" --cap "$wrong" c1 true; done
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
    refused 'a command and --process are both given' -p "$file" c1 true
    refused 'no such file' -p "$BATS_TEST_TMPDIR/none.json" c1
    echo '{"cwd": "/", "args": 5}' >bad.json
    refused 'bad.json:1:22: args: must be' -p bad.json c1
    echo '{"cwd": "/", "args": []}' >bad.json
    refused 'bad.json: args: at least one' -p bad.json c1
}

@test "labels are refused where the kernel does not enforce them" {
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

# ---- side by side, and cheap

one_more() { is "$(shim_in 20 exec c1 echo "$1" 2>&1)" "$1"; }
@test "many at once have each its own answer" {
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
