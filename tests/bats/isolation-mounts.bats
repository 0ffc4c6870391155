#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Mounts at the border of a container: locked flags in user namespaces, and propagation to the host and from it.
# world: hybrid vm

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load isolation

setup_file() { make_rootfs; }
setup() { start_isolation_test; }
teardown() { end_isolation_test; }

sys_admin='.process.capabilities[] += ["CAP_SYS_ADMIN"]'
bind() { # SOURCE DESTINATION OPTION...
    jq -nr '$ARGS.positional as $a |
        ".mounts += [" + ({source: $a[0], destination: $a[1], type: "bind", options: $a[2:]} | tojson) + "]"' --args -- "$@"
}

# Mount points of the host below a directory, relative to it.
mounts_below() { awk -v at="$1/" 'index($5, at) == 1 { print substr($5, length(at) + 1) }' /proc/self/mountinfo; }

# ---- mounts of the host in a user namespace

@test "user namespace: the flags of a host's mount cannot be taken off, by the container or by its config" {
    mkdir source && mount -t tmpfs -o nosuid,nodev,noexec tmpfs source
    echo kept >source/file && chmod 777 source && chmod 666 source/file
    mount -o remount,bind,ro,nosuid,nodev,noexec source
    # each flag alone, with all others kept; and, as the control, none
    user_bundle c1 "$sys_admin" "$(bind "$PWD/source" /mnt bind)" "$(args sh -c '
        for flags in rw,nosuid,nodev,noexec ro,suid,nodev,noexec ro,nosuid,dev,noexec ro,nosuid,nodev,exec rw,suid,dev,exec; do
            mount -o remount,bind,$flags none /mnt 2>/dev/null && echo "took $flags"
        done
        mount -o remount,bind,ro,nosuid,nodev,noexec none /mnt && echo kept
        (echo x >/mnt/new) 2>/dev/null && echo made
        (echo x >>/mnt/file) 2>/dev/null && echo wrote
        umount /mnt 2>/dev/null && (echo x >/mnt/under) 2>/dev/null && echo under
        cat /mnt/file /mnt/under 2>/dev/null; :')"
    attempt run -b "$b" c1
    # its own mount it may take off, but then there is no more than the image
    is "$status|${output//$'\n'/ }" "0|kept under x"
    warns=CAP_SYS_ADMIN silent
    is "$(ls source) $(<source/file)" "file kept"
    # whatever the config asks for: what is locked stays, also below, and strictness is added
    mkdir source2 && mount -t tmpfs -o nosuid tmpfs source2 && mkdir source2/below && mount -t tmpfs -o noatime tmpfs source2/below
    chmod 777 source2 source2/below && mount -o remount,bind,ro source2/below
    look="awk '\$5 ~ \"^/mnt\" { print \$6 }' /proc/self/mountinfo; touch /mnt/new /mnt/below/new 2>/dev/null; echo"
    while read -r from wanted options; do
        edit_config "$b" --arg from "$PWD/$from" --arg look "$look" ".mounts[-1] |= (.source = \$from | .options = $options) | .process.args = [\"sh\", \"-c\", \$look]"
        succeeds run -b "$b" c1
        is "$options ${output//$'\n'/ }" "$options ${wanted//|/ }"
    done <<'END'
source ro,nosuid,nodev,noexec,relatime ["bind", "rw"]
source ro,nosuid,nodev,noexec,relatime ["rbind", "suid", "rprivate"]
source ro,nosuid,nodev,noexec,relatime ["bind", "dev", "exec"]
source ro,nosuid,nodev,noexec,relatime,nosymfollow ["bind", "rw", "rsuid", "strictatime", "nosymfollow"]
source ro,nosuid,nodev,noexec,relatime ["rbind", "rrw", "rexec", "rdev", "rsuid"]
source2 rw,nosuid,nodev,relatime|ro,noatime ["rbind", "rw", "suid", "nodev"]
source2 rw,nosuid,noexec,relatime|ro,noexec,noatime ["rbind", "rrw", "rsuid", "rnoexec", "rrelatime"]
source2 ro,nosuid,relatime|ro,noatime ["rbind", "rro", "rsuid"]
END
    [ ! -e source2/below/new ] && umount -R source2
    edit_config "$b" --arg from "$PWD/source" '.mounts[-1].source = $from'
    # without a user namespace it is the administrator who says so
    edit_config "$b" '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings) |
        .mounts[-1].options = ["bind", "rw"] | .process.args = ["sh", "-c", "echo more >>/mnt/file"]'
    succeeds run -b "$b" c1
    is "$(tail -n 1 source/file)" more
    umount source
}

