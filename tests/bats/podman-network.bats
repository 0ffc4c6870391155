#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Podman: whatever network or namespace it is told to use, the container is in the shared network and
# never sees the host's processes, and what Podman had prepared for it goes away again.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines

setup_file() { make_rootfs && setup_podman; }
setup() {
    requires root world && start_engine_test podman
    rm -rf /etc/netns/distros
}
teardown() {
    [ ! -e /run/netns/other ] || ip netns del other
    rm -rf /etc/netns/distros
    end_podman_test
}

# without links that go at this moment, which have none any more
addresses() { ip -n distros -br addr | grep -v '^fwd[^.]*$'; }
LINKS="$NAMESPACES; ls /sys/class/net"

@test "whatever --network says, it is the shared one" {
    local kind
    ok run -d --name other busybox sleep 100
    for kind in bridge none host private ns:/run/netns/distros container:other; do
        busybox_says --network "$kind" -- "$LINKS"
        promised "$output" || { echo "--network $kind" && false; }
        contains "$output" dsn
        lacks "$output" eth0
        # the world's own
        lacks "$output" dsh
    done
    # the loopback stays up whatever an engine has taken down with its own network
    contains "$(ip -n distros link show lo)" UP
}

@test "a network namespace of another program by path is left as it is, and not entered" {
    ip netns add other
    busybox_says --network ns:/run/netns/other -- "$LINKS"
    promised "$output"
    is "$(ip -n other -br link | awk '{ print $1 }')" lo
}

@test "a network of Podman's own, and published ports: in the shared network there is what leads to it, and no more" {
    local before
    before=$(addresses)
    ok network create --subnet 10.90.0.0/24 team
    ok run -d --name c1 --network team -p 18080:80 busybox sh -c "$LINKS; sleep 100"
    promised_of "$(pid_of c1)"
    is "$(addresses | grep -v "^fwd")" "$before"
    is "$(addresses | grep -c "^fwd")" 1
    ok rm -f -t 0 c1
    ok network rm team
    is "$(addresses)" "$before"
}

@test "two containers talk at localhost, and the host does not hear it" {
    ok run -d --name server busybox sh -c 'mkdir /www; echo "a page" >/www/index.html; exec httpd -f -p 127.0.0.1:18081 -h /www'
    busybox_says --network bridge -- 'i=0; until wget -q -O - http://127.0.0.1:18081/; do i=$((i + 1)); [ $i -lt 50 ] || exit 1; sleep 0.1; done'
    is "$output" "a page"
    if (exec 3<>/dev/tcp/127.0.0.1/18081) 2>/dev/null; then false; fi
    # and the clash of ports that sharing means
    pod run --rm busybox sh -c 'timeout 2 httpd -f -p 127.0.0.1:18081 2>&1'
    contains "$output" "Address already in use"
}

@test "resolv.conf and hosts: those of the network where it has some, else Podman's own" {
    busybox_says --network bridge --dns 192.0.2.1 --add-host one:192.0.2.2 -- 'cat /etc/resolv.conf /etc/hosts'
    contains "$output" 192.0.2.1
    contains "$output" 192.0.2.2
    mkdir -p /etc/netns/distros
    echo "nameserver 192.0.2.53" >/etc/netns/distros/resolv.conf
    echo "192.0.2.54 of-the-network" >/etc/netns/distros/hosts
    # what Podman wrote was for the network that it had prepared; what it was asked for stays
    busybox_says --network bridge --hostname one -- 'cat /etc/resolv.conf /etc/hosts'
    matches "$output" $'^nameserver 192.0.2.53\n[0-9.]+ host.containers.internal( host.docker.internal)?\n192.0.2.54 of-the-network\n127.0.1.1 one [a-z_]+$'
    busybox_says --network bridge --dns 192.0.2.1 --dns-search asked.for --add-host two:192.0.2.2 --hostname one -- 'cat /etc/resolv.conf /etc/hosts'
    for text in "nameserver 192.0.2.1" "search asked.for" "192.0.2.2 two" "192.0.2.54 of-the-network" "127.0.1.1 one"; do
        contains "$output" "$text"
    done
    lacks "$output" 192.0.2.53
}

