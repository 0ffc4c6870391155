/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the container's cgroup is, and why it has none (config-linux.md "Cgroups Path"). Pure.
 */
#include "plan/context.h"

#include "base/auto.h"
#include "base/path.h"
#include "plan/make.h"

#include <limits.h>

#define PARENT_OF_DEFAULT "/distro-shim"
#define COMPONENT_MAX 255 /* NAME_MAX */

int plan_cgroup_path_check(const char *path, const char *what, struct err *e)
{
	struct path_part part;

	for (const char *p = path; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return fail(e, ERR_CONFIG, "%shas a control character", what);
	}
	while (path_next(&path, &part)) {
		if (path_part_is(&part, ".."))
			return fail(e, ERR_CONFIG, "%s\"..\" is not allowed", what);
		if (part.length > COMPONENT_MAX)
			return fail(e, ERR_CONFIG, "%sa component is longer than %d bytes", what,
				    COMPONENT_MAX);
	}
	return 0;
}

/* A group that can be made step by step, but whose files have no path that could be opened, could not be
 * removed again either. */
static int path_check_length(const struct plan_context *c, const char *path, struct err *e)
{
	const struct cgroup_facts *facts = c->facts->cgroup;
	size_t length = strlen(path);

	for (size_t i = 0; i < facts->hierarchies.n; i++) {
		const char *mount = facts->hierarchies.v[i].mount_point;
		size_t taken = strlen(mount) + 1 + COMPONENT_MAX + 1;

		if (taken + length > PATH_MAX)
			return fail(
				e, ERR_CONFIG,
				"linux.cgroupsPath: is longer than the %zu bytes that are left for it below '%s'",
				taken > PATH_MAX ? 0 : PATH_MAX - taken, mount);
	}
	return 0;
}

/* Of a user who is not root, where it has no place of its own: beside the caller's own cgroup, since
 * none that holds processes can hand on controllers; in it where that is all there is. */
static const char *base_of_user(const struct plan_context *c)
{
	const struct cgroup_facts *cgroup = c->facts->cgroup;
	const char *own = cgroup->hierarchies.v[0].own_path;
	const char *last = strrchr(own, '/');

	if (str_eq(own, cgroup->delegated) || !last || last == own)
		return cgroup->delegated;
	return arena_strndup(c->arena, own, (size_t)(last - own));
}

static int cgroup_path(struct plan_context *c, bool of_user, const char **ret, struct err *e)
{
	const char *path = c->linux_->cgroups_path;

	if (str_empty(path) && of_user)
		path = arena_printf(c->arena, "distro-shim-%s", c->options->id);
	else if (str_empty(path))
		path = arena_printf(c->arena, PARENT_OF_DEFAULT "/%s", c->options->id);
	if (plan_cgroup_path_check(path, "linux.cgroupsPath: ", e) < 0)
		return -1;
	/* config-linux.md "Cgroups Path": what a relative one is relative to is the runtime's choice. */
	if (of_user && path[0] != '/')
		path = arena_printf(c->arena, "%s/%s", base_of_user(c), path);
	path = path_clean_in(c->arena, path);
	if (str_eq(path, "/"))
		return fail(e, ERR_CONFIG,
			    "linux.cgroupsPath: the root cgroup is not the container's");
	if (path_check_length(c, path, e) < 0)
		return -1;
	*ret = path;
	return 0;
}

/* A rootless caller on v2: what can be made is known beforehand. */
static int path_of_user(struct plan_context *c, const char **ret, const char **reason,
			struct err *e)
{
	const char *delegated = c->facts->cgroup->delegated;
	const char *path = "";

	if (delegated && cgroup_path(c, true, &path, e) < 0)
		return -1;
	if (delegated && path_is_below(path, delegated) && !str_eq(path, delegated)) {
		*ret = path;
		return 0;
	}
	*reason =
		!delegated
			? "no cgroup is delegated to the caller, who is not root (use --systemd-cgroup, or start it with systemd-run --user --scope -p Delegate=yes)"
			: arena_printf(
				  c->arena,
				  "cgroup '%s' is not below '%s', which is what the caller may write to",
				  path, delegated);
	if (!str_empty(c->linux_->cgroups_path))
		plan_warn(c, "linux.cgroupsPath: no group is made: %s", *reason);
	return 0;
}

const char *plan_readonly_hierarchy(const struct plan_context *c)
{
	const struct cgroup_facts *facts = c->facts->cgroup;

	if (!facts || c->facts->rootless || c->options->systemd_cgroup)
		return NULL;
	for (size_t i = 0; i < facts->hierarchies.n; i++)
		if (facts->hierarchies.v[i].readonly)
			return facts->hierarchies.v[i].mount_point;
	return NULL;
}

/* As in a container of another engine's. What asks for nothing of a group runs without one of its own. */
static int no_place(struct plan_context *c, const char **reason, struct err *e)
{
	*reason = arena_printf(c->arena, "the cgroup hierarchy '%s' is mounted read-only",
			       plan_readonly_hierarchy(c));
	if (!str_empty(c->linux_->cgroups_path))
		return fail(
			e, ERR_CONFIG,
			"linux.cgroupsPath: no group can be made, because %s; without the property the container runs in the runtime's own",
			*reason);
	plan_warn(
		c,
		"the container has no cgroup of its own, because %s: it cannot be paused, updated or watched (events), and kill --all reaches all of its processes only if it has a PID namespace of its own",
		*reason);
	return 0;
}

int plan_cgroup_place(struct plan_context *c, const char **ret, const char **reason, struct err *e)
{
	int layout = c->facts->cgroup ? c->facts->cgroup->layout : CGROUP_NONE;

	*reason = NULL;
	if (c->options->cgroup_disabled)
		*reason = "the cgroup manager is disabled";
	else if (layout == CGROUP_NONE)
		*reason = "no cgroup hierarchy is mounted";
	if (*reason || c->options->systemd_cgroup)
		return 0;
	if (plan_readonly_hierarchy(c))
		return no_place(c, reason, e);
	if (c->facts->rootless && layout == CGROUP_V2)
		return path_of_user(c, ret, reason, e);
	if (!c->facts->rootless || !str_empty(c->linux_->cgroups_path))
		return cgroup_path(c, false, ret, e);
	*reason = "without linux.cgroupsPath a rootless caller has no cgroup to write to";
	return 0;
}

const char *plan_cgroup_requested(const struct spec *spec, const struct facts *facts,
				  const struct plan_options *options, struct arena *arena)
{
	static const struct spec_linux empty;
	struct plan_context c = {
		.spec = spec,
		.linux_ = spec->linux_ ? spec->linux_ : &empty,
		.facts = facts,
		.options = options,
		.arena = arena,
		.plan = arena_new(arena, struct plan),
	};
	const char *path = NULL, *reason;
	struct err ignored;

	/* What is wrong with it is said when the plan is made. */
	if (plan_cgroup_place(&c, &path, &reason, &ignored) < 0 || reason)
		return NULL;
	return options->systemd_cgroup ? plan_scope_path(&c) : path;
}
