# SPDX-License-Identifier: Apache-2.0
# Links of the host that become the container's (config-linux.md "Network Devices").
# world: hybrid

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world cmd:ip
    start_test
    policy '{"version": 1, "mode": "observe"}'
}
teardown() {
    ip netns del t-net 2>/dev/null || true
    for link in t-one t-two t-peer t-peer2; do ip link del "$link" 2>/dev/null || true; done
    end_test
}

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

own='.linux.namespaces |= (map(select(.type != "network")) + [{type: "network"}])'

@test "a link moves with its permanent addresses, under its new name, and is up" {
    ip link add t-one type veth peer name t-peer
    ip addr add 192.0.2.7/24 brd + dev t-one
    ip addr add 2001:db8::7/64 dev t-one nodad
    ip addr add 192.0.2.99/24 dev t-one valid_lft 900 preferred_lft 900
    ip link add t-two type veth peer name t-peer2
    answers $'inside UP 192.0.2.7/24 192.0.2.255 2001:db8::7/64\nt-two UP' \
        'for l in inside t-two; do echo $l $(ip link show $l | grep -o "[<,]UP" | tr -d "<,") \
            $(ip addr show $l | grep -v "scope link" | sed -n "s/.*inet6* \([^ ]*\) \(brd \([^ ]*\)\)*.*/\1 \3/p"); done' "$own" \
        '.linux.netDevices = {"t-one": {name: "inside"}, "t-two": {}}'
    # the kernel has ended them with the namespace
    is "$(ip -br link | grep -cE '^t-(one|two)')" 0
}

@test "a name with %d gets the first number that is free" {
    ip netns add t-net
    ip -n t-net link add in0 type veth peer name other
    ip -n t-net link add in2 type veth peer name other2
    for link in t-one t-two; do ip link add "$link" type veth peer name "${link/t-/p-}"; done
    ip addr add 192.0.2.8/32 dev t-one
    b=$(bundle c1 "$(args true)" '.linux.namespaces |= (map(select(.type != "network")) + [{type: "network", path: "/run/netns/t-net"}])' \
        '.linux.netDevices = {"t-one": {name: "in%d"}, "t-two": {name: "in%d"}} | .hooks.createContainer = [{path: "/bin/false"}]')
    # given back when creation fails
    expect_error "createContainer hook" create -b "$b" c1
    ip link show t-one >/dev/null
    ip link show t-two >/dev/null
    edit_config "$b" 'del(.hooks)'
    succeeds run -b "$b" c1
    is "$(ip -br -n t-net link | grep -oE '^in[0-9]+' | sort | xargs)" "in0 in1 in2 in3"
    contains "$(ip -n t-net addr show in1; ip -n t-net addr show in3)" "inet 192.0.2.8/32"
    ip netns del t-net
}

@test "a link moved into a network namespace by path is there after the container" {
    ip netns add t-net
    ip link add t-one type veth peer name t-peer
    ip addr add 192.0.2.8/32 dev t-one
    b=$(bundle c1 "$(args true)" '.linux.namespaces |= (map(select(.type != "network")) + [{type: "network", path: "/run/netns/t-net"}])' \
        '.linux.netDevices = {"t-one": {name: "t-in"}}')
    succeeds run -b "$b" c1
    contains "$(ip -n t-net addr show t-in)" "inet 192.0.2.8/32"
    ip netns del t-net
}

@test "what cannot be moved: no container, and every link is back as it was" {
    ip link add t-one type veth peer name t-peer
    ip addr add 192.0.2.7/24 dev t-one
    ip link set t-one up
    before=$(ip -br addr show t-one | awk '{ print $1, $2, $3 }')
    b=$(bundle c1 "$own" '.linux.netDevices = {"t-one": {name: "moved"}, "t-none": {}}')
    expect_error "network-devices: linux.netDevices: network device 't-none' does not exist" create -b "$b" c1
    is "$(ip -br addr show t-one | awk '{ print $1, $2, $3 }')" "$before"
    # the name is taken
    edit_config "$b" '.linux.netDevices = {"t-one": {name: "lo"}}'
    expect_error "the container has a network device 'lo' already" create -b "$b" c1
    is "$(ip -br addr show t-one | awk '{ print $1, $2, $3 }')" "$before"
    # nor does a later failure cost the host its link
    edit_config "$b" '.linux.netDevices = {"t-one": {name: "moved"}} | .hooks.createContainer = [{path: "/bin/false"}]'
    expect_error "createContainer hook" create -b "$b" c1
    is "$(ip -br addr show t-one | awk '{ print $1, $2, $3 }')" "$before"
    edit_config "$b" 'del(.hooks)' && edit_config "$b" '.process.args = ["/no/such"]'
    expect_error "exec: " create -b "$b" c1
    is "$(ip -br addr show t-one | awk '{ print $1, $2, $3 }')" "$before"
    edit_config "$b" '.linux.netDevices = {"t-one": {name: "a%s"}}'
    expect_error "netDevices.\"t-one\".name: '%' may only stand in one \"%d\", is \"a%s\"" create -b "$b" c1
    edit_config "$b" '.linux.netDevices = {"t-one": {name: "same"}, "t-two": {name: "same"}}'
    expect_error "netDevices" create -b "$b" c1
    is "$(ls -A "$SHIM_ROOT")" ""
}

@test "links are never moved into the shared network" {
    ip link add t-one type veth peer name t-peer
    SHIM_POLICY=''
    b=$(bundle c1 '.linux.netDevices = {"t-one": {}}')
    expect_error "links of the host would be moved into the shared network" create -b "$b" c1
    ip link show t-one >/dev/null
}
