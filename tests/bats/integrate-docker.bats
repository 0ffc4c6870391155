#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# contrib/integrate docker: what it makes of daemon.json and of the services, and that it takes exactly that back. That
# Docker reads it docker.bats and docker-only.bats show.
# world: hybrid

load helpers
load integrate

setup() { start_integrate_test; }
teardown() {
    rm -rf /run/docker /run/containerd /run/systemd/system
    end_integrate_test
}

dropin() { echo "$ETC/systemd/system/$1.service.d/zz-distro-shim.conf"; } # UNIT
path_of() { sed -n 's/^Environment=PATH=//p' "$(dropin "$1")"; }             # UNIT
# record RUNTIME ROOT/NAMESPACE/ID: as a container of that runtime has one
record() {
    mkdir -p "$2"
    case $1 in runc) touch "$2/state.json" ;; *) touch "$2/status.json" ;; esac
}
# called NAME NAMESPACE/ID: as containerd's shim notes down what it calls
called() { mkdir -p "/run/containerd/io.containerd.runtime.v2.task/$2" && printf %s "$1" >"/run/containerd/io.containerd.runtime.v2.task/$2/runtime"; }

@test "docker: a new file; one that is there, of whatever layout; and back" {
    local content
    everything >before
    integrate docker
    is "$(jq -c . "$ETC/docker/daemon.json")" "{\"default-runtime\":\"distro-shim\",\"runtimes\":{\"distro-shim\":{\"path\":\"$DISTRO_SHIM\"}}}"
    integrate docker --undo
    everything | diff before -
    mkdir "$ETC/docker"
    everything >before
    integrate docker --undo
    integrate docker
    integrate docker --undo
    everything | diff before -
    for content in '{}' '{\n}\n' '{\n}\n\n' '{"a": 1}' '\n{ "a": {} }\n' '{\n    "a": 1,\n    "b": "}"\n}\n' '{\n    "default": "}"}'; do
        # shellcheck disable=SC2059 # it is the format
        printf "$content" >"$ETC/docker/daemon.json"
        chmod 640 "$ETC/docker/daemon.json"
        everything >before
        run integrate docker --dry-run
        contains "$output" '"default-runtime": "distro-shim"'
        everything | diff before -
        integrate docker
        # valid, with ours and all that was there
        is "$(jq -c 'del(.runtimes, .["default-runtime"])' "$ETC/docker/daemon.json")" "$(printf "$content" | jq -c .)"
        is "$(jq -r '.runtimes["distro-shim"].path' "$ETC/docker/daemon.json")" "$DISTRO_SHIM"
        everything >once
        run integrate docker
        contains "$output" "Nothing to do"
        everything | diff once -
        integrate docker --no-default --program "$(type -P true)"
        is "$(jq -c '[.["default-runtime"], .runtimes["distro-shim"].path]' "$ETC/docker/daemon.json")" "[null,\"$(type -P true)\"]"
        run integrate docker --undo --dry-run
        contains "$output" '"runtimes"'
        integrate docker --undo
        everything | diff before -
        run integrate docker --undo
        contains "$output" "Nothing to undo"
    done
}

@test "docker: runtimes and a default that are there stay, and come back" {
    local content
    mkdir "$ETC/docker"
    for content in '{ "runtimes": { "mine": { "path": "/mine" } } }' '{"default-runtime":"nvidia","runtimes":{"nvidia":{"path":"/n","runtimeArgs":[]}}}' \
        '{\n\t"runtimes" : {\n\t\t"mine" : { "path" : "/mine" }\n\t},\n\t"default-runtime":\n\t"mine"\n}\n\n' '{"runtimes":{}}'; do
        # shellcheck disable=SC2059 # it is the format
        printf "$content" >"$ETC/docker/daemon.json"
        everything >before
        integrate docker --network lab
        is "$(jq -r '.["default-runtime"], .runtimes["distro-shim"].path, .runtimes["distro-shim@lab"].runtimeArgs[1]' "$ETC/docker/daemon.json" | xargs)" \
            "distro-shim $DISTRO_SHIM lab"
        # what was there, in its own layout
        is "$(jq -Sc 'del(.["default-runtime"], .runtimes["distro-shim", "distro-shim@lab"])' "$ETC/docker/daemon.json")" \
            "$(printf "$content" | jq -Sc 'del(.["default-runtime"])')"
        run integrate docker --network lab
        contains "$output" "Nothing to do"
        integrate docker --no-default
        is "$(jq -c '.["default-runtime"]' "$ETC/docker/daemon.json")" "$(printf "$content" | jq -c '.["default-runtime"]')"
        integrate docker --undo
        everything | diff before -
    done
    # one that is as it would be written is another's all the same
    echo "{ \"runtimes\": { \"distro-shim\": { \"path\": \"$DISTRO_SHIM\" } } }" >"$ETC/docker/daemon.json"
    everything >before
    integrate docker
    integrate docker --undo
    everything | diff before -
}

