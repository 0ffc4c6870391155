# SPDX-License-Identifier: Apache-2.0
# Hooks (config.md "POSIX-platform Hooks", runtime.md "Lifecycle"): when, where and with what each runs, and
# what becomes of the container where one fails.
# world: hybrid vm

# shellcheck disable=SC2016 # what is in single quotes is for the shell of the hook or for jq

load helpers

KINDS="prestart createRuntime createContainer startContainer poststart poststop"

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
    # where hooks of every kind can write: the same directory inside and outside
    mkdir notes
    notes=$PWD/notes
}
teardown() { end_test; }

# hook KIND SCRIPT [MORE-AS-JSON]: a filter that adds one, a shell script with PATH alone
hook() {
    jq -nr --arg kind "$1" --arg script "$2" --argjson more "${3:-{\}}" '".hooks[\"\($kind)\"] += [" + ({path: "/bin/sh",
        args: ["sh", "-c", $script], env: ["PATH=/bin:/usr/bin"]} + $more | tojson) + "]"'
}
# In the container the notes lie at /notes
share_notes() { echo ".mounts += [{destination: \"/notes\", type: \"bind\", source: \"$notes\", options: [\"rbind\"]}]"; }
# where a hook of this kind finds them
place() { [ "$1" = startContainer ] && echo /notes || echo "$notes"; }
has_stopped() { [ "$(state_of "$1")" = stopped ]; }
ended() { [ ! -e "/proc/$1" ] || grep -qs "^State:.Z" "/proc/$1/status" || [ ! -e "/proc/$1" ]; }

@test "all six kinds run once and in order, with the state of their moment on stdin" {
    filters=("$(share_notes)" '.annotations = {"org.example.a": "b \"c\""}')
    for kind in $KINDS; do
        for number in 1 2; do
            filters+=("$(hook "$kind" "echo $kind$number >>$(place "$kind")/order; cat >$(place "$kind")/$kind$number")")
        done
    done
    b=$(bundle c1 "$(args sh -c 'echo program >>/notes/order; sleep 1000')" "${filters[@]}")
    succeeds create -b "$b" c1
    is "$(tr '\n' ' ' <notes/order)" "prestart1 prestart2 createRuntime1 createRuntime2 createContainer1 createContainer2 "
    pid=$(shim state c1 | jq .pid)
    succeeds start c1
    wait_until [ -s notes/poststart2 ]
    succeeds kill c1 KILL
    wait_until has_stopped c1
    [ ! -e notes/poststop1 ]
    succeeds delete c1
    is "$(grep -v program notes/order | tail -n +7 | tr '\n' ' ')" \
        "startContainer1 startContainer2 poststart1 poststart2 poststop1 poststop2 "
    is "$(grep -c program notes/order)" 1
    # the program does not run before its hooks
    [ "$(grep -n program notes/order | cut -d : -f 1)" -gt 8 ]
    while read -r kind status process; do
        for number in 1 2; do
            is "$kind $(jq -c '[.id, .status, .pid, .bundle, .annotations["org.example.a"]]' "notes/$kind$number")" \
                "$kind [\"c1\",\"$status\",$process,\"$b\",\"b \\\"c\\\"\"]"
            is "$(jq -r .ociVersion "notes/$kind$number")" "$(jq -r .ociVersion "$b/config.json")"
        done
    done <<END
prestart created $pid
createRuntime created $pid
createContainer created 1
startContainer created 1
poststart running $pid
poststop stopped 0
END
}

