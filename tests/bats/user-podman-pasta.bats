#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A newer Podman of users who are not root, with pasta, which is also what leads out of the user's own network.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load forward
load engines
load users

setup_file() { make_rootfs && lay_engines; }
setup() {
    PATH=$NEWER/podman:$NEWER/passt:$PATH
    requires "file:$NEWER/podman/podman" "file:$NEWER/passt/pasta"
    start_users_test
    requires "file:$ENGINES/root/usr/lib/podman/netavark"
    # pasta leads to where the host's default route does
    another_machine && ip route add default via 10.200.0.2 && ip route add default via fd00:200::2
}
teardown() { end_users_test; }

# serve ADDRESS WHERE...: a page there, which the container gets
serve() {
    local address=$1 server
    shift
    "$@" python3 -m http.server --directory $HOMES/1000/box/rootfs/home --bind "$address" 8000 >/dev/null 2>&1 3>&- </dev/null &
    server=$!
    wait_until eval '[ "$(as 1000 distro-shim exec box wget -qO - http://'"$address"':8000/ 2>/dev/null)" = "the page of 1000" ]'
    kill $server && wait $server || true
}

@test "the network: pasta leads out of it, to the host by its address, and in from it nothing; up repairs it" {
    said 0 'is up' 1000 distro-net up
    said 0 'uplink: pasta' 1000 distro-net status
    matches "$(<said)" 'eth0 .*10\.76\.0\.2/24'
    contains "$(<$RUNS/1000/distro-shim/net/hosts)" '10.200.0.1 host.internal'
    as 1000 sh -c 'cd box && distro-shim spec'
    jq '.process.terminal = false | .process.args = ["httpd", "-f", "-p", "80", "-h", "/home"]' $HOMES/1000/box/config.json >new.json
    cp new.json $HOMES/1000/box/config.json
    as 1000 sh -c 'cd box && distro-shim run -d box >/dev/null 2>&1'
    # servers of the host's, and of another machine's
    serve 10.200.0.1 env
    serve 10.200.0.2 ip netns exec another
    refuse page_is 10.200.0.1 80 'the page of 1000'
    kill "$(uplink_of 1000)"
    wait_until said 4 'damaged: pasta has ended' 1000 distro-net status
    said 0 'repaired' 1000 distro-net up
    as 1000 distro-shim exec box ls /sys/class/net >links
    is "$(xargs <links)" 'eth0 lo'
    as 1000 distro-shim delete --force box
    said 0 'is gone' 1000 distro-net down
    ours_is_gone
}

@test "run, -p from the host and from another machine, names, pods; nothing leads in afterwards" {
    as 1000 distro-net up >/dev/null && as 1000 integrate podman >/dev/null
    pod run -d --name web -p 18085:80 --rootfs "$(root_of 1000)" httpd -f -p 80 -h /home >/dev/null
    wait_until page_is 127.0.0.1 18085 'the page of 1000'
    from_there page_is 10.200.0.1 18085 'the page of 1000'
    is "$(pod exec web readlink /proc/self/ns/net)" "$(net_of 1000)"
    # to the host the way is not by the engine's network, which has the host's own address
    is "$(pod exec web ip route get 10.200.0.1 | awk '{ print $5; exit }')" eth0
    pod rm -f -t 0 web >/dev/null
    for network in none host pasta slirp4netns; do
        is "$(pod run --rm --network $network --rootfs "$(root_of 1000)" readlink /proc/self/ns/net)" "$(net_of 1000)"
    done
    pod network create one >/dev/null
    pod run -d --name web --network one -p 18085:80 --rootfs "$(root_of 1000)" httpd -f -p 80 -h /home >/dev/null
    wait_until page_is 127.0.0.1 18085 'the page of 1000'
    # the name may take the engine's resolver a moment
    wait_until eval '[ "$(pod run --rm --network one --rootfs "$(root_of 1000)" wget -qO - http://web/ 2>/dev/null)" = "the page of 1000" ]'
    pod rm -f -t 0 web >/dev/null
    as 1000 cp "$ENGINES/images/busybox.tar" . && pod load -q -i busybox.tar >/dev/null
    pod pod create --name p --infra-image localhost/busybox --infra-command 'sleep 1000' -p 18086:8080 >/dev/null
    pod run -d --pod p --name inpod --rootfs "$(root_of 1000)" httpd -f -p 8080 -h /home >/dev/null
    wait_until page_is 127.0.0.1 18086 'the page of 1000'
    pod pod rm -f -t 0 p >/dev/null
    pod network rm one >/dev/null
    wait_until eval '[ "$(leads_in)" = 0 ]'
    as 1000 integrate podman --undo >/dev/null
    said 0 'is gone' 1000 distro-net down
    find $HOMES/1000/.config -printf '%P %m %s\n' | sort | diff configured.before -
}
