/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leave [FD|SOCKET]: every way out of the network namespace that a process has, each in a process of its own. FD is of
 * another network, or comes out of the socket of that path, and setns(2) is tried with it in place of the own one. Says
 * of each way, in one line, the error that the kernel gives, "left" where the process is in another network then, or
 * "stayed". For lock.bats.
 *
 * leave fine: what libraries do with clone3(2) and have to do without it: says "fine", or what is not.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
#define X32 0x40000000
/* linux/sockios.h, linux/pidfd.h of Linux 6.11 */
#define GET_NETWORK_OF_SOCKET 0x894C
#define GET_NETWORK_OF_PIDFD _IO(0xFF, 4)
#define SYS_IO_URING_SETUP 425
#define SYS_CLONE3 435
#define SYS_PIDFD_OPEN 434
#define NOT_HERE (-4096)
#define FIRST_X86 22
#define LAST_X86 30

#define NET CLONE_NEWNET
#define USER CLONE_NEWUSER
/* What is above the 32 bits of the flags clone(2) does not look at. */
#define HIGH (1L << 40)

static int other;

static uint64_t network(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length);
	close(fd);
	return cookie;
}

/* All give what the kernel gives: 0, a process, or a negative error number. */
static long native(long number, long a, long b)
{
	long rc = syscall(number, a, b, 0, 0, 0);

	return rc < 0 ? -errno : rc;
}

#ifdef __x86_64__
static long x86(int number, long a, long b)
{
	int rc;

	__asm__ volatile("int $0x80"
			 : "=a"(rc)
			 : "a"(number), "b"((int)a), "c"((int)b), "d"(0), "S"(0), "D"(0)
			 : "memory", "cc", "r8", "r9", "r10", "r11");
	return rc;
}

/* A kernel without them kills for the first, and does not know the second. */
static int has_x86(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(x86(20, 0, 0) <= 0);
	return waitpid(pid, &status, 0) == pid && status == 0;
}
#endif

static long clone3(uint64_t flags)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };

	return native(SYS_CLONE3, (long)&args, sizeof(args));
}

static long by_pidfd(int flags)
{
	return native(SYS_setns, native(SYS_PIDFD_OPEN, getppid(), 0), flags);
}

/* Where the kernel has no such question the number is a bad one, and setns(2) is asked all the same. */
static long by_question_to_pidfd(void)
{
	return native(SYS_setns,
		      ioctl((int)native(SYS_PIDFD_OPEN, getppid(), 0), GET_NETWORK_OF_PIDFD), 0);
}

static long by_question_to_socket(void)
{
	return native(SYS_setns, ioctl(socket(AF_UNIX, SOCK_DGRAM, 0), GET_NETWORK_OF_SOCKET), NET);
}

static long ring(long number)
{
	char parameters[120] = { 0 };
	long rc = native(number, 1, (long)parameters);

	return rc < 0 ? rc : 0;
}

