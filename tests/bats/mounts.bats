# SPDX-License-Identifier: Apache-2.0
# What a container sees of file systems (config.md "Mounts", config-linux.md "Devices", "Rootfs Mount
# Propagation", "Masked Paths", "Readonly Paths"), read back from the kernel's own table inside.
# world: hybrid vm

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load mounts

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() {
    # innermost first; a test that failed may not have come to it
    awk -v below="$BATS_TEST_TMPDIR/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo | tac |
        xargs -r umount -l
    end_test
}

# Of a mountinfo in $output: attributes of the mount, its optional fields, its type, options of its file
# system; of several mounts on one place the last one.
attributes() { awk -v at="$1" '$5 == at { found = $6 } END { print found }' <<<"$output"; }
optional() {
    awk -v at="$1" '$5 == at { found = ""; for (i = 7; $i != "-"; i++) { sub(/:.*/, "", $i); found = found " " $i } }
        END { print substr(found, 2) }' <<<"$output"
}
type_of() { awk -v at="$1" '$5 == at { for (i = 7; $i != "-"; i++); found = $(i + 1) } END { print found }' <<<"$output"; }
super() { awk -v at="$1" '$5 == at { for (i = 7; $i != "-"; i++); found = $(i + 3) } END { print found }' <<<"$output"; }

