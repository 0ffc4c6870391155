#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What Podman publishes leads to the container on a whole machine: with its systemd, its firewall and its kernel.
# Run by hand:  tests/vm [-S trixie] bats tests/bats/forward-vm.bats
# world: vm

# shellcheck disable=SC2016,SC2030,SC2031 # what is in single quotes is for another shell

load helpers
load engines
load forward

setup_file() {
    make_rootfs
    [ -d /run/systemd/system ] && command -v podman >/dev/null || return 0
    install -m 755 "$DISTRO_SHIM" /usr/local/bin/distro-shim
    "$DISTRO_SHIM_SOURCE/contrib/integrate" podman --program /usr/local/bin/distro-shim >/dev/null || return 1
    echo 'a page' >"$BATS_FILE_TMPDIR/rootfs/home/index.html"
    # a way out, which user-mode networks take over
    ip addr add fd00:77::1/64 dev dsh nodad && ip route add default via 10.77.0.2 && ip -6 route add default via fd00:77::2 || return 1
    podman network create --subnet 10.90.0.0/24 team >/dev/null 3>&- || return 1
    # what the first container brings is no leak of the first test
    systemctl start machine.slice
}
setup() {
    requires root world systemd cmd:podman
    start_test
    # shellcheck disable=SC2034 # read by in_shared
    SHARED=net:[$(stat -L -c %i /run/netns/distros)]
    ROOT=$BATS_FILE_TMPDIR/rootfs
}
teardown() {
    [ -n "${ROOT:-}" ] || return 0
    end_firewall
    end_unit
    end_podman_test
}

# serve NAME FLAG...: a container that serves a page at its port 80
serve() { ok "${RUN[@]}" run -d --name "$1" "${@:2}" --rootfs "$ROOT" httpd -f -p 80 -h /home; }
RUN=()
# without Python, which takes a second to start here
fetch() { "${IN[@]}" timeout 5 bash -c 'exec 5<>"/dev/tcp/$1/$2" && printf "GET / HTTP/1.0\r\n\r\n" >&5 && cat <&5' - "$1" "$2" 2>/dev/null | tail -n 1; }
gives_page() { [ "$(fetch "$1" "$2")" = 'a page' ]; }
# as wait_until, but for what may take long to fail
within() { # SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || { echo "waited in vain for: $*" >&2 && return 1; }
        sleep 0.1
    done
}
reached() { within 20 gives_page "$1" "$2"; } # ADDRESS PORT
IN=()
# knows CONTAINER NAME ADDRESS: it may be looked for before it is known
knows() { within 20 resolves "$@"; }
resolves() { podman exec "$1" nslookup -type=a "$2" 3>&- 2>/dev/null | grep -q "^Address: $3"; }
# gets CONTAINER ADDRESS: the page, from in there (Debian 12's static wget has no resolver, and crashes)
gets() { local IN=(nsenter --net="/proc/$(pid_of "$1")/ns/net"); gives_page "$2" 80; }
address_of() { podman inspect --format '{{.NetworkSettings.Networks.team.IPAddress}}' "$1"; }

# published RULES: these have Podman's way to the container
published() {
    serve web --network team -p 18080:80
    in_shared "$(pid_of web)"
    contains "$($1)" 18080
    reached 127.0.0.1 18080
    reached 10.77.0.1 18080
    reached "$(address_of web)" 80
    knows web web "$(address_of web)"
    gets web "$(address_of web)"
    ok rm -f -t 0 web
    no_forwarding
}

@test "root, with nftables: a published port, the container's own address, and its name; and nothing is left" {
    published 'nft list ruleset'
    lacks "$(iptables-legacy-save 2>/dev/null)" NETAVARK
}

# ---- units of systemd

end_unit() {
    [ -e /etc/systemd/system/web.service ] || [ -e /etc/containers/systemd/web.container ] || return 0
    systemctl stop web.service
    rm -f /etc/systemd/system/web.service /etc/containers/systemd/web.container
    systemctl daemon-reload
}
write_unit() {
    if [ -e /usr/lib/systemd/system-generators/podman-system-generator ]; then
        mkdir -p /etc/containers/systemd
        printf '%s\n' '[Container]' ContainerName=web "Rootfs=$ROOT" Network=team PublishPort=18080:80 'Exec=httpd -f -p 80 -h /home' \
            StopTimeout=1 >/etc/containers/systemd/web.container
    else
        ok create --name web --stop-timeout 1 --network team -p 18080:80 --rootfs "$ROOT" httpd -f -p 80 -h /home
        ok generate systemd --new --name web
        echo "$output" >/etc/systemd/system/web.service
        ok rm web
    fi
    systemctl daemon-reload
}

@test "a unit of systemd, as Podman writes it: start, restart and stop" {
    local before=''
    write_unit
    for verb in start restart; do
        systemctl $verb web.service
        in_shared "$(pid_of web)"
        [ "$(pid_of web)" != "$before" ]
        reached 127.0.0.1 18080
        is "$(forwarding_links)" 1
        before=$(pid_of web)
    done
    systemctl stop web.service
    no_forwarding
}

# ---- a firewall of the host's

distro_net() { DISTRO_SHIM=/usr/local/bin/distro-shim "$DISTRO_SHIM_SOURCE/contrib/distro-net" "$@" --name other; }
end_firewall() {
    nft delete table inet firewall 2>/dev/null || true
    [ ! -d /run/distro-shim/net/other ] || { podman rm -f -t 0 --all && distro_net down; } >/dev/null 3>&-
    rm -f /run/other.json
}

@test "a network of distro-net's, and a firewall that drops what is forwarded: what 'status' says of it lets neighbours in" {
    distro_net up --subnet 10.78.0
    echo '{"version": 1, "network": {"namespace": "/run/netns/other"}}' >/run/other.json
    RUN=(--runtime-flag policy=/run/other.json)
    serve web --network team -p 18080:80
    ok "${RUN[@]}" run -d --name other --network team --rootfs "$ROOT" sleep 1000
    is "$(readlink "/proc/$(pid_of web)/ns/net")" "net:[$(stat -L -c %i /run/netns/other)]"
    reached 127.0.0.1 18080
    address=$(address_of web)
    knows other web "$address"
    within 20 gets other "$address"
    lacks "$(distro_net status)" blocked

    nft 'add table inet firewall; add chain inet firewall forward { type filter hook forward priority 0; policy drop; }'
    if gets other "$address"; then false; fi
    # the host itself is not kept from it
    reached 127.0.0.1 18080
    run distro_net status
    is "$status" 0
    contains "$output" "blocked: the chain 'inet firewall forward'"
    matches "$output" 'fwd[0-9]+ .*living'
    bash -ec "$(grep -o 'nft insert rule [^;]*' <<<"$output")"
    lacks "$(distro_net status)" blocked
    within 20 gets other "$address"
    knows other web "$address"
}

# ---- last, for what it makes of the machine's firewall stays

@test "root, with iptables-legacy: the same" {
    update-alternatives --set iptables /usr/sbin/iptables-legacy
    update-alternatives --set ip6tables /usr/sbin/ip6tables-legacy
    iptables -S >/dev/null || skip "this kernel has no iptables-legacy"
    printf '[network]\nfirewall_driver = "iptables"\n' >/etc/containers/containers.conf.d/60-firewall.conf
    nft flush ruleset
    published iptables-legacy-save
    rm /etc/containers/containers.conf.d/60-firewall.conf
}
