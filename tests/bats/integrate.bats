#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# contrib/integrate: what it changes, that it changes it once, and that it takes exactly that back. That the
# engines read it the podman files show.
# world: hybrid

load helpers

setup() {
    requires root world cmd:diff
    ETC=$BATS_TEST_TMPDIR/etc
    mkdir "$ETC"
    cd "$BATS_TEST_TMPDIR" || return 1
}
teardown() { rm -rf /run/distro-shim-test; }

integrate() { "$DISTRO_SHIM_SOURCE/contrib/integrate" "$1" --etc-dir "$ETC" "${@:2}"; }
everything() { find "$ETC" -printf '%P %y %m %U:%G %l\n' -type f -exec sha256sum {} + | sort; }
# refused PATTERN ARGUMENT...: exit status 1, the reason on stderr, and nothing has changed
refused() {
    local pattern=$1
    shift
    everything >refused.before
    run integrate "$@"
    is "$status" 1
    matches "$output" "$pattern"
    everything | diff refused.before -
}
DROPIN=containers/containers.conf.d/50-distro-shim.conf

@test "podman: the drop-in; again; with other arguments; and back" {
    everything >before
    run integrate podman
    is "$status" 0
    contains "$output" "+distro-shim = [\"$DISTRO_SHIM\"]"
    everything >once
    run integrate podman
    is "$status" 0
    contains "$output" "Nothing to do"
    everything | diff once -
    run integrate podman --network /run/netns/other
    lacks "$(<"$ETC/$DROPIN")" 'ns:/run/netns/distros'
    contains "$output" "users who are not root cannot join /run/netns/other"
    contains "$output" '+netns = "ns:/run/netns/other"'
    run integrate podman --no-default
    contains "$output" '-runtime = "distro-shim"'
    lacks "$(<"$ETC/$DROPIN")" netns
    run integrate podman --undo
    is "$status" 0
    everything | diff before -
    run integrate podman --undo
    is "$status" 0
    contains "$output" "Nothing to undo"
}

@test "podman: --dry-run shows all and changes nothing" {
    everything >before
    run integrate podman --dry-run
    is "$status" 0
    contains "$output" '+runtime = "distro-shim"'
    everything | diff before -
    integrate podman
    everything >before
    run integrate podman --undo --dry-run
    contains "$output" '-runtime = "distro-shim"'
    everything | diff before -
}

@test "podman: lists of the administrator are continued, files of others stay" {
    mkdir -p "$ETC/containers/containers.conf.d"
    printf '%s\n' '[engine]' 'runtime_supports_json = ["one",' '  "two", # a comment' "  'three' ]" 'runtime_supports_nocgroup = []' \
        >"$ETC/containers/containers.conf"
    printf '%s\n' '[engine]' 'runtime = "crun"' >"$ETC/containers/containers.conf.d/99-mine.conf"
    everything >before
    run integrate podman
    contains "$output" '+runtime_supports_json = ["one", "two", "three", "distro-shim"]'
    contains "$output" '+runtime_supports_nocgroup = ["distro-shim"]'
    contains "$output" "99-mine.conf is read later"
    integrate podman --undo
    everything | diff before -
}

@test "podman: a file that integrate has not written is left alone" {
    mkdir -p "$ETC/containers/containers.conf.d"
    echo '# mine' >"$ETC/$DROPIN"
    refused 'was not written by integrate' podman
    refused 'was not written by integrate' podman --undo
    rm -r "$ETC/containers"
    echo 'a file' >"$ETC/containers"
    refused 'is not a directory' podman
    rm "$ETC/containers"
    mkdir -p "$ETC/containers/containers.conf"
    refused 'is not a regular file' podman
    rm -r "$ETC/containers"
    refused "program '/no/such/program' does not exist" podman --program /no/such/program
    run integrate podman --network '/a"b'
    is "$status" 1
}

