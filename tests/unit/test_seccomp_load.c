/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A filter is loaded by a child, and its listener is handed over. Runs anywhere, without root.
 */
#include "seccomp_fixture.h"

#include "base/auto.h"
#include "bpf.h"
#include "seccomp/program.h"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

/* --- loading --- */

/* What the child finds: 0, or the number of the check that failed. */
static int in_child(const struct seccomp_program *program)
{
	struct err e;
	int listener = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return 1;
	if (seccomp_program_load(program, &listener, &e) < 0)
		return 2;
	if (listener != -1)
		return 3;
	if (syscall(SYS_getppid) != -1 || errno != 77)
		return 4;
	/* one more, and the stricter answer counts */
	return seccomp_program_load(program, &listener, &e) < 0 ? 5 : 0;
}

static void a_program_can_be_loaded(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t pid;

	must_compile(f, "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['getppid'],"
			"'action':'SCMP_ACT_ERRNO','errnoRet':77}]}");
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(in_child(&f->program));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- the listener --- */

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void the_listener_gets_the_descriptor_and_the_state(void **state)
{
	struct fixture *f = *state;
	char *path = arena_printf(&f->arena, "%s/agent", f->directory);
	char key[] = "a", value[] = "b";
	struct strmap annotations = { .n = 1, .v = arena_new(&f->arena, struct strpair) };
	const struct seccomp_container container = {
		.state = { "1.2.0", "web", "creating", "/bundle", 4711, &annotations },
		.pid = 4711,
	};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	char text[4096] = "";
	struct iovec part = { text, sizeof(text) - 1 };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	autoclose int given = open("/dev/zero", O_RDONLY | O_CLOEXEC), got = -1, peer = -1;
	autoclose int listener = listen_at(path);
	struct stat one, other;

	annotations.v[0] = (struct strpair){ .key = key, .value = value };
	assert_int_equal(seccomp_listener_send(path, "m", &container, given, &f->e), 0);
	peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(recvmsg(peer, &message, MSG_CMSG_CLOEXEC) > 0);
	assert_string_equal(text, "{\"ociVersion\":\"1.2.0\",\"fds\":[\"seccompFd\"],\"pid\":4711,"
				  "\"metadata\":\"m\",\"state\":{\"ociVersion\":\"1.2.0\",\"id\":"
				  "\"web\",\"status\":\"creating\",\"pid\":4711,\"bundle\":"
				  "\"/bundle\",\"annotations\":{\"a\":\"b\"}}}");
	memcpy(&got, CMSG_DATA(&control.header), sizeof(got));
	assert_int_equal(fstat(given, &one) | fstat(got, &other), 0);
	assert_int_equal(one.st_rdev, other.st_rdev);
	assert_int_equal(read(peer, text, 1), 0); /* and no more */
	assert_int_equal(seccomp_listener_send("/nobody/there", NULL, &container, given, &f->e),
			 -1);
	assert_non_null(strstr(f->e.text, "linux.seccomp.listenerPath: open '/nobody/there'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
		TEST(a_program_can_be_loaded),
		TEST(the_listener_gets_the_descriptor_and_the_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
