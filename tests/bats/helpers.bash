# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the tests of the command line share: `load helpers`, then in the file
#
#     setup_file() { make_rootfs; }          # once: a busybox root file system
#     setup() { requires root world; start_test; }
#     teardown() { end_test; }               # nothing may be left: the leak oracle
#
# A line "# world: legacy hybrid v2" in the file's opening comment names the private machines to run it in
# (default hybrid; "none": on the machine itself, also without root); "vm": also in the virtual machine, which
# has systemd and all controllers. There everything takes ten times as long: tests/check runs the tests with
# the tag "smoke" ("# bats test_tags=smoke" above a test), tests/check --full all. By hand, after a build:
#
#     DISTRO_SHIM=$PWD/distro-shim sudo -E tests/world hybrid bats tests/bats/FILE.bats
#     DISTRO_SHIM=$PWD/distro-shim sudo -E tests/vm bats tests/bats/FILE.bats

: "${DISTRO_SHIM_SOURCE:=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}"
: "${DISTRO_SHIM_BUILD:=$DISTRO_SHIM_SOURCE}"
: "${DISTRO_SHIM:=$DISTRO_SHIM_BUILD/distro-shim}"
export DISTRO_SHIM_SOURCE DISTRO_SHIM_BUILD DISTRO_SHIM

# What tests/engines/fetch has unpacked; a jq that starts at once is half of the tests' time.
NEWER=${DISTRO_SHIM_ENGINES:-${XDG_CACHE_HOME:-/var/cache}/distro-shim-tests/engines}/newer
[ ! -x "$NEWER/jq/jq" ] || [[ :$PATH: == *":$NEWER/jq:"* ]] || PATH=$NEWER/jq:$PATH

# Skip with the reason where something is not there.
requires() {
    local what
    for what in "$@"; do
        case $what in
        root) [ "$(id -u)" = 0 ] || skip "needs root" ;;
        world) [ -n "${DISTRO_SHIM_WORLD:-}" ] || skip "needs the private machine (tests/world)" ;;
        legacy | hybrid | v2)
            [ "${DISTRO_SHIM_WORLD:-}" = "$what" ] || skip "needs the $what layout of cgroups"
            ;;
        v1)
            case ${DISTRO_SHIM_WORLD:-} in legacy | hybrid) ;; *) skip "needs cgroup v1" ;; esac
            ;;
        fault) [ -x "${DISTRO_SHIM_FAULT_BIN:-}" ] || skip "needs a build with fault injection (DISTRO_SHIM_FAULT_BIN)" ;;
        systemd) [ -d /run/systemd/system ] || skip "needs systemd (tests/vm)" ;;
        userns) unshare --user true 2>/dev/null || skip "needs user namespaces" ;;
        criu)
            # it looks at every hierarchy that the kernel has, also where the machine shows one alone
            [ "${DISTRO_SHIM_WORLD:-}" != v2 ] || ! grep -q '^[1-9]' /proc/self/cgroup ||
                skip "needs a machine with v2 alone (tests/vm)"
            find_criu || skip "needs a criu that fits the kernel (tests/engines/fetch, tests/vm)"
            ;;
        cmd:*) command -v "${what#*:}" >/dev/null || skip "needs ${what#*:}" ;;
        file:*) [ -e "${what#*:}" ] || skip "needs ${what#*:}" ;;
        controller:*) has_controller "${what#*:}" || skip "needs the cgroup controller ${what#*:}" ;;
        kernel:*)
            printf '%s\n' "${what#*:}" "$(uname -r)" | sort -C -V || skip "needs Linux ${what#*:}"
            ;;
        *)
            echo "requires: unknown '$what'" >&2
            return 1
            ;;
        esac
    done
}

# The machine's, or what tests/engines/fetch has unpacked.
find_criu() {
    [ ! -x "$NEWER/criu/criu" ] || PATH=$NEWER/criu:$PATH
    criu check >/dev/null 2>&1
}

has_controller() { # NAME: some hierarchy of this machine has it
    [ -d "/sys/fs/cgroup/$1" ] || grep -qsw -- "$1" /sys/fs/cgroup/cgroup.controllers /sys/fs/cgroup/unified/cgroup.controllers
}

# ---- bundles

