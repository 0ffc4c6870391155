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
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
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
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", int(sys.argv[1])))
while True:
    word, asker = s.recvfrom(100)
    s.sendto(b"got " + word, asker)' "$1" >/dev/null 2>&1 3>&- </dev/null &
    echo $! >"$BATS_TEST_TMPDIR/udp.pid"
}
end_udp_server() { [ ! -e "$BATS_TEST_TMPDIR/udp.pid" ] || kill "$(<"$BATS_TEST_TMPDIR/udp.pid")"; }
refuse() { if "$@"; then echo "this should have failed: $*" >&2 && return 1; fi; }
# The host's address on the link to the shared network: one of its own that is not the loopback.
host_address() { ip -4 -o addr show scope global | awk '{ sub("/.*", "", $4); print $4; exit }'; }
in_shared() { is "$(readlink "/proc/$1/ns/net")" "$SHARED"; } # PID
# Another machine: a namespace behind a link of the host's, which is its way to everything.
OTHER_HOST=(10.200.0.1 fd00:200::1) # the host's addresses on that link
another_machine() {
    ip netns add another && ip link add another0 type veth peer name eth0 netns another || return 1
    ip addr add "${OTHER_HOST[0]}/24" dev another0 && ip addr add "${OTHER_HOST[1]}/64" dev another0 nodad
    ip -n another addr add 10.200.0.2/24 dev eth0 && ip -n another addr add fd00:200::2/64 dev eth0 nodad
    ip link set another0 up && ip -n another link set eth0 up && ip -n another link set lo up
    ip -n another route add default via "${OTHER_HOST[0]}" && ip -n another route add default via "${OTHER_HOST[1]}"
}
end_another_machine() {
    [ ! -e /run/netns/another ] || { ip netns del another && ip link del another0 2>/dev/null; } || true
}
# from_there FUNCTION ARGUMENT...: page_is or udp_answer, with that machine as the client
from_there() { ip netns exec another bash -c "$(declare -f page_is udp_answer); \"\$@\"" - "$@"; }
# of which something leads to the shared network
forwarding_links() { ip -n distros -4 -o addr show | grep -c ' fwd[0-9]*  *inet ' || true; }
no_forwarding() {
    is "$(forwarding_links)" 0
    is "$(ls /run/distro-shim/decoys 2>/dev/null)" ""
    is "$(own_rules)" ""
}
# of addresses that engines have given, and are containers' own
own_rules() { for family in -4 -6; do ip -n distros $family rule; done | grep 'proto 213$' || true; }

# ---- the test as the engine: decoys by hand. With `load policy`; in setup start_decoy_test, in teardown end_decoy_test.

# A bundle $b, whose program serves a page.
start_decoy_test() {
    requires root world cmd:nft
    start_policy_test
    decoys=()
    b=$(bundle box "$(args sh -c 'exec httpd -f -p 80 -h /home')")
    echo 'a page' >"$b/rootfs/home/index.html"
}
end_decoy_test() {
    local name
    for name in "$SHIM_ROOT"/*; do [ ! -e "$name" ] || shim delete --force "${name##*/}"; done
    [ ${#helpers[@]} -eq 0 ] || { kill -KILL "${helpers[@]}" && wait "${helpers[@]}"; } 2>/dev/null || true
    helpers=()
    for name in "${decoys[@]}"; do ip netns del "$name"; done
    wait_until links_are_gone
    end_policy_test
}
links_are_gone() { ! ip -n distros -br link | grep -q '^fwd' && ! ip -br link | grep -q '^to-'; }
# decoy NAME NUMBER: a network as an engine prepares it, with the address 10.99.NUMBER.2
decoy() {
    ip netns add "$1" && decoys+=("$1")
    wire "$1" "$2"
}
wire() { # NAME NUMBER: one that is there
    ip link add "to-$2" type veth peer name eth0 netns "$1"
    ip addr add "10.99.$2.1/24" dev "to-$2" && ip link set "to-$2" up
    plumb "ip -n $1" "$2"
}
plumb() { # IP NUMBER: the container's end
    $1 addr add "10.99.$2.2/24" dev eth0 && $1 link set lo up && $1 link set eth0 up &&
        $1 route add default via "10.99.$2.1"
}
asks_for() { edit_config "$b" "$(without network) | .linux.namespaces += [{type: \"network\", path: \"$1\"}]"; } # PATH
# plumbed ID: its own new network, as an engine sets it up until start
plumbed() {
    local pid
    succeeds create -b "$b" "$1"
    pid=$(init_of "$1")
    ip link add to-1 type veth peer name eth0 netns "$pid"
    ip addr add 10.99.1.1/24 dev to-1 && ip link set to-1 up
    plumb "nsenter -t $pid -n ip" 1
}
forward_told() { shim explain --format json "$1" | jq -r '.decisions[] | select(.rule == "network.forward") | .action + " " + .why'; } # ID
leads() { wait_until page_is "10.99.$1.2" 80 'a page'; } # NUMBER
