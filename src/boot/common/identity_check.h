/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the process that is about to run a program is what it is to be: asked of the kernel by the runtime,
 * for the process itself may have been told anything under a system call filter.
 */
#ifndef BOOT_COMMON_IDENTITY_CHECK_H
#define BOOT_COMMON_IDENTITY_CHECK_H

#include "plan/plan.h"
#include "sys/channel.h"
#include "sys/proc_status.h"

/* What the process says of itself before any filter is loaded. */
struct identity_shown {
	int fd;             /* of its /proc/thread-self/status; not owned */
	bool groups_kept;   /* its groups are the caller's */
	uint32_t inherited; /* filters */
	uint32_t loaded;    /* how many more there are to be at the moment */
};

/* Out of BOOT_IDENTITY and the descriptor that came along, -1 if none did. */
int identity_take(const struct message *message, int fd, struct identity_shown *ret, struct err *e)
	MUST_CHECK;

/* Pure. execve_takes: CAP_SYS_ADMIN beyond what is expected, which execve() will take, is not a difference if a
 * filter was loaded with it. */
int identity_compare(const struct identity_record *expected, const struct identity_shown *shown,
		     const struct proc_status *seen, bool execve_takes, struct err *e) MUST_CHECK;

/* Looks now. */
int identity_check(const struct identity_record *expected, const struct identity_shown *shown,
		   bool execve_takes, struct err *e) MUST_CHECK;

#endif
