/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes through pidfds. A half-made child is an owned object: dropped, it is killed through its
 * pidfd and reaped.
 */
#ifndef SYS_CHILD_H
#define SYS_CHILD_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/wait.h>

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
/* An enumerator in newer C libraries, so that this stands behind the include of <sys/wait.h>. */
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

struct child {
	pid_t pid; /* 0: none */
	int pidfd;
};
#define CHILD_INIT                    \
	{                             \
		.pid = 0, .pidfd = -1 \
	}
void child_drop(struct child *child); /* SIGKILL, reap (10 seconds at most), close */
#define autochild __attribute__((cleanup(child_drop))) struct child
/* The child lives on; only the descriptor is closed. */
void child_keep(struct child *child);

/* clone3(2) like fork: returns 0 in the child, 1 in the parent with *ret set. into_cgroup: -1 or a
 * cgroup2 directory for CLONE_INTO_CGROUP. With CLONE_PARENT the child is the caller's parent's to wait
 * for. */
int child_clone(uint64_t flags, int into_cgroup, struct child *ret, struct err *e) MUST_CHECK;

/* As child_clone() with clone(2), which seccomp profiles know and can look into: they answer clone3 with
 * ENOSYS. Flags of the old call only, no cgroup. *ret_own, in the child: its own number, as the kernel says
 * it. */
int child_clone_plain(unsigned flags, pid_t *ret_own, struct child *ret, struct err *e) MUST_CHECK;

/* Wait for its end; *ret_status as of waitid: exit code, or 128 + signal. The child is gone then and *child empty. */
int child_wait(struct child *child, int *ret_status, struct err *e) MUST_CHECK;

int sys_pidfd_open(pid_t pid, unsigned flags);
int sys_pidfd_send_signal(int pidfd, int signal);
/* True if the process has ended (poll on the pidfd), waiting at most timeout_ms. */
bool pidfd_ended(int pidfd, int timeout_ms);
int sys_close_range(unsigned first, unsigned last, unsigned flags);

#endif
