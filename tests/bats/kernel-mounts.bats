#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Kernel file systems that come from the host or lie in the image: known by what they are, wherever they
# are mounted and whatever leads there. The container has its own, or the host's read-only.
# world: hybrid v2

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load mounts

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
    before=$(shared_ttl)
    requested='{"version": 1, "kernelMounts": "requested"}'
}
teardown() {
    umount_all
    end_test && [ "$(shared_ttl)" = "$before" ]
}

# A setting of the shared network, which root can write without any capability.
shared_ttl() { ip netns exec distros cat /proc/sys/net/ipv4/ip_default_ttl; }
set_ttl() { echo "(echo 77 >$1/net/ipv4/ip_default_ttl) 2>/dev/null && echo WROTE"; } # DIRECTORY
powerless='.process.capabilities = {bounding: [], effective: [], permitted: []}'
bind() { mount_json bind "$1" "$2" rbind "${@:3}"; } # SOURCE DESTINATION [OPTION]...
# What of the kernel's can be written to: place and type, but for procfs.
writable='awk '\''{ n = split($0, a, " - "); split(a[2], b, " ") }
    b[1] ~ /^(sysfs|cgroup2?|debugfs|tracefs|configfs|bpf|binfmt_misc|securityfs|pstore|fusectl)$/ && $6 !~ /(^|,)ro(,|$)/ { print $5, b[1] }'\'' /proc/self/mountinfo'
# how many processes with the host's command line, and not with this one
# shellcheck disable=SC2089 # for a shell in the container
count="tr '\\0' ' ' | grep -c 'sleep 9876[5]'"
shared_links() { ip netns exec distros ls /sys/class/net; }

@test "a bind of /proc, or of a part of it, is the container's own and its sys read-only" {
    for source in /proc /proc/sys /proc/sys/net /proc/self/../sys; do
        below=${source#/proc}
        [ "$source" = /proc ] && below=/sys || below=
        case $source in */net) script="(echo 77 >/vol/ipv4/ip_default_ttl) 2>/dev/null && echo WROTE; cat /vol/ipv4/ip_default_ttl" ;;
        *) script="$(set_ttl "/vol$below"); cat /vol$below/net/ipv4/ip_default_ttl" ;; esac
        answers "$before" "$script" "$powerless" "$(adds "$(bind "$source" /vol rw)")"
    done
    # no process of the host
    sleep 98765 3>&- &
    ask "cat /vol/[0-9]*/cmdline /proc/[0-9]*/cmdline | $count" "$(adds "$(bind /proc /vol)")"
    is "$output" 0
    # also where it is at /proc itself
    ask "cat /proc/[0-9]*/cmdline | $count" '.mounts |= map(select(.destination != "/proc"))' ".mounts = [$(bind /proc /proc rw)] + .mounts"
    kill $!
    is "$output" 0
}

@test "a bind through a link of the image, of a file, or through a link of the host is read-only, too" {
    ln -s /proc/sys link
    ask "$(set_ttl /vol); cat /vol/net/ipv4/ip_default_ttl" "$powerless" "$(adds "$(bind "$PWD/link" /vol)")"
    is "$output" "$before"
    # the destination: by a link of the image
    b=$(bundle c1 "$(args sh -c "$(set_ttl /vol/sys); cat /vol/sys/net/ipv4/ip_default_ttl")" "$powerless" "$(adds "$(bind /proc /tmp/link)")")
    mkdir "$b/rootfs/vol" && ln -s /vol "$b/rootfs/tmp/link"
    run_container "$b"
    is "$output" "$before"
    # then a tmpfs hides the link: what was mounted through it is guarded all the same
    b=$(bundle c2 "$(args sh -c "$(set_ttl /vol/sys); cat /vol/sys/net/ipv4/ip_default_ttl; (: >>/vol/irq/default_smp_affinity) 2>&1")" "$powerless" \
        "$(adds "$(bind /proc /tmp/link)" "$(mount_json tmpfs tmpfs /tmp)")")
    mkdir "$b/rootfs/vol" && ln -s /vol "$b/rootfs/tmp/link"
    run_container "$b"
    contains "$output" "$before"
    contains "$output" "Read-only file system"
    lacks "$output" WROTE
    # one file of it
    answers "$(uname -r)" 'cat /etc/release; (: >>/etc/release) 2>/dev/null && echo OPENED; true' "$powerless" "$(adds "$(bind /proc/sys/kernel/osrelease /etc/release)")"
    # one process of it is the host's alone
    b=$(bundle c3 "$(args true)" "$(adds "$(bind /proc/1 /vol)")")
    expect_error 'kernelMounts: .*of one process.*requested' run -b "$b" c3
}

