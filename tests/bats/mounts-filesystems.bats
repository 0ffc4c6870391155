# SPDX-License-Identifier: Apache-2.0
# New file systems in a container: tmpfs with its mode, size and copied content; devpts, mqueue, proc, sysfs and cgroup.
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

# ---- tmpfs

@test "a tmpfs has the mode of its mount point, unless mode= says otherwise" {
    b=$(bundle c1 "$(args stat -c '%n %a %u:%g' /keeps /other /given /new /ro /covered)")
    mkdir -m 1751 "$b/rootfs/keeps" && mkdir -m 700 "$b/rootfs/other" "$b/rootfs/given"
    mkdir -m 511 "$b/rootfs/ro" "$b/rootfs/covered"
    chown 5:6 "$b/rootfs/keeps"
    {
        mount_line tmpfs tmpfs /keeps
        mount_line tmpfs shm /other uid=1000,gid=1001
        mount_line tmpfs tmpfs /given mode=1777 size=8k
        mount_line tmpfs tmpfs /new
        mount_line tmpfs tmpfs /ro ro
        mount_line tmpfs tmpfs /covered ro mode=0700
    } | with_mounts "$b"
    succeeds run -b "$b" c1
    is "$output" $'/keeps 1751 0:0\n/other 700 1000:1001\n/given 1777 0:0\n/new 1777 0:0\n/ro 511 0:0\n/covered 700 0:0'
}

@test "size= of a tmpfs is its limit" {
    b=$(bundle c1 "$(args sh -c 'dd if=/dev/zero of=/m/f bs=1k count=100 2>&1 | grep -c "No space"; stat -c %s /m/f')")
    mounted "$b" tmpfs tmpfs /m size=64k
    succeeds run -b "$b" c1
    is "$output" $'1\n65536'
}

