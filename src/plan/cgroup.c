/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is written into the container's cgroup, and whose it is (config-linux.md "Control groups"). Pure.
 */
#include "base/auto.h"
#include "plan/context.h"

#include "base/kernel.h"
#include "base/path.h"
#include "plan/resources.h"

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

/* --- delegation --- */

static bool is_readonly(const struct plan_mount *mount)
{
	return (mount->attr_set | mount->rec_attr_set) & MOUNT_ATTR_RDONLY;
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

	if (!plan_has_user_namespace(c->plan) || c->plan->namespaces.new_user) {
		cgroup->delegate_uid =
			plan_host_id(c, &c->linux_->uid_mappings, user ? user->uid : 0);
		cgroup->delegate_gid =
			plan_host_id(c, &c->linux_->gid_mappings, user ? user->gid : 0);
	}
	if (cgroup->layout != CGROUP_V2 || !c->plan->namespaces.new_cgroup)
		return;
	for (size_t i = 0; i < c->plan->mounts.n; i++) {
		const struct plan_mount *mount = &c->plan->mounts.v[i];

		if (mount->kind == PLAN_MOUNT_CGROUP)
			writable = !is_readonly(mount);
	}
	cgroup->delegate = writable && cgroup->delegate_uid != 0;
}

static void keep_view_readonly(struct plan_context *c, struct plan_mount *view)
{
	const uint64_t readonly = MOUNT_ATTR_RDONLY;

	if (!is_readonly(view) || view->readonly_top)
		plan_warn(
			c,
			"mounts[%u]: read-only, because without a cgroup of its own the container sees that of the runtime, with all processes in it (%s \"requested\" leaves it writable)",
			view->index,
			policy_key_place(&c->verdict->network, "kernelMounts", c->arena));
	view->attr_set |= readonly;
	view->attr_clear &= ~readonly;
	view->readonly_top = false;
	view->stays_readonly = true;
	/* by another name, the last look at all mounts refuses it */
	for (size_t i = (size_t)(view - c->plan->mounts.v) + 1; i < c->plan->mounts.n; i++) {
		struct plan_mount *again = &c->plan->mounts.v[i];

		if (again->kind == PLAN_MOUNT_REMOUNT &&
		    str_eq(again->destination, view->destination)) {
			again->attr_clear &= ~readonly;
			again->rec_attr_clear &= ~readonly;
		}
	}
}

/* A cgroup namespace shows the group that its maker is in, and of that the whole tree can be frozen and killed. */
static void plan_shared_views(struct plan_context *c)
{
	if (c->plan->cgroup.manage || !c->plan->kernel_own)
		return;
	for (size_t i = 0; i < c->plan->mounts.n; i++)
		if (c->plan->mounts.v[i].kind == PLAN_MOUNT_CGROUP)
			keep_view_readonly(c, &c->plan->mounts.v[i]);
}

/* Where the path may end and that it stays below: as with linux.cgroupsPath. */
static int plan_delegated(struct plan_context *c, const char *reason, struct err *e)
{
	struct plan_cgroup *cgroup = &c->plan->cgroup;
	const char *path = annotation_get(&c->spec->annotations, ANNOTATION_DELEGATE);
	size_t depth = 1;

	if (str_empty(path))
		return 0;
	if (cgroup->layout != CGROUP_V2 && !reason)
		reason = "cgroups of version 1 cannot be delegated safely";
	if (plan_cgroup_path_check(path,
				   arena_printf(c->arena, "annotations: %s: ",
						annotation_name(ANNOTATION_DELEGATE)),
				   e) < 0)
		return -1;
	path = path_clean_in(c->arena, path) + 1;
	for (const char *p = path; *p; p++)
		depth += *p == '/';
	if (!reason && (!*path || depth > CGROUP_DELEGATED_DEPTH))
		reason = "not a path of 1 to 16 cgroups";
	if (reason)
		return fail(e, ERR_CONFIG, "annotations: %s: %s",
			    annotation_name(ANNOTATION_DELEGATE), reason);
	cgroup->delegated = path;
	return 0;
}

/* --- the group around those of all containers --- */

/* As if a container had asked for them. */
static int plan_group_parent(struct plan_context *c, struct err *e)
{
	const struct group_parent *given = c->verdict ? &c->verdict->parent : NULL;
	struct spec_memory memory = { 0 };
	struct spec_cpu cpu = { 0 };
	struct spec_pids pids = { 0 };
	struct spec_resources limits = { 0 };
	const struct resources_request request = {
		.asked = &limits,
		.effective = &limits,
		.prefix = "cgroup.reserve: ",
		.facts = c->facts->cgroup,
	};
	struct plan_cgroup written = { .layout = c->plan->cgroup.layout };
	struct plan_group_parent *parent;

	if (!given || (!given->path && !given->slice))
		return 0;
	memory.limit = (struct opt_i64){ true, (int64_t)given->memory };
	cpu.quota = (struct opt_i64){ true, (int64_t)given->quota };
	cpu.period = (struct opt_u64){ true, GROUP_PARENT_PERIOD };
	pids.limit = (int64_t)given->pids;
	limits.memory = given->memory ? &memory : NULL;
	limits.cpu = given->quota ? &cpu : NULL;
	limits.pids = given->pids ? &pids : NULL;
	if (plan_resources(&request, c->arena, &written, e) < 0)
		return -1;
	parent = arena_new(c->arena, struct plan_group_parent);
	parent->path = given->path;
	parent->slice = given->slice;
	parent->writes = written.writes;
	c->plan->cgroup.parent = parent;
	return 0;
}

int plan_cgroup(struct plan_context *c, struct err *e)
{
	const struct spec_resources *resources = resources_of(c);
	struct plan_cgroup *cgroup = &c->plan->cgroup;
	struct resources_request request = {
		.asked = resources,
		.effective = resources,
		.prefix = "linux.resources.",
	};

	cgroup->layout = c->facts->cgroup ? c->facts->cgroup->layout : CGROUP_NONE;
	if (plan_cgroup_place(c, &cgroup->path, &request.reason, e) < 0)
		return -1;
	cgroup->manage = !request.reason;
	cgroup->exclusive = c->verdict && c->verdict->group_exclusive;
	request.facts = cgroup->manage ? c->facts->cgroup : NULL;
	/* Devices first: before there is a process, and what cannot be is known at once. */
	if (plan_device_rules(c, e) < 0 || plan_resources(&request, c->arena, cgroup, e) < 0)
		return -1;
	if (cgroup->manage && c->options->systemd_cgroup && plan_scope(c, e) < 0)
		return -1;
	if (cgroup->manage && plan_group_parent(c, e) < 0)
		return -1;
	plan_delegation(c);
	plan_shared_views(c);
	return plan_delegated(c, request.reason, e);
}
