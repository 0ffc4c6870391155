# SPDX-License-Identifier: Apache-2.0
# What engines rely on: silence, the log record, warnings, texts of errors, the pid file, spellings of options, roots, help.
# world: hybrid v2 vm
# world, with --full: legacy

load helpers
load lifecycle

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() { end_test; }

@test "success is silent, also in the log and on streams that are one" {
    b=$(bundle c1 "$(lasting)")
    for command in "create -b $b c1" "start c1" "kill c1 HUP" "kill c1 KILL" "delete --force c1" "delete --force c1"; do
        # shellcheck disable=SC2086
        shim --log log --log-format json $command </dev/null >streams 2>&1
        is "$(<streams)" ""
        is "$(cat log)" ""
    done
    succeeds create -b "$b" c1
    shim state c1 >streams 2>&1
    is "$(jq -r .status <streams)" created
}

@test "a failure is exactly one JSON record in the log, mirrored to stderr, and exit code 1" {
    b=$(bundle c1 "$(args no-such-program)")
    attempt --log "$BATS_TEST_TMPDIR/log" --log-format json create -b "$b" c1
    is "$status" 1
    is "$output" ""
    is "$(wc -l <log)" 1
    jq -e '.level == "error" and .kind == "config"
        and (.msg | contains("executable file not found in $PATH"))
        and (.time | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{9}Z$"))' log
    is "$stderr" "distro-shim: $(jq -r .msg log)"
    # appended, one object a line
    attempt --log="file:$BATS_TEST_TMPDIR/log" --log-format=json state never-was
    is "$(jq -rs 'map(.kind) | join(" ")' log)" "config not-found"
    # usage errors too
    rm log
    attempt --log log --log-format json create --no-such-option c1
    is "$status" 1
    is "$(jq -r .kind log)" usage
    attempt --log log --log-format json start
    is "$(jq -s length log)" 2
}

@test "the log can be text, and without a file it is on stderr alone" {
    attempt --log log --log-format text state never-was
    matches "$(<log)" '^time="20[^"]*Z" level=error msg="container does not exist: never-was"$'
    is "$stderr" "distro-shim: container does not exist: never-was"
    attempt --log-format json state never-was
    is "$(jq -r '.level + .msg' <<<"$stderr")" "errorcontainer does not exist: never-was"
    expect_error "open log file '/no/such/log': no such file or directory" --log /no/such/log list
    expect_error 'must be one of' --log-format xml list
}

@test "warnings: on stderr where no log is named, of the commands that make or change a container; else in the log alone" {
    # of the configuration, and of the policy
    b=$(bundle c1 "$(args sleep 1000)" '.process.capabilities.bounding += ["CAP_FUTURE"] | .mounts += [
        {type: "bind", source: "/tmp", destination: "/one", options: ["bind", "rslave"]},
        {type: "bind", source: "/tmp", destination: "/two", options: ["bind", "rslave"]}]')
    unknown="warning: capability CAP_FUTURE is unknown"
    decided="warning: kernelMounts \(/mounts/[0-9]+ and 1 more\): what the host mounts there later"
    for command in create "run -d"; do
        # shellcheck disable=SC2086 # a command and its option
        attempt $command -b "$b" c1
        is "$status" 0
        contains "$stderr" "distro-shim: $unknown"
        matches "$stderr" "distro-shim: $decided"
        # each once
        is "$(wc -l <<<"$stderr")" 2
        shim explain --format json c1 | jq -e '[.decisions[] | select(.action == "warn")] | length == 2'
        # these speak to the caller, or for the program
        [ "$command" != create ] || succeeds start c1
        shim exec c1 sh -c 'echo out; echo err >&2' >said 2>&1
        is "$(<said)" $'out\nerr'
        for other in "state c1" list "ps c1" "kill c1 KILL"; do
            # shellcheck disable=SC2086
            succeeds $other
        done
        wait_until has_status c1 stopped
        succeeds delete c1
    done
    # a log takes them, and stderr does not
    for format in text json; do
        rm -f log
        succeeds --log log --log-format "$format" run -d -b "$b" c1
        is "$(wc -l <log)" 2
        succeeds --log log --log-format "$format" delete --force c1
        is "$(wc -l <log)" 2
    done
    jq -es 'map(.level) == ["warning", "warning"]' log
    # who wants none has none, and under observe the policy has nothing to say
    succeeds --log-level error run -d -b "$b" c1
    succeeds delete --force c1
    policy '{"version": 1, "mode": "observe"}'
    attempt run -d -b "$b" c1
    is "$status|$stderr" "0|distro-shim: $unknown"
    succeeds delete --force c1
}

@test "warnings of what engines ask for by habit are told to a caller who asks for warnings" {
    b=$(bundle c1 "$(args true)" '.process.capabilities |= {bounding, effective, permitted, ambient: .bounding}')
    succeeds run -b "$b" c1
    attempt --log-level warning run -b "$b" c1
    contains "$stderr" "warning: left out of the ambient capabilities"
    # and those of a person
    edit_config "$b" '.process.capabilities.inheritable = [.process.capabilities.bounding[0]]'
    attempt run -b "$b" c1
    contains "$stderr" "warning: left out of the ambient capabilities"
}

@test "--debug tells the steps of both processes, also into the log" {
    b=$(bundle c1 "$(args true)")
    attempt --debug create -b "$b" c1
    is "$status" 0
    for step in "parent: intent" "parent: clone" "child: mounts" "child: pivot-root" "parent: pid-file"; do
        contains "$stderr" "$step"
    done
    attempt --log log --log-format json --debug start c1
    is "$status|$stderr" "0|"
    is "$(jq -r 'select(.level == "debug") | .msg' log | grep -c '^start: ')" 11
}

@test "errors of the program's file have the words and the case that engines look for" {
    b=$(bundle c1)
    touch "$b/rootfs/bin/plain" && chmod 644 "$b/rootfs/bin/plain"
    mkdir "$b/rootfs/bin/directory"
    printf '#!/no/such/interpreter\n' >"$b/rootfs/bin/orphan" && chmod 755 "$b/rootfs/bin/orphan"
    while IFS='|' read -r program text; do
        edit_config "$b" --arg program "$program" '.process.args = [$program]'
        attempt run -b "$b" c1
        is "$status" 1
        contains "$stderr" "exec: \"$program\": $text"
        is "$(ls -A "$SHIM_ROOT")" ""
    done <<'END'
no-such|executable file not found in $PATH
/no/such|stat /no/such: no such file or directory
./no-such|stat ./no-such: no such file or directory
/bin/sh/x|stat /bin/sh/x: not a directory
plain|permission denied
/bin/plain|permission denied
/bin/directory|permission denied
/bin/orphan|no such file or directory
END
    # such a directory is passed over in PATH
    edit_config "$b" '.process.args = ["directory"]'
    expect_error 'executable file not found|permission denied' run -b "$b" c1
}

@test "the pid file: whole, without a newline, relative to the caller's directory" {
    b=$(bundle c1 "$(args true)")
    mkdir here && cd here
    succeeds create --pid-file file.pid --bundle ../c1 c1
    pid=$(shim state c1 | jq -r .pid)
    is "$(cat file.pid; echo .)" "$pid."
    is "$(ls -A)" file.pid
    succeeds delete c1
    # an old one is replaced
    echo "something longer than a pid" >old.pid
    succeeds create --pid-file "$PWD/old.pid" -b ../c1 c1
    is "$(cat old.pid; echo .)" "$(shim state c1 | jq -r .pid)."
    succeeds delete c1
    # where it cannot be written, nothing is left of the container
    expect_error "pid file '/no/such/dir/pid'.*: no such file or directory" create --pid-file /no/such/dir/pid -b ../c1 c1
    is "$(ls -A "$SHIM_ROOT")" ""
    cd ..
}

@test "--root in both spellings, relative, and with slashes at its end is one root" {
    b=$(bundle c1 "$(args true)")
    "$DISTRO_SHIM" --root=state create -b "$b" c1 </dev/null >log 2>&1
    "$DISTRO_SHIM" --root "$SHIM_ROOT//" state c1
    "$DISTRO_SHIM" -root ./state state c1 || "$DISTRO_SHIM" -root state state c1
    succeeds members --format json
    is "$(jq -r '.[0].root' <<<"$output")" "$SHIM_ROOT"
    is "$(stat -c %a "$SHIM_ROOT") $(stat -c %a "$SHIM_ROOT/c1")" "700 700"
    "$DISTRO_SHIM" --root="$SHIM_ROOT/" delete c1
}

@test "with an empty environment and an empty XDG_RUNTIME_DIR the default root is the same one" {
    b=$(bundle c1 "$(lasting)")
    env -i "$DISTRO_SHIM" create -b "$b" c1 </dev/null >log 2>&1
    is "$(<log)" ""
    is "$(env -i XDG_RUNTIME_DIR= "$DISTRO_SHIM" state c1 | jq -r .status)" created
    is "$(env -i XDG_RUNTIME_DIR=/run/user/0 PATH=/bin "$DISTRO_SHIM" list -q)" c1
    env -i XDG_RUNTIME_DIR= "$DISTRO_SHIM" start c1
    wait_until is_ready "$b"
    env -i "$DISTRO_SHIM" kill c1 KILL
    env -i XDG_RUNTIME_DIR= "$DISTRO_SHIM" delete --force c1
    is "$(ls -A /run/distro-shim/containers)" ""
}

@test "the state root must be the caller's alone" {
    b=$(bundle c1 "$(args true)")
    mkdir -m 777 open
    expect_error 'can be written by others' --root "$PWD/open" create -b "$b" c1
    mkdir real && ln -s real link
    expect_error 'symbolic link' --root "$PWD/link" create -b "$b" c1
    mkdir other && chown 1000 other
    expect_error 'belongs to uid 1000' --root "$PWD/other" create -b "$b" c1
    touch file
    expect_error 'directory' --root "$PWD/file" create -b "$b" c1
    is "$(ls -A open real other)" $'open:\n\nother:\n\nreal:'
}

@test "help is there for every command and exits with 0; unknown commands do not" {
    succeeds --help
    commands=$(sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' <<<"$output")
    for command in create start run state kill delete list members spec explain policy; do
        grep -qx "$command" <<<"$commands"
    done
    for command in $commands; do
        [ "$command" != checkpoint ] || continue
        succeeds "$command" --help
        contains "$output" "usage: distro-shim [GLOBAL OPTIONS] $command"
        first=$output
        succeeds "$command" -h
        is "$output" "$first"
        succeeds help "$command"
        is "$output" "$first"
    done
    succeeds -h
    succeeds create c1 --help # the argument is there, the option after it
    # that of checkpoint says by its exit status whether criu can be used: checkpoint.bats
    for command in migrate no-such ''; do
        attempt "$command" --help
        is "$status" 1
        contains "$stderr" "unknown command \"$command\""
    done
    attempt
    is "$status" 1
    contains "$stderr" "no command is given"
    succeeds --version
    matches "$output" $'^distro-shim version [^\n]+\n(commit: [^\n]+\n)?spec: 1\\.[0-9]+\\.[0-9]+'
    succeeds -v
}

@test "options work in every spelling that engines use" {
    b=$(bundle c1 "$(args true)")
    for words in "create --bundle $b c1" "create --bundle=$b c1" "create -b $b c1" "create -b$b c1" "create -b=$b c1" \
        "create c1 -bundle $b" "create -no-subreaper --no-pivot=false c1 --bundle $b" \
        "create --bundle /no/such --bundle $b c1"; do
        # shellcheck disable=SC2086
        succeeds $words
        succeeds delete -force c1
    done
    cd "$b"
    succeeds create c1
    succeeds delete --force=true c1
    cp config.json other.json
    edit_config "$b" '.root.path = "/no/such"'
    succeeds create --config other.json c1
    succeeds delete c1 --force=false
    cd ..
    expect_error 'requires an argument' create --bundle
    expect_error 'arguments are missing' start
    expect_error 'too many arguments' start a b
    expect_error 'must not be empty' --root= list
    # a value that begins with a dash is a value
    expect_error "open bundle '-x'" create --bundle -x c1
}

@test "a bundle that cannot be used is an error that says why, and nothing is left" {
    expect_error "open bundle '/no/such': no such file or directory" create -b /no/such c1
    mkdir empty
    expect_error "bundle '.*/empty': config.json is missing" create -b empty c1
    echo '{' >empty/config.json
    expect_error 'config.json:' create -b empty c1
    b=$(bundle c1 '.root.path = "no-such"')
    expect_error 'root.path.*no such file or directory' create -b "$b" c1
    is "$(ls -A "$SHIM_ROOT" 2>/dev/null)" ""
}

@test "run and state work with closed standard streams" {
    b=$(bundle c1 "$(args sh -c 'ls -l /proc/self/fd >/fds')")
    shim run -b "$b" c1 <&- >&- 2>&- 3>&-
    matches "$(<"$b/rootfs/fds")" '0 -> .*null'
    status=0
    shim state c1 <&- >&- 2>&- || status=$?
    is "$status" 1
}

@test "spec --file writes to the named path, also over an existing file and to a device" {
    mkdir where
    shim spec -b where
    cp where/config.json wanted
    expect_error 'config.json exists in .where. already' spec -b where
    for name in other.json "$PWD/far.json"; do
        echo 'much more than nothing, and no JSON' >"where/other.json"
        succeeds spec --bundle where --file "$name"
    done
    cmp wanted where/other.json && cmp wanted far.json && cmp wanted where/config.json
    shim spec -f /dev/stdout | cmp - wanted
    expect_error "create 'where/no/such': no such file" spec -b where -f no/such
}
