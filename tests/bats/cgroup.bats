# SPDX-License-Identifier: Apache-2.0
# Control groups (config-linux.md "Control groups"): where a container is, in each layout of hierarchies, what was there
# before it, and that nothing of it stays.
# world: legacy hybrid v2 vm

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load cgroup

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() {
    # what a failed test has left in a group of its own
    for pid in ${strays:-}; do kill -s KILL "$pid" 2>/dev/null || true; done
    end_test
}

# The one in which things are frozen, and one that every layout has
freezer() { [ "$DISTRO_SHIM_WORLD" = v2 ] && echo /sys/fs/cgroup || echo /sys/fs/cgroup/freezer; }
freeze() { # GROUP yes|no
    if [ "$DISTRO_SHIM_WORLD" = v2 ]; then
        [ "$2" = yes ] && echo 1 >"/sys/fs/cgroup$1/cgroup.freeze" || echo 0 >"/sys/fs/cgroup$1/cgroup.freeze"
    else
        [ "$2" = yes ] && echo FROZEN >"/sys/fs/cgroup/freezer$1/freezer.state" || echo THAWED >"/sys/fs/cgroup/freezer$1/freezer.state"
    fi
}
gone() { [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }
# A process of this machine in a group of its own
stray() { # GROUP
    for h in $(hierarchies); do mkdir -p "$h$1"; done
    sleep 1000 3>&- </dev/null >/dev/null 2>&1 &
    stray=$!
    disown # its end is not worth a word
    strays="${strays:-} $stray"
    for h in $(hierarchies); do echo "$stray" >"$h$1/cgroup.procs"; done
}
end_stray() { # GROUP
    kill -s KILL "$stray" 2>/dev/null || true
    for h in $(hierarchies); do wait_until rmdir "$h$1"; done
}
writable_cgroup='(.mounts[] | select(.type == "cgroup") | .options) = ["rw", "nosuid", "noexec", "nodev"]'

# ---- where

@test "the container is in the group of its cgroupsPath, in every hierarchy, and delete removes that" {
    for pair in '/test-parent/deep/c1|/test-parent/deep/c1' 'test-parent/relative|/test-parent/relative' \
        '/test-parent//./c1/|/test-parent/c1' '|/distro-shim/c1'; do
        path=${pair#*|}
        b=$(bundle "c$((n = ${n:-0} + 1))-x" "$(sleeping)" ".linux.cgroupsPath = \"${pair%|*}\"")
        n=$((n + 1))
        succeeds create -b "$b" c1
        is "$pair $(groups_of "$(pid_of c1)")" "$pair $path"
        is "$(where "$path")" "$(hierarchies)"
        succeeds start c1
        is "$(groups_of "$(pid_of c1)")" "$path"
        succeeds delete --force c1
        is "$(where "$path")" ""
    done
    # what was made on the way goes with it, but not what an engine has made, nor what has processes in it
    is "$(where /test-parent)$(where /distro-shim)" ""
    for h in $(hierarchies); do mkdir -p "$h/test-parent"; done
    edit_config "$b" '.linux.cgroupsPath = "/test-parent/ours/deeper/c1"'
    succeeds create -b "$b" c1
    edit_config "$b" '.linux.cgroupsPath = "/test-parent/ours/c2"'
    succeeds create -b "$b" c2
    succeeds delete --force c1
    is "$(where /test-parent/ours/deeper)" ""
    is "$(where /test-parent/ours/c2)" "$(hierarchies)"
    succeeds delete --force c2
    is "$(where /test-parent/ours)" ""
    is "$(where /test-parent)" "$(hierarchies)"
    for h in $(hierarchies); do rmdir "$h/test-parent"; done
}

@test "a parent that another program has made stays, in the hierarchies where it was made, and only there" {
    theirs=$(freezer)
    mkdir "$theirs/test-parent"
    b=$(bundle c1 "$(sleeping)" '.linux.cgroupsPath = "/test-parent/deep/c1"')
    for way in run failing between; do
        case $way in
        run)
            succeeds run -d -b "$b" c1
            is "$(where /test-parent/deep/c1)" "$(hierarchies)"
            succeeds delete --force c1
            ;;
        failing)
            edit_config "$b" '.process.args = ["no-such-program"]'
            expect_error 'executable file not found' create -b "$b" c1
            ;;
        between)
            # one that another program makes between two of ours, and that is empty when the container goes
            edit_config "$b" '.process.args = ["true"] | .linux.cgroupsPath = "/test-parent/deep/theirs/deeper/c1"'
            mkdir -p "$theirs/test-parent/deep/theirs"
            succeeds run -b "$b" c1
            is "$(where /test-parent/deep/theirs/deeper)" ""
            is "$(where /test-parent/deep/theirs)" "$theirs"
            rmdir "$theirs/test-parent/deep/theirs" "$theirs/test-parent/deep"
            ;;
        esac
        is "$way $(where /test-parent/deep)" "$way "
        is "$way $(where /test-parent)" "$way $theirs"
    done
    rmdir "$theirs/test-parent"
}

