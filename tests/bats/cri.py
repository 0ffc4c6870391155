#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A small client of the Container Runtime Interface, as the kubelet speaks it to containerd: gRPC on HTTP/2, and its
streams on WebSocket.

    cri.py SOCKET METHOD [JSON]            a call of runtime.v1.RuntimeService; the answer as JSON
    cri.py SOCKET exec CONTAINER COMMAND...    what it says on both streams, and its exit status
    cri.py SOCKET attach CONTAINER TEXT        send TEXT to its standard input; what it says until it ends
    cri.py SOCKET forward POD PORT             GET / of the port, through a forwarded connection: the page

Exit status: 0, or that of the command; 2 the call failed (containerd's log says why); 3 no answer in time."""

import base64
import json
import os
import signal
import socket
import struct
import sys
import urllib.parse

SECONDS = 30
STRING, BYTES, NUMBER, MAP = "string", "bytes", "number", "map"

# Messages: what is used of them, each member with its number and kind; a list is repeated.
POD_METADATA = {"name": (1, STRING), "uid": (2, STRING), "namespace": (3, STRING), "attempt": (4, NUMBER)}
METADATA = {"name": (1, STRING), "attempt": (2, NUMBER)}
NAMESPACES = {"network": (1, NUMBER), "pid": (2, NUMBER), "ipc": (3, NUMBER)}
POD = {
    "metadata": (1, POD_METADATA),
    "hostname": (2, STRING),
    "log_directory": (3, STRING),
    "dns_config": (4, {"servers": (1, [STRING]), "searches": (2, [STRING]), "options": (3, [STRING])}),
    "port_mappings": (5, [{"protocol": (1, NUMBER), "container_port": (2, NUMBER), "host_port": (3, NUMBER),
                           "host_ip": (4, STRING)}]),
    "annotations": (7, MAP),
    "linux": (8, {"security_context": (2, {"namespace_options": (1, NAMESPACES)}), "sysctls": (3, MAP)}),
}
CONTAINER = {
    "metadata": (1, METADATA),
    "image": (2, {"image": (1, STRING)}),
    "command": (3, [STRING]),
    "mounts": (7, [{"container_path": (1, STRING), "host_path": (2, STRING), "readonly": (3, NUMBER)}]),
    "stdin": (12, NUMBER),
    "stdin_once": (13, NUMBER),
    "tty": (14, NUMBER),
    "linux": (15, {"security_context": (2, {"privileged": (2, NUMBER), "namespace_options": (3, NAMESPACES)})}),
}
POD_ID = {"pod_sandbox_id": (1, STRING)}
CONTAINER_ID = {"container_id": (1, STRING)}
URL = {"url": (1, STRING)}
METHODS = {
    "Version": ({}, {"runtime_name": (2, STRING), "runtime_version": (3, STRING)}),
    "Status": ({}, {"status": (1, {"conditions": (1, [{"type": (1, STRING), "status": (2, NUMBER),
                                                       "reason": (3, STRING)}])})}),
    "RunPodSandbox": ({"config": (1, POD), "runtime_handler": (2, STRING)}, POD_ID),
    "StopPodSandbox": (POD_ID, {}),
    "RemovePodSandbox": (POD_ID, {}),
    "PodSandboxStatus": (
        {**POD_ID, "verbose": (2, NUMBER)},
        {"status": (1, {"state": (3, NUMBER), "network": (5, {"ip": (1, STRING), "additional_ips": (2, [{"ip": (1, STRING)}])})}),
         "info": (2, MAP)},
    ),
    "ListPodSandbox": ({}, {"items": (1, [{"id": (1, STRING)}])}),
    "CreateContainer": ({**POD_ID, "config": (2, CONTAINER), "sandbox_config": (3, POD)}, CONTAINER_ID),
    "StartContainer": (CONTAINER_ID, {}),
    "StopContainer": ({**CONTAINER_ID, "timeout": (2, NUMBER)}, {}),
    "RemoveContainer": (CONTAINER_ID, {}),
    "ContainerStatus": (
        {**CONTAINER_ID, "verbose": (2, NUMBER)},
        {"status": (1, {"state": (3, NUMBER), "exit_code": (7, NUMBER)}), "info": (2, MAP)},
    ),
    "ListContainers": ({}, {"containers": (1, [{"id": (1, STRING), "pod_sandbox_id": (2, STRING)}])}),
    "ExecSync": (
        {**CONTAINER_ID, "cmd": (2, [STRING]), "timeout": (3, NUMBER)},
        {"stdout": (1, BYTES), "stderr": (2, BYTES), "exit_code": (3, NUMBER)},
    ),
    "Exec": ({**CONTAINER_ID, "cmd": (2, [STRING]), "tty": (3, NUMBER), "stdin": (4, NUMBER), "stdout": (5, NUMBER),
              "stderr": (6, NUMBER)}, URL),
    "Attach": ({**CONTAINER_ID, "stdin": (2, NUMBER), "tty": (3, NUMBER), "stdout": (4, NUMBER), "stderr": (5, NUMBER)}, URL),
    "PortForward": ({**POD_ID, "port": (2, [NUMBER])}, URL),
}
ENTRY = {"key": (1, STRING), "value": (2, STRING)}


# --- protocol buffers

def varint(number):
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def encode_one(number, kind, value):
    if kind == NUMBER:
        return varint(number << 3) + varint(int(value))
    if kind == MAP:
        return b"".join(encode_one(number, ENTRY, {"key": k, "value": v}) for k, v in value.items())
    data = encode(kind, value) if isinstance(kind, dict) else value.encode()
    return varint(number << 3 | 2) + varint(len(data)) + data


def encode(kind, message):
    out = b""
    for name, value in message.items():
        number, of = kind[name]
        if isinstance(of, list):
            out += b"".join(encode_one(number, of[0], one) for one in value)
        else:
            out += encode_one(number, of, value)
    return out


def read_varint(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return number, at


def decode_one(of, value):
    if isinstance(of, dict):
        return decode(of, value)
    return value.decode(errors="replace") if of in (STRING, BYTES) else value


def decode(kind, data):
    names = {number: (name, of) for name, (number, of) in kind.items()}
    message, at = {}, 0
    while at < len(data):
        key, at = read_varint(data, at)
        value, at = read_varint(data, at)
        if key & 7 == 2:
            value, at = data[at:at + value], at + value
        name, of = names.get(key >> 3, (None, None))
        if of == MAP:
            entry = decode(ENTRY, value)
            message.setdefault(name, {})[entry.get("key", "")] = entry.get("value", "")
        elif isinstance(of, list):
            message.setdefault(name, []).append(decode_one(of[0], value))
        elif name:
            message[name] = decode_one(of, value)
    return message


# --- gRPC: one call a connection

DATA, HEADERS, RESET, SETTINGS, PING, AWAY = 0, 1, 3, 4, 6, 7
END_STREAM, END_HEADERS, ACK = 1, 4, 1


def frame(kind, flags, stream, data=b""):
    return struct.pack(">I", len(data))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + data


def read_all(connection, length):
    data = b""
    while len(data) < length:
        part = connection.recv(length - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def headers(method):
    fields = {":method": "POST", ":scheme": "http", ":path": f"/runtime.v1.RuntimeService/{method}",
              ":authority": "localhost", "content-type": "application/grpc", "te": "trailers"}
    return b"".join(b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
                    for name, value in fields.items())


# What it says of a failure is packed by a code of Huffman's: that there is no answer is enough.
def call(path, method, message):
    asked, answered = METHODS[method]
    body = encode(asked, message)
    data = b""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(SECONDS)
        connection.connect(path)
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0) +
                           frame(HEADERS, END_HEADERS, 1, headers(method)) +
                           frame(DATA, END_STREAM, 1, struct.pack(">BI", 0, len(body)) + body))
        while True:
            head = read_all(connection, 9)
            kind, flags = head[3], head[4]
            payload = read_all(connection, int.from_bytes(head[:3], "big"))
            if kind == DATA:
                data += payload
            elif kind in (SETTINGS, PING) and not flags & ACK:
                connection.sendall(frame(kind, ACK, 0, payload if kind == PING else b""))
            if kind in (RESET, AWAY) or (kind in (DATA, HEADERS) and flags & END_STREAM):
                break
    if len(data) < 5:
        print(f"cri.py: {method} failed", file=sys.stderr)
        sys.exit(2)
    return decode(answered, data[5:5 + struct.unpack(">I", data[1:5])[0]])


# --- streams: each message begins with the number of its channel

class Streams:
    def __init__(self, url, query=""):
        at = urllib.parse.urlparse(url)
        self.connection = socket.create_connection((at.hostname, at.port), SECONDS)
        key = base64.b64encode(os.urandom(16)).decode()
        self.connection.sendall((f"GET {at.path}{query} HTTP/1.1\r\nHost: {at.netloc}\r\nUpgrade: websocket\r\n"
                                 f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                                 "Origin: http://localhost\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n").encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += read_all(self.connection, 1)
        if not answer.startswith(b"HTTP/1.1 101 "):
            print("cri.py:", answer.split(b"\r\n")[0].decode(), file=sys.stderr)
            sys.exit(2)

    def send(self, channel, data):
        body = bytes([channel]) + data
        size = bytes([0x80 | len(body)]) if len(body) < 126 else b"\xfe" + struct.pack(">H", len(body))
        self.connection.sendall(b"\x82" + size + b"\0\0\0\0" + body)

    # (channel, data), or None at the end
    def receive(self):
        try:
            while True:
                kind, size = read_all(self.connection, 2)
                if size >= 126:
                    size = int.from_bytes(read_all(self.connection, 2 if size == 126 else 8), "big")
                body = read_all(self.connection, size)
                if kind & 0x0F == 8:
                    return None
                if kind & 0x0F == 2 and body:
                    return body[0], body[1:]
        except (EOFError, ConnectionResetError):
            return None


def copy_out(streams):
    while message := streams.receive():
        channel, data = message
        if channel in (1, 2):
            os.write(channel, data)
        elif channel == 3 and data:
            status = json.loads(data)
            if status.get("status") == "Success":
                return 0
            causes = status.get("details", {}).get("causes", [])
            codes = [int(cause["message"]) for cause in causes if cause.get("reason") == "ExitCode"]
            if not codes:
                print(status.get("message", data), file=sys.stderr)
            return codes[0] if codes else 2
    return 0


def get_page(streams):
    page = b""
    # the first word of each channel, of data and of errors, is the port
    while message := streams.receive():
        channel, data = message
        if channel == 0:
            if not page:
                streams.send(0, b"GET / HTTP/1.0\r\n\r\n")
            page += data
        elif channel == 1 and len(data) > 2:
            print(data.decode(errors="replace"), file=sys.stderr)
            return 1
    print(page[2:].decode().split("\r\n\r\n", 1)[-1], end="")
    return 0


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    path, what, *rest = sys.argv[1:]
    signal.signal(signal.SIGALRM, lambda *_: os._exit(3))
    signal.alarm(SECONDS)
    if what == "exec":
        return copy_out(Streams(call(path, "Exec", {"container_id": rest[0], "cmd": rest[1:], "stdout": 1, "stderr": 1})["url"]))
    if what == "attach":
        streams = Streams(call(path, "Attach", {"container_id": rest[0], "stdin": 1, "stdout": 1, "stderr": 1})["url"])
        streams.send(0, rest[1].encode())
        return copy_out(streams)
    if what == "forward":
        url = call(path, "PortForward", {"pod_sandbox_id": rest[0], "port": [int(rest[1])]})["url"]
        return get_page(Streams(url, f"?port={rest[1]}"))
    print(json.dumps(call(path, what, json.loads(rest[0]) if rest else {})))
    return 0


try:
    sys.exit(main())
except (TimeoutError, EOFError) as problem:
    print(f"cri.py: {problem!r}", file=sys.stderr)
    sys.exit(3)
