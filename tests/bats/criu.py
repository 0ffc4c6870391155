#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A criu that fails, for checkpoint.bats: `criu swrk 3`.

It tells a version and finds the kernel good. What it does then is in the environment variable CRIU_FAILS:
"log" writes a log and says no, "dies" ends without an answer, "garbage" answers with what is no answer,
"old" is version 3.0, "check" does not find the kernel good, "waits" waits to be killed.
"""

import os
import socket
import struct
import sys
import time

VERSION, CHECK, DUMP, RESTORE, FEATURES = 10, 3, 1, 2, 9
IMAGES, WORK, LOG, CONFIG = 1, 17, 10, 51
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


def fields(data):
    at, found = 0, {}
    while at < len(data):
        key, at = varint(data, at)
        value, at = varint(data, at)
        if key & 7 == 2:
            value, at = data[at : at + value], at + value
        found.setdefault(key >> 3, value)
    return found


def write_log(options):
    peer = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
    directory = os.open(f"/proc/{peer}/fd/{options.get(WORK, options[IMAGES])}", os.O_RDONLY)
    fd = os.open(options[LOG].decode(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600, dir_fd=directory)
    os.write(fd, b"(00.000001) what goes well\n")
    if CONFIG in options:
        os.write(fd, b"(00.000001) configured by " + options[CONFIG] + b"\n")
    for n in range(5):
        os.write(fd, b"(00.00000%d)      1: Error (criu/fake.c:%d): it is \x1b[31mbroken\n" % (n, n))


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
else:
    write_log(fields(request[2]))
    line.send(bytes([8, kind, 16, 0]))
    sys.exit(1)
