#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# namespaces.user "auto": each container has ids of the host of its own.
# world: hybrid legacy v2

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load policy

setup_file() { make_rootfs; }
setup() {
    requires userns kernel:6.3 # since then tmpfs can be idmapped
    start_policy_test
    IDS=/run/distro-shim/ids FILES=/run/user-auto.$BATS_TEST_NUMBER
    mkdir "$FILES"
    mount -t tmpfs tmpfs "$FILES"
    auto 1000000 655360
}
teardown() {
    local id
    for id in "$SHIM_ROOT"/*; do [ ! -e "$id" ] || shim delete --force "${id##*/}"; done
    [ ! -e "${FILES:-}" ] || { umount -R "$FILES" && rmdir "$FILES"; }
    end_policy_test
}

# auto FIRST COUNT [SIZE [MORE-KEYS]]: the policy of this test
auto() { policy "{\"version\": 1, \"namespaces\": {\"user\": {\"auto\": {\"range\": [$1, $2], \"size\": ${3:-65536}}}}${4:+, $4}}"; }
# on_tmpfs NAME FILTER...: a bundle whose files are on a file system that can be idmapped, whatever the test's are on
on_tmpfs() {
    BATS_TEST_TMPDIR=$FILES bundle "$@"
}
claims() { (cd "$IDS" && find . -mindepth 2 -type f) 2>/dev/null | sed 's|^./||' | sort; }
first_of() { awk '{ print $2 }' "/proc/$(init_of "$1")/uid_map"; } # ID

# bats test_tags=smoke
@test "a container has ids of its own, and its files are root's on both sides" {
    local b first
    b=$(on_tmpfs c1 '.root.readonly = false' "$(args sh -c 'id -u; stat -c "%u:%g" /bin/busybox /etc; cat /proc/self/uid_map /proc/self/gid_map | xargs; touch /made; chown 7:8 /made; '"$SHOW"'; echo x >/dev/null; touch /tmp/t && sleep 1000')")
    shim_in 10 run -d -b "$b" c1 </dev/null >out 2>err
    wait_until [ -e "$b/rootfs/tmp/t" ]
    first=$(first_of c1)
    [ "$first" -ge 1000000 ]
    is "$(((first - 1000000) % 65536))" 0
    is "$(cat err)" ""
    is "$(cat out)" "0
0:0
0:0
0 $first 65536 0 $first 65536
$SHARED dsn lo"
    is "$(stat -c %u:%g "$b/rootfs/made" "$b/rootfs/tmp/t" | xargs)" "7:8 0:0"
    is "$(awk '/^[UG]id/ { print $2 }' "/proc/$(init_of c1)/status" | xargs)" "$first $first"
    is "$(claims)" "65536-$((first % 65536))/$first"
    # who comes later has them, too
    is "$(shim_in 10 exec c1 sh -c 'id -u; awk "{ print \$2 }" /proc/self/uid_map')" $'0\n'"$first"
    is "$(shim_in 10 explain c1 --format json | jq -c .ids)" "{\"first\":$first,\"size\":65536}"
    is "$(shim state c1 | jq -c .ids)" "{\"first\":$first,\"size\":65536}"
    is "$(shim list --format json | jq -c '.[0].ids')" "{\"first\":$first,\"size\":65536}"
    is "$(shim members --format json | jq -c '.[0].ids')" "{\"first\":$first,\"size\":65536}"
    contains "$(shim explain c1)" "ids: $first to $((first + 65535)) of the host"
    shim_in 15 delete --force c1
    is "$(claims)" ""
    # the same name, the same ids
    shim_in 10 run -d -b "$b" c1 </dev/null >out 2>err
    is "$(first_of c1)" "$first"
}

