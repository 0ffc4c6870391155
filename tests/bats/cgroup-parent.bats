# SPDX-License-Identifier: Apache-2.0
# Policy keys cgroup.parent and cgroup.reserve: the groups of all containers lie below one, whose limits are what the
# host has less the reserve.
# world: hybrid v2 vm
# world, with --full: legacy

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load cgroup

setup_file() {
    make_rootfs
    # started by the first test that asks, and in the way of none from then on
    [ ! -e /run/user/1000/bus ] || of_user busctl --user list >/dev/null
}
of_user() { runuser -u user -- env -i PATH="$PATH" XDG_RUNTIME_DIR=/run/user/1000 "$@"; }
setup() {
    requires root world
    start_test
}
teardown() {
    for id in "$SHIM_ROOT"/*; do [ ! -e "$id" ] || shim delete --force "${id##*/}"; done
    find /sys/fs/cgroup -depth -type d -path '*/test-*' -exec rmdir {} + 2>/dev/null || true
    end_test
}

at() { echo ".linux.cgroupsPath = \"$1\""; }
parent() { policy '{ "version": 1, "cgroup": { "parent": "'"$1"'"'"${2:+, \"reserve\": $2}"' } }'; }
# up ID [FILTER]...: a container that runs
up() {
    local id=$1
    shift
    rm -rf "${BATS_TEST_TMPDIR:?}/$id"
    b=$(bundle "$id" "$(sleeping)" "$@") && succeeds run -d -b "$b" "$id"
}
group() { groups_of "$(pid_of "$1")"; }
cause() { shim state "$1" >/dev/null && jq -c '[.decisions[] | select(.rule == "cgroup.parent") | [.action, .path, .before, .after]]' "$SHIM_ROOT/$1/status.json"; }

# ---- where containers are

# bats test_tags=smoke
@test "every container's group lies below the parent, which goes with the last one" {
    parent /test-p/all
    up named "$(at /a/b)"
    up default
    up relative "$(at c/d)"
    up inside "$(at /test-p/all/e)"
    up same "$(at /test-p/all)"
    is "$(group named)" /test-p/all/a/b
    is "$(group default)" /test-p/all/distro-shim/default
    is "$(group relative)" /test-p/all/c/d
    is "$(group inside)" /test-p/all/e
    is "$(group same)" /test-p/all/test-p/all
    is "$(cause named)" '[["rewrite","/linux/cgroupsPath","\"/a/b\"","\"/test-p/all/a/b\""]]'
    is "$(cause inside)" '[]'
    matches "$(cause default)" '^\[\["add","/linux/cgroupsPath",null,'
    # in each hierarchy, and nowhere else
    is "$(where /test-p/all/a/b)" "$(hierarchies)"
    is "$(where /a)$(where /c)" ''
    # its commands go by what was made
    succeeds exec named sh -c 'exit 0'
    is "$(groups_of "$(pid_of named)")" /test-p/all/a/b
    succeeds pause named
    succeeds resume named
    contains "$(shim ps named)" sleep
    for id in named default relative inside; do
        succeeds delete --force $id
        [ -n "$(where /test-p/all)" ]
    done
    is "$(where /test-p/all/a)$(where /test-p/all/distro-shim)" ''
    succeeds delete --force same
    is "$(where /test-p)" ''
}

@test "a parent that is there already stays" {
    for h in $(hierarchies); do mkdir -p "$h/test-p"; done
    parent /test-p
    up c1
    succeeds delete --force c1
    is "$(where /test-p)" "$(hierarchies)"
    is "$(where /test-p/distro-shim)" ''
}

@test "paths that lead elsewhere are refused, and none leads out" {
    parent /test-p
    for path in /test-p/../x ../x /a/../../b /test-p/a/../../..; do
        b=$(bundle "b${path//[^a-z]/_}" "$(sleeping)" "$(at $path)")
        expect_error "must not contain '..'" create -b "$b" c1
    done
    for path in / // /. ./; do
        b=$(bundle "r${#path}$RANDOM" "$(sleeping)" "$(at $path)")
        expect_error 'the root cgroup is not' create -b "$b" c1
    done
    for path in /test-p /test-p/ /./test-p/. /test-p//; do
        up c1 "$(at $path)"
        is "$(group c1)" /test-p/test-p
        succeeds delete --force c1
    done
    up c1 "$(at /test-pp/x)"
    is "$(group c1)" /test-p/test-pp/x
}

