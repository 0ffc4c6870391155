# SPDX-License-Identifier: Apache-2.0
# Access to devices (config-linux.md "Devices", "Allowed Device list"): what a container may open and make,
# with the files of cgroup v1 and with a program on v2.
# world: legacy hybrid v2 vm

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() { end_test; }

allow() { # TYPE MAJOR MINOR ACCESS: a filter that allows it, after everything was denied
    echo ".linux.resources.devices = [{allow: false, access: \"rwm\"}, {allow: true, type: \"$1\", major: $2, minor: $3, access: \"$4\"}]"
}
caps='(.process.capabilities[] ) |= . + ["CAP_MKNOD", "CAP_DAC_OVERRIDE", "CAP_SYS_ADMIN"]'
# A number that no driver has: where the access is allowed, the open goes on to say so (ENXIO).
node='.linux.devices = [{path: "/dev/none", type: "c", major: 1, minor: 99, fileMode: 438}]'
# opens TEXT HOW FILTER...: what an open of it says
opens() {
    local text=$1 how=$2
    shift 2
    answers "$text" "(: $how /dev/none) 2>&1 | sed 's/.*: //'" "$node" "$@"
}
yes='No such device or address' no='Operation not permitted'

@test "without rules the default devices can be used, and no other" {
    answers 'null zero full random urandom tty 
open' 'for d in null zero full random urandom; do head -c 1 /dev/$d >/dev/null && : >/dev/null && printf "$d "; done
        (: </dev/tty) 2>&1 | grep -q "Operation not permitted" || printf "tty "; echo
        : </dev/ptmx && echo open'
    opens "$no" '<'
}

@test "a rule allows a device, for the access that it names" {
    opens "$yes" '<' "$(allow c 1 99 r)"
    opens "$no" '>' "$(allow c 1 99 r)"
    opens "$no" '<>' "$(allow c 1 99 r)"
    opens "$no" '<' "$(allow c 1 12 rwm)"
    opens "$no" '<' "$(allow b 1 11 rwm)"
    opens "$yes" '<' '.linux.resources.devices = [{allow: false}, {allow: true, major: 1, access: "rw"}]'
}

@test "the last rule wins" {
    opens "$no" '<' "$(allow c 1 99 rw)" \
        '.linux.resources.devices += [{allow: false, type: "c", major: 1, minor: 99, access: "rwm"}]'
    warns='access to every device' opens "$yes" '<' '.linux.resources.devices = [{allow: true}, {allow: false, type: "b"}]'
    warns='access to every device' opens "$no" '<' \
        '.linux.resources.devices = [{allow: true}, {allow: false, type: "c", major: 1, minor: 99, access: "r"}]'
}

@test "a denied access holds for an open that asks for more" {
    requires v2
    # a list that v1 cannot say is refused there, see below
    denied='.linux.resources.devices = [{allow: true}, {allow: false, type: "c", major: 1, minor: 99, access: "w"}]'
    warns='access to every device' opens "$yes" '<' "$denied"
    warns='access to every device' opens "$no" '<>' "$denied"
    opens "$yes" '<' '.linux.resources.devices = [{allow: false}, {allow: true, type: "c", major: 1, access: "rw"},
        {allow: false, type: "c", major: 1, minor: 12, access: "rwm"}]'
    opens "$no" '<' '.linux.resources.devices = [{allow: false}, {allow: true, type: "c", major: 1, access: "rw"},
        {allow: false, type: "c", major: 1, minor: 99, access: "r"}]'
}

@test "the default devices stay usable whatever the rules say" {
    answers 'written' ': >/dev/null && : </dev/zero && echo written' '.linux.resources.devices = [{allow: false, access: "rwm"}]'
    requires v2
    warns='access to every device' answers 'written' ': >/dev/null && : </dev/zero && echo written' '.linux.resources.devices = [{allow: true}, {allow: false, type: "c", major: 1}]'
}

