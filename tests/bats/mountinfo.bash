# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of the tests
# SPDX-License-Identifier: Apache-2.0
# What the tests share that read mounts back from the kernel's own table: `load mountinfo` after `load helpers`.

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
