# SPDX-License-Identifier: Apache-2.0
# What can neither be checkpointed nor restored, with a stand-in for criu (criu.py): containers and images that are not
# what they should be, or would get into what is not theirs.
# world: hybrid v2 vm
# world, with --full: legacy

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load checkpoint

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() { end_test; }

@test "a container that does not run, and options that criu would not get, are refused" {
    fake log
    b=$(bundle c1 "$(sleeping)")
    expect_error 'container does not exist' checkpoint c1
    succeeds create -b "$b" c1
    expect_error 'it was created but not started' checkpoint c1
    succeeds start c1
    for option in --lazy-pages --status-fd=3 --page-server=nowhere --empty-ns=pid --manage-cgroups-mode=hard --network-lock=x; do
        expect_error "${option%%=*}" checkpoint --image-path images "$option" c1
    done
    succeeds kill c1 KILL
    wait_until eval '[ "$(state_of c1)" = stopped ]'
    expect_error 'container not running' checkpoint --image-path images c1
}

@test "images of a container in the runtime's own namespaces are not let into them" {
    stands_in restores
    for kinds in mnt 'pid uts ipc' 'pid mnt ipc' 'pid mnt uts'; do
        CRIU_MAKES=$kinds expect_error "the images put the container into the runtime's own [A-Zmount]* namespace and not into a new one" \
            restore -d -b "$b" --image-path images c1
        nothing_of_c1
    done
    policy '{"version": 1, "mode": "observe"}'
    edit_config "$b" '(.linux.namespaces[] | select(.type == "network")) |= {type: "network"}'
    expect_error "the runtime's own network namespace" restore -d -b "$b" --image-path images c1
    nothing_of_c1
    export CRIU_MAKES='pid mnt uts ipc net'
    succeeds restore -d -b "$b" --image-path images c1
    # one that lets it go without a question
    succeeds delete --force c1
    CRIU_FAILS=hushed expect_error 'criu has not asked' restore -d -b "$b" --image-path images c1
    nothing_of_c1
}

@test "directories that another user could have filled are refused" {
    stands_in log
    succeeds run -d -b "$b" c1
    ln -s "$PWD/precious" images/dump.log && echo precious >precious
    expect_error 'criu dump failed' checkpoint --image-path images c1
    is "$(<precious)" precious
    mkdir theirs open && chown 1000 theirs && chmod 777 open
    for option in --image-path --work-path --parent-path; do
        from=''
        [ $option != --parent-path ] || from=../
        expect_error "$option '.*theirs' belongs to uid 1000, not to the caller" checkpoint --image-path images $option ${from}theirs c1
        expect_error "$option '.*open' can be written by others" checkpoint --image-path images $option ${from}open c1
    done
    succeeds delete --force c1
    cp images/descriptors.json theirs
    expect_error "theirs' belongs to uid 1000" restore -b "$b" --image-path theirs c1
    expect_error "theirs' belongs to uid 1000" restore -b "$b" --image-path images --work-path theirs c1
    is "$(ls theirs open)" $'open:\n\ntheirs:\ndescriptors.json'
    nothing_of_c1
}

@test "a device of the host's network is not for a restored container" {
    stands_in restores
    policy '{"version": 1, "mode": "observe"}'
    edit_config "$b" '((.linux.namespaces[] | select(.type == "network")) |= {type: "network"}) | .linux.netDevices = {lo: {name: "x0"}}'
    CRIU_MAKES='pid mnt uts ipc net' expect_error 'linux.netDevices: criu makes' restore -d -b "$b" --image-path images c1
    nothing_of_c1
}

@test "a stream to a file whose name is not UTF-8 is recorded with a name that is" {
    fake freezes
    b=$(bundle c1 "$(args sh -c 'exec >"$(printf "/\\377")"; echo there; sleep 1000')" '.root.readonly = false')
    succeeds run -d -b "$b" c1
    wait_until test -s "$b/rootfs/"$'\xff'
    succeeds checkpoint --leave-running --image-path images c1
    is "$(jq -r '.[1]' images/descriptors.json)" '/?'
}

@test "images whose processes have power over the network are not let into it" {
    stands_in restores
    CRIU_NET_RAW=1 expect_error 'the images give process [0-9]+ CAP_NET_ADMIN, CAP_NET_RAW, which network.admin of the policy' \
        restore -d -b "$b" --image-path images c1
    nothing_of_c1
    policy '{"version": 1, "network": {"admin": true}}'
    CRIU_NET_RAW=1 succeeds restore -d -b "$b" --image-path images c1
    succeeds delete --force c1
    for key in strip refuse; do
        policy "{\"version\": 1, \"privileged\": \"$key\"}"
        expect_error 'the images give process [0-9]+ CAP_[A-Z_, ]*CAP_SYS_ADMIN, [A-Z_, ]*, which privileged of the policy' \
            restore -d -b "$b" --image-path images c1
        nothing_of_c1
    done
    policy '{"version": 1, "capabilities": {"remove": ["CAP_SYS_TIME"]}}'
    expect_error 'the images give process [0-9]+ CAP_SYS_TIME, which capabilities.remove of the policy' restore -d -b "$b" --image-path images c1
    policy '{"version": 1, "privileged": "refuse"}'
    # before criu, what the bundle asks for
    edit_config "$b" '.process.capabilities.bounding += ["CAP_SYS_ADMIN"]'
    expect_error 'config.json:[0-9]+:[0-9]+: privileged: .*\(CAP_SYS_ADMIN\).* set privileged to "strip"' \
        restore -d -b "$b" --image-path images c1
    SHIM_POLICY=
    succeeds restore -d -b "$b" --image-path images c1
}

@test "a container with a mount over its root file system is neither checkpointed nor restored" {
    stands_in restores
    edit_config "$b" --arg root "$BATS_FILE_TMPDIR/rootfs" '.mounts = [{destination: "/.", type: "bind", source: $root, options: ["rbind"]}] + .mounts'
    expect_error 'mounts\[0\].destination: criu knows one root file system' restore -d -b "$b" --image-path images c1
    nothing_of_c1
    succeeds run -d -b "$b" c1
    mkdir dumped
    expect_error 'mounts\[0\].destination: a container with a mount over its root file system cannot be checkpointed' checkpoint --image-path dumped c1
    is "$(state_of c1)" running
    succeeds delete --force c1
}

@test "without a mount namespace of its own a container is neither restored nor checkpointed" {
    stands_in restores
    policy '{"version": 1, "mode": "observe"}'
    edit_config "$b" '.mounts = [] | del(.linux.maskedPaths, .linux.readonlyPaths, .root.readonly) | .linux.namespaces |= map(select(.type != "mount" and .type != "network"))'
    expect_error 'linux.namespaces: criu restores a container into a mount namespace of its own alone; add one' restore -d -b "$b" --image-path images c1
    nothing_of_c1
    succeeds run -d -b "$b" c1
    mkdir dumped
    expect_error 'cannot checkpoint container c1: it has no mount namespace of its own' checkpoint --image-path dumped c1
    is "$(state_of c1)" running
    succeeds delete --force c1
}
