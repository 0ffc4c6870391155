/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer serve NAME		listen on an abstract socket and hold what connects; a file that only this process has
 *				open is its descriptor 9
 * peer reach NAME [PIDFD]	connect to it, and try to get at the process behind it: by the pidfd that the socket
 *				gives, or by one that was inherited. Of each way one line: the error that the kernel
 *				gives, or "reached".
 *
 * For network-peers.bats.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PEER_PIDFD 77 /* SO_PEERPIDFD */
#define PASS_PIDFD 76 /* SO_PASSPIDFD */
#define HELD 9
/* linux/pidfd.h of Linux 6.11: one for each kind of namespace */
#define FIRST_QUESTION 1
#define LAST_QUESTION 10

enum { SEND_SIGNAL = 424, MADVISE = 440, GETFD = 438, MRELEASE = 448 };

static socklen_t name_of(const char *name, struct sockaddr_un *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->sun_family = AF_UNIX;
	strncpy(ret->sun_path + 1, name, sizeof(ret->sun_path) - 2);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
}

static int serve(const char *name)
{
	struct sockaddr_un address;
	socklen_t length = name_of(name, &address);
	int line = socket(AF_UNIX, SOCK_STREAM, 0), own = memfd_create("own", 0);

	if (write(own, "of another", 10) != 10 || dup2(own, HELD) < 0 ||
	    bind(line, (struct sockaddr *)&address, length) < 0 || listen(line, 8) < 0) {
		perror("serve");
		return 1;
	}
	puts("serving");
	fflush(stdout);
	for (;;)
		if (accept(line, NULL, NULL) < 0)
			return 1;
}

/* Each in a process of its own: what one reaches changes what comes after it. */
static void say(const char *name, long rc)
{
	printf("%s: %s\n", name, rc < 0 ? strerrorname_np(errno) : "reached");
	fflush(stdout);
}
#define WAY(name, call)                  \
	do {                             \
		pid_t pid = fork();      \
		if (pid == 0) {          \
			say(name, call); \
			_exit(0);        \
		}                        \
		waitpid(pid, NULL, 0);   \
	} while (0)

static long take(int pidfd)
{
	for (int fd = 0; fd <= HELD; fd++) {
		char text[16];
		long got = syscall(GETFD, pidfd, fd, 0);

		if (got >= 0 && (fd != HELD || pread((int)got, text, sizeof(text), 0) == 10))
			return got;
	}
	return -1;
}

static long ask(int pidfd)
{
	for (unsigned question = FIRST_QUESTION; question <= LAST_QUESTION; question++) {
		int fd = ioctl(pidfd, _IO(0xFF, question), 0);

		if (fd >= 0)
			return setns(fd, 0);
	}
	return -1;
}

static long advise(int pidfd)
{
	char here[1];
	struct iovec part = { here, 4096 };

	return syscall(MADVISE, pidfd, &part, 1, MADV_COLD, 0);
}

static long passed(int line)
{
	int on = 1;

	return setsockopt(line, SOL_SOCKET, PASS_PIDFD, &on, sizeof(on));
}

static int reach(const char *name, int pidfd)
{
	struct sockaddr_un address;
	socklen_t length = name_of(name, &address), size = sizeof(int);
	int line = socket(AF_UNIX, SOCK_STREAM, 0), given = -1;

	say("connect", connect(line, (struct sockaddr *)&address, length));
	WAY("SO_PASSPIDFD", passed(line));
	say("SO_PEERPIDFD", getsockopt(line, SOL_SOCKET, PEER_PIDFD, &given, &size));
	if (pidfd < 0)
		pidfd = given;
	WAY("pidfd_getfd", take(pidfd));
	WAY("setns mount", setns(pidfd, CLONE_NEWNS));
	WAY("setns pid", setns(pidfd, CLONE_NEWPID));
	WAY("setns all", setns(pidfd, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS));
	WAY("setns of an answer", ask(pidfd));
	WAY("signal", syscall(SEND_SIGNAL, pidfd, SIGKILL, NULL, 0));
	WAY("madvise", advise(pidfd));
	WAY("mrelease", syscall(MRELEASE, pidfd, 0));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "serve") == 0)
		return serve(argv[2]);
	if (argc > 2 && strcmp(argv[1], "reach") == 0)
		return reach(argv[2], argc > 3 ? atoi(argv[3]) : -1);
	return 2;
}
