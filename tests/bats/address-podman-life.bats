#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Podman, whose addresses are the containers' own, from restart to removal in any order; pods, and containers that are
# in another one's network.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load policy
load engines
load forward
load address-podman

setup_file() { setup_own; }
teardown_file() { take_policy_place; }
# When the bridge has another link's address then, it does not answer for some seconds, whatever the runtime is: so names are
# asked for before anything ends.
setup() {
    start_own_test
    ok network create --subnet 10.90.0.0/24 team
}
teardown() { end_own_test; }

@test "restart, stop and start, pause, kill of its process and of all at once: each is at the address that it has then" {
    local i
    box one --network team -p 18081:80 --stop-timeout 1 && box two --network team --stop-timeout 1
    gets two http://one/ 'page of one'
    for i in 1 2; do
        ok restart -t 0 one
        wait_until page_is "$(ip_of one)" 80 'page of one'
        wait_until page_is 127.0.0.1 18081 'page of one'
        gets two "http://$(ip_of one)/" 'page of one'
        is "$(addresses_of one)" "$(ip_of one)"
    done
    ok stop -t 0 one
    # another may have the address meanwhile
    ok run -d --name three --network team:ip="$(podman run --rm --network team busybox hostname -i)" busybox sleep 1000
    ok start one
    wait_until page_is "$(ip_of one)" 80 'page of one'
    ok pause two
    refused one "http://$(ip_of two)/"
    ok unpause two
    gets one "http://$(ip_of two)/" 'page of two'
    kill -KILL "$(pid_of one)" "$(pid_of two)"
    wait_until has_status one exited
    wait_until has_status two exited
    ok start two
    wait_until page_is "$(ip_of two)" 80 'page of two'
    ok rm -f -t 0 three two one
    no_forwarding
}

@test "whichever goes first: the other one's address, ports and names stay; and the address is another's at once" {
    local first second address
    for first in one two; do
        second=two
        [ $first = one ] || second=one
        box one --network team:ip=10.90.0.51 -p 18081:80 && box two --network team:ip=10.90.0.52 -p 18082:80
        wait_until page_is 10.90.0.51 80 'page of one'
        ok rm -f -t 0 $first
        wait_until page_is "$(ip_of $second)" 80 "page of $second"
        address=10.90.0.51
        [ $first = one ] || address=10.90.0.52
        box three --network team:ip=$address
        gets $second "http://$(ip_of three)/" 'page of three'
        ok rm -f -t 0 three
        ok rm -f -t 0 $second
        no_forwarding
    done
}

@test "a pod: one address and one localhost for its members; two pods at one port" {
    local pod
    for pod in red blue; do
        ok pod create --name $pod --network team -p "1808$([ $pod = red ] && echo 1 || echo 2):80"
        ok run -d --pod $pod --stop-timeout 1 --name $pod-web busybox sh -c "$(serve "page of $pod")"
        ok run -d --pod $pod --stop-timeout 1 --name $pod-side busybox sh -c 'mkdir /www; echo side >/www/index.html; exec httpd -f -p 127.0.0.1:8080 -h /www'
    done
    for pod in red blue; do
        address=$(podman inspect --format '{{.NetworkSettings.Networks.team.IPAddress}}' "$(podman pod inspect --format '{{.InfraContainerID}}' $pod)")
        wait_until page_is "$address" 80 "page of $pod"
        wait_until page_is 127.0.0.1 "1808$([ $pod = red ] && echo 1 || echo 2)" "page of $pod"
        is "$(addresses_of $pod-web) $(addresses_of $pod-side)" "$address $address"
        gets $pod-side http://127.0.0.1/ "page of $pod"
        gets $pod-side http://localhost/ "page of $pod"
        gets $pod-web http://127.0.0.1:8080/ side
    done
    gets red-web http://blue/ 'page of blue'
    gets blue-side http://red/ 'page of red'
    gets blue-side http://red/cgi-bin/who "[::ffff:$address]"
    refused red-web http://blue:8080/
    ok rm -f -t 0 red-web
    wait_until page_is "$address" 80 "page of blue"
    gets blue-web http://127.0.0.1:8080/ side
    ok run -d --pod red --stop-timeout 1 --name red-web busybox sh -c "$(serve "new page of red")"
    gets blue-web http://red/ 'new page of red'
    ok pod restart blue
    gets red-side "http://$(podman inspect --format '{{.NetworkSettings.Networks.team.IPAddress}}' "$(podman pod inspect --format '{{.InfraContainerID}}' blue)")/" 'page of blue'
    ok pod rm -f -t 0 red
    gets blue-side http://127.0.0.1/ 'page of blue'
    ok pod rm -f -t 0 blue
    no_forwarding
}

@test "--network container:OTHER: the other's address and localhost, in whatever order they end" {
    local first
    for first in one side; do
        ok run -d --network team --name one -p 18081:80 busybox sleep 1000
        ok run -d --network container:one --name side busybox sh -c "$(serve 'page of side')"
        box two --network team
        wait_until page_is 127.0.0.1 18081 'page of side'
        is "$(addresses_of side)" "$(ip_of one)"
        gets one http://127.0.0.1/ 'page of side'
        gets two http://one/ 'page of side'
        gets side http://two/cgi-bin/who "[::ffff:$(ip_of one)]"
        ok kill $first
        wait_until has_status $first exited
        # its network, and with it the address of both, goes with the one that it was made for
        [ $first = one ] || gets two "http://$(ip_of two)/" 'page of two'
        ok rm -f -t 0 side
        ok rm -f -t 0 one
        gets two http://127.0.0.1/ 'page of two'
        ok rm -f -t 0 two
        no_forwarding
    done
}
