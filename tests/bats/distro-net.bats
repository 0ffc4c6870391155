#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# world: hybrid
# contrib/distro-net: what it makes, that it takes back exactly that, and what it refuses. The private
# machine has a network `distros` of its own making; these are about one called `other`.

load helpers

setup_file() { make_rootfs; }

setup() {
    requires root world cmd:nft cmd:ip
    start_test
    NET=$DISTRO_SHIM_SOURCE/contrib/distro-net
    ARGS=(--name other)
    host_state >before
}

teardown() {
    [ -e "$BATS_TEST_TMPDIR/before" ] || return 0
    cd "$BATS_TEST_TMPDIR" || return 1
    [ -n "${BATS_TEST_COMPLETED:-}" ] || reset_host >/dev/null 2>&1
    end_test
    # everything that `up` may change, and nothing is left of it, whatever a test has done
    host_state >after
    diff before after
}

# ---- what the tests are made of

# After a failed test, so that the next one begins as it should.
reset_host() {
    local id file
    for id in $(shim list --quiet); do shim delete --force "$id"; done
    for id in other third beyond; do
        "$NET" down --name $id
        ip netns pids $id | xargs -r kill -KILL
        ip netns del $id
    done
    for id in $(ip -br link | awk '/^ds[b-]/ { sub(/@.*/, ""); print $1 }'); do ip link del "$id"; done
    nft flush ruleset
    echo 0 >/proc/sys/net/ipv4/ip_forward
    for file in /proc/sys/net/ipv4/conf/*/forwarding; do echo 0 >"$file"; done
    rm -rf /run/distro-shim/net /etc/netns
}

# bats does not see a failure behind `!`.
refute() {
    if "$@"; then
        echo "this should have failed: $*" >&2
        return 1
    fi
}

net() { "$NET" "$@" "${ARGS[@]}"; }
up() { net up --subnet 10.78.0; }

host_state() {
    local file
    nft list ruleset
    ip -br link | awk '{ print $1 }'
    ip -br addr | awk '{ $2 = ""; print }' | sed 's/ fe80:[^ ]*//'
    ip -4 route show table all
    awk '{ $1 = $2 = ""; print }' /proc/self/mountinfo | sed 's/net:\[[0-9]*\]//'
    ls -dA /run/netns /run/netns/*
    find /etc/netns /run/distro-shim/net -printf '%p %m %s %T@\n' 2>/dev/null || true
    for file in /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/*/forwarding; do
        echo "$file $(cat "$file")"
    done
}

