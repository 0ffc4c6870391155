# SPDX-License-Identifier: Apache-2.0
# Scheduler, I/O priority, processors, memory policy, personality (config.md "Linux Process", config-linux.md
# "Memory policy" and "Personality"), and descriptors of the program for another process.
# world: hybrid
# world, with --full: v2

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() { end_test; }

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

# nice, priority and policy of a process: proc_pid_stat(5), without what stands before the state
scheduling='sed "s/.*) //" /proc/self/stat | cut -d " " -f 17,38,39'
# class and priority by ioprio_get(2): 251 on x86_64
priority_of() { # PID [1 process, 2 group]
    /usr/bin/python3 -c 'import ctypes, sys, platform
number = {"x86_64": 252, "aarch64": 31}[platform.machine()]
value = ctypes.CDLL(None).syscall(number, int(sys.argv[2]), int(sys.argv[1]))
print(value >> 13, value & 8191)' "$1" "${2:-1}"
}
alive() {
    local id=$1
    shift
    b=$(bundle "$id" "$(args sleep 1000)" "$@") && succeeds run -d -b "$b" "$id"
    pid=$(jq .initPid "$SHIM_ROOT/$id/status.json")
}
process() { # NAME JQ-FILTER: process.json of `exec --process`
    jq ".process | $2" "$b/config.json" >"$BATS_TEST_TMPDIR/$1.json" && echo "$BATS_TEST_TMPDIR/$1.json"
}
# "SCHED_FIFO 11"
policy_of() { chrt -p "$1" | sed 's/.*: //' | xargs; }
# the policy that a process has, as any container's of this machine may have
takes_real_time() { chrt -f 1 true 2>/dev/null; }

@test "scheduler: policy, nice and priority are the program's" {
    answers "7 0 0" "$scheduling" '.process.scheduler = {policy: "SCHED_OTHER", nice: 7}'
    answers "-5 0 3" "$scheduling" '.process.scheduler = {policy: "SCHED_BATCH", nice: -5}'
    answers "0 0 5" "$scheduling" '.process.scheduler = {policy: "SCHED_IDLE"}'
    # a user without power gets them all the same
    answers "-3 0 0" "$scheduling" '.process.scheduler = {policy: "SCHED_OTHER", nice: -3}' '.process.user = {uid: 1000, gid: 1000}'
    # untouched where nothing is asked for
    answers "0 0 0" "$scheduling"
}

@test "scheduler: real time, also with a user namespace" {
    # with cgroup v1 a group has no bandwidth of its own until it is given some
    [ "$DISTRO_SHIM_WORLD" = v2 ] || skip "for cgroup v2"
    takes_real_time || skip "this machine gives no real-time scheduling"
    alive c1 '.process.scheduler = {policy: "SCHED_FIFO", priority: 11, flags: ["SCHED_FLAG_RESET_ON_FORK"]}'
    is "$(chrt -p "$pid" | tr '\n' ' ')" "pid $pid's current scheduling policy: SCHED_FIFO|SCHED_RESET_ON_FORK pid $pid's current scheduling priority: 11 "
    answers "0 12 2" "$scheduling" '.process.scheduler = {policy: "SCHED_RR", priority: 12}' \
        '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings' \
        '.linux.namespaces += [{type: "user"}]'
}

