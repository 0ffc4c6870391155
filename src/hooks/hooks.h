/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running hooks (config.md "POSIX-platform Hooks"): each gets the container's state on stdin and is ended with
 * all that came of it at its deadline.
 */
#ifndef HOOKS_HOOKS_H
#define HOOKS_HOOKS_H

#include "model/host_file.h"
#include "model/oci_state.h"
#include "plan/plan.h"
#include "sys/deadline.h"

#include <sys/types.h>

/* Where a hook runs and writes. A descriptor that is -1 changes nothing: the working directory is that of
 * the process that runs it, what it prints is kept for the text of an error. */
struct hook_place {
	int directory, output, errors; /* owned */
	/* In the hook's process, last of all before execve(2); NULL: nothing. */
	int (*prepare)(void *context, struct err *e);
	void *context;
};
#define HOOK_PLACE_INIT                                      \
	{                                                    \
		.directory = -1, .output = -1, .errors = -1, \
	}

/*
 * A hook of the runtime starts in the bundle, as with runc and crun; if that is gone, or NULL, it starts
 * where the runtime is. Files for the output are opened where the policy has placed them: below the bundle or
 * below a directory that root alone can write.
 */
int hook_place_open(const char *bundle, const struct hook_files *files, struct hook_place *ret,
		    struct err *e) MUST_CHECK;
void hook_place_release(struct hook_place *place);
#define auto_hook_place __attribute__((cleanup(hook_place_release))) struct hook_place

/* The state as one JSON object in memory of `arena`. */
int hooks_state_json(const struct oci_state *state, struct arena *arena, char **ret,
		     size_t *ret_length, struct err *e) MUST_CHECK;

/* What is done around each hook of the runtime's own. */
struct hook_watch {
	/* The hook and its guard are there, and the hook waits. -1: it is ended without having run. */
	int (*begins)(void *context, pid_t guard, pid_t hook, struct err *e);
	/* Whatever came of it: it is over, and nothing of it is left that was to end. */
	void (*ended)(void *context);
	void *context;
};

struct hook_run {
	const struct hook_watch *watch; /* NULL: it runs in the container's own process */
	const struct deadline
		*until; /* if that is earlier than a hook's own timeout; may be NULL */
};

/*
 * Run all in order; the first failure stops. Error text: "KIND hook PATH: exit status N: last line of its stderr". A
 * hook whose env is NULL gets the caller's own. At its deadline, and if the runtime is killed, a hook is ended with
 * all that came of it; one that has ended by itself may leave something that goes on.
 */
int hooks_run(const char *kind, const struct plan_hooks *hooks, const struct oci_state *state,
	      const struct hook_place *place, const struct hook_run *run, struct err *e) MUST_CHECK;

#endif