# The same and more, of a network that is there.
full_state() {
    host_state
    nft -a list ruleset
    ip addr | grep -v inet6
    ip -n other addr | grep -v inet6
    ip -n other route
    stat -Lc '%i' /run/netns/other
    cat /etc/netns/other/*
}

inside() { ip netns exec other "$@"; }

# A bundle that lives in `other`, created.
member() { # ID
    local where
    policy '{ "version": 1, "network": { "namespace": "/run/netns/other" } }'
    where=$(bundle "$1" "$(args sleep 1000)")
    shim create --bundle "$where" "$1" </dev/null >"$1.log" 2>&1
}

# The command on a machine that has not these programs. Namespaces that it makes are seen here all the same,
# for /run/netns is shared.
without() { # "PROGRAM..." CMD...
    local where
    where=$(mktemp -d "$BATS_TEST_TMPDIR/without.XXXXXX")
    # shellcheck disable=SC2016
    unshare --mount --propagation unchanged sh -ec '
        for program in $2; do
            path=$(command -v $program)
            mkdir "$1/$program" "$1/$program.work"
            mount -t overlay -o "lowerdir=${path%/*},upperdir=$1/$program,workdir=$1/$program.work" overlay "${path%/*}"
            rm "$path"
        done
        shift 2
        exec "$@"' sh "$where" "$@"
}

# The command with a program of the test's own before all others.
fake() { # NAME, its text on stdin
    mkdir -p "$BATS_TEST_TMPDIR/fake"
    cat >"$BATS_TEST_TMPDIR/fake/$1"
    chmod +x "$BATS_TEST_TMPDIR/fake/$1"
}
with_fakes() { PATH=$BATS_TEST_TMPDIR/fake:$PATH "$@"; }

# A network beyond the host: `beyond`, 10.79.0.2, which knows no way back to 10.78.0.0/24.
make_beyond() {
    ip netns add beyond
    ip link add dsb type veth peer name eth0 netns beyond
    ip addr add 10.79.0.1/24 dev dsb
    ip link set dsb up
    ip -n beyond link set lo up
    ip -n beyond addr add 10.79.0.2/24 dev eth0
    ip -n beyond link set eth0 up
    wait_until is_up beyond eth0
    wait_until is_up other eth0
}
is_up() { ip -n "$1" -br link show "$2" | grep -q ' UP '; }
remove_beyond() {
    ip netns del beyond
    ip link del dsb 2>/dev/null || true
}


# ---- tests

@test "up makes loopback, link, addresses, route, sysctls and files; down takes back exactly that" {
    run up
    [ "$status" -eq 0 ]
    [ "$output" = "/run/netns/other is up" ]
    inside ping -c 1 -W 2 127.0.0.1 >/dev/null || inside "$BATS_FILE_TMPDIR/rootfs/bin/busybox" ping -c 1 127.0.0.1
    [[ "$(ip -n other -br -4 addr show eth0)" == *" 10.78.0.2/24"* ]]
    [[ "$(ip -br -4 addr show ds-other)" == *" 10.78.0.1/24"* ]]
    [ "$(ip -n other route show default)" = "default via 10.78.0.1 dev eth0 " ]
    [ "$(inside cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" = 0 ]
    [ "$(inside cat /proc/sys/net/ipv4/ping_group_range | tr '\t' ' ')" = "0 2147483647" ]
    [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ]
    nft list table ip distro-shim-other | grep -q masquerade
    grep -qx '127.0.0.1 localhost' /etc/netns/other/hosts
    grep -qx '10.78.0.1 host.internal' /etc/netns/other/hosts
    [ "$(stat -c %a /etc/netns/other/hosts)" = 644 ]
    run net down
    [ "$status" -eq 0 ]
    [ "$output" = "/run/netns/other is gone" ]
}

@test "up twice changes nothing" {
    up
    full_state >first
    run net up
    [ "$status" -eq 0 ]
    [ "$output" = "/run/netns/other is up" ]
    run up
    [ "$status" -eq 0 ]
    full_state >second
    diff first second
    net down
}

@test "eight at once make one network" {
    local i pids=()
    for i in 1 2 3 4 5 6 7 8; do
        up >"out.$i" 2>&1 3>&- &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i"; done
    [ "$(cat out.* | sort -u)" = "/run/netns/other is up" ]
    net status
    pids=()
    for i in 1 2 3 4; do
        net down >"out.$i" 2>&1 3>&- &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i"; done
    [ "$(cat out.[1-4] | grep -c 'is gone')" -eq 1 ]
}

@test "down, status and refresh where there is nothing" {
    run net down
    [ "$status" -eq 0 ]
    [ "$output" = "/run/netns/other is not there" ]
    run net status
    [ "$status" -eq 3 ]
    run net refresh
    [ "$status" -eq 1 ]
    [[ "$output" == *"is not up"* ]]
}

@test "down refuses while a distribution lives, names it, and works afterwards" {
    up
    member alpha
    member beta
    full_state >first
    run net down
    [ "$status" -eq 1 ]
    [[ "$output" == *"these live in /run/netns/other: "*alpha* ]]
    [[ "$output" == *beta* ]]
    full_state >second
    diff first second
    run net status
    [[ "$output" == *alpha* ]]
    shim delete --force alpha
    run net down
    [ "$status" -eq 1 ]
    [[ "$output" != *alpha* ]]
    shim delete --force beta
    net down
}

@test "down refuses while any other process is in it" {
    up
    ip netns exec other sleep 1000 3>&- &
    local pid=$!
    wait_until grep -q sleep "/proc/$pid/comm"
    run net down
    [ "$status" -eq 1 ]
    [[ "$output" == *"process $pid (sleep)"* ]]
    kill "$pid"
    wait "$pid" || true
    net down
}

@test "down refuses where members are registered and nobody can tell whether they live" {
    up
    member alpha
    DISTRO_SHIM=/nonexistent run net down
    [ "$status" -eq 1 ]
    [[ "$output" == *"'/nonexistent'"*"is missing"* ]]
    shim delete --force alpha
    net down
}

@test "--no-uplink makes no link, no rules, and leaves forwarding alone" {
    run net up --no-uplink
    [ "$status" -eq 0 ]
    refute ip link show ds-other
    [ -z "$(nft list ruleset)" ]
    [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 0 ]
    [ "$(ip -n other -br link | wc -l)" -eq 1 ]
    [ -z "$(ip -n other route)" ]
    refute grep -q host.internal /etc/netns/other/hosts
    run net status
    [ "$status" -eq 0 ]
    [[ "$output" == *"no uplink"* ]]
    net down
}

@test "another wish than what is there is refused" {
    up
    run net up --subnet 10.80.0
    [ "$status" -eq 1 ]
    [[ "$output" == *"is up with --subnet 10.78.0"* ]]
    run net up --no-uplink
    [ "$status" -eq 1 ]
    [[ "$output" == *"is up with an uplink"* ]]
    net down
}

@test "forwarding: what was on stays on, of the host and of single links" {
    echo 1 >/proc/sys/net/ipv4/conf/dsh/forwarding
    host_state >before.link
    up
    [ "$(cat /proc/sys/net/ipv4/conf/lo/forwarding)" = 1 ]
    net down
    host_state >after.link
    diff before.link after.link
    echo 0 >/proc/sys/net/ipv4/conf/dsh/forwarding

    echo 1 >/proc/sys/net/ipv4/ip_forward
    up
    net down
    [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ]
    echo 0 >/proc/sys/net/ipv4/ip_forward
}

@test "forwarding: the last of two networks restores it" {
    up
    "$NET" up --name third --subnet 10.80.0
    net down
    [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ]
    "$NET" down --name third
    [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 0 ]
}

@test "forwarding that the administrator has switched off meanwhile stays off" {
    up
    echo 0 >/proc/sys/net/ipv4/ip_forward
    echo 1 >/proc/sys/net/ipv4/conf/dsh/forwarding
    net down
    [ "$(cat /proc/sys/net/ipv4/conf/dsh/forwarding)" = 1 ]
    echo 0 >/proc/sys/net/ipv4/conf/dsh/forwarding
}

@test "/run/netns is no mount afterwards where it was none before" {
    # as on a machine that never had a named network namespace
    # shellcheck disable=SC2016
    run unshare --mount --propagation private sh -c '
        set -e
        umount /run/netns/distros
        umount /run/netns
        mount -t tmpfs tmpfs /run
        "$0" up --name other --subnet 10.78.0
        "$0" up --name third --no-uplink
        grep " /run/netns " /proc/self/mountinfo
        "$0" down --name other
        test -e /run/netns/third
        "$0" down --name third
        if grep " /run/netns" /proc/self/mountinfo; then exit 1; fi
        test ! -e /run/netns
        test ! -e /run/distro-shim

        "$0" up --name other --subnet 10.78.0
        ip netns add foreign
        "$0" down --name other
        test -e /run/netns/foreign
        ip netns del foreign' "$NET"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "status says what is damaged, and up repairs it" {
    up
    nft delete table ip distro-shim-other
    run net status
    [ "$status" -eq 4 ]
    [[ "$output" == *"damaged: the table 'ip distro-shim-other' of nft is gone"* ]]
    run net up
    [ "$status" -eq 0 ]
    [[ "$output" == *"repaired: the table"* ]]
    nft list table ip distro-shim-other | grep -q masquerade

    ip link del ds-other
    echo 0 >/proc/sys/net/ipv4/ip_forward
    ip -n other link set lo down
    rm /etc/netns/other/hosts
    run net status
    [ "$status" -eq 4 ]
    [ "$(grep -c '^damaged: ' <<<"$output")" -eq 4 ]
    net up
    net status
    net down
}

@test "a namespace that was deleted behind its back is made anew" {
    up
    ip netns del other
    run net status
    [ "$status" -eq 4 ]
    up
    net status
    ip netns del other
    net down
}

@test "a member of a deleted namespace keeps up from splitting the network" {
    up
    member alpha
    ip netns del other
    run net up
    [ "$status" -eq 1 ]
    [[ "$output" == *"these live in /run/netns/other: alpha"* ]]
    [ ! -e /run/netns/other ]
    shim delete --force alpha
    net down
}

# ---- failures

@test "an up that fails half-way leaves nothing: each change in turn" {
    local at total
    # the tool whose Nth change fails; counted over all of them
    for tool in ip nft nsenter; do
        fake $tool <<EOF
#!/bin/sh
case "\$*" in *show*|*list*|-Version|*pids*) exec $(command -v $tool) "\$@" ;; esac
echo >>"$BATS_TEST_TMPDIR/calls"
[ "\$(wc -l <"$BATS_TEST_TMPDIR/calls")" != "\$FAIL_AT" ] || { echo "$tool: as the test wants" >&2; exit 1; }
exec $(command -v $tool) "\$@"
EOF
    done
    : >calls
    FAIL_AT=0 with_fakes up
    total=$(wc -l <calls)
    net down
    [ "$total" -ge 10 ]
    for ((at = 1; at <= total; at++)); do
        : >calls
        FAIL_AT=$at run with_fakes up
        echo "failure at $at of $total: $output"
        [ "$status" -ne 0 ]
        [[ "$output" == *"as the test wants"* ]]
        host_state >after
        diff before after
    done
}

@test "an up that is interrupted or terminated leaves nothing" {
    local signal pid
    fake nft <<EOF
#!/bin/sh
case "\$*" in *list*) exec $(command -v nft) "\$@" ;; esac
echo >"$BATS_TEST_TMPDIR/reached"
sleep 1
exec $(command -v nft) "\$@"
EOF
    for signal in INT TERM HUP; do
        rm -f reached
        # a background job would not get SIGINT
        PATH=$BATS_TEST_TMPDIR/fake:$PATH env --default-signal=INT "$NET" up --name other --subnet 10.78.0 >out 2>&1 3>&- &
        pid=$!
        wait_until test -e reached
        kill -$signal "$pid"
        refute wait "$pid"
        host_state >after
        diff before after
    done
}

@test "after an up that was killed, the next one and down see to what is left" {
    local pid next
    fake nft <<EOF
#!/bin/sh
case "\$*" in *list*) exec $(command -v nft) "\$@" ;; esac
kill -KILL \$PPID
EOF
    for next in down "up --subnet 10.78.0"; do
        run with_fakes "$NET" up --name other --subnet 10.78.0
        [ "$status" -eq 137 ]
        run net status
        [ "$status" -eq 4 ]
        # shellcheck disable=SC2086
        net $next
    done
    net status
    net down
}

@test "a down that cannot take away everything says so and can be tried again" {
    up
    fake nft <<EOF
#!/bin/sh
case "\$*" in *list*) exec $(command -v nft) "\$@" ;; esac
echo "nft: as the test wants" >&2
exit 1
EOF
    run with_fakes net down
    [ "$status" -eq 1 ]
    [[ "$output" == *"could not take away everything"* ]]
    nft list table ip distro-shim-other >/dev/null
    net down
}

# ---- what is not distro-net's

@test "the administrator's files stay as they are" {
    mkdir -p /etc/netns/other
    echo "nameserver 192.0.2.1" >/etc/netns/other/resolv.conf
    chmod 600 /etc/netns/other/resolv.conf
    ln -s /nonexistent /etc/netns/other/hosts
    echo mine >/etc/netns/other/nsswitch.conf
    host_state >mine
    up
    [ "$(cat /etc/netns/other/resolv.conf)" = "nameserver 192.0.2.1" ]
    net refresh
    net down
    host_state >after
    diff mine after
    rm -r /etc/netns/other
    rmdir /etc/netns
}

@test "an edited file stays, also the directory around it; one of before a reboot is ours" {
    up
    echo "192.0.2.7 printer" >>/etc/netns/other/hosts
    run net refresh
    [[ "$output" == *"/etc/netns/other/hosts is not distro-net's, or was edited: it stays"* ]]
    net down
    grep -q printer /etc/netns/other/hosts
    [ ! -e /etc/netns/other/resolv.conf ]
    up
    grep -q printer /etc/netns/other/hosts
    net down
    rm /etc/netns/other/hosts
    rmdir /etc/netns/other /etc/netns

    # what a machine that was switched off has left in /etc, and nothing in /run
    up
    cp -a /etc/netns kept
    net down
    cp -a kept /etc/netns
    up
    net down
    [ ! -e /etc/netns ]
    cp -a kept /etc/netns
    net down
    [ ! -e /etc/netns ]
}

@test "refresh follows the host's resolver, in place; loopback resolvers are left out" {
    local inode
    cp /etc/resolv.conf resolv.saved
    up
    inode=$(stat -c %i /etc/netns/other/resolv.conf)
    printf '%s\n' '# comment' 'nameserver 127.0.0.53' 'nameserver 192.0.2.53' 'nameserver ::1' 'search example.org' >/etc/resolv.conf
    net up
    refute grep -q 192.0.2.53 /etc/netns/other/resolv.conf
    net refresh
    [ "$(tail -n +2 /etc/netns/other/resolv.conf)" = "$(printf '%s\n' 'nameserver 192.0.2.53' 'search example.org')" ]
    [ "$(stat -c %i /etc/netns/other/resolv.conf)" = "$inode" ]

    # the stub of systemd-resolved: its real servers are elsewhere
    echo 'nameserver 127.0.0.53' >/etc/resolv.conf
    run net refresh
    [[ "$output" == *"names no resolver that can be reached"* ]]
    mkdir -p /run/systemd/resolve
    echo 'nameserver 192.0.2.54' >/run/systemd/resolve/resolv.conf
    net refresh
    grep -qx 'nameserver 192.0.2.54' /etc/netns/other/resolv.conf
    rm -r /run/systemd
    cp resolv.saved /etc/resolv.conf
    net down
}

# settings NAME: of the loopback, and who may use low ports and ping
settings() {
    ip -n other -br link show lo | awk '{ print $NF }'
    ip netns exec other cat /proc/sys/net/ipv4/{ip_unprivileged_port_start,ping_group_range}
}

@test "a namespace of ip netns add is taken over, and left as it was found" {
    ip netns add other
    settings >settings.before
    host_state >state.before
    inode=$(stat -L -c %i /run/netns/other)
    run up
    [ "$status" -eq 0 ]
    [[ "$output" == *"it was there, and is taken over"* ]]
    [ "$(stat -L -c %i /run/netns/other)" = "$inode" ]
    [[ "$(settings)" == *,UP* ]]
    [ "$(settings | tail -n 2 | xargs)" = "0 0 2147483647" ]
    [[ "$(ip -n other -4 route show default)" == "default via 10.78.0.1"* ]]
    run net status
    [ "$status" -eq 0 ]
    run up
    [ "$output" = "/run/netns/other is up" ]
    run net down
    [ "$status" -eq 0 ]
    [[ "$output" == *"as it was found"* ]]
    settings | diff settings.before -
    host_state | diff state.before -
    # with a link of its own it has its own way out
    ip -n other link add way type veth peer name out
    run up
    [ "$status" -eq 1 ]
    [[ "$output" == *"has a link already"* ]]
    settings | diff settings.before -
    run net up
    [ "$status" -eq 0 ]
    refute ip link show ds-other
    [[ "$(settings)" == *,UP* ]]
    run net down
    settings | diff settings.before -
    # what fails on the way leaves nothing
    touch blocked && mkdir -p /etc/netns && ln -s "$PWD/blocked" /etc/netns/other
    run net up
    rm /etc/netns/other
    rmdir /etc/netns 2>/dev/null || true
    [ "$status" -eq 0 ] || settings | diff settings.before -
    run net down
    ip netns del other
}

@test "links that drivers of tunnels put into each namespace are no way out" {
    ip netns add other
    ip -n other link add sit0 type veth peer name tunl0
    run up
    [ "$status" -eq 0 ]
    [[ "$output" != *"own links"* ]]
    ip link show ds-other
    net down
    # but one that is in use is
    ip -n other link set sit0 up
    run net up
    [ "$status" -eq 0 ]
    [[ "$output" == *"own links"* ]]
    refute ip link show ds-other
    net down
    ip netns del other
}

@test "the network of the host itself is not taken over" {
    touch /run/netns/other && mount --bind /proc/self/ns/net /run/netns/other
    ranges() { cat /proc/sys/net/ipv4/{ip_unprivileged_port_start,ping_group_range}; }
    ranges >ranges.before
    run net up
    # first: what cleans up after a failed test would end all that is in this network
    ip netns del other
    [ "$status" -eq 1 ]
    [[ "$output" == *"is the network of the host itself"* ]]
    ranges | diff ranges.before -
    [ ! -e /etc/netns/other ]
    [ ! -e /run/distro-shim/net/other ]
}

@test "a namespace with links of its own gets no uplink after an up that was killed" {
    ip netns add other
    ip -n other link add way type veth peer name out
    run net up
    [ "$status" -eq 0 ]
    # where it was killed at its end
    rm /run/distro-shim/net/other/complete
    run net up
    [ "$status" -eq 0 ]
    [[ "$output" == *"with its own links"* ]]
    refute ip link show ds-other
    run net down
    [[ "$output" == *"as it was found"* ]]
    ip netns del other
}

@test "a namespace that lies hidden below another mount is none" {
    ip netns add other
    mount -t tmpfs tmpfs /run/netns
    run net status
    [ "$status" -eq 3 ]
    run up
    [ "$status" -eq 0 ]
    ip -n other link show eth0 >/dev/null
    run net down
    [ "$status" -eq 0 ]
    umount /run/netns
    refute ip -n other link show eth0
    ip netns del other
}

@test "what is in the way and not ours is refused and stays" {
    # the address that the private machine's own network has
    run net up --subnet 10.77.0
    [ "$status" -eq 1 ]
    [[ "$output" == *"the addresses 10.77.0.0/24 are in use on this host"* ]]

    ip netns add other
    run net down
    [ "$status" -eq 1 ]
    [[ "$output" == *"was not made by distro-net"* ]]
    run net status
    [ "$status" -eq 4 ]
    ip netns del other

    ip link add ds-other type veth peer name ds-peer
    run up
    [ "$status" -eq 1 ]
    [[ "$output" == *"there is a link ds-other already"* ]]
    ip link del ds-other

    nft add table ip distro-shim-other
    run up
    [ "$status" -eq 1 ]
    [[ "$output" == *"nft delete table ip distro-shim-other"* ]]
    nft delete table ip distro-shim-other

    touch /run/netns/other
    run up
    [ "$status" -eq 1 ]
    [[ "$output" == *"is not a network namespace"* ]]
    rm /run/netns/other
}

@test "wrong arguments are refused" {
    local name
    for name in '' . .. .x -x a/b 'a b' 'a;b' "$(printf 'x%.0s' {1..65})"; do
        run "$NET" up --name "$name"
        [ "$status" -eq 1 ]
    done
    for name in 10 10.0 10.0.0.0 256.0.0 1.2.03 a.b.c 10.0.; do
        run net up --subnet "$name"
        [ "$status" -eq 1 ]
        [[ "$output" == *"'$name' is not of the form A.B.C"* ]]
    done
    for name in "" "up down" "up --bogus" "down --no-uplink" "status --subnet 10.1.1"; do
        # shellcheck disable=SC2086
        run "$NET" $name
        [ "$status" -eq 1 ]
    done
    run "$NET" --help
    [ "$status" -eq 0 ]
    run setpriv --reuid 65534 --clear-groups "$NET" status
    [ "$status" -eq 1 ]
    [[ "$output" == *"must be root"* ]]
}

@test "a long name has a link of its own" {
    ARGS=(--name a-network-with-a-long-name.of.42)
    up
    net up
    net status
    net down
}

# ---- does it do what it is for

# ask NETWORK ADDRESS PORT: what the server there says
ask() {
    timeout 2 ip netns exec "$1" bash -c "exec 5<>/dev/tcp/$2/$3 && cat <&5"
}
answer() { # NETWORK PORT: a server there that says whom it sees
    cat >"$BATS_TEST_TMPDIR/server" <<'PERL'
use IO::Socket::INET;
my $server = IO::Socket::INET->new(LocalPort => $ARGV[0], Listen => 9, ReuseAddr => 1) or die $!;
open(my $ready, '>', $ARGV[1]); close($ready);
while (my $caller = $server->accept) { print $caller "hello ", $caller->peerhost, "\n"; close($caller) }
PERL
    rm -f ready
    ip netns exec "$1" perl "$BATS_TEST_TMPDIR/server" "$2" "$BATS_TEST_TMPDIR/ready" >server.log 2>&1 3>&- &
    SERVER=$!
    wait_until test -e ready
}

try_both_ways() {
    make_beyond
    # out: the other side sees the host, and its answer comes back
    answer beyond 8001
    [ "$(ask other 10.79.0.2 8001)" = "hello 10.79.0.1" ]
    kill "$SERVER"
    # the host is called by its own address, unchanged
    answer other 8002
    exec 5<>/dev/tcp/10.78.0.2/8002
    [ "$(cat <&5)" = "hello 10.78.0.1" ]
    exec 5>&-
    # in: not even for who knows the way
    ip -n beyond route add 10.78.0.0/24 via 10.79.0.1
    refute ask beyond 10.78.0.2 8002
    # but where the host forwards a port
    nft -f - <<'EOF'
table ip publish {
    chain prerouting {
        type nat hook prerouting priority dstnat;
        tcp dport 8003 dnat to 10.78.0.2:8002
    }
}
EOF
    [ "$(ask beyond 10.79.0.1 8003)" = "hello 10.79.0.2" ]
    nft delete table ip publish
    kill "$SERVER"
    remove_beyond
}

@test "NAT by nft: the way out, no way in, forwarded ports" {
    requires cmd:perl
    up
    try_both_ways
    net down
}

@test "NAT by iptables where nft is missing" {
    requires cmd:perl cmd:iptables
    local args
    args=(--name other)
    run without nft "$NET" up "${args[@]}" --subnet 10.78.0
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$(nft list tables)" != *distro-shim* ]]
    run net status
    [ "$status" -eq 0 ]
    [[ "$output" == *"NAT: iptables"* ]]
    iptables-save >first
    without nft "$NET" up "${args[@]}"
    iptables-save >second
    diff <(grep -v '^#' first) <(grep -v '^#' second)
    try_both_ways
    iptables -F FORWARD
    run net status
    [ "$status" -eq 4 ]
    net up
    [ "$(iptables -S FORWARD | grep -c distro-shim-other)" -eq 4 ]
    try_both_ways
    net down
    # tables that iptables has made, without a chain: they do nothing, and it cannot remove them
    [[ "$(nft list ruleset)" != *chain* ]]
    nft flush ruleset
}

@test "neither nft nor iptables: a clear error, and --no-uplink works" {
    requires cmd:iptables
    run without "nft iptables" "$NET" up --name other --subnet 10.78.0
    [ "$status" -eq 1 ]
    [[ "$output" == *"neither nft nor iptables"*"--no-uplink"* ]]
    host_state >after
    diff before after
    without "nft iptables" "$NET" up --name other --no-uplink
    net down
}

@test "the way out is open where Docker or ufw have closed the chain FORWARD" {
    requires cmd:perl cmd:iptables
    iptables -P FORWARD DROP
    iptables -A FORWARD -j RETURN
    iptables-save | grep -v '^#' >first
    up
    try_both_ways
    net down
    iptables-save | grep -v '^#' >second
    diff first second
    nft flush ruleset
}

@test "the systemd unit is valid" {
    requires cmd:systemd-analyze
    sed -e "s|@sbindir@|$DISTRO_SHIM_SOURCE/contrib|; s|@bindir@|${DISTRO_SHIM%/*}|" \
        "$DISTRO_SHIM_SOURCE/contrib/distro-net.service.in" >distro-net.service
    refute grep '@' distro-net.service
    run systemd-analyze verify --man=no ./distro-net.service
    echo "$output"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    rm -rf /run/systemd
}