@test "--pid, --ipc, --uts, --cgroupns host: never the host's" {
    busybox_says --pid host -- "$NAMESPACES; ps | grep -c ' [p]odman\|[c]onmon' || true; echo \$\$"
    promised "$output"
    contains "$output" $'\n0\n1'
    busybox_says --ipc host --uts host --cgroupns host -- "$NAMESPACES; hostname; hostname changed 2>/dev/null || true"
    promised "$output"
    is "$(hostname)" world
    # all at once, with everything that Podman can give
    busybox_says --privileged --pid host --ipc host --uts host --network host -- "$NAMESPACES; ps | wc -l"
    promised "$output"
}

@test "--pid and --ipc container:OTHER: the other's IPC, but a PID namespace of its own" {
    ok run -d --name other busybox sleep 100
    busybox_says --ipc container:other --pid container:other -- "$NAMESPACES; ps"
    promised "$output"
    lacks "$output" "sleep 100"
    contains "$output" "$(readlink "/proc/$(pid_of other)/ns/ipc")"
    lacks "$output" "$(readlink "/proc/$(pid_of other)/ns/pid")"
    is "$stderr" ""
}

@test "--network none and a pod that shares its PID namespace: what became of it is told by explain" {
    warned() { "$ENGINES_RUNTIME" explain --format json "$(podman inspect --format '{{.Id}}' "$1")" | jq -r '.decisions[] | select(.action == "warn") | .rule'; }
    ok run -d --name none --network none busybox sleep 100
    is "$stderr|$(warned none)" "|network.requested.new"
    ok pod create --name shares --share pid,ipc,uts
    ok run -d --pod shares --name within busybox sleep 100
    is "$stderr" ""
    contains "$(warned within)" namespaces.pid
    ok run -d --name usual busybox sleep 100
    is "$(warned usual)" ""
}

@test "a user namespace: in the shared network by path, and where Podman makes a network" {
    busybox_says --uidmap 0:100000:1000 -- "$LINKS; cat /proc/self/uid_map; id -u"
    promised "$output"
    matches "$output" '0 +100000 +1000'
    contains "$output" dsn
    busybox_says --network bridge --uidmap 0:100000:1000 -- "$NAMESPACES; cat /proc/self/uid_map"
    promised "$output"
    matches "$output" '0 +100000 +1000'
    # nothing of it is left in anybody's network: see end_test
}

@test "what was decided is on record, and explain tells it of a container that runs" {
    ok run -d --name c1 --network bridge --pid host busybox sleep 100
    "$ENGINES_RUNTIME" explain "$(podman inspect --format '{{.Id}}' c1)" >explained 3>&- || skip "this runtime explains nothing"
    contains "$(<explained)" network.requested.path
    contains "$(<explained)" namespaces.pid
    contains "$("$ENGINES_RUNTIME" members --quiet)" "$(podman inspect --format '{{.Id}}' c1)"
}

@test "explain names the flag of Podman, and policy test what another policy would make of its containers" {
    local new=/run/distro-shim-test/new.json before after
    mkdir "${new%/*}" && chmod 755 "${new%/*}"
    echo '{"version": 1, "network": {"requested": {"path": "refuse"}}}' >"$new"
    before=$("$ENGINES_RUNTIME" policy test "$new" --living --format json | jq '.results | map(select(.outcome == "refused")) | length')
    ok run -d --name asked --network bridge busybox sleep 100
    id=$(podman inspect --format '{{.Id}}' asked)
    flag=$("$ENGINES_RUNTIME" explain --engine podman --format json "$id" | jq -r '.engine.remedies[] | select(.rule == "network.requested.path") | .remedy')
    matches "$flag" '^--network (ns:[^;]*); '
    is "${BASH_REMATCH[1]}" ns:/run/netns/distros
    # the request is Podman's own, of the network that it has made
    tested() { "$ENGINES_RUNTIME" policy test "$new" --living --format json | jq -r --arg id "$1" '.results[] | select(.id == $id) | .request + " " + .outcome' || true; }
    is "$(tested "$id")" "request refused"
    after=$("$ENGINES_RUNTIME" policy test "$new" --living --format json | jq '.results | map(select(.outcome == "refused")) | length')
    is "$after" $((before + 1))
    # what asks by the flag stays allowed
    ok run -d --name by-flag --network "${BASH_REMATCH[1]}" busybox sleep 100
    matches "$(tested "$(podman inspect --format '{{.Id}}' by-flag)")" ' same$'
    rm -r "${new%/*}"
}
