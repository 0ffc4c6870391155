/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories that every container sees. Pure.
 */
#include "base/path.h"
#include "policy/rules.h"

/* Slave: what the host mounts there later arrives, and no unmount of a container reaches another one or the host. */
#define SHARE_OPTIONS "rbind,rslave,nosuid,nodev"

bool mount_is_share(struct judgement *j, const struct spec_mount *mount)
{
	for (size_t i = 0; i < j->policy->share.n; i++)
		if (str_eq(mount->source, j->policy->share.v[i].source) &&
		    mount_is_at(j, mount, j->policy->share.v[i].destination))
			return true;
	return false;
}

static const char *problem_of(const struct judgement *j, const struct policy_share *share)
{
	for (size_t i = 0; i < j->facts->shares.n; i++)
		if (str_eq(j->facts->shares.v[i].source, share->source))
			return j->facts->shares.v[i].problem;
	return "it was not looked at";
}

/* By the container's ids all of them share the files as they would without user namespaces. */
static bool is_mapped(struct judgement *j, const char *id, const struct policy_share *share)
{
	if (!j->ids.size)
		return false;
	for (size_t i = 0; i < j->facts->shares.n; i++) {
		const struct share_facts *facts = &j->facts->shares.v[i];

		if (!str_eq(facts->source, share->source) || !facts->idmap_problem)
			continue;
		edit_warn(&j->edit, id, "",
			  arena_printf(
				  j->edit.arena,
				  "%s: in the container its files belong to no user that is there",
				  facts->idmap_problem));
		return false;
	}
	return true;
}

/* Over what is mounted around it, and below what is mounted in it. */
static size_t position(struct judgement *j, const char *destination, long *ret_there)
{
	const struct spec *spec = j->edit.spec;
	size_t after = 0;

	*ret_there = -1;
	for (size_t i = 0; i < spec->mounts.n; i++) {
		const struct spec_mount *mount = &spec->mounts.v[i];
		const char *at =
			mount->destination ? path_clean_in(j->edit.arena, mount->destination) : "/";

		if (strlist_has(&mount->options, "remount") || !path_is_below(destination, at))
			continue;
		after = i + 1;
		*ret_there = str_eq(at, destination) ? (long)i : -1;
	}
	for (size_t i = after; i < spec->mounts.n; i++)
		if (spec->mounts.v[i].destination &&
		    path_is_below(path_clean_in(j->edit.arena, spec->mounts.v[i].destination),
				  destination))
			return i;
	return spec->mounts.n;
}

static void add_share(struct judgement *j, const char *id, const struct policy_share *share)
{
	const char *problem = problem_of(j, share);
	struct spec_mount mount;
	size_t index;
	long there;

	if (problem) {
		edit_refuse(
			&j->edit, id, "",
			arena_printf(
				j->edit.arena,
				"%s cannot be shown to every container: %s; make it a directory of root's own, or take it out of %s",
				edit_shown(&j->edit, share->source), problem, key_place(j, id)));
		return;
	}
	mount = mount_make(j, "bind", share->source, share->destination,
			   is_mapped(j, id, share) ? SHARE_OPTIONS ",idmap" : SHARE_OPTIONS);
	index = position(j, share->destination, &there);
	if (there < 0)
		edit_mount_insert(&j->edit, id, index, &mount,
				  "the policy shows this directory to every container");
	else if (!mount_is_share(j, &j->edit.spec->mounts.v[there]))
		edit_keep(
			&j->edit, id, arena_printf(j->edit.arena, "/mounts/%ld", there),
			arena_printf(
				j->edit.arena,
				"the config has a mount of its own there, so %s of the policy is not seen",
				edit_shown(&j->edit, share->source)));
}

void rule_share(struct judgement *j, const char *id)
{
	for (size_t i = 0; i < j->policy->share.n; i++)
		add_share(j, id, &j->policy->share.v[i]);
}
