/* SPDX-License-Identifier: Apache-2.0 */
/* See running.h. Runs in the runtime. */
#include "container/running.h"

#include "cgroup/cgroup.h"
#include "container/recorded.h"
#include "container/records.h"

void running_release(struct running *running)
{
	close_keep_errno(running->pidfd);
	running->pidfd = -1;
	state_dir_release(&running->dir);
	arena_release(&running->arena);
}

int running_open(const struct global_options *global, const char *id, const char *verb, bool lock,
		 struct running *ret, struct err *e)
{
	autorunning running = RUNNING_INIT;

	if (state_open(global->root, id, lock, &running.dir, e) < 0 ||
	    records_status(global, &running.dir, &running.arena, &running.status, e) < 0)
		return -1;
	if (!running.status || running.status->phase == PHASE_CREATING)
		return fail(e, ERR_STATE, "cannot %s container %s: it is being created", verb, id);
	running.pidfd = process_open(&running.status->init, e);
	if (running.pidfd < 0)
		/* The words are what engines look for. */
		return e->kind == ERR_NOT_FOUND
			       ? fail(e, ERR_STATE, "cannot %s container %s: container not running",
				      verb, id)
			       : -1;
	if (own_cgroup(global, id, running.status, NULL, &running.arena, &running.cgroup, e) < 0)
		return -1;
	*ret = running;
	running = (struct running)RUNNING_INIT;
	return 0;
}

int running_open_cgroup(const struct global_options *global, const char *id, const char *verb,
			bool lock, struct running *ret, struct err *e)
{
	autorunning running = RUNNING_INIT;

	if (running_open(global, id, verb, lock, &running, e) < 0)
		return -1;
	if (!running.cgroup)
		return fail(e, ERR_STATE, "cannot %s container %s: it has no cgroup", verb, id);
	if (cgroup_check_own(running.cgroup, NULL, e) < 0)
		return err_prefix(e, "cannot %s container %s", verb, id);
	*ret = running;
	running = (struct running)RUNNING_INIT;
	return 0;
}
