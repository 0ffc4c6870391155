#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An agent for SCMP_ACT_NOTIFY: listener.py SOCKET OUTPUT ERRNO

Waits on SOCKET for one container, writes the JSON that comes with the listener to OUTPUT.json, then refuses
every system call that it is asked about with ERRNO (0: lets it go on), writing its number, the process and
the first argument to OUTPUT.calls, until the last process under the filter has ended."""
import array
import fcntl
import json
import os
import select
import socket
import struct
import sys

NOTIF_RECV, NOTIF_SEND = 0xC0502100, 0xC0182101  # linux/seccomp.h
CONTINUE = 1

path, output, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind(path)
server.listen(1)
connection, _ = server.accept()
fds = array.array("i")
text, control, _, _ = connection.recvmsg(65536, socket.CMSG_SPACE(16 * fds.itemsize))
for level, kind, data in control:
    if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
        fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
while more := connection.recv(65536):
    text += more
with open(output + ".json.new", "w", encoding="utf-8") as file:
    json.dump({"received": json.loads(text), "descriptors": len(fds)}, file)
os.rename(output + ".json.new", output + ".json")
listener = fds[0]
poll = select.poll()
poll.register(listener, select.POLLIN)
with open(output + ".calls", "w", encoding="utf-8", buffering=1) as calls:
    while True:
        events = poll.poll()[0][1]
        if not events & select.POLLIN:
            break
        request = bytearray(80)
        try:
            fcntl.ioctl(listener, NOTIF_RECV, request)
            ident, pid, _, nr, _, _, first = struct.unpack_from("=QIIiIQQ", request)
            calls.write(f"{nr} {pid} {first}\n")
            answer = struct.pack("=QqiI", ident, 0, -number, 0 if number else CONTINUE)
            fcntl.ioctl(listener, NOTIF_SEND, answer)
        except FileNotFoundError:  # the process has been killed meanwhile
            continue
