/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pause and resume: all processes of a container stand still, or go on. Under the lock, so that no start or
 * delete comes in between. Both end in time, and a pause that did not succeed has changed nothing.
 */
#include "cgroup/cgroup.h"
#include "container/container.h"
#include "container/running.h"
#include "sys/deadline.h"

int container_pause(const struct global_options *global, const char *id, struct err *e)
{
	autoliving living = LIVING_INIT;

	bool frozen;

	if (living_open_cgroup(global, id, "pause", true, &living, e) < 0 ||
	    cgroup_ask_frozen(living.cgroup, &frozen, e) < 0)
		return -1;
	if (frozen)
		return fail(e, ERR_STATE, "cannot pause container %s: it is paused already", id);
	/* A process in uninterruptible sleep cannot be frozen before it wakes up. */
	return cgroup_pause(living.cgroup, deadline_ms(), e);
}

int container_resume(const struct global_options *global, const char *id, struct err *e)
{
	autoliving living = LIVING_INIT;

	bool frozen;

	if (living_open_cgroup(global, id, "resume", true, &living, e) < 0 ||
	    cgroup_ask_frozen(living.cgroup, &frozen, e) < 0)
		return -1;
	if (!frozen)
		return fail(e, ERR_STATE, "cannot resume container %s: it is not paused", id);
	return cgroup_resume(living.cgroup, deadline_ms(), e);
}
