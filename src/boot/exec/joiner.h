/* SPDX-License-Identifier: Apache-2.0 */
/* The joiner and the process that it makes: their side of the EXEC page. */
#ifndef BOOT_EXEC_JOINER_H
#define BOOT_EXEC_JOINER_H

#include "boot/common/filter.h"
#include "boot/common/group.h"
#include "boot/common/root.h"
#include "boot/common/target.h"

/* All that comes across the clone. */
struct exec_joiner {
	const struct plan *plan;
	struct arena *arena;
	struct session session;
	struct boot_group group;
	struct target target;
	struct root root; /* once it is entered */
	struct program program;
	struct identity identity;
	struct filter filter;
	int labels; /* the host's procfs, for a security module; -1 if none is asked for */
	unsigned preserve_fds;
	bool listens; /* LISTEN_PID of the environment is to be the process's own number */
	bool outside; /* it is outside of the container's cgroup, and the process is moved there */
	bool dies_with_runtime; /* in the process: unless a profile has refused it */
	pid_t own;              /* in the process: its number, as the kernel has said it */
};

int joiner_open_proc(struct exec_joiner *c, struct err *e) MUST_CHECK;
int joiner_open_terminal(struct exec_joiner *c, struct err *e) MUST_CHECK;
int joiner_close_descriptors(struct exec_joiner *c, struct err *e) MUST_CHECK;
int joiner_forget(struct err *e) MUST_CHECK;
int joiner_clone(struct exec_joiner *c, struct err *e) MUST_CHECK;
int process_begin(struct exec_joiner *c, struct err *e) MUST_CHECK;
int process_ready(struct exec_joiner *c, struct err *e) MUST_CHECK;
int process_announce(struct exec_joiner *c, struct err *e) MUST_CHECK;

#endif
