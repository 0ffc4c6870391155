#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Names from outside with control and direction characters in them: what people and readers of lines get is
# escaped, what programs get as JSON is the true value. (What becomes of each character: tests/unit/test_shown.c.)
# world: hybrid

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
    evil=$'b\nforged: all is well\e[31m\u202e\t'
    shown='b\nforged: all is well\x1b[31m\u202e\t'
}
teardown() { end_test; }

# evil_bundle [JQ-FILTER]...: a bundle of that name
evil_bundle() {
    local where
    where=$(bundle plain "$@") && rm -rf "${BATS_TEST_TMPDIR:?}/$evil" && mv "$where" "$BATS_TEST_TMPDIR/$evil"
}
# clean TEXT: nothing in it is obeyed, and nothing begins a line that should not
clean() {
    ! grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80[\x8e\x8f\xa8-\xae]|^forged' <<<"$1" || {
        printf '%s' "not clean: " && cat -A <<<"$1" && return 1
    } >&2
}

@test "list, members, explain, state and ps show nothing that a terminal would obey" {
    mkdir bin
    printf '%s\n' '#!/bin/sh' 'echo "UID PID CMD"' 'printf "root %s \033[31mred\302\233\342\200\256\n" "$SHOWN_PID"' >bin/ps
    chmod +x bin/ps
    evil_bundle "$(args sleep 1000)"
    edit_config "$BATS_TEST_TMPDIR/$evil" --arg evil "$evil" '.annotations = {("k" + $evil): $evil}'
    succeeds run -d -b "$BATS_TEST_TMPDIR/$evil" c1
    succeeds list
    clean "$output"
    is "$(wc -l <<<"$output")" 2
    contains "$output" "$shown"
    # the columns stand under their heads
    is "$(awk 'NR == 1 { print index($0, "CREATED") }' <<<"$output")" \
        "$(awk 'NR == 2 { match($0, /20[0-9][0-9]-[0-9]/); print RSTART }' <<<"$output")"
    succeeds members
    clean "$output"
    succeeds explain c1
    clean "$output"
    contains "$output" "bundle: $BATS_TEST_TMPDIR/$shown"
    succeeds explain --plan -b "$BATS_TEST_TMPDIR/$evil"
    clean "$output"
    contains "$output" '"kb\nforged: all is well\u001b[31m\u202e\t"'
    SHOWN_PID=$(shim state c1 | jq .pid) PATH=$PWD/bin:$PATH succeeds ps c1
    clean "$output"
    contains "$output" '\x1b[31mred\u009b\u202e'
    policy '{"version": 1, "network": {"admin": true}}'
    other=$SHIM_POLICY SHIM_POLICY=
    attempt policy test "$other" "$BATS_TEST_TMPDIR/$evil" --living
    is "$status" 2
    clean "$output"
    contains "$output" "bundle $BATS_TEST_TMPDIR/$shown: different"

    # and what programs read is the value itself
    is "$(shim state c1 | jq -r .bundle)" "$BATS_TEST_TMPDIR/$evil"
    is "$(shim list -f json | jq -r '.[0].bundle')" "$BATS_TEST_TMPDIR/$evil"
    is "$(shim state c1 | jq -r --arg evil "$evil" '.annotations["k" + $evil]')" "$evil"
    is "$(shim explain --format json c1 | jq -r .bundle)" "$BATS_TEST_TMPDIR/$evil"
    succeeds delete --force c1
}

@test "errors on stderr and in the log show nothing that a terminal would obey" {
    local format
    for format in text json; do
        rm -f log
        attempt --log log --log-format $format run -b "$BATS_TEST_TMPDIR/$evil" c1
        is "$status" 1
        clean "$stderr"
        is "$(wc -l <<<"$stderr")" 1
        contains "$stderr" "$shown"
        clean "$(<log)"
        is "$(wc -l <log)" 1
    done
    contains "$(jq -r .msg log)" "$shown"

    # from the container's process, from a hook, from the policy with more than one line
    evil_bundle "$(args "/$evil")"
    attempt run -b "$BATS_TEST_TMPDIR/$evil" c1
    is "$status" 1
    clean "$stderr"
    contains "$stderr" "$shown"
    evil_bundle "$(args true)" '.hooks = {createRuntime: [{path: "/bin/sh", args: ["sh", "-c", "printf \"said \\\\033[2J\\\\342\\\\200\\\\256\" >&2; exit 3"]}]}'
    attempt run -b "$BATS_TEST_TMPDIR/$evil" c1
    is "$status" 1
    clean "$stderr"
    contains "$stderr" 'said \x1b[2J\u202e'
    evil_bundle "$(args true)"
    edit_config "$BATS_TEST_TMPDIR/$evil" --arg evil "$evil" '.process.cwd = $evil | .process.env = [$evil]'
    attempt run -b "$BATS_TEST_TMPDIR/$evil" c1
    is "$status" 1
    clean "$stderr"
    # its own line breaks stay: a line for each of the two
    is "$(wc -l <<<"$stderr")" 2

    # what is written of a container that is left out is a line, too
    attempt --log-level warning "$evil"
    is "$status" 1
    clean "$stderr"
    attempt --root "$BATS_TEST_TMPDIR/$evil/config.json/x" list
    is "$status" 1
    clean "$stderr"
    contains "$stderr" "$shown"
}

@test "a name that is not UTF-8 makes an error and nothing else" {
    b=$(bundle plain "$(args true)")
    mv "$b" $'b\xff'
    attempt run -b $'b\xff' c1
    is "$status" 1
    contains "$stderr" 'b\xff'
    is "$(wc -l <<<"$stderr")" 1
    is "$(shim list -q)" ""
}
