# SPDX-License-Identifier: Apache-2.0
# The lifecycle of a container from the command line (runtime.md "Lifecycle", "Operations"), and what engines
# rely on: texts, streams, the log record, the pid file, exit codes.
# world: hybrid v2 vm
# world, with --full: legacy

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
    SCHEMAS=$DISTRO_SHIM_SOURCE/config-schema
}
teardown() { end_test; }

# A program that lasts until it is told to end: TERM, or the signals that it is asked to note in /noted.
lasting() {
    # shellcheck disable=SC2016 # for the shell in the container
    args sh -c 'for s in HUP INT USR1 USR2; do trap "echo $s >>/noted" $s; done
        trap "exit 7" TERM; echo ready >/noted
        while :; do sleep 1 & wait $!; done'
}
# The container's program has put its traps up.
is_ready() { grep -qs ready "$1/rootfs/noted"; }
# make_running NAME: in the background, ready
make_running() {
    bundle "$1" "$(lasting)" >bundle.path
    succeeds run -d -b "$(<bundle.path)" "$1"
    wait_until is_ready "$(<bundle.path)"
}
has_lines() { [ "$(wc -l <"$1")" -ge "$2" ]; }
has_status() { [ "$(state_of "$1")" = "$2" ]; }
fits_schema() { # SCHEMA FILE
    /usr/bin/python3 -c 'import jsonschema' 2>/dev/null || return 0 # the rest of the test counts
    /usr/bin/python3 -W ignore "$DISTRO_SHIM_SOURCE/tests/schema/validate.py" "$@"
}

# ---- states

@test "a container is created, running, stopped and gone, and state says so each time" {
    b=$(bundle c1 "$(lasting)" '.annotations = {"org.example.key": "value with \"quotes\""}')
    expect_error 'container does not exist' state c1
    succeeds create -b "$b" c1
    is "$output" ""
    [ ! -e "$b/rootfs/noted" ]

    succeeds state c1
    state=$output
    is "$(jq -r '[.id, .status, .bundle, .rootfs, .owner, .annotations["org.example.key"]] | join("|")' <<<"$state")" \
        "c1|created|$b|$b/rootfs|root|value with \"quotes\""
    is "$(jq -r .ociVersion <<<"$state")" "$(jq -r .ociVersion "$b/config.json")"
    matches "$(jq -r .created <<<"$state")" '^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-9:]{8}\.[0-9]{9}Z$'
    pid=$(jq -r .pid <<<"$state")
    is "$(awk '/^NSpid/ { print $2, $3 }' "/proc/$pid/status")" "$pid 1"

    succeeds start c1
    is "$output" ""
    succeeds state c1
    is "$(jq -r '[.status, .pid, .created] | join("|")' <<<"$output")" \
        "running|$pid|$(jq -r .created <<<"$state")"
    wait_until is_ready "$b"

    succeeds kill c1
    wait_until has_status c1 stopped
    succeeds state c1
    is "$(jq -r .pid <<<"$output")" 0
    succeeds delete c1
    expect_error 'container does not exist' state c1
}

@test "while a hook of create runs, the state is created and the container cannot be killed yet" {
    mkfifo gate
    # shellcheck disable=SC2016
    b=$(bundle c1 "$(lasting)" '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "read -r line <../gate"],
        env: ["PATH=/bin:/usr/bin"]}]')
    shim create -b "$b" c1 </dev/null >log 2>&1 3>&- &
    wait_until has_status c1 created
    succeeds list -q
    is "$output" c1
    expect_error 'it is being created' kill c1 KILL
    echo go >gate
    wait $!
    is "$(<log)" ""
    is "$(state_of c1)" created
    succeeds delete c1
}

@test "start takes a created container only, once" {
    make_running c1
    pid=$(shim state c1 | jq .pid)
    expect_error 'cannot start an already running container' start c1
    is "$(shim state c1 | jq -r '"\(.status) \(.pid)"')" "running $pid"
    succeeds kill c1 KILL
    wait_until has_status c1 stopped
    expect_error 'cannot start a container that has stopped' start c1
    is "$(state_of c1)" stopped
    succeeds delete c1

    b=$(bundle c2 "$(lasting)")
    succeeds create -b "$b" c2
    succeeds kill c2 KILL
    wait_until has_status c2 stopped
    expect_error 'cannot start a container that has stopped' start c2
    is "$(state_of c2)" stopped
    expect_error 'container does not exist' start c3
    [ ! -e "$b/rootfs/noted" ]
}

