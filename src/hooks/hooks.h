/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running hooks (config.md "POSIX-platform Hooks"): each gets the container's state on stdin, runs in a
 * process group of its own and is killed as a group at its deadline.
 */
#ifndef HOOKS_HOOKS_H
#define HOOKS_HOOKS_H

#include "plan/plan.h"

#include <sys/types.h>

struct hook_state {
	const char *oci_version, *id, *status, *bundle;
	pid_t pid; /* as the hook's PID namespace sees it; 0 where there is none */
	const struct strmap *annotations;
};

/* The state as one JSON object in memory of `arena`. */
int hooks_state_json(const struct hook_state *state, struct arena *arena, char **ret,
		     size_t *ret_length, struct err *e) MUST_CHECK;

/* Run all in order; the first failure stops. Error text: "KIND hook PATH: exit status N: last line of
 * its stderr". A hook whose env is NULL gets the caller's own. */
int hooks_run(const char *kind, const struct plan_hooks *hooks, const struct hook_state *state,
	      struct err *e) MUST_CHECK;

/* poststop: all run, failures are warnings. */
void hooks_run_all(const char *kind, const struct plan_hooks *hooks,
		   const struct hook_state *state);

#endif
