# shellcheck shell=bash disable=SC2154 # the variables are those of the tests
# SPDX-License-Identifier: Apache-2.0
# An engine inside of a container: `load helpers`, `load engines`, `load policy`, `load forward`, `load nested`. The machine's own
# programs and the engines' are the container's root, below a directory that the example nested-engine is for.

NESTED=/run/srv/nested

# example_of [FILTER]: contrib/policies/nested-engine.json is the policy, for that directory
example_of() {
    jq "(.distros[].match.rootfs | select(.)) |= sub(\"^\"; \"/run\") | ${1:-.}" \
        "$DISTRO_SHIM_SOURCE/contrib/policies/nested-engine.json" >"$POLICY_PLACE"
    "$DISTRO_SHIM" policy check >/dev/null
}
# That of the page, for what has an image: whoever asks for the group /nested.
example_of_page() { sed -n '/^```json$/,/^```$/p' "$DISTRO_SHIM_SOURCE/contrib/policies/nested-engine.md" | grep -v '^```' >"$POLICY_PLACE" && "$DISTRO_SHIM" policy check >/dev/null; }

# The root of the container "engine"; in setup_file, after lay_engines and lay_policy_place.
make_nested_root() {
    local root=$NESTED/engine layers=/run/nested-layers
    [ -e /run/engines ] && [ -n "$POLICY_PLACE" ] || return 0
    mkdir -p "$root" "$layers" && mount -t tmpfs -o mode=755 tmpfs "$layers" && mkdir "$layers"/{upper,work,podman,docker} || return 1
    mount -t overlay -o "lowerdir=$ENGINES/root:/,upperdir=$layers/upper,workdir=$layers/work" overlay "$root" || return 1
    cp "$ENGINES/images/busybox.tar" "$root/" && cp "$DISTRO_SHIM" "$root/usr/local/bin/distro-shim" &&
        cp -r "$DISTRO_SHIM_SOURCE/contrib" "$root/contrib" || return 1
    rm -rf "$root"/etc/containers/libpod.conf "$root"/etc/cni/net.d/* "$root/etc/docker" "$root/root/.config/containers" "$root${POLICY_PLACE:?}"
    mkdir "$root/etc/docker"
    inner_uses runc
}
take_nested_root() {
    ! mountpoint -q $NESTED/engine || { umount $NESTED/engine && rm -rf "${NESTED%/*}"; }
    ! mountpoint -q /run/nested-layers || { umount /run/nested-layers && rmdir /run/nested-layers; }
}
# inner_uses PROGRAM [ROOT]: the runtime of both engines in there. What Podman takes for its bridge by itself is what the Podman
# outside has taken.
inner_uses() {
    local root=${2:-$NESTED/engine}
    cat >"$root/etc/containers/containers.conf" <<END
$PODMAN_CONF
runtime = "$1"
runtime_supports_json = ["runc", "distro-shim"]
[network]
network_backend = "netavark"
default_subnet = "10.90.0.0/16"
END
    jq -n --arg path "$(command -v "$1" || echo "$1")" '{ "storage-driver": "overlay2", "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "runtimes": { "inner": { "path": $path } }, "default-runtime": "inner",
        "default-ulimits": { "nofile": { "Name": "nofile", "Soft": 20000, "Hard": 20000 } } }' >"$root/etc/docker/daemon.json"
}

# engine_runs [FLAG]...: the container, with the network that the engine outside makes, or $ENGINE_NETWORK
engine_runs() {
    ok run -d --name engine --privileged --network "${ENGINE_NETWORK:-podman}" -v /run/nested-layers/podman:/var/lib/containers \
        -v /run/nested-layers/docker:/var/lib/docker --tmpfs /run "$@" --rootfs $NESTED/engine sleep 1000
}
inside() { engine 40 "${ENGINE_OUTSIDE:-podman}" exec --env PODMAN_IGNORE_CGROUPSV1_WARNING=1 engine "$@"; }
inside_ok() {
    inside "$@"
    it_succeeded "in the engine's container:" "$@"
}
inner_pod() { inside_ok podman "$@"; }
inner_dk() { inside_ok /usr/bin/docker "$@"; }
# The inner engine's own storage outlives the container.
load_inner_image() {
    inside podman image exists busybox
    [ "$status" = 0 ] || inner_pod load -q -i /busybox.tar
    inner_pod rm --all --force --time 0
}
start_inner_dockerd() {
    inside_ok sh -c 'dockerd >/var/log/dockerd 2>&1 & for i in $(seq 300); do /usr/bin/docker version >/dev/null 2>&1 && exit; sleep 0.1; done; tail -n 5 /var/log/dockerd >&2; exit 1'
    inner_dk load -q -i /busybox.tar
}
# Docker's own builder, and BuildKit: a step has a network with a way out.
inner_builds() {
    local kit
    inside_ok sh -c "mkdir -p /context && printf 'FROM $DOCKER_IMAGE\nRUN ip route | grep -o default >/built\nCMD cat /built\n' >/context/Dockerfile" || return 1
    for kit in 0 1; do
        inside_ok env DOCKER_BUILDKIT=$kit /usr/bin/docker build --no-cache -q -t built$kit /context && inner_dk run --rm built$kit && is "$output" default || return 1
    done
}
# What any of it could leave in the network of all.
shared_network() {
    ip -n distros -o link | cut -d ' ' -f 2
    ip -n distros -o addr | grep -v fe80
    ip -n distros route show table all | grep -v fe80
    ip -n distros rule
    ip netns exec distros nft list ruleset
    ip netns exec distros cat /proc/sys/net/ipv4/ip_forward
}

# ---- with Docker outside, which knows no directory as a root: an image of what is not /usr

make_engine_image() {
    local root=$BATS_FILE_TMPDIR/skeleton name
    [ -e /run/engines ] && [ -n "$POLICY_PLACE" ] || return 0
    mkdir -p "$root"/{usr,etc/docker,var/lib,var/tmp,var/log,tmp,run,proc,sys,dev,root,home} || return 1
    for name in bin sbin lib lib64; do ln -s "usr/$name" "$root/$name" || return 1; done
    for name in passwd group alternatives containers ssl ld.so.cache; do [ ! -e "/etc/$name" ] || cp -a "/etc/$name" "$root/etc/" || return 1; done
    cp "$ENGINES/images/busybox.tar" "$root/" && chmod 1777 "$root/tmp" || return 1
    rm -rf "$root"/etc/containers/containers.conf.d
    inner_uses runc "$root"
    tar -C "$root" -c . | docker import - engine >/dev/null 3>&-
}
docker_engine_runs() { # [FLAG]...
    dk_ok run -d --name engine --privileged --cgroup-parent /nested -v /usr:/usr:ro -v "$ENGINES:$ENGINES:ro" -v /var/lib/docker -v /var/lib/containers \
        --tmpfs /run:exec "$@" engine sleep 1000
}
