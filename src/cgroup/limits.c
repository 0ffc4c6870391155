/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan's writes, each to the hierarchy that has its controller. Runs in the runtime.
 */
#include "cgroup/make.h"

#include "base/auto.h"

#include <linux/limits.h>

#define RETRIES_MAX 64

/* The plan's name for files that belong to no controller ("cgroup.max.depth" of v2). */
static const char core[] = "cgroup";

static bool has_controller(const struct cgroup_hierarchy_facts *hierarchy, const char *controller)
{
	if (hierarchy->v2 && (str_empty(controller) || str_eq(controller, core)))
		return true;
	return strlist_has(&hierarchy->controllers, controller);
}

static const struct cgroup_making *find(const struct cgroup_making *makings, size_t n,
					const char *controller)
{
	for (size_t i = 0; i < n; i++)
		if (has_controller(makings[i].hierarchy, controller))
			return &makings[i];
	return NULL;
}

static const char *shown_controller(const struct plan_cgroup_write *write)
{
	return str_empty(write->controller) ? core : write->controller;
}

/* A kernel that does not account swap has nothing to forbid and nothing to lift. */
static bool is_no_swap_limit(const struct plan_cgroup_write *write)
{
	return (str_eq(write->file, "memory.swap.max") ||
		str_eq(write->file, "memory.memsw.limit_in_bytes")) &&
	       (str_eq(write->value, "max") || str_eq(write->value, "0") ||
		str_eq(write->value, "-1"));
}

static int write_one(const struct plan_cgroup_write *write, const struct cgroup_making *making,
		     struct err *e)
{
	const char *controller = shown_controller(write);
	int shown = (int)strcspn(write->value, "\n");

	if (str_empty(write->file) || strchr(write->file, '/'))
		return fail(e, ERR_CONFIG, "cgroup controller '%s': '%s' is not the name of a file",
			    controller, write->file ? write->file : "");
	if (tree_write(making->directory, write->file, write->value) == 0)
		return 0;
	if (errno == ENOENT && is_no_swap_limit(write))
		return 0;
	if (errno == ENOENT)
		return fail_sys(e,
				"cgroup controller '%s': write '%.*s' to '%s': this kernel does "
				"not have the file in '%s/%s'",
				controller, shown, write->value, write->file,
				making->hierarchy->mount_point, making->path);
	return fail_sys(e, "cgroup controller '%s': write '%.*s' to '%s' of '%s/%s'", controller,
			shown, write->value, write->file, making->hierarchy->mount_point,
			making->path);
}

/*
 * Limits of these stand in a relation (memory and memory with swap, quota and burst), so that in a
 * cgroup that an engine has made and filled, one is only accepted after the next. Never of `devices`,
 * where the order is the meaning.
 */
static bool may_come_later(const struct plan_cgroup_write *write, const struct err *e)
{
	return (e->sys == EINVAL || e->sys == EBUSY) &&
	       (str_eq(write->controller, "memory") || str_eq(write->controller, "cpu"));
}

int cgroup_write_limits(const struct plan_cgroup *plan, const struct cgroup_making *makings,
			size_t n, struct err *e)
{
	size_t again[RETRIES_MAX];
	size_t n_again = 0;
	struct err reason;

	for (size_t i = 0; i < plan->writes.n; i++) {
		const struct plan_cgroup_write *write = &plan->writes.v[i];
		const struct cgroup_making *making = find(makings, n, write->controller);
		if (!making)
			return fail(e, ERR_CONFIG,
				    "cgroup controller '%s' is not available on this host, '%s' "
				    "cannot be set",
				    shown_controller(write), write->file);
		if (write_one(write, making, &reason) == 0)
			continue;
		if (n_again == RETRIES_MAX || !may_come_later(write, &reason)) {
			*e = reason;
			return -1;
		}
		again[n_again++] = i;
	}
	for (size_t i = 0; i < n_again; i++) {
		const struct plan_cgroup_write *write = &plan->writes.v[again[i]];
		if (write_one(write, find(makings, n, write->controller), e) < 0)
			return -1;
	}
	return 0;
}
