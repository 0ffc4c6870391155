/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running hooks (config.md "POSIX-platform Hooks"): each gets the container's state on stdin, runs in a
 * process group of its own and is killed as a group at its deadline.
 */
#ifndef HOOKS_HOOKS_H
#define HOOKS_HOOKS_H

#include "plan/plan.h"
#include "spec/oci_state.h"

#include <sys/types.h>

/* Where a hook runs and writes. A descriptor that is -1 changes nothing: the working directory is that of
 * whoever runs it, what it prints is kept for the text of an error. */
struct hook_place {
	int directory, output, errors; /* owned */
};
#define HOOK_PLACE_INIT                                      \
	{                                                    \
		.directory = -1, .output = -1, .errors = -1, \
	}

/* crun's: files of the host to which what hooks print is appended. */
#define HOOKS_OUTPUT_ANNOTATION "run.oci.hooks.stdout"
#define HOOKS_ERRORS_ANNOTATION "run.oci.hooks.stderr"

/* A hook of the runtime starts in the bundle, as with runc and crun; where that is gone, or NULL, it starts
 * where the runtime is. */
int hook_place_open(const char *bundle, const struct strmap *annotations, struct hook_place *ret,
		    struct err *e) MUST_CHECK;
void hook_place_release(struct hook_place *place);
#define auto_hook_place __attribute__((cleanup(hook_place_release))) struct hook_place

/* The state as one JSON object in memory of `arena`. */
int hooks_state_json(const struct oci_state *state, struct arena *arena, char **ret,
		     size_t *ret_length, struct err *e) MUST_CHECK;

/* Run all in order; the first failure stops. Error text: "KIND hook PATH: exit status N: last line of
 * its stderr". A hook whose env is NULL gets the caller's own. */
int hooks_run(const char *kind, const struct plan_hooks *hooks, const struct oci_state *state,
	      const struct hook_place *place, struct err *e) MUST_CHECK;

/* poststop: all run, in the bundle, failures are warnings. */
void hooks_run_all(const char *kind, const struct plan_hooks *hooks, const struct oci_state *state);

#endif
