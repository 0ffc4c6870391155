/* SPDX-License-Identifier: Apache-2.0 */
/* See running.h. Runs in the runtime. */
#include "container/running.h"

#include "cgroup/cgroup.h"
#include "container/recorded.h"
#include "container/records.h"

void living_release(struct living *living)
{
	close_keep_errno(living->pidfd);
	living->pidfd = -1;
	state_dir_release(&living->dir);
	arena_release(&living->arena);
}

int living_open(const struct global_options *global, const char *id, const char *verb, bool lock,
		struct living *ret, struct err *e)
{
	autoliving living = LIVING_INIT;

	if (state_open(global->root, id, lock, &living.dir, e) < 0 ||
	    records_status(global, &living.dir, &living.arena, &living.status, e) < 0)
		return -1;
	if (!living.status || living.status->phase == PHASE_CREATING)
		return fail(e, ERR_STATE, "cannot %s container %s: it is being created", verb, id);
	living.pidfd = process_open(&living.status->init, e);
	if (living.pidfd < 0)
		/* The words are what engines look for. */
		return e->kind == ERR_NOT_FOUND
			       ? fail(e, ERR_STATE, "cannot %s container %s: container not running",
				      verb, id)
			       : -1;
	if (own_cgroup(global, id, living.status, NULL, &living.arena, &living.cgroup, e) < 0)
		return -1;
	*ret = living;
	living = (struct living)LIVING_INIT;
	return 0;
}

int living_open_cgroup(const struct global_options *global, const char *id, const char *verb,
		       bool lock, struct living *ret, struct err *e)
{
	autoliving living = LIVING_INIT;

	if (living_open(global, id, verb, lock, &living, e) < 0)
		return -1;
	if (!living.cgroup)
		return fail(e, ERR_STATE, "cannot %s container %s: it has no cgroup", verb, id);
	if (cgroup_check_own(living.cgroup, NULL, e) < 0)
		return err_prefix(e, "cannot %s container %s", verb, id);
	*ret = living;
	living = (struct living)LIVING_INIT;
	return 0;
}
