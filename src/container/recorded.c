/* SPDX-License-Identifier: Apache-2.0 */
/* See recorded.h. Runs in the runtime. */
#include "container/recorded.h"

#include "facts/groups.h"
#include "state/ids.h"
#include "sys/boot_id.h"

static bool is_of_another_boot(const char *recorded)
{
	char now[BOOT_ID_SIZE];
	struct err e;

	/* If it cannot be told, processes that may be left count more. */
	return recorded && boot_id(now, &e) == 0 && boot_is_another(recorded, now);
}

const struct cgroup_record *recorded_cgroup(const struct status_record *status,
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

int own_cgroup(const struct global_options *global, const char *id,
	       const struct status_record *status, const struct intent_record *intent,
	       struct arena *arena, const struct cgroup_record **ret, struct err *e)
{
	const struct cgroup_record *cgroup = recorded_cgroup(status, intent);
	struct cgroup_others *others = arena_new(arena, struct cgroup_others);
	const struct groups_options options = {
		.id = id,
		.root = facts_real_root(global->root, arena),
		.members_directory = registry_default_directory(global->rootless, arena),
	};
	struct cgroup_record *own;

	*ret = cgroup;
	if (!cgroup || cgroup->mark)
		return 0;
	if (facts_groups_of_others(&options, cgroup, arena, others, e) < 0)
		return -1;
	own = arena_new(arena, struct cgroup_record);
	*own = *cgroup;
	own->others = others;
	*ret = own;
	return 0;
}

const struct rdt_record *recorded_rdt(const struct status_record *status,
				      const struct intent_record *intent)
{
	if (status && status->rdt)
		return is_of_another_boot(status->init.boot_id) ? NULL : status->rdt;
	if (intent && intent->rdt)
		return is_of_another_boot(intent->owner.boot_id) ? NULL : intent->rdt;
	return NULL;
}

int recorded_ids_remove(const struct state_dir *dir, const struct status_record *status,
			const struct intent_record *intent, struct arena *arena, struct err *e)
{
	const struct id_range *ids = status ? &status->ids : intent ? &intent->ids : NULL;

	if (!ids || ids->size == 0)
		return 0;
	return ids_remove(ids_default_directory(arena), ids, facts_real_root(dir->root, arena),
			  dir->id, e);
}
