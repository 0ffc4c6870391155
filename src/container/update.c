/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update: new limits for a container that lives. All of them hold afterwards, and are in the stored
 * configuration, or none. Where the container is, what it may do and its devices stay as they were created.
 */
#include "base/io.h"
#include "cgroup/cgroup.h"
#include "cgroup/systemd.h"
#include "container/container.h"
#include "container/living.h"
#include "plan/plan_resources.h"

#include <fcntl.h>

#define RESOURCES_MAX (1u << 20)

/* "-" is standard input. */
static int read_resources(const char *path, struct arena *arena, struct spec_resources *ret,
			  struct err *e)
{
	bool standard = str_eq(path, "-");
	const char *name = standard ? "standard input" : path;
	autofree char *text = NULL;
	size_t length;

	if ((standard ? read_fd_all(0, name, RESOURCES_MAX, &text, &length, e)
		      : read_file_at(AT_FDCWD, path, RESOURCES_MAX, &text, &length, e)) < 0)
		return -1;
	return fields_decode_text(&spec_resources_fields, name, text, length, arena, ret, e);
}

static int asked_resources(const struct container_update_options *options, struct arena *arena,
			   struct spec_resources *ret, struct err *e)
{
	struct spec_resources of_options, of_file = { 0 };

	if (container_update_resources(options, arena, &of_options, e) < 0)
		return -1;
	if (options->resources && read_resources(options->resources, arena, &of_file, e) < 0)
		return -1;
	if (options->resources &&
	    spec_validate_resources(
		    &of_file,
		    str_eq(options->resources, "-") ? "standard input" : options->resources, e) < 0)
		return -1;
	/* What is said on the command line is said on purpose. */
	plan_resources_merge(&of_file, &of_options, arena, ret);
	return 0;
}

static int change(struct living *living, struct spec *spec, const struct spec_resources *asked,
		  struct err *e)
{
	struct arena *arena = &living->arena;
	struct plan_cgroup plan = { .manage = true, .layout = living->cgroup->layout };
	struct spec_resources *effective = arena_new(arena, struct spec_resources);
	struct cgroup_facts *facts;
	autochanges changes = { 0 };

	if (facts_cgroup(arena, &facts, e) < 0)
		return -1;
	plan_resources_merge(spec->linux_->resources, asked, arena, effective);
	if (spec_validate_resources(effective, "update", e) < 0)
		return -1;
	struct resources_request request = {
		.asked = asked,
		.effective = effective,
		.update = true,
		.prefix = "",
		.facts = facts,
	};
	if (plan_resources(&request, arena, &plan, e) < 0 ||
	    cgroup_update(&plan, facts, living->cgroup, &changes, e) < 0)
		return -1;
	spec->linux_->resources = effective;
	if (cgroup_systemd_update(&plan, living->cgroup, arena, e) == 0 &&
	    state_write_config(&living->dir, spec, e) == 0)
		return 0;
	cgroup_changes_undo(&changes);
	return -1;
}

int container_update(const struct global_options *global, const char *id,
		     const struct container_update_options *options, struct err *e)
{
	autoliving living = LIVING_INIT;
	struct spec_resources asked;
	struct spec *spec;

	if (living_open_cgroup(global, id, "update", true, &living, e) < 0)
		return -1;
	if (asked_resources(options, &living.arena, &asked, e) < 0 ||
	    state_read_config(&living.dir, &living.arena, &spec, e) < 0)
		return -1;
	if (!spec)
		return fail(e, ERR_STATE, "cannot update container %s: it has no configuration",
			    id);
	if (!spec->linux_)
		spec->linux_ = arena_new(&living.arena, struct spec_linux);
	return change(&living, spec, &asked, e);
}
