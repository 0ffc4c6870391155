#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# resolv.conf and hosts of a container in the shared network.
# world: hybrid

load helpers
load policy

setup_file() { make_rootfs; }
setup() { start_policy_test; }
teardown() { end_policy_test; }

@test "resolv.conf and hosts do not stop a container that has no place for them" {
    mkdir -p /etc/netns/distros
    echo network >/etc/netns/distros/resolv.conf && echo network >/etc/netns/distros/hosts
    look='cat /etc/resolv.conf /etc/hosts 2>/dev/null | wc -l'
    user='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
    SHIM_POLICY=
    # root of a user namespace cannot make them in the image; the runtime can
    b=$(bundle c1 "$(args sh -c "$look")" "$user")
    succeeds run -b "$b" c1
    # and its own name
    is "$output" 3
    is "$(stat -c '%F %u' "$b/rootfs/etc/hosts")" "regular empty file 0"
    # in an image that is the container's, so is what is made in it
    owned=$(bundle owned "$(args sh -c "$look; touch /etc/mine")" "$user")
    rm -r "$owned/rootfs/etc" && chown -R 100000:100000 "$owned/rootfs"
    succeeds run -b "$owned" c1
    is "$output" 3
    is "$(cd "$owned/rootfs" && stat -c '%n %u:%g' etc etc/* | xargs)" "etc 100000:100000 etc/hosts 100000:100000 etc/mine 100000:100000 etc/resolv.conf 100000:100000"
    # by name, and where /etc is another mount, nothing is made in the image
    rm "$b"/rootfs/etc/{hosts,resolv.conf}
    mkdir etc && echo named >named
    policy "{\"version\": 1, \"network\": {\"hosts\": \"$PWD/named\"}}"
    edit_config "$b" --arg etc "$PWD/etc" '.mounts += [{destination: "/etc", type: "bind", source: $etc, options: ["bind"]}]'
    succeeds --log log --log-level warning run -b "$b" c1
    is "$output" 0
    for file in resolv.conf hosts; do contains "$(<log)" "'/etc/$file' is left out: make file '/etc/$file' in the root filesystem: permission denied"; done
    is "$(ls -A etc)" ""
    is "$(ls -A "$b/rootfs/etc")" $'group\npasswd'
    # without a user namespace: in a file system that is read-only
    edit_config "$b" '.mounts[-1].options = ["bind", "ro"] | .linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
    rm log && succeeds --log log --log-level warning run -b "$b" c1
    is "$output" 0
    contains "$(<log)" "'/etc/hosts' is left out: make file '/etc/hosts' in the root filesystem: read-only file system"
    # what the config asks for itself is not left out
    edit_config "$b" --arg named "$PWD/named" '.mounts += [{destination: "/etc/hosts", type: "bind", source: $named, options: ["bind"]}]'
    expect_error "make file '/etc/hosts'.*read-only file system" run -b "$b" c1
}

@test "resolv.conf and hosts: the network's own, the engine's, or one by name" {
    local b file key other
    mkdir -p /etc/netns/distros
    for file in resolv.conf hosts; do
        key=resolvConf
        [ $file = resolv.conf ] || key=hosts
        echo network >/etc/netns/distros/$file
        echo engine >"$BATS_TEST_TMPDIR/engine"
        echo named >"$BATS_TEST_TMPDIR/named"
        b=$(bundle "file-$file" "$(args sh -c "cat /etc/$file; echo x >>/etc/$file")")
        SHIM_POLICY=
        # by hand, the config mounts none: this one, and read-only, because all share it
        run_container "$b"
        is "${lines[0]}" network
        # and in hosts its own name
        [ $file = resolv.conf ] || is "${lines[1]}" "127.0.1.1 distro"
        contains "${lines[-1]}" "Read-only"
        # the engine knew the network: its file is right
        edit_config "$b" --arg source "$BATS_TEST_TMPDIR/engine" --arg file /etc/$file \
            '.mounts += [{type: "bind", source: $source, destination: $file, options: ["rbind", "rprivate"]}]'
        run_container "$b"
        is "$status ${lines[0]}" "0 engine"
        # it prepared another one: not so
        edit_config "$b" "$(without network)"
        run_container "$b"
        is "${lines[0]}" network
        policy "{\"version\": 1, \"network\": {\"$key\": \"engine\"}}"
        run_container "$b"
        is "${lines[0]}" engine
        policy "{\"version\": 1, \"network\": {\"$key\": \"$BATS_TEST_TMPDIR/named\"}}"
        run_container "$b"
        is "${lines[0]}" named
        # one that others can write is not believed
        SHIM_POLICY=
        for other in "chmod 666" "chown 1000" "ln -f -t /etc/netns"; do
            echo network >/etc/netns/distros/$file
            eval "$other /etc/netns/distros/$file"
            run_container "$b"
            is "${lines[0]}" engine
            rm -f /etc/netns/distros/$file /etc/netns/$file
        done
        # a root that is read-only and lacks the file
        echo network >/etc/netns/distros/$file
        edit_config "$b" 'del(.mounts[-1]) | .root.readonly = true'
        rm -f "$b/rootfs/etc/$file"
        run_container "$b"
        contains "${lines[0]}" "No such file"
        rm /etc/netns/distros/$file
    done
    is "$(<"$BATS_TEST_TMPDIR/named")" named
}

