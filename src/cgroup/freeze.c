/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The v1 freezer (freezer-subsystem.rst) and cgroup.freeze of v2 (cgroup-v2.rst). Runs in the runtime.
 */
#include "cgroup/freeze.h"

static bool is_unified(int directory_fd)
{
	char value[8];

	return tree_read(directory_fd, "cgroup.freeze", value, sizeof(value)) == 0;
}

/* FREEZING counts: it is what it was told. */
static bool is_v1_frozen(int directory_fd)
{
	char state[32];

	return tree_read(directory_fd, "freezer.state", state, sizeof(state)) == 0 &&
	       !str_eq(state, "THAWED");
}

bool cgroup_stands_still(int directory_fd)
{
	return tree_has_event(directory_fd, "cgroup.freeze", "1") ||
	       tree_has_event(directory_fd, "cgroup.events", "frozen 1") ||
	       is_v1_frozen(directory_fd);
}

void cgroup_freeze(int directory_fd, int64_t milliseconds)
{
	bool unified = is_unified(directory_fd);
	struct patience patience;

	/* Without the file there is nothing to wait for. */
	if (tree_write(directory_fd, unified ? "cgroup.freeze" : "freezer.state",
		       unified ? "1" : "FROZEN") < 0)
		return;
	patience_start(&patience, milliseconds);
	while (!(unified ? tree_has_event(directory_fd, "cgroup.events", "frozen 1")
			 : tree_has_event(directory_fd, "freezer.state", "FROZEN")))
		if (!patience_pause(&patience))
			return;
}

void cgroup_thaw(int directory_fd)
{
	if (tree_write(directory_fd, "cgroup.freeze", "0") < 0)
		(void)!tree_write(directory_fd, "freezer.state", "THAWED");
}

static int thaw_one(int directory_fd, void *context, struct err *e)
{
	(void)context;
	(void)e;
	if (cgroup_stands_still(directory_fd))
		cgroup_thaw(directory_fd);
	return 0;
}

int cgroup_thaw_all(int directory_fd, struct err *e)
{
	const struct tree_visitor visitor = { .enter = thaw_one };

	return tree_walk(directory_fd, &visitor, e);
}

bool cgroup_is_frozen(const struct cgroup_record *record)
{
	autoopened opened = { 0 };
	struct err e;

	if (cgroup_open_record(record, &opened, &e) < 0)
		return false;
	for (size_t i = 0; i < opened.n; i++)
		if (cgroup_stands_still(opened.fds[i]))
			return true;
	return false;
}
