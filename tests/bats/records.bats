# SPDX-License-Identifier: Apache-2.0
# The records of containers: those of an earlier version, damaged ones, ones that cannot be read, and what others have
# put into a state root. No container is lost, and no answer is made out of what could not be read.
# world: hybrid
# world, with --full: v2

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
    OLD=$DISTRO_SHIM_SOURCE/tests/data/records-0.1.0
}
teardown() { end_test; }

# make_running NAME [JQ-FILTER]...: its pid is in $pid
make_running() {
    local name=$1
    shift
    bundle "$name" "$(args sleep 1000)" "$@" >"$name.path"
    succeeds run -d -b "$(<"$name.path")" "$name"
    pid=$(shim state "$name" | jq .pid)
}
# or is taken away by its parent between the two looks
has_ended() { ! kill -0 "$1" 2>/dev/null || grep -qs '^State:.Z' "/proc/$1/status" || ! kill -0 "$1" 2>/dev/null; }
# with_descriptors NUMBER ARGUMENT...: the runtime with so many; then as `attempt`
with_descriptors() {
    local number=$1
    shift
    status=0
    timeout -k 5 20 prlimit --nofile="$number:1024" -- "$DISTRO_SHIM" --root "$SHIM_ROOT" "$@" </dev/null >few.out 2>few.err ||
        status=$?
    output=$(<few.out) stderr=$(<few.err)
}
# refused PATTERN ID VERB-AND-OPTIONS...: each of these fails, and says this; "@" stands for the id, else it is last
refused() {
    local pattern=$1 id=$2 verb
    shift 2
    for verb in "$@"; do
        case $verb in
        *@*) verb=${verb/@/"$id"} ;;
        *) verb="$verb $id" ;;
        esac
        # shellcheck disable=SC2086 # words of the command line
        attempt $verb
        if [ "$status" = 0 ] || [ "$status" = 124 ] || ! [[ $stderr =~ $pattern ]]; then
            printf '%s\n' "expected '$pattern' of: $verb" "got $status and: $stderr" >&2
            return 1
        fi
    done
}
VERBS=(state start ps pause resume "events --stats" "update --pids-limit 9" delete "exec @ true" "kill @ KILL" "kill --all @ KILL" "checkpoint --image-path images")
# The records of version 0.1.0 in the place of a container's own: what belongs to the machine and to the process
# comes from those, and only members that the old ones have.
put_old_records() { # NAME
    local where=$SHIM_ROOT/$1 file member
    member=$(entries_of "$1")
    for file in status intent member; do
        local own=$where/$file.json
        [ $file != member ] || own=$member
        # shellcheck disable=SC2016 # for jq
        jq -n --slurpfile old "$OLD/$file.json" --slurpfile own "$own" '
            ["id", "initPid", "initStartTime", "initBootId", "ownerPid", "ownerStartTime", "ownerBootId", "bundle",
             "rootfs", "created", "phase", "root", "networkCookie"] as $changing
            | $old[0] | with_entries(if (.key | IN($changing[])) then .value = $own[0][.key] else . end)
            | if .cgroup then .cgroup |= with_entries(.value = $own[0].cgroup[.key]) else . end
            # its init is of this version, and waits to be looked at
            | if $own[0].phase == "created" then .identity = $own[0].identity else . end' >old.json
        cat old.json >"$own"
    done
    jq -c . "$OLD/config.json" >"$where/config.json"
    # nor did it say on the groups whose they are
    find /sys/fs/cgroup -type d -name "$1" -print0 | python3 -c 'import os, sys
for d in filter(None, sys.stdin.read().split("\0")): os.removexattr(d, "trusted.distro-shim.owner")'
}

# ---- an earlier version's

