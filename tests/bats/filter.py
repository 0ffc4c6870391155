#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""filter.py PID: the system call filter that was loaded last into a process, in hexadecimal (ptrace(2),
PTRACE_SECCOMP_GET_FILTER). For peers.bats, whose images of a checkpoint have the runtime's own filter."""

import ctypes
import os
import sys

ATTACH, DETACH, GET_FILTER = 0x4206, 17, 0x420C
INTERRUPT = 0x4207

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, address=None, data=None):
    answer = libc.ptrace(request, pid, address, data)
    if answer < 0:
        sys.exit(f"ptrace: {os.strerror(ctypes.get_errno())}")
    return answer


pid = int(sys.argv[1])
ptrace(ATTACH)
ptrace(INTERRUPT)
os.waitpid(pid, 0x40000000)
program = ctypes.create_string_buffer(8 * ptrace(GET_FILTER))
ptrace(GET_FILTER, None, program)
ptrace(DETACH)
print(program.raw.hex())
