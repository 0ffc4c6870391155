# SPDX-License-Identifier: Apache-2.0
# Options of mounts beyond those that mounts.bats reads: crun's extras, options of tmpfs, devpts and cgroups,
# and what a user namespace changes.
# world: hybrid
# world, with --full: legacy v2

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load mounts

setup_file() {
    make_rootfs
    mkdir -p "$BATS_FILE_TMPDIR/rootfs/m"
}
setup() {
    requires root world
    start_test
}
teardown() {
    umount_all
    end_test
}
# what the kernel says of the mount at $1 in the container: attributes and options of the file system
says='says() { awk -v at="$1" '\''$5 == at { for (i = 7; $i != "-"; i++); a = $6; s = $(i + 3) } END { print a, s }'\'' /proc/self/mountinfo; }; '

@test "the specification's list: every option is known, on a new file system and on a bind" {
    # config.md "Linux mount options"
    list='async atime bind defaults dev diratime dirsync exec iversion lazytime loud noatime nodev nodiratime
        noexec noiversion nolazytime norelatime nostrictatime nosuid nosymfollow private ratime rbind rdev
        rdiratime relatime remount rexec rnoatime rnodev rnodiratime rnoexec rnorelatime rnostrictatime rnosuid
        rnosymfollow ro rprivate rrelatime rro rrw rshared rslave rstrictatime rsuid rsymfollow runbindable rw
        shared silent slave strictatime suid symfollow sync tmpcopyup unbindable
        mand nomand rsync rasync rdirsync rmand rnomand idmap ridmap copy-symlink src-nofollow dest-nofollow'
    features=$(shim features | jq -r '.mountOptions[]')
    n=0
    for option in $list; do
        grep -qx -- "$option" <<<"$features" || { echo "features: no $option" >&2 && false; }
        # a word that the file system would get is an unknown one to it
        case $option in bind | rbind | remount | idmap | ridmap | copy-symlink | *-nofollow) continue ;; esac
        n=$((n + 1))
        mount_json tmpfs tmpfs "/t$n" "$option"
        [ "$option" = tmpcopyup ] || mount_json bind "$BATS_FILE_TMPDIR" "/b$n" rbind "$option"
    done >mounts.json
    b=$(bundle c1 "$(args true)")
    edit_config "$b" --slurpfile mounts mounts.json '.mounts += $mounts'
    warns='what the host mounts|means nothing for|cannot be asked for' succeeds run -b "$b" c1
}

@test "sync, async, dirsync and their recursive spellings are in force" {
    answers $'rw,relatime rw,sync\nrw,relatime rw,dirsync\nrw,relatime rw\nrw,relatime rw' \
        "$says for i in 1 2 3 4; do says /t\$i | sed 's/,mode=755//'; done" \
        "$(adds "$(mount_json tmpfs tmpfs /t1 rsync)" "$(mount_json tmpfs tmpfs /t2 rdirsync)" \
            "$(mount_json tmpfs tmpfs /t3 sync rasync)" "$(mount_json tmpfs tmpfs /t4 rsync async)")"
}

@test "rnosymfollow and rsymfollow reach what is mounted below" {
    mkdir top && mount -t tmpfs tmpfs top && mkdir top/sub && mount -t tmpfs tmpfs top/sub
    ln -s x top/sub/link && echo x >top/sub/x
    answers $'rw,relatime,nosymfollow\nrw,relatime,nosymfollow\nrefused\nrw,relatime,nosymfollow\nrw,relatime' \
        "$says for at in /m /m/sub; do says \$at | cut -d' ' -f1; done; cat /m/sub/link 2>/dev/null || echo refused
        for at in /n /n/sub; do says \$at | cut -d' ' -f1; done" \
        "$(adds "$(mount_json bind "$PWD/top" /m rbind rnosymfollow)" "$(mount_json bind "$PWD/top" /n rbind nosymfollow)")"
}

