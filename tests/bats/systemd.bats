# SPDX-License-Identifier: Apache-2.0
# The systemd cgroup manager (--systemd-cgroup): the unit of a container, what it says and what it leaves.
# Without systemd it says so. Run by hand:  tests/vm bats tests/bats/systemd.bats
# world: hybrid vm

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers

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
teardown() { end_test; }

systemd() { shim --systemd-cgroup "$@"; }
# What stands where depends on the layout: in $tree systemd's own cgroups, in $group below it the container's
[ "${DISTRO_SHIM_WORLD:-}" = v2 ] && tree=/sys/fs/cgroup || tree=/sys/fs/cgroup/systemd
group_of() { sed -n 's/^[0-9]*:name=systemd://p;s/^0:://p' "/proc/$1/cgroup" | head -n 1; }
value_in() { # GROUP memory|pids|cpu|weight
    local directory=/sys/fs/cgroup
    case $DISTRO_SHIM_WORLD:$2 in
    v2:memory) cat "$directory$1/memory.max" ;;
    v2:pids) cat "$directory$1/pids.max" ;;
    v2:cpu) cat "$directory$1/cpu.max" ;;
    *:memory) cat "$directory/memory$1/memory.limit_in_bytes" ;;
    *:pids) cat "$directory/pids$1/pids.max" ;;
    *:cpu) cat "$directory/cpu$1/cpu.cfs_quota_us" "$directory/cpu$1/cpu.cfs_period_us" | paste -sd ' ' ;;
    esac
}
[ "${DISTRO_SHIM_WORLD:-}" = v2 ] && memory_property=MemoryMax || memory_property=MemoryLimit
property() { systemctl show -p "$2" --value "$1"; }
sleeping() { args sleep 1000; }
# A detached container c1 whose unit is in $unit, with the bundle's filters
alive() { # CGROUPS-PATH FILTER...
    local path=$1
    shift
    made=$((made + 1)) id=c$made
    b=$(bundle "$id" "$(sleeping)" ".linux.cgroupsPath = \"$path\"" "$@") || return 1
    succeeds --systemd-cgroup run -d -b "$b" --pid-file pid "$id"
    pid=$(<pid)
    group=$(group_of "$pid")
    unit=${group##*/}
}
made=0

@test "without systemd it is an error that says so, and nothing is left" {
    [ ! -d /run/systemd/system ] || skip "systemd runs here"
    b=$(bundle c1 "$(sleeping)" '.linux.cgroupsPath = "system.slice:test:c1"')
    expect_error 'systemd does not run here' --systemd-cgroup create -b "$b" c1
    expect_error 'systemd does not run here' --cgroup-manager systemd create -b "$b" c1
    [ ! -e "$SHIM_ROOT/c1" ]
}

# bats test_tags=smoke
@test "a transient scope in the slice, delegated, with the container's first process and no other" {
    requires systemd
    is "$(shim features | jq -c '[.linux.cgroup.systemd, .linux.cgroup.systemdUser]')" '[true,true]'
    alive system.slice:test:c1 '.linux.resources.pids.limit = 50 | .linux.resources.memory.limit = 67108864'
    is "$group" /system.slice/test-c1.scope
    is "$(property "$unit" ActiveState)" active
    is "$(property "$unit" Delegate)" yes
    is "$(property "$unit" Slice)" system.slice
    is "$(property "$unit" DefaultDependencies)" no
    is "$(property "$unit" TasksMax)" 50
    is "$(property "$unit" $memory_property)" 67108864
    is "$(value_in "$group" pids)" 50
    is "$(value_in "$group" memory)" 67108864
    is "$(<"$tree$group/cgroup.procs")" "$pid"
    is "$(state_of "$id")" running
    # exec is born in it; pause, kill and the rest go by the files
    succeeds exec "$id" sh -c 'cat /proc/self/cgroup'
    matches "$output" '(^0::|:name=systemd:)/($|
)'
    succeeds pause "$id"
    is "$(state_of "$id")" paused
    succeeds resume "$id"
    succeeds kill "$id" KILL
    wait_until eval '[ "$(state_of '"$id"')" = stopped ]'
    succeeds delete "$id"
    is "$(property "$unit" LoadState)" not-found
    [ ! -e "$tree$group" ]
}

@test "what cannot be reached is named" {
    [ ! -d /run/systemd/system ] || skip "systemd runs here"
    mkdir -p /run/systemd/system
    b=$(bundle c1 "$(sleeping)" '.linux.cgroupsPath = "system.slice:test:c1"')
    expect_error 'connect to systemd at|needs libsystemd' --systemd-cgroup create -b "$b" c1
    rmdir /run/systemd/system /run/systemd
    [ ! -e "$SHIM_ROOT/c1" ]
}

