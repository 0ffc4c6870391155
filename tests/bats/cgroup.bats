# SPDX-License-Identifier: Apache-2.0
# Control groups (config-linux.md "Control groups"): where a container is, what limits it, and that nothing of
# it stays, in each layout of hierarchies.
# world: legacy hybrid v2 vm

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() {
    # what a failed test has left in a group of its own
    for pid in ${strays:-}; do kill -s KILL "$pid" 2>/dev/null || true; done
    end_test
}

# The mount points of the hierarchies that count in this layout
hierarchies() {
    case $DISTRO_SHIM_WORLD in
    v2) echo /sys/fs/cgroup ;;
    *) for h in /sys/fs/cgroup/*; do [ -L "$h" ] || echo "$h"; done ;;
    esac
}
# In which groups a process is there, each once
groups_of() {
    case $DISTRO_SHIM_WORLD in
    legacy) grep -v ^0: "/proc/$1/cgroup" ;;
    hybrid) cat "/proc/$1/cgroup" ;;
    v2) grep ^0: "/proc/$1/cgroup" ;;
    esac | cut -d : -f 3- | sort -u
}
# where PATH: the hierarchies that have this group
where() { for h in $(hierarchies); do [ ! -d "$h$1" ] || echo "$h"; done; }
# The one in which things are frozen, and one that every layout has
freezer() { [ "$DISTRO_SHIM_WORLD" = v2 ] && echo /sys/fs/cgroup || echo /sys/fs/cgroup/freezer; }
freeze() { # GROUP yes|no
    if [ "$DISTRO_SHIM_WORLD" = v2 ]; then
        [ "$2" = yes ] && echo 1 >"/sys/fs/cgroup$1/cgroup.freeze" || echo 0 >"/sys/fs/cgroup$1/cgroup.freeze"
    else
        [ "$2" = yes ] && echo FROZEN >"/sys/fs/cgroup/freezer$1/freezer.state" || echo THAWED >"/sys/fs/cgroup/freezer$1/freezer.state"
    fi
}
sleeping() { args sleep 1000; }
pid_of() { shim state "$1" | jq .pid; }
has_status() { [ "$(state_of "$1")" = "$2" ]; }
gone() { [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }
# A process of this machine in a group of its own
stray() { # GROUP
    for h in $(hierarchies); do mkdir -p "$h$1"; done
    sleep 1000 3>&- </dev/null >/dev/null 2>&1 &
    stray=$!
    disown # its end is not worth a word
    strays="${strays:-} $stray"
    for h in $(hierarchies); do echo "$stray" >"$h$1/cgroup.procs"; done
}
end_stray() { # GROUP
    kill -s KILL "$stray" 2>/dev/null || true
    for h in $(hierarchies); do wait_until rmdir "$h$1"; done
}
writable_cgroup='(.mounts[] | select(.type == "cgroup") | .options) = ["rw", "nosuid", "noexec", "nodev"]'

# ---- where

@test "the container is in the group of its cgroupsPath, in every hierarchy, and delete removes that" {
    for pair in '/test-parent/deep/c1|/test-parent/deep/c1' 'test-parent/relative|/test-parent/relative' \
        '/test-parent//./c1/|/test-parent/c1' '|/distro-shim/c1'; do
        path=${pair#*|}
        b=$(bundle "c$((n = ${n:-0} + 1))-x" "$(sleeping)" ".linux.cgroupsPath = \"${pair%|*}\"")
        n=$((n + 1))
        succeeds create -b "$b" c1
        is "$pair $(groups_of "$(pid_of c1)")" "$pair $path"
        is "$(where "$path")" "$(hierarchies)"
        succeeds start c1
        is "$(groups_of "$(pid_of c1)")" "$path"
        succeeds delete --force c1
        is "$(where "$path")" ""
    done
    # what was made on the way goes with it, but not what an engine has made, nor what somebody is in
    is "$(where /test-parent)$(where /distro-shim)" ""
    for h in $(hierarchies); do mkdir -p "$h/test-parent"; done
    edit_config "$b" '.linux.cgroupsPath = "/test-parent/ours/deeper/c1"'
    succeeds create -b "$b" c1
    edit_config "$b" '.linux.cgroupsPath = "/test-parent/ours/c2"'
    succeeds create -b "$b" c2
    succeeds delete --force c1
    is "$(where /test-parent/ours/deeper)" ""
    is "$(where /test-parent/ours/c2)" "$(hierarchies)"
    succeeds delete --force c2
    is "$(where /test-parent/ours)" ""
    is "$(where /test-parent)" "$(hierarchies)"
    for h in $(hierarchies); do rmdir "$h/test-parent"; done
}

@test "a parent that somebody else has made stays, in the hierarchies where he has made it, and only there" {
    theirs=$(freezer)
    mkdir "$theirs/test-parent"
    b=$(bundle c1 "$(sleeping)" '.linux.cgroupsPath = "/test-parent/deep/c1"')
    for way in run failing between; do
        case $way in
        run)
            succeeds run -d -b "$b" c1
            is "$(where /test-parent/deep/c1)" "$(hierarchies)"
            succeeds delete --force c1
            ;;
        failing)
            edit_config "$b" '.process.args = ["no-such-program"]'
            expect_error 'executable file not found' create -b "$b" c1
            ;;
        between)
            # one that somebody makes between two of ours, and that is empty when the container goes
            edit_config "$b" '.process.args = ["true"] | .linux.cgroupsPath = "/test-parent/deep/theirs/deeper/c1"'
            mkdir -p "$theirs/test-parent/deep/theirs"
            succeeds run -b "$b" c1
            is "$(where /test-parent/deep/theirs/deeper)" ""
            is "$(where /test-parent/deep/theirs)" "$theirs"
            rmdir "$theirs/test-parent/deep/theirs" "$theirs/test-parent/deep"
            ;;
        esac
        is "$way $(where /test-parent/deep)" "$way "
        is "$way $(where /test-parent)" "$way $theirs"
    done
    rmdir "$theirs/test-parent"
}

@test "the caller stays where it is" {
    groups_of self >before
    b=$(bundle c1 "$(args true)")
    succeeds run -b "$b" c1
    succeeds create -b "$b" c1
    succeeds delete c1
    cmp before <(groups_of self)
}

@test "a path that leads elsewhere is refused" {
    b=$(bundle c1)
    for path in .. a/../b /../x /a/.. / // /. "$(printf 'n%.0s' {1..256})" $'a\nb' $'a\tb'; do
        edit_config "$b" --arg path "$path" '.linux.cgroupsPath = $path'
        expect_error 'linux.cgroupsPath' create -b "$b" c1
    done
    is "$(where /n)$(where /a)" ""
    # what could be made and then neither opened nor removed
    name=$(printf 'n%.0s' {1..250}) path=''
    for ((i = 0; i < 16; i++)); do path+=/$name; done
    edit_config "$b" --arg path "$path" '.linux.cgroupsPath = $path'
    expect_error 'linux.cgroupsPath: is longer than the 3[0-9]* bytes that are left for it below' create -b "$b" c1
    edit_config "$b" --arg path "${path:0:3500}" '.linux.cgroupsPath = $path'
    succeeds create -b "$b" c1
    succeeds delete --force c1
    is "$(where "/$name")" ""
}

@test "a creation that fails takes its groups back, with the parents that it made" {
    b=$(bundle c1 "$(args no-such-program)" '.linux.cgroupsPath = "/test-parent/deep/c1"')
    expect_error 'executable file not found' create -b "$b" c1
    is "$(where /test-parent/deep/c1)" ""
    for h in $(hierarchies); do [ ! -d "$h/test-parent" ] || find "$h/test-parent" -depth -type d -exec rmdir {} +; done
}

@test "a group with processes in it is refused, and left as it is" {
    stray /test-taken
    b=$(bundle c1 "$(sleeping)" '.linux.cgroupsPath = "/test-taken"')
    expect_error "cgroup '.*/test-taken' is not empty: 1 process is in it" create -b "$b" c1
    is "$(groups_of "$stray")" /test-taken
    end_stray /test-taken
    succeeds create -b "$b" c1
    succeeds delete c1
}

