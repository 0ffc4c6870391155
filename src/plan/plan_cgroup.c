/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the container's cgroup is, what is written into it and whose it is (config-linux.md "Control
 * groups"). Pure.
 */
#include "base/auto.h"
#include "plan/parts.h"

#include "plan/plan_resources.h"
#include "sys/mount_api.h"

#include <limits.h>

#define PARENT_OF_DEFAULT "/distro-shim"
#define COMPONENT_MAX 255 /* NAME_MAX */

/*
 * What is asked for. Up to version 1.2 of the specification a pids limit of 0 was none, and Podman sends it
 * for "--pids-limit -1"; since 1.3 it is a limit like any other.
 */
static const struct spec_resources *resources_of(const struct plan_context *c)
{
	static const struct spec_resources nothing;
	static const char *const before[] = { "1.0.", "1.1.", "1.2." };
	const struct spec_resources *resources = c->linux_->resources;
	struct spec_resources *copy;
	bool old = false;

	if (!resources)
		return &nothing;
	for (size_t i = 0; i < ARRAY_SIZE(before); i++)
		old = old || str_has_prefix(c->spec->oci_version, before[i]);
	if (!old || !resources->pids || resources->pids->limit != 0)
		return resources;
	copy = arena_new(c->arena, struct spec_resources);
	*copy = *resources;
	copy->pids = NULL;
	return copy;
}

/* Why no cgroup is made; NULL: one is. */
static const char *reason_for_none(const struct plan_context *c)
{
	if (c->options->cgroup_disabled)
		return "the cgroup manager is disabled";
	if (!c->facts->cgroup || c->facts->cgroup->layout == CGROUP_NONE)
		return "no cgroup hierarchy is mounted";
	if (c->facts->rootless && !c->options->systemd_cgroup && str_empty(c->linux_->cgroups_path))
		return "without linux.cgroupsPath a rootless caller has no cgroup to write to";
	return NULL;
}

/* --- path --- */

/* The path goes below every hierarchy: nothing in it may lead out again. */
static int path_check(const char *path, struct err *e)
{
	for (const char *p = path; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return fail(e, ERR_CONFIG, "linux.cgroupsPath: has a control character");
	}
	while (*path) {
		size_t length = strcspn(path, "/");

		if (length == 2 && path[0] == '.' && path[1] == '.')
			return fail(e, ERR_CONFIG, "linux.cgroupsPath: \"..\" is not allowed");
		if (length > COMPONENT_MAX)
			return fail(e, ERR_CONFIG,
				    "linux.cgroupsPath: a component is longer than %d bytes",
				    COMPONENT_MAX);
		path += length + (path[length] == '/');
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
			return fail(e, ERR_CONFIG,
				    "linux.cgroupsPath: is longer than the %zu bytes that are left "
				    "for it below '%s'",
				    taken > PATH_MAX ? 0 : PATH_MAX - taken, mount);
	}
	return 0;
}

static int cgroup_path(struct plan_context *c, const char **ret, struct err *e)
{
	const char *path = c->linux_->cgroups_path;

	if (str_empty(path)) {
		*ret = arena_printf(c->arena, PARENT_OF_DEFAULT "/%s", c->options->id);
		return 0;
	}
	if (path_check(path, e) < 0)
		return -1;
	path = plan_path_clean(c->arena, path);
	if (str_eq(path, "/"))
		return fail(e, ERR_CONFIG,
			    "linux.cgroupsPath: the root cgroup is not the container's");
	if (path_check_length(c, path, e) < 0)
		return -1;
	*ret = path;
	return 0;
}

/* --- delegation --- */

static bool is_readonly(const struct plan_mount *mount)
{
	return (mount->attr_set | mount->rec_attr_set) & MOUNT_ATTR_RDONLY;
}

/* An id of the container as the host counts; ids_check_user() has found it in the mappings. */
static uint32_t host_id(const struct plan_context *c, const struct spec_id_mappings *mappings,
			uint32_t id)
{
	if (!c->plan->namespaces.new_user)
		return id;
	for (size_t i = 0; i < mappings->n; i++) {
		const struct spec_id_mapping *map = &mappings->v[i];

		if (id >= map->container_id && id - map->container_id < map->size)
			return map->host_id + (id - map->container_id);
	}
	return 0;
}

/*
 * config-linux.md "Cgroup ownership": on v2, where the container is shown its own group only and may write
 * to it by the mount, the group belongs to the user of its process. Of a user namespace that is joined the
 * mappings are not known.
 */
static void plan_delegation(struct plan_context *c)
{
	const struct spec_user *user = c->spec->process ? c->spec->process->user : NULL;
	struct plan_cgroup *cgroup = &c->plan->cgroup;
	bool writable = false;

	if (cgroup->layout != CGROUP_V2 || !c->plan->namespaces.new_cgroup ||
	    (plan_has_user_namespace(c->plan) && !c->plan->namespaces.new_user))
		return;
	for (size_t i = 0; i < c->plan->mounts.n; i++) {
		const struct plan_mount *mount = &c->plan->mounts.v[i];

		if (mount->kind == PLAN_MOUNT_CGROUP)
			writable = !is_readonly(mount);
	}
	cgroup->delegate_uid = host_id(c, &c->linux_->uid_mappings, user ? user->uid : 0);
	cgroup->delegate_gid = host_id(c, &c->linux_->gid_mappings, user ? user->gid : 0);
	cgroup->delegate = writable && cgroup->delegate_uid != 0;
}

int plan_cgroup(struct plan_context *c, struct err *e)
{
	const struct spec_resources *resources = resources_of(c);
	struct plan_cgroup *cgroup = &c->plan->cgroup;
	struct resources_request request = {
		.asked = resources,
		.effective = resources,
		.prefix = "linux.resources.",
		.reason = reason_for_none(c),
	};

	cgroup->layout = c->facts->cgroup ? c->facts->cgroup->layout : CGROUP_NONE;
	cgroup->manage = !request.reason;
	request.facts = cgroup->manage ? c->facts->cgroup : NULL;
	if (cgroup->manage && !c->options->systemd_cgroup && cgroup_path(c, &cgroup->path, e) < 0)
		return -1;
	/* Devices first: before there is a process, and what cannot be is known at once. */
	if (plan_device_rules(c, e) < 0 || plan_resources(&request, c->arena, cgroup, e) < 0)
		return -1;
	if (cgroup->manage && c->options->systemd_cgroup && plan_scope(c, e) < 0)
		return -1;
	plan_delegation(c);
	return 0;
}
