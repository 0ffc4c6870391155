#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What commands cost, by counting: system calls, looks at files, memory. No clock is looked at, so a busy machine fails
# nothing; tests/bench/run is for times.
# world: hybrid

load helpers

# The most that each may cost; to be lowered with what it costs.
CALLS_OF_RUN=1000   # system calls: run of /bin/true, without cgroups, of what `spec` writes
CALLS_OF_PLAIN=750  # of the bundle that tests/bench/run measures: no masked paths, no view of the cgroups
CALLS_OF_POLICY=15  # more of them under a policy file in /run/DIRECTORY, whatever networks and entries it has
CALLS_OF_GROUP=40   # more of them with cgroups, for each hierarchy
CALLS_OF_EXEC=475   # exec of /bin/true, with cgroups
CALLS_OF_LIST=26    # list, of each container
CALLS_OF_MEMBERS=12 # members, of each container
MEMORY_OF_INIT=200  # kB of anonymous memory of a container that waits for start
SIZE=1500000        # bytes of the installed program
MANY=300            # other containers

setup_file() { make_rootfs; }
setup() {
    requires root world cmd:strace cmd:pgrep
    strace -qq -o /dev/null true 2>/dev/null || skip "needs ptrace"
    start_test
    b=$(bundle short "$(args true)")
    long=$(bundle long "$(args sleep 100000)")
}
teardown() { end_test; }

# quietly COMMAND...: its streams are files, which a created container may keep open
quietly() {
    "$@" </dev/null >out 2>err 3>&- || { cat err >&2 && return 1; }
}
# calls ARGUMENT...: system calls of the runtime and all below it. The least of three: a race only adds to it.
calls() {
    local least='' n i
    for i in 1 2 3; do
        quietly strace -f -qq -c -o counts "$DISTRO_SHIM" --root "$SHIM_ROOT" "$@" || return 1
        n=$(awk '$NF == "total" { print $4 }' counts)
        [ -n "$least" ] && [ "$least" -le "$n" ] || least=$n
    done
    echo "$least"
}
at_most() { # LIMIT NUMBER WHAT: and more than nothing, which would mean that it was not counted
    [ "$2" -gt 0 ] && [ "$2" -le "$1" ] || { echo "$3: $2, and at most $1 are expected" >&2 && return 1; }
}
# have TO [FROM]: created containers, from mFROM to mTO
have() {
    local i
    for ((i = ${2:-0} + 1; i <= $1; i++)); do quietly shim create -b "$long" "m$i" || return 1; done
}

# looks COMMAND ARGUMENT...: its name, and how often a file is named or a directory read in it. What the tracer follows
# may outlive the command, so the tracer stands aside (-D).
looks() {
    quietly strace -D -f -qq -e trace=%file,getdents64 -o "trace.$1" "$DISTRO_SHIM" --root "$SHIM_ROOT" "$@" || return 1
}
traced() { ! pgrep -x strace >/dev/null; }
wakes() { awk '/ctxt_switches/ { sum += $2 } END { print sum }' "/proc/$1/status"; } # PID
asleep() { [ "$(awk '{ print $3 }' "/proc/$1/stat")" = S ]; }                       # PID
is_running() { [ "$(state_of "$1")" = running ]; }
is_stopped() { [ "$(state_of "$1")" = stopped ]; }
# a tracer that follows it stops it at each of its system calls, the last of which is to wait
waits_for_start() { asleep "$(shim state "$1" | jq .pid)"; } # ID
# looks_of_a_life: of each command in a life, the least of three
looks_of_a_life() {
    local i name
    for i in 1 2 3; do
        looks run -b "$b" short && looks create -b "$long" c1 && wait_until waits_for_start c1 && looks start c1 && looks state c1 && looks exec c1 true &&
            looks update --pids-limit $((100 + i)) c1 && looks kill c1 KILL && wait_until is_stopped c1 &&
            looks delete c1 && wait_until traced || return 1
        for name in run create start state exec update kill delete; do
            echo "$name $(grep -cE '^[0-9]+ +[a-z0-9_]+\(' "trace.$name")"
        done
    done | sort -k 1,1 -k 2,2n | awk '!seen[$1]++'
}

anonymous() { awk '$1 == "RssAnon:" { print $2 }' "/proc/$(shim state "$1" | jq .pid)/status"; } # ID