@test "delete: not a running one, yes a created or stopped one, with --force any and also none" {
    make_running c1
    expect_error 'cannot delete container c1 that is not stopped: running' delete c1
    is "$(state_of c1)" running
    succeeds delete --force c1
    expect_error 'container does not exist' delete c1
    succeeds delete --force c1
    succeeds delete -f never-was

    b=$(bundle c2 "$(lasting)")
    succeeds create -b "$b" c2
    succeeds delete c2
    expect_error 'container does not exist' state c2
    [ ! -e "$b/rootfs/noted" ]
    # what is removed is what create made
    [ -e "$b/config.json" ] && [ -e "$b/rootfs/bin/sh" ]
}

@test "kill of what is not there or has stopped is an error with the words that engines know" {
    expect_error 'container does not exist' kill c1 9
    make_running c1
    succeeds kill c1 KILL
    wait_until has_status c1 stopped
    expect_error 'container not running' kill c1 TERM
    contains "$said" "no such process"
    # containerd after the end of a container that it believes to share its PID namespace
    succeeds kill --all c1 9
    succeeds kill -a c1 KILL
    expect_error 'container does not exist' kill --all c2 9
}

@test "kill takes signals by name with and without SIG, in any case, and by number" {
    make_running c1
    noted=$(<bundle.path)/rootfs/noted
    lines=1
    for signal in hup SIGINT sigusr1 12 SigHup 2; do
        succeeds kill c1 "$signal"
        # one by one, for signals of one number that wait are one signal
        lines=$((lines + 1))
        wait_until has_lines "$noted" "$lines"
    done
    is "$(tail -n +2 "$noted" | tr '\n' ' ')" "HUP INT USR1 USR2 HUP INT "
    for signal in '' SIG 00 65 -1 NONE SIGSIGTERM TERM2 99999999999 RTMIN+31; do
        attempt kill c1 "$signal"
        [ "$status" = 1 ]
        matches "$stderr" 'signal|option'
    done
    is "$(state_of c1)" running
    # whether it is there
    succeeds kill c1 0
    succeeds kill --all c1 # TERM: the program exits with 7
    wait_until has_status c1 stopped
    expect_error "container not running" kill c1 0
}

@test "kill and delete take a pattern for many" {
    for id in web1 web2 db1 sweb; do
        b=$(bundle "$id" "$(args sleep 1000)")
        succeeds run -d -b "$b" "$id"
    done
    expect_error "--regex: '\(': " kill --regex '(' KILL
    expect_error 'unknown signal "nonsense"' kill --regex . nonsense
    expect_error '--regex: the pattern is empty' kill --regex '' KILL
    expect_error '--regex: the pattern is empty' delete --force --regex ''
    succeeds kill -r '^nobody$' KILL
    succeeds kill --regex '^web[0-9]+$' KILL
    wait_until has_status web1 stopped
    wait_until has_status web2 stopped
    is "$(state_of db1) $(state_of sweb)" "running running"
    # two of them have stopped
    succeeds kill -r 'web' KILL
    wait_until has_status sweb stopped
    # one runs: the others are deleted all the same
    expect_error 'cannot delete container db1 that is not stopped: running$' delete --regex .
    is "$(shim list -q)" db1
    succeeds delete -r -f db
    is "$(shim list -q)" ""
}

@test "an id is taken once, and the second create changes nothing" {
    make_running c1
    pid=$(shim state c1 | jq .pid)
    b=$(bundle other "$(args true)")
    expect_error 'container with given ID already exists' create -b "$b" c1
    expect_error 'container with given ID already exists' run -b "$b" c1
    is "$(shim state c1 | jq -r '"\(.status) \(.pid) \(.bundle)"')" "running $pid $(<bundle.path)"
}

@test "ids: which are accepted" {
    b=$(bundle b1 "$(args true)")
    for id in a 0 _ + a.b a..b x_1-2+3. "$(printf 'n%.0s' {1..200})"; do
        succeeds create -b "$b" "$id"
        is "$(shim state "$id" | jq -r .id)" "$id"
        succeeds list -q
        is "$output" "$id"
        succeeds delete "$id"
    done
}

