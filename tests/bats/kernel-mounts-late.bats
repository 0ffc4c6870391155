#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What was decided about the kernel's file systems stays so, whatever comes after it: a remount, a hook, more mounts
# in a running container, a source that is exchanged meanwhile.
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

@test "a hook that makes a procfs or sysfs writable is an error" {
    b=$(bundle c1 "$(args true)" "$powerless" "$(adds "$(bind /sys /vol)")" ".hooks.createContainer = [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"mount -o remount,bind,rw $BATS_TEST_TMPDIR/c1/rootfs/vol\"]}]")
    expect_error "kernelMounts: a sysfs at '/vol' in the container must be read-only" run -b "$b" c1
}

# While COMMAND of the runtime stands still at STEP, ACTION; then what becomes of it in $output and $status.
meanwhile() { # STEP ACTION ARGUMENT...
    local step=$1 action=$2 pid
    shift 2
    DISTRO_SHIM_FAULT=$step:stop "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" "$@" </dev/null >raced 2>&1 3>&- &
    pid=$!
    wait_until grep -q '^State:.*T' "/proc/$pid/status"
    eval "$action"
    kill -CONT "$pid"
    status=0
    wait "$pid" || status=$?
    output=$(<raced)
}
# What is mounted in a container, without the table's changing numbers.
table() { shim exec "$1" awk '{ print $5 }' /proc/self/mountinfo; }

@test "mounts add: a source that comes, goes or changes after it was judged" {
    requires fault
    b=$(bundle c1 "$(args sleep 1000)" "$powerless") && succeeds run -d -b "$b" c1
    b=$(bundle c2 "$(args sleep 1000)" "$powerless" "$(user_namespace)") && succeeds run -d -b "$b" c2
    mkdir source && chmod 755 . .. source
    echo "[$(bind "$PWD/late" /vol rw)]" >late.json
    echo "[$(bind "$PWD/source" /vol rw)]" >source.json
    before=$(table c1)
    meanwhile mounts:sources 'ln -s /proc late' mounts add c1 late.json
    matches "$status $output" "^1 .*late' for '/vol' is a proc, which is not what was judged"
    meanwhile mounts:sources 'mount -t proc proc source' mounts add c1 source.json
    matches "$status $output" "^1 .*kernelMounts: a proc at '/vol' in the container is not what was judged"
    umount source
    meanwhile mounts:sources 'mkdir source/inner; mount -t tracefs tracefs source/inner' mounts add c1 source.json
    matches "$status $output" "^1 .*kernelMounts: a tracefs at '/vol/inner' in the container is not what was judged"
    umount source/inner
    is "$(table c1)" "$before"
    before=$(table c2)
    meanwhile mounts:sources 'mv source old; ln -s / source' mounts add c2 source.json
    matches "$status $output" '^1 .*source. was exchanged after it was judged'
    is "$(table c2)" "$before"
    # nothing of it is in the way
    rm source && mv old source
    echo "[$(bind "$PWD/source" /home)]" >source.json
    succeeds mounts add c2 source.json
    succeeds mounts add c1 source.json
}

@test "mounts add: where the container has no /sys, or no /proc, what was bound lacks it, too, and a part of it is refused" {
    local n=0 missing users
    for missing in /sys /proc; do for users in . "$(user_namespace)"; do
        n=$((n + 1))
        b=$(bundle "c$n" "$(args sleep 1000)" "$powerless" "$users" '.root.readonly = false' ".mounts |= map(select(.destination != \"$missing\"))")
        [ "$users" = . ] || chown -hR 100000:100000 "$b/rootfs"
        succeeds run -d -b "$b" "c$n"
        echo "[$(bind / /vol)]" >mounts.json
        succeeds mounts add "c$n" mounts.json
        is "$(shim exec "c$n" sh -c "ls -A /vol$missing; ls -d /vol/etc/passwd")" /vol/etc/passwd
        echo "[$(bind $missing /home)]" >mounts.json
        expect_error "'/home' would be a part of the container's own (proc|sysfs), and it has none at '$missing': one can only be mounted by the configuration" mounts add "c$n" mounts.json
        echo '[{"destination": "/vol"}]' >mounts.json
        succeeds mounts remove "c$n" mounts.json
        succeeds delete --force "c$n"
    done; done
}

@test "mounts add: a file system of the kernel's under another name" {
    b=$(bundle c1 "$(args sleep 1000)" "$powerless") && succeeds run -d -b "$b" c1
    echo "[$(mount_json cpuset cpuset /vol)]" >mounts.json
    expect_error "kernelMounts: 'cpuset' for '/vol' is a cgroup" mounts add c1 mounts.json
    b=$(bundle c2 "$(args true)" "$(adds "$(mount_json cpuset cpuset /vol)")")
    expect_error "kernelMounts: 'cpuset' for '/vol' is a cgroup" run -b "$b" c2
}

