#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A user's own network on a whole machine: kept by the user's systemd, with Podman under it.
# Run by hand:  tests/vm [-S trixie] bats tests/bats/user-vm.bats
# world: vm

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers

setup_file() {
    make_rootfs
    [ -d /run/systemd/system ] && command -v podman >/dev/null || return 0
    install -m 755 "$DISTRO_SHIM" "$DISTRO_SHIM_SOURCE/contrib/distro-net" /usr/local/bin/
    cp "$DISTRO_SHIM_SOURCE"/contrib/{distro-net-pool,distro-net-user,lib.sh} /usr/local/bin/
    mkdir -p /etc/systemd/user
    sed 's|@bindir@|/usr/local/bin|' "$DISTRO_SHIM_SOURCE/contrib/user/distro-net.service.in" >/etc/systemd/user/distro-net.service
    # a way out, which user-mode networks take over
    ip route add default via 10.77.0.2
    # started by the first that asks
    of_user systemctl --user daemon-reload
}
of_user() {
    (cd / && runuser -u user -- env -i PATH="$PATH" HOME=/home/user XDG_RUNTIME_DIR=/run/user/1000 \
        timeout 200 "$@" </dev/null 3>&-)
}
setup() {
    requires root world systemd cmd:podman file:/run/user/1000/bus
    mkdir -p /home/user/box && cp -a "$BATS_FILE_TMPDIR/rootfs" /home/user/box/rootfs
    echo 'a page' >/home/user/box/rootfs/home/index.html && chown -R user:user /home/user/box
}
teardown() {
    of_user podman rm -f -a -t 0 >/dev/null 2>&1
    of_user systemctl --user disable --now distro-net.service >/dev/null 2>&1
    of_user "$DISTRO_SHIM_SOURCE/contrib/integrate" podman --undo >/dev/null
    rm -rf /home/user/box
}
refute_up() { if is_up; then cat said >&2 && return 1; fi; }
# as wait_until, but for what takes long here
within() { # SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || { echo "waited in vain for: $*" >&2 && return 1; }
        sleep 0.2
    done
}
gives_page() { [ "$(timeout 5 bash -c 'exec 5<>"/dev/tcp/$1/$2" && printf "GET / HTTP/1.0\r\n\r\n" >&5 && cat <&5' - "$1" "$2" 2>/dev/null | tail -n 1)" = 'a page' ]; }
is_up() { of_user distro-net status >said 2>&1; }

@test "the unit of a user keeps the network; Podman under the user's systemd is in it, with limits; a new session has it again" {
    cd "$BATS_TEST_TMPDIR"
    of_user systemctl --user enable --now distro-net.service
    is_up || { cat said && of_user systemctl --user status distro-net.service && false; }
    matches "$(<said)" 'uplink: (pasta|slirp4netns)'
    of_user "$DISTRO_SHIM_SOURCE/contrib/integrate" podman --program /usr/local/bin/distro-shim >/dev/null
    of_user podman run -d --name web -p 18080:80 --memory 64m --rootfs /home/user/box/rootfs httpd -f -p 80 -h /home >/dev/null
    within 30 gives_page 127.0.0.1 18080
    pid=$(of_user podman inspect -f '{{.State.Pid}}' web)
    group=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
    matches "$group" '/user@1000.service/user.slice/libpod-[0-9a-f]*\.scope'
    is "$(<"$group/memory.max")" 67108864
    # by hand in the same network
    of_user sh -c 'cd ~/box && rm -f config.json && distro-shim spec && sed -i "s/\"terminal\": true/\"terminal\": false/; s/\"sh\"/\"readlink\", \"\/proc\/self\/ns\/net\"/" config.json'
    is "$(of_user sh -c 'cd ~/box && distro-shim run box')" "$(readlink "/proc/$pid/ns/net")"
    # it is not taken away while the container lives, nor with it what Podman needs
    of_user systemctl --user stop distro-net.service || true
    is_up
    is "$(of_user podman exec web readlink /proc/self/ns/net)" "$(readlink "/proc/$pid/ns/net")"
    of_user podman rm -f -t 0 web >/dev/null
    of_user systemctl --user start distro-net.service
    of_user systemctl --user stop distro-net.service
    refute_up
    # as at the end of the last session, and at the next login
    systemctl restart user@1000.service
    within 60 is_up
}