@test "type proc at another place is masked and read-only as /proc is" {
    answers $'no\n0\nno' "$(set_ttl /vol/sys) || echo no; cat /vol/timer_list | wc -c; ls /vol/irq/default_smp_affinity >/dev/null; (: >>/vol/irq/default_smp_affinity) 2>/dev/null || echo no" "$powerless" \
        "$(adds "$(mount_json proc proc /vol)")" '.linux.maskedPaths = ["/proc/timer_list"] | .linux.readonlyPaths = ["/proc/sys", "/proc/irq"]'
    # what is asked for of /proc/sys under procSys holds there, too
    policy '{"version": 1, "procSys": "requested"}'
    answers OPENED '(: >>/vol/sys/net/ipv4/ip_default_ttl) 2>/dev/null && echo OPENED' "$powerless" "$(adds "$(mount_json proc proc /vol)")" '.linux.readonlyPaths = []'
}

@test "the host's / comes without them: own procfs and sysfs in their places" {
    sleep 98765 3>&- &
    ask "ls /vol/usr >/dev/null && cat /vol/proc/[0-9]*/cmdline | $count; $(set_ttl /vol/proc/sys); ls /vol/sys/class/net; $writable; echo end" \
        "$powerless" "$(adds "$(bind / /vol rw)")"
    kill $!
    is "$output" "0"$'\n'"$(shared_links)"$'\nend'
    # as node-exporter and cAdvisor ask for them
    ask "cat /host/proc/sys/net/ipv4/ip_default_ttl; ls /host/sys/class/net; ls /rootfs/etc/passwd; ls /rootfs/proc | grep -c '^[0-9]'; $writable" "$powerless" \
        "$(adds "$(bind /proc /host/proc ro rprivate)" "$(bind /sys /host/sys ro rprivate)" "$(bind / /rootfs ro rslave)")" '.linux.rootfsPropagation = "rslave"'
    matches "$output" "^$before"$'\n'"$(shared_links)"$'\n/rootfs/etc/passwd\n[1-9]$'
    mkdir -p /run/kernel-mounts && touch /run/kernel-mounts/here
    ask "ls /rootfs/etc/passwd /var/run/kernel-mounts/here; ls /sys/class/net; ls /sys/fs/cgroup | wc -l; $writable" "$powerless" '.mounts |= map(select(.destination != "/sys"))' \
        "$(adds "$(bind / /rootfs ro)" "$(bind /run /var/run ro)" "$(bind /sys /sys ro)" "$(bind /dev /dev/disk ro)")"
    rm -r /run/kernel-mounts
    matches "$output" $'^/rootfs/etc/passwd\n/var/run/kernel-mounts/here\n'"$(shared_links)"$'\n[1-9][0-9]*$'
}

@test "a procfs or sysfs that lies in the root file system gives way to the container's own" {
    b=$(bundle c1 "$(args sh -c "$(set_ttl /vol/p/sys); ls /vol/s/class/net; for f in /vol/s/kernel/mm/transparent_hugepage/enabled /vol/s/kernel/mm/swap/vma_ra_enabled; do (: >>\$f) 2>/dev/null && echo OPENED; done; $writable")" "$powerless")
    mkdir -p "$b"/rootfs/vol/{p,s,t}
    mount -t proc proc "$b/rootfs/vol/p"
    mount -t sysfs sysfs "$b/rootfs/vol/s"
    # on the first another one, of which nothing may stay
    mount -t proc proc "$b/rootfs/vol/p"
    attempt run -b "$b" c1
    is "$status $output" "0 $(shared_links)"
    warns='/root/path.*left out: "/vol/s" .sysfs., "/vol/p" .proc.' silent
    # explain says so before
    output=$(shim explain --bundle "$b")
    contains "$output" "kernelMounts"
    contains "$output" "/vol/p"
}

