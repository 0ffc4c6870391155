#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `mounts add` and `mounts remove`: what a container that runs sees then; all or none; what belongs to its
# creation alone; and a container that puts symlinks, or other directories, where something is to be mounted.
# world: hybrid
# world, with --full: v2

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
    mkdir volume && echo of-the-host >volume/file
}
teardown() { end_test; }

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

# lives ID [JQ-FILTER]...: a container that sleeps
lives() {
    local id=$1
    shift
    b=$(bundle "$id" "$(args sleep 1000)" '.root.readonly = false' "$@") && succeeds run -d -b "$b" "$id"
}
inside() { shim exec c1 sh -c "$1"; }
# options of the mount at PATH, its type and where it comes from, as the container has it
at() { inside "awk '\$5 == \"$1\" { n = split(\$0, a, \" - \"); split(a[2], b, \" \"); print \$6, b[1], \$4 }' /proc/self/mountinfo"; }
mounts() { echo "$1" | jq -c . >mounts.json; } # JSON: the file
bind() { jq -nc --arg source "$1" --arg to "$2" '{source: $source, destination: $to, type: "bind", options: $ARGS.positional}' --args "${@:3}"; }
observe() { policy '{"version": 1, "mode": "observe"}'; }
# the ids of a user namespace, which the policy's network would not allow
user_namespace='.linux.namespaces += [{type: "user"}] | (.linux.namespaces[] | select(.type == "network")) |= del(.path) |
    .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'