@test "docker: what has been changed since stays, in whatever layout; only what is of integrate goes" {
    mkdir "$ETC/docker"
    echo '{ "a": 1, "default-runtime": "mine" }' >"$ETC/docker/daemon.json"
    integrate docker
    sed -i 's/"a": 1/"a": 2, "b": 3/' "$ETC/docker/daemon.json"
    run integrate docker --undo
    contains "$output" 'has been changed since'
    is "$(<"$ETC/docker/daemon.json")" '{ "a": 2, "b": 3, "default-runtime": "mine" }'
    [ ! -e "$ETC/distro-shim" ]
    # laid out anew, with a runtime more
    integrate docker --network lab
    jq '.runtimes.other = {path: "/other"}' "$ETC/docker/daemon.json" >"$ETC/new" && mv "$ETC/new" "$ETC/docker/daemon.json"
    # again with other options: the change is part of what comes back
    integrate docker
    is "$(jq -c '.runtimes | keys' "$ETC/docker/daemon.json")" '["distro-shim","other"]'
    integrate docker --undo
    is "$(jq -Sc . "$ETC/docker/daemon.json")" '{"a":2,"b":3,"default-runtime":"mine","runtimes":{"other":{"path":"/other"}}}'
    # another one in the place of ours is not ours
    integrate docker
    jq '.["default-runtime"] = "other"' "$ETC/docker/daemon.json" >"$ETC/new" && mv "$ETC/new" "$ETC/docker/daemon.json"
    integrate docker --undo
    is "$(jq -Sc . "$ETC/docker/daemon.json")" '{"a":2,"b":3,"default-runtime":"other","runtimes":{"other":{"path":"/other"}}}'
    # removed meanwhile
    integrate docker
    rm "$ETC/docker/daemon.json"
    integrate docker --undo
    [ ! -e "$ETC/docker/daemon.json" ]
    [ ! -e "$ETC/distro-shim" ]
}

@test "docker: what it cannot change is left as it is" {
    mkdir "$ETC/docker"
    echo '{ "runtimes": { "distro-shim": { "path": "/mine" } } }' >"$ETC/docker/daemon.json"
    refused "has a runtime 'distro-shim' that is not of integrate" docker
    echo '{ "default-runtime": 7 }' >"$ETC/docker/daemon.json"
    refused 'daemon.json' docker
    echo '{ "runtimes": [] }' >"$ETC/docker/daemon.json"
    refused 'not an object' docker
    for text in '[]' '{ "a": 1' '{ "a": 1, "a": 2 }' '{} {}' ''; do
        printf '%s' "$text" >"$ETC/docker/daemon.json"
        refused 'daemon.json' docker
    done
    echo '{ "a": 1 }' >"$ETC/docker/daemon.json"
    DISTRO_SHIM='' PATH=/usr/bin:/bin refused 'no program distro-shim that can change JSON' docker --program /bin/true
}

@test "docker: dockerd with a default runtime on its command line is named" {
    bash -c 'exec -a dockerd bash -c "sleep 100; :" --default-runtime=runc' >/dev/null 2>&1 3>&- &
    daemon=$!
    is_there() { tr '\0' ' ' <"/proc/$daemon/cmdline" | grep -q '^dockerd .*--default-runtime'; }
    wait_until is_there
    refused "dockerd .process $daemon. has --default-runtime on its command line" docker
    integrate docker --no-default
    integrate docker --undo
    kill "$daemon"
    integrate docker
}