# mount_line TYPE SOURCE DESTINATION [OPTION]...: one mount as JSON; with_mounts BUNDLE: add those on stdin
mount_line() {
    local type=$1 source=$2 destination=$3 options
    shift 3
    options=$(printf ',"%s"' "$@")
    [ $# != 0 ] || options=
    printf '{"type":"%s","source":"%s","destination":"%s","options":[%s]}\n' "$type" "$source" "$destination" "${options#,}"
}
with_mounts() {
    jq -s . >"$BATS_TEST_TMPDIR/mounts.json"
    edit_config "$1" --slurpfile mounts "$BATS_TEST_TMPDIR/mounts.json" '.mounts += $mounts[0]'
}
# mounted BUNDLE TYPE SOURCE DESTINATION [OPTION]...
mounted() {
    local where=$1
    shift
    mount_line "$@" | with_mounts "$where"
}
mountinfo='cat /proc/self/mountinfo'
# A file system of the host with its own submount: $1/file, $1/sub/file
make_source() {
    mkdir "$1" && mount -t tmpfs tmpfs "$1" && echo top >"$1/file"
    mkdir "$1/sub" && mount -t tmpfs tmpfs "$1/sub" && echo below >"$1/sub/file"
}
running() { # BUNDLE ID: waits in the container
    edit_config "$1" '.process.args = ["sleep", "1000"]'
    succeeds run -d -b "$1" "$2"
    pid=$(shim state "$2" | jq .pid)
}
inside() { # of the last `running`
    output=$(cat "/proc/$pid/mountinfo")
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

# ---- propagation

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

# ---- read-only, masked

@test "a read-only root: nothing in it can be written, mounts below can" {
    ask 'for f in /new /etc/passwd /bin/x; do touch $f 2>&1; done; touch /dev/shm/x /t/x && echo t
        mkdir /made/x 2>&1; cat /proc/self/mountinfo' '.root.readonly = true |
        .mounts += [{destination: "/t", type: "tmpfs", source: "tmpfs"}, {destination: "/made/here", type: "tmpfs", source: "tmpfs"}]'
    is "$status" 0
    is "$(head -n 5 <<<"$output" | sed 's/.*: //')" \
        $'Read-only file system\nRead-only file system\nRead-only file system\nt\nRead-only file system'
    matches "$(attributes /)" '^ro,'
    # the same directory on the host can still be written
    touch "$b/rootfs/writable"
}

@test "read-only paths: with what is mounted below, missing ones are passed over" {
    make_source source
    b=$(bundle c1 "$(args cat /proc/self/mountinfo)" '.linux.readonlyPaths =
        ["/proc/sys", "/all", "/etc/passwd", "/no/such", "/etc/passwd/x", "/link", "/etc/passwd", "/nosuid"]')
    mkdir "$b/rootfs/target" && ln -s /target "$b/rootfs/link"
    mounted "$b" bind "$PWD/source" /all rbind
    mounted "$b" tmpfs tmpfs /nosuid nosuid nodev
    succeeds run -b "$b" c1
    for path in /proc/sys /all /all/sub /etc/passwd /target; do matches "$path $(attributes $path)" "$path ro,"; done
    is "$(attributes /nosuid)" "ro,nosuid,nodev,relatime"
    matches "$(attributes /proc)" '^rw,'
    is "$(type_of /no/such)" ""
    edit_config "$b" '.linux.readonlyPaths = ["relative"]'
    expect_error 'readonlyPaths\[0\]: must be an absolute path' create -b "$b" c1
    umount source/sub source
}

@test "masked paths: files and directories are empty, links are followed inside, missing ones are passed over" {
    make_canary
    b=$(bundle c1 "$(args sh -c 'cat /secret /secrets/* /proc/kcore 2>&1; ls -A /secrets /target; cat /target2
        echo x >/secret; touch /secrets/x 2>&1; stat -c "%n %F" /secret /no-such 2>&1; cat /canary; cat /proc/self/mountinfo')" \
        '.linux.maskedPaths = ["/secret", "/secrets", "/secret", "/secrets/", "/no-such", "/secret/below", "/link",
            "/link2", "/loop-free", "/proc/kcore", "/canary", "/deep/../secrets"]')
    root=$b/rootfs
    echo secret >"$root/secret" && mkdir "$root/secrets" && echo secret >"$root/secrets/file"
    mkdir "$root/target" && echo secret >"$root/target/file" && ln -s target "$root/link"
    echo secret >"$root/target2" && ln -s /target2 "$root/link2" && ln -s /nowhere "$root/loop-free"
    ln -s "$CANARY/file" "$root/canary"
    attempt run -b "$b" c1
    lacks "$output" "secret"$'\n'
    lacks "$output" "sings"
    contains "$output" "touch: /secrets/x: Read-only file system"
    contains "$output" "/secret character special file"
    matches "$(attributes /secrets)" '^ro,nosuid,nodev,noexec'
    matches "$(attributes /target)" '^ro,'
    is "$(type_of /target2)" "$(type_of /secret)"
    is "$(<"$root/secret")" secret
    edit_config "$b" '.linux.maskedPaths = ["relative"]'
    expect_error 'maskedPaths\[0\]: must be an absolute path' create -b "$b" c1
    ln -s loop "$root/loop"
    edit_config "$b" '.linux.maskedPaths = ["/loop"]'
    expect_error "'/loop'.*symbolic links" create -b "$b" c1
}

# ---- /dev

@test "/dev has the nodes and links that the specification names, and no others" {
    answers "$(
        cat <<'END'
core symbolic link 0:0 777 0:0
fd symbolic link 0:0 777 0:0
full character special file 1:7 666 0:0
mqueue directory 0:0 1777 0:0
null character special file 1:3 666 0:0
ptmx symbolic link 0:0 777 0:0
pts directory 0:0 755 0:0
random character special file 1:8 666 0:0
shm directory 0:0 1777 0:0
stderr symbolic link 0:0 777 0:0
stdin symbolic link 0:0 777 0:0
stdout symbolic link 0:0 777 0:0
tty character special file 5:0 666 0:0
urandom character special file 1:9 666 0:0
zero character special file 1:5 666 0:0
/proc/kcore /proc/self/fd pts/ptmx /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2
666 /dev/pts/ptmx
zero
END
    )" 'cd /dev; stat -c "%n %F %t:%T %a %u:%g" *; echo $(for l in core fd ptmx stdin stdout stderr; do readlink $l; done)
        stat -c "%a %n" /dev/pts/ptmx; head -c 4 /dev/zero | grep -q . ; echo x >/dev/null && head -c 2 /dev/urandom >/dev/null && echo zero'
}

@test "a config without /dev: the image's own gets what is missing, and keeps the rest" {
    local mounts='.mounts |= map(select(.destination | startswith("/dev") | not))'
    b=$(bundle own "$(args sh -c 'stat -c "%n %F %t:%T %a" /dev/*; echo x >/dev/null && head -c 4 /dev/zero | grep -q . && readlink /dev/fd && readlink /dev/stdin')" "$mounts")
    mknod -m 600 "$b/rootfs/dev/zero" c 1 5
    ln -s elsewhere "$b/rootfs/dev/fd"
    succeeds run -b "$b" own
    is "$output" "$(
        cat <<'END'
/dev/core symbolic link 0:0 777
/dev/fd symbolic link 0:0 777
/dev/full character special file 1:7 666
/dev/null character special file 1:3 666
/dev/ptmx symbolic link 0:0 777
/dev/random character special file 1:8 666
/dev/stderr symbolic link 0:0 777
/dev/stdin symbolic link 0:0 777
/dev/stdout symbolic link 0:0 777
/dev/tty character special file 5:0 666
/dev/urandom character special file 1:9 666
/dev/zero character special file 1:5 600
elsewhere
/proc/self/fd/0
END
    )"
    # again with all of it there, and without a /dev
    succeeds run -b "$b" own
    rm -r "$b/rootfs/dev"
    edit_config "$b" '.process.args = ["stat", "-c", "%t:%T", "/dev/null"]'
    succeeds run -b "$b" own
    is "$output" 1:3
    # what the image has in its place is not taken for it
    rm "$b/rootfs/dev/null" && echo precious >"$b/rootfs/dev/null"
    expect_error "the device '/dev/null' exists with another type or number" run -b "$b" own
    is "$(<"$b/rootfs/dev/null")" precious
}

@test "devices of the config: node, mode, owner, FIFO, in directories that have to be made" {
    umask 0077
    answers "$(
        cat <<'END'
/dev/node character special file 1:5 640 1000:5
/dev/default character special file 1:3 666 0:0
/opt/dir/block block special file 7:63 600 0:0
/dev/fifo fifo 0:0 622 7:0
/dev/null character special file 1:3 640 0:0
/dev/u character special file 1:9 666 0:0
END
    )" 'stat -c "%n %F %t:%T %a %u:%g" /dev/node /dev/default /opt/dir/block /dev/fifo /dev/null /dev/u | sed s/:3f/:63/' \
        '.linux.devices = [{path: "/dev/node", type: "c", major: 1, minor: 5, fileMode: 416, uid: 1000, gid: 5},
            {path: "/dev/default", type: "c", major: 1, minor: 3},
            {path: "/opt/dir/block", type: "b", major: 7, minor: 63, fileMode: 384},
            {path: "/dev/fifo", type: "p", fileMode: 402, uid: 7},
            {path: "/dev/null", type: "c", major: 1, minor: 3, fileMode: 416},
            {path: "/dev/u", type: "u", major: 1, minor: 9}]'
}