@test "scheduler: real time of a cgroup of version 1, which has to be given some, from the top" {
    requires v1 controller:cpu
    local cpu=/sys/fs/cgroup/cpu
    [ -e "$cpu/cpu.rt_runtime_us" ] || skip "this kernel has no groups of real time"
    echo 100000 >"$cpu/cpu.rt_runtime_us" 2>/dev/null || skip "this machine's own group has no real time"
    mkdir "$cpu/test-realtime"
    for policy in FIFO RR; do
        b=$(bundle "b$policy" "$(args sleep 1000)" '.linux.cgroupsPath = "/test-realtime/c1"' \
            ".process.scheduler = {policy: \"SCHED_$policy\", priority: 11}")
        expect_error "set SCHED_$policy in a cgroup without linux.resources.cpu.realtimeRuntime: operation not permitted" create -b "$b" c1
        edit_config "$b" '.linux.resources.cpu = {realtimePeriod: 1000000, realtimeRuntime: 50000}'
        expect_error "'cpu.rt_runtime_us', which is more than the cgroup above leaves, of .*: invalid argument" create -b "$b" c1
        is "$(find "$cpu/test-realtime" -mindepth 1 -type d)$(ls -A "$SHIM_ROOT")" ""
        echo 80000 >"$cpu/test-realtime/cpu.rt_runtime_us"
        succeeds run -d -b "$b" c1
        is "$(<"$cpu/test-realtime/c1/cpu.rt_runtime_us")" 50000
        is "$(policy_of "$(jq .initPid "$SHIM_ROOT/c1/status.json")")" "SCHED_$policy 11"
        # of exec: the container's, or its own
        succeeds exec -d --pid-file pid c1 sleep 1000
        is "$(policy_of "$(<pid)")" "SCHED_$policy 11"
        succeeds exec -d --pid-file pid -p "$(process p '.args = ["sleep", "1000"] | .scheduler = {policy: "SCHED_RR", priority: 12}')" c1
        is "$(policy_of "$(<pid)")" "SCHED_RR 12"
        succeeds update --cpu-rt-runtime 60000 c1
        is "$(<"$cpu/test-realtime/c1/cpu.rt_runtime_us")" 60000
        expect_error "'cpu.rt_runtime_us', which is more than the cgroup above leaves, of" update --cpu-rt-runtime 90000 c1
        is "$(<"$cpu/test-realtime/c1/cpu.rt_runtime_us")" 60000
        succeeds delete --force c1
        # what a removed group has had is given back a little later
        wait_until sh -c "echo 0 2>/dev/null >$cpu/test-realtime/cpu.rt_runtime_us"
    done
    echo 80000 >"$cpu/test-realtime/cpu.rt_runtime_us"
    answers "0 12 2" "$scheduling" '.process.scheduler = {policy: "SCHED_RR", priority: 12}' \
        '.linux.cgroupsPath = "/test-realtime/c2" | .linux.resources.cpu = {realtimePeriod: 1000000, realtimeRuntime: 50000}' \
        '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings' \
        '.linux.namespaces += [{type: "user"}]'
    rmdir "$cpu/test-realtime"
}

@test "scheduler: deadlines, which a process that forks cannot have during the set-up" {
    chrt -d -T 1000000 -D 20000000 -P 30000000 0 true 2>/dev/null || skip "this machine gives no deadline scheduling"
    alive c2 '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 1000000, deadline: 20000000, period: 30000000}'
    matches "$(chrt -p "$pid" | tr '\n' ' ')" "SCHED_DEADLINE .*parameters: 1000000/20000000/30000000 "
    # hooks of the set-up run before
    alive c3 '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 1000000, deadline: 20000000}' \
        '.hooks.createContainer = [{path: "/bin/true"}] | .hooks.poststart = [{path: "/bin/true"}]'
    matches "$(chrt -p "$pid" | tr '\n' ' ')" "SCHED_DEADLINE"
    succeeds exec -d --pid-file pid c3 sleep 1000
    matches "$(chrt -p "$(<pid)" | tr '\n' ' ')" "SCHED_DEADLINE"
}

@test "scheduler: of exec, by its own process or the container's" {
    alive c1 '.process.scheduler = {policy: "SCHED_BATCH", nice: 4}'
    succeeds exec c1 sh -c "$scheduling"
    is "$output" "4 0 3"
    succeeds exec -p "$(process p ".args = [\"sh\", \"-c\", $(jq -n --arg s "$scheduling" '$s')] | .scheduler = {policy: \"SCHED_OTHER\", nice: -7, flags: [\"SCHED_FLAG_RESET_ON_FORK\"]}")" c1
    # the shell's own child, which the flag resets
    is "$output" "0 0 0"
    succeeds exec -p "$(process p '.args = ["cat", "/proc/self/stat"] | .scheduler = {policy: "SCHED_OTHER", nice: -7, flags: ["SCHED_FLAG_RESET_ON_FORK"]}')" c1
    is "$(sed 's/.*) //' <<<"$output" | cut -d ' ' -f 17,38,39)" "-7 0 0"
}

