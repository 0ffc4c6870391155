#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Docker with userns-remap, whose addresses are the containers' own: who has no power over the network has an address and low
# ports in it all the same.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load policy
load engines
load forward
load address-docker

DOCKER_MORE='{ "userland-proxy": true, "userns-remap": "remap" }'
# as distro-net has them for all, here each container alone
OWN_MORE='{ lowPorts: true }'
setup_file() {
    if [ -n "${DISTRO_SHIM_WORLD:-}" ]; then
        echo 'remap:x:3000:3000::/:/bin/false' >>/etc/passwd && echo 'remap:x:3000:' >>/etc/group || return 1
        echo 'remap:300000:65536' | tee -a /etc/subuid >>/etc/subgid
    fi
    setup_docker_with_addresses
}
teardown_file() { teardown_docker_with_addresses; }
setup() {
    requires userns
    start_docker_test
}
teardown() { end_docker_test_with_addresses front; }

@test "two at port 80, by address, name and published port; restarted; nothing is left" {
    local one pid
    dk_ok network create front
    for one in web db; do
        web $one --network front -p "1808$([ $one = web ] && echo 0 || echo 1):80"
        pid=$(field $one State.Pid)
        in_shared "$pid"
        is "$(awk '/^Uid/ { print $2 }' "/proc/$pid/status")" 300000
        is "$(own_of $one)" "$(address_in $one front)"
    done
    for one in 1 2; do
        wait_until gets db web 'page of web'
        gets web db 'page of db'
        page_is "$(host_address)" 18080 'page of web'
        page_is 127.0.0.1 18081 'page of db'
        seen_as db web "$(address_in db front)"
        seen_as web "$(address_in db front)" "$(address_in web front)"
        gets web 127.0.0.1 'page of web'
        [ $one = 2 ] || dk_ok restart -t 0 web
    done
    # on the usual network the first packet of a program has its address, too
    listen_who 172.17.0.1 1900
    dk_ok run --rm "$DOCKER_IMAGE" sh -c 'wget -q -O - http://172.17.0.1:1900/; hostname -i'
    is "$(uniq -c <<<"$output" | awk '{ print $1 }')" 2
    dk_ok rm -f web db
    own_state_is_as_before
}
