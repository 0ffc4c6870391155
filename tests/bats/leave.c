/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leave [FD]: every way out of the network namespace that a process has, each in a process of its own. FD is of another
 * network, and setns(2) is tried with it in place of the own one. Says of each way, in one line, the error that the kernel
 * gives, "left" where the process is in another network then, or "stayed". For lock.bats.
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
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
#define X32 0x40000000
#define SYS_IO_URING_SETUP 425
#define SYS_CLONE3 435
#define SYS_PIDFD_OPEN 434
#define NOT_HERE (-4096)

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

static long by_pidfd(void)
{
	return native(SYS_setns, native(SYS_PIDFD_OPEN, getppid(), 0), CLONE_NEWNET);
}

static long ring(long number)
{
	char parameters[120] = { 0 };
	long rc = native(number, 1, (long)parameters);

	return rc < 0 ? rc : 0;
}

#define NET CLONE_NEWNET
#define USER CLONE_NEWUSER
/* What is above the 32 bits of the flags clone(2) does not look at. */
#define HIGH (1L << 40)

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
		WAY(13, "setns pidfd", by_pidfd())
		WAY(14, "io_uring_setup", ring(SYS_IO_URING_SETUP))
#ifdef __x86_64__
		WAY(15, "x86 unshare net", x86(310, NET, 0))
		WAY(16, "x86 unshare user+net", x86(310, USER | NET, 0))
		WAY(17, "x86 clone net", x86(120, NET | SIGCHLD, 0))
		WAY(18, "x86 clone user+net", x86(120, USER | NET | SIGCHLD, 0))
		WAY(19, "x86 clone3", x86(SYS_CLONE3, 0, 0))
		WAY(20, "x86 setns net", x86(346, other, NET))
		WAY(21, "x86 io_uring_setup", x86(SYS_IO_URING_SETUP, 1, 0))
		WAY(22, "x32 unshare net", native(X32 | SYS_unshare, NET, 0))
		WAY(23, "x32 unshare user+net", native(X32 | SYS_unshare, USER | NET, 0))
		WAY(24, "x32 clone user+net", native(X32 | SYS_clone, USER | NET | SIGCHLD, 0))
		WAY(25, "x32 clone3", native(X32 | SYS_CLONE3, 0, 0))
		WAY(26, "x32 setns net", native(X32 | SYS_setns, other, NET))
		WAY(27, "x32 io_uring_setup", ring(X32 | SYS_IO_URING_SETUP))
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

int main(int argc, char **argv)
{
	uint64_t home = network();

	if (argc > 1 && strcmp(argv[1], "fine") == 0)
		return fine();
	other = argc > 1 ? atoi(argv[1]) : open("/proc/self/ns/net", O_RDONLY);
	for (int number = 0, status = 0; WIFEXITED(status) && WEXITSTATUS(status) == 0; number++) {
		pid_t pid;

#ifdef __x86_64__
		if (number >= 15 && number <= 21 && !has_x86())
			continue;
#endif
		pid = fork();
		if (pid == 0)
			try_way(number, home);
		waitpid(pid, &status, 0);
	}
	return 0;
}
