#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A network is a namespace and not a name: what comes of a name that changes its meaning before, while and after a
# container is made, of a namespace that is another user's, and of many that come first.
# world: hybrid legacy v2

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load policy
load checkpoint

setup_file() { make_rootfs; }
setup() {
    start_policy_test
    swapper=''
    b=$(bundle c1 "$(args sleep 1000)")
    policy '{"version": 1, "network": {"namespace": "/run/netns/team"}}'
}
teardown() {
    [ -z "${swapper:-}" ] || { rm -f "$BATS_TEST_TMPDIR/swapping" && wait "$swapper"; } 2>/dev/null || true
    while mountpoint -q /run/netns/team; do umount -l /run/netns/team; done
    rm -f /run/netns/team
    for name in one two; do [ ! -e /run/netns/$name ] || ip netns del $name; done
    end_policy_test
}

# cookie_of FILE: what the kernel gives once and to no other namespace
cookie_of() {
    nsenter --net="$1" /usr/bin/python3 -c 'import socket, struct
print(struct.unpack("Q", socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).getsockopt(socket.SOL_SOCKET, 71, 8))[0])'
}
recorded() { shim members --format json | jq -r ".[] | select(.id == \"$1\").networkCookie"; } # ID
net_of() { stat -L -c %d:%i "/proc/$(init_of "$1")/ns/net"; }
# Two namespaces, and the name "team" that leads to one and then to the other, until the test ends
swap() {
    ip netns add one
    ip netns add two
    touch /run/netns/team swapping
    mount --bind /run/netns/one /run/netns/team
    declare -gA cookie=(["$(stat -c %d:%i /run/netns/one)"]=$(cookie_of /run/netns/one) ["$(stat -c %d:%i /run/netns/two)"]=$(cookie_of /run/netns/two))
    while [ -e swapping ]; do
        mount --bind /run/netns/two /run/netns/team
        umount -l /run/netns/team
        umount -l /run/netns/team
        mount --bind /run/netns/two /run/netns/team
        umount -l /run/netns/team
        mount --bind /run/netns/one /run/netns/team
    done >/dev/null 2>&1 3>&- &
    swapper=$!
}
stop_swapping() {
    # it ends by itself, with nothing of it still under way
    rm swapping
    wait "$swapper"
    swapper=''
}

@test "a name that changes its namespace meanwhile: one of the two, and the one on record, or an error" {
    requires file:/usr/bin/python3
    local i ran=0 late=0 where
    swap
    for i in {1..200}; do
        case $((i % 4)) in
        0) edit_config "$b" "$(new network)" ;;
        1) edit_config "$b" "$(path_of network /run/netns/team)" ;;
        2) edit_config "$b" "$(without network)" ;;
        3) edit_config "$b" "$(new network) | $(path_of network /proc/1/ns/net)" ;;
        esac
        if shim_in 10 create -b "$b" x </dev/null >out 2>&1; then
            ran=$((ran + 1))
            if [ $((i % 4)) = 0 ]; then
                # what the name leads to at start does not count
                shim_in 10 start x
                late=$((late + 1))
            fi
            where=$(net_of x)
            [ -n "${cookie[$where]:-}" ] || { echo "round $i: in a third one, $where" && false; }
            is "$(recorded x)" "${cookie[$where]}"
            shim_in 15 delete --force x
        else
            grep -q 'network.namespace: /run/netns/team: is a regular file' out || { cat out && false; }
        fi
    done
    stop_swapping
    echo "made: $ran, of them late: $late"
    [ $ran -gt 20 ] && [ $late -gt 0 ]
}

