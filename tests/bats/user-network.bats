#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# distro-net for users who are not root, and the runtime by hand in a user's own network.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell of the user

load helpers
load forward
load engines
load users

setup_file() { make_rootfs && lay_engines; }
setup() { start_users_test; }
teardown() { end_users_test; }

# The configuration that `spec` writes, with a program that ends
box() { # USER FILTER
    as "$1" sh -c 'cd box && rm -f config.json && distro-shim spec'
    jq ".process.terminal = false | $2" $HOMES/"$1"/box/config.json >new.json
    cp new.json $HOMES/"$1"/box/config.json
}
# Programs without Podman
without_podman() { # PROGRAM...: and without these
    mkdir -p $RUNS/programs
    cp -rs /usr/bin/. /usr/sbin/. /bin/. /sbin/. $RUNS/programs/ 2>/dev/null || true
    for program in podman pasta "$@"; do rm -f $RUNS/programs/"$program"; done
    # shellcheck disable=SC2123 # that of those programs
    PATH=$RUNS/programs
}

@test "up, again, status, down; two users at once, each in one network" {
    said 3 'distro-shim/netns is not there' 1000 distro-net status
    said 0 'is not there' 1000 distro-net down
    said 0 "^$RUNS/1000/distro-shim/netns is up" 1000 distro-net up
    holder=$(<$RUNS/1000/distro-shim/net/holder)
    said 0 'is up' 1000 distro-net up
    is "$(<$RUNS/1000/distro-shim/net/holder)" "$holder"
    said 0 'is up' 1001 distro-net up
    [ "$(net_of 1000)" != "$(net_of 1001)" ]
    said 0 'uplink: slirp4netns' 1000 distro-net status
    matches "$(<said)" 'tap0 .*10\.76\.0\.100/24'
    contains "$(<said)" 'default via 10.76.0.2'
    contains "$(<$RUNS/1000/distro-shim/net/resolv.conf)" 'nameserver 10.76.0.3'
    said 0 'is up' 1000 distro-net refresh
    # what is the other user's is not to be looked at
    said 1 "not a directory of this user" 1000 env XDG_RUNTIME_DIR=$RUNS/1001 distro-net status
    said 0 'is gone' 1000 distro-net down
    ours_is_gone
    said 0 'is up' 1001 distro-net status
    said 0 'is gone' 1001 distro-net down
    said 3 'is not there' 1001 distro-net status
}

@test "what has ended is said, and up repairs it; a new user namespace of Podman's has a new network" {
    as 1000 distro-net up
    kill "$(uplink_of 1000)"
    wait_until said 4 'damaged: slirp4netns has ended' 1000 distro-net status
    said 0 'repaired' 1000 distro-net up
    # the number of a namespace may be used again at once
    before=$(<$RUNS/1000/distro-shim/net/holder)
    as 1000 podman unshare true
    said 0 'slirp4netns, process' 1000 distro-net status
    as 1000 podman system migrate >/dev/null
    as 1000 podman unshare true
    said 4 "damaged: Podman has a new user namespace" 1000 distro-net status
    # the advice of the runtime is that of status
    box 1000 '.process.args = ["true"] | del(.linux.namespaces[] | select(.type == "user")) | del(.linux.uidMappings, .linux.gidMappings)'
    said 1 'make it as this user, with .distro-net up' 1000 podman unshare sh -c 'cd box && distro-shim run box'
    said 0 'repaired' 1000 distro-net up
    [ "$(<$RUNS/1000/distro-shim/net/holder)" != "$before" ]
    as 1000 podman unshare sh -c 'cd box && distro-shim run box'
    # as at the end of a session
    kill -KILL "$(uplink_of 1000)" "$(cut -d ' ' -f 1 $RUNS/1000/distro-shim/net/holder)"
    wait_until said 4 'its processes have ended' 1000 distro-net status
    said 0 'is up' 1000 distro-net up
    said 0 'is up' 1000 distro-net status
    said 0 'is gone' 1000 distro-net down
    ours_is_gone
}

@test "by hand: spec and run, exec and the rest, from outside and within; names of the network" {
    said 0 'is up' 1000 distro-net up
    box 1000 '.process.args = ["sh", "-c", "ls /sys/class/net | xargs; cat /etc/resolv.conf; id -u; cut -d \" \" -f 1 /proc/sys/net/ipv4/ip_unprivileged_port_start"]'
    is "$(as 1000 sh -c 'cd box && distro-shim run box' | grep -v '^#')" "lo tap0
nameserver 10.76.0.3
0
0"
    box 1000 '.process.args = ["httpd", "-f", "-p", "80", "-h", "/home"]'
    as 1000 sh -c 'cd box && distro-shim run -d one >/dev/null 2>&1'
    is "$(as 1000 distro-shim exec one sh -c 'id -u; readlink /proc/self/ns/net')" "0
$(net_of 1000)"
    # its user is the caller, whom the container's root is
    pid=$(as 1000 distro-shim state one | jq .pid)
    is "$(stat -c %u "/proc/$pid")" 1000
    is "$(as 1000 distro-shim list -q) $(as 1000 podman unshare distro-shim list -q)" "one one"
    # another one, made within, has the same localhost
    as 1000 sh -c 'cp -r box other && cd other && rm config.json && podman unshare distro-shim spec --rootless=false'
    asks_localhost $HOMES/1000/other
    is "$(as 1000 podman unshare sh -c 'cd other && distro-shim run two')" "the page of 1000"
    said 1 'these live in .*: one; stop them first' 1000 distro-net down
    as 1000 distro-shim kill one KILL
    wait_until eval '[ "$(as 1000 distro-shim state one | jq -r .status)" = stopped ]'
    as 1000 distro-shim delete one
    said 0 'is gone' 1000 distro-net down
}