# In setup_file: $BATS_FILE_TMPDIR/rootfs, a static busybox and its links.
make_rootfs() {
    local root=$BATS_FILE_TMPDIR/rootfs busybox
    # where there is none that runs in an empty root, start_test says so
    busybox=$(command -v busybox) && ! ldd "$busybox" >/dev/null 2>&1 || return 0
    mkdir -p "$root"/{bin,dev,etc,home,proc,root,run,sys,tmp,usr/bin,var}
    chmod 1777 "$root/tmp"
    cp "$busybox" "$root/bin/busybox"
    # one process, not four hundred: in the virtual machine each takes 25 ms
    "$busybox" --list | BIN=$root/bin perl -lne 'symlink "busybox", "$ENV{BIN}/$_" if !-e "$ENV{BIN}/$_"'
    echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
    echo 'root:x:0:' >"$root/etc/group"
}

# bundle NAME [JQ-FILTER]...: a fresh bundle $BATS_TEST_TMPDIR/NAME, its path on stdout. The config is that
# of `spec`, without a terminal, then changed by the filters.
bundle() {
    local where=$BATS_TEST_TMPDIR/$1 filter all='.process.terminal = false'
    shift
    mkdir -p "$where"
    cp -a "$BATS_FILE_TMPDIR/rootfs" "$where/rootfs"
    "$DISTRO_SHIM" spec --bundle "$where" || return 1
    for filter in "$@"; do all+=" | $filter"; done
    edit_config "$where" "$all" || return 1
    echo "$where"
}
edit_config() { # BUNDLE JQ-ARGUMENT...
    local config=$1/config.json
    shift
    jq "$@" "$config" >"$config.new" && mv "$config.new" "$config"
}
# A filter for `bundle`: run this command.
args() {
    local word list=''
    for word in "$@"; do
        word=${word//\\/\\\\} word=${word//\"/\\\"} word=${word//$'\n'/\\n} word=${word//$'\t'/\\t}
        list+=${list:+,}\"$word\"
    done
    echo ".process.args = [$list]"
}

# policy JSON: the policy of this test, in a directory that root alone can write.
policy() {
    mkdir -p "$SHIM_POLICY_DIRECTORY" && chmod 755 "$SHIM_POLICY_DIRECTORY" || return 1
    SHIM_POLICY=$SHIM_POLICY_DIRECTORY/policy.json
    printf '%s\n' "$1" >"$SHIM_POLICY"
}

# The runtime, with this test's own state.
shim() {
    "$DISTRO_SHIM" --root "$SHIM_ROOT" ${SHIM_POLICY:+--policy "$SHIM_POLICY"} "$@"
}
# The same with fault injection: shim_fault PAGE:STEP:fail|kill|stop ARGUMENT...
shim_fault() {
    local fault=$1
    shift
    DISTRO_SHIM_FAULT=$fault "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" \
        ${SHIM_POLICY:+--policy "$SHIM_POLICY"} "$@"
}
# shim_in SECONDS ARGUMENT...: the runtime with a deadline; a hang shows as exit status 124
shim_in() {
    local seconds=$1
    shift
    timeout --foreground -k 5 "$seconds" "$DISTRO_SHIM" --root "$SHIM_ROOT" \
        ${SHIM_POLICY:+--policy "$SHIM_POLICY"} "$@"
}
# expect_error PATTERN ARGUMENT...: the runtime fails with exit status 1 within 10 seconds, and what it says
# on stderr matches the extended regular expression. What it said is in $said.
expect_error() {
    local pattern=$1 status=0 out=$BATS_TEST_TMPDIR/expect_error.$BASHPID
    shift
    # into a file: a container that is made after all would keep a pipe open
    shim_in 10 "$@" </dev/null >/dev/null 2>"$out" || status=$?
    said=$(<"$out")
    if [ "$status" != 1 ] || ! [[ $said =~ $pattern ]]; then
        printf '%s\n' "expected exit status 1 and '$pattern' from: $*" "got $status and: $said" >&2
        return 1
    fi
}
# attempt ARGUMENT...: the runtime with a deadline and its streams in files, for what is created keeps them
# open: then $status, $output (of stdout) and $stderr
attempt() {
    status=0
    # files of its own: an earlier container may still write into the last ones
    rm -f "$BATS_TEST_TMPDIR/stdout" "$BATS_TEST_TMPDIR/stderr"
    shim_in 20 "$@" </dev/null >"$BATS_TEST_TMPDIR/stdout" 2>"$BATS_TEST_TMPDIR/stderr" || status=$?
    output=$(<"$BATS_TEST_TMPDIR/stdout") stderr=$(<"$BATS_TEST_TMPDIR/stderr")
}
# silent: $stderr is empty; or where $warns is set, `warns=PATTERN answers ...`, has warnings that match it and nothing else
silent() {
    [ -n "${warns:-}" ] || { [ -z "$stderr" ] && return; }
    [ -n "$stderr" ] && ! grep -qvE "^distro-shim: warning: .*($warns)" <<<"$stderr"
}
# succeeds ARGUMENT...: the same, and it must succeed without a word on stderr (but what is expected: silent)
succeeds() {
    attempt "$@"
    [ "$status" != 0 ] || ! silent || return 0
    printf '%s\n' "expected success and silence from: $*" "got $status and: $stderr" >&2
    return 1
}
# ask SCRIPT [JQ-FILTER]...: sh -c SCRIPT in a container of its own, with the bundle $b; then as `attempt`
ask() {
    local script=$1
    shift
    asked=$((${asked:-0} + 1))
    b=$(bundle "asked$asked" "$(args sh -c "$script")" "$@") && attempt run -b "$b" "asked$asked"
}
# answers TEXT SCRIPT [JQ-FILTER]...: the same, and it must succeed, say exactly this and nothing on stderr
answers() {
    local text=$1
    shift
    ask "$@" || return 1
    [ "$status|$output" != "0|$text" ] || ! silent || return 0
    printf '%s\n' "expected of: $1" "$text" "got $status and: $output" "stderr: $stderr" >&2
    return 1
}
# is VALUE WANTED; matches VALUE PATTERN (extended regular expression); contains VALUE TEXT
is() { [ "$1" = "$2" ] || { printf '%s\n' "expected: $2" "     got: $1" >&2 && return 1; }; }
matches() { [[ $1 =~ $2 ]] || { printf '%s\n' "expected something like: $2" "got: $1" >&2 && return 1; }; }
contains() { [[ $1 == *"$2"* ]] || { printf '%s\n' "expected something with: $2" "got: $1" >&2 && return 1; }; }
lacks() { [[ $1 != *"$2"* ]] || { printf '%s\n' "expected nothing with: $2" "got: $1" >&2 && return 1; }; }

# all_of FUNCTION NUMBER ARGUMENT...: FUNCTION ARGUMENT for each, NUMBER at a time, each in a process of its
# own; fails where one of them does
all_of() {
    local function=$1 number=$2 argument pids=() failed=0 pid
    shift 2
    for argument in "$@"; do
        if [ ${#pids[@]} -ge "$number" ]; then
            wait "${pids[0]}" || failed=1
            pids=("${pids[@]:1}")
        fi
        # bats waits for whoever holds its descriptor 3
        ("$function" "$argument" || { echo "failed for: $argument" >&2 && false; }) 3>&- &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
    [ $failed = 0 ]
}
# state_of ID: its status, or nothing
state_of() { shim state "$1" 2>/dev/null | sed -n 's/^  "status": "\([a-z]*\)",\{0,1\}$/\1/p'; }

# wait_until CMD...: until it succeeds, at most 10 seconds, and 60 where it takes its time itself.
wait_until() {
    local i begun=$SECONDS
    for ((i = 0; i < 200 && SECONDS - begun < 60; i++)); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.05
    done
    echo "waited in vain for: $*" >&2
    return 1
}

# receive_pidfd SOCKET: into pidfd.out what is sent there and the number of the process that the descriptor is of;
# $listener is what to wait for
# shellcheck disable=SC2034 # read by the tests
receive_pidfd() {
    /usr/bin/python3 - "$1" >pidfd.out 3>&- <<'END' &
import array, re, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.settimeout(20)
s.listen()
connection, _ = s.accept()
text, control, _, _ = connection.recvmsg(100, 100)
fd = array.array("i", control[0][2])[0]
print(text.decode(), re.search(r"Pid:\t(\d+)", open(f"/proc/self/fdinfo/{fd}").read()).group(1))
END
    listener=$!
    wait_until test -S "$1"
}

# run_container BUNDLE [ARGUMENT...]: in the foreground and with a deadline; its id is the bundle's name. As
# with bats' `run` its exit status is in $status and what it printed in $output and $lines, but through a
# file: a container that outlives the runtime would keep a pipe open, and the test waiting.
run_container() {
    local where=$1 out=$BATS_TEST_TMPDIR/run_container.out
    shift
    status=0
    shim_in 20 run -b "$where" "$@" "${where##*/}" </dev/null >"$out" 2>&1 || status=$?
    output=$(<"$out")
    # shellcheck disable=SC2034 # read by the tests
    mapfile -t lines <"$out"
}

# ---- the leak oracle

# A directory outside of every root file system, $CANARY. It and the host's device nodes must be the same
# at the end of the test, when end_test looks.
make_canary() {
    CANARY=$BATS_TEST_TMPDIR/canary
    mkdir -p "$CANARY/directory" && echo "sings" >"$CANARY/file" && ln -s file "$CANARY/link" || return 1
    canary_state >"$BATS_TEST_TMPDIR/canary.before"
}
canary_state() {
    find "$CANARY" -printf '%P %y %m %U:%G %s %n %l %T@\n' | sort
    cat "$CANARY/file"
    stat -c '%n %F %t:%T %a %u:%g' /dev/{null,zero,full,random,urandom,tty,ptmx,console} 2>/dev/null
}

start_test() {
    # bats looks at each command of a test for what it says of a failure; into functions that is not worth its time
    set +T
    requires cmd:jq
    [ -x "$BATS_FILE_TMPDIR/rootfs/bin/busybox" ] || skip "needs a static busybox (busybox-static)"
    SHIM_ROOT=$BATS_TEST_TMPDIR/state SHIM_POLICY=''
    SHIM_POLICY_DIRECTORY=/run/distro-shim-test
    machine_state >"$BATS_TEST_TMPDIR/machine.before"
    processes >"$BATS_TEST_TMPDIR/processes.before"
    cd "$BATS_TEST_TMPDIR" || return 1
}

# The entries of the registry of members that are of this id.
entries_of() { grep -rlsE "\"id\": ?\"$1\"" /run/distro-shim/members || true; } # ID

# What must be the same after a test. Outside a world only the mounts are the test's own.
machine_state() {
    echo "mounts:"
    cat /proc/self/mountinfo
    [ -n "${DISTRO_SHIM_WORLD:-}" ] || return 0
    echo "cgroups:"
    # the programs for addresses stay for the next container
    find /sys/fs/cgroup -type d -not -name 'distro-shim.programs-*' | sort
    # those of version 2 are there whether or not a tree of theirs is mounted; in the initial namespace a mount would change its options
    [ "$(readlink /proc/self/ns/cgroup)" = "cgroup:[$((0xeffffffb))]" ] ||
        unshare -m sh -c 'mount -t cgroup2 cgroup2 /mnt && find /mnt -name "distro-shim.*" -not -name "distro-shim.programs-*"' 2>/dev/null
    echo "members:"
    find /run/distro-shim/members -mindepth 1 2>/dev/null | sort # may not be made yet
    echo "ids:"
    find /run/distro-shim/ids -mindepth 2 2>/dev/null | sort # may not be made yet
    echo "networks:"
    ls /run/netns
    echo "links:"
    ip -br link | awk '{ print $1 }'
    ip -n distros -br addr | awk '{ $2 = ""; print }'
    ip -n distros route
}
# processes [adopted]: number, time of its start and name of each, or of those that init has adopted.
processes() {
    [ -n "${DISTRO_SHIM_WORLD:-}" ] || return 0
    awk -v of="${1:-}" '{ line = $0; sub(/.*\) /, "", line); split(line, f, " ")
            name = $0; sub(/^[0-9]+ /, "", name); sub(/\) .*/, ")", name)
            if (of != "adopted" || f[2] == 1) print $1, f[20], name }' \
        /proc/[0-9]*/stat 2>/dev/null | sort || true # some end meanwhile
}
# Those of a test that went before, and of bats itself, may be adopted while this one runs.
left_behind() {
    diff "$BATS_TEST_TMPDIR/machine.before" "$BATS_TEST_TMPDIR/machine.after"
    awk 'NR == FNR { before[$1 " " $2]; next } !(($1 " " $2) in before)' \
        "$BATS_TEST_TMPDIR/processes.before" "$BATS_TEST_TMPDIR/adopted.after"
}

end_test() {
    local id i
    set -T
    [ -e "$BATS_TEST_TMPDIR/machine.before" ] || return 0 # skipped
    for id in "$SHIM_ROOT"/*; do
        [ ! -e "$id" ] || shim delete --force "${id##*/}" || return 1
    done
    rm -rf "$SHIM_POLICY_DIRECTORY"
    # the kernel takes its time with what was killed
    for ((i = 0; i < 60; i++)); do
        machine_state >"$BATS_TEST_TMPDIR/machine.after"
        processes adopted >"$BATS_TEST_TMPDIR/adopted.after"
        [ -n "$(left_behind)" ] || break
        sleep 0.05
    done
    if [ -n "$(left_behind)" ]; then
        left_behind
        echo "the test has left something behind (above)" >&2
        return 1
    fi
    if [ -e "$BATS_TEST_TMPDIR/canary.before" ] &&
        ! canary_state | diff "$BATS_TEST_TMPDIR/canary.before" -; then
        echo "the canary directory or a device node of the host has changed (above)" >&2
        return 1
    fi
    if [ -n "$(ls -A "$SHIM_ROOT" 2>/dev/null)" ]; then
        echo "state is left: $(ls -A "$SHIM_ROOT")" >&2
        return 1
    fi
}
