#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# run in the foreground with streams that do not behave: full, not read, not blocking, gone; the caller's
# terminal afterwards; a name that another container has taken meanwhile; and console sockets.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers

setup_file() {
    make_rootfs
    write_caller >"$BATS_FILE_TMPDIR/caller.py"
}
setup() {
    requires root world file:/usr/bin/python3
    start_test
    SHIM=("$DISTRO_SHIM" --root "$SHIM_ROOT")
    helpers=()
}
teardown() {
    [ ${#helpers[@]} -eq 0 ] || { kill -CONT "${helpers[@]}"; kill -KILL "${helpers[@]}" && wait "${helpers[@]}"; } 2>/dev/null || true
    end_test
}

with_terminal='.process.terminal = true'
has_status() { [ "$(state_of "$1")" = "$2" ]; }
init_of() { jq .initPid "$SHIM_ROOT/$1/status.json"; }
in_state() { [ "$(sed 's/.*) //; s/ .*//' "/proc/$1/stat")" = "$2" ]; } # PID LETTER

# caller WHAT [ARGUMENT]... -- COMMAND...: a person at a terminal runs COMMAND; then as `attempt`
caller() {
    status=0
    /usr/bin/python3 "$BATS_FILE_TMPDIR/caller.py" "$@" \
        </dev/null >"$BATS_TEST_TMPDIR/caller.out" 2>"$BATS_TEST_TMPDIR/caller.err" 3>&- || status=$?
    output=$(<"$BATS_TEST_TMPDIR/caller.out") stderr=$(<"$BATS_TEST_TMPDIR/caller.err")
    is "$status $stderr" "0 "
}
write_caller() {
    cat <<'END'
"""caller.py WHAT [ARGUMENT]... -- COMMAND [ARGUMENT]...

copy STREAMS SIZE       write SIZE bytes of lines and the end of file, read everything: "EXIT-CODE same|N bytes"
stuff STREAMS SIGNAL    write until nothing more goes in, SIGNAL to COMMAND: "EXIT-CODE"; both wait for "ready"
nonblocking             its output into a full pipe that does not block; then that output
modes ACTION            signal:NAME or nothing, when its terminal is raw: "EXIT-CODE same|changed"
deaf PATH               listen, with a full queue, and never accept; PATH.ready when it is so
receive PATH            take one descriptor, its name, and what comes out of it

STREAMS: pty or pipe. A command that is not done in 20 seconds fails.
"""

import array
import atexit
import fcntl
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import termios
import time

deadline = time.monotonic() + 20
signal.alarm(30)


def fail(text):
    sys.exit("caller.py: " + text)


def left():
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        fail("out of time")
    return seconds


class Command:
    """COMMAND with a terminal of its own or with pipes."""

    def __init__(self, command, streams):
        self.slave = None
        if streams == "pty":
            master, self.slave = pty.openpty()
            ends = [self.slave] * 3
            self.input = self.output = master
        else:
            stdin, self.input = os.pipe()
            self.output, stdout = os.pipe()
            ends = [stdin, stdout, 2]
        self.process = subprocess.Popen(
            command, stdin=ends[0], stdout=ends[1], stderr=ends[2], start_new_session=True
        )
        atexit.register(self.process.kill)
        if streams != "pty":
            os.close(stdin)
            os.close(stdout)
        os.set_blocking(self.input, False)
        os.set_blocking(self.output, False)
        self.seen = b""

    def read(self):
        """False at the end."""
        try:
            data = os.read(self.output, 65536)
        except BlockingIOError:
            return True
        except OSError:  # EIO: no one has the terminal open
            return False
        self.seen += data
        return bool(data)

    def wait_for(self, text):
        while text not in self.seen:
            if not select.select([self.output], [], [], left())[0] or not self.read():
                fail(f"waited in vain for {text!r}: {self.seen!r}")
        self.seen = self.seen[self.seen.index(text) + len(text) :]

    def end(self):
        """Its exit code; what it prints is read on."""
        while self.process.poll() is None:
            left()
            if select.select([self.output], [], [], 0.02)[0]:
                self.read()
        if self.slave is not None:
            os.close(self.slave)
        while select.select([self.output], [], [], 0.2)[0] and self.read():
            pass
        return self.process.returncode


def copy(command, streams, size):
    it = Command(command, streams)
    it.wait_for(b"ready")
    it.wait_for(b"\n")
    lines = b"".join(b"%058d.\n" % n for n in range(int(size) // 60))
    rest = lines + b"\x04"
    while rest:
        readable, writable, _ = select.select([it.output], [it.input], [], left())
        if readable:
            it.read()
        if writable:
            rest = rest[os.write(it.input, rest[:65536]) :]
    code = it.end()
    print(code, "same" if it.seen.replace(b"\r", b"") == lines else f"{len(it.seen)} bytes")


def stuff(command, streams, name):
    it = Command(command, streams)
    it.wait_for(b"ready")
    # half a second without a taker: everything in between is full
    while select.select([], [it.input], [], 0.5)[1]:
        left()
        try:
            os.write(it.input, b"x" * 59 + b"\n")
        except BlockingIOError:
            pass
    it.process.send_signal(getattr(signal, "SIG" + name))
    print(it.end())


def nonblocking(command):
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writer, False)
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=writer)
    atexit.register(process.kill)
    while select.select([], [writer], [], 0)[1]:
        left()
        time.sleep(0.01)
    os.close(writer)
    while data := os.read(reader, 1000):
        left()
        os.write(1, data)
    sys.exit(process.wait())


def modes(command, action=""):
    it = Command(command, "pty")
    before = termios.tcgetattr(it.slave)
    slave = os.dup(it.slave)
    if action:
        it.wait_for(b"ready")
        if termios.tcgetattr(slave) == before:
            fail("the terminal is not raw")
        it.process.send_signal(getattr(signal, "SIG" + action.partition(":")[2]))
    while it.process.poll() is None:
        left()
        if select.select([it.output], [], [], 0.02)[0]:
            it.read()
    print(it.process.returncode, "same" if termios.tcgetattr(slave) == before else "changed")


def deaf(_, path):
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
        listener.bind(path)
        listener.listen(0)
        first.connect(path)
        with open(path + ".ready", "w", encoding="ascii"):
            pass
        signal.pause()


def receive(_, path):
    directory, name = os.path.split(path)
    os.chdir(directory)  # sun_path holds 107 bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(name)
        listener.listen(1)
        listener.settimeout(20)
        connection, _ = listener.accept()
        fds = array.array("i")
        data, control, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4 * 8))
        for _, _, value in control:
            fds.frombytes(value)
        print(data.decode(), len(fds), flush=True)
        while select.select(fds[:1], [], [], left())[0]:
            try:
                data = os.read(fds[0], 65536)
            except OSError:
                return
            os.write(1, data)


arguments = sys.argv[2:]
split = arguments.index("--") if "--" in arguments else len(arguments)
globals()[sys.argv[1]](arguments[split + 1 :], *arguments[:split])
END
}

