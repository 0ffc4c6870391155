# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of the tests
# SPDX-License-Identifier: Apache-2.0
# What the tests of exec share: `load exec` after `load helpers`.

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
# process.json of `exec --process`
process() { # NAME JQ-FILTER
    jq ".process | $2" "$b/config.json" >"$BATS_TEST_TMPDIR/$1.json" && echo "$BATS_TEST_TMPDIR/$1.json"
}

controller_file() { # CONTROLLER PID: the directory
    case $DISTRO_SHIM_WORLD in
    v2) echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$2/cgroup")" ;;
    *) echo "/sys/fs/cgroup/$1$(sed -n "s/.*:$1://p" "/proc/$2/cgroup")" ;;
    esac
}

steps() { # PAGE...
    awk -v pages=" $* " '
        /#define STEP\(/ { split($0, part, "\""); page = part[2] }
        /^[ \t]+(STEP|AWAIT)\("/ { split($0, part, "\""); if (index(pages, " " page " ")) print page ":" part[2] }
        ' "$DISTRO_SHIM_SOURCE/src/boot/exec/exec.c"
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
# Several pages have a step of the same name, and a process bears the name before it stops: only one that has
# stopped stands at the step that was asked for.
stands_at() { # STEP: prints the pid of the process that is stopped there
    local file
    for file in $(grep -lx "Name:.${1:0:15}" /proc/[0-9]*/status 2>/dev/null); do
        ! grep -q '^State:.T' "$file" 2>/dev/null || { cut -d / -f 3 <<<"$file" && return 0; }
    done
    return 1
}
let_go() { # STEP: the process that is stopped there
    kill -CONT "$(stands_at "$1")"
}