@test "many at once have none in common, and delete gives them back" {
    local b i firsts
    auto 1000000 6000 100
    b=$(on_tmpfs many "$(args sleep 1000)")
    one() { shim_in 60 create -b "$b" "c$1" </dev/null >"out.$1" 2>&1; }
    # 50 of 60 ranges: many names lead to one that is taken
    all_of one 50 $(seq 50)
    firsts=$(for i in $(seq 50); do first_of "c$i"; done | sort -u)
    is "$(wc -l <<<"$firsts")" 50
    is "$(awk '$1 < 1000000 || $1 >= 1006000 || $1 % 100' <<<"$firsts")" ""
    is "$(claims | wc -l)" 50
    for i in $(seq 50); do
        is "$(awk '{ print $1, $3 }' "/proc/$(init_of "c$i")/gid_map" | xargs)" "0 100"
        shim_in 20 delete --force "c$i" || return 1
    done
    is "$(claims)" ""
    is "$(find $IDS -mindepth 1 -printf '%P ')" "lock "
}

# elsewhere ID ARGUMENT...: with another state root, as another engine has one
elsewhere() { SHIM_ROOT=$FILES/second "$@"; }

@test "a full range is refused, whatever root and size the others have, and stale claims are not in the way" {
    local b second
    auto 1000000 4000 2000
    b=$(on_tmpfs c1 "$(args sleep 1000)")
    second=$(on_tmpfs second-bundle '.linux.cgroupsPath = "/second"' "$(args sleep 1000)")
    shim_in 10 create -b "$b" c1 </dev/null >out 2>err
    elsewhere shim_in 10 create -b "$second" c1 </dev/null >out 2>err
    is "$(claims | wc -l)" 2
    expect_error 'namespaces.user: all 2 ranges of 2000 ids from 1000000 on are in use; delete containers, or make namespaces.user.auto.range larger' create -b "$b" c3
    contains "$(shim explain -b "$b" c3)" "all 2 ranges of 2000 ids"
    [ ! -e "$SHIM_ROOT/c3" ]
    # of another size, and beginning elsewhere
    auto 1000500 3000 1500
    expect_error 'all 2 ranges' create -b "$b" c3
    auto 1000000 4000 20
    expect_error 'all 200 ranges' create -b "$b" c3
    auto 1000000 4000 4000
    expect_error 'all 1 ranges' create -b "$b" c3
    auto 1000000 5000 1000
    shim_in 10 create -b "$b" c3 </dev/null >out 2>err
    is "$(first_of c3)" 1004000
    auto 1000000 5000 5000
    expect_error 'all 1 ranges' create -b "$b" c4
    # a stopped container has its own still
    auto 1000000 4000 2000
    kill -KILL "$(init_of c1)"
    wait_until test_stopped c1
    expect_error 'all 2 ranges' create -b "$b" c4
    shim_in 10 delete c1
    shim_in 10 create -b "$b" c4 </dev/null >out 2>err
    expect_error 'all 2 ranges' create -b "$b" c5
    # one whose records are gone has nothing
    cp -a "$FILES/second" "$FILES/saved"
    rm -r "$FILES/second"
    shim_in 10 create -b "$b" c5 </dev/null >out 2>err
    mv "$FILES/saved" "$FILES/second"
    elsewhere shim_in 10 delete --force c1
    is "$(claims | wc -l)" 3
    expect_error 'all 2 ranges' create -b "$b" c6
}

# ---- what can be shown by other ids

@test "a root file system, or one mounted in it, that cannot be mapped is refused by its name, or works" {
    local b type
    b=$(on_tmpfs c1 "$(args stat -c %u /bin/busybox)")
    mv "$b/rootfs" "$FILES/lower"
    mkdir "$b/rootfs" "$FILES/upper" "$FILES/work"
    mount -t overlay -o "lowerdir=$FILES/lower,upperdir=$FILES/upper,workdir=$FILES/work" overlay "$b/rootfs"
    attempt run -b "$b" c1
    if [ "$status" = 0 ]; then
        is "$output" 0 # a newer kernel
    else
        contains "$stderr" "namespaces.user: the root filesystem cannot be shown by the ids 1"
        contains "$stderr" "the kernel does not map the ids of '$b/rootfs', a file system of the type overlay: "
        contains "$(shim explain -b "$b" c1)" "a file system of the type overlay: "
    fi
    is "$(claims)" ""
    umount "$b/rootfs"
    rmdir "$b/rootfs"
    mv "$FILES/lower" "$b/rootfs"
    mkdir "$b/rootfs/deep"
    mount -t proc proc "$b/rootfs/deep"
    policy '{"version": 1, "kernelMounts": "requested", "namespaces": {"user": {"auto": {"range": [1000000, 655360]}}}}'
    expect_error "does not map the ids of '$b/rootfs/deep', a file system of the type proc: " run -b "$b" c1
    umount "$b/rootfs/deep"
    mount -t tmpfs tmpfs "$b/rootfs/deep"
    edit_config "$b" "$(args stat -c %u /deep /bin)"
    succeeds run -b "$b" c1
    is "$output" $'0\n0'
}

