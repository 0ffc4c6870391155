/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reserve is kept by the parent's limits. Where two entries of a policy wanted other limits of one parent, each start
 * would write them anew, and neither would hold. Pure.
 */
#include "policy/checks.h"

#include "base/slice.h"
#include "base/str.h"

struct reserve {
	const char *parent; /* NULL: none */
	uint64_t memory, cpu, pids;
};

struct whole {
	const struct json_source *source;
	struct arena *arena;
	struct err *e;
};

/* What a file says; the rest is as in `general`. */
static struct reserve reserve_of(const struct policy *policy, const struct reserve *general,
				 struct arena *arena)
{
	const struct policy_cgroup *cgroup = policy->cgroup;
	const struct policy_reserve *said = cgroup ? cgroup->reserve : NULL;
	struct reserve ret = *general;

	if (cgroup && cgroup->parent)
		ret.parent = policy_group_parent(policy);
	/* one group has two names */
	if (ret.parent && ret.parent[0] != '/')
		ret.parent = slice_path(ret.parent, arena);
	if (said && said->memory.set)
		ret.memory = said->memory.value;
	if (said && said->cpu.set)
		ret.cpu = said->cpu.value;
	if (said && said->pids.set)
		ret.pids = said->pids.value;
	return ret;
}

static bool is_something(const struct policy *policy)
{
	const struct policy_reserve *said = policy->cgroup ? policy->cgroup->reserve : NULL;

	return said && (said->memory.value || said->cpu.value || said->pids.value);
}

static bool is_same(const struct reserve *a, const struct reserve *b)
{
	return a->memory == b->memory && a->cpu == b->cpu && a->pids == b->pids;
}

static int check_parent(const struct whole *w, const struct json_value *at,
			const struct policy *policy, const struct reserve *reserve,
			const char *path)
{
	if (reserve->parent || !is_something(policy))
		return 0;
	return json_fail(w->source, json_get(json_get(at, "cgroup"), "reserve"), w->e,
			 "%scgroup.reserve: takes a cgroup.parent, whose limits keep it; name one",
			 path);
}

static int check_entry(const struct whole *w, const struct json_value *at,
		       const struct policy *entry, const struct reserve *all, size_t index)
{
	const struct reserve *own = &all[index + 1];
	const char *path = arena_printf(w->arena, "distros[%zu].", index);

	if (check_parent(w, at, entry, own, path) < 0)
		return -1;
	for (size_t i = 0; own->parent && i <= index; i++)
		if (str_eq(all[i].parent, own->parent) && !is_same(&all[i], own))
			return json_fail(
				w->source, json_get(at, "cgroup"), w->e,
				"%scgroup: reserves for the parent \"%s\" something else than %s; give each parent one reserve",
				path, own->parent,
				i ? arena_printf(w->arena, "distros[%zu]", i - 1)
				  : "the key cgroup outside of distros");
	return 0;
}

int policy_check_groups(const struct json_source *source, const struct json_value *root,
			const struct policy *policy, struct arena *arena, struct err *e)
{
	const struct whole w = { .source = source, .arena = arena, .e = e };
	const struct json_value *distros = json_get(root, "distros");
	const struct reserve nothing = { 0 };
	struct reserve *all = arena_new_array(arena, struct reserve, policy->distros.n + 1);
	size_t index = 0;

	all[0] = reserve_of(policy, &nothing, arena);
	if (check_parent(&w, root, policy, &all[0], "") < 0)
		return -1;
	for (const struct json_value *at = distros ? distros->first : NULL; at; at = at->next) {
		const struct policy *entry = &policy->distros.v[index].keys;

		all[index + 1] = reserve_of(entry, &all[0], arena);
		if (check_entry(&w, at, entry, all, index) < 0)
			return -1;
		index++;
	}
	return 0;
}
