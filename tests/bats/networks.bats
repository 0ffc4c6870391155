#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Several networks: which one a container gets, by the administrator's entries, by an argument and by the program's name.
# world: hybrid v2

load helpers
load policy

setup_file() { make_rootfs; }
setup() {
    start_policy_test
    ip netns add lab
    ip netns add vpn
    # others than root can put another directory into /tmp
    b=$(BATS_TEST_TMPDIR=$SHIM_POLICY_DIRECTORY bundle one "$(args sleep 1000)")
}
teardown() {
    for name in lab vpn twin; do [ ! -e /run/netns/$name ] || ip netns del $name; done
    end_policy_test
}

TWO='"networks": {"lab": {"namespace": "/run/netns/lab", "selectable": true}, "vpn": {"namespace": "/run/netns/vpn"}}'
several() { policy "{\"version\": 1, $TWO${1:+, $1}}"; } # MEMBERS
# runs_in NETWORK [GLOBAL OPTION...]: a container of the bundle, and it is gone again
runs_in() {
    local network=$1 path
    shift
    path=/run/netns/${network/#default/distros}
    shim_in 10 "$@" run -d -b "$b" c </dev/null
    [ "/proc/$(init_of c)/ns/net" -ef "$path" ]
    is "$(shim state c | jq -r '.network.name + " " + .network.path')" "$network $path"
    shim delete -f c
}

@test "by its entry: the first that matches, by rootfs, bundle, owner and what clients say" {
    several '"distros": [{"match": {"rootfs": "/nowhere/*"}, "network": "vpn"},
        {"match": {"bundle": "*/one", "owner": "root"}, "network": "lab"}, {"network": "vpn"}]'
    expect_error 'distros\[1\].match.bundle: must be a pattern of an absolute path' explain -b "$b"
    several "\"distros\": [{\"match\": {\"rootfs\": \"/nowhere/*\"}, \"network\": \"vpn\"},
        {\"match\": {\"bundle\": \"$b\", \"owner\": \"root\"}, \"network\": \"lab\"}, {\"network\": \"vpn\"}]"
    runs_in lab
    several "\"distros\": [{\"match\": {\"rootfs\": \"$(dirname "$b")/*\"}, \"network\": \"vpn\"}]"
    runs_in vpn
    several '"distros": [{"match": {"owner": 1}, "network": "vpn"}]'
    runs_in default
    several '"distros": [{"trustClients": true, "match": {"annotations": {"team": "b*"}}, "network": "vpn"}]'
    runs_in default
    edit_config "$b" '.annotations.team = "blue"'
    runs_in vpn
    several '"distros": [{"match": {"annotations": {"team": "b*"}}, "network": "vpn"}]'
    expect_error 'distros\[0\].match.annotations: is what the .* clients say; .*trustClients' run -d -b "$b" c
    [ ! -e "$SHIM_ROOT/c" ]
}

@test "an engine is known by where its state lies" {
    several '"distros": [{"match": {"engine": "docker"}, "network": "lab"}]'
    mkdir -p "$PWD/docker/runtime-runc"
    shim_in 10 --root "$PWD/docker/runtime-runc/moby" run -d -b "$b" d </dev/null
    is "$(shim --root "$PWD/docker/runtime-runc/moby" state d | jq -r .network.name)" lab
    runs_in default
    shim --root "$PWD/docker/runtime-runc/moby" delete -f d
}

@test "a path that other users can change is not believed, and that is said" {
    local open
    open=$(bundle two "$(args sleep 1000)")
    several "\"distros\": [{\"match\": {\"bundle\": \"$open\"}, \"network\": \"vpn\"}]"
    shim_in 10 explain -b "$open" >said
    grep -q "distros\[0\] is passed over: directory of the bundle '.*': '/tmp' can be written by others" said
    grep -q "the network is 'default': no entry" said
    several "\"distros\": [{\"match\": {\"rootfs\": \"$open/*\"}, \"network\": \"vpn\"}]"
    shim_in 10 explain -b "$open" --format json >said
    is "$(jq -r '.network.name' said)" default
    is "$(jq -r '.decisions[] | select(.rule == "networks") | .action' said | xargs)" "warn keep"
    # where the administrator trusts them, it is
    several "\"distros\": [{\"trustClients\": true, \"match\": {\"bundle\": \"$open\"}, \"network\": \"vpn\"}]"
    is "$(shim_in 10 explain -b "$open" --format json | jq -r '.network.name')" vpn
}

@test "exec, restart and what is in force go by the network that was chosen, whatever the file says later" {
    several "\"distros\": [{\"match\": {\"bundle\": \"$b\"}, \"network\": {\"use\": \"lab\", \"admin\": true}, \"procSys\": \"requested\"}]"
    edit_config "$b" "$(capabilities CAP_NET_ADMIN) | .linux.readonlyPaths = []"
    shim_in 10 run -d -b "$b" c </dev/null
    several
    is "$(shim exec c readlink /proc/self/ns/net)" "net:[$(stat -c %i /run/netns/lab)]"
    is "$(shim exec c sh -c 'grep CapEff /proc/self/status | cut -f 2')" 0000000000001000
    is "$(shim exec c sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward && echo open')" open
    is "$(shim explain c --format json | jq -r '.network.name + " " + .network.entry')" 'lab distros[0]'
    shim delete -f c
    # and now it has none of that
    shim_in 10 run -d -b "$b" c </dev/null
    is "$(shim exec c sh -c 'grep CapEff /proc/self/status | cut -f 2')" 0000000000000000
    in_shared "$(init_of c)"
}

@test "an argument names a network that may be chosen, and no other" {
    several
    runs_in lab --network lab
    runs_in default --network default
    expect_error "--network names the network 'vpn', which is not to be chosen so; .*networks.\"vpn\"" --network vpn run -d -b "$b" c
    expect_error "--network names the network 'none', which the policy does not have" --network none create -b "$b" c
    [ ! -e "$SHIM_ROOT/c" ]
    # the administrator's entry is over it
    several "\"distros\": [{\"match\": {\"bundle\": \"$b\"}, \"network\": \"vpn\"}]"
    runs_in vpn --network lab
    # what may be chosen is told
    is "$(shim features | jq -r '.annotations["io.github.distro-shim.networks"]')" default,lab
    # without networks there is none to choose
    policy '{"version": 1}'
    expect_error "--network names the network 'lab', which the policy does not have" --network lab run -d -b "$b" c
}

@test "the program's name names one: a link in a directory that root alone can write" {
    local links=$SHIM_POLICY_DIRECTORY/links
    several
    mkdir "$links"
    ln -s "$DISTRO_SHIM" "$links/distro-shim@lab"
    ln -s "$DISTRO_SHIM" "$links/shim@vpn"
    named() { "$links/$1" --root "$SHIM_ROOT" --policy "$SHIM_POLICY" "${@:2}"; } # LINK ARGUMENT...
    named distro-shim@lab run -d -b "$b" c </dev/null
    is "$(shim state c | jq -r .network.name)" lab
    # what is not about a new container does not look at it
    named shim@vpn delete -f c
    DISTRO_SHIM=$links/shim@vpn expect_error "the program name '.*/shim@vpn' names the network 'vpn', which is not to be chosen so" run -d -b "$b" c
    # an argument is over the name
    named distro-shim@lab --network default run -d -b "$b" c </dev/null
    in_shared "$(init_of c)"
    shim delete -f c
    chmod o+w "$links"
    DISTRO_SHIM=$links/distro-shim@lab expect_error "cannot choose a network: .*$links.*; put the link into a directory that root alone can write" run -d -b "$b" c
    chmod o-w "$links"
    # by a relative path, from within
    cd "$links"
    ./distro-shim@lab --root "$SHIM_ROOT" --policy "$SHIM_POLICY" run -d -b "$b" c </dev/null
    is "$(shim state c | jq -r .network.name)" lab
}

@test "what is refused names the key where the file has it, of a container that exists by its records" {
    several '"distros": [{"network": {"use": "lab", "hosts": "/etc/hosts"}, "hooks": {"allow": []}}]'
    shim_in 10 run -d -b "$b" c </dev/null
    is "$(jq -c .networkEntryKeys "$SHIM_ROOT/c/status.json")" '["network.hosts","hooks.allow"]'
    echo '[{"destination": "/etc/hosts", "type": "bind", "source": "/etc/hosts", "options": ["bind"]}, {"destination": "/etc/resolv.conf", "type": "bind", "source": "/etc/hosts", "options": ["bind"]}]' >added.json
    policy '{"version": 1}'
    expect_error 'create the container with distros.0..network.hosts "engine"' mounts add c added.json
    contains "$said" 'create the container with networks."lab".resolvConf "engine"'
}

@test "two names of one namespace are refused, in the file and by what they are" {
    policy '{"version": 1, "networks": {"a": {"namespace": "/run/netns/distros"}}}'
    expect_error 'networks."a": has the namespace "/run/netns/distros" of the network "default"' policy check
    touch /run/netns/twin
    mount --bind /run/netns/lab /run/netns/twin
    several '"distros": [{"network": "lab"}]'
    policy "$(jq '.networks.twin = {"namespace": "/run/netns/twin"}' "$SHIM_POLICY")"
    expect_error "the networks 'lab' and 'twin' of the policy are one namespace, /run/netns/lab; give each" run -d -b "$b" c
    umount /run/netns/twin
    rm /run/netns/twin
    # a name that leads nowhere is that network's matter alone
    runs_in lab
}

@test "ten containers in three networks: list, members and state name them, one that is gone leaves the others" {
    local i network
    several "\"distros\": [{\"trustClients\": true, \"match\": {\"id\": \"l*\"}, \"network\": \"lab\"},
        {\"trustClients\": true, \"match\": {\"id\": \"v*\"}, \"network\": \"vpn\"}]"
    for i in l1 l2 l3 v1 v2 v3 d1 d2 d3 d4; do shim_in 10 run -d -b "$b" $i </dev/null; done
    is "$(shim list | awk 'NR > 1 { print $1, $(NF - 1) }' | xargs)" \
        "d1 default d2 default d3 default d4 default l1 lab l2 lab l3 lab v1 vpn v2 vpn v3 vpn"
    for network in lab vpn; do
        is "$(shim members --network $network -q | sort | xargs)" "${network:0:1}1 ${network:0:1}2 ${network:0:1}3"
        is "$(shim members --network /run/netns/$network -q | sort | xargs)" "${network:0:1}1 ${network:0:1}2 ${network:0:1}3"
    done
    is "$(shim members --network default -q | sort | xargs)" "d1 d2 d3 d4"
    is "$(shim members --format json | jq -r '.[] | select(.id == "v2") | .networkName + " " + .networkPath')" 'vpn /run/netns/vpn'
    matches "$(shim members)" 'l1 .* /run/netns/lab .* lab'
    expect_error "the policy has no network 'lap'; name one of those that it has \(default, lab, vpn\)" members --network lap
    # nothing is there, or no more: whatever ends a network asks for its members by the path
    succeeds members -q --network /run/netns/none
    is "$output" ""
    # its members keep it; others do not care
    ip netns del vpn
    ip netns add vpn
    expect_error 'network.membership: 3 running containers .*/run/netns/vpn' run -d -b "$b" v4
    shim_in 10 run -d -b "$b" l4 </dev/null
    is "$(shim exec v1 readlink /proc/self/ns/net)" "$(readlink "/proc/$(init_of v1)/ns/net")"
    for i in v1 v2 v3; do shim delete -f $i; done
    shim_in 10 run -d -b "$b" v4 </dev/null
}

@test "late: what an engine sets up in a new network enters the chosen one at start" {
    several "\"distros\": [{\"match\": {\"bundle\": \"$b\"}, \"network\": \"lab\"}]"
    edit_config "$b" "$(new network)"
    shim_in 10 create -b "$b" c </dev/null
    [ ! "/proc/$(init_of c)/ns/net" -ef /run/netns/lab ]
    shim start c
    [ "/proc/$(init_of c)/ns/net" -ef /run/netns/lab ]
}

@test "an entry gives one container its own network, another is only observed" {
    several "\"distros\": [{\"match\": {\"bundle\": \"$b\"}, \"network\": {\"namespace\": \"requested\"}}]"
    edit_config "$b" "$(new network)"
    shim_in 10 run -d -b "$b" c </dev/null
    [ ! "/proc/$(init_of c)/ns/net" -ef /run/netns/distros ]
    is "$(shim state c | jq .network)" null
    matches "$(shim list)" ' - +-$'
    shim delete -f c
    several "\"distros\": [{\"match\": {\"bundle\": \"$b\"}, \"mode\": \"observe\"}]"
    shim_in 10 run -d -b "$b" c </dev/null
    [ ! "/proc/$(init_of c)/ns/net" -ef /run/netns/distros ]
}

@test "the audit names the network and the entry, of exec too" {
    local log=/run/distro-shim-test/audit
    several "\"audit\": \"$log\", \"distros\": [{\"match\": {\"bundle\": \"$b\"}, \"network\": \"lab\"}]"
    edit_config "$b" "$(capabilities CAP_NET_ADMIN)"
    shim_in 10 run -d -b "$b" c </dev/null
    # with something to decide about
    jq '.process | .args = ["true"]' "$b/config.json" >p.json
    shim exec --process p.json c
    is "$(jq -r '.request + " " + .network.name + " " + .network.entry' "$log" | sort -u)" \
        "$(printf '%s\n' 'create lab distros[0]' 'exec lab distros[0]')"
}

@test "what another file would decide: another network" {
    several
    shim_in 10 run -d -b "$b" c </dev/null
    several "\"distros\": [{\"match\": {\"bundle\": \"$b\"}, \"network\": \"lab\"}]"
    mv "$SHIM_POLICY" "$SHIM_POLICY_DIRECTORY/next.json"
    several
    attempt policy test "$SHIM_POLICY_DIRECTORY/next.json" --living
    is "$status" 2
    matches "$output" '/run/netns/distros.*/run/netns/lab'
    succeeds policy test "$SHIM_POLICY" --living
}
