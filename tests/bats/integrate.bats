#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# contrib/integrate: what it changes, that it changes it once, and that it takes exactly that back. That the
# engines read it the podman files show. Docker has files of its own.
# world: hybrid

load helpers
load integrate

setup() { start_integrate_test; }
teardown() { end_integrate_test; }

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
    # later versions of Podman can be told to continue a list
    printf '%s\n' '[engine]' 'runtime_supports_json = ["four", {append=true}]' >"$ETC/containers/containers.conf.d/10-mine.conf"
    integrate podman
    contains "$(<"$ETC/$DROPIN")" 'runtime_supports_json = ["one", "two", "three", "four", "distro-shim"]'
}

@test "podman: what was edited since is neither replaced nor removed, and that of an older version is" {
    integrate podman
    sed -i 's/^runtime = .*/runtime = "mine"/' "$ETC/$DROPIN"
    refused 'was edited since' podman
    refused 'was edited since' podman --undo
    run integrate podman --status
    contains "$output" 'changed: '
    rm "$ETC/$DROPIN"
    everything >before
    integrate podman
    echo 'cgroup_manager = "systemd"' >>"$ETC/$DROPIN"
    refused 'was edited since' podman --undo
    sed -i '/^# checksum/d' "$ETC/$DROPIN"
    integrate podman --undo
    [ ! -e "$ETC/$DROPIN" ]
}

@test "buildah: a file beside that of Podman; each goes by itself, and the last takes the directories along" {
    local mine=containers/containers.conf.d/50-distro-shim-buildah.conf first
    PATH=$PWD/bin:$PATH
    root_alone_writes
    everything >before
    for first in podman buildah; do
        integrate buildah --network lab --program "$(type -P true)"
        contains "$(<"$ETC/$mine")" 'runtime = "distro-shim"'
        contains "$(<"$ETC/$mine")" '"distro-shim@lab" = '
        cp "$ETC/$mine" kept
        integrate podman
        lacks "$(<"$ETC/$DROPIN")" lab
        cmp kept "$ETC/$mine"
        cp "$ETC/$DROPIN" kept.podman
        run integrate "$first" --undo
        is "$status" 0
        contains "$output" 'stays, and is for'
        if [ "$first" = podman ]; then
            cmp kept "$ETC/$mine"
            integrate buildah --undo
        else
            cmp kept.podman "$ETC/$DROPIN"
            integrate podman --undo
        fi
        everything | diff before -
    done
    # shellcheck disable=SC2016 # it is for the script
    engine_says buildah 'echo "      --runtime path           path to an alternate OCI runtime (default \"$(cat default)\")"'
    integrate buildah
    echo distro-shim >default
    run integrate buildah --status
    is "$status" 0
    contains "$output" "in use: it is buildah's default runtime"
    contains "$output" 'way around: buildah --isolation chroot'
    echo crun >default
    run integrate buildah --status
    is "$status" 1
    contains "$output" "not in use: buildah's default runtime is crun"
}

@test "podman and containerd: what the engine itself does not understand is not written" {
    PATH=$PWD/bin:$PATH
    # shellcheck disable=SC2016 # it is for the script
    engine_says podman '[ -z "${CONTAINERS_CONF:-}" ] || { echo "toml: line 5" >&2 && exit 125; }; echo podman version 5.4.0'
    refused 'podman does not understand what would be written' podman
    # a file that it imports has the section of the plugin, which goes before ours
    # shellcheck disable=SC2016 # it is for the script
    engine_says containerd 'echo "    [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.theirs]"'
    refused "would not have the handler 'distro-shim'" containerd
    mkdir "$ETC/containerd"
    printf 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.mine]\n' >"$ETC/containerd/config.toml"
    # shellcheck disable=SC2016 # it is for the script
    engine_says containerd 'grep -v mine "$2" || true; grep -q distro-shim "$2" || cat "$2"'
    refused "would no longer have the handler 'mine'" containerd
    engine_says containerd 'exit 1'
    refused 'containerd does not understand' containerd
    # as the packages of Docker have it
    printf 'version = 2\ndisabled_plugins = ["cri"]\n' >"$ETC/containerd/config.toml"
    # shellcheck disable=SC2016 # it is for the script
    engine_says containerd 'cat "$2"'
    run integrate containerd
    is "$status" 0
    contains "$output" 'disables the plugin for Kubernetes'
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

@test "--status: whether it is set and in use, what leads around it, and who has another runtime" {
    PATH=$PWD/bin:$PATH
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
podman --only
containerd --kubernetes
docker --kubernetes
docker --only --network a --network b
docker --undo --only
docker --status --only
buildah --network /run/netns/distros
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