@test "ids: which are refused, by every command, without leaving anything" {
    b=$(bundle b1 "$(args true)")
    touch victim
    for id in '' . .. .a a/b /a a/ ../victim -x "a b" $'a\n' $'\n' é %s 'a:b' 'a\b' 'a*' "$(printf 'n%.0s' {1..201})"; do
        attempt create -b "$b" -- "$id"
        [ "$status" = 1 ]
        matches "$stderr" 'container id'
        lacks "$stderr" $'\n'a
        attempt delete --force -- "$id"
        [ "$status" = 1 ]
        contains "$stderr" "container id"
    done
    for command in run state start delete kill; do
        attempt $command -- ../victim
        is "$status" 1
        contains "$stderr" "container id"
    done
    [ -e victim ]
    # without -- it is an option, and no known one
    expect_error 'unknown option' create -b "$b" -x
    is "$(ls -A "$SHIM_ROOT" 2>/dev/null)" ""
}

@test "what is changed in config.json after create has no effect" {
    b=$(bundle c1 "$(args sh -c 'hostname >/said; echo $WHO >>/said')" '.hostname = "before"' '.process.env += ["WHO=before"]')
    succeeds create -b "$b" c1
    edit_config "$b" '.hostname = "after" | .process.env += ["WHO=after"] | .process.args = ["false"]'
    succeeds start c1
    wait_until has_status c1 stopped
    is "$(<"$b/rootfs/said")" $'before\nbefore'
    rm "$b/config.json"
    succeeds delete c1
}

@test "without a process a container can be created but not started" {
    b=$(bundle c1 'del(.process)')
    succeeds create -b "$b" c1
    is "$(state_of c1)" created
    expect_error 'no process' start c1
    is "$(state_of c1)" created
    succeeds kill c1 KILL
    wait_until has_status c1 stopped
    succeeds delete c1
    expect_error 'no process' run -b "$b" c1
    expect_error 'container does not exist' state c1
}

# ---- run

# bats test_tags=smoke
@test "run: the program's output and exit code, and nothing is left" {
    b=$(bundle c1 "$(args sh -c 'echo out; echo err >&2; exit 7')")
    attempt run -b "$b" c1
    is "$status|$output|$stderr" "7|out|err"
    expect_error 'container does not exist' state c1
    for code in 0 1 127 255; do
        edit_config "$b" --arg code "$code" '.process.args = ["sh", "-c", "exit \($code)"]'
        attempt run -b "$b" c1
        is "$status" "$code"
    done
}

@test "run: 128 + signal of a program that was killed" {
    b=$(bundle c1 "$(lasting)")
    "$DISTRO_SHIM" --root "$SHIM_ROOT" run -b "$b" c1 </dev/null >log 2>&1 3>&- &
    wait_until is_ready "$b"
    succeeds kill c1 KILL
    status=0
    wait $! || status=$?
    is "$status" 137
    is "$(<log)" ""
    expect_error 'container does not exist' state c1
}

@test "run --keep leaves the stopped container, run -d a running one" {
    b=$(bundle c1 "$(args sh -c 'exit 3')")
    attempt run --keep -b "$b" c1
    is "$status" 3
    is "$(state_of c1)" stopped
    succeeds delete c1
    make_running c2
    is "$(state_of c2)" running
}

@test "run passes signals on to the program" {
    b=$(bundle c1 "$(lasting)")
    "$DISTRO_SHIM" --root "$SHIM_ROOT" run -b "$b" c1 </dev/null >log 2>&1 3>&- &
    runtime=$!
    wait_until is_ready "$b"
    for signal in INT USR1 HUP; do
        kill -s "$signal" "$runtime"
        wait_until grep -qx "$signal" "$b/rootfs/noted"
    done
    kill -s TERM "$runtime"
    status=0
    wait "$runtime" || status=$?
    is "$status" 7
}

@test "run passes its standard input on" {
    b=$(bundle c1 "$(args wc -c)")
    is "$(head -c 300000 /dev/zero | shim_in 20 run -b "$b" c1)" 300000
}

@test "a killed run leaves a container that can be looked at and deleted" {
    b=$(bundle c1 "$(lasting)")
    "$DISTRO_SHIM" --root "$SHIM_ROOT" run -b "$b" c1 </dev/null >log 2>&1 3>&- &
    runtime=$!
    wait_until is_ready "$b"
    kill -s KILL "$runtime"
    wait "$runtime" || true
    is "$(state_of c1)" running
    succeeds kill c1 USR1
    wait_until grep -qx USR1 "$b/rootfs/noted"
    succeeds delete --force c1
    expect_error 'container does not exist' state c1
}