@test "a container of version 0.1.0 passes every command" {
    local limit=.
    ! has_controller pids || limit='.linux.resources.pids.limit = 50'
    make_running c1 '.annotations = {"org.example": "x"}' "$limit" '.hooks.poststop = [{"path": "/bin/true"}]'
    before=$(shim state c1 | jq -S 'del(.confinement)')
    put_old_records c1
    is "$(shim state c1 | jq -S .)" "$before"
    is "$(shim list --format json | jq -S '.[0]')" "$before"
    is "$(shim list -q)" c1
    is "$(shim members -q)" c1
    contains "$(shim explain c1)" "this is the network namespace of the policy"
    is "$(shim ps --format json c1)" "[$pid]"
    succeeds exec c1 hostname
    is "$output" distro
    succeeds exec c1 readlink /proc/self/ns/net
    is "$output" "$(ip netns exec distros readlink /proc/self/ns/net)"
    succeeds events --stats c1
    is "$(jq -r .id <<<"$output")" c1
    if has_controller pids; then
        is "$(jq -r .data.pids.limit <<<"$output")" 50
        succeeds update --pids-limit 40 c1
        is "$(shim events --stats c1 | jq .data.pids.limit)" 40
        is "$(jq .linux.resources.pids.limit "$SHIM_ROOT/c1/config.json")" 40
    fi
    succeeds pause c1
    is "$(state_of c1)" paused
    refused paused c1 'exec @ true'
    succeeds resume c1
    echo '[{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}]' >mounts.json
    succeeds mounts add c1 mounts.json
    succeeds mounts remove c1 mounts.json
    expect_error 'not stopped: running' delete c1
    expect_error 'already running' start c1
    succeeds kill c1 KILL
    wait_until has_ended "$pid"
    is "$(state_of c1)" stopped
    succeeds delete c1
}

@test "a container of version 0.1.0 that is created is started and ended" {
    b=$(bundle c1 "$(args sleep 1000)")
    succeeds create -b "$b" c1
    put_old_records c1
    is "$(state_of c1)" created
    succeeds start c1
    is "$(state_of c1)" running
    is "$(jq -r .phase "$SHIM_ROOT/c1/status.json")" started
    succeeds delete --force c1
}

@test "a container of version 0.1.0 is checkpointed" {
    requires criu
    make_running c1 </dev/null >/dev/null 2>&1
    put_old_records c1
    succeeds checkpoint --image-path images c1
    expect_error 'does not exist' state c1
}

# ---- damaged

@test "a record that is cut short or not a file: an error that names it, and delete --force ends the container" {
    local n=0 record how
    make_running whole
    for record in status:{0,57,cut,directory,fifo,symlink,missing} {intent,config}:{0,cut,fifo}; do
        how=${record#*:} record=${record%:*} n=$((n + 1))
        make_running "c$n"
        path=$SHIM_ROOT/c$n/$record.json
        case $how in
        cut) truncate -s -2 "$path" ;;
        directory) rm "$path" && mkdir "$path" ;;
        fifo) rm "$path" && mkfifo "$path" ;;
        symlink) mv "$path" moved && ln -s "$PWD/moved" "$path" ;;
        missing) rm "$path" ;;
        *) truncate -s "$how" "$path" ;;
        esac
        if [ $record = status ]; then
            case $how in
            57 | fifo | missing) refused "container c$n.*status\.json" "c$n" "${VERBS[@]}" ;;
            *) refused "container c$n.*status\.json" "c$n" state delete ;;
            esac
            attempt list
            is "$status" 1
            contains "$output" whole
            matches "$stderr" "container c$n.*status\.json"
            kill -0 "$pid"
        fi
        succeeds delete --force "c$n"
        wait_until has_ended "$pid"
        [ ! -e "$SHIM_ROOT/c$n" ]
        rm -f moved
    done
}