@test "hooks run in the namespaces and with the root that their kind has" {
    filters=("$(share_notes)")
    for kind in $KINDS; do
        at=$(place "$kind")
        filters+=("$(hook "$kind" "for n in mnt uts pid net; do readlink /proc/self/ns/\$n; done >$at/$kind.ns
            ls -d $b/config.json >$at/$kind.bundle 2>/dev/null; grep -c ' / / ' /proc/self/mountinfo >$at/$kind.root
            pwd >$at/$kind.cwd")")
    done
    b=$(bundle c1 "$(args sleep 1000)" "${filters[@]}" '.process.cwd = "/tmp"')
    # the host's view: the bundle can be seen
    edit_config "$b" --arg b "$b" '(.hooks[][].args[2]) |= sub("ls -d /config.json"; "ls -d \($b)/config.json")'
    succeeds run -d -b "$b" c1
    pid=$(shim state c1 | jq .pid)
    for n in mnt uts pid net; do readlink "/proc/$pid/ns/$n"; done >inside
    for n in mnt uts pid net; do readlink "/proc/self/ns/$n"; done >outside
    succeeds delete --force c1
    for kind in prestart createRuntime poststart poststop; do
        cmp "notes/$kind.ns" outside
        is "$kind $(cat "notes/$kind.bundle") $(<"notes/$kind.cwd")" "$kind $b/config.json $b"
    done
    is "$(<notes/createContainer.cwd)" "$b/rootfs"
    for kind in createContainer startContainer; do cmp "notes/$kind.ns" inside; done
    # createContainer: in the container's namespaces, before its root is the root
    is "$(cat notes/createContainer.bundle)" "$b/config.json"
    is "$(cat notes/startContainer.bundle) $(<notes/startContainer.cwd)" " /tmp"
}

@test "createContainer hooks find the container's root mounted and writable; what they mount there stays" {
    b=$(bundle c1 "$(args sh -c 'cat /hooked /mounted/file; touch /x 2>&1')" '.root.readonly = true')
    mkdir "$b/rootfs/mounted" data && echo from-hook >data/file
    edit_config "$b" "$(hook createContainer "echo text >$b/rootfs/hooked && mount --bind $PWD/data $b/rootfs/mounted")"
    attempt run -b "$b" c1
    is "$(head -n 2 <<<"$output")" $'text\nfrom-hook'
    contains "$output" "Read-only file system"
    is "$(grep -c mounted /proc/self/mountinfo)" 0
}

