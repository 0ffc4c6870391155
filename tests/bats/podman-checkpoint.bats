#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Podman: what it has checkpointed goes on, in the shared network, and with what is published.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines
load forward

setup_file() { make_rootfs && setup_podman; }
setup() {
    requires root world && start_engine_test podman
    find_criu || skip "needs a criu that works on this machine"
}
teardown() { end_podman_test; }

COUNTS='i=0; while :; do i=$((i + 1)); echo $i; sleep 0.2; done'
has_said() { [ "$(podman logs "$1" 2>/dev/null | wc -l)" -ge "$2" ]; } # CONTAINER LINES

@test "checkpoint, restore, and restore from a file by another name: it counts on where it was, and nothing is lost" {
    ok run -d --name c1 busybox sh -c "$COUNTS"
    wait_until has_said c1 3
    ok container checkpoint c1
    is "$(podman inspect --format '{{.State.Checkpointed}} {{.State.Running}}' c1)" "true false"
    at=$(podman logs c1 | wc -l)
    ok container restore c1
    in_shared "$(pid_of c1)"
    wait_until has_said c1 $((at + 3))
    said=$(podman logs c1)
    is "$said" "$(seq "$(wc -l <<<"$said")")"
    ok container checkpoint --export "$BATS_TEST_TMPDIR/c1.tar" c1
    at=$(podman logs c1 | tail -n 1)
    ok rm --force --time 0 c1
    ok container restore --import "$BATS_TEST_TMPDIR/c1.tar" --name c2
    in_shared "$(pid_of c2)"
    # the log is in the file, too
    wait_until has_said c2 $((at + 3))
    said=$(podman logs c2)
    is "$said" "$(seq "$(wc -l <<<"$said")")"
}

@test "what is published leads to it again" {
    # it listens once it is told to: newer kernels refuse criu what it asks of a socket of TCP
    ok run -d --name web --network podman -p 18080:80 busybox sh -c "until [ -e /go ]; do sleep 0.1; done; $(serves 80 'a page')"
    ok container checkpoint web
    ok container restore web
    in_shared "$(pid_of web)"
    ok exec web touch /go
    wait_until page_is 127.0.0.1 18080 'a page'
    ok rm --force --time 0 web
    no_forwarding
}
