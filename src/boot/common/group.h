/* SPDX-License-Identifier: Apache-2.0 */
/* The container's cgroup and group of resctrl. */
#ifndef BOOT_COMMON_GROUP_H
#define BOOT_COMMON_GROUP_H

#include "cgroup/cgroup.h"

struct boot_group {
	struct cgroup cgroup;
	struct cgroup_memory before;  /* before a process of ours was in it */
	struct cgroup_record *record; /* as it is in the status */
	const struct rdt_record *rdt; /* NULL: none is used */
	int apart; /* a group of version 2 that is none of the container's cgroup (cgroup/apart.h); else -1 */
	int procs; /* v2 with a user namespace by path: written by the process itself; else -1 */
	bool made, rdt_made;
};
#define BOOT_GROUP_INIT                                         \
	{                                                       \
		.cgroup = CGROUP_INIT, .apart = -1, .procs = -1 \
	}
/* That of version 2 in which a process is to be born; -1: none. */
int group_into(const struct boot_group *group);
/* Close what is open still. */
void group_release(struct boot_group *group);

/* The calling process. Nothing of the group is open any more then. */
int group_join(struct boot_group *group, struct err *e) MUST_CHECK;
/* One that was born outside. */
int group_take_in(const struct boot_group *group, pid_t pid, struct err *e) MUST_CHECK;
/* What it clones inherits it. */
int group_join_rdt(const struct boot_group *group, pid_t pid, struct err *e) MUST_CHECK;

#endif
