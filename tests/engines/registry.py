#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# registry.py PORT ARCHIVE: a registry at 127.0.0.1 from which Podman's system tests pull. ARCHIVE is a docker-archive with one
# image of one layer; under another tag than its own it is another image, with a label more.
import gzip
import hashlib
import http.server
import json
import re
import sys
import tarfile

NAMES = r"libpod/(?:testimage|alpine|busybox)"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"

archive = tarfile.open(sys.argv[2])
files = {name.removeprefix("./"): archive.extractfile(name) for name in archive.getnames() if archive.getmember(name).isfile()}
listed = json.loads(files["manifest.json"].read())[0]
own_name = listed["RepoTags"][0].split("/", 1)[1]
config = files[listed["Config"]].read()
layer = gzip.compress(files[listed["Layers"][0]].read(), 1, mtime=0)
blobs = {}


def blob(data, kind):
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    blobs[digest] = data
    return {"mediaType": kind, "size": len(data), "digest": digest}


def manifest(name):
    text = config
    if name != own_name:
        changed = json.loads(config)
        changed["config"]["Labels"]["name"] = name
        text = json.dumps(changed).encode()
    return json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": blob(text, "application/vnd.docker.container.image.v1+json"),
        "layers": [blob(layer, "application/vnd.docker.image.rootfs.diff.tar.gzip")],
    }).encode()


class Registry(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def find(self):
        if self.path == "/v2/":
            return b"{}", "application/json"
        match = re.fullmatch(rf"/v2/({NAMES})/(manifests|blobs)/([\w:.-]+)", self.path)
        if not match:
            return None, None
        name, kind, reference = match.groups()
        if reference in blobs:
            return blobs[reference], MANIFEST if kind == "manifests" else "application/octet-stream"
        if kind == "blobs" or reference.startswith("sha256:"):
            return None, None
        data = manifest(f"{name}:{reference}")
        blob(data, MANIFEST)
        return data, MANIFEST

    def do_GET(self):
        data, kind = self.find()
        self.send_response(200 if data is not None else 404)
        data = data if data is not None else b'{"errors":[{"code":"NOT_FOUND","message":"not found"}]}'
        self.send_header("Content-Type", kind or "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Docker-Content-Digest", "sha256:" + hashlib.sha256(data).hexdigest())
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    do_HEAD = do_GET

    def log_message(self, *words):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Registry).serve_forever()
