#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real engines and several networks: Podman, Docker and containerd choose one by an entry of the policy, by the program's
# name or by an argument; each container is in the network that was chosen, and its exec, too.
# world: hybrid

load helpers
load engines
load policy

setup_file() {
    make_rootfs
    [ "$(id -u)" = 0 ] && [ -n "${DISTRO_SHIM_WORLD:-}" ] && [ -e "$ENGINES/recipe" ] || return 0
    lay_engines && lay_policy_place && setup_podman || return 1
    integrate podman --network /run/netns/distros --network lab --network vpn --network closed || return 1
    integrate containerd --network lab --network closed || return 1
    cp /etc/containerd/config.toml "$BATS_FILE_TMPDIR/by-integrate.toml"
    setup_docker --network lab --network vpn --network closed || return 1
    # its runtime for a path, too
    stop_dockerd
    mkdir -p /etc/distro-shim/by-path
    ln -s "$DISTRO_SHIM" /etc/distro-shim/by-path/distro-shim@lab
    jq '.runtimes["by-path"].path = "/etc/distro-shim/by-path/distro-shim@lab"' /etc/docker/daemon.json >/etc/docker/new
    mv /etc/docker/new /etc/docker/daemon.json
    start_dockerd && setup_containerd
}
teardown_file() {
    teardown_containerd && teardown_docker || return 1
    [ ! -e /run/engines ] || integrate podman --network /run/netns/distros
    take_policy_place
}
integrate() { "$DISTRO_SHIM_SOURCE/contrib/integrate" "$1" --program "$DISTRO_SHIM" "${@:2}"; }

TWO='"networks": {"lab": {"namespace": "/run/netns/lab", "selectable": true}, "vpn": {"namespace": "/run/netns/vpn", "selectable": true},
    "closed": {"namespace": "/run/netns/closed"}}'
NETWORKS='lab vpn closed'
setup() {
    requires root world
    start_engine_test podman
    [ "$ENGINES_RUNTIME" = "$DISTRO_SHIM" ] || skip "is about the names that the program itself has"
    [ -n "$POLICY_PLACE" ] || skip "this machine has a policy of its own"
    SHIM_ROOT=/run/distro-shim-by-hand
    for network in $NETWORKS; do ip netns add $network; done
    several
}
teardown() {
    [ -e "$BATS_TEST_TMPDIR/machine.before" ] || return 0 # skipped
    local network
    # each looks for what the others have left
    dk_remove_all
    ct_remove_all
    timeout -k 5 60 podman rm --all --force --time 0 3>&- >/dev/null
    for network in $("$DISTRO_SHIM" --root "$SHIM_ROOT" list --quiet); do shim delete --force "$network"; done
    rm -f "$POLICY_PLACE"
    for network in $NETWORKS; do [ ! -e /run/netns/$network ] || ip netns del $network; done
    end_podman_test && end_docker_test && end_containerd_test
}
dk_remove_all() {
    local id
    for id in $(docker ps --all --quiet); do timeout -k 5 20 docker rm --force "$id" 3>&- >/dev/null || true; done
}
ct_remove_all() {
    local id
    for id in $(ctr tasks list --quiet); do timeout -k 5 20 ctr tasks delete --force "$id" 3>&- >/dev/null || true; done
    for id in $(ctr containers list --quiet); do timeout -k 5 20 ctr containers delete "$id" 3>&- || true; done
}

# several [MEMBERS]: the policy that is in force, with these beside the networks
several() {
    printf '{"version": 1, %s%s}\n' "$TWO" "${1:+, $1}" >"$POLICY_PLACE.new" && mv "$POLICY_PLACE.new" "$POLICY_PLACE"
    "$DISTRO_SHIM" policy check >/dev/null
}
net_of() { readlink_of "/run/netns/${1/#default/distros}" net; } # NETWORK

# Of each engine: start NAME [FLAG]..., pid NAME, exec NAME COMMAND...
podman_start() { ok "${@:2}" run -d --name "$1" busybox sleep 1000; }
podman_pid() { pid_of "$1"; }
podman_exec() { ok exec "$@"; }
docker_start() { dk_ok run -d --name "$1" "${@:2}" "$DOCKER_IMAGE" sleep 1000; }
docker_pid() { docker inspect --format '{{.State.Pid}}' "$1"; }
docker_exec() { dk_ok exec "$@"; }
containerd_start() {
    ct_ok run --runtime io.containerd.runc.v2 --runc-binary "${2:-$DISTRO_SHIM}" --detach "${@:3}" "$CTR_IMAGE" "$1" sleep 1000
}
containerd_pid() { ctr tasks list | awk -v id="$1" '$1 == id { print $2 }'; }
# What it says goes by a file: of a process that ends at once ctr may lose the output.
containerd_exec() { # NAME COMMAND...
    local name=$1 said
    said=/proc/$(containerd_pid "$name")/root/tmp/said
    shift
    ct_ok tasks exec --exec-id "e$RANDOM" "$name" sh -c '"$@" >/tmp/said' sh "$@" && output=$(<"$said")
}
hand_start() { shim_in 10 run -d -b "$b" "$1" </dev/null; }
hand_pid() { init_of "$1"; }
hand_exec() { output=$(shim exec "$@"); }