# ---- streams that are full, not read, not blocking, gone

@test "3 MB through cat at a terminal come back the same, from a terminal and from pipes" {
    b=$(bundle c1 "$(args sh -c 'stty -echo; echo ready; exec cat')" "$with_terminal")
    for streams in pty pipe; do
        caller copy $streams 3000000 -- "${SHIM[@]}" run -b "$b" c1
        is "$streams $output" "$streams 0 same"
    done
}

@test "3 MB to a program at a terminal that echoes: neither side waits for the other" {
    # the kernel may drop an echo that is not read, never a line
    b=$(bundle c1 "$(args sh -c 'echo ready; exec md5sum >/sum')" "$with_terminal")
    caller copy pty 3000000 -- "${SHIM[@]}" run -b "$b" c1
    matches "$output" '^0 '
    is "$(cut -d ' ' -f 1 "$b/rootfs/sum")" "$(seq 0 49999 | awk '{ printf "%058d.\n", $1 }' | md5sum | cut -d ' ' -f 1)"
}

@test "signals pass while the program reads nothing and all is full" {
    b=$(bundle c1 "$(args sh -c 'trap "exit 7" TERM; trap "exit 8" HUP; stty -echo; echo ready; while :; do sleep 0.1; done')" \
        "$with_terminal")
    caller stuff pty TERM -- "${SHIM[@]}" run -b "$b" c1
    is "$output" 7
    caller stuff pipe HUP -- "${SHIM[@]}" run -b "$b" c1
    is "$output" 8
    # also where the terminal's echo fills the other direction
    edit_config "$b" '.process.args[2] |= sub("stty -echo; "; "")'
    caller stuff pty TERM -- "${SHIM[@]}" run -b "$b" c1
    is "$output" 7
    # and where the streams are the caller's own
    edit_config "$b" '.process.terminal = false'
    caller stuff pipe TERM -- "${SHIM[@]}" run -b "$b" c1
    is "$output" 7
}

@test "a reader of the output that goes away does not hold up the container" {
    b=$(bundle c1 "$(args sh -c 'seq 1 100000; echo done >/done; exit 5')")
    for terminal in true false; do
        edit_config "$b" ".process.terminal = $terminal"
        rm -f "$b/rootfs/done"
        { shim_in 20 run -b "$b" c1 </dev/null 2>log || echo $? >code; } | head -n 1 >said
        is "$terminal $(<said) $(<code) $(<log)" "$terminal 1 5 "
        is "$(<"$b/rootfs/done")" "done"
    done
}