@test "scheduler: what cannot be is refused, with a reason each, and nothing is left" {
    b=$(bundle c1)
    while IFS=';' read -r text scheduler; do
        edit_config "$b" ".process.scheduler = $scheduler"
        expect_error "$text" create -b "$b" c1
    done <<'END'
scheduler.nice: must be between -20 and 19;{policy: "SCHED_OTHER", nice: 20}
scheduler.priority: SCHED_FIFO and SCHED_RR need 1 to 99;{policy: "SCHED_FIFO"}
scheduler.priority: SCHED_FIFO and SCHED_RR need 1 to 99;{policy: "SCHED_RR", priority: 100}
scheduler.priority: is for SCHED_FIFO and SCHED_RR only;{policy: "SCHED_BATCH", priority: 1}
scheduler.runtime: SCHED_DEADLINE needs;{policy: "SCHED_DEADLINE"}
scheduler.deadline: must not be less than runtime;{policy: "SCHED_DEADLINE", runtime: 2000, deadline: 1999}
scheduler: runtime, deadline and period are for SCHED_DEADLINE only;{policy: "SCHED_OTHER", runtime: 2000}
SCHED_ISO is in the specification but in no kernel;{policy: "SCHED_ISO"}
process.scheduler.policy;{policy: "SCHED_NONE"}
process.scheduler.flags;{policy: "SCHED_OTHER", flags: ["SCHED_FLAG_NONE"]}
scheduler: process.scheduler: (set|no bandwidth is left for) SCHED_DEADLINE;{policy: "SCHED_DEADLINE", runtime: 9000000000, deadline: 9000000000, period: 9000000000}
END
    is "$(ls -A "$SHIM_ROOT")" ""
}

@test "ioPriority: of the program and its group, also of exec" {
    requires file:/usr/bin/python3
    while read -r want class priority; do
        alive "c$want" ".process.ioPriority = {class: \"IOPRIO_CLASS_$class\", priority: $priority}"
        is "$(priority_of "$pid") $(priority_of "$pid" 2)" "$want $priority $want $priority"
        is "$(jq .initPid "$SHIM_ROOT/c$want/status.json")" "$pid"
    done <<'END'
1 RT 3
2 BE 7
3 IDLE 0
END
    succeeds exec -d --pid-file pid c1 sleep 1000
    is "$(priority_of "$(<pid)")" "1 3"
    succeeds exec -d --pid-file pid -p "$(process p '.args = ["sleep", "1000"] | .ioPriority = {class: "IOPRIO_CLASS_BE", priority: 2}')" c1
    is "$(priority_of "$(<pid)") $(priority_of "$(<pid)" 2)" "2 2 2 2"
    edit_config "$b" '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 8}'
    expect_error 'ioPriority.priority: must be between 0 and 7' create -b "$b" c9
    edit_config "$b" '.process.ioPriority = {class: "IOPRIO_CLASS_NONE"}'
    expect_error 'process.ioPriority.class' create -b "$b" c9
}

@test "execCPUAffinity: final is exec's, the first process has what the cgroup allows" {
    [ "$(nproc --all)" -ge 2 ] || skip "needs two processors"
    allowed='grep Cpus_allowed_list /proc/self/status | cut -f 2'
    all=$(grep Cpus_allowed_list /proc/self/status | cut -f 2)
    alive c1 '.process.execCPUAffinity = {initial: "0", final: "1"}'
    is "$(grep Cpus_allowed_list "/proc/$pid/status" | cut -f 2)" "$all"
    succeeds exec c1 sh -c "$allowed"
    is "$output" 1
    # what a file leaves out is the container's
    plain=$(process plain "del(.execCPUAffinity) | .args = [\"sh\", \"-c\", \"$allowed\"]")
    succeeds exec -p "$plain" c1
    is "$output" 1
    # a narrower one of the caller's is not the container's
    alive c2
    taskset -c 0 "$DISTRO_SHIM" --root "$SHIM_ROOT" exec -p "$plain" c2 >out
    is "$(<out)" "$all"
    # initial alone: reset once it has joined
    succeeds exec -p "$(process initial "del(.execCPUAffinity.final) | .args = [\"sh\", \"-c\", \"$allowed\"]")" c2
    is "$output" "$all"
    for word in initial final; do
        attempt exec -p "$(process far ".args = [\"true\"] | .execCPUAffinity.$word = \"8191\"")" c1
        is "$status" 255
        contains "$stderr" "process.execCPUAffinity.$word: set '8191': invalid argument"
        attempt exec -p "$(process wrong ".args = [\"true\"] | .execCPUAffinity.$word = \"0-\"")" c1
        contains "$stderr" "execCPUAffinity.$word: must be a list like"
    done
}

