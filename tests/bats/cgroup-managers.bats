# SPDX-License-Identifier: Apache-2.0
# Containers without a group of their own (--cgroup-manager disabled, read-only file systems), and systemd as manager
# where it does not run.
# world: legacy hybrid v2 vm

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load cgroup

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() { end_test; }

@test "--cgroup-manager disabled makes no group, and refuses limits that would be lost" {
    b=$(bundle c1 "$(sleeping)" '.linux.cgroupsPath = "/test-none"')
    succeeds --cgroup-manager disabled run -d -b "$b" c1
    is "$(where /test-none)$(where /distro-shim)" ""
    is "$(groups_of "$(pid_of c1)")" "$(groups_of self)"
    # kill --all has nothing but the first process to go by
    succeeds kill --all c1 KILL
    wait_until has_status c1 stopped
    succeeds kill --all c1 KILL
    succeeds delete c1
    edit_config "$b" '.linux.resources.pids.limit = 10'
    expect_error 'linux.resources.pids.limit: cannot be applied: the cgroup manager is disabled' \
        --cgroup-manager=disabled create -b "$b" c1
}

# readonly_cgroups COMMAND...: where every cgroup file system is read-only, as in a container of another engine's
readonly_cgroups() {
    unshare -m sh -c 'mount --make-rprivate / && awk '\''{ split($0, a, " - ") } a[2] ~ /^cgroup/ { print $5 }'\'' /proc/self/mountinfo |
        while read -r where; do mount -o remount,bind,ro "$where" 2>/dev/null || :; done; exec "$@"' sh "$@"
}

@test "where the cgroup file systems are read-only a container runs without a group of its own" {
    b=$(bundle c1 "$(sleeping)" 'del(.linux.cgroupsPath, .linux.resources)')
    ro() { readonly_cgroups timeout 20 "$DISTRO_SHIM" --root "$SHIM_ROOT" "$@" </dev/null >said 2>&1 3>&-; }
    fails() { if ro "$@"; then return 1; fi; }
    ro --log log --log-level warning run -d -b "$b" c1
    is "$(<said)" ""
    matches "$(<log)" 'the container has no cgroup of its own, because the cgroup hierarchy .* is mounted read-only: it cannot be paused, updated or watched'
    is "$(groups_of "$(pid_of c1)")" "$(groups_of self)"
    is "$(state_of c1)" running
    ro ps -f json c1
    is "$(jq -c . <said)" "[$(pid_of c1)]"
    ro exec c1 true
    fails pause c1
    matches "$(<said)" 'no cgroup'
    fails update --pids-limit 7 c1
    matches "$(<said)" 'no cgroup'
    fails events --stats c1
    matches "$(<said)" 'no cgroup'
    ro kill --all c1 KILL
    wait_until has_status c1 stopped
    ro delete c1
    # what would be lost is an error, before anything is made
    while IFS='|' read -r filter what; do
        edit_config "$b" "del(.linux.cgroupsPath, .linux.resources) | $filter"
        fails create -b "$b" c1
        matches "$(<said)" "$what"
    done <<'END'
.linux.resources.pids.limit = 10|linux.resources.pids.limit: cannot be applied: the cgroup hierarchy .* is mounted read-only
.linux.resources.devices = [{allow: false}]|linux.resources.devices: cannot be applied: the cgroup hierarchy .* is mounted read-only
.linux.cgroupsPath = "/test-none"|linux.cgroupsPath: no group can be made, because the cgroup hierarchy .* is mounted read-only
END
    is "$(ls -A "$SHIM_ROOT")" ""
    # what denies nothing, and what is disabled, asks for nothing
    edit_config "$b" 'del(.linux.cgroupsPath) | .linux.resources = {devices: [{allow: true}]} | .process.args = ["true"]'
    ro run -b "$b" c1
    edit_config "$b" '.linux.resources = {devices: [{allow: false}]}'
    ro --cgroup-manager disabled run -b "$b" c1
}

@test "without a group of its own a container is shown that of the runtime, and can change nothing there" {
    ro() { readonly_cgroups timeout 20 "$DISTRO_SHIM" --root "$SHIM_ROOT" ${SHIM_POLICY:+--policy "$SHIM_POLICY"} "$@" </dev/null >said 2>&1 3>&-; }
    look='for d in /sys/fs/cgroup /sys/fs/cgroup/*; do [ -e $d/cgroup.procs ] || continue; read -r first <$d/cgroup.procs && echo SEEN; mkdir $d/made 2>/dev/null && rmdir $d/made && echo MADE; done; :'
    plain='del(.linux.cgroupsPath, .linux.resources)'
    view='(.mounts[] | select(.destination == "/sys/fs/cgroup"))'
    while IFS='|' read -r more; do
        b=$(bundle c1 "$(args sh -c "$look")" "$plain" "$more")
        ro run -b "$b" c1
        contains "$(<said)" 'read-only, because without a cgroup of its own the container sees that of the runtime'
        contains "$(<said)" SEEN
        lacks "$(<said)" MADE
        ro --cgroup-manager disabled run -b "$b" c1
        contains "$(<said)" SEEN
        lacks "$(<said)" MADE
        rm -rf "$b"
    done <<END
$view.options -= ["ro"]
$view.options = ["rw"] | .mounts += [{destination: "/sys/fs/cgroup", options: ["remount", "bind", "rw"]}]
$view = {destination: "/sys/fs/cgroup", type: "bind", source: "/sys/fs/cgroup", options: ["rbind", "rw"]}
END
    b=$(bundle c1 "$(args sh -c "$look")" "$plain" '.mounts += [{destination: "/sys/fs/../fs/cgroup/../", options: ["remount", "bind", "rrw"]}]')
    ! ro run -b "$b" c1 || lacks "$(<said)" MADE
    rm -rf "$b"
    # as it was asked for
    policy '{"version": 1, "kernelMounts": "requested"}'
    b=$(bundle c1 "$(args sh -c "$look")" "$plain" "$view.options -= [\"ro\"]")
    ro run -b "$b" c1
    contains "$(<said)" MADE
}

@test "systemd as manager, where it does not run, gives way to what is more exact" {
    [ ! -d /run/systemd/system ] || skip "systemd runs here"
    b=$(bundle c1 "$(args true)" '.linux.cgroupsPath = "system.slice:test:c1"')
    expect_error 'systemd does not run here' --systemd-cgroup create -b "$b" c1
    expect_error 'systemd does not run here' --cgroup-manager systemd create -b "$b" c1
    expect_error 'must be one of' --cgroup-manager other create -b "$b" c1
    succeeds --systemd-cgroup --cgroup-manager disabled run -b "$b" c1
    edit_config "$b" 'del(.linux.cgroupsPath)'
    succeeds --cgroup-manager cgroupfs --systemd-cgroup run -b "$b" c1
    # commands that make nothing take the option
    succeeds --systemd-cgroup list
}
