# SPDX-License-Identifier: Apache-2.0
# Mounts of the config (config.md "Mounts"), read back from the kernel's own table inside: options, sources, targets,
# order, remounts.
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

# ---- options

@test "options of a new file system: attributes of its mount and flags of its own" {
    b=$(bundle c1 "$(args cat /proc/self/mountinfo)")
    cat >table <<'END'
|rw,relatime|rw
defaults|rw,relatime|rw
ro|ro,relatime|rw
ro rw|rw,relatime|rw
rw ro|ro,relatime|rw
nosuid|rw,nosuid,relatime|rw
nosuid suid|rw,relatime|rw
nodev|rw,nodev,relatime|rw
nodev dev|rw,relatime|rw
noexec|rw,noexec,relatime|rw
noexec exec|rw,relatime|rw
noatime|rw,noatime|rw
noatime atime|rw,relatime|rw
atime|rw,relatime|rw
nodiratime|rw,nodiratime,relatime|rw
nodiratime diratime|rw,relatime|rw
relatime|rw,relatime|rw
norelatime|rw,relatime|rw
strictatime|rw|rw
nostrictatime|rw,relatime|rw
strictatime nostrictatime|rw,relatime|rw
strictatime relatime|rw,relatime|rw
noatime strictatime|rw|rw
nosymfollow|rw,relatime,nosymfollow|rw
nosymfollow symfollow|rw,relatime|rw
sync|rw,relatime|rw,sync
sync async|rw,relatime|rw
dirsync|rw,relatime|rw,dirsync
lazytime|rw,relatime|rw,lazytime
lazytime nolazytime|rw,relatime|rw
iversion|rw,relatime|rw
noiversion|rw,relatime|rw
silent|rw,relatime|rw
loud|rw,relatime|rw
rro|ro,relatime|rw
rnosuid rnodev rnoexec rnoatime|rw,nosuid,nodev,noexec,noatime|rw
ro nosuid nodev noexec noatime nodiratime|ro,nosuid,nodev,noexec,noatime,nodiratime|rw
size=64k mode=1700 uid=7 gid=8 nr_inodes=9|rw,relatime|rw,size=64k,nr_inodes=9,mode=1700,uid=7,gid=8
size=64k,mode=1711|rw,relatime|rw,size=64k,mode=1711
END
    while IFS='|' read -r options _; do
        # shellcheck disable=SC2086
        mount_line tmpfs tmpfs "/m$((n = n + 1))" $options
    done <table >lines
    with_mounts "$b" <lines
    warns='"iversion" cannot be asked for' succeeds run -b "$b" c1
    n=0
    while IFS='|' read -r options attributes super; do
        n=$((n + 1))
        # /m* are made with mode 755, which a tmpfs keeps without mode=
        is "[$options] $(attributes "/m$n") $(super "/m$n" | sed 's/,mode=755//')" "[$options] $attributes $super"
    done <table
}

@test "options of a bind mount set and clear attributes, one by one" {
    mkdir plain strict
    mount -t tmpfs tmpfs plain
    mount -t tmpfs tmpfs strict
    mount -o remount,bind,ro,nosuid,nodev,noexec,noatime strict
    b=$(bundle c1 "$(args cat /proc/self/mountinfo)")
    cat >table <<'END'
|rw,relatime|ro,nosuid,nodev,noexec,noatime
rprivate|rw,relatime|ro,nosuid,nodev,noexec,noatime
ro|ro,relatime|ro,nosuid,nodev,noexec,noatime
rw|rw,relatime|rw,nosuid,nodev,noexec,noatime
suid|rw,relatime|ro,nodev,noexec,noatime
dev|rw,relatime|ro,nosuid,noexec,noatime
exec|rw,relatime|ro,nosuid,nodev,noatime
nosuid|rw,nosuid,relatime|ro,nosuid,nodev,noexec,noatime
atime|rw,relatime|ro,nosuid,nodev,noexec,relatime
noatime|rw,noatime|ro,nosuid,nodev,noexec,noatime
strictatime|rw|ro,nosuid,nodev,noexec
nodiratime|rw,nodiratime,relatime|ro,nosuid,nodev,noexec,noatime,nodiratime
nosymfollow|rw,relatime,nosymfollow|ro,nosuid,nodev,noexec,noatime,nosymfollow
rw suid dev exec atime|rw,relatime|rw,relatime
ro nosuid nodev noexec|ro,nosuid,nodev,noexec,relatime|ro,nosuid,nodev,noexec,noatime
rrw rsuid|rw,relatime|rw,nodev,noexec,noatime
END
    while IFS='|' read -r options _; do
        # shellcheck disable=SC2086
        mount_line bind "$PWD/plain" "/p$((n = n + 1))" rbind $options
        # shellcheck disable=SC2086
        mount_line none "$PWD/strict" "/s$n" $options bind
    done <table >lines
    with_mounts "$b" <lines
    succeeds run -b "$b" c1
    n=0
    while IFS='|' read -r options plain strict; do
        n=$((n + 1))
        is "[$options] $(attributes "/p$n") $(attributes "/s$n")" "[$options] $plain $strict"
    done <table
    umount plain strict
}

