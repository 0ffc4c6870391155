#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Several networks, and what goes wrong with them: a file that changes under running starts, a network that goes while
# containers live in it, files that are as large as they may be or larger, patterns that take long, what leads in a circle.
# world: hybrid v2

load helpers
load policy

setup_file() { make_rootfs; }
setup() {
    start_policy_test
    ip netns add lab
    ip netns add vpn
    b=$(BATS_TEST_TMPDIR=$SHIM_POLICY_DIRECTORY bundle one "$(args sleep 1000)")
}
teardown() {
    local name
    for name in lab vpn; do
        # one test leaves the name without the namespace
        [ ! -e /run/netns/$name ] || ip netns del $name 2>/dev/null || rm /run/netns/$name
    done
    end_policy_test
}

TWO='"networks": {"lab": {"namespace": "/run/netns/lab", "selectable": true}, "vpn": {"namespace": "/run/netns/vpn", "selectable": true}}'
several() { policy "{\"version\": 1, $TWO${1:+, $1}}"; } # MEMBERS

@test "a policy that is replaced while 50 containers start: each is wholly by the one or by the other" {
    local i ids=() swapper id pid network by=()
    edit_config "$b" "$(capabilities CAP_NET_ADMIN CAP_CHOWN) | .hostname = \"asked\""
    several '"hostname": "id", "distros": [{"network": {"use": "lab", "admin": true}}]'
    cp "$SHIM_POLICY" "$SHIM_POLICY_DIRECTORY/first"
    several '"capabilities": {"remove": ["CAP_CHOWN"]}, "distros": [{"network": "vpn"}]'
    cp "$SHIM_POLICY" "$SHIM_POLICY_DIRECTORY/second"
    (
        while :; do
            for i in first second; do
                cp "$SHIM_POLICY_DIRECTORY/$i" "$SHIM_POLICY_DIRECTORY/new" && mv "$SHIM_POLICY_DIRECTORY/new" "$SHIM_POLICY"
            done
        done
    ) 3>&- &
    swapper=$!
    for ((i = 0; i < 50; i++)); do ids+=("c$i"); done
    start_one() { shim_in 20 run -d -b "$b" "$1" </dev/null; }
    all_of start_one 8 "${ids[@]}" || i=failed
    kill $swapper
    wait $swapper || true
    [ "$i" != failed ]
    for id in "${ids[@]}"; do
        pid=$(init_of "$id")
        for network in lab vpn none; do [ ! "/proc/$pid/ns/net" -ef /run/netns/$network ] || break; done
        case $network in
        # CAP_CHOWN 0, CAP_NET_ADMIN 12
        lab) is "$(grep CapBnd "/proc/$pid/status" | cut -f 2) $(nsenter -t "$pid" -u hostname)" "0000000000001001 $id" ;;
        vpn) is "$(grep CapBnd "/proc/$pid/status" | cut -f 2) $(nsenter -t "$pid" -u hostname)" "0000000000000000 asked" ;;
        esac
        is "$(shim state "$id" | jq -r .network.name)" "$network"
        by+=("$network")
        shim delete -f "$id"
    done
    # it was both
    is "$(printf '%s\n' "${by[@]}" | sort -u | xargs)" "lab vpn"
}

