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
	autorunning running = RUNNING_INIT;

	bool frozen;

	if (running_open_cgroup(global, id, "pause", true, &running, e) < 0 ||
	    cgroup_ask_frozen(running.cgroup, &frozen, e) < 0)
		return -1;
	if (frozen)
		return fail(e, ERR_STATE, "cannot pause container %s: it is paused already", id);
	/* A process in uninterruptible sleep cannot be frozen before it wakes up. */
	return cgroup_pause(running.cgroup, deadline_ms(), e);
}

int container_resume(const struct global_options *global, const char *id, struct err *e)
{
	autorunning running = RUNNING_INIT;

	bool frozen;

	if (running_open_cgroup(global, id, "resume", true, &running, e) < 0 ||
	    cgroup_ask_frozen(running.cgroup, &frozen, e) < 0)
		return -1;
	if (!frozen)
		return fail(e, ERR_STATE, "cannot resume container %s: it is not paused", id);
	return cgroup_resume(running.cgroup, deadline_ms(), e);
}
