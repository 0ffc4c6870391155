#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Under a service manager: its listening sockets reach the program (sd_listen_fds(3)), and the program's
# notifications reach it (sd_notify(3)), but nothing else does.
# world: hybrid
# world, with --full: v2

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world cmd:python3
    start_test
}
teardown() {
    [ -z "${manager:-}" ] || kill "$manager" 2>/dev/null || true
    end_test
}

# The service manager: a datagram socket, each message as a line of $BATS_TEST_TMPDIR/heard.
start_manager() { # [ADDRESS]
    address=${1:-$BATS_TEST_TMPDIR/manager.sock}
    rm -f "$BATS_TEST_TMPDIR/listens"
    /usr/bin/python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
a = sys.argv[1]
s.bind("\0" + a[1:] if a[0] == "@" else a)
open(sys.argv[3], "w").close()
out = open(sys.argv[2], "a", buffering=1)
while True:
    data, ancillary, flags, sender = s.recvmsg(8192, 256)
    out.write(repr(data.decode()) + (" with descriptors" if ancillary else "") + "\n")
' "$address" "$BATS_TEST_TMPDIR/heard" "$BATS_TEST_TMPDIR/listens" 3>&- &
    manager=$!
    : >"$BATS_TEST_TMPDIR/heard"
    wait_until test -e "$BATS_TEST_TMPDIR/listens"
}
heard() { cat "$BATS_TEST_TMPDIR/heard"; }

# The program: says what it is told to, through a binary of the image.
make_notifier() { # BUNDLE
    cc -O1 -static -o "$1/rootfs/bin/notify" -x c - <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0), passed = 0;
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	for (int i = 1; i < argc; i++) {
		struct iovec text = { argv[i], strlen(argv[i]) };
		struct msghdr message = { &to, sizeof(to), &text, 1, control, sizeof(control), 0 };
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		snprintf(to.sun_path, sizeof(to.sun_path), "%s", getenv("NOTIFY_SOCKET"));
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &passed, sizeof(int));
		if (sendmsg(fd, &message, 0) < 0) {
			perror(to.sun_path);
			return 1;
		}
	}
	return 0;
}
END
}

@test "run in the foreground: what concerns the service passes, the rest does not" {
    requires cmd:cc
    start_manager
    b=$(bundle c1 "$(args sh -c 'notify "STATUS=starting" "READY=1
MAINPID=1
FDSTORE=1" "BARRIER=1" "STOPPING=1"; touch /run/notify/x 2>&1; echo $NOTIFY_SOCKET; ls /run/notify')")
    make_notifier "$b"
    NOTIFY_SOCKET=$address attempt run -b "$b" c1
    is "$status $stderr" "0 "
    is "$output" $'touch: /run/notify/x: Read-only file system\n/run/notify/notify.sock\nnotify.sock'
    wait_until grep -q STOPPING "$BATS_TEST_TMPDIR/heard"
    is "$(heard)" "'STATUS=starting\\n'
'READY=1\\n'
'STOPPING=1\\n'"
}

@test "start waits until the program is ready, as another user, and tells its pid" {
    requires cmd:cc
    start_manager
    b=$(bundle c1 "$(args sh -c 'until [ -e /tmp/go ]; do sleep 0.1; done; notify READY=1; exec sleep 1000')" '.process.user = {uid: 1000, gid: 1000}')
    make_notifier "$b"
    NOTIFY_SOCKET=$address succeeds create -b "$b" c1
    NOTIFY_SOCKET=$address timeout 20 "$DISTRO_SHIM" --root "$SHIM_ROOT" start c1 </dev/null >out 2>&1 3>&- &
    starter=$!
    wait_until is_running c1
    # others can act on it meanwhile
    succeeds state c1
    kill -0 $starter
    touch "$b/rootfs/tmp/go"
    wait $starter
    pid=$(shim state c1 | jq .pid)
    wait_until grep -q READY "$BATS_TEST_TMPDIR/heard"
    is "$(heard)" "'READY=1\\nMAINPID=$pid\\n'"
    succeeds delete --force c1
}
is_running() { [ "$(shim state "$1" | jq -r .status)" = running ]; }

