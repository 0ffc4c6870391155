# SPDX-License-Identifier: Apache-2.0
# The systemd cgroup manager (--systemd-cgroup): the unit of a container, what it says and what it leaves.
# Without systemd it says so. Run by hand:  tests/vm bats tests/bats/systemd.bats
# world: hybrid vm

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() { end_test; }

systemd() { shim --systemd-cgroup "$@"; }
property() { systemctl show -p "$2" --value "$1"; }
sleeping() { args sleep 1000; }
# A detached container c1 whose unit is in $unit, with the bundle's filters
alive() { # CGROUPS-PATH FILTER...
    local path=$1
    shift
    b=$(bundle "c$((++made))" "$(sleeping)" ".linux.cgroupsPath = \"$path\"" "$@") || return 1
    id=c$made
    succeeds --systemd-cgroup run -d -b "$b" --pid-file pid "$id"
    pid=$(<pid)
    group=$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
    unit=${group##*/}
}
made=0

# bats test_tags=smoke
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
    alive system.slice:test:c1 '.linux.resources.pids.limit = 50 | .linux.resources.memory.limit = 67108864'
    is "$group" /system.slice/test-c1.scope
    is "$(property "$unit" ActiveState)" active
    is "$(property "$unit" Delegate)" yes
    is "$(property "$unit" Slice)" system.slice
    is "$(property "$unit" DefaultDependencies)" no
    is "$(property "$unit" TasksMax)" 50
    is "$(property "$unit" MemoryMax)" 67108864
    is "$(<"/sys/fs/cgroup$group/pids.max")" 50
    is "$(<"/sys/fs/cgroup$group/memory.max")" 67108864
    is "$(<"/sys/fs/cgroup$group/cgroup.procs")" "$pid"
    is "$(state_of "$id")" running
    # exec is born in it; pause, kill and the rest go by the files
    succeeds exec "$id" sh -c 'cat /proc/self/cgroup'
    contains "$output" "0::/"
    succeeds pause "$id"
    is "$(state_of "$id")" paused
    succeeds resume "$id"
    succeeds kill "$id" KILL
    wait_until eval '[ "$(state_of '"$id"')" = stopped ]'
    succeeds delete "$id"
    is "$(property "$unit" LoadState)" not-found
    [ ! -e "/sys/fs/cgroup$group" ]
}
