# SPDX-License-Identifier: Apache-2.0
# Symlinks as the source or the destination of a bind mount: followed, unless copy-symlink, src-nofollow or
# dest-nofollow say otherwise.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load mounts

setup_file() {
    make_rootfs
    local root=$BATS_FILE_TMPDIR/rootfs
    mkdir -p "$root/open"
    chmod 777 "$root/open" # root of a user namespace makes things here
}
setup() {
    requires root world
    start_test
    make_canary
    mkdir host
    echo host >host/file
    ln -s file host/link
    ln -s /etc/inside host/absolute
    ln -s nowhere host/dangling
    ln -s "$CANARY" host/canary
    chmod 755 "$BATS_TEST_TMPDIR"
}
teardown() {
    umount_all
    end_test
}
h() { echo "$BATS_TEST_TMPDIR/host/$1"; }

@test "copy-symlink copies a symlink, and binds any other file" {
    for more in . "$(user_namespace)"; do
        answers $'file\n/etc/inside\nnowhere\nhost' \
            'cd /open && readlink new && readlink absolute && readlink a/b/dangling && cat plain' \
            "$(adds "$(mount_json bind "$(h link)" /open/new copy-symlink)" \
                "$(mount_json bind "$(h absolute)" /open/absolute bind ro copy-symlink)" \
                "$(mount_json bind "$(h dangling)" /open/a/b/dangling rbind copy-symlink)" \
                "$(mount_json bind "$(h file)" /open/plain copy-symlink)")" "$more"
        [ ! -L "$b/rootfs/open/plain" ]
        # it is not a mount
        answers '' 'grep " /open/" /proc/self/mountinfo; true' \
            "$(adds "$(mount_json bind "$(h link)" /open/new copy-symlink)")" "$more"
    done
}

@test "copy-symlink: the same one may be there already, anything else may not" {
    b=$(bundle c1 "$(args readlink /open/x)" "$(adds "$(mount_json bind "$(h link)" /open/x copy-symlink)")")
    ln -s file "$b/rootfs/open/x"
    succeeds run -b "$b" c1
    is "$output" file
    for there in 'ln -s fil' 'ln -s file2' 'mkdir' 'touch'; do
        rm -rf "$b/rootfs/open/x"
        $there "$b/rootfs/open/x"
        expect_error "'/open/x' exists already and is not a symlink to 'file'" run -b "$b" c1
    done
}

@test "copy-symlink makes nothing outside of the root, whatever the image has on the way" {
    b=$(bundle c1 "$(args true)" "$(adds "$(mount_json bind "$(h link)" /open/way/x copy-symlink)")")
    for target in "$CANARY" "../../../../../../../../../../..$CANARY"; do
        rm -rf "$b/rootfs/open/way" "$b/rootfs/tmp/bats"*
        ln -s "$target" "$b/rootfs/open/way"
        shim_in 10 run -b "$b" c1 || true
        [ ! -L "$CANARY/x" ]
    done
    # nor in /proc under another name
    rm -rf "$b/rootfs/open/way"
    ln -s /proc/sys "$b/rootfs/open/way"
    expect_error "'/open/way/x' leads into /proc" run -b "$b" c1
}

@test "src-nofollow binds the symlink itself" {
    # followed: what it leads to on the host; itself: what its text leads to in the container
    b=$(bundle c1 "$(args sh -c 'readlink /open/y; cat /open/y; cat /open/x')" \
        "$(adds "$(mount_json bind "$(h link)" /open/x bind)" "$(mount_json bind "$(h link)" /open/y bind src-nofollow)")")
    echo container >"$b/rootfs/open/file"
    succeeds run -b "$b" c1
    is "$output" $'file\ncontainer\nhost'
    # a link into a directory of the host is none there
    answers "$CANARY"$'\nnone' 'readlink /open/y; ls /open/y/ 2>/dev/null || echo none' \
        "$(adds "$(mount_json bind "$(h canary)" /open/y bind src-nofollow)")" "$(user_namespace)"
}

@test "dest-nofollow covers the symlink itself" {
    b=$(bundle c1 "$(args sh -c 'cat /open/x; cat /open/target')" \
        "$(adds "$(mount_json bind "$(h file)" /open/x bind dest-nofollow)")")
    echo target >"$b/rootfs/open/target"
    ln -s target "$b/rootfs/open/x"
    succeeds run -b "$b" c1
    is "$output" $'host\ntarget'
    [ -L "$b/rootfs/open/x" ]
    # without it the link is followed
    edit_config "$b" '.mounts |= map(.options -= ["dest-nofollow"])'
    succeeds run -b "$b" c1
    is "$output" $'host\nhost'
    # a dangling one, too; and what is missing is made
    edit_config "$b" "$(adds "$(mount_json bind "$(h file)" /open/new/file bind dest-nofollow)" \
        "$(mount_json bind "$(h .)" /open/new/directory bind dest-nofollow)") | .process.args = [\"sh\", \"-c\", \"cat /open/new/file /open/new/directory/file\"]"
    succeeds run -b "$b" c1
    is "$output" $'host\nhost'
    # a directory cannot lie over a symlink
    edit_config "$b" "$(adds "$(mount_json bind "$(h .)" /open/x bind dest-nofollow)")"
    expect_error "make '/open/x' in the root filesystem: not a directory" run -b "$b" c1
}

@test "src-nofollow and dest-nofollow bind a symlink onto a symlink" {
    b=$(bundle c1 "$(args sh -c 'readlink /open/x; cat /open/x')" \
        "$(adds "$(mount_json bind "$(h link)" /open/x bind src-nofollow dest-nofollow)")")
    echo container >"$b/rootfs/open/file"
    ln -s other "$b/rootfs/open/x"
    succeeds run -b "$b" c1
    is "$output" $'file\ncontainer'
}

@test "options about symlinks are refused of what is not a bind" {
    for option in copy-symlink src-nofollow dest-nofollow; do
        b=$(bundle "c$option" "$(adds "$(mount_json tmpfs tmpfs /x "$option")")")
        expect_error "mounts\[[0-9]+\].options: $option needs a bind mount" run -b "$b" c1
    done
}
