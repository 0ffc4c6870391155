#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Every example of the README, docs/ and the manual pages, as it is written there: what a person copies must run. One that is
# not run stands below with the reason; a new one fails until it is in the list.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for awk or the shell of an example

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world cmd:python3
    cd "$BATS_TEST_TMPDIR" || return 1
    S=$DISTRO_SHIM_SOURCE
    # what is installed, under the names that it has then; root needs no sudo
    mkdir bin && ln -s "$DISTRO_SHIM" bin/distro-shim && ln -s "$S/contrib/distro-net" bin/distro-net
    ln -s "$S/contrib/integrate" bin/distro-shim-integrate
    printf '#!/bin/sh\nexec "$@"\n' >bin/sudo && chmod 755 bin/sudo
    PATH=$PWD/bin:$PATH
    tar -C "$BATS_FILE_TMPDIR/rootfs" -cf rootfs.tar .
}
teardown() {
    "$DISTRO_SHIM" delete --force mybox 2>/dev/null || true
    "$DISTRO_SHIM" delete --force demo 2>/dev/null || true
    "$S/contrib/distro-net" down >/dev/null 2>&1 || true
}

# blocks FILE DIRECTORY: its examples, a file each (1, 2, ...), without the markup of a manual page
blocks() {
    mkdir -p "$2"
    case $1 in
    *.md) awk -v to="$2" '/^```sh$/ { n++; on = 1; next } /^```$/ { on = 0 } on { print >(to "/" n) }' "$1" ;;
    *) awk -v to="$2" '/^\.(nf|EX)$/ { n++; on = 1; next } /^\.(fi|EE)$/ { on = 0 }
        on { gsub(/\\f[BIRP]/, ""); gsub(/\\-/, "-"); gsub(/\\e/, "\\"); gsub(/\\&/, ""); print >(to "/" n) }' "$1" ;;
    esac
}
# at a terminal: the shell of the example is left by `exit`
person() { timeout -k 5 60 /usr/bin/python3 "$BATS_TEST_DIRNAME/terminal.py" "$@" 3>&- </dev/null; }

@test "every example is run by a test, or stands here with the reason why it is not" {
    local -A known=(
        [README.md/1]="acceptance/quickstart.bats" [README.md/2]="builds and installs: tests/check"
        [README.md/3]="a registry of images; else user-podman.bats"
        [first-steps.md/1]="builds and installs: tests/check" [first-steps.md/2]="below" [first-steps.md/3]="below"
        [first-steps.md/4]="integrate: below; ctr: containerd.bats" [first-steps.md/5]="user-network.bats" [CONTRIBUTING.md/1]="builds" [CONTRIBUTING.md/2]="is what runs this test"
        [distro-shim.8/1]="below" [distro-shim.8/2]="needs a container of Podman: podman-network.bats"
        [distro-shim.8/3]="needs a container of Podman: podman-network.bats, policy-test.bats"
        [distro-shim.8/4]="integrate: below; Podman: podman.bats" [distro-shim.8/5]="integrate: below; ctr: containerd.bats"
        [distro-shim.8/6]="integrate: below; Docker reads it: docker.bats" [distro-shim.8/7]="integrate: below; Docker: docker-only.bats"
        [distro-shim-policy.5/1]="user-podman.bats"
        [distro-shim-policy.5/2]="below" [distro-shim-policy.5/3]="below" [distro-shim-policy.5/4]="below" [distro-shim-policy.5/5]="below"
        [distro-shim-policy.5/6]="below" [distro-shim-policy.5/7]="below"
    )
    local file block found=0
    for file in "$S"/*.md "$S"/docs/*.md "$S"/man/*.[0-9]; do
        blocks "$file" "${file##*/}"
        for block in "${file##*/}"/*; do
            [ -e "$block" ] || continue
            [ -n "${known[$block]:-}" ] || { echo "$block is not in the list:" >&2 && cat "$block" >&2 && return 1; }
            found=$((found + 1))
        done
    done
    is "$found" "${#known[@]}"
}

@test "first steps: a shell, then the steps of an engine" {
    blocks "$S/docs/first-steps.md" first
    person 'expect:# ' 'send:echo in-$((1 + 1))\n' expect:in-2 'send:exit\n' -- bash -e first/2 >screen
    contains "$(<screen)" "/run/netns/distros is up"
    contains "$(<screen)" "decisions:"
    cd box
    # what it prints goes to a file, which the container keeps open
    bash -e ../first/3 >../said 2>&1 </dev/null
    cat ../said
    matches "$(<../said)" 'mybox +[0-9]+ +running'
    contains "$(<../said)" "sleep 1000"
    lacks "$("$DISTRO_SHIM" list)" mybox
}

@test "distro-shim(8): the network, a bundle with a shell" {
    blocks "$S/man/distro-shim.8" man
    person 'expect:# ' 'send:echo in-$((1 + 1))\n' expect:in-2 'send:exit\n' -- bash -e man/1 >screen
    contains "$(<screen)" "decisions:"
}

@test "first steps and distro-shim(8): integrate, and back" {
    blocks "$S/docs/first-steps.md" first
    blocks "$S/man/distro-shim.8" man
    find /etc/containers /etc/containerd /etc/docker -type f ! -name netavark.lock -exec sha256sum {} + 2>/dev/null | sort >before || true
    for block in first/4 man/4 man/5 man/6 man/7; do
        grep -E '^(sudo )?distro-shim-integrate' "$block" >lines
        [ -s lines ]
        bash -e lines
    done
    for engine in podman buildah containerd docker; do distro-shim-integrate $engine --undo; done
    find /etc/containers /etc/containerd /etc/docker -type f ! -name netavark.lock -exec sha256sum {} + 2>/dev/null | sort | diff before -
}

@test "distro-shim-policy(5): every policy that it shows is one" {
    SHIM_POLICY_DIRECTORY=/run/distro-shim-test
    blocks "$S/man/distro-shim-policy.5" policy
    for n in 3 4 5 6; do
        policy "$(<policy/$n)"
        run "$DISTRO_SHIM" policy check "$SHIM_POLICY"
        is "$status" 0
    done
    # the first is the built-in one
    policy "$(<policy/3)"
    diff <("$DISTRO_SHIM" --policy "$SHIM_POLICY" policy show) <("$DISTRO_SHIM" policy show)
}

@test "distro-shim-policy(5): a user's own network, without an engine" {
    blocks "$S/man/distro-shim-policy.5" policy
    home=$(mktemp -d /run/documents.XXXXXX) && mkdir -p "$home/box" "$home/run" "$home/bin"
    cp -a "$BATS_FILE_TMPDIR/rootfs" "$home/box/rootfs" && cp "$DISTRO_SHIM" "$home/bin/"
    chmod 755 "$home" && chown -R 2001:2001 "$home"
    cat >>policy/2 <<'END'
cd ~/box
distro-shim spec
sed -i 's/"terminal": true/"terminal": false/; s/"sh"/"ls", "\/sys\/class\/net"/' config.json
distro-shim run mybox
END
    # a shell that leaves what follows to the one that it starts
    run setpriv --reuid 2001 --regid 2001 --clear-groups env -i "PATH=$home/bin:$PATH" "HOME=$home" "XDG_RUNTIME_DIR=$home/run" \
        bash -c 'cat | bash' <policy/2
    rm -rf "$home"
    is "$status|$output" "0|lo"
}