# lives_in NETWORK ENGINE NAME: process 1 and what exec starts are in it, and the record says so
lives_in() {
    local network=$1 engine=$2 name=$3 pid
    pid=$("${engine}_pid" "$name")
    is "$engine $name: $(readlink "/proc/$pid/ns/net")" "$engine $name: $(net_of "$network")" || return 1
    "${engine}_exec" "$name" readlink /proc/self/ns/net || return 1
    is "exec of $engine $name: $output" "exec of $engine $name: $(net_of "$network")" || return 1
    is "$("$DISTRO_SHIM" members --format json | jq -r --argjson pid "$pid" '.[] | select(.pid == $pid) | .networkName')" "$network"
}
# starts_in NETWORK ENGINE [FLAG]...: a container, and it is gone again
starts_in() {
    "$2_start" once "${@:3}" && lives_in "$1" "$2" once || return 1
    case $2 in
    podman) ok rm -f -t 0 once ;;
    docker) dk_ok rm -f once ;;
    containerd) timeout -k 5 20 ctr tasks delete --force once 3>&- >/dev/null || true && ctr containers delete once ;;
    esac
}

@test "by an entry: each engine by its name, the others stay where they are" {
    several '"distros": [{"match": {"engine": "podman"}, "network": "lab"}, {"match": {"engine": "docker"}, "network": "vpn"}]'
    starts_in lab podman
    starts_in vpn docker
    starts_in default containerd
    several '"distros": [{"match": {"engine": "c*"}, "network": "closed"}]'
    starts_in default podman
    starts_in default docker
    starts_in closed containerd
}

@test "by an entry: root file system, owner, what clients say; a client does not say which engine it is" {
    mkdir -p /run/srv/lab
    cp -a "$BATS_FILE_TMPDIR/rootfs" /run/srv/lab/one
    several '"distros": [{"match": {"rootfs": "/run/srv/lab/*"}, "network": "lab"}]'
    ok run -d --name of-a-directory --rootfs /run/srv/lab/one sleep 1000
    lives_in lab podman of-a-directory
    starts_in default podman
    ok rm -f -t 0 of-a-directory
    rm -r /run/srv
    # of images: where the engine has them is root's alone
    several '"distros": [{"match": {"rootfs": "/var/lib/containers/storage/*"}, "network": "vpn"}]'
    starts_in vpn podman
    starts_in default docker
    several '"distros": [{"match": {"owner": "root"}, "network": "lab"}]'
    starts_in lab podman
    starts_in lab containerd
    several '"distros": [{"match": {"image": "*busybox*", "annotations": {"team": "blue"}}, "trustClients": true, "network": "closed"}]'
    starts_in default podman
    ok run -d --name said --annotation team=blue --annotation io.kubernetes.cri.image-name=localhost/busybox busybox sleep 1000
    lives_in closed podman said
    # without trustClients the file is broken, and nothing starts by it
    printf '{"version": 1, %s, "distros": [{"match": {"image": "*"}, "network": "lab"}]}\n' "$TWO" >"$POLICY_PLACE"
    fails 126 'distros\[0\].match.image: is what the .* clients say; .*trustClients' run --rm busybox true
    several '"distros": [{"match": {"engine": "podman"}, "network": "closed"}]'
    ok run -d --name disguised --annotation io.container.manager=other busybox sleep 1000
    lives_in closed podman disguised
}

@test "Podman: a second runtime by name and by path, and an argument; what is not to be chosen is refused in its words" {
    local links=/etc/distro-shim/podman
    starts_in lab podman --runtime distro-shim@lab
    starts_in vpn podman --runtime "$links/distro-shim@vpn"
    starts_in lab podman --runtime-flag network=lab
    starts_in default podman
    fails 126 "the program name '$links/distro-shim@closed' names the network 'closed', which is not to be chosen so; the administrator permits it" \
        --runtime distro-shim@closed run --rm busybox true
    fails 126 "network names the network 'none', which the policy does not have" --runtime-flag network=none run --rm busybox true
    # an entry of the policy is over both
    several '"distros": [{"match": {"engine": "podman"}, "network": "closed"}]'
    starts_in closed podman --runtime distro-shim@lab
    starts_in closed podman --runtime-flag network=vpn
    # stopped and started again, it is where it was
    several
    podman_start again --runtime distro-shim@lab
    ok stop -t 0 again
    ok start again
    lives_in lab podman again
    ok restart -t 0 again
    lives_in lab podman again
    # a flag holds for the call that it is given to, and is not kept
    podman_start by-flag --runtime-flag network=lab
    ok stop -t 0 by-flag
    ok start by-flag
    lives_in default podman by-flag
    ok --runtime-flag network=lab restart -t 0 by-flag
    lives_in lab podman by-flag
}

