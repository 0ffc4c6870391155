#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Docker with distro-shim-integrate docker --only: no way leads around the shared network. dockerd and containerd are
# two services, each with the PATH of its drop-in, as systemd would start them.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines
load policy

integrate() { "$DISTRO_SHIM_SOURCE/contrib/integrate" docker --program "$ENGINES_RUNTIME" "$@"; }
undo() { "$DISTRO_SHIM_SOURCE/contrib/integrate" docker --undo; }
# dockerd itself has a key
written() { find /etc ! -name key.json \( -path '/etc/docker*' -o -path '/etc/systemd/*' -o -path '/etc/distro-shim*' \) -printf '%p %l\n' | sort; }
docker_status() { "$DISTRO_SHIM_SOURCE/contrib/integrate" docker --status; }

# as systemd starts a service: with the PATH of its drop-in, or its own
service_path() { # UNIT
    local path
    path=$(sed -n 's/^Environment=PATH=//p' "/etc/systemd/system/$1.service.d/"*.conf 2>/dev/null) || true
    echo "${path:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}"
}
start_services() {
    PATH=$(service_path containerd) containerd >>"$BATS_FILE_TMPDIR/containerd.log" 2>&1 3>&- </dev/null &
    echo $! >"$BATS_FILE_TMPDIR/containerd.pid"
    wait_until ctr version || { tail -n 5 "$BATS_FILE_TMPDIR/containerd.log" >&2 && return 1; }
    PATH=$(service_path docker) dockerd --containerd /run/containerd/containerd.sock >>"$BATS_FILE_TMPDIR/docker.log" 2>&1 3>&- </dev/null &
    echo $! >"$BATS_FILE_TMPDIR/docker.pid"
    wait_until docker version || { tail -n 5 "$BATS_FILE_TMPDIR/docker.log" >&2 && return 1; }
}
restart_services() { stop_dockerd && stop_containerd && start_services; }

setup_file() {
    make_rootfs
    lay_engines || return 1
    lay_policy_place
    command -v dockerd >/dev/null && [ -e /run/engines ] || return 0
    # the client of the package, which builds by itself
    PATH=/usr/bin:$PATH
    export PATH
    mkdir -p /etc/containerd
    printf '%s\n' 'version = 2' 'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper"]' \
        >/etc/containerd/config.toml
    mkdir -p /etc/docker
    cat >/etc/docker/daemon.json <<'END'
{
    "storage-driver": "overlay2", "exec-opts": ["native.cgroupdriver=cgroupfs"],
    "iptables": false, "ip6tables": false, "userland-proxy": false, "live-restore": true,
    "runtimes": { "mine": { "path": "/usr/sbin/runc" } },
    "default-ulimits": { "nofile": { "Name": "nofile", "Soft": 20000, "Hard": 20000 } }
}
END
    written >"$BATS_FILE_TMPDIR/before"
    cp /etc/docker/daemon.json "$BATS_FILE_TMPDIR/daemon.json"
    integrate --only || return 1
    start_services || return 1
    docker load -q -i "$ENGINES/images/busybox.tar" >/dev/null 3>&- || return 1
    # what it makes for the first container in its own network is no leak of the first test
    timeout -k 5 30 docker run --rm --network host "$DOCKER_IMAGE" true 3>&- </dev/null 2>/dev/null || true
}
teardown_file() {
    [ -e "$BATS_FILE_TMPDIR/docker.pid" ] || return 0
    take_policy_place
    stop_dockerd && stop_containerd && is "$(pgrep -l '^(dockerd|containerd)')" ""
}
setup() {
    requires root world && start_engine_test dockerd
    printf '%s\n' "FROM $DOCKER_IMAGE" 'RUN readlink /proc/self/ns/net' >Dockerfile
}
teardown() {
    docker builder prune --all --force 3>&- >/dev/null 2>&1 || true
    [ -z "$POLICY_PLACE" ] || rm -f "$POLICY_PLACE"
    [ ! -e /run/netns/lab ] || ip netns del lab
    # runc leaves it
    find /sys/fs/cgroup -depth -type d -path '*/docker/buildkit' -exec rmdir {} +
    end_docker_test
}

# it_is_shared ARGUMENT...: what docker with these says has the shared network
it_is_shared() {
    dk_ok "$@"
    contains "$output$stderr" "$SHARED"
}
# The client of Docker 23 and later has BuildKit in a program of its own: then that of the other cache speaks to the daemon.
client=docker
[ ! -x "$ENGINES/../root/usr/bin/docker" ] || client=$ENGINES/../root/usr/bin/docker
built() { DOCKER_BUILDKIT=1 engine 60 "$client" build --no-cache --progress plain "$@" .; }

@test "no way leads around: each network of BuildKit, the classic builder, each name of a runtime, exec, a container with another's network" {
    local network name
    for network in default host none; do
        built --network "$network"
        it_succeeded docker build --network "$network"
        contains "$output$stderr" "$SHARED"
    done
    DOCKER_BUILDKIT=0 it_is_shared build --no-cache .
    for name in $(docker info --format '{{range $name, $runtime := .Runtimes}}{{$name}} {{end}}'); do
        [ "$name" != mine ] || continue
        it_is_shared run --rm --runtime "$name" "$DOCKER_IMAGE" readlink /proc/self/ns/net
    done
    for network in bridge host none; do
        it_is_shared run --rm --runtime runc --network "$network" "$DOCKER_IMAGE" readlink /proc/self/ns/net
    done
    contains " $(docker info --format '{{range $name, $runtime := .Runtimes}}{{$name}} {{end}}')" ' io.containerd.runc.v2 '
    dk_ok run -d --name stays --runtime runc "$DOCKER_IMAGE" sleep 100
    it_is_shared exec stays readlink /proc/self/ns/net
    it_is_shared run --rm --runtime runc --network container:stays "$DOCKER_IMAGE" readlink /proc/self/ns/net
    run docker_status
    is "$status" 0
    contains "$output" "in use: it is dockerd's default runtime"
    is "$(grep '^way around' <<<"$output")" 'way around: docker run --runtime mine (/usr/sbin/runc)'
    # and that one is open indeed
    dk_ok run --rm --runtime mine "$DOCKER_IMAGE" readlink /proc/self/ns/net
    lacks "$output" "$SHARED"
}

