/* SPDX-License-Identifier: Apache-2.0 */
/* What two policies decide about one request, and where they differ. Pure. */
#ifndef POLICY_DIFFERENCE_H
#define POLICY_DIFFERENCE_H

#include "policy/policy.h"

enum difference_kind {
	DIFFERENCE_NONE = 1,
	DIFFERENCE_OTHER, /* it runs under both, or under neither, with other decisions */
	DIFFERENCE_ALLOWED,
	DIFFERENCE_REFUSED,
};
extern const struct name_row difference_names[]; /* "same", "different", "allowed", "refused" */

struct difference {
	int kind; /* enum difference_kind */
	/* What holds where both let it run: kernelMounts and cgroup.overlap for mounts and groups that come later, limits
	 * of the group in which those of all containers lie. */
	bool network, confinement, kernel_mounts, groups, limits, mode;
	/* Capabilities in any of the process's sets under one of them alone. */
	struct strlist lost, gained;
	/* Those of one of them alone. Strings are shared. */
	struct decisions removed, added;
};

void verdict_difference(const struct verdict *before, const struct verdict *after,
			struct arena *arena, struct difference *ret);

#endif
