#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Podman, whose addresses are the containers' own: ports that it publishes, of TCP and UDP, for the host, a sibling,
# another container and another machine, which is seen by its own address.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load policy
load engines
load forward
load address-podman

setup_file() { setup_own; }
teardown_file() { take_policy_place; }
setup() {
    start_own_test
    another_machine && ok network create --subnet 10.90.0.0/24 --ipv6 --subnet fd00:90::/64 team
}
teardown() { end_own_test; }

# In the container, whose programs are the machine's: it answers "got ", the word and who has asked.
udp_box() { # NAME ARGUMENT...
    ok run -d --name "$@" -v /usr:/usr:ro -v /lib64:/lib64:ro -v /lib:/lib:ro busybox /usr/bin/python3 -c '
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", 53))
while True:
    word, asker = s.recvfrom(100)
    s.sendto(b"got " + word.strip() + b" of " + asker[0].encode(), asker)'
}

@test "-p: two of one inner port, at 127.0.0.1, at one address of the host's, and of all; another machine is seen by its address" {
    local v4=${OTHER_HOST[0]} v6=${OTHER_HOST[1]}
    box one --network team -p 18081:80 -p 127.0.0.1:18091:80 && box two --network team -p "$v4:18082:80" -p "[$v6]:18083:80" -p 80
    wait_until page_is 127.0.0.1 18081 'page of one'
    page_is 127.0.0.1 18091 'page of one'
    wait_until page_is "$v4" 18082 'page of two'
    page_is "$v4" "$(podman port two 80/tcp | sed -n 's/^0\.0\.0\.0://p')" 'page of two'
    refuse page_is "$v4" 18091 'page of one'
    refuse page_is 127.0.0.1 18082 'page of two'
    wait_until page_is "$v6" 18081 'page of one'
    for address in "$v4" "$v6"; do
        page_is "$address" 18081 'page of one'
        from_there page_is "$address" 18081 'page of one'
    done
    page_is "$v6" 18083 'page of two'
    from_there page_is "$v6" 18083 'page of two'
    # who asks
    is "$(from_there page_of "$v4" 18081 /cgi-bin/who)" '[::ffff:10.200.0.2]'
    is "$(from_there page_of "$v6" 18081 /cgi-bin/who)" '[fd00:200::2]'
    # and who is asked
    (cd / && exec ip netns exec another python3 -c '
import socket
s = socket.create_server(("10.200.0.2", 9000))
while True:
    connection, asker = s.accept()
    connection.recv(1000)
    connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + asker[0].encode())
    connection.close()') >/dev/null 2>&1 3>&- </dev/null &
    echo $! >"$BATS_TEST_TMPDIR/udp.pid"
    gets one http://10.200.0.2:9000/ 10.200.0.1
    ok --runtime crun run --rm --network team busybox wget -q -O - http://10.200.0.2:9000/
    is "$output" 10.200.0.1
    # a sibling, at the host's addresses
    gets two "http://$v4:18081/" 'page of one'
    gets one "http://$v4:18082/" 'page of two'
}

@test "UDP: published ports, of both families, and at the container's own addresses" {
    local address name
    udp_box one --network team -p 18053:53/udp && udp_box two --network team -p 18054:53/udp
    for address in "${OTHER_HOST[@]}"; do
        wait_until eval '[ -n "$(udp_answer $address 18053 word)" ]'
        is "$(from_there udp_answer "$address" 18053 word)" "got word of $([ "$address" = "${OTHER_HOST[0]}" ] && echo ::ffff:10.200.0.2 || echo fd00:200::2)"
        contains "$(from_there udp_answer "$address" 18054 word)" "got word of "
        contains "$(udp_answer "$address" 18054 word)" "got word of "
    done
    contains "$(udp_answer 127.0.0.1 18053 word)" "got word of "
    for name in one two; do
        is "$(udp_answer "$(ip_of $name)" 53 word)" "got word of ::ffff:10.90.0.1"
        is "$(udp_answer "$(v6_of $name)" 53 word)" "got word of fd00:90::1"
    done
}

@test "siblings local: they meet within the shared network at once, and ports and names are as they were" {
    own_policy '"address": "engine", "siblings": "local"'
    box one --network team -p 18081:80 && box two --network team
    wait_until page_is 127.0.0.1 18081 'page of one'
    from_there page_is "${OTHER_HOST[0]}" 18081 'page of one'
    gets two http://one/ 'page of one'
    gets two "http://$(ip_of one)/cgi-bin/who" "[::ffff:$(ip_of two)]"
    gets two "http://[$(v6_of one)]/cgi-bin/who" "[$(v6_of two)]"
    gets one "http://$(ip_of one)/" 'page of one'
    is "$(ip -n distros route get "$(ip_of one)" from "$(ip_of two)" | grep -o 'dev [a-z]*')" 'dev lo'
}
