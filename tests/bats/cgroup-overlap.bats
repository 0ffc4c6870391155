# SPDX-License-Identifier: Apache-2.0
# A container's commands reach its own processes alone, whatever group another container asks for.
# world: hybrid v2
# world, with --full: legacy

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world cmd:python3
    start_test
}
teardown() {
    for id in "$SHIM_ROOT"/*; do [ ! -e "$id" ] || shim delete --force "${id##*/}"; done
    [ ! -e "$BATS_TEST_TMPDIR/other" ] || {
        for id in "$BATS_TEST_TMPDIR"/other/*; do
            [ ! -e "$id" ] || "$DISTRO_SHIM" --root "$BATS_TEST_TMPDIR/other" delete --force "${id##*/}"
        done
    }
    find /sys/fs/cgroup -depth -type d -path '*/test-*' -exec rmdir {} + 2>/dev/null || true
    end_test
}

open='{ "version": 1, "cgroup": { "overlap": "open" } }'
at() { echo ".linux.cgroupsPath = \"$1\""; }
has_status() { [ "$(state_of "$1")" = "$2" ]; }
pid_of() { shim state "$1" | jq .pid; }
lives() { [ -e "/proc/$1" ] && ! grep -q '^State:.Z' "/proc/$1/status"; }
gone() { ! lives "$1"; }
freezer() { [ "$DISTRO_SHIM_WORLD" = v2 ] && echo /sys/fs/cgroup || echo /sys/fs/cgroup/freezer; }
# The directories of a group in every hierarchy
directories() {
    local d
    for d in /sys/fs/cgroup"$1" /sys/fs/cgroup/*"$1"; do
        # some hierarchies have two names
        [ ! -d "$d" ] || [ -L "${d%"$1"}" ] || echo "$d"
    done
}
# up ID GROUP [COMMAND...]: a container that runs
up() {
    local id=$1 group=$2
    shift 2
    [ $# -gt 0 ] || set -- sleep 1000
    succeeds run -d -b "$(bundle "$id" "$(args "$@")" "$(at "$group")")" "$id"
}
stop() { succeeds kill "$1" KILL && wait_until has_status "$1" stopped; }
# In the groups of a container, as an engine in it or a process of exec is: within GROUP COMMAND...
within() {
    local group=$1
    shift
    for d in $(directories "$group"); do echo "$BASHPID" >"$d/cgroup.procs" || return 1; done
    "$@"
}
# As version 0.1.0 left a container: no mark in the records, none on the groups
unmark() { # ID GROUP
    local f
    for f in "$SHIM_ROOT/$1"/{intent,status}.json; do
        jq 'del(.cgroup.mark)' "$f" >"$f.new" && mv "$f.new" "$f" || return 1
    done
    # shellcheck disable=SC2046 # paths without blanks
    python3 -c 'import os, sys
for d in sys.argv[1:]: os.removexattr(d, "trusted.distro-shim.owner")' $(directories "$2")
}

# ---- refused

# bats test_tags=smoke
@test "a group that is another container's, lies in it or contains it is refused by name" {
    up first /test-g/a
    pid=$(pid_of first)
    for life in running stopped; do
        b=$(bundle "second-$life" "$(args sleep 1000)" "$(at /test-g/a)")
        expect_error 'config.json:[0-9]+:[0-9]+: cgroup.overlap: cgroup "/test-g/a" belongs to container "first" \(state root "'"$SHIM_ROOT"'"\); .*cgroup.overlap' create -b "$b" second
        edit_config "$b" "$(at /test-g/a/b)"
        expect_error 'cgroup "/test-g/a/b" lies in the group of container "first"' create -b "$b" second
        edit_config "$b" "$(at /test-g)"
        expect_error 'cgroup "/test-g" contains the group of container "first"' create -b "$b" second
        is "$(ls "$SHIM_ROOT")" first
        [ $life = running ] && { lives "$pid" && stop first; }
    done
    # deleted, it has no owner
    succeeds delete first
    up second /test-g
    succeeds delete --force second
    is "$(directories /test-g)" ''
}

@test "the groups of a container below another state root are found, too" {
    b=$(bundle c1 "$(args sleep 1000)" "$(at /test-g)")
    "$DISTRO_SHIM" --root "$BATS_TEST_TMPDIR/other" create -b "$b" c1 >"$BATS_TEST_TMPDIR/out" 2>&1 </dev/null
    b=$(bundle c2 "$(args sleep 1000)" "$(at /test-g/below)")
    expect_error "lies in the group of container \"c1\" \(state root \"$BATS_TEST_TMPDIR/other\"\)" create -b "$b" c2
    # of the same name
    expect_error "lies in the group of container \"c1\"" create -b "$b" c1
}

@test "under observe and open explain shows what is decided" {
    up first /test-g
    stop first
    b=$(bundle second "$(args sleep 1000)" "$(at /test-g)")
    policy '{ "version": 1, "mode": "observe" }'
    attempt explain --bundle "$b" second
    is "$status" 0
    matches "$output" 'cgroup.overlap'
    contains "$output" 'belongs to container "first"'
    policy "$open"
    attempt explain --bundle "$b" second
    is "$status" 0
    contains "$output" 'commands for the other one no longer reach it'
}

@test "containers of a pod lie side by side in a group that the engine has made" {
    for d in /sys/fs/cgroup /sys/fs/cgroup/*; do
        [ ! -e "$d/cgroup.procs" ] || [ -L "$d" ] || mkdir -p "$d/test-pods/pod1"
    done
    up c1 /test-pods/pod1/c1
    up c2 /test-pods/pod1/c2
    pid=$(pid_of c2)
    succeeds kill --all c1 KILL
    succeeds delete --force c1
    lives "$pid"
    up c3 /test-pods/pod1/c1
}

@test "a group with a process of the host in it is refused and left alone" {
    sleep 1000 3>&- &
    stranger=$!
    mkdir "$(freezer)/test-session"
    echo $stranger >"$(freezer)/test-session/cgroup.procs"
    b=$(bundle c1 "$(args sleep 1000)" "$(at /test-session)")
    expect_error "cgroup '.*/test-session' is not empty: 1 process is in it" create -b "$b" c1
    lives $stranger
    kill $stranger
    wait $stranger || true
}

