/* SPDX-License-Identifier: Apache-2.0 */
/* One cgroup in one hierarchy while it is being made. Private to cgroup/. */
#ifndef CGROUP_MAKE_H
#define CGROUP_MAKE_H

#include "cgroup/tree.h"

struct cgroup_making {
	const struct cgroup_hierarchy_facts *hierarchy;
	const char *path; /* as in struct plan_cgroup, without its '/' in front */
	int mount;        /* descriptor of the mount point; owned */
	int directory;    /* of the cgroup itself; owned */
	size_t made_from; /* length of the shortest part of `path` that this call made; 0: none */
	pid_t inhabitant; /* may be in it already; 0: none */
	const struct cgroup_claim *claim; /* NULL: none is made */
	bool marked_before, claimed;
};

/* Make the directory with its parents, and claim it. An existing one must be empty of processes. */
int cgroup_make_directory(struct cgroup_making *making, struct err *e) MUST_CHECK;

/* Whether a process can be born in it; that of a new one may change when a group above gets controllers. */
int cgroup_check_type(const struct cgroup_making *making, struct err *e) MUST_CHECK;

/* Remove what cgroup_make_directory() made. */
void cgroup_unmake_directory(struct cgroup_making *making);
void cgroup_making_release(struct cgroup_making *making);

/* claim.c: mark the directory as the container's; of several that want it one wins. Then, where the claim is
 * exclusive, look whether it lies in another one's group or contains one. */
int cgroup_claim_directory(struct cgroup_making *making, struct err *e) MUST_CHECK;

/* v1 cpuset: a new one is empty and cannot be joined before it has the CPUs and nodes of its parent. */
int cgroup_fill_cpuset(const struct cgroup_making *making, struct err *e) MUST_CHECK;

/* v1: before `runtime` is written to the group's cpu.rt_runtime_us, the parents that were made for it get what it
 * takes. */
void cgroup_give_realtime(const struct cgroup_making *making, const char *runtime);

/* v2: switch on what `plan` writes to, which must succeed, and the usual controllers as far as they can
 * be had, in every cgroup above this one. */
int cgroup_enable_controllers(const struct cgroup_making *making, const struct plan_cgroup *plan,
			      struct err *e) MUST_CHECK;

/* A v2 directory and those of its files that the kernel allows to be delegated. */
int cgroup_give(int directory_fd, uint32_t uid, uint32_t gid, const char *shown, struct err *e)
	MUST_CHECK;

/* Write the plan's limits, in order; what was there before is put back if one fails. *ret, which may be
 * NULL, keeps it for later. */
int cgroup_write_limits(const struct plan_cgroup *plan, const struct cgroup_making *makings,
			size_t n, struct cgroup_changes *ret, struct err *e) MUST_CHECK;

#endif
