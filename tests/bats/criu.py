#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for criu, for checkpoint.bats and fault.bats: `criu swrk 3`.

It tells a version and finds the kernel good. What it does then is in the environment variable CRIU_FAILS:
"log" writes a log and says no, "dies" ends without an answer, "garbage" answers with what is not an answer,
"old" is version 3.0, "check" does not find the kernel good, "waits" waits to be killed, "lingers" dies while
a process that it has made keeps its socket open, "freezes" takes a while with a frozen container.

"restores" does for the runtime what criu does: it makes a process as a child of its parent, in new namespaces
(CRIU_MAKES, "pid ipc uts mnt" by default), says how far it is, and lets it run `sleep` when all is said; of an
answer that something has failed it takes note in CRIU_NOTES and ends that process. Of the host's file systems of
the kernel's the process has none, and a procfs of its own, unless CRIU_KEEPS says otherwise. With "hushed" it leaves the
last question out. CRIU_NOTES gets its descriptors too.
"""

import ctypes
import os
import signal
import socket
import struct
import sys
import time

VERSION, CHECK, DUMP, RESTORE, NOTIFY, FEATURES = 10, 3, 1, 2, 6, 9
IMAGES, WORK, LOG, FREEZE, CONFIG = 1, 17, 10, 44, 51
CLONE_PARENT = 0x8000
NEW = {"mnt": 0x20000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000, "pid": 0x20000000, "net": 0x40000000}
SYS_CLONE = {"x86_64": 56}.get(os.uname().machine, 220)
how = os.environ.get("CRIU_FAILS", "log")
line = socket.socket(fileno=3)


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def number(value):
    out = b""
    while value >= 0x80:
        out += bytes([0x80 | value & 0x7F])
        value >>= 7
    return out + bytes([value])


def fields(data):
    at, found = 0, {}
    while at < len(data):
        key, at = varint(data, at)
        value, at = varint(data, at)
        if key & 7 == 2:
            value, at = data[at : at + value], at + value
        found.setdefault(key >> 3, value)
    return found


def note(text):
    if "CRIU_NOTES" in os.environ:
        with open(os.environ["CRIU_NOTES"], "a") as notes:
            notes.write(text + "\n")


def directory_of_peer(number):
    peer = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
    return os.open(f"/proc/{peer}/fd/{number}", os.O_RDONLY)


def write_images(options):
    """Of no open file."""
    fd = os.open("files.img", os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=directory_of_peer(options[IMAGES]))
    os.write(fd, struct.pack("<II", 0x54564319, 0x56303138))


def write_log(options):
    directory = directory_of_peer(options.get(WORK, options[IMAGES]))
    fd = os.open(options[LOG].decode(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600, dir_fd=directory)
    os.write(fd, b"(00.000001) what goes well\n")
    if CONFIG in options:
        # by the descriptor that comes along: what it is, and that it can be read
        name = options[CONFIG].decode()
        with open(name) as config:
            name = os.readlink(name) + ": " + config.readline().strip() if name.startswith("/proc/self/fd/") else name
        os.write(fd, b"(00.000001) configured by " + name.encode() + b"\n")
    for n in range(5):
        os.write(fd, b"(00.00000%d)      1: Error (criu/fake.c:%d): it is \x1b[31mbroken\n" % (n, n))


def freeze(options):
    file = options[FREEZE].decode()
    file, frozen, thawed = (
        (file + "/freezer.state", "FROZEN", "THAWED")
        if os.path.exists(file + "/freezer.state")
        else (file + "/cgroup.freeze", "1", "0")
    )
    for text, pause in ((frozen, 1.5), (thawed, 0)):
        with open(file, "w") as out:
            out.write(text)
        note(text)
        time.sleep(pause)
    note("done")


def drop_network():
    """What the policy takes from every container; with CRIU_NET_RAW as if the images had it."""
    if "CRIU_NET_RAW" in os.environ:
        return
    libc, header, sets = ctypes.CDLL(None), (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    for capability in (12, 13):
        libc.prctl(24, capability, 0, 0, 0)
    libc.capget(header, sets)
    for k in range(3):
        sets[k] &= ~(3 << 12) & 0xFFFFFFFF
    libc.capset(header, sets)


KERNEL_FILE_SYSTEMS = (b"proc", b"sysfs", b"cgroup", b"cgroup2", b"debugfs", b"tracefs", b"bpf", b"securityfs", b"pstore")


def own_mounts(flags):
    """As criu makes them; with CRIU_KEEPS as if the images had brought the host's."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not flags & NEW["mnt"] or "CRIU_KEEPS" in os.environ:
        return
    libc.mount(None, b"/", None, 0x4000 | 0x40000, None)
    with open("/proc/self/mountinfo", "rb") as file:
        mounts = [line.split() for line in file]
    for fields in reversed(mounts):
        if fields[fields.index(b"-") + 1] in KERNEL_FILE_SYSTEMS:
            libc.umount2(fields[4], 2)
    libc.mount(b"proc", b"/proc", b"proc", 0, None)
    libc.mount(b"/proc/sys", b"/proc/sys", None, 0x1000, None)
    libc.mount(None, b"/proc/sys", None, 0x1000 | 0x20 | 1, None)