@test "docker --status: whether it is set and in use, what leads around it, and who has another runtime" {
    PATH=$PWD/bin:$PATH
    engine_says docker 'case "$*" in
        "info --format {{.DefaultRuntime}}") cat default ;;
        info*) printf "distro-shim\nrunc\nmine\nio.containerd.runc.v2\n" ;;
        "ps -aq") echo 1; echo 2 ;;
        "inspect --format {{.Name}}"*" 1 2") printf "/old\tcrun\tid1\n/new\tdistro-shim\tid2\n" ;;
        esac'
    echo runc >default
    everything >before
    run integrate docker --status
    is "$status" 1
    contains "$output" 'not set:'
    contains "$output" "not in use: dockerd's default runtime is runc; reload or restart Docker"
    everything | diff before -
    integrate docker
    run integrate docker --status
    is "$status" 1
    contains "$output" "set: in $ETC/docker/daemon.json"
    echo distro-shim >default
    run integrate docker --status
    is "$status" 0
    contains "$output" "in use: it is dockerd's default runtime"
    contains "$output" 'way around: docker build with BuildKit'
    contains "$output" 'way around: docker run --runtime mine'
    is "$(grep -c '^way around: docker run --runtime' <<<"$output")" 2
    is "$(grep '^to be made again' <<<"$output")" 'to be made again: container old has the runtime crun'
    sed -i 's/"path"/"path" /' "$ETC/docker/daemon.json"
    run integrate docker --status
    contains "$output" 'changed: '
    # one that hangs is not waited for
    engine_says docker 'exec sleep 100'
    engine_says timeout 'shift; exec /usr/bin/timeout 0.2 "$@"'
    run integrate docker --status
    contains "$output" 'in use: not known'
    rm bin/timeout
}

@test "--only: a runc that is distro-shim, first in PATH of both services; again; and back" {
    root_alone_writes
    mkdir -p "$ETC/docker" "$ETC/systemd/system/containerd.service.d"
    printf '{"a": 1}' >"$ETC/docker/daemon.json"
    printf '[Service]\nEnvironment="A=b c" PATH=/opt/bin:/usr/bin\n' >"$ETC/systemd/system/containerd.service.d/mine.conf"
    everything >before
    run integrate docker --only --dry-run
    is "$status" 0
    contains "$output" "+$ETC/distro-shim/docker/bin/runc -> $DISTRO_SHIM"
    contains "$output" "+Environment=PATH=$ETC/distro-shim/docker/bin:/opt/bin:/usr/bin"
    everything | diff before -
    run integrate docker --only
    is "$status" 0
    contains "$output" 'systemctl daemon-reload; systemctl restart containerd docker'
    contains "$output" 'systemd does not run here'
    is "$(path_of containerd)" "$ETC/distro-shim/docker/bin:/opt/bin:/usr/bin"
    matches "$(path_of docker)" "^$ETC/distro-shim/docker/bin:/usr/local/sbin:"
    is "$(PATH=$(path_of docker) type -P runc)" "$ETC/distro-shim/docker/bin/runc"
    contains "$(runc_version)" 'distro-shim version'
    is "$(jq -r '.["default-runtime"]' "$ETC/docker/daemon.json")" distro-shim
    everything >once
    run integrate docker --only
    contains "$output" 'Nothing to do'
    everything | diff once -
    # all is for the network that is named, and without it for the general one
    integrate docker --only --network lab
    is "$(jq -r '.["default-runtime"]' "$ETC/docker/daemon.json")" distro-shim@lab
    is "$(tail -n 1 "$ETC/distro-shim/docker/bin/runc")" "exec $DISTRO_SHIM --network lab \"\$@\""
    contains "$(runc_version)" 'distro-shim version'
    everything >lab
    integrate docker --only --network lab
    everything | diff lab -
    integrate docker --only
    everything | diff once -
    # without --only what is of it goes, and the rest stays
    run integrate docker
    contains "$output" 'systemctl restart containerd docker'
    [ ! -e "$ETC/distro-shim/docker" ] && [ ! -e "$(dropin docker)" ] && [ ! -e "$(dropin containerd)" ]
    is "$(jq -r '.["default-runtime"]' "$ETC/docker/daemon.json")" distro-shim
    integrate docker --only --no-default
    is "$(jq -r '.["default-runtime"]' "$ETC/docker/daemon.json")" null
    run integrate docker --undo
    contains "$output" 'systemctl daemon-reload; systemctl restart containerd docker (no SIGHUP'
    everything | diff before -
}
runc_version() { "$ETC/distro-shim/docker/bin/runc" --version; }

