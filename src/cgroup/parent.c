/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limits of the group in which those of all containers lie (cgroup.h). A start writes them when its own group is
 * there, in which nothing runs yet: so the parent cannot go away in between, and of several that start at once each has
 * seen the limits before it goes on. Runs in the runtime.
 */
#include "cgroup/tree.h"

#include "base/auto.h"
#include "os/io.h"

#include <fcntl.h>

static const struct cgroup_hierarchy_facts *hierarchy_with(const struct cgroup_facts *facts,
							   const char *controller)
{
	for (size_t i = 0; i < facts->hierarchies.n; i++)
		if (strlist_has(&facts->hierarchies.v[i].controllers, controller))
			return &facts->hierarchies.v[i];
	return NULL;
}

/* The group in the hierarchy of a controller; -1 and errno. */
static int open_with(const struct plan_group_parent *parent, const struct cgroup_facts *facts,
		     const char *controller)
{
	const struct cgroup_hierarchy_facts *hierarchy = hierarchy_with(facts, controller);
	autoclose int mount = -1;

	if (!hierarchy) {
		errno = ENOENT;
		return -1;
	}
	mount = open(hierarchy->mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return mount < 0 ? -1 : tree_open_below(mount, parent->path + 1);
}

/* 1: the file says what is to be written; 0: it does not; -1 and errno. */
static int is_written(int directory, const struct plan_cgroup_write *write)
{
	char text[64];

	if (tree_read(directory, write->file, text, sizeof(text)) < 0)
		return -1;
	return str_eq(text, write->value);
}

static int fail_delegated(const struct plan_group_parent *parent, const char *controller,
			  struct err *e)
{
	return fail(
		e, ERR_POLICY,
		"cgroup.reserve: the cgroup controller '%s' is not delegated to the group '%s', so that what is reserved of it cannot be kept; add it to cgroup.subtree_control of each group above that one, none of which may have processes of its own, or for a user to Delegate= in a drop-in of user@.service",
		controller, parent->path);
}

static int fail_written(const struct plan_group_parent *parent,
			const struct plan_cgroup_write *write, struct err *e)
{
	const char *reason = "";

	if (errno == EBUSY)
		reason = ", of which more is in use; end some containers, or reserve less,";
	else if (errno == EINVAL && str_eq(write->controller, "cpu"))
		reason =
			", which is less than a group in it has as its own limit; end that container, or reserve less,";
	return fail_sys(e, "cgroup.reserve: write '%s' to '%s' of the group '%s'%s", write->value,
			write->file, parent->path, reason);
}

int cgroup_parent_limit(const struct plan_group_parent *parent, const struct cgroup_facts *facts,
			struct err *e)
{
	for (size_t i = 0; i < parent->writes.n; i++) {
		const struct plan_cgroup_write *write = &parent->writes.v[i];
		autoclose int directory = open_with(parent, facts, write->controller);
		int rc = directory < 0 ? -1 : is_written(directory, write);

		if (rc < 0 && errno == ENOENT)
			return fail_delegated(parent, write->controller, e);
		if (rc < 0)
			return fail_sys(e, "cgroup.reserve: read '%s' of the group '%s'",
					write->file, parent->path);
		if (rc == 0 && tree_write(directory, write->file, write->value) < 0)
			return fail_written(parent, write, e);
	}
	return 0;
}

const struct plan_cgroup_write *cgroup_parent_differs(const struct plan_group_parent *parent,
						      const struct cgroup_facts *facts)
{
	for (size_t i = 0; i < parent->writes.n; i++) {
		const struct plan_cgroup_write *write = &parent->writes.v[i];
		autoclose int directory = open_with(parent, facts, write->controller);

		if (directory < 0 || is_written(directory, write) <= 0)
			return write;
	}
	return NULL;
}
