/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the container's cgroup is and what is written into it (config-linux.md "Control groups",
 * "Memory", "PIDs"). Pure.
 */
#include "base/auto.h"
#include "plan/parts.h"

#define PARENT_OF_DEFAULT "/distro-shim"
#define COMPONENT_MAX 255 /* NAME_MAX */
#define WRITES_MAX 4

/* --- can anything be written, and what is asked for --- */

/* NULL: none. Up to version 1.2 of the specification 0 was none, and Podman sends it for "--pids-limit -1";
 * since 1.3 it is a limit like any other. */
static const struct spec_pids *pids_asked_for(const struct plan_context *c)
{
	static const char *const before[] = { "1.0.", "1.1.", "1.2." };
	const struct spec_resources *resources = c->linux_->resources;

	if (!resources || !resources->pids || resources->pids->limit != 0)
		return resources ? resources->pids : NULL;
	for (size_t i = 0; i < ARRAY_SIZE(before); i++)
		if (str_has_prefix(c->spec->oci_version, before[i]))
			return NULL;
	return resources->pids;
}

/* The limit that would get lost without a cgroup, NULL where there is none: -1 asks for nothing that is
 * not so anyway. */
static const char *limit_asked_for(const struct plan_context *c)
{
	const struct spec_resources *resources = c->linux_->resources;
	const struct spec_memory *memory = resources ? resources->memory : NULL;
	const struct spec_pids *pids = pids_asked_for(c);

	if (pids && pids->limit >= 0)
		return "linux.resources.pids.limit";
	if (memory && memory->limit.value > 0)
		return "linux.resources.memory.limit";
	if (memory && memory->swap.value > 0)
		return "linux.resources.memory.swap";
	if (memory && memory->reservation.value > 0)
		return "linux.resources.memory.reservation";
	return NULL;
}

/* Why no cgroup is made; NULL: one is. */
static const char *reason_for_none(const struct plan_context *c)
{
	if (c->options->cgroup_disabled)
		return "the cgroup manager is disabled";
	if (!c->facts->cgroup || c->facts->cgroup->layout == CGROUP_NONE)
		return "no cgroup hierarchy is mounted";
	if (c->facts->rootless && str_empty(c->linux_->cgroups_path))
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
	*ret = path;
	return 0;
}

/* --- writes --- */

/* In hybrid a controller is in one hierarchy only, v1 or v2. NULL: nowhere. */
static const struct cgroup_hierarchy_facts *hierarchy_of(const struct cgroup_facts *facts,
							 const char *controller)
{
	for (size_t i = 0; i < facts->hierarchies.n; i++) {
		if (strlist_has(&facts->hierarchies.v[i].controllers, controller))
			return &facts->hierarchies.v[i];
	}
	return NULL;
}

static void add_write(struct plan_context *c, const char *controller, const char *file,
		      const char *value)
{
	struct plan_cgroup *cgroup = &c->plan->cgroup;

	cgroup->writes.v[cgroup->writes.n++] = (struct plan_cgroup_write){ .controller = controller,
									   .file = file,
									   .value = value };
}

static const char *limit_text(struct plan_context *c, int64_t value, const char *unlimited)
{
	return value < 0 ? unlimited : arena_printf(c->arena, "%lld", (long long)value);
}

static int check_limit(const char *field, int64_t value, struct err *e)
{
	if (value < -1)
		return fail(e, ERR_CONFIG, "linux.resources.%s: must be -1 or more", field);
	return 0;
}

static int plan_pids(struct plan_context *c, bool v2, struct err *e)
{
	const struct spec_pids *pids = pids_asked_for(c);
	const struct cgroup_hierarchy_facts *hierarchy = hierarchy_of(c->facts->cgroup, "pids");

	if (!pids)
		return 0;
	if (check_limit("pids.limit", pids->limit, e) < 0)
		return -1;
	if (!hierarchy)
		return pids->limit < 0 ? 0
				       : fail(e, ERR_CONFIG,
					      "linux.resources.pids: the pids controller is not "
					      "available");
	if (hierarchy->v2 == v2)
		add_write(c, "pids", "pids.max", limit_text(c, pids->limit, "max"));
	return 0;
}