@test "--only: what it has not written, cannot be sure of, or would have no effect is refused" {
    refused 'others than root can write in /tmp' docker --only
    root_alone_writes
    mkdir -p "$ETC/systemd/system/docker.service.d" "$ETC/default"
    echo '# mine' >"$(dropin docker)"
    refused 'was not written by integrate' docker --only
    rm "$(dropin docker)"
    echo PATH=/bin >"$ETC/default/docker"
    printf '[Service]\nEnvironmentFile=-/etc/default/docker\n' >"$ETC/systemd/system/docker.service.d/mine.conf"
    refused "$ETC/default/docker sets PATH for docker.service" docker --only
    echo 'DOCKER_OPTS="--default-runtime=runc"' >"$ETC/default/docker"
    refused "$ETC/default/docker has --default-runtime for dockerd" docker --only
    rm "$ETC/default/docker"
    mkdir -p "$ETC/distro-shim/docker/bin"
    echo mine >"$ETC/distro-shim/docker/bin/runc"
    refused 'was not written by integrate' docker --only
    rm -r "$ETC/distro-shim"
    integrate docker --only
    sed -i 's/^Environment/Environment=A=b\n&/' "$(dropin docker)"
    refused 'was edited since' docker --only
    refused 'was edited since' docker --undo
    run integrate docker --status
    contains "$output" "changed: $(dropin docker)"
}

@test "--only and back: refused while containers live that the other runtime would know nothing of" {
    local id
    root_alone_writes
    PATH=$PWD/bin:$PATH
    # shellcheck disable=SC2016 # it is for the script
    engine_says docker 'case "$*" in "inspect --format {{.Name}} 0123456789abcdef") echo /web ;; *) exit 1 ;; esac'
    engine_says dockerd 'exit 1'
    everything >before
    record runc /run/docker/runtime-runc/moby/0123456789abcdef
    record runc /run/docker/runtime-runc/plugins.moby/plug
    record runc /run/containerd/runc/default/one
    # these go on as they are: one that is called by its path, and one of distro-shim
    record runc /run/containerd/runc/default/by-path && called /usr/sbin/runc default/by-path
    record distro-shim /run/docker/runtime-runc/moby/new
    refused 'containers live' docker --only
    contains "$output" 'alive: web (0123456789ab)'
    contains "$output" 'alive: plug, in the namespace plugins.moby'
    contains "$output" 'alive: one, in the namespace default'
    contains "$output" 'docker stop 0123456789ab'
    is "$(grep -c alive: <<<"$output")" 3
    # without --only none is swapped
    integrate docker
    refused 'containers live' docker --only
    rm -r /run/docker/runtime-runc/{moby/0123456789abcdef,plugins.moby} /run/containerd/runc/default/one
    integrate docker --only
    # and again, though one that was started before the restart has come
    record runc /run/containerd/runc/default/late
    integrate docker --only
    run integrate docker --status
    contains "$output" 'not in use: late, in the namespace default was started with runc'
    rm -r /run/containerd/runc/default
    # back
    called "$DISTRO_SHIM" moby/new
    record distro-shim /run/docker/runtime-runc/moby/0123456789abcdef && called runc moby/0123456789abcdef
    for id in --undo --no-default; do
        refused 'containers live' docker $id
        contains "$output" 'was started with distro-shim as runc'
        is "$(grep alive: <<<"$output")" '  alive: web (0123456789ab)'
    done
    rm -r /run/docker/runtime-runc/moby/0123456789abcdef
    integrate docker --undo
    everything | diff before -
    # where dockerd has them elsewhere
    mkdir "$ETC/docker"
    echo '{"exec-root": "/run/distro-shim-test/exec"}' >"$ETC/docker/daemon.json"
    record runc /run/distro-shim-test/exec/runtime-runc/moby/elsewhere
    refused 'alive: elsewhere' docker --only
}

@test "--only: containerd.service is left alone where it serves Kubernetes, unless --kubernetes is given" {
    root_alone_writes
    mkdir -p /run/containerd/io.containerd.runtime.v2.task/k8s.io/pod
    record runc /run/containerd/runc/k8s.io/pod
    run integrate docker --only
    is "$status" 0
    contains "$output" 'containerd.service is left alone'
    contains "$output" 'systemctl restart docker.'
    [ -e "$(dropin docker)" ] && [ ! -e "$(dropin containerd)" ]
    run integrate docker --status
    contains "$output" 'set: runc is distro-shim for docker.service'
    refused 'alive: pod, in the namespace k8s.io' docker --only --kubernetes
    rm -r /run/containerd/runc/k8s.io
    run integrate docker --only --kubernetes
    is "$status" 0
    contains "$output" 'all pods of Kubernetes will be in the shared network'
    [ -e "$(dropin containerd)" ]
    # it is not taken away again by the next call without
    integrate docker --only
    [ -e "$(dropin containerd)" ]
    integrate docker --undo
    is "$(find "$ETC" -type f)" ""
}

