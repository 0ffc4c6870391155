#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Each distribution has an address of its own in the one network, out of a pool: all listen at the same ports.
# world: legacy hybrid v2

load helpers
load policy
load address

setup_file() { make_rootfs; }
setup() { start_address_test; }
teardown() { end_address_test; }

@test "many listen at one port, each at its own address" {
    local i
    for i in 1 2 3 4 5; do page_box "d$i" && shim_in 10 run -d -b "d$i" "d$i" </dev/null; done
    for i in 1 2 3 4 5; do
        wait_until in_network page_is "$(address_of "d$i")" 8080 "page of d$i"
        # a server of both families by its other address
        in_network page_is "$(address_of "d$i" 1)" 8080 "page of d$i"
        is "$(shim_in 10 exec "d$i" wget -q -O - http://127.0.0.1:8080/)" "page of d$i"
    done
    is "$(for i in 1 2 3 4 5; do address_of "d$i"; done | sort -u | wc -l)" 5
    # one from another
    is "$(shim_in 10 exec d1 wget -q -O - "http://$(address_of d2):8080/")" "page of d2"
    is "$(shim_in 10 exec d1 wget -q -O - "http://[$(address_of d2 1)]:8080/")" "page of d2"
    shim delete -f d1
    for i in 2 3 4 5; do shim delete -f "d$i"; done
}

@test "a container made again has the same address, and exec, state, list, members and explain know it" {
    local address
    page_box one && page_box two
    shim_in 10 run -d -b one one </dev/null
    shim_in 10 run -d -b two two </dev/null
    address=$(address_of one)
    matches "$address" '^10\.78\.0\.[0-9]+$'
    is "$(shim list | awk '$1 == "one" { print $NF }')" "$address,$(address_of one 1)"
    is "$(shim members | awk '$1 == "one" { print $NF }')" "$address,$(address_of one 1)"
    is "$(shim members --format json | jq -r '.[] | select(.id == "one") | .addresses[0]')" "$address"
    shim explain one | grep -q "^address: $address,$(address_of one 1), localhost private, by "
    is "$(shim state one | jq -r .network.localhost)" private
    # also of a process of exec
    wait_until in_network page_is "$address" 8080 "page of one"
    is "$(shim_in 10 exec two wget -q -O - "http://$address:8080/cgi-bin/who")" "[::ffff:$(address_of two)]"
    # the oracle of what is left sees a group that is used for this alone
    [ "$DISTRO_SHIM_WORLD" != legacy ] ||
        machine_state | grep -q "^/mnt/.*$(shim explain one | sed -n 's#.*by group /##p' | cut -d' ' -f1)$"
    shim delete -f one
    shim_in 10 run -d -b one three </dev/null
    [ "$(address_of three)" != "$address" ]
    shim_in 10 run -d -b one one </dev/null
    is "$(address_of one)" "$address"
    for id in one two three; do shim delete -f $id; done
}

@test "a pool that is used up says who has it; what is gone is given to others" {
    policy '{"version": 1, "network": {"address": "pool", "addressPool": {"v4": "10.78.0.0/29"}}}'
    local i
    page_box one
    for i in 1 2 3 4 5; do shim_in 10 create -b one "d$i" </dev/null; done
    expect_error 'no address of the network.s pool 10\.78\.0\.0/29 is free: containers .d1., .d2., .d3. and 2 more have them; .* addressPool' \
        create -b one d6
    [ ! -e "$SHIM_ROOT/d6" ]
    shim delete -f d3
    shim_in 10 create -b one d6 </dev/null
    for i in 1 2 4 5 6; do shim delete -f "d$i"; done
}

@test "a localhost of its own and ports below 1024 can be had without an address" {
    policy '{"version": 1, "network": {"localhost": "private", "lowPorts": true}}'
    page_box one && page_box two
    edit_config one '.process.args = ["httpd", "-f", "-p", "127.0.0.1:80", "-h", "/home"] | .process.user = {uid: 1000, gid: 1000} | del(.process.capabilities)'
    cp one/config.json two/config.json
    shim_in 10 run -d -b one one </dev/null
    shim_in 10 run -d -b two two </dev/null
    wait_until shim_in 10 exec two wget -q -O - http://127.0.0.1/
    is "$(shim_in 10 exec one wget -q -O - http://127.0.0.1/)" "page of one"
    is "$(shim_in 10 exec two wget -q -O - http://127.0.0.1/)" "page of two"
    is "$(shim state one | jq -c '.network | [.addresses, .localhost]')" '[null,"private"]'
    shim delete -f one
    shim delete -f two
}

@test "its own name is its own address, where its hosts are made" {
    local address
    mkdir -p /etc/netns/distros && echo '192.0.2.7 other' >/etc/netns/distros/hosts
    page_box one
    echo '127.0.0.1 localhost' >engine && echo '10.9.9.9 one' >>engine
    edit_config one ".hostname = \"one\" | .mounts += [{destination: \"/etc/hosts\", type: \"bind\", source: \"$PWD/engine\", options: [\"rbind\"]}] | $(without network)"
    shim_in 10 run -d -b one one </dev/null
    address=$(address_of one)
    shim_in 10 exec one cat /etc/hosts >hosts
    grep -qE "^${address}[[:space:]]+one" hosts
    grep -q '^192.0.2.7' hosts
    wait_until in_network page_is "$address" 8080 "page of one"
    is "$(shim_in 10 exec one wget -q -O - http://one:8080/)" "page of one"
    shim delete -f one
}

# As root of the host: take the program off that binds by IPv4.
take_off() { # GROUP
    python3 -c '
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
def bpf(command, attributes):
    result = libc.syscall(321, command, attributes, 144)
    if result < 0:
        sys.exit(f"bpf({command}): {os.strerror(ctypes.get_errno())}")
    return result
group = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECTORY)
ids = (ctypes.c_uint32 * 64)()
query = ctypes.create_string_buffer(struct.pack("IIIIQI", group, 8, 0, 0, ctypes.addressof(ids), 64), 144)
bpf(16, query)
program = bpf(13, ctypes.create_string_buffer(struct.pack("I", ids[0]), 144))
bpf(9, ctypes.create_string_buffer(struct.pack("III", group, program, 8), 144))' "$1"
}

@test "explain says it where the kernel does not hold it to its address any more" {
    [ "$(uname -m)" = x86_64 ] || skip "needs x86-64 for the number of a system call"
    [ "$DISTRO_SHIM_WORLD" != legacy ] || skip "needs a mounted tree of version 2"
    local tree=/sys/fs/cgroup
    [ "$DISTRO_SHIM_WORLD" = v2 ] || tree+=/unified
    page_box one
    shim_in 10 run -d -b one one </dev/null
    lacks "$(shim explain one)" "does not hold it"
    take_off "$tree$(sed -n 's/^0:://p' "/proc/$(init_of one)/cgroup")"
    contains "$(shim explain one)" "the kernel does not hold it to that any more"
    shim delete -f one
}