@test "user namespace: a root file system from a read-only mount stays read-only" {
    user_bundle c1 "$sys_admin" "$(args sh -c '
        for flags in rw,nodev rw,dev ro,dev; do mount -o remount,bind,$flags none / 2>/dev/null && echo "took $flags"; done
        mount -o remount,bind,ro,nodev none / && echo kept
        (echo x >/new) 2>/dev/null && echo wrote; :')"
    mount --bind "$b/rootfs" "$b/rootfs" && mount -o remount,bind,ro,nodev "$b/rootfs"
    succeeds run -b "$b" c1
    is "$output" kept
    [ ! -e "$b/rootfs/new" ]
    # and with it what is mounted below it
    mount -o remount,bind,rw,dev "$b/rootfs" && mkdir -p "$b/rootfs/home/below" && mount -t tmpfs tmpfs "$b/rootfs/home/below"
    chmod 777 "$b/rootfs/home/below" && mount -o remount,bind,ro "$b/rootfs/home/below"
    edit_config "$b" '.process.args = ["sh", "-c", "mount -o remount,bind,rw none /home/below || touch /home/below/x || echo refused"]'
    attempt run -b "$b" c1
    is "$status|$output" "0|refused"
    umount "$b/rootfs/home/below" "$b/rootfs"
}

@test "user namespace: what is mounted below a shared bind does not appear on the host" {
    mkdir source && mount -t tmpfs tmpfs source && mount --make-shared source && mkdir source/{inside,config,later}
    chmod -R 777 source
    # from the config and by the program
    user_bundle c1 "$sys_admin" "$(bind "$PWD/source" /mnt rbind rshared)" \
        '.mounts += [{destination: "/mnt/config", type: "tmpfs", source: "tmpfs"}]' \
        "$(args sh -c 'mount -t tmpfs evil /mnt/inside && mount --make-rshared / && mount -t tmpfs evil /mnt/inside && echo mounted; sleep 1000')"
    for root in null '"shared"'; do
        edit_config "$b" ".linux.rootfsPropagation = $root | del(.linux.rootfsPropagation | nulls)"
        running c1
        wait_until grep -q mounted said
        is "$(mounts_below "$PWD/source")" ""
        # the other way round it goes
        mount -t tmpfs tmpfs source/later
        is "$(awk '$5 ~ "^/mnt/" { print $5 }' "/proc/$(init_of c1)/mountinfo" | sort -u | tr '\n' ' ')" "/mnt/config /mnt/inside /mnt/later "
        umount source/later
        succeeds delete --force c1
    done
    umount source
}

# ---- and without one

@test "a bind that is private, slave or unbindable at its top is so below, too, before anything is mounted there" {
    mkdir source && mount -t tmpfs tmpfs source && mount --make-shared source
    mkdir source/sub && mount -t tmpfs tmpfs source/sub && mount --make-shared source/sub && mkdir source/sub/entry source/sub/later
    b=$(bundle c1 "$sys_admin" "$(bind "$PWD/source" /mnt rbind)" \
        '.mounts += [{destination: "/mnt/sub/entry", type: "tmpfs", source: "tmpfs"}]' \
        "$(args sh -c 'mount -t tmpfs later /mnt/sub/later && echo mounted; sleep 1000')")
    for kind in private slave unbindable; do
        for root in null '"rshared"'; do
            edit_config "$b" --arg kind $kind ".mounts[-2].options = [\"rbind\", \$kind] |
                .linux.rootfsPropagation = $root | del(.linux.rootfsPropagation | nulls)"
            running c1
            wait_until grep -q mounted said
            is "$kind $root $(awk '$5 ~ "^/mnt" { print $5 }' "/proc/$(init_of c1)/mountinfo" | sort | tr '\n' ' ')" \
                "$kind $root /mnt /mnt/sub /mnt/sub/entry /mnt/sub/later "
            is "$kind $root $(mounts_below "$PWD/source")" "$kind $root sub"
            succeeds delete --force c1
            is "$kind $root $(mounts_below "$PWD/source")" "$kind $root sub"
        done
    done
    umount -R source
}

@test "a shared bind reaches the host with a shared root, and not without; a slave one follows the host" {
    mkdir source && mount -t tmpfs tmpfs source && mount --make-shared source && mkdir source/{config,inside,later}
    b=$(bundle c1 "$sys_admin" "$(bind "$PWD/source" /mnt rbind rshared)" \
        '.mounts += [{destination: "/mnt/config", type: "tmpfs", source: "tmpfs"}]' '.linux.rootfsPropagation = "shared"' \
        "$(args sh -c 'mount -t tmpfs tmpfs /mnt/inside && echo mounted; sleep 1000')")
    running c1
    wait_until grep -q mounted said
    is "$(mounts_below "$PWD/source" | sort | tr '\n' ' ')" "config inside "
    succeeds delete --force c1
    umount source/config source/inside

    edit_config "$b" 'del(.linux.rootfsPropagation)'
    running c1
    wait_until grep -q mounted said
    is "$(mounts_below "$PWD/source")" ""
    succeeds delete --force c1

    edit_config "$b" '.mounts[-2].options = ["rbind", "rslave"]'
    running c1
    wait_until grep -q mounted said
    is "$(mounts_below "$PWD/source")" ""
    mount -t tmpfs tmpfs source/later
    contains "$(awk '{ print $5 "." }' "/proc/$(init_of c1)/mountinfo")" /mnt/later.
    umount source/later
    lacks "$(awk '{ print $5 "." }' "/proc/$(init_of c1)/mountinfo")" /mnt/later.
    succeeds delete --force c1
    umount source
}
