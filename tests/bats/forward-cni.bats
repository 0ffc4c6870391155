#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Podman whose networks are made by plugins of CNI: bridge and portmap, and dnsname for the names.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines
load forward

# shellcheck disable=SC2034 # read by setup_podman
PODMAN_NETWORKS=cni
setup_file() { make_rootfs && setup_podman; }
setup() {
    requires root world && start_engine_test podman
    [ -e /usr/lib/cni/dnsname ] || skip "needs the plugin dnsname (tests/engines/fetch)"
    is "$(podman info --format '{{.Host.NetworkBackend}}')" cni
    another_machine && ok network create --subnet 10.90.0.0/24 team
}
teardown() {
    end_udp_server
    timeout -k 5 60 podman rm --all --force --time 0 3>&- >/dev/null
    podman network rm -f team >/dev/null 2>&1 3>&- || true
    end_another_machine
    end_podman_test
}

@test "published ports: from the host, a sibling and another machine" {
    ok run -d --network team --name web -p 18080:80 -p 127.0.0.1:18081:80 -p 18082:82/udp busybox sh -c "$(serves 80 'a page')"
    in_shared "$(pid_of web)"
    wait_until page_is 127.0.0.1 18080 'a page'
    page_is 127.0.0.1 18081 'a page'
    page_is "${OTHER_HOST[0]}" 18080 'a page'
    if page_is "${OTHER_HOST[0]}" 18081 'a page'; then false; fi
    from_there page_is "${OTHER_HOST[0]}" 18080 'a page'
    ok run --rm busybox wget -q -O - "http://${OTHER_HOST[0]}:18080/"
    is "$output" 'a page'
    udp_server 82
    is "$(from_there udp_answer "${OTHER_HOST[0]}" 18082 word)" 'got word'
    ok rm -f -t 0 web
    no_forwarding
}

@test "names: each way, with a usual container, and again after a restart" {
    ok run -d --network team --name web -p 18080:80 busybox sh -c "$(serves 80 'a page')"
    ok --runtime crun run -d --network team --name usual busybox sh -c "$(serves 80 'a usual page')"
    for i in 1 2; do
        wait_until podman exec usual timeout 2 wget -q -O - http://web/
        ok exec usual wget -q -O - http://web/
        is "$output" 'a page'
        wait_until podman exec web timeout 2 wget -q -O - http://usual/
        ok exec web wget -q -O - http://usual/
        is "$output" 'a usual page'
        page_is 127.0.0.1 18080 'a page'
        is "$(forwarding_links)" 1
        [ $i = 2 ] || ok restart -t 0 web
    done
    ok pod create --name pod --network team -p 18081:81
    ok run -d --pod pod --name member busybox sh -c "$(serves 81 'a page of a pod'); sleep 1000"
    wait_until page_is 127.0.0.1 18081 'a page of a pod'
    wait_until podman exec member timeout 2 wget -q -O - http://usual/
    ok pod rm -f -t 0 pod
    ok rm -f -t 0 web
    no_forwarding
}
