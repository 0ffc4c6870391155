# SPDX-License-Identifier: Apache-2.0
# Without root: an ordinary user, outside of any user namespace and inside one of his own; the whole life of a
# container, ids, the cgroup that was delegated, the network of the policy.
# world: hybrid v2 vm

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers

setup_file() {
    make_rootfs
    # started by the first test that asks, and in the way of none from then on
    [ ! -e /run/user/1000/bus ] || of_user busctl --user list >/dev/null
}
of_user() {
    (cd / && runuser -u user -- env -i PATH="$PATH" HOME=/home/user XDG_RUNTIME_DIR=/run/user/1000 \
        timeout 200 "$@" </dev/null 3>&-)
}
setup() {
    requires root world userns cmd:setpriv
    HOME_OF_USER=/run/rootless.$BATS_TEST_NUMBER RUNTIME_OF_USER=/run/rootless.$BATS_TEST_NUMBER/run
    mkdir -p "$RUNTIME_OF_USER" "$HOME_OF_USER/.config/distro-shim" && chmod 700 "$RUNTIME_OF_USER" "$HOME_OF_USER"
    echo '{"version": 1, "mode": "observe"}' >"$HOME_OF_USER/.config/distro-shim/policy.json"
    cp "$DISTRO_SHIM" "$HOME_OF_USER/distro-shim"
    chown -R 1000:1000 "$HOME_OF_USER"
    GROUP='' inside=()
    start_test
    SHIM_ROOT=$RUNTIME_OF_USER/distro-shim/containers
}
teardown() {
    ! mountpoint -q /usr/bin || umount -l /usr/bin
    [ -z "${SHIM_ROOT:-}" ] || end_test || return 1
    rm -rf "${HOME_OF_USER:-/run/rootless.none}"
}

as_user() {
    env -i PATH="$PATH" HOME="$HOME_OF_USER" XDG_RUNTIME_DIR="$RUNTIME_OF_USER" "${user_environment[@]}" \
        sh -c '[ -z "$0" ] || echo $$ >"$0/leaf/cgroup.procs"; cd "$HOME" && exec "$@"' "$GROUP" \
        setpriv --reuid 1000 --regid 1000 --clear-groups "${inside[@]}" "$@"
}
user_environment=()
# In place of those of helpers.bash: nothing is said about where anything is
shim() { as_user "$HOME_OF_USER/distro-shim" "$@"; }
shim_in() {
    local seconds=$1
    shift
    as_user timeout --foreground -k 5 "$seconds" "$HOME_OF_USER/distro-shim" "$@"
}
# In $b: the user's own bundle, made by `spec` for one who is not root, with a network of its own
user_bundle() { # NAME FILTER...
    local filter all='.process.terminal = false
        | .linux.namespaces |= map(if .type == "network" then {type} else . end)'
    b=$HOME_OF_USER/$1
    shift
    mkdir -p "$b" && cp -a "$BATS_FILE_TMPDIR/rootfs" "$b/rootfs" && chown -R 1000:1000 "$b"
    shim spec -b "$b"
    for filter in "$@"; do all+=" | $filter"; done
    edit_config "$b" "$all" && chown 1000:1000 "$b/config.json"
}
# What the kernel lets a user have of the tree (cgroup-v2.rst "Delegation"), with the user in a leaf of it
delegate_cgroup() {
    case $DISTRO_SHIM_WORLD in v2) ;; *) skip "needs a cgroup of version 2 that can be delegated" ;; esac
    local group=/sys/fs/cgroup/rootless
    mkdir -p $group/leaf
    chown 1000:1000 $group $group/{cgroup.procs,cgroup.subtree_control,cgroup.threads} $group/leaf $group/leaf/cgroup.procs
    GROUP=$group
}
undelegate_cgroup() {
    GROUP=
    wait_until rmdir /sys/fs/cgroup/rootless/leaf
    rmdir /sys/fs/cgroup/rootless
}

@test "one id and no privilege at all: its own root, a network of its own, mounts of what the user can read" {
    user_bundle c1 "$(args sh -c 'id -u; cat /proc/self/setgroups; awk "{ print \$1, \$2, \$3 }" /proc/self/uid_map
        ls /sys/class/net; cat /mnt/private; echo here >/tmp/file; stat -c %u /tmp/file')" \
        ".mounts += [{destination: \"/mnt/private\", type: \"bind\", source: \"$HOME_OF_USER/private/file\", options: [\"bind\"]}]"
    mkdir -m 700 "$HOME_OF_USER/private" && echo secret >"$HOME_OF_USER/private/file"
    chown -R 1000:1000 "$HOME_OF_USER/private"
    is "$(jq -c '.linux.uidMappings' "$b/config.json")" '[{"containerID":0,"hostID":1000,"size":1}]'
    succeeds run -b "$b" c1
    is "$output" "0
deny
0 1000 1
lo
secret
0"
    is "$(stat -c %u "$b/rootfs/tmp/file")" 1000
}

