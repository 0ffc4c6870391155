#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A signal that ends programs, and a stop that is followed by SIGCONT, at each step of create, start, exec and
# mounts, in the runtime and in the processes that it makes. The steps are read from the pages, so that a new one
# is covered by being there; tests/fault/run does the same, and more, at each system call of every command.
#
# What must come out: the runtime ends, by that signal or by itself; one `delete --force` takes everything away,
# and where the process was but stopped for a moment, all is as if it had not been.
# world: hybrid

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world fault cmd:pgrep
    start_test
    BUNDLE=$(bundle fault "$(args sh -c 'trap exit TERM; while :; do sleep 0.1; done')" \
        '(.linux.namespaces[] | select(.type == "network")) |= del(.path)' \
        '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"} |
         .hooks = {createRuntime: [{path: "/bin/true"}], createContainer: [{path: "/bin/true"}], startContainer: [{path: "/bin/true"}]}')
    echo '[{"destination": "/home", "type": "tmpfs", "source": "tmpfs"}]' >more.json
}
teardown() { end_test; }

# "PAGE:STEP" a line
steps() { # FILE...: of src/boot
    local file
    for file in "$@"; do
        awk '/#define STEP\(/ { split($0, part, "\""); page = part[2] }
            /^[ \t]+(STEP|AWAIT)\("/ { split($0, part, "\""); print page ":" part[2] }' "$DISTRO_SHIM_SOURCE/src/boot/$file/$file.c"
    done
}

broken() { # FAULT ARGUMENT...: with a deadline; 124 would be a hang
    local fault=$1
    shift
    DISTRO_SHIM_FAULT=$fault timeout --foreground -k 1 15 "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" "$@" </dev/null
}
# The verb of the step's page, after what goes before it; its exit status.
happens() { # PAGE:STEP FAULT ID
    local page=${1%%:*} id=$3
    case $page in
    parent | child) broken "$1:$2" create -b "$BUNDLE" "$id" ;;
    init | start) broken "$1:$2" create -b "$BUNDLE" "$id" && broken "$1:$2" start "$id" ;;
    *)
        shim_in 20 create -b "$BUNDLE" "$id" </dev/null && shim_in 20 start "$id" || return 99
        case $1 in
        joiner:* | process:* | exec:*) broken "$1:$2" exec "$id" true ;;
        *) broken "$1:$2" mounts add "$id" more.json ;;
        esac
        ;;
    esac
}
gone() { # ID
    [ ! -e "$SHIM_ROOT/$1" ] && [ -z "$(find /sys/fs/cgroup -depth -type d -name "$1" 2>/dev/null)" ] &&
        [ -z "$(pgrep -f -- "--root $SHIM_ROOT .* $1\$")" ] && [ -z "$(entries_of "$1")" ]
}
cleared() { # ID
    timeout -k 1 15 "$DISTRO_SHIM" --root "$SHIM_ROOT" delete --force "$1" && wait_until gone "$1"
}

signalled_at() { # PAGE:STEP=SIGNAL
    local step=${1%=*} name=${1#*=} out=$BATS_TEST_TMPDIR/out.${1//[:=]/-} status=0 id=${1//[:=]/-}
    happens "$step" "$name" "$id" >"$out" 2>&1 || status=$?
    case $status in
    # by itself: it goes on, or says what has ended
    0 | 1 | 255) [ $status = 0 ] || grep -q "^distro-shim: " "$out" ;;
    # by the signal
    129 | 130 | 143) ;;
    *) false ;;
    esac && cleared "$id" && return
    echo "exit status $status" && cat "$out" && return 1
}

@test "SIGTERM, SIGHUP and SIGINT at any step: an end, and one delete --force is enough" {
    local all=() step i=0 names=(term hup int)
    # another of the three for each step each day
    i=$(($(date +%j | sed 's/^0*//') % 3))
    echo "begins with ${names[i]}"
    for step in $(steps create start exec mounts); do
        all+=("$step=${names[i++ % 3]}")
    done
    [ ${#all[@]} -gt 80 ]
    all_of signalled_at 3 "${all[@]}"
}

# Whatever stops below this test's runtime goes on.
# shellcheck disable=SC2046 # one word each
is_stopped() { grep -lsx "State:.T (stopped)" $(pgrep -f -- "--root $SHIM_ROOT " | sed 's|.*|/proc/&/status|') | grep -q .; }
stopped_at() { # PAGE:STEP
    local id=$SEQUENCE out=$BATS_TEST_TMPDIR/out.stop pid status=0
    happens "$1" stop "$id" >"$out" 2>&1 &
    pid=$!
    if ! wait_until is_stopped; then
        cat "$out" && return 1
    fi
    # shellcheck disable=SC2046
    kill -CONT $(pgrep -f -- "--root $SHIM_ROOT ")
    wait "$pid" || status=$?
    [ $status = 0 ] && cleared "$id" && return
    echo "exit status $status" && cat "$out" && return 1
}

@test "a runtime that is stopped at any step and goes on: as if it had not been" {
    local step
    SEQUENCE=0
    for step in $(steps create start exec mounts | grep -E '^(parent|start|exec|mounts):'); do
        SEQUENCE=$((SEQUENCE + 1))
        stopped_at "$step" || { echo "at $step" && false; }
    done
    [ $SEQUENCE -gt 50 ]
}

@test "exec: what cannot wait for its joiner ends, and so does the process" {
    requires cmd:strace
    shim_in 20 create -b "$BUNDLE" c1 </dev/null
    shim_in 20 start c1
    status=0
    timeout --foreground -k 1 15 strace -qq -o /dev/null -e trace=waitid -e inject=waitid:error=ENOMEM:when=1 \
        "$DISTRO_SHIM" --root "$SHIM_ROOT" exec c1 sleep 1000 </dev/null >out 2>&1 || status=$?
    is "$status" 255
    matches "$(<out)" "^distro-shim: "
    wait_until sh -c "! pgrep -f 'sleep 100[0]'"
}
