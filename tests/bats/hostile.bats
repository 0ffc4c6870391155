#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Images that have broken out of container runtimes before, each by its public number: what they have in place of
# /dev, /proc and the targets of mounts, and what of them the runtime opens.
# Whatever a test's own outcome is: the canary directory and the host's device nodes stay as they are, and
# nothing is left behind (end_test).
# world: hybrid

load helpers
load hostile

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
    make_canary
}
teardown() { end_test; }

# mounts DESTINATION...: a filter that leaves these mounts only
mounts() { jq -nr '".mounts |= map(select(.destination | IN(" + ($ARGS.positional | map(tojson) | join(",")) + ")))"' --args "$@"; }

# ---- /dev and the standard streams

@test "a /dev that is a symlink leads nowhere outside (CVE-2026-41579, CVE-2026-47766)" {
    local target b devices list
    devices='.linux.devices = [{"path": "/dev/made", "type": "c", "major": 1, "minor": 3}, {"path": "/dev/null", "type": "c", "major": 1, "minor": 3}]'
    b=$(bundle dev "$devices" "$(args sh -c 'echo ran >/ran')")
    cp "$b/config.json" "$b/plain.json"
    for target in "$CANARY" "../../canary" "../../../../../../../../..$CANARY" /proc/self/cwd; do
        # without a mount on it, and as the target of the usual mounts
        for list in /proc "/proc /dev /dev/pts /dev/shm"; do
            # shellcheck disable=SC2086
            jq "$(mounts $list)" "$b/plain.json" >"$b/config.json"
            rm -rf "$b/rootfs/dev" "$b/rootfs/ran" "$b/rootfs/tmp" "$b/rootfs/canary"
            ln -s "$target" "$b/rootfs/dev"
            run_container "$b"
            echo "$target, $list: $status $output"
            [ "$status" -eq 0 ] || { [ "$status" -eq 1 ] && [ -n "$output" ]; }
            [ "$status" -eq 1 ] || [ -e "$b/rootfs/ran" ]
            # create and start apart, too
            if shim_in 10 create -b "$b" two </dev/null; then shim_in 10 start two; fi
            shim_in 15 delete --force two
        done
    done
}

@test "a false /dev/null of the image gets no stream of the container (CVE-2026-88265)" {
    requires cmd:perl
    local kind b
    for kind in symlink regular fifo socket zero; do
        b=$(bundle "null-$kind" "$(args sh -c 'echo X')" '.process.user = {"uid": 1000, "gid": 1000}')
        mkdir "$b/dev"
        echo evil >"$b/rootfs/etc/evil"
        case $kind in
        symlink) ln -s /etc/evil "$b/dev/null" ;;
        regular) echo evil >"$b/dev/null" ;;
        fifo) mkfifo "$b/dev/null" ;;
        socket) perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 1) or die' "$b/dev/null" ;;
        zero) mknod "$b/dev/null" c 1 5 ;;
        esac
        edit_config "$b" "$(mounts /proc)"
        edit_config "$b" "$(bind "$b/dev" /dev)"
        before=$(stat -c '%n %F %a %u:%g %s %t:%T' "$b/dev/null" "$b/rootfs/etc/evil")
        shim_in 10 run -b "$b" "null-$kind" </dev/null 2>"$b/err" | cat >"$b/out"
        # the pipe has it, or it was refused
        grep -qx X "$b/out" || [ -s "$b/err" ]
        [ "$(stat -c '%n %F %a %u:%g %s %t:%T' "$b/dev/null" "$b/rootfs/etc/evil")" = "$before" ]
        [ "$(cat "$b/rootfs/etc/evil")" = evil ]
    done
}

@test "streams that belong to the host keep their owner" {
    local b device
    b=$(bundle streams "$(args true)" '.process.user = {"uid": 1000, "gid": 1000}')
    echo text >"$BATS_TEST_TMPDIR/file"
    for device in /dev/null /dev/zero /dev/urandom "$BATS_TEST_TMPDIR/file"; do
        shim_in 10 run -b "$b" streams <"$device" >/dev/null
    done
    [ "$(stat -c %u "$BATS_TEST_TMPDIR/file")" = 0 ]
    # end_test looks at the devices; a pipe becomes the user's, who may open /dev/stdin then
    b=$(bundle piped "$(args sh -c 'cat /dev/stdin')" '.process.user = {"uid": 1000, "gid": 1000}')
    [ "$(echo through | shim_in 10 run -b "$b" piped)" = through ]
}

