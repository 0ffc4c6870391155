# SPDX-License-Identifier: Apache-2.0
# What a container sees of the groups that it is in, with a cgroup namespace and without one, in each layout.
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

@test "the container's own group is the root of what it sees" {
    ask 'cut -d : -f 3 /proc/self/cgroup | sort -u; grep -c "^1$" /dev/null $(find /sys/fs/cgroup -name cgroup.procs)
        ls /sys/fs/cgroup; awk "\$5 ~ \"^/sys/fs/cgroup\" { print \$4 }" /proc/self/mountinfo | sort -u'
    is "$status|$stderr" "0|"
    is "$(head -n 1 <<<"$output")" /
    # the program is in every hierarchy that is shown, at its root
    is "$(grep -c 'cgroup.procs:1$' <<<"$output")" "$(hierarchies | wc -l)"
    is "$(tail -n 1 <<<"$output")" /
    case $DISTRO_SHIM_WORLD in
    v2) contains "$output" $'\ncgroup.procs\n' ;;
    *) is "$(grep -v / <<<"$output" | sort | xargs)" "$(ls /sys/fs/cgroup | sort | xargs)" ;;
    esac
}

@test "v2: without a cgroup namespace the container sees the tree, in which its path is that of its group" {
    requires v2
    mkdir /sys/fs/cgroup/beside
    look='at=/sys/fs/cgroup; own=$(sed -n s/^0:://p /proc/self/cgroup); grep -x 1 $at$own/cgroup.procs; ls -d $at/beside
        mkdir $at/beside/x $at$own/x 2>&1; awk "\$5 == \"$at\" { print \$4, \$6 }" /proc/self/mountinfo'
    without='.linux.namespaces |= map(select(.type != "cgroup"))'
    policy '{"version": 1, "namespaces": {"cgroup": "requested"}}'
    # also where it is not asked for: it is shared with other processes
    for more in . '(.mounts[] | select(.destination == "/sys/fs/cgroup") | .options) -= ["ro"]' \
        '.mounts += [{destination: "/sys/fs/cgroup", options: ["remount", "bind", "rw"]}]'; do
        ask "$look" "$without" "$more"
        is "$(head -n 2 <<<"$output" | xargs)" "1 /sys/fs/cgroup/beside"
        is "$(grep -c 'Read-only file system' <<<"$output")" 2
        is "$(tail -n 1 <<<"$output")" "/ ro,nosuid,nodev,noexec,relatime"
    done
    shim explain -b "$b" | grep -q 'a kernel file system that is read-only there stays so'
    # as it was asked for
    policy '{"version": 1, "mode": "observe"}'
    ask "$look" "$without" '(.mounts[] | select(.destination == "/sys/fs/cgroup") | .options) -= ["ro"]'
    contains "$output" '/ rw,nosuid,nodev,noexec,relatime'
    [ -d /sys/fs/cgroup/beside/x ] && rmdir /sys/fs/cgroup/beside/x /sys/fs/cgroup/beside
}

@test "v2: an option that cgroup2 does not have is an error, one that it has is the host's" {
    requires v2
    b=$(bundle c1 "$(args true)" '(.mounts[] | select(.destination == "/sys/fs/cgroup") | .options) += ["nsdelegate", "memory_recursiveprot"]')
    succeeds run -b "$b" c1
    for option in none name=systemd cpu nsdelegate=1 ''; do
        edit_config "$b" --arg option "$option" '(.mounts[] | select(.destination == "/sys/fs/cgroup") | .options) = ["ro", $option + "x"]'
        expect_error "mounts\[6\].options: \"${option}x\" is not an option of cgroup2" create -b "$b" c1
    done
}

@test "v1: without a cgroup namespace the container sees its own group at the same place, and its whole path" {
    requires v1
    policy '{"version": 1, "namespaces": {"cgroup": "requested"}}'
    ask 'cut -d : -f 3 /proc/self/cgroup | sort -u; awk "\$5 ~ \"^/sys/fs/cgroup\" && / cgroup2? / { print \$4, \$6 }" /proc/self/mountinfo | sort -u
        cat $(find /sys/fs/cgroup -name cgroup.procs) | sort -u | grep -x 1; mkdir /sys/fs/cgroup/pids/x /sys/fs/cgroup/x 2>&1' \
        '.linux.namespaces |= map(select(.type != "cgroup"))'
    contains "$output" /distro-shim/asked1
    contains "$output" "/distro-shim/asked1 ro,nosuid,nodev,noexec,relatime"
    contains "$output" $'\n1\n'
    contains "$output" "Read-only file system"
}

@test "limits are the container's to see and not to change" {
    requires v1
    answers $'5\nread-only' 'cat /sys/fs/cgroup/pids/pids.max; echo 100 2>/dev/null >/sys/fs/cgroup/pids/pids.max || echo read-only' \
        '.linux.resources.pids.limit = 5'
}