@test "a creator that is killed leaves nothing running and what delete can remove" {
    mkfifo gate
    b=$(bundle c1 "$(lasting)" '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "read -r line <../gate"],
        env: ["PATH=/bin:/usr/bin"]}]')
    "$DISTRO_SHIM" --root "$SHIM_ROOT" create -b "$b" c1 </dev/null >log 2>&1 3>&- &
    creator=$!
    wait_until has_status c1 created
    wait_until [ -e "$SHIM_ROOT/c1/status.json" ]
    pid=$(jq .initPid "$SHIM_ROOT/c1/status.json")
    [ -e "/proc/$pid" ]
    kill -s KILL "$creator"
    wait "$creator" || true
    wait_until [ ! -e "/proc/$pid" ]
    # the hook ended with the runtime that waited for it
    expect_error 'not created' start c1
    succeeds delete c1
    edit_config "$b" 'del(.hooks)'
    succeeds create -b "$b" c1
    succeeds delete c1
}

# ---- list, members, explain

@test "list: table, json, quiet; of several containers and of a root that does not exist" {
    succeeds list
    matches "$output" '^ID +PID +STATUS +BUNDLE +CREATED +OWNER$'
    succeeds list -q
    is "$output" ""
    succeeds list --format json
    is "$output" "[]"
    [ ! -e "$SHIM_ROOT" ]

    make_running c2
    b=$(bundle c1 "$(args true)")
    succeeds create -b "$b" c1
    succeeds list -q
    is "$output" $'c1\nc2'
    succeeds list --format=json
    is "$(jq -c 'map([.id, .status, .bundle])' <<<"$output")" \
        "[[\"c1\",\"created\",\"$b\"],[\"c2\",\"running\",\"$(<bundle.path)\"]]"
    is "$(jq -S '.[0]' <<<"$output")" "$(shim state c1 | jq -S .)"
    succeeds list -f table
    matches "$output" $'\nc1 +[0-9]+ +created +'"$b"' +20.* +root'
    expect_error 'must be one of' list --format yaml
}

@test "members shows the living, whatever root they have" {
    make_running c1
    b=$(bundle c2 "$(lasting)")
    succeeds --root="$BATS_TEST_TMPDIR/other" create -b "$b" c2
    succeeds members --format json
    is "$(jq -r 'sort_by(.id) | map("\(.id) \(.root) \(.networkPath)") | join(" ")' <<<"$output")" \
        "c1 $SHIM_ROOT /run/netns/distros c2 $BATS_TEST_TMPDIR/other /run/netns/distros"
    is "$(jq '.[] | select(.id == "c1") | .pid' <<<"$output")" "$(shim state c1 | jq .pid)"
    is "$(jq '[.[].networkCookie] | unique | length' <<<"$output")" 1
    succeeds members -q --network /run/netns/distros
    is "$(sort <<<"$output")" $'c1\nc2'
    succeeds members -q --network /run/netns/another
    is "$output" ""
    succeeds kill c1 KILL
    wait_until has_status c1 stopped
    succeeds --root "$BATS_TEST_TMPDIR/other" delete c2
    succeeds members -q
    is "$output" ""
}

