#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What was decided about the kernel's file systems stays so, whatever comes after it: a remount, a hook, more mounts
# in a living container, a source that is exchanged meanwhile.
# world: hybrid

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

powerless='.process.capabilities = {bounding: [], effective: [], permitted: []}'
bind() { mount_json bind "$1" "$2" rbind "${@:3}"; }  # SOURCE DESTINATION [OPTION]...
remount() { mount_json none none "$1" remount "${@:2}"; } # DESTINATION OPTION...
opened() { echo "for f in $*; do (: >>\$f) 2>/dev/null && echo OPENED \$f; done; echo end"; } # FILE...
enabled=kernel/mm/transparent_hugepage/enabled

@test "a remount leaves read-only what is the machine's" {
    mkdir source && mount -t tmpfs none source && mkdir source/inner && mount -t tracefs tracefs source/inner
    for options in "bind rw" rw "rw rro" "bind rrw"; do
        # shellcheck disable=SC2086 # several
        answers end "$(opened /vol/$enabled /home/tracing_on /var/tracing_on)" "$powerless" "$(adds "$(bind /sys /vol rw)" "$(remount /vol $options)" \
            "$(mount_json tracefs tracefs /home)" "$(remount /home $options)" "$(bind "$PWD/source/inner" /var rw)" "$(remount /var $options)")"
    done
    # by another name, from above, and of what was mounted below a source: it is the end of it
    local of=(-e)
    for with in "$(bind /sys /vol)|$(remount /tmp/link bind rw)|/vol" "$(bind /sys /vol)|$(remount / bind rrw)|/vol" \
        "$(bind "$PWD/source" /vol rw)|$(remount /vol/inner bind rw)|/vol/inner" "$(mount_json sysfs sysfs /vol)|$(remount //vol/../tmp/link rw)|/vol"; do
        IFS='|' read -r made again place <<<"$with"
        b=$(bundle "c${#of[@]}" "$(args sh -c "$(opened /vol/$enabled /vol/inner/tracing_on)")" "$powerless" "$(adds "$made" "$again")")
        mkdir "$b/rootfs/vol" && ln -s /vol "$b/rootfs/tmp/link"
        expect_error "kernelMounts: a (sysfs|tracefs) at '$place' in the container must be read-only" run -b "$b" "c${#of[@]}"
        of+=(x)
    done
}

@test "one mount's own options win over the recursive ones, in whatever order" {
    answers end "$(opened /home/tracing_on /vol/$enabled)" "$powerless" "$(adds "$(mount_json tracefs tracefs /home rw rro)" "$(bind /sys /vol rro rw)")"
}

@test "a remount of what may be writable does what it says" {
    answers rw "awk '\$5 == \"/sys\" { split(\$6, a, \",\"); print a[1] }' /proc/self/mountinfo" "$powerless" "$(adds "$(remount /sys rw)")"
    answers rw "awk '\$5 == \"/sys\" { split(\$6, a, \",\"); print a[1] }' /proc/self/mountinfo" "$powerless" "$(adds "$(remount / rrw)")"
}

@test "a hook that makes one writable" {
    b=$(bundle c1 "$(args true)" "$powerless" "$(adds "$(bind /sys /vol)")" ".hooks.createContainer = [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"mount -o remount,bind,rw $BATS_TEST_TMPDIR/c1/rootfs/vol\"]}]")
    expect_error "kernelMounts: a sysfs at '/vol' in the container must be read-only" run -b "$b" c1
}