@test "the caller stays in its own group" {
    groups_of self >before
    b=$(bundle c1 "$(args true)")
    succeeds run -b "$b" c1
    succeeds create -b "$b" c1
    succeeds delete c1
    cmp before <(groups_of self)
}

@test "a path that leads elsewhere is refused" {
    b=$(bundle c1)
    for path in .. a/../b /../x /a/.. / // /. "$(printf 'n%.0s' {1..256})" $'a\nb' $'a\tb'; do
        edit_config "$b" --arg path "$path" '.linux.cgroupsPath = $path'
        expect_error 'linux.cgroupsPath' create -b "$b" c1
    done
    is "$(where /n)$(where /a)" ""
    # what could be made and then neither opened nor removed
    name=$(printf 'n%.0s' {1..250}) path=''
    for ((i = 0; i < 16; i++)); do path+=/$name; done
    edit_config "$b" --arg path "$path" '.linux.cgroupsPath = $path'
    expect_error 'linux.cgroupsPath: is longer than the 3[0-9]* bytes that are left for it below' create -b "$b" c1
    edit_config "$b" --arg path "${path:0:3500}" '.linux.cgroupsPath = $path'
    succeeds create -b "$b" c1
    succeeds delete --force c1
    is "$(where "/$name")" ""
}

@test "a creation that fails takes its groups back, with the parents that it made" {
    b=$(bundle c1 "$(args no-such-program)" '.linux.cgroupsPath = "/test-parent/deep/c1"')
    expect_error 'executable file not found' create -b "$b" c1
    is "$(where /test-parent/deep/c1)" ""
    for h in $(hierarchies); do [ ! -d "$h/test-parent" ] || find "$h/test-parent" -depth -type d -exec rmdir {} +; done
}

@test "a group with processes in it is refused, and left as it is" {
    stray /test-taken
    b=$(bundle c1 "$(sleeping)" '.linux.cgroupsPath = "/test-taken"')
    expect_error "cgroup '.*/test-taken' is not empty: 1 process is in it" create -b "$b" c1
    is "$(groups_of "$stray")" /test-taken
    end_stray /test-taken
    succeeds create -b "$b" c1
    succeeds delete c1
}

@test "a group that was made beforehand is as it was, attributes too, where creation fails" {
    requires file:/usr/bin/python3
    for h in $(hierarchies); do mkdir "$h/test-made"; done
    before=$(where /test-made)
    b=$(bundle c1 "$(sleeping)" '.linux.cgroupsPath = "/test-made"' '.linux.resources.cpu.cpus = "4095"')
    has_controller cpuset || edit_config "$b" 'del(.linux.resources.cpu) | .linux.resources.unified = {"cgroup.max.depth": "x"}'
    expect_error '4095|cgroup.max.depth' create -b "$b" c1
    is "$(where /test-made)" "$before"
    for h in $before; do
        is "$(/usr/bin/python3 -c 'import os, sys; print(os.listxattr(sys.argv[1]))' "$h/test-made")" '[]'
        rmdir "$h/test-made"
    done
}