@test "binds and new file systems come and go, in order, and the host sees nothing of it" {
    lives c1
    before=$(inside 'cat /proc/self/mountinfo')
    host=$(</proc/self/mountinfo)
    mounts "[$(bind "$PWD/volume" /data/deep rbind ro nosuid), {\"destination\": \"/data/deep/../tmp\", \"type\": \"tmpfs\", \"source\": \"tmpfs\", \"options\": [\"size=64k\", \"nodev\"]},
        $(bind "$PWD/volume/file" /data/tmp/file bind), {\"destination\": \"/queue\", \"type\": \"mqueue\"}]"
    succeeds mounts add c1 mounts.json
    is "$(inside 'cat /data/deep/file /data/tmp/file')" $'of-the-host\nof-the-host'
    matches "$(at /data/deep)" '^ro,nosuid,'
    matches "$(at /data/tmp)" '^rw,nodev,relatime tmpfs'
    matches "$(at /queue)" 'mqueue'
    is "$(inside 'touch /data/deep/new 2>&1 || echo no')" $'touch: /data/deep/new: Read-only file system\nno'
    is "$(</proc/self/mountinfo)" "$host"
    # what the container mounts below is not seen outside either, and the other way round
    is "$(inside 'grep -c " shared:\| master:" /proc/self/mountinfo || true')" 0
    succeeds mounts remove c1 mounts.json
    is "$(inside 'cat /proc/self/mountinfo')" "$before"
    is "$(inside 'ls -A /data/deep')" ""
    [ -e volume/file ]
    # again, from standard input, and only one of them away
    shim mounts add c1 - <mounts.json
    echo '[{"destination": "data//tmp/file/"}]' >one.json
    succeeds mounts remove c1 one.json
    is "$(inside 'cat /data/deep/file; wc -c </data/tmp/file')" $'of-the-host\n0'
}

@test "mounts come and go in a container that is created, paused, or has a read-only root" {
    b=$(bundle c1 "$(args sleep 1000)" '.root.readonly = true')
    mkdir "$b/rootfs/mnt"
    succeeds create -b "$b" c1
    mounts "[$(bind "$PWD/volume" /mnt bind)]"
    succeeds mounts add c1 mounts.json
    succeeds start c1
    is "$(inside 'cat /mnt/file')" of-the-host
    succeeds pause c1
    shim mounts remove c1 mounts.json
    shim mounts add c1 mounts.json
    succeeds resume c1
    is "$(inside 'cat /mnt/file')" of-the-host
    # nothing can be made in it
    mounts "[$(bind "$PWD/volume" /nowhere bind)]"
    expect_error "'/nowhere'.*read-only file system" mounts add c1 mounts.json
    succeeds kill c1 KILL
    wait_until eval '[ "$(state_of c1)" = stopped ]'
    expect_error 'cannot add mounts to container c1: container not running' mounts add c1 mounts.json
    expect_error 'container does not exist' mounts add c2 mounts.json
}

@test "all mounts of a request are made or removed, or none" {
    lives c1
    before=$(inside 'cat /proc/self/mountinfo')
    mounts "[$(bind "$PWD/volume" /a bind), {\"destination\": \"/b\", \"type\": \"tmpfs\"}, {\"destination\": \"/c\", \"type\": \"tmpfs\", \"options\": [\"size=lots\"]}]"
    expect_error "mounts\[2\]: option 'size': .*'tmpfs' for '/c'" mounts add c1 mounts.json
    is "$(inside 'cat /proc/self/mountinfo')" "$before"
    mounts "[$(bind "$PWD/volume/file" /f bind), $(bind "$PWD/nothing" /b bind)]"
    expect_error "mounts\[1\]: source '$PWD/nothing' of '/b': no such file" mounts add c1 mounts.json
    is "$(inside 'cat /proc/self/mountinfo')" "$before"
    mounts "[$(bind "$PWD/volume" /a bind)]"
    succeeds mounts add c1 mounts.json
    before=$(inside 'cat /proc/self/mountinfo')
    echo '[{"destination": "/a"}, {"destination": "/tmp"}]' >two.json
    expect_error "mounts\[1\]: nothing is mounted at '/tmp'" mounts remove c1 two.json
    is "$(inside 'cat /proc/self/mountinfo')" "$before"
}

# there on every kernel
MASKED='.linux.maskedPaths += ["/proc/version"]'

@test "what belongs to the creation is refused, and so is what is not a list of mounts" {
    lives c1 "$MASKED"
    before=$(inside 'cat /proc/self/mountinfo')
    while IFS='|' read -r what json; do
        echo "$json" >bad.json
        expect_error "$what" mounts add c1 bad.json
    done <<END
bad.json: mounts\[0\].type: can only be mounted when the container is created|[{"destination": "/p", "type": "sysfs"}]
mounts\[0\].type: can only be mounted when the container is created|[{"destination": "/proc", "type": "proc"}]
/p.*below /proc|[{"destination": "/proc/p", "type": "tmpfs"}]
mounts\[0\].type: can only be mounted when the container is created|[{"destination": "/c", "type": "cgroup"}]
mounts\[0\].destination: can only be mounted when the container is created|[{"destination": "/sys", "type": "tmpfs"}]
/sys/firmware would disappear under it|[{"destination": "/sys/firmware", "type": "tmpfs"}]
mounts\[0\].options: a mount of a running container cannot be changed|[{"destination": "/dev", "options": ["remount", "ro"]}]
mounts\[1\].destination: the root file system can only be mounted when the container is created|[{"destination": "/t", "type": "tmpfs"}, {"destination": "/", "type": "tmpfs"}]
mounts\[0\].source: a bind mount needs|[{"destination": "/t", "type": "bind"}]
bad.json:1:1: must be an array of mounts|{"mounts": []}
destination: is missing|[{"type": "tmpfs"}]
bad.json:1:|[{"destination": 7}]
bad.json:2:1: the text ends too early|[
END
    while IFS='|' read -r what path; do
        echo "[{\"destination\": \"$path\"}]" >bad.json
        expect_error "$what" mounts remove c1 bad.json
    done <<END
'/' is the root file system|/
'/proc' stays|/proc
'/proc/version' stays|/proc/version
'/proc/sys' stays|/proc/sys
'/sys' stays|sys
'/sys/firmware' stays|/sys/firmware
no such file|/no/such
END
    is "$(inside 'cat /proc/self/mountinfo')" "$before"
    expect_error '"change" is not one of add, remove' mounts change c1 bad.json
    expect_error "open 'none.json'|'none.json'" mounts add c1 none.json
}

@test "mounts at the files that the policy sets are refused" {
    lives c1
    for to in /etc/resolv.conf /etc/hosts /etc; do
        mounts "[$(bind "$PWD/volume" "$to" bind)]"
        expect_error "mounts.0..destination: what is at /etc/.* is set by the policy" mounts add c1 mounts.json
    done
    observe
    lives c2
    mounts "[$(bind "$PWD/volume" /etc bind)]"
    succeeds mounts add c2 mounts.json
    is "$(shim exec c2 ls /etc)" file
}

@test "symlinks of the container lead nowhere but into it, and not to what is masked" {
    lives c1 "$MASKED"
    mkdir -p outside
    # absolute and relative ones, to the host's directory by name, and far above the root
    inside "ln -s $PWD/outside /absolute; ln -s ../../../../../../../../..$PWD/outside /relative; ln -s /proc /p; ln -s /sys/firmware /f; ln -s /proc/version /k; ln -s /proc/1/root /r"
    for to in /absolute /relative; do
        mounts "[{\"destination\": \"$to/in\", \"type\": \"tmpfs\"}]"
        succeeds mounts add c1 mounts.json
        matches "$(at "$PWD/outside/in")" tmpfs
        [ ! -e outside/in ]
        succeeds mounts remove c1 mounts.json
    done
    for to in /p/sys /p /f /k /r; do
        mounts "[{\"destination\": \"$to\", \"type\": \"tmpfs\"}]"
        expect_error "mounts\[0\]: ('$to'|'/proc|'/sys|.*too many levels|.*not a directory|make directory|open)" mounts add c1 mounts.json
        expect_error "stays, because|nothing is mounted|too many levels|cross-device|no such file" mounts remove c1 mounts.json
    done
    is "$(inside 'wc -c </proc/version; ls /sys/firmware')" 0
}

# exchanged: the destination is a directory, then a symlink out of the root, all the time
@test "a destination that is exchanged for a symlink while it is mounted on" {
    requires cmd:cc
    cat >exchange.c <<'END'
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
int main(int argc, char **argv)
{
	for (;;)
		renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE);
	return argc;
}
END
    cc -O1 -static -o exchange exchange.c || skip "needs a static C library"
    b=$(bundle c1 "$(args sh -c "mkdir -p /x/d && ln -s $PWD/outside /l && exec /exchange /x /l")" '.root.readonly = false')
    cp exchange "$b/rootfs/exchange"
    mkdir -p outside/d
    succeeds run -d -b "$b" c1
    mounts "[$(bind "$PWD/volume" /x/d bind)]"
    host=$(</proc/self/mountinfo)
    for ((i = 0; i < 60; i++)); do
        shim mounts add c1 mounts.json >/dev/null 2>&1 || true
        shim mounts remove c1 mounts.json >/dev/null 2>&1 || true
    done
    is "$(ls outside/d)" ""
    is "$(</proc/self/mountinfo)" "$host"
}

@test "in a user namespace a read-only mount of the host stays read-only for its root" {
    requires userns
    observe
    lives c1 "$user_namespace" '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"] | unique)' 'del(.process.noNewPrivileges)' 'del(.linux.seccomp)'
    chmod 777 volume
    mount -t tmpfs -o ro tmpfs volume
    mounts "[$(bind "$PWD/volume" /tmp/v bind), $(bind "$PWD" /tmp/all rbind rw), {\"destination\": \"/tmp/t\", \"type\": \"tmpfs\"}]"
    succeeds mounts add c1 mounts.json
    is "$(inside 'mount -o remount,bind,rw /tmp/v 2>&1 >/dev/null && echo written; touch /tmp/v/new 2>/dev/null && echo made; stat -c %u /tmp/t')" \
        $'mount: permission denied (are you root?)\n0'
    is "$(inside 'awk "\$5 == \"/tmp/all/volume\" { print \$6 }" /proc/self/mountinfo')" "ro,relatime"
    # the locked whole cannot be taken apart
    is "$(inside 'umount /tmp/all/volume 2>/dev/null && echo uncovered')" ""
    succeeds mounts remove c1 mounts.json
    umount volume
    mounts "[{\"destination\": \"/o\", \"type\": \"overlay\", \"options\": [\"lowerdir=$PWD/volume:$PWD\"]}]"
    expect_error 'mounts\[0\].type: a file system of the host' mounts add c1 mounts.json
}

@test "idmapped binds, overlays and copied symlinks work" {
    lives c1
    chown 5:6 volume/file
    mkdir lower upper work
    echo low >lower/l
    ln -s /somewhere/else link
    mounts "[$(bind "$PWD/volume" /ids bind) , {\"destination\": \"/o\", \"type\": \"overlay\", \"options\": [\"lowerdir=$PWD/lower\", \"upperdir=$PWD/upper\", \"workdir=$PWD/work\"]},
        $(bind "$PWD/link" /copy bind copy-symlink)]"
    jq -c '.[0].uidMappings = [{containerID: 5, hostID: 1005, size: 1}] | .[0].gidMappings = [{containerID: 6, hostID: 1006, size: 1}]' mounts.json >ids.json
    if shim mounts add c1 ids.json 2>why; then
        is "$(inside 'stat -c %u:%g /ids/file')" 1005:1006
    else
        matches "$(<why)" 'has no idmapped mounts'
        jq -c 'del(.[0])' mounts.json >ids.json
        succeeds mounts add c1 ids.json
    fi
    is "$(inside 'cat /o/l; echo new >/o/n; readlink /copy')" $'low\n/somewhere/else'
    is "$(<upper/n)" new
    echo '[{"destination": "/o"}]' >o.json
    succeeds mounts remove c1 o.json
}

