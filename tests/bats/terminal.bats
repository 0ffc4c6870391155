# SPDX-License-Identifier: Apache-2.0
# Containers with a terminal: at the caller's own, and handed to an engine's monitor through a socket.
# world: hybrid vm

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world file:/usr/bin/python3
    start_test
    SHIM=("$DISTRO_SHIM" --root "$SHIM_ROOT")
}
teardown() { end_test; }

pty() { timeout 30 /usr/bin/python3 "$BATS_TEST_DIRNAME/terminal.py" "$@"; }
# at_terminal [PTY-ARGUMENT]... -- COMMAND...: what comes out, carriage returns shown as \r
at_terminal() {
    status=0
    pty "$@" >"$BATS_TEST_TMPDIR/screen" 2>"$BATS_TEST_TMPDIR/pty.err" 3>&- </dev/null || status=$?
    output=$(sed 's/\r/\\r/g' "$BATS_TEST_TMPDIR/screen")
    is "$(<"$BATS_TEST_TMPDIR/pty.err")" ""
}
with_terminal='.process.terminal = true'
# receive SOCKET [ACTION]...: in the background, listening; its output will be in the file `received`
receive() {
    pty --receive "$@" >received 2>&1 3>&- </dev/null &
    receiver=$!
    wait_until [ -S "$1" ]
}
has_stopped() { [ "$(state_of "$1")" = stopped ]; }

# ---- the caller's terminal