@test "output into a pipe that does not block arrives whole" {
    # with a terminal; without one the pipe is the program's own, which has to take it as it is
    b=$(bundle c1 "$(args seq 1 50000)" "$with_terminal")
    caller nonblocking -- "${SHIM[@]}" run -b "$b" c1
    is "$(md5sum <<<"$output")" "$(seq 1 50000 | md5sum)"
}

# ---- the caller's terminal afterwards

@test "the caller's terminal has its modes back after the end, after signals, after a failed start" {
    b=$(bundle c1 "$(args sh -c 'trap "exit 7" TERM; trap "exit 8" INT; echo ready; while :; do sleep 0.1; done')" "$with_terminal")
    caller modes signal:TERM -- "${SHIM[@]}" run -b "$b" c1
    is "$output" "7 same"
    caller modes signal:INT -- "${SHIM[@]}" run -b "$b" c1
    is "$output" "8 same"
    edit_config "$b" '.process.args = ["sh", "-c", "echo said; exit 3"]'
    caller modes -- "${SHIM[@]}" run -b "$b" c1
    is "$output" "3 same"
    # one that cannot be created, one that cannot be started
    edit_config "$b" '.process.args = ["/no/such"]'
    caller modes -- "${SHIM[@]}" run -b "$b" c1
    is "$output" "1 same"
    printf '#!/no/such\n' >"$b/rootfs/bin/orphan" && chmod 755 "$b/rootfs/bin/orphan"
    edit_config "$b" '.process.args = ["/bin/orphan"]'
    caller modes -- "${SHIM[@]}" run -b "$b" c1
    is "$output" "1 same"
    # a hook after the start fails
    edit_config "$b" '.process.args = ["sleep", "1000"] | .hooks.poststart = [{path: "/bin/false"}]'
    caller modes -- "${SHIM[@]}" run -b "$b" c1
    is "$output" "1 same"
}

# ---- whose container it is

@test "run deletes the container that it made, and never one that has its name" {
    b=$(bundle c1 "$(args sleep 1000)")
    for second in yes no; do
        "${SHIM[@]}" run -b "$b" c1 </dev/null >log 2>&1 3>&- &
        run=$!
        helpers+=("$run")
        wait_until has_status c1 running
        kill -STOP "$run"
        wait_until in_state "$run" T
        succeeds delete --force c1
        [ $second = no ] || succeeds run -d -b "$b" c1
        kill -CONT "$run"
        status=0
        wait "$run" || status=$?
        is "$second $status $(<log)" "$second 137 "
        [ $second = no ] || {
            is "$(state_of c1)" running
            kill -0 "$(init_of c1)"
            succeeds delete --force c1
        }
        expect_error 'does not exist' state c1
    done
}

# ---- console sockets

@test "a console socket that does not accept: an error in time, and nothing is left" {
    b=$(bundle c1 "$(args true)" "$with_terminal")
    /usr/bin/python3 "$BATS_FILE_TMPDIR/caller.py" deaf "$PWD/socket" </dev/null >/dev/null 2>&1 3>&- &
    helpers+=($!)
    wait_until [ -e socket.ready ]
    status=0 SECONDS=0
    timeout -k 1 20 "${SHIM[@]}" create --console-socket socket --pid-file pid -b "$b" c1 </dev/null >log 2>&1 3>&- || status=$?
    is "$status" 1
    [ "$SECONDS" -le 15 ]
    matches "$(<log)" "console socket 'socket': its owner has not accepted for 10 seconds"
    [ ! -e "$SHIM_ROOT/c1" ]
    [ ! -e pid ]
}

@test "a console socket may have a longer path than a socket address can hold" {
    b=$(bundle c1 "$(args echo said)" "$with_terminal")
    deep=$PWD/$(printf 'directory/%.0s' {1..20})
    mkdir -p "$deep"
    [ ${#deep} -gt 200 ]
    for command in create run; do
        /usr/bin/python3 "$BATS_FILE_TMPDIR/caller.py" receive "$deep/socket" </dev/null >received 2>&1 3>&- &
        receiver=$!
        helpers+=("$receiver")
        wait_until [ -S "$deep/socket" ]
        succeeds $command --console-socket "$deep/socket" -b "$b" c1
        [ $command = run ] || succeeds start c1
        wait "$receiver"
        is "$(tr -d '\r' <received | tr '\n' '|')" "/dev/ptmx 1|said|"
        [ $command = run ] || { wait_until has_status c1 stopped && succeeds delete c1; }
        rm "$deep/socket"
    done
    # a relative path counts from the caller's directory
    expect_error "console socket 'no/such'" create --console-socket no/such -b "$b" c1
}