@test "where the runtime or its helper dies nothing is left, and it works again" {
    requires fault
    lives c1
    before=$(inside 'cat /proc/self/mountinfo')
    mounts "[$(bind "$PWD/volume" /a bind), {\"destination\": \"/b\", \"type\": \"tmpfs\"}]"
    for step in $(awk '/#define STEP\(/ { split($0, part, "\""); page = part[2] }
        /^[ \t]+(STEP|AWAIT)\("/ { split($0, part, "\""); print page ":" part[2] }' "$DISTRO_SHIM_SOURCE/src/boot/mounts/mounts.c"); do
        for how in fail kill; do
            status=0
            shim_fault "$step:$how" mounts add c1 mounts.json </dev/null >/dev/null 2>err || status=$?
            [ "$status" != 0 ]
            wait_until eval '! pgrep -f "mounts add c1" >/dev/null'
            # a runtime that is killed when all is done is too late for undoing
            if [ "$step" = mounts:done ] || [ "$step" = mounts:unlock ] || [ "$step" = mounts:clone ]; then
                shim mounts remove c1 mounts.json 2>/dev/null || true
            fi
            is "$(inside 'cat /proc/self/mountinfo')" "$before"
        done
    done
    succeeds mounts add c1 mounts.json
    is "$(inside 'cat /a/file')" of-the-host
}