@test "run: the program has a terminal, which is /dev/console, and leads its session" {
    b=$(bundle c1 "$(args sh -c 'tty; test -t 0 && test -t 1 && test -t 2 && echo all; stat -c "%t:%T %a" /dev/console /dev/pts/0
        echo to-console >/dev/console; echo to-tty >/dev/tty; cut -d " " -f 1,5,6,7,8 /proc/self/stat
        awk "\$5 == \"/dev/console\" { print \$4, \$9 }" /proc/self/mountinfo; exit 5')" "$with_terminal")
    at_terminal -- "${SHIM[@]}" run -b "$b" c1
    is "$status" 5
    # the caller's terminal adds one carriage return to a line
    matches "$output" '^/dev/pts/0\\r
all\\r
88:0 620\\r
88:0 620\\r
to-console\\r
to-tty\\r
[0-9]+ [0-9]+ 1 34816 [0-9]+\\r
/0 devpts\\r$'
}

@test "run: into a pipe lines end as the program wrote them" {
    b=$(bundle c1 "$(args sh -c 'echo one; echo two; echo three >&2')" "$with_terminal")
    # more than once: the terminal's mode must be set before the program writes
    for ((i = 0; i < 10; i++)); do
        is "$(shim_in 20 run -b "$b" c1 </dev/null | od -c)" "$(printf 'one\ntwo\nthree\n' | od -c)"
    done
}

@test "run: what is typed arrives, interrupts too, and the program's echo is the only one" {
    b=$(bundle c1 "$(args sh -c 'trap "echo interrupted; exit 9" INT; echo ready; read -r line; echo "<$line>"; echo again
        while :; do sleep 0.1; done')" "$with_terminal")
    at_terminal --modes modes 'expect:ready' 'send:hello\n' 'expect:<hello>' 'expect:again' 'send:\x03' -- "${SHIM[@]}" run -b "$b" c1
    is "$status" 9
    is "$output" 'ready\r
hello\r
<hello>\r
again\r
^Cinterrupted\r'
    is "$(<modes)" same
}

@test "run: the size is the caller's, and follows it" {
    b=$(bundle c1 "$(args sh -c 'stty size; trap "stty size; exit 0" WINCH; echo ready; while :; do sleep 0.1; done')" \
        "$with_terminal" '.process.consoleSize = {height: 11, width: 22}')
    at_terminal --size 33x44 'expect:ready' 'size:55x66' -- "${SHIM[@]}" run -b "$b" c1
    is "$status|$output" '0|33 44\r
ready\r
55 66\r'
}

@test "run: if the caller's terminal has no size, or is missing, that of the config counts" {
    b=$(bundle c1 "$(args stty size)" "$with_terminal" '.process.consoleSize = {height: 11, width: 22}')
    is "$(shim_in 20 run -b "$b" c1 </dev/null)" "11 22"
    at_terminal --size 0x0 -- "${SHIM[@]}" run -b "$b" c1
    is "$status|$output" '0|11 22\r'
    edit_config "$b" '.process.consoleSize = {height: 65536, width: 1}'
    expect_error 'process.consoleSize' run -b "$b" c1
    # without a terminal it means nothing
    edit_config "$b" '.process.consoleSize = {height: 7, width: 7} | .process.terminal = false | .process.args = ["true"]'
    succeeds run -b "$b" c1
}

@test "run: the caller's terminal has its modes back however the container ends" {
    b=$(bundle c1 "$(args sh -c 'echo ready; sleep 1000')" "$with_terminal")
    kill_it() { wait_until has_status c1 running && shim kill c1 "$1"; }
    has_status() { [ "$(state_of "$1")" = "$2" ]; }
    kill_it KILL &
    pid=$!
    at_terminal --modes modes 'expect:ready' -- "${SHIM[@]}" run -b "$b" c1
    wait "$pid"
    is "$status $(<modes)" "137 same"
    # a program that changes the modes of its own terminal
    edit_config "$b" '.process.args = ["sh", "-c", "stty raw -echo; exit 3"]'
    at_terminal --modes modes -- "${SHIM[@]}" run -b "$b" c1
    is "$status $(<modes)" "3 same"
    # one that cannot be started
    edit_config "$b" '.process.args = ["/bin/orphan"]'
    printf '#!/no/such\n' >"$b/rootfs/bin/orphan" && chmod 755 "$b/rootfs/bin/orphan"
    at_terminal --modes modes -- "${SHIM[@]}" run -b "$b" c1
    is "$status $(<modes)" "1 same"
    contains "$output" "no such file or directory"
}

@test "run: signals reach the program, a hang-up ends nothing but the terminal" {
    b=$(bundle c1 "$(args sh -c 'trap "echo term; exit 7" TERM; echo ready; while :; do sleep 0.1; done')" "$with_terminal")
    at_terminal --modes modes 'expect:ready' 'signal:TERM' -- "${SHIM[@]}" run -b "$b" c1
    is "$status $(<modes)" "7 same"
    contains "$output" 'term\r'
    edit_config "$b" '.process.args = ["sh", "-c", "trap \"echo hup >/said; exit 8\" HUP; echo ready; while :; do sleep 0.1; done"]'
    at_terminal 'expect:ready' close -- "${SHIM[@]}" run -b "$b" c1
    is "$status $(<"$b/rootfs/said")" "8 hup"
}

@test "run: output that was not read yet is not lost" {
    b=$(bundle c1 "$(args sh -c 'seq 1 20000')" "$with_terminal")
    is "$(shim_in 20 run -b "$b" c1 </dev/null | md5sum)" "$(seq 1 20000 | md5sum)"
    at_terminal -- "${SHIM[@]}" run -b "$b" c1
    is "$(md5sum <<<"$output")" "$(seq 1 20000 | sed 's/$/\\r/' | md5sum)"
}

@test "run: input that is not a terminal goes to the container's" {
    b=$(bundle c1 "$(args sh -c 'read -r line; echo "<$line>"')" "$with_terminal")
    is "$(echo typed | shim_in 20 run -b "$b" c1 | tr '\n' '|')" "typed|<typed>|"
}

# What each reader of a program sees at a terminal whose input has ended.
ends_with() { # LAST-LINE SCRIPT: of run and of exec, with what is on standard input
    local input=$BATS_TEST_TMPDIR/input said
    cat >"$input"
    edit_config "$b" --arg script "$2" '.process.args = ["sh", "-c", $script]'
    said=$(shim_in 20 run -b "$b" c1 <"$input" 2>&1 | tr -d '\r' | tail -n 1)
    is "run: $said" "run: $1"
    said=$(shim_in 20 exec -t other sh -c "$2" <"$input" 2>&1 | tr -d '\r' | tail -n 1)
    is "exec: $said" "exec: $1"
}
@test "input that ends is an end of file for the program, and for each that reads on" {
    b=$(bundle other "$(args sleep 1000)") && succeeds run -d -b "$b" other
    b=$(bundle c1 "$with_terminal")
    ends_with 'ended 0' 'cat; echo "ended $?"' </dev/null
    ends_with '2' 'wc -l' <<<$'one\ntwo'
    ends_with 'one 1' 'read -r line; read -r none; echo "$line $?"' <<<one
    # an unfinished line, which is echoed, is given as it is, and is not the end
    ends_with 'half<half> end' 'read -r line; echo "<$line> $(cat)end"' < <(printf half)
    ends_with '1 2 3 0' 'one=$(cat); two=$(cat); cat; echo "1 2 3 $?"' </dev/null
    # a program that comes to it late
    ends_with 'late 0' 'sleep 1; cat; echo "late $?"' </dev/null
    # the shell that runs the reader reads on after it
    ends_with 'then' 'sh; echo then' <<<cat
    # another character, and none that ends anything; what was typed for the old one may be echoed before the end
    ends_with 'other 0' 'stty eof ^A; cat; status=$?; echo; echo "other $status"' </dev/null
    # who takes each key by itself is told as a person would
    ends_with 'told' 'stty -icanon -echo; until [ "$(dd bs=1 count=1 2>/dev/null | od -An -to1)" = " 004" ]; do :; done; echo told' </dev/null
    ends_with 'interactive 0' 'sh -i; echo "interactive $?"' </dev/null
    # more than a terminal holds
    seq 1 20000 | ends_with "$(seq 1 20000 | md5sum)" 'sum=$(md5sum); echo; echo "$sum"'
}

@test "standard input that is closed, or cannot be read, has ended" {
    b=$(bundle c1 "$(args sh -c 'cat; echo "ended $?"')" "$with_terminal")
    is "$(shim_in 20 run -b "$b" c1 <&-)" 'ended 0'
    is "$(shim_in 20 run -b "$b" c1 <"$BATS_TEST_TMPDIR")" 'ended 0'
    is "$(shim_in 20 run -b "$b" c1 0>/dev/null)" 'ended 0'
}

@test "a user owns the terminal and can open it anew" {
    b=$(bundle c1 "$(args sh -c 'stat -c "%u %a" $(tty) /dev/console; echo x >/dev/console; echo y >$(tty); echo z >/dev/stdout')" \
        "$with_terminal" '.process.user = {uid: 1000, gid: 1000}')
    is "$(shim_in 20 run -b "$b" c1 </dev/null)" $'1000 620\n1000 620\nx\ny\nz'
}

# ---- handed over

@test "create: the master goes to the console socket, and outlives create" {
    b=$(bundle c1 "$(args sh -c 'stty size; tty; read -r line; echo "<$line>"')" "$with_terminal" \
        '.process.consoleSize = {height: 24, width: 80}')
    receive socket 'expect:/dev/pts/0' 'send:hello\n'
    succeeds create --console-socket socket -b "$b" c1
    is "$(jq .terminal "$SHIM_ROOT/c1/config.json" 2>/dev/null || echo null)" "null"
    succeeds start c1
    wait "$receiver"
    # one descriptor, and a name as text; the other side makes of the modes what it likes
    is "$(tr -d '\r' <received | tail -n +2)" $'24 80\n/dev/pts/0\nhello\n<hello>'
    matches "$(head -n 1 received)" '^/dev/[^ ]+ 1$'
    wait_until has_stopped c1
    succeeds delete c1
}

@test "run -d and run with a console socket do the same" {
    b=$(bundle c1 "$(args sh -c 'echo said; exit 4')" "$with_terminal")
    receive one
    succeeds run -d --console-socket one -b "$b" c1
    wait "$receiver"
    contains "$(<received)" said
    wait_until has_stopped c1
    succeeds delete c1
    receive two
    attempt run --console-socket two -b "$b" c1
    is "$status|$output|$stderr" "4||"
    wait "$receiver"
    contains "$(<received)" said
}

@test "what does not fit together is refused before anything is made" {
    b=$(bundle c1 "$(args true)" "$with_terminal")
    expect_error 'needs --console-socket' create -b "$b" c1
    expect_error 'needs --console-socket' run -d -b "$b" c1
    expect_error "console socket 'no-such': no such file or directory" create --console-socket no-such -b "$b" c1
    touch file && mkfifo fifo
    expect_error "console socket 'file': connection refused" create --console-socket file -b "$b" c1
    expect_error "console socket 'fifo': connection refused" create --console-socket fifo -b "$b" c1
    expect_error 'console socket' create --console-socket "$(printf 'long%.0s' {1..30})" -b "$b" c1
    edit_config "$b" '.process.terminal = false'
    expect_error 'process.terminal is not true' create --console-socket no-such -b "$b" c1
    is "$(ls -A "$SHIM_ROOT" 2>/dev/null)" ""
}

@test "without a devpts of its own a container cannot have a terminal, and says so" {
    b=$(bundle c1 "$(args true)" "$with_terminal" '.mounts |= map(select(.destination != "/dev/pts"))')
    expect_error "a terminal needs a devpts mounted on '/dev/pts'" run -b "$b" c1
    # another file system in its place
    edit_config "$b" '.mounts += [{destination: "/dev/pts", type: "tmpfs", source: "tmpfs"}]'
    expect_error "dev/pts" run -b "$b" c1
}

@test "a terminal with a read-only root, and with a /dev of the image" {
    b=$(bundle c1 "$(args sh -c 'tty; echo x >/dev/console')" "$with_terminal" '.root.readonly = true')
    is "$(shim_in 20 run -b "$b" c1 </dev/null)" $'/dev/pts/0\nx'
    # no /dev is mounted: its console is made in the image's
    edit_config "$b" '.mounts |= map(select(.destination != "/dev"))'
    mkdir -p "$b/rootfs/dev/pts"
    is "$(shim_in 20 run -b "$b" c1 </dev/null)" $'/dev/pts/0\nx'
    is "$(stat -c '%F' "$b/rootfs/dev/console")" "regular empty file"
}

@test "a terminal with a read-only /dev, whichever mount makes it so" {
    look='tty; echo x >/dev/console; touch /dev/new 2>&1; test -c /dev/null && readlink /dev/ptmx'
    expected=$'/dev/pts/0\nx\ntouch: /dev/new: Read-only file system\npts/ptmx'
    for how in 'map(if .destination == "/dev" then .options += ["ro"] else . end)' \
        'map(if .destination == "/dev" then .options += ["rro"] else . end)' \
        '. + [{destination: "/dev", type: "tmpfs", options: ["remount", "ro"]}]' \
        '. + [{destination: "/dev", options: ["remount", "bind", "rro"]}]'; do
        b=$(bundle c1 "$(args sh -c "$look")" "$with_terminal" ".mounts |= $how")
        is "$(shim_in 20 run -b "$b" c1 </dev/null)" "$expected"
        rm -rf "$b"
    done
    # the last word counts
    b=$(bundle c1 "$(args sh -c 'touch /dev/new && echo made')" "$with_terminal" '.mounts |= (map(if .destination == "/dev"
        then .options += ["ro"] else . end) + [{destination: "/dev", options: ["remount", "bind", "rw"]}])')
    is "$(shim_in 20 run -b "$b" c1 </dev/null)" made
}
