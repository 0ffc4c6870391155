#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Docker: what people do with it (docker-scenarios.bash), by runc and by the program that is built: what comes of it is
# the same but for the table below.
# world: hybrid

load helpers
load engines

DOCKER_RULES=true
setup_file() {
    make_rootfs && setup_docker || return 1
    # as distro-net has it
    ! [ -e "$BATS_FILE_TMPDIR/docker.pid" ] || iptables -I DOCKER-USER -i dsh -j ACCEPT
}
teardown_file() { teardown_docker; }
setup() { requires root world cmd:runc && start_engine_test dockerd; }
teardown() { end_docker_test; }

# What differs, and what is said instead.
declare -gA DIFFERS=(
    # the policy: no network and no processes of the host's, and no raw packets in a network that others share
    [run_capabilities]=$'CapInh:\t0000000000000000\nCapPrm:\t00000000a80405fb\nCapEff:\t00000000a80405fb\nCapBnd:\t00000000a80405fb\nCapAmb:\t0000000000000000'
    [run_capabilities_of_a_user]=$'CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t00000000a80405fb\nCapAmb:\t0000000000000000'
    [run_pid_of_the_host]=own
    [build_without_network]=1
    [network_links]='dsn lo '
    [network_none]=1
    [network_host]=$'0\nstatus 1'
)
# The same of a machine that does not have all capabilities: runc refuses there what asks for them.
declare -gA REFUSED_BY_RUNC=([run_privileged]=$'mounted\n1' [exec_privileged]=1)

scenarios() { # KIND
    bash -c '. "$1" && declare -F' - "$BATS_TEST_DIRNAME/docker-scenarios.bash" | awk '{ print $3 }' | grep "^$1_" | grep -E "${ONLY:-.}"
}
scenario() { # RUNTIME NAME
    mkdir -p "$BATS_TEST_TMPDIR/$1"
    RUNTIME=$1 HERE=$BATS_TEST_TMPDIR/$1 I=$DOCKER_IMAGE TERMINAL=$BATS_TEST_DIRNAME/terminal.py timeout -k 5 90 \
        bash -c '. "$1" && "$2"' - "$BATS_TEST_DIRNAME/docker-scenarios.bash" "$2" >"$BATS_TEST_TMPDIR/$1/$2" 2>&1 3>&- </dev/null || true
    # the client says so or not, by whether the daemon or it is faster
    sed -i '/error waiting for container: context canceled/d' "$BATS_TEST_TMPDIR/$1/$2"
    # `docker rm` gives up at a container that ends by itself (--rm)
    becomes no_containers 3>&- || { echo "left by $2 with $1:" && docker ps -a && return 1; } >&2
    docker network prune -f >/dev/null 3>&-
}
becomes() { # COMMAND...: within 30 s
    local end=$((SECONDS + 30))
    until "$@" >/dev/null 2>&1; do [ $SECONDS -lt $end ] && sleep 0.1 || return 1; done
}
no_containers() {
    docker ps -aq | xargs -r timeout 30 docker rm -fv
    [ -z "$(docker ps -aq)" ]
}
# expected_of NAME: by the table, else what runc did
expected_of() {
    local by_runc
    by_runc=$(<"$BATS_TEST_TMPDIR/runc/$1")
    [ -n "$by_runc" ] || { echo "$1 says nothing by runc" >&2 && return 1; }
    if [ -n "${DIFFERS[$1]+set}" ]; then
        [ "${DIFFERS[$1]}" != "$by_runc" ] || { echo "$1 does not differ" >&2 && return 1; }
        echo "${DIFFERS[$1]}"
    elif [ -n "${REFUSED_BY_RUNC[$1]+set}" ] && grep -q 'unable to apply caps' <<<"$by_runc"; then
        echo "${REFUSED_BY_RUNC[$1]}"
    else
        echo "$by_runc"
    fi
}
compare() { # NAME...
    local name got expected differ=''
    for name; do
        expected=$(expected_of "$name")
        got=$(<"$BATS_TEST_TMPDIR/distro-shim/$name")
        [ "$got" != "$expected" ] || continue
        differ+=" $name"
        printf '%s\n' "$name, expected:" "$expected" "by distro-shim:" "$got" >&2
    done
    is "$differ" ""
}
# by_each KIND PART/PARTS: a test may not take too long
by_each() {
    local name names
    names=$(scenarios "$1" | awk -v part="${2%/*}" -v parts="${2#*/}" '(NR - 1) % parts == part - 1')
    for name in $names; do scenario runc "$name" && scenario distro-shim "$name"; done
    # shellcheck disable=SC2086 # names are words
    compare $names
}
default_runtime() { # NAME
    stop_dockerd
    jq --arg name "$1" '."default-runtime" = $name' /etc/docker/daemon.json >daemon.json && cp daemon.json /etc/docker/daemon.json
    start_dockerd
}

@test "what a container is given, 1" { by_each run 1/4; }
@test "what a container is given, 2" { by_each run 2/4; }
@test "what a container is given, 3" { by_each run 3/4; }
@test "what a container is given, 4" { by_each run 4/4; }
@test "its life, 1" { by_each life 1/3; }
@test "its life, 2" { by_each life 2/3; }
@test "its life, 3" { by_each life 3/3; }
@test "exec" { by_each exec 1/1; }
@test "networks, 1" { by_each network 1/2; }
@test "networks, 2" { by_each network 2/2; }

@test "build" {
    local names name runtime
    names=$(scenarios build)
    for runtime in runc distro-shim; do
        default_runtime "$runtime"
        for name in $names; do scenario "$runtime" "$name"; done
    done
    # shellcheck disable=SC2086 # names are words
    compare $names
}

@test "they are as many as this file says" {
    local n=0 kind
    for kind in run life exec network build; do n=$((n + $(scenarios $kind | wc -l))); done
    [ "$n" -ge 60 ]
}
