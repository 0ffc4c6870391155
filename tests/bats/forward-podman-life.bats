#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Podman: what leads to a container while that is restarted, and while networks come and go under it; and nothing
# is left of it.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines
load forward

setup_file() { make_rootfs && setup_podman; }
setup() { requires root world && start_engine_test podman; }
teardown() {
    timeout -k 5 60 podman rm --all --force --time 0 3>&- >/dev/null
    for network in one two; do podman network rm -f $network >/dev/null 2>&1 3>&- || true; done
    end_another_machine
    end_podman_test
}
address() { podman inspect --format "{{(index .NetworkSettings.Networks \"$2\").IPAddress}}" "$1"; } # CONTAINER NETWORK
networks() { ok network create --subnet 10.90.0.0/24 one && ok network create --subnet 10.91.0.0/24 two; }
starts() { podman inspect --format '{{.RestartCount}}' "$1"; }

@test "networks that are connected and disconnected while it runs: each leads to it as long as it is there" {
    networks
    ok run -d --network one --name web -p 18080:80 busybox sh -c "$(serves 80 'a page')"
    ok run -d --network two --name other busybox sleep 1000
    wait_until page_is 127.0.0.1 18080 'a page'
    ok network connect --alias second two web
    wait_until page_is "$(address web two)" 80 'a page'
    wait_until podman exec other timeout 2 wget -q -O - http://web/
    ok exec other wget -q -O - http://second/
    page_is 127.0.0.1 18080 'a page'
    # the one that it began with goes
    ok network disconnect one web
    page_is "$(address web two)" 80 'a page'
    # its resolver is silent for some seconds then, for whatever runtime
    wait_until podman exec other timeout 2 wget -q -O - http://web/
    ok network connect one web
    wait_until page_is "$(address web one)" 80 'a page'
    is "$(forwarding_links)" 2
    ok rm -f -t 0 web
    ok rm -f -t 0 other
    no_forwarding
}

@test "two networks from the start, with an address, an alias and servers of names as they were asked for" {
    networks
    ok run -d --network one:ip=10.90.0.77,alias=here --network two:ip=10.91.0.77 --name web -p 18080:80 busybox sh -c "$(serves 80 'a page')"
    ok run -d --network two --name other --dns 192.0.2.1 --dns-search asked.for --add-host added:192.0.2.2 busybox sleep 1000
    for address in 10.90.0.77 10.91.0.77; do wait_until page_is $address 80 'a page'; done
    page_is 127.0.0.1 18080 'a page'
    # an alias is known in its network alone; of several networks the first resolver is asked, which that is by chance
    wait_until podman exec web timeout 5 nslookup web
    wait_until podman run --rm --network one busybox timeout 5 nslookup here
    ok exec other cat /etc/resolv.conf /etc/hosts
    for text in asked.for "192.0.2.2"; do contains "$output" "$text"; done
    # a newer one's resolver asks that server itself
    podman_since 5 || contains "$output" 192.0.2.1
    ok exec other wget -q -O - http://10.91.0.77/
}

@test "restart policies: after each end it leads to the new one" {
    ok volume create counts
    ok run -d --network bridge --restart on-failure:3 --name fails -v counts:/v -p 18080:80 busybox sh -c \
        "echo >>/v/starts; [ \$(wc -l </v/starts) -ge 3 ] || exit 1; $(serves 80 'a page')"
    ok run -d --network bridge --restart always --name always -p 18081:81 busybox sh -c "$(serves 81 'always'); wait; exec sleep 1000"
    wait_until page_is 127.0.0.1 18080 'a page'
    is "$(starts fails)" 2
    for i in 1 2; do
        wait_until page_is 127.0.0.1 18081 always
        kill -9 "$(pid_of always)"
        wait_until eval '[ "$(starts always)" = '$i' ]'
    done
    wait_until page_is 127.0.0.1 18081 always
    is "$(forwarding_links)" 2
    ok rm -f -t 0 fails
    ok rm -f -t 0 always
    no_forwarding
}

@test "stop, start, restart, pause, init and a reload of the network" {
    ok create --network bridge --name web --stop-timeout 1 -p 18080:80 busybox sh -c "$(serves 80 'a page')"
    no_forwarding
    ok init web
    ok start web
    wait_until page_is 127.0.0.1 18080 'a page'
    ok pause web
    if page_is 127.0.0.1 18080 'a page'; then false; fi
    ok unpause web
    wait_until page_is 127.0.0.1 18080 'a page'
    ok network reload web
    wait_until page_is 127.0.0.1 18080 'a page'
    for i in 1 2; do
        ok restart web
        wait_until page_is 127.0.0.1 18080 'a page'
        is "$(forwarding_links)" 1
    done
    ok stop web
    no_forwarding
    ok start web
    wait_until page_is 127.0.0.1 18080 'a page'
    # its process ends by itself
    kill -9 "$(pid_of web)"
    wait_until has_status web exited
    wait_until no_forwarding
    ok rm web
}

@test "whichever goes first: the container, its network or all at once; nothing is left" {
    for by in rm network rm-all kill; do
        networks
        ok run -d --network one --network two --name web -p 18080:80 busybox sh -c "$(serves 80 'a page')"
        ok run -d --network one --name other busybox sleep 1000
        wait_until page_is 127.0.0.1 18080 'a page'
        case $by in
        rm) ok rm -f -t 0 other && ok rm -f -t 0 web ;;
        network) ok network rm -f -t 0 two && ok network rm -f -t 0 one ;;
        rm-all) ok rm -f -t 0 -a ;;
        kill) ok kill -a && wait_until has_status web exited && wait_until has_status other exited && wait_until no_forwarding && ok rm -a ;;
        esac
        no_forwarding
        ok network rm -f one
        ok network rm -f two
        is "$(podman ps -aq)" ""
        is "$(ls /run/netns)" distros
    done
}

@test "macvlan: another machine reaches the container at its own address, on the link itself" {
    another_machine
    ok network create -d macvlan -o parent=another0 --subnet 10.200.0.0/24 --gateway 10.200.0.2 --ip-range 10.200.0.64/26 two
    ok run -d --network two --name web busybox sh -c "$(serves 80 'a page')"
    ok run -d --network two --name other busybox sh -c "$(serves 81 'another page'); sleep 1000"
    wait_until from_there page_is "$(address web two)" 80 'a page'
    from_there page_is "$(address other two)" 81 'another page'
    ok rm -f -t 0 web other
    no_forwarding
}
