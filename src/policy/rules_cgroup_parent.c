/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The group in which those of all containers lie, and what is left of the host for them. Pure.
 *
 * What was asked for is kept below it, so that whatever is apart there stays apart: "/a/b" becomes "/PARENT/a/b". A
 * scope of systemd lies in it whatever slice was asked for, because slices lie in each other by their names alone.
 */
#include "base/path.h"
#include "base/slice.h"
#include "policy/rules.h"

/* Limits are in whole ones of these, because the kernel cuts off what is less than a page, which is larger on some
 * machines than on others: a limit is compared as text. */
#define MEMORY_STEP (UINT64_C(1) << 20)

#define ALL_PERCENT 100

const char *policy_group_parent(const struct policy *policy)
{
	const char *parent = policy->cgroup ? policy->cgroup->parent : NULL;

	return str_eq(parent, POLICY_PARENT_NONE) ? NULL : parent;
}

/* --- where it is --- */

/* A name of a slice is that of a group without systemd, too. */
static const char *group_of(const char *parent, struct arena *arena)
{
	return parent[0] == '/' ? parent : slice_path(parent, arena);
}

static bool is_of_user(const struct facts *facts)
{
	return facts->rootless && facts->cgroup->layout == CGROUP_V2;
}

/* Of a user who is not root it lies in what is delegated to the caller. */
static const char *directory_of(const char *parent, const struct facts *facts, struct arena *arena)
{
	const char *delegated = is_of_user(facts) ? facts->cgroup->delegated : "/";
	const char *group = group_of(parent, arena);

	return str_eq(delegated, "/") ? group : arena_printf(arena, "%s%s", delegated, group);
}

static const char *readonly_hierarchy(const struct facts *facts)
{
	const struct cgroup_facts *cgroup = facts->cgroup;

	for (size_t i = 0; i < cgroup->hierarchies.n && !facts->rootless; i++)
		if (cgroup->hierarchies.v[i].readonly)
			return cgroup->hierarchies.v[i].mount_point;
	return NULL;
}

/* Why no container can lie there, and what mends it; NULL: it can. `place`: of the key that names it. */
static const char *problem_of(const char *parent, const struct facts *facts, const char *place,
			      struct arena *arena)
{
	const struct cgroup_facts *cgroup = facts->cgroup;

	if (!facts->parent || !cgroup)
		return "the host's groups were not looked at; report this as a mistake of the program";
	if (facts->parent->disabled)
		return "the cgroup manager is disabled; leave --cgroup-manager disabled out (of Podman --cgroups=disabled)";
	if (cgroup->layout == CGROUP_NONE)
		return "no cgroup hierarchy is mounted; mount one at /sys/fs/cgroup";
	if (facts->rootless && cgroup->layout != CGROUP_V2)
		return "a caller who is not root can make no groups on cgroup v1; boot the host with cgroup v2 alone (systemd.unified_cgroup_hierarchy=1)";
	if (facts->parent->systemd)
		return parent[0] != '/'
			       ? NULL
			       : arena_printf(
					 arena,
					 "it is a path, and the systemd cgroup manager takes the name of a slice; write %s as one, such as \"distros.slice\", which other engines take for its path",
					 place);
	if (is_of_user(facts) && !cgroup->delegated)
		return "no cgroup is delegated to the caller, who is not root; start it with systemd-run --user --scope -p Delegate=yes, or use --systemd-cgroup";
	if (readonly_hierarchy(facts))
		return arena_printf(
			arena,
			"the cgroup hierarchy '%s' is mounted read-only; mount it read-write",
			readonly_hierarchy(facts));
	return NULL;
}

/* --- what linux.cgroupsPath becomes --- */

/* "SLICE:PREFIX:NAME". What has another form is a mistake that the plan tells. */
static const char *scope_in(const char *parent, const char *asked, const char *id,
			    struct arena *arena)
{
	const char *rest = str_empty(asked) ? NULL : strchr(asked, ':');
	const char *slice;

	if (str_empty(asked))
		return arena_printf(arena, "%s:distro-shim:%s", parent, id);
	if (!rest)
		return NULL;
	slice = arena_strndup(arena, asked, (size_t)(rest - asked));
	if (!slice_name_problem(slice) && slice_is_below(slice, parent))
		return NULL;
	return arena_printf(arena, "%s%s", parent, rest);
}

static bool leads_upwards(const char *path)
{
	struct path_part part;

	while (path_next(&path, &part))
		if (path_part_is(&part, ".."))
			return true;
	return false;
}

/* What is delegated, with which a path of a user's engine begins; it need not be said twice. */
static const char *said_by_users_engine(const char *path, const struct facts *facts)
{
	const char *delegated = is_of_user(facts) ? facts->cgroup->delegated : "/";

	return !str_eq(delegated, "/") && path_is_below(path, delegated) ? delegated : "";
}

static const char *path_below(const char *parent, const char *asked, const struct facts *facts,
			      struct arena *arena)
{
	const char *directory = directory_of(parent, facts, arena);
	bool of_user = is_of_user(facts);
	const char *clean;