def make_process():
    """The number of a process that waits, and what lets it go."""
    flags = CLONE_PARENT | signal.SIGCHLD
    for name in os.environ.get("CRIU_MAKES", "pid ipc uts mnt").split():
        flags |= NEW[name]
    waits, goes = os.pipe()
    ready, made = os.pipe()
    sys.stdout.flush()
    pid = ctypes.CDLL(None, use_errno=True).syscall(SYS_CLONE, ctypes.c_ulong(flags), None, None, None, None)
    if pid < 0:
        raise OSError(ctypes.get_errno(), "clone")
    if pid == 0:
        os.close(goes)
        own_mounts(flags)
        drop_network()
        os.write(made, b".")
        if not os.read(waits, 1):
            os._exit(1)
        os.execv("/bin/sleep", ["sleep", "1000"])
    os.close(made)
    os.read(ready, 1)
    os.close(ready)
    os.close(waits)
    return pid, goes


def restore():
    note("descriptors " + " ".join(sorted(os.listdir("/proc/self/fd"), key=int)))
    pid, goes = make_process()
    for script in ("setup-namespaces", "post-restore", "pre-resume", "post-resume"):
        time.sleep(0.1 if script == "pre-resume" else 0)
        if how == "hushed" and script == "post-restore":
            continue
        word = b"\x0a" + bytes([len(script)]) + script.encode() + b"\x10" + number(pid)
        line.send(bytes([8, NOTIFY, 16, 1, 0x2A, len(word)]) + word)
        answer = line.recv(65536)
        if script == "pre-resume":
            continue
        if not fields(answer).get(3):
            time.sleep(0.3)
            os.kill(pid, signal.SIGKILL)
            note("undone after " + script)
            line.send(bytes([8, RESTORE, 16, 0]))
            sys.exit(1)
    os.write(goes, b"x")
    word = b"\x08" + number(pid)
    line.send(bytes([8, RESTORE, 16, 1, 0x22, len(word)]) + word)


request = fields(line.recv(65536))
kind = request[1]
if kind == VERSION:
    major, minor = (3, 0) if how == "old" else (3, 17)
    line.send(bytes([8, VERSION, 16, 1, 0x52, 6, 8, major, 16, minor, 32, 1]))
elif kind == FEATURES:
    line.send(bytes([8, FEATURES, 16, 1, 0x42, 2, 8, 0]))
elif kind == CHECK and how != "check":
    line.send(bytes([8, CHECK, 16, 1]))
elif how == "dies":
    sys.exit(3)
elif how == "garbage":
    line.send(b"\xff\xff\xff")
elif how == "waits":
    time.sleep(1000)
elif how == "lingers":
    if os.fork() == 0:
        note(str(os.getpid()))
        time.sleep(15)
    os._exit(3)
elif how == "freezes":
    freeze(fields(request[2]))
    write_images(fields(request[2]))
    line.send(bytes([8, kind, 16, 1]))
elif kind == RESTORE and how in ("restores", "hushed"):
    restore()
else:
    write_log(fields(request[2]))
    line.send(bytes([8, kind, 16, 0]))
    sys.exit(1)
