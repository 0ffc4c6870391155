/* SPDX-License-Identifier: Apache-2.0 */
/*
 * namespaces.user "auto": each container gets ids of the host that no other one has. What is asked for is granted where
 * it keeps to that, and never in part. Pure.
 */
#include "base/auto.h"
#include "policy/rules.h"

static bool is_auto(const struct judgement *j)
{
	struct policy_ids ids;

	return policy_user_ids(j->policy, &ids);
}

/* The first entry that matches is the only one that counts. */
const char *user_exception(const struct judgement *j)
{
	const char *entry = j->network.entry;

	return arena_printf(
		j->edit.arena,
		"set namespaces.user to \"requested\" for it, in an entry of distros%s%s",
		entry ? " before " : "", entry ? entry : "");
}

bool user_is_given(const struct judgement *j)
{
	return is_auto(j) && namespace_index(j->edit.spec, SPEC_NS_USER) < 0;
}

static bool is_range(const struct spec_id_mappings *mappings, const struct user_facts *user)
{
	return user->size && mappings->n == 1 && mappings->v[0].container_id == 0 &&
	       mappings->v[0].host_id == user->first && mappings->v[0].size == user->size;
}

/* "1000000 to 1065535" */
static char *range_text(struct judgement *j)
{
	const struct user_facts *user = j->facts->user;

	return arena_printf(j->edit.arena, "%u to %u", user->first, user->first + user->size - 1);
}

/* --- what cannot be --- */

/* Neither ids of the machine's own users, nor any that the policy gives to others. */
static bool is_apart(const struct judgement *j, const struct spec_id_mappings *mappings)
{
	struct policy_ids ids;

	if (!policy_user_ids(j->policy, &ids))
		return false;
	for (size_t i = 0; i < mappings->n; i++) {
		const struct spec_id_mapping *map = &mappings->v[i];

		if (map->host_id < POLICY_IDS_MIN ||
		    (map->host_id < (uint64_t)ids.first + ids.count &&
		     (uint64_t)map->host_id + map->size > ids.first))
			return false;
	}
	return mappings->n > 0;
}

/* An entry of the config's own. True if nothing is left to do. */
static bool judge_own(struct judgement *j, const char *id, long index)
{
	const struct spec_linux *linux_ = j->edit.spec->linux_;
	const char *pointer = namespace_pointer(j, index);

	if (linux_->namespaces.v[index].path) {
		edit_refuse(
			&j->edit, id, pointer,
			arena_printf(
				j->edit.arena,
				"an existing user namespace is asked for, whose ids the policy did not give out; ask for none, or %s",
				user_exception(j)));
		return true;
	}
	if (is_range(&linux_->uid_mappings, j->facts->user) &&
	    is_range(&linux_->gid_mappings, j->facts->user))
		return false;
	if (is_apart(j, &linux_->uid_mappings) && is_apart(j, &linux_->gid_mappings))
		edit_keep(
			&j->edit, id, pointer,
			"the config asks for a user namespace with ids that are neither those of the machine's users nor those that the policy gives out");
	else
		edit_refuse(
			&j->edit, id, pointer,
			arena_printf(
				j->edit.arena,
				"a user namespace is asked for whose ids are those of the machine's users (below %u) or some that the policy gives to others; ask for none or for other ids, or %s",
				POLICY_IDS_MIN, user_exception(j)));
	return true;
}

/* Namespaces of another container belong to its user namespace: here there would be no power over them, and the ids
 * would not be the same. */
static bool refuse_pod(struct judgement *j, const char *id)
{
	static const int types[] = { SPEC_NS_PID, SPEC_NS_IPC, SPEC_NS_UTS, SPEC_NS_CGROUP };
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		long index = namespace_index(j->edit.spec, types[i]);
		const char *path =
			index < 0 ? NULL : j->edit.spec->linux_->namespaces.v[index].path;

		if (!path || namespace_is_host(j, path))
			continue;
		any = true;
		edit_refuse(
			&j->edit, id, namespace_pointer(j, index),
			arena_printf(
				j->edit.arena,
				"the %s namespace of another container is asked for, as in a pod, which takes the same user namespace; set %s to \"fresh\", or %s",
				namespace_type_name(types[i]),
				key_place(j, arena_printf(j->edit.arena, "namespaces.%s",
							  namespace_type_name(types[i]))),
				user_exception(j)));
	}
	return any;
}

