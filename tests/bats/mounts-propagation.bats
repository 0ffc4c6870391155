# SPDX-License-Identifier: Apache-2.0
# Propagation of mounts and of the root (config-linux.md "Rootfs Mount Propagation"), read back from the kernel's own
# table.
# world: hybrid vm

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load mounts
load mountinfo

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() {
    umount_all
    end_test
}

inside() { # of the last `running`
    output=$(cat "/proc/$pid/mountinfo")
}

@test "propagation of a bind: what the host mounts later is seen as far as it was asked for" {
    mkdir source && mount -t tmpfs tmpfs source && mount --make-shared source && mkdir source/later
    b=$(bundle c1)
    {
        mount_line bind "$PWD/source" /default rbind
        for kind in rprivate rslave rshared private slave shared unbindable; do
            mount_line bind "$PWD/source" "/$kind" rbind "$kind"
        done
        mount_line bind "$PWD/source" /both rbind rslave rshared
    } | with_mounts "$b"
    warns='what the host mounts there later' running "$b" c1
    inside
    for pair in default: rprivate: private: rslave:master slave:master 'rshared:shared master' 'shared:shared master' unbindable:unbindable \
        'both:shared master'; do
        is "${pair%%:*}: $(optional "/${pair%%:*}")" "${pair%%:*}: ${pair#*:}"
    done
    mount -t tmpfs tmpfs source/later
    inside
    is "$(awk '{ print $5 }' <<<"$output" | grep later | sort | tr '\n' ' ')" \
        "/both/later /rshared/later /rslave/later /shared/later /slave/later "
    umount source/later
    inside
    lacks "$output" later
    succeeds delete --force c1
    umount source
}

@test "propagation of a bind: what the container mounts reaches the host only where both it and the root are shared" {
    mkdir source && mount -t tmpfs tmpfs source && mount --make-shared source && mkdir source/{private,slave,shared}
    b=$(bundle c1 "$(args sh -c 'for k in private slave shared; do mount -t tmpfs tmpfs /$k/$k; done; echo done; sleep 1000')" \
        '.process.capabilities[] += ["CAP_SYS_ADMIN"]')
    for kind in private slave shared; do mount_line bind "$PWD/source" "/$kind" rbind "r$kind"; done | with_mounts "$b"
    cat /proc/self/mountinfo >before
    shim run -d -b "$b" c1 </dev/null >said 2>&1
    wait_until grep -q done said
    cmp before /proc/self/mountinfo
    succeeds delete --force c1
    # what engines ask for with "-v DIR:DIR:rshared"
    edit_config "$b" '.linux.rootfsPropagation = "rshared"'
    rm said
    shim run -d -b "$b" c1 </dev/null >said 2>&1
    wait_until grep -q done said
    is "$(awk -v at="$PWD/source/" 'index($5, at) { print substr($5, length(at) + 1) }' /proc/self/mountinfo)" shared
    umount source/shared
    succeeds delete --force c1
    umount source
}

@test "propagation of a mount is its own in the end, whatever that of the root is" {
    mkdir source && mount -t tmpfs tmpfs source && mkdir source/below && mount -t tmpfs tmpfs source/below
    mount --make-rprivate source
    while read -r root wanted; do
        ask "$mountinfo" ".linux.rootfsPropagation = \"$root\"" '.root.readonly = false' "$(adds \
            "$(mount_json bind "$PWD/source" /shared rbind rshared)" "$(mount_json bind "$PWD/source" /private rbind rprivate)" \
            "$(mount_json tmpfs tmpfs /tmpfs shared)" "$(mount_json tmpfs tmpfs /again)" "$(mount_json none none /again remount bind shared)" "$(mount_json tmpfs tmpfs /silent)")"
        is "$status" 0
        warns=kernelMounts silent
        is "$root $(for m in /shared /shared/below /private /private/below /tmpfs /again /silent; do optional $m | sed 's/^$/-/'; done | xargs)" "$root $wanted"
    done <<'END'
private shared shared - - shared shared -
rprivate shared shared - - shared shared -
rslave shared shared - - shared shared -
rshared shared shared - - shared shared shared
END
    umount -R source
}

@test "rootfsPropagation: each value, and the host's table never changes" {
    mkdir shared && mount -t tmpfs tmpfs shared && mount --make-shared shared
    b=$(bundle c1)
    mkdir "$b/rootfs/later"
    mv "$b" shared/c1
    b=$PWD/shared/c1
    for pair in 'null|' '"private"|' '"rprivate"|' '"shared"|shared' '"rshared"|shared' '"slave"|master' '"rslave"|master' \
        '"unbindable"|unbindable' '"runbindable"|unbindable'; do
        edit_config "$b" ".linux.rootfsPropagation = ${pair%|*} | del(.linux.rootfsPropagation | nulls)"
        cat /proc/self/mountinfo >before
        told=
        case ${pair#*|} in shared | master) told='what the host mounts there later' ;; esac
        warns=$told running "$b" c1
        cmp before /proc/self/mountinfo
        inside
        is "${pair%|*} $(optional /)" "${pair%|*} ${pair#*|}"
        mount -t tmpfs tmpfs shared/c1/rootfs/later
        inside
        case $pair in *slave*) [ "$(type_of /later)" = tmpfs ] ;; *) is "$(type_of /later)" "" ;; esac
        umount shared/c1/rootfs/later
        succeeds delete --force c1
        cmp before /proc/self/mountinfo
    done
    # a container that can mount cannot reach the host through a shared root either
    edit_config "$b" '.linux.rootfsPropagation = "rshared" | .process.capabilities[] += ["CAP_SYS_ADMIN"] |
        .process.args = ["sh", "-c", "mount --make-rshared / && mount -t tmpfs tmpfs /later && echo done"]'
    succeeds run -b "$b" c1
    is "$output" done
    cmp before /proc/self/mountinfo
    edit_config "$b" '.linux.rootfsPropagation = "sideways"'
    expect_error 'linux.rootfsPropagation.*sideways' create -b "$b" c1
    umount shared
}
