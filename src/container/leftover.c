/* SPDX-License-Identifier: Apache-2.0 */
/* See leftover.h. Runs in the runtime. */
#include "container/leftover.h"

#include "sys/procfs.h"

#define BOOT_ID_SIZE 37

static bool is_of_another_boot(const char *boot_id)
{
	char now[BOOT_ID_SIZE];
	struct err e;

	/* Where it cannot be told, processes that may be left count more. */
	return boot_id && procfs_boot_id(now, &e) == 0 && !str_eq(boot_id, now);
}

const struct cgroup_record *leftover_cgroup(const struct status_record *status,
					    const struct intent_record *intent)
{
	const struct cgroup_record *cgroup = NULL;
	const char *boot_id = NULL;

	if (status && status->cgroup) {
		cgroup = status->cgroup;
		boot_id = status->init.boot_id;
	} else if (intent && intent->cgroup) {
		cgroup = intent->cgroup;
		boot_id = intent->owner.boot_id;
	}
	return cgroup && cgroup->manage && !is_of_another_boot(boot_id) ? cgroup : NULL;
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