@test "a sysfs shows the links of the shared network, and is read-only without CAP_SYS_ADMIN" {
    test_links=$(shared_links)
    for where in /vol /sys; do
        ask "ls $where/class/net; (: >>$where/kernel/mm/transparent_hugepage/enabled) 2>/dev/null && echo OPENED; (: >>$where/kernel/mm/swap/vma_ra_enabled) 2>/dev/null && echo OPENED; true" "$powerless" \
            '.mounts |= map(select(.destination != "/sys"))' "$(adds "$(bind /sys $where rw)")"
        is "$output" "$test_links"
    done
    # a part of it
    ask 'ls /vol' "$powerless" "$(adds "$(bind /sys/class /vol)")"
    contains "$output" net
    answers "lo" 'ls /vol | grep -x lo' "$powerless" "$(adds "$(bind /sys/devices/virtual/net /vol)")"
    # as for the whole at /sys: who could make it writable gets it writable
    warns=CAP_SYS_ADMIN answers 'rw' "awk '\$5 == \"/vol\" { split(\$6, a, \",\"); print a[1] }' /proc/self/mountinfo" "$(adds "$(bind /sys /vol rw)")" \
        '.process.capabilities |= (.bounding += ["CAP_SYS_ADMIN"] | .effective += ["CAP_SYS_ADMIN"] | .permitted += ["CAP_SYS_ADMIN"])'
}

@test "control groups: the container's own view, writable from its own group down where that was asked for" {
    ask 'ls -d /vol/*; mkdir /vol/inner 2>/dev/null || mkdir /vol/pids/inner && echo made; rmdir /vol/inner /vol/pids/inner 2>/dev/null
        cat /vol/cgroup.procs /vol/pids/cgroup.procs 2>/dev/null | head -1' "$(adds "$(bind /sys/fs/cgroup /vol rw)")" '.linux.cgroupsPath = "/kernel-mounts/c"'
    contains "$output" made
    lacks "$output" kernel-mounts
    # asked for read-only, with all below it
    ask 'mkdir /vol/inner || mkdir /vol/pids/inner && echo made' "$(adds "$(bind /sys/fs/cgroup /vol rro)")"
    lacks "$output" made
    # a group of another program can be looked at
    other=/sys/fs/cgroup/pids && [ -d $other ] || other=/sys/fs/cgroup
    mkdir "$other/somebody-else"
    ask 'ls /vol/cgroup.procs; mkdir /vol/inner 2>/dev/null || echo no; (echo 0 >/vol/cgroup.procs) 2>/dev/null || echo no' "$(adds "$(bind "$other/somebody-else" /vol rw)")"
    rmdir "$other/somebody-else"
    is "$output" $'/vol/cgroup.procs\nno\nno'
}

@test "one hierarchy of version 1, as Podman binds it for systemd" {
    requires hybrid
    answers $'made\nro' 'mkdir /sys/fs/cgroup/systemd/inner && echo made; rmdir /sys/fs/cgroup/systemd/inner
        awk '\''$5 == "/sys/fs/cgroup" { split($6, a, ","); print a[1] }'\'' /proc/self/mountinfo' "$(adds "$(bind /sys/fs/cgroup/systemd /sys/fs/cgroup/systemd rprivate)")"
}

