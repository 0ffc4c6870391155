# SPDX-License-Identifier: Apache-2.0
# Masked and read-only paths and a read-only root (config-linux.md "Masked Paths", "Readonly Paths").
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