@test "what a creator that was killed had begun to make on the way goes with the next container" {
    at=$(freezer)
    mkdir "$at/test-half" "$at/test-foreign"
    # as it is left between mkdir and the mark
    python3 -c 'import os, sys; os.setxattr(sys.argv[1], "trusted.distro-shim.making.test-half", b"1")' "$at"
    up c1 /test-half/below/c1
    up c2 /test-foreign/c2
    succeeds delete --force c1
    succeeds delete --force c2
    [ ! -e "$at/test-half" ] && [ -e "$at/test-foreign" ]
    is "$(python3 -c 'import os, sys; print([a for a in os.listxattr(sys.argv[1]) if "making" in a])' "$at")" "[]"
    # and where one is there already, however it was left
    mkdir -p "$at/test-half/below"
    python3 -c 'import os, sys; os.setxattr(sys.argv[1], "trusted.distro-shim.making.below", b"1")' "$at/test-half"
    up c3 /test-half/below/c3
    succeeds delete --force c3
    [ -e "$at/test-half" ] && [ ! -e "$at/test-half/below" ]
}

@test "a creator that is killed before it has marked what it has made on the way leaves it to delete" {
    requires cmd:strace
    b=$(bundle c1 "$(args sleep 1000)" "$(at /test-killed/below/c1)")
    # in the first hierarchy: what is being made, and its mark, before which it is killed; then one level below
    for when in 2 4; do
        status=0
        strace -f -qq -o trace -e trace=setxattr,lsetxattr -e inject=setxattr:signal=KILL:when=$when \
            "$DISTRO_SHIM" --root "$SHIM_ROOT" create -b "$b" c1 </dev/null >said 2>&1 3>&- || status=$?
        is "$status" 137
        [ -n "$(directories /test-killed)" ]
        succeeds delete --force c1
        is "$(directories /test-killed)" ''
    done
}

@test "of several that ask for one group at once, one gets it at most" {
    mkdir -p "$BATS_TEST_TMPDIR/said"
    for round in 1 2 3; do
        creators=()
        for id in a b c; do
            b=$(bundle "$id$round" "$(args sleep 1000)" "$(at /test-race)")
            [ $id != c ] || edit_config "$b" "$(at /test-race/below)"
            (shim create -b "$b" "$id$round" </dev/null >/dev/null 2>"$BATS_TEST_TMPDIR/said/$id$round" 3>&- || true) &
            creators+=($!)
        done
        wait "${creators[@]}"
        made=$(find "$SHIM_ROOT" -mindepth 1 -maxdepth 1 -name "?$round" | wc -l)
        [ "$made" -le 1 ] || { cat "$BATS_TEST_TMPDIR"/said/*; false; }
        for id in "$SHIM_ROOT"/*; do [ ! -e "$id" ] || succeeds delete --force "${id##*/}"; done
    done
    # each of the others says why
    is "$(grep -LE 'cgroup.overlap|is not empty' "$BATS_TEST_TMPDIR"/said/* | wc -l | awk '{ print ($1 <= 3) }')" 1
}