@test "groups of others below the parent are no overlap, but the parent as a container's own is" {
    up before "$(at /test-p)"
    parent /test-p
    b=$(bundle c0 "$(sleeping)")
    expect_error 'cgroup.overlap: cgroup "/test-p/distro-shim/c1" lies in the group of container "before"' create -b "$b" c1
    succeeds delete --force before
    up c1
    up c2 "$(at /distro-shim/c2)"
    b=$(bundle c3 "$(sleeping)" "$(at /test-p/distro-shim/c1)")
    expect_error 'cgroup "/test-p/distro-shim/c1" belongs to container "c1"' create -b "$b" c3
    edit_config "$b" "$(at /distro-shim)"
    expect_error 'cgroup "/test-p/distro-shim" contains the group of container "c1"' create -b "$b" c3
    edit_config "$b" "$(at /test-p/distro-shim/c2/x)"
    expect_error 'lies in the group of container "c2"' create -b "$b" c3
}

@test "explain says the same, and its own output changes nothing more" {
    parent /test-p '{ "cpu": 10 }'
    b=$(bundle c1 "$(sleeping)" "$(at /a)")
    attempt explain -b "$b" c1
    contains "$output" '"/a" -> "/test-p/a"'
    edit_config "$b" "$(at /test-p/a)"
    attempt explain -b "$b" c1
    lacks "$output" 'cgroup.parent'
}

@test "an entry of distros has another parent, or none" {
    policy '{ "version": 1, "cgroup": { "parent": "/test-p" }, "distros": [
        { "match": { "owner": "nobody" } },
        { "match": { "id": "out*" }, "trustClients": true, "cgroup": { "parent": "none" } },
        { "match": { "id": "b*" }, "trustClients": true, "cgroup": { "parent": "/test-q" } } ] }'
    up a "$(at /test-g/x)"
    up b "$(at /test-g/x)"
    up out "$(at /test-g/x)"
    is "$(group a)|$(group b)|$(group out)" '/test-p/test-g/x|/test-q/test-g/x|/test-g/x'
}

@test "observe says what it would do" {
    policy '{ "version": 1, "mode": "observe", "cgroup": { "parent": "/test-p", "reserve": { "cpu": 10 } } }'
    up c1 "$(at /test-g/x)"
    is "$(group c1)" /test-g/x
    is "$(cause c1)" '[["rewrite","/linux/cgroupsPath","\"/test-g/x\"","\"/test-p/test-g/x\""]]'
    is "$(where /test-p)" ''
}

@test "without a group of its own no container is made" {
    parent /test-p
    b=$(bundle c1 "$(sleeping)")
    expect_error 'cgroup.parent: the container cannot lie below "/test-p", because the cgroup manager is disabled; leave' --cgroup-manager disabled create -b "$b" c1
    expect_error 'because it is a path, and the systemd cgroup manager takes the name of a slice' --systemd-cgroup create -b "$b" c1
    [ ! -e "$SHIM_ROOT/c1" ]
}

@test "the name of a slice is a path without systemd" {
    parent test-p-q.slice
    up c1 "$(at /x)"
    is "$(group c1)" /test.slice/test-p.slice/test-p-q.slice/x
    succeeds delete --force c1
    is "$(where /test.slice)" ''
}

@test "what is restored lies below the parent, and has its limits" {
    requires criu
    up c1 "$(at /test-g/x)"
    is "$(group c1)" /test-g/x
    succeeds checkpoint --image-path images --work-path work c1
    parent /test-p '{ "cpu": 10 }'
    has_controller cpu || parent /test-p
    succeeds restore -d --image-path images -b "$b" c1
    is "$(group c1)" /test-p/test-g/x
    ! has_controller cpu || is "$(quota)" $(($(nproc --all) * 90 * 1000))
    succeeds delete --force c1
    is "$(where /test-p)$(where /test-g)" ''
}

