#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Namespaces as the specification has them: new ones, those of others by path, none; with user namespaces and
# time offsets. Mostly under "observe", where the policy leaves every request as it is.
# world: hybrid vm
# world, with --full: legacy v2

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
    make_canary
    policy '{"version": 1, "mode": "observe"}'
    helpers=()
    # a network that the policy has nothing to do with
    ip netns add other
}
teardown() {
    [ ${#helpers[@]} -eq 0 ] || { kill -KILL "${helpers[@]}" && wait "${helpers[@]}"; } 2>/dev/null || true
    [ ! -e /run/netns/other ] || ip netns del other
    end_test
}

# namespaces JSON...: a filter that leaves these entries only
namespaces() { jq -nr '".linux.namespaces = [" + ($ARGS.positional | map("{type: \"" + (split("=")[0]) + "\"" + (if contains("=") then ", path: \"" + (split("=")[1]) + "\"" else "" end) + "}") | join(",")) + "]"' --args "$@"; }
file_of() { # TYPE: its name below /proc/PID/ns
    case $1 in
    mount) echo mnt ;;
    network) echo net ;;
    *) echo "$1" ;;
    esac
}
own() { readlink "/proc/self/ns/$(file_of "$1")"; }
init_of() { shim state "$1" | jq .pid; }

# A process with new namespaces of these types; its pid in $holder.
hold() { # UNSHARE-ARGUMENT...
    unshare "$@" --fork --kill-child=KILL sleep 1000 3>&- </dev/null >/dev/null 2>&1 &
    helpers+=("$!")
    wait_until has_child $!
    holder=$(cat /proc/$!/task/$!/children)
    holder=${holder% }
    wait_until grep -q sleep "/proc/$holder/comm"
}
has_child() { [ -n "$(cat "/proc/$1/task/$1/children")" ]; }

# The types in the order of the answers to SHOW.
TYPES=(pid mount network ipc uts cgroup)
SHOW='for n in pid mnt net ipc uts cgroup; do readlink /proc/self/ns/$n; done'

@test "each type of namespace can be new, by path, or left out" {
    local b type i plain
    hold --pid --mount --net --ipc --uts --cgroup
    b=$(bundle each "$(args sh -c "$SHOW")" 'del(.hostname)')
    cp "$b/config.json" "$b/plain.json"
    # all new
    jq "$(namespaces pid mount network ipc uts cgroup)" "$b/plain.json" >"$b/config.json"
    run_container "$b"
    is "$status ${#lines[@]}" "0 6"
    for i in {0..5}; do
        [ "${lines[i]}" != "$(own "${TYPES[i]}")" ]
        [ "${lines[i]}" != "$(readlink "/proc/$holder/ns/$(file_of "${TYPES[i]}")")" ]
    done
    # one by path, the others new
    for i in {0..5}; do
        type=${TYPES[i]}
        [ $type != mount ] || continue
        plain=$(printf '%s\n' "${TYPES[@]}" | grep -vx $type)
        # shellcheck disable=SC2086
        jq "$(namespaces $plain "$type=/proc/$holder/ns/$(file_of $type)")" "$b/plain.json" >"$b/config.json"
        run_container "$b"
        is "$type $status ${lines[i]}" "$type 0 $(readlink "/proc/$holder/ns/$(file_of $type)")"
    done
    # one left out: the runtime's own
    for i in {0..5}; do
        type=${TYPES[i]}
        [ $type != mount ] || continue
        # the runtime's own process tree has a /proc of its own
        # shellcheck disable=SC2046
        jq "$(namespaces $(printf '%s\n' "${TYPES[@]}" | grep -vx $type)) | if \"$type\" == \"network\" then .mounts |= map(select(.type != \"sysfs\" and .type != \"cgroup\")) else . end" "$b/plain.json" >"$b/config.json"
        run_container "$b"
        is "$type $status ${lines[i]}" "$type 0 $(own $type)"
    done
    # what would be mounted on the host is not
    jq "$(namespaces pid)" "$b/plain.json" >"$b/config.json"
    expect_error "needs a mount namespace|without a mount namespace" run -b "$b" x
    jq "$(namespaces pid "mount=/proc/$holder/ns/mnt")" "$b/plain.json" >"$b/config.json"
    expect_error "namespaces\[1\].path: .*mount namespace" run -b "$b" x
}