@test "run --detach waits, too; a program that ends without a word is not a failure; an abstract address" {
    requires cmd:cc
    start_manager "@distro-shim-test-$$"
    b=$(bundle c1 "$(args sh -c 'sleep 0.3; notify READY=1; exec sleep 1000')")
    make_notifier "$b"
    NOTIFY_SOCKET=$address succeeds run -d -b "$b" c1
    # the manager has it by the time that the runtime ends
    wait_until grep -q MAINPID "$BATS_TEST_TMPDIR/heard"
    succeeds delete --force c1
    edit_config "$b" '.process.args = ["true"]'
    NOTIFY_SOCKET=$address succeeds run -d -b "$b" c1
    succeeds delete --force c1
    # without a listener nothing is lost but the message
    kill $manager
    wait $manager || true
    manager=
    edit_config "$b" '.process.args = ["notify", "READY=1"]'
    NOTIFY_SOCKET=$address attempt run -b "$b" c1
    is "$status" 0
    NOTIFY_SOCKET=nonsense expect_error "NOTIFY_SOCKET 'nonsense' is not the address" run -b "$b" c1
}

@test "in a user namespace the program reaches the socket, too" {
    requires cmd:cc userns
    start_manager
    b=$(bundle c1 "$(args notify READY=1)" '.linux.namespaces += [{type: "user"}] |
        .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings')
    make_notifier "$b"
    chown -hR 100000:100000 "$b/rootfs"
    NOTIFY_SOCKET=$address succeeds run -b "$b" c1
    wait_until grep -q READY "$BATS_TEST_TMPDIR/heard"
}

@test "without a service manager the program sees none of it" {
    b=$(bundle c1 "$(args sh -c 'echo "${NOTIFY_SOCKET-none} ${LISTEN_FDS-none}"; ls /run')")
    succeeds run -b "$b" c1
    is "$output" "none none"
    NOTIFY_SOCKET='' succeeds run -b "$b" c1
    is "$output" "none none"
    # descriptors for another process are not for this one
    LISTEN_FDS=1 LISTEN_PID=$$ succeeds run -b "$b" c1
    is "$output" "none none"
}

@test "listening sockets come before the descriptors of --preserve-fds, with their names" {
    b=$(bundle c1 "$(args sh -c 'echo $LISTEN_FDS $LISTEN_PID $LISTEN_FDNAMES; cat <&3; cat <&4; ls /proc/1/fd; :')" \
        '.process.env += ["LISTEN_PID=77"]')
    echo first >first
    echo second >second
    # as a service manager does it: the pid is known only in the process that becomes the runtime
    cat >launch <<'END'
LISTEN_PID=$$
export LISTEN_PID LISTEN_FDS=1 LISTEN_FDNAMES=web
exec "$@"
END
    sh launch "$DISTRO_SHIM" --root "$SHIM_ROOT" run --preserve-fds 1 -b "$b" c1 3<first 4<second </dev/null >out
    is "$(<out)" $'1 1 web\nfirst\nsecond\n0\n1\n2\n3\n4'
    # by the number that the program will have, and by none
    for pid in LISTEN_PID=1 A=1; do
        env $pid LISTEN_FDS=1 "$DISTRO_SHIM" --root "$SHIM_ROOT" run --preserve-fds 1 -b "$b" c1 3<first 4<second </dev/null >out
        is "$pid $(<out)" "$pid "$'1 1\nfirst\nsecond\n0\n1\n2\n3\n4'
    done
    # left over in the environment: who has not given the option is told whose word it is
    LISTEN_FDS=60 expect_error 'descriptor [0-9]+ is not open .*LISTEN_FDS in the environment' run -b "$b" c1
}

@test "exec passes listening sockets on, to the process by its own number" {
    b=$(bundle c1 "$(args sleep 1000)")
    succeeds run -d -b "$b" c1
    echo first >first
    cat >launch <<'END'
LISTEN_PID=$$
export LISTEN_PID LISTEN_FDS=1
exec "$@"
END
    sh launch "$DISTRO_SHIM" --root "$SHIM_ROOT" exec c1 sh -c '[ $LISTEN_PID = $$ ] && [ $$ != 1 ] && echo $LISTEN_FDS; cat <&3; echo ${NOTIFY_SOCKET-none}' \
        3<first </dev/null >out
    is "$(<out)" $'1\nfirst\nnone'
    succeeds delete --force c1
}
