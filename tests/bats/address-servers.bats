#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Servers as they are packaged, twice in one network: each distribution has an address and a localhost of its own.
# world: hybrid

load helpers
load policy
load address
load servers

setup_file() { make_rootfs; }
setup() { start_servers_test; }
teardown() { end_servers_test; }

# The host's way in, as distro-net makes it.
way_of_the_host() { ip route add 10.78.0.0/24 via 10.77.0.2; }

@test "nginx and sshd of two distributions listen at :80 and :22, and the host reaches each" {
    local name address
    ssh-keygen -q -t ed25519 -N '' -f key
    two_distributions 'nginx && /usr/sbin/sshd'
    way_of_the_host
    for name in d1 d2; do
        cp key.pub $name/rootfs/root/.ssh/authorized_keys
        for address in "$(address_of $name)" "$(address_of $name 1)"; do
            wait_until in_network page_is "$address" 80 "page of $name"
        done
        address=$(address_of $name)
        wait_until page_is "$address" 80 "page of $name"
        is "$(inside $name python3 -c 'import urllib.request as r; print(r.urlopen("http://127.0.0.1").read().decode())')" "page of $name"
        matches "$(ssh -i key -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=5 \
            "root@$address" 'echo "$(hostname): $SSH_CONNECTION"' 2>ssh.log)" "^$name: 10\.77\.0\.1 [0-9]+ $address 22\$"
    done
}