@test "a path of another type, or to nothing: refused by name, at once" {
    local b type other path
    hold --pid --mount --net --ipc --uts --cgroup
    b=$(bundle wrong "$(args true)" 'del(.hostname)')
    cp "$b/config.json" "$b/plain.json"
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    touch "$BATS_TEST_TMPDIR/regular"
    for type in pid network ipc uts cgroup user time; do
        other=("/proc/$holder/ns/ipc" /missing)
        [ $type != ipc ] || other=("/proc/$holder/ns/uts")
        [ $type != network ] || other+=("$BATS_TEST_TMPDIR/fifo" "$BATS_TEST_TMPDIR/regular" /dev/null "$BATS_TEST_TMPDIR")
        for path in "${other[@]}"; do
            jq "$(namespaces mount "$type=$path")" "$b/plain.json" >"$b/config.json"
            expect_error "namespaces\[1\].path: $path: " run -b "$b" x
        done
    done
}

@test "host and domain name are the container's" {
    local b before
    before=$(hostname)
    b=$(bundle names '.hostname = "inside" | .domainname = "example.org"' "$(args sh -c 'hostname; cat /proc/sys/kernel/domainname')")
    run_container "$b"
    is "$status $output" $'0 inside\nexample.org'
    is "$(hostname)" "$before"
    edit_config "$b" '.linux.namespaces |= map(select(.type != "uts"))'
    expect_error "uts namespace" run -b "$b" x
}

@test "in another's PID namespace: seen there, and ended whole" {
    local b pid
    hold --pid --mount --mount-proc
    # no PID namespace of its own that would take its children along
    b=$(bundle guest "$(namespaces mount network ipc uts cgroup "pid=/proc/$holder/ns/pid")" \
        "$(args sh -c 'sleep 1001 & sleep 1002 & echo ready; wait')" 'del(.hostname)')
    shim_in 10 run -d -b "$b" guest </dev/null >out
    wait_until grep -q ready out
    pid=$(init_of guest)
    [ "/proc/$pid/ns/pid" -ef "/proc/$holder/ns/pid" ]
    is "$(nsenter -t "$holder" -p -m ps -o args | grep -c '^sleep 100[12]')" 2
    shim_in 10 kill guest KILL
    shim_in 15 delete --force guest
    # the holder lives, the guest's children do not
    kill -0 "$holder"
    is "$(nsenter -t "$holder" -p -m ps -o args | grep -c '^sleep 100[12]')" 0
}

@test "the cgroup namespace shows the container's own group as the root" {
    local b
    b=$(bundle groups "$(args sh -c 'cut -d : -f 3 /proc/self/cgroup | sort -u')" 'del(.hostname)')
    run_container "$b"
    is "$status $output" "0 /"
    edit_config "$b" "$(namespaces pid mount network ipc uts)"
    run_container "$b"
    contains "$output" "/distro-shim/groups"
}

entries() { find "$1" -mindepth 1 -maxdepth 1 -printf '%f\n' | LC_ALL=C sort | xargs; }

