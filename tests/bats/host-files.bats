#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Files of the host that annotations name: what hooks print goes below the bundle or where the policy says, and
# criu's own options come from root alone; whatever links lead there, and whatever is put there later.
# world: hybrid vm

# shellcheck disable=SC2016 # what is in single quotes is for the shell of the hook or for jq

load helpers

KINDS="prestart createRuntime createContainer startContainer poststart poststop"

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
    echo 'as it was' >victim
}
teardown() { end_test; }

# hook KIND SCRIPT
hook() {
    jq -nr --arg kind "$1" --arg script "$2" '".hooks[\"\($kind)\"] += [" + ({path: "/bin/sh",
        args: ["sh", "-c", $script], env: ["PATH=/bin:/usr/bin"]} | tojson) + "]"'
}
out() { jq -nr --arg path "$1" '".annotations = {\"run.oci.hooks.stdout\": " + ($path | tojson) + "}"'; } # PATH
err() { jq -nr --arg path "$1" '".annotations = {\"run.oci.hooks.stderr\": " + ($path | tojson) + "}"'; }
criu() { jq -nr --arg path "$1" '".annotations = {\"org.criu.config\": " + ($path | tojson) + "}"'; }
untouched() { is "$(<victim)" 'as it was' && [ ! -e made ]; }
has_stopped() { [ "$(state_of "$1")" = stopped ]; }
# directories that root alone can write, up to the root directory: the test's own lie in /tmp
root_directory() { mkdir -p "$SHIM_POLICY_DIRECTORY/$1" && echo "$SHIM_POLICY_DIRECTORY/$1"; }
# a stand-in for criu, which says which options it was given
fake() {
    requires file:/usr/bin/python3
    mkdir -p fake
    cp "$BATS_TEST_DIRNAME/criu.py" fake/criu
    PATH=$PWD/fake:$PATH
    export CRIU_FAILS=log
}
configured_by() { sed -n 's/.* configured by //p' "work/$1.log"; } # dump or restore

@test "hooks.output: a file elsewhere is refused, by all that make a container, and none is made or written" {
    fake
    mkdir images && echo '[]' >images/descriptors.json
    for kind in $KINDS; do
        b=$(bundle "b$kind" "$(args true)" "$(hook "$kind" 'echo evil; echo evil >&2')")
        for filter in "$(out "$PWD/victim")" "$(err "$PWD/made")" "$(out "$b/../victim")" "$(err ../made)" "$(out "$b-beside/made")" "$(out "$b")"; do
            edit_config "$b" "$filter"
            for command in create run "restore --image-path images"; do
                # shellcheck disable=SC2086 # words
                expect_error 'config.json:[0-9]+:[0-9]+: hooks.output: annotation run.oci.hooks.std(out|err): the file ".*" is not below the bundle; name one that is, or list its directory in hooks.output' \
                    $command -b "$b" c1
            done
        done
    done
    untouched
    succeeds explain -b "$b"
    contains "$output" 'refuse hooks.output'
    # no hooks, and still the policy has not allowed it
    edit_config "$b" 'del(.hooks)'
    expect_error hooks.output create -b "$b" c1
}

@test "hooks.output: where the policy only observes it is written, and recorded what enforcing would have done" {
    policy '{"version": 1, "mode": "observe"}'
    b=$(bundle c1 "$(args true)" "$(hook createRuntime 'echo more')" "$(out "$PWD/victim")")
    succeeds create -b "$b" c1
    is "$(<victim)" $'as it was\nmore'
    is "$(jq -r '.decisions[] | select(.rule == "hooks.output").action' "$SHIM_ROOT/c1/status.json")" refuse
    # not the policy of today, that of its creation
    policy '{"version": 1}'
    edit_config "$b" '.' && succeeds delete --force c1
    # relative: from where the runtime is, as before
    policy '{"version": 1, "mode": "observe"}'
    b=$(bundle c2 "$(args true)" "$(hook createRuntime 'echo here')" "$(out relative)")
    succeeds run -b "$b" c2
    is "$(<relative)" here
}