@test "what cgroup v1 cannot express is refused by name" {
    requires v1
    b=$(bundle c1 '.linux.resources.devices = [{allow: false}, {allow: true, type: "c", major: 1}, {allow: false, type: "c", major: 1, minor: 99}]')
    expect_error 'linux.resources.devices\[1\]: cgroup v1 cannot express it' create -b "$b" c1
}

@test "everything may be allowed" {
    warns='access to every device' opens "$yes" '<>' '.linux.resources.devices = [{allow: true, access: "rwm"}]'
}

# bats test_tags=smoke
@test "a node may be made and not be opened" {
    warns=CAP_SYS_ADMIN answers 'made
Operation not permitted' 'mknod /tmp/disk b 259 77 && echo made; (: </tmp/disk) 2>&1 | sed "s/.*: //"' "$caps"
}

@test "on v1 the rules are in the group's list" {
    requires v1
    b=$(bundle c1 "$(args sleep 1000)" '.linux.cgroupsPath = "/test-devices"' "$(allow c 10 229 rw)")
    succeeds create -b "$b" c1
    list=$(cat /sys/fs/cgroup/devices/test-devices/devices.list)
    # as they were asked for, though anything may be made
    contains "$list" $'c 10:229 rw\n'
    contains "$list" 'c 136:* rwm'
    lacks "$list" 'a *:*'
}

@test "a thousand rules are taken, and the last of them counts" {
    opens "$yes" '<' '.linux.resources.devices = [{allow: false}] +
        [range(1000) | {allow: true, type: "b", major: (. % 4000), minor: ., access: "r"}] +
        [{allow: true, type: "c", major: 1, minor: 99, access: "r"}]'
}

