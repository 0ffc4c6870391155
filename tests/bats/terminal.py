#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A person at a terminal, for terminal.bats.

terminal.py [--size ROWSxCOLUMNS] [--modes FILE] [ACTION]... -- COMMAND [ARGUMENT]...
    Run COMMAND with a new terminal as its controlling one. What it prints there goes to stdout as it is;
    the exit status is its own (128 + signal). --modes: "same" or "changed", whether the terminal's modes
    are what they were before.
terminal.py --receive SOCKET [ACTION]...
    Be what an engine's monitor is: listen at SOCKET, take the one descriptor that comes, and act on that
    terminal until no process has it open. The first line of the output is the text that came with it.

Actions, one after the other: expect:TEXT (wait for it), send:TEXT (with \\n and the like),
size:ROWSxCOLUMNS, signal:NAME (to COMMAND), wait:FILE (until it exists), close (the terminal hangs up).
Everything has 20 seconds.
"""

import array
import fcntl
import os
import pty
import select
import signal
import socket
import struct
import sys
import termios
import time

deadline = time.monotonic() + 20


def set_size(fd, text):
    rows, columns = map(int, text.split("x"))
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


class Terminal:
    def __init__(self, master, pid=None):
        self.master, self.pid = master, pid
        self.seen, self.ended = b"", False

    def read(self, seconds):
        """False where nothing came in time."""
        if self.ended or not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:  # EIO: no process has the other side open
            data = b""
        if not data:
            self.ended = True
        self.seen += data
        os.write(1, data)
        return True

    def expect(self, text):
        wanted = text.encode().decode("unicode_escape").encode()
        while wanted not in self.seen:
            if self.ended or time.monotonic() > deadline:
                sys.exit(f"terminal.py: waited in vain for {wanted!r}, got {self.seen!r}")
            self.read(0.1)
        self.seen = self.seen[self.seen.index(wanted) + len(wanted) :]

    def act(self, action):
        verb, _, text = action.partition(":")
        if verb == "expect":
            self.expect(text)
        elif verb == "send":
            os.write(self.master, text.encode().decode("unicode_escape").encode())
        elif verb == "size":
            set_size(self.master, text)
        elif verb == "signal":
            os.kill(self.pid, getattr(signal, "SIG" + text))
        elif verb == "wait":
            while not os.path.exists(text):
                if time.monotonic() > deadline:
                    sys.exit(f"terminal.py: waited in vain for the file {text}")
                self.read(0.05)
        elif verb == "close":
            os.close(self.master)
            self.ended = True
        else:
            sys.exit(f"terminal.py: unknown action {action}")


def receive(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen(1)
        listener.settimeout(20)
        connection, _ = listener.accept()
        fds = array.array("i")
        data, control, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4 * 8))
        for level, kind, value in control:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(value)
        os.write(1, data + b" %d\n" % len(fds))
        return fds[0]


def spawn(command, size, keep):
    master, slave = pty.openpty()
    if size:
        set_size(master, size)
    pid = os.fork()
    if pid == 0:
        os.close(master)
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for fd in range(3):
            os.dup2(slave, fd)
        os.closerange(3, 256)
        os.execvp(command[0], command)
    if not keep:
        os.close(slave)
    return master, pid


def main(arguments):
    size = modes = path = None
    while arguments and arguments[0].startswith("--") and arguments[0] != "--":
        option, value = arguments[:2]
        del arguments[:2]
        if option == "--size":
            size = value
        elif option == "--modes":
            modes = value
        elif option == "--receive":
            path = value
    if path:
        terminal, actions = Terminal(receive(path)), arguments
    else:
        split = arguments.index("--")
        # the slave stays open, so that the modes can be read when the command has ended
        master, pid = spawn(arguments[split + 1 :], size, modes is not None)
        before = termios.tcgetattr(master)
        terminal, actions = Terminal(master, pid), arguments[:split]
    for action in actions:
        terminal.act(action)
    if path:
        while not terminal.ended and time.monotonic() < deadline:
            terminal.read(0.1)
        return 0
    while True:
        ended, status = os.waitpid(terminal.pid, os.WNOHANG)
        while terminal.read(0.05):
            pass
        if ended:
            break
        if terminal.ended:
            time.sleep(0.01)
        if time.monotonic() > deadline:
            os.kill(terminal.pid, signal.SIGKILL)
            sys.exit("terminal.py: the command does not end")
    if modes:
        with open(modes, "w", encoding="ascii") as file:
            file.write("same" if termios.tcgetattr(terminal.master) == before else "changed")
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


sys.exit(main(sys.argv[1:]))