@test "hooks.output: no link leads out of the bundle, and nothing but a file is opened" {
    b=$(bundle c1 "$(args true)" "$(hook createRuntime 'echo evil')")
    ln -s ../victim "$b/link"
    ln -s "$PWD/made" "$b/dangling"
    ln -s .. "$b/up"
    ln -s /proc/self/root "$b/root"
    ln victim "$b/hard"
    mkfifo "$b/fifo"
    mknod "$b/null" c 1 3
    mkdir "$b/directory"
    while read -r name words; do
        for path in "$name" "$b/$name"; do
            edit_config "$b" "$(out "$path")"
            expect_error "annotation run.oci.hooks.stdout: .*$b/$name' $words" create -b "$b" c1
        done
    done <<END
link is a symbolic link
dangling is a symbolic link
up/victim is a symbolic link, or lies behind one
root$PWD/victim is a symbolic link, or lies behind one
hard has another name elsewhere
fifo is not a regular file
null is not a regular file
directory is not a regular file
END
    untouched
    # what the image has there is a file like any other: below the root file system nothing leads out, either
    ln -s "$PWD/made" "$b/rootfs/link"
    edit_config "$b" "$(out rootfs/link)"
    expect_error "is a symbolic link" create -b "$b" c1
    edit_config "$b" "$(out rootfs/tmp/out)"
    succeeds run -b "$b" c1
    is "$(<"$b/rootfs/tmp/out")" evil
    untouched
}

@test "hooks.output: what is exchanged after creation is not written to; poststop runs all the same" {
    b=$(bundle c1 "$(args sleep 1000)" "$(hook poststop "echo ran >>$PWD/ran; echo evil")" "$(out out)")
    succeeds create -b "$b" c1
    ln -sf "$PWD/victim" "$b/out"
    attempt --log-level warning delete --force c1
    is "$status" 0
    contains "$stderr" "annotation run.oci.hooks.stdout: '$b/out' is a symbolic link"
    rm "$b/out"
    # the bundle itself, by a link to a directory that has such a file
    succeeds create -b "$b" c1
    mkdir elsewhere && mv "$b" moved && ln -s elsewhere "$b"
    attempt --log-level warning delete --force c1
    is "$status" 0
    contains "$stderr" "the bundle '$b' is gone"
    is "$(ls elsewhere)" ''
    rm "$b" && mv moved "$b"
    is "$(<ran)" $'ran\nran'
    # poststart, whose failure is an error
    edit_config "$b" 'del(.hooks)' && edit_config "$b" "$(hook poststart 'echo evil')"
    succeeds create -b "$b" c1
    ln -sf "$PWD/victim" "$b/out"
    expect_error "annotation run.oci.hooks.stdout: '$b/out' is a symbolic link" start c1
    rm "$b/out"
    # records that cannot be read any more do not open what they would not
    succeeds create -b "$b" c1
    edit_config "$SHIM_ROOT/c1" "$(hook poststop "echo ran >>$PWD/ran; echo evil")"
    edit_config "$SHIM_ROOT/c1" "$(out "$PWD/victim")"
    echo '{"version": "none"}' >"$SHIM_ROOT/c1/status.json"
    attempt --log-level warning delete --force c1
    contains "$stderr" "is not below the bundle"
    is "$(wc -l <ran)" 3
    untouched
}

@test "hooks.output lists directories that root alone can write" {
    logs=$(root_directory logs)
    other=$(root_directory other)
    policy "{\"version\": 1, \"hooks\": {\"output\": [\"$logs/\", \"$other\", \"$PWD\"]}}"
    b=$(bundle c1 "$(args true)" "$(hook createRuntime 'echo out; echo err >&2')" "$(hook poststop 'echo stop')")
    mkdir "$logs/deep"
    edit_config "$b" ".annotations = {\"run.oci.hooks.stdout\": \"$logs/deep/out\", \"run.oci.hooks.stderr\": \"$other/err\"}"
    succeeds run -b "$b" c1
    is "$(<"$logs/deep/out") $(<"$other/err") $(stat -c %a "$other/err")" $'out\nstop err 600'
    # others can write there, or above it, or between it and the file
    for where in "$logs" "$logs/deep" "$SHIM_POLICY_DIRECTORY"; do
        mode=$(stat -c %a "$where")
        chmod g+w "$where"
        # the policy file lies below one of them, and is not believed then
        expect_error "'$where' can be written by others than its owner" create -b "$b" c1
        chmod "$mode" "$where"
    done
    chown 1000 "$logs/deep"
    expect_error "'$logs/deep' belongs to user 1000" create -b "$b" c1
    chown 0 "$logs/deep"
    # a sticky directory above it
    edit_config "$b" "$(out "$PWD/out")"
    expect_error "'/tmp' can be written by others than its owner|'.*' can be written" create -b "$b" c1
    # no link there, no other name, no FIFO
    rm "$logs/deep/out" && ln -s "$PWD/victim" "$logs/deep/out"
    edit_config "$b" "$(out "$logs/deep/out")"
    expect_error "is a symbolic link" create -b "$b" c1
    ln -s deep "$logs/link"
    edit_config "$b" "$(out "$logs/link/new")"
    expect_error "'$logs/link' is a symbolic link" create -b "$b" c1
    rm "$logs/deep/out" && touch "$other/one" && ln "$other/one" "$logs/deep/out"
    edit_config "$b" "$(out "$logs/deep/out")"
    expect_error "another name elsewhere" create -b "$b" c1
    for path in "$logs" "$logs/../made" "${logs}2/made"; do
        edit_config "$b" "$(out "$path")"
        expect_error "hooks.output: annotation .* is not below the bundle" create -b "$b" c1
    done
    untouched
}

