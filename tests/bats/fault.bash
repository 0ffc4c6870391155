# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of the tests
# SPDX-License-Identifier: Apache-2.0
# A container's birth broken at each step of the pages: `load helpers`, `load fault`; $BUNDLE is what is created, whose
# program says "running".

# "PAGE:STEP" a line, for each of these pages
steps() { # PAGE...
    awk -v pages=" $* " '
        /#define STEP\(/ { split($0, part, "\""); page = part[2] }
        /^[ \t]+(STEP|AWAIT)\("/ { split($0, part, "\""); if (index(pages, " " page " ")) print page ":" part[2] }
        ' "$DISTRO_SHIM_SOURCE"/src/boot/{create/create,start/start,restore/restore}.c
}
id_of() { echo "${1/:/-}"; }

fault_in() { # SECONDS FAULT ARGUMENT...: the build with fault injection, with a deadline
    local seconds=$1 fault=$2
    shift 2
    DISTRO_SHIM_FAULT=$fault timeout --foreground -k 1 "$seconds" "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" "$@"
}

# No state, no cgroup, no entry, no process. Processes that were killed may take a moment.
no_process() {
    # an init that has not run its program yet shows the command line of its runtime
    [ -z "$(pgrep -f -- "--root $SHIM_ROOT .* $1\$")" ]
}
nothing_left() { # ID
    [ ! -e "$SHIM_ROOT/$1" ] || { echo "state is left" >&2 && return 1; }
    [ -z "$(find /sys/fs/cgroup -depth -type d -name "$1" 2>/dev/null)" ] || { echo "a cgroup is left" >&2 && return 1; }
    [ -z "$(entries_of "$1")" ] || { echo "a member is left" >&2 && return 1; }
    wait_until no_process "$1" || { pgrep -af -- "--root $SHIM_ROOT .* $1\$" && return 1; }
}
# The same id, from birth to end.
lives() { # ID
    local out=$BATS_TEST_TMPDIR/lives.$1
    shim_in 20 create -b "$BUNDLE" "$1" </dev/null >"$out" 2>&1 && shim_in 20 start "$1" &&
        wait_until grep -q running "$out" && shim_in 20 kill "$1" KILL && shim_in 20 delete --force "$1" && nothing_left "$1" || {
        cat "$out" >&2
        return 1
    }
}
# One delete is enough, in time.
cleaned_up() { # ID
    local out=$BATS_TEST_TMPDIR/clean.$1
    timeout -k 1 15 "$DISTRO_SHIM" --root "$SHIM_ROOT" delete --force "$1" >"$out" 2>&1 || { cat "$out" >&2 && return 1; }
    [ ! -s "$out" ] || cat "$out" >&2
    nothing_left "$1"
}

# ---- an error at a step

fails_at() { # PAGE:STEP
    local id out step=${1#*:}
    id=$(id_of "$1")
    out=$BATS_TEST_TMPDIR/out.$id
    case $1 in
    parent:* | child:*)
        fault_in 20 "$1:fail" create -b "$BUNDLE" "$id" </dev/null >"$out" 2>&1
        is "$?" 1 && matches "$(<"$out")" "distro-shim: $step: injected fault" && nothing_left "$id" || return 1
        ;;
    *)
        # an init fails in answer to start, and then there is no container that could be started once more
        fault_in 20 "$1:fail" create -b "$BUNDLE" "$id" </dev/null >"$out.create" 2>&1 || { cat "$out.create" && return 1; }
        fault_in 20 "$1:fail" start "$id" </dev/null >"$out" 2>&1
        is "$?" 1 && matches "$(<"$out")" "distro-shim: $step: injected fault" && cleaned_up "$id" || return 1
        ;;
    esac
    # run is both, and cleans up by itself
    id=run-$id
    fault_in 20 "$1:fail" run -b "$BUNDLE" "$id" </dev/null >"$out" 2>&1
    is "$?" 1 && matches "$(<"$out")" "distro-shim: $step: injected fault" && nothing_left "$id"
}

# ---- death at a step

dies_at() { # PAGE:STEP
    local id out page=${1%%:*}
    id=$(id_of "$1")
    out=$BATS_TEST_TMPDIR/out.$id
    fault_in 20 "$1:kill" create -b "$BUNDLE" "$id" </dev/null >"$out" 2>&1
    case $page:$? in
    # of the runtime; also as `timeout` passes it on
    parent:137) ;;
    # of the container's first process: the runtime says so and cleans up
    child:1) matches "$(<"$out")" "ended unexpectedly" && nothing_left "$id" || return 1 ;;
    init:0 | start:0)
        fault_in 20 "$1:kill" start "$id" </dev/null >"$out" 2>&1
        case $page:$? in
        init:1) matches "$(<"$out")" "ended before its program ran" || return 1 ;;
        start:137) ;;
        *) cat "$out" && return 1 ;;
        esac
        ;;
    *) cat "$out" && return 1 ;;
    esac
    # commands that look meanwhile get an answer or a clear error
    shim_in 10 state "$id" >"$out" 2>&1 || matches "$(<"$out")" "does not exist" || return 1
    shim_in 10 list >"$out" 2>&1 || { cat "$out" && return 1; }
    cleaned_up "$id" && lives "$id"
}

# ---- a process that does not go on

# Its title, or that of its second thread, is the step's, as far as it fits.
has_title() { cat "/proc/$1"/task/*/comm 2>/dev/null | grep -qxF -- "${2:0:15}"; } # PID STEP
is_stopped() { has_title "$1" "$2" && [ "$(cut -d ' ' -f 3 "/proc/$1/stat")" = T ]; }
child_is_at() { # PID STEP: a child of that process
    local child
    for child in $(cat "/proc/$1/task/$1/children"); do
        has_title "$child" "$2" && return 0
    done
    return 1
}

stops_at() { # PAGE:STEP
    local id out page=${1%%:*} step=${1#*:} pid init
    id=$(id_of "$1")
    out=$BATS_TEST_TMPDIR/out.$id
    case $page in
    parent | child)
        DISTRO_SHIM_FAULT=$1:stop "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" create -b "$BUNDLE" "$id" </dev/null >"$out" 2>&1 &
        pid=$!
        if [ "$page" = parent ]; then
            wait_until is_stopped "$pid" "$step" || return 1
        else
            wait_until child_is_at "$pid" "$step" || return 1
        fi
        ;;
    *)
        fault_in 20 "$1:stop" create -b "$BUNDLE" "$id" </dev/null >"$out" 2>&1 || { cat "$out" && return 1; }
        init=$(shim_in 10 state "$id" | jq .pid)
        DISTRO_SHIM_FAULT=$1:stop "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" start "$id" </dev/null >"$out" 2>&1 &
        pid=$!
        if [ "$page" = start ]; then
            wait_until is_stopped "$pid" "$step" || return 1
        else
            wait_until has_title "$init" "$step" || return 1
        fi
        ;;
    esac
    # commands that only look do not hang
    shim_in 5 list >/dev/null || return 1
    kill -KILL "$pid"
    # the shell's word on its end is not asked for
    wait "$pid" 2>/dev/null
    cleaned_up "$id"
}