static int check_memory(const struct spec_memory *memory, struct err *e)
{
	if (check_limit("memory.limit", memory->limit.value, e) < 0 ||
	    check_limit("memory.swap", memory->swap.value, e) < 0 ||
	    check_limit("memory.reservation", memory->reservation.value, e) < 0)
		return -1;
	if (memory->swap.value <= 0)
		return 0;
	/* swap counts memory and swap together */
	if (memory->limit.value <= 0)
		return fail(e, ERR_CONFIG,
			    "linux.resources.memory.swap: needs linux.resources.memory.limit");
	if (memory->swap.value < memory->limit.value)
		return fail(e, ERR_CONFIG,
			    "linux.resources.memory.swap: must not be less than "
			    "linux.resources.memory.limit, it includes that");
	return 0;
}

/* 0 is how engines say "unset": a container without memory cannot be. */
static int plan_memory(struct plan_context *c, bool v2, struct err *e)
{
	const struct spec_memory *memory = c->linux_->resources->memory;
	const struct cgroup_hierarchy_facts *hierarchy = hierarchy_of(c->facts->cgroup, "memory");
	int64_t limit, swap, reservation;

	if (!memory)
		return 0;
	if (check_memory(memory, e) < 0)
		return -1;
	limit = memory->limit.value;
	swap = memory->swap.value;
	reservation = memory->reservation.value;
	if (!hierarchy) {
		if (limit <= 0 && swap <= 0 && reservation <= 0)
			return 0;
		return fail(e, ERR_CONFIG,
			    "linux.resources.memory: the memory controller is not available");
	}
	if (hierarchy->v2 != v2)
		return 0;
	/* v1 refuses a memsw below the limit, so the limit comes first in a new group */
	if (limit)
		add_write(c, "memory", v2 ? "memory.max" : "memory.limit_in_bytes",
			  limit_text(c, limit, v2 ? "max" : "-1"));
	if (swap && v2)
		add_write(c, "memory", "memory.swap.max",
			  limit_text(c, swap < 0 ? -1 : swap - limit, "max"));
	else if (swap)
		add_write(c, "memory", "memory.memsw.limit_in_bytes", limit_text(c, swap, "-1"));
	if (reservation)
		add_write(c, "memory", v2 ? "memory.low" : "memory.soft_limit_in_bytes",
			  limit_text(c, reservation, v2 ? "max" : "-1"));
	return 0;
}

static int plan_writes(struct plan_context *c, struct err *e)
{
	if (!c->linux_->resources)
		return 0;
	c->plan->cgroup.writes.v = arena_new_array(c->arena, struct plan_cgroup_write, WRITES_MAX);
	for (int v2 = 0; v2 <= 1; v2++) {
		if (plan_pids(c, v2, e) < 0 || plan_memory(c, v2, e) < 0)
			return -1;
	}
	return 0;
}

int plan_cgroup(struct plan_context *c, struct err *e)
{
	struct plan_cgroup *cgroup = &c->plan->cgroup;
	const char *limit = limit_asked_for(c);
	const char *reason;

	if (c->options->systemd_cgroup)
		return fail(e, ERR_CONFIG, "the systemd cgroup manager is not supported yet");
	cgroup->layout = c->facts->cgroup ? c->facts->cgroup->layout : CGROUP_NONE;
	reason = reason_for_none(c);
	if (reason && limit)
		return fail(e, ERR_CONFIG, "%s: cannot be applied: %s", limit, reason);
	if (reason)
		return 0;
	cgroup->manage = true;
	if (cgroup_path(c, &cgroup->path, e) < 0)
		return -1;
	return plan_writes(c, e);
}