@test "containerd: a new file; one that is there, with and without a newline at its end; and back" {
    local content
    everything >before
    run integrate containerd
    is "$status" 0
    contains "$output" "BinaryName = \"$DISTRO_SHIM\""
    integrate containerd --undo
    everything | diff before -
    mkdir "$ETC/containerd"
    for content in 'version = 2\n' 'version = 2' '# first\nversion = 2 # of the format\n\n[plugins]\n[plugins."a"]\nb = "c"' 'version = 3\n[debug]\n'; do
        # shellcheck disable=SC2059 # it is the format
        printf "$content" >"$ETC/containerd/config.toml"
        chmod 640 "$ETC/containerd/config.toml"
        everything >before
        integrate containerd
        everything >once
        run integrate containerd
        contains "$output" "Nothing to do"
        everything | diff once -
        integrate containerd --program "$(type -P true)"
        run integrate containerd --undo --dry-run
        contains "$output" "-    BinaryName"
        integrate containerd --undo
        everything | diff before -
    done
    printf 'version = 3\n' >"$ETC/containerd/config.toml"
    integrate containerd
    contains "$(<"$ETC/containerd/config.toml")" io.containerd.cri.v1.runtime
}

@test "containerd: the first handler of a file does not take away containerd's own, and another one is left alone" {
    handlers() { sed -n 's/^ *\[plugins.*\.runtimes\.\([^].]*\)\]$/\1/p' "$ETC/containerd/config.toml" | paste -sd ' '; }
    integrate containerd
    is "$(handlers)" "runc distro-shim"
    printf 'version = 3\n' >"$ETC/containerd/config.toml"
    integrate containerd
    is "$(handlers)" "runc distro-shim"
    printf 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.mine]\n' >"$ETC/containerd/config.toml"
    integrate containerd
    is "$(handlers)" "mine distro-shim"
}

@test "containerd: what was written around it since then stays; a link stays a link" {
    mkdir "$ETC/containerd"
    echo 'version = 2' >"$ETC/real.toml"
    ln -s ../real.toml "$ETC/containerd/config.toml"
    integrate containerd
    [ -L "$ETC/containerd/config.toml" ]
    printf '[plugins."later"]\n' >>"$ETC/real.toml"
    integrate containerd --undo
    is "$(<"$ETC/containerd/config.toml")" $'version = 2\n[plugins."later"]'
}

@test "containerd: states that it does not understand are refused" {
    mkdir "$ETC/containerd"
    echo '[plugins.cri]' >"$ETC/containerd/config.toml"
    refused 'format of version 1' containerd
    printf 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.distro-shim]\n' >"$ETC/containerd/config.toml"
    refused "has a handler 'distro-shim'" containerd
    echo 'version = 2' >"$ETC/containerd/config.toml"
    integrate containerd
    sed -i 's/BinaryName = .*/BinaryName = "mine"/' "$ETC/containerd/config.toml"
    refused 'edited since' containerd
    refused 'edited since' containerd --undo
    sed -i '/^# <<</d' "$ETC/containerd/config.toml"
    refused 'incompletely' containerd --undo
    rm "$ETC/containerd/config.toml"
    ln -s nowhere "$ETC/containerd/config.toml"
    refused 'a link to nothing' containerd
}

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

# an engine that answers as it is told
engine_says() { # NAME SCRIPT
    mkdir -p bin && printf '#!/bin/bash\n%s\n' "$2" >"bin/$1" && chmod 755 "bin/$1"
}

