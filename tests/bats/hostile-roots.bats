#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Ids, state directories and root file systems that lead to another place than they should, before or while the runtime
# looks at them.
# Whatever a test's own outcome is: the canary directory and the host's device nodes stay as they are, and
# nothing is left behind (end_test).
# world: hybrid

load helpers
load hostile

setup_file() {
    make_rootfs
    # where it does not compile (no static C library), the tests that need it say so
    cc -O1 -static -o "$BATS_FILE_TMPDIR/hostile" "$BATS_TEST_DIRNAME/hostile.c" || true
}
setup() {
    requires root world
    start_test
    make_canary
}
teardown() { end_test; }

@test "ids that are not names are refused" {
    local b id many
    b=$(bundle ids "$(args true)")
    many=$(printf 'x%.0s' {1..1025})
    for id in '' . .. a/b /a -x --root $'a\n' $'\xc3\xa4' ' a' 'a b' '%s%s%n' 'a*' "${many:0:256}" "$many" $'a\e[2J' ../canary; do
        for command in create run state start kill delete; do
            case $command in
            create | run) expect_error . $command -b "$b" -- "$id" ;;
            *) expect_error . $command -- "$id" ;;
            esac
            # what a terminal would act on is not shown
            # shellcheck disable=SC2154
            [[ $said != *$'\e'* ]]
        done
        expect_error . delete --force -- "$id"
    done
    [ -z "$(ls -A "$SHIM_ROOT" 2>/dev/null)" ]
    # and these are names
    for id in a 0 _ + a.b a-b A+b_.- "${many:0:200}"; do shim_in 10 run -b "$b" -- "$id"; done
}

@test "a state directory that is a symlink is not followed" {
    local b command
    b=$(bundle link "$(args true)")
    mkdir -m 700 "$SHIM_ROOT"
    ln -s "$CANARY" "$SHIM_ROOT/x"
    for command in "create -b $b" "run -b $b" state start kill delete "delete --force"; do
        # shellcheck disable=SC2086
        expect_error "symlink|already exists|is not a directory" $command x
    done
    rm "$SHIM_ROOT/x"
    # the root itself
    rmdir "$SHIM_ROOT"
    ln -s "$CANARY/directory" "$SHIM_ROOT"
    for command in "create -b $b x" "run -b $b x" "state x" "delete --force x" list; do
        # shellcheck disable=SC2086
        expect_error "symbolic link" $command
        # shellcheck disable=SC2086
        expect_error "symbolic link" --root "$SHIM_ROOT/" $command
    done
    rm "$SHIM_ROOT"
    # one that others can write to
    mkdir -m 777 "$SHIM_ROOT"
    expect_error "written by others" create -b "$b" x
    chmod 700 "$SHIM_ROOT"
    chown 1000 "$SHIM_ROOT"
    expect_error "belongs to uid 1000" create -b "$b" x
    chown 0 "$SHIM_ROOT"
}

@test "a delete removes nothing that the runtime has not made" {
    local b
    b=$(bundle strange "$(args sleep 1000)")
    shim_in 10 create -b "$b" x </dev/null
    echo mine >"$SHIM_ROOT/x/file"
    expect_error "file.*did not put there" delete --force x
    [ "$(cat "$SHIM_ROOT/x/file")" = mine ]
    rm "$SHIM_ROOT/x/file"
    # nor what a link in place of a record leads to; what the other one says is enough to end it
    for name in status.json intent.json; do
        [ -e "$SHIM_ROOT/x" ] || shim_in 10 create -b "$b" x </dev/null
        rm "$SHIM_ROOT/x/$name"
        ln -s "$CANARY/file" "$SHIM_ROOT/x/$name"
        expect_error "$name" delete x
        shim_in 15 delete --force x
        [ ! -e "$SHIM_ROOT/x" ]
    done
}

@test "a root.path that is not a directory of its own is refused, another name of one is not" {
    local b path
    b=$(bundle root "$(args true)")
    cp "$b/config.json" "$b/plain.json"
    ln -s rootfs "$b/link"
    ln -s "$CANARY" "$b/out"
    echo x >"$b/file"
    mkfifo "$b/fifo"
    for path in link out link/ / // /proc/1/root /. file fifo missing rootfs/missing '' /proc/self/root; do
        jq --arg path "$path" '.root.path = $path' "$b/plain.json" >"$b/config.json"
        expect_error "root" run -b "$b" x
    done
    jq 'del(.root)' "$b/plain.json" >"$b/config.json"
    expect_error "root" run -b "$b" x
    # and these are the root, by other names
    for path in ./rootfs rootfs/ rootfs/../rootfs "$b/rootfs" "rootfs/bin/.."; do
        jq --arg path "$path" '.root.path = $path' "$b/plain.json" >"$b/config.json"
        shim_in 10 run -b "$b" x
    done
}

@test "a root that is exchanged meanwhile is the one that was looked at, or refused" {
    requires cmd:cc "file:$BATS_FILE_TMPDIR/hostile"
    local b other pid i ran=0
    b=$(bundle exchanged "$(args sh -c 'cat /which; test ! -e /file && test ! -e /which/../directory')" \
        "$(bind "$BATS_FILE_TMPDIR/rootfs/etc" /made/here)")
    echo good >"$b/rootfs/which"
    for other in "$CANARY" /; do
        ln -sfn "$other" "$b/evil"
        "$BATS_FILE_TMPDIR/hostile" exchange "$b/rootfs" "$b/evil" 3>&- &
        pid=$!
        for i in {1..40}; do
            run_container "$b"
            if [ "$status" -eq 0 ]; then
                [ "$output" = good ]
                ran=$((ran + 1))
            else
                [ "$status" -eq 1 ]
                [[ $output == *root* ]] || { echo "$output" && false; }
            fi
        done
        kill $pid
        wait $pid || true
        # whichever way round it ended
        [ ! -L "$b/rootfs" ] || { mv "$b/rootfs" "$b/x" && mv "$b/evil" "$b/rootfs" && mv "$b/x" "$b/evil"; }
        [ ! -e /made ]
    done
    echo "$ran ran"
}
