# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of the tests
# SPDX-License-Identifier: Apache-2.0
# What the tests of deadlines share: `load deadlines` after `load helpers`.

start_deadline_test() { # in setup
    requires root world fault cmd:pgrep
    start_test
    mkdir notes
    notes=$PWD/notes
    helpers=()
}
end_deadline_test() { # in teardown
    local pid
    for pid in ${helpers[@]+"${helpers[@]}"}; do kill -KILL "$pid" 2>/dev/null || true; done
    end_test
}

DEADLINE=1500
# the runtime with a short deadline, as a process of its own: what it said is in $out, how it ended in $status
short() {
    status=0
    rm -f out
    DISTRO_SHIM_DEADLINE_MS=$DEADLINE timeout --foreground -k 2 "${LIMIT:-30}" "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" \
        ${SHIM_POLICY:+--policy "$SHIM_POLICY"} "$@" </dev/null >out 2>&1 3>&- || status=$?
    out=$(<out)
}
hook() { # KIND SCRIPT [MORE-AS-JSON]
    jq -nr --arg kind "$1" --arg script "$2" --argjson more "${3:-{\}}" '".hooks[\"\($kind)\"] += [" + ({path: "/bin/sh",
        args: ["sh", "-c", $script], env: ["PATH=/bin:/usr/bin"]} + $more | tojson) + "]"'
}
# in the background; its pid is in $pid, what it said in the file NAME.said
background() { # NAME ARGUMENT...
    local name=$1
    shift
    DISTRO_SHIM_DEADLINE_MS=$DEADLINE "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" ${SHIM_POLICY:+--policy "$SHIM_POLICY"} \
        "$@" </dev/null >"$name.said" 2>&1 3>&- &
    pid=$!
    helpers+=("$pid")
}
nothing_runs() { [ -z "$(grep -l "$1" /proc/[0-9]*/cmdline 2>/dev/null)" ]; } # WORD, of a command line
ends() { wait_until is_gone "$1"; }
is_gone() { [ ! -e "/proc/$1" ] || grep -q '^State:.[ZX]' "/proc/$1/status" 2>/dev/null || [ ! -e "/proc/$1" ]; }

init_of() { jq .initPid "$SHIM_ROOT/$1/status.json"; }
