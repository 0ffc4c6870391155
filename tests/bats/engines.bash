# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Real engines in the private machine: `load helpers`, `load engines`, then
#
#     setup_file() { make_rootfs; setup_podman; }      # or setup_containerd, setup_docker
#     setup() { requires root world; start_engine_test podman; }
#     teardown() { end_podman_test; }                  # nothing may be left: the leak oracle
#
# The engines are Debian's, unpacked by tests/engines/fetch into a cache; here they are laid over /usr and
# /etc of the machine. ENGINES_RUNTIME=PROGRAM tries the tests themselves with another runtime than the
# one that is built (crun in the legacy machine, runc in the hybrid one).

: "${ENGINES:=${DISTRO_SHIM_ENGINES:-${XDG_CACHE_HOME:-/var/cache}/distro-shim-tests/engines}}"
: "${ENGINES_RUNTIME:=$DISTRO_SHIM}"

# A program of the same name in /usr/local is not the one that is tried.
PATH=$(awk -v RS=: -v ORS=: '/^\/usr\/local\// { later = later $0 ORS; next } { sub(/\n$/, ""); print } END { printf "%s", later }' <<<"$PATH")
PATH=${PATH%:}

# Once a machine: /usr is an overlay without an upper layer, /etc may be written to in any case.
lay_engines() {
    [ "$(id -u)" = 0 ] && [ -n "${DISTRO_SHIM_WORLD:-}" ] && [ -e "$ENGINES/recipe" ] || return 0
    [ ! -e /run/engines ] || return 0
    mount -t overlay -o "lowerdir=$ENGINES/root/usr:/usr" overlay /usr && cp -a "$ENGINES/root/etc/." /etc/ || return 1
    # engines' own layers want an upper directory that is on no overlay
    local directory
    for directory in /var/lib/containers /var/lib/containerd /var/lib/docker; do
        mkdir -p "$directory" && mount -t tmpfs -o mode=755 tmpfs "$directory" || return 1
    done
    # what the machine's own root has set for Podman
    [ ! -e ~/.config/containers ] || mount -t tmpfs -o mode=755 tmpfs ~/.config/containers || return 1
    # as on any machine with an init
    mount --make-rshared / && touch /run/engines
}

# requires ... for the engine that a test needs
start_engine_test() { # PROGRAM
    [ -e "$ENGINES/recipe" ] || skip "needs real engines: tests/engines/fetch has not been run"
    command -v "$1" >/dev/null || skip "needs $1 (tests/engines/fetch)"
    start_test
    SHARED=$(readlink_of /run/netns/distros net)
}
readlink_of() { echo "$2:[$(stat -L -c %i "$1")]"; } # FILE TYPE

# engine SECONDS PROGRAM ARGUMENT...: with a deadline; then $status, $output (of stdout) and $stderr
engine() {
    local seconds=$1
    shift
    status=0
    timeout -k 5 "$seconds" "$@" </dev/null >"$BATS_TEST_TMPDIR/stdout" 2>"$BATS_TEST_TMPDIR/stderr" 3>&- || status=$?
    output=$(<"$BATS_TEST_TMPDIR/stdout") stderr=$(<"$BATS_TEST_TMPDIR/stderr")
}
# it_succeeded PROGRAM ARGUMENT...: what `engine` has called so ended with 0
it_succeeded() {
    [ "$status" = 0 ] || { printf '%s\n' "$*: exit status $status" "$output" "$stderr" >&2 && return 1; }
}
# it_failed STATUS PATTERN TEXT PROGRAM ARGUMENT...: it ended so, and TEXT, which it said, matches
it_failed() {
    local expected=$1 pattern=$2 text=$3
    shift 3
    if [ "$status" != "$expected" ] || ! [[ $text =~ $pattern ]]; then
        printf '%s\n' "$*" "expected $expected and '$pattern', got $status and: $output" "$stderr" >&2
        return 1
    fi
}

# ---- Podman

