/* SPDX-License-Identifier: Apache-2.0 */
/* See leftover.h. Runs in the runtime. */
#include "container/leftover.h"

#include "sys/boot_id.h"

static bool is_of_another_boot(const char *recorded)
{
	char now[BOOT_ID_SIZE];
	struct err e;

	/* Where it cannot be told, processes that may be left count more. */
	return recorded && boot_id(now, &e) == 0 && boot_is_another(recorded, now);
}

const struct cgroup_record *leftover_cgroup(const struct status_record *status,
					    const struct intent_record *intent)
{
	const struct cgroup_record *cgroup = NULL;
	const char *recorded = NULL;

	if (status && status->cgroup) {
		cgroup = status->cgroup;
		recorded = status->init.boot_id;
	} else if (intent && intent->cgroup) {
		cgroup = intent->cgroup;
		recorded = intent->owner.boot_id;
	}
	return cgroup && cgroup->manage && !is_of_another_boot(recorded) ? cgroup : NULL;
}

const struct rdt_record *leftover_rdt(const struct status_record *status,
				      const struct intent_record *intent)
{
	if (status && status->rdt)
		return is_of_another_boot(status->init.boot_id) ? NULL : status->rdt;
	if (intent && intent->rdt)
		return is_of_another_boot(intent->owner.boot_id) ? NULL : intent->rdt;
	return NULL;
}