@test "run and exec: system calls" {
    at_most $CALLS_OF_RUN "$(calls --cgroup-manager disabled run -b "$b" short)" "run, no cgroups"
    plain=$(bundle plain "$(args true)" 'del(.linux.maskedPaths) | .linux.readonlyPaths = ["/proc/sys"]
        | .mounts |= map(select(.type != "cgroup")) | .linux.namespaces |= map(select(.type != "cgroup"))')
    at_most $CALLS_OF_PLAIN "$(calls --cgroup-manager disabled run -b "$plain" short)" "run of the plain bundle, no cgroups"
    hierarchies=$(wc -l </proc/self/cgroup)
    at_most $((CALLS_OF_RUN + hierarchies * CALLS_OF_GROUP)) "$(calls run -b "$b" short)" "run"
    quietly shim run -d -b "$long" c1
    at_most $CALLS_OF_EXEC "$(calls exec c1 true)" "exec"
}

@test "a policy: its file is read, and entries cost no system call; what they look at is looked at once" {
    local none one
    run_calls() { calls --cgroup-manager disabled ${SHIM_POLICY:+--policy "$SHIM_POLICY"} run -b "$b" short; }
    entries() { seq -s, "$1" | sed "s|[0-9]\{1,\}|{\"match\":{$2}}|g"; } # NUMBER MATCH
    none=$(run_calls)
    policy '{"version": 1}'
    at_most $((none + CALLS_OF_POLICY)) "$(run_calls)" "run under a policy, and $none without"
    policy "{\"version\": 1, \"distros\": [$(entries 100 '"engine":"docker","owner":1&')]}"
    at_most $((none + CALLS_OF_POLICY)) "$(run_calls)" "run under a policy with 100 entries, and $none without"
    policy "{\"version\": 1, \"distros\": [$(entries 1 '"rootfs":"/srv/&/*","bundle":"/srv/b&","owner":"user&"')]}"
    one=$(run_calls)
    policy "{\"version\": 1, \"distros\": [$(entries 100 '"rootfs":"/srv/&/*","bundle":"/srv/b&","owner":"user&"')]}"
    # memory
    at_most $((one + 10)) "$(run_calls)" "run with 100 entries that look at paths, and $one with one"
}

@test "no command looks at more files because there are other containers" {
    # the first one makes what all share: the groups' parent, the compiled filter
    have 1
    looks_of_a_life >beside-one
    is "$(wc -l <beside-one)" 8
    have $MANY 1
    looks_of_a_life >beside-many
    diff beside-one beside-many
}

# Where a process' stack begins, which is by chance, decides about two pages: the least of several containers.
least_anonymous() { for name; do anonymous "$name"; done | sort -n | head -n 1; } # ID...
@test "a container that waits for start: anonymous memory, alone and beside others" {
    have 4
    at_most $MEMORY_OF_INIT "$(least_anonymous m1 m2 m3 m4)" "kB of the first"
    have $MANY 4
    at_most $MEMORY_OF_INIT "$(least_anonymous m$((MANY - 3)) m$((MANY - 2)) m$((MANY - 1)) m$MANY)" "kB of the last"
    at_most $MEMORY_OF_INIT "$(least_anonymous m1 m2 m3 m4)" "kB of the first, later"
}

@test "list and members: system calls of each container" {
    local few=$((MANY / 3)) list members
    have $few
    list=$(calls list) members=$(calls members)
    have $MANY $few
    at_most $CALLS_OF_LIST $((($(calls list) - list) / (MANY - few))) "list"
    at_most $CALLS_OF_MEMBERS $((($(calls members) - members) / (MANY - few))) "members"
    is "$(shim list -q | wc -l)" $MANY
    is "$(shim members -q | wc -l)" $MANY
}

@test "a container that waits for start sleeps on while it is looked at" {
    have 1
    pid=$(shim state m1 | jq .pid)
    wait_until asleep "$pid"
    before=$(wakes "$pid")
    [ "$(state_of m1)" = created ]
    shim list >/dev/null
    shim members >/dev/null
    is "$(wakes "$pid")" "$before"
    shim start m1
    wait_until is_running m1
}

@test "the installed program is small" {
    requires cmd:strip cmd:make
    make -s -C "$DISTRO_SHIM_BUILD" install-binPROGRAMS install-exec-hook DESTDIR="$PWD/tree" bindir=/bin >out 2>&1 || { cat out && false; }
    [ -L tree/bin/shim ]
    tree/bin/distro-shim --version >/dev/null
    at_most $SIZE "$(stat -c %s tree/bin/distro-shim)" "bytes of the program"
}
