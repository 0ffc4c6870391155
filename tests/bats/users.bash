# shellcheck shell=bash disable=SC2034,SC2016,SC2154
# SPDX-License-Identifier: Apache-2.0
# Real users, who are not root, each with a network of the user's own (distro-net up): `load helpers`, `load forward`,
# `load engines`, `load users`; in setup_file make_rootfs and lay_engines, in setup start_users_test, in teardown
# end_users_test. $HOMES/1000 and $RUNS/1000 are the directories of the one, 1001 those of the other.

start_users_test() {
    requires root world userns cmd:setpriv cmd:ip cmd:slirp4netns cmd:newuidmap file:/dev/net/tun
    # not below /run, of which Podman shows a user's networks another one
    HOMES=/var/users.$BATS_TEST_NUMBER RUNS=/run/users.$BATS_TEST_NUMBER USERS=(1000 1001)
    start_test
    local user
    mkdir -p $HOMES $RUNS/tun $RUNS/bin
    # the private machine's own files
    for user in "${USERS[@]}"; do
        getent passwd "$user" >/dev/null || echo "user$user:x:$user:$user::$HOMES/$user:/bin/sh" >>/etc/passwd
        mkdir -p $HOMES/"$user"/.config/containers $RUNS/"$user"
        printf '[containers]\nlog_driver = "k8s-file"\n[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n[network]\nnetwork_backend = "netavark"\n' \
            >$HOMES/"$user"/.config/containers/containers.conf
        mkdir -p $HOMES/"$user"/box && cp -a "$BATS_FILE_TMPDIR/rootfs" $HOMES/"$user"/box/rootfs
        echo "the page of $user" >$HOMES/"$user"/box/rootfs/home/index.html
        chmod 700 $RUNS/"$user" && chown -R "$user:$user" $HOMES/"$user" $RUNS/"$user"
    done
    give_ids
    mkdir -p /etc/containers
    [ -e /etc/containers/policy.json ] || echo '{"default": [{"type": "insecureAcceptAnything"}]}' >/etc/containers/policy.json
    mount -t tmpfs -o dev,mode=755 tmpfs $RUNS/tun && mknod -m 666 $RUNS/tun/tun c 10 200 && mount --bind $RUNS/tun/tun /dev/net/tun
    cp "$DISTRO_SHIM" $RUNS/bin/distro-shim
    cp "$DISTRO_SHIM_SOURCE"/contrib/{distro-net,distro-net-pool,distro-net-user,lib.sh} $RUNS/bin/
    cp -r "$DISTRO_SHIM_SOURCE/contrib/integrate" "$DISTRO_SHIM_SOURCE/contrib/engines" $RUNS/bin/
    find $HOMES/1000/.config -printf '%P %m %s\n' | sort >configured.before
}
give_ids() {
    local user first=200000 file
    for file in /etc/subuid /etc/subgid; do
        for user in "${USERS[@]}"; do echo "$user:$((first + (user - 1000) * 100000)):65536"; done >$file
    done
}
end_users_test() {
    local user
    [ -e "${RUNS:-/nowhere}/bin" ] || return 0
    for user in "${USERS[@]}"; do
        as "$user" podman rm -f -a -t 0 >/dev/null 2>&1 || true
        as "$user" distro-net down >/dev/null 2>&1 || true
        as "$user" podman system migrate >/dev/null 2>&1 || true
    done
    end_another_machine
    umount /dev/net/tun $RUNS/tun && rm -rf $HOMES $RUNS
    end_test
}

# as USER COMMAND...: in the home of that user, with a deadline
as() {
    local user=$1
    shift
    (cd $HOMES/"$user" && setpriv --reuid "$user" --regid "$user" --clear-groups env -i PATH="$RUNS/bin:$PATH" HOME=$HOMES/"$user" \
        XDG_RUNTIME_DIR=$RUNS/"$user" DISTRO_SHIM=$RUNS/bin/distro-shim PODMAN_IGNORE_CGROUPSV1_WARNING=1 STORAGE_DRIVER=vfs \
        timeout -k 5 60 "$@" </dev/null 3>&-)
}
# said STATUS PATTERN USER COMMAND...: it ends so, and what it says matches
said() {
    local expected=$1 pattern=$2
    shift 2
    status=0
    as "$@" >said 2>&1 || status=$?
    if [ "$status" != "$expected" ] || ! grep -qE -- "$pattern" said; then
        echo "$*: $status, expected $expected and '$pattern':" >&2
        cat said >&2
        return 1
    fi
}
# one's own Podman, for what the test says of it, and that of the other user
pod() { as 1000 podman "$@"; }
root_of() { echo $HOMES/"$1"/box/rootfs; } # USER
net_of() { readlink "/proc/$(cut -d ' ' -f 1 $RUNS/"$1"/distro-shim/net/holder)/ns/net"; } # USER
uplink_of() { cut -d ' ' -f 2 $RUNS/"$1"/distro-shim/net/uplink; } # USER
ours_is_gone() {
    [ ! -e $RUNS/1000/distro-shim/net ] && [ ! -e $RUNS/1000/distro-shim/netns ] || { find $RUNS/1000/distro-shim >&2 && return 1; }
}
# What leads from networks of the engine's into the user's.
leads_in() { as 1000 podman unshare nsenter --net=$RUNS/1000/distro-shim/netns ip -br addr | grep -c '^fwd.* 169\.254\.' || true; }
# The bundle's program gets the page at localhost and prints it.
asks_localhost() { # BUNDLE
    jq '.process.terminal = false | .process.args = ["wget", "-qO", "-", "http://127.0.0.1/"]' "$1/config.json" >new.json && cp new.json "$1/config.json"
}
