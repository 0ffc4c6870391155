#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Descriptors have led out of containers before, and to the runtime's own program (CVE-2019-5736): which of them a
# container, its hooks and its program have, and what can be done with those that there are.
# Whatever a test's own outcome is: the canary directory and the host's device nodes stay as they are, and
# nothing is left behind (end_test).
# world: hybrid

load helpers

setup_file() {
    make_rootfs
    # where it does not compile (no static C library), the tests that need it say so
    cc -O1 -static -o "$BATS_FILE_TMPDIR/hostile" "$BATS_TEST_DIRNAME/hostile.c" &&
        cc -O1 -DPRELOAD -shared -fPIC -o "$BATS_FILE_TMPDIR/preload.so" "$BATS_TEST_DIRNAME/hostile.c" || true
}
setup() {
    requires root world
    start_test
    make_canary
}
teardown() { end_test; }

# ---- descriptors

# The caller's own descriptors, which are directories of the host, are not a way out either.
with_directories() { # CMD...
    local n
    for n in {3..64}; do eval "exec $n</usr/bin"; done
    "$@"
}
enter() { # N or PATH
    local cwd=/proc/self/fd/$1 config=config-${1//\//-}.json
    [[ $1 != /* ]] || cwd=$1
    jq --arg cwd "$cwd" '.process.cwd = $cwd' "$BUNDLE/config.json" >"$BUNDLE/$config"
    with_directories expect_error "process.cwd: .*$cwd" run -b "$BUNDLE" -f "$config" "x$BASHPID"
}
execute() { # N or PATH
    local program=/proc/self/fd/$1/../../bin/sh config=config-${1//\//-}.json
    [[ $1 != /* ]] || program=$1
    jq --arg program "$program" '.process.args = [$program, "-c", "echo escaped"]' "$BUNDLE/config.json" >"$BUNDLE/$config"
    with_directories expect_error "exec: .*$program" run -b "$BUNDLE" -f "$config" "x$BASHPID"
}

@test "no working directory through a descriptor (CVE-2024-21626)" {
    BUNDLE=$(bundle cwd "$(args pwd)")
    ln -s /proc/self/fd/7 "$BUNDLE/rootfs/w"
    ln -s /proc/self/cwd "$BUNDLE/rootfs/c"
    all_of enter 6 {3..64} 7/.. 8/../.. 5/made /w /c /w/..
}

@test "no program through a descriptor (CVE-2024-21626)" {
    BUNDLE=$(bundle program)
    ln -s /proc/self/fd/7/../../bin/sh "$BUNDLE/rootfs/p"
    ln -s /proc/self/fd/7 "$BUNDLE/rootfs/f"
    all_of execute 6 {3..24} 63 64 /p /f /f/sh
}

# In a shell, and without another process or the shell's own pid, for /proc may be of another PID namespace:
# the numbers of its descriptors. The directory's own is closed by then.
# shellcheck disable=SC2016
LIST_FDS='for f in /proc/self/fd/*; do [ ! -L "$f" ] || echo "${f##*/}"; done'

with_200_descriptors() { # CMD...: they are not closed on execve
    (
        ulimit -n 1024
        for n in {5..204}; do eval "exec $n</usr"; done
        "$@"
    )
}

@test "a created container holds its streams, the socket it waits on, its own status, and nothing else" {
    local b pid late fd target
    for late in false true; do
        b=$(bundle "held-$late" "$(args true)")
        [ $late = false ] || edit_config "$b" '(.linux.namespaces[] | select(.type == "network")) |= del(.path)'
        with_200_descriptors shim_in 10 create -b "$b" held </dev/null 4>&-
        pid=$(shim state held | jq .pid)
        for fd in /proc/"$pid"/fd/*; do
            target=$(readlink "$fd")
            echo "${fd##*/} $target"
            case ${fd##*/} in
            0 | 1 | 2) continue ;;
            esac
            [[ $target != socket:* ]] || continue
            # which `start` reads when the filter is in force
            [ ! "$fd" -ef "/proc/$pid/task/$pid/status" ] || continue
            # before a late join the shared network waits in a descriptor
            [ $late = true ]
            [ "$fd" -ef /run/netns/distros ]
        done
        [ "$(find /proc/"$pid"/fd -lname 'socket:*' | grep -vc '/[012]$')" = 1 ]
        # neither do its memory maps, its directory or its root lead out
        [ "$(readlink /proc/"$pid"/cwd)" = / ]
        [ "$(readlink /proc/"$pid"/root)" = / ]
        shim delete --force held
    done
}

@test "the program has 0, 1, 2 and what --preserve-fds passes, of 200 descriptors" {
    local b n late
    for late in false true; do
        b=$(bundle "fds-$late" "$(args sh -c "$LIST_FDS")")
        [ $late = false ] || edit_config "$b" '(.linux.namespaces[] | select(.type == "network")) |= del(.path)'
        with_200_descriptors shim_in 10 run -b "$b" x </dev/null >out
        diff - out < <(seq 0 2)
        for n in 1 3; do
            with_200_descriptors shim_in 10 run -b "$b" --preserve-fds $n x </dev/null >out 3<"$CANARY/file" 4<"$CANARY/file"
            diff - out < <(seq 0 $((2 + n)))
        done
    done
    # one that is not open is not replaced by one of the runtime's
    b=$(bundle missing "$(args true)")
    (
        for n in {3..20}; do eval "exec $n<&-"; done
        expect_error 'descriptor [0-9]+ is not open' run -b "$b" --preserve-fds 5 x
    )
}

@test "hooks have 0, 1, 2 only" {
    local b kind out
    b=$(bundle hooks "$(args true)")
    mkdir "$b/out"
    for kind in prestart createRuntime createContainer startContainer poststart poststop; do
        out=$b/out/$kind
        [ $kind != startContainer ] || out=/tmp/$kind
        # createContainer sees the host's tree, startContainer the container's
        edit_config "$b" --arg kind $kind --arg script "exec >$out; $LIST_FDS" \
            '.hooks[$kind] = [{"path": "/bin/sh", "args": ["sh", "-c", $script], "env": ["PATH=/usr/bin:/bin"]}]'
    done
    with_200_descriptors shim_in 20 run -b "$b" --preserve-fds 2 x </dev/null 3<"$CANARY/file" 4<"$CANARY/file"
    mv "$b/rootfs/tmp/startContainer" "$b/out/"
    for kind in prestart createRuntime createContainer startContainer poststart poststop; do
        echo "$kind:"
        diff - "$b/out/$kind" < <(seq 0 2)
    done
}

# ---- the runtime's own program

# What an image needs to run the runtime's program by itself: its libraries and the loader.
add_libraries() { # ROOTFS
    local library
    ldd "$DISTRO_SHIM" | grep -o '/[^ ]*' | while read -r library; do
        mkdir -p "$1$(dirname "$library")"
        cp -L "$library" "$1$library"
    done
}
all_capabilities() {
    local names
    names=$(capsh --print 2>/dev/null | sed -n 's/^Bounding set =//p' | tr a-z A-Z | jq -Rc 'split(",")')
    [ -n "$names" ] && [ "$names" != '[]' ] ||
        names='["CAP_SYS_ADMIN","CAP_SYS_PTRACE","CAP_DAC_OVERRIDE","CAP_DAC_READ_SEARCH","CAP_CHOWN","CAP_FOWNER","CAP_MKNOD","CAP_SETUID","CAP_SETGID","CAP_SYS_CHROOT"]'
    echo ".process.capabilities = {bounding: $names, effective: $names, permitted: $names, inheritable: $names}"
}

@test "the runtime's program cannot be written to from a container (CVE-2019-5736)" {
    requires cmd:cc "file:$BATS_FILE_TMPDIR/hostile"
    local b before way
    # a copy: a test that fails would destroy it
    cp "$DISTRO_SHIM" "$BATS_TEST_TMPDIR/distro-shim"
    DISTRO_SHIM=$BATS_TEST_TMPDIR/distro-shim
    before=$(sha256sum <"$DISTRO_SHIM")
    b=$(bundle exe "$(all_capabilities)" '.linux.maskedPaths = [] | .linux.readonlyPaths = []')
    add_libraries "$b/rootfs"
    cp "$BATS_FILE_TMPDIR/hostile" "$b/rootfs/hostile"
    cp "$BATS_FILE_TMPDIR/preload.so" "$b/rootfs/preload.so"
    printf '#!/proc/self/exe\n' >"$b/rootfs/script"
    chmod 755 "$b/rootfs/script"
    ln -s /proc/self/exe "$b/rootfs/link"
    cp "$b/config.json" "$b/plain.json"
    for way in script link image hook; do
        cp "$b/plain.json" "$b/config.json"
        rm -f "$b/rootfs/result" "$b/rootfs/etc/ld.so.preload"
        case $way in
        script | link) edit_config "$b" ".process.args = [\"/$way\"] | .process.env += [\"LD_PRELOAD=/preload.so\"]" ;;
        image)
            edit_config "$b" '.process.args = ["/script"]'
            echo /preload.so >"$b/rootfs/etc/ld.so.preload"
            ;;
        hook)
            edit_config "$b" '.process.args = ["sleep", "1000"] |
                .hooks.startContainer = [{"path": "/hostile", "args": ["hostile", "write-exe", "1"]}]'
            ;;
        esac
        shim_in 10 run -d -b "$b" attacked </dev/null
        wait_until test -e "$b/rootfs/result"
        echo "$way: $(cat "$b/rootfs/result")"
        grep -q '^refused:' "$b/rootfs/result"
        # for good, not because it happens to be run
        [[ $(<"$b/rootfs/result") != *ETXTBSY* ]]
        shim_in 15 delete --force attacked
        [ "$(sha256sum <"$DISTRO_SHIM")" = "$before" ]
    done
    # many times, while others run it
    edit_config "$b" '.process.args = ["/script"] | del(.hooks)'
    for _ in {1..20}; do shim_in 10 run -b "$b" again </dev/null >/dev/null 2>&1 || true; done
    [ "$(sha256sum <"$DISTRO_SHIM")" = "$before" ]
}