@test "path, args and env are exactly those of the config" {
    # a program that shows what it was started with: the kernel puts its path before the arguments
    cat >show.py <<'END'
#!/usr/bin/python3
import os
words = [open("/proc/self/" + name).read().split("\0")[:-1] for name in ("cmdline", "environ")]
with open(os.environ["OUT"], "a") as out:
    print(words[0][2:], words[1], file=out)
END
    chmod 755 show.py
    export CALLERS=own
    b=$(bundle c1 "$(args true)" ".hooks.createRuntime = [
        {path: \"$PWD/show.py\", env: [\"OUT=$notes/out\", \"A=b c\", \"EMPTY=\"]},
        {path: \"$PWD/show.py\", args: [\"zero\", \"\", \"a b\", \"*\"], env: [\"OUT=$notes/out\"]}]")
    succeeds run -b "$b" c1
    is "$(head -n 1 notes/out)" "[] ['OUT=$notes/out', 'A=b c', 'EMPTY=']"
    is "$(tail -n 1 notes/out)" "['', 'a b', '*'] ['OUT=$notes/out']"
    # argv[0] is args[0], and without args the path
    edit_config "$b" '.hooks.createRuntime = [{path: "/bin/sh", args: ["called-so", "-c", "echo $0 >'"$notes"'/zero"], env: []}]'
    succeeds run -b "$b" c1
    is "$(<notes/zero)" called-so
    # none at all
    edit_config "$b" '.hooks.createRuntime = [{path: "/usr/bin/env", args: ["env"], env: []}] |
        .hooks.createRuntime += [{path: "/bin/sh", args: ["sh", "-c", "tr \"\\0\" \"\\n\" </proc/self/environ >'"$notes"'/none"], env: []}]'
    succeeds run -b "$b" c1
    is "$(<notes/none)" ""
    # startContainer hooks without env get the container's, and never the caller's
    edit_config "$b" "$(share_notes)"' | .process.env += ["INSIDE=yes"] |
        .hooks = {startContainer: [{path: "/bin/sh", args: ["sh", "-c", "env >/notes/inside"]}]}'
    succeeds run -b "$b" c1
    contains "$(<notes/inside)" "INSIDE=yes"
    lacks "$(<notes/inside)" "CALLERS"
}

@test "a hook inherits no descriptor but its three, and no signal disposition" {
    b=$(bundle c1 "$(args true)" "$(share_notes)")
    for kind in $KINDS; do
        edit_config "$b" "$(hook "$kind" "ls /proc/self/fd >$(place "$kind")/$kind.fds; grep Sig.gn /proc/self/status >$(place "$kind")/$kind.signals")"
    done
    (
        for fd in 5 17 200; do eval "exec $fd</"; done
        env --ignore-signal=HUP "$DISTRO_SHIM" --root "$SHIM_ROOT" run -b "$b" c1 </dev/null >log 2>&1
    )
    is "$(<log)" ""
    for kind in $KINDS; do
        # and ls's own of the directory
        is "$kind $(tr '\n' ' ' <"notes/$kind.fds")" "$kind 0 1 2 3 "
        # the image's shell ignores some by itself, but not HUP
        matches "$kind $(<"notes/$kind.signals")" "^$kind .*[02468ace]\$"
    done
    # nor by commands that make nothing, nor what is the program's alone
    edit_config "$b" "$(args sh -c 'ls /proc/self/fd >/notes/program.fds; sleep 1000')"
    rm notes/*
    (
        for fd in 3 4 5 17 200; do eval "exec $fd</"; done
        shim create --preserve-fds 3 -b "$b" c1 </dev/null >log 2>&1
        shim start c1 </dev/null >>log 2>&1
        wait_until [ -s notes/program.fds ]
        shim delete --force c1 </dev/null >>log 2>&1
    )
    is "$(<log)" ""
    for kind in $KINDS; do
        is "$kind $(tr '\n' ' ' <"notes/$kind.fds")" "$kind 0 1 2 3 "
    done
    is "$(tr '\n' ' ' <notes/program.fds)" "0 1 2 3 4 5 6 "
}

@test "a hook need not read its stdin, may close its output, and may leave a process behind" {
    mkfifo gate
    b=$(bundle c1 "$(args true)" '.annotations.long = "x" * 200000' \
        "$(hook createRuntime 'exit 0')" \
        "$(hook createRuntime 'exec <&- >&- 2>&-; exit 0')" \
        "$(hook createRuntime 'exec /bin/sleep 0')" \
        "$(hook createRuntime "setsid sh -c 'echo \$\$ >$notes/left; read -r line <$PWD/gate' & while [ ! -s $notes/left ]; do sleep 0.05; done")")
    succeeds run -b "$b" c1
    # the process that was left behind is alive: the runtime has not waited for it
    kill -0 "$(<notes/left)"
    echo go >gate
    wait_until ended "$(<notes/left)"
}

@test "what a hook prints does not reach the caller" {
    b=$(bundle c1 "$(args echo program)" "$(share_notes)")
    for kind in $KINDS; do edit_config "$b" "$(hook "$kind" 'echo noise; echo noise >&2; head -c 1000000 /dev/zero')"; done
    succeeds run -b "$b" c1
    is "$output" program
}

@test "a hook that takes longer than its timeout is killed with all of its group" {
    kinds="prestart createRuntime createContainer startContainer poststart"
    for kind in $kinds; do
        at=$(place "$kind")
        b=$(bundle "c-$kind" "$(args sleep 1003)" "$(share_notes)" \
            "$(hook "$kind" "sleep 1003 & sh -c 'sleep 1003; :' & echo up >$at/$kind; wait" '{"timeout": 1}')" \
            "$(hook poststop "touch $notes/$kind.poststop")")
    done
    start=$SECONDS
    pids=()
    for kind in $kinds; do
        (BATS_TEST_TMPDIR=$PWD/c-$kind expect_error "$kind hook: '/bin/sh' took longer than its timeout of 1 s" run -d -b "c-$kind" "c-$kind") 3>&- &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
    # far below what the hooks would take, far above what a loaded machine needs
    [ $((SECONDS - start)) -lt 60 ]
    for kind in $kinds; do [ -e "notes/$kind" ] && [ -e "notes/$kind.poststop" ]; done
    is "$(ls -A "$SHIM_ROOT")" ""
    is "$(grep -l 1003 /proc/[0-9]*/cmdline 2>/dev/null)" ""
    # enough time does not hinder
    b=$(bundle c2 "$(args true)" "$(hook createRuntime 'exit 0' '{"timeout": 9000000000}')")
    succeeds run -b "$b" c2
    for timeout in 0 -1; do
        b=$(bundle "c3$timeout" "$(args true)" "$(hook createRuntime 'exit 0' "{\"timeout\": $timeout}")")
        expect_error 'hooks.createRuntime\[0\].timeout: must be greater than 0' create -b "$b" c3
    done
}

@test "a hook that fails ends creation: the container is gone, poststop has run, the error says why" {
    for kind in prestart createRuntime createContainer; do
        b=$(bundle "c-$kind" "$(args touch /ran)" "$(share_notes)" \
            "$(hook "$kind" 'echo first >&2; echo "the  reason" >&2; exit 42')" \
            "$(hook "$kind" "touch $notes/$kind.second")" \
            "$(hook poststop "cat >$notes/$kind.poststop")")
        expect_error "$kind hook: '/bin/sh' failed with exit status 42: the  reason" create --pid-file "$kind.pid" -b "$b" "c-$kind"
        is "$(ls -A "$SHIM_ROOT")" ""
        [ ! -e "$kind.pid" ] && [ ! -e "notes/$kind.second" ] && [ ! -e "$b/rootfs/ran" ]
        is "$(jq -r '"\(.id) \(.status)"' "notes/$kind.poststop")" "c-$kind stopped"
    done
}

@test "a hook that fails ends a start: the container is gone, poststop has run" {
    for kind in startContainer poststart; do
        b=$(bundle "c-$kind" "$(args sh -c 'echo ran >/notes/ran; sleep 1000')" "$(share_notes)" \
            "$(hook "$kind" 'echo "the reason"; exit 42')" "$(hook poststop "echo $kind >>$notes/poststop")")
        succeeds create -b "$b" "c-$kind"
        pid=$(shim state "c-$kind" | jq .pid)
        expect_error "$kind hook: '/bin/sh' failed with exit status 42: the reason" start "c-$kind"
        ended "$pid"
        expect_error 'container does not exist' state "c-$kind"
        succeeds delete --force "c-$kind"
        [ "$kind" != startContainer ] || [ ! -e notes/ran ]
    done
    is "$(tr '\n' ' ' <notes/poststop)" "startContainer poststart "
}

@test "hooks that cannot be executed, or end by a signal, are errors that say so" {
    b=$(bundle c1 "$(args true)")
    touch plain
    while IFS='|' read -r path text; do
        edit_config "$b" --arg path "$path" '.hooks.createRuntime = [{path: $path}]'
        expect_error "createRuntime hook: '$path'.*$text" create -b "$b" c1
    done <<END
/no/such/hook|no such file or directory
$PWD/plain|permission denied
$PWD|permission denied
/bin/sh/x|not a directory
END
    edit_config "$b" '.hooks.createRuntime = [{path: "relative"}]'
    expect_error 'hooks.createRuntime\[0\].path: must be an absolute path' create -b "$b" c1
    edit_config "$b" '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "kill -KILL $$"]}]'
    expect_error "createRuntime hook: '/bin/sh' failed with exit status 137" create -b "$b" c1
    # an image's startContainer hook is the image's
    edit_config "$b" '.hooks = {startContainer: [{path: "/usr/bin/python3"}]}'
    expect_error "startContainer hook: '/usr/bin/python3'.*no such file or directory" run -b "$b" c1
}

@test "poststart hooks find a container that they can use like any other" {
    b=$(bundle c1 "$(args sh -c 'until [ -e /go ]; do sleep 0.05; done; exit 7')" '.root.readonly = false')
    edit_config "$b" ".hooks.poststart = [{path: \"/bin/sh\", args: [\"sh\", \"-c\",
        \"exec >$PWD/said 2>&1; $DISTRO_SHIM --root $SHIM_ROOT exec c1 sh -c 'echo inside'; $DISTRO_SHIM --root $SHIM_ROOT state c1 | grep -o running\"]}]"
    start=$SECONDS
    succeeds run -d -b "$b" c1
    is "$(<said)" $'inside\nrunning'
    [ $((SECONDS - start)) -lt 8 ]
    succeeds delete --force c1
    # one that is deleted by its own hook, and another has taken its name when that fails
    edit_config "$b" ".hooks.poststart[0].args[2] = \"exec >$PWD/said 2>&1; $DISTRO_SHIM --root $SHIM_ROOT delete --force c1;
        $DISTRO_SHIM --root $SHIM_ROOT create -b $PWD/other c1; exit 3\""
    bundle other "$(args sleep 1000)" >/dev/null
    expect_error "poststart hook: .*exit status 3" run -d -b "$b" c1
    is "$(<said) $(state_of c1)" " created"
    succeeds delete c1
}

@test "a poststart hook that fails with the container paused: it is gone at once" {
    b=$(bundle c1 "$(args sleep 1000)" "$(hook poststop "touch $notes/stopped")")
    edit_config "$b" ".hooks.poststart = [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"$DISTRO_SHIM --root $SHIM_ROOT pause c1; exit 3\"]}]"
    start=$SECONDS
    expect_error "poststart hook: '/bin/sh' failed with exit status 3" run -d -b "$b" c1
    [ $((SECONDS - start)) -lt 8 ] && [ -e notes/stopped ] && [ ! -e "$SHIM_ROOT/c1" ]
}

@test "poststop hooks that fail are warnings, and the rest still run" {
    b=$(bundle c1 "$(args true)" "$(hook poststop "echo one >>$notes/ran; echo why >&2; exit 1")" \
        '.hooks.poststop += [{path: "/no/such"}]' "$(hook poststop "echo three >>$notes/ran; sleep 1000" '{"timeout": 1}')" \
        "$(hook poststop "echo four >>$notes/ran")")
    attempt --log-level warning run -b "$b" c1
    is "$status" 0
    is "$(tr '\n' ' ' <notes/ran)" "one three four "
    contains "$stderr" "warning: poststop hook: '/bin/sh' failed with exit status 1: why"
    contains "$stderr" "warning: poststop hook: '/no/such'"
    contains "$stderr" "took longer than its timeout"
    # at the default level not a word
    rm notes/ran
    succeeds create -b "$b" c1
    succeeds delete --force c1
    is "$(tr '\n' ' ' <notes/ran)" "one three four "
}

@test "config.json may change or vanish after create: the hooks are those of create" {
    b=$(bundle c1 "$(args true)" "$(hook poststart "echo poststart >>$notes/ran")" "$(hook poststop "echo poststop >>$notes/ran")")
    succeeds create -b "$b" c1
    rm "$b/config.json"
    succeeds start c1
    wait_until has_stopped c1
    succeeds delete c1
    is "$(tr '\n' ' ' <notes/ran)" "poststart poststop "
}

@test "run.oci.hooks.stdout and stderr: what hooks print is appended there, of every kind" {
    b=$(bundle c1 "$(args true)" "$(share_notes)")
    edit_config "$b" ".annotations = {\"run.oci.hooks.stdout\": \"$b/out\", \"run.oci.hooks.stderr\": \"err\"}"
    for kind in $KINDS; do edit_config "$b" "$(hook "$kind" "echo $kind out; echo $kind err >&2")"; done
    echo before >"$b/out"
    succeeds run -b "$b" c1
    is "$(tr '\n' ' ' <"$b/out")" "before $(for kind in $KINDS; do echo -n "$kind out "; done)"
    is "$(tr '\n' ' ' <"$b/err")" "$(for kind in $KINDS; do echo -n "$kind err "; done)"
    is "$(stat -c %a "$b/err")" 600
    # one of them alone: the other is still for the error
    edit_config "$b" 'del(.annotations["run.oci.hooks.stderr"], .hooks)' && edit_config "$b" "$(hook createRuntime "echo text; echo reason >&2; exit 3")"
    expect_error "createRuntime hook: '/bin/sh' failed with exit status 3: reason" create -b "$b" c2
    is "$(tail -n 1 "$b/out")" text
    # the program does not have them
    b=$(bundle c3 "$(args sh -c 'for fd in /proc/$$/fd/*; do readlink $fd || true; done')" ".annotations = {\"run.oci.hooks.stdout\": \"out\"}" "$(hook startContainer 'exit 0')")
    succeeds run -b "$b" c3
    lacks "$output" "$b/out"
    [ -e "$b/out" ]
    edit_config "$b" '.annotations["run.oci.hooks.stdout"] = "no/such/out"'
    expect_error "run.oci.hooks.stdout: open '$b/no/such/out': no such file" create -b "$b" c4
    # where nothing is enforced: a FIFO without a reader, and one with a slow reader
    policy '{"version": 1, "mode": "observe"}'
    mkfifo fifo
    edit_config "$b" ".annotations[\"run.oci.hooks.stdout\"] = \"$PWD/fifo\""
    expect_error "run.oci.hooks.stdout: open '$PWD/fifo': no such device or address" create -b "$b" c4
    exec 7<>fifo
    edit_config "$b" 'del(.hooks)' && edit_config "$b" "$(hook createRuntime 'head -c 200000 /dev/zero')"
    (sleep 0.3 && timeout 10 head -c 200000 <&7 | wc -c >count) 3>&- &
    succeeds run -b "$b" c4
    wait $!
    exec 7<&-
    is "$(<count)" 200000
}

# program FILE: a hook that writes down its kind
program() { mkdir -p "${1%/*}" && printf '#!/bin/sh\necho "$1" >>%s/ran\n' "$notes" >"$1" && chmod 755 "$1"; }
# called KIND FILE: a filter that adds it
called() { echo ".hooks[\"$1\"] += [{path: \"$2\", args: [\"hook\", \"$1\"]}]"; }

@test "hooks.allow: hooks of the host that are not listed are refused, by all that make a container, and none runs" {
    local oci=$SHIM_POLICY_DIRECTORY/oci kind command place
    program "$oci/hook" && program "$oci.d/hook" && program "$PWD/hook"
    ln -s "$PWD/hook" "$oci/link"
    mkdir -p images && echo '[]' >images/descriptors.json
    b=$(bundle c1 "$(args true)" "$(share_notes)")
    cp "$b/config.json" plain.json
    policy "{\"version\": 1, \"hooks\": {\"allow\": [\"$oci/\", \"$PWD/other\"]}}"
    for kind in $KINDS; do
        [ "$kind" != startContainer ] || continue
        jq "$(called "$kind" "$oci.d/hook")" plain.json >"$b/config.json"
        for command in create run "restore --image-path images"; do
            # shellcheck disable=SC2086 # words
            expect_error "config.json:[0-9]+:[0-9]+: hooks.allow: hook \"$oci.d/hook\" is not allowed; list it or its directory in hooks.allow, or take it out of the configuration" \
                $command -b "$b" c1
        done
    done
    while read -r place command; do
        jq "$(called poststop "$place")" plain.json >"$b/config.json"
        expect_error "hooks.allow: .*$command" create -b "$b" c1
        is "$(shim explain -b "$b" --format json | jq -r '.decisions[] | select(.rule == "hooks.allow") | .action + .path')" "refuse/hooks/poststop/0/path"
    done <<END
$PWD/hook is not allowed
$oci/link leads to ".*/hook", which is not allowed
$oci/../oci/hook is not absolute and without
$oci//hook is not absolute and without
$oci/gone cannot be found: no such file or directory
END
    # none at all
    policy '{"version": 1, "hooks": {"allow": []}}'
    jq "$(called poststart "$oci/hook")" plain.json >"$b/config.json"
    expect_error 'hooks.allow: hook ".*/oci/hook" is not allowed' create -b "$b" c1
    [ ! -e notes/ran ] && [ ! -e "$SHIM_ROOT/c1" ]
}

@test "hooks.allow: what is listed runs, of every kind; what the container itself runs is no hook of the host's" {
    local oci=$SHIM_POLICY_DIRECTORY/oci kind filters=()
    program "$oci/hook" && program "$PWD/one"
    for kind in $KINDS; do
        [ "$kind" = startContainer ] || filters+=("$(called "$kind" "$oci/hook")" "$(called "$kind" "$PWD/one")")
    done
    b=$(bundle c1 "$(args true)" "$(share_notes)" "${filters[@]}" "$(hook startContainer 'echo startContainer >>/notes/ran')")
    policy "{\"version\": 1, \"hooks\": {\"allow\": [\"$oci\", \"$PWD/one\"]}}"
    succeeds create -b "$b" c1
    # the policy of its creation
    policy '{"version": 1, "hooks": {"allow": []}}'
    succeeds start c1
    wait_until has_stopped c1
    succeeds delete c1
    is "$(uniq -c notes/ran | awk '{ print $1 $2 }' | tr '\n' ' ')" \
        "2prestart 2createRuntime 2createContainer 1startContainer 2poststart 2poststop "
    rm notes/ran
    # observed
    policy '{"version": 1, "mode": "observe", "hooks": {"allow": []}}'
    succeeds run -b "$b" c1
    [ -e notes/ran ]
    # any, as without the key
    policy '{"version": 1, "hooks": {"allow": ["/"]}}'
    succeeds run -b "$b" c1
}