@test "directories that all share are written by all; other volumes are as the config asks" {
    local b
    mkdir -p /run/distro-shim-shared "$FILES/volume"
    echo secret >"$FILES/volume/file"
    chmod 700 "$FILES/volume"
    mount -t tmpfs -o mode=755 tmpfs /run/distro-shim-shared
    auto 1000000 655360 65536 '"share": [{"source": "/run/distro-shim-shared", "destination": "/mnt/shared"}]'
    b=$(on_tmpfs c1 ".mounts += [{source: \"$FILES/volume\", destination: \"/volume\", type: \"bind\", options: [\"rbind\"]}]" \
        "$(args sh -c 'echo hello >/mnt/shared/file; chown 7:8 /mnt/shared/file; stat -c %u:%g /volume; cat /volume/file 2>&1')")
    attempt run -b "$b" c1
    is "$output" $'65534:65534\ncat: can'"'"$'t open \'/volume/file\': Permission denied'
    is "$(stat -c %u:%g /run/distro-shim-shared/file)" 7:8
    edit_config "$b" "$(args sh -c 'stat -c %u:%g /mnt/shared/file; rm /mnt/shared/file; stat -c %u:%g /volume; cat /volume/file')"
    edit_config "$b" '(.mounts[] | select(.destination == "/volume")).options += ["idmap"]'
    attempt run -b "$b" c2
    is "$output" $'7:8\n0:0\nsecret'
    umount /run/distro-shim-shared
    rmdir /run/distro-shim-shared
}

# ---- what is asked for

@test "no request gets around the ids that it is given" {
    local b one map='{containerID: 0, hostID: 0, size: 65536}'
    b=$(on_tmpfs c1 "$(args cat /proc/self/uid_map)")
    cp "$b/config.json" plain
    asked() { jq "$1" plain >"$b/config.json"; }
    asked ".linux.namespaces += [{type: \"user\"}] | .linux.uidMappings = [$map] | .linux.gidMappings = [$map]"
    expect_error 'namespaces.user: a user namespace is asked for whose ids are those of the machine.s users' create -b "$b" c1
    asked ".linux.uidMappings = [$map] | .linux.gidMappings = [$map]"
    expect_error 'namespaces.user: uidMappings or gidMappings are given without a user namespace' create -b "$b" c1
    asked '.linux.namespaces += [{type: "user"}]'
    expect_error 'namespaces.user: ' create -b "$b" c1
    asked '.linux.namespaces += [{type: "user", path: "/proc/1/ns/user"}]'
    expect_error 'namespaces.user: an existing user namespace is asked for' create -b "$b" c1
    # some of the policy's
    map='{containerID: 0, hostID: 999999, size: 2}'
    asked ".linux.namespaces += [{type: \"user\"}] | .linux.uidMappings = [$map] | .linux.gidMappings = [$map]"
    expect_error 'or some that the policy gives to others' create -b "$b" c1
    # neither the machine's nor the policy's
    map='{containerID: 0, hostID: 200000, size: 65536}'
    asked ".linux.namespaces += [{type: \"user\"}] | .linux.uidMappings = [$map] | .linux.gidMappings = [$map]"
    chown -R 200000:200000 "$b/rootfs"
    attempt run -b "$b" c1
    is "$(xargs <<<"$output")" "0 200000 65536"
    is "$(claims)" ""
    # a pod
    cp plain "$b/config.json"
    edit_config "$b" "$(args sleep 1000)"
    shim_in 10 create -b "$b" c1 </dev/null >out 2>err
    asked "$(path_of ipc "/proc/$(init_of c1)/ns/ipc")"
    expect_error 'namespaces.user: the ipc namespace of another container is asked for, as in a pod' create -b "$b" c2
    is "$(claims | wc -l)" 1
    shim_in 10 start c1
    # an entry for those that cannot have it
    policy '{"version": 1, "namespaces": {"user": {"auto": {"range": [1000000, 655360]}}}, "distros": [{"match": {"id": "own*"}, "trustClients": true, "namespaces": {"user": "requested"}}]}'
    cp plain "$b/config.json"
    attempt run -b "$b" own1
    is "$(xargs <<<"$output")" "0 0 4294967295"
    # observed, nothing is given
    policy '{"version": 1, "mode": "observe", "namespaces": {"user": {"auto": {"range": [1000000, 655360]}}}}'
    contains "$(shim explain -b "$b" c3)" "(free now; create takes these, or others if they are gone by then)"
    attempt run -b "$b" c3
    is "$(xargs <<<"$output")" "0 0 4294967295"
    is "$(claims | wc -l)" 1
}

