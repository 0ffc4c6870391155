#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# However a network is asked for, and whatever is said beside it: every command that makes a container puts it into the
# policy's network, or refuses with nothing left. Never the host's, never another one, never a hang.
# world: hybrid legacy v2

load helpers
load policy
load checkpoint

setup_file() { make_rootfs; }
setup() {
    start_policy_test
    ip netns add other
    b=$(bundle c1 "$(args sleep 1000)")
    cp "$b/config.json" plain.json
}
teardown() { end_policy_test; }

# The ways to ask, and whether that is understood: "in" or a pattern of the refusal.
SHAPES=(nothing new null host own other shared two again case empty keys objects linux lists types)
# shape NAME: plain.json, asking so, as the bundle's config.json; what is to come of it in $expected
shape() {
    local filter text=''
    expected=in
    case $1 in
    nothing) filter=$(without network) ;;
    new) filter=$(new network) ;;
    null) filter='(.linux.namespaces[] | select(.type == "network")).path = null' ;;
    host) filter=$(path_of network /proc/1/ns/net) ;;
    own) filter=$(path_of network /proc/self/ns/net) ;;
    other) filter=$(path_of network /run/netns/other) ;;
    shared) filter=$(path_of network /run/netns/distros) ;;
    two) filter='.linux.namespaces += [{type: "network"}]' expected='two entries of type network' ;;
    again) filter='.linux.namespaces += [{type: "network", path: "/run/netns/distros"}]' expected='two entries of type network' ;;
    case) filter='(.linux.namespaces[] | select(.type == "network")).type = "Network"' expected=namespaces ;;
    empty) filter=$(path_of network '') expected='namespaces.*path' ;;
    keys) filter='(.linux.namespaces[] | select(.type == "network")) |= {type, Path: "/proc/1/ns/net"}' expected=Path ;;
    linux) filter='.Linux = {namespaces: []}' expected=Linux ;;
    types) filter='.linux.namespaces += [7]' expected=namespaces ;;
    # one name twice: one reader takes the first, another one the last
    objects) filter=. text='s|"type": "network"|"type": "network", "path": "/proc/1/ns/net", "path": "/run/netns/distros"|' expected=path ;;
    lists) filter=. text='s|"namespaces": \[|"namespaces": [{"type": "pid"}], "namespaces": [|' expected=namespaces ;;
    esac
    jq "$filter" plain.json | sed "$text" >"$b/config.json"
}
# inside ID: its first process is in the policy's network, and so is what is executed there
inside() {
    [ "/proc/$(init_of "$1")/ns/net" -ef /run/netns/distros ] || { ls -l "/proc/$(init_of "$1")/ns/net" >&2 && return 1; }
    is "$(shim exec "$1" readlink /proc/self/ns/net)" "$SHARED"
}
# comes NAME COMMAND...: of a shape that was just written
comes() {
    local name=$1
    shift
    attempt "$@"
    if [ "$status $expected" = "0 in" ]; then
        [ "$(state_of c1)" = running ] || shim_in 10 start c1
        inside c1 && shim delete --force c1
    elif [ "$status" = 1 ] && [ "$expected" != in ]; then
        matches "$stderr" "$expected" && [ ! -e "$SHIM_ROOT/c1" ]
    else
        echo "status $status: $stderr" >&2 && false
    fi || { echo "asked for: $name, by: $*" >&2 && return 1; }
}

@test "every way to ask, by each command that makes a container" {
    for name in "${SHAPES[@]}"; do
        shape "$name"
        comes "$name" create -b "$b" c1
        comes "$name" run -d -b "$b" c1
    done
    fake restores
    images
    for name in "${SHAPES[@]}"; do
        shape "$name"
        comes "$name" restore -d -b "$b" --image-path images c1
    done
}

@test "environment, annotations, flags and the caller's own network change nothing" {
    local d=$SHIM_POLICY_DIRECTORY
    policy '{"version": 1, "mode": "observe", "network": {"namespace": "/run/netns/other", "allowHost": true, "requested": {"new": "keep"}}}'
    mkdir -p "$d/distro-shim" "$d/.config/distro-shim"
    cp "$d/policy.json" "$d/distro-shim/" && cp "$d/policy.json" "$d/.config/distro-shim/" && cp "$d/policy.json" "$b/"
    SHIM_POLICY=
    said=(DISTRO_SHIM_POLICY="$d/policy.json" POLICY="$d/policy.json" DISTRO_SHIM_MODE=observe DISTRO_SHIM_NETWORK=host
        DISTRO_SHIM_ROOTLESS=1 XDG_CONFIG_HOME="$d" HOME="$d" XDG_RUNTIME_DIR="$d" XDG_CONFIG_DIRS="$d" SUDO_UID=1000
        _CONTAINERS_USERNS_CONFIGURED=done _CONTAINERS_ROOTLESS_UID=1000 CONTAINERS_CONF="$d/policy.json"
        DISTRO_SHIM_FAULT=child:check-network:fail LISTEN_FDS=1)
    jq '.annotations = {"distro-shim.policy": "'"$d/policy.json"'", "distro-shim.network": "host", "distro-shim.mode": "observe",
        "org.distro-shim.policy": "observe", "io.distro-shim.network": "/run/netns/other", "run.oci.handler": "",
        "run.oci.keep_original_groups": "1", "run.oci.network": "host", "io.podman.annotations.net": "host",
        "io.kubernetes.cri-o.HostNetwork": "true", "io.kubernetes.cri.sandbox-namespace": "host", "org.systemd.property.PrivateNetwork": "false"}' \
        plain.json >annotated.json
    cp plain.json clean.json
    for name in "${SHAPES[@]}"; do
        # each by itself, and then together
        (export "${said[@]}" && shape "$name" && comes "$name, environment" create -b "$b" c1)
        cp annotated.json plain.json
        shape "$name" && comes "$name, annotations" run -d -b "$b" c1
        (cd "$b" && export "${said[@]}" && cd .. && shape "$name" && comes "$name, flags" --network default --cgroup-manager cgroupfs --debug --log log \
            create --no-pivot --no-new-keyring -b "$b" c1)
        cp clean.json plain.json
    done
    # nor where the runtime stands
    shape nothing
    nsenter --net=/run/netns/other "$DISTRO_SHIM" --root "$SHIM_ROOT" run -d -b "$b" c1 </dev/null >out 2>&1
    inside c1
    shim delete --force c1
    unshare --net "$DISTRO_SHIM" --root "$SHIM_ROOT" create -b "$b" c1 </dev/null >out 2>&1
    inside c1
}