@test "Docker: a runtime with an argument, and one by path; what is not to be chosen is refused in its words" {
    starts_in lab docker --runtime distro-shim@lab
    starts_in vpn docker --runtime distro-shim@vpn
    starts_in lab docker --runtime by-path
    starts_in default docker
    # Docker joins late
    starts_in lab docker --runtime distro-shim@lab --network none
    dk_fails 125 "network names the network 'closed', which is not to be chosen so; the administrator permits it" \
        run --runtime distro-shim@closed "$DOCKER_IMAGE" true
    several '"distros": [{"match": {"engine": "docker"}, "network": "closed"}]'
    starts_in closed docker --runtime distro-shim@lab
    several
    docker_start again --runtime distro-shim@lab
    dk_ok restart --time 0 again
    lives_in lab docker again
}

@test "containerd: by the program's name; what is not to be chosen is refused in its words; its handlers are read" {
    local links=/etc/distro-shim/containerd handler
    starts_in lab containerd "$links/distro-shim@lab"
    starts_in default containerd
    # with a network of its own kind
    starts_in lab containerd "$links/distro-shim@lab" --net-host
    ct run --runtime io.containerd.runc.v2 --runc-binary "$links/distro-shim@closed" --rm "$CTR_IMAGE" c1 true
    [ "$status" != 0 ]
    contains "$stderr" "the program name '$links/distro-shim@closed' names the network 'closed', which is not to be chosen so; the administrator permits it"
    several '"distros": [{"match": {"engine": "containerd"}, "network": "vpn"}]'
    starts_in vpn containerd "$links/distro-shim@lab"
    # as its plugin for Kubernetes understands them
    containerd --config "$BATS_FILE_TMPDIR/by-integrate.toml" config dump >dump
    for handler in distro-shim-lab:$links/distro-shim@lab "distro-shim:$DISTRO_SHIM"; do
        grep -A 40 "runtimes.${handler%%:*}\]" dump | grep -m 1 BinaryName >name
        contains "$(<name)" "BinaryName = \"${handler#*:}\""
    done
}

@test "ten distributions in three networks, of all engines and by hand: each in its own, and one network goes alone" {
    local net=$DISTRO_SHIM_SOURCE/contrib/distro-net engine network name members
    for network in lab vpn; do
        ip netns del $network
        "$net" up $network --no-uplink >/dev/null
    done
    b=$(BATS_TEST_TMPDIR=/run/srv-networks bundle one "$(args sleep 1000)")
    several '"distros": [{"match": {"bundle": "/run/srv-networks/*"}, "network": "vpn"}]'
    podman_start p1
    podman_start p2 --runtime distro-shim@lab
    podman_start p3 --runtime-flag network=vpn
    docker_start d1
    docker_start d2 --runtime distro-shim@lab
    docker_start d3 --runtime distro-shim@vpn
    containerd_start c1
    containerd_start c2 /etc/distro-shim/containerd/distro-shim@lab
    hand_start h1
    hand_start h2
    all_live() {
        lives_in default podman p1 && lives_in default docker d1 && lives_in default containerd c1 &&
            lives_in vpn podman p3 && lives_in vpn docker d3 && lives_in vpn hand h1 && lives_in vpn hand h2
    }
    all_live && lives_in lab podman p2 && lives_in lab docker d2 && lives_in lab containerd c2
    is "$("$DISTRO_SHIM" members --network lab --quiet | wc -l) $("$DISTRO_SHIM" members --network vpn --quiet | wc -l)" "3 4"
    # it is refused while someone lives there, and says who
    run "$net" down lab
    is "$status" 1
    members="c2 $(docker inspect --format '{{.Id}}' d2) $(podman inspect --format '{{.Id}}' p2)"
    for name in $members; do contains "$output" "$name"; done
    for name in $("$DISTRO_SHIM" members --network vpn --quiet); do lacks "$output" "$name"; done
    all_live && lives_in lab podman p2
    ok rm -f -t 0 p2
    dk_ok rm -f d2
    ctr tasks delete --force c2 >/dev/null 2>&1 || true
    "$net" down lab
    [ ! -e /run/netns/lab ]
    all_live
    # what would be there is refused, the others start
    fails 126 "/run/netns/lab.*distro-net up lab" --runtime distro-shim@lab run --rm busybox true
    starts_in vpn podman --runtime distro-shim@vpn
    dk_remove_all
    ok rm -f -t 0 p3
    shim delete -f h1
    shim delete -f h2
    "$net" down vpn
    lives_in default podman p1
    lives_in default containerd c1
    rm -r /run/srv-networks
}
