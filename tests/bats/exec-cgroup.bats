#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec and the cgroups of the container: groups inside of it, a limit of processes that is used up, and birth in the group.
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

@test "--cgroup takes an existing group inside the container's, never one outside" {
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

@test "cgroup v2: in a container with sub-groups of its own the process joins that of the first one" {
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
@test "a full container: one process more is made, in its cgroup before its program runs" {
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

@test "a full container: exec works with a filter in the joiner, and with processors of the process's own" {
    requires controller:pids
    full c1 '.process.noNewPrivileges = false | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["personality"], action: "SCMP_ACT_ERRNO"}]}'
    says 2 c1 sed -n 's/^Seccomp:.//p' /proc/self/status
    cpu=$(taskset -cp $$ | sed 's/.*[ ,-]//')
    says "$cpu" --process "$(process pinned '.args = ["sed", "-n", "s/^Cpus_allowed_list:.//p", "/proc/self/status"] | .execCPUAffinity = {final: "'"$cpu"'"}')" c1
    # a profile that says it in the kernel's place gets no further
    full c2 '.process.noNewPrivileges = false | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["clone"], action: "SCMP_ACT_ERRNO", errnoRet: 11}]}'
    refused 'clone: .*resource temporarily unavailable' c2 true
}

@test "a full container: exec works in another cgroup inside of it" {
    requires controller:pids
    full c1
    mkdir "$(controller_file pids "$init")/inner"
    [ "$DISTRO_SHIM_WORLD" = v2 ] && inner=inner || inner=pids:inner
    succeeds exec -d --pid-file pid --cgroup "$inner" c1 sleep 1000
    matches "$(cgroups_of "$(<pid)")" '/inner'
    is "$(<"$(controller_file pids "$init")/inner/cgroup.procs")" "$(<pid)"
    is "$(cgroups_of "$(<pid)" | sed 's,/inner$,,')" "$(cgroups_of "$init")"
}

@test "a full container: an exec that fails leaves nothing, and what waits for its program is inside" {
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
    wait_until stands_at announce
    process=$(stands_at announce)
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
