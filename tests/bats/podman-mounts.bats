#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Podman: volumes, binds and their propagation, tmpfs, read-only roots, image and overlay mounts.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines

setup_file() { make_rootfs && setup_podman; }
setup() {
    requires root world && start_engine_test podman
    make_canary
}
teardown() {
    ! mountpoint -q "$BATS_TEST_TMPDIR/source/sub" || umount "$BATS_TEST_TMPDIR/source/sub"
    ! mountpoint -q "$BATS_TEST_TMPDIR/source/inner" || umount "$BATS_TEST_TMPDIR/source/inner"
    ! mountpoint -q "$BATS_TEST_TMPDIR/source" || umount "$BATS_TEST_TMPDIR/source"
    end_podman_test
}

@test "a bind is writable, read-only, or of a single file; one of a missing source is an error" {
    mkdir source && echo content >source/file
    busybox_says -v "$PWD/source:/mnt" -- 'cat /mnt/file; echo more >/mnt/made'
    is "$output $(<source/made)" "content more"
    busybox_says -v "$PWD/source:/mnt:ro" -- 'cat /mnt/file; (echo x >/mnt/other) 2>&1 || true'
    contains "$output" "Read-only file system"
    busybox_says -v "$PWD/source/file:/etc/one:ro" -- 'cat /etc/one; ls /etc/one'
    is "$output" $'content\n/etc/one'
    busybox_says --mount "type=bind,source=$PWD/source,destination=/a/b/c,ro=true,bind-propagation=private" -- 'cat /a/b/c/file'
    is "$output" content
    fails 125 'no such file' run --rm -v "$PWD/not-there:/mnt" busybox true
}

@test "options of a bind: nosuid, nodev, noexec, and not the recursion of a plain one" {
    mkdir -p source/sub && mount -t tmpfs none source/sub && touch source/sub/inner
    busybox_says -v "$PWD/source:/mnt:nosuid,nodev,noexec" -- 'grep " /mnt " /proc/self/mounts; ls /mnt/sub'
    matches "$output" 'nosuid,nodev,noexec'
    contains "$output" inner
    busybox_says -v "$PWD/source:/mnt:bind" -- 'ls /mnt/sub'
    is "$output" ""
}

@test "propagation: a slave sees later mounts of the host, a private one does not, shared gives back" {
    mkdir source && mount -t tmpfs none source && mount --make-shared source && mkdir source/sub source/inner
    ok run -d --name slave -v "$PWD/source:/mnt:rslave" busybox sleep 100
    ok run -d --name private -v "$PWD/source:/mnt" busybox sleep 100
    ok run -d --name shared --privileged -v "$PWD/source:/mnt:rshared" busybox sleep 100
    mount -t tmpfs none source/sub && touch source/sub/later
    ok exec slave ls /mnt/sub
    is "$output" later
    ok exec private ls /mnt/sub
    is "$output" ""
    # what the container mounts there the host sees
    ok exec shared mount -t tmpfs none /mnt/inner
    mountpoint -q source/inner
    ok rm -f -t 0 slave private shared
}

@test "volumes: content of the image, shared between containers, removed" {
    ok volume create keeps
    busybox_says -v keeps:/data -- 'echo kept >/data/file'
    busybox_says -v keeps:/data:ro -- 'cat /data/file; (touch /data/x) 2>&1 || true'
    contains "$output" kept
    contains "$output" "Read-only"
    # an empty one gets what the image has there
    busybox_says -v fresh:/etc -- 'grep -c root /etc/passwd'
    matches "$output" '^[1-9]'
    ok run -d --name first -v keeps:/data busybox sleep 100
    busybox_says --volumes-from first -- 'cat /data/file'
    is "$output" kept
    ok rm -f -t 0 first
}

@test "tmpfs: size, mode, options; /dev/shm by --shm-size" {
    busybox_says --tmpfs /scratch:rw,size=1m,mode=1700 -- 'stat -c %a /scratch; df -k /scratch | tail -n 1 | awk "{ print \$2 }"
        grep " /scratch " /proc/self/mounts'
    matches "$output" '^1700
1024
.*tmpfs.*nosuid,nodev'
    busybox_says --shm-size 2m -- 'df -k /dev/shm | tail -n 1 | awk "{ print \$2 }"'
    is "$output" 2048
    # what the image has there comes along
    busybox_says --mount type=tmpfs,destination=/etc -- 'grep -c root /etc/passwd'
    matches "$output" '^[1-9]'
}

