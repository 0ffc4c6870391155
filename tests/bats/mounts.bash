# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the tests of mounts share: `load mounts` after `load helpers`.

# mount_json TYPE SOURCE DESTINATION [OPTION]...: a mount as JSON
mount_json() {
    jq -nc '{type: $ARGS.positional[0], source: $ARGS.positional[1], destination: $ARGS.positional[2], options: $ARGS.positional[3:]}' --args -- "$@"
}
# adds JSON...: a filter for `bundle` that adds these mounts
adds() {
    local IFS=,
    echo ".mounts += [$*]"
}
# A filter for `bundle`: a user namespace with the ids from $1 (default 100000).
user_namespace() {
    echo ".linux.namespaces += [{type: \"user\"}]
        | .linux.uidMappings = [{containerID: 0, hostID: ${1:-100000}, size: 65536}]
        | .linux.gidMappings = .linux.uidMappings"
}
# umount_all: in teardown, what the test has mounted on the host, innermost first
umount_all() {
    awk -v below="$BATS_TEST_TMPDIR/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo | tac |
        xargs -r umount -l
}