@test "flags that would choose another network or another policy are refused, or the administrator's own" {
    shape nothing
    for network in host none other /run/netns/other /proc/1/ns/net '' ..; do
        expect_error "network" --network "$network" create -b "$b" c1
        [ ! -e "$SHIM_ROOT/c1" ]
    done
    cp "$b/config.json" mine.json
    chown 1000 mine.json
    for file in mine.json "$b/config.json" /dev/null /dev/stdin ''; do
        expect_error "." --policy "$file" create -b "$b" c1
        [ ! -e "$SHIM_ROOT/c1" ]
    done
}

@test "a path of every kind of file: replaced, and never waited for" {
    local start=$SECONDS n=0 kind path
    mkdir directory
    mkfifo fifo
    touch regular
    ln -s /run/netns/distros to-shared
    ln -s /proc/1/ns/net to-host
    ln -s nowhere dangling
    ln -s loop loop
    mknod block b 7 99
    /usr/bin/perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0) && bind(S, sockaddr_un("socket")) or die'
    exec {given}</run/netns/other
    while read -r kind path; do
        jq "$(path_of network "$path")" plain.json >"$b/config.json"
        echo "$kind: $path"
        expected=in
        comes "$kind" create -b "$b" c1
        n=$((n + 1))
    done <<END
fifo        $PWD/fifo
regular     $PWD/regular
directory   $PWD/directory
socket      $PWD/socket
block       $PWD/block
character   /dev/null
zero        /dev/zero
terminal    /dev/tty
mount       /proc/self/ns/mnt
user        /proc/self/ns/user
children    /proc/self/ns/pid_for_children
first       /proc/1/ns/net
own         /proc/self/ns/net
thread      /proc/thread-self/ns/net
task        /proc/1/task/1/ns/net
root        /proc/1/root/run/netns/other
descriptor  /proc/self/fd/$given
shared      $PWD/to-shared
host        $PWD/to-host
dangling    $PWD/dangling
loop        $PWD/loop
dots        /run/netns/../netns/other
slash       /run/netns/other/
slashes     ///run//netns///other
below       $PWD/regular/net
ended       /proc/4194305/ns/net
procfs      /proc/sysrq-trigger
long        /$(printf 'x%.0s' {1..255})/$(printf 'y%.0s' {1..4700})
END
    exec {given}<&-
    # that it takes no time is said of all: one may have been held up by the machine
    [ $((SECONDS - start)) -lt $((2 * n)) ]
    # what is not an absolute path is not one
    for path in run/netns/distros . 'net:[4026531840]' $'/run/netns/distros\n'; do
        jq "$(path_of network "$path")" plain.json >"$b/config.json"
        attempt create -b "$b" c1
        [ "$status" = 1 ] || { inside c1 && shim delete --force c1; }
    done
    edit_config "$b" "$(path_of network /run/netns/distros)"
    sed -i 's|/run/netns/distros|/run/netns/distros\\u0000/x|' "$b/config.json"
    expect_error 'config.json:[0-9]+:[0-9]+: ' create -b "$b" c1
}

@test "a network by the number of a process that ends meanwhile" {
    for i in {1..20}; do
        nsenter --net=/run/netns/other sleep 0.02 3>&- </dev/null >/dev/null 2>&1 &
        jq "$(path_of network "/proc/$!/ns/net")" plain.json >"$b/config.json"
        expected=in
        comes "$i" create -b "$b" c1
        wait $! || true
    done
}

@test "not prevented: a path on a file server that never answers holds up the command, which can be ended and leaves nothing" {
    local server path
    requires file:/dev/fuse file:/usr/bin/python3
    mkdir fuse
    "$BATS_TEST_DIRNAME/silent_fuse.py" "$PWD/fuse" >server 2>&1 3>&- &
    server=$!
    helpers+=("$server")
    wait_until grep mounted server
    for path in fuse fuse/x; do
        jq "$(path_of network "$PWD/$path")" plain.json >"$b/config.json"
        status=0
        timeout -k 5 1 "$DISTRO_SHIM" --root "$SHIM_ROOT" create -b "$b" c1 </dev/null >out 2>&1 || status=$?
        is "$status" 124
        # others are not held up by it, not even one of the same name
        expected=in
        jq "$(path_of network /run/netns/other)" plain.json >"$b/config.json"
        comes other create -b "$b" c1
    done
    kill $server
    wait $server || true
    helpers=()
    umount "$PWD/fuse"
}
