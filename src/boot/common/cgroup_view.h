/* SPDX-License-Identifier: Apache-2.0 */
/* The container's view of the cgroup hierarchies (plan kind PLAN_MOUNT_CGROUP). */
#ifndef BOOT_COMMON_CGROUP_VIEW_H
#define BOOT_COMMON_CGROUP_VIEW_H

#include "boot/common/root.h"

/* Onto an open target. */
int mount_cgroup_view(struct root *r, const struct plan_mount *mount, int target, struct err *e)
	MUST_CHECK;
/* A detached mount of the group that the caller's child is made for, of one hierarchy. */
int clone_cgroup_view(const struct root *r, const struct plan_mount *mount,
		      const struct cgroup_hierarchy_facts *hierarchy, struct err *e) MUST_CHECK;
/* The view shows one hierarchy alone, at its destination itself; else each has a directory in it. */
bool cgroup_view_is_one(const struct plan_mount *mount);
/* The name of a hierarchy in the view; NULL: it is not in it. */
const char *cgroup_view_name(const struct plan_mount *mount,
			     const struct cgroup_hierarchy_facts *hierarchy);
/* What holds for the hierarchies in a view of version 1. */
struct plan_mount cgroup_view_inner(const struct plan_mount *mount);

#endif
