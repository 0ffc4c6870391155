/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel says of a process in /proc/PID/status (proc_pid_status(5)). The ids are those of the user
 * namespace of the process that opened the file, and every read from its beginning says what is so at that moment.
 */
#ifndef SYS_PROC_STATUS_H
#define SYS_PROC_STATUS_H

#include "base/err.h"
#include "base/fields.h"

#include <stdbool.h>
#include <stdint.h>

struct proc_status {
	uint32_t uid[4], gid[4]; /* real, effective, saved, file system */
	struct u32list groups;
	uint64_t inheritable, permitted, effective, bounding, ambient;
	uint32_t no_new_privs;
	uint32_t seccomp; /* 0: none, 2: filters */
	uint32_t filters; /* how many */
	bool counted;     /* the kernel says how many (Linux 5.9) */
};

/* Of this program as it was started, asked once: it changes neither for itself. */
struct proc_started {
	uint64_t ignored;  /* bit N - 1: signal N */
	uint64_t bounding; /* capabilities */
};

/* False: /proc does not tell. */
bool proc_status_started(struct proc_started *ret);

/* Pure. A line that is missing, but that of the filters, is an error of kind ERR_SYSTEM. */
int proc_status_parse(const char *text, struct arena *arena, struct proc_status *ret, struct err *e)
	MUST_CHECK;

/* From its beginning, wherever the descriptor stands. That it is a file of a procfs is checked. */
int proc_status_read(int fd, struct arena *arena, struct proc_status *ret, struct err *e)
	MUST_CHECK;

#endif
