#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Podman, and buildah, with user namespaces and networks that they set up between create and start: containers are in the
# shared network, and what is published leads to them.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines
load forward

setup_file() {
    make_rootfs
    setup_podman
    # as distro-net has it: nothing here has power over the shared network
    [ ! -e /run/engines ] || nsenter --net=/run/netns/distros sh -c 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start >'"$BATS_FILE_TMPDIR/port_start"'; echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start'
}
teardown_file() {
    [ ! -e "$BATS_FILE_TMPDIR/port_start" ] || nsenter --net=/run/netns/distros sh -c "cat $BATS_FILE_TMPDIR/port_start >/proc/sys/net/ipv4/ip_unprivileged_port_start"
}
setup() {
    requires root world userns && start_engine_test podman
    ok network create --subnet 10.90.0.0/24 team
}
teardown() {
    timeout -k 5 30 buildah rm --all 3>&- >/dev/null 2>&1 || true
    podman rmi --force made 3>&- >/dev/null 2>&1 || true
    timeout -k 5 60 podman rm --all --force --time 0 3>&- >/dev/null
    podman network rm -f team 3>&- >/dev/null
    end_podman_test
}
address_of() { podman inspect --format '{{.NetworkSettings.Networks.team.IPAddress}}' "$1"; }
serve() { # NAME PORT ARGUMENT...
    local name=$1 port=$2
    shift 2
    ok run -d --name "$name" --network team "$@" busybox sh -c "$(serves "$port" "page of $name"); sleep 1000"
}
# its process is in the shared network, and is not the host's root
is_member() { # NAME
    local pid
    pid=$(pid_of "$1")
    in_shared "$pid"
    [ ! "/proc/$pid/ns/user" -ef /proc/self/ns/user ]
}

@test "two with --userns=auto: published ports, addresses and names; restarted, and removed" {
    host=$(host_address)
    serve one 80 --userns=auto -p 18080:80
    # with any runtime the bridge has the address of a link that goes with its container, and is not answered for half a minute then
    ip link set "$(podman network inspect --format '{{.NetworkInterface}}' team)" address 02:00:00:00:00:01
    serve two 81 --userns=auto -p 18081:81
    is_member one && is_member two
    [ "$(awk '{ print $2 }' "/proc/$(pid_of one)/uid_map")" != "$(awk '{ print $2 }' "/proc/$(pid_of two)/uid_map")" ]
    wait_until page_is "$host" 18080 'page of one'
    wait_until page_is "$host" 18081 'page of two'
    wait_until page_is "$(address_of one)" 80 'page of one'
    wait_until page_is "$(address_of two)" 81 'page of two'
    ok exec two wget -q -O - http://one/
    is "$output" 'page of one'
    ok restart -t 0 one
    is_member one
    wait_until page_is "$host" 18080 'page of one'
    ok rm -f -t 0 two
    page_is "$host" 18080 'page of one'
    ok rm -f -t 0 one
    no_forwarding
}

@test "--uidmap, a pod with a user namespace, --network none, and a network that is connected later" {
    host=$(host_address)
    busybox_says --network bridge --uidmap 0:100000:1000 --gidmap 0:100000:1000 -- 'readlink /proc/self/ns/net; echo $(ls /sys/class/net); cat /proc/self/uid_map'
    contains "$output" "$SHARED" && matches "$output" '0 +100000 +1000'
    busybox_says --network none --userns=auto -- 'readlink /proc/self/ns/net'
    is "$output" "$SHARED"
    ok pod create --name pod --userns=auto --network team -p 18080:80
    ok run -d --pod pod --name web busybox sh -c "$(serves 80 'page of a pod'); sleep 1000"
    is_member web
    wait_until page_is "$host" 18080 'page of a pod'
    ok pod rm -f -t 0 pod
    no_forwarding
    serve one 80 --userns=auto
    ok network create --subnet 10.91.0.0/24 later
    ok network connect later one
    ok exec one true
    wait_until page_is "$(podman inspect --format '{{.NetworkSettings.Networks.later.IPAddress}}' one)" 80 'page of one'
    ok rm -f -t 0 one
    ok network rm later
    no_forwarding
}

@test "podman build and buildah run with a user namespace" {
    serve web 80
    printf '%s\n' 'FROM localhost/busybox:latest' "RUN readlink /proc/self/ns/net; cat /proc/self/uid_map; wget -q -O - http://$(address_of web)/" >Dockerfile
    ok build --no-cache --network team --userns-uid-map 0:100000:1000 --userns-gid-map 0:100000:1000 -t made .
    contains "$output" "$SHARED" && contains "$output" 'page of web' && matches "$output" '0 +100000 +1000'
}