@test "an existing device is left as it is, another one at its path is an error" {
    b=$(bundle c1 "$(args stat -c '%n %t:%T %a' /opt/same)" \
        '.linux.devices = [{path: "/opt/same", type: "c", major: 1, minor: 5, fileMode: 438}]')
    mkdir "$b/rootfs/opt" && mknod -m 600 "$b/rootfs/opt/same" c 1 5
    succeeds run -b "$b" c1
    is "$output" '/opt/same 1:5 600'
    for other in "mknod opt/same c 1 7" "mknod opt/same b 1 5" "touch opt/same" "mkdir opt/same" "ln -s /dev/zero opt/same" "mkfifo opt/same"; do
        rm -rf "$b/rootfs/opt/same"
        (cd "$b/rootfs" && $other)
        expect_error "the device '/opt/same' exists with another type or number" create -b "$b" c1
    done
    edit_config "$b" '.linux.devices = [{path: "/x/../y", type: "c", major: 1, minor: 5}]'
    expect_error "devices\[0\].path" create -b "$b" c1
    edit_config "$b" '.linux.devices = [{path: "/dev/x", type: "c", major: 1, minor: 5}, {path: "/dev//x", type: "c", major: 1, minor: 5}]'
    expect_error "devices.*more than once" create -b "$b" c1
    edit_config "$b" '.linux.devices = [{path: "/dev/x", type: "c", major: 4096, minor: 5}]'
    expect_error "devices\[0\].major" create -b "$b" c1
}

@test "/dev/ptmx is a link to pts/ptmx, whether or not a devpts is mounted" {
    ask 'readlink /dev/ptmx; mount -t devpts -o newinstance,ptmxmode=666 devpts /dev/pts && : </dev/ptmx && echo open' \
        '.mounts |= map(select(.destination != "/dev/pts"))' '(.process.capabilities | .bounding, .effective, .permitted) += ["CAP_SYS_ADMIN"]' \
        '.process.args = ["sh", "-c", "mkdir /dev/pts; " + .process.args[2]]'
    is "$status|$output" $'0|pts/ptmx\nopen'
    warns=CAP_SYS_ADMIN silent
}

