#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The policy's key systemd: what an init finds, and that a real systemd boots with it and stops.
# world: legacy hybrid v2 vm

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load policy
load distribution

setup_file() {
    make_rootfs
    make_distribution
}
setup() { start_policy_test; }
teardown() { end_policy_test; }

# distribution NAME [FILTER]...: a bundle that boots it
distribution() {
    local b
    b=$(bundle "$@" "$(args /usr/lib/systemd/systemd)" '.process.env = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]' \
        '.root.readonly = false | .mounts |= [{destination: "/usr", type: "bind", source: "/usr", options: ["rbind", "ro"]}] + .') || return 1
    rm -rf "$b/rootfs" && cp -a "$BATS_FILE_TMPDIR/distribution" "$b/rootfs" && echo "$b"
}


# A root file system whose init tells what it finds, and stops on the signal that stops systemd.
init() { # BUNDLE
    mkdir -p "$1/rootfs/sbin" "$1/rootfs/var/log/journal"
    cat >"$1/rootfs/sbin/init" <<'END'
#!/bin/sh
echo "arguments: $*"
echo "container: $container"
for place in /run /run/lock /tmp /var/log/journal; do
    echo "$place: $(awk -v at="$place" '$5 == at { sub(/.* - /, ""); print $1 }' /proc/self/mountinfo)"
done
for group in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/memory; do
    [ ! -e $group/cgroup.procs ] || ! mkdir $group/divided 2>/dev/null || { echo "divides: $group" && rmdir $group/divided; }
done
[ -z "$STAYS" ] || { trap 'echo stopped >/stopped; exit 0' 37; echo ready >/ready; while :; do sleep 0.1; done; }
END
    chmod 755 "$1/rootfs/sbin/init"
}
# told NAME [FILTER]...: what the init of a new container says
told() {
    b=$(bundle "$1" "$(args /sbin/init)" '.root.readonly = false' "${@:2}") && init "$b" || return 1
    run_container "$b"
    grep -v '^distro-shim: warning: ' <<<"$output" || true
}
# and what the runtime said of it
warned() { grep '^distro-shim: warning: ' "$BATS_TEST_TMPDIR/run_container.out" || true; }
mounted() { echo "/run: $1"$'\n'"/run/lock: $2"$'\n'"/tmp: $3"$'\n'"/var/log/journal: $4"; }
masks='systemd.mask=console-getty.service systemd.mask=systemd-networkd-wait-online.service systemd.mask=NetworkManager-wait-online.service'
divides() { [ "$DISTRO_SHIM_WORLD" = v2 ] && echo "divides: /sys/fs/cgroup" || echo "divides: /sys/fs/cgroup/systemd"; }
user_namespace='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'

# bats test_tags=smoke
@test "an init finds what systemd needs, no other program does, and decisions say so" {
    local b other
    other=$'arguments: \ncontainer: \n'$(mounted '' '' '' '')
    is "$(told plain)" "$other"
    policy '{"version": 1, "systemd": true}'
    is "$(told booted)" "arguments: $masks"$'\ncontainer: oci\n'"$(mounted tmpfs tmpfs tmpfs '')"$'\n'"$(divides)"
    b=$BATS_TEST_TMPDIR/booted
    is "$(shim explain -b "$b" --format json | jq -r '.decisions[] | select(.rule == "systemd" and (.path | test("env|args|annotations"))) | .action + " " + .after')" \
        "$(printf 'add "%s"\n' container=oci $masks SIGRTMIN+3)"
    # it is in the records, of which exec takes what its process does not say
    edit_config "$b" '.process.env += ["STAYS=yes"]'
    shim_in 20 run -d -b "$b" booted </dev/null >log 2>&1
    is "$(shim_in 20 exec booted sh -c 'echo "$container"')" oci
    is "$(shim state booted | jq -r '.annotations["org.opencontainers.image.stopSignal"]')" SIGRTMIN+3
    is "$(shim_in 20 explain booted --format json | jq '[.decisions[] | select(.rule == "systemd" and .action == "add")] | length >= 8')" true

    b=$(bundle shell "$(args sh -c '/sbin/init')" '.root.readonly = false') && init "$b"
    run_container "$b"
    is "$output" "$other"
    is "$(decided "$b" | grep systemd)" "keep systemd"
    policy '{"version": 1, "mode": "observe", "systemd": true}'
    is "$(told observed)" "$other"
}

