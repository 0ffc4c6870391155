#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What people meet in their first hour: hints for words of other programs, and errors that say what to do.
# world: hybrid

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() { end_test; }

@test "a word of another program leads to the one that does it here" {
    expect_error '"rm"; `delete`.*--help' rm x
    expect_error '"stop"; `kill ID TERM`.*--help' stop x
    expect_error '"logs"; what a container prints.*--help' logs x
    expect_error '"rm"; `delete`.*--help' help rm
    expect_error '^distro-shim: unknown command "frob"; see distro-shim --help$' frob
    attempt exec -it x sh
    is "$status" 1
    contains "$stderr" 'unknown option "-it"; standard input is connected at all times, --tty gives a terminal; see distro-shim exec --help'
    expect_error 'unknown option "-l"; config.json names the program.*`exec`' run x ls -l
    expect_error '"ls" is not expected; config.json names the program' run x ls
    # a wrong option alone is not such a case
    expect_error '^distro-shim: run: unknown option "-l"; see distro-shim run --help$' run -l x
}

@test "a bundle without config.json: which one, and what writes it" {
    mkdir empty
    cd empty
    expect_error "bundle '.*/empty': config.json is missing; write one with \`distro-shim spec\`" run x
    cd ..
    expect_error "bundle '.*/empty': config.json is missing" create -b empty x
    expect_error "bundle '.*/empty': other.json is missing" create -b empty -f other.json x
}

@test "policy check names the file that it has looked for" {
    attempt policy check
    is "$status" 0
    matches "$output" "built-in policy: policy file '/.*/distro-shim/policy.json' does not exist"
}

@test "the log can go to a stream by each of its names" {
    b=$(bundle c1 "$(args echo ran)")
    for target in /dev/stderr /proc/self/fd/2 /dev/fd/2 file:/dev/stderr; do
        attempt --log "$target" --log-format json state none
        is "$status" 1
        contains "$stderr" '"msg":"container does not exist: none"'
        succeeds --log "$target" run -b "$b" c1
        is "$output" ran
    done
    attempt --log /dev/stdout --log-format json state none
    contains "$output" '"msg":"container does not exist: none"'
    expect_error "open log file '/dev/fd/77': bad file descriptor" --log /dev/fd/77 state none
    # any other link is one, also one that another program has made
    ln -s /dev/stderr link
    expect_error "a symbolic link" --log link state none
}

@test "a missing shared network is not told as a missing program" {
    policy '{"version": 1, "network": {"namespace": "/run/netns/none"}}'
    b=$(bundle c1 "$(args true)")
    expect_error '^distro-shim: network.namespace: /run/netns/none: the shared network does not exist; make it with `distro-net up none`$' run -b "$b" c1
}
