# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of the tests
# SPDX-License-Identifier: Apache-2.0
# What the tests of contrib/distro-net share: `load distro-net` after `load helpers`. The private machine has a network
# `distros` of its own making; these are about one called `other`.

start_net_test() { # in setup
    requires root world cmd:nft cmd:ip
    start_test
    NET=$DISTRO_SHIM_SOURCE/contrib/distro-net
    ARGS=(--name other)
    host_state >before
}
end_net_test() { # in teardown
    [ -e "$BATS_TEST_TMPDIR/before" ] || return 0
    cd "$BATS_TEST_TMPDIR" || return 1
    [ -n "${BATS_TEST_COMPLETED:-}" ] || reset_host >/dev/null 2>&1
    end_test
    # everything that `up` may change, and nothing is left of it, whatever a test has done
    host_state >after
    diff before after
}

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
    [ ! -e /run/netns/other ] || wait_until is_up other eth0
}
is_up() { ip -n "$1" -br link show "$2" | grep -q ' UP '; }
remove_beyond() {
    ip netns del beyond
    ip link del dsb 2>/dev/null || true
}

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
