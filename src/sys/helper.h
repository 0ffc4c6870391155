/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A piece of work in a process of its own, which answers with bytes and ends: because it cannot be undone (entering a
 * namespace), or because it may never come to an end. It ends with the process that asked.
 */
#ifndef SYS_HELPER_H
#define SYS_HELPER_H

#include "base/str.h"
#include "sys/peer.h"

#include <stddef.h>

struct helper_job {
	const char *name;     /* in errors: "the compilation of the seccomp profile" */
	uint32_t cpu_seconds; /* of processor time that it may take; 0: as much as it needs */
	/* Not 0: after this time it is left to itself if it sleeps, for ever perhaps, in the kernel. So it holds none of the
	 * caller's descriptors and no directory of his. */
	int milliseconds;
	/* In the helper. What it adds to *answer is the answer; its error becomes that of helper_run(). */
	int (*work)(void *context, struct strbuf *answer, struct err *e);
	void *context;
};

/* The answer, owned, `limit` bytes at most. */
int helper_run(const struct helper_job *job, size_t limit, char **ret, size_t *ret_length,
	       struct err *e) MUST_CHECK;

/* What a process of ours writes until it ends or closes its end; what it is is for errors. Owned, terminated. */
int helper_read(const struct peer *peer, int fd, size_t limit, char **ret, size_t *ret_length,
		struct err *e) MUST_CHECK;

/* A process of ours that executes a program: `run` never returns, `output` is where it may write. Gives what was written
 * until it ended, owned and terminated, and its exit status as child_wait() does. Not 0: after so many milliseconds it is
 * killed, and what it has started is not waited for. */
int helper_program(const char *name, int milliseconds, void (*run)(void *context, int output),
		   void *context, size_t limit, char **ret, int *ret_status, struct err *e)
	MUST_CHECK;

#endif