@test "tmpcopyup: a tmpfs begins with what it covers, exactly" {
    b=$(bundle c1 "$(args sh -c 'cd /m; find . | sort | while read -r f; do stat -c "%n %F %a %u:%g %s %Y" "$f"; done
        readlink link; cat file deep/er/file; echo changed >file; touch new')")
    root=$b/rootfs/m
    mkdir -p "$root/deep/er" "$root/empty"
    echo text >"$root/file" && echo below >"$root/deep/er/file" && head -c 200000 /dev/zero >"$root/large"
    ln -s /no/where "$root/link" && mkfifo "$root/fifo" && mknod "$root/node" c 1 5
    chown 7:8 "$root/file" "$root/deep" && chmod 4755 "$root/file" && chmod 2770 "$root/deep" && chown -h 9:9 "$root/link"
    chmod 0 "$root/empty" && chown 1000:1001 "$root" && chmod 1730 "$root"
    touch -d 2001-02-03 "$root/large" "$root/deep/er/file"
    (cd "$root" && find . | sort | while read -r f; do
        [ "$f" = . ] && stat -c "%n %F %a %u:%g" "$f" || stat -c "%n %F %a %u:%g %s %Y" "$f"
    done) >want
    mounted "$b" tmpfs tmpfs /m tmpcopyup
    succeeds run -b "$b" c1
    # sizes of directories and the time of the top are the file system's own
    plain() { sed -E 's/^(\. directory [^ ]+ [^ ]+).*/\1/; s/( directory [^ ]+ [^ ]+) [0-9]+/\1/'; }
    is "$(head -n -3 <<<"$output" | plain)" "$(plain <want)"
    is "$(tail -n 3 <<<"$output")" $'/no/where\ntext\nbelow'
    is "$(<"$root/file")" text
    [ ! -e "$root/new" ]
    # read-only afterwards, and with a mode of its own
    edit_config "$b" '.mounts[7].options += ["ro", "mode=0700"] | .process.args[2] = "stat -c %a /m; cat /m/file; touch /m/x"'
    attempt run -b "$b" c1
    is "$output" $'700\ntext'
    contains "$stderr" "Read-only file system"
}

@test "a tmpfs without a mode: that of the directory that was there, 1777 where there was none" {
    b=$(bundle c1 "$(args sh -c 'stat -c "%a %n" /there /made/here /link/made /dev/x /given /copied')")
    mkdir "$b/rootfs/there" && chmod 0750 "$b/rootfs/there"
    ln -s /nowhere/yet "$b/rootfs/link"
    mounted "$b" tmpfs tmpfs /there nosuid
    mounted "$b" tmpfs tmpfs /made/here nosuid
    mounted "$b" tmpfs tmpfs /link/made ro
    mounted "$b" tmpfs tmpfs /dev/x
    mounted "$b" tmpfs tmpfs /given mode=0700
    mounted "$b" tmpfs tmpfs /copied tmpcopyup
    succeeds run -b "$b" c1
    is "$output" $'750 /there\n1777 /made/here\n1777 /link/made\n1777 /dev/x\n700 /given\n1777 /copied'
    # now they are there
    succeeds run -b "$b" c1
    is "$output" $'750 /there\n755 /made/here\n755 /link/made\n1777 /dev/x\n700 /given\n755 /copied'
}

@test "tmpcopyup: extended attributes are copied" {
    b=$(bundle c1 "$(args sleep 1000)")
    root=$b/rootfs/m
    mkdir "$root" && echo text >"$root/file" && mkdir "$root/dir"
    set_attributes() {
        /usr/bin/python3 -c 'import os, sys
for path in sys.argv[1:]:
    os.setxattr(path, "user.test", b"val\0ue"); os.setxattr(path, "trusted.test", b"x")' "$@" 2>/dev/null
    }
    set_attributes "$root/file" "$root/dir" || skip "needs extended attributes on $BATS_TEST_TMPDIR"
    mkdir probe && mount -t tmpfs tmpfs probe && set_attributes probe || skip "needs a tmpfs with user attributes"
    umount probe
    mounted "$b" tmpfs tmpfs /m tmpcopyup
    running "$b" c1
    is "$(/usr/bin/python3 -c 'import os, sys
for path in sys.argv[1:]:
    print(sorted((n, os.getxattr(path, n)) for n in os.listxattr(path) if n.endswith("test")))' \
        "/proc/$pid/root/m/file" "/proc/$pid/root/m/dir" | sort -u)" \
        "[('trusted.test', b'x'), ('user.test', b'val\\x00ue')]"
}

# ---- the kernel's own file systems

@test "devpts, mqueue, shm, proc and sysfs have the options of the config" {
    ask "$mountinfo"
    is "$status|$stderr" "0|"
    is "$(type_of /dev/pts) $(attributes /dev/pts) $(super /dev/pts)" \
        "devpts rw,nosuid,noexec,relatime rw,gid=5,mode=620,ptmxmode=666"
    is "$(type_of /dev/mqueue) $(attributes /dev/mqueue)" "mqueue rw,nosuid,nodev,noexec,relatime"
    is "$(type_of /dev/shm) $(attributes /dev/shm) $(super /dev/shm)" "tmpfs rw,nosuid,nodev,noexec,relatime rw,size=65536k"
    is "$(type_of /proc) $(attributes /proc)" "proc rw,nosuid,nodev,noexec,relatime"
    is "$(type_of /sys) $(attributes /sys)" "sysfs ro,nosuid,nodev,noexec,relatime"
    is "$(type_of /dev) $(attributes /dev) $(super /dev)" "tmpfs rw,nosuid rw,size=65536k,mode=755"
    ask "$mountinfo" '(.mounts[] | select(.destination == "/proc") | .options) = ["hidepid=2", "noexec"] |
        (.mounts[] | select(.destination == "/sys") | .options) = ["nosuid"]'
    is "$(attributes /proc) $(super /proc)" "rw,noexec,relatime rw,hidepid=invisible"
    is "$(attributes /sys)" "rw,nosuid,relatime"
}

@test "the cgroup view is read-only or not, as asked, and shows the container's own group as root" {
    for pair in "ro ro" "rw rw"; do
        ask "$mountinfo" "(.mounts[] | select(.type == \"cgroup\") | .options) = [\"nosuid\", \"noexec\", \"nodev\", \"${pair% *}\"]"
        is "$(type_of /sys/fs/cgroup)" tmpfs
        for where in /sys/fs/cgroup /sys/fs/cgroup/pids /sys/fs/cgroup/unified; do
            matches "$where $(attributes "$where")" "^$where ${pair#* },nosuid,nodev,noexec"
        done
        is "$(type_of /sys/fs/cgroup/pids) $(type_of /sys/fs/cgroup/unified)" "cgroup cgroup2"
        is "$(awk '$5 ~ "^/sys/fs/cgroup/" { print $4 }' <<<"$output" | sort -u)" /
    done
}

@test "below /proc only binds of harmless files are allowed, and nothing stands in for it" {
    echo "12.34 56.78" >uptime
    b=$(bundle c1 "$(args sh -c 'cat /proc/uptime')")
    mounted "$b" bind "$PWD/uptime" /proc/uptime bind
    succeeds run -b "$b" c1
    is "$output" "12.34 56.78"
    mkdir fake
    while read -r type source destination options; do
        edit_config "$b" --arg t "$type" --arg s "$source" --arg d "$destination" --arg o "$options" \
            '.mounts[7] = {type: $t, source: $s, destination: $d, options: ($o | split(" "))}'
        expect_error 'mounts\[7\].destination: .*(/proc|root filesystem)' create -b "$b" c1
    done <<END
bind $PWD/fake /proc/self bind
bind $PWD/fake /proc/1 bind
bind $PWD/fake /proc/sys bind
bind $PWD/fake /proc/self/attr bind
bind $PWD/fake /proc bind
bind $PWD/fake //proc/ bind
bind $PWD/fake /vol/../proc bind
tmpfs tmpfs /proc nosuid
tmpfs tmpfs /proc/acpi nosuid
tmpfs tmpfs /proc/uptime nosuid
bind $PWD/uptime proc/version bind
END
    # any spelling of /proc is /proc
    edit_config "$b" '.mounts |= map(if .destination == "/proc" then .destination = "/vol/..//proc/." else . end) |
        .mounts[7] = {destination: "/m", type: "tmpfs"} | .process.args[2] = "cat /proc/self/mountinfo"'
    succeeds run -b "$b" c1
    is "$(type_of /proc)" proc
}

@test "/proc and /sys of the image must be directories" {
    for kind in proc sys; do
        b=$(bundle "c-$kind-link" "$(args true)")
        rmdir "$b/rootfs/$kind" && mkdir "$b/rootfs/other" && ln -s other "$b/rootfs/$kind"
        expect_error "'/$kind' of the root filesystem must be a directory" create -b "$b" c1
        rm "$b/rootfs/$kind" && touch "$b/rootfs/$kind"
        expect_error "'/$kind' of the root filesystem must be a directory" create -b "$b" c1
        rm "$b/rootfs/$kind"
        succeeds run -b "$b" c1
    done
}