@test "mounts are added and removed, of what the user can read, in the user's own containers alone" {
    user_bundle c1 "$(args sleep 1000)"
    mkdir -m 700 "$HOME_OF_USER/private" && echo secret >"$HOME_OF_USER/private/file"
    jq -nc --arg at "$HOME_OF_USER/private" '[{source: $at, destination: "/mnt/deep", type: "bind", options: ["ro", "bind"]},
        {destination: "/mnt/t", type: "tmpfs", options: ["size=16k"]}]' >"$HOME_OF_USER/mounts.json"
    jq -nc '[{source: "/root", destination: "/mnt/deep/er", type: "bind"}]' >"$HOME_OF_USER/root.json"
    chown -R 1000:1000 "$HOME_OF_USER"/{private,mounts.json,root.json}
    succeeds run -d -b "$b" c1
    before=$(shim exec c1 cat /proc/self/mountinfo)
    succeeds mounts add c1 "$HOME_OF_USER/mounts.json"
    is "$(shim exec c1 sh -c 'cat /mnt/deep/file; touch /mnt/deep/new 2>/dev/null || echo no; stat -c %u /mnt/t')" $'secret\nno\n0'
    succeeds mounts remove c1 "$HOME_OF_USER/mounts.json"
    is "$(shim exec c1 cat /proc/self/mountinfo)" "$before"
    # what the user may not list can be bound, as by mount(8) in a user namespace, and stays closed
    attempt mounts add c1 "$HOME_OF_USER/root.json"
    is "$(shim exec c1 sh -c 'ls /mnt/deep/er 2>/dev/null | wc -l')" 0
    status=0
    "$DISTRO_SHIM" --root "$SHIM_ROOT" mounts add c1 "$HOME_OF_USER/mounts.json" >out 2>&1 || status=$?
    is "$status" 1
    matches "$(<out)" 'belongs to|owner|1000'
    # and the other way round
    expect_error 'permission denied|belongs to|does not exist' --root /run/distro-shim/containers mounts add c1 "$HOME_OF_USER/mounts.json"
}

@test "created, started, executed in, listed, signalled and deleted, all below XDG_RUNTIME_DIR" {
    user_bundle c1 "$(args sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done')"
    succeeds create -b "$b" --pid-file "$HOME_OF_USER/pid" c1
    [ -e "$RUNTIME_OF_USER/distro-shim/containers/c1/status.json" ]
    [ ! -e /run/distro-shim/containers/c1 ]
    is "$(state_of c1)" created
    # not to be looked into
    is "$(stat -c %u "/proc/$(<"$HOME_OF_USER/pid")/environ")" 0
    succeeds start c1
    is "$(state_of c1)" running
    attempt exec c1 sh -c 'id -u; for i in self 1; do readlink /proc/$i/ns/net; done | uniq | wc -l; exit 7'
    is "$status|$output|$stderr" "7|0
1|"
    is "$(shim list -q)" c1
    contains "$(shim ps c1)" "sh -c trap"
    succeeds kill c1 TERM
    wait_until eval '[ "$(state_of c1)" = stopped ]'
    succeeds delete c1
    is "$(shim list -q)" ''
}

@test "an empty XDG_RUNTIME_DIR counts as unset, and then there is no place" {
    user_bundle c1 "$(args true)"
    RUNTIME_OF_USER=''
    expect_error '/run/distro-shim/containers.*permission denied' run -b "$b" c1
    user_environment=(XDG_RUNTIME_DIR="$HOME_OF_USER/run")
    succeeds run -b "$b" c1
}

@test "exec before start is refused with the reason" {
    user_bundle c1 "$(args sleep 1000)"
    succeeds create -b "$b" c1
    attempt exec c1 true
    is "$status" 255
    contains "$stderr" "created but not started"
}

@test "a time namespace has its offsets" {
    requires file:/proc/self/ns/time
    user_bundle c1 "$(args sh -c 'cut -d . -f 1 /proc/uptime')" \
        '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 1000000}}'
    succeeds run -b "$b" c1
    [ "$output" -gt 1000000 ]
}

