#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""silent_fuse.py DIRECTORY: mount a FUSE file system whose server never answers, for as long as this runs."""
import ctypes
import os
import signal
import sys

where = sys.argv[1]
server = os.open("/dev/fuse", os.O_RDWR)
libc = ctypes.CDLL(None, use_errno=True)
options = "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other" % server
if libc.mount(b"fuse", where.encode(), b"fuse", 0, options.encode()) < 0:
    raise OSError(ctypes.get_errno(), "mount")
print("mounted", flush=True)
signal.pause()