@test "without a mount namespace: a root directory of its own, and the host's mounts are as they were" {
    local b
    policy '{"version": 1, "mode": "observe"}'
    b=$(bundle bare '.linux.namespaces |= map(select(.type != "mount" and .type != "network")) | .mounts = [] | .root.readonly = false |
        del(.linux.maskedPaths, .linux.readonlyPaths, .linux.rootfsPropagation)' \
        "$(args sh -c 'pwd; ls / | xargs; test -c /dev/null && readlink /dev/fd; echo $$; exec sleep 1000')" '.process.cwd = "/made/cwd"' \
        ".hooks.createContainer = [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"pwd >$BATS_TEST_TMPDIR/hook\"]}]")
    cat /proc/self/mountinfo >before
    shim_in 10 run -d -b "$b" bare </dev/null >out 2>&1
    wait_until grep -qx 1 out
    diff - out <<END
/made/cwd
$(entries "$b/rootfs")
/proc/self/fd
1
END
    [ "/proc/$(init_of bare)/ns/mnt" -ef /proc/self/ns/mnt ]
    is "$(readlink "/proc/$(init_of bare)/root")" "$b/rootfs"
    # and what is executed later
    is "$(shim exec --cwd / bare sh -c 'ls / | xargs; stat -c "%i %n" / /..')" "$(entries "$b/rootfs")
$(stat -c '%i /' "$b/rootfs")
$(stat -c '%i /..' "$b/rootfs")"
    echo '[{"destination": "/x", "type": "tmpfs"}]' >mounts.json
    expect_error 'has no mount namespace' mounts add bare mounts.json
    succeeds delete --force bare
    cmp before /proc/self/mountinfo
    # nothing is mounted for it on the host
    while IFS='|' read -r filter what; do
        jq "$filter" "$b/config.json" >"$b/other.json"
        expect_error "$what.*(a mount namespace|needs --console)" create --config other.json -b "$b" bare
    done <<'END'
.mounts = [{destination: "/x", type: "tmpfs"}]|mounts\[0\]
.mounts = [{destination: "/", options: ["remount", "ro"]}]|mounts\[0\]
.root.readonly = true|root.readonly
.linux.rootfsPropagation = "rshared"|rootfsPropagation
.linux.maskedPaths = ["/etc"]|maskedPaths
.linux.readonlyPaths = ["/etc"]|readonlyPaths
.process.terminal = true|terminal
.linux.namespaces += [{type: "user"}]|user namespace
END
    cmp before /proc/self/mountinfo
}

@test "a mount namespace by path gets the mounts, and the host's are as they were" {
    local b theirs
    policy '{"version": 1, "mode": "observe"}'
    mkdir here source && touch source/file
    unshare -m --propagation private sleep 1000 3>&- &
    theirs=$!
    wait_until sh -c "! [ /proc/$theirs/ns/mnt -ef /proc/self/ns/mnt ]"
    mounts_in() { awk -v below="$BATS_TEST_TMPDIR/here" 'index($5, below) == 1 { print substr($5, length(below) + 1), $6 }' "/proc/$1/mountinfo" | LC_ALL=C sort; }
    b=$(bundle joined '.root.readonly = false | del(.linux.maskedPaths, .linux.readonlyPaths, .linux.rootfsPropagation, .linux.resources)' \
        ".linux.namespaces = [{type: \"mount\", path: \"/proc/$theirs/ns/mnt\"}, {type: \"pid\"}]" 'del(.hostname)' '.process.cwd = "/"' \
        "$(args /bin/sh -c "ls $PWD/here/vol; touch $PWD/here/vol/x 2>/dev/null || echo read-only")" \
        ".mounts = [{destination: \"$PWD/here\", type: \"tmpfs\", options: [\"nosuid\"]}, {destination: \"$PWD/here/vol\", type: \"bind\", source: \"$PWD/source\", options: [\"bind\", \"ro\"]}]")
    cat /proc/self/mountinfo >before
    # the last one fails: none of them is left
    jq ".mounts += [{destination: \"$PWD/here/other\", type: \"tmpfs\", options: [\"size=wrong\"]}]" "$b/config.json" >"$b/fails.json"
    expect_error 'mounts\[2\]: .*size' run --config fails.json -b "$b" joined
    is "$(mounts_in "$theirs")" ""
    # nor where something fails later, when the container has no power any more and no descriptors
    while read -r filter; do
        jq "(.mounts += [{destination: \"$PWD/here/groups\", type: \"cgroup\"}]) | $filter" "$b/config.json" >"$b/fails.json"
        expect_error 'no such file' run --config fails.json -b "$b" joined
        is "$filter $(mounts_in "$theirs")" "$filter "
    done <<'END'
.process.args = ["/is/not/there"]
.hooks.createContainer = [{path: "/is/not/there"}]
END
    is "$(shim_in 10 run -b "$b" joined </dev/null)" $'file\nread-only'
    is "$(mounts_in "$theirs")" $' rw,nosuid,relatime\n/vol ro,relatime'
    cmp before /proc/self/mountinfo
    kill "$theirs"
    # what would come to the host is not mounted
    mount --make-shared /tmp
    cat /proc/self/mountinfo >before
    unshare -m --propagation unchanged sleep 1000 3>&- &
    theirs=$!
    wait_until sh -c "! [ /proc/$theirs/ns/mnt -ef /proc/self/ns/mnt ]"
    edit_config "$b" ".linux.namespaces[0].path = \"/proc/$theirs/ns/mnt\""
    expect_error "here' of the joined mount namespace is shared with others" run -b "$b" joined
    is "$(mounts_in "$theirs")" ""
    cmp before /proc/self/mountinfo
    kill "$theirs"
    mount --make-private /tmp
}

# ---- user namespaces

MAPPINGS='.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = [{containerID: 0, hostID: 200000, size: 65536}]'

# bats test_tags=smoke
@test "a user namespace: ids are mapped, the shared links are seen, devices are there" {
    requires userns
    local b pid
    policy '{"version": 1}'
    b=$(bundle user '.linux.namespaces += [{type: "user"}]' "$MAPPINGS" \
        "$(args sh -c 'id -u; id -g; echo $(ls /sys/class/net); stat -c "%t:%T %F" /dev/null; echo x >/dev/null; head -c 1 /dev/zero | wc -c
            mknod /tmp/n c 1 3 || echo no node; touch /made; mount -t tmpfs t /mnt 2>/dev/null || echo no mount; awk "{ print \$1, \$2, \$3 }" /proc/self/uid_map /proc/self/gid_map; sleep 1000')")
    chown -R -h 100000:200000 "$b/rootfs"
    shim_in 10 run -d -b "$b" user </dev/null >out 2>/dev/null
    wait_until grep -q 200000 out
    diff - out <<'END'
0
0
dsn lo
1:3 character special file
1
no node
no mount
0 100000 65536
0 200000 65536
END
    pid=$(init_of user)
    is "$(awk '/^Uid/ { print $2, $3, $4, $5 }' "/proc/$pid/status")" "100000 100000 100000 100000"
    is "$(awk '/^Gid/ { print $2, $3, $4, $5 }' "/proc/$pid/status")" "200000 200000 200000 200000"
    is "$(stat -c %u:%g "$b/rootfs/made")" 100000:200000
    [ "/proc/$pid/ns/net" -ef /run/netns/distros ]
    [ ! "/proc/$pid/ns/user" -ef /proc/self/ns/user ]
    # it has no power over anybody's network
    is "$(nsenter -t "$pid" -U -n --preserve-credentials ip link set lo down 2>&1 | grep -c 'not permitted')" 1
    shim_in 15 delete --force user
    # another user in it
    edit_config "$b" "$(args sh -c 'id -u; id -G; cat')"
    edit_config "$b" '.process.user = {uid: 1000, gid: 1000, additionalGids: [5]}'
    is "$(echo through | shim_in 10 run -b "$b" user)" $'1000\n1000 5\nthrough'
    # ids that are not mapped are refused
    edit_config "$b" '.process.user = {uid: 70000, gid: 0}'
    expect_error "70000|uid|user" run -b "$b" user
}

@test "a user namespace without mappings: its root is the caller, and other users do not exist" {
    requires userns
    policy '{"version": 1}'
    answers $'0\n0 0 1\n0 0 1' 'id -u; awk "{ print \$1, \$2, \$3 }" /proc/self/uid_map /proc/self/gid_map' '.linux.namespaces += [{type: "user"}]'
    # one kind alone is a mistake
    edit_config "$b" '.linux.uidMappings = [{containerID: 0, hostID: 1000, size: 1}]'
    expect_error 'uidMappings and gidMappings must be given together' create -b "$b" c1
    edit_config "$b" 'del(.linux.uidMappings) | .process.user.uid = 1000'
    expect_error 'process.user.uid: 1000 is not in linux.uidMappings' create -b "$b" c1
}

@test "a user namespace by path: the second container joins that of the first" {
    requires userns
    local first b pid mode
    first=$(bundle first '.linux.namespaces += [{type: "user"}]' "$MAPPINGS" "$(args sleep 1000)")
    chown -R -h 100000:200000 "$first/rootfs"
    for mode in enforce observe; do
        policy "{\"version\": 1, \"mode\": \"$mode\"}"
        shim_in 10 run -d -b "$first" first </dev/null
        pid=$(init_of first)
        b=$(bundle "second-$mode" ".linux.namespaces += [{type: \"user\", path: \"/proc/$pid/ns/user\"}]" \
            "$(args sh -c 'readlink /proc/self/ns/user; id -u; awk "{ print \$2 }" /proc/self/uid_map; echo $(ls /sys/class/net); stat -c %t:%T /dev/null; echo /proc/[0-9]*; cut -d : -f 3 /proc/self/cgroup | sort -u')")
        chown -R -h 100000:200000 "$b/rootfs"
        run_container "$b"
        echo "$mode: $output"
        is "$status $output" "0 $(readlink "/proc/$pid/ns/user")
0
100000
dsn lo
1:3
/proc/1
/"
        # the first one is not its parent, nor the other way round
        is "$(state_of first)" running
        shim_in 15 delete --force first
    done
}

# ---- time

@test "a time namespace has its offsets" {
    [ -e /proc/self/ns/time ] || skip "this kernel has no time namespaces"
    local b before after
    policy '{"version": 1}'
    b=$(bundle time '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {"boottime": {"secs": 1000000}, "monotonic": {"secs": 500, "nanosecs": 7}}' \
        "$(args sh -c 'cut -d . -f 1 /proc/uptime; awk "{ print \$1, \$2, \$3 }" /proc/self/timens_offsets; readlink /proc/self/ns/time')")
    before=$(cut -d . -f 1 /proc/uptime)
    run_container "$b"
    after=$(cut -d . -f 1 /proc/uptime)
    is "$status" 0
    [ "${lines[0]}" -ge $((before + 1000000)) ]
    [ "${lines[0]}" -le $((after + 1000000)) ]
    is "${lines[1]}" "monotonic 500 7"
    is "${lines[2]}" "boottime 1000000 0"
    [ "${lines[3]}" != "$(own time)" ]
    # by path
    unshare --time --boottime 4711 --fork sleep 1000 3>&- </dev/null >/dev/null 2>&1 &
    helpers+=("$!")
    wait_until has_child $!
    local child
    child=$(cat /proc/$!/task/$!/children)
    edit_config "$b" ".linux.namespaces |= map(if .type == \"time\" then .path = \"/proc/${child% }/ns/time\" else . end) | del(.linux.timeOffsets)"
    run_container "$b"
    is "$status ${lines[3]}" "0 $(readlink "/proc/${child% }/ns/time")"
    is "${lines[2]}" "boottime 4711 0"
    kill -KILL "${child% }"
    # offsets without a new one belong to no namespace
    edit_config "$b" '.linux.namespaces |= map(select(.type != "time")) | .linux.timeOffsets = {"boottime": {"secs": 1}}'
    expect_error "timeOffsets" run -b "$b" x
}