@test "on v2 the program of a group that was made beforehand is replaced" {
    requires v2
    mkdir /sys/fs/cgroup/test-made
    b=$(bundle c1 "$(args sleep 1000)" '.linux.cgroupsPath = "/test-made"')
    succeeds create -b "$b" c1
    b2=$(bundle c2 "$(args sh -c '(: </dev/none) 2>&1 | sed "s/.*: //"')" '.linux.cgroupsPath = "/test-made"' "$node" "$(allow c 1 99 r)")
    pid=$(shim state c1 | jq .pid)
    # out of it, so that the group is empty and keeps its program
    mkdir /sys/fs/cgroup/test-aside && echo "$pid" >/sys/fs/cgroup/test-aside/cgroup.procs
    policy '{"version": 1, "cgroup": {"overlap": "open"}}'
    attempt run -b "$b2" c2
    is "$status|$output" "0|$yes"
    warns=cgroup.overlap silent
    shim delete --force c1
    wait_until rmdir /sys/fs/cgroup/test-aside
    [ ! -d /sys/fs/cgroup/test-made ] || wait_until rmdir /sys/fs/cgroup/test-made
}

# ---- nodes (linux.devices)

@test "nodes of every type are made, with owner and mode" {
    answers 'crw-r----- 7 8 1:63
crw-rw-rw- 0 0 1:3
brw------- 0 0 103:7
prw-rw-rw- 5 0 0:0' 'for d in none made/n disk fifo; do stat -c "%A %u %g %t:%T" /dev/$d; done' \
        '.linux.devices = [
            {path: "/dev/none", type: "c", major: 1, minor: 99, fileMode: 416, uid: 7, gid: 8},
            {path: "/dev/made/n", type: "u", major: 1, minor: 3},
            {path: "/dev/disk", type: "b", major: 259, minor: 7, fileMode: 384},
            {path: "/dev/fifo", type: "p", uid: 5}]'
}

@test "an existing node of another device is an error, one of the same device is not" {
    b=$(bundle c1 '.linux.devices = [{path: "/there", type: "c", major: 1, minor: 3}]' "$(args true)")
    mknod "$b/rootfs/there" c 1 3
    succeeds run -b "$b" c1
    rm "$b/rootfs/there" && mknod "$b/rootfs/there" c 1 5
    expect_error "the device '/there' exists with another type or number" run -b "$b" c1
    rm "$b/rootfs/there" && echo x >"$b/rootfs/there"
    expect_error "the device '/there' exists with another type or number" run -b "$b" c1
}

@test "in a user namespace a device that the host has not under its name is made for it" {
    requires userns
    # the ids of the host, and others
    for first in 0 100000; do
        map=".linux.namespaces += [{type: \"user\"}] | .linux.uidMappings = [{containerID: 0, hostID: $first, size: 65536}] | .linux.gidMappings = .linux.uidMappings"
        answers "$(printf '%s\n' '1:5 640 1000:5 /dev/dir/zero' '1:3 666 0:0 /dev/other' '0 0' 'nosuid,noexec nosuid,noexec nosuid,noexec')" \
            'stat -c "%t:%T %a %u:%g %n" /dev/dir/zero /dev/other; head -c 3 /dev/dir/zero | wc -c | sed s/3/0/ | tr "\n" " "; head -c 3 /dev/other | wc -c
            for d in dir/zero other null; do awk -v at=/dev/$d '\''$5 == at { sub(/^rw,/, "", $6); sub(/,relatime.*/, "", $6); print $6 }'\'' /proc/self/mountinfo; done | xargs' \
            "$map" '.linux.devices = [{path: "/dev/dir/zero", type: "c", major: 1, minor: 5, fileMode: 416, uid: 1000, gid: 5},
                {path: "/dev/other", type: "c", major: 1, minor: 3}]'
    done
    # the host's is another one
    answers 1:3 'stat -c %t:%T /dev/zero' "$map" '.linux.devices = [{path: "/dev/zero", type: "c", major: 1, minor: 3}]'
    # nothing of it is in sight
    answers '' 'grep -v "^[^ ]* [^ ]* [^ ]* [^ ]* /\(proc\|sys\|dev\)[/ ]" /proc/self/mountinfo | grep -v " / / \| /[^ ]* / "; :' "$map" \
        '.linux.devices = [{path: "/dev/other", type: "c", major: 1, minor: 3}]'
    # rules hold for it as for any other
    opens "$no" '<' "$map"
    opens "$yes" '<' "$map" "$(allow c 1 99 r)"
}

@test "in a user namespace the host's node is bound" {
    requires userns file:/dev/kmsg
    map='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 0, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
    b=$(bundle c1 "$(args sh -c 'stat -c "%t:%T" /dev/kmsg; grep -c " /dev/kmsg " /proc/self/mountinfo')" "$map" \
        '.linux.devices = [{path: "/dev/kmsg", type: "c", major: 1, minor: 11}]')
    attempt run -b "$b" c1
    is "$status|$output|$stderr" $'0|1:b\n1|'
    # what is there is something else; the empty file of an earlier run is not
    edit_config "$b" '.linux.devices[0].minor = 11 | .mounts |= map(select(.destination | startswith("/dev") | not))'
    for i in 1 2; do
        attempt run -b "$b" c1
        is "$status|$output|$stderr" $'0|1:b\n1|'
    done
    rm "$b/rootfs/dev/kmsg" && mkfifo "$b/rootfs/dev/kmsg"
    expect_error "the device '/dev/kmsg' exists with another type or number" run -b "$b" c1
    rm "$b/rootfs/dev/kmsg" && echo text >"$b/rootfs/dev/kmsg"
    expect_error "the device '/dev/kmsg' exists with another type or number" run -b "$b" c1
}

# ---- a /dev that is mounted from the host, and a directory that stands for it

@test "below a /dev that is mounted from the host: what is there counts, nothing is made" {
    b=$(bundle c1 "$(args sh -c 'stat -c "%n %t:%T %a" /dev/same /dev/linked; ls /dev')" \
        '.mounts |= map(select(.destination | startswith("/dev") | not)) + [{destination: "/dev", type: "bind", source: "dev", options: ["rbind"]}]' \
        '.linux.devices = [{path: "/dev/same", type: "c", major: 1, minor: 5, fileMode: 438, uid: 7},
            {path: "/dev/linked", type: "c", major: 1, minor: 5}, {path: "/dev/fifo", type: "p"}]')
    mkdir "$b/dev" && mknod -m 600 "$b/dev/same" c 1 5 && ln -s /dev/same "$b/dev/linked" && mkfifo "$b/dev/fifo"
    # what is there and is the one that is asked for, or leads to it inside, stays as it is, without a word
    succeeds --log warnings --log-level warning run -b "$b" c1
    is "$output" $'/dev/same 1:5 600\n/dev/linked 0:0 777\nfifo\nlinked\nsame'
    is "$(<warnings)" ""
    # of another type or number: an error that names the field
    for other in "mknod dev/same c 1 3" "mknod dev/same b 1 5" "touch dev/same" "mkdir dev/same" "mkfifo dev/same" \
        "ln -s /etc/passwd dev/same" "mknod dev/same c 1 3"; do
        rm -rf "$b/dev/same"
        (cd "$b" && $other)
        expect_error "linux.devices\[0\]: the device '/dev/same' exists with another type or number" create -b "$b" c1
    done
    rm "$b/dev/same" && mknod -m 600 "$b/dev/same" c 1 5
    rm "$b/dev/fifo" && mknod "$b/dev/fifo" c 1 3
    expect_error "linux.devices\[2\]: the device '/dev/fifo' exists" create -b "$b" c1
    # not there: said, and not made on the host
    rm "$b/dev/fifo"
    before=$(ls -ln --full-time "$b/dev")
    edit_config "$b" '.linux.devices += [{path: "/dev/below/none", type: "c", major: 1, minor: 3}]'
    succeeds --log warnings --log-level warning run -b "$b" c1
    is "$(grep -c 'is not made in what is mounted from the host' warnings)" 2
    contains "$(<warnings)" "linux.devices[2]: '/dev/fifo' is missing"
    contains "$(<warnings)" "linux.devices[3]: '/dev/below/none' is missing"
    is "$(ls -ln --full-time "$b/dev")" "$before"
    # in a part of it that is the container's own it is made
    mkdir "$b/dev/below"
    edit_config "$b" '.mounts += [{destination: "/dev/below", type: "tmpfs", source: "tmpfs"}] | .linux.devices |= del(.[2])
        | '"$(args stat -c '%n %t:%T' /dev/below/none)"
    rm -f warnings
    succeeds --log warnings --log-level warning run -b "$b" c1
    is "$output $(<warnings)" '/dev/below/none 1:3 '
    is "$(ls -A "$b/dev/below")" ""
}

@test "the host's own /dev: what is there is the device, or an error" {
    b=$(bundle c1 "$(args stat -c '%n %t:%T' /dev/null)" \
        '.mounts |= map(select(.destination | startswith("/dev") | not)) + [{destination: "/dev", type: "bind", source: "/dev", options: ["rbind"]}]' \
        '.linux.devices = [{path: "/dev/null", type: "c", major: 1, minor: 3}]')
    before=$(ls /dev)
    succeeds --log warnings --log-level warning run -b "$b" c1
    is "$output $(<warnings)" '/dev/null 1:3 '
    edit_config "$b" '.linux.devices = [{path: "/dev/null", type: "c", major: 1, minor: 5}]'
    expect_error "linux.devices\[0\]: the device '/dev/null' exists with another type or number" run -b "$b" c1
    is "$(ls /dev)" "$before"
    # with other ids, too, where a device would be bound
    requires userns
    edit_config "$b" '.linux.devices = [{path: "/dev/null", type: "c", major: 1, minor: 3}] | .linux.namespaces += [{type: "user"}]
        | .linux.uidMappings = [{containerID: 0, hostID: 0, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
    succeeds run -b "$b" c1
    is "$output" '/dev/null 1:3'
}
