#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Podman whose networks are made by plugins of CNI, and whose addresses are the containers' own.
# world: hybrid

load helpers
load policy
load engines
load forward
load address-podman

# shellcheck disable=SC2034 # read by setup_podman
PODMAN_NETWORKS=cni
setup_file() { setup_own; }
teardown_file() { take_policy_place; }
setup() {
    start_own_test
    [ -e /usr/lib/cni/dnsname ] || skip "needs the plugin dnsname (tests/engines/fetch)"
    is "$(podman info --format '{{.Host.NetworkBackend}}')" cni
    another_machine && ok network create --subnet 10.90.0.0/24 team
}
teardown() { end_own_test; }

@test "two at one port: addresses, published ports, names and who asks; restart and removal in any order" {
    local name
    box one --network team -p 18081:80 && box two --network team -p 18082:80
    ok --runtime crun run -d --network team --name usual busybox sh -c "$(serve 'page of usual')"
    for name in one two; do
        wait_until page_is "$(ip_of $name)" 80 "page of $name"
        is "$(addresses_of $name)" "$(ip_of $name)"
        gets $name http://127.0.0.1/ "page of $name"
        gets $name http://usual/ 'page of usual'
        gets usual http://$name/ "page of $name"
    done
    page_is 127.0.0.1 18081 'page of one'
    from_there page_is "${OTHER_HOST[0]}" 18082 'page of two'
    is "$(from_there page_of "${OTHER_HOST[0]}" 18082 /cgi-bin/who)" '[::ffff:10.200.0.2]'
    gets one http://two/cgi-bin/who "[::ffff:$(ip_of one)]"
    ok restart -t 0 one
    wait_until page_is "$(ip_of one)" 80 'page of one'
    wait_until page_is 127.0.0.1 18081 'page of one'
    ok rm -f -t 0 one
    page_is 127.0.0.1 18082 'page of two'
    ok rm -f -t 0 two
    no_forwarding
}
