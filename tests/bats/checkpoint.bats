# SPDX-License-Identifier: Apache-2.0
# checkpoint and restore with a real criu that fits the kernel: tests/engines/fetch unpacks one, and the virtual
# machine has one.
# world: hybrid v2 vm
# world, with --full: legacy

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load checkpoint

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() { end_test; }

works() {
    requires criu
    shim checkpoint --help >/dev/null
}
# counts in its memory and writes each number through a descriptor that it keeps
counter='exec 5>/numbers; i=0; while :; do i=$((i + 1)); echo $i >&5; sleep 0.2; done'
last() { tail -n 1 "$b/rootfs/numbers"; }
has_reached() { [ "$(last)" -ge "$1" ]; } # NUMBER
# counting ID [JQ-FILTER]...: the bundle $b, a container that counts
counting() {
    local id=$1
    shift
    b=$(bundle "$id" "$(args sh -c "$counter")" '.root.readonly = false' "$@") &&
        succeeds run -d -b "$b" "$id" && wait_until has_reached 3
}
# It went on where it was: no number is missing and none comes twice.
went_on() { # NUMBER
    wait_until has_reached $(($1 + 3))
    local seen
    seen=$(<"$b/rootfs/numbers")
    is "$seen" "$(seq "${seen##*$'\n'}")"
}
# group_of CONTROLLER ID: the directory of its group; limit_of FILE-OF-V2 CONTROLLER FILE-OF-V1 ID
group_of() {
    local where=/sys/fs/cgroup line
    line=$(grep -E "^[0-9]+:([^:]*,)?$1(,[^:]*)?:" "/proc/$(pid_of "$2")/cgroup") && where+=/$1 ||
        line=$(grep ^0:: "/proc/$(pid_of "$2")/cgroup")
    echo "$where${line#*:*:}"
}
limit_of() { cat "$(group_of "$2" "$4")/$1" 2>/dev/null || cat "$(group_of "$2" "$4")/$3"; }

# bats test_tags=smoke
@test "a container goes on where it was: memory, files, network, limits, mounts" {
    works
    local at
    mkdir volume && echo host >volume/file && ln -s /data rootlink
    counting c1 '.linux.resources.memory.limit = 67108864 | .linux.resources.pids.limit = 50' \
        ".mounts += [{destination: \"/data\", type: \"bind\", source: \"$PWD/volume\", options: [\"rbind\", \"ro\"]}]" \
        '.hostname = "kept"'
    succeeds checkpoint --image-path images --work-path work c1
    [ -s work/dump.log ] && [ -s images/inventory.img ]
    is "$(stat -c %a images)" 700
    expect_error 'does not exist' state c1
    at=$(last)
    sleep 1
    is "$(last)" "$at"
    [ ! -e "$SHIM_ROOT/c1" ]

    succeeds restore -d -b "$b" --image-path images --work-path work --pid-file pid c1
    pid=$(<pid)
    is "$(shim state c1 | jq -c '[.status, .pid]')" "[\"running\",$pid]"
    went_on "$at"
    is "$(inode "/proc/$pid/ns/net")" "$(inode /run/netns/distros)"
    [ "$(inode "/proc/$pid/ns/pid")" != "$(inode /proc/self/ns/pid)" ]
    # a child of the test's init, as one that create has made
    is "$(awk '{ print $4 }' "/proc/$pid/stat")" 1
    is "$(limit_of memory.max memory memory.limit_in_bytes c1)" 67108864
    is "$(limit_of pids.max pids pids.max c1)" 50
    is "$(shim members | awk '$1 == "c1" { print $2 }')" "$pid"
    attempt exec c1 sh -c 'cat /data/file; hostname; grep -c "^[1-9].*:/." /proc/self/cgroup
        cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null
        echo x >/data/file; cat /proc/kcore | wc -c; echo 0 >/proc/sys/kernel/randomize_va_space; ls /sys/class/net'
    contains "$output" $'host\nkept\n0\n50\n0\n'
    is "$(grep -c 'Read-only file system' <<<"$stderr")" 2
    is "$(ls "/proc/$pid/root/sys/class/net")" "$(ip netns exec distros ls /sys/class/net)"

    # it is there already
    expect_error 'already exists' restore -d -b "$b" --image-path images c1
    went_on "$(last)"
    # and once more, from the restored one
    succeeds checkpoint --image-path again c1
    at=$(last)
    succeeds restore -d -b "$b" --image-path again c1
    went_on "$at"
    succeeds kill c1 KILL
    wait_until eval '[ "$(state_of c1)" = stopped ]'
    succeeds delete c1
}

@test "--leave-running; another container with another cgroup from the same images" {
    works
    # in a tmpfs, which is a part of the images: c1 writes on after they are made, and criu compares sizes
    numbers() { cat "/proc/$(pid_of "$1")/root/dev/shm/numbers"; }
    has_counted() { [ "$(numbers "$1" | wc -l)" -ge "$2" ]; } # ID NUMBER
    local at later
    b=$(bundle c1 "$(args sh -c "${counter/ *\/numbers/ 5>\/dev\/shm\/numbers}")")
    succeeds run -d -b "$b" c1
    wait_until has_counted c1 3
    at=$(numbers c1 | tail -n 1)
    succeeds checkpoint --leave-running --image-path images c1
    is "$(state_of c1)" running
    later=$(numbers c1 | tail -n 1)
    wait_until has_counted c1 $((later + 3))
    succeeds delete --force c1
    edit_config "$b" '.linux.cgroupsPath = "/elsewhere/c2"'
    succeeds restore -d -b "$b" --image-path images c2
    is "$(sed -n 's/^0:://p' "/proc/$(pid_of c2)/cgroup")" /elsewhere/c2
    wait_until has_counted c2 $((at + 3))
    later=$(numbers c2)
    is "$later" "$(seq "$(wc -l <<<"$later")")"
    succeeds delete --force c2
    [ ! -e /sys/fs/cgroup/elsewhere ]
}

@test "--pre-dump and --parent-path: what has not changed is written once" {
    works
    counting c1
    # a megabyte that stays as it is
    succeeds exec -d c1 sh -c 'x=$(head -c 700000 /dev/urandom | base64); sleep 1000'
    attempt checkpoint --pre-dump --image-path first c1
    [[ $stderr != *"the kernel cannot track changes of memory"* ]] || skip "needs a kernel that tracks changes of memory (CONFIG_MEM_SOFT_DIRTY, tests/vm)"
    is "$status $stderr" "0 "
    is "$(state_of c1)" running
    went_on "$(last)"
    expect_error 'must be relative' checkpoint --parent-path "$PWD/first" --image-path second c1
    expect_error 'no such file or directory' checkpoint --parent-path ../none --image-path second c1
    succeeds checkpoint --parent-path ../first --image-path second c1
    at=$(last)
    [ "$(readlink second/parent)" = ../first ]
    [ "$(cat first/pages-*.img | wc -c)" -gt "$(cat second/pages-*.img | wc -c)" ]
    succeeds restore -d -b "$b" --image-path second c1
    went_on "$at"
}

@test "a paused container: it stays paused, or its images go on" {
    works
    local at
    counting c1
    succeeds pause c1
    at=$(last)
    succeeds checkpoint --leave-running --file-locks --image-path images c1
    is "$(state_of c1)" paused
    is "$(last)" "$at"
    succeeds resume c1
    went_on "$at"
    succeeds pause c1
    at=$(last)
    succeeds checkpoint --image-path again c1
    expect_error 'does not exist' state c1
    succeeds restore -d -b "$b" --image-path again c1
    went_on "$at"
}

@test "what the policy shows to every container is there again, and follows the host" {
    works
    local at shared=/run/shared-of-all
    mkdir -p $shared
    mount --bind $shared $shared && mount --make-shared $shared && echo before >$shared/file
    policy "{\"version\": 1, \"share\": [{\"source\": \"$shared\", \"destination\": \"/mnt/shared\"}]}"
    counting c1
    is "$(shim exec c1 cat /mnt/shared/file)" before
    matches "$(shim exec c1 cat /proc/self/mountinfo)" ' /mnt/shared rw,nosuid,nodev.* master:'
    succeeds checkpoint --image-path images c1
    at=$(last)
    succeeds restore -d -b "$b" --image-path images c1
    went_on "$at"
    is "$(shim exec c1 cat /mnt/shared/file)" before
    # still a directory of the host, and a slave of it with the same options
    echo after >$shared/new
    is "$(shim exec c1 cat /mnt/shared/new)" after
    matches "$(shim exec c1 cat /proc/self/mountinfo)" ' /mnt/shared rw,nosuid,nodev.* master:'
    mkdir $shared/late
    mount -t tmpfs late $shared/late && touch $shared/late/arrived
    shim exec c1 ls /mnt/shared/late/arrived
    umount $shared/late
    # its end reaches nothing of the host's
    succeeds delete --force c1
    [ -e $shared/file ]
    umount $shared
    rm -r $shared
}

@test "in the foreground: streams, exit status, signals; nothing stays" {
    works
    b=$(bundle c1 "$(args sh -c 'trap "echo got TERM; exit 7" TERM; echo started; while :; do sleep 0.1; done')")
    shim run -b "$b" c1 >first </dev/null 3>&- &
    wait_until grep -q started first
    succeeds checkpoint --image-path images c1
    wait $! || status=$?
    is "$status" 137
    "$DISTRO_SHIM" --root "$SHIM_ROOT" restore -b "$b" --image-path images c1 >second </dev/null 3>&- &
    restore=$!
    wait_until eval '[ "$(state_of c1)" = running ]'
    kill -TERM $restore
    status=0
    wait $restore || status=$?
    is "$status" 7
    is "$(<second)" 'got TERM'
    [ ! -e "$SHIM_ROOT/c1" ]
    # a pipe is taken over too
    { shim run -b "$b" c1 </dev/null 2>&1 3>&- || true; } | cat >first &
    wait_until grep -q started first
    succeeds checkpoint --image-path images2 c1
    wait $! || true
    { shim restore -b "$b" --image-path images2 c1 </dev/null 2>&1 3>&- || true; } | cat >second &
    wait_until eval '[ "$(state_of c1)" = running ]'
    succeeds kill c1 TERM
    wait $! || true
    is "$(<second)" 'got TERM'
}

@test "a terminal: its master goes to the console socket again" {
    works
    requires file:/usr/bin/python3
    pty() { timeout 60 /usr/bin/python3 "$BATS_TEST_DIRNAME/terminal.py" "$@"; }
    b=$(bundle c1 "$(args sh -c 'i=0; while read -r line; do i=$((i + 1)); echo "$i:$line:"; done')" '.process.terminal = true')
    pty --receive "$PWD/one" send:'a\n' expect:1:a: >first 2>&1 3>&- </dev/null &
    wait_until [ -S one ]
    succeeds run -d -b "$b" --console-socket "$PWD/one" c1
    wait_until grep -q 1:a: first
    succeeds checkpoint --image-path images c1
    wait $! || true
    expect_error 'needs --console-socket' restore -d -b "$b" --image-path images c1
    pty --receive "$PWD/two" send:'b\n' expect:2:b: >second 2>&1 3>&- </dev/null &
    wait_until [ -S two ]
    succeeds restore -d -b "$b" --image-path images --console-socket "$PWD/two" c1
    wait_until grep -q 2:b: second
    is "$(readlink "/proc/$(pid_of c1)/fd/0")" /dev/pts/0
    succeeds delete --force c1
    wait $! || true
}

@test "hooks of the runtime run before anything of the container does; a failed one leaves nothing" {
    works
    hook="#!/bin/sh
{ printf '%s ' \"\$1\"; cat; echo; } >>$PWD/hooks
[ ! -e $PWD/refuse ]"
    echo "$hook" >hook.sh && chmod +x hook.sh
    counting c1 ".hooks = (reduce (\"prestart\", \"createRuntime\", \"createContainer\", \"startContainer\", \"poststart\", \"poststop\") as \$k
        ({}; .[\$k] = [{path: \"$PWD/hook.sh\", args: [\"hook.sh\", \$k]}]) | del(.createContainer, .startContainer))"
    succeeds checkpoint --image-path images c1
    at=$(last)
    is "$(cut -d ' ' -f 1 hooks | tr '\n' ' ')" 'prestart createRuntime poststart poststop '
    rm hooks
    succeeds restore -d -b "$b" --image-path images c1
    is "$(cut -d ' ' -f 1 hooks | tr '\n' ' ')" 'prestart createRuntime '
    is "$(sed -n 's/^prestart //p' hooks | jq -c '[.status, .pid]')" "[\"created\",$(pid_of c1)]"
    went_on "$at"
    succeeds delete --force c1
    touch refuse
    at=$(last)
    expect_error 'prestart hook.*exit status 1' restore -d -b "$b" --image-path images c1
    [ ! -e "$SHIM_ROOT/c1" ] && [ ! -e /sys/fs/cgroup/distro-shim/c1 ]
    is "$(last)" "$at"
}

@test "images with a network of their own are not let into it" {
    works
    policy '{"version": 1, "mode": "observe"}'
    counting c1 '(.linux.namespaces[] | select(.type == "network")) |= {type: "network"}'
    [ "$(inode "/proc/$(pid_of c1)/ns/net")" != "$(inode /run/netns/distros)" ]
    succeeds checkpoint --empty-ns network --image-path images c1
    at=$(last)
    SHIM_POLICY=''
    expect_error "the images put the container into a network namespace of its own and not into '/run/netns/distros'" \
        restore -d --empty-ns network -b "$b" --image-path images c1
    [ ! -e "$SHIM_ROOT/c1" ] && [ ! -e /sys/fs/cgroup/distro-shim ]
    is "$(last)" "$at"
}

@test "images that are not whole: the error has the log's last words, and nothing is left" {
    works
    counting c1
    succeeds checkpoint --image-path images c1
    echo no image >images/core-1.img
    expect_error "criu restore failed, see '$PWD/images/restore.log': Error .*(core-1.img|core data for 1|[Mm]agic)" restore -d -b "$b" --image-path images c1
    [ ! -e "$SHIM_ROOT/c1" ] && [ ! -e /sys/fs/cgroup/distro-shim ]
    rm images/descriptors.json
    expect_error 'no images of a checkpoint' restore -d -b "$b" --image-path images c1
}

@test "mounts below a bind mount, behind links, and where the root file system lacks their targets are restored" {
    works
    local at
    mkdir -p tree/below && mount -t tmpfs tmpfs tree/below && echo deep >tree/below/file
    counting c1 ".mounts += [{destination: \"/link/vol\", type: \"bind\", source: \"$PWD/tree\", options: [\"rbind\"]},
        {destination: \"/made/file\", type: \"bind\", source: \"/etc/hostname\", options: [\"bind\", \"ro\"]},
        {destination: \"/scratch\", type: \"tmpfs\", source: \"tmpfs\"}]"
    succeeds exec c1 sh -c 'echo scratched >/scratch/file'
    succeeds checkpoint --image-path images c1
    at=$(last)
    rm -r "$b/rootfs/made" "$b/rootfs/scratch"
    succeeds restore -d -b "$b" --image-path images c1
    went_on "$at"
    attempt exec c1 sh -c 'cat /link/vol/below/file /scratch/file; cmp /made/file /made/file && echo made'
    is "$output" $'deep\nscratched\nmade'
    succeeds delete --force c1
    umount tree/below
}

@test "open TCP connections are restored with --tcp-established" {
    works
    requires cmd:cc
    b=$(bundle c1 "$(args /tcp /in /heard)" '.root.readonly = false')
    cc -O2 -static -o "$b/rootfs/tcp" "$BATS_TEST_DIRNAME/tcp.c" && mkfifo "$b/rootfs/in"
    succeeds run -d -b "$b" c1
    succeeds exec c1 sh -c 'echo one >/in'
    wait_until grep -q one "$b/rootfs/heard"
    attempt checkpoint --image-path images c1
    [[ $stderr != *"Can't get 1:34 opt"* ]] || skip "needs a criu that does not ask SO_PASSSEC of a TCP socket, which Linux 6.16 refuses (tests/vm)"
    is "$status" 1
    matches "$stderr" 'tcp-established|[Cc]onnected'
    is "$(state_of c1)" running
    succeeds checkpoint --tcp-established --image-path images c1
    succeeds restore -d --tcp-established -b "$b" --image-path images c1
    succeeds exec c1 sh -c 'echo two >/in'
    wait_until grep -q two "$b/rootfs/heard"
    succeeds delete --force c1
}

@test "processes and cgroups inside of the container are restored" {
    works
    [ -e /sys/fs/cgroup/cgroup.controllers ] || skip "needs the v2 layout of cgroups"
    # wait may end before what it waits for, on being restored
    b=$(bundle c1 "$(args sh -c 'mkdir /sys/fs/cgroup/inner && echo 0 >/sys/fs/cgroup/inner/cgroup.procs; while :; do sleep 1; done & echo ready >/ready; until false; do wait; done')" \
        '.root.readonly = false' '(.mounts[] | select(.type == "cgroup") | .options) |= map(if . == "ro" then "rw" else . end)')
    succeeds run -d -b "$b" c1
    wait_until grep -q ready "$b/rootfs/ready"
    is "$(sed -n 's/^0:://p' "/proc/$(pid_of c1)/cgroup")" /distro-shim/c1/inner
    succeeds checkpoint --image-path images c1
    succeeds restore -d -b "$b" --image-path images c1
    is "$(sed -n 's/^0:://p' "/proc/$(pid_of c1)/cgroup")" /distro-shim/c1/inner
    for pid in $(shim ps -f json c1 | jq '.[]'); do
        is "$(sed -n 's/^0:://p' "/proc/$pid/cgroup" 2>/dev/null || echo /distro-shim/c1/inner)" /distro-shim/c1/inner
    done
    [ "$(shim ps -f json c1 | jq length)" -ge 2 ]
    succeeds delete --force c1
}

@test "without a cgroup namespace: the groups that are bound are the new container's" {
    works
    policy '{"version": 1, "namespaces": {"cgroup": "requested"}}'
    counting c1 'del(.linux.namespaces[] | select(.type == "cgroup")) | .linux.resources.pids.limit = 50' \
        '(.mounts[] | select(.type == "cgroup") | .options) |= map(select(. != "ro"))'
    succeeds checkpoint --image-path images c1
    at=$(last)
    # what it shows is not in the images: another group, with another limit
    edit_config "$b" '.linux.cgroupsPath = "/elsewhere/c2" | .linux.resources.pids.limit = 60'
    succeeds restore -d -b "$b" --image-path images c2
    went_on "$at"
    matches "$(group_of pids c2)" /elsewhere/c2
    attempt exec c2 sh -c 'cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null; cat /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/pids/cgroup.procs 2>/dev/null | head -n 1; ls -d /sys/fs/cgroup/cpuacct/tasks /sys/fs/cgroup/cpu.stat 2>/dev/null | wc -l'
    is "$output" $'60\n1\n1'
    succeeds checkpoint --image-path again c2
    succeeds restore -d -b "$b" --image-path again c2
    succeeds delete --force c2
}

@test "with the systemd cgroup manager a restored container has a unit again" {
    works
    requires systemd
    counting c1
    succeeds delete --force c1
    edit_config "$b" '.linux.cgroupsPath = "system.slice:test:c1" | .linux.resources.pids.limit = 40'
    succeeds --systemd-cgroup run -d -b "$b" c1
    wait_until has_reached 3
    succeeds checkpoint --image-path images c1
    at=$(last)
    succeeds --systemd-cgroup restore -d -b "$b" --image-path images c1
    is "$(systemctl show -p ActiveState --value test-c1.scope)" active
    is "$(sed -n 's/^0:://p' "/proc/$(pid_of c1)/cgroup")" /system.slice/test-c1.scope
    is "$(</sys/fs/cgroup/system.slice/test-c1.scope/pids.max)" 40
    went_on "$at"
    succeeds delete --force c1
}

@test "a view of version 2 beside those of version 1 is made again" {
    works
    requires hybrid
    local at
    counting c1 '.mounts += [{destination: "/groups", type: "cgroup", source: "cgroup", options: ["subtree=/unified", "nosuid"]}]'
    succeeds checkpoint --image-path images c1
    at=$(last)
    succeeds restore -d -b "$b" --image-path images c1
    went_on "$at"
    is "$(shim exec c1 sed -n 's|.* /groups \(..\),.* - \([a-z0-9]*\) .*|\1 \2|p' /proc/self/mountinfo)" "rw cgroup2"
}

@test "Podman: what it has checkpointed goes on, its output too" {
    works
    requires systemd cmd:podman
    mkdir -p root && cp -a "$BATS_FILE_TMPDIR/rootfs/." root/
    with=(timeout 200 podman --runtime "$DISTRO_SHIM" --cgroup-manager systemd)
    pod() { "${with[@]}" "$@" </dev/null 3>&- >said 2>&1 || { cat said >&2 && return 1; }; }
    counts() { podman --runtime "$DISTRO_SHIM" logs "$1" </dev/null 3>&- 2>/dev/null; }
    has_said() { [ "$(counts "$1" | wc -l)" -ge "$2" ]; }
    pod run -d --name n1 --pidfile "$PWD/pid" --network ns:/run/netns/distros --log-driver k8s-file \
        --security-opt apparmor=unconfined --rootfs "$PWD/root" \
        sh -c 'i=0; while :; do i=$((i + 1)); echo $i; sleep 0.3; done'
    wait_until has_said n1 3
    pod container checkpoint n1
    is "$(podman inspect --format '{{.State.Checkpointed}} {{.State.Running}}' n1)" "true false"
    at=$(counts n1 | wc -l)
    pod container restore n1
    wait_until has_said n1 $((at + 3))
    # conmon has new pipes for the streams, and nothing is lost on the way
    seen=$(counts n1)
    is "$seen" "$(seq "$(wc -l <<<"$seen")")"
    is "$(inode "/proc/$(podman inspect --format '{{.State.Pid}}' n1)/ns/net")" "$(inode /run/netns/distros)"
    pod rm -f -t 0 n1
    # conmon has started another one, which cleans up and mounts it once more
    wait_until eval '! pgrep -x "podman|conmon"'
    umount /var/lib/containers/storage/overlay || true
    systemctl stop machine.slice
}