# ---- open: told apart

@test "open: the commands of a container pass by the one below it" {
    policy "$open"
    up first /test-g
    up second /test-g/below
    one=$(pid_of first) two=$(pid_of second)
    is "$(shim ps --format json first | jq -c .)" "[$one]"
    expect_error "cannot freeze cgroup '/test-g': container second \(state root '.*'\) is in it" pause first
    ! has_controller pids || expect_error "cannot change cgroup '/test-g': container second" update --pids-limit 7 first
    attempt exec --cgroup /below first true
    is "$status" 255
    contains "$stderr" "cgroup '/test-g/below' belongs to container second"
    succeeds pause second
    is "$(state_of first)" running
    succeeds resume second
    succeeds kill --all first CONT
    is "$(state_of second)" running
    succeeds kill --all first KILL
    wait_until gone "$one"
    lives "$two"
    succeeds delete first
    lives "$two"
    is "$(state_of second)" running
    # the group of the first goes with the last one in it
    succeeds delete --force second
    is "$(directories /test-g)" ''
}

@test "open: delete --force of the outer one leaves the inner, and the other way round" {
    policy "$open"
    up first /test-g
    up second /test-g/below
    two=$(pid_of second)
    succeeds delete --force first
    lives "$two"
    b=$(bundle third "$(args sleep 1000)" "$(at /test-g)")
    if [ "$DISTRO_SHIM_WORLD" = v2 ]; then
        succeeds create -b "$b" third
        three=$(pid_of third)
        succeeds delete --force second
        lives "$three"
        succeeds delete --force third
    else
        # device-list.rst: with a group below it the rules of one cannot be set anew
        expect_error devices.deny create -b "$b" third
        lives "$two"
        succeeds delete --force second
    fi
    is "$(directories /test-g)" ''
}

@test "open: a group that another container has taken over is not the first one's any more" {
    policy "$open"
    up first /test-g
    stop first
    up second /test-g
    two=$(pid_of second)
    succeeds kill --all first KILL
    lives "$two"
    succeeds delete first
    lives "$two"
    up third /test-h
    is "$(state_of second)" running
    succeeds delete --force second
}

@test "open: what is taken back of a failed create is its own" {
    [ -x "${DISTRO_SHIM_FAULT_BIN:-}" ] || skip "needs a build with fault injection"
    policy "$open"
    up first /test-g/below
    pid=$(pid_of first)
    b=$(bundle second "$(args sleep 1000)" "$(at /test-g)")
    # into a file: a container that is made after all would keep a pipe open
    status=0
    shim_fault parent:go:fail create -b "$b" second </dev/null >failed 2>&1 || status=$?
    [ "$status" -ne 0 ]
    lives "$pid"
    is "$(state_of first)" running
    shim_fault parent:go:kill create -b "$b" second </dev/null >failed 2>&1 || true
    succeeds delete --force second
    lives "$pid"
}

# ---- marks

@test "a mark of a container whose record and processes are gone is taken over" {
    up first /test-g
    pid=$(pid_of first)
    mv "$SHIM_ROOT/first" "$BATS_TEST_TMPDIR/lost"
    b=$(bundle second "$(args sleep 1000)" "$(at /test-g)")
    # a process is in it
    expect_error 'belongs to container "first"' create -b "$b" second
    edit_config "$b" "$(at /test-g/below)"
    expect_error 'lies in the group of container "first"' create -b "$b" second
    kill -KILL "$pid"
    wait_until gone "$pid"
    edit_config "$b" "$(at /test-g)"
    succeeds create -b "$b" second
    succeeds delete --force second
    # should the record come back, nothing of it is there
    mv "$BATS_TEST_TMPDIR/lost" "$SHIM_ROOT/first"
    succeeds delete first
}

@test "a caller in a user namespace of its own, who cannot see marks, goes by the path" {
    requires userns
    up c1 /test-g
    is "$(unshare -Ur "$DISTRO_SHIM" --root "$SHIM_ROOT" --rootless false ps --format json c1 | jq -c .)" "[$(pid_of c1)]"
}

