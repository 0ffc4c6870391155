#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Podman of a user, with slirp4netns: ports that it publishes lead to the container in the user's network, and
# nothing is left of it.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell of the user

load helpers
load forward
load forward-user

setup_file() { make_rootfs; }
setup() {
    requires root world userns cmd:podman cmd:slirp4netns cmd:setpriv file:/dev/net/tun
    start_user_test
}
teardown() {
    [ ! -e "${HOME_OF_USER:-}/distro-shim" ] || ours delete --force box >/dev/null 2>&1 || true
    end_user_test
}

@test "a published port leads to the container of a user, and nothing is left of it" {
    for i in 1 2; do
        pod run -d --name web --network slirp4netns -p 18085:80 --rootfs $HOME_OF_USER/root httpd -f -p 80 -h /home >/dev/null
        wait_until page_is 127.0.0.1 18085 'a page'
        contains "$(left)" fwd
        pod rm -f -t 0 web >/dev/null
        is "$(left)" ""
    done
}

@test "with a user namespace of its own (--userns keep-id, auto) a container of a user is in the user's network, and a published port leads to it" {
    local shared
    shared=$(of_user podman unshare sh -c 'stat -L -c "net:[%i]" $XDG_RUNTIME_DIR/distro-shim/netns')
    for userns in keep-id auto; do
        pod run -d --name web --userns $userns --network slirp4netns -p 18085:8080 --rootfs $HOME_OF_USER/root httpd -f -p 8080 -h /home >/dev/null
        init=$(of_user podman inspect --format '{{.State.Pid}}' web)
        is "$(readlink "/proc/$init/ns/net")" "$shared"
        [ "$(awk '{ print $2, $3 }' "/proc/$init/uid_map" | xargs)" != "$(of_user podman unshare awk '{ print $2, $3 }' /proc/self/uid_map | xargs)" ]
        wait_until page_is 127.0.0.1 18085 'a page'
        contains "$(left)" fwd
        pod rm -f -t 0 web >/dev/null
        is "$(left)" ""
    done
}

# In the user's namespaces, as its engine runs the runtime
ours() { of_user podman unshare "$HOME_OF_USER/distro-shim" "$@"; }
# bundle_of_user FILTER: in $b
bundle_of_user() {
    b=$HOME_OF_USER/bundle
    mkdir -p "$b" && mv $HOME_OF_USER/root "$b/rootfs" && chown 1000:1000 "$b"
    ours spec -b "$b"
    jq ".process.terminal = false | .process.args = [\"httpd\", \"-f\", \"-p\", \"80\", \"-h\", \"/home\"] | del(.linux.resources, .linux.uidMappings, .linux.gidMappings) | $1" "$b/config.json" >new.json
    cp new.json "$b/config.json"
}
# from within that network, where a user's port forwarder is
page_is_led() { of_user podman unshare nsenter --net="$1" bash -c "$(declare -f page_is)"'; page_is 10.99.1.2 80 "a page"'; } # PATH
nothing_is_left() { [ -z "$(left)" ]; }

@test "a network of a user's that is plumbed until start leads to the container" {
    bundle_of_user '.linux.namespaces |= map(select(.type != "network" and .type != "user")) + [{type: "network"}]'
    ours create -b "$b" box
    init=$(ours state box | jq .pid)
    # the test holds it, as an engine does
    of_user podman unshare sh -c "touch $HOME_OF_USER/run/late; mount --bind /proc/$init/ns/net $HOME_OF_USER/run/late
        n='nsenter --net=$HOME_OF_USER/run/late ip'; \$n link set lo up; \$n link add out type veth peer name eth0
        \$n addr add 10.99.1.2/24 dev eth0; \$n link set eth0 up; \$n link set out up"
    ours start box
    contains "$(left)" fwd
    wait_until page_is_led $HOME_OF_USER/run/late
    ours explain box >explained
    matches "$(<explained)" 'forwarding: by fwd'
    ours delete --force box
    lacks "$(left)" 169.254.
    of_user podman unshare umount $HOME_OF_USER/run/late
    wait_until nothing_is_left
}

@test "exec before start is in the user's network, also where the container has a user namespace" {
    local shared
    shared=$(of_user podman unshare sh -c 'stat -L -c "net:[%i]" $XDG_RUNTIME_DIR/distro-shim/netns')
    bundle_of_user '.linux.namespaces |= map(select(.type != "network" and .type != "user")) + [{type: "network"}, {type: "user"}]'
    jq '.process.args = ["sleep", "1000"] | .linux.uidMappings = [{containerID: 0, hostID: 1, size: 1000}] | .linux.gidMappings = .linux.uidMappings' "$b/config.json" >new.json
    cp new.json "$b/config.json"
    of_user podman unshare chown -R 1:1 "$b/rootfs"
    ours create -b "$b" box
    [ "$(readlink "/proc/$(ours state box | jq .pid)/ns/net")" != "$shared" ]
    is "$(ours exec box readlink /proc/self/ns/net)" "$shared"
    ours start box
    is "$(readlink "/proc/$(ours state box | jq .pid)/ns/net")" "$shared"
    is "$(ours exec box readlink /proc/self/ns/net)" "$shared"
    ours delete --force box
    is "$(left)" ""
}

@test "a container of a user that is restored is led to, in the network of the user" {
    bundle_of_user '.linux.namespaces |= map(select(.type != "network" and .type != "user")) + [{type: "network", path: "'$HOME_OF_USER'/run/netns/netns-one"}]'
    of_user podman unshare sh -c 'n=$XDG_RUNTIME_DIR/netns; mkdir -p $n; touch $n/netns-one
        unshare --net=$n/netns-one sh -c "ip link set lo up; ip addr add 10.99.1.2/24 dev lo"'
    mkdir -p $HOME_OF_USER/fake $HOME_OF_USER/images
    cp "$BATS_TEST_DIRNAME/criu.py" $HOME_OF_USER/fake/criu
    echo '["/dev/null", "/dev/null", "/dev/null"]' >$HOME_OF_USER/images/descriptors.json
    chown -R 1000:1000 $HOME_OF_USER/{fake,images}
    # what stands in for criu leaves there what it may not take away
    echo '{"version": 1, "kernelMounts": "requested"}' >$HOME_OF_USER/policy.json && chown 1000:1000 $HOME_OF_USER/policy.json
    of_user podman unshare env CRIU_FAILS=restores PATH="$HOME_OF_USER/fake:$PATH" "$HOME_OF_USER/distro-shim" --policy $HOME_OF_USER/policy.json \
        restore -d -b "$b" --image-path $HOME_OF_USER/images --work-path $HOME_OF_USER/images box
    ours explain box >explained
    matches "$(<explained)" 'forwarding: by fwd'
    contains "$(left)" fwd
    ours delete --force box
    lacks "$(left)" 169.254.
    of_user podman unshare umount $HOME_OF_USER/run/netns/netns-one
    wait_until nothing_is_left
}