	if (str_empty(asked))
		return arena_printf(arena, "%s/distro-shim%c%s", directory, of_user ? '-' : '/',
				    facts->id);
	clean = path_clean_in(arena, asked);
	/* both are mistakes that the plan tells */
	if (str_eq(clean, "/") || leads_upwards(asked))
		return NULL;
	if (asked[0] == '/' || !of_user) {
		if (path_is_below(clean, directory) && !str_eq(clean, directory))
			return NULL;
		clean += strlen(said_by_users_engine(clean, facts));
	}
	return *clean ? arena_printf(arena, "%s%s", directory, clean) : NULL;
}

const char *policy_cgroups_path(const struct policy *policy, const struct spec *spec,
				const struct facts *facts, struct arena *arena)
{
	const char *parent = policy_group_parent(policy);
	const char *asked = spec->linux_ ? spec->linux_->cgroups_path : NULL;

	if (!parent || problem_of(parent, facts, "", arena) || (str_empty(asked) && !facts->id))
		return NULL;
	return facts->parent->systemd ? scope_in(parent, asked, facts->id, arena)
				      : path_below(parent, asked, facts, arena);
}

static const char *reason_of(struct judgement *j, const char *parent)
{
	const struct spec_linux *linux_ = j->edit.spec->linux_;
	bool asked = linux_ && !str_empty(linux_->cgroups_path);

	return arena_printf(
		j->edit.arena, "the groups of all containers lie below %s of the policy%s",
		edit_shown(&j->edit, parent),
		asked ? "; limits of a group around the one that was asked for do not hold there"
		      : "");
}

void rule_cgroup_parent(struct judgement *j, const char *id)
{
	const char *parent = policy_group_parent(j->policy);
	const struct spec_linux *linux_ = j->edit.spec->linux_;
	const char *pointer = linux_ && linux_->cgroups_path ? "/linux/cgroupsPath" : "";
	const char *problem, *path;
	struct arena *arena = j->edit.arena;

	if (!parent)
		return;
	problem = problem_of(parent, j->facts, key_place(j, id), arena);
	if (problem) {
		edit_refuse(&j->edit, id, pointer,
			    arena_printf(arena, "the container cannot lie below %s, because %s",
					 edit_shown(&j->edit, parent), problem));
		return;
	}
	path = policy_cgroups_path(j->policy, j->edit.spec, j->facts, arena);
	if (path)
		edit_cgroups_path(&j->edit, id, path, reason_of(j, parent));
	if (!j->facts->parent->systemd)
		j->parent.path = directory_of(parent, j->facts, arena);
	else if (!j->facts->rootless)
		j->parent.path = slice_path(parent, arena);
	if (j->facts->parent->systemd)
		j->parent.slice = parent;
}

/* --- its limits --- */

/* What is left; 0: nothing is reserved, or refused. */
static uint64_t left_of(struct judgement *j, const char *id, const char *what, uint64_t reserve,
			uint64_t there, uint64_t step)
{
	if (!reserve)
		return 0;
	if (reserve < there && there - reserve >= step)
		return (there - reserve) / step * step;
	edit_refuse(
		&j->edit, id, "",
		arena_printf(
			j->edit.arena,
			"the reserve of %llu %s leaves nothing for containers of the %llu that the host has; make it smaller",
			(unsigned long long)reserve, what, (unsigned long long)there));
	return 0;
}

static void check_controller(struct judgement *j, const char *id, const char *controller,
			     uint64_t reserved)
{
	const struct strlist *there = &j->facts->parent->controllers;

	if (!reserved || !there->v || strlist_has(there, controller))
		return;
	if (is_of_user(j->facts))
		edit_refuse(
			&j->edit, id, "",
			arena_printf(
				j->edit.arena,
				"the cgroup controller %s is not delegated to the caller, so that what is reserved of it cannot be kept; root delegates it with Delegate=cpu memory pids in a drop-in of user@.service",
				controller));
	else
		edit_refuse(
			&j->edit, id, "",
			arena_printf(
				j->edit.arena,
				"the host has no cgroup controller %s, so that what is reserved of it cannot be kept; enable it (cgroup_enable=%s among the kernel's parameters), or take that out of %s",
				controller, controller, key_place(j, id)));
}

void rule_cgroup_reserve(struct judgement *j, const char *id)
{
	const struct policy_reserve *reserve =
		policy_group_parent(j->policy) ? j->policy->cgroup->reserve : NULL;
	const struct parent_facts *host = j->facts->parent;

	/* else the parent has been refused */
	if (!reserve || (!j->parent.path && !j->parent.slice))
		return;
	check_controller(j, id, "memory", reserve->memory.value);
	check_controller(j, id, "cpu", reserve->cpu.value);
	check_controller(j, id, "pids", reserve->pids.value);
	j->parent.memory =
		left_of(j, id, "bytes of memory", reserve->memory.value, host->memory, MEMORY_STEP);
	j->parent.pids =
		left_of(j, id, "processes and threads", reserve->pids.value, host->pids, 1);
	if (reserve->cpu.value)
		j->parent.quota = (uint64_t)(host->cpus ? host->cpus : 1) *
				  (ALL_PERCENT - reserve->cpu.value) *
				  (GROUP_PARENT_PERIOD / ALL_PERCENT);
}
