#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Power over the shared network: no process of a container has any, whatever its config asks for, by whatever door it
# comes, and whatever namespaces it makes for itself. power.c tries what that power is good for.
# world: hybrid legacy v2

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load policy
load checkpoint

setup_file() {
    make_rootfs
    [ ! -d "$BATS_FILE_TMPDIR/rootfs" ] || cc -O1 -static -o "$BATS_FILE_TMPDIR/rootfs/bin/power" "$BATS_TEST_DIRNAME/power.c" || true
}
setup() { start_policy_test; }
teardown() { end_policy_test; }

ALL='["CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_NET_BIND_SERVICE", "CAP_SETUID", "CAP_SETGID", "CAP_SETFCAP"]'
ASKED=".process.capabilities = {bounding: $ALL, effective: $ALL, permitted: $ALL, inheritable: $ALL, ambient: $ALL}"
MAPPED='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'

has_power() { requires cmd:cc "file:$BATS_FILE_TMPDIR/rootfs/bin/power"; }
# powerless OUTPUT: of everything that was tried
powerless() {
    is "$1" "$(sed 's/: .*/: EPERM/' <<<"$1")"
    [ "$(wc -l <<<"$1")" -ge 19 ]
}

@test "in a network of its own a container does all of it: power.c tries in earnest" {
    has_power
    policy '{"version": 1, "network": {"requested": {"new": "keep"}, "admin": true}}'
    b=$(bundle c1 "$(args power)" "$(new network)" "$ASKED")
    succeeds run -b "$b" c1
    for what in raw packet "link down by ioctl" "link down" "address new" "route new" "packet filter"; do contains "$output" "$what: done"; done
}

@test "of the shared one nothing: init, exec, a process file, another user, a user namespace that it makes" {
    has_power
    requires userns
    for join in . "$(new network)"; do
        rm -rf "$BATS_TEST_TMPDIR/c1"
        b=$(bundle c1 "$(args power)" "$ASKED" "$join")
        succeeds run -b "$b" c1
        powerless "$output"
        edit_config "$b" "$(args sleep 1000)"
        succeeds run -d -b "$b" c1
        for more in "" "--cap CAP_NET_RAW --cap CAP_NET_ADMIN" "--user 1000 --cap CAP_NET_RAW" "--no-new-privs"; do
            # shellcheck disable=SC2086 # words
            attempt exec $more c1 power
            powerless "$output"
        done
        jq -n --argjson all "$ALL" '{cwd: "/", args: ["power"], env: ["PATH=/bin"], user: {uid: 0, gid: 0},
            capabilities: {bounding: $all, permitted: $all, effective: $all, inheritable: $all, ambient: $all}}' >process.json
        attempt exec --process process.json c1
        powerless "$output"
        succeeds exec c1 unshare -U -r power
        powerless "$output"
        succeeds exec c1 unshare -U -r unshare -m power
        powerless "$output"
        shim_in 15 delete --force c1
    done
}

@test "nor in a user namespace of the container's own, in which it is root" {
    has_power
    requires userns
    b=$(bundle c1 "$(args power)" "$ASKED" "$MAPPED")
    succeeds run -b "$b" c1
    powerless "$output"
    b=$(bundle c2 "$(args sleep 1000)" "$MAPPED")
    succeeds run -d -b "$b" c2
    for more in "" "--cap CAP_NET_ADMIN"; do
        # shellcheck disable=SC2086 # words
        attempt exec $more c2 power
        powerless "$output"
    done
}

@test "restore: a process that the images give that power does not run" {
    fake restores
    images
    b=$(bundle c1 "$(sleeping)" "$ASKED")
    CRIU_NET_RAW=1 expect_error 'the images give process [0-9]+ CAP_NET_ADMIN, CAP_NET_RAW, which network.admin' restore -d -b "$b" --image-path images c1
    nothing_of_c1
    succeeds restore -d -b "$b" --image-path images c1
    is "$((0x$(awk '/CapBnd/ { print $2 }' "/proc/$(init_of c1)/status") & (1 << 12 | 1 << 13)))" 0
}

# ---- settings

values() { nsenter --net=/run/netns/distros sh -c 'cd /proc/sys/net/ipv4 && tail -n +1 ip_default_ttl ip_forward tcp_syncookies ip_local_port_range conf/lo/rp_filter'; }

