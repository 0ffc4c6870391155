#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Hooks of the host run as its root, and no policy holds them: what they do to the shared network, or to the container's
# way into it, is seen by comparison, told, recorded and written to the audit.
# world: hybrid legacy v2

# shellcheck disable=SC2016 # what is in single quotes is for the shell of the hook or for jq

load helpers
load policy
load checkpoint

setup_file() { make_rootfs; }
setup() {
    requires root world cmd:ip cmd:nsenter
    start_policy_test
    ip -n distros link add hooked type veth peer name peered
    ip -n distros addr add 10.99.0.1/24 dev hooked
    log=$SHIM_POLICY_DIRECTORY/audit
    policy "{\"version\": 1, \"audit\": \"$log\"}"
    IP=$(command -v ip) NSENTER=$(command -v nsenter)
}
teardown() {
    for link in hooked called again x0; do ip -n distros link del $link 2>/dev/null || true; done
    while mountpoint -q /run/netns/team; do umount -l /run/netns/team; done
    rm -f /run/netns/team
    end_policy_test
}

EARLY='(.linux.namespaces[] | select(.type == "network")).path = "/run/netns/distros"'
LATE='(.linux.namespaces[] | select(.type == "network")) |= {type}'
# hook KIND SCRIPT: a filter that adds one
hook() {
    jq -nr --arg kind "$1" --arg script "$2" '".hooks[\"\($kind)\"] += [" + ({path: "/bin/sh",
        args: ["sh", "-c", $script], env: ["PATH=/sbin:/usr/sbin:/bin:/usr/bin"]} | tojson) + "]"'
}
told() { jq -r '.decisions[] | select(.rule == "hooks.allow") | .action + .path + " " + .why' "$SHIM_ROOT/$1/status.json"; } # ID
# warned ID WHAT: on stderr, in the record, in the audit, and by explain
warned() {
    matches "$stderr" "distro-shim: warning: hooks.allow \(/hooks\): while hooks ran, $2 \(hooks.allow can say" &&
        matches "$(told "$1")" "^warn/hooks while hooks ran, $2 \(" &&
        matches "$(jq -r 'select(.id == "'"$1"'") | "\(.action) \(.rule) \(.why)"' "$log")" "warn hooks.allow while hooks ran, $2 \(" &&
        contains "$(shim explain "$1" | tr '\n' ' ')" "warn hooks.allow"
}

@test "what each kind of hook does to links and addresses, for an early and a late join" {
    local n=0 kind join change what
    for join in "$EARLY" "$LATE"; do
        for kind in prestart createRuntime createContainer; do
            while IFS='|' read -r change what; do
                n=$((n + 1))
                b=$(bundle "c$n" "$(args sleep 1000)" "$join" "$(hook "$kind" "$NSENTER --net=/run/netns/distros sh -c '$change'")")
                echo "$kind $join $change"
                attempt create -b "$b" "c$n"
                is "$status" 0
                warned "c$n" "$what"
                shim_in 15 delete --force "c$n"
            done <<END
$IP link add again type veth peer name again2|again2? is new, again2? is new
$IP link del again|again2? is gone, again2? is gone
$IP link set hooked name called|hooked is called called
$IP link set called name hooked|called is called hooked
$IP link set hooked up|hooked is up
$IP link set hooked down|hooked is down
$IP addr add 10.99.0.2/24 dev peered|10.99.0.2/24 is new
$IP addr flush dev peered|10.99.0.2/24 is gone
$IP link del hooked; $IP link add hooked type veth peer name peered|(hooked|peered) is gone, (hooked|peered) is gone, (hooked|peered) is new, (hooked|peered) is new, 10.99.0.1/24 is gone
$IP addr add 10.99.0.1/24 dev hooked|10.99.0.1/24 is new
END
        done
    done
}

@test "what hooks do elsewhere, and what an engine sets up in the network that it has asked for, is no change" {
    local join kind n=0
    ip netns add other
    for join in "$EARLY" "$LATE"; do
        for kind in prestart createRuntime createContainer; do
            n=$((n + 1))
            b=$(bundle "c$n" "$(args sleep 1000)" "$join" "$(hook "$kind" "$IP -n other link add x0 type veth peer name x1; $IP -n other link del x0")")
            [ "$join" != "$LATE" ] || edit_config "$b" "$(hook prestart 'p=$(sed "s/.*\"pid\": *\([0-9]*\).*/\1/" | tr -dc 0-9)
                '"$NSENTER"' -t $p -n '"$IP"' link add eth0 type veth peer name eth1')"
            succeeds create -b "$b" "c$n"
            is "$(told "c$n")" ''
            [ "$join" != "$LATE" ] || nsenter -t "$(init_of "c$n")" -n ip link show eth0 >/dev/null
            shim_in 15 delete --force "c$n"
        done
    done
}

@test "restore: what its hooks do is told, too" {
    fake restores
    images
    b=$(bundle c1 "$(args sleep 1000)" "$EARLY" "$(hook prestart "$NSENTER --net=/run/netns/distros $IP link set hooked name called")")
    attempt restore -d -b "$b" --image-path images c1
    is "$status" 0
    warned c1 "hooked is called called"
}

@test "a hook that enters the container and makes a network there leaves the container's process where it is" {
    local join n=0
    for join in "$EARLY" "$LATE"; do
        n=$((n + 1))
        b=$(bundle "c$n" "$(args sleep 1000)" "$join" "$(hook createRuntime 'p=$(sed "s/.*\"pid\": *\([0-9]*\).*/\1/" | tr -dc 0-9)
            '"$NSENTER"' -t $p -n -m -u -i unshare -n true; '"$NSENTER"' -t $p -n unshare -n -- true')")
        attempt create -b "$b" "c$n"
        is "$status" 0
        succeeds start "c$n"
        in_shared "$(init_of "c$n")"
        is "$(shim exec "c$n" readlink /proc/self/ns/net)" "$SHARED"
    done
}

@test "a hook that puts another network at the policy's path: this container is in the one that was judged, the next is refused" {
    local join
    ip netns add other
    for join in "$EARLY" "$LATE"; do
        touch /run/netns/team
        mount --bind /run/netns/distros /run/netns/team
        # else what is put over the one would be over the other, too
        mount --make-private /run/netns/team
        policy '{"version": 1, "network": {"namespace": "/run/netns/team"}}'
        b=$(bundle c1 "$(args sleep 1000)" "$(without network)" "$(hook createRuntime "mount --bind /run/netns/other /run/netns/team")")
        [ "$join" = "$EARLY" ] || edit_config "$b" "$(new network)"
        attempt create -b "$b" c1
        is "$status" 0
        # its own cookie is on record, not that of the name
        succeeds start c1
        in_shared "$(init_of c1)"
        is "$(shim exec c1 readlink /proc/self/ns/net)" "$SHARED"
        [ /run/netns/team -ef /run/netns/other ]
        edit_config "$b" 'del(.hooks)'
        expect_error 'network.membership: 1 running container .*c1.*/run/netns/team' create -b "$b" c2
        shim_in 15 delete --force c1
        while mountpoint -q /run/netns/team; do umount -l /run/netns/team; done
        rm -rf /run/netns/team "$b"
    done
}
