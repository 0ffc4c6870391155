#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# contrib/policies: each example does what its page says.
# world: hybrid

load helpers
load policy

setup_file() { make_rootfs; }
setup() { start_policy_test; }
teardown() {
    [ ! -e /run/netns/vpn ] || ip netns del vpn
    end_policy_test
}

# example NAME: it is the policy, with directories of this test in place of the machine's
example() {
    policy "$(sed "s|/srv/|$SHIM_POLICY_DIRECTORY/srv/|g; s|/var/log/|$SHIM_POLICY_DIRECTORY/|g" "$DISTRO_SHIM_SOURCE/contrib/policies/$1.json")"
    mkdir -p "$SHIM_POLICY_DIRECTORY/srv"
}
refuse_shared() { if in_shared "$1"; then false; fi; }
# placed DIRECTORY NAME FILTER...: a bundle below a directory of the example
placed() { BATS_TEST_TMPDIR=$SHIM_POLICY_DIRECTORY/srv/$1 bundle "${@:2}"; }

@test "each one is valid, has a page, and is installed" {
    local file
    for file in "$DISTRO_SHIM_SOURCE"/contrib/policies/*.json; do
        policy "$(<"$file")"
        is "$(shim policy check)" "$SHIM_POLICY: valid, trusted"
        [ "$(wc -l <"${file%.json}.md")" -gt 5 ]
        grep -q "contrib/policies/${file##*/}" "$DISTRO_SHIM_SOURCE/Makefile.am"
    done
    is "$(ls "$DISTRO_SHIM_SOURCE"/contrib/policies/*.md | wc -l)" "$(ls "$DISTRO_SHIM_SOURCE"/contrib/policies/*.json | wc -l)"
}

@test "wsl: a host name each, one directory for all, and systemd boots" {
    local b
    example wsl
    b=$(bundle one "$(args sleep 1000)")
    expect_error 'srv/wsl" cannot be shown to every container: .*; make it' run -d -b "$b" one
    mkdir "$SHIM_POLICY_DIRECTORY/srv/wsl"
    shim_in 10 run -d -b "$b" one </dev/null
    b=$(bundle two "$(args sleep 1000)")
    shim_in 10 run -d -b "$b" two </dev/null
    is "$(shim exec one hostname) $(shim exec two hostname)" "one two"
    shim exec one sh -c 'echo hello >/mnt/wsl/said'
    is "$(shim exec two cat /mnt/wsl/said)" hello
    b=$(bundle boots "$(args /sbin/init)")
    mkdir -p "$b/rootfs/sbin" && printf '#!/bin/sh\necho "$container" $#' >"$b/rootfs/sbin/init" && chmod 755 "$b/rootfs/sbin/init"
    is "$(shim_in 10 run -b "$b" boots 2>/dev/null)" "oci 3"
    [ "/proc/$(init_of one)/ns/net" -ef "/proc/$(init_of two)/ns/net" ]
}

@test "vpn: what lies in its directory is in that network and stays there, the others are not" {
    local b
    ip netns add vpn
    example vpn
    b=$(placed vpn inside "$(args sleep 1000)" "$(capabilities CAP_SYS_ADMIN CAP_CHOWN)")
    shim_in 10 run -d -b "$b" inside </dev/null
    [ "/proc/$(init_of inside)/ns/net" -ef /run/netns/vpn ]
    attempt exec inside unshare -n true
    [ "$status" -ne 0 ]
    matches "$stderr" '[Oo]peration not permitted'
    attempt exec inside unshare -U true
    [ "$status" -ne 0 ]
    is "$(shim exec inside sh -c 'grep CapEff /proc/self/status | cut -f 2')" 0000000000000001
    b=$(bundle outside "$(args sleep 1000)")
    shim_in 10 run -d -b "$b" outside </dev/null
    in_shared "$(init_of outside)"
    # an engine that sets up a network of its own is told
    b=$(placed vpn late "$(args true)" "$(new network)")
    expect_error 'network.requested.new: ' create -b "$b" late
}

@test "hostile-tenants: nothing privileged, no hooks, each decision written first" {
    local b log
    example hostile-tenants
    log=$SHIM_POLICY_DIRECTORY/distro-shim.audit
    b=$(bundle one "$(args sleep 1000)")
    shim_in 10 run -d -b "$b" one </dev/null
    is "$(jq -r .request "$log" | sort -u)" create
    attempt exec --cap CAP_SYS_ADMIN one true
    matches "$stderr" 'privileged: capabilities are asked for'
    b=$(bundle two "$(args true)" "$(capabilities CAP_SYS_ADMIN)")
    expect_error 'privileged: capabilities are asked for' run -b "$b" two
    b=$(bundle three "$(args true)" '.hooks.poststop = [{path: "/bin/true"}]')
    expect_error 'hooks.allow: hook "/bin/true" is not allowed' run -b "$b" three
    b=$(bundle four "$(args true)" '.linux.sysctl = {"net.ipv4.ip_forward": "1"}')
    expect_error 'network.sysctls: ' run -b "$b" four
    jq -e 'select(.action == "refuse")' "$log" >/dev/null
    # without a place to write to nothing happens
    rm "$log" && mkdir "$log"
    b=$(bundle five "$(args true)")
    expect_error 'audit' run -b "$b" five
    [ ! -e "$SHIM_ROOT/five" ]
}

@test "nested-engine: what lies in its directory keeps a network, and may change it; the others not" {
    local b
    example nested-engine
    b=$(placed nested engine "$(args sleep 1000)" "$(capabilities CAP_NET_ADMIN)" '.linux.readonlyPaths = []' "$(new network)")
    shim_in 10 run -d -b "$b" engine </dev/null
    refuse_shared "$(init_of engine)"
    shim exec engine ip addr add 10.99.99.99/32 dev lo
    shim exec engine sh -c 'cat /proc/sys/net/ipv4/ip_default_ttl >/proc/sys/net/ipv4/ip_default_ttl'
    b=$(bundle other "$(args sleep 1000)" "$(capabilities CAP_NET_ADMIN)")
    shim_in 10 run -d -b "$b" other </dev/null
    attempt exec other ip addr add 10.99.99.99/32 dev lo
    [ "$status" -ne 0 ]
    in_shared "$(init_of other)"
    b=$(placed nested hosts "$(args true)" "$(without network)")
    expect_error 'network.allowHost' run -b "$b" hosts
}

@test "two-teams: who asks decides which network it is" {
    local b uid
    example two-teams
    b=$(bundle one "$(args true)" "$(capabilities CAP_NET_BIND_SERVICE)")
    chmod 755 "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR" 2>/dev/null || true
    is "$(shim explain -b "$b" --format json | jq -r .network.name)" default
    as_user() { setpriv --reuid "$1" --regid "$1" --clear-groups env XDG_RUNTIME_DIR="/run/user/$1" "$DISTRO_SHIM" --policy "$SHIM_POLICY" "${@:2}"; }
    for uid in 1001 1002; do
        as_user $uid explain -b "$b" --format json >said$uid || true
    done
    is "$(jq -r '.network.name' said1001 said1002 | xargs)" "red blue"
    is "$(jq -r '[.decisions[] | select(.rule == "capabilities.remove")] | length > 0' said1001 said1002 | xargs)" "false true"
}
