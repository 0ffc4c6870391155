# SPDX-License-Identifier: Apache-2.0
# How checkpoint and restore find, configure and run criu, what it says and what it gets, with a stand-in (criu.py).
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

@test "without criu checkpoint and its --help fail and say so, and the container runs on" {
    alive
    for path in /none /none:/nowhere; do
        PATH=$path attempt checkpoint --help || true
    done
    status=0
    PATH=/none "$DISTRO_SHIM" checkpoint --help >out 2>err || status=$?
    is "$status" 1
    contains "$(<err)" 'checkpoint and restore do not work here: criu: executable file not found in $PATH'
    contains "$(<out)" 'usage: distro-shim [GLOBAL OPTIONS] checkpoint'
    status=0
    PATH=/none "$DISTRO_SHIM" --root "$SHIM_ROOT" checkpoint c1 >out 2>err || status=$?
    is "$status" 1
    contains "$(<err)" 'criu: executable file not found in $PATH'
    is "$(PATH=/none "$DISTRO_SHIM" features | jq -r '.annotations["org.opencontainers.runc.checkpoint.enabled"]')" false
    is "$(state_of c1)" running
    [ ! -e checkpoint ]
}

@test "when criu does not fit the kernel its own reason is told, and nothing has happened" {
    requires cmd:criu
    ! criu check >/dev/null 2>&1 || skip "it fits here"
    alive
    status=0
    "$DISTRO_SHIM" checkpoint --help >/dev/null 2>err || status=$?
    is "$status" 1
    matches "$(<err)" "checkpoint and restore do not work here: 'criu check' failed: Error .criu/.*: "
    is "$("$DISTRO_SHIM" features | jq -r '.annotations["org.opencontainers.runc.checkpoint.enabled"]')" true
    expect_error "criu dump failed|'criu check' failed|criu.*ended" checkpoint --image-path images c1
    is "$(state_of c1)" running
    kill -0 "$(pid_of c1)"
    expect_error "criu" restore -d -b "$b" --image-path images c2
    [ ! -e "$SHIM_ROOT/c2" ]
}

@test "--help succeeds only if criu is new enough and says that it works" {
    fake none
    attempt checkpoint --help
    is "$status|$stderr" "0|"
    CRIU_FAILS=check attempt checkpoint --help
    is "$status" 1
    contains "$stderr" "'criu check' failed: "
    contains "$stderr" 'it is ?[31mbroken'
    CRIU_FAILS=old attempt checkpoint --help
    is "$status" 1
    contains "$stderr" 'has version 3.0, 3.15 is needed'
    is "$(shim features | jq -r '.annotations["org.opencontainers.runc.checkpoint.enabled"]')" true
    # Podman's question
    attempt restore --lsm-mount-context
    is "$status" 1
    contains "$stderr" 'requires an argument'
    succeeds restore --help
}

@test "criu gets the file of its options that is named, or that is usual" {
    fake log
    policy '{"version": 1, "mode": "observe"}'
    touch own.conf
    while IFS='|' read -r annotation wanted; do
        configured=$((${configured:-0} + 1))
        b=$(bundle "c$configured" "$(sleeping)" "$annotation")
        succeeds run -d -b "$b" "c$configured"
        rm -rf work
        expect_error 'criu dump failed' checkpoint --image-path images --work-path work "c$configured"
        is "$(sed -n 's/.* configured by //p' work/dump.log)" "$wanted"
        # the fake says no, but first it reads what it was asked
        expect_error 'criu restore failed' restore -b "$b" --image-path images --work-path work "r$configured"
        is "$(sed -n 's/.* configured by //p' work/restore.log)" "$wanted"
    done <<END
.annotations = {"org.criu.config": "$PWD/own.conf"}|$PWD/own.conf
.annotations = {"org.criu.config": ""}|
.|$(ls -d /etc/criu/distro-shim.conf /etc/criu/runc.conf 2>/dev/null | head -1)
END
    b=$(bundle bad "$(sleeping)" '.annotations = {"org.criu.config": "/no/such.conf"}')
    succeeds run -d -b "$b" bad
    expect_error "annotation org.criu.config: open '/no/such.conf': no such file" checkpoint --image-path images bad
}

@test "--criu names the program: a path, or a name in the path" {
    fake log
    alive
    mv fake/criu fake/other
    for name in "$PWD/fake/other" fake/other other; do
        expect_error 'criu dump failed' --criu "$name" checkpoint --image-path images c1
        is "$(shim --criu "$name" features | jq -r '.annotations["org.opencontainers.runc.checkpoint.enabled"]')" true
    done
    expect_error "another: executable file not found in .PATH" --criu another checkpoint --image-path images c1
    expect_error "criu: './none': no such file or directory" --criu ./none checkpoint --image-path images c1
}

@test "criu gets no descriptor but its own" {
    stands_in restores
    succeeds restore -d -b "$b" --image-path images --pid-file pid c1 7</etc/passwd 9>&1
    # its socket, both directories, the network, and the one that is reading the list
    is "$(<notes)" 'descriptors 0 1 2 3 4 5 6 7'
    is "$(shim state c1 | jq -c '[.status, .pid]')" "[\"running\",$(<pid)]"
    is "$(inode "/proc/$(<pid)/ns/net")" "$(inode /run/netns/distros)"
}