@test "a /dev/console of the image is not followed (CVE-2026-88264)" {
    local kind b ro
    b=$(bundle console "$(mounts /proc /dev/pts)" '.process.terminal = true' \
        "$(args sh -c 'test -c /dev/console && readlink /proc/self/fd/0')")
    mkdir -p "$b/rootfs/dev/pts"
    for ro in false true; do
        edit_config "$b" ".root.readonly = $ro"
        for kind in outside relative dangling regular fifo; do
            rm -f "$b/rootfs/dev/console"
            case $kind in
            outside) ln -s "$CANARY/created" "$b/rootfs/dev/console" ;;
            relative) ln -s "../../../canary/created" "$b/rootfs/dev/console" ;;
            dangling) ln -s /etc/nothing "$b/rootfs/dev/console" ;;
            regular) echo text >"$b/rootfs/dev/console" ;;
            fifo) mkfifo "$b/rootfs/dev/console" ;;
            esac
            run_container "$b"
            echo "$kind $ro: $status $output"
            if [ "$status" -eq 0 ]; then
                [[ $output == */dev/pts/* ]]
            else
                [ "$status" -eq 1 ] && [[ $output == *console* ]]
            fi
            [ ! -e "$b/rootfs/etc/nothing" ]
            [ "$kind" != regular ] || [ "$(cat "$b/rootfs/dev/console")" = text ]
        done
    done
}

@test "a masked path is covered by the host's null device, whatever the image has (CVE-2025-31133)" {
    local kind b
    for kind in /proc/sys/vm/swappiness /etc/other zero regular; do
        b=$(bundle "mask-${kind//\//-}" '.linux.maskedPaths = ["/etc/secret", "/etc/hidden"]' \
            "$(args sh -c 'stat -c "%F %t:%T" /etc/secret; cat /etc/secret; ls /etc/hidden')")
        mkdir -p "$b/dev" "$b/rootfs/etc/hidden"
        echo secret | tee "$b/rootfs/etc/secret" >"$b/rootfs/etc/hidden/secret"
        echo other >"$b/rootfs/etc/other"
        case $kind in
        zero) mknod "$b/dev/null" c 1 5 ;;
        regular) echo shown >"$b/dev/null" ;;
        *) ln -s "$kind" "$b/dev/null" ;;
        esac
        edit_config "$b" "$(mounts /proc)"
        edit_config "$b" "$(bind "$b/dev" /dev)"
        run_container "$b"
        echo "$kind: $status $output"
        [ "$status" -eq 0 ]
        [ "$output" = "character special file 1:3" ]
    done
}

@test "a masked path that is a symlink is covered where it leads, inside" {
    local b
    b=$(bundle mask-link '.linux.maskedPaths = ["/etc/link", "/etc/up", "/etc/absent", "/etc/passwd/not-a-directory"]' \
        "$(args sh -c 'cat /etc/real; cat /etc/link')")
    echo secret >"$b/rootfs/etc/real"
    ln -s real "$b/rootfs/etc/link"
    ln -s "../../../canary/file" "$b/rootfs/etc/up"
    run_container "$b"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    [ "$(cat "$CANARY/file")" = sings ]
}

@test "a terminal comes from a real devpts only (CVE-2025-52565)" {
    local kind b i
    for kind in symlinks regular device foreign; do
        b=$(bundle "pts-$kind" '.process.terminal = true' "$(args sh -c 'stat -c %t /dev/console')")
        mkdir "$b/pts"
        case $kind in
        symlinks)
            for i in ptmx {0..63}; do ln -s /proc/sys/vm/swappiness "$b/pts/$i"; done
            ;;
        regular) for i in ptmx {0..63}; do echo 1 >"$b/pts/$i"; done ;;
        device) mknod "$b/pts/ptmx" c 5 2 ;;
        # the host's own: its terminals are not the container's
        foreign) rmdir "$b/pts" && ln -s /dev/pts "$b/pts" ;;
        esac
        edit_config "$b" "$(bind "$(realpath "$b/pts")" /dev/pts)"
        run_container "$b"
        echo "$kind: $status $output"
        if [ "$kind" != foreign ]; then
            [ "$status" -eq 1 ]
            [[ $output == *ptmx* ]]
        else
            [ "$status" -eq 1 ] || [[ $output == 88* ]]
        fi
    done
}

# ---- /proc and /sys

@test "/proc and /sys that are not directories are refused (CVE-2019-19921, CVE-2023-27561)" {
    local what kind b
    for what in proc sys; do
        for kind in inside outside regular dangling; do
            b=$(bundle "$what-$kind" "$(mounts /proc /sys)" "$(args true)")
            rmdir "$b/rootfs/$what"
            mkdir "$b/rootfs/elsewhere"
            case $kind in
            inside) ln -s elsewhere "$b/rootfs/$what" ;;
            outside) ln -s "$CANARY/directory" "$b/rootfs/$what" ;;
            regular) echo x >"$b/rootfs/$what" ;;
            dangling) ln -s nothing "$b/rootfs/$what" ;;
            esac
            expect_error "/$what.* must be a directory" run -b "$b" x
            [ ! -e "$b/rootfs/nothing" ]
        done
    done
}

@test "other spellings of /proc are /proc" {
    local spelling b
    for spelling in /vol/../proc /proc/ //proc /./proc proc; do
        b=$(bundle "spelling" "$(mounts /dev /proc)" \
            "$(args sh -c 'stat -f -c %T /proc; echo /proc/[0-9]*; grep -c " /proc proc " /proc/self/mounts; echo 1 >/proc/sys/vm/swappiness')" \
            ".mounts |= map(if .destination == \"/proc\" then .destination = \"$spelling\" else . end)")
        mkdir -p "$b/rootfs/elsewhere/proc"
        ln -s elsewhere "$b/rootfs/vol"
        run_container "$b"
        echo "$spelling: $status $output"
        [ "${lines[0]}" = proc ]
        [ "${lines[1]}" = /proc/1 ]
        [ "${lines[2]}" = 1 ]
        [[ ${lines[3]} == *"Read-only file system"* ]]
        [ -z "$(ls -A "$b/rootfs/elsewhere/proc")" ]
        rm -rf "$b"
    done
}

# ---- targets of mounts and devices

@test "symlinks on the way to a target stay inside the root (CVE-2021-30465, CVE-2026-87766)" {
    local b kind place target
    mkdir "$BATS_TEST_TMPDIR/source"
    echo text >"$BATS_TEST_TMPDIR/source/file"
    b=$(bundle target)
    cp "$b/config.json" "$b/plain.json"
    for place in new file directory parent relative; do
        for kind in file directory tmpfs device; do
            cp "$b/plain.json" "$b/config.json"
            # also what an earlier round has made inside
            rm -rf "$b/rootfs/etc/x" "$b/rootfs/tmp" "$b/rootfs/canary"
            case $place in
            new | file | directory) ln -s "$CANARY/$place" "$b/rootfs/etc/x" && target=/etc/x ;;
            parent) ln -s "$CANARY" "$b/rootfs/etc/x" && target=/etc/x/directory ;;
            relative) ln -s ../../../canary "$b/rootfs/etc/x" && target=/etc/x/new ;;
            esac
            # what is mounted is found where the container itself finds the target
            case $kind in
            file) edit_config "$b" "$(bind "$BATS_TEST_TMPDIR/source/file" $target) | $(args cat $target)" ;;
            directory) edit_config "$b" "$(bind "$BATS_TEST_TMPDIR/source" $target) | $(args cat $target/file)" ;;
            tmpfs) edit_config "$b" ".mounts += [{type: \"tmpfs\", source: \"tmpfs\", destination: \"$target\"}] | $(args stat -f -c 'text %T' $target)" ;;
            device) edit_config "$b" ".linux.devices = [{path: \"$target\", type: \"c\", major: 1, minor: 3}] | $(args stat -c 'text %t:%T' $target)" ;;
            esac
            run_container "$b"
            echo "$place $kind: $status $output"
            case $kind-$place in
            # a node is never put through a link
            device-new | device-file | device-directory) is "$status" 1 ;;
            tmpfs-*) is "$status $output" "0 text tmpfs" ;;
            device-*) is "$status $output" "0 text 1:3" ;;
            *) is "$status $output" "0 text" ;;
            esac
        done
    done
}

@test "links that images have are followed inside the root" {
    local b
    mkdir "$BATS_TEST_TMPDIR/source"
    echo text >"$BATS_TEST_TMPDIR/source/file"
    b=$(bundle links "$(args cat /run/x/file /run/deep/er/file /tmp/f)" \
        "$(bind "$BATS_TEST_TMPDIR/source" /var/run/x)" "$(bind "$BATS_TEST_TMPDIR/source" /var/run/deep/er)" \
        "$(bind "$BATS_TEST_TMPDIR/source/file" /var/tmp/f)")
    ln -s /run "$b/rootfs/var/run"
    ln -s ../../tmp "$b/rootfs/var/tmp"
    run_container "$b"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$output" = $'text\ntext\ntext' ]
}

# ---- what is opened of an image

# named_inside PROGRAM...: every path that is named by who stands in the container's root, until it executes
# something, by the traces in trace.PID (strace -ff). Who is born in there is known by the PROGRAM it becomes.
named_inside() {
    local file
    for file in trace.*; do
        awk -v born="$*" '
            BEGIN { n = split(born, list, " "); for (i = 1; i <= n; i++) inside[list[i]] = 1 }
            { lines[NR] = $0 }
            /^(pivot_root|setns\(.*CLONE_NEWNS)/ { first = first ? first : NR + 1 }
            /^execve\("/ { split($0, words, "\""); if (!first && inside[words[2]]) first = 1; last = NR; exit }
            END { for (i = first; first && i < (last ? last : NR + 1); i++) print lines[i] }' "$file"
    done | sed -nE 's/^[a-z0-9_]+\([^"]*"([^"]+)".*/\1/p' | sort -u | xargs
}

@test "nothing of an image is opened but what the configuration names, and no library (CVE-2019-14271)" {
    requires cmd:strace
    local b join file
    strace -qq -o trace.0 true 2>/dev/null || skip "needs ptrace"
    rm trace.0
    b=$(bundle lured "$(args id -u)" '.process.cwd = "/work" | .process.user = {uid: 1000, gid: 1000, additionalGids: [5]} | .hostname = "lured"
        | .process.env = ["PATH=/sbin:/bin", "LANG=C.UTF-8"] | .hooks = {startContainer: [{path: "/bin/true"}]}
        | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["getpgid"], action: "SCMP_ACT_ERRNO"}]}')
    mkdir -p "$b"/rootfs/{work,lib/x86_64-linux-gnu,lib64,usr/lib/locale,usr/lib/x86_64-linux-gnu/gconv,etc/ld.so.conf.d}
    printf 'passwd: lure files\ngroup: lure files\nhosts: lure\n' >"$b/rootfs/etc/nsswitch.conf"
    echo 'user:x:1000:1000::/work:/bin/sh' >>"$b/rootfs/etc/passwd"
    for file in lib/libnss_lure.so.2 lib/x86_64-linux-gnu/libnss_{lure,files,compat}.so.2 lib/x86_64-linux-gnu/lib{c,dl,gcc_s}.so.6 etc/ld.so.preload \
        etc/ld.so.cache etc/host.conf etc/resolv.conf etc/localtime usr/lib/locale/locale-archive usr/lib/x86_64-linux-gnu/gconv/gconv-modules; do
        echo lure >"$b/rootfs/$file"
    done
    cp "$b/config.json" "$b/plain.json"
    for join in . '(.linux.namespaces[] | select(.type == "network")) |= del(.path)'; do
        jq "$join" "$b/plain.json" >"$b/config.json"
        rm -f trace.*
        strace -ff -qq -o trace -e trace=%file,%process,pivot_root,setns "$DISTRO_SHIM" --root "$SHIM_ROOT" run -b "$b" lured </dev/null >out 2>err
        is "$(<out) $(<err)" "1000 "
        is "$(named_inside /bin/true)" ". / /bin/id /etc/passwd /sbin/id /work"
    done
    edit_config "$b" "$(args sleep 1000)"
    shim_in 20 run -d -b "$b" lured </dev/null >/dev/null 2>&1
    rm -f trace.*
    strace -ff -qq -o trace -e trace=%file,%process,pivot_root,setns "$DISTRO_SHIM" --root "$SHIM_ROOT" exec --user 1000:5 lured id -u </dev/null >out 2>err
    is "$(<out) $(<err)" "1000 "
    # the last one in the runtime's procfs, by its descriptor
    is "$(named_inside /bin/id)" "/ /bin/id /etc/passwd /sbin/id /work thread-self/status"
}
