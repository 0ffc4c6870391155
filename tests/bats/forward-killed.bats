#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What leads from an engine's network to the container, where the runtime is killed, or fails, at each system call of
# delete; and after many restarts, each with a network of its own. The test is the engine.
# world: hybrid

load helpers
load policy
load forward

setup_file() { make_rootfs && cc -O1 -o "$BATS_FILE_TMPDIR/inject" "$DISTRO_SHIM_SOURCE/tests/fault/inject.c"; }
setup() { requires cmd:cc && start_decoy_test; }
teardown() { end_decoy_test; }

# broken WHAT ARGUMENT...: the command with that system call broken; $status, and what was said is in `out`
broken() {
    status=0
    timeout 20 "$BATS_FILE_TMPDIR/inject" hit "$1" "$DISTRO_SHIM" --root "$SHIM_ROOT" "${@:2}" </dev/null >out 2>&1 3>&- || status=$?
}
number_of() { cc -E -dM -x c - <<<'#include <sys/syscall.h>' | awk -v name="__NR_$1" '$2 == name { print $3 }'; } # CALL
# Those after which something is different, as PROCESS:NUMBER:COUNT: of the runtime, and all of its helper.
steps_of() { # ARGUMENT...
    local numbers='' name
    for name in pidfd_send_signal flock clone3 mkdirat unlinkat write sendto sendmsg renameat fsync open_tree move_mount umount2; do
        numbers+=" $(number_of $name)"
    done
    broken - "$@" && is "$status" 0 || return 1
    awk -v numbers="$numbers " '$1 > 0 || index(numbers, " " $2 " ") { print $1 ":" $2 ":" $3 }' hit
}
has_ended() { [ "$(state_of box)" = stopped ]; }
# begin HOW: of a network of the engine's by path, or of its own, which nothing holds but the runtime
begin() {
    case $1 in
    late | start) plumbed box ;;
    *) succeeds create -b "$b" box ;;
    esac
    [ "$1" = start ] || succeeds start box
    [ "$1" != ended ] || { shim kill box KILL && wait_until has_ended; }
}
nothing_leads() { [ "$(forwarding_links)" = 0 ] && [ -z "$(ls /run/distro-shim/decoys)" ]; }
# After what is in `out`: one more delete, or the clean-up, ends all of it.
is_taken_back() { # STEP
    shim delete --force box
    nothing_leads || succeeds forwarding --end-stale
    no_forwarding && [ ! -e "$SHIM_ROOT/box" ] && ! grep -q /run/distro-shim/decoys /proc/self/mountinfo && return
    echo "at $1:" >&2 && cat out >&2
    return 1
}
# break_each HOW ACTION... -- COMMAND...: the command at each of its steps, or with EVERY at some
break_each() {
    local how=$1 actions=() action step steps number=0
    while [ "$2" != -- ]; do actions+=("$2") && shift; done
    shift 2
    begin "$how"
    steps=$(steps_of "$@") && is_taken_back "$how" || return 1
    [ "$(wc -w <<<"$steps")" -ge 20 ] || return 1
    for step in $steps; do
        ((number++ % ${EVERY:-1} == 0)) || continue
        for action in "${actions[@]}"; do
            wait_until no_link_is_left
            begin "$how"
            broken "$step:$action" "$@"
            is_taken_back "$how $step:$action"
        done
    done
}
# of networks that went with their containers
no_link_is_left() { ! ip -br link | grep -q '^to-' || [ -e /run/netns/netns-one ]; }

@test "the runtime is killed, or fails, at a system call of delete: the next delete or the clean-up leaves nothing" {
    decoy netns-one 1
    asks_for /run/netns/netns-one
    break_each running s9 e1 -- delete --force box
    break_each ended s9 -- delete box
    succeeds run -d -b "$b" box
    leads 1
}

@test "the same of a network that the runtime alone holds, deleted or started" {
    edit_config "$b" "$(new network)"
    break_each late s9 -- delete --force box
    break_each start s9 -- start box
    plumbed box
    succeeds start box
    leads 1
}

@test "the same where the engine's address is the container's own" {
    policy '{"version": 1, "network": {"address": "engine", "localhost": "shared"}}'
    decoy netns-one 1
    asks_for /run/netns/netns-one
    EVERY=2 break_each running s9 -- delete --force box
    ip netns del netns-one && decoys=()
    edit_config "$b" "$(new network)"
    EVERY=4 break_each start s9 -- start box
    plumbed box
    succeeds start box
    leads 1
    is "$(ip -n distros -4 rule | head -n 1 | cut -d: -f1)" 10
    shim delete --force box
    is "$(ip -n distros -4 rule | cut -d: -f1 | tr '\n' ' ')" '0 32766 32767 '
}

# what is there of links, addresses, tables of rules, records and networks
counts() {
    echo "$(ip -br link | wc -l) $(ip -n distros -br link | wc -l) $(ip -n distros -o addr | wc -l) $(nft list tables | wc -l)" \
        "$(ip netns exec distros nft list tables | wc -l) $(find /run/distro-shim/{decoys,members} "$SHIM_ROOT" | wc -l) $(ip netns | wc -l)"
}
# The kernel takes networks away one after the other, for all machines that it runs.
counts_become() {
    local end=$((SECONDS + 60))
    until [ "$(counts)" = "$1" ]; do
        if [ $SECONDS -ge $end ]; then is "$(counts)" "$1" || return 1; fi
        sleep 0.2
    done
}

@test "many restarts, each with a new network of the engine's: as many links, addresses, rules, records and networks as before" {
    edit_config "$b" "$(args sleep 1000)"
    config=$(<"$b/config.json")
    for ((i = 0; i <= ${FORWARD_RESTARTS:-200}; i++)); do
        # quickly: its own addresses are as good as any
        ip netns add netns-$i && decoys=("netns-$i")
        printf '%s\n' 'link set lo up' 'addr add 10.99.1.2/24 dev lo' | ip -n netns-$i -batch -
        printf '%s\n' "${config//"/run/netns/netns-one"/"/run/netns/netns-$i"}" >"$b/config.json"
        [ $i != 0 ] || { asks_for /run/netns/netns-one && config=$(<"$b/config.json") && asks_for /run/netns/netns-0; }
        succeeds run -d -b "$b" box
        is "$(forwarding_links)" 1
        # in either order
        [ $((i % 2)) = 0 ] || ip netns del netns-$i
        succeeds delete --force box
        [ $((i % 2)) = 1 ] || ip netns del netns-$i
        decoys=()
        [ $i != 0 ] || { wait_until links_are_gone && before=$(counts); }
    done
    counts_become "$before"
    # and with one that is made at create and plumbed until start
    edit_config "$b" "$(new network)"
    for ((i = 0; i < ${FORWARD_RESTARTS:-200} / 10; i++)); do
        plumbed box
        # it keeps what the container leaves
        ip netns attach netns-late "$(init_of box)" && decoys=(netns-late)
        succeeds start box
        is "$(forwarding_links)" 1
        succeeds delete --force box
        ip netns del netns-late && decoys=()
        wait_until links_are_gone
    done
    counts_become "$before"
}