@test "the ids of others in /etc/subuid are told of" {
    local b
    b=$(on_tmpfs c1 "$(args true)")
    printf '%s\n' distro-shim:1000000:655360 broken ada:1655359:5 eve:1655360:5 >subuid
    touch /etc/subuid
    mount --bind subuid /etc/subuid
    attempt run -b "$b" c1
    umount /etc/subuid
    is "$status" 0
    matches "$stderr" "namespaces.user.auto.range has ids of \"?'?ada in /etc/subuid"
    lacks "$stderr" eve
}

@test "a user who is not root is refused" {
    requires cmd:setpriv
    local b
    b=$(on_tmpfs c1 "$(args true)")
    cp "$DISTRO_SHIM" "$FILES/shim"
    chmod -R o+rX "$FILES"
    status=0
    mkdir "$FILES/run"
    chown 1000 "$FILES/run"
    XDG_RUNTIME_DIR=$FILES/run setpriv --reuid 1000 --regid 1000 --clear-groups "$FILES/shim" --root "$FILES/state" --policy "$SHIM_POLICY" explain -b "$b" c1 >out 2>&1 || status=$?
    contains "$(cat out)" "ids of the host are given out by its root alone"
}

# ---- a runtime that is killed

steps() { awk '/#define STEP\(/ { split($0, part, "\""); page = part[2] }
    /^[ \t]+(STEP|AWAIT)\("/ { split($0, part, "\""); if (page == "parent" || page == "child") print page ":" part[2] }' \
    "$DISTRO_SHIM_SOURCE/src/boot/create/create.c"; }
breaks_at() { # PAGE:STEP
    local how id
    for how in fail kill; do
        id=$how-${1/:/-}
        shim_fault "$1:$how" create -b "$BUNDLE" "$id" </dev/null >"out.$id" 2>&1
        case $how:$1:$? in fail:*:1 | kill:child:*:1 | kill:parent:*:137) ;; *) cat "out.$id" && return 1 ;; esac
        [ $how = fail ] || shim_in 20 delete --force "$id" || return 1
        ! grep -rqs "\"$id\"" $IDS || { echo "a claim is left" >&2 && return 1; }
    done
}

@test "broken or killed at any step a runtime leaves no ids that are in use" {
    requires fault
    BUNDLE=$(on_tmpfs c1 "$(args sleep 1000)")
    mapfile -t all < <(steps)
    [ "${#all[@]}" -gt 40 ]
    all_of breaks_at 3 "${all[@]}"
    is "$(claims)" ""
}

