#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What `features` says is what a configuration may ask for, no more and no less.
# world: hybrid

load helpers

setup_file() {
    make_rootfs
    "$DISTRO_SHIM" features >"$BATS_FILE_TMPDIR/features.json"
}
setup() {
    requires root world
    start_test
    b=$(bundle features "$(args true)")
    cp "$b/config.json" "$b/plain.json"
}
teardown() { end_test; }

says() { jq -r "$1" "$BATS_FILE_TMPDIR/features.json"; }
# accepts JQ-FILTER...: what explain makes of the changed config
accepts() {
    jq "$@" "$b/plain.json" >"$b/config.json"
    shim explain -b "$b" >out 2>&1 || { cat out >&2 && return 1; }
}
refuses() { # PATTERN JQ-FILTER...
    local pattern=$1
    shift
    jq "$@" "$b/plain.json" >"$b/config.json"
    expect_error "$pattern" explain -b "$b"
}

@test "it fits the schema, and the specification's words" {
    requires cmd:python3
    run /usr/bin/python3 -W ignore "$DISTRO_SHIM_SOURCE/tests/schema/validate.py" \
        "$DISTRO_SHIM_SOURCE/config-schema/features.json" "$BATS_FILE_TMPDIR/features.json"
    [ "$status" != 77 ] || skip "needs python3-jsonschema"
    is "$status $output" "0 "
    is "$(says '[.ociVersionMin, .ociVersionMax] | join(" ")')" "1.0.0 1.3.0"
    is "$("$DISTRO_SHIM" --version | sed -n 's/^spec: //p')" "$(says .ociVersionMax)"
    is "$("$DISTRO_SHIM" --version | sed -n '1s/.* //p')" "$(says '.annotations["io.github.distro-shim.version"]')"
}

@test "mount options: each is known, and by name" {
    local option
    for option in $(says '.mountOptions[]'); do
        case $option in
        bind | rbind | copy-symlink | src-nofollow | dest-nofollow) accepts --arg o "$option" '.mounts += [{destination: "/x", type: "none", source: "/etc", options: [$o, "bind"]}]' ;;
        idmap | ridmap) accepts --arg o "$option" '.mounts += [{destination: "/x", type: "none", source: "/etc", options: [$o, "bind"], uidMappings: [{containerID: 0, hostID: 0, size: 1}], gidMappings: [{containerID: 0, hostID: 0, size: 1}]}]' ;;
        remount) accepts --arg o "$option" '.mounts += [{destination: "/proc", options: ["bind", $o]}]' ;;
        *) accepts --arg o "$option" '.mounts += [{destination: "/x", type: "tmpfs", source: "x", options: [$o]}]' ;;
        esac
        # what is not known by name goes to the file system as it is, as these do, being its own
        [[ " sync async dirsync lazytime nolazytime mand nomand iversion noiversion silent loud " != *" $option "* ]] || continue
        ! grep -qE "(data|options?) .*\b$option\b" <(sed -n "/\/x/p" out) || { echo "$option" && grep "/x" out && false; }
    done
    for option in ro rw nosuid nodev noexec relatime rbind rprivate tmpcopyup rro nosymfollow iversion lazytime loud silent; do
        says '.mountOptions[]' | grep -qx "$option"
    done
}

@test "namespaces, hooks and capabilities: each is accepted without a warning" {
    local name
    for name in $(says '.linux.namespaces[]'); do
        accepts --arg n "$name" '.linux.namespaces |= (map(select(.type != $n)) + [{type: $n}])
            | if $n == "user" then .linux.uidMappings = [{containerID: 0, hostID: 1000, size: 1}] | .linux.gidMappings = .linux.uidMappings
              | .linux.namespaces |= map(if .type == "network" then .path = "/run/netns/distros" else . end) else . end'
    done
    for name in $(says '.hooks[]'); do
        accepts --arg n "$name" '.hooks = {($n): [{path: "/bin/true"}]}'
        grep -q /bin/true out
    done
    accepts --argjson all "$(says '.linux.capabilities')" '.process.capabilities = {bounding: $all}'
    is "$(grep -ci 'unknown capability' out || true)" 0
    refuses 'namespaces\[[0-9]+\].type' '.linux.namespaces += [{type: "net"}]'
}

@test "seccomp: actions, operators, architectures, flags" {
    local name
    for name in $(says '.linux.seccomp.actions[]'); do
        [ "$name" != SCMP_ACT_NOTIFY ] || continue
        accepts --arg n "$name" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["personality"], action: $n}]}'
    done
    accepts '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/run/agent", syscalls: [{names: ["personality"], action: "SCMP_ACT_NOTIFY"}]}'
    for name in $(says '.linux.seccomp.operators[]'); do
        accepts --arg n "$name" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["personality"], action: "SCMP_ACT_ERRNO", args: [{index: 0, value: 1, valueTwo: 1, op: $n}]}]}'
    done
    for name in $(says '.linux.seccomp.archs[]'); do
        accepts --arg n "$name" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: [$n], syscalls: [{names: ["personality"], action: "SCMP_ACT_LOG"}]}'
    done
    # flags are what the kernel says: by a container
    for name in $(says '.linux.seccomp.supportedFlags[]'); do
        [ "$name" != SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV ] || continue
        jq --arg n "$name" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", flags: [$n], syscalls: [{names: ["personality"], action: "SCMP_ACT_LOG"}]}' \
            "$b/plain.json" >"$b/config.json"
        succeeds run -b "$b" features
    done
    is "$(says '.linux.seccomp | (.supportedFlags - .knownFlags) | length')" 0
    refuses 'defaultAction' '.linux.seccomp = {defaultAction: "SCMP_ACT_NONE"}'
}

@test "what is on is carried out, or refused for what this machine lacks" {
    local path filter
    policy '{"version": 1, "mode": "observe"}'
    while IFS=';' read -r path filter; do
        is "$path $(says "$path")" "$path true"
        accepts "$filter" 2>/dev/null || grep -qE 'is not enabled|is not available|is not mounted|no such file' out || { cat out && false; }
    done <<'END'
.linux.apparmor.enabled;.process.apparmorProfile = "some-profile"
.linux.selinux.enabled;.process.selinuxLabel = "system_u:system_r:container_t:s0"
.linux.intelRdt.enabled;.linux.intelRdt = {closID: "x"}
.linux.mountExtensions.idmap.enabled;.mounts += [{destination: "/x", type: "none", source: "/etc", options: ["bind"], uidMappings: [{containerID: 0, hostID: 0, size: 1}], gidMappings: [{containerID: 0, hostID: 0, size: 1}]}]
.linux.netDevices.enabled;.linux.netDevices = {eth7: {}} | .linux.namespaces |= (map(select(.type != "network")) + [{type: "network"}])
.linux.cgroup.rdma;.linux.resources.rdma = {mlx5_1: {hcaHandles: 3}}
(.linux.memoryPolicy != null);.linux.memoryPolicy = {mode: "MPOL_DEFAULT"}
END
}

@test "the annotations that are acted on are told, each as the source names it" {
    is "$(says '.potentiallyUnsafeConfigAnnotations[]' | sort)" \
        "$(sed -n 's/^#define [A-Z0-9_]*_ANNOTATION "\(.*\)"$/\1/p' "$DISTRO_SHIM_SOURCE"/src/{plan,hooks,criu}/*.h |
            grep -vxE 'run.oci.handler|run.oci.seccomp.plugins|module.wasm.image/variant' | sort)"
    matches "$(says '.annotations["io.github.seccomp.libseccomp.version"]')" '^2\.[0-9]+\.[0-9]+$'
}
