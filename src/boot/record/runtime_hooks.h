/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks of the runtime's own (prestart, createRuntime, poststart, poststop). While one runs it is in the intent, and
 * the lock on the container's directory is let go: others may look at the container, or delete it by force, which ends
 * the hook, too.
 */
#ifndef BOOT_RECORD_RUNTIME_HOOKS_H
#define BOOT_RECORD_RUNTIME_HOOKS_H

#include "hooks/hooks.h"
#include "state/state.h"

/* The kind of those of a deletion, which is known by it. */
#define POSTSTOP "poststop"

/* What becomes of a hook that cannot be written down. */
enum unrecorded_hook {
	UNRECORDED_FAILS,
	UNRECORDED_LOCKED, /* it runs, and the lock is kept */
	UNRECORDED_RUNS,
};

struct runtime_hooks {
	const char *kind;
	const struct plan_hooks *hooks;
	const struct oci_state *state;
	const struct hook_files *files; /* runtime_hooks_run_all(): where their output goes */
	struct state_dir *dir;          /* locked; not any more where `gone` */
	struct intent_record
		*intent; /* as it is on the disk; NULL: none, or it could not be read */
	struct arena *arena;
	int unrecorded; /* enum unrecorded_hook */
	bool gone; /* meanwhile the container has become another command's to end, or is gone */
	struct err
		why_gone; /* ERR_NOT_FOUND: deleted, or about to be; else the lock was not to be had */
};

/* The first failure stops. Where it has become `gone` meanwhile, no further one is run: an error of kind ERR_STATE. */
int runtime_hooks_run(struct runtime_hooks *r, const struct hook_place *place, struct err *e)
	MUST_CHECK;
/* Each runs, in the bundle, whatever became of those before; failures are warnings. All together until the deadline,
 * with a little of the time for each. */
void runtime_hooks_run_all(struct runtime_hooks *r, const struct deadline *until);

/* state_relock() where the lock was let go for a hook; an error, too, where a deletion is at its hooks. */
int relock_after_hook(struct state_dir *dir, struct err *e) MUST_CHECK;

/* Of the record: 1 and a pidfd where its hook, or what ends that, is there still and is none of our own ancestors. */
int recorded_hook_open(const struct intent_record *intent, int *ret_pidfd);
/* End it with all that came of it. False: something is left. */
bool recorded_hook_end(const struct intent_record *intent, const struct deadline *deadline);

#endif