@test "bind is without and rbind with the submounts; recursive options reach them" {
    make_source source
    b=$(bundle c1 "$(args sh -c 'cat /plain/sub/file /all/sub/file /all/file 2>&1; cat /proc/self/mountinfo')")
    {
        mount_line bind "$PWD/source" /plain bind
        mount_line bind "$PWD/source" /all rbind
        mount_line bind "$PWD/source" /ro rbind ro
        mount_line bind "$PWD/source" /rro rbind rro
        mount_line bind "$PWD/source" /several rbind rnosuid rnodev rnoexec rnoatime
        mount_line bind "$PWD/source" /mixed rbind rro rw
        mount_line bind "$PWD/source" /symfollow rbind rnosymfollow
    } | with_mounts "$b"
    succeeds run -b "$b" c1
    is "$(head -n 3 <<<"$output")" $'cat: can\'t open \'/plain/sub/file\': No such file or directory\nbelow\ntop'
    is "$(type_of /plain/sub)" ""
    is "$(attributes /all) $(attributes /all/sub)" "rw,relatime rw,relatime"
    is "$(attributes /ro) $(attributes /ro/sub)" "ro,relatime rw,relatime"
    is "$(attributes /rro) $(attributes /rro/sub)" "ro,relatime ro,relatime"
    is "$(attributes /several) $(attributes /several/sub)" \
        "rw,nosuid,nodev,noexec,noatime rw,nosuid,nodev,noexec,noatime"
    is "$(attributes /mixed) $(attributes /mixed/sub)" "rw,relatime ro,relatime"
    is "$(attributes /symfollow/sub)" "rw,relatime,nosymfollow"
    umount source/sub source
}

@test "an option that is wrong is named, with its mount" {
    b=$(bundle c1)
    while IFS='|' read -r type options text; do
        edit_config "$b" --arg type "$type" --arg options "$options" \
            '.mounts[7] = {destination: "/m", type: $type, source: "/tmp", options: ($options | split(" "))}'
        expect_error "$text" create -b "$b" c1
        is "$(ls -A "$SHIM_ROOT")" ""
    done <<'END'
tmpfs|nosuid nonsense|mounts\[7\].*nonsense
tmpfs|size=many|mounts\[7\].*size
tmpfs|mode=9|mounts\[7\].*mode
bind|ro idmap|mounts\[7\].options: idmap needs uidMappings and gidMappings, or a container with a user namespace
tmpfs|tmpcopyup bind|mounts\[7\].options: tmpcopyup needs type tmpfs
no-such-fs|ro|mounts\[7\].*'no-such-fs'.*no such device
none|ro|mounts\[7\].type
proc|hidepid=many|/proc|mounts\[7\]
END
}

@test "a source that does not exist is named, with its mount" {
    b=$(bundle c1)
    mounted "$b" bind /no/such /m bind
    expect_error "mounts\[7\]: source '/no/such' of '/m': no such file or directory" create -b "$b" c1
    edit_config "$b" '.mounts[7].source = "no-such"'
    expect_error "mounts\[7\]: source '$b/no-such' of '/m': no such file or directory" create -b "$b" c1
    edit_config "$b" 'del(.mounts[7].source)'
    expect_error 'mounts\[7\].source: a bind mount needs a source' create -b "$b" c1
}

# ---- binds and their targets