@test "a name that leads nowhere any more, or elsewhere: nothing is made, and what lives stays where it is" {
    local command
    ip netns add team
    succeeds run -d -b "$b" c1
    edit_config "$b" "$(new network)"
    succeeds create -b "$b" late
    before=$(net_of c1)
    umount -l /run/netns/team
    # the name is there still, as an empty file
    for command in create "run -d"; do
        # shellcheck disable=SC2086 # words
        expect_error 'network.namespace: /run/netns/team: is a regular file, .*distro-net up' $command -b "$b" c2
    done
    fake restores
    images
    expect_error 'network.namespace: /run/netns/team' restore -d -b "$b" --image-path images c2
    [ ! -e "$SHIM_ROOT/c2" ]
    is "$(entries_of c2)" ''
    rm /run/netns/team
    ip netns add team
    for command in create "run -d" "restore -d --image-path images"; do
        # shellcheck disable=SC2086 # words
        expect_error 'network.membership: 2 running containers .*stop them first' $command -b "$b" c2
    done
    [ ! -e "$SHIM_ROOT/c2" ]
    # what was made for the earlier one is in that, what is executed, too, and the records say so
    is "$(net_of c1)" "$before"
    is "$(shim exec c1 stat -L -c %d:%i /proc/self/ns/net)" "$before"
    succeeds start late
    is "$(net_of late)" "$before"
    is "$(shim exec late stat -L -c %d:%i /proc/self/ns/net)" "$before"
    [ "$(stat -c %d:%i /run/netns/team)" != "$before" ]
    is "$(shim members --format json | jq '[.[].networkCookie] | unique | length')" 1
    # and when they are gone the new one is taken
    for id in c1 late; do shim_in 15 delete --force $id; done
    succeeds run -d -b "$b" c2
    [ "/proc/$(init_of c2)/ns/net" -ef /run/netns/team ]
}

@test "restored after its network was made anew: in the one that the name leads to now, never in one of the images" {
    fake restores
    images
    ip netns add team
    ip netns add one
    succeeds restore -d -b "$b" --image-path images c1
    first=$(net_of c1)
    [ "/proc/$(init_of c1)/ns/net" -ef /run/netns/team ]
    shim_in 15 delete --force c1
    ip netns del team
    ip netns add team
    succeeds restore -d -b "$b" --image-path images c1
    [ "/proc/$(init_of c1)/ns/net" -ef /run/netns/team ]
    shim_in 15 delete --force c1
    # images that say otherwise
    CRIU_MAKES='pid ipc uts mnt net' expect_error "the images put the container into a network namespace of its own and not into '/run/netns/team'" \
        restore -d -b "$b" --image-path images c1
    nothing_of_c1
}

@test "the same with the real criu: what goes on is in the network that the name leads to now" {
    requires criu
    counted_beyond() { [ "$(<"$b/rootfs/tmp/count")" -gt "$1" ]; }
    restores() {
        timeout 100 "$DISTRO_SHIM" --root "$SHIM_ROOT" --policy "$SHIM_POLICY" restore -d -b "$b" --image-path images c1 </dev/null >out 2>&1
    }
    ip netns add team
    ip netns add one
    b=$(bundle c2 "$(args sh -c 'i=0; while sleep 0.05; do i=$((i + 1)); echo $i >/tmp/count; done')" "$(without network)" '.root.readonly = false')
    succeeds run -d -b "$b" c1
    wait_until test -s "$b/rootfs/tmp/count"
    timeout 100 "$DISTRO_SHIM" --root "$SHIM_ROOT" checkpoint --image-path images c1 </dev/null
    at=$(<"$b/rootfs/tmp/count")
    ip netns del team
    expect_error 'network.namespace: /run/netns/team: .*distro-net up team' restore -d -b "$b" --image-path images c1
    nothing_of_c1
    ip netns add team
    # whatever network the bundle asks for now
    for filter in "$(path_of network /run/netns/one)" "$(path_of network /proc/1/ns/net)" "$(new network)"; do
        edit_config "$b" "$(new network) | $filter"
        restores || { cat out && false; }
        [ "/proc/$(init_of c1)/ns/net" -ef /run/netns/team ]
        is "$(shim exec c1 stat -L -c %i /proc/self/ns/net)" "$(stat -c %i /run/netns/team)"
        wait_until counted_beyond "$at"
        shim_in 15 delete --force c1
    done
}

