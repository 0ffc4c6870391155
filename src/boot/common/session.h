/* SPDX-License-Identifier: Apache-2.0 */
/* A process from its birth to its program. */
#ifndef BOOT_COMMON_SESSION_H
#define BOOT_COMMON_SESSION_H

#include "plan/plan.h"

#include <sys/types.h>

struct session {
	int channel; /* to the runtime */
	/* A runtime without power over its own user namespace has some over ours, which it made; but files of a
	 * process that is not dumpable belong to the host's root, and its namespaces cannot be entered (proc(5),
	 * ptrace(2)). True until all is done from outside. */
	bool reached_into;
	bool keeps_keyring;  /* --no-new-keyring */
	mode_t caller_umask; /* in force before the set-up */
};

int session_begin(struct session *s, struct err *e) MUST_CHECK;
/* Again after each change of user. */
int session_die_with_runtime(const struct session *s, struct err *e) MUST_CHECK;
int session_wait_go(const struct session *s, struct err *e) MUST_CHECK;
/* A message without more, and what the runtime must answer; `ended`: the error if it does not. */
int session_ask(const struct session *s, uint32_t question, uint32_t reply, const char *ended,
		struct err *e) MUST_CHECK;
int session_say(const struct session *s, uint32_t type, struct err *e) MUST_CHECK;
/* procfs: for the label of a security module. */
int session_make_keyring(const struct session *s, const struct plan *plan, int procfs,
			 struct err *e) MUST_CHECK;
/* A process may wait for long, many of them side by side: what the stack was used for further down than it is now need not
 * stay. */
void session_give_back_stack(void);
/* The same of memory that was freed. It is in the records; until READY the end of the channel is what tells of the
 * runtime's. */
int session_outlive_runtime(struct err *e) MUST_CHECK;

#endif
