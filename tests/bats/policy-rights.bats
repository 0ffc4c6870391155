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

@test "a request that can undo the rest is warned of" {
    local b
    b=$(bundle privileged "$(capabilities CAP_SYS_ADMIN)" "$(args true)")
    is "$(shim explain -b "$b" --format json | jq -r '.decisions[] | select(.action == "warn") | .rule + " " + .path')" \
        "privileged /process/capabilities/bounding/0"
    shim_in 10 run -b "$b" privileged
}

# what an engine sends with --privileged: every device, and the nodes that the host has
PRIVILEGED='.linux.resources.devices = [{allow: true, access: "rwm"}] | .linux.readonlyPaths = [] | .linux.maskedPaths = []
    | .linux.devices = [{path: "/dev/loop0", type: "b", major: 7, minor: 0}, {path: "/dev/kmsg", type: "c", major: 1, minor: 11}]
    | (.mounts[] | select(.destination == "/sys")).options -= ["ro"]'
MASKS="sed -n 's/^Cap...:.//p' /proc/self/status | sort -u"

@test "strip makes of a privileged container what it would have been without that" {
    local b
    b=$(bundle c1 "$(capabilities CAP_CHOWN CAP_MKNOD CAP_SYS_ADMIN sys_ptrace CAP_SYS_MODULE CAP_SYS_RAWIO CAP_BPF CAP_PERFMON)" \
        "$PRIVILEGED" '.root.readonly = false' "$(args sh -c "$MASKS; "'
            [ ! -e /dev/loop0 ] && [ ! -e /dev/kmsg ] && echo no nodes
            mknod /disk b 7 0 && dd if=/disk of=/dev/null count=1 2>&1 | grep -o "not permitted"
            mount -t tmpfs none /tmp 2>&1 | grep -o "ermi[a-z]*"
            (: >/proc/irq/default_smp_affinity) 2>&1 | grep -o "Read-only file system"
            grep -c " /sys sysfs ro," /proc/mounts')")
    # without it, nothing is held
    output=$(shim_in 10 run -b "$b" c1 2>/dev/null) || true
    is "${output%%$'\n'*}" 000000c0082b0001
    lacks "$output" "no nodes"
    lacks "$output" "ermi"
    rm -f "$b/rootfs/disk"

    policy '{"version": 1, "privileged": "strip"}'
    run_container "$b"
    is "$status $output" $'0 0000000008000001\nno nodes\nnot permitted\nermission\nRead-only file system\n1'
    # and no later process has more, whichever way it is asked for
    edit_config "$b" "$(args sleep 1000)"
    shim_in 10 run -d -b "$b" c1 </dev/null
    is "$(shim_in 10 exec c1 sh -c "$MASKS")" 0000000008000001
    is "$(shim_in 10 exec --cap SYS_ADMIN --cap cap_bpf c1 sh -c "$MASKS")" 0000000008000001
    jq ".process | $(capabilities CAP_KILL CAP_SYS_PTRACE | sed 's/process.//') | .args = [\"sh\", \"-c\", \"${MASKS//\\/\\\\}\"]" "$b/config.json" >process.json
    is "$(shim_in 10 exec -p process.json c1)" 0000000000000020
    # what is recorded outlives the file
    rm "$SHIM_POLICY"
    SHIM_POLICY=
    is "$(shim_in 10 exec --cap SYS_ADMIN c1 sh -c "$MASKS")" 0000000008000001
    is "$(shim_in 10 explain c1 --format json | jq -r '.confinement.denied | index("CAP_SYS_ADMIN", "CAP_NET_RAW") != null' | xargs)" "true true"

    policy '{"version": 1, "mode": "observe", "privileged": "strip"}'
    is "$(shim_in 10 explain -b "$b" --format json | jq -r '.decisions[] | select(.rule == "privileged") | .action' | sort -u | xargs)" "add drop rewrite"
    edit_config "$b" "$(args sh -c "$MASKS")"
    is "$(shim_in 10 run -b "$b" c2 2>/dev/null)" 000000c0082b0001
}

@test "what capabilities.remove names no process has, by whatever way it asks" {
    local b
    policy '{"version": 1, "capabilities": {"remove": ["CAP_CHOWN", "sys_time"]}, "network": {"admin": true}}'
    b=$(bundle c1 "$(capabilities CAP_CHOWN CAP_KILL CAP_SYS_TIME CAP_NET_RAW)" "$(args sh -c "$MASKS; chown 1 /tmp 2>&1 | grep -o 'not permitted'")")
    run_container "$b"
    is "$status $output" $'0 0000000000002020\nnot permitted'
    is "$(decided "$b" | grep -c 'drop capabilities.remove')" 10
    edit_config "$b" "$(args sleep 1000)"
    shim_in 10 run -d -b "$b" c1 </dev/null
    is "$(shim_in 10 exec --cap SYS_TIME --cap cap_chown c1 sh -c "$MASKS")" 0000000000002020
    jq ".process | $(capabilities CAP_SYS_TIME CAP_SETUID | sed 's/process.//') | .args = [\"sh\", \"-c\", \"${MASKS//\\/\\\\}\"]" "$b/config.json" >process.json
    is "$(shim_in 10 exec -p process.json c1)" 0000000000000080
    # a config without capabilities gives none, also where the policy permits them
    b=$(bundle nothing 'del(.process.capabilities)' "$(args sh -c "$MASKS")")
    run_container "$b"
    is "$status $output" "0 0000000000000000"

    policy '{"version": 1, "capabilities": {"remove": ["ALL"]}}'
    b=$(bundle none "$(capabilities CAP_CHOWN CAP_SYS_ADMIN CAP_BPF)" "$(args sh -c "$MASKS")")
    run_container "$b"
    is "$status $output" "0 0000000000000000"
    # under observe all is as it was asked for, and what would become of it is told
    policy '{"version": 1, "mode": "observe", "capabilities": {"remove": ["ALL"]}}'
    is "$(decided "$b" | sort -u | grep remove)" "drop capabilities.remove"
    is "$(shim_in 10 run -b "$b" none 2>/dev/null)" 0000008000200001

    policy '{"version": 1, "capabilities": {"remove": ["CAP_FLY"]}}'
    expect_error 'policy.json:1:[0-9]+: capabilities.remove\[0\]: .*CAP_FLY' run -b "$b" none
}

@test "refuse makes no privileged container, and executes no privileged process" {
    local b n=0
    policy '{"version": 1, "privileged": "refuse"}'
    for ask in "$(capabilities CAP_CHOWN CAP_BPF)" "$PRIVILEGED" \
        '.linux.devices = [{path: "/dev/sda", type: "b", major: 8, minor: 0}]' \
        '.linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", access: "rw"}]'; do
        b=$(bundle "refused-$n" "$(args true)" "$ask")
        n=$((n + 1))
        expect_error 'config.json:[0-9]+:[0-9]+: privileged: .* or set privileged to "strip"' run -b "$b" c1
    done
    b=$(bundle c1 "$(capabilities CAP_CHOWN)" "$(args sleep 1000)")
    shim_in 10 run -d -b "$b" c1 </dev/null
    is "$(shim_in 10 exec --cap KILL c1 sh -c "$MASKS")" $'0000000000000001\n0000000000000021'
    attempt exec --cap sys_admin c1 true
    is "$status" 255
    matches "$stderr" 'privileged: .*\(CAP_SYS_ADMIN\).*created under privileged "refuse"'
    jq ".process | $(capabilities CAP_SYS_PTRACE | sed 's/process.//') | .args = [\"true\"]" "$b/config.json" >process.json
    attempt exec -p process.json c1
    is "$status" 255
    matches "$stderr" 'privileged: .*\(CAP_SYS_PTRACE\)'
    # of what observe has created nothing is refused
    policy '{"version": 1, "mode": "observe", "privileged": "refuse"}'
    b=$(bundle c2 "$(capabilities CAP_SYS_ADMIN)" "$(args sleep 1000)")
    shim_in 10 run -d -b "$b" c2 </dev/null
    shim_in 10 exec --cap SYS_PTRACE c2 true
}

# ---- the other namespaces

@test "a shared directory is seen by every container, and no unmount leaves one" {
    local b source=/run/shared.$BATS_TEST_NUMBER name
    mkdir -m 1777 "$source" && mount -t tmpfs shared "$source" && mount --make-rshared "$source" && mkdir -m 1777 "$source/in"
    policy "{\"version\": 1, \"share\": [{\"source\": \"$source\", \"destination\": \"/mnt/all\"}]}"
    for name in one two; do
        b=$(bundle $name "$(args sleep 1000)" "$(capabilities CAP_SYS_ADMIN CAP_DAC_OVERRIDE)")
        shim_in 10 run -d -b "$b" $name </dev/null 2>/dev/null
    done
    shim_in 10 exec one sh -c 'echo from one >/mnt/all/file'
    is "$(shim_in 10 exec two cat /mnt/all/file)" "from one"
    is "$(shim_in 10 exec two sed -n 's/.* \/mnt\/all \([a-z,]*\) master:.*/\1/p' /proc/self/mountinfo)" rw,nosuid,nodev,relatime
    # what the host mounts in it arrives in all, what one unmounts or mounts reaches none
    mount -t tmpfs later "$source/in" && touch "$source/in/later"
    is "$(shim_in 10 exec one ls /mnt/all/in)$(shim_in 10 exec two ls /mnt/all/in)" laterlater
    shim_in 10 exec one sh -c 'umount /mnt/all/in && mount -t tmpfs own /mnt/all/in && touch /mnt/all/in/own && umount /mnt/all/in && umount /mnt/all'
    is "$(shim_in 10 exec one ls /mnt/all)" ""
    is "$(shim_in 10 exec two ls /mnt/all/in) $(ls "$source/in")" "later later"
    # the container's own mount at that place stays
    b=$(bundle own "$(args ls /mnt/all)" '.mounts += [{destination: "/mnt/all", source: "own", type: "bind", options: ["rbind", "ro"]}]')
    mkdir "$b/own" && touch "$b/own/mine"
    run_container "$b"
    is "$status $output" "0 mine"
    is "$(decided "$b" | grep share)" "keep share"
    # and under observe nothing is added
    policy "{\"version\": 1, \"mode\": \"observe\", \"share\": [{\"source\": \"$source\", \"destination\": \"/mnt/all\"}]}"
    b=$(bundle observed "$(args ls /mnt/all)")
    [ "$(shim_in 10 run -b "$b" observed 2>/dev/null)" = "" ]
    for name in one two; do shim_in 10 delete --force $name; done
    umount "$source/in" && umount "$source" && rmdir "$source"
}

@test "a shared directory that is not there, or not root's to name, is refused" {
    local b place=/run/shared.$BATS_TEST_NUMBER
    mkdir -p $place/dir $place/open/dir && touch $place/file && ln -s dir $place/link && chmod 1777 $place/open
    b=$(bundle c1 "$(args true)")
    for pair in "missing|no such file or directory" "file|is not a directory" "link|is a symbolic link" \
        "open/dir|'$place/open' can be written by others" "link/../dir|must be an absolute path"; do
        policy "{\"version\": 1, \"share\": [{\"source\": \"$place/${pair%|*}\", \"destination\": \"/mnt\"}]}"
        expect_error "${pair#*|}" run -b "$b" c1
    done
    policy "{\"version\": 1, \"share\": [{\"source\": \"$place/dir\", \"destination\": \"/made/on/the/way\"}]}"
    edit_config "$b" "$(args sh -c 'touch /made/on/the/way/new')"
    run_container "$b"
    is "$status $output" "0 "
    rm "$place/dir/new"
    rm "$place/file" "$place/link" && rmdir $place/dir $place/open/dir $place/open $place
}

@test "a container's host name is its id where the policy says so" {
    local b pod
    b=$(bundle asked "$(args sh -c 'hostname; cat /proc/sys/kernel/hostname')" '.hostname = "engine"')
    run_container "$b"
    is "$status $output" $'0 engine\nengine'
    policy '{"version": 1, "hostname": "id"}'
    is "$(shim_in 10 run -b "$b" web-1.lab)" $'web-1.lab\nweb-1.lab'
    is "$(shim_in 10 run -b "$b" -- 0123)" $'0123\n0123'
    # what is no host name changes nothing, and a decision says so
    is "$(shim_in 10 run -b "$b" my_web)" $'engine\nengine'
    is "$(shim_in 10 run -b "$b" "$(printf 'a%.0s' {1..64})")" $'engine\nengine'
    b=$(bundle unasked "$(args sleep 1000)" 'del(.hostname)')
    shim_in 10 run -d -b "$b" unasked </dev/null
    is "$(shim_in 10 exec unasked hostname)" unasked
    is "$(shim_in 10 explain unasked --format json | jq -r '.decisions[] | select(.rule == "hostname") | .action + " " + .after')" 'add "unasked"'
    # where the file of hosts is the network's, the name is in it
    mkdir -p /etc/netns/distros
    echo "127.0.0.1 localhost" >/etc/netns/distros/hosts
    b=$(bundle named "$(args sh -c 'getent hosts named || grep -w named /etc/hosts')" '.hostname = "engine"')
    run_container "$b"
    is "$status" 0
    matches "$output" 'named'
    # the name of a pod is that of all in it
    b=$(bundle pod "$(path_of uts "/proc/$(init_of unasked)/ns/uts")" 'del(.hostname)' "$(args hostname)")
    run_container "$b"
    is "$status $output" "0 unasked"
    is "$(decided "$b" | grep hostname)" "keep hostname"
    # and the host's name never changes
    policy '{"version": 1, "hostname": "id", "namespaces": {"uts": "requested"}}'
    b=$(bundle host "$(without uts)" 'del(.hostname)' "$(args hostname)")
    run_container "$b"
    is "$status $output" "0 $(uname -n)"
    policy '{"version": 1, "mode": "observe", "hostname": "id"}'
    b=$(bundle observed "$(args hostname)" '.hostname = "engine"')
    is "$(shim_in 10 run -b "$b" observed 2>/dev/null)" engine
}

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