@test "settings below /proc/sys are read-only for root without capabilities, and no namespace of its own makes them writable" {
    local before filter way
    requires userns
    before=$(values)
    for filter in . '.linux.readonlyPaths = [] | .linux.maskedPaths = []' 'del(.linux.readonlyPaths, .linux.maskedPaths)' \
        "$ASKED | .linux.readonlyPaths = [\"/proc/bus\"] | .linux.maskedPaths = []" "$(new network) | .linux.readonlyPaths = []" \
        '.linux.readonlyPaths = ["/proc/sys/kernel"]'; do
        rm -rf "$BATS_TEST_TMPDIR/c1"
        # without this one the kernel lets nothing be root of the namespace that it makes
        b=$(bundle c1 "$(args sleep 1000)" "$(capabilities CAP_SETFCAP)" "$filter")
        succeeds run -d -b "$b" c1
        for way in "sh -c" "unshare -U -r sh -c" "unshare -U -r -m sh -c" "unshare -U -r -m -p -f sh -c"; do
            # shellcheck disable=SC2086 # words
            attempt exec c1 $way 'for at in ip_default_ttl ip_forward tcp_syncookies conf/lo/rp_filter; do echo 77 >/proc/sys/net/ipv4/$at; done
                mount -o remount,bind,rw /proc/sys && echo made writable
                umount /proc/sys && echo uncovered
                mount -t proc none /tmp && echo mounted anew && echo 77 >/tmp/sys/net/ipv4/ip_default_ttl
                mount --bind /proc /home && echo bound && echo 77 >/home/sys/net/ipv4/ip_default_ttl
                mount --rbind /proc /home && echo 77 >/home/sys/net/ipv4/ip_default_ttl
                mount -t sysfs none /tmp && echo a sysfs; echo end'
            contains "$output" end
            lacks "$output" "made writable"
            lacks "$output" uncovered
            is "$(values)" "$before"
            # as it is: all that could be tried was
            lacks "$stderr" "unshare:"
        done
        shim_in 15 delete --force c1
    done
    # nor does the power over a user namespace of its own
    b=$(bundle c2 "$(args sh -c 'echo 77 >/proc/sys/net/ipv4/ip_default_ttl; mount -t proc none /tmp && echo 77 >/tmp/sys/net/ipv4/ip_default_ttl; true')" \
        "$MAPPED" "$(capabilities CAP_SYS_ADMIN CAP_DAC_OVERRIDE)" '.linux.readonlyPaths = [] | .linux.maskedPaths = []')
    attempt run -b "$b" c2
    is "$(values)" "$before"
}

@test "a setting by config.json is left out or refused, however its name is written, and no sibling sees another value" {
    local before name ok=0
    before=$(values)
    b=$(bundle sibling "$(args sleep 1000)")
    succeeds run -d -b "$b" sibling
    seen=$(shim exec sibling cat /proc/sys/net/ipv4/ip_default_ttl)
    for name in net.ipv4.ip_default_ttl net/ipv4/ip_default_ttl net.ipv4/ip_default_ttl net/ipv4.ip_default_ttl net..ipv4.ip_default_ttl \
        .net.ipv4.ip_default_ttl /net/ipv4/ip_default_ttl net//ipv4/ip_default_ttl ./net/ipv4/ip_default_ttl kernel/../net/ipv4/ip_default_ttl \
        kernel.././net.ipv4.ip_default_ttl ../sys/net/ipv4/ip_default_ttl NET.ipv4.ip_default_ttl net.ipv4.conf.lo.rp_filter net/ipv4/conf/lo/rp_filter \
        net.ipv4.ip_forward net.core.somaxconn user.max_net_namespaces; do
        for filter in . "$(new network)" "$(path_of network /proc/1/ns/net)" "$(without network)"; do
            rm -rf "$BATS_TEST_TMPDIR/c1"
            b=$(bundle c1 "$(args sleep 1000)" "$filter" ".linux.sysctl = {\"$name\": \"77\"}")
            attempt create -b "$b" c1
            if [ "$status" = 0 ]; then
                ok=$((ok + 1))
                succeeds start c1
                shim_in 15 delete --force c1
            fi
            is "$name $(values)" "$name $before"
        done
    done
    [ $ok -gt 0 ]
    is "$(shim exec sibling cat /proc/sys/net/ipv4/ip_default_ttl)" "$seen"
}

@test "a link of the host stays the host's, by every command and every way to ask" {
    fake restores
    images
    for filter in . "$(new network)" "$(without network)" "$(path_of network /proc/1/ns/net)" "$(path_of network /run/netns/distros)"; do
        rm -rf "$BATS_TEST_TMPDIR/c1"
        b=$(bundle c1 "$(args true)" "$filter" '.linux.netDevices = {"dsh": {name: "eth0"}}')
        for command in create "run -d" "restore -d --image-path images"; do
            # shellcheck disable=SC2086 # words
            expect_error 'network.devices: links of the host' $command -b "$b" c1
            [ ! -e "$SHIM_ROOT/c1" ]
        done
        ip link show dsh >/dev/null
    done
}
