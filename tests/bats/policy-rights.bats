#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What would change the network that all share is taken from a container: sysctls, capabilities, links, and what can
# undo that; and whose namespaces it may enter.
# world: hybrid

load helpers
load policy

setup_file() { make_rootfs; }
setup() { start_policy_test; }
teardown() { end_policy_test; }

# ---- what would change the shared network

ttl() { nsenter --net="$1" cat /proc/sys/net/ipv4/ip_default_ttl; }

@test "net.* sysctls are dropped, and the values of every network stay" {
    local b before
    before=$(ttl /run/netns/distros)
    b=$(bundle sysctl '.linux.sysctl = {"net.ipv4.ip_default_ttl": "77", "net/ipv4/ip_forward": "1", "kernel.shmmax": "4711"}' \
        "$(args sh -c 'cat /proc/sys/net/ipv4/ip_default_ttl /proc/sys/kernel/shmmax')")
    run_container "$b"
    is "$status $output" "0 $before"$'\n4711'
    is "$(decided "$b" | grep -c 'drop network.sysctls')" 2
    is "$(ttl /run/netns/distros)" "$before"

    policy '{"version": 1, "network": {"sysctls": "refuse"}}'
    expect_error "network.sysctls: .*network.sysctls" run -b "$b" sysctl

    policy '{"version": 1, "network": {"sysctls": ["net.ipv4.ip_default_ttl"]}}'
    run_container "$b"
    is "$status $output" $'0 77\n4711'
    is "$(ttl /run/netns/distros)" 77
    nsenter --net=/run/netns/distros sh -c "echo $before >/proc/sys/net/ipv4/ip_default_ttl"

    # under late join the decoy takes them
    policy '{"version": 1}'
    edit_config "$b" "$(new network)"
    shim_in 10 create -b "$b" late </dev/null >out
    is "$(ttl "/proc/$(init_of late)/ns/net")" 77
    shim_in 10 start late
    wait_until test -s out
    is "$(head -n 1 out)" "$before"
    is "$(ttl /run/netns/distros)" "$before"
}

@test "CAP_NET_ADMIN and CAP_NET_RAW leave all five sets, and stay with admin" {
    local b join mask
    for join in early late; do
        b=$(bundle "caps-$join" "$(capabilities CAP_CHOWN CAP_NET_ADMIN CAP_NET_RAW)" "$(args grep -E '^Cap' /proc/self/status)")
        [ $join = early ] || edit_config "$b" "$(new network)"
        for mask in 0000000000000001 0000000000003001; do
            SHIM_POLICY=
            [ $mask = 0000000000000001 ] || policy '{"version": 1, "network": {"admin": true}}'
            run_container "$b"
            is "$status" 0
            is "$(printf '%s\n' "${lines[@]}" | sort -u | awk '{ print $2 }' | sort -u | xargs)" "$mask"
            is "${#lines[@]}" 5
        done
        # by trying
        SHIM_POLICY=
        edit_config "$b" "$(args sh -c 'ip link set lo down; ip link add d type dummy; ip addr add 192.0.2.1/32 dev lo')"
        run_container "$b"
        [[ ${lines[0]} == *"not permitted"* && ${lines[1]} == *"not permitted"* && ${lines[2]} == *"not permitted"* ]]
    done
    # a config without capabilities gives none
    b=$(bundle nothing 'del(.process.capabilities)' "$(args grep -E '^Cap' /proc/self/status)")
    run_container "$b"
    is "$status $(printf '%s\n' "${lines[@]}" | awk '{ print $2 }' | sort -u)" "0 0000000000000000"
}

@test "/proc/sys is read-only even where the config drops it" {
    local b before
    before=$(ttl /run/netns/distros)
    b=$(bundle procsys '.linux.readonlyPaths = [] | .linux.maskedPaths = [] | del(.process.capabilities)' \
        "$(args sh -c 'echo 77 >/proc/sys/net/ipv4/ip_default_ttl')")
    run_container "$b"
    [ "$status" != 0 ]
    contains "$output" "Read-only file system"
    is "$(decided "$b")" $'keep network.namespace\nadd network.admin\nadd procSys'
    # why the rule is there: no capability is needed
    policy '{"version": 1, "procSys": "requested"}'
    run_container "$b"
    is "$status $(ttl /run/netns/distros)" "0 77"
    nsenter --net=/run/netns/distros sh -c "echo $before >/proc/sys/net/ipv4/ip_default_ttl"
}

@test "links of the host are not moved into the shared network" {
    local b
    b=$(bundle devices '.linux.netDevices = {"dsh": {}}' "$(args true)")
    expect_error "network.devices: .*linux.netDevices" run -b "$b" devices
    edit_config "$b" "$(new network)"
    expect_error "network.devices: " run -b "$b" devices
    ip link show dsh >/dev/null
}