@test "groups that annotations ask for lie in the container's" {
    requires v2
    parent /test-p
    up c1 "$(at /x)" '.annotations["run.oci.delegate-cgroup"] = "in/side"'
    is "$(group c1)" /test-p/x/in/side
}

# ---- what limits them together

mib() { echo $((($1 - $2) / 1048576 * 1048576)); }
host_memory() { echo $(($(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo) * 1024)); }
host_pids() { sort -n /proc/sys/kernel/pid_max /proc/sys/kernel/threads-max | head -n 1; }
# in_parent FILE...: of the first hierarchy that has one of these files
in_parent() {
    local h file
    for h in $(hierarchies); do
        for file; do [ ! -e "$h/test-p/$file" ] || { cat "$h/test-p/$file" && return; }; done
    done
}
quota() { in_parent cpu.max cpu.cfs_quota_us | cut -d ' ' -f 1; }
memory() { in_parent memory.max memory.limit_in_bytes; }
pids() { in_parent pids.max; }

# bats test_tags=smoke
@test "the parent's limits are what the host has less the reserve, written where they differ" {
    requires controller:memory controller:cpu controller:pids
    parent /test-p '{ "memory": 123456789, "cpu": 7, "pids": 100 }'
    up c1
    is "$(memory)" "$(mib "$(host_memory)" 123456789)"
    is "$(quota)" $(($(nproc --all) * 93 * 1000))
    is "$(pids)" $(($(host_pids) - 100))
    # the container has what it asks for in that
    up c2 '.linux.resources = { memory: { limit: 67108864 }, cpu: { quota: 20000, period: 100000 }, pids: { limit: 10 } }'
    # another program has changed one
    for h in $(hierarchies); do [ ! -e "$h/test-p/pids.max" ] || echo 77 >"$h/test-p/pids.max"; done
    is "$(pids)" 77
    up c3
    is "$(pids)" $(($(host_pids) - 100))
    # another reserve
    parent /test-p '{ "pids": 200, "cpu": 50 }'
    up c4
    is "$(pids)|$(quota)" "$(($(host_pids) - 200))|$(($(nproc --all) * 50 * 1000))"
    is "$(memory)" "$(mib "$(host_memory)" 123456789)"
    # what is not said writes nothing
    parent /test-p
    up c5
    is "$(quota)" $(($(nproc --all) * 50 * 1000))
}

@test "limits that are right are read and not written" {
    requires cmd:strace controller:memory controller:cpu controller:pids
    parent /test-p '{ "memory": 100000000, "cpu": 5, "pids": 100 }'
    up c1
    b=$(bundle c2 "$(sleeping)")
    strace -qq -e trace=openat -o trace "$DISTRO_SHIM" --root "$SHIM_ROOT" --policy "$SHIM_POLICY" create -b "$b" c2 </dev/null >out 2>err 3>&-
    # c2 has no limits of its own
    is "$(grep -cE '"(memory\.(max|limit_in_bytes)|cpu\.(max|cfs_quota_us|cfs_period_us)|pids\.max)", O_WRONLY' trace)" 0
    is "$(grep -cE '"pids\.max", O_RDONLY' trace)" 1
    # and without the key nothing is asked
    SHIM_POLICY=
    b=$(bundle c3 "$(sleeping)")
    strace -qq -e trace=openat -o trace "$DISTRO_SHIM" --root "$SHIM_ROOT" create -b "$b" c3 </dev/null >out 2>err 3>&-
    ! grep -E 'meminfo|pid_max|threads-max|pids\.max' trace
}

# bats test_tags=smoke
@test "all containers together have no more than that" {
    requires controller:pids
    parent /test-p "{ \"pids\": $(($(host_pids) - 12)) }"
    up c1
    up c2
    is "$(pids)" 12
    b=$(bundle c3 "$(args sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 3 & done; echo reached')")
    attempt run -b "$b" c3
    lacks "$output" reached
    contains "$output$stderr" "can't fork"
}

