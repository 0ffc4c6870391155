#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# contrib/integrate with the engines themselves: what it writes they take as it is meant, and what they would not take is
# not written. Docker has files of its own.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines

integrate() { "$DISTRO_SHIM_SOURCE/contrib/integrate" "$1" --program "$ENGINES_RUNTIME" "${@:2}"; }
undo() { "$DISTRO_SHIM_SOURCE/contrib/integrate" "$1" --undo; }
engine_status() { "$DISTRO_SHIM_SOURCE/contrib/integrate" "$1" --status; }

setup_file() {
    make_rootfs && setup_podman && undo podman
    cp -a /etc/containers "$BATS_FILE_TMPDIR/containers"
    mkdir -p /etc/containerd
}
setup() {
    requires root world cmd:buildah && start_engine_test podman
    printf '%s\n' 'FROM localhost/busybox:latest' 'RUN readlink /proc/self/ns/net' >Dockerfile
}
teardown() {
    undo buildah >/dev/null
    undo podman >/dev/null
    rm -f /etc/containerd/*
    end_podman_test
}
# what a build says, with no option that names a runtime
build_says() { engine 40 buildah bud --no-cache . && it_succeeded buildah bud; }
run_says() { engine 40 podman run --rm --network none busybox readlink /proc/self/ns/net && it_succeeded podman run; }

@test "buildah: bud and run are in the shared network, by its file and by Podman's, whichever goes first" {
    build_says
    lacks "$output" "$SHARED"
    run engine_status buildah
    is "$status" 1
    integrate buildah
    run engine_status buildah
    is "$status" 0
    contains "$output" "in use: it is buildah's default runtime"
    build_says
    contains "$output" "$SHARED"
    engine 40 sh -c 'id=$(buildah from localhost/busybox:latest) && buildah run "$id" readlink /proc/self/ns/net; buildah rm "$id"'
    contains "$output" "$SHARED"
    # Podman reads it, too, and has its errors from the log
    run_says
    contains "$output" "$SHARED"
    fails 127 'no such file or directory: OCI runtime attempted' run --rm --network none busybox /no/such/program
    integrate podman
    undo buildah
    build_says
    contains "$output" "$SHARED"
    integrate buildah
    undo podman
    run_says
    contains "$output" "$SHARED"
    undo buildah
    diff -r /etc/containers "$BATS_FILE_TMPDIR/containers"
    run_says
    lacks "$output" "$SHARED"
}

@test "podman: who is to be made again, and who never starts again after --undo, by name" {
    ok create --name old --network none busybox true
    run integrate podman
    matches "$output" 'to be made again: container old .*has the runtime (crun|runc)'
    ok create --name new --network none busybox true
    run engine_status podman
    is "$status" 0
    contains "$output" 'to be made again: container old'
    lacks "$output" 'container new'
    # while the file of buildah says what the runtime is, it is there
    integrate buildah
    run undo podman
    lacks "$output" 'never starts again'
    ok start new
    integrate podman
    undo buildah
    run undo podman
    is "$(grep '^never starts' <<<"$output" | cut -d '(' -f 1)" 'never starts again: container new '
    fails 125 'distro-shim' start new
    ok start old
}

handlers() { containerd --config /etc/containerd/config.toml config dump | sed -n 's/^ *\[plugins.*\.runtimes\.\([^].]*\)\]$/\1/p' | paste -sd ' '; }

@test "containerd: by its own parser there is what was there, and ours; an import that would take it away is seen" {
    integrate containerd
    is "$(handlers)" "distro-shim runc"
    undo containerd
    cat >/etc/containerd/config.toml <<'END'
version = 2
# theirs
[plugins]
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = 'theirs'   # odd "quotes"
  [ plugins . "io.containerd.grpc.v1.cri" . containerd . runtimes . theirs ]
    runtime_type = "io.containerd.runc.v2"
END
    cp /etc/containerd/config.toml theirs
    integrate containerd
    is "$(handlers)" "distro-shim theirs"
    is "$(containerd --config /etc/containerd/config.toml config dump | grep -c "BinaryName = \"$ENGINES_RUNTIME\"")" 1
    run engine_status containerd
    is "$status" 0
    contains "$output" "handler 'theirs'"
    undo containerd
    cmp theirs /etc/containerd/config.toml
    # a dotted key, which only a parser sees; a second runc would be an error of the file
    printf '%s\n' 'version = 2' '[plugins."io.containerd.grpc.v1.cri".containerd]' 'runtimes.runc.runtime_type = "io.containerd.runc.v2"' >/etc/containerd/config.toml
    cp /etc/containerd/config.toml theirs
    run integrate containerd
    [ "$status" = 0 ] && is "$(handlers)" "distro-shim runc"
    undo containerd
    cmp theirs /etc/containerd/config.toml
    # as a path of its own, and relative
    printf '%s\n' 'version = 2' '[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.imported]' '  runtime_type = "io.containerd.runc.v2"' >/etc/containerd/more.toml
    for name in /etc/containerd/more.toml more.toml; do
        printf 'version = 2\nimports = ["%s"]\n' "$name" >/etc/containerd/config.toml
        cp /etc/containerd/config.toml theirs
        run integrate containerd
        is "$status" 1
        contains "$output" "because a file that /etc/containerd/config.toml imports sets the handlers"
        cmp theirs /etc/containerd/config.toml
        is "$(ls -A /etc/containerd)" $'config.toml\nmore.toml'
    done
    echo 'version = [' >/etc/containerd/config.toml
    run integrate containerd
    is "$status" 1
}