@test "by hand: ids of the host are those outside, and what was made before the network is still reached" {
    box 1000 '.process.args = ["sleep", "1000"] | del(.linux.namespaces[] | select(.type == "network")) | .linux.namespaces += [{type: "network"}]'
    as 1000 sh -c 'cd box && distro-shim run -d before >/dev/null 2>&1'
    as 1000 distro-net up
    is "$(as 1000 distro-shim exec before sh -c 'ls /sys/class/net')" lo
    as 1000 distro-shim delete --force before
    is "$(as 1000 distro-shim list -q)" ''
    maps='[{containerID: 0, hostID: 1000, size: 1}, {containerID: 1, hostID: 200000, size: 1000}]'
    box 1000 "(.process.args = [\"sh\", \"-c\", \"touch /tmp/f && chown 33:34 /tmp/f; ls /sys/class/net | xargs\"]) | .linux.uidMappings = $maps | .linux.gidMappings = $maps"
    said 0 'lo tap0' 1000 sh -c 'cd box && distro-shim run ids'
    is "$(stat -c %u:%g $HOMES/1000/box/rootfs/tmp/f)" 200032:200033
    box 1000 '.process.args = ["true"] | .linux.uidMappings[0].hostID = 5'
    said 1 'linux.uidMappings: 5 is not an id of the user namespace' 1000 sh -c 'cd box && distro-shim run ids'
    as 1000 distro-net down
}

@test "without Podman; with one id; with no program that leads out" {
    local PATH=$PATH
    without_podman
    said 0 'is up' 1000 distro-net up
    said 0 'uplink: slirp4netns' 1000 distro-net status
    box 1000 '.process.args = ["cat", "/sys/class/net/tap0/operstate", "/proc/self/uid_map"]'
    is "$(as 1000 sh -c 'cd box && distro-shim run box' | tail -n 1 | xargs)" '0 0 1'
    said 0 'is gone' 1000 distro-net down
    : >/etc/subuid
    said 0 'is up' 1000 distro-net up --subnet 10.79.3
    said 0 '10\.79\.3\.100/24' 1000 distro-net status
    as 1000 sh -c 'cd box && distro-shim run box'
    said 0 'is gone' 1000 distro-net down
    give_ids
    without_podman slirp4netns
    said 1 'neither pasta nor slirp4netns is installed' 1000 distro-net up
    # as that says
    ours_is_gone
    said 0 'is up' 1000 distro-net up --no-uplink
    said 0 'no uplink' 1000 distro-net status
    said 0 'is gone' 1000 distro-net down
}

@test "each advice leads somewhere" {
    box 1000 '.process.args = ["ls", "/sys/class/net"]'
    said 1 'make it as this user, with .distro-net up' 1000 sh -c 'cd box && distro-shim run box'
    said 1 'try: export XDG_RUNTIME_DIR=|loginctl enable-linger' 1000 env -u XDG_RUNTIME_DIR distro-net up
    said 1 'has no name' 1000 distro-net up other
    said 1 'outside of it, where id -u is not 0' 1000 podman unshare distro-net up
    chmod 600 $RUNS/tun/tun
    said 1 'slirp4netns could not lead out of the network: .' 1000 distro-net up
    ours_is_gone
    chmod 666 $RUNS/tun/tun
    said 0 'is up' 1000 distro-net up
    said 0 tap0 1000 sh -c 'cd box && distro-shim run box'
    # a policy of root's, which users have, too
    mkdir -p $HOMES/1000/.config/distro-shim
    echo '{"version": 1, "network": {"namespace": "/run/netns/distros"}}' >$HOMES/1000/.config/distro-shim/policy.json
    chown -R 1000:1000 $HOMES/1000/.config/distro-shim
    said 1 '.distro-net up. makes it, and a policy of the user.s own leads there, . "version": 1 . in' 1000 sh -c 'cd box && distro-shim run box'
    echo '{ "version": 1 }' >$HOMES/1000/.config/distro-shim/policy.json
    said 0 tap0 1000 sh -c 'cd box && distro-shim run box'
    said 0 'is gone' 1000 distro-net down
}