@test "a container that has gone elsewhere is not followed by exec, wherever it has gone" {
    local way
    policy '{"version": 1}'
    ip netns add one
    nsenter --net=/run/netns/one sleep 1000 3>&- </dev/null >/dev/null 2>&1 &
    helpers+=($!)
    for way in 'unshare -n' 'nsenter --net=/other'; do
        for join in . "$(new network)"; do
            rm -rf "$BATS_TEST_TMPDIR/gone"
            b=$(bundle gone '.root.readonly = false' "$(args sh -c "exec $way sh -c 'echo gone; exec sleep 1000'")" "$join" "$(capabilities CAP_SYS_ADMIN)" \
                '.mounts += [{destination: "/other", type: "bind", source: "/run/netns/one", options: ["bind"]}]')
            touch "$b/rootfs/other"
            attempt run -d -b "$b" gone
            is "$status" 0
            wait_until grep -q gone stdout
            [ ! "/proc/$(init_of gone)/ns/net" -ef /run/netns/distros ]
            for more in "" "--cap CAP_SYS_ADMIN" "--user 1000" -d; do
                # shellcheck disable=SC2086 # words
                attempt exec $more gone touch /followed
                [ "$status" != 0 ] && [ ! -e "$b/rootfs/followed" ]
                contains "$stderr" "first process has left the network namespace '/run/netns/distros'"
            done
            # and it can be ended
            succeeds delete --force gone
        done
    done
}

@test "a namespace that another user owns, or a process of one, is not the policy's network" {
    requires userns cmd:setpriv
    local pid
    setpriv --reuid 65534 --regid 65534 --clear-groups unshare --user --map-root-user --net sleep 1000 3>&- </dev/null >/dev/null 2>&1 &
    helpers+=($!)
    pid=$!
    wait_until grep -q sleep "/proc/$pid/comm"
    # its number, and bound to a place of root's
    touch /run/netns/team
    mount --bind "/proc/$pid/ns/net" /run/netns/team
    for path in "/proc/$pid/ns/net" /run/netns/team; do
        policy "{\"version\": 1, \"network\": {\"namespace\": \"$path\"}}"
        for filter in "$(without network)" "$(new network)" "$(path_of network "$path")"; do
            edit_config "$b" "$filter"
            expect_error "network.namespace: $path: belongs to a user namespace that is not the caller's; make it as root" create -b "$b" c1
            [ ! -e "$SHIM_ROOT/c1" ]
        done
    done
    # of a user namespace that root itself has made it is root's
    unshare --user --map-root-user --net sleep 1000 3>&- </dev/null >/dev/null 2>&1 &
    helpers+=($!)
    wait_until grep -q sleep "/proc/$!/comm"
    policy "{\"version\": 1, \"network\": {\"namespace\": \"/proc/$!/ns/net\"}}"
    succeeds create -b "$b" c1
    [ "/proc/$(init_of c1)/ns/net" -ef "/proc/$!/ns/net" ]
    shim_in 15 delete --force c1
    # where the request names it, it is replaced
    policy '{"version": 1}'
    edit_config "$b" "$(path_of network "/proc/$pid/ns/net")"
    succeeds create -b "$b" c1
    in_shared "$(init_of c1)"
}

first() { # ID
    shim_in 60 create -b "$b" "$1" </dev/null >"$1.out" 2>&1 && return
    grep -q 'network.namespace: /run/netns/team: .*distro-net up team' "$1.out" || return 1
    # as the error says
    "$DISTRO_SHIM_SOURCE/contrib/distro-net" up team --no-uplink </dev/null >"$1.net" 2>&1 || { cat "$1.net" && return 1; }
    shim_in 60 create -b "$b" "$1" </dev/null >"$1.out" 2>&1
}

@test "40 first starts at once: the runtime makes no network, and what is made is one" {
    local ids=() i
    edit_config "$b" "$(without network)"
    for i in {1..40}; do ids+=("n$i"); done
    all_of first 40 "${ids[@]}" || { cat ./*.out ./*.net && false; }
    for i in "${ids[@]}"; do [ "/proc/$(init_of "$i")/ns/net" -ef /run/netns/team ]; done
    is "$(shim members --format json | jq '[.[].networkCookie] | length, (unique | length)' | xargs)" "40 1"
    all_of gone 8 "${ids[@]}"
    "$DISTRO_SHIM_SOURCE/contrib/distro-net" down team
}
gone() { shim_in 60 delete --force "$1"; }