@test "slices: the default one, nested ones; characters that a unit's name cannot have" {
    requires systemd
    alive ''
    is "$group" "/system.slice/distro-shim-$id.scope"
    alive a-b.slice:p:c+d
    is "$group" '/a.slice/a-b.slice/p-c\x2bd.scope'
    is "$(property "$unit" Slice)" a-b.slice
    succeeds delete --force "$id"
    # what systemd has made for it goes when it is empty
    systemctl stop a.slice
}

@test "annotations are properties, and what systemd does not know is left out with a word" {
    requires systemd
    b=$(bundle c1 "$(sleeping)" '.linux.cgroupsPath = "system.slice:test:c1"' '.annotations = {
        "org.systemd.property.TimeoutStopSec": "7.5", "org.systemd.property.KillSignal": "15",
        "org.systemd.property.NoSuchThing": "uint64 1", "org.systemd.property.Documentation": "[\"man:true(1)\"]"}')
    attempt --log-level warning --systemd-cgroup run -d -b "$b" c1
    is "$status" 0
    contains "$stderr" "does not know the property 'NoSuchThing'"
    is "$(property test-c1.scope TimeoutStopUSec)" 7.500000s
    contains "$(property test-c1.scope Documentation)" "man:true(1)"
}

# bats test_tags=smoke
@test "limits outlast a reload of systemd, also those of an update" {
    requires systemd
    alive system.slice:test:c1 '.linux.resources.memory.limit = 67108864 | .linux.resources.cpu = {quota: 33333, period: 100000, shares: 512}
        | .linux.resources.pids.limit = 0'
    limits() { value_in "$group" memory && value_in "$group" cpu; }
    is "$(limits)" "67108864
33333 100000"
    matches "$(value_in "$group" pids)" '^[01]$' # systemd knows no limit below 1
    systemctl daemon-reload
    is "$(value_in "$group" memory)" 67108864
    succeeds update --memory 33554432 --pids-limit 7 "$id"
    is "$(property "$unit" $memory_property)" 33554432
    is "$(property "$unit" TasksMax)" 7
    systemctl daemon-reload
    is "$(value_in "$group" memory)" 33554432
    is "$(value_in "$group" pids)" 7
}

# What the container's block I/O is limited to
rates() {
    case $DISTRO_SHIM_WORLD in
    v2) cat "/sys/fs/cgroup$group/io.max" ;;
    *) cat "/sys/fs/cgroup/blkio$group"/blkio.throttle.{read,write}_bps_device ;;
    esac
}
may_open() { # MAJOR MINOR: of a character device, for reading and writing; where nodes mean something
    attempt exec "$id" sh -c "mknod /dev/node c $1 $2 && (: <>/dev/node) 2>/dev/null; code=\$?; rm /dev/node; exit \$code"
    [ "$status" = 0 ]
}

@test "block I/O and devices outlast a reload and a re-execution of systemd, those of an update too" {
    requires systemd file:/sys/block/vda/dev file:/dev/fuse
    numbers=$(</sys/block/vda/dev)
    device="major: ${numbers%:*}, minor: ${numbers#*:}"
    alive system.slice:test:io ".linux.resources = {
        devices: [{allow: false, access: \"rwm\"}, {allow: true, type: \"c\", major: 10, minor: 229, access: \"rw\"}],
        blockIO: {throttleReadBpsDevice: [{$device, rate: 1048576}], throttleWriteBpsDevice: [{$device, rate: 2097152}]}}"
    as_made() {
        case $DISTRO_SHIM_WORLD in
        v2) is "$(rates)" "$numbers rbps=$1 wbps=2097152 riops=max wiops=max" ;;
        *) is "$(rates)" "$numbers $1
$numbers 2097152" ;;
        esac
        may_open 10 229 && ! may_open 10 237 && may_open 1 3
    }
    as_made 1048576
    is "$(property "$unit" DevicePolicy)" strict
    contains "$(property "$unit" DeviceAllow)" "/dev/char/10:229 rw"
    systemctl daemon-reload
    as_made 1048576
    jq -n "{blockIO: {throttleReadBpsDevice: [{$device, rate: 4194304}]}}" >update.json
    succeeds update -r update.json "$id"
    as_made 4194304
    [ "$DISTRO_SHIM_WORLD" != v2 ] || is "$(property "$unit" IOReadBandwidthMax)" "/dev/vda 4194304"
    systemctl daemon-reexec
    wait_until systemctl is-active "$unit"
    as_made 4194304
}

