#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Docker with userns-remap: its containers have a user namespace, their network is set up through a hook after they are made, and they
# are in the shared network all the same.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines
load forward

DOCKER_RULES=true
DOCKER_MORE='{ "userland-proxy": true, "userns-remap": "remap" }'
setup_file() {
    make_rootfs
    lay_engines || return 1
    [ -e /run/engines ] || return 0
    echo 'remap:x:3000:3000::/:/bin/false' >>/etc/passwd && echo 'remap:x:3000:' >>/etc/group || return 1
    echo 'remap:300000:65536' | tee -a /etc/subuid >>/etc/subgid
    # as distro-net has it: nothing here has power over the shared network
    nsenter --net=/run/netns/distros sh -c 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start >'"$BATS_FILE_TMPDIR/port_start"'; echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start'
    setup_docker
}
teardown_file() {
    teardown_docker
    [ ! -e "$BATS_FILE_TMPDIR/port_start" ] || nsenter --net=/run/netns/distros sh -c "cat $BATS_FILE_TMPDIR/port_start >/proc/sys/net/ipv4/ip_unprivileged_port_start"
}
setup() { requires root world userns && start_engine_test docker; }
teardown() { end_docker_test; }
field() { docker inspect --format "{{.$2}}" "$1"; } # CONTAINER FIELD
serve() { # NAME PORT ARGUMENT...
    local name=$1 port=$2
    shift 2
    dk_ok run -d --name "$name" "$@" "$DOCKER_IMAGE" sh -c "$(serves "$port" "page of $name"); sleep 1000"
}
# its process is in the shared network, and is not the host's root
is_member() { # NAME
    local pid
    pid=$(field "$1" State.Pid)
    in_shared "$pid"
    is "$(awk '/^Uid/ { print $2 }' "/proc/$pid/status")" 300000
    [ ! "/proc/$pid/ns/user" -ef /proc/self/ns/user ]
}

@test "two at once: in the shared network, with a published port, an address and a name each; restarted, and removed" {
    host=$(host_address)
    dk_ok network create back
    serve one 80 -p 18080:80 --network back
    serve two 81 -p 18081:81 --network back
    is_member one && is_member two
    for name in one two; do
        port=$([ $name = one ] && echo 80 || echo 81)
        for at in "$host 180$port" "127.0.0.1 180$port" "$(field $name NetworkSettings.Networks.back.IPAddress) $port"; do
            # shellcheck disable=SC2086 # two words
            wait_until page_is $at "page of $name"
        done
    done
    [ "$(field one NetworkSettings.Networks.back.IPAddress)" != "$(field two NetworkSettings.Networks.back.IPAddress)" ]
    dk_ok exec two wget -q -O - http://one/
    is "$output" 'page of one'
    # to others it is a container like any
    dk_ok run --rm --runtime runc --network back "$DOCKER_IMAGE" wget -q -O - http://two:81/
    is "$output" 'page of two'
    dk_ok restart -t 0 one
    is_member one
    wait_until page_is "$host" 18080 'page of one'
    page_is "$host" 18081 'page of two'
    dk_ok rm -f two
    page_is "$host" 18080 'page of one'
    dk_ok rm -f one
    no_forwarding
    dk_ok network rm back
}

@test "run, exec, update, pause, none, another container's network; a network that is connected later" {
    dk_ok run --rm "$DOCKER_IMAGE" sh -c 'echo $(ls /sys/class/net); readlink /proc/self/ns/net; cat /proc/self/uid_map'
    contains "$output" "$SHARED" && contains "$output" 300000
    dk_ok run --rm --network none "$DOCKER_IMAGE" readlink /proc/self/ns/net
    is "$output" "$SHARED"
    serve web 80 -m 64m
    is_member web
    dk_ok exec -u 1000 web sh -c 'id -u; readlink /proc/self/ns/net'
    is "$output" "1000"$'\n'"$SHARED"
    dk_ok pause web
    dk_ok unpause web
    dk_ok update -m 80m --memory-swap 80m web
    dk_ok run --rm --network container:web "$DOCKER_IMAGE" wget -q -O - http://127.0.0.1/
    is "$output" 'page of web'
    dk_ok network create later
    dk_ok network connect later web
    wait_until page_is "$(field web NetworkSettings.Networks.later.IPAddress)" 80 'page of web'
    dk_ok network disconnect later web
    wait_until page_is "$(field web NetworkSettings.IPAddress)" 80 'page of web'
    dk_ok rm -f web
    no_forwarding
    dk_ok network rm later
}

@test "dockerd killed and started again under them" {
    host=$(host_address)
    serve web 80 -p 18080:80
    wait_until page_is "$host" 18080 'page of web'
    kill_dockerd
    page_is "$(host_address)" 18080 'page of web' || page_is "$host" 18080 'page of web'
    start_dockerd
    wait_until page_is "$host" 18080 'page of web'
    is_member web
    dk_ok restart -t 0 web
    wait_until page_is "$host" 18080 'page of web'
    dk_ok rm -f web
    no_forwarding
}
