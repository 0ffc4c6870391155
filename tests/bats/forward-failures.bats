#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What leads from an engine's network to the container, and what goes wrong: the runtime killed at each step, rules that
# the kernel refuses, nothing that can be written; several containers of one network; networks that are not an engine's.
# The test is the engine.
# world: hybrid

load helpers
load policy
load checkpoint
load forward

setup_file() { make_rootfs; }
setup() { start_decoy_test; }
teardown() {
    local name
    for name in "${mounted[@]:-}"; do [ -z "$name" ] || umount "$name"; done
    ip netns exec distros sysctl -q net.ipv6.conf.default.disable_ipv6=0 2>/dev/null || true
    end_decoy_test
}

# what the rules, links, addresses and settings of a network are
contents() { # PATH
    nsenter --net="$1" sh -c 'nft list ruleset; ip -o addr | sed "s/ *valid_lft.*//"; ip route; sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding'
}
# lay OPTION... WHERE: mount, until the end of the test
lay() { mount "$@" && mounted+=("${@: -1}"); }
lift() { umount "${mounted[-1]}" && unset 'mounted[-1]'; }
lives() { # ID NUMBER
    succeeds run -d -b "$b" "$1" && leads "$2" && succeeds delete --force "$1" && no_forwarding
}
steps() { awk -v page="$1" '/#define STEP\(/ { split($0, part, "\""); at = part[2] }
    at == page && /^[ \t]+(STEP|AWAIT)\("/ { split($0, part, "\""); print part[2] }' "$DISTRO_SHIM_SOURCE/src/boot/$2"; } # PAGE FILE

@test "the runtime is killed, or fails, at a step of create: one delete --force leaves nothing, and it works again" {
    requires fault
    decoy netns-one 1
    asks_for /run/netns/netns-one
    for step in $(steps parent create/create.c | sed -n '/record-init/,$p'); do
        status=0
        shim_fault "parent:$step:kill" create -b "$b" box </dev/null >out 2>&1 || status=$?
        is "$step $status" "$step 137"
        shim delete --force box
        no_forwarding || { echo "killed at $step" >&2 && false; }
        if shim_fault "parent:$step:fail" create -b "$b" box </dev/null >out 2>&1; then false; fi
        no_forwarding || { echo "failed at $step" >&2 && false; }
    done
    lives box 1
}

@test "the runtime is killed at a step of start: one delete --force leaves nothing" {
    requires fault
    edit_config "$b" "$(new network)"
    for step in $(steps start start/start.c); do
        plumbed box
        status=0
        shim_fault "start:$step:kill" start box </dev/null >out 2>&1 || status=$?
        is "$step $status" "$step 137"
        shim delete --force box
        no_forwarding || { echo "killed at $step" >&2 && false; }
        wait_until links_are_gone
    done
}

@test "the runtime is killed, or fails, at a step of restore: one delete --force leaves nothing" {
    requires fault
    fake restores
    images
    decoy netns-one 1
    asks_for /run/netns/netns-one
    for step in $(steps restore restore/restore.c); do
        status=0
        shim_fault "restore:$step:kill" restore -d -b "$b" --image-path images box </dev/null >out 2>&1 || status=$?
        is "$step $status" "$step 137"
        [ $step != record-started ] || is "$(forwarding_links)" 1
        shim delete --force box
        no_forwarding || { echo "killed at $step" >&2 && false; }
        if shim_fault "restore:$step:fail" restore -d -b "$b" --image-path images box </dev/null >out 2>&1; then false; fi
        no_forwarding || { echo "failed at $step" >&2 && false; }
    done
}

# what is not there: the container runs, with a warning
not_led() { # PATTERN
    local start=$SECONDS
    warns=$1 succeeds run -d -b "$b" box || return 1
    [ $((SECONDS - start)) -le 10 ] || return 1
    matches "$(forward_told box)" "$1" && is "$(state_of box)" running && no_forwarding || return 1
    succeeds delete --force box
}