@test "what state, list and explain print fits the schemas" {
    requires file:/usr/bin/python3 file:"$SCHEMAS/state.json"
    make_running c1
    shim state c1 >state.json
    shim list --format json | jq '.[0]' >listed.json
    shim explain --format json c1 | jq .decisions >decisions.json
    b=$(bundle c2 "$(args true)" '.linux.sysctl = {"net.ipv4.ip_forward": "1"} |
        .process.capabilities.bounding += ["CAP_NET_ADMIN"]')
    shim explain --format json -b "$b" >explained.json
    jq .decisions explained.json >decisions2.json
    jq .spec explained.json >spec.json
    [ "$(jq length decisions2.json)" -ge 2 ]
    shim kill c1 KILL
    wait_until has_status c1 stopped
    shim state c1 >stopped.json
    fits_schema "$SCHEMAS/state.json" state.json listed.json stopped.json
    fits_schema "$SCHEMAS/decisions.json" decisions.json decisions2.json
    fits_schema "$SCHEMAS/config.json" spec.json
}

# ---- contracts

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

@test "the log as text, and on stderr alone" {
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

@test "a container that is only created ends by every signal that ends a process" {
    for signal in TERM HUP INT QUIT USR1 USR2 PIPE RTMIN RTMAX; do
        b=$(bundle "c$signal" "$(args sleep 1000)")
        succeeds create -b "$b" "c$signal"
        # these do not
        for other in CHLD CONT WINCH URG; do succeeds kill "c$signal" $other; done
        is "$(state_of "c$signal")" created
        succeeds kill "c$signal" "$signal"
        wait_until has_status "c$signal" stopped
        succeeds delete "c$signal"
    done
    # nothing of that is left to the program
    b=$(bundle c1 "$(args grep -E '^Sig(Cgt|Ign|Blk)' /proc/self/status)")
    shim create -b "$b" c1 >out </dev/null
    succeeds start c1
    wait_until has_status c1 stopped
    is "$(awk '{ print $2 }' out | sort -u)" 0000000000000000
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
    is "$(jq -r 'select(.level == "debug") | .msg' log | grep -c '^start: ')" 8
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

@test "a creation that fails leaves no pid file, no state and no process" {
    b=$(bundle c1 "$(args no-such-program)")
    attempt create --pid-file c1.pid -b "$b" c1
    is "$status" 1
    [ ! -e c1.pid ]
    is "$(ls -A "$SHIM_ROOT")" ""
    expect_error 'container does not exist' delete c1
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
    expect_error 'symlink' --root "$PWD/link" create -b "$b" c1
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

@test "options in every spelling that engines use" {
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

@test "bundles that are none" {
    expect_error "open bundle '/no/such': no such file or directory" create -b /no/such c1
    mkdir empty
    expect_error "bundle '.*/empty': config.json is not there" create -b empty c1
    echo '{' >empty/config.json
    expect_error 'config.json:' create -b empty c1
    b=$(bundle c1 '.root.path = "no-such"')
    expect_error 'root.path.*no such file or directory' create -b "$b" c1
    is "$(ls -A "$SHIM_ROOT" 2>/dev/null)" ""
}

@test "closed standard streams are no obstacle" {
    b=$(bundle c1 "$(args sh -c 'ls -l /proc/self/fd >/fds')")
    shim run -b "$b" c1 <&- >&- 2>&- 3>&-
    matches "$(<"$b/rootfs/fds")" '0 -> .*null'
    status=0
    shim state c1 <&- >&- 2>&- || status=$?
    is "$status" 1
}

# ---- file systems that cannot be written

@test "on a full state directory state, kill and delete work" {
    mkdir tmpfs
    mount -t tmpfs -o size=256k tmpfs tmpfs
    SHIM_ROOT=$PWD/tmpfs/state
    make_running c1
    b=$(bundle c2 "$(lasting)")
    succeeds create -b "$b" c2
    dd if=/dev/zero of=tmpfs/filler bs=4k 2>/dev/null || true
    is "$(state_of c1)" running
    is "$(state_of c2)" created
    expect_error 'no space left on device' create -b "$b" c3
    succeeds list -q
    is "$output" $'c1\nc2'
    succeeds kill c1 KILL
    wait_until has_status c1 stopped
    succeeds delete c1
    succeeds delete --force c2
    is "$(ls -A "$SHIM_ROOT")" ""
    umount tmpfs
}

@test "on a read-only state directory and /run state and kill work, and delete ends the processes" {
    mkdir tmpfs
    mount -t tmpfs tmpfs tmpfs
    SHIM_ROOT=$PWD/tmpfs/state
    make_running c1
    b=$(bundle c2 "$(lasting)")
    succeeds create -b "$b" c2
    pid=$(shim state c2 | jq .pid)
    mount -o remount,ro tmpfs && mount -o remount,bind,ro /run
    attempt state c1 && first=$status
    attempt kill c1 KILL && second=$status
    attempt delete --force c2 && third=$status text=$stderr
    mount -o remount,bind,rw /run && mount -o remount,rw tmpfs
    is "$first|$second|$third" "0|0|1"
    contains "$text" "read-only file system"
    wait_until [ ! -e "/proc/$pid" ]
    wait_until has_status c1 stopped
    succeeds delete --force c2
    succeeds delete c1
    umount tmpfs
}

@test "spec --file writes what is named, also over a file that is there, and what is no file" {
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

@test "a creation whose runtime was killed is stopped, for it never comes to its end" {
    requires fault
    for step in rlimits record-created; do
        b=$(bundle "killed-$step" "$(args sleep 1000)")
        status=0
        shim_fault "parent:$step:kill" create -b "$b" killed </dev/null >/dev/null 2>&1 || status=$?
        is "$status" 137
        is "$(shim state killed | jq -r '"\(.status) \(.pid)"')" "stopped 0"
        is "$(shim list --format json | jq -r '.[] | "\(.status) \(.pid)"')" "stopped 0"
        expect_error 'it is not created' start killed
        succeeds delete killed
        is "$(ls -A "$SHIM_ROOT")" ""
    done
}