@test "what the config has already stays, and nothing is there twice" {
    policy '{"version": 1, "systemd": true}'
    # as Podman's --systemd sends it, and two arguments of the user's
    is "$(told podman '.process.env += ["container=podman"] | .process.args += ["systemd.mask=console-getty.service", "systemd.wants=NetworkManager-wait-online.service"]
        | (.mounts[] | select(.destination == "/sys/fs/cgroup")).options |= map(select(. != "ro"))
        | .mounts += [("/run", "/run/lock", "/tmp", "/var/log/journal") | {destination: ., type: "tmpfs", source: "tmpfs", options: ["rw", "nosuid", "nodev", "tmpcopyup"]}]' |
        grep -v divides)" \
        $'arguments: systemd.mask=console-getty.service systemd.wants=NetworkManager-wait-online.service systemd.mask=systemd-networkd-wait-online.service\ncontainer: podman\n'"$(mounted tmpfs tmpfs tmpfs tmpfs)"
    # what lies in /run is seen, also by another name
    b=$(bundle links "$(args /sbin/init)" '.root.readonly = false' '.mounts += [{destination: "/var/run/secret", type: "bind", source: "secret", options: ["bind"]}, {destination: "/tmp", type: "bind", source: "kept", options: ["rbind"]}]')
    ln -s ../run "$b/rootfs/var/run" && mkdir "$b/kept" && echo told >"$b/secret"
    printf '#!/bin/sh\ncat /run/secret\nls -A /tmp\n' >"$b/rootfs/init" && mkdir -p "$b/rootfs/sbin" && mv "$b/rootfs/init" "$b/rootfs/sbin/init" && chmod 755 "$b/rootfs/sbin/init" && touch "$b/kept/mine"
    warns="nsdelegate"
    attempt run -b "$b" links
    is "$status $output" $'0 told\nmine'
}

@test "an entry of distros boots systemd, and no other container" {
    policy '{"version": 1, "distros": [{"match": {"id": "boots*"}, "trustClients": true, "systemd": true}]}'
    contains "$(told boots-1)" "container: oci"
    lacks "$(told shell-1)" "container: oci"
    policy '{"version": 1, "systemd": true, "distros": [{"match": {"id": "shell*"}, "trustClients": true, "systemd": false}]}'
    contains "$(told boots-2)" "container: oci"
    lacks "$(told shell-2)" "container: oci"
}

@test "in a user namespace the control groups are its own too, where they can be" {
    requires userns
    policy '{"version": 1, "systemd": true}'
    if [ "$DISTRO_SHIM_WORLD" = v2 ]; then
        contains "$(told user "$user_namespace")" "$(divides)"
        is "$(warned)" ''
    else
        lacks "$(told user "$user_namespace")" divides
        contains "$(warned)" "those of version 1 cannot be given to the root of a user namespace"
    fi
}

@test "without control groups of its own nothing is writable, and a warning says why" {
    policy '{"version": 1, "systemd": true, "namespaces": {"cgroup": "requested"}}'
    lacks "$(told seen "$(without cgroup)")" divides
    contains "$(warned)" "no cgroup namespace of its own"
    lacks "$(told pod "$(path_of cgroup /proc/self/ns/cgroup)")" divides
    policy '{"version": 1, "systemd": true}'
    b=$(bundle disabled "$(args /sbin/init)" '.root.readonly = false') && init "$b"
    attempt --cgroup-manager disabled run -b "$b" disabled
    lacks "$output" divides
    matches "$stderr" "read-only, because without a cgroup of its own"
    edit_config "$b" '.mounts |= map(select(.type != "cgroup"))'
    attempt --cgroup-manager disabled run -b "$b" disabled
    matches "$stderr" "systemd gets no control groups to manage"
    # a PID namespace that is joined has a first process already
    policy '{"version": 1, "systemd": true, "namespaces": {"pid": "isolated"}}'
    b=$(bundle first "$(args sleep 1000)")
    shim_in 20 run -d -b "$b" first </dev/null
    lacks "$(told second "$(path_of pid "/proc/$(init_of first)/ns/pid")")" "container: oci"
    is "$(decided "$b" | grep systemd)" "keep systemd"
}

# bats test_tags=smoke
@test "kill without a signal sends the one that stops it" {
    local b
    policy '{"version": 1, "systemd": true}'
    b=$(bundle stops "$(args /sbin/init)" '.root.readonly = false' '.process.env += ["STAYS=yes"]') && init "$b"
    shim_in 20 run -d -b "$b" stops </dev/null >log 2>&1
    wait_until test -e "$b/rootfs/ready"
    shim_in 20 kill stops TERM
    shim_in 20 kill stops
    wait_until test_stopped stops
    is "$(<"$b/rootfs/stopped")" stopped
}

