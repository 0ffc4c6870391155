#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Docker, which has no --systemd, under a policy with the key systemd.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines
load distribution

setup_file() {
    make_rootfs
    setup_docker
    make_distribution
    [ -e "$BATS_FILE_TMPDIR/docker.pid" ] || return 0
    echo '{"version": 1, "systemd": true}' >/run/systemd.json
    stop_dockerd
    jq '.runtimes[].runtimeArgs = ["--policy", "/run/systemd.json"]' /etc/docker/daemon.json >"$BATS_FILE_TMPDIR/daemon.json" && cp "$BATS_FILE_TMPDIR/daemon.json" /etc/docker/daemon.json
    start_dockerd
}
teardown_file() { teardown_docker; }
setup() { requires root world && start_engine_test dockerd; }
teardown() { end_docker_test; }

is_booted() { docker exec "$1" systemctl is-active default.target own.service | xargs | grep -qx 'active active'; }

@test "a systemd boots, with no more capabilities than any container, and docker stop stops it" {
    needs_systemd
    tar -C "$BATS_FILE_TMPDIR/distribution" -c . | docker import --change 'CMD ["/usr/lib/systemd/systemd"]' - distribution >/dev/null 3>&-
    dk_ok run -d --name boots --stop-signal SIGRTMIN+3 -v /usr:/usr:ro distribution
    wait_until is_booted boots
    dk_ok exec boots sh -c 'tr "\0" "\n" </proc/1/cmdline | grep -c ^systemd.mask='
    is "$output" 3
    dk_ok exec boots sh -c 'tr "\0" "\n" </proc/1/environ | grep ^container='
    is "$output" container=oci
    dk_ok stop -t 20 boots
    # it has come to its end, and was not killed
    dk_ok inspect --format '{{.State.ExitCode}}' boots
    is "$output" 0
    dk_ok rm boots
    dk_ok rmi distribution
}
