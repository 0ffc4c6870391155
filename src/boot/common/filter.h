/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system call filters of a process, and what the runtime looks at before its program runs. Each place where they
 * may be loaded is a function; at most one of them does it.
 */
#ifndef BOOT_COMMON_FILTER_H
#define BOOT_COMMON_FILTER_H

#include "boot/common/identity.h"
#include "boot/common/session.h"
#include "seccomp/program.h"

struct filter {
	struct seccomp_programs programs;
	const struct plan *plan;
	const struct session *session; /* whose runtime looks, and gets the listener */
	struct identity *identity;
	bool loaded;        /* they are in force */
	uint32_t inherited; /* before those are loaded */
	int status;         /* /proc/thread-self/status */
	int proc;           /* the runtime's /proc, where its own is another one */
};

/* That of the program, but for what is needed to load them, or for a late join. */
int filter_assume_identity(struct filter *f, const struct program *program, struct err *e)
	MUST_CHECK;
int filter_open_status(struct filter *f, struct err *e) MUST_CHECK;
/* The runtime gets what it looks at; before a filter that need not let it through. Once. */
int filter_show(struct filter *f, struct err *e) MUST_CHECK;
/* Wait until it has looked and found what it expects. */
int filter_look(const struct filter *f, struct err *e) MUST_CHECK;

int filter_load_at_create(struct filter *f, struct err *e) MUST_CHECK;
int filter_load_at_start(struct filter *f, struct err *e) MUST_CHECK;
int filter_load_in_joiner(struct filter *f, struct err *e) MUST_CHECK;
int filter_load_with_listener(struct filter *f, struct err *e) MUST_CHECK;
/* Where it takes CAP_SYS_ADMIN: before the runtime looks. */
int filter_load_early(struct filter *f, struct err *e) MUST_CHECK;
int filter_load(struct filter *f, struct err *e) MUST_CHECK;
/* For struct hook_place; the context is a struct filter. */
int filter_load_for_hook(void *context, struct err *e) MUST_CHECK;
/* Say in an error that the filter may be the cause. */
void filter_explain(const struct filter *f, struct err *e);

#endif
