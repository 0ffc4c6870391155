# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A user with a shared network of his own, as the manual has it, and his Podman: `load helpers`, `load forward`,
# `load forward-user`; requires root world userns cmd:podman cmd:setpriv file:/dev/net/tun.

start_user_test() {
    HOME_OF_USER=/run/forward-user
    start_test
    # the private machine's own files
    getent passwd 1000 >/dev/null || echo 'user:x:1000:1000::/home/user:/bin/sh' >>/etc/passwd
    for file in /etc/subuid /etc/subgid; do echo "$(id -un 1000):200000:65536" >$file; done
    mkdir -p $HOME_OF_USER/{run,tun}
    mount -t tmpfs -o dev,mode=755 tmpfs $HOME_OF_USER/tun
    mknod -m 666 $HOME_OF_USER/tun/tun c 10 200
    mount --bind $HOME_OF_USER/tun/tun /dev/net/tun
    cp "$DISTRO_SHIM" $HOME_OF_USER/distro-shim
    cp -a "$BATS_FILE_TMPDIR/rootfs" $HOME_OF_USER/root
    echo 'a page' >$HOME_OF_USER/root/home/index.html
    chown -R 1000:1000 $HOME_OF_USER/{distro-shim,root,run} && chown 1000:1000 $HOME_OF_USER && chmod 700 $HOME_OF_USER/run
    # as the manual has it
    of_user podman unshare sh -c 'd=$XDG_RUNTIME_DIR/distro-shim
        mkdir -p $d && touch $d/netns
        unshare --net=$d/netns sh -c "ip link set lo up; ip link add ours type veth peer name theirs"'
}
end_user_test() {
    [ -e "${HOME_OF_USER:-}/distro-shim" ] || return 0
    pod rm -f -t 0 web >/dev/null 2>&1 || true
    of_user podman unshare sh -c 'umount $XDG_RUNTIME_DIR/distro-shim/netns'
    of_user podman system migrate >/dev/null 2>&1
    umount /dev/net/tun $HOME_OF_USER/tun
    rm -rf "$HOME_OF_USER"
    end_test
}
of_user() {
    (cd / && setpriv --reuid 1000 --regid 1000 --clear-groups env -i PATH="$PATH" PODMAN_IGNORE_CGROUPSV1_WARNING=1 HOME=$HOME_OF_USER \
        XDG_RUNTIME_DIR=$HOME_OF_USER/run timeout 30 "$@" </dev/null 3>&-)
}
pod() { of_user podman --cgroup-manager cgroupfs --events-backend file --runtime $HOME_OF_USER/distro-shim "$@"; }
left() { of_user podman unshare sh -c 'ls $XDG_RUNTIME_DIR/distro-shim/decoys; nsenter --net=$XDG_RUNTIME_DIR/distro-shim/netns ip -br addr | grep fwd'; }