@test "a reserve that leaves nothing is refused, and nothing is made" {
    requires controller:memory controller:pids
    b=$(bundle c1 "$(sleeping)")
    parent /test-p '{ "memory": 9999999999999999 }'
    expect_error 'cgroup.reserve: the reserve of 9999999999999999 bytes of memory leaves nothing for containers of the [0-9]+ that the host has; make it smaller' create -b "$b" c1
    parent /test-p "{ \"memory\": $(($(host_memory) - 1000)) }"
    expect_error 'leaves nothing' create -b "$b" c1
    parent /test-p "{ \"pids\": $(host_pids) }"
    expect_error 'the reserve of [0-9]+ processes and threads leaves nothing' create -b "$b" c1
    is "$(where /test-p)" ''
}

@test "a controller that the host has not is refused with what mends it" {
    has_controller memory && skip "this layout has the controller memory"
    parent /test-p '{ "memory": 1000000 }'
    b=$(bundle c1 "$(sleeping)")
    expect_error 'cgroup.reserve: the host has no cgroup controller memory, so that what is reserved of it cannot be kept; enable it' create -b "$b" c1
}

@test "a controller that is not handed on to the parent is refused with what mends it" {
    requires v2 controller:memory
    # one that has a process hands none on
    mkdir -p /sys/fs/cgroup/test-o
    sleep 1000 3>&- &
    echo $! >/sys/fs/cgroup/test-o/cgroup.procs
    parent /test-o/p '{ "memory": 1000000 }'
    b=$(bundle c1 "$(sleeping)")
    expect_error "cgroup.reserve: the cgroup controller 'memory' is not delegated to the group '/test-o/p', so .*; add it to cgroup.subtree_control of each group above" create -b "$b" c1
    [ ! -e /sys/fs/cgroup/test-o/p ]
    # others it does, but then no process can be in a group below it
    for reserve in '{ "pids": 100 }' ''; do
        parent /test-o/p "$reserve"
        expect_error "cgroup '/sys/fs/cgroup/test-o/p/distro-shim/c1' is of type 'domain invalid', because .* has processes .*; move those" create -b "$b" c1
        [ ! -e /sys/fs/cgroup/test-o/p ]
    done
    kill $!
    wait $! || true
}

@test "a container that has more than the parent would have is told on cgroup v1" {
    requires v1 controller:cpu
    parent /test-p
    up c1 '.linux.resources.cpu = { quota: '$(($(nproc --all) * 100000))', period: 100000 }'
    parent /test-p '{ "cpu": 50 }'
    b=$(bundle c2 "$(sleeping)")
    expect_error "cgroup.reserve: write '[0-9]+' to 'cpu.cfs_quota_us' of the group '/test-p', which is less than a group in it has" create -b "$b" c2
    succeeds delete --force c1
    up c2
}

@test "of many that start at once each lies below the parent, and none is without its limits" {
    requires controller:pids
    parent /test-p '{ "pids": 100 }'
    b=$(bundle c1 "$(args sleep 0.1)")
    start() {
        local i
        for i in 1 2 3 4 5; do
            shim create -b "$b" "$1-$i" </dev/null >/dev/null 2>>"errors" 3>&- &&
                [ "$(pids)" = $(($(host_pids) - 100)) ] && shim delete --force "$1-$i" 2>>"errors" || return 1
        done
    }
    all_of start 4 a b c d
    [ ! -s errors ]
    is "$(where /test-p)" ''
}

@test "a start that fails or is killed leaves no parent, nor what lies between" {
    requires fault
    parent /test-p
    has_controller cpu && parent /test-p '{ "cpu": 10 }'
    b=$(bundle c1 "$(sleeping)" "$(at /a/b/c)")
    status=0
    shim_fault parent:go:fail create -b "$b" c1 </dev/null >failed 2>&1 3>&- || status=$?
    is "$status" 1
    is "$(where /test-p)" ''
    status=0
    shim_fault parent:go:kill create -b "$b" c1 </dev/null >failed 2>&1 3>&- || status=$?
    is "$status" 137
    succeeds delete --force c1
    is "$(where /test-p)" ''
}

# ---- with systemd

property() { systemctl show -p "$2" --value "$1"; }