@test "files, directories and special files are bound onto targets of their kind, made where missing" {
    mkdir -p dir/in && echo in >dir/in/file && echo text >file
    mkfifo fifo && ln -s file link
    b=$(bundle c1 "$(args sh -c 'cat /d/in/file /etc/file /new/dir/file /by-link; test -p /new/fifo && echo fifo
        stat -c "%n %F %a" /new /new/dir /new/dir/file /d')")
    echo old >"$b/rootfs/etc/file"
    {
        mount_line bind "$PWD/dir" /d bind
        mount_line bind "$PWD/file" /etc/file bind
        mount_line bind "$PWD/file" /new/dir/file bind
        mount_line bind "$PWD/link" /by-link bind
        mount_line bind "$PWD/fifo" /new/fifo bind
    } | with_mounts "$b"
    chmod 640 file
    succeeds run -b "$b" c1
    is "$output" $'in\ntext\ntext\ntext\nfifo\n/new directory 755\n/new/dir directory 755\n/new/dir/file regular file 640\n/d directory 755'
    is "$(<"$b/rootfs/etc/file")" old
    [ -f "$b/rootfs/new/fifo" ] && [ -f "$b/rootfs/by-link" ] && [ -d "$b/rootfs/d" ]
    is "$(stat -c '%a %s' "$b/rootfs/new/dir/file")" "644 0"
    # kinds that do not fit
    b=$(bundle c2)
    mounted "$b" bind "$PWD/dir" /bin/busybox bind
    expect_error "'/bin/busybox'.*: not a directory" create -b "$b" c2
    edit_config "$b" --arg file "$PWD/file" '.mounts[7] |= (.source = $file | .destination = "/etc")'
    expect_error "'/etc'.*: is a directory" create -b "$b" c2
    edit_config "$b" '.mounts[7].destination = "/bin/busybox/x"'
    expect_error "'/bin/busybox/x'.*: not a directory" create -b "$b" c2
    edit_config "$b" '.mounts[7].destination = "/"'
    expect_error "'/'.*: is a directory" create -b "$b" c2
}

@test "made directories inherit a set-group-id bit, as mkdir does" {
    b=$(bundle c1 "$(args stat -c '%n %a %g' /shared/a /shared/a/b)")
    mkdir "$b/rootfs/shared" && chgrp 1234 "$b/rootfs/shared" && chmod 2775 "$b/rootfs/shared"
    mounted "$b" tmpfs tmpfs /shared/a/b/c
    succeeds run -b "$b" c1
    is "$output" $'/shared/a 2755 1234\n/shared/a/b 2755 1234'
}

@test "targets behind symlinks, also dangling ones, are inside the root" {
    make_canary
    b=$(bundle c1 "$(args sh -c 'awk "{ print \$5 }" /proc/self/mountinfo | grep -E "^/(run|in|file)"')")
    root=$b/rootfs
    rm -rf "${root:?}/var" && mkdir "$root/var"
    ln -s /run "$root/var/run"
    ln -s /in/dangling "$root/absolute"
    ln -s ../../../../../../../in/relative "$root/relative"
    ln -s "$CANARY/../../../in/middle" "$root/middle" # leads nowhere in the root
    ln -s /in/last/file "$root/file-link"
    ln -s first "$root/chain" && ln -s /in/chained "$root/first"
    {
        mount_line tmpfs tmpfs /var/run/one
        mount_line tmpfs tmpfs /absolute
        mount_line tmpfs tmpfs /relative/below
        mount_line tmpfs tmpfs /chain
        mount_line bind "$PWD/machine.before" /file-link bind
        mount_line tmpfs tmpfs /var/../in/dots/./x
    } | with_mounts "$b"
    succeeds run -b "$b" c1
    is "$(sort <<<"$output")" $'/in/chained\n/in/dangling\n/in/dots/x\n/in/last/file\n/in/relative/below\n/run/one'
    [ -d "$root/in/relative/below" ] && [ -f "$root/in/last/file" ]
    # and where it would be the canary's directory, it is one of that name inside
    b=$(bundle c2 "$(args true)")
    ln -s "$CANARY" "$b/rootfs/out"
    mounted "$b" tmpfs tmpfs /out/new
    succeeds run -b "$b" c2
    [ -d "$b/rootfs$CANARY/new" ] && [ ! -e "$CANARY/new" ]
    ln -s loop "$b/rootfs/loop"
    edit_config "$b" '.mounts[7].destination = "/loop/x"'
    expect_error "'/loop/x'.*symbolic links" create -b "$b" c2
}

@test "a relative destination counts from the root, a relative source from the bundle" {
    b=$(bundle c1 "$(args sh -c 'cat /rel/dest/file')")
    mkdir "$b/data" && echo from-bundle >"$b/data/file"
    mounted "$b" bind data rel/dest bind
    cd /
    succeeds run -b "$b" c1
    is "$output" from-bundle
    edit_config "$b" '.mounts[7].source = "../c1/data"'
    succeeds run -b "$b" c1
    is "$output" from-bundle
}

@test "mounts are made in their order: later ones lie over and below earlier ones" {
    mkdir one two && echo one >one/file && echo two >two/file && mkdir one/x
    b=$(bundle c1 "$(args sh -c 'cat /m/file; ls /m; ls /hidden')")
    {
        mount_line bind "$PWD/one" /m bind
        mount_line tmpfs tmpfs /m/x/y
        mount_line bind "$PWD/two" /m bind
        mount_line tmpfs tmpfs /hidden/below
        mount_line tmpfs tmpfs /hidden
    } | with_mounts "$b"
    succeeds run -b "$b" c1
    is "$output" $'two\nfile'
    is "$(ls one two)" $'one:\nfile\nx\n\ntwo:\nfile'
}

# ---- order

# shown_in_order: the mounts of the bundle are in $output in their order, and the root is the first
shown_in_order() {
    is "$(awk '{ print $5 }' <<<"$output" | grep -Fxf <(jq -r '"/", .mounts[].destination' "$b/config.json") | xargs)" \
        "/ $(jq -r '.mounts[].destination' "$b/config.json" | xargs)"
}

@test "the kernel shows the mounts in the order of the configuration, whichever side has made them" {
    mkdir source && mount -t tmpfs tmpfs source && mount --make-shared source && mkdir source/below && mount -t tmpfs tmpfs source/below
    touch file
    cat /proc/self/mountinfo >before
    for more in . '.mounts |= [.[5]] + .[0:5] + .[6:]' "$(user_namespace)"; do
        for root in rprivate rshared; do
            ask "$mountinfo" "$more" ".linux.rootfsPropagation = \"$root\"" '.root.readonly = false' "$(adds \
                "$(mount_json bind "$PWD/source" /run rbind rw)" "$(mount_json tmpfs tmpfs /tmp)" "$(mount_json bind "$PWD/file" /tmp/file bind rshared)" \
                "$(mount_json bind "$PWD/source" /home rbind rslave)" "$(mount_json tmpfs tmpfs /root)" "$(mount_json bind "$PWD/source/below" /var rbind rshared)")"
            is "$status" 0
            warns=kernelMounts silent
            shown_in_order
            is "$(type_of /run/below) $(type_of /home/below)" "tmpfs tmpfs"
            # nothing that was made twice is left, here or there
            is "$(awk '{ print $5 }' <<<"$output" | sort | uniq -d)" ""
            cmp before /proc/self/mountinfo
        done
    done
    umount -R source
}

# ---- remounts and overlays

@test "remount changes attributes of what is mounted, and no file system" {
    make_source source
    b=$(bundle c1 "$(args cat /proc/self/mountinfo)")
    {
        mount_line tmpfs tmpfs /m nosuid
        mount_line none none /m remount bind ro nodev
        mount_line bind "$PWD/source" /all rbind
        mount_line none none /all remount rro
        mount_line none none /proc remount bind ro
        mount_line none none / remount bind nosuid
    } | with_mounts "$b"
    succeeds run -b "$b" c1
    is "$(attributes /m)" "ro,nosuid,nodev,relatime"
    is "$(attributes /all) $(attributes /all/sub)" "ro,relatime ro,relatime"
    matches "$(attributes /proc)" '^ro,'
    matches "$(attributes /)" '^rw,nosuid'
    # what the container has for itself alone can be changed, and only that
    for where in /all /bin /dev/mqueue; do
        edit_config "$b" --arg d "$where" '.mounts[8] |= (.options = ["remount", "size=1k"] | .destination = $d)'
        expect_error 'mounts\[8\].options: a remount cannot change "size" of a file system that is not' create -b "$b" c1
    done
    edit_config "$b" '.mounts += [{destination: "/m", options: ["remount", "size=64k", "noexec", "rw"]},
        {destination: "/proc", options: ["remount", "hidepid=2"]}, {destination: "/m", options: ["remount", "lazytime"]}] | del(.mounts[8])'
    succeeds run -b "$b" c1
    is "$(attributes /m)" "rw,nosuid,noexec,relatime"
    matches "$(grep ' /m ' <<<"$output")" 'rw,lazytime,size=64k,mode='
    matches "$(grep ' /proc ' <<<"$output")" ' proc ro,.*hidepid=invisible| ro,.* proc rw,hidepid=invisible'
    edit_config "$b" '.mounts[-1].options = ["remount", "size=none"]'
    expect_error "mounts\[[0-9]+\]: option 'size': configure a file system of type 'tmpfs' for '/m'" create -b "$b" c1
    edit_config "$b" '.mounts[8] |= (.options = ["remount", "bind", "ro"] | .destination = "/bin")'
    expect_error "mounts\[8\].*'/bin'.*invalid argument" create -b "$b" c1
    edit_config "$b" '.mounts[8].destination = "/no-such"'
    expect_error "'/no-such'.*no such file or directory" create -b "$b" c1
    umount source/sub source
}

@test "an overlay shows its layers, and changes go to the upper one" {
    mkdir lower upper work && echo low >lower/file && echo low >lower/kept
    b=$(bundle c1 "$(args sh -c 'cat /m/file /m/kept; echo new >/m/file; rm /m/kept')")
    mounted "$b" overlay overlay /m "lowerdir=$PWD/lower" "upperdir=$PWD/upper,workdir=$PWD/work"
    echo up >upper/file
    succeeds run -b "$b" c1
    is "$output" $'up\nlow'
    is "$(<upper/file)$(<lower/file)" newlow
    [ -c upper/kept ]
}