@test "--read-only: the root cannot be written to, what Podman adds can; and without those" {
    busybox_says --read-only -- '(touch /x) 2>&1 || true; touch /tmp/y /run/y /var/tmp/y && echo written; touch /dev/shm/z && echo shm'
    contains "$output" "Read-only file system"
    contains "$output" $'written\nshm'
    busybox_says --read-only --read-only-tmpfs=false -- '(touch /tmp/y) 2>&1 || true'
    contains "$output" "Read-only file system"
}

@test "an overlay over a directory, and an image as a mount" {
    mkdir source && echo content >source/file
    busybox_says -v "$PWD/source:/mnt:O" -- 'cat /mnt/file; echo changed >/mnt/file; cat /mnt/file'
    is "$output" $'content\nchanged'
    is "$(<source/file)" content
    busybox_says --mount type=image,source=busybox,destination=/image -- 'test -x /image/bin/busybox && echo there; (touch /image/x) 2>&1 || true'
    contains "$output" there
    contains "$output" Read-only
}

@test "--rootfs: a directory as the root" {
    ok run --rm --rootfs "$BATS_FILE_TMPDIR/rootfs" sh -c "$NAMESPACES; ls /"
    promised "$output"
    contains "$output" bin
}

@test "what of the kernel is hidden and what is read-only; --security-opt mask and unmask" {
    busybox_says -- 'cat /proc/timer_list /proc/sched_debug /proc/keys 2>/dev/null | wc -c; (echo 1 >/proc/sys/kernel/domainname) 2>&1 || true
        grep -c "^[^ ]* /sys/firmware " /proc/mounts'
    matches "$output" $'^0\n.*Read-only.*\n1$'
    busybox_says --security-opt mask=/etc/passwd -- 'wc -c </etc/passwd'
    is "$output" 0
    # the policy's own ceiling stays, whatever is unmasked: /proc/sys/net is shared by all
    busybox_says --security-opt unmask=ALL -- '(echo 1 >/proc/sys/net/ipv4/ip_forward) 2>&1 || true; grep -c "^[^ ]* /sys/firmware " /proc/mounts || true'
    matches "$output" $'Read-only.*\n0$'
}

@test "the mounts of monitoring agents: they start, and see what is the container's own" {
    sleep 98765 3>&- &
    # not this script itself
    others="cat %s/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'sleep 9876[5]'"
    shared_links=$(ip netns exec distros ls /sys/class/net)
    # node-exporter
    busybox_says -v /proc:/host/proc:ro -v /sys:/host/sys:ro -v /:/rootfs:ro,rslave -- \
        "ls /rootfs/etc/passwd; ${others/\%s//host/proc}; ${others/\%s//rootfs/proc}; cat /host/proc/stat | grep -c '^cpu '; ls /host/sys/class/net"
    is "$output" $'/rootfs/etc/passwd\n0\n0\n1\n'"$shared_links"
    # cAdvisor
    mkdir -p /var/lib/docker /dev/disk
    busybox_says -v /:/rootfs:ro -v /var/run:/var/run:ro -v /sys:/sys:ro -v /var/lib/docker/:/var/lib/docker:ro -v /dev/disk/:/dev/disk:ro -- \
        "ls -d /rootfs/etc/passwd /var/lib/docker; ${others/\%s//rootfs/proc}; ls /sys/class/net; ls /sys/fs/cgroup | wc -l"
    rmdir /dev/disk
    matches "$output" $'^/rootfs/etc/passwd\n/var/lib/docker\n0\n'"$shared_links"$'\n[1-9]'
    busybox_says --privileged -v /:/rootfs -v /proc:/vol -- "${others/\%s//rootfs/proc}; ${others/\%s//vol}; ls /rootfs/sys/class/net; umount -l /rootfs/proc; ls /rootfs/proc | wc -l"
    is "$output" $'0\n0\n'"$shared_links"$'\n0'
    kill $!
}
