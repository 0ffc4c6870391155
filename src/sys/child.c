/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes through pidfds: clone3(2), pidfd_open(2), waitid(2) with P_PIDFD. Runs in the runtime; the
 * new process returns from child_clone() as from fork(2).
 */
#include "sys/child.h"

#include "base/auto.h"
#include "base/str.h"
#include "sys/deadline.h"
#include "sys/peer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* clone(2): the lowest byte is a signal's there, and CLONE_NEWTIME would be in it. */
#define CLONE_FLAGS_OF_OLD (UINT64_C(0xffffffff) & ~(uint64_t)CSIGNAL)

/* More often than any signal interrupts a call; a seccomp profile can answer EINTR for ever. */
#define INTERRUPTED_MAX 65536

int sys_pidfd_open(pid_t pid, unsigned flags)
{
	return (int)syscall(SYS_pidfd_open, pid, flags);
}

int sys_pidfd_send_signal(int pidfd, int signal)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

/* One by one, as /proc lists them. */
static int close_each(unsigned first, unsigned last, unsigned flags)
{
	DIR *open_ones = opendir("/proc/self/fd");
	struct dirent *entry;
	uint32_t fd;
	int rc = 0;

	if (!open_ones)
		return -1;
	while (rc == 0 && (entry = readdir(open_ones))) {
		if (!parse_u32(entry->d_name, &fd) || fd < first || fd > last ||
		    (int)fd == dirfd(open_ones))
			continue;
		if (flags & CLOSE_RANGE_CLOEXEC)
			rc = fcntl((int)fd, F_SETFD, FD_CLOEXEC);
		else
			close((int)fd);
	}
	closedir(open_ones);
	return rc;
}

int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	int rc = (int)syscall(SYS_close_range, first, last, flags);
	int why = errno;

	/* Profiles from before Linux 5.9 do not know it. */
	if (rc == 0 || (why != ENOSYS && why != EPERM))
		return rc;
	rc = close_each(first, last, flags);
	errno = why;
	return rc;
}

bool pidfd_ended(int pidfd, int timeout_ms)
{
	struct deadline deadline = deadline_in(timeout_ms);

	for (;;) {
		struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };
		int n = poll(&poll_fd, 1, deadline_left(&deadline));

		if (n >= 0)
			return n == 1 && (poll_fd.revents & POLLIN);
		if (errno != EINTR)
			return false;
	}
}

/* The new process's own number is written into its memory by the kernel alone (CLONE_CHILD_SETTID): where a
 * seccomp profile says "0" in the kernel's place, no process was born and this is the caller still. */
static int check_born(pid_t own, struct err *e)
{
	return own ? 0
		   : fail(e, ERR_SYSTEM,
			  "no process was made: does the seccomp profile answer in place of clone?");
}

/* clone(2), "C library/kernel differences": the stack comes second on some machines; where the child's number
 * goes stands fourth or fifth, and the other of the two counts with CLONE_SETTLS alone. */
static pid_t clone_plainly(uint64_t flags, int *ret_pidfd, pid_t *own)
{
	flags |= CLONE_PIDFD | CLONE_CHILD_SETTID | SIGCHLD;
#if defined(__s390x__) || defined(__s390__) || defined(__CRIS__)
	return (pid_t)syscall(SYS_clone, 0UL, flags, ret_pidfd, own, own);
#else
	return (pid_t)syscall(SYS_clone, flags, 0UL, ret_pidfd, own, own);
#endif
}

int child_clone(uint64_t flags, int into_cgroup, struct child *ret, struct err *e)
{
	int pidfd = -1;
	volatile pid_t own = 0;
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD | CLONE_CHILD_SETTID,
		.child_tid = (uint64_t)(uintptr_t)&own,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		/* with CLONE_PARENT the kernel takes the caller's own and refuses another */
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
	};

	if (into_cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)into_cgroup;
	}

	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	/* A seccomp profile, the container's own (hooks of startContainer) or that of what the runtime runs in, refuses it
	 * because it cannot look at the flags. The older one takes all but those that came later, and no group. */
	if (pid < 0 && (errno == ENOSYS || errno == EPERM) && !(flags & ~CLONE_FLAGS_OF_OLD) &&
	    into_cgroup < 0)
		pid = clone_plainly(flags, &pidfd, (pid_t *)(uintptr_t)&own);
	if (pid < 0)
		return fail_sys(e, "clone3 with flags 0x%llx", (unsigned long long)args.flags);
	if (pid == 0)
		return check_born(own, e);
	ret->pid = pid;
	ret->pidfd = pidfd;
	return 1;
}

int child_clone_plain(unsigned flags, pid_t *ret_own, struct child *ret, struct err *e)
{
	int pidfd = -1;
	volatile pid_t own = 0;
	pid_t pid = clone_plainly(flags, &pidfd, (pid_t *)(uintptr_t)&own);

	if (pid < 0)
		return fail_sys(e, "clone with flags 0x%x", flags);
	if (pid == 0) {
		*ret_own = own;
		return check_born(own, e);
	}
	ret->pid = pid;
	ret->pidfd = pidfd;
	return 1;
}

static int wait_for(int pidfd, int options, siginfo_t *info)
{
	unsigned interrupted = 0;
	int result;

	do {
		memset(info, 0, sizeof(*info));
		result = waitid((idtype_t)P_PIDFD, (id_t)pidfd, info, WEXITED | options);
	} while (result < 0 && errno == EINTR && interrupted++ < INTERRUPTED_MAX);
	return result;
}

int child_wait(struct child *child, int *ret_status, struct err *e)
{
	const struct peer peer = { .name = "a process", .pid = child->pid, .pidfd = child->pidfd };
	siginfo_t info;

	if (!child->pid)
		return fail(e, ERR_INTERNAL, "no process to wait for");
	if (peer_wait(&peer, -1, e) < 0)
		return -1;
	if (wait_for(child->pidfd, 0, &info) < 0)
		return fail_sys(e, "wait for process %ld", (long)child->pid);
	*ret_status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
	child_keep(child);
	return 0;
}

void child_keep(struct child *child)
{
	replace_fd(&child->pidfd, -1);
	child->pid = 0;
}

void child_drop(struct child *child)
{
	int saved = errno;
	siginfo_t info;

	if (child->pid && child->pidfd >= 0) {
		sys_pidfd_send_signal(child->pidfd, SIGKILL);
		/* What is frozen does not die of it before it is thawed. */
		pidfd_ended(child->pidfd, deadline_ms());
		wait_for(child->pidfd, WNOHANG, &info);
	}
	child_keep(child);
	errno = saved;
}
