#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Podman: each way to publish a port leads to the container from where it says, for whoever may come: the host, a
# sibling, a usual container of the same network, another machine.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines
load forward

setup_file() { make_rootfs && setup_podman; }
setup() {
    requires root world && start_engine_test podman
    another_machine && ok network create --ipv6 --subnet fd00:90::/64 --subnet 10.90.0.0/24 team
}
teardown() {
    end_udp_server
    timeout -k 5 60 podman rm --all --force --time 0 3>&- >/dev/null
    timeout -k 5 60 podman network rm -f team 3>&- >/dev/null
    end_another_machine
    end_podman_test
}
says() { # CONTAINER URL TEXT: a usual container, or a member, gets it
    ok exec "$1" timeout 3 wget -q -O - "$2"
    is "$output" "$3"
}
sibling_gets() { # URL TEXT
    ok run --rm --network ns:/run/netns/distros busybox timeout 3 wget -q -O - "$1"
    is "$output" "$2"
}

@test "each form of -p is answered where it says, and nowhere else" {
    local v4=${OTHER_HOST[0]} v6=${OTHER_HOST[1]} random
    ok run -d --network team --name web -p 18080:80 -p 127.0.0.1:18081:80 -p "$v4:18082:80" -p "[$v6]:18083:80" -p 80 \
        -p 127.0.0.1::81 -p 18090-18092:90-92 busybox sh -c "$(serves 91 range); $(serves 81 other); $(serves 80 'a page')"
    wait_until page_is 127.0.0.1 18080 'a page'
    for address in "$v4" "$v6"; do
        page_is "$address" 18080 'a page'
        from_there page_is "$address" 18080 'a page'
        page_is "$address" 18091 range
        from_there page_is "$address" 18091 range
    done
    page_is 127.0.0.1 18081 'a page'
    page_is "$v4" 18082 'a page'
    from_there page_is "$v4" 18082 'a page'
    page_is "$v6" 18083 'a page'
    from_there page_is "$v6" 18083 'a page'
    for refused in "$v4 18081" "127.0.0.1 18082" "$v6 18082" "127.0.0.1 18083" "$v4 18083"; do
        # shellcheck disable=SC2086 # an address and a port
        if page_is $refused 'a page'; then echo "$refused" && false; fi
    done
    # those that Podman chooses
    random=$(podman port web 80/tcp | grep -vE ':1808[0-3]$') && page_is "$v4" "${random##*:}" 'a page'
    random=$(podman port web 81/tcp) && page_is 127.0.0.1 "${random##*:}" other
}

@test "UDP: of IPv4 and IPv6, from the host and from another machine" {
    ok run -d --network team --name echo -p 18081:81/udp busybox sleep 1000
    udp_server 81
    for address in "${OTHER_HOST[@]}"; do
        is "$(udp_answer "$address" 18081 word)" 'got word'
        is "$(from_there udp_answer "$address" 18081 word)" 'got word'
    done
    is "$(udp_answer 127.0.0.1 18081 word)" 'got word'
}

# IPv6 between the host and the shared network, as distro-net has it; it goes with the test
v6_of_shared() {
    ip addr add fd00:77::1/64 dev dsh nodad && ip -n distros addr add fd00:77::2/64 dev dsn nodad && ip -n distros route add default via fd00:77::1
}
end_v6_of_shared() {
    ip -n distros route del default via fd00:77::1 && ip -n distros addr del fd00:77::2/64 dev dsn && ip addr del fd00:77::1/64 dev dsh
}
address() { podman inspect --format "{{range .NetworkSettings.Networks}}{{.$2}}{{end}}" "$1"; } # CONTAINER FIELD

@test "siblings and usual containers of the same network: by the host's addresses, by the container's, and by names both ways" {
    local v4=${OTHER_HOST[0]} v6=${OTHER_HOST[1]} to
    v6_of_shared
    ok run -d --network team --name web -p 18080:80 busybox sh -c "$(serves 80 'a page')"
    ok --runtime crun run -d --network team --name usual -p 18082:80 busybox sh -c "$(serves 80 'a usual page')"
    wait_until page_is 127.0.0.1 18080 'a page'
    wait_until page_is 127.0.0.1 18082 'a usual page'
    [ "$(readlink "/proc/$(pid_of usual)/ns/net")" != "$SHARED" ]
    for to in "$v4:18080" "[$v6]:18080" "$(address web IPAddress)" "[$(address web GlobalIPv6Address)]"; do
        sibling_gets "http://$to/" 'a page'
        says usual "http://$to/" 'a page'
        says web "http://$to/" 'a page'
    done
    for to in "$v4:18082" "[$v6]:18082" "$(address usual IPAddress)" "[$(address usual GlobalIPv6Address)]"; do
        sibling_gets "http://$to/" 'a usual page'
        says web "http://$to/" 'a usual page'
    done
    wait_until podman exec usual timeout 1 nslookup web
    says usual http://web/ 'a page'
    says web http://usual/ 'a usual page'
    ok rm -f -t 0 web usual
    end_v6_of_shared
}

@test "where the host leads nowhere: an internal network, and IPv6 of a shared network that has none" {
    local to
    ok network create --internal --ipv6 --subnet fd00:91::/64 --subnet 10.91.0.0/24 inside
    for network in inside team; do
        ok run -d --network $network --name web busybox sh -c "$(serves 80 'a page')"
        ok run -d --network $network --name other busybox sh -c "$(serves 81 'another page'); sleep 1000"
        ok --runtime crun run -d --network $network --name usual busybox sh -c "$(serves 80 'a usual page')"
        wait_until podman exec other timeout 1 nslookup usual
        for to in web "$(address web IPAddress)" "[$(address web GlobalIPv6Address)]"; do
            says other "http://$to/" 'a page'
            says usual "http://$to/" 'a page'
            says web "http://$to/" 'a page'
        done
        for to in usual "$(address usual IPAddress)" "[$(address usual GlobalIPv6Address)]"; do
            says other "http://$to/" 'a usual page'
        done
        # the other one still leads there
        ok rm -f -t 0 other
        says web "http://$(address usual IPAddress)/" 'a usual page'
        says web "http://[$(address usual GlobalIPv6Address)]/" 'a usual page'
        ok rm -f -t 0 web usual
        # the link goes with the decoy, soon
        wait_until eval '! { ip -n distros route; ip -n distros -6 route; } | grep -q fwd'
    done
    ok network rm inside
}