@test "what is the machine's is read-only" {
    mkdir source && mount -t tmpfs none source && mkdir source/inner
    mount -t tracefs tracefs source/inner 2>/dev/null || mount -t debugfs debugfs source/inner || skip "needs tracefs or debugfs"
    for from in source/inner source; do
        below=${from#source} && [ -n "$below" ] && below= || below=/inner
        ask "ls /vol$below >/dev/null && awk '\$5 == \"/vol$below\" { split(\$6, a, \",\"); print a[1] }' /proc/self/mountinfo; $writable" "$(adds "$(bind "$PWD/$from" /vol rw)")"
        is "$output" ro
    done
    policy "$requested"
    ask "awk '\$5 == \"/vol\" { split(\$6, a, \",\"); print a[1] }' /proc/self/mountinfo" "$(adds "$(bind "$PWD/source/inner" /vol rw)")"
    is "$output" rw
}

@test "an overlay on the kernel's file systems is refused" {
    mkdir upper work
    b=$(bundle c1 "$(args true)" "$(adds "$(mount_json overlay overlay /vol "lowerdir=/usr:/sys/kernel" "upperdir=$PWD/upper" "workdir=$PWD/work")")")
    expect_error 'kernelMounts: a layer of it' run -b "$b" c1
}

@test "kernelMounts requested, and a policy that observes: as asked for" {
    sleep 98765 3>&- &
    policy "$requested"
    ask 'cat /vol/[0-9]*/cmdline | '"$count"'; ls /host/sys/class/net' "$(adds "$(bind /proc /vol)" "$(bind /sys /host/sys)")"
    is "$output" "1"$'\n'"$(ls /sys/class/net)"
    policy '{"version": 1, "mode": "observe"}'
    ask 'cat /vol/[0-9]*/cmdline | '"$count" "$(adds "$(bind /proc /vol)")"
    kill $!
    is "$output" 1
}

@test "with a user namespace /proc is the container's own, and /sys shows the shared links" {
    sleep 98765 3>&- &
    ask 'cat /home/[0-9]*/cmdline /var/proc/[0-9]*/cmdline | '"$count"'; ls /var/sys/class/net' "$(user_namespace)" \
        "$(adds "$(bind /proc /home)" "$(bind / /var)")"
    kill $!
    is "$output" "0"$'\n'"$(shared_links)"
    warns='left out: "/sys" .sysfs., "/proc" .proc.' silent
}

@test "with a user namespace and all its power: nothing lies under the container's own" {
    all='.process.capabilities |= (.bounding += ["CAP_SYS_ADMIN"] | .effective += ["CAP_SYS_ADMIN"] | .permitted += ["CAP_SYS_ADMIN"])'
    ask 'umount -l /var/proc /var/sys; ls /var/proc /var/sys; echo end; grep -c " /var/proc \| /var/sys " /proc/self/mountinfo' "$(user_namespace)" "$all" "$(adds "$(bind / /var)")"
    contains "$output" $'/var/proc:\n\n/var/sys:\nend\n0'
    # what is read-only on the host stays so
    mkdir source && mount -t tmpfs none source && chmod 777 source && mount -o remount,bind,ro source
    ask 'mount -o remount,bind,rw /home; touch /home/x && echo WRITTEN; ls -d /var/proc/1' "$(user_namespace)" "$all" "$(adds "$(bind / /var)" "$(bind "$PWD/source" /home)")"
    is "$output" /var/proc/1
}

# While create stands still at STEP, COMMAND; then what becomes of it in $output and $status.
meanwhile() { # STEP BUNDLE COMMAND...
    local step=$1 where=$2 pid
    shift 2
    DISTRO_SHIM_FAULT=$step:stop "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" run -b "$where" raced </dev/null >raced 2>&1 3>&- &
    pid=$!
    wait_until grep -q '^State:.*T' "/proc/$pid/status"
    "$@"
    kill -CONT "$pid"
    status=0
    wait "$pid" || status=$?
    output=$(<raced)
}

@test "a source that is exchanged between judgement and use gives what was judged, or an error" {
    requires fault
    mkdir source innocent && touch innocent/file && ln -s "$PWD/innocent" link
    # another file under its name: what was judged is mounted
    b=$(bundle c1 "$(args ls /vol)" "$powerless" "$(adds "$(bind "$PWD/link" /vol)")")
    meanwhile parent:sources "$b" ln -sfn /proc "$PWD/link"
    is "$status $output" "0 file"
    # a procfs on it, or in the root file system: it is the end of it
    b=$(bundle c2 "$(args sh -c "ls /vol; $(set_ttl /vol/sys)")" "$powerless" "$(adds "$(bind "$PWD/source" /vol)")")
    meanwhile parent:sources "$b" mount -t proc proc source
    is "$status" 1
    contains "$output" "kernelMounts: a proc at '/vol'"
    umount source
    mkdir "$b/rootfs/inner"
    meanwhile parent:sources "$b" mount -t sysfs sysfs "$b/rootfs/inner"
    is "$status" 1
    contains "$output" "kernelMounts: a sysfs at '/inner'"
}

@test "a hook that mounts a procfs or sysfs in the container is an error" {
    b=$(bundle c1 "$(args true)" ".hooks.createContainer = [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"mount -t sysfs sysfs $BATS_TEST_TMPDIR/c1/rootfs/home\"]}]")
    expect_error "kernelMounts: a sysfs at '/home'.*\"requested\"" run -b "$b" c1
    policy "$requested"
    run_container "$b"
    is "$status" 0
}

@test "mounts add: a procfs or sysfs is the container's own and read-only" {
    b=$(bundle c1 "$(args sleep 1000)" '.root.readonly = false' "$powerless") && succeeds run -d -b "$b" c1
    sleep 98765 3>&- &
    local host=$!
    echo "[$(bind /proc /vol), $(bind /sys /host/sys), $(bind /proc/sys/net /net), $(bind / /rootfs), $(bind /sys/fs/cgroup /group)]" >mounts.json
    succeeds mounts add c1 mounts.json
    run shim exec c1 sh -c "cat /vol/[0-9]*/cmdline /rootfs/proc/[0-9]*/cmdline | $count; $(set_ttl /vol/sys); $(set_ttl /rootfs/proc/sys)
        (echo 77 >/net/ipv4/ip_default_ttl) 2>/dev/null && echo WROTE; ls /host/sys/class/net /rootfs/sys/class/net | grep -v : | sort -u; ls /rootfs/etc/passwd"
    kill "$host"
    is "$output" $'0\n\n'"$(shared_links)"$'\n/rootfs/etc/passwd'
    echo "[$(bind /proc/1 /one)]" >one.json
    expect_error 'kernelMounts: .*of one process' mounts add c1 one.json
    mkdir source && mount -t tmpfs none source && mkdir source/inner && mount -t tracefs tracefs source/inner
    echo "[$(bind "$PWD/source" /data)]" >one.json
    succeeds mounts add c1 one.json
    run shim exec c1 awk '$5 == "/data/inner" { split($6, a, ","); print a[1] }' /proc/self/mountinfo
    is "$output" ro
}

# In a copy of the mounts that is shared, as those of a machine with an init are.
shared_root() {
    mount --make-rshared /
    awk '{ print $5 }' /proc/self/mountinfo >before.mounts
    ask "cat /vol/proc/[0-9]*/cmdline | $count; ls /vol/sys/class/net" "$powerless" "$(adds "$(bind / /vol rshared)")" '.linux.rootfsPropagation = "rshared"'
    awk '{ print $5 }' /proc/self/mountinfo | diff before.mounts - || return 1
    is "$output" "0"$'\n'"$(shared_links)"
    warns='what the host mounts there later|left out: "/proc" .proc., "/sys" .sysfs.' silent
}

@test "a shared recursive bind of / stays shared, and the host keeps its own" {
    sleep 98765 3>&- &
    export -f shared_root ask attempt silent bundle edit_config shim shim_in is args shared_links
    # shellcheck disable=SC2090 # for a shell in the container
    export SHIM_ROOT count powerless SHIM_POLICY BATS_TEST_TMPDIR BATS_FILE_TMPDIR
    run unshare --mount --propagation private bash -c "$(declare -f adds bind mount_json); shared_root"
    kill $!
    is "$status $output" "0 "
}

@test "restore: what the images bring is looked at before it runs" {
    mkdir fake images && cp "$BATS_TEST_DIRNAME/criu.py" fake/criu
    echo '["/dev/null", "/dev/null", "/dev/null"]' >images/descriptors.json
    b=$(bundle c1 "$(args sleep 1000)")
    export CRIU_FAILS=restores CRIU_NOTES=$PWD/notes PATH=$PWD/fake:$PATH
    CRIU_KEEPS=1 expect_error "kernelMounts: a (proc|sysfs) at '/(proc|sys)' in the container is the host's" restore -d -b "$b" --image-path images c1
    [ ! -e "$SHIM_ROOT/c1" ]
    succeeds restore -d -b "$b" --image-path images c1
    succeeds delete --force c1
    policy "$requested"
    CRIU_KEEPS=1 succeeds restore -d -b "$b" --image-path images c1
}
