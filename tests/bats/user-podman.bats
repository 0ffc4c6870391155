#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Podman of users who are not root, with slirp4netns, each in the network of the user's own: what they write at a shell
# works as with any runtime.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load forward
load engines
load users

setup_file() { make_rootfs && lay_engines; }
setup() {
    start_users_test
    requires "file:$ENGINES/root/usr/lib/podman/netavark"
    for user in "${USERS[@]}"; do as $user distro-net up >/dev/null && as $user integrate podman >/dev/null; done
}
teardown() { end_users_test; }

@test "integrate: as a user it writes the user's own file, never root's, and takes exactly it back" {
    find /etc/containers -type f -exec sha256sum {} + | sort >etc.before
    is "$(pod info --format '{{.Host.OCIRuntime.Path}}')" $RUNS/bin/distro-shim
    said 0 'Nothing to do' 1000 integrate podman
    said 0 "set: in $HOMES/1000/.config/containers/containers.conf.d/50-distro-shim.conf" 1000 integrate podman --status
    contains "$(<said)" "it is Podman's default runtime"
    said 1 "the configuration of docker is root's" 1000 integrate docker
    said 1 "a user cannot choose among networks by the name of a runtime" 1000 integrate podman --network lab
    said 0 'Podman is as it was' 1000 integrate podman --undo
    find $HOMES/1000/.config -printf '%P %m %s\n' | sort | diff configured.before -
    [ "$(pod info --format '{{.Host.OCIRuntime.Path}}')" != $RUNS/bin/distro-shim ]
    # the other user's stays, and where there was no configuration at all none is left
    is "$(as 1001 podman info --format '{{.Host.OCIRuntime.Path}}')" $RUNS/bin/distro-shim
    as 1000 env XDG_CONFIG_HOME=$HOMES/1000/new integrate podman >/dev/null
    [ -e $HOMES/1000/new/containers/containers.conf.d/50-distro-shim.conf ]
    as 1000 env XDG_CONFIG_HOME=$HOMES/1000/new integrate podman --undo >/dev/null
    # Podman itself, which is asked for its containers, may leave something beside it
    [ ! -e $HOMES/1000/new/containers ]
    # root's asks for root's network, which is not for users
    mkdir -p /etc/containers/containers.conf.d && printf '[containers]\nnetns = "ns:/run/netns/distros"\n' >/etc/containers/containers.conf.d/50-test.conf
    as 1000 integrate podman >/dev/null
    is "$(pod run --rm --rootfs "$(root_of 1000)" readlink /proc/self/ns/net)" "$(net_of 1000)"
    rm /etc/containers/containers.conf.d/50-test.conf
    find /etc/containers -type f -exec sha256sum {} + | sort | diff etc.before -
}

@test "run, -p, exec; two users at once, each in the user's own network; nothing leads in afterwards" {
    pod run -d --name web -p 18085:80 --rootfs "$(root_of 1000)" httpd -f -p 80 -h /home >/dev/null
    as 1001 podman run -d --name web -p 18086:80 --rootfs "$(root_of 1001)" httpd -f -p 80 -h /home >/dev/null
    wait_until page_is 127.0.0.1 18085 'the page of 1000'
    wait_until page_is 127.0.0.1 18086 'the page of 1001'
    is "$(pod exec web readlink /proc/self/ns/net)" "$(net_of 1000)"
    is "$(as 1001 podman exec web readlink /proc/self/ns/net)" "$(net_of 1001)"
    # by hand in the same network, from outside
    as 1000 sh -c 'cd box && distro-shim spec'
    asks_localhost $HOMES/1000/box
    is "$(as 1000 sh -c 'cd box && distro-shim run byhand')" 'the page of 1000'
    said 0 "^$(pod inspect --format '{{.Id}}' web) " 1000 distro-shim members
    said 1 'stop them first' 1000 distro-net down
    for network in none host slirp4netns; do
        is "$(pod run --rm --network $network --rootfs "$(root_of 1000)" readlink /proc/self/ns/net)" "$(net_of 1000)"
    done
    pod rm -f -t 0 web >/dev/null
    is "$(leads_in)" 0
    said 0 'is gone' 1000 distro-net down
    ours_is_gone
}

@test "networks: a container is found by its name, from the same network and from another one; pods" {
    pod network create one >/dev/null
    pod run -d --name web --network one -p 18085:80 --rootfs "$(root_of 1000)" httpd -f -p 80 -h /home >/dev/null
    wait_until page_is 127.0.0.1 18085 'the page of 1000'
    # the name may take the engine's resolver a moment
    wait_until eval '[ "$(pod run --rm --network one --rootfs "$(root_of 1000)" wget -qO - http://web/ 2>/dev/null)" = "the page of 1000" ]'
    pod rm -f -t 0 web >/dev/null
    pod pod create --name p -p 18086:8080 >/dev/null
    pod run -d --pod p --name inpod --rootfs "$(root_of 1000)" httpd -f -p 8080 -h /home >/dev/null
    wait_until page_is 127.0.0.1 18086 'the page of 1000'
    is "$(pod run --rm --pod p --rootfs "$(root_of 1000)" wget -qO - http://127.0.0.1:8080/)" 'the page of 1000'
    pod pod rm -f -t 0 p >/dev/null
    pod network rm one >/dev/null
    wait_until eval '[ "$(leads_in)" = 0 ]'
}

@test "a user namespace of each container's own: keep-id and auto" {
    pod run -d --name kept --userns keep-id -p 18085:8080 --rootfs "$(root_of 1000)" httpd -f -p 8080 -h /home >/dev/null
    wait_until page_is 127.0.0.1 18085 'the page of 1000'
    is "$(pod exec kept sh -c 'id -u; readlink /proc/self/ns/net')" "1000
$(net_of 1000)"
    # another one of the network reaches it at localhost
    is "$(pod run --rm --userns auto:size=1000 --rootfs "$(root_of 1000)" sh -c 'readlink /proc/self/ns/net; wget -qO - http://127.0.0.1:8080/')" "$(net_of 1000)
the page of 1000"
    pod rm -f -t 0 kept >/dev/null
    wait_until eval '[ "$(leads_in)" = 0 ]'
}