@test "--status: whether it is set and in use, what leads around it, and who has another runtime" {
    PATH=$PWD/bin:$PATH
    engine_says docker 'case "$*" in
        "info --format {{.DefaultRuntime}}") cat default ;;
        info*) printf "distro-shim\nrunc\nmine\nio.containerd.runc.v2\n" ;;
        "ps -aq") echo 1; echo 2 ;;
        "inspect --format {{.Name}} {{.HostConfig.Runtime}} 1 2") printf "/old runc\n/new distro-shim\n" ;;
        esac'
    echo runc >default
    everything >before
    run integrate docker --status
    is "$status" 1
    contains "$output" 'not set:'
    contains "$output" "not in use: dockerd's default runtime is runc; restart Docker"
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
    is "$(grep '^to be made again' <<<"$output")" 'to be made again: container old has the runtime runc'
    sed -i 's/"path"/"path" /' "$ETC/docker/daemon.json"
    run integrate docker --status
    contains "$output" 'changed: '
    # one that hangs is not waited for
    engine_says docker 'exec sleep 100'
    engine_says timeout 'shift; exec /usr/bin/timeout 0.2 "$@"'
    run integrate docker --status
    contains "$output" 'in use: not known'
    rm bin/timeout

    engine_says podman 'case "$*" in
        --version) echo podman version 5.4.0 ;;
        info*) echo crun ;;
        "ps -aq") echo 1 ;;
        inspect*) echo 0123456789abcdef0123456789abcdef old crun ;;
        esac'
    integrate podman
    run integrate podman --status
    is "$status" 1
    contains "$output" "not in use: Podman's default runtime is crun"
    contains "$output" 'to be made again: container old (0123456789ab) has the runtime crun'

    engine_says containerd 'sed "s/^/  /" "$2"'
    integrate containerd
    run integrate containerd --status
    is "$status" 0
    is "$(grep '^handler: ' <<<"$output")" 'handler: distro-shim'
    contains "$output" "way around: handler 'runc': pods whose RuntimeClass names it, and those without one"
}

@test "killed at any of its steps: --undo makes it what it was" {
    local step
    for ((step = 1; step <= 60; step++)); do
        rm -rf "$ETC/docker" && mkdir -p "$ETC/docker"
        printf '{"a": 1}' >"$ETC/docker/daemon.json"
        everything >before
        # at its n-th call of a program that writes
        cat >trip.sh <<END
count=0
for name in mv cp mkdir rm rmdir chmod; do
    eval "\$name() { count=\\\$((count + 1)); [ \\\$count -lt $step ] || kill -KILL \\\$\\\$; command \$name \\"\\\$@\\"; }"
done
END
        killed=0
        BASH_ENV=$PWD/trip.sh bash "$DISTRO_SHIM_SOURCE/contrib/integrate" docker --etc-dir "$ETC" >out 2>&1 || killed=$?
        integrate docker --undo
        everything | diff before -
        [ "$killed" != 0 ] || break
        is "$killed" 137
    done
    [ "$step" -gt 5 ] && [ "$killed" = 0 ]
}

# linked ENGINE: the networks that it has links for
linked() { find "$ETC/distro-shim/$1" -type l -lname "$DISTRO_SHIM" -name 'distro-shim@*' -printf '%f\n' | cut -d @ -f 2 | sort | xargs; }

@test "a runtime for a network of its own: beside the general one, as the last call has them, and back" {
    ETC=/run/distro-shim-test/etc
    mkdir -p "$ETC"
    everything >before
    run integrate podman --network lab --network vpn --network lab
    is "$status" 0
    contains "$output" "+$ETC/distro-shim/podman/distro-shim@lab -> $DISTRO_SHIM"
    is "$(linked podman)" "lab vpn"
    contains "$(<"$ETC/$DROPIN")" "\"distro-shim@lab\" = [\"$ETC/distro-shim/podman/distro-shim@lab\"]"
    contains "$(<"$ETC/$DROPIN")" "runtime_supports_json = [\"crun\", \"runc\", \"kata\", \"runsc\", \"krun\", \"distro-shim\", \"distro-shim@lab\", \"distro-shim@vpn\"]"
    everything >once
    run integrate podman --network lab --network vpn
    is "$output" "Nothing to do: $ETC/$DROPIN says so already."
    run integrate podman --network vpn --dry-run
    contains "$output" "-$ETC/distro-shim/podman/distro-shim@lab"
    everything | diff once -
    integrate podman --network vpn --network /run/netns/distros
    is "$(linked podman)" vpn
    lacks "$(<"$ETC/$DROPIN")" distro-shim@lab
    contains "$(<"$ETC/$DROPIN")" 'netns = "ns:/run/netns/distros"'

    # those of another engine are its own
    integrate containerd --network lab
    is "$(linked containerd)" lab
    contains "$(<"$ETC/containerd/config.toml")" "containerd.runtimes.distro-shim-lab.options]
    BinaryName = \"$ETC/distro-shim/containerd/distro-shim@lab\""
    contains "$(<"$ETC/containerd/config.toml")" "containerd.runtimes.distro-shim.options]
    BinaryName = \"$DISTRO_SHIM\""
    everything >once
    run integrate containerd --network lab
    contains "$output" "Nothing to do"
    everything | diff once -
    integrate podman --undo
    is "$(linked containerd)" lab
    integrate containerd --undo
    everything | diff before -

    # Docker gives an argument
    integrate docker --network lab --network vpn --no-default
    is "$(jq -c '.runtimes | map_values(.runtimeArgs), has("default-runtime")' "$ETC/docker/daemon.json" | xargs)" \
        '{distro-shim:null,distro-shim@lab:[--network,lab],distro-shim@vpn:[--network,vpn]} false'
    run integrate docker --network lab --network vpn --no-default
    contains "$output" "Nothing to do"
    integrate docker --network vpn
    is "$(jq -c '.runtimes | keys' "$ETC/docker/daemon.json")" '["distro-shim","distro-shim@vpn"]'
    integrate docker --undo
    everything | diff before -
    mkdir "$ETC/docker"
    echo '{ "a": 1 }' >"$ETC/docker/daemon.json"
    everything >before
    integrate docker --network vpn
    integrate docker --undo
    everything | diff before -
}

