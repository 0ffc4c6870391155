# SPDX-License-Identifier: Apache-2.0
# /dev: the nodes and links that each container has, those of the config, and what the image has there (config-linux.md
# "Devices", "Default Devices").
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
    umount_all
    end_test
}

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