@test "with no record left, delete --force ends it by the registry and takes its own cgroup away" {
    make_running c1
    rm "$SHIM_ROOT"/c1/*.json
    expect_error 'container does not exist' state c1
    succeeds delete --force c1
    wait_until has_ended "$pid"
    [ -z "$(find /sys/fs/cgroup -name c1)" ]

    # and where the whole directory is gone, or the container is frozen
    make_running c2
    shim pause c2
    rm -r "$SHIM_ROOT/c2"
    succeeds delete --force c2
    wait_until has_ended "$pid"
    [ -z "$(find /sys/fs/cgroup -name c2)" ]
}

@test "by the registry: a cgroup that holds others, too, stays with them" {
    make_running c1
    group=$(find /sys/fs/cgroup -name c1 -type d | grep -m1 -E 'pids|/sys/fs/cgroup/distro-shim')
    sleep 1000 3>&- &
    other=$!
    while read -r directory; do echo $other >"$directory/cgroup.procs"; done < <(find /sys/fs/cgroup -name c1 -type d)
    for f in "$SHIM_ROOT"/c1/{status,intent,config}.json; do echo garbage >"$f"; done
    succeeds delete --force c1
    wait_until has_ended "$pid"
    kill -0 $other
    [ -d "$group" ]
    kill $other && wait $other || true
    # kernfs counts the last process for a moment more
    remove_groups() { find /sys/fs/cgroup -name c1 -type d -exec rmdir {} + && [ -z "$(find /sys/fs/cgroup -name c1)" ]; }
    wait_until remove_groups
    rmdir /sys/fs/cgroup/{*,.}/distro-shim 2>/dev/null || true
}

# ---- unreadable

@test "few descriptors: every command is right, or fails and keeps the container" {
    make_running c1
    for n in $(seq 3 12); do
        for verb in state list "list -q" "list --format json" "kill c1 0" "ps c1" "events --stats c1" "delete c1"; do
            case $verb in state) verb="state c1" ;; esac
            # shellcheck disable=SC2086 # words of the command line
            with_descriptors "$n" $verb
            lacks "$stderr" "does not exist"
            case $verb:$status in
            "kill c1 0:0") ;;
            "delete c1:0") false ;;
            "ps c1:0") contains "$output" "$pid" ;;
            *:0) contains "$output" c1 ;;
            *) [ "$status" -ne 124 ] && [ -n "$stderr" ] ;;
            esac
        done
    done
    for n in $(seq 3 2 15); do
        make_running "d$n"
        with_descriptors "$n" delete --force "d$n"
        if [ "$status" = 0 ]; then
            wait_until has_ended "$pid"
        else
            [ -d "$SHIM_ROOT/d$n" ]
            succeeds delete --force "d$n"
        fi
    done
}

@test "errors of the disk: delete --force ends the container, or fails and keeps it; list does not pass over it" {
    requires cmd:strace
    local call when n=0 paths
    for call in read:{1,2,3} openat:{1,2,3} newfstatat:{1,2} getdents64:1 flock:1 pidfd_open:1; do
        when=${call#*:} call=${call%:*} n=$((n + 1))
        make_running "c$n"
        paths=(-P "$SHIM_ROOT" -P "$SHIM_ROOT/c$n" -P "$SHIM_ROOT/c$n/status.json" -P "$SHIM_ROOT/c$n/intent.json" -P /run/distro-shim/members)
        [ $call != pidfd_open ] || paths=()
        status=0
        timeout -k 5 20 strace -o /dev/null "${paths[@]}" -e trace="$call" -e inject="$call:error=EIO:when=$when+" \
            "$DISTRO_SHIM" --root "$SHIM_ROOT" delete --force "c$n" >out 2>err </dev/null || status=$?
        if [ $status != 0 ]; then
            [ $status -lt 124 ] && [ -s err ]
            [ -d "$SHIM_ROOT/c$n" ]
            succeeds delete --force "c$n"
        fi
        wait_until has_ended "$pid"
    done
    # the entry of a process that has ended counts for nothing, and does not keep a container
    grep -rlsF "\"$SHIM_ROOT\"" /run/distro-shim/members | xargs -r rm

    make_running other
    make_running c0
    for how in table json; do
        status=0
        timeout -k 5 20 strace -o /dev/null -P "$SHIM_ROOT/c0/status.json" -e inject=read:error=EIO \
            "$DISTRO_SHIM" --root "$SHIM_ROOT" list --format $how >out 2>err </dev/null || status=$?
        is "$status" 1
        matches "$(<out)" other
        matches "$(<err)" "container c0: read 'status\.json': input/output error"
    done
}

# ---- what others put there

@test "what is not ours in the state root is not a container, and stays" {
    local id
    make_running c1
    mkdir -p "$SHIM_ROOT"/{lost+found,empty,of-runc,of-crun,notes,.cache,.empty-directory}
    touch "$SHIM_ROOT"/of-runc/state.json "$SHIM_ROOT"/of-crun/{config.json,status} "$SHIM_ROOT"/notes/n.txt "$SHIM_ROOT/file"
    ln -s c1 "$SHIM_ROOT/link"
    is "$(shim list -q)" c1
    is "$(shim list --format json | jq -r '.[].id')" c1
    is "$(shim list | wc -l)" 2
    for id in lost+found empty of-runc of-crun notes file link; do
        refused "^distro-shim: container does not exist: '$SHIM_ROOT/${id/+/[+]}' " "$id" "${VERBS[@]}"
    done
    expect_error 'another runtime \(state\.json\)' delete --force of-runc
    expect_error 'another runtime \(status\)' delete --force of-crun
    expect_error "holds 'n.txt'" delete --force notes
    expect_error 'belongs to the file system' delete --force lost+found
    expect_error 'container with given ID already exists.*another runtime' create -b "$(<c1.path)" of-runc
    succeeds delete --regex --force '[a-z]'
    for id in lost+found empty of-runc/state.json of-crun/status of-crun/config.json notes/n.txt file link .cache; do
        [ -e "$SHIM_ROOT/$id" ] || [ -L "$SHIM_ROOT/$id" ]
    done
    [ ! -e "$SHIM_ROOT/c1" ]
    rm -r "$SHIM_ROOT"
}

@test "an empty directory, of a create that was killed at once, is taken over or removed" {
    mkdir -p "$SHIM_ROOT" && chmod 700 "$SHIM_ROOT"
    mkdir "$SHIM_ROOT"/{c1,c2}
    is "$(shim list -q)" ""
    make_running c1
    is "$(stat -c %a "$SHIM_ROOT/c1")" 700
    succeeds delete --force c2
    [ ! -e "$SHIM_ROOT/c2" ]
}

@test "nothing but containers lies in a state root" {
    make_running c1 "$(args sleep 1000)" '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW"}' '.root.readonly = true'
    succeeds exec c1 true
    is "$(ls -A "$SHIM_ROOT")" c1
}

@test "the request is kept as it was given, beside what the policy has made of it, and goes with the container" {
    # with an unknown member, and in its own layout
    make_running changed '.linux.namespaces |= map(select(.type != "network")) | .unknown = [1, 2]'
    cmp "$(<changed.path)/config.json" "$SHIM_ROOT/changed/request.json"
    is "$(stat -c %a "$SHIM_ROOT/changed/request.json")" 600
    is "$(jq -c '[.linux.namespaces[].type] | index("network")' "$SHIM_ROOT/changed/request.json")" null
    jq -e '[.linux.namespaces[].type] | index("network")' "$SHIM_ROOT/changed/config.json"
    # what is the same is not written twice
    make_running same
    [ -e "$SHIM_ROOT/same/config.json" ] && [ ! -e "$SHIM_ROOT/same/request.json" ]
    policy '{"version": 1, "mode": "observe"}'
    make_running observed '.linux.namespaces |= map(select(.type != "ipc"))'
    [ ! -e "$SHIM_ROOT/observed/request.json" ]
    SHIM_POLICY=
    # no command of its life reads it
    echo broken >"$SHIM_ROOT/changed/request.json"
    succeeds exec changed true
    succeeds delete --force changed
    [ ! -e "$SHIM_ROOT/changed" ]
}