@test "delete names what it leaves because of a mark without a record" {
    for place in /test-g/below /test-g; do
        up c1 /test-g
        for d in $(directories /test-g); do mkdir "$d/below"; done
        sleep 1000 3>&- &
        stranger=$!
        echo $stranger >"$(freezer)/test-g/below/cgroup.procs"
        python3 -c 'import os, sys
for d in sys.argv[1:]: os.setxattr(d, "trusted.distro-shim.owner", b"1 forged - x /y")' "$(freezer)$place"
        attempt --log-level warning delete --force c1
        is "$status" 0
        contains "$stderr" "cgroup '/test-g' is left with what is in it: it has the mark of container x (state root '/y')"
        lives $stranger
        kill -KILL $stranger
        wait $stranger || true
        find /sys/fs/cgroup -depth -type d -path '*/test-g*' -exec rmdir {} +
        rm -rf c1
    done
}

@test "each record alone keeps a stopped container's group; a state root that is a file keeps none" {
    up first /test-g
    stop first
    b=$(bundle second "$(args sleep 1000)" "$(at /test-g)")
    for marked in yes no; do
        [ $marked = yes ] || unmark first /test-g
        for record in intent status; do
            mv "$SHIM_ROOT/first/$record.json" lost
            expect_error 'belongs to container "first"' create -b "$b" second
            mv lost "$SHIM_ROOT/first/$record.json"
        done
    done
    succeeds delete first
    for marked in yes no; do
        rm -rf other c1
        b=$(bundle c1 "$(args true)" "$(at /test-h)")
        SHIM_ROOT=$PWD/other succeeds run -d -b "$b" c1
        SHIM_ROOT=$PWD/other wait_until has_status c1 stopped
        [ $marked = yes ] || SHIM_ROOT=$PWD/other unmark c1 /test-h
        rm -rf other && touch other
        succeeds create -b "$b" c1
        succeeds delete --force c1
        rm -rf /run/distro-shim/members/*
    done
}

@test "the same container comes again after everything was killed and its record lost" {
    up first /test-g
    pid=$(pid_of first)
    kill -KILL "$pid"
    wait_until gone "$pid"
    rm -rf "$SHIM_ROOT/first" "$BATS_TEST_TMPDIR/first"
    rm -rf /run/distro-shim/members/*
    up first /test-g
    succeeds kill --all first KILL
    wait_until has_status first stopped
    succeeds delete first
    is "$(directories /test-g)" ''
}

@test "a container without marks, made by version 0.1.0, is known by its path" {
    up old /test-g
    pid=$(pid_of old)
    unmark old /test-g
    is "$(shim ps --format json old | jq -c .)" "[$pid]"
    succeeds pause old
    is "$(state_of old)" paused
    succeeds resume old
    succeeds exec old true
    ! has_controller pids || succeeds update --pids-limit 50 old
    b=$(bundle new "$(args sleep 1000)" "$(at /test-g/below)")
    expect_error 'lies in the group of container "old"' create -b "$b" new
    policy "$open"
    succeeds create -b "$b" new
    two=$(pid_of new)
    succeeds kill --all old KILL
    wait_until gone "$pid"
    lives "$two"
    succeeds delete old
    lives "$two"
}

@test "of two records without marks neither is believed about a group that both name" {
    policy "$open"
    up old1 /test-g
    stop old1
    up old2 /test-g
    two=$(pid_of old2)
    unmark old2 /test-g
    for f in "$SHIM_ROOT"/old1/{intent,status}.json; do
        jq 'del(.cgroup.mark)' "$f" >"$f.new" && mv "$f.new" "$f"
    done
    succeeds kill --all old1 KILL
    lives "$two"
    expect_error "cgroup '/test-g' belongs to container old1" pause old2
    succeeds delete old1
    lives "$two"
    succeeds pause old2
    succeeds delete --force old2
    is "$(directories /test-g)" ''
}

@test "kill and delete of a container without marks leave alone what is paused below it" {
    policy "$open"
    up first /test-g
    up second /test-g/below
    one=$(pid_of first) two=$(pid_of second)
    unmark first /test-g
    unmark second /test-g/below
    succeeds pause second
    succeeds kill first KILL
    wait_until gone "$one"
    lives "$two"
    is "$(state_of second)" paused
    succeeds delete first
    # one that has many processes to end is waited for
    up many /test-h sh -c 'for i in $(seq 40); do sleep 1000 & done; exec sleep 1000'
    up third /test-h/below
    one=$(pid_of many)
    unmark many /test-h
    unmark third /test-h/below
    succeeds pause third
    kill -KILL "$one"
    succeeds delete many
    is "$(state_of third)" paused
    # what is its own is thawed
    up own /test-i
    one=$(pid_of own)
    unmark own /test-i
    succeeds pause own
    succeeds kill own KILL
    wait_until gone "$one"
}

# ---- without groups

@test "without groups a container that has joined another's PID namespace is told apart" {
    # one that has lost its parent is a child of the other's first process
    many='(sleep 1000 &); sleep 1000 & trap : TERM; while :; do sleep 0.05 & wait $!; done'
    b=$(bundle first "$(args sh -c "$many")")
    succeeds --cgroup-manager disabled run -d -b "$b" first
    one=$(pid_of first)
    b=$(bundle second "$(args sh -c '(sleep 1234 &); exec sleep 1234')" \
        '(.linux.namespaces[] | select(.type == "pid")).path = "/proc/'"$one"'/ns/pid"')
    policy '{ "version": 1, "mode": "observe" }'
    shim --cgroup-manager disabled run -d -b "$b" second </dev/null >/dev/null 2>&1 3>&-
    two=$(pid_of second)
    succeeds exec -d --pid-file pid second sleep 1000
    wait_until sh -c "pgrep -x -f 'sleep 1234' | grep -qvx $two"
    mapfile -t seconds < <(pgrep -x -f 'sleep 1234' && cat pid)
    is "${#seconds[@]}" 3
    firsts=" $(shim ps --format json first | jq -r '.[]' | tr '\n' ' ')"
    contains "$firsts" " $one "
    for pid in "${seconds[@]}"; do lacks "$firsts" " $pid "; done
    is "$(shim ps --format json second | jq -c .)" "$(printf '%s\n' "${seconds[@]}" | jq -sc sort)"
    succeeds kill --all first TERM
    for pid in "${seconds[@]}"; do lives "$pid"; done
    succeeds kill --all second KILL
    lives "$one"
    succeeds delete --force second
    succeeds delete --force first
}

# ---- engines in containers

@test "what a runtime in a container makes below it is part of that container" {
    up outer /test-outer
    b=$(bundle inner "$(args sleep 1000)" "$(at /test-outer/inner)")
    # v2: a group with processes in it can have no limits for those below it
    (within /test-outer shim create -b "$b" inner </dev/null >/dev/null 2>"$BATS_TEST_TMPDIR/said" 3>&-) ||
        { [ "$DISTRO_SHIM_WORLD" = v2 ] && cat "$BATS_TEST_TMPDIR/said"; false; }
    pid=$(pid_of inner)
    (within /test-outer shim start inner 3>&-)
    contains " $(shim ps --format json outer | jq -r '.[]' | tr '\n' ' ')" " $pid "
    succeeds pause outer
    # a frozen process that something wakes is counted out for a moment
    wait_until has_status inner paused
    succeeds resume outer
    succeeds delete --force outer
    wait_until gone "$pid"
    is "$(state_of inner)" stopped
    succeeds delete inner
    is "$(directories /test-outer)" ''
}

@test "what a runtime in a container without marks makes below it is part of that container" {
    up outer /test-outer
    unmark outer /test-outer
    for d in $(directories /test-outer); do
        mkdir "$d/engine"
        case $d in */cpuset/*) for f in cpus mems; do cat "$d/cpuset.$f" >"$d/engine/cpuset.$f"; done ;; esac
    done
    b=$(bundle inner "$(args sleep 1000)" "$(at /test-outer/inner)")
    (within /test-outer/engine shim create -b "$b" inner </dev/null >/dev/null 2>"$BATS_TEST_TMPDIR/said" 3>&-) ||
        { [ "$DISTRO_SHIM_WORLD" = v2 ] && cat "$BATS_TEST_TMPDIR/said"; false; }
    pid=$(pid_of inner)
    contains " $(shim ps --format json outer | jq -r '.[]' | tr '\n' ' ')" " $pid "
    succeeds pause outer
    # a frozen process that something wakes is counted out for a moment
    wait_until has_status inner paused
    succeeds resume outer
    succeeds delete --force outer
    wait_until gone "$pid"
    succeeds delete inner
    is "$(directories /test-outer)" ''
}

# ---- from within the group

@test "kill --all from within the group reaches all others and ends" {
    for place in '' /sub; do
        up c1 /test-g sh -c 'trap "echo got >>/got" USR1; for i in 1 2 3; do (trap "echo got >>/got" USR1; while :; do sleep 0.05; done) & done; while :; do sleep 0.05; done'
        for d in $(directories /test-g); do mkdir -p "$d$place"; done
        (echo "$BASHPID" >"$(freezer)/test-g$place/cgroup.procs" && shim_in 10 kill --all c1 CONT 3>&-)
        is "$(state_of c1)" running
        (echo "$BASHPID" >"$(freezer)/test-g$place/cgroup.procs" && exec "$DISTRO_SHIM" --root "$SHIM_ROOT" pause c1 3>&-) 2>"$BATS_TEST_TMPDIR/said" && false
        contains "$(<"$BATS_TEST_TMPDIR/said")" 'this program is in it and would be frozen, too'
        pid=$(pid_of c1)
        (echo "$BASHPID" >"$(freezer)/test-g$place/cgroup.procs" && exec timeout --foreground 10 "$DISTRO_SHIM" --root "$SHIM_ROOT" kill --all c1 KILL 3>&-) || true
        wait_until gone "$pid"
        wait_until has_status c1 stopped
        succeeds delete c1
        rm -rf "$BATS_TEST_TMPDIR/c1"
    done
}

@test "kill --all does not end itself, in whatever hierarchies it is in the group" {
    requires v1
    up c1 /test-g sh -c 'trap "echo got >>/got" USR1; while :; do sleep 0.05; done'
    for d in $(directories /test-g); do
        case $d in */freezer/* | */unified/*) continue ;; esac
        (echo "$BASHPID" >"$d/cgroup.procs" && exec "$DISTRO_SHIM" --root "$SHIM_ROOT" kill --all c1 USR1 3>&-)
        wait_until test -e c1/rootfs/got
        rm c1/rootfs/got
    done
    succeeds delete --force c1
}

@test "delete --force from within the group ends, says why, and works from outside" {
    up c1 /test-g
    pid=$(pid_of c1)
    (echo "$BASHPID" >"$(freezer)/test-g/cgroup.procs" && exec "$DISTRO_SHIM" --root "$SHIM_ROOT" delete --force c1 3>&-) 2>"$BATS_TEST_TMPDIR/said" && false
    contains "$(<"$BATS_TEST_TMPDIR/said")" "cannot remove cgroup '/test-g': this program"
    wait_until gone "$pid"
    is "$(state_of c1)" stopped
    succeeds delete c1
}

# ---- dying and stuck

@test "delete right after kill waits for a container that is dying" {
    for i in 1 2 3 4; do
        up "c$i" "/test-g$i" sh -c 'for i in $(seq 40); do sleep 1000 & done; head -c 30m /dev/zero | tail -c 30m | sleep 1000'
        succeeds kill "c$i" KILL
        succeeds delete "c$i"
    done
}

@test "delete of a container that runs is refused at once, also where it is stopped by a signal" {
    up c1 /test-g
    expect_error 'cannot delete container c1 that is not stopped: running' delete c1
    kill -STOP "$(pid_of c1)"
    before=$(date +%s%N)
    expect_error 'cannot delete container c1 that is not stopped: running' delete c1
    # nothing was waited for (the deadline is 10 s)
    [ $((($(date +%s%N) - before) / 1000000)) -lt 8000 ]
}

@test "delete --force of what cannot end ends in time, names it and can be given again" {
    requires fault
    [ "$DISTRO_SHIM_WORLD" != v2 ] || skip "a frozen group of v2 lets SIGKILL through"
    mkdir "$(freezer)/test-above"
    up c1 /test-above/c1
    pid=$(pid_of c1)
    echo FROZEN >"$(freezer)/test-above/freezer.state"
    status=0
    DISTRO_SHIM_DEADLINE_MS=1500 timeout -k 1 16 "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" delete --force c1 2>"$BATS_TEST_TMPDIR/said" || status=$?
    is "$status" 1
    matches "$(<"$BATS_TEST_TMPDIR/said")" "holds processes $pid, frozen by a cgroup above it"
    is "$(shim list -q)" c1
    echo THAWED >"$(freezer)/test-above/freezer.state"
    succeeds delete --force c1
}