static long way(int number, const char **name)
{
	switch (number) {
#define WAY(number, name_, call) \
	case number:             \
		*name = name_;   \
		return call;
		WAY(0, "unshare net", native(SYS_unshare, NET, 0))
		WAY(1, "unshare user", native(SYS_unshare, USER, 0))
		WAY(2, "unshare user+net", native(SYS_unshare, USER | NET, 0))
		WAY(3, "unshare mount+net", native(SYS_unshare, CLONE_NEWNS | NET, 0))
		WAY(4, "clone net", native(SYS_clone, NET | SIGCHLD, 0))
		WAY(5, "clone user", native(SYS_clone, USER | SIGCHLD, 0))
		WAY(6, "clone user+net", native(SYS_clone, USER | NET | SIGCHLD, 0))
		WAY(7, "clone high+user+net", native(SYS_clone, HIGH | USER | NET | SIGCHLD, 0))
		WAY(8, "clone3 net", clone3(NET))
		WAY(9, "clone3 user+net", clone3(USER | NET))
		WAY(10, "clone3 plain", clone3(0))
		WAY(11, "setns net", native(SYS_setns, other, NET))
		WAY(12, "setns any", native(SYS_setns, other, 0))
		WAY(13, "setns pidfd", by_pidfd(NET))
		WAY(14, "io_uring_setup", ring(SYS_IO_URING_SETUP))
		WAY(15, "setns pidfd mount+net", by_pidfd(CLONE_NEWNS | NET))
		WAY(16, "setns of a pidfd's answer", by_question_to_pidfd())
		WAY(17, "setns of a socket's answer", by_question_to_socket())
		WAY(18, "unshare high+net", native(SYS_unshare, HIGH | NET, 0))
		WAY(19, "unshare all",
		    native(SYS_unshare, NET | USER | CLONE_NEWNS | CLONE_NEWPID, 0))
		WAY(20, "clone files+net", native(SYS_clone, CLONE_FILES | NET | SIGCHLD, 0))
		WAY(21, "clone vfork+user+net",
		    native(SYS_clone, CLONE_VFORK | USER | NET | SIGCHLD, 0))
#ifdef __x86_64__
		WAY(22, "x86 unshare net", x86(310, NET, 0))
		WAY(23, "x86 unshare user+net", x86(310, USER | NET, 0))
		WAY(24, "x86 clone net", x86(120, NET | SIGCHLD, 0))
		WAY(25, "x86 clone user+net", x86(120, USER | NET | SIGCHLD, 0))
		WAY(26, "x86 clone3", x86(SYS_CLONE3, 0, 0))
		WAY(27, "x86 setns net", x86(346, other, NET))
		WAY(28, "x86 io_uring_setup", x86(SYS_IO_URING_SETUP, 1, 0))
		WAY(29, "x86 setns pidfd", x86(346, native(SYS_PIDFD_OPEN, getppid(), 0), NET))
		WAY(30, "x86 unshare mount+net", x86(310, CLONE_NEWNS | NET, 0))
		WAY(31, "x32 unshare net", native(X32 | SYS_unshare, NET, 0))
		WAY(32, "x32 unshare user+net", native(X32 | SYS_unshare, USER | NET, 0))
		WAY(33, "x32 clone user+net", native(X32 | SYS_clone, USER | NET | SIGCHLD, 0))
		WAY(34, "x32 clone3", native(X32 | SYS_CLONE3, 0, 0))
		WAY(35, "x32 setns net", native(X32 | SYS_setns, other, NET))
		WAY(36, "x32 io_uring_setup", ring(X32 | SYS_IO_URING_SETUP))
		WAY(37, "x32 unshare mount+net", native(X32 | SYS_unshare, CLONE_NEWNS | NET, 0))
		WAY(38, "x32 clone net", native(X32 | SYS_clone, NET | SIGCHLD, 0))
		WAY(39, "x32 setns any", native(X32 | SYS_setns, other, 0))
#endif
	default:
		return NOT_HERE;
	}
}

static void try_way(int number, uint64_t home)
{
	const char *name = NULL;
	pid_t self = getpid();
	long rc = way(number, &name);

	if (!name)
		_exit(1);
	if (rc > 0 && getpid() == self) {
		waitpid((pid_t)rc, NULL, __WALL);
		_exit(0);
	}
	if (rc < 0)
		printf("%s: %s\n", name, strerrorname_np((int)-rc));
	else
		printf("%s: %s\n", name, network() == home ? "stayed" : "left");
	fflush(stdout);
	_exit(0);
}

/* --- what libraries do --- */

static void *thread(void *argument)
{
	return argument;
}

static int fine(void)
{
	char *const words[] = { "true", NULL };
	pthread_t made;
	pid_t pid;
	int status;
	char line[8] = "";
	FILE *pipe;

	if (pthread_create(&made, NULL, thread, NULL) != 0 || pthread_join(made, NULL) != 0)
		return puts("pthread_create is not");
	if (posix_spawn(&pid, "/bin/true", NULL, NULL, words, NULL) != 0 ||
	    waitpid(pid, &status, 0) != pid || status != 0)
		return puts("posix_spawn is not");
	if (system("exit 3") != 3 << 8)
		return puts("system is not");
	pipe = popen("echo fine", "r");
	if (!pipe || !fgets(line, sizeof(line), pipe) || pclose(pipe) != 0)
		return puts("popen is not");
	pid = vfork();
	if (pid == 0)
		_exit(0);
	if (waitpid(pid, &status, 0) != pid || status != 0)
		return puts("vfork is not");
	fputs(line, stdout);
	return 0;
}

/* --- */

static int receive(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char byte, control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec part = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	int line = socket(AF_UNIX, SOCK_STREAM, 0), fd;

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (connect(line, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    recvmsg(line, &message, 0) != 1 || !CMSG_FIRSTHDR(&message))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

static int open_other(const char *word)
{
	if (!word)
		return open("/proc/self/ns/net", O_RDONLY);
	return word[0] == '/' ? receive(word) : atoi(word);
}

int main(int argc, char **argv)
{
	uint64_t home = network();

	if (argc > 1 && strcmp(argv[1], "fine") == 0)
		return fine();
	other = open_other(argc > 1 ? argv[1] : NULL);
	if (other < 0)
		return puts("there is no descriptor of another network");
	for (int number = 0, status = 0; WIFEXITED(status) && WEXITSTATUS(status) == 0; number++) {
		pid_t pid;

#ifdef __x86_64__
		if (number >= FIRST_X86 && number <= LAST_X86 && !has_x86())
			continue;
#endif
		pid = fork();
		if (pid == 0)
			try_way(number, home);
		waitpid(pid, &status, 0);
	}
	return 0;
}
