/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules about the container's group. Pure.
 */
#include "policy/rules.h"

static const char *relation_text(const struct group_facts *group)
{
	switch ((enum group_relation)group->relation) {
	case GROUP_ABOVE:
		return "lies in the group of";
	case GROUP_BELOW:
		return "contains the group of";
	case GROUP_SAME:
	case GROUP_AROUND:
		break;
	}
	return "belongs to";
}

static const char *consequence_text(const struct group_facts *group)
{
	return group->relation == GROUP_SAME
		       ? "it becomes this container's if nothing runs in it, and commands for the other one no longer reach it"
		       : "limits of the outer group hold for both containers, and the outer one can neither be paused nor updated while the inner one runs";
}

static const char *group_pointer(const struct judgement *j)
{
	const struct spec *spec = j->edit.spec;

	return spec->linux_ && !str_empty(spec->linux_->cgroups_path) ? "/linux/cgroupsPath" : "";
}

bool policy_is_group_exclusive(const struct policy *policy)
{
	return policy->cgroup && policy->cgroup->overlap == POLICY_OVERLAP_REFUSED;
}

/* What freezes, limits or ends a group does so to all that is in it. */
void rule_cgroup_overlap(struct judgement *j, const char *id)
{
	const struct facts *facts = j->facts;

	for (size_t i = 0; i < facts->groups.n; i++) {
		const struct group_facts *group = &facts->groups.v[i];
		const char *what = arena_printf(
			j->edit.arena, "cgroup %s %s container %s (state root %s)",
			edit_shown(&j->edit, facts->cgroup_path), relation_text(group),
			edit_shown(&j->edit, group->id), edit_shown(&j->edit, group->root));

		if (policy_is_group_exclusive(j->policy))
			edit_refuse(
				&j->edit, id, group_pointer(j),
				arena_printf(
					j->edit.arena,
					"%s; name another group in linux.cgroupsPath, delete that container, or set %s to \"open\"",
					what, key_place(j, id)));
		else
			edit_warn(&j->edit, id, group_pointer(j),
				  arena_printf(j->edit.arena, "%s; %s", what,
					       consequence_text(group)));
	}
}