@test "docker: dockerd itself looks at the file, where it can" {
    PATH=$PWD/bin:$PATH
    # shellcheck disable=SC2016 # it is for the script
    engine_says dockerd 'echo "$*" >>calls; case "$1" in --help) echo "      --validate   Validate daemon configuration and exit" ;;
        --validate) cp "$3" seen; cat answer; exit "$(cat code)" ;; esac'
    echo 'the following directives are not known: a' >answer
    echo 1 >code
    mkdir "$ETC/docker" && echo '{"a": 1}' >"$ETC/docker/daemon.json"
    refused 'dockerd does not take what would be written.* are not known: a' docker
    echo 0 >code
    integrate docker
    cmp seen "$ETC/docker/daemon.json"
    # one that knows no such option is not started with it
    engine_says dockerd 'echo "$*" >>calls; [ "$1" = --help ]'
    integrate docker --undo
    : >calls
    integrate docker
    is "$(<calls)" --help
}

@test "docker: who is to be made again, and who never starts again after --undo, by name" {
    PATH=$PWD/bin:$PATH
    # shellcheck disable=SC2016 # it is for the script
    engine_says docker 'case "$*" in
        info*) echo distro-shim ;;
        "ps -aq") echo 1 ;;
        inspect*) printf "/old\trunc\tid1\n/new\tdistro-shim\tid2\n/special\tdistro-shim@lab\tid3\n/other\tcrun\tid4\n" ;;
        esac'
    run integrate docker
    is "$(grep '^to be made again' <<<"$output")" $'to be made again: container old has the runtime runc\nto be made again: container other has the runtime crun'
    contains "$output" 'SIGHUP'
    run integrate docker --undo --dry-run
    is "$(grep -c '^never starts again' <<<"$output")" 2
    run integrate docker --undo
    contains "$output" 'never starts again: container new has the runtime distro-shim, which will be gone'
    contains "$output" 'never starts again: container special has'
    contains "$output" 'no SIGHUP'
    # with --only runc is distro-shim
    root_alone_writes
    run integrate docker --only
    is "$(grep '^to be made again' <<<"$output")" 'to be made again: container other has the runtime crun'
    # where dockerd does not run, by its records
    engine_says docker 'exit 1'
    mkdir -p "$ETC/docker" data/containers/abc
    echo "{\"data-root\": \"$PWD/data\"}" >"$ETC/docker/daemon.json"
    echo '{"Runtime":"runc"}' >data/containers/abc/hostconfig.json
    echo '{"Name":"/stopped"}' >data/containers/abc/config.v2.json
    run integrate docker
    contains "$output" 'to be made again: container stopped has the runtime runc'
}

# as_daemon PROGRAM PATH [OPTION]...: a process that looks like it
as_daemon() {
    local program=$1 path=$2
    shift 2
    env PATH="$path" /bin/bash -c 'exec -a "$0" /bin/bash -c "read -r </dev/zero; :" "$@"' "$program" "$@" >/dev/null 2>&1 3>&- &
    DAEMONS+=($!)
    eval "is_there() { tr '\\0' ' ' <'/proc/$!/cmdline' | grep -q '^$program '; }"
    wait_until is_there
}

@test "--only --status: a daemon that was not restarted since, and other entries of runtimes" {
    DAEMONS=()
    root_alone_writes
    mkdir "$ETC/docker" && echo '{"runtimes": {"mine": {"path": "/opt/mine"}, "bare": {"path": "runc"}}}' >"$ETC/docker/daemon.json"
    run integrate docker --only
    contains "$output" 'way around: docker run --runtime mine (/opt/mine)'
    as_daemon dockerd /usr/bin --config-file=/other.json
    as_daemon containerd /usr/bin
    run integrate docker --status
    is "$status" 1
    matches "$output" "not in use: dockerd .process ${DAEMONS[0]}. was started without"
    matches "$output" "not in use: containerd .process ${DAEMONS[1]}. was started without"
    contains "$output" 'way around: docker build with BuildKit'
    contains "$output" 'way around: docker run --runtime runc'
    contains "$output" 'reads /other.json (its --config-file)'
    kill "${DAEMONS[@]}"
    wait "${DAEMONS[@]}" || true
    as_daemon dockerd "$(path_of docker)"
    as_daemon containerd "$(path_of containerd)"
    run integrate docker --status
    is "$status" 0
    is "$(grep 'way around' <<<"$output")" 'way around: docker run --runtime mine (/opt/mine)'
    kill "${DAEMONS[@]:2}"
}
