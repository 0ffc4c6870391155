/* SPDX-License-Identifier: Apache-2.0 */
/*
 * THE PAGES: how a container comes to life, as two straight sequences each (create.c, start.c).
 */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include "facts/facts.h"
#include "plan/plan.h"
#include "state/registry.h"
#include "state/state.h"
#include "sys/child.h"

struct create_options {
	const char *pid_file;       /* absolute or relative to the caller's directory; NULL: none */
	const char *console_socket; /* NULL: none */
	int console_master_wanted; /* `run` in the foreground: hand the master to the caller instead */
	unsigned preserve_fds;     /* descriptors 3 .. 3+N-1 stay open in the container */
	bool no_pivot, no_new_keyring;
	const char *members_directory; /* NULL: default */
};

struct create_result {
	struct child init;  /* owned; the caller keeps or waits */
	int console_master; /* -1, or owned */
};

/*
 * Make the container up to "created". `state` is claimed and locked. On failure everything that was
 * made is gone again but the state directory, which the caller removes (after poststop hooks).
 */
int boot_create(const struct plan *plan, const struct facts *facts, struct host *host,
		const struct verdict *verdict, const struct policy_source *policy,
		const struct spec *spec, const struct create_options *options,
		struct state_dir *state, struct create_result *ret, struct err *e) MUST_CHECK;

/* Let a created init go; returns when the program runs. `state` is locked. */
int boot_start(struct state_dir *state, struct status_record *status,
	       const struct plan_hooks *poststart, struct err *e) MUST_CHECK;

#endif
