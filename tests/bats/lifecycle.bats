# SPDX-License-Identifier: Apache-2.0
# The lifecycle of a container from the command line (runtime.md "Lifecycle", "Operations"): states, ids, signals, what a
# creation leaves that fails or is killed, and what goes on where the state cannot be written.
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

has_lines() { [ "$(wc -l <"$1")" -ge "$2" ]; }

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

@test "delete takes a created or stopped container, with --force also a running or missing one" {
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

@test "kill of a missing or stopped container is an error with the words that engines know" {
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

@test "kill without a signal sends the one that the annotation names, else TERM" {
    local pair pid key=org.opencontainers.image.stopSignal
    b=$(bundle c1 "$(args sh -c 'trap "exit 3" 10; trap "exit 4" 15; echo ready >/ready; while :; do sleep 0.1; done')" '.root.readonly = false')
    for pair in SIGUSR1:3 10:3 TERM:4 :4 0:4 unset:4; do
        edit_config "$b" --arg key $key --arg signal "${pair%:*}" '.annotations = if $signal == "unset" then {} else {($key): $signal} end'
        rm -f "$b/rootfs/ready"
        shim_in 20 run -b "$b" c1 </dev/null 3>&- &
        pid=$!
        wait_until test -e "$b/rootfs/ready"
        succeeds kill c1
        code=0
        wait $pid || code=$?
        is "$pair $code" "$pair ${pair#*:}"
    done
    edit_config "$b" ".annotations[\"$key\"] = \"SIGNONE\""
    succeeds run -d -b "$b" c1
    expect_error "annotation $key: 'SIGNONE' is not a signal; name the one to send" kill c1
    succeeds kill c1 KILL
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

@test "ids of letters, digits and _+.- are accepted" {
    b=$(bundle b1 "$(args true)")
    for id in a 0 _ + a.b a..b x_1-2+3. "$(printf 'n%.0s' {1..200})"; do
        succeeds create -b "$b" "$id"
        is "$(shim state "$id" | jq -r .id)" "$id"
        succeeds list -q
        is "$output" "$id"
        succeeds delete "$id"
    done
}

@test "other ids are refused by every command, and nothing is left" {
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

# ---- a creation that comes to no start

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

@test "a creation that fails leaves no pid file, no state and no process" {
    b=$(bundle c1 "$(args no-such-program)")
    attempt create --pid-file c1.pid -b "$b" c1
    is "$status" 1
    [ ! -e c1.pid ]
    is "$(ls -A "$SHIM_ROOT")" ""
    expect_error 'container does not exist' delete c1
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

@test "a creation whose runtime was killed is shown as stopped" {
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