@test "a weight of block I/O is systemd's, and outlasts a reload" {
    requires systemd v2 controller:io
    alive system.slice:test:weight
    jq -n '{blockIO: {weight: 500}}' >update.json
    attempt update -r update.json "$id"
    case $stderr in *io*weight*) skip "this kernel has no weights for block I/O: $stderr" ;; esac
    is "$status" 0
    is "$(property "$unit" IOWeight)" 4950
    systemctl daemon-reload
    is "$(cat "/sys/fs/cgroup$group"/io{.bfq,}.weight 2>/dev/null | grep -c 'default \(500\|540\|4950\)')" \
        "$(ls "/sys/fs/cgroup$group"/io{.bfq,}.weight 2>/dev/null | wc -l)"
}

# ---- cgroups inside of the unit's

@test "run.oci.systemd.subgroup: the container is in a cgroup of that name, limits are there and on the unit" {
    requires systemd
    alive system.slice:test:sub '.annotations = {"run.oci.systemd.subgroup": "payload"} | .linux.resources.pids.limit = 9'
    is "$group" /system.slice/test-sub.scope/payload
    unit=test-sub.scope
    is "$(property $unit TasksMax)" 9
    is "$(value_in "$group" pids)" 9
    is "$(value_in "${group%/*}" pids)" 9
    is "$(<"$tree${group%/*}/cgroup.procs")" ''
    succeeds exec "$id" cat /proc/self/cgroup
    lacks "$output" payload
    succeeds update --pids-limit 7 "$id"
    systemctl daemon-reload
    is "$(value_in "$group" pids) $(value_in "${group%/*}" pids)" "7 7"
    succeeds pause "$id"
    is "$(state_of "$id")" paused
    succeeds delete --force "$id"
    is "$(property $unit LoadState)" not-found
    [ ! -e "$tree${group%/*}" ]
    # no name: none; and no way out
    alive system.slice:test:sub '.annotations = {"run.oci.systemd.subgroup": ""}'
    is "$group" /system.slice/test-sub.scope
    for name in .. a/b /a; do
        b=$(bundle "bad${name//[^a-z]/_}" "$(sleeping)" '.linux.cgroupsPath = "system.slice:test:bad"' \
            ".annotations = {\"run.oci.systemd.subgroup\": \"$name\"}")
        expect_error 'run.oci.systemd.subgroup: not the name of one cgroup' --systemd-cgroup create -b "$b" bad
    done
}

@test "run.oci.delegate-cgroup: the container's processes are inside, the limits stay above" {
    requires systemd v2
    alive system.slice:test:own '.annotations = {"run.oci.systemd.subgroup": "payload", "run.oci.delegate-cgroup": "mine"}
        | .linux.resources.pids.limit = 9 | .linux.namespaces += [{type: "user"}]
        | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}] | .linux.gidMappings = .linux.uidMappings
        | .mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["rw"]}]'
    is "$group" /system.slice/test-own.scope/payload/mine
    is "$(<"/sys/fs/cgroup${group%/*}/pids.max") $(<"/sys/fs/cgroup$group/pids.max")" "9 max"
    # as if it were root: a cgroup of its own, with controllers
    succeeds exec "$id" sh -c 'cd /sys/fs/cgroup/mine && mkdir leaf other && while read pid; do
        echo $pid >leaf/cgroup.procs || exit 1; done <cgroup.procs; echo +pids >cgroup.subtree_control && echo 3 >other/pids.max && cat other/pids.max
        (echo 99 >pids.max) 2>/dev/null || echo kept'
    is "$output" "3
kept"
    # more than that does not hinder
    succeeds exec "$id" true
    succeeds delete --force "$id"
    [ ! -e /sys/fs/cgroup/system.slice/test-own.scope ]
}

@test "a failed unit of the name does not hinder; a living one stays as it is" {
    requires systemd
    systemd-run --quiet --scope --unit=test-f -p RuntimeMaxSec=1 sleep 1000 </dev/null >/dev/null 2>&1 3>&- || true
    wait_until systemctl is-failed test-f.scope
    alive system.slice:test:f
    is "$(property "$unit" ActiveState)" active
    # another container that wants the same unit
    b=$(bundle other "$(sleeping)" '.linux.cgroupsPath = "system.slice:test:f"')
    expect_error 'cgroup.overlap.*test-f.scope" belongs to container' --systemd-cgroup create -b "$b" other
    policy '{ "version": 1, "cgroup": { "overlap": "open" } }'
    expect_error 'test-f.scope.*already' --systemd-cgroup create -b "$b" other
    is "$(property "$unit" ActiveState)" active
    is "$(state_of "$id")" running
    # the same container again, whose record was lost: its unit has the same description
    mv "$SHIM_ROOT/$id" lost
    expect_error 'test-f.scope.*already' --systemd-cgroup create -b "$id" "$id"
    is "$(property "$unit" ActiveState)" active
    rm -rf "${SHIM_ROOT:?}/$id"
    mv lost "$SHIM_ROOT/$id"
    is "$(state_of "$id")" running
}

@test "a creator that is killed at any step leaves what delete --force removes" {
    requires systemd fault
    b=$(bundle c1 "$(sleeping)" '.linux.cgroupsPath = "system.slice:test:c1"')
    for step in systemd-scope record-init go ready record-created; do
        status=0
        shim_fault "parent:$step:kill" --systemd-cgroup create -b "$b" c1 </dev/null >/dev/null 2>&1 || status=$?
        [ "$status" != 0 ]
        succeeds delete --force c1
        wait_until eval '[ "$(property test-c1.scope LoadState)" = not-found ]'
        [ ! -e $tree/system.slice/test-c1.scope ]
    done
    # and one that fails takes everything back itself
    for step in systemd-scope record-init ready; do
        status=0
        shim_fault "parent:$step:fail" --systemd-cgroup create -b "$b" c1 </dev/null >/dev/null 2>&1 || status=$?
        is "$status" 1
        [ ! -e "$SHIM_ROOT/c1" ]
        is "$(property test-c1.scope LoadState)" not-found
    done
}

@test "a stopped container is deleted, and a unit of that name of another program stays" {
    requires systemd
    alive system.slice:test:c1
    succeeds kill "$id" KILL
    wait_until eval '[ "$(property test-c1.scope LoadState)" = not-found ]'
    systemd-run --quiet --scope --unit=test-c1 sleep 1000 </dev/null >/dev/null 2>&1 3>&- &
    wait_until systemctl is-active test-c1.scope
    succeeds delete --force "$id"
    is "$(property test-c1.scope ActiveState)" active
    systemctl stop test-c1.scope
}

@test "podman with its systemd manager" {
    requires systemd cmd:podman
    [ "$(shim features | jq .linux.apparmor.enabled)" = true ] || skip "Podman asks for an AppArmor profile here"
    mkdir -p root && cp -a "$BATS_FILE_TMPDIR/rootfs/." root/
    with=(podman --runtime "$DISTRO_SHIM" --cgroup-manager systemd)
    run timeout 200 "${with[@]}" run -d --name n1 --pidfile "$PWD/pid" --network none --memory 64m \
        --security-opt apparmor=unconfined --rootfs "$PWD/root" sleep 1000 </dev/null 3>&-
    echo "$output"
    is "$status" 0
    group=$(group_of "$(<pid)")
    matches "$group" '^/machine.slice/libpod-[0-9a-f]*\.scope$'
    is "$(value_in "$group" memory)" 67108864
    timeout 100 "${with[@]}" rm -f -t 0 n1 </dev/null 3>&-
    is "$(property "${group##*/}" LoadState)" not-found
    # what Podman and systemd keep
    # conmon has started another one, which cleans up and mounts it once more
    wait_until eval '! pgrep -x "podman|conmon"'
    umount /var/lib/containers/storage/overlay || true
    systemctl stop machine.slice
}

