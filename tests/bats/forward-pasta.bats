#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Podman of a user, with pasta: ports that it publishes lead to the container in the user's network, by each address,
# names are asked of its resolver, and nothing is left of it.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell of the user

load helpers
load forward
load forward-user

setup_file() { make_rootfs; }
setup() {
    PATH=$NEWER/podman:$NEWER/passt:$PATH
    requires root world userns "file:$NEWER/podman/podman" "file:$NEWER/passt/pasta" cmd:setpriv file:/dev/net/tun
    start_user_test
    # pasta gives to the container what the host has on the link that leads out
    another_machine && ip route add default via 10.200.0.2 && ip route add default via fd00:200::2
    mkdir -p /etc/containers
    [ -e /etc/containers/policy.json ] || echo '{"default": [{"type": "insecureAcceptAnything"}]}' >/etc/containers/policy.json
    cp /etc/resolv.conf "$BATS_TEST_TMPDIR/resolv.conf"
}
teardown() {
    [ ! -e "$BATS_TEST_TMPDIR/names.pid" ] || kill "$(<"$BATS_TEST_TMPDIR/names.pid")"
    [ ! -e "$BATS_TEST_TMPDIR/resolv.conf" ] || cat "$BATS_TEST_TMPDIR/resolv.conf" >/etc/resolv.conf
    end_another_machine
    end_user_test
}
# On the other machine a resolver, by which every name has one address.
serve_names() {
    ip netns exec another python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.200.0.2", 53))
while True:
    query, asker = s.recvfrom(512)
    end = query.index(b"\0", 12) + 5
    four = query[end - 4:end - 2] == b"\0\1"
    answer = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4\xc0\0\2\x4d" if four else b""
    s.sendto(query[:2] + b"\x81\x80\0\1\0" + (b"\1" if four else b"\0") + b"\0\0\0\0" + query[12:end] + answer, asker)
' >/dev/null 2>&1 3>&- </dev/null &
    echo $! >"$BATS_TEST_TMPDIR/names.pid"
    echo 'nameserver 10.200.0.2' >/etc/resolv.conf
}

@test "a published port: at 127.0.0.1 and ::1, and from another machine; nothing is left" {
    for i in 1 2; do
        pod run -d --name web --network pasta -p 18085:80 -p 127.0.0.1:18086:80 -p '[::1]:18087:80' --rootfs $HOME_OF_USER/root httpd -f -p 80 -h /home >/dev/null
        wait_until page_is 127.0.0.1 18085 'a page'
        page_is ::1 18085 'a page'
        page_is 127.0.0.1 18086 'a page'
        page_is ::1 18087 'a page'
        from_there page_is 10.200.0.1 18085 'a page'
        from_there page_is fd00:200::1 18085 'a page'
        contains "$(left)" fwd
        pod rm -f -t 0 web >/dev/null
        # the link goes with the engine's network, which pasta has until it has seen that nothing is in it
        wait_until eval '[ -z "$(left)" ]'
    done
}

@test "names: the resolver that Podman has pasta answer at is asked" {
    serve_names
    pod run -d --name web --network pasta --rootfs $HOME_OF_USER/root sleep 1000 >/dev/null
    pod exec web cat /etc/resolv.conf >conf
    contains "$(<conf)" 'nameserver 169.254.'
    lacks "$(<conf)" 169.254.1.1
    contains "$(pod exec web timeout 4 nslookup any.name)" 192.0.2.77
}

@test "with a user namespace of its own (--userns keep-id): a published port, and names" {
    serve_names
    pod run -d --name web --userns keep-id --network pasta -p 18085:8080 --rootfs $HOME_OF_USER/root httpd -f -p 8080 -h /home >/dev/null
    is "$(readlink "/proc/$(of_user podman inspect --format '{{.State.Pid}}' web)/ns/net")" "$(of_user podman unshare sh -c 'stat -L -c "net:[%i]" $XDG_RUNTIME_DIR/distro-shim/netns')"
    wait_until page_is 127.0.0.1 18085 'a page'
    from_there page_is 10.200.0.1 18085 'a page'
    contains "$(pod exec web timeout 4 nslookup any.name)" 192.0.2.77
    pod rm -f -t 0 web >/dev/null
    wait_until eval '[ -z "$(left)" ]'
}
