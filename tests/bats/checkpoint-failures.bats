# SPDX-License-Identifier: Apache-2.0
# A checkpoint or restore that fails or is killed half-way, with a stand-in for criu (criu.py): what is left, and what is
# said.
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

@test "after a failed checkpoint the container runs on, and the error has the log's last words" {
    fake log
    alive
    expect_error "criu dump failed, see '$PWD/work/dump.log': (Error .criu/fake.c:[234].: it is .\[31mbroken(; |$)){3}" \
        checkpoint --image-path images --work-path work c1
    is "$(state_of c1)" running
    is "$(find "$SHIM_ROOT/c1" -type d)" "$SHIM_ROOT/c1"
    export CRIU_FAILS=dies
    expect_error "ended with status 3 and no answer" checkpoint --image-path images c1
    export CRIU_FAILS=garbage
    expect_error "cannot be understood" checkpoint --image-path images c1
    expect_error "cannot track changes of memory" checkpoint --pre-dump --image-path images c1
    is "$(state_of c1)" running
}

@test "a failed restore leaves nothing" {
    fake log
    b=$(bundle c1 "$(sleeping)" ".mounts += [{destination: \"/etc/there\", type: \"bind\", source: \"/etc/hostname\", options: [\"bind\"]}]")
    expect_error 'no such file or directory' restore -b "$b" --image-path images c1
    mkdir images
    expect_error 'no images of a checkpoint' restore -b "$b" --image-path images c1
    echo '["/dev/null", "pipe:[1]"' >images/descriptors.json
    expect_error 'descriptors.json:2:1: the text ends too early' restore -b "$b" --image-path images c1
    echo '["/dev/null", "pipe:[1]", "pipe:[1]"]' >images/descriptors.json
    for CRIU_FAILS in log dies garbage; do
        export CRIU_FAILS
        expect_error 'criu' restore -b "$b" --image-path images --work-path work --pid-file pid c1
        [ ! -e "$SHIM_ROOT/c1" ] && [ ! -e pid ]
        is "$(find /sys/fs/cgroup -name c1)" ""
    done
    CRIU_FAILS=log expect_error "criu restore failed, see '$PWD/work/restore.log': Error .criu/fake.c:2" \
        restore -b "$b" --image-path images --work-path work c1
    # the policy comes first
    policy '{"version": 1, "network": {"namespace": "/run/netns/none"}}'
    expect_error 'none' restore -b "$b" --image-path images c1
    [ ! -e "$SHIM_ROOT/c1" ]
}

@test "when the runtime is killed while criu works, delete --force finds what there is" {
    fake waits
    b=$(bundle c1 "$(sleeping)")
    mkdir images
    echo '["/dev/null", "/dev/null", "/dev/null"]' >images/descriptors.json
    # not a function: it is the runtime itself that is killed
    "$DISTRO_SHIM" --root "$SHIM_ROOT" restore -d -b "$b" --image-path images c1 </dev/null >/dev/null 2>&1 3>&- &
    wait_until eval '[ -n "$(cat /sys/fs/cgroup/distro-shim/c1/cgroup.procs /sys/fs/cgroup/*/distro-shim/c1/cgroup.procs 2>/dev/null)" ]'
    is "$(state_of c1)" ''
    is "$(shim list --format json | jq -r '.[].status')" creating
    kill -KILL $!
    wait $! || true
    wait_until shim delete --force c1
    [ ! -e "$SHIM_ROOT/c1" ]
}

@test "when criu dies and a process that it has made keeps its socket, the runtime does not wait for that" {
    stands_in lingers
    # what another one has said is not said again
    echo '(00.1) Error (criu/earlier.c:1): long ago' >images/restore.log
    expect_error "^distro-shim: processes: criu restore \(status 3\) failed$" restore -d -b "$b" --image-path images c1
    nothing_of_c1
    succeeds run -d -b "$b" c1
    expect_error 'ended with status 3 and no answer' checkpoint --image-path again c1
    # it may not have come to saying which it is
    wait_until eval 'kill "$(tail -n 1 notes)"'
}

@test "criu is told what has failed, and has the time to take it back" {
    stands_in restores '.hooks.prestart = [{path: "/bin/false"}]'
    expect_error 'prestart hook' restore -d -b "$b" --image-path images c1
    is "$(tail -n 1 notes)" 'undone after setup-namespaces'
    nothing_of_c1
}

@test "a checkpoint whose runtime is killed comes to its end: the container is not left frozen" {
    stands_in freezes
    for signal in KILL INT; do
        succeeds run -d -b "$b" c1
        rm -f notes
        # not a function: it is the runtime itself that is killed
        setsid "$DISTRO_SHIM" --root "$SHIM_ROOT" checkpoint --leave-running --image-path images c1 </dev/null >/dev/null 2>&1 3>&- &
        checkpoint=$!
        wait_until test -s notes
        is "$(state_of c1)" paused
        # as a terminal does, to the whole of its process group
        kill -"$signal" -- "-$checkpoint"
        wait $checkpoint || true
        wait_until grep -q done notes
        is "$(state_of c1)" running
        succeeds delete --force c1
    done
}
