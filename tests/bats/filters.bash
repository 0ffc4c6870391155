# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of the tests
# SPDX-License-Identifier: Apache-2.0
# What the tests of the policy's own filters share: `load filters` after `load helpers`.

# the mode, and how many there are
under() { grep -E '^Seccomp(_filters)?:' "/proc/$(shim state "$1" | jq .pid)/status" | cut -f 2 | xargs; } # ID

# a restore with a stand-in for criu
restored() { # ID ARGUMENT...
    mkdir -p fake images
    cp "$BATS_TEST_DIRNAME/criu.py" fake/criu
    echo '["/dev/null", "/dev/null", "/dev/null"]' >images/descriptors.json
    b=$(bundle "$1" "$(args sleep 1000)")
    PATH=$PWD/fake:$PATH CRIU_FAILS=restores attempt restore -d -b "$b" --image-path images "$@"
}
# image PROGRAM: a list of one filter
image() {
    python3 -c 'import struct, sys
def number(n): return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + number(n >> 7)
program = bytes.fromhex(sys.argv[1])
one = b"\x0a" + number(len(program)) + program + b"\x18\x01"
all = b"\x0a" + number(len(one)) + one
sys.stdout.buffer.write(struct.pack("<III", 0x54564319, 0x64413049, len(all)) + all)' "$1" >images/seccomp.img
}