# Of each containers.conf, with [engine] as its last section. Root here may lack the power to raise limits; a --ulimit replaces both.
PODMAN_CONF='[containers]
default_ulimits = ["nofile=20000:20000", "nproc=1000:1000"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"'

# PODMAN_NETWORKS=cni: its networks are made by plugins of CNI, and not by netavark.
setup_podman() {
    # a newer one, at each command, in a machine that has cgroups v1
    export PODMAN_IGNORE_CGROUPSV1_WARNING=1
    lay_engines || return 1
    command -v podman >/dev/null && [ -e /run/engines ] || return 0
    if [ ! -e /run/engines-podman ]; then
        rm -f /etc/containers/libpod.conf /etc/cni/net.d/*
        cat >/etc/containers/containers.conf <<END
$PODMAN_CONF
[network]
network_backend = "${PODMAN_NETWORKS:-netavark}"
END
        "$DISTRO_SHIM_SOURCE/contrib/integrate" podman --program "$ENGINES_RUNTIME" --network /run/netns/distros || return 1
        echo 'containers:1000000:1000000' | tee -a /etc/subuid >>/etc/subgid
        podman load -q -i "$ENGINES/images/busybox.tar" 3>&- || return 1
        # what it makes at its first start is no leak of the first test; a runtime that cannot is
        podman run --rm busybox true 3>&- </dev/null 2>/dev/null || true
        touch /run/engines-podman
    fi
}

# pod ARGUMENT...: Podman with a deadline; then $status, $output (of stdout) and $stderr
pod() { engine "${SECONDS_MAX:-40}" podman "$@"; }
# podman_since MAJOR: it is that version, or a later one
podman_since() { [ "$(podman --version | grep -oE '[0-9]+' | head -n 1)" -ge "$1" ]; }
# ok ARGUMENT...: the same, and it must succeed
ok() {
    pod "$@"
    it_succeeded podman "$@"
}
# fails STATUS PATTERN ARGUMENT...: it must end so, and say on stderr what matches
fails() {
    local expected=$1 pattern=$2
    shift 2
    pod "$@"
    it_failed "$expected" "$pattern" "$stderr" podman "$@"
}
# busybox FLAG... -- SCRIPT: what `podman run --rm FLAG... busybox sh -c SCRIPT` says is in $output
busybox_says() {
    local flags=()
    while [ "$1" != -- ]; do flags+=("$1") && shift; done
    ok run --rm "${flags[@]}" busybox sh -c "$2"
}
pid_of() { podman inspect --format '{{.State.Pid}}' "$1"; }          # CONTAINER
status_of() { podman inspect --format '{{.State.Status}}' "$1"; }    # CONTAINER
has_status() { [ "$(status_of "$1")" = "$2" ]; }                     # CONTAINER STATUS
logs_have() { podman logs "$1" 2>&1 | grep -q -- "$2"; }             # CONTAINER PATTERN

# For SCRIPT: what namespaces it is in, a line each.
# shellcheck disable=SC2034 # read by the tests
NAMESPACES='for n in net pid mnt ipc uts; do readlink /proc/self/ns/$n; done'

# promised TEXT: the output of NAMESPACES is what every container is promised: the shared network and
# nothing of the host's. FREED: a type that is not looked at, as it is another container's.
promised() { # TEXT [FREED]...
    local text=$1 type
    shift
    contains "$text" "$SHARED" || return 1
    for type in pid mnt ipc uts; do
        case " $* " in *" $type "*) continue ;; esac
        contains "$text" "$type:[" && lacks "$text" "$(readlink "/proc/self/ns/$type")" || return 1
    done
    lacks "$text" "$(readlink /proc/self/ns/net)"
}
# the same of a container that runs, seen from outside
promised_of() { # PID
    promised "$(for type in net pid mnt ipc uts; do readlink "/proc/$1/ns/$type"; done)"
}

end_podman_test() {
    [ -e "$BATS_TEST_TMPDIR/machine.before" ] || return 0 # skipped
    local i
    timeout -k 5 60 podman pod rm --all --force --time 0 3>&- >/dev/null
    timeout -k 5 60 podman rm --all --force --time 0 --volumes 3>&- >/dev/null
    timeout -k 5 60 podman volume rm --all --force 3>&- >/dev/null
    # the command that conmon runs at the end of a container may be at it yet
    for ((i = 0; i < 100; i++)); do
        ! pgrep -x conmon >/dev/null && ! pgrep -f 'podman.* container cleanup' >/dev/null && break
        sleep 0.05
    done
    is "$(podman ps --all --quiet)" "" || return 1
    no_records && end_test
}
# in the directories that are the default
no_records() {
    local left
    left=$(find /run/distro-shim/containers /run/distro-shim/members -mindepth 1 2>/dev/null || true)
    is "$left" ""
}

# ---- containerd

setup_containerd() {
    lay_engines || return 1
    command -v containerd >/dev/null && [ -e /run/engines ] || return 0
    CTR_SOCKET=/run/containerd/containerd.sock
    export CTR_SOCKET
    mkdir -p /etc/containerd
    cat >/etc/containerd/config.toml <<END
version = 2
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper"]
[plugins."io.containerd.internal.v1.opt"]
path = "/var/lib/containerd/opt"
END
    start_containerd || return 1
    ctr images import "$ENGINES/images/busybox.tar" >/dev/null 3>&- || return 1
    timeout -k 5 30 ctr "${CT_RUN[@]}" --rm "$CTR_IMAGE" first true 3>&- </dev/null 2>/dev/null || true
}
start_containerd() {
    containerd >>"$BATS_FILE_TMPDIR/containerd.log" 2>&1 3>&- </dev/null &
    echo $! >"$BATS_FILE_TMPDIR/containerd.pid"
    wait_until ctr version || { tail -n 5 "$BATS_FILE_TMPDIR/containerd.log" >&2 && return 1; }
}
stop_containerd() {
    local pid
    pid=$(<"$BATS_FILE_TMPDIR/containerd.pid")
    kill "$pid"
    wait_until eval "! kill -0 $pid"
}
teardown_containerd() { [ ! -e "$BATS_FILE_TMPDIR/containerd.pid" ] || stop_containerd; }

# shellcheck disable=SC2034 # read by the tests
CTR_IMAGE=localhost/busybox:latest
# ct ARGUMENT...: ctr with a deadline; then $status, $output and $stderr
ct() { engine 30 ctr "$@"; }
ct_ok() {
    ct "$@"
    it_succeeded ctr "$@"
}
# ct "${CT_RUN[@]}" FLAG... "$CTR_IMAGE" ID COMMAND...: with the runtime
# shellcheck disable=SC2034 # read by the tests
CT_RUN=(run --runtime io.containerd.runc.v2 --runc-binary "$ENGINES_RUNTIME")
end_containerd_test() {
    [ -e "$BATS_TEST_TMPDIR/machine.before" ] || return 0 # skipped
    local id
    for id in $(ctr tasks list --quiet); do
        timeout -k 5 20 ctr tasks delete --force "$id" 3>&- || true
    done
    for id in $(ctr containers list --quiet); do timeout -k 5 20 ctr containers delete "$id" 3>&- || true; done
    is "$(ctr containers list --quiet)$(ctr tasks list --quiet)" "" || return 1
    is "$(ls -A /run/containerd/runc/default 2>/dev/null)" "" || return 1
    no_records && end_test
}

# ---- Docker

# The usual network of its own, docker0, in which no container is in the end; and rules of packet filters are for
# nothing here (DOCKER_RULES=true: they are). DOCKER_MORE: members of daemon.json that come on top.
setup_docker() { # [OPTION-OF-INTEGRATE]...
    local rules=${DOCKER_RULES:-false}
    lay_engines || return 1
    command -v dockerd >/dev/null && [ -e /run/engines ] || return 0
    mkdir -p /etc/docker
    # root here may lack the power to raise limits
    cat >/etc/docker/daemon.json <<END
{
    "storage-driver": "overlay2", "exec-opts": ["native.cgroupdriver=cgroupfs"],
    "iptables": $rules, "ip6tables": false, "userland-proxy": false,
    "default-ulimits": { "nofile": { "Name": "nofile", "Soft": 20000, "Hard": 20000 } },
    "live-restore": true
}
END
    jq ". * ${DOCKER_MORE:-{\}}" /etc/docker/daemon.json >/etc/docker/more && mv /etc/docker/more /etc/docker/daemon.json || return 1
    "$DISTRO_SHIM_SOURCE/contrib/integrate" docker --program "$ENGINES_RUNTIME" "$@" || return 1
    start_dockerd || return 1
    docker load -q -i "$ENGINES/images/busybox.tar" >/dev/null 3>&- || return 1
    # what it makes for the first container, and for the first in its own network, is no leak of the first test
    timeout -k 5 30 docker run --rm --network host "$DOCKER_IMAGE" true 3>&- </dev/null 2>/dev/null || true
}
start_dockerd() {
    dockerd >>"$BATS_FILE_TMPDIR/docker.log" 2>&1 3>&- </dev/null &
    echo $! >"$BATS_FILE_TMPDIR/docker.pid"
    wait_until docker version || { tail -n 5 "$BATS_FILE_TMPDIR/docker.log" >&2 && return 1; }
}
# it ends the containerd that it has started
stop_dockerd() {
    local pid
    pid=$(<"$BATS_FILE_TMPDIR/docker.pid")
    kill "$pid"
    wait_until eval "! kill -0 $pid"
}
# It has no time to put anything in order, and the containerd that it has started dies with it.
kill_dockerd() {
    local pid
    pid=$(<"$BATS_FILE_TMPDIR/docker.pid")
    kill -KILL "$pid"
    wait_until eval "! kill -0 $pid"
    wait_until eval '! pgrep -x containerd'
}
teardown_docker() {
    [ -e "$BATS_FILE_TMPDIR/docker.pid" ] || return 0
    stop_dockerd && is "$(pgrep -l '^(dockerd|containerd)')" ""
}

# shellcheck disable=SC2034 # read by the tests
DOCKER_IMAGE=localhost/busybox:latest
# where its containerd has the bundles, and the runtime the containers' records
DOCKER_BUNDLES=/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby
DOCKER_RECORDS=/run/docker/runtime-runc/moby
# dk ARGUMENT...: docker with a deadline; then $status, $output and $stderr
dk() { engine 30 docker "$@"; }
dk_ok() {
    dk "$@"
    it_succeeded docker "$@"
}
# dk_fails STATUS PATTERN ARGUMENT...: it must end so; of what exec could not start, Docker tells on stdout
dk_fails() {
    local expected=$1 pattern=$2
    shift 2
    dk "$@"
    it_failed "$expected" "$pattern" "$output$stderr" docker "$@"
}
# Of a daemon that was killed: the containers of which its records do not say yet that they are there, whatever runtime they have.
end_unrecorded() {
    local bundle id
    for bundle in "$DOCKER_BUNDLES"/*; do
        [ -e "$bundle" ] || continue
        id=${bundle##*/}
        pkill -KILL -f "containerd-shim-runc-v2 -namespace moby -id $id" || true
        "$DISTRO_SHIM" --root "$DOCKER_RECORDS" delete --force "$id"
        umount -l "$bundle/rootfs" 2>/dev/null || true
        rm -rf "$bundle"
    done
}
end_docker_test() {
    [ -e "$BATS_TEST_TMPDIR/machine.before" ] || return 0 # skipped
    local id
    # one by one: it gives up a list at the first that is going already
    for id in $(docker ps --all --quiet); do timeout -k 5 20 docker rm --force --volumes "$id" 3>&- >/dev/null || true; done
    is "$(docker ps --all --quiet)" "" || return 1
    is "$(find "$DOCKER_BUNDLES" "$DOCKER_RECORDS" -mindepth 1 -maxdepth 1 2>/dev/null)" "" || return 1
    no_records && end_test
}

# The groups that an engine keeps for itself are there from its first container on.
eval "plain_$(declare -f machine_state)"
machine_state() { plain_machine_state | grep -vE '^/sys/fs/cgroup/.*/(libpod_parent|libpod_parent/conmon|default|docker)$|^/sys/fs/cgroup/(libpod_parent|default|docker)$'; }