@test "criu.config: a file elsewhere, or in hooks.output, is refused" {
    logs=$(root_directory logs)
    echo 'action-script /bin/true' >"$logs/criu.conf"
    policy "{\"version\": 1, \"hooks\": {\"output\": [\"$logs\"]}}"
    b=$(bundle c1 "$(args sleep 1000)")
    for path in "$logs/criu.conf" "$PWD/victim" "$b/../victim" /etc/criu/own.conf ../victim; do
        edit_config "$b" "$(criu "$path")"
        expect_error 'criu.config: annotation org.criu.config: the file ".*" is not below the bundle; name one that is, or list it in criu.config' \
            create -b "$b" c1
    done
}

@test "criu.config: criu reads what root alone could write, below the bundle or listed, by its descriptor" {
    fake
    conf=$(root_directory conf)/own.conf
    echo 'listed' >"$conf"
    policy "{\"version\": 1, \"criu\": {\"config\": [\"$conf\"]}}"
    number=0
    for path in criu.conf BUNDLE/criu.conf "$conf"; do
        number=$((number + 1))
        b=$(bundle "b$number" "$(args sleep 1000)")
        echo 'in the bundle' >"$b/criu.conf"
        edit_config "$b" "$(criu "${path/#BUNDLE/$b}")"
        case $path in "$conf") wanted="$conf: listed" ;; *) wanted="$b/criu.conf: in the bundle" ;; esac
        succeeds run -d -b "$b" "c$number"
        rm -rf work
        expect_error 'criu dump failed' checkpoint --image-path images --work-path work "c$number"
        is "$(configured_by dump)" "$wanted"
        expect_error 'criu restore failed' restore -b "$b" --image-path images --work-path work "r$number"
        is "$(configured_by restore)" "$wanted"
    done
}

@test "criu.config: what another user could have written there is not read" {
    fake
    b=$(bundle c1 "$(args sleep 1000)" "$(criu sub/criu.conf)")
    mkdir "$b/sub" && echo 'the same' >"$b/sub/criu.conf"
    succeeds run -d -b "$b" c1
    refused() { # WORDS: by both, and criu is not started
        rm -rf work
        expect_error "annotation org.criu.config '$b/sub/criu.conf': $1" checkpoint --image-path images --work-path work c1
        expect_error "annotation org.criu.config '$b/sub/criu.conf': $1" restore -b "$b" --image-path images --work-path work r1
        [ ! -e work/dump.log ] && [ ! -e work/restore.log ]
    }
    # the images are there, so that nothing else is missing
    expect_error 'criu dump failed' checkpoint --image-path images --work-path work c1
    for what in "$b" "$b/sub" "$b/sub/criu.conf"; do
        mode=$(stat -c %a "$what")
        chmod o+w "$what"
        refused "'$what' can be written by others"
        chmod "$mode" "$what"
        chown 1000 "$what"
        refused "'$what' belongs to user 1000"
        chown 0 "$what"
    done
    ln "$b/sub/criu.conf" other-name
    refused "'$b/sub/criu.conf' has another name elsewhere"
    rm other-name
    mv "$b/sub/criu.conf" elsewhere && ln -s "$PWD/elsewhere" "$b/sub/criu.conf"
    refused "'$b/sub/criu.conf' is a symbolic link"
    rm "$b/sub/criu.conf" && mkfifo "$b/sub/criu.conf"
    refused "'$b/sub/criu.conf' is not a regular file"
    rm "$b/sub/criu.conf"
    refused "open '$b/sub/criu.conf': no such file"
    is "$(state_of c1)" running
}
