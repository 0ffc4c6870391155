#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Docker, whose daemon is killed and started again: what leads to containers in the shared network lives on with
# them, names as well, although its resolver listens elsewhere then; and nothing is left in the end.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines
load forward

DOCKER_RULES=true
setup_file() {
    make_rootfs && setup_docker || return 1
    # as distro-net has it
    ! [ -e "$BATS_FILE_TMPDIR/docker.pid" ] || iptables -I DOCKER-USER -i dsh -j ACCEPT
}
teardown_file() { teardown_docker; }
setup() { requires root world && start_engine_test docker; }
teardown() {
    docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1 3>&-
    timeout 20 docker network rm team >/dev/null 2>&1 3>&- || true
    end_docker_test
}
server() { dk_ok run -d --name "$1" "${@:3}" "$DOCKER_IMAGE" sh -c "$(serves "$2" "page of $1"); sleep 1000"; } # NAME PORT [FLAG]...
gets() { [ "$(timeout 5 docker exec "$1" wget -q -O - "http://$2/")" = "$3" ]; } # CONTAINER ADDRESS TEXT
field() { docker inspect --format "{{.$2}}" "$1"; }                              # CONTAINER FIELD
in_decoy() { nsenter --net="$(field "$1" NetworkSettings.SandboxKey)" "${@:2}"; }  # CONTAINER COMMAND...
resolver_of() { in_decoy "$1" ss -Hlnu src 127.0.0.11 | awk '{ print $4 }'; }      # CONTAINER

@test "ports and names after the daemon was killed, twice; while it is gone names are refused at once, and ports lead on" {
    dk_ok network create team
    server web 80 --network team -p 18080:80
    server other 81 --network team
    host=$(host_address)
    wait_until gets other web 'page of web'
    nameserver=$(docker exec other cat /etc/resolv.conf | awk '$1 == "nameserver" { print $2 }')
    cat >query.py <<'END'
import socket, struct, sys
query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03web\x00\x00\x01\x00\x01"
if sys.argv[2] == "tcp":
    s = socket.create_connection((sys.argv[1], 53), 3)
    s.sendall(struct.pack(">H", len(query)) + query)
else:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(3)
    s.connect((sys.argv[1], 53))
    s.send(query)
print(s.recv(500)[-4:].hex())
END
    ask() { nsenter --net=/run/netns/distros python3 query.py "$nameserver" "$1" 2>&1 | tail -n 1; }
    address=$(field web NetworkSettings.Networks.team.IPAddress | awk -F . '{ printf "%02x%02x%02x%02x", $1, $2, $3, $4 }')
    for i in 1 2; do
        for protocol in udp tcp; do is "$(ask $protocol)" "$address"; done
        before=$(resolver_of other)
        kill_dockerd
        page_is "$host" 18080 'page of web'
        for protocol in udp tcp; do contains "$(ask $protocol)" 'Connection refused'; done
        start_dockerd
        # else this would prove nothing
        [ "$(resolver_of other)" != "$before" ]
        gets other web 'page of web'
        gets web other:81 'page of other'
        page_is "$host" 18080 'page of web'
    done
    # made anew they are no more
    rules=$(in_decoy other nft list ruleset | grep -v packets)
    "$DISTRO_SHIM" forwarding --renew
    is "$(in_decoy other nft list ruleset | grep -v packets)" "$rules"
    gets other web 'page of web'
    dk_ok restart -t 0 web
    wait_until gets other web 'page of web'
    server third 82 --network team
    wait_until gets other third:82 'page of third'
    dk_ok rm -f web other third
    no_forwarding
}

@test "containers that end while the daemon is gone, and such as are being stopped and removed when it is killed: nothing is left" {
    dk_ok network create team
    server web 80 --network team -p 18080:80 --restart always
    server other 81 --network team
    dk_ok run -d --network team --name deaf "$DOCKER_IMAGE" sh -c 'trap "" TERM; while :; do sleep 1; done'
    pids=$(for name in web other; do field $name State.Pid; done)
    kill_dockerd
    kill -KILL $pids
    start_dockerd
    wait_until page_is "$(host_address)" 18080 'page of web'
    is "$(field other State.Status) $(forwarding_links)" 'exited 2'
    docker stop -t 20 deaf >/dev/null 2>&1 3>&- &
    stopping=$!
    docker rm -f web >/dev/null 2>&1 3>&- &
    removing=$!
    wait_until eval '[ -z "$(docker ps -q --filter name=web)" ]'
    kill_dockerd
    wait $stopping $removing || true
    start_dockerd
    dk_ok rm -f deaf
    dk rm -f web
    dk_ok rm -f other
    wait_until no_forwarding
    dk_ok network rm team
}

@test "the daemon is killed while it starts a container: nothing leads to what it does not know of" {
    for moment in 0.15 0.25 0.35 0.45; do
        docker run -d --name web -p 18080:80 "$DOCKER_IMAGE" sh -c "$(serves 80 'a page')" >/dev/null 2>&1 3>&- &
        running=$!
        sleep "$moment"
        kill_dockerd
        wait $running || true
        start_dockerd
        [ "$(field web State.Status)" != running ] || wait_until page_is "$(host_address)" 18080 'a page'
        dk rm -f web
        end_unrecorded
        wait_until no_forwarding
    done
}

@test "rules of the older iptables: names lead to where the resolver listens at the start; after the daemon from the next exec or refresh on" {
    command -v iptables-legacy >/dev/null || skip "needs iptables-legacy"
    iptables-legacy -t nat -L >/dev/null || skip "needs a kernel with the tables of the older iptables"
    stop_dockerd
    nft flush ruleset
    mkdir bin && ln -s "$(command -v iptables-legacy)" bin/iptables
    PATH=$PWD/bin:$PATH start_dockerd
    bin/iptables -I DOCKER-USER -i dsh -j ACCEPT
    dk_ok network create team
    server web 80 --network team
    server other 81 --network team
    wait_until gets web other:81 'page of other'
    in_decoy web "$PWD/bin/iptables" -t nat -S DOCKER_OUTPUT
    kill_dockerd
    PATH=$PWD/bin:$PATH start_dockerd
    # what is there does not know it yet
    refuse timeout 5 nsenter -t "$(field web State.Pid)" -m -n busybox wget -q -O - http://other:81/
    gets web other:81 'page of other'
    kill_dockerd
    PATH=$PWD/bin:$PATH start_dockerd
    "$DISTRO_SHIM" forwarding --renew
    gets web other:81 'page of other'
    dk_ok rm -f web other
    no_forwarding
}
