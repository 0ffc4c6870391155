# SPDX-License-Identifier: Apache-2.0
# Overlays (Podman's :O volumes among them) whose directories are more text than fsconfig(2) takes at once.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load mounts

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
    # upper directories need a file system that can be one
    mkdir l
    mount -t tmpfs tmpfs l
    cd l || return 1
}
teardown() {
    cd "$BATS_TEST_TMPDIR" || return 1
    umount_all
    end_test
}
long=$(printf 'x%.0s' {1..200})
escape() { sed 's/[\\:,]/\\&/g' <<<"$1"; }
# deep NAME: a directory with a path of more than 255 bytes
deep() { mkdir -p "$PWD/$long/$1/$long" && echo "$PWD/$long/$1/$long"; }
# layers N DIRECTORY: makes DIRECTORY/1 ... N, each with a file of its own; "a:b:..." in $lower
layers() {
    local i
    lower=
    for ((i = 1; i <= $1; i++)); do
        mkdir -p "$2/$i"
        echo "$i" >"$2/$i/file$i"
        echo "$i" >"$2/$i/same"
        lower+=${lower:+:}$(escape "$2/$i")
    done
}
overlay() { adds "$(mount_json overlay overlay /m "$@")"; }

@test "the three directories of an overlay may have long names" {
    lower=$(deep lower) upper=$(deep upper) work=$(deep work)
    echo lower >"$lower/file"
    answers lower 'cat /m/file && echo changed >/m/file' "$(overlay "lowerdir=$lower" "upperdir=$upper" "workdir=$work" private)"
    is "$(cat "$lower/file") $(cat "$upper/file")" "lower changed"
    # in a user namespace
    chown -R 100000:100000 "$long"
    chmod 755 .
    for ((directory = 1; directory < 5; directory++)); do
        chmod a+x "$(cd "$BATS_TEST_TMPDIR" && cut -d/ -f "1-$((directory + 1))" <<<"$PWD")"
    done
    answers changed 'cat /m/file' "$(overlay "lowerdir=$lower" "upperdir=$upper" "workdir=$work" userxattr)" "$(user_namespace)" '.mounts |= map(if .destination == "/m" then .destination = "/home" else . end)' '.process.args[2] |= sub("/m"; "/home")'
}

@test "names of layers may have colons, commas and backslashes, short and long" {
    for where in "$PWD/s" "$(deep odd)"; do
        odd=$where/'a:b,c\d e'
        mkdir -p "$odd/lower" "$odd/upper" "$odd/work"
        echo odd >"$odd/lower/file"
        answers odd 'cat /m/file; touch /m/new' \
            "$(overlay "lowerdir=$(escape "$odd/lower"):$(escape "$odd/lower/.")" "upperdir=$(escape "$odd/upper")" "workdir=$(escape "$odd/work")")" ||
            answers odd 'cat /m/file; touch /m/new' \
                "$(overlay "lowerdir=$(escape "$odd/lower")" "upperdir=$(escape "$odd/upper")" "workdir=$(escape "$odd/work")")"
        [ -e "$odd/upper/new" ]
    done
}

@test "some layers are given to the kernel in one text, by the names of descriptors" {
    layers 20 "$PWD/$long"
    answers $'1\n20\n21' 'cat /m/same /m/file20; ls /m | wc -l; grep -q " /m .*lowerdir=[0-9:]*," /proc/self/mountinfo' \
        "$(overlay "lowerdir=$lower")"
}

@test "hundreds of layers are given to the kernel one by one" {
    requires kernel:6.5
    layers 400 "$PWD"
    answers $'1\n400\n401' 'cat /m/same /m/file400; ls /m | wc -l' "$(overlay "lowerdir=$lower")"
    # and with long names
    layers 130 "$(deep many)"
    answers $'1\n130\n131' 'cat /m/same /m/file130; ls /m | wc -l' "$(overlay "lowerdir=$lower")"
}

@test "a layer that does not exist is named" {
    layers 20 "$PWD/$long"
    rmdir "$long"/7 2>/dev/null || rm -r "$long/7"
    b=$(bundle c1 "$(overlay "lowerdir=$lower")")
    expect_error "mounts\[[0-9]+\]: layer '$PWD/x+/7': no such file or directory" run -b "$b" c1
}

@test "an option of another file system that is too long is named, with its mount" {
    b=$(bundle c1 "$(adds "$(mount_json tmpfs tmpfs /m "mpol=$long$long")")")
    expect_error 'mounts\[7\].options: mpol is longer than the 255 bytes' run -b "$b" c1
    b=$(bundle c2 "$(overlay "lowerdir=$PWD" "redirect_dir=$long$long")")
    expect_error 'mounts\[7\].options: redirect_dir is longer than the 255 bytes' run -b "$b" c2
}
