#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Podman, whose addresses are the containers' own in the one network: all listen at one port there.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines
load forward

setup_file() { make_rootfs && setup_podman; }
setup() {
    requires root world && start_engine_test podman
    ip -n distros link set lo up
    jq -n '{ version: 1, network: { address: "engine" } }' >/run/policy.json
    POLICY=(--runtime-flag policy=/run/policy.json)
}
teardown() {
    rm -f /run/policy.json
    end_podman_test
}

addresses_of() { # CONTAINER: by the runtime
    "$DISTRO_SHIM" members --format json | jq -r --arg id "$(podman inspect --format '{{.Id}}' "$1")" '.[] | select(.id == $id).addresses | join(",")'
}
ip_of() { podman inspect --format '{{.NetworkSettings.IPAddress}}' "$1"; }
# For a shell in the container: a page at port 80, and one that says who asks.
serve() { # TEXT
    echo 'mkdir -p /www/cgi-bin; printf "%s\n" "#!/bin/sh" echo "echo \$REMOTE_ADDR" >/www/cgi-bin/who; chmod +x /www/cgi-bin/who'
    echo "echo '$1' >/www/index.html; exec httpd -f -p 80 -h /www"
}

@test "all listen at one port, each at its own address and by its published port, and see who asks" {
    local i address
    for i in 1 2 3; do
        ok "${POLICY[@]}" run -d --network bridge --name "web$i" -p "1808$i:80" busybox sh -c "$(serve "page $i")"
    done
    for i in 1 2 3; do
        in_shared "$(pid_of "web$i")"
        address=$(ip_of "web$i")
        wait_until page_is "$address" 80 "page $i"
        page_is 127.0.0.1 "1808$i" "page $i"
        page_is "$(host_address)" "1808$i" "page $i"
        is "$(addresses_of "web$i")" "$address"
        ok exec "web$i" wget -q -O - http://127.0.0.1/
        is "$output" "page $i"
    done
    # a sibling is seen by its own address
    ok exec web1 wget -q -O - "http://$(ip_of web2)/cgi-bin/who"
    is "$output" "[::ffff:$(ip_of web1)]"
    # and reaches what the host publishes
    ok exec web1 wget -q -O - "http://$(host_address):18083/"
    is "$output" "page 3"
    for i in 1 2 3; do ok rm -f -t 0 "web$i"; done
    no_forwarding
}
