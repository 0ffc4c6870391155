#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The same promises through a real Podman that contrib/integrate has told of the runtime, and then to forget it.
# world: hybrid

load ../bats/helpers
load ../bats/engines
load rootfs

setup_file() { make_distributions && setup_podman; }
setup() {
    requires_distributions
    start_engine_test podman
}
teardown() { end_podman_test; }

@test "two distributions through podman run, exec, stop and rm" {
    local name
    for name in "${NAMES[@]}"; do
        ok run --detach --name "$name" --hostname "$name" --ulimit host --rootfs "$BATS_FILE_TMPDIR/$name" /init
        PID[$name]=$(pid_of "$name")
        is "$(podman inspect --format '{{.OCIRuntime}}' "$name")" distro-shim
    done
    for name in "${NAMES[@]}"; do
        wait_until logs_have "$name" '^answer .'
        podman logs "$name" >"$name.log" 2>&1
    done
    namespaces_hold /run/netns/distros
    pages_hold
    for name in "${NAMES[@]}"; do
        # shellcheck disable=SC2046 # words of a command
        ok exec "$name" $(ask_command "$name" "${PORT[${OTHER[$name]}]}")
        is "$output" "$(said "${OTHER[$name]}" page)"
    done
    for name in "${NAMES[@]}"; do
        ok stop --time 5 "$name"
        ok rm "$name"
    done
    is "$(leftovers)" ""
    no_records
}

@test "integrate takes back what Podman was told" {
    local runtime=(podman info --format '{{.Host.OCIRuntime.Name}}')
    is "$("${runtime[@]}")" distro-shim
    "$DISTRO_SHIM_SOURCE/contrib/integrate" podman --undo
    [ "$("${runtime[@]}")" != distro-shim ]
    is "$(find /etc/containers -name '*distro-shim*')" ""
    "$DISTRO_SHIM_SOURCE/contrib/integrate" podman --program "$DISTRO_SHIM" --network /run/netns/distros
    is "$("${runtime[@]}")" distro-shim
}