@test "many ids, by newuidmap and newgidmap, and what they refuse" {
    requires cmd:newuidmap cmd:newgidmap
    if [ -n "${DISTRO_SHIM_WORLD:-}" ] && [ -z "${DISTRO_SHIM_VM:-}" ]; then # /etc is the private machine's own
        id -nu 1000 >/dev/null 2>&1 || echo 'user:x:1000:1000::/nowhere:/bin/sh' >>/etc/passwd
        for file in /etc/subuid /etc/subgid; do
            grep -qs "^$(id -nu 1000):" $file || echo "$(id -nu 1000):100000:65536" >>$file
        done
    fi
    first=$(sed -n "s/^$(id -nu 1000):\([0-9]*\):.*/\1/p" /etc/subuid)
    [ -n "$first" ] || skip "user 1000 has no line in /etc/subuid"
    maps="[{containerID: 0, hostID: 1000, size: 1}, {containerID: 1, hostID: $first, size: 65535}]"
    user_bundle c1 "$(args sh -c 'touch /tmp/f && chown 33:34 /tmp/f && stat -c %u:%g /tmp/f; cat /proc/self/setgroups; id -G')" \
        ".linux.uidMappings = $maps | .linux.gidMappings = $maps | .process.user.additionalGids = [7]"
    succeeds run -b "$b" c1
    is "$output" "33:34
allow
0 7"
    is "$(stat -c %u:%g "$b/rootfs/tmp/f")" "$((first + 32)):$((first + 33))"
    # root of the container is another user than the caller
    maps="[{containerID: 0, hostID: $first, size: 1000}]"
    chmod 711 "$HOME_OF_USER" && chmod -R go+rX "$b/rootfs"
    edit_config "$b" ".linux.uidMappings = $maps | .linux.gidMappings = $maps | .process.args = [\"sleep\", \"1000\"]
        | .process.user = {uid: 5, gid: 6} | .linux.namespaces += [{type: \"time\"}] | .root.readonly = true"
    succeeds run -d -b "$b" --pid-file "$HOME_OF_USER/pid" c1
    is "$(stat -c %u:%g "/proc/$(<"$HOME_OF_USER/pid")")" "$((first + 5)):$((first + 6))"
    attempt exec --user 9:9 c1 id -u
    is "$status|$output|$stderr" "0|9|"
    succeeds kill c1 KILL
    wait_until eval '[ "$(state_of c1)" = stopped ]'
    succeeds delete c1
    edit_config "$b" '.linux.uidMappings[0].hostID = 5 | .process.user = {uid: 0, gid: 0}'
    expect_error 'linux.uidMappings: /usr/bin/newuidmap failed with exit status 1: newuidmap: uid range' run -b "$b" c1
    [ ! -e "$SHIM_ROOT/c1" ]
}

@test "without newuidmap more than one id is an error that names it" {
    user_bundle c1 "$(args true)" '.linux.uidMappings[0].size = 2'
    # $PATH is not asked; so they are taken away where they are
    mkdir upper work && mount -t overlay -o "lowerdir=/usr/bin,upperdir=$PWD/upper,workdir=$PWD/work" overlay /usr/bin
    rm -f /usr/bin/newuidmap /usr/bin/newgidmap
    expect_error "linux.uidMappings: .*'newuidmap'.*not installed" run -b "$b" c1
    edit_config "$b" '.linux.uidMappings[0].size = 1 | .linux.gidMappings[0].hostID = 5'
    expect_error "linux.gidMappings: .*'newgidmap'.*not installed" run -b "$b" c1
    umount -l /usr/bin
}

@test "without a delegated cgroup the container has none, limits are an error, and a path is not passed over in silence" {
    user_bundle c1 "$(args true)"
    succeeds run -b "$b" c1
    edit_config "$b" '.linux.resources.pids.limit = 9'
    expect_error 'linux.resources.pids.limit: cannot be applied: ' run -b "$b" c1
    edit_config "$b" 'del(.linux.resources) | .linux.cgroupsPath = "/nowhere/c1"'
    case $DISTRO_SHIM_WORLD in
    v2)
        attempt --log-level warning run -b "$b" c1
        is "$status" 0
        contains "$stderr" 'linux.cgroupsPath: no group is made: no cgroup is delegated'
        succeeds run -b "$b" c1
        ;;
    *) expect_error "cgroup '.*nowhere.*permission denied" run -b "$b" c1 ;;
    esac
}