@test "a runtime for a network: where its name would not be believed, or cannot be one, nothing is written" {
    refused "others than root can write in /tmp" podman --network lab
    ETC=/run/distro-shim-test/etc
    mkdir -p "$ETC/distro-shim/podman"
    chmod g+w "$ETC/distro-shim"
    refused "others than root can write in $ETC/distro-shim" podman --network lab
    refused "others than root can write in $ETC/distro-shim" containerd --network lab
    chmod g-w "$ETC/distro-shim"
    echo mine >"$ETC/distro-shim/podman/distro-shim@lab"
    refused "is not a link" podman --network lab
    for name in Lab my_lab my.lab lab-; do
        refused "'distro-shim-$name' cannot be the name of a handler" containerd --network $name
    done
    mkdir "$ETC/containerd"
    printf 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes."distro-shim-lab"]\n' >"$ETC/containerd/config.toml"
    refused "has a handler 'distro-shim-lab'" containerd --network lab
}

@test "usage: what makes no sense, and an option that would be ignored" {
    local words
    while read -ra words; do
        everything >usage.before
        run integrate "${words[@]}"
        is "$status" 2
        everything | diff usage.before -
    done <<'END'
lxc
podman containerd
podman --network a/b
podman --network -a
podman --network /run/netns/a --network /run/netns/b
podman --network /run/netns/a --no-default
containerd --network /run/netns/distros
docker --network /run/netns/distros
containerd --no-default
podman --undo --network lab
containerd --undo --network lab
docker --undo --no-default
docker --undo --program /bin/true
docker --status --undo
podman --status --network lab
END
    run "$DISTRO_SHIM_SOURCE/contrib/integrate"
    is "$status" 2
}

@test "what is installed is one file, and says what the one in the checkout says" {
    local name script
    for name in distro-net integrate; do
        script=$DISTRO_SHIM_SOURCE/contrib/$name
        awk -v contrib="$DISTRO_SHIM_SOURCE/contrib" -f "$DISTRO_SHIM_SOURCE/contrib/inline.awk" "$script" >"$name"
        chmod 755 "$name"
        lacks "$(<"$name")" lib.sh
        is "$("./$name" --help)" "$("$script" --help)"
        contains "$("./$name" --help)" "usage: $name "
        run "./$name" --bogus
        contains "$output" "$name: unknown argument '--bogus'; see --help"
    done
    run ./integrate podman --etc-dir "$ETC" --program "$DISTRO_SHIM"
    is "$status" 0
    ./integrate podman --etc-dir "$ETC" --undo
    is "$(ls "$ETC")" ""
    # a link to it, as one makes in a directory of $PATH, finds what it sources
    ln -s "$DISTRO_SHIM_SOURCE/contrib/integrate" link
    contains "$(./link --help)" "usage: integrate "
}
