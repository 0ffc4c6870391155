#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Podman, whose addresses are the containers' own: names, networks of several subnets, several networks of one
# container, which come and go while it runs.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load policy
load engines
load forward
load address-podman

setup_file() { setup_own; }
teardown_file() { take_policy_place; }
setup() { start_own_test; }
teardown() { end_own_test; }

networks() {
    ok network create --subnet 10.90.0.0/24 front
    ok network create --subnet 10.91.0.0/24 back
}

@test "names: two of one network find each other, their own name and outside ones, and are at what inspect says" {
    local name
    ok network create --subnet 10.90.0.0/24 --subnet 10.92.0.0/24 --ipv6 --subnet fd00:90::/64 team
    box one --network team && box two --network team
    ok --runtime crun run -d --network team --name usual busybox sh -c "$(serve "page of usual")"
    for name in one two; do
        is "$(addresses_of $name)" "$(podman exec $name ip -o addr show 2>/dev/null | grep -o "$(ip_of $name)[^/]*" | head -n 1),$(addresses_of $name | cut -d, -f2-)"
        gets $name http://one/ 'page of one'
        gets $name http://two/ 'page of two'
        gets $name http://usual/ 'page of usual'
        gets usual http://$name/ "page of $name"
        gets usual "http://[$(v6_of $name)]/" "page of $name"
        gets $name "http://[$(v6_of two)]/cgi-bin/who" "[$(v6_of $name)]"
        gets $name "http://[$(v6_of usual)]/cgi-bin/who" "[$(v6_of $name)]"
        wait_until page_is "$(v6_of $name)" 80 "page of $name"
    done
    gets usual "http://$(ip_of two)/cgi-bin/who" "[::ffff:$(ip_of usual)]"
    gets one "http://$(ip_of usual)/cgi-bin/who" "[::ffff:$(ip_of one)]"
}

@test "front and back: one that is in both is at its address of each, asked from each" {
    networks
    box web --network front && box db --network back && box both --network front --network back
    is "$(addresses_of both | tr ',' '\n' | sort)" "$(printf '%s\n' "$(ip_of both front)" "$(ip_of both back)" | sort)"
    gets web "http://$(ip_of both front)/" 'page of both'
    gets db "http://$(ip_of both back)/" 'page of both'
    gets both http://web/ 'page of web'
    gets both http://db/ 'page of db'
    gets both http://db/cgi-bin/who "[::ffff:$(ip_of both back)]"
    gets both http://web/cgi-bin/who "[::ffff:$(ip_of both front)]"
    for network in front back; do wait_until page_is "$(ip_of both $network)" 80 'page of both'; done
}

@test "a network that is connected and disconnected while it runs" {
    networks
    box web --network front && box db --network back
    ok network connect --alias second back web
    wait_until page_is "$(ip_of web back)" 80 'page of web'
    gets db http://second/ 'page of web'
    gets db "http://$(ip_of web back)/" 'page of web'
    gets web "http://db/" 'page of db'
    ok network disconnect front web
    gets db "http://$(ip_of web back)/" 'page of web'
    page_is "$(ip_of web back)" 80 'page of web'
    ok network connect front web
    wait_until page_is "$(ip_of web front)" 80 'page of web'
    ok exec web true
    page_is "$(ip_of web front)" 80 'page of web'
    contains "$(addresses_of web)" "$(ip_of web back)"
    # its servers stay at the address that it began with, until it is started anew
    ok restart -t 0 web
    is "$(addresses_of web | tr ',' '\n' | sort)" "$(printf '%s\n' "$(ip_of web front)" "$(ip_of web back)" | sort)"
    wait_until page_is "$(ip_of web front)" 80 'page of web'
    wait_until page_is "$(ip_of web back)" 80 'page of web'
}