@test "a request that can undo the rest is warned of, and a key that is not supported is refused" {
    local b
    b=$(bundle privileged "$(capabilities CAP_SYS_ADMIN)" "$(args true)")
    is "$(shim explain -b "$b" --format json | jq -r '.decisions[] | select(.action == "warn") | .rule + " " + .path')" \
        "privileged /process/capabilities/bounding/0"
    shim_in 10 run -b "$b" privileged
    # and what is not there yet is refused, not ignored
    for key in '"privileged": "strip"' '"privileged": "refuse"' '"network": {"lock": "strict"}' \
        '"network": {"abstractSockets": "isolated"}' '"network": {"ports": [80]}' '"capabilities": {"remove": []}' \
        '"share": []' '"hostname": "id"' '"systemd": true' \
        '"distros": []' '"namespaces": {"user": {"auto": {}}}'; do
        policy "{\"version\": 1, $key}"
        expect_error "not supported yet" policy check "$SHIM_POLICY"
        expect_error "not supported yet" run -b "$b" privileged
    done
}

# ---- the other namespaces

@test "a namespace of the host is not joined, whether left out or by path" {
    local b type other
    b=$(bundle spaces "$(args sh -c 'for n in pid ipc uts cgroup mnt; do readlink /proc/self/ns/$n; done; hostname; echo /proc/[0-9]*')" 'del(.hostname)')
    cp "$b/config.json" "$b/plain.json"
    for type in none pid ipc uts cgroup mount all; do
        case $type in
        none) jq '.linux.namespaces |= map(select(.type == "network"))' "$b/plain.json" ;;
        all) jq '.linux.namespaces |= map(if .type == "network" then . else .path = "/proc/1/ns/" + ({mount: "mnt"}[.type] // .type) end)' "$b/plain.json" ;;
        *) jq "$(path_of $type "/proc/1/ns/${type/mount/mnt}")" "$b/plain.json" ;;
        esac >"$b/config.json"
        attempt run -b "$b" spaces
        echo "$type: $status $output"
        is "$status" 0
        is "$(sed -n 7p <<<"$output")" /proc/1
        # what programs would miss is said
        warns="namespaces.pid .*|namespaces.ipc .*"
        case $type in uts | cgroup | mount) warns= ;; pid | ipc) warns="namespaces.$type .* of the host was asked for" ;; esac
        silent
        warns=
        for other in pid ipc uts cgroup mnt; do
            lacks "$output" "$(readlink /proc/self/ns/$other)"
        done
    done
}

@test "a procfs of the host does not come along" {
    local b
    b=$(bundle procfs "$(without pid)" "$(args sh -c 'echo /proc/[0-9]*; grep -c " /proc proc" /proc/self/mounts')" \
        '.mounts |= map(if .destination == "/proc" then {destination: "/proc", type: "bind", source: "/proc", options: ["rbind", "nosuid", "noexec", "nodev"]} else . end)')
    attempt run -b "$b" procfs
    is "$status $output" $'0 /proc/1\n1'
    # and none where the config has none
    edit_config "$b" '.mounts |= map(select(.destination != "/proc"))'
    attempt run -b "$b" procfs
    is "$status ${output%%$'\n'*}" "0 /proc/1"
    decided "$b" >decisions
    grep -qx "add mounts.proc" decisions
    # the host's /sys would show the host's links
    b=$(bundle sysfs "$(without network)" "$(args sh -c "$SHOW")" \
        '.mounts |= map(if .destination == "/sys" then {destination: "/sys", type: "none", source: "/sys", options: ["rbind", "ro"]} elif .destination == "/sys/fs/cgroup" then empty else . end)')
    run_container "$b"
    is "$status $output" "0 $SHARED dsn lo"
}

@test "pid, ipc, uts and cgroup of another container in a pod are joined as the policy says" {
    local b type first shared
    first=$(bundle first "$(args sleep 1000)")
    shim_in 10 run -d -b "$first" first </dev/null
    pid=$(init_of first)
    b=$(bundle second "$(args sh -c 'readlink /proc/self/ns/NAME')" 'del(.hostname)')
    cp "$b/config.json" "$b/plain.json"
    for type in pid ipc uts cgroup; do
        jq "$(path_of $type "/proc/$pid/ns/$type") | .process.args[2] |= sub(\"NAME\"; \"$type\")" "$b/plain.json" >"$b/config.json"
        shared=$(readlink "/proc/$pid/ns/$type")
        for mode in isolated fresh requested; do
            [ $type.$mode != pid.requested ] || continue
            policy "{\"version\": 1, \"namespaces\": {\"$type\": \"$mode\"}}"
            run_container "$b"
            echo "$type $mode: $output, the other's $shared"
            is "$status" 0
            if [ $mode = fresh ]; then
                [ "$output" != "$shared" ]
            else
                is "$output" "$shared"
            fi
        done
    done
    # requested: also the host's
    for type in ipc cgroup; do
        policy "{\"version\": 1, \"namespaces\": {\"$type\": \"requested\"}}"
        jq "$(without $type) | .process.args[2] |= sub(\"NAME\"; \"$type\")" "$b/plain.json" >"$b/config.json"
        run_container "$b"
        is "$status $output" "0 $(readlink /proc/self/ns/$type)"
    done
    # one that might be anything is refused rather than replaced
    policy '{"version": 1, "namespaces": {"pid": "isolated"}}'
    for path in /proc/self/ns/mnt /missing "$BATS_TEST_TMPDIR"; do
        jq "$(path_of ipc "$path")" "$b/plain.json" >"$b/config.json"
        expect_error "namespaces.ipc: .*$path" run -b "$b" second
        jq "$(path_of pid "$path")" "$b/plain.json" >"$b/config.json"
        expect_error "namespaces.pid: .*$path" run -b "$b" second
    done
}