@test "in a user namespace nothing lies under the container's own, whatever else is bound" {
    [ -e /proc/sys/fs/binfmt_misc/status ] || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc && mounted=yes
    all='.process.capabilities |= (.bounding += ["CAP_SYS_ADMIN"] | .effective += ["CAP_SYS_ADMIN"] | .permitted += ["CAP_SYS_ADMIN"])'
    script='umount -l /var/proc /var/sys; ls /var/proc /var/sys; echo end; grep -c " /var/proc \| /var/sys " /proc/self/mountinfo'
    nothing=$'/var/proc:\n\n/var/sys:\nend\n0'
    for from in /proc/1/ns/net /run/netns/distros /proc/sys/fs/binfmt_misc/status; do
        ask "$script" "$(user_namespace)" "$all" "$(adds "$(bind / /var)" "$(bind "$from" /tmp/file)")"
        contains "$output" "$nothing"
    done
    # what lies in what was taken away is there all the same; and so it is in a running container
    b=$(bundle c1 "$(args sleep 1000)" "$all" "$(user_namespace)") && warns=CAP_SYS_ADMIN succeeds run -d -b "$b" c1
    echo "[$(bind / /var), $(bind /proc/sys/fs/binfmt_misc/status /tmp/status)]" >mounts.json
    succeeds mounts add c1 mounts.json
    run shim exec c1 sh -c "cat /tmp/status; $script"
    [ -z "${mounted:-}" ] || umount /proc/sys/fs/binfmt_misc
    contains "$output" abled
    contains "$output" "$nothing"
}

@test "an overlay shows nothing of the kernel's, however its layers are written" {
    mkdir -p layer 'a:b' upper work && ln -s /sys/kernel 'a:b/c' && ln -s /sys/devices/virtual/net link
    i=0
    for options in "index=off,lowerdir=/sys/devices/virtual/net:$PWD/layer" "lowerdir=$PWD/layer:$PWD/link" "metacopy=off,index=off,lowerdir=$PWD/layer:/sys/kernel,xino=off" \
        "lowerdir+=$PWD/layer lowerdir+=$PWD/a:b/c" "index=off,lowerdir+=/sys/kernel lowerdir+=$PWD/layer" "lowerdir=$PWD/layer index=off,upperdir=/sys/kernel,workdir=$PWD/work"; do
        # shellcheck disable=SC2086 # several
        b=$(bundle "c$i" "$(args true)" "$(adds "$(mount_json overlay overlay /vol $options)")")
        expect_error 'kernelMounts: a layer of it is a kernel file system' run -b "$b" "c$((i++))"
    done
    touch upper/file
    answers file 'ls /vol' "$(adds "$(mount_json overlay overlay /vol "index=off,lowerdir=$PWD/upper:$PWD/layer")")"
}

@test "a layer that is exchanged after it was judged is an error" {
    requires fault
    mkdir -p layer one && touch one/file
    b=$(bundle c1 "$(args ls /vol)" "$(adds "$(mount_json overlay overlay /vol "lowerdir=$PWD/layer:$PWD/one")")")
    meanwhile parent:sources 'mv layer old; ln -s /sys/devices/virtual/net layer' run -b "$b" c1
    matches "$status $output" "^1 .*kernelMounts: the layer '.*layer' of '/vol' is a sysfs"
    # of a running container
    rm layer && mkdir layer
    b=$(bundle c2 "$(args sleep 1000)") && succeeds run -d -b "$b" c2
    echo "[$(mount_json overlay overlay /home "lowerdir=$PWD/layer:$PWD/one")]" >mounts.json
    meanwhile mounts:sources 'rmdir layer; ln -s /sys/devices/virtual/net layer' mounts add c2 mounts.json
    matches "$status $output" "^1 .*kernelMounts: the layer '.*layer' of '/home' is a sysfs"
}