@test "a managed plugin is in the shared network, too" {
    local pid
    mkdir -p plugin/rootfs/{usr,proc,sys,dev,run/docker/plugins,etc}
    for name in bin lib lib64; do ln -s "usr/$name" "plugin/rootfs/$name"; done
    cat >plugin/config.json <<'END'
{ "description": "listens", "documentation": "", "network": { "type": "none" },
  "entrypoint": ["/usr/bin/python3", "-c", "import socket, time\ns = socket.socket(socket.AF_UNIX)\ns.bind('/run/docker/plugins/it.sock')\ns.listen(9)\ntime.sleep(1000)"],
  "interface": { "types": ["docker.volumedriver/1.0"], "socket": "it.sock" }, "linux": { "capabilities": [] },
  "mounts": [{ "name": "usr", "source": "/usr", "destination": "/usr", "type": "bind", "options": ["rbind", "ro"] }] }
END
    dk_ok plugin create listens plugin
    dk_ok plugin enable listens
    pid=$(cat /run/containerd/io.containerd.runtime.v2.task/plugins.moby/*/init.pid)
    readlink "/proc/$pid/ns/net" >network
    dk_ok plugin rm --force listens
    is "$(<network)" "$SHARED"
}

@test "--network: runc, and so each way, is in that network; a policy for Docker is for builds and plugins, too" {
    local lab
    [ -n "$POLICY_PLACE" ] || skip "this machine has a policy of its own"
    ip netns add lab
    lab=$(readlink_of /run/netns/lab net)
    echo '{"version": 1, "networks": {"lab": {"namespace": "/run/netns/lab", "selectable": true}}}' >"$POLICY_PLACE"
    integrate --only --network lab
    kill -HUP "$(<"$BATS_FILE_TMPDIR/docker.pid")"
    wait_until eval '[ "$(docker info --format "{{.DefaultRuntime}}")" = distro-shim@lab ]'
    built --network none
    it_succeeded docker build
    contains "$output$stderr" "$lab"
    for name in runc distro-shim@lab; do
        dk_ok run --rm --runtime "$name" "$DOCKER_IMAGE" readlink /proc/self/ns/net
        is "$output" "$lab"
    done
    docker_status
    # by an entry of the policy
    integrate --only
    kill -HUP "$(<"$BATS_FILE_TMPDIR/docker.pid")"
    wait_until eval '[ "$(docker info --format "{{.DefaultRuntime}}")" = distro-shim ]'
    echo '{"version": 1, "networks": {"lab": {"namespace": "/run/netns/lab"}}, "distros": [{"match": {"engine": "docker"}, "network": "lab"}]}' >"$POLICY_PLACE"
    built --network none
    contains "$output$stderr" "$lab"
    dk_ok run --rm "$DOCKER_IMAGE" readlink /proc/self/ns/net
    is "$output" "$lab"
}

@test "--only and --undo are refused while containers live that the other runtime knows nothing of; back is byte for byte" {
    dk_ok run -d --name stays --runtime runc "$DOCKER_IMAGE" sleep 100
    dk_ok run -d --name goes-on "$DOCKER_IMAGE" sleep 100
    run undo
    is "$status" 1
    contains "$output" "alive: stays ($(docker inspect --format '{{.Id}}' stays | cut -c 1-12))"
    is "$(grep -c alive: <<<"$output")" 1
    dk_ok rm --force stays
    run undo
    is "$status" 0
    contains "$output" 'never starts again: container goes-on has the runtime distro-shim'
    cmp /etc/docker/daemon.json "$BATS_FILE_TMPDIR/daemon.json"
    written | diff "$BATS_FILE_TMPDIR/before" -
    # as it was said
    dk_ok rm --force goes-on
    restart_services
    built --network none
    it_succeeded docker build
    lacks "$output$stderr" "$SHARED"
    dk_ok run -d --name old "$DOCKER_IMAGE" sleep 100
    # the default alone: a SIGHUP is enough
    run integrate
    is "$status" 0
    contains "$output" 'to be made again: container old has the runtime runc'
    kill -HUP "$(<"$BATS_FILE_TMPDIR/docker.pid")"
    wait_until eval '[ "$(docker info --format "{{.DefaultRuntime}}")" = distro-shim ]'
    it_is_shared run --rm "$DOCKER_IMAGE" readlink /proc/self/ns/net
    # and the ways around are open yet
    run docker_status
    is "$(grep -c '^way around' <<<"$output")" 3
    run integrate --only
    is "$status" 1
    contains "$output" 'alive: old ('
    # stopped, it is distro-shim's from its next start on
    dk_ok stop -t 0 old
    run integrate --only
    is "$status" 0
    lacks "$output" 'to be made again'
    run docker_status
    is "$status" 1
    contains "$output" 'was started without /etc/distro-shim/docker/bin in PATH; restart docker'
    restart_services
    dk_ok start old
    it_is_shared exec old readlink /proc/self/ns/net
    docker_status
}