@test "memoryPolicy: what the program allocates is bound, also in exec" {
    [ -e /proc/self/numa_maps ] || skip "the kernel has no NUMA"
    maps='sed -n "s/^[0-9a-f]* \([^ ]*\) .*/\1/p" /proc/self/numa_maps | sort -u'
    answers default "$maps"
    answers bind:0 "$maps" '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0"}'
    answers bind=static:0 "$maps" '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"]}'
    answers interleave:0 "$maps" '.linux.memoryPolicy = {mode: "MPOL_INTERLEAVE", nodes: "0"}'
    answers local "$maps" '.linux.memoryPolicy = {mode: "MPOL_LOCAL"}'
    answers default "$maps" '.linux.memoryPolicy = {mode: "MPOL_DEFAULT"}'
    alive c1 '.linux.memoryPolicy = {mode: "MPOL_PREFERRED", nodes: "0"}'
    matches "$(<"/proc/$pid/numa_maps")" ' prefer:0 '
    succeeds exec c1 sh -c "$maps"
    is "$output" prefer:0
    edit_config "$b" '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "1023"}'
    expect_error "linux.memoryPolicy: set MPOL_BIND for nodes 1023: invalid argument" create -b "$b" c2
    edit_config "$b" '.linux.memoryPolicy = {mode: "MPOL_BIND"}'
    expect_error 'memoryPolicy.nodes: MPOL_BIND needs at least one' create -b "$b" c2
    edit_config "$b" '.linux.memoryPolicy = {mode: "MPOL_OFTEN"}'
    expect_error 'linux.memoryPolicy.mode' create -b "$b" c2
}

@test "personality: the machine that the program sees, also in exec" {
    [ "$(uname -m)" = x86_64 ] || skip "for x86_64"
    answers $'x86_64\n00000000' 'uname -m; cat /proc/self/personality'
    answers $'i686\n00000008' 'uname -m; cat /proc/self/personality' '.linux.personality = {domain: "LINUX32"}'
    # the caller's is not the container's where one is asked for
    b=$(bundle c1 "$(args cat /proc/self/personality)" '.linux.personality = {domain: "LINUX"}')
    setarch linux32 "$DISTRO_SHIM" --root "$SHIM_ROOT" run -b "$b" c1 >out
    is "$(<out)" 00000000
    alive c2 '.linux.personality = {domain: "LINUX32"}'
    succeeds exec c2 uname -m
    is "$output" i686
    edit_config "$b" '.linux.personality = {domain: "LINUX32", flags: ["X"]}'
    expect_error 'personality.flags' create -b "$b" c3
    edit_config "$b" '.linux.personality = {domain: "SVR4"}'
    expect_error 'linux.personality.domain' create -b "$b" c3
}

@test "pidfd-socket and its annotation: a descriptor of exactly the first process" {
    requires file:/usr/bin/python3
    b=$(bundle c1 "$(args sleep 1000)")
    receive_pidfd one
    succeeds create -b "$b" --pid-file pid --pidfd-socket "$PWD/one" c1
    wait "$listener"
    is "$(<pidfd.out)" "standard $(<pid)"
    receive_pidfd two
    succeeds run -d -b "$b" --pid-file pid --pidfd-socket two c2
    wait "$listener"
    is "$(<pidfd.out)" "standard $(<pid)"
    edit_config "$b" --arg path "$PWD/three" '.annotations["run.oci.pidfd_receiver"] = $path'
    receive_pidfd three
    succeeds create -b "$b" --pid-file pid c3
    wait "$listener"
    is "$(<pidfd.out)" "standard $(<pid)"
    # without a listener: no container
    rm three
    expect_error "pidfd: open the pidfd socket '$PWD/three'" create -b "$b" --pid-file none c4
    [ ! -e none ] && [ -z "$(state_of c4)" ]
}

@test "labels are refused where the kernel does not enforce them; empty and unconfined ones ask for nothing" {
    if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ]; then
        answers ok 'echo ok' '.process.apparmorProfile = "unconfined"'
        b=$(bundle c1 '.process.apparmorProfile = "strict"')
        expect_error '^distro-shim: config.json:[0-9]+:[0-9]+: process.apparmorProfile "strict": AppArmor is not enabled' create -b "$b" c1
    fi
    if [ ! -e /sys/fs/selinux/enforce ]; then
        answers ok 'echo ok' '.process.selinuxLabel = "" | .linux.mountLabel = ""'
        b=$(bundle c2 '.process.selinuxLabel = "a:b:c:s0"')
        expect_error '^distro-shim: config.json:[0-9]+:[0-9]+: process.selinuxLabel "a:b:c:s0": SELinux is not enabled' create -b "$b" c2
    fi
    is "$(ls -A "$SHIM_ROOT")" ""
}

@test "intelRdt: an error where no resctrl is mounted" {
    ! grep -q ' - resctrl ' /proc/self/mountinfo || skip "resctrl is mounted"
    b=$(bundle c1 '.linux.intelRdt = {closID: "some", l3CacheSchema: "L3:0=f"}')
    expect_error 'linux.intelRdt: no resctrl file system is mounted' create -b "$b" c1
    is "$(ls -A "$SHIM_ROOT")" ""
}