@test "the host's bpf file system, read-only or not, is a new one" {
    mkdir source && mount -t tmpfs none source && mkdir source/bpf && mount -t bpf bpf source/bpf && mkdir source/bpf/pinned
    for options in ro rw; do
        warns='left out: "/bpf"' answers $'0\nbpf\nbpf' "ls /vol /home/bpf | grep -c pinned; awk '\$5 ~ \"/(vol|home/bpf)\$\" { split(\$0, a, \" - \"); print substr(a[2], 1, 3) }' /proc/self/mountinfo" \
            "$(adds "$(bind "$PWD/source/bpf" /vol $options)" "$(bind "$PWD/source" /home $options)")"
    done
    ask 'ls /home/bpf | grep pinned; true' "$(user_namespace)" "$(adds "$(bind "$PWD/source" /home)")"
    is "$status $output" "0 "
    warns='left out: "/bpf"' silent
    b=$(bundle c1 "$(args true)" "$(adds "$(bind "$PWD/source/bpf/pinned" /vol)")")
    expect_error 'kernelMounts: .*a part of the host.s bpf file system' run -b "$b" c1
    b=$(bundle c2 "$(args sleep 1000)" "$powerless" '.root.readonly = false') && succeeds run -d -b "$b" c2
    echo "[$(bind "$PWD/source/bpf" /vol), $(bind "$PWD/source" /data)]" >mounts.json
    succeeds mounts add c2 mounts.json
    run shim exec c2 sh -c 'ls -d /vol/. /data/bpf/.; ls -d /vol/pinned /data/bpf/pinned 2>/dev/null'
    is "$output" $'/data/bpf/.\n/vol/.'
}

@test "mounts remove leaves what guards a procfs or sysfs beside the usual place" {
    b=$(bundle c1 "$(args sleep 1000)" '.root.readonly = false' "$powerless" "$(adds "$(bind /proc /vol)" "$(bind / /home)" "$(mount_json tmpfs tmpfs /var)")" \
        '.linux.maskedPaths += ["/proc/timer_list", "/proc/acpi", "/sys/firmware"]')
    ln -s /vol/sys "$b/rootfs/link"
    warns='left out: "/sys" .sysfs., "/proc"' succeeds run -d -b "$b" c1
    before=$(table c1)
    for place in /vol/sys /home/proc/sys /link /vol/timer_list /home/sys/firmware; do
        echo "[{\"destination\": \"$place\"}]" >mounts.json
        expect_error "$place. stays, because something there is masked or read-only" mounts remove c1 mounts.json
    done
    is "$(table c1)" "$before"
    # the whole with its guards, and what is mounted on a sysfs besides
    mkdir dir && echo "[$(bind "$PWD/dir" /home/sys/kernel/mm), $(bind /proc /var)]" >mounts.json
    succeeds mounts add c1 mounts.json
    succeeds mounts remove c1 mounts.json
    is "$(table c1)" "$before"
    echo '[{"destination": "/vol"}, {"destination": "/home"}, {"destination": "/home/proc"}, {"destination": "/home/sys"}]' >mounts.json
    succeeds mounts remove c1 mounts.json
}

@test "no file server is asked what it is: one that never answers stops neither explain nor create" {
    requires file:/dev/fuse
    mkdir fuse && { "$BATS_TEST_DIRNAME/silent_fuse.py" "$PWD/fuse" >server 2>&1 3>&- & }
    server=$!
    wait_until grep mounted server
    b=$(bundle c1 "$(args echo up)" "$(adds "$(bind "$PWD/fuse" /home)" "$(mount_json bind "$PWD/fuse" /tmp/link bind copy-symlink)")")
    status=0
    output=$(shim_in 10 explain --bundle "$b" </dev/null) || status=$?
    is "$status" 0
    attempt run -b "$b" c1
    kill "$server"
    wait "$server" || true
    is "$status $output" "0 up"
}

@test "parts of procfs and sysfs: a thread, a procfs of processes alone, a link that a mask does not know" {
    answers "ls" 'ls -d /vol/comm >/dev/null && tr "\0" " " </vol/cmdline | cut -c 1-2 | sed s/sh/ls/' "$powerless" "$(adds "$(bind /proc/thread-self /vol)")"
    answers "$(cat /proc/sys/kernel/ostype)" 'cat /vol/kernel/ostype' "$powerless" '.mounts[0].options = ["subset=pid"]' "$(adds "$(bind /proc/sys /vol)")"
    b=$(bundle c1 "$(args true)" '.linux.maskedPaths = ["/sys/devices/virtual/net"]' "$(adds "$(mount_json sysfs sysfs /vol subtree=/class/net/lo)")")
    expect_error "open '/class/net/lo' of the container's own" run -b "$b" c1
    b=$(bundle c2 "$(args true)" ".mounts[0] = $(bind /proc/sys /proc)")
    expect_error 'mounts.0..destination: only type proc' run -b "$b" c2
    # a remount is none that lies there later
    b=$(bundle c3 "$(args ls /vol/s/class/net)" "$powerless" "$(adds "$(remount /vol/s bind ro)")")
    mkdir -p "$b/rootfs/vol/s" && mount -t sysfs sysfs "$b/rootfs/vol/s"
    attempt run -b "$b" c3
    is "$status $output" "0 $(ip netns exec distros ls /sys/class/net)"
    warns='left out: "/vol/s"' silent
}