@test "tmpfs: size in percent, blocks, inodes, owners; in a user namespace those of the container" {
    pages=$(awk '$1 == "MemTotal:" { print int($2 / 4) }' /proc/meminfo)
    for more in . "$(user_namespace)"; do
        answers $'yes\nsize=40k nr_inodes=7 mode=711 uid=1000 gid=1001\n1000:1001 711' \
            "blocks=\$(stat -f -c %b /m); [ \$blocks -gt $((pages / 3)) ] && [ \$blocks -lt $((pages * 2 / 3)) ] && echo yes
            $says says /m/t | grep -o 'size=40k' | tr '\n' ' '; says /m/t | grep -o 'nr_inodes=7\|mode=711' | tr '\n' ' '
            echo uid=1000 gid=1001; stat -c '%u:%g %a' /m/t" \
            "$(adds "$(mount_json tmpfs tmpfs /m size=50%)" "$(mount_json tmpfs tmpfs /m/t size=40k nr_inodes=7 mode=711 uid=1000 gid=1001)")" "$more"
    done
    # an owner that the namespace does not have
    b=$(bundle c1 "$(user_namespace)" "$(adds "$(mount_json tmpfs tmpfs /m uid=70000)")")
    expect_error "mounts\[7\]: option 'uid'" run -b "$b" c1
}

@test "devpts: the group of terminals is left out where the user namespace does not have it" {
    with='.mounts |= map(if .destination == "/dev/pts" then .options = ["newinstance", "gid=5"] else . end)'
    answers 'gid=100005' 'grep " /dev/pts " /proc/self/mountinfo | grep -o "gid=[0-9]*"' "$(user_namespace)" "$with"
    b=$(bundle c1 "$(user_namespace)" '.linux.gidMappings[0].size = 5' "$with" "$(args sh -c 'grep " /dev/pts " /proc/self/mountinfo')")
    succeeds run -b "$b" c1
    lacks "$output" gid=
    succeeds --log warnings --log-level warning run -b "$b" c1
    contains "$(<warnings)" 'gid=5 left out, it is not in linux.gidMappings'
}

@test "a remount in a user namespace takes off what is not locked, and keeps the rest" {
    mkdir plain && mount -t tmpfs -o nosuid,nodev,noexec tmpfs plain
    for more in . "$(user_namespace)"; do
        answers 'ro,nosuid,nodev,noexec,relatime' "$says says /m | cut -d' ' -f1" \
            "$(adds "$(mount_json bind "$PWD/plain" /m rbind rprivate)" "$(mount_json none none /m remount bind ro)")" "$more"
        # its own mount has no locked flags
        answers 'rw,nodev,relatime' "$says says /m | cut -d' ' -f1" \
            "$(adds "$(mount_json tmpfs tmpfs /m nosuid nodev ro)" "$(mount_json '' '' /m remount rw suid)")" "$more"
    done
    # its own word it takes back
    answers 'rw,nosuid,nodev,noexec,relatime' "$says says /m | cut -d' ' -f1" \
        "$(adds "$(mount_json bind "$PWD/plain" /m rbind ro)" "$(mount_json none none /m remount bind exec rw)")" "$(user_namespace)"
}

@test "a source that is empty or none; type none and bind" {
    answers $'tmpfs\nnone\nwhatever' 'for i in 1 2 3; do awk -v at=/t$i '\''$5 == at { for (i = 7; $i != "-"; i++); print $(i + 2) }'\'' /proc/self/mountinfo; done' \
        "$(adds "$(mount_json tmpfs "" /t1)" "$(mount_json tmpfs none /t2)" "$(mount_json tmpfs whatever /t3)")"
    echo there >file
    answers $'there\nthere' 'cat /f1 /f2' "$(adds "$(mount_json none "$PWD/file" /f1 bind)" "$(mount_json bind "$PWD/file" /f2)")"
}

@test "the view of the cgroups: attributes, also recursive ones, are those of all its parts" {
    for option in ro rro; do
        answers 'ro,nosuid,nodev,noexec' \
            'awk '\''$5 ~ "^/sys/fs/cgroup" { print $6 }'\'' /proc/self/mountinfo | sed "s/,relatime//" | sort -u' \
            ".mounts |= map(if .destination == \"/sys/fs/cgroup\" then .options = [\"nosuid\", \"nodev\", \"noexec\", \"$option\"] else . end)"
    done
    answers 'rw,nosuid' 'awk '\''$5 ~ "^/sys/fs/cgroup" { print $6 }'\'' /proc/self/mountinfo | sed "s/,relatime//" | sort -u' \
        '.mounts |= map(if .destination == "/sys/fs/cgroup" then .options = ["rnosuid"] else . end)'
}

@test "mqueue in both, shared memory with its size" {
    for more in . "$(user_namespace)"; do
        answers $'mqueue\n16' 'awk '\''$5 == "/dev/mqueue" { for (i = 7; $i != "-"; i++); print $(i + 1) }'\'' /proc/self/mountinfo; stat -f -c %b /m' \
            "$(adds "$(mount_json tmpfs shm /m nosuid noexec nodev mode=1777 size=65536)")" "$more"
    done
}
