#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Containers that join the shared network at their start: what they have of the engine's network until then, and after.
# world: hybrid

load helpers
load policy

setup_file() { make_rootfs; }
setup() { start_policy_test; }
teardown() { end_policy_test; }

@test "late join: the engine's network until start, the shared one after, and its links in /sys all along" {
    local b pid
    b=$(bundle late "$(new network)" "$(args sh -c "$SHOW; sleep 1000")")
    shim_in 10 create -b "$b" late </dev/null >out
    pid=$(init_of late)
    # the decoy, with what the engine puts there
    [ ! "/proc/$pid/ns/net" -ef /proc/self/ns/net ]
    [ ! "/proc/$pid/ns/net" -ef /run/netns/distros ]
    nsenter -t "$pid" -n ip link add eth0 type veth peer name eth1
    nsenter -t "$pid" -n ip addr add 192.0.2.7/24 dev eth0
    nsenter -t "$pid" -n ip link set eth0 up
    nsenter -t "$pid" -n ip route add default via 192.0.2.1
    is "$(nsenter -t "$pid" -m ls /sys/class/net | xargs)" "dsn lo"
    shim_in 10 start late
    in_shared "$pid"
    wait_until test -s out
    # and the one that what the engine has set up leads over
    matches "$(<out)" "^${SHARED//[/\\[} dsn (fwd[0-9]+ )?lo$"
    # end_test compares the links, addresses and routes of the shared one
}

@test "late join: a network that was left empty (--network none) is a warning, in the record, explain and the log" {
    local b
    b=$(bundle none "$(new network)" "$(args sleep 1000)")
    told() { shim explain --format json none | jq -r '.decisions[] | select(.action == "warn") | .rule + " " + .path + " " + .why'; }
    for links in none tunnels some; do
        succeeds create -b "$b" none
        is "$(told)" ""
        case $links in
        some) nsenter -t "$(init_of none)" -n ip link add eth0 type veth peer name eth1 ;;
        # which the kernel itself puts into each where their drivers are loaded
        tunnels) nsenter -t "$(init_of none)" -n ip link add sit0 type veth peer name ip6_vti0 ;;
        esac
        succeeds --log log --log-format json start none
        if [ $links != some ]; then
            matches "$(told)" '^network.requested.new /linux/namespaces/5 the network that was asked for has no link but lo, .*--network none'
            matches "$(shim state none | jq -r '.warnings[]')" '^network.requested.new .* no link but lo'
            matches "$(jq -r '.level + " " + .msg' log)" '^warning network.requested.new .* no link but lo'
            rm log
        else
            is "$(told)$(shim state none | jq -r '.warnings // ""')" ""
            is "$(<log)" ""
        fi
        succeeds delete --force none
    done
    # `run`, where it could not be set up: on record, and in a log
    succeeds run -d -b "$b" none
    contains "$(told)" "no link but lo"
    succeeds delete --force none
    succeeds --log log run -d -b "$b" none
    contains "$(<log)" "no link but lo"
}

@test "late join to \"self\": the runtime's own network, also for exec before start, which is refused from elsewhere" {
    local b pid
    policy '{"version": 1, "network": {"namespace": "self"}}'
    ip netns add other
    b=$(bundle late "$(new network)" "$(args sleep 1000)")
    succeeds create -b "$b" late
    pid=$(init_of late)
    [ ! "/proc/$pid/ns/net" -ef /proc/self/ns/net ]
    is "$(shim exec late readlink /proc/self/ns/net)" "$OWN"
    elsewhere() { nsenter --net=/run/netns/other "$DISTRO_SHIM" --root "$SHIM_ROOT" "$@"; }
    status=0
    elsewhere exec late true 2>err || status=$?
    is "$status" 255
    contains "$(<err)" "'self' is another network namespace than when the container was created"
    # it has what the engine has set up
    ip link add to-1 type veth peer name eth0 netns "$pid"
    ip addr add 10.99.1.1/24 dev to-1 && ip link set to-1 up
    ip -n other link set lo up
    nsenter -t "$pid" -n ip addr add 10.99.1.2/24 dev eth0 && nsenter -t "$pid" -n ip link set eth0 up
    elsewhere start late
    shim explain late >told
    contains "$(<told)" 'do not lead to the container: start runs in another network than create did'
    [ "/proc/$pid/ns/net" -ef /proc/self/ns/net ]
    is "$(ip -n other -br link | grep -c '^fwd' || true)" 0
}