@test "in a delegated cgroup: beside the caller's own, by a path below, and nowhere else" {
    delegate_cgroup
    user_bundle c1 "$(args sleep 1000)"
    succeeds run -d -b "$b" --pid-file "$HOME_OF_USER/pid" c1
    is "$(sed -n 's/^0:://p' "/proc/$(<"$HOME_OF_USER/pid")/cgroup")" /rootless/distro-shim-c1
    succeeds pause c1
    is "$(state_of c1)" paused
    succeeds resume c1
    attempt exec c1 sleep 1000 &
    local background=$!
    wait_until eval '[ "$(wc -l </sys/fs/cgroup/rootless/distro-shim-c1/cgroup.procs)" = 2 ]'
    attempt events --stats c1
    is "$(jq -r .id <<<"$output")" c1
    succeeds kill --all c1 KILL
    wait $background # not for bats' own, which watches the time
    wait_until eval '[ "$(state_of c1)" = stopped ]'
    succeeds delete c1
    [ ! -e /sys/fs/cgroup/rootless/distro-shim-c1 ]
    for path in a/b /rootless/a/b; do
        edit_config "$b" --arg path $path '.linux.cgroupsPath = $path'
        succeeds run -d -b "$b" --pid-file "$HOME_OF_USER/pid" c1
        is "$(sed -n 's/^0:://p' "/proc/$(<"$HOME_OF_USER/pid")/cgroup")" /rootless/a/b
        succeeds delete --force c1
        # made on the way, and empty
        [ ! -e /sys/fs/cgroup/rootless/a ]
    done
    # one that was there stays
    as_user mkdir /sys/fs/cgroup/rootless/a
    succeeds run -d -b "$b" c1
    succeeds delete --force c1
    rmdir /sys/fs/cgroup/rootless/a
    edit_config "$b" '.linux.cgroupsPath = "/elsewhere" | .process.args = ["true"]'
    attempt --log-level warning run -b "$b" c1
    is "$status" 0
    contains "$stderr" "cgroup '/elsewhere' is not below '/rootless'"
    edit_config "$b" '.linux.resources.pids.limit = 9'
    expect_error "linux.resources.pids.limit: cannot be applied: cgroup '/elsewhere' is not below '/rootless'" run -b "$b" c1
    undelegate_cgroup
}

# with_parent PARENT RESERVE: the user's own policy
with_parent() {
    jq -nc --arg parent "$1" --argjson reserve "$2" '{version: 1, cgroup: {parent: $parent, reserve: $reserve},
        network: {namespace: "requested"}, namespaces: {pid: "isolated"}}' >"$HOME_OF_USER/.config/distro-shim/policy.json"
}

@test "the parent of the policy lies in what is delegated, goes with the last container, and has the limits" {
    with_parent /pa '{}'
    user_bundle c1 "$(args sleep 1000)"
    case $DISTRO_SHIM_WORLD in
    v2) expect_error 'cgroup.parent: the container cannot lie below "/pa", because no cgroup is delegated to the caller' run -d -b "$b" c1 ;;
    *) expect_error 'cgroup.parent: the container cannot lie below "/pa", because a caller who is not root can make no groups on cgroup v1' run -d -b "$b" c1 ;;
    esac
    delegate_cgroup
    group() { sed -n 's/^0:://p' "/proc/$(<"$HOME_OF_USER/pid")/cgroup"; }
    succeeds run -d -b "$b" --pid-file "$HOME_OF_USER/pid" c1
    is "$(group)" /rootless/pa/distro-shim-c1
    for path in a/b /a/b /rootless/a/b /rootless/pa/a/b; do
        user_bundle "p${path//\//-}" "$(args sleep 1000)" ".linux.cgroupsPath = \"$path\""
        succeeds run -d -b "$b" --pid-file "$HOME_OF_USER/pid" c2
        is "$(group)" /rootless/pa/a/b
        succeeds delete --force c2
        [ ! -e /sys/fs/cgroup/rootless/pa/a ]
    done
    succeeds delete --force c1
    [ ! -e /sys/fs/cgroup/rootless/pa ]
    with_parent /pa '{"pids": 100}'
    if has_controller pids; then
        succeeds run -d -b "$b" c3
        is "$(</sys/fs/cgroup/rootless/pa/pids.max)" $(($(sort -n /proc/sys/kernel/{pid_max,threads-max} | head -n 1) - 100))
        succeeds delete --force c3
    else
        expect_error 'cgroup.reserve: the cgroup controller pids is not delegated to the caller, so that .*; root delegates it with Delegate=' run -d -b "$b" c3
    fi
    undelegate_cgroup
}

@test "limits in a delegated cgroup, and other ones later" {
    requires controller:memory controller:pids
    delegate_cgroup
    user_bundle c1 "$(args sleep 1000)" '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 9}}
        | .linux.namespaces += [{type: "time"}]'
    succeeds run -d -b "$b" c1
    is "$(cat /sys/fs/cgroup/rootless/distro-shim-c1/{memory,pids}.max)" "67108864
9"
    succeeds update --pids-limit 7 c1
    is "$(</sys/fs/cgroup/rootless/distro-shim-c1/pids.max)" 7
    succeeds delete --force c1
    undelegate_cgroup
}