@test "a group that was made beforehand is used" {
    for h in $(hierarchies); do mkdir "$h/test-made"; done
    b=$(bundle c1 "$(sleeping)" '.linux.cgroupsPath = "/test-made"')
    succeeds create -b "$b" c1
    is "$(groups_of "$(pid_of c1)")" /test-made
    before=$(where /test-made)
    succeeds delete c1
    # it is not the container's to delete, but for what the container has made in it
    is "$(where /test-made)" "$before"
    b=$(bundle c2 "$(args sh -c 'for h in /sys/fs/cgroup /sys/fs/cgroup/pids; do
        [ ! -e $h/cgroup.procs ] || { mkdir -p $h/a/b && { sleep 1000 & } && echo $! >$h/a/b/cgroup.procs; }; done; echo ready >/said; sleep 1000')" \
        '.linux.cgroupsPath = "/test-made"' "$writable_cgroup")
    succeeds run -d -b "$b" c2
    wait_until [ -s "$b/rootfs/said" ]
    [ -n "$(where /test-made/a/b)" ]
    succeeds delete --force c2
    is "$(where /test-made)" "$before"
    is "$(where /test-made/a)" ""
    # one that is left of a container whose state is gone is
    b=$(bundle c3 "$(sleeping)" '.linux.cgroupsPath = "/test-lost"')
    succeeds create -b "$b" c3
    pid=$(pid_of c3)
    kill -KILL "$pid" && wait_until [ ! -e "/proc/$pid" ]
    rm -r "${SHIM_ROOT:?}/c3" /run/distro-shim/members/*
    [ -n "$(where /test-lost)" ]
    b=$(bundle c4 "$(sleeping)" '.linux.cgroupsPath = "/test-lost"')
    succeeds create -b "$b" c4
    succeeds delete c4
    is "$(where /test-lost)" ""
    for h in $before; do rmdir "$h/test-made"; done
}

@test "a frozen group, or one below a frozen one, is refused in time" {
    mkdir "$(freezer)/test-frozen"
    freeze /test-frozen yes
    b=$(bundle c1 "$(sleeping)" '.linux.cgroupsPath = "/test-frozen"')
    start=$SECONDS
    expect_error "/test-frozen' is frozen" create -b "$b" c1
    edit_config "$b" '.linux.cgroupsPath = "/test-frozen/below"'
    expect_error "/test-frozen/below' is frozen" create -b "$b" c1
    [ $((SECONDS - start)) -lt 8 ]
    [ ! -d "$(freezer)/test-frozen/below" ]
    freeze /test-frozen no
    rmdir "$(freezer)/test-frozen"
    is "$(where /test-frozen)" ""
}

# ---- ends

@test "groups that the container has made in its own go with it, and all that is in them" {
    b=$(bundle c1 "$(args sh -c 'for h in /sys/fs/cgroup /sys/fs/cgroup/pids /sys/fs/cgroup/unified; do
        [ -e $h/cgroup.procs ] || continue
        mkdir -p $h/a/b/c $h/d; sleep 1000 & echo $! >$h/a/b/cgroup.procs; sleep 1000 & echo $! >$h/d/cgroup.procs; done
        echo ready >/said; sleep 1000')" "$writable_cgroup")
    succeeds run -d -b "$b" c1
    wait_until [ -s "$b/rootfs/said" ]
    [ -n "$(where /distro-shim/c1/a/b/c)" ]
    succeeds kill c1 KILL
    wait_until has_status c1 stopped
    succeeds delete c1
    is "$(where /distro-shim)" ""
    # and at once, with everything running
    rm "$b/rootfs/said"
    succeeds run -d -b "$b" c1
    wait_until [ -s "$b/rootfs/said" ]
    succeeds delete --force c1
    is "$(where /distro-shim)" ""
}

@test "kill --all signals every process, plain kill the first one" {
    b=$(bundle c1 "$(args sh -c 'trap "echo first >>/said" TERM
        for i in 1 2 3; do sh -c "trap \"echo other >>/said; exit\" TERM; echo up >>/said; while :; do sleep 0.1; done" & done
        while :; do sleep 0.1; done')")
    count() { [ "$(grep -cx "$1" "$b/rootfs/said")" = "$2" ]; }
    succeeds run -d -b "$b" c1
    wait_until count up 3
    succeeds kill c1 TERM
    wait_until count first 1
    count other 0
    succeeds kill --all c1 TERM
    wait_until count other 3
    wait_until count first 2
    is "$(state_of c1)" running
    succeeds kill --all c1 KILL
    wait_until has_status c1 stopped
}

@test "a process of another program in the container's group ends with the container" {
    b=$(bundle c1 "$(sleeping)")
    succeeds run -d -b "$b" c1
    sleep 1000 3>&- </dev/null >/dev/null 2>&1 &
    stray=$! strays=$!
    disown
    for h in $(where /distro-shim/c1); do echo "$stray" >"$h/distro-shim/c1/cgroup.procs"; done
    succeeds kill c1 KILL
    wait_until has_status c1 stopped
    kill -0 "$stray"
    # what engines do after the end of the first process
    succeeds kill --all c1 9
    wait_until gone "$stray"
    succeeds delete c1
    is "$(where /distro-shim)" ""
}

@test "delete works when another program has removed the groups already" {
    b=$(bundle c1 "$(args true)")
    succeeds run --keep -b "$b" c1
    for h in $(where /distro-shim/c1); do rmdir "$h/distro-shim/c1"; done
    succeeds kill --all c1
    succeeds delete c1
}

@test "a frozen container is paused: it cannot be started or deleted, but killed and forced" {
    b=$(bundle c1 "$(sleeping)")
    succeeds create -b "$b" c1
    freeze /distro-shim/c1 yes
    wait_until has_status c1 paused
    expect_error 'cannot start a paused container' start c1
    freeze /distro-shim/c1 no
    wait_until has_status c1 created
    succeeds start c1
    freeze /distro-shim/c1 yes
    wait_until has_status c1 paused
    expect_error 'not stopped: paused' delete c1
    succeeds kill c1 KILL
    wait_until has_status c1 stopped
    succeeds delete c1
    succeeds run -d -b "$b" c1
    freeze /distro-shim/c1 yes
    wait_until has_status c1 paused
    succeeds delete --force c1
    is "$(where /distro-shim)" ""
}