static const char *host_problem(struct judgement *j)
{
	const struct user_facts *user = j->facts->user;
	struct policy_ids ids;

	if (j->subject->path == PATH_RESTORE)
		return arena_printf(
			j->edit.arena,
			"criu makes the user namespace of the images, whose ids the policy did not give out; create the container anew, or %s",
			user_exception(j));
	if (j->facts->rootless)
		return arena_printf(
			j->edit.arena,
			"ids of the host are given out by its root alone, and the user who asks is not; %s",
			user_exception(j));
	if (!user)
		return "was not looked at, which is a mistake of this program; please report it";
	if (user->problem)
		return arena_printf(j->edit.arena, "no ids can be given out: %s; mend that, or %s",
				    user->problem, user_exception(j));
	if (!user->size && policy_user_ids(j->policy, &ids))
		return arena_printf(
			j->edit.arena,
			"all %u ranges of %u ids from %u on are in use; delete containers, or make %s larger",
			ids.count / ids.size, ids.size, ids.first,
			key_place(j, "namespaces.user.auto.range"));
	if (user->root_problem)
		return arena_printf(
			j->edit.arena,
			"the root filesystem cannot be shown by the ids %s: %s; put it on one whose ids can be mapped (ext4, xfs, btrfs, tmpfs; of overlay newer kernels), or %s",
			range_text(j), user->root_problem, user_exception(j));
	return NULL;
}

/* --- what is given --- */

static void give(struct judgement *j, const char *id)
{
	const struct user_facts *user = j->facts->user;
	const struct spec_id_mapping map = { .host_id = user->first, .size = user->size };
	const char *why = arena_printf(
		j->edit.arena,
		"the container has the ids %s of the host, and no other one has any of them%s",
		range_text(j),
		user->held ? ""
			   : " (free now; create takes these, or others if they are gone by then)");

	edit_namespace_add(&j->edit, id, SPEC_NS_USER, NULL, why);
	edit_id_mappings(&j->edit, id, false, &map, why);
	edit_id_mappings(&j->edit, id, true, &map, why);
}

static void warn_of_owners(struct judgement *j, const char *id)
{
	const struct user_facts *user = j->facts->user;

	for (size_t i = 0; i < user->owners.n; i++)
		edit_warn(
			&j->edit, id, "",
			arena_printf(
				j->edit.arena,
				"%s has ids of %s, too; choose a range apart from it, and enter that there for distro-shim",
				key_place(j, "namespaces.user.auto.range"),
				edit_shown(&j->edit, user->owners.v[i])));
}

static bool has_mappings(const struct spec *spec)
{
	return spec->linux_ &&
	       (spec->linux_->uid_mappings.n > 0 || spec->linux_->gid_mappings.n > 0);
}

void rule_namespace_user(struct judgement *j, const char *id)
{
	long index = namespace_index(j->edit.spec, SPEC_NS_USER);
	const char *problem;

	if (!is_auto(j))
		return;
	problem = host_problem(j);
	if (index >= 0 && j->facts->user && !j->facts->rootless && judge_own(j, id, index))
		return;
	if (index < 0 && has_mappings(j->edit.spec)) {
		edit_refuse(
			&j->edit, id, "/linux",
			"uidMappings or gidMappings are given without a user namespace; leave them out");
		return;
	}
	if (problem) {
		edit_refuse(&j->edit, id, namespace_pointer(j, index), problem);
		return;
	}
	if (refuse_pod(j, id))
		return;
	warn_of_owners(j, id);
	if (index < 0)
		give(j, id);
	j->ids = (struct id_range){ j->facts->user->first, j->facts->user->size };
}