@test "a policy that is taken away or broken while containers start: started whole, or refused and nothing left" {
    local i ids=() breaker id status
    several '"distros": [{"network": {"use": "lab", "admin": true}}]'
    cp "$SHIM_POLICY" "$SHIM_POLICY_DIRECTORY/whole"
    head -c 100 "$SHIM_POLICY" >"$SHIM_POLICY_DIRECTORY/half"
    (
        while :; do
            cp "$SHIM_POLICY_DIRECTORY/half" "$SHIM_POLICY_DIRECTORY/new" && mv "$SHIM_POLICY_DIRECTORY/new" "$SHIM_POLICY"
            rm "$SHIM_POLICY"
            cp "$SHIM_POLICY_DIRECTORY/whole" "$SHIM_POLICY_DIRECTORY/new" && mv "$SHIM_POLICY_DIRECTORY/new" "$SHIM_POLICY"
            sleep 0.01
        done
    ) 3>&- &
    breaker=$!
    for ((i = 0; i < 30; i++)); do ids+=("c$i"); done
    start_one() { shim_in 20 run -d -b "$b" "$1" </dev/null 2>"said.$1" || echo $? >"status.$1"; }
    all_of start_one 8 "${ids[@]}"
    kill $breaker
    wait $breaker || true
    cp "$SHIM_POLICY_DIRECTORY/whole" "$SHIM_POLICY"
    for id in "${ids[@]}"; do
        if [ -e "status.$id" ]; then
            is "$(<"status.$id")" 1
            matches "$(<"said.$id")" "^distro-shim: ($SHIM_POLICY:1:|.*$SHIM_POLICY.*no such file)"
            [ ! -e "$SHIM_ROOT/$id" ]
        else
            [ "/proc/$(init_of "$id")/ns/net" -ef /run/netns/lab ]
            shim delete -f "$id"
        fi
    done
}

@test "a network that is removed while containers live there: these live on, no other one comes" {
    local how inside other
    other=$(BATS_TEST_TMPDIR=$SHIM_POLICY_DIRECTORY bundle two "$(args sleep 1000)")
    several "\"distros\": [{\"match\": {\"bundle\": \"$b\"}, \"network\": \"lab\"}]"
    for how in "ip netns del lab" "umount -l /run/netns/lab" "rename"; do
        shim_in 10 run -d -b "$b" c1 </dev/null
        inside=$(readlink "/proc/$(init_of c1)/ns/net")
        if [ "$how" = rename ]; then
            # another one of the name
            ip netns del lab
            ip netns add lab
        else
            $how
        fi
        echo "$how"
        is "$(shim state c1 | jq -r '.status + " " + .network.name')" "running lab"
        is "$(shim exec c1 readlink /proc/self/ns/net)" "$inside"
        is "$(shim list | awk 'NR > 1 { print $1, $(NF - 1) }')" "c1 lab"
        is "$(shim members --network lab -q)" c1
        is "$(shim members --network /run/netns/lab -q)" c1
        is "$(shim explain c1 --format json | jq -r .network.name)" lab
        case $how in
        rename) expect_error "network.membership: .*'?c1'?.*/run/netns/lab.*stop it first" create -b "$b" c2 ;;
        ip*) expect_error 'network.namespace: /run/netns/lab: the shared network does not exist; make it with .distro-net up lab.' create -b "$b" c2 ;;
        umount*) expect_error 'network.namespace: /run/netns/lab: is a regular file, not a namespace file .was the namespace deleted.*distro-net up lab' create -b "$b" c2 ;;
        esac
        [ ! -e "$SHIM_ROOT/c2" ]
        # the others
        shim_in 10 --network vpn run -d -b "$other" o </dev/null
        [ "/proc/$(init_of o)/ns/net" -ef /run/netns/vpn ]
        shim delete -f o
        shim kill c1 KILL
        wait_until test_stopped c1
        shim delete c1
        is "$(shim members --network lab -q)" ""
        rm -f /run/netns/lab 2>/dev/null || ip netns del lab
        ip netns add lab
    done
    # killed and removed in one
    shim_in 10 run -d -b "$b" c1 </dev/null
    ip netns del lab
    shim delete --force c1
    # a created one, before its start; and one that joins late
    ip netns add lab
    shim_in 10 create -b "$b" c1 </dev/null
    edit_config "$b" "$(new network)"
    shim_in 10 create -b "$b" c2 </dev/null
    ip netns del lab
    shim start c1
    is "$(shim exec c1 readlink /proc/self/ns/net)" "$(readlink "/proc/$(init_of c1)/ns/net")"
    shim_in 10 start c2 && [ "/proc/$(init_of c2)/ns/net" -ef "/proc/$(init_of c1)/ns/net" ]
}

# The longest file that may be: with so many entries, none of which matches but the last.
entries() { # NUMBER
    seq -f '{"match":{"rootfs":"/srv/%06.0f/*"},"network":"vpn"},' "$1" | tr -d '\n'
}