@test "what a killed runtime has claimed is free also before it is deleted" {
    requires fault
    local step
    auto 1000000 65536
    BUNDLE=$(on_tmpfs c1 "$(args sleep 1000)")
    for step in seccomp intent ids cgroup-create clone record-init go; do
        status=0
        shim_fault "parent:$step:kill" create -b "$BUNDLE" "dead-$step" </dev/null >out 2>&1 || status=$?
        is "$status" 137
        wait_until shim_in 20 create -b "$BUNDLE" "alive" </dev/null >out 2>&1 || { echo "$step: $(cat out)" && return 1; }
        shim_in 20 delete --force "dead-$step"
        # whose it is now stays so
        is "$(claims)" 65536-16960/1000000
        expect_error 'all 1 ranges' create -b "$BUNDLE" other
        shim_in 20 delete --force alive
        is "$(claims)" ""
    done
}

# ---- checkpoints

@test "a container with ids of its own is neither checkpointed nor restored" {
    local b
    mkdir -p fake images
    cp "$BATS_TEST_DIRNAME/criu.py" fake/criu
    PATH=$PWD/fake:$PATH
    export CRIU_FAILS=log
    echo '["/dev/null", "/dev/null", "/dev/null"]' >images/descriptors.json
    b=$(on_tmpfs c1 "$(args sleep 1000)")
    succeeds run -d -b "$b" c1
    expect_error 'cannot checkpoint container c1: its ids are given out by the policy' checkpoint --image-path images c1
    succeeds delete --force c1
    expect_error 'namespaces.user: criu makes the user namespace of the images' restore -d -b "$b" --image-path images c1
    is "$(claims)" ""
}

@test "what is asked for one container does not grow with the others" {
    requires cmd:strace
    strace -qq -o /dev/null true 2>/dev/null || skip "needs ptrace"
    local b before
    auto 1000000 655360 64 # ten thousand ranges: two names lead to one by chance, and these do not
    b=$(on_tmpfs c1 "$(args sleep 1000)")
    looks() { strace -f -qq -e trace=%file,getdents64,flock,fcntl -o trace "$DISTRO_SHIM" --root "$SHIM_ROOT" --policy "$SHIM_POLICY" explain -b "$b" one >out && wc -l <trace; }
    one() { shim_in 60 create -b "$b" "c$1" </dev/null >"out.$1" 2>&1; }
    one 0
    before=$(looks)
    all_of one 10 $(seq 40)
    is "$(claims | wc -l)" 41
    is "$(looks)" "$before"
}

# ---- networks

@test "a container with ids of its own whose engine sets its network up until start is in the shared one" {
    local b
    policy '{"version": 1, "namespaces": {"user": {"auto": {"range": [1000000, 655360]}}}}'
    b=$(on_tmpfs c1 "$(new network)" "$(args sh -c 'id -u; readlink /proc/self/ns/net; sleep 1000')")
    shim_in 10 create -b "$b" c1 </dev/null >out 2>err
    [ ! "/proc/$(init_of c1)/ns/net" -ef /run/netns/distros ]
    succeeds start c1
    wait_until grep -q net: out
    is "$(<out)" $'0\n'"$SHARED"
    matches "$(awk '/^Uid/ { print $2 }' "/proc/$(init_of c1)/status")" '^1[0-9]{6}$'
    succeeds delete --force c1
}


@test "a container with ids of its own sees its own network where it keeps one" {
    local b
    policy '{"version": 1, "network": {"requested": {"new": "keep"}}, "namespaces": {"user": {"auto": {"range": [1000000, 655360]}}}}'
    b=$(on_tmpfs c1 "$(new network)" "$(args sh -c 'id -u; echo $(ls /sys/class/net); readlink /proc/self/ns/net')")
    succeeds run -b "$b" c1
    matches "$output" $'^0\nlo\nnet:'
    lacks "$output" "$SHARED"
    ip netns add other
    policy '{"version": 1, "network": {"namespace": "requested"}, "namespaces": {"user": {"auto": {"range": [1000000, 655360]}}}}'
    edit_config "$b" "$(without network) | .linux.namespaces += [{type: \"network\", path: \"/run/netns/other\"}]"
    succeeds run -b "$b" c1
    is "$output" $'0\nlo\n'"$(ip netns exec other readlink /proc/self/ns/net)"
}