# bats test_tags=smoke
@test "the parent is the slice of all scopes, and systemd knows its limits" {
    requires systemd controller:memory controller:cpu controller:pids
    [ "$DISTRO_SHIM_WORLD" = v2 ] && memory_property=MemoryMax || memory_property=MemoryLimit
    parent test-p.slice '{ "memory": 100000000, "cpu": 25, "pids": 100 }'
    b=$(bundle c1 "$(sleeping)" '.linux.cgroupsPath = "machine.slice:libpod:c1"')
    succeeds --systemd-cgroup run -d -b "$b" c1
    b2=$(bundle c2 "$(sleeping)")
    succeeds --systemd-cgroup run -d -b "$b2" c2
    b3=$(bundle c3 "$(sleeping)" '.linux.cgroupsPath = "test-p-x.slice:libpod:c3"')
    succeeds --systemd-cgroup run -d -b "$b3" c3
    contains "$(group c1)" /test.slice/test-p.slice/libpod-c1.scope
    contains "$(group c2)" /test.slice/test-p.slice/distro-shim-c2.scope
    contains "$(group c3)" /test.slice/test-p.slice/test-p-x.slice/libpod-c3.scope
    is "$(property libpod-c1.scope Slice)" test-p.slice
    cpu_of() { cat /sys/fs/cgroup/{,cpu/}test.slice/test-p.slice/cpu.{max,cfs_quota_us} 2>/dev/null | cut -d ' ' -f 1; }
    limits() {
        is "$(property test-p.slice $memory_property)|$(property test-p.slice TasksMax)|$(cpu_of)" \
            "$(mib "$(host_memory)" 100000000)|$(($(host_pids) - 100))|$(($(nproc --all) * 75 * 1000))"
    }
    limits
    [ "$DISTRO_SHIM_WORLD" != v2 ] || is "$(</sys/fs/cgroup/test.slice/test-p.slice/memory.max)" "$(mib "$(host_memory)" 100000000)"
    systemctl daemon-reload
    limits
    # without systemd's manager below the same one
    up c4 "$(at /y)"
    contains "$(group c4)" /test.slice/test-p.slice/y
    # another program has changed them
    systemctl set-property --runtime test-p.slice TasksMax=55
    b5=$(bundle c5 "$(sleeping)")
    succeeds --systemd-cgroup run -d -b "$b5" c5
    limits
    for id in c1 c2 c3 c4 c5; do succeeds delete --force $id; done
    systemctl revert test-p.slice
    systemctl stop test-p.slice test.slice
}

@test "the parent is a slice of the user's own manager" {
    requires systemd v2 file:/run/user/1000/bus
    home=/home/user/shim
    b=$(bundle c1 "$(sleeping)" '.linux.cgroupsPath = "user.slice:test:c1"
        | .linux.namespaces |= map(if .type == "network" then {type} else . end) | .mounts |= map(select(.type == "proc"))')
    mkdir -p $home && cp -a "$b" $home/
    policy='{ "version": 1, "network": { "namespace": "requested" }, "cgroup": { "parent": "test-u.slice", "reserve": { "pids": 100, "memory": 100000000 } } }'
    echo "$policy" >$home/policy.json
    chown -R user:user $home
    # as Podman does it: root of a user namespace
    as_user() { of_user unshare --user --map-root-user --mount \
        sh -c 'cd / && exec "$@"' - "$DISTRO_SHIM" --root $home/state --policy $home/policy.json --systemd-cgroup "$@" </dev/null 3>&-; }
    as_user run -d -b $home/c1 --pid-file $home/pid c1 >$home/out 2>&1 || { cat $home/out >&2 && false; }
    slice=/user.slice/user-1000.slice/user@1000.service/test.slice/test-u.slice
    is "$(cat "/proc/$(cat $home/pid)/cgroup")" "0::$slice/test-c1.scope"
    is "$(cat /sys/fs/cgroup$slice/pids.max)" $(($(host_pids) - 100))
    is "$(cat /sys/fs/cgroup$slice/memory.max)" "$(mib "$(host_memory)" 100000000)"
    as_user delete --force c1
    of_user systemctl --user revert test-u.slice
    of_user systemctl --user stop test-u.slice test.slice
    rm -rf $home
}