@test "servers of both families at [::]:8080, and of MPTCP, answer at each address of their own" {
    local name address
    two_distributions '
python3 -c "
import http.server as h
class Server(h.ThreadingHTTPServer):
    address_family = h.socket.AF_INET6
    def server_bind(self):
        self.socket.setsockopt(h.socket.IPPROTO_IPV6, h.socket.IPV6_V6ONLY, 0)
        h.ThreadingHTTPServer.server_bind(self)
import os; os.chdir(\"/var/www/html\")
Server((\"::\", 8080), h.SimpleHTTPRequestHandler).serve_forever()" &
python3 -c "
import socket as s
for family, wildcard, port in (s.AF_INET, \"0.0.0.0\", 8081), (s.AF_INET6, \"::\", 8082):
    l = s.socket(family, s.SOCK_STREAM, 262)
    l.bind((wildcard, port))
    l.listen()
    import os, threading
    def serve(l):
        while True:
            c, peer = l.accept()
            c.sendall((os.uname().nodename + \" \" + l.getsockname()[0] + \" \" + c.getsockname()[0] + \" \" + peer[0]).encode())
            c.close()
    threading.Thread(target=serve, args=(l,)).start()" &'
    way_of_the_host
    for name in d1 d2; do
        for address in "$(address_of $name)" "$(address_of $name 1)"; do
            wait_until in_network page_is "$address" 8080 "page of $name"
        done
        address=$(address_of $name)
        page_is "$address" 8080 "page of $name"
        wait_until mptcp_says "$address" 8081 "$name 0.0.0.0 $address 10.77.0.1"
    done
    # one asks the other by MPTCP, too
    is "$(inside d1 python3 -c "$MPTCP_CLIENT" "$(address_of d2)" 8081)" "d2 0.0.0.0 $(address_of d2) $(address_of d1)"
    is "$(inside d1 python3 -c "$MPTCP_CLIENT" "$(address_of d2 1)" 8082)" "d2 :: $(address_of d2 1) $(address_of d1 1)"
}
MPTCP_CLIENT='
import socket, sys
c = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_STREAM, 262)
c.settimeout(2)
c.connect((sys.argv[1], int(sys.argv[2])))
print(c.recv(1000).decode())'
mptcp_says() { [ "$(python3 -c "$MPTCP_CLIENT" "$1" "$2" 2>&1)" = "$3" ]; } # ADDRESS PORT TEXT

@test "two of PostgreSQL have 127.0.0.1:5432, each for its own distribution" {
    local name
    two_distributions '
V=$(ls /usr/lib/postgresql | tail -n 1)
mkdir -p /etc/postgresql /var/lib/postgresql /var/log/postgresql && chown postgres: /var/lib/postgresql /var/log/postgresql /etc/postgresql
cp -r /usr/share/postgresql-common/createcluster.conf /etc/postgresql-common/ 2>/dev/null
pg_createcluster $V main -- --no-sync && pg_ctlcluster $V main start
su postgres -c "psql -c \"create user tester password '"'word'"'\" -c \"create database of_$(hostname) owner tester\""
touch /run/made'
    for name in d1 d2; do
        wait_until inside $name test -e /run/made
        is "$(inside $name env PGPASSWORD=word psql -h 127.0.0.1 -U tester -At -c 'select inet_client_addr(), inet_server_addr(), inet_server_port()' "of_$name")" \
            '127.0.0.1|127.0.0.1|5432'
        is "$(inside $name env PGPASSWORD=word psql -h ::1 -U tester -At -c 'select inet_client_addr(), inet_server_addr()' "of_$name")" '::1|::1'
        is "$(inside $name env PGPASSWORD=word psql -h localhost -U tester -At -c "select datname from pg_database where datname like 'of_%'" postgres)" "of_$name"
    done
}

@test "two of systemd-resolved have 127.0.0.53 and 127.0.0.54" {
    local name server
    two_distributions "$BUS
$AS_RESOLVER /lib/systemd/systemd-resolved &"
    for name in d1 d2; do
        wait_until inside $name getent -s dns ahostsv4 "hosts-of-$name"
        for server in 127.0.0.53 127.0.0.54; do
            for protocol in udp tcp; do
                is "$(inside $name python3 -c "$DNS_CLIENT" $server $protocol "hosts-of-$name")" "192.0.2.1 of $server"
            done
        done
        matches "$(inside $name resolvectl query "hosts-of-$name")" '192\.0\.2\.1'
    done
    # each has its own
    refuse inside d1 getent -s dns ahostsv4 hosts-of-d2
}
DNS_CLIENT='
import socket, struct, sys
server, protocol, name = sys.argv[1:]
question = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + bytes([len(name)]) + name.encode() + b"\0" + struct.pack(">2H", 1, 1)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM)
s.settimeout(5)
if protocol == "udp":
    # not connected: as musl, it looks at where the answer comes from
    s.sendto(question, (server, 53))
    answer, source = s.recvfrom(1000)
else:
    s.connect((server, 53))
    s.sendall(struct.pack(">H", len(question)) + question)
    answer, source = s.recv(1000)[2:], s.getpeername()
start = len(question) + 12
print(socket.inet_ntoa(answer[start:start + 4]), "of", source[0])'

@test "two of avahi find each other, and the services that are at their own addresses" {
    local name other=d2
    # it takes the addresses of all links for its own, so it is told which one is
    two_distributions "$BUS"'
sed -i "/^\[publish\]/a publish-addresses=no" /etc/avahi/avahi-daemon.conf
echo "<service-group><name>ssh of $(hostname)</name><service><type>_ssh._tcp</type><port>22</port></service></service-group>" >/etc/avahi/services/ssh.service
until grep -q "$(hostname).local" /etc/avahi/hosts; do sleep 0.1; done
avahi-daemon &'
    for name in d1 d2; do echo "$(address_of $name) $name.local" >>$name/rootfs/etc/avahi/hosts; done
    for name in d1 d2; do
        wait_until resolves $name $other
        wait_until browses $name $other
        other=d1
    done
}
resolves() { [ "$(inside "$1" avahi-resolve -4 -n "$2.local" | awk '{ print $2 }')" = "$(address_of "$2")" ]; } # WHO WHOM
browses() { inside "$1" timeout 2 avahi-browse -pr _ssh._tcp | grep -q "^=;dsn;IPv4;ssh.*of.*$2;.*;$2\.local;$(address_of "$2");22;"; }
