# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Real Docker, whose addresses are the containers' own: `load helpers`, `load policy`, `load engines`, `load forward`, `load address-docker`.

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

# shellcheck disable=SC2034 # read by setup_docker
DOCKER_RULES=true
# OWN_MORE: members of the policy's network that come on top
own_policy() { jq -n "{ version: 1, network: ({ address: \"engine\" } + ${OWN_MORE:-{\}}) }" >"$POLICY_PLACE"; }
setup_docker_with_addresses() {
    make_rootfs && lay_engines && lay_policy_place || return 1
    [ ! -e /run/engines ] || [ -z "$POLICY_PLACE" ] || { own_policy && setup_docker; }
}
teardown_docker_with_addresses() {
    teardown_docker
    take_policy_place
}
start_docker_test() {
    requires root world
    [ -n "${POLICY_PLACE:-}" ] || skip "needs a machine without a policy of its own"
    start_engine_test docker
    own_policy
    ip -n distros link set lo up
    own_state >"$BATS_TEST_TMPDIR/own.before"
}
# What containers with addresses of their own have in the shared network and in the records.
own_state() {
    local family
    for family in -4 -6; do
        ip -n distros "$family" rule
        # links and addresses of the network's own come up late
        ip -n distros "$family" route show table all | grep -E 'proto 213|table 77' || true
    done
    ip -n distros -o addr show dev lo | awk '{ print $4 }'
    find /run/distro-shim/decoys -mindepth 1 2>/dev/null | sort
    find /run/distro-shim/addresses -name pool.json -exec jq -r '.held[]?, .shared[]?' {} + 2>/dev/null || true
}
own_state_is_as_before() { own_state | diff "$BATS_TEST_TMPDIR/own.before" - >"$BATS_TEST_TMPDIR/own.difference"; }
# NETWORK...: the user's, to be removed
end_docker_test_with_addresses() {
    [ -e "$BATS_TEST_TMPDIR/own.before" ] || return 0 # skipped
    local network
    docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1 3>&-
    for network; do timeout 20 docker network rm "$network" >/dev/null 2>&1 3>&- || true; done
    end_asked
    end_another_machine
    wait_until own_state_is_as_before || { cat "$BATS_TEST_TMPDIR/own.difference" >&2 && return 1; }
    end_docker_test
}

field() { docker inspect --format "{{.$2}}" "$1"; } # CONTAINER FIELD
address_in() { docker inspect --format "{{(index .NetworkSettings.Networks \"$2\").${3:-IPAddress}}}" "$1"; } # CONTAINER NETWORK [FIELD]
own_of() { # CONTAINER: by the runtime
    "$DISTRO_SHIM" members --format json | jq -r --arg id "$(field "$1" Id)" '.[] | select(.id == $id) | .addresses // [] | join(",")'
}
# For a shell in the container: a page at port 80, one that says who asks, and one of what is around.
serves_pages() { # TEXT [PORT]
    echo "mkdir -p /www/cgi-bin; echo '$1' >/www/index.html"
    echo 'printf "%s\n" "#!/bin/sh" echo "echo \${REMOTE_ADDR#::ffff:} | sed \"s/.*ffff://; s/[][]//g\"" >/www/cgi-bin/who; chmod +x /www/cgi-bin/who'
    echo "exec httpd -f -p ${2:-80} -h /www"
}
web() { dk_ok run -d --name "$1" "${@:2}" "$DOCKER_IMAGE" sh -c "$(serves_pages "page of $1")"; } # NAME [FLAG]...
# CONTAINER URL: what it is answered, within 3 s
asks() { timeout 10 docker exec "$1" timeout 3 wget -q -O - "$2" 2>&1 3>&- </dev/null; }
# CONTAINER AT: nothing is answered from there
is_kept_from() { ! timeout 10 docker exec "$1" timeout 1 wget -q -O - "http://$2/" >/dev/null 2>&1 3>&- </dev/null; }
knows() { timeout 10 docker exec "$1" timeout 3 nslookup "$2" >/dev/null 2>&1 3>&- </dev/null; } # CONTAINER NAME
gets() { [ "$(asks "$1" "http://$2/")" = "$3" ]; }                   # CONTAINER AT TEXT
seen_as() { [ "$(asks "$1" "http://$2/cgi-bin/who")" = "$3" ]; } # CONTAINER AT ADDRESS

# On the host at a port, by TCP a page and by UDP a resolver's answer to all that it is asked, that says who asks.
listen_who() { # ADDRESS PORT [COMMAND]...: by a command that runs another one elsewhere
    timeout 120 "${@:3}" python3 -c '
import socket, sys, threading
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
at = (sys.argv[1], int(sys.argv[2]))
t = socket.socket(family)
t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
t.bind(at)
t.listen(9)
u = socket.socket(family, socket.SOCK_DGRAM)
u.bind(at)
def pages():
    while True:
        c, who = t.accept()
        c.recv(1000)
        c.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + who[0].encode() + b"\n")
        c.close()
threading.Thread(target=pages, daemon=True).start()
while True:
    q, who = u.recvfrom(500)
    end = q.index(b"\0", 12) + 5
    kind = q[end - 4 : end - 2]
    known = kind == (b"\0\1" if family == socket.AF_INET else b"\0\x1c")
    answer = q[:2] + b"\x81\x80\0\1\0" + bytes([known]) + b"\0\0\0\0" + q[12:end]
    if known:
        raw = socket.inet_pton(family, who[0])
        answer += b"\xc0\x0c" + kind + b"\0\1\0\0\0\0\0" + bytes([len(raw)]) + raw
    u.sendto(answer, who)' "$1" "$2" >/dev/null 2>"$BATS_TEST_TMPDIR/who" 3>&- </dev/null &
    asked+=($!)
    wait_until eval "${*:3} ss -Hltn sport = :$2 | grep -q ."
}
# In a container, all that is needed for a program of Python
PYTHON=(-v /usr:/usr:ro -v /lib:/lib:ro -v /lib64:/lib64:ro)
# It answers each datagram with a word of its own and the one that it was sent.
udp_box() { # NAME PORT [FLAG]...
    dk_ok run -d --name "$1" "${@:3}" "${PYTHON[@]}" "$DOCKER_IMAGE" python3 -c "
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(('::', $2))
while True:
    word, who = s.recvfrom(100)
    s.sendto(b'$1 ' + word, who)"
}
asked=()
end_asked() {
    [ ${#asked[@]} -eq 0 ] || { kill "${asked[@]}" && wait "${asked[@]}"; } 2>/dev/null || true
    asked=()
}