@test "a container that was booted so is restored so" {
    local b mounts
    requires criu
    policy '{"version": 1, "systemd": true}'
    b=$(bundle restored "$(args /sbin/init)" '.root.readonly = false' '.process.env += ["STAYS=yes"]') && init "$b"
    shim_in 20 run -d -b "$b" restored </dev/null >log 2>&1
    wait_until test -e "$b/rootfs/ready"
    shim_in 20 exec restored sh -c 'echo kept >/run/lock/file'
    mounts=$(shim_in 20 exec restored awk '{ print $5, $6 }' /proc/1/mountinfo | sort)
    attempt checkpoint --image-path images restored
    is "$status $stderr" "0 "
    shim_in 100 restore -d -b "$b" --image-path images restored </dev/null >log 2>&1 || { cat log; return 1; }
    is "$(shim_in 20 exec restored cat /run/lock/file)" kept
    is "$(shim_in 20 exec restored awk '{ print $5, $6 }' /proc/1/mountinfo | sort)" "$mounts"
    shim_in 20 kill restored
    wait_until test_stopped restored
}

# ---- the real one

booted() { [ "$(shim_in 60 exec "$1" systemctl is-active default.target own.service 2>/dev/null | xargs)" = "active active" ]; }
# boots ID [FILTER]...: a container that has come to its default target
boots() {
    local i
    b=$(distribution "$@") || return 1
    shim_in 60 ${manager:+--cgroup-manager $manager} run -d -b "$b" "$1" </dev/null >log 2>&1 || { cat log && return 1; }
    for ((i = 0; i < 200; i++)); do
        ! booted "$1" || return 0
        [ "$(state_of "$1")" = running ] || break
        sleep 0.2
    done
    cat log
    shim_in 60 exec "$1" systemctl list-jobs
    return 1
}
stops() { # ID
    local i
    shim_in 20 kill "$1"
    for ((i = 0; i < 200; i++)); do
        ! test_stopped "$1" || return 0
        sleep 0.2
    done
    return 1
}
# bats test_tags=smoke
@test "a real systemd boots, masks units, divides its control group, and stops when asked" {
    local b group
    needs_systemd
    policy '{"version": 1, "systemd": true, "privileged": "strip"}'
    boots real
    shim_in 60 exec real systemd-detect-virt -q -c
    is "$(shim_in 60 exec real systemctl show -P LoadState console-getty.service)" masked
    is "$(shim_in 60 exec real systemctl show -P LoadState systemd-networkd-wait-online.service)" masked
    group=$(shim_in 60 exec real sh -c "sed -n 's/^0:://p;s/^[0-9]*:name=systemd://p' /proc/1/cgroup")
    contains "$group" /init.scope
    contains "$(shim_in 60 exec real cat /run/group)" /system.slice/own.service
    # no limit of the container's can be lifted from the inside, by whichever version
    [ "$DISTRO_SHIM_WORLD" = v2 ] || is "$(shim_in 60 exec real sh -c 'mkdir /sys/fs/cgroup/memory/lifted 2>/dev/null && echo made' || true)" ''
    # nothing of that lies in the root file system
    is "$(find "$b/rootfs/run" "$b/rootfs/tmp" "$b/rootfs/etc/systemd" -mindepth 1 | sort | xargs -n 1 basename | xargs)" "system default.target own.service"
    stops real
}

@test "a real systemd boots in a user namespace" {
    requires userns v2
    needs_systemd
    policy '{"version": 1, "systemd": true}'
    boots user "$user_namespace" || { [ ! -e log ] || cat log; return 1; }
    is "$(shim_in 60 exec user cat /proc/self/uid_map | xargs)" "0 100000 65536"
    stops user
}

@test "a real systemd boots in a unit of the host's systemd" {
    requires systemd
    needs_systemd
    policy '{"version": 1, "systemd": true}'
    manager=systemd
    boots unit '.linux.cgroupsPath = "system.slice:test:unit" | .linux.resources.memory.limit = 268435456'
    is "$(systemctl show -P ActiveState test-unit.scope)" active
    contains "$(shim_in 60 exec unit cat /run/group)" /system.slice/own.service
    # the limits are the host's to change, and a signal of the unit is no wish of the container
    [ "$DISTRO_SHIM_WORLD" != v2 ] || is "$(shim_in 60 exec unit sh -c 'echo max >/sys/fs/cgroup/memory.max && echo lifted' 2>/dev/null || true)" ''
    systemctl daemon-reload
    is "$(shim_in 60 exec unit systemctl is-active default.target)" active
    stops unit
}
