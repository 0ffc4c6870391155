/* SPDX-License-Identifier: Apache-2.0 */
/* The container's "/", and what is mounted below it. */
#ifndef BOOT_COMMON_ROOT_H
#define BOOT_COMMON_ROOT_H

#include "base/auto.h"
#include "model/facts.h"
#include "plan/plan.h"

struct root {
	const struct plan *plan;
	const struct facts *facts;
	struct arena *arena;
	int fd; /* until it is attached, a detached clone */
	int *mounts; /* one per plan->mounts: made by the runtime, -1 if the container's process makes it */
	int covered;        /* the one over which mounts at "/" lie; -1: there are none */
	unsigned n_covered; /* how many of them are not the root */
	int descriptors; /* /proc/self/fd of the runtime's procfs; -1 if names of descriptors are not needed */
	size_t n_joined; /* in the runtime: so many of `mounts` are in a mount namespace that is joined */
	bool running; /* of a container that runs */
	/* mount ids of the file systems of the kernel's that the plan knows, and of those that stay read-only */
	struct u32list kernel, readonly;
};
#define ROOT_INIT                                          \
	{                                                  \
		.fd = -1, .covered = -1, .descriptors = -1 \
	}
/* Close what is open still. */
void root_release(struct root *r);

/* None of the plan's is made. */
void root_no_mounts(struct root *r);
/* Before a mount namespace is entered, because there may be no /proc in it. */
int root_open_descriptors(struct root *r, struct err *e) MUST_CHECK;
/* Where a target really is, nothing of the plan's `kept` is. */
int root_check_kept(const struct root *r, int target, struct err *e) MUST_CHECK;
/* What is mounted there, a directory or not, by its name in `descriptors`. */
int root_unmount(const struct root *r, int fd, struct err *e) MUST_CHECK;
/* Without a mount namespace: nothing is moved, or it would be on the host. */
int change_root(int root, struct err *e) MUST_CHECK;

#endif