@test "resolv.conf and hosts: what the engine was asked for stays, beside the network's; the own name resolves" {
    local b
    mkdir -p /etc/netns/distros
    printf '127.0.0.1 localhost\n10.77.0.2 distros\n' >/etc/netns/distros/hosts
    printf 'nameserver 10.77.0.1\nsearch of.network\n' >/etc/netns/distros/resolv.conf
    SHIM_POLICY=
    local made=0
    # engine HOSTS RESOLV.CONF: what a container is shown where these are the engine's, made for another network
    engine() {
        printf '127.0.0.1\tlocalhost\n::1 localhost ip6-localhost\n10.88.0.5 box.lan box friendly\n%s' "$1" >"$BATS_TEST_TMPDIR/hosts"
        printf '%s' "$2" >"$BATS_TEST_TMPDIR/resolv.conf"
        made=$((made + 1))
        b=$(bundle "engine$made" "$(without network)" '.hostname = "box" | .domainname = "lan"' "$(args sh -c 'cat /etc/hosts; echo --; cat /etc/resolv.conf')")
        for file in hosts resolv.conf; do
            edit_config "$b" --arg source "$BATS_TEST_TMPDIR/$file" --arg file /etc/$file \
                '.mounts += [{type: "bind", source: $source, destination: $file, options: ["bind", "rprivate"]}]'
        done
        succeeds run -b "$b" engine
    }
    network=$'127.0.0.1 localhost\n10.77.0.2 distros\n127.0.1.1 box.lan box friendly\n--\n'
    # nothing was asked for: a bridge answers at its own address, Docker at 127.0.0.11
    for server in 10.88.0.1 127.0.0.11 10.77.0.1; do
        engine "" "nameserver $server"$'\noptions ndots:0\n'
        is "$output" "$network"$'nameserver 10.77.0.1\nsearch of.network'
    done
    # --add-host, --dns, --dns-search, --dns-option, together and one by one
    engine $'10.9.8.7 added other # a remark\n' $'nameserver 10.9.8.6\nsearch by.user\noptions rotate\n'
    is "$output" $'10.9.8.7 added other\n'"$network"$'nameserver 10.9.8.6\nsearch by.user\noptions rotate'
    engine "" $'search by.user\nnameserver 10.88.0.1\n'
    is "$output" "$network"$'nameserver 10.77.0.1\nsearch by.user'
    engine "" $'nameserver 10.88.0.1\nnameserver 10.9.8.6\n'
    is "$output" "$network"$'nameserver 10.9.8.6\nsearch of.network'
    engine "" $'nameserver 10.88.0.1\noptions rotate\n'
    is "$output" "$network"$'nameserver 10.77.0.1\nsearch of.network\noptions rotate'
    # an address of the host's is one that the engine answers at; any can be bound where that is allowed
    echo 1 >/proc/sys/net/ipv4/ip_nonlocal_bind
    engine "" $'nameserver 10.9.8.6\n'
    is "$output" "$network"'nameserver 10.9.8.6'
    echo 0 >/proc/sys/net/ipv4/ip_nonlocal_bind
    ip address add 10.9.8.6/32 dev lo
    engine "" $'nameserver 10.9.8.6\n'
    ip address del 10.9.8.6/32 dev lo
    is "$output" "$network"$'nameserver 10.77.0.1\nsearch of.network'
    # a name that the network has, too: that which was asked for comes first
    engine $'10.9.8.7 distros\n' ""
    is "${output%%$'\n'*}" "10.9.8.7 distros"
    # what the host calls itself is a copy of the host's file
    engine "$(grep -v '^#' /etc/hosts)"$'\n' ""
    is "$output" "$network"$'nameserver 10.77.0.1\nsearch of.network'
    # without an engine, and without a name in the configuration
    b=$(bundle plain 'del(.hostname)' "$(args sh -c 'grep -w "$(hostname)" /etc/hosts')")
    succeeds run -b "$b" plain
    is "$output" "127.0.1.1 $(hostname)"
    # the files are the container's and go with it
    is "$(ls -A "$SHIM_ROOT")" ""
    (umask 077 && succeeds create -b "$b" plain)
    is "$(stat -c %a "$SHIM_ROOT/plain/hosts")" 644
    contains "$(shim explain plain)" "$SHIM_ROOT/plain/hosts"
    succeeds delete --force plain
}