@test "the kernel refuses the rules: the container runs with a warning, and nothing is left" {
    decoy netns-one 1
    asks_for /run/netns/netns-one
    # another's table of that name, whose chain is hooked elsewhere
    ip netns exec netns-one nft 'add table inet distro-shim; add chain inet distro-shim output { type filter hook input priority 0; }'
    before=$(ip netns exec netns-one nft list ruleset)
    not_led 'load the rules of the table inet distro-shim: netlink: .*no chain of another kind'
    is "$(ip netns exec netns-one nft list ruleset)" "$before"
    ip netns exec netns-one nft delete table inet distro-shim
    lives box 1
}

# rules_are FILTER: of the decoy netns-one, as nft shows them; FILTER takes away of the text what is not meant
rules_are() {
    local pair at
    pair=$(ip -n distros -br link | sed -n 's/^fwd\([0-9]*\).*/\1/p')
    at=169.254.$((64 + pair / 128)).$((pair * 2 % 256))
    diff <(ip netns exec netns-one nft list ruleset) <(sed "$1" <<END
table inet distro-shim {
	chain prerouting {
		type nat hook prerouting priority dstnat - 10; policy accept;
		iifname "ds-forward" ip daddr $at udp dport 53 dnat ip to 10.99.1.1:53
		iifname "ds-forward" ip daddr $at tcp dport 53 dnat ip to 10.99.1.1:53
		ip daddr $at return
		iifname != "lo" fib daddr type local meta nfproto ipv4 dnat ip to ${at%.*}.$((${at##*.} + 1))
		ip6 daddr $(v6 "$pair" 0) return
		iifname != "lo" fib daddr type local ip6 daddr != fe80::/10 meta l4proto != ipv6-icmp dnat ip6 to $(v6 "$pair" 1)
	}

	chain output {
		type nat hook output priority -110; policy accept;
		ip daddr 127.0.0.11 return
		ip daddr $at return
		fib daddr type local meta nfproto ipv4 dnat ip to ${at%.*}.$((${at##*.} + 1))
		ip6 daddr ::1 dnat ip6 to $(v6 "$pair" 1)
		ip6 daddr $(v6 "$pair" 0) return
		fib daddr type local ip6 daddr != fe80::/10 meta l4proto != ipv6-icmp dnat ip6 to $(v6 "$pair" 1)
	}

	chain postrouting {
		type nat hook postrouting priority srcnat - 10; policy accept;
		oifname "ds-forward" masquerade
		iifname "ds-forward" masquerade
	}
}
END
    )
}
v6() { printf 'fd64:6973:7472:6f73::%x' $(($1 * 2 + $2)); } # PAIR END

@test "the rules are these, with and without IPv6 and a resolver" {
    decoy netns-one 1
    asks_for /run/netns/netns-one
    succeeds run -d -b "$b" box
    rules_are '/dport 53/d'
    # again, with what is there
    echo 'nameserver 10.99.1.1' >resolv.conf
    edit_config "$b" ".mounts += [{destination: \"/etc/resolv.conf\", type: \"bind\", source: \"$PWD/resolv.conf\", options: [\"bind\"]}]"
    succeeds delete --force box
    succeeds run -d -b "$b" box
    rules_are ''
    succeeds delete --force box
    ip netns exec netns-one ip link del ds-forward
    wait_until links_of_it_are_gone
    # Docker's are so, and get it all the same
    ip netns exec netns-one sysctl -q net.ipv6.conf.default.disable_ipv6=1
    succeeds run -d -b "$b" box
    rules_are ''
    succeeds delete --force box
    ip netns exec netns-one ip link del ds-forward
    wait_until links_of_it_are_gone
    ip netns exec distros sysctl -q net.ipv6.conf.default.disable_ipv6=1
    succeeds run -d -b "$b" box
    rules_are '/ip6/d'
}
links_of_it_are_gone() { ! ip -n distros -br link | grep -q '^fwd'; }

@test "nothing can be written: settings, records; the container runs with a warning, and nothing is left" {
    decoy netns-one 1
    asks_for /run/netns/netns-one
    lay --bind /proc/sys /proc/sys
    mount -o remount,bind,ro /proc/sys
    not_led '/proc/sys/.*[Rr]ead-only'
    lift
    mkdir -p /run/distro-shim/decoys
    lay -t tmpfs -o mode=755,nr_inodes=1 tmpfs /run/distro-shim/decoys
    not_led '[Nn]o space left'
    lift
    # room for the directory, but not for what is in it
    lay -t tmpfs -o mode=755,nr_inodes=2 tmpfs /run/distro-shim/decoys
    not_led '[Nn]o space left'
    lift
    lives box 1
}

@test "what cannot be recorded at start leads nowhere: the container starts with a warning" {
    edit_config "$b" "$(new network)"
    plumbed box
    lay --bind "$SHIM_ROOT" "$SHIM_ROOT"
    mount -o remount,bind,ro "$SHIM_ROOT"
    succeeds --log log start box
    matches "$(<log)" 'network.forward.* do not lead to the container: .*[Rr]ead-only'
    in_shared "$(init_of box)"
    lift
    succeeds delete --force box
    no_forwarding
}

@test "what leads to a container is no change that its hooks have made" {
    decoy netns-one 1
    asks_for /run/netns/netns-one
    edit_config "$b" '.hooks.createRuntime = [{path: "/bin/true"}]'
    succeeds run -d -b "$b" box
    leads 1
    is "$stderr" ""
    is "$(shim explain --format json box | jq -r '.decisions[] | select(.rule == "hooks.allow") | .why')" ""
    succeeds delete --force box
    no_forwarding
}

@test "two containers of one network: the last one ends it, in either order" {
    decoy netns-one 1
    asks_for /run/netns/netns-one
    c=$(bundle other "$(args sleep 1000)" "$(path_of network /run/netns/netns-one)")
    for last in box other; do
        succeeds run -d -b "$b" box
        succeeds run -d -b "$c" other
        is "$(forwarding_links)" 1
        leads 1
        for id in box other; do
            [ $id = $last ] || succeeds delete --force $id
        done
        is "$(forwarding_links)" 1
        [ $last = other ] || leads 1
        succeeds delete --force $last
        no_forwarding
    done
}

@test "networks that are not prepared for one container are left as they are, and explain says why" {
    decoy prod 1
    decoy netns-used 2
    ip netns exec netns-used python3 -c 'import socket, time; s = socket.create_server(("", 4711)); time.sleep(100)' 3>&- &
    helpers+=($!)
    wait_until ip netns exec netns-used grep -q :1267 /proc/net/tcp
    ip netns add netns-empty && decoys+=(netns-empty)
    decoy netns-other 3
    policy '{"version": 1, "networks": {"other": {"namespace": "/run/netns/netns-other"}}}'
    ip netns exec prod sleep 1000 3>&- &
    helpers+=($!)
    wait_until test "/proc/$!/ns/net" -ef /run/netns/prod
    touch /run/netns/netns-host && decoys+=(netns-host) && mount --bind /proc/self/ns/net /run/netns/netns-host
    for path in /run/netns/prod /run/netns/netns-used /run/netns/netns-empty /run/netns/netns-other "/proc/$!/ns/net" /run/netns/netns-host; do
        asks_for "$path"
        before=$(contents "$path")
        attempt run -d -b "$b" box
        is "$path $status $stderr" "$path 0 "
        echo "$path: $(forward_told box)"
        is "$(contents "$path" | grep -v 'inet6 fe80')" "$(grep -v 'inet6 fe80' <<<"$before")"
        is "$(forwarding_links)" 0
        [ $path = /run/netns/netns-empty ] || matches "$(forward_told box)" '^keep nothing leads '
        succeeds delete --force box
        no_forwarding
    done
}

@test "the engine's network goes first" {
    decoy netns-one 1
    asks_for /run/netns/netns-one
    succeeds run -d -b "$b" box
    leads 1
    ip netns del netns-one && decoys=()
    wait_until links_are_gone
    succeeds delete --force box
    no_forwarding
}

@test "many restarts on one network of the engine leave nothing" {
    decoy netns-one 1
    asks_for /run/netns/netns-one
    for ((i = 0; i < ${FORWARD_RESTARTS:-30}; i++)); do
        succeeds run -d -b "$b" box
        is "$(forwarding_links)" 1
        [ $((i % 10)) != 0 ] || leads 1
        succeeds delete --force box
    done
    no_forwarding
    is "$(ip -n distros -br link | grep -c '^fwd')" 1
    is "$(ip netns exec netns-one nft list tables | grep -c distro-shim)" 1
}
