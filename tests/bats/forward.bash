# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What engines publish, and who gets there: `load helpers`, `load engines`, `load forward`.

# For a shell in the container: serve a page at a port, in the background.
serves() { # PORT TEXT
    echo "mkdir -p /www$1; echo '$2' >/www$1/index.html; httpd -f -p $1 -h /www$1 & :; [ $1 != 80 ] || sleep 1000"
}
page_is() { # ADDRESS PORT TEXT
    [ "$(timeout 2 python3 -c '
import socket, sys
connection = socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)
connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
answer = b""
while part := connection.recv(4096):
    answer += part
print(answer.decode().split("\r\n\r\n", 1)[1], end="")' "$1" "$2" 2>/dev/null)" = "$3" ]
}
udp_answer() { # ADDRESS PORT TEXT
    timeout 5 python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1)
for tries in range(4):
    s.sendto(sys.argv[3].encode() + b"\n", (sys.argv[1], int(sys.argv[2])))
    try:
        print(s.recv(100).decode(), end="")
        break
    except TimeoutError:
        pass' "$1" "$2" "$3"
}
# In the shared network, in place of a container that has no such server: it answers "got " and the word.
udp_server() { # PORT
    nsenter --net=/run/netns/distros timeout 60 python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", int(sys.argv[1])))
while True:
    word, asker = s.recvfrom(100)
    s.sendto(b"got " + word, asker)' "$1" >/dev/null 2>&1 3>&- </dev/null &
    echo $! >"$BATS_TEST_TMPDIR/udp.pid"
}
end_udp_server() { [ ! -e "$BATS_TEST_TMPDIR/udp.pid" ] || kill "$(<"$BATS_TEST_TMPDIR/udp.pid")"; }
# The host's address on the link to the shared network: one of its own that is not the loopback.
host_address() { ip -4 -o addr show scope global | awk '{ sub("/.*", "", $4); print $4; exit }'; }
in_shared() { is "$(readlink "/proc/$1/ns/net")" "$SHARED"; } # PID
# of which something leads to the shared network
forwarding_links() { ip -n distros -4 -o addr show | grep -c ' fwd[0-9]*  *inet ' || true; }
no_forwarding() {
    is "$(forwarding_links)" 0
    is "$(ls /run/distro-shim/decoys 2>/dev/null)" ""
}
