/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limits of a slice in which the scopes of all containers lie. What is written to its files behind systemd's back
 * would be overwritten at its next turn, so systemd is asked to, where they differ. Runs in the runtime.
 */
#include "cgroup/systemd.h"

#include "base/path.h"
#include "base/slice.h"
#include "cgroup/tree.h"
#include "sys/deadline.h"

/* Of the slice's own group: what stands before the rest in the path of a unit in it. */
static const char *path_of_slice(const char *unit_path, const char *slice, struct arena *arena)
{
	const char *rest = unit_path;
	struct path_part part;

	/* systemd puts a '_' before what begins like a file of the kernel's */
	const char *escaped = arena_printf(arena, "_%s", slice);

	while (path_next(&rest, &part))
		if (path_part_is(&part, slice) || path_part_is(&part, escaped))
			return arena_strndup(arena, unit_path,
					     (size_t)(part.text + part.length - unit_path));
	return NULL;
}

static int ask(struct systemd_bus *bus, const struct plan_group_parent *parent, struct arena *arena,
	       struct err *e)
{
	const struct plan_cgroup limits = { .writes = parent->writes };
	struct plan_properties properties = { 0 };
	autocall call = { .bus = NULL };

	plan_systemd_limits(&limits, arena, &properties);
	systemd_call_start(bus, "SetUnitProperties", &call);
	systemd_call_text(&call, parent->slice);
	/* until the next boot */
	systemd_call_flag(&call, true);
	systemd_call_properties(&call, &properties, NULL, 0);
	if (systemd_call_send(&call, e) < 0)
		return err_prefix(e, "cgroup.reserve: limit the slice '%s'", parent->slice);
	return 0;
}

int cgroup_systemd_limit_parent(struct systemd_bus *bus, const struct plan_group_parent *asked,
				const struct cgroup_facts *facts, const char *unit_path,
				struct arena *arena, struct err *e)
{
	struct plan_group_parent parent = *asked;
	const struct plan_cgroup_write *differs;
	struct patience patience;

	parent.path = path_of_slice(unit_path, parent.slice, arena);
	if (!parent.path)
		return fail(
			e, ERR_SYSTEM,
			"cgroup.parent: systemd has put the unit into '%s' and not into the slice '%s'",
			unit_path, parent.slice);
	if (!cgroup_parent_differs(&parent, facts))
		return 0;
	if (ask(bus, &parent, arena, e) < 0)
		return -1;
	/* It answers before it writes. */
	patience_start(&patience, deadline_ms());
	while ((differs = cgroup_parent_differs(&parent, facts)))
		if (!patience_pause(&patience))
			return fail(
				e, ERR_POLICY,
				"cgroup.reserve: systemd has not written '%s' to '%s' of the slice '%s', so that what is reserved cannot be kept; delegate the controller '%s' to the manager, for a user's by Delegate= in a drop-in of user@.service",
				differs->value, differs->file, parent.slice, differs->controller);
	return 0;
}
