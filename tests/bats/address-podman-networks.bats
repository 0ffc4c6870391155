#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Each distribution has, in the one network, the very address that its engine gave it: real Podman, with names, IPv6 and several networks.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load policy
load engines
load forward

setup_file() { make_rootfs && lay_engines && lay_policy_place && setup_podman; }
teardown_file() { take_policy_place; }
setup() {
    requires root world && start_engine_test podman
    [ -n "$POLICY_PLACE" ] || skip "the machine itself has a policy"
    echo '{"version": 1, "network": {"address": "engine"}}' >"$POLICY_PLACE"
    another_machine && ok network create --subnet 10.90.0.0/24 team
}
teardown() {
    timeout -k 5 60 podman rm --all --force --time 0 3>&- >/dev/null
    timeout -k 5 60 podman network rm -f team six 3>&- >/dev/null
    rm -f "$POLICY_PLACE"
    end_another_machine
    end_podman_test
}
# It answers with who asks.
web() { # NAME [OPTION]...
    ok run -d --network team --name "$1" "${@:2}" busybox sh -c \
        'mkdir -p /www/cgi-bin && echo "page of '"$1"'" >/www/index.html && printf "#!/bin/sh\nprintf \"\\\\n%%s\" \"\$REMOTE_ADDR\"\n" >/www/cgi-bin/who && chmod +x /www/cgi-bin/who && exec httpd -f -p 80 -h /www'
}
of() { podman inspect --format "{{.NetworkSettings.Networks.team.$2}}" "$1"; } # NAME FIELD
gets() {                                                                       # NAME URL TEXT
    ok exec "$1" timeout 3 wget -q -O - "$2"
    is "$output" "$3"
}
# As the kernel has it where no distribution has an address of its own.
no_rules() {
    is "$(ip -n distros rule | cut -d: -f1 | tr '\n' ' ')" '0 32766 32767 '
    is "$(ip -n distros -6 rule | cut -d: -f1 | tr '\n' ' ')" '0 32766 '
    is "$(ip -n distros route show table all proto 213; ip -n distros -6 route show table all proto 213)" ''
    no_forwarding
}

@test "many serve one port, each at its own address; ports, names and askers are true" {
    local i name
    for i in 1 2 3; do web "w$i" -p "$((18080 + i)):80"; done
    for i in 1 2 3; do
        name=w$i
        is "$(readlink "/proc/$(podman inspect --format '{{.State.Pid}}' $name)/ns/net")" "$(readlink "/proc/$(podman inspect --format '{{.State.Pid}}' w1)/ns/net")"
        wait_until page_is "$(of $name IPAddress)" 80 "page of $name"
        page_is 127.0.0.1 $((18080 + i)) "page of $name"
        page_is "${OTHER_HOST[0]}" $((18080 + i)) "page of $name"
        from_there page_is "${OTHER_HOST[0]}" $((18080 + i)) "page of $name"
        gets $name "http://127.0.0.1/" "page of $name"
    done
    # by name, by address, by a published port; and who is it that asks
    gets w1 http://w2/ "page of w2"
    gets w2 "http://$(of w3 IPAddress)/" "page of w3"
    gets w1 "http://${OTHER_HOST[0]}:18083/" "page of w3"
    gets w1 "http://$(of w2 IPAddress)/cgi-bin/who" "[::ffff:$(of w1 IPAddress)]"
    ok run --rm --runtime "$(command -v crun || command -v runc)" --network team busybox timeout 3 wget -q -O - http://w2/
    is "$output" "page of w2"
    ok rm -f -t 0 w1 w2 w3
    no_rules
}

@test "restarted, killed and deleted in any order: what is left is of those that live" {
    local pid
    web w1 && web w2
    ok restart -t 0 w1
    wait_until page_is "$(of w1 IPAddress)" 80 "page of w1"
    pid=$(podman inspect --format '{{.State.Pid}}' w2)
    kill -KILL "$pid"
    wait_until eval '[ "$(podman inspect --format "{{.State.Status}}" w2)" = exited ]'
    gets w1 "http://127.0.0.1/" "page of w1"
    ok start w2
    wait_until page_is "$(of w2 IPAddress)" 80 "page of w2"
    gets w2 http://w1/ "page of w1"
    ok rm -f -t 0 w1
    page_is "$(of w2 IPAddress)" 80 "page of w2"
    ok rm -f -t 0 w2
    no_rules
}

@test "IPv6, and what else the engine has prepared: two networks, another MTU" {
    local six
    ok network create --ipv6 --subnet fd00:90::/64 --opt mtu=1400 six
    web w1 --network six -p 18081:81
    web w2 --network six
    six=$(podman inspect --format '{{.NetworkSettings.Networks.six.GlobalIPv6Address}}' w1)
    ok exec w1 httpd -p "[$six]:81" -h /www
    wait_until page_is "$six" 81 "page of w1"
    from_there page_is "${OTHER_HOST[1]}" 18081 "page of w1"
    gets w2 "http://[$six]:81/" "page of w1"
    ok exec w1 httpd -p "$(of w1 IPAddress):82" -h /www
    wait_until page_is "$(of w1 IPAddress)" 82 "page of w1"
    gets w2 "http://$(of w1 IPAddress):82/" "page of w1"
    is "$(ip -n distros -o link | grep -c 'fwd.* mtu 1400 ')" 2
    ok rm -f -t 0 w1 w2
    no_rules
}

@test "slirp4netns gives each container the same address: the second one is refused, and says which has it" {
    local id
    requires cmd:slirp4netns file:/dev/net/tun
    ok run -d --network slirp4netns --name first busybox sleep 1000
    id=$output
    fails 126 "10\.0\.2\.0/24 is in the shared network already, of container .$id.: slirp4netns and pasta give each .* the same" \
        run -d --network slirp4netns --name second busybox sleep 1000
    ok rm -f -t 0 first second
    no_rules
}