@test "devices are those of the host, and rules for them are left out with a word" {
    user_bundle c1 "$(args sh -c 'echo x >/dev/null && head -c 3 /dev/zero | wc -c')" \
        '.linux.resources.devices = [{allow: false, access: "rwm"}]'
    attempt --log-level warning run -b "$b" c1
    is "$status|$output" "0|3"
    contains "$stderr" "linux.resources.devices: not applied"
}

# ---- the policy

@test "capabilities that the user's own policy takes are taken in a user namespace, too" {
    local all='["CAP_KILL", "CAP_SYS_ADMIN", "CAP_SYS_PTRACE"]' bounding="sed -n 's/CapBnd:.0*//p' /proc/self/status"
    user_bundle c1 "$(args sleep 1000)" ".process.capabilities = {bounding: $all, effective: $all, permitted: $all}"
    echo '{"version": 1, "network": {"namespace": "requested"}, "privileged": "strip"}' >"$HOME_OF_USER/.config/distro-shim/policy.json"
    succeeds run -d -b "$b" c1
    is "$(shim exec c1 sh -c "$bounding")" 20
    is "$(shim exec --cap SYS_ADMIN c1 sh -c "$bounding")" 20
    echo '{"version": 1, "network": {"namespace": "requested"}, "privileged": "refuse"}' >"$HOME_OF_USER/.config/distro-shim/policy.json"
    expect_error 'privileged: .*\(CAP_SYS_PTRACE, CAP_SYS_ADMIN\)' run -b "$b" c2
}