@test "a thousand entries: the last one holds; a file that is larger than it may be is refused by its size" {
    local before after
    several "\"distros\": [$(entries 1000)$(printf '{"match":{"bundle":"%s"},"network":"lab"}' "$b")]"
    [ "$(wc -c <"$SHIM_POLICY")" -gt 53000 ]
    succeeds policy check
    before=$(date +%s%N)
    shim_in 10 run -d -b "$b" c </dev/null
    after=$(date +%s%N)
    [ "/proc/$(init_of c)/ns/net" -ef /run/netns/lab ]
    is "$(shim state c | jq -r .network.entry)" 'distros[1000]'
    echo "$(((after - before) / 1000000)) ms"
    [ $((after - before)) -lt 3000000000 ]
    several "\"distros\": [$(entries 2000){\"network\": \"lab\"}]"
    expect_error "$SHIM_POLICY.*65536 bytes" create -b "$b" d
    expect_error "$SHIM_POLICY.*65536 bytes" policy check
    # a thousand networks
    policy "{\"version\":1,\"networks\":{$(seq 1000 | sed 's|.*|"n&":{"namespace":"/run/netns/n&"}|' | paste -s -d ,)},\"distros\":[{\"network\":\"n1000\"}]}"
    succeeds policy check
    expect_error "network.namespace: /run/netns/n1000: the shared network does not exist; make it with .distro-net up n1000." create -b "$b" d
}

@test "a pattern that takes long, and long texts: the time has an end" {
    local stars long
    stars=$(printf '*a%.0s' $(seq 5000))
    long=$(printf 'a%.0s' $(seq 5000))
    edit_config "$b" --rawfile text <(head -c 3000000 /dev/zero | tr '\0' a) \
        '.annotations = {long: $text, short: $text[0:4000]}'
    several "\"distros\": [{\"trustClients\": true, \"match\": {\"annotations\": {\"long\": \"${stars}b\"}}, \"network\": \"vpn\"},
        {\"trustClients\": true, \"match\": {\"annotations\": {\"short\": \"${stars}b\"}}, \"network\": \"vpn\"},
        {\"trustClients\": true, \"match\": {\"annotations\": {\"long\": \"*${long}b*\"}}, \"network\": \"vpn\"},
        {\"trustClients\": true, \"match\": {\"annotations\": {\"short\": \"*${long:0:2000}b*\"}}, \"network\": \"vpn\"},
        {\"trustClients\": true, \"match\": {\"annotations\": {\"short\": \"*a*a*a*\"}}, \"network\": \"lab\"}]"
    is "$(shim_in 10 explain -b "$b" --format json | jq -r '.network.name + " " + .network.entry')" 'lab distros[4]'
}

@test "what would lead in a circle, or nowhere, is a broken file" {
    local pattern keys n=0
    while IFS='#' read -r pattern keys; do
        policy "{\"version\": 1, $keys}"
        echo "$keys"
        expect_error "^distro-shim: $SHIM_POLICY:1:[0-9]+: $pattern" create -b "$b" c
        [ ! -e "$SHIM_ROOT/c" ]
        n=$((n + 1))
    done <<'END'
networks."a".use#"networks": {"a": {"namespace": "/run/netns/lab", "use": "b"}, "b": {"namespace": "/run/netns/vpn", "use": "a"}}
networks."a".use#"networks": {"a": {"use": "a"}}
network.use#"network": {"use": "lab"}, "networks": {"lab": {"namespace": "/run/netns/lab"}}
distros\[0\].distros#"distros": [{"distros": [{"network": "default"}]}]
distros\[0\].networks#"distros": [{"networks": {"a": {"namespace": "/run/netns/lab"}}, "network": "a"}]
distros\[0\].network.use: the network "none" is not one#"distros": [{"network": {"use": "none"}}]
distros\[0\].network: the network "none" is not one#"distros": [{"network": "none"}]
networks."b": has the namespace "/run/netns/lab" of the network "a"#"networks": {"a": {"namespace": "/run/netns/lab"}, "b": {"namespace": "/run/netns/lab"}}
distros\[0\].match.cgroup: is what the engine's clients say#"distros": [{"match": {"cgroup": "*"}, "network": "default"}]
END
    [ $n = 9 ]
}
