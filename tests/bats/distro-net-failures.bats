#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# contrib/distro-net: an up that fails, is interrupted or killed, and a down that cannot take away everything.
# world: hybrid

load helpers
load distro-net

setup_file() { make_rootfs; }
setup() { start_net_test; }
teardown() { end_net_test; }

# The command with a program of the test's own before all others.
fake() { # NAME, its text on stdin
    mkdir -p "$BATS_TEST_TMPDIR/fake"
    cat >"$BATS_TEST_TMPDIR/fake/$1"
    chmod +x "$BATS_TEST_TMPDIR/fake/$1"
}
with_fakes() { PATH=$BATS_TEST_TMPDIR/fake:$PATH "$@"; }

@test "an up that fails half-way leaves nothing: each change in turn" {
    local at total
    # the tool whose Nth change fails; counted over all of them
    for tool in ip nft nsenter; do
        fake $tool <<EOF
#!/bin/sh
case "\$*" in *show*|*list*|-Version|*pids*) exec $(command -v $tool) "\$@" ;; esac
echo >>"$BATS_TEST_TMPDIR/calls"
[ "\$(wc -l <"$BATS_TEST_TMPDIR/calls")" != "\$FAIL_AT" ] || { echo "$tool: as the test wants" >&2; exit 1; }
exec $(command -v $tool) "\$@"
EOF
    done
    : >calls
    FAIL_AT=0 with_fakes up
    total=$(wc -l <calls)
    net down
    [ "$total" -ge 10 ]
    for ((at = 1; at <= total; at++)); do
        : >calls
        FAIL_AT=$at run with_fakes up
        echo "failure at $at of $total: $output"
        [ "$status" -ne 0 ]
        [[ "$output" == *"as the test wants"* ]]
        host_state >after
        diff before after
    done
}

@test "an up that is interrupted or terminated leaves nothing" {
    local signal pid
    fake nft <<EOF
#!/bin/sh
case "\$*" in *list*) exec $(command -v nft) "\$@" ;; esac
echo >"$BATS_TEST_TMPDIR/reached"
sleep 1
exec $(command -v nft) "\$@"
EOF
    for signal in INT TERM HUP; do
        rm -f reached
        # a background job would not get SIGINT
        PATH=$BATS_TEST_TMPDIR/fake:$PATH env --default-signal=INT "$NET" up --name other --subnet 10.78.0 >out 2>&1 3>&- &
        pid=$!
        wait_until test -e reached
        kill -$signal "$pid"
        refute wait "$pid"
        host_state >after
        diff before after
    done
}

@test "after an up that was killed, the next one and down see to what is left" {
    local pid next
    fake nft <<EOF
#!/bin/sh
case "\$*" in *list*) exec $(command -v nft) "\$@" ;; esac
kill -KILL \$PPID
EOF
    for next in down "up --subnet 10.78.0"; do
        run with_fakes "$NET" up --name other --subnet 10.78.0
        [ "$status" -eq 137 ]
        run net status
        [ "$status" -eq 4 ]
        # shellcheck disable=SC2086
        net $next
    done
    net status
    net down
}

@test "a down that cannot take away everything says so and can be tried again" {
    up
    fake nft <<EOF
#!/bin/sh
case "\$*" in *list*) exec $(command -v nft) "\$@" ;; esac
echo "nft: as the test wants" >&2
exit 1
EOF
    run with_fakes net down
    [ "$status" -eq 1 ]
    [[ "$output" == *"could not take away everything"* ]]
    nft list table ip distro-shim-other >/dev/null
    net down
}

@test "a namespace with links of its own gets no uplink after an up that was killed" {
    ip netns add other
    ip -n other link add way type veth peer name out
    run net up
    [ "$status" -eq 0 ]
    # where it was killed at its end
    rm /run/distro-shim/net/other/complete
    run net up
    [ "$status" -eq 0 ]
    [[ "$output" == *"with its own links"* ]]
    refute ip link show ds-other
    run net down
    [[ "$output" == *"as it was found"* ]]
    ip netns del other
}
