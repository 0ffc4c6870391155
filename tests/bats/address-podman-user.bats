#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Podman of a user who is not root, whose policy asks for addresses of containers' own.
# world: hybrid

load helpers
load forward
load forward-user

setup_file() { make_rootfs; }
setup() {
    requires root world userns "file:$NEWER/podman/podman" cmd:slirp4netns cmd:setpriv file:/dev/net/tun
    PATH=$NEWER/podman:$NEWER/passt:$PATH
    start_user_test
    mkdir -p /etc/containers
    [ -e /etc/containers/policy.json ] || echo '{"default": [{"type": "insecureAcceptAnything"}]}' >/etc/containers/policy.json
}
teardown() { end_user_test; }
policy_of_user() { # MEMBERS
    of_user sh -c "mkdir -p \$HOME/.config/distro-shim && echo '{\"version\": 1, \"network\": {\"namespace\": \"$HOME_OF_USER/run/distro-shim/netns\", $1}}' >\$HOME/.config/distro-shim/policy.json"
}

@test "refused, and told why and what mends it; or done without, and told" {
    local status=0
    policy_of_user '"address": "engine"'
    pod run -d --name web --network none --rootfs $HOME_OF_USER/root httpd -f -p 8080 -h /home >said 2>&1 || status=$?
    [ $status != 0 ]
    contains "$(<said)" 'network.address'
    contains "$(<said)" 'network.unavailable'
    pod rm -f -t 0 web >/dev/null
    policy_of_user '"address": "engine", "unavailable": "warn"'
    pod run -d --name web --network none --rootfs $HOME_OF_USER/root httpd -f -p 8080 -h /home >/dev/null
    contains "$(of_user podman unshare $HOME_OF_USER/distro-shim explain "$(of_user podman inspect --format '{{.Id}}' web)")" 'warn network.address'
}