# Outside of any user namespace, and as root of one of the user's own
in_both_ways() { # FUNCTION
    "$1" plain
    inside=(unshare --user --map-root-user --mount)
    "$1" inside
    inside=()
}
own_ids() { [ ${#inside[@]} -eq 0 ] && echo . || echo 'del(.linux.uidMappings, .linux.gidMappings, (.linux.namespaces[] | select(.type == "user" or .type == "network")), (.mounts[] | select(.destination == "/sys")))'; }

@test "the host name of a user's container is its id where the user's policy says so" {
    named() {
        echo '{"version": 1, "network": {"namespace": "requested", "allowHost": true}}' >"$HOME_OF_USER/.config/distro-shim/policy.json"
        user_bundle "$1" "$(args sh -c 'hostname; cat /proc/sys/kernel/hostname')" '.hostname = "engine"' "$(own_ids)"
        attempt run -b "$b" "$1"
        is "$status $output" $'0 engine\nengine'
        echo '{"version": 1, "network": {"namespace": "requested", "allowHost": true}, "hostname": "id"}' >"$HOME_OF_USER/.config/distro-shim/policy.json"
        attempt run -b "$b" "web.$1"
        is "$status $output" "0 web.$1"$'\n'"web.$1"
        edit_config "$b" 'del(.hostname)' && chown 1000:1000 "$b/config.json"
        attempt run -b "$b" "web.$1"
        is "$status $output" "0 web.$1"$'\n'"web.$1"
        # no host name: what was asked for stays
        edit_config "$b" '.hostname = "engine"' && chown 1000:1000 "$b/config.json"
        attempt run -b "$b" "my_$1"
        is "$status $output" $'0 engine\nengine'
    }
    in_both_ways named
}

@test "a user's containers share what the user's policy names, of the user's own or of root's" {
    local place=/run/shared.$BATS_TEST_NUMBER
    mkdir -p "$HOME_OF_USER/all" $place/{open,closed,wide/in} && chmod 777 $place/wide && chown 1000:1000 "$HOME_OF_USER/all" && chmod 1777 $place/open && chmod 700 $place/closed
    echo theirs >$place/open/file && mkdir -p $place/other/in && chown 2000 $place/other
    shares() { # SOURCE
        echo "{\"version\": 1, \"network\": {\"namespace\": \"requested\", \"allowHost\": true}, \"share\": [{\"source\": \"$1\", \"destination\": \"/mnt/all\"}]}" >"$HOME_OF_USER/.config/distro-shim/policy.json"
    }
    seen() {
        shares "$HOME_OF_USER/all"
        user_bundle "$1" "$(args sh -c "echo $1 >/mnt/all/$1 && awk '\$5 == \"/mnt/all\" { print \$6 }' /proc/self/mountinfo | grep -o nosuid,nodev")" "$(own_ids)"
        attempt run -b "$b" "$1"
        is "$status $output" "0 nosuid,nodev"
        is "$(<"$HOME_OF_USER/all/$1")" "$1"
        is "$(stat -c %u "$HOME_OF_USER/all/$1")" 1000
        shares $place/open
        edit_config "$b" "$(args cat /mnt/all/file)" && chown 1000:1000 "$b/config.json"
        attempt run -b "$b" "$1"
        is "$status $output" "0 theirs"
        # what another user can put elsewhere, or is not there, is refused; a user namespace shows owners of its own alone
        for pair in "wide/in|can be written by others" "none|no such file or directory" "other/in|belongs to user 2000"; do
            [ "$1 ${pair%|*}" != "inside other/in" ] || continue
            shares $place/"${pair%|*}"
            expect_error "share: .*${pair#*|}" run -b "$b" "$1"
        done
        # it is seen as it is on the host: nothing in it for the user
        shares $place/closed
        edit_config "$b" "$(args ls /mnt/all)" && chown 1000:1000 "$b/config.json"
        attempt run -b "$b" "$1"
        [ "$status" != 0 ] && contains "$stderr" "ermission denied"
    }
    in_both_ways seen
    rm -rf $place
}

@test "a user's systemd divides the group that was delegated; without one it is told" {
    user_bundle c1 "$(args /sbin/init)"
    mkdir -p "$b/rootfs/sbin"
    printf '#!/bin/sh\necho "$container" $*\nmkdir /sys/fs/cgroup/divided 2>/dev/null && echo divides\ntouch /run/lock/mine /tmp/mine && exit 0\n' >"$b/rootfs/sbin/init"
    chmod 755 "$b/rootfs/sbin/init"
    echo '{"version": 1, "network": {"namespace": "requested"}, "systemd": true}' >"$HOME_OF_USER/.config/distro-shim/policy.json"
    attempt run -b "$b" c1
    is "$status $(tail -n 1 <<<"$output" | cut -d ' ' -f 1,2)" "0 oci systemd.mask=console-getty.service"
    contains "$stderr" warning
    [ "$DISTRO_SHIM_WORLD" = v2 ] || return 0
    delegate_cgroup
    succeeds run -b "$b" c1
    is "$(tail -n 1 <<<"$output")" divides
    undelegate_cgroup
}

@test "policy show: a value of the user's own file, and the network that is by default in the user's directory" {
    shown=$(shim policy show --format text)
    contains "$shown" "mode: \"observe\" ($HOME_OF_USER/.config/distro-shim/policy.json:1:24, of the user)"
    contains "$shown" "network.namespace: \"$RUNTIME_OF_USER/distro-shim/netns\" (built-in default, by \$XDG_RUNTIME_DIR)"
    is "$(shim policy keys -f json | jq -r '.[] | select(.key == "mode") | .origin')" user
}

@test "the policy's network is the user's own; one that is root's cannot be joined, and is said to be" {
    rm "$HOME_OF_USER/.config/distro-shim/policy.json"
    user_bundle c1 "$(args true)" 'del(.linux.namespaces[] | select(.type == "network"))'
    place=$RUNTIME_OF_USER/distro-shim/netns
    expect_error "$place: the shared network does not exist; make it as this user, with .distro-net up. .*NETWORK OF A USER" run -b "$b" c1
    as_user sh -c "mkdir -p ${place%/*} && touch $place"
    mount --bind /run/netns/distros "$place"
    expect_error "cannot join network namespace $place: operation not permitted: .*with .distro-net up. .*NETWORK OF A USER" run -b "$b" c1
    # Podman's: the runtime is root of a user namespace, and what is root's is root's
    inside=(unshare --user --map-root-user --mount)
    edit_config "$b" 'del(.linux.uidMappings, .linux.gidMappings, (.linux.namespaces[] | select(.type == "user")))'
    expect_error "cannot join network namespace $place: operation not permitted" run -b "$b" c1
    umount "$place"
}

@test "a user without a network of the policy's keeps what an engine has made, with a warning" {
    rm "$HOME_OF_USER/.config/distro-shim/policy.json"
    user_bundle c1 "$(args sh -c 'ls /sys/class/net | xargs')" '.linux.namespaces |= map(if .type == "network" then {type} else . end)'
    warns="network.namespace: the user has no network at $RUNTIME_OF_USER/distro-shim/netns: .*NETWORK OF A USER" succeeds run -b "$b" c1
    is "$output" lo
    # Podman's: the runtime is root of a user namespace, and the host's network is that of the user
    inside=(unshare --user --map-root-user --mount)
    edit_config "$b" 'del(.linux.uidMappings, .linux.gidMappings, (.linux.namespaces[] | select(.type == "user" or .type == "network")), (.mounts[] | select(.destination == "/sys")))
        | .process.args = ["true"]'
    attempt run -b "$b" c1
    is "$status|$output" "0|"
    contains "$stderr" "the user has no network at"
}

@test "network.lock: a user's container does not leave its network either" {
    requires cmd:cc
    cc -O1 -static -pthread -o leave "$BATS_TEST_DIRNAME/leave.c" || skip "needs a static C library (libc6-dev)"
    for lock in open strict; do
        echo '{"version": 1, "network": {"namespace": "requested", "lock": "'$lock'"}}' >"$HOME_OF_USER/.config/distro-shim/policy.json"
        for nnp in true false; do
            user_bundle "c$lock$nnp" "$(args sleep 1000)" ".process.noNewPrivileges = $nnp"
            cp leave "$b/rootfs/bin/"
            succeeds run -d -b "$b" "c$lock$nnp"
            for more in "" "--cap CAP_SYS_ADMIN"; do
                # shellcheck disable=SC2086 # words
                attempt exec $more "c$lock$nnp" leave
                is "$status" 0
                if [ $lock = open ]; then contains "$output" "unshare user+net: left"; else
                    is "$output" "$(sed -E 's/: .*/: EPERM/; s/(clone3.*): .*/\1: ENOSYS/' <<<"$output")"
                    contains "$output" "unshare user+net: EPERM"
                fi
            done
            shim delete --force "c$lock$nnp"
        done
    done
}

@test "in a user namespace that owns the policy's network: rewritten, late, and exec" {
    rm "$HOME_OF_USER/.config/distro-shim/policy.json"
    place=$RUNTIME_OF_USER/distro-shim/netns
    as_user mkdir -p "${place%/*}"
    user_bundle early "$(args sh -c 'ls /sys/class/net /proc/sys/net/ipv4/conf | xargs')" \
        'del(.linux.uidMappings, .linux.gidMappings, (.linux.namespaces[] | select(.type == "user" or .type == "network")))'
    cp -a "$b" "$HOME_OF_USER/late"
    edit_config "$HOME_OF_USER/late" '.linux.namespaces += [{type: "network"}]'
    cp -a "$b" "$HOME_OF_USER/living"
    edit_config "$HOME_OF_USER/living" '.process.args = ["sleep", "1000"]'
    cp -a "$b" "$HOME_OF_USER/nested"
    edit_config "$HOME_OF_USER/nested" '.linux.namespaces += [{type: "user"}]
        | .linux |= . + ({containerID: 0, hostID: 0, size: 1} | {uidMappings: [.], gidMappings: [.]})'
    chown -R 1000:1000 "$HOME_OF_USER"/{late,living,nested}
    cat >"$HOME_OF_USER/script" <<'SCRIPT'
set -e
place=$XDG_RUNTIME_DIR/distro-shim/netns
touch $place
unshare --net=$place sh -c 'ip link set lo up; ip link add ours type veth peer name theirs'
for id in early late nested; do
    printf '%s: ' $id
    ./distro-shim run -b $id $id </dev/null
done
./distro-shim run -d -b living living </dev/null >/dev/null 2>&1
printf 'exec: '
./distro-shim exec living sh -c 'ls /sys/class/net | xargs'
printf 'members: '
./distro-shim members | grep -c living
./distro-shim delete --force living
SCRIPT
    inside=(unshare --user --map-root-user --mount --propagation private)
    as_user timeout 60 sh script >"$HOME_OF_USER/out" 2>&1 </dev/null || { cat "$HOME_OF_USER/out" && false; }
    links='/proc/sys/net/ipv4/conf: all default lo ours theirs /sys/class/net: lo ours theirs'
    is "$(<"$HOME_OF_USER/out")" "early: $links
late: $links
nested: $links
exec: lo ours theirs
members: 1"
}

@test "a container is its user's, also where the user has made it as root of a user namespace" {
    owner() { shim list --format json | jq -r ".[] | select(.id == \"$1\").owner"; }
    user_bundle plain "$(args sleep 1000)"
    shim --cgroup-manager disabled run -d -b "$b" plain >/dev/null 2>&1 </dev/null
    is "$(owner plain)" 1000
    inside=(unshare --user --map-root-user --mount)
    user_bundle within "$(args sleep 1000)" 'del(.linux.uidMappings, .linux.gidMappings, (.linux.namespaces[] | select(.type == "user")))'
    shim --cgroup-manager disabled run -d -b "$b" within >/dev/null 2>&1 </dev/null
    is "$(owner within)" 1000
    is "$(shim state within | jq -r .owner)" 1000
    matches "$(shim list)" $'\nwithin .* 1000 +- +-$'
    # a look from outside sees the same
    inside=()
    is "$(owner within)" 1000
}

@test "a bus that does not answer: an error in time, and nothing is left" {
    requires v2 file:/usr/bin/python3
    delegate_cgroup
    user_bundle c1 "$(args sleep 1000)"
    /usr/bin/python3 -c 'import os, socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); os.chmod(sys.argv[1], 0o777); s.listen(9)
held = []
while True: held.append(s.accept())' "$RUNTIME_OF_USER/bus" 3>&- &
    local bus=$!
    wait_until [ -S "$RUNTIME_OF_USER/bus" ]
    # not more than once for the creation and once for taking it back
    status=0
    shim_in 40 --systemd-cgroup run -d -b "$b" c1 </dev/null >/dev/null 2>said || status=$?
    kill $bus
    undelegate_cgroup
    ! grep -qE 'built without it|needs libsystemd' said || skip "needs libsystemd"
    is "$status" 1
    matches "$(<said)" '^distro-shim: systemd-scope: the systemd cgroup manager cannot be used: connect to systemd at .unix:path=.*: connection timed out$'
    [ ! -e "$SHIM_ROOT/c1" ]
}

@test "Podman of a user, with systemd of that user: run, exec, a limit, ids of its own, rm" {
    requires systemd cmd:podman file:/run/user/1000/bus
    home=/home/user/podman
    mkdir -p $home && cp -a "$BATS_FILE_TMPDIR/rootfs" $home/root && chown -R user:user $home
    pod() { of_user podman --runtime "$DISTRO_SHIM" "$@"; }
    # as the manual has it
    of_user podman unshare sh -c 'd=$XDG_RUNTIME_DIR/distro-shim
        mkdir -p $d && touch $d/netns
        unshare --net=$d/netns sh -c "ip link set lo up; ip link add ours type veth peer name theirs"'
    is "$(pod run --rm --network none --rootfs $home/root sh -c 'id -u; ls /sys/class/net | xargs')" "0
lo ours theirs"
    pod run -d --name n1 --network host --memory 64m --rootfs $home/root sleep 1000 >/dev/null
    pid=$(of_user podman inspect -f '{{.State.Pid}}' n1)
    group=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
    matches "$group" '/user@1000.service/user.slice/libpod-[0-9a-f]*\.scope'
    is "$(<"$group/memory.max")" 67108864
    is "$(pod exec n1 sh -c 'ls /sys/class/net | xargs')" "lo ours theirs"
    pod rm -f -t 0 n1
    [ ! -e "$group" ]
    is "$(pod run --rm --userns keep-id --network host --rootfs $home/root id -u)" 1000
    # what is left is Podman's and systemd's
    of_user podman unshare umount /run/user/1000/distro-shim/netns
    of_user podman system migrate
    rm -rf $home
    of_user systemctl --user stop user.slice
    umount /home/user/.local/share/containers/storage/overlay 2>/dev/null || true
}

@test "a user's policy: the audit is a file of the user's own, in directories that no other user can write" {
    local policy=$HOME_OF_USER/.config/distro-shim/policy.json log=$HOME_OF_USER/audit way
    user_bundle c1 "$(args true)"
    for way in '' 'unshare --user --map-root-user --mount'; do
        read -ra inside <<<"$way"
        [ -z "$way" ] || edit_config "$b" 'del(.linux.uidMappings, .linux.gidMappings, (.linux.namespaces[] | select(.type == "user")))'
        rm -f "$log"
        echo "{\"version\": 1, \"mode\": \"observe\", \"audit\": {\"to\": \"$log\", \"required\": true}}" >"$policy"
        attempt run -b "$b" c1
        is "$status$stderr" 0
        is "$(stat -c '%u %a' "$log")" "1000 600"
        is "$(jq -r '"\(.caller.uid) \(.mode) \(.id)"' "$log" | sort -u)" "1000 observe c1"
        # root's log is not a user's to write to
        echo "{\"version\": 1, \"mode\": \"observe\", \"audit\": \"/run/audit\"}" >"$policy"
        attempt run -b "$b" c1
        is "$status" 0
        matches "$stderr" "audit: not every decision is written: open '/run/audit': permission denied"
        mkdir -p "$HOME_OF_USER/wide" && chown 1000:1000 "$HOME_OF_USER/wide" && chmod 777 "$HOME_OF_USER/wide"
        echo "{\"version\": 1, \"mode\": \"observe\", \"audit\": \"$HOME_OF_USER/wide/audit\"}" >"$policy"
        attempt run -b "$b" c1
        matches "$stderr" "/wide' can be written by others than its owner"
    done
}
