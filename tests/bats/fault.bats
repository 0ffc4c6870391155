#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A container's birth broken at each of its steps: by an error, by the death of the process that is at it, by
# a process that does not go on. The steps are read from the pages (src/boot/create/create.c, start, restore), so
# that a new one is covered by being there. What restores is a stand-in for criu (criu.py).
#
# What must come out: an error that names the step and nothing left; and where the runtime itself is killed,
# one `delete --force` takes everything away, after which the same id can be used again.
# world: hybrid
# world, with --full: v2

load helpers
load fault

setup_file() { make_rootfs; }
setup() {
    requires root world fault cmd:pgrep
    start_test
    make_canary
    # a late join, hooks of each side, limits, a filter: as many steps as possible have something to do
    BUNDLE=$(bundle fault "$(args sh -c 'trap exit TERM; echo running; while :; do sleep 0.1; done')" \
        '(.linux.namespaces[] | select(.type == "network")) |= del(.path)' \
        '.linux.sysctl = {"kernel.shmmax": "4711"} | .process.oomScoreAdj = 100 |
         .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 100}] |
         .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"} |
         .hooks = {createRuntime: [{path: "/bin/true"}], createContainer: [{path: "/bin/true"}], startContainer: [{path: "/bin/true"}]}')
    ! has_controller pids || edit_config "$BUNDLE" '.linux.resources.pids.limit = 50'
}
teardown() { end_test; }

# ---- an error at a step

@test "an error at any step: the error names it, and nothing is left" {
    mapfile -t all < <(steps parent child init start)
    # the pages are there and were understood
    [ "${#all[@]}" -gt 45 ]
    all_of fails_at 3 "${all[@]}"
    lives again
}

# ---- death at a step

@test "death at any step: one delete --force takes everything away, and the id can be used again" {
    mapfile -t all < <(steps parent child init start)
    all_of dies_at 3 "${all[@]}"
}

# ---- a process that does not go on

@test "a process that stops at any step, its runtime killed: one delete --force takes everything away" {
    mapfile -t all < <(steps parent child init start)
    all_of stops_at 3 "${all[@]}"
    # that nothing is in the way of another life shows above; here the last of each page
    for id in parent-pid-file child-ready init-execute start-record-running; do lives $id; done
}

# ---- what comes across the clone

# The descriptors of the process at that step, a child of the runtime, one target a line.
descriptors_at() { # PAGE:STEP ID
    local step=${1#*:} pid child
    DISTRO_SHIM_FAULT=$1:stop "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" create -b "$BUNDLE" "$2" </dev/null >/dev/null 2>&1 &
    pid=$!
    wait_until child_is_at "$pid" "$step" || return 1
    for child in $(cat "/proc/$pid/task/$pid/children"); do
        has_title "$child" "$step" && find "/proc/$child/fd" -type l -printf '%l\n'
    done
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null
    cleaned_up "$2" >&2
}

@test "from its birth the first process has no namespace but that of a late join, and not its records" {
    shared=/run/netns/distros
    unshare -u sleep 100 3>&- 4>&- &
    holder=$!
    wait_until test -e "/proc/$holder/ns/uts"
    edit_config "$BUNDLE" "(.linux.namespaces[] | select(.type == \"uts\")) |= . + {path: \"/proc/$holder/ns/uts\"}"
    late=$(descriptors_at child:session late)
    is "$(grep -cE '^(uts|ipc|net|mnt|user|pid|cgroup|time):' <<<"$late")" 0
    is "$(grep -cF "$shared" <<<"$late")" 1
    is "$(grep -cF "$SHIM_ROOT" <<<"$late")" 0
    edit_config "$BUNDLE" '(.linux.namespaces[] | select(.type == "network")) |= . + {path: "/run/netns/distros"}'
    early=$(descriptors_at child:session early)
    is "$(grep -cF "$shared" <<<"$early")" 0
    is "$(grep -cF "$SHIM_ROOT" <<<"$early")" 0
    kill "$holder"
}

# ---- a restore

stand_in() {
    requires file:/usr/bin/python3
    mkdir -p fake images
    cp "$BATS_TEST_DIRNAME/criu.py" fake/criu
    echo '["/dev/null", "/dev/null", "/dev/null"]' >images/descriptors.json
    export PATH=$PWD/fake:$PATH CRIU_FAILS=restores
    mapfile -t all < <(steps criu restore)
    [ "${#all[@]}" -gt 20 ]
}
restored() { # PAGE:STEP FAULT
    fault_in 20 "$1:$2" restore -d -b "$BUNDLE" --image-path "$PWD/images" --pid-file "$PWD/$id.pid" "$id" </dev/null >"$out" 2>&1
}
lives_restored() { # ID
    local id=$1 out=$BATS_TEST_TMPDIR/lives.$1
    restored none none || { cat "$out" && return 1; }
    [ "$(state_of "$id")" = running ] && shim_in 20 kill "$id" KILL && shim_in 20 delete --force "$id" && nothing_left "$id"
}

restore_fails_at() { # PAGE:STEP
    local id out step=${1#*:} status=0
    id=$(id_of "$1")
    out=$BATS_TEST_TMPDIR/out.$id
    restored "$1" fail || status=$?
    is "$status" 1 && matches "$(<"$out")" "distro-shim: $step: injected fault" && nothing_left "$id" && [ ! -e "$PWD/$id.pid" ]
}

@test "restore: the error names the step, and nothing is left" {
    stand_in
    all_of restore_fails_at 3 "${all[@]}"
    lives_restored again
}

restore_dies_at() { # PAGE:STEP
    local id out status=0
    id=$(id_of "$1")
    out=$BATS_TEST_TMPDIR/out.$id
    restored "$1" kill || status=$?
    case ${1%%:*}:$status in
    restore:137) ;;
    criu:1) matches "$(<"$out")" "ended unexpectedly|criu restore .status 137. failed" && nothing_left "$id" || return 1 ;;
    *) cat "$out" && return 1 ;;
    esac
    cleaned_up "$id" && lives_restored "$id"
}

@test "restore: death at any step leaves what one delete --force takes away" {
    stand_in
    all_of restore_dies_at 3 "${all[@]}"
}

restore_stops_at() { # PAGE:STEP
    local id out step=${1#*:} pid
    id=$(id_of "$1")
    out=$BATS_TEST_TMPDIR/out.$id
    DISTRO_SHIM_FAULT=$1:stop "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" restore -d -b "$BUNDLE" --image-path "$PWD/images" "$id" </dev/null >"$out" 2>&1 &
    pid=$!
    case $1 in
    restore:*) wait_until is_stopped "$pid" "$step" || return 1 ;;
    *) wait_until child_is_at "$pid" "$step" || return 1 ;;
    esac
    shim_in 5 list >/dev/null || return 1
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null
    cleaned_up "$id"
}

@test "restore: a process that stops at any step, its runtime killed, is taken away by delete --force" {
    stand_in
    all_of restore_stops_at 3 "${all[@]}"
    lives_restored criu-execute
}
