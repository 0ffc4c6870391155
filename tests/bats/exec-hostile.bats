#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec in a container that is hostile: what it could get of the caller, of the runtime and of the host.
# world: hybrid v2 vm
# world, with --full: legacy

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load exec

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() { end_test; }

@test "the working directory and the program never lead through a descriptor (CVE-2024-21626)" {
    alive c1
    for ((fd = 3; fd < 40; fd++)); do ln -sfn "/proc/self/fd/$fd" "$b/rootfs/w$fd"; done
    exec 15</ 16</
    for ((fd = 3; fd < 40; fd += 1)); do
        refused . --cwd "/proc/self/fd/$fd" c1 true
        refused . --cwd "/w$fd/.." c1 true
        refused . c1 "/proc/self/fd/$fd/../../../../../../bin/sh" -c 'echo out'
    done
    exec 15<&- 16<&-
    refused . --cwd /proc/1/root/../.. c1 true
}

@test "the process has the descriptors that it was given, and no other" {
    alive c1
    for ((fd = 10; fd < 60; fd++)); do eval "exec $fd</"; done
    succeeds exec c1 sh -c 'echo /proc/self/fd/*'
    is "$output" '/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3'
    for ((fd = 10; fd < 60; fd++)); do eval "exec $fd<&-"; done
    # the third is that of the directory; with two more it is the fifth
    echo kept >kept
    (
        # bats has its own there
        exec 3<kept 4<kept
        says kept --preserve-fds 2 c1 sh -c 'cat <&4' || exit 1
        attempt exec --preserve-fds 1 c1 sh -c 'cat <&4' && [ "$status" != 0 ] || exit 1
        exec 3<&- 4<&-
        refused 'descriptor 3 is not open' --preserve-fds 1 c1 true
    )
}

@test "the caller's terminal is out of reach (CVE-2017-5226)" {
    alive c1
    says 'own' c1 sh -c 'set -- $(cat /proc/$$/stat); [ "$6" = $$ ] && [ "$7" = 0 ] && echo own'
}

# A process that is stopped on its way, looked at with every right of the container.
@test "a tracer in the container sees nothing of the host, and no power that is not its own (CVE-2016-9962)" {
    requires fault
    warns='CAP_SYS_(PTRACE|ADMIN)' alive c1 '.process.capabilities[] += ["CAP_SYS_PTRACE", "CAP_SYS_ADMIN"] | .process.capabilities.ambient = [] | .process.capabilities.inheritable = []'
    says '1' c1 sh -c 'set -- /proc/[0-9]*; echo $(($# - 1))'
    init=$(init_of c1)
    for step in session executable ready announce execute; do
        SECRET=of-the-host DISTRO_SHIM_FAULT=process:$step:stop "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" exec -u 1000 c1 sleep 4711 </dev/null >out 2>&1 3>&- &
        pid=$!
        wait_until stands_at "$step"
        seen=$(shim exec c1 sh -c 'for p in /proc/[0-9]*; do
            case $(cat $p/comm) in sleep | sh) continue ;; esac
            echo "$(cat $p/comm)"; tr "\0" " " <$p/environ; tr "\0" " " <$p/cmdline
            ls -l $p/fd $p/root $p/cwd 2>&1; cat $p/status $p/mountinfo; done' 3>&-)
        contains "$seen" "$step"
        for secret in SECRET of-the-host "$SHIM_ROOT" "$BATS_TEST_TMPDIR/state" status.json; do lacks "$seen" "$secret"; done
        # the streams are the caller's own; beside them there is the conversation with the runtime alone
        matches "$(grep -E ' ([3-9]|[0-9]{2,}) -> ' <<<"$seen")" '^[^>]* -> socket:\[[0-9]+\]$'
        is "$(grep -E '^Uid' <<<"$seen" | tr '\t' ' ')" 'Uid: 1000 1000 1000 1000'
        is "$((0x$(caps_of <<<"$seen" | sed -n 's/Prm //p') & ~0x$(caps_of "/proc/$init/status" | sed -n 's/Prm //p')))" 0
        kill -KILL "$pid"
        wait "$pid" 2>/dev/null || true
        case $step in session | execute) let_go "$step" ;; esac
        wait_until says 1 c1 sh -c 'for p in $(pidof sleep); do [ $p = 1 ] || kill -9 $p; done; set -- /proc/[0-9]*; echo $(($# - 1))'
    done
    # what comes before cannot be seen at all
    no_one_stopped() { ! stands_at "$step"; }
    for step in network namespaces console identity forget clone; do
        DISTRO_SHIM_FAULT=joiner:$step:stop "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" exec c1 sleep 4711 </dev/null >out 2>&1 3>&- &
        pid=$!
        wait_until stands_at "$step"
        says 1 c1 sh -c 'set -- /proc/[0-9]*; echo $(($# - 1))'
        kill -KILL "$pid"
        wait "$pid" 2>/dev/null || true
        wait_until no_one_stopped
    done
}

@test "a container that has left for another network is not followed there" {
    b=$(bundle c1 "$(args sh -c 'sleep 0.2; echo before; unshare -n sh -c "echo after; sleep 1000"')" \
        '.process.capabilities[] += ["CAP_SYS_ADMIN"] | .process.capabilities.ambient = []')
    # the first process itself: no fork in between
    edit_config "$b" '.process.args = ["sh", "-c", "echo before; exec unshare -n sh -c \"echo after; exec sleep 1000\""]'
    shim run -d -b "$b" c1 </dev/null >out 2>&1
    wait_until grep -q after out
    refused "first process has left the network namespace '/run/netns/distros'" c1 true
}

@test "a hostile passwd, and a root without /proc, do no harm" {
    alive c1
    rm "$b/rootfs/etc/passwd"
    mkfifo "$b/rootfs/etc/passwd"
    says / c1 sh -c 'echo $HOME'
    succeeds exec --cap SYS_ADMIN c1 umount /proc || true
    says ok c1 echo ok
}
