# SPDX-License-Identifier: Apache-2.0
# The root itself: how it is changed, that the host's is out of reach then, and a mount over it.
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

# ---- how the root is changed

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
    expect_error 'destination: the root file system can only be mounted when the container is created' mounts add c1 mounts.json
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
