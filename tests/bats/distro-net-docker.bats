#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# contrib/distro-net beside real Docker, whose rules drop what is forwarded: whichever of the two is there first, each
# distribution reaches the other ones by the addresses and names that Docker gave; status tells what leads in.
# world: hybrid

# shellcheck disable=SC2016,SC2030,SC2031 # what is in single quotes is for the shell in the container

load helpers
load engines
load forward

DOCKER_RULES=true
# the runtime with a policy of its own
PLACE=/run/distro-shim-test-net
NET=$DISTRO_SHIM_SOURCE/contrib/distro-net
setup_file() {
    make_rootfs && lay_engines || return 1
    command -v dockerd >/dev/null && [ -e /run/engines ] || return 0
    mkdir -p $PLACE
    echo '{ "version": 1, "network": { "namespace": "/run/netns/other" } }' >$PLACE/policy.json
    printf '#!/bin/sh\nexec "%s" --policy %s "$@"\n' "$DISTRO_SHIM" $PLACE/policy.json >$PLACE/distro-shim
    chmod +x $PLACE/distro-shim
    ENGINES_RUNTIME=$PLACE/distro-shim
    # before Docker is there
    "$DISTRO_SHIM_SOURCE/contrib/distro-net" up other --subnet 10.78.0 && setup_docker
}
teardown_file() {
    teardown_docker
    rm -rf $PLACE
    [ ! -e /run/distro-shim/net/other ] || "$DISTRO_SHIM_SOURCE/contrib/distro-net" down other
}
setup() { requires root world cmd:nft cmd:iptables && start_engine_test docker; }
teardown() {
    docker rm -f web other 3>&- >/dev/null 2>&1 || true
    timeout 20 docker network rm team 3>&- >/dev/null 2>&1 || true
    iptables -w -P FORWARD ACCEPT
    "$NET" up other >/dev/null
    end_docker_test
}
# A network that is made anew stands at another place of the lists.
eval "engines_$(declare -f machine_state)"
machine_state() { engines_machine_state | grep -v 'ds-other\|/run/netns/other'; }
pair_up() {
    # as Docker sets it where it switches forwarding on
    iptables -w -P FORWARD DROP
    dk_ok network create team
    dk_ok run -d --network team --name web -p 18080:81 "$DOCKER_IMAGE" sh -c "$(serves 81 published); $(serves 80 'a page')"
    dk_ok run -d --network team --name other "$DOCKER_IMAGE" sleep 1000
}
reaches() { [ "$(timeout 5 docker exec other wget -q -O - http://web/ 2>/dev/null 3>&- </dev/null)" = "a page" ]; }
reaches_address() { [ "$(timeout 5 docker exec other wget -q -O - "http://$address/" 2>/dev/null 3>&- </dev/null)" = "a page" ]; }
marked() { iptables-save | grep -c distro-shim-other || true; }
same_links() { is "$(ip -n other -4 -o addr show | grep -c ' fwd[0-9]*  *inet ' || true)" "$1"; }
net_status() { # EXPECTED
    run "$NET" status other
    echo "$output"
    is "$status" "$1"
}

@test "a network that was up before Docker: siblings and published ports, and after a restart of Docker" {
    pair_up
    wait_until reaches
    reaches
    page_is "$(host_address)" 18080 published
    timeout 5 docker exec other wget -q -O - "http://$(host_address):18080/" 3>&-
    # without the rules it would not
    iptables-save >rules
    iptables -F DOCKER-USER
    if reaches; then false; fi
    net_status 4
    contains "$output" "rules of iptables are gone"
    run "$NET" refresh other
    is "$status" 0
    reaches
    address=$(docker inspect --format '{{.NetworkSettings.Networks.team.IPAddress}}' web)
    stop_dockerd
    start_dockerd
    wait_until reaches_address
    iptables -w -S DOCKER-USER
    is "$(marked)" 3
    net_status 0
}

@test "a network that comes after Docker, and down takes its rules away" {
    "$NET" down other
    is "$(marked)" 0
    iptables -w -S DOCKER-USER
    "$NET" up other --subnet 10.78.0
    pair_up
    wait_until reaches
    net_status 0
    dk_ok rm -f web other
    "$NET" down other
    is "$(marked)" 0
    "$NET" up other --subnet 10.78.0
}

@test "Docker that came when the program was not installed at 'up': status says so, refresh mends it" {
    # as 'up' has left it on a machine without Docker
    "$NET" down other
    "$NET" up other --subnet 10.78.0
    iptables-save | grep -v distro-shim-other | iptables-restore
    rm -f /run/distro-shim/net/other/iptables /run/distro-shim/net/other/iptables-made
    pair_up
    if reaches; then false; fi
    net_status 4
    contains "$output" "damaged: a chain of iptables that drops what is forwarded has come"
    "$NET" refresh other
    wait_until reaches
    net_status 0
}

@test "status shows what leads in; refresh ends what a killed runtime has left" {
    pair_up
    wait_until reaches
    id=$(docker inspect --format '{{.Id}}' web)
    net_status 0
    contains "$output" "$id"
    "$DISTRO_SHIM" forwarding --network /run/netns/other --format json >decoys
    is "$(jq length decoys)" 2
    is "$(jq '[.[].containers[].living] | all' decoys)" true
    link=$(jq -r --arg id "$id" '.[] | select(.containers[0].id == $id).link' decoys)
    ip -n other link show "$link"
    is "$("$DISTRO_SHIM" forwarding --network /run/netns/none --format json)" "[]"
    same_links 2
    # living ones stay
    "$NET" refresh other
    same_links 2
    # of one that is gone beside one that lives the record alone goes
    record=/run/distro-shim/decoys/$(printf %016x "$(jq -r --arg link "$link" '.[] | select(.link == $link).decoy' decoys)")/decoy.json
    jq '.members += [{root: "/run/none", id: "gone"}]' "$record" >changed
    cp changed "$record"
    "$DISTRO_SHIM" forwarding | grep "^$link .* stale  *gone "
    "$DISTRO_SHIM" forwarding --end-stale >ended
    if grep gone ended; then false; fi
    grep "^$link .* living  *$id " ended
    same_links 2
    # a link whose record is gone; and a record whose container is
    rm -r "/run/distro-shim/decoys/$(printf %016x "$(jq -r --arg id "$id" '.[] | select(.containers[0].id == $id).decoy' decoys)")"
    stale=/run/distro-shim/decoys/00000000deadbeef
    mkdir $stale
    jq --arg root "$BATS_TEST_TMPDIR/none" '{version: 1, decoy: 3735928559, networkPath: "/run/netns/other",
        network: 1, pair: 7, members: [{root: $root, id: "gone"}]}' -n >$stale/decoy.json
    net_status 0
    contains "$output" "$link leads in from a decoy without a record"
    "$DISTRO_SHIM" forwarding | grep 3735928559 | grep stale
    # its container lives
    "$NET" refresh other
    [ ! -e $stale ]
    same_links 2
    net_status 0
    contains "$output" "$(docker inspect --format '{{.Id}}' other)"
}

@test "a chain of another table that drops is named, with what mends it" {
    nft -f - <<'END'
table inet guard { chain forward { type filter hook forward priority 5; policy drop; ct state established accept; }; }
END
    net_status 0
    contains "$output" "blocked: the chain 'inet guard forward' of nft drops"
    run "$NET" up other
    contains "$output" "the chain 'inet guard forward' of nft drops"
    nft insert rule inet guard forward iifname ds-other accept
    net_status 0
    if [[ $output == *blocked* ]]; then false; fi
    nft delete table inet guard
}