@test "a user's own manager makes it, with no more of an environment than Podman gives" {
    # of version 1 nothing is a user's
    requires systemd v2 file:/run/user/1000/bus
    home=/home/user/shim
    mkdir -p $home && b=$(bundle c1 "$(sleeping)" '.linux.cgroupsPath = ":test:c1"' '.linux.resources.pids.limit = 9
        | .linux.namespaces |= map(select(.type != "network")) | .mounts |= map(select(.type == "proc"))')
    cp -a "$b" $home/ && echo '{"version": 1, "mode": "observe"}' >$home/policy.json
    chown -R user:user $home
    # as Podman does it: root of a user namespace
    as_user() { of_user unshare --user --map-root-user --mount \
        sh -c 'cd / && exec "$@"' - "$DISTRO_SHIM" --root $home/state --policy $home/policy.json --systemd-cgroup "$@" </dev/null; }
    as_user run -d -b $home/c1 --pid-file $home/pid c1 >$home/out 2>&1 || { cat $home/out >&2; false; }
    matches "$(cat "/proc/$(cat $home/pid)/cgroup")" '^0::/user.slice/user-1000.slice/user@1000.service/user.slice/test-c1.scope$'
    is "$(cat "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/user.slice/test-c1.scope/pids.max")" 9
    as_user delete --force c1
    [ ! -e /sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/user.slice/test-c1.scope ]
    rm -rf $home
    # made for it, and empty
    of_user systemctl --user stop user.slice
}