@test "/dev read-only still gets its nodes" {
    b=$(bundle c1 "$(args sh -c 'touch /dev/x; ls -d /dev/null /dev/fd /dev/node; touch /dev/shm/y && echo shm')" \
        '(.mounts[] | select(.destination == "/dev") | .options) += ["ro"] |
        .linux.devices = [{path: "/dev/node", type: "c", major: 1, minor: 5}]')
    attempt run -b "$b" c1
    is "$stderr" "touch: /dev/x: Read-only file system"
    is "$output" $'/dev/fd\n/dev/node\n/dev/null\nshm'
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

@test "an overlay" {
    mkdir lower upper work && echo low >lower/file && echo low >lower/kept
    b=$(bundle c1 "$(args sh -c 'cat /m/file /m/kept; echo new >/m/file; rm /m/kept')")
    mounted "$b" overlay overlay /m "lowerdir=$PWD/lower" "upperdir=$PWD/upper,workdir=$PWD/work"
    echo up >upper/file
    succeeds run -b "$b" c1
    is "$output" $'up\nlow'
    is "$(<upper/file)$(<lower/file)" newlow
    [ -c upper/kept ]
}

@test "--no-pivot makes the same root, from which the host's is out of reach" {
    b=$(bundle c1 "$(args sh -c 'ls / | xargs; pwd; cat /proc/self/mountinfo; ls /proc/1/root/bin | head -n 1
        cd /; i=0; while [ $i -lt 40 ]; do cd ..; i=$((i + 1)); done; ls | xargs')")
    succeeds run -b "$b" c1
    pivoted=$output
    succeeds run --no-pivot -b "$b" c1
    is "$(head -n 2 <<<"$output")" "$(head -n 2 <<<"$pivoted")"
    is "$(tail -n 2 <<<"$output")" "$(tail -n 2 <<<"$pivoted")"
    for where in /proc /sys /dev /dev/pts; do
        is "$(type_of $where) $(attributes $where)" "$(output=$pivoted type_of $where) $(output=$pivoted attributes $where)"
    done
}

@test "the old root is gone: nothing of the host is in the container's table" {
    ask "$mountinfo"
    is "$status" 0
    # the first line is the root itself, from the bundle's file system
    is "$(awk '{ print $5 }' <<<"$output" | head -n 1)" /
    lacks "$(awk '{ print $5 }' <<<"$output")" "$BATS_TEST_TMPDIR"
    is "$(awk '{ print $5 }' <<<"$output" | grep -Ev '^/(proc|sys|dev)(/|$)')" /
    is "$(awk '$7 != "-" { print $5, $7 }' <<<"$output")" ""
}

# ---- a mount over the root file system

# other_root: a root file system of its own in the directory `other`
other_root() {
    cp -a "$BATS_FILE_TMPDIR/rootfs" other && mkdir other/made && touch other/NEW
}

@test "a mount on / is what the container has in place of root.path, and what follows lies in it" {
    other_root
    mkdir covered && touch covered/file
    look='ls -d /OLD /NEW /covered/file 2>/dev/null; test -c /dev/null && test -e /proc/self/status && readlink /dev/fd
        touch /x 2>&1; cat /made/vol/file; stat -c %n /made/dir; awk "\$5 == \"/\" { print \$6 }" /proc/self/mountinfo | cut -d, -f1'
    for how in '["bind"]|' '["rbind", "rslave"]|' '["bind", "ro"]|touch: /x: Read-only file system' '["rbind", "rro"]|touch: /x: Read-only file system'; do
        for pivot in "" --no-pivot; do
            for user in "" "$(user_namespace)"; do
                rm -f other/x
                mkdir -p other/made/dir other/made/vol
                b=$(bundle c1 "$(args sh -c "$look")" ".root.readonly = false | .mounts = [$(mount_json bind "$PWD/covered" /covered),
                    $(mount_json bind "$PWD/other" /./) + {options: ${how%|*}}] + .mounts + [$(mount_json bind "$PWD/covered" /made/vol rbind)]" ${user:+"$user"})
                touch "$b/rootfs/OLD"
                [ -z "$user" ] || chown -R 100000:100000 other "$b/rootfs"
                attempt run ${pivot:+"$pivot"} -b "$b" c1
                touched=${how#*|}
                warns=$([[ $how != *rslave* ]] || echo kernelMounts) silent
                is "$status|$output" "0|/NEW
/proc/self/fd
${touched:+$touched
}/made/dir
$([ -n "$touched" ] && echo ro || echo rw)"
                rm -rf "$b"
            done
        done
    done
}

@test "a mount on /: hooks, exec, the working directory, and a second one" {
    other_root
    mkdir tools && touch tools/hook
    b=$(bundle c1 "$(args sh -c 'pwd; cat /said; exec sleep 1000')" ".process.cwd = \"/made/cwd\" | .root.readonly = true |
        .hooks.createContainer = [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"ls OLD NEW >$PWD/hook 2>/dev/null || true\"]}] |
        .mounts = [$(mount_json bind "$PWD/tools" / bind), $(mount_json bind "$PWD/other" / bind)] + .mounts")
    touch "$b/rootfs/OLD"
    running "$b" c1
    is "$(<hook)" NEW
    is "$(shim exec c1 sh -c 'pwd; ls -d /NEW /OLD /hook 2>/dev/null; touch /y 2>&1')" $'/made/cwd\n/NEW\ntouch: /y: Read-only file system'
    # it is made with the container alone
    echo "[$(mount_json bind "$PWD/tools" / bind)]" >mounts.json
    expect_error 'destination: the root file system is made with the container only' mounts add c1 mounts.json
    succeeds delete --force c1
    [ -d other/made/cwd ] && [ ! -d "$b/rootfs/made" ]
}

@test "under a mount on / nothing of the host and of the covered root is left, whatever user may search the directories" {
    other_root
    mkdir covered
    for closed in 700 755; do
        mkdir -p closed && chmod "$closed" closed
        for how in pivot no-pivot; do
            for user in . "$(user_namespace)"; do
                b=$(bundle c1 "$(args sh -c "$mountinfo")" "$user" ".mounts = [$(mount_json bind "$PWD/covered" /covered),
                    $(mount_json bind "$PWD/other" / bind), $(mount_json bind "$PWD/other" / bind)] + .mounts")
                rm -rf closed/b && mv "$b" closed/b
                chown -R "$([ "$user" = . ] && echo 0 || echo 100000)" other closed/b/rootfs
                policy '{"version": 1, "kernelMounts": "requested"}'
                succeeds run "--no-pivot=$([ "$how" = pivot ] && echo false || echo true)" -b closed/b c1
                lacks "$(awk '{ print $5 }' <<<"$output")" covered
                is "$(awk '$5 !~ "^/(proc|sys|dev)/" { print $5 }' <<<"$output" | sort | xargs)" "/ /dev /proc /sys"
            done
        done
    done
}

@test "a tmpfs on / is empty, but for what is mounted and made in it" {
    b=$(bundle c1 "$(args /bin/sh -c 'ls / | tr "\n" " "')" ".mounts = [$(mount_json tmpfs tmpfs / mode=755)] + .mounts + [$(mount_json bind "$BATS_FILE_TMPDIR/rootfs/bin" /bin)]")
    succeeds run -b "$b" c1
    is "$output" 'bin dev proc sys '
}

@test "a mount on / spreads what it was asked to spread once it is the root, and nothing before" {
    other_root
    mkdir source && mount -t tmpfs tmpfs source && mount --make-shared source && cp -a other source/other
    for root in null '"private"' '"rslave"' '"rshared"'; do
        for how in bind,shared rbind,rshared rbind,rslave; do
            b=$(bundle c1 "$(args sh -c "$mountinfo")" ".linux.rootfsPropagation = $root |
                .mounts = [$(mount_json bind "$PWD/other" /made/vol rbind rslave), $(mount_json bind "$PWD/source/other" /) + {options: (\"$how\" | split(\",\"))}] + .mounts")
            cat /proc/self/mountinfo >before
            warns='what the host mounts there later' succeeds run -b "$b" c1
            cmp before /proc/self/mountinfo
            # a private root takes nothing from the host any more
            wanted="$([[ $how == *slave ]] || echo shared) $([ "$root" = '"private"' ] || echo master)"
            is "$root $how $(optional / | xargs)" "$root $how $(xargs <<<"$wanted")"
            rm -rf "$b"
        done
    done
    umount source
    for how in shared rshared; do
        b=$(bundle c1 "$(args sh -c "$mountinfo")" "$(adds "$(mount_json none none / remount bind "$how")")")
        succeeds run -b "$b" c1
        is "$(optional /)" shared
        rm -rf "$b"
    done
}