@test "a group that was made beforehand is as it was, attributes too, where creation fails" {
    requires file:/usr/bin/python3
    for h in $(hierarchies); do mkdir "$h/test-made"; done
    before=$(where /test-made)
    b=$(bundle c1 "$(sleeping)" '.linux.cgroupsPath = "/test-made"' '.linux.resources.cpu.cpus = "4095"')
    has_controller cpuset || edit_config "$b" 'del(.linux.resources.cpu) | .linux.resources.unified = {"cgroup.max.depth": "x"}'
    expect_error '4095|cgroup.max.depth' create -b "$b" c1
    is "$(where /test-made)" "$before"
    for h in $before; do
        is "$(/usr/bin/python3 -c 'import os, sys; print(os.listxattr(sys.argv[1]))' "$h/test-made")" '[]'
        rmdir "$h/test-made"
    done
}

@test "a group that was made beforehand is taken" {
    for h in $(hierarchies); do mkdir "$h/test-made"; done
    b=$(bundle c1 "$(sleeping)" '.linux.cgroupsPath = "/test-made"')
    succeeds create -b "$b" c1
    is "$(groups_of "$(pid_of c1)")" /test-made
    before=$(where /test-made)
    succeeds delete c1
    # it is not the container's to delete, but for what the container has made in it
    is "$(where /test-made)" "$before"
    b=$(bundle c2 "$(args sh -c 'for h in /sys/fs/cgroup /sys/fs/cgroup/pids; do
        [ ! -e $h/cgroup.procs ] || { mkdir -p $h/a/b && { sleep 1000 & } && echo $! >$h/a/b/cgroup.procs; }; done; echo ready >/said; sleep 1000')" \
        '.linux.cgroupsPath = "/test-made"' "$writable_cgroup")
    succeeds run -d -b "$b" c2
    wait_until [ -s "$b/rootfs/said" ]
    [ -n "$(where /test-made/a/b)" ]
    succeeds delete --force c2
    is "$(where /test-made)" "$before"
    is "$(where /test-made/a)" ""
    # one that is left of a container whose state is gone is
    b=$(bundle c3 "$(sleeping)" '.linux.cgroupsPath = "/test-lost"')
    succeeds create -b "$b" c3
    pid=$(pid_of c3)
    kill -KILL "$pid" && wait_until [ ! -e "/proc/$pid" ]
    rm -r "${SHIM_ROOT:?}/c3" /run/distro-shim/members/*
    [ -n "$(where /test-lost)" ]
    b=$(bundle c4 "$(sleeping)" '.linux.cgroupsPath = "/test-lost"')
    succeeds create -b "$b" c4
    succeeds delete c4
    is "$(where /test-lost)" ""
    for h in $before; do rmdir "$h/test-made"; done
}

@test "a frozen group, or one below a frozen one, is refused in time" {
    mkdir "$(freezer)/test-frozen"
    freeze /test-frozen yes
    b=$(bundle c1 "$(sleeping)" '.linux.cgroupsPath = "/test-frozen"')
    start=$SECONDS
    expect_error "/test-frozen' is frozen" create -b "$b" c1
    edit_config "$b" '.linux.cgroupsPath = "/test-frozen/below"'
    expect_error "/test-frozen/below' is frozen" create -b "$b" c1
    [ $((SECONDS - start)) -lt 8 ]
    [ ! -d "$(freezer)/test-frozen/below" ]
    freeze /test-frozen no
    rmdir "$(freezer)/test-frozen"
    is "$(where /test-frozen)" ""
}

# ---- limits

@test "pids: the limit is written and holds, 0 and -1 mean what they say" {
    requires v1
    # a shell that cannot fork ends, so it is one of its own that tries
    script='i=0; while [ $i -lt 30 ]; do sleep 1000 & i=$((i + 1)); done'
    b=$(bundle c1 "$(args sh -c "sh -c '$script' 2>/said; sleep 1000")" '.linux.resources.pids.limit = 8')
    succeeds run -d -b "$b" c1
    is "$(</sys/fs/cgroup/pids/distro-shim/c1/pids.max)" 8
    wait_until grep -q "fork" "$b/rootfs/said"
    # the shells and six that sleep
    matches "$(</sys/fs/cgroup/pids/distro-shim/c1/pids.current)" '^[78]$'
    matches "$(</sys/fs/cgroup/pids/distro-shim/c1/pids.events)" '^max [1-9]'
    succeeds delete --force c1
    for pair in '0 0' '-1 max' '1 1' '100000 100000'; do
        edit_config "$b" ".linux.resources.pids.limit = ${pair% *} | .process.args = [\"sleep\", \"1000\"]"
        succeeds run -d -b "$b" c1
        is "$(</sys/fs/cgroup/pids/distro-shim/c1/pids.max)" "${pair#* }"
        succeeds delete --force c1
    done
    edit_config "$b" '.process.args = ["sh", "-c", "(true) 2>/dev/null || true; echo $(true) forked"] | .linux.resources.pids.limit = 0'
    attempt run -b "$b" c1
    [ "$status" != 0 ]
    lacks "$output" forked
    edit_config "$b" '.linux.resources.pids.limit = -2'
    expect_error 'pids.limit' create -b "$b" c1
}

@test "memory: the limits are written, -1 is none" {
    requires v1
    at=/sys/fs/cgroup/memory/distro-shim/c1
    unlimited=$(</sys/fs/cgroup/memory/memory.limit_in_bytes)
    b=$(bundle c1 "$(sleeping)" '.linux.resources.memory = {limit: 33554432, reservation: 16777216}')
    succeeds create -b "$b" c1
    is "$(<$at/memory.limit_in_bytes) $(<$at/memory.soft_limit_in_bytes)" "33554432 16777216"
    succeeds delete c1
    edit_config "$b" '.linux.resources.memory = {limit: -1}'
    succeeds create -b "$b" c1
    [ "$(<$at/memory.limit_in_bytes)" -ge "$unlimited" ]
    succeeds delete c1
    if [ -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ]; then
        for pair in '67108864 67108864' '33554432 33554432'; do
            edit_config "$b" ".linux.resources.memory = {limit: 33554432, swap: ${pair% *}}"
            succeeds create -b "$b" c1
            is "$(<$at/memory.memsw.limit_in_bytes)" "${pair#* }"
            succeeds delete c1
        done
        edit_config "$b" '.linux.resources.memory = {limit: -1, swap: -1}'
        succeeds create -b "$b" c1
        [ "$(<$at/memory.memsw.limit_in_bytes)" -ge "$unlimited" ]
        succeeds delete c1
    else
        edit_config "$b" '.linux.resources.memory = {limit: 33554432, swap: 67108864}'
        expect_error "memory.memsw.limit_in_bytes': this kernel does not have the file" create -b "$b" c1
    fi
    edit_config "$b" '.linux.resources.memory = {swap: 67108864}'
    expect_error 'memory.swap: needs memory.limit' create -b "$b" c1
    edit_config "$b" '.linux.resources.memory = {limit: 67108864, swap: 33554432}'
    expect_error 'memory.swap' create -b "$b" c1
}

@test "memory: what takes more than the limit is killed, and run says 137" {
    requires v1
    b=$(bundle c1 "$(args dd if=/dev/zero of=/dev/null bs=64M count=1)" '.linux.resources.memory.limit = 16777216')
    attempt run -b "$b" c1
    is "$status" 137
    # a child of the program dies, the program lives on
    edit_config "$b" '.process.args = ["sh", "-c", "dd if=/dev/zero of=/dev/null bs=64M count=1; echo child $?"]'
    attempt run -b "$b" c1
    is "$status|$output" "0|child 137"
}

# What it has by now, and not a page more: also none that the kernel keeps ready
starve() { # GROUP
    local at=/sys/fs/cgroup/memory$1
    echo 0 >"$at/memory.force_empty"
    cat "$at/memory.usage_in_bytes" >"$at/memory.limit_in_bytes"
}

@test "memory: too little for a container to be born, to start or to exec is an error that says so" {
    requires v1
    b=$(bundle c1 "$(sleeping)" '.linux.cgroupsPath = "/test-little"' '.linux.resources.memory.limit = 4096')
    for verb in run create; do
        expect_error "container's first process was OOM-killed: its memory limit of 4096 bytes is too low" "$verb" -b "$b" c1
        is "$(ls -A "$SHIM_ROOT")$(where /test-little)" ""
    done
    # a limit above it
    mkdir -p /sys/fs/cgroup/memory/test-above/c1
    starve /test-above
    edit_config "$b" '.linux.cgroupsPath = "/test-above/c1" | del(.linux.resources.memory)'
    expect_error "container's first process was OOM-killed: a limit above its cgroup, or the machine" create -b "$b" c1
    is "$(ls -A "$SHIM_ROOT")" ""
    find /sys/fs/cgroup/memory/test-above -depth -type d -exec rmdir {} +
    # between create and start
    edit_config "$b" '.linux.cgroupsPath = "/test-little" | .linux.resources.memory.limit = 33554432 |
        .hooks.startContainer = [{path: "/bin/true"}]'
    succeeds create -b "$b" c1
    starve /test-little
    expect_error "container's first process was OOM-killed: its memory limit of [0-9]* bytes is too low" start c1
    is "$(ls -A "$SHIM_ROOT")$(where /test-little)" ""
    # a process of exec, while the container lives on
    edit_config "$b" '.linux.resources.memory.limit = 33554432 | del(.hooks)'
    succeeds run -d -b "$b" c1
    # it goes before the container's first process
    jq '.process | .args = ["true"] | .oomScoreAdj = 1000' "$b/config.json" >p.json
    succeeds exec --process p.json c1
    starve /test-little
    attempt exec --process p.json c1
    is "$status" 255
    matches "$stderr" 'the new process was OOM-killed: its memory limit of [0-9]* bytes is too low'
    is "$(state_of c1)" running
    echo 33554432 >/sys/fs/cgroup/memory/test-little/memory.limit_in_bytes
    succeeds exec --process p.json c1
    # one that is killed by somebody has not wanted memory, whoever has before
    if [ -x "${DISTRO_SHIM_FAULT_BIN:-}" ]; then
        shim_fault joiner:session:kill exec --process p.json c1 >out 2>&1 || true
        is "$(<out)" "distro-shim: the new process ended unexpectedly (status 137, killed)"
    fi
    succeeds delete --force c1
    is "$(where /test-little)" ""
}

@test "a limit for which there is no controller is refused by name, one that asks for nothing is not" {
    requires v2
    local refused=0
    has() { grep -qw "$1" /sys/fs/cgroup/cgroup.controllers; }
    b=$(bundle c1 "$(args true)" '.linux.resources = {memory: {limit: -1, swap: -1}, pids: {limit: -1}}')
    succeeds run -b "$b" c1
    if ! has pids; then
        edit_config "$b" '.linux.resources = {pids: {limit: 10}}'
        expect_error 'linux.resources.pids.limit: the cgroup controller .pids. is not available' create -b "$b" c1
        refused=$((refused + 1))
    fi
    if ! has memory; then
        edit_config "$b" '.linux.resources = {memory: {limit: 16777216}}'
        expect_error 'linux.resources.memory.limit: the cgroup controller .memory. is not available' create -b "$b" c1
        refused=$((refused + 1))
    fi
    [ $refused -gt 0 ] || skip "every controller that is asked for is here"
}

# ---- managers

@test "--cgroup-manager disabled makes none, and refuses limits that would be lost" {
    b=$(bundle c1 "$(sleeping)" '.linux.cgroupsPath = "/test-none"')
    succeeds --cgroup-manager disabled run -d -b "$b" c1
    is "$(where /test-none)$(where /distro-shim)" ""
    is "$(groups_of "$(pid_of c1)")" "$(groups_of self)"
    # kill --all has nothing but the first process to go by
    succeeds kill --all c1 KILL
    wait_until has_status c1 stopped
    succeeds kill --all c1 KILL
    succeeds delete c1
    edit_config "$b" '.linux.resources.pids.limit = 10'
    expect_error 'linux.resources.pids.limit: cannot be applied: the cgroup manager is disabled' \
        --cgroup-manager=disabled create -b "$b" c1
}

# readonly_cgroups COMMAND...: where every cgroup file system is read-only, as in a container of another engine's
readonly_cgroups() {
    unshare -m sh -c 'mount --make-rprivate / && awk '\''{ split($0, a, " - ") } a[2] ~ /^cgroup/ { print $5 }'\'' /proc/self/mountinfo |
        while read -r where; do mount -o remount,bind,ro "$where" 2>/dev/null || :; done; exec "$@"' sh "$@"
}

@test "where the cgroup file systems are read-only a container runs without a group of its own" {
    b=$(bundle c1 "$(sleeping)" 'del(.linux.cgroupsPath, .linux.resources)')
    ro() { readonly_cgroups timeout 20 "$DISTRO_SHIM" --root "$SHIM_ROOT" "$@" </dev/null >said 2>&1 3>&-; }
    fails() { if ro "$@"; then return 1; fi; }
    ro --log log --log-level warning run -d -b "$b" c1
    is "$(<said)" ""
    matches "$(<log)" 'the container has no cgroup of its own, for the cgroup hierarchy .* is mounted read-only: it cannot be paused, updated or watched'
    is "$(groups_of "$(pid_of c1)")" "$(groups_of self)"
    is "$(state_of c1)" running
    ro ps -f json c1
    is "$(jq -c . <said)" "[$(pid_of c1)]"
    ro exec c1 true
    fails pause c1
    matches "$(<said)" 'no cgroup'
    fails update --pids-limit 7 c1
    matches "$(<said)" 'no cgroup'
    fails events --stats c1
    matches "$(<said)" 'no cgroup'
    ro kill --all c1 KILL
    wait_until has_status c1 stopped
    ro delete c1
    # what would be lost is an error, before anything is made
    while IFS='|' read -r filter what; do
        edit_config "$b" "del(.linux.cgroupsPath, .linux.resources) | $filter"
        fails create -b "$b" c1
        matches "$(<said)" "$what"
    done <<'END'
.linux.resources.pids.limit = 10|linux.resources.pids.limit: cannot be applied: the cgroup hierarchy .* is mounted read-only
.linux.resources.devices = [{allow: false}]|linux.resources.devices: cannot be applied: the cgroup hierarchy .* is mounted read-only
.linux.cgroupsPath = "/test-none"|linux.cgroupsPath: no group can be made, for the cgroup hierarchy .* is mounted read-only
END
    is "$(ls -A "$SHIM_ROOT")" ""
    # what denies nothing, and what is disabled, asks for nothing
    edit_config "$b" 'del(.linux.cgroupsPath) | .linux.resources = {devices: [{allow: true}]} | .process.args = ["true"]'
    ro run -b "$b" c1
    edit_config "$b" '.linux.resources = {devices: [{allow: false}]}'
    ro --cgroup-manager disabled run -b "$b" c1
}

@test "without a group of its own a container is shown that of the runtime, and can change nothing there" {
    ro() { readonly_cgroups timeout 20 "$DISTRO_SHIM" --root "$SHIM_ROOT" ${SHIM_POLICY:+--policy "$SHIM_POLICY"} "$@" </dev/null >said 2>&1 3>&-; }
    look='for d in /sys/fs/cgroup /sys/fs/cgroup/*; do [ -e $d/cgroup.procs ] || continue; [ -s $d/cgroup.procs ] && echo shown; mkdir $d/made 2>/dev/null && rmdir $d/made && echo MADE; done; :'
    plain='del(.linux.cgroupsPath, .linux.resources)'
    view='(.mounts[] | select(.destination == "/sys/fs/cgroup"))'
    while IFS='|' read -r more; do
        b=$(bundle c1 "$(args sh -c "$look")" "$plain" "$more")
        ro run -b "$b" c1
        contains "$(<said)" 'read-only, for without a cgroup of its own the container is shown that of the runtime'
        contains "$(<said)" shown
        lacks "$(<said)" MADE
        ro --cgroup-manager disabled run -b "$b" c1
        contains "$(<said)" shown
        lacks "$(<said)" MADE
        rm -rf "$b"
    done <<END
$view.options -= ["ro"]
$view.options = ["rw"] | .mounts += [{destination: "/sys/fs/cgroup", options: ["remount", "bind", "rw"]}]
$view = {destination: "/sys/fs/cgroup", type: "bind", source: "/sys/fs/cgroup", options: ["rbind", "rw"]}
END
    b=$(bundle c1 "$(args sh -c "$look")" "$plain" '.mounts += [{destination: "/sys/fs/../fs/cgroup/../", options: ["remount", "bind", "rrw"]}]')
    ! ro run -b "$b" c1 || lacks "$(<said)" MADE
    rm -rf "$b"
    # as it was asked for
    policy '{"version": 1, "kernelMounts": "requested"}'
    b=$(bundle c1 "$(args sh -c "$look")" "$plain" "$view.options -= [\"ro\"]")
    ro run -b "$b" c1
    contains "$(<said)" MADE
}

@test "systemd as manager, where it does not run, gives way to what is more exact" {
    [ ! -d /run/systemd/system ] || skip "systemd runs here"
    b=$(bundle c1 "$(args true)" '.linux.cgroupsPath = "system.slice:test:c1"')
    expect_error 'systemd does not run here' --systemd-cgroup create -b "$b" c1
    expect_error 'systemd does not run here' --cgroup-manager systemd create -b "$b" c1
    expect_error 'must be one of' --cgroup-manager other create -b "$b" c1
    succeeds --systemd-cgroup --cgroup-manager disabled run -b "$b" c1
    edit_config "$b" 'del(.linux.cgroupsPath)'
    succeeds --cgroup-manager cgroupfs --systemd-cgroup run -b "$b" c1
    # commands that make nothing take the option
    succeeds --systemd-cgroup list
}

# ---- ends

@test "groups that the container has made in its own go with it, and all that is in them" {
    b=$(bundle c1 "$(args sh -c 'for h in /sys/fs/cgroup /sys/fs/cgroup/pids /sys/fs/cgroup/unified; do
        [ -e $h/cgroup.procs ] || continue
        mkdir -p $h/a/b/c $h/d; sleep 1000 & echo $! >$h/a/b/cgroup.procs; sleep 1000 & echo $! >$h/d/cgroup.procs; done
        echo ready >/said; sleep 1000')" "$writable_cgroup")
    succeeds run -d -b "$b" c1
    wait_until [ -s "$b/rootfs/said" ]
    [ -n "$(where /distro-shim/c1/a/b/c)" ]
    succeeds kill c1 KILL
    wait_until has_status c1 stopped
    succeeds delete c1
    is "$(where /distro-shim)" ""
    # and at once, with everything running
    rm "$b/rootfs/said"
    succeeds run -d -b "$b" c1
    wait_until [ -s "$b/rootfs/said" ]
    succeeds delete --force c1
    is "$(where /distro-shim)" ""
}

@test "kill --all signals every process, plain kill the first one" {
    b=$(bundle c1 "$(args sh -c 'trap "echo first >>/said" TERM
        for i in 1 2 3; do sh -c "trap \"echo other >>/said; exit\" TERM; echo up >>/said; while :; do sleep 0.1; done" & done
        while :; do sleep 0.1; done')")
    count() { [ "$(grep -cx "$1" "$b/rootfs/said")" = "$2" ]; }
    succeeds run -d -b "$b" c1
    wait_until count up 3
    succeeds kill c1 TERM
    wait_until count first 1
    count other 0
    succeeds kill --all c1 TERM
    wait_until count other 3
    wait_until count first 2
    is "$(state_of c1)" running
    succeeds kill --all c1 KILL
    wait_until has_status c1 stopped
}

@test "a process of somebody else in the container's group ends with the container" {
    b=$(bundle c1 "$(sleeping)")
    succeeds run -d -b "$b" c1
    sleep 1000 3>&- </dev/null >/dev/null 2>&1 &
    stray=$! strays=$!
    disown
    for h in $(where /distro-shim/c1); do echo "$stray" >"$h/distro-shim/c1/cgroup.procs"; done
    succeeds kill c1 KILL
    wait_until has_status c1 stopped
    kill -0 "$stray"
    # what engines do after the end of the first process
    succeeds kill --all c1 9
    wait_until gone "$stray"
    succeeds delete c1
    is "$(where /distro-shim)" ""
}

@test "delete works when somebody has removed the groups already" {
    b=$(bundle c1 "$(args true)")
    succeeds run --keep -b "$b" c1
    for h in $(where /distro-shim/c1); do rmdir "$h/distro-shim/c1"; done
    succeeds kill --all c1
    succeeds delete c1
}

@test "a frozen container is paused: it cannot be started or deleted, but killed and forced" {
    b=$(bundle c1 "$(sleeping)")
    succeeds create -b "$b" c1
    freeze /distro-shim/c1 yes
    wait_until has_status c1 paused
    expect_error 'cannot start a paused container' start c1
    freeze /distro-shim/c1 no
    wait_until has_status c1 created
    succeeds start c1
    freeze /distro-shim/c1 yes
    wait_until has_status c1 paused
    expect_error 'not stopped: paused' delete c1
    succeeds kill c1 KILL
    wait_until has_status c1 stopped
    succeeds delete c1
    succeeds run -d -b "$b" c1
    freeze /distro-shim/c1 yes
    wait_until has_status c1 paused
    succeeds delete --force c1
    is "$(where /distro-shim)" ""
}

# ---- what the container sees

@test "the container's own group is the root of what it sees" {
    ask 'cut -d : -f 3 /proc/self/cgroup | sort -u; grep -c "^1$" /dev/null $(find /sys/fs/cgroup -name cgroup.procs)
        ls /sys/fs/cgroup; awk "\$5 ~ \"^/sys/fs/cgroup\" { print \$4 }" /proc/self/mountinfo | sort -u'
    is "$status|$stderr" "0|"
    is "$(head -n 1 <<<"$output")" /
    # the program is in every hierarchy that is shown, at its root
    is "$(grep -c 'cgroup.procs:1$' <<<"$output")" "$(hierarchies | wc -l)"
    is "$(tail -n 1 <<<"$output")" /
    case $DISTRO_SHIM_WORLD in
    v2) contains "$output" $'\ncgroup.procs\n' ;;
    *) is "$(grep -v / <<<"$output" | sort | xargs)" "$(ls /sys/fs/cgroup | sort | xargs)" ;;
    esac
}

@test "v2: without a cgroup namespace the container sees the tree, in which its path is that of its group" {
    requires v2
    mkdir /sys/fs/cgroup/beside
    look='at=/sys/fs/cgroup; own=$(sed -n s/^0:://p /proc/self/cgroup); grep -x 1 $at$own/cgroup.procs; ls -d $at/beside
        mkdir $at/beside/x $at$own/x 2>&1; awk "\$5 == \"$at\" { print \$4, \$6 }" /proc/self/mountinfo'
    without='.linux.namespaces |= map(select(.type != "cgroup"))'
    policy '{"version": 1, "namespaces": {"cgroup": "requested"}}'
    # also where it is not asked for: it is shared with other processes
    for more in . '(.mounts[] | select(.destination == "/sys/fs/cgroup") | .options) -= ["ro"]' \
        '.mounts += [{destination: "/sys/fs/cgroup", options: ["remount", "bind", "rw"]}]'; do
        ask "$look" "$without" "$more"
        is "$(head -n 2 <<<"$output" | xargs)" "1 /sys/fs/cgroup/beside"
        is "$(grep -c 'Read-only file system' <<<"$output")" 2
        is "$(tail -n 1 <<<"$output")" "/ ro,nosuid,nodev,noexec,relatime"
    done
    shim explain -b "$b" | grep -q 'a file system of the kernel.s that is read-only there stays so'
    # as it was asked for
    policy '{"version": 1, "mode": "observe"}'
    ask "$look" "$without" '(.mounts[] | select(.destination == "/sys/fs/cgroup") | .options) -= ["ro"]'
    contains "$output" '/ rw,nosuid,nodev,noexec,relatime'
    [ -d /sys/fs/cgroup/beside/x ] && rmdir /sys/fs/cgroup/beside/x /sys/fs/cgroup/beside
}

@test "v2: an option that cgroup2 does not have is an error, one that it has is the host's" {
    requires v2
    b=$(bundle c1 "$(args true)" '(.mounts[] | select(.destination == "/sys/fs/cgroup") | .options) += ["nsdelegate", "memory_recursiveprot"]')
    succeeds run -b "$b" c1
    for option in none name=systemd cpu nsdelegate=1 ''; do
        edit_config "$b" --arg option "$option" '(.mounts[] | select(.destination == "/sys/fs/cgroup") | .options) = ["ro", $option + "x"]'
        expect_error "mounts\[6\].options: \"${option}x\" is not an option of cgroup2" create -b "$b" c1
    done
}

@test "v1: without a cgroup namespace the container sees its own group at the same place, and its whole path" {
    requires v1
    policy '{"version": 1, "namespaces": {"cgroup": "requested"}}'
    ask 'cut -d : -f 3 /proc/self/cgroup | sort -u; awk "\$5 ~ \"^/sys/fs/cgroup\" && / cgroup2? / { print \$4, \$6 }" /proc/self/mountinfo | sort -u
        cat $(find /sys/fs/cgroup -name cgroup.procs) | sort -u | grep -x 1; mkdir /sys/fs/cgroup/pids/x /sys/fs/cgroup/x 2>&1' \
        '.linux.namespaces |= map(select(.type != "cgroup"))'
    contains "$output" /distro-shim/asked1
    contains "$output" "/distro-shim/asked1 ro,nosuid,nodev,noexec,relatime"
    contains "$output" $'\n1\n'
    contains "$output" "Read-only file system"
}

@test "limits are the container's to see and not to change" {
    requires v1
    answers $'5\nread-only' 'cat /sys/fs/cgroup/pids/pids.max; echo 100 2>/dev/null >/sys/fs/cgroup/pids/pids.max || echo read-only' \
        '.linux.resources.pids.limit = 5'
}
