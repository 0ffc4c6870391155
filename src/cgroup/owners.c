/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose the groups at, above and below a path are, by their marks (cgroup.h). Runs in the runtime.
 */
#include "cgroup/mark.h"
#include "cgroup/tree.h"

#include "base/auto.h"
#include "base/path.h"
#include "sys/procfs.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

/* A container of version 0.1.0 has marked its groups, but not as its own. */
static bool is_made_before_marks(const char *directory)
{
	return mark_byte(directory, CGROUP_MADE_BY_US) == CGROUP_MADE_FOR_CONTAINER ||
	       mark_byte(directory, CGROUP_MADE_BEFORE) != '\0';
}

struct below {
	bool top; /* the first one of the walk is the group itself */
	const struct cgroup_owners *owners;
};

static int enter_below(int directory_fd, void *context, struct err *e)
{
	struct below *below = context;
	const struct fd_path path = fd_path(directory_fd);
	struct cgroup_mark mark;

	if (below->top) {
		below->top = false;
		return 0;
	}
	if (mark_read(directory_fd, &mark) > 0)
		return below->owners->found(&mark, GROUP_BELOW, path.text, below->owners->context,
					    e);
	if (below->owners->unmarked && is_made_before_marks(path.text))
		*below->owners->unmarked = true;
	return 0;
}

static int look_below(int fd, const struct cgroup_owners *owners, struct err *e)
{
	struct below below = { .top = true, .owners = owners };
	const struct tree_visitor visitor = { .enter = enter_below, .context = &below };

	return tree_walk(fd, &visitor, e);
}

/* 1: it is there; 0: it is not. */
static int look_at(const char *directory, int relation, const struct cgroup_owners *owners,
		   struct err *e)
{
	struct cgroup_mark mark;
	int rc = mark_read_path(directory, &mark);

	if (rc < 0 && errno == ENOENT)
		return 0;
	if (rc < 0)
		return fail_sys(e, "read the mark of cgroup '%s'", directory);
	if (rc > 0 && owners->found(&mark, relation, directory, owners->context, e) < 0)
		return -1;
	if (rc == 0 && owners->unmarked && is_made_before_marks(directory))
		*owners->unmarked = true;
	return 1;
}

/* That of an engine in a container is in the container's group or below it. */
static bool has_runtime(const struct cgroup_hierarchy_facts *hierarchy, const char *part)
{
	return path_is_below(hierarchy->own_path, part[0] ? part : "/");
}

/* The directory of the part of a path that ends there. */
static int directory_of(const struct cgroup_hierarchy_facts *hierarchy, const char *path,
			size_t end, char *directory, struct err *e)
{
	return str_format(directory, PATH_MAX, e, "%s%.*s", hierarchy->mount_point, (int)end, path);
}

/* Those in which the runtime itself is are passed over. Ends in `directory` at the group itself, or at the first one that
 * is not there: 1, 0. */
static int look_above(const struct cgroup_hierarchy_facts *hierarchy, const char *path,
		      const struct cgroup_owners *owners, char *directory, struct err *e)
{
	const char *part = directory + strlen(hierarchy->mount_point);
	size_t length = strlen(path);

	for (size_t end = 0; end < length; end++) {
		if (path[end] != '/')
			continue;
		if (directory_of(hierarchy, path, end, directory, e) < 0)
			return -1;
		if (has_runtime(hierarchy, part))
			continue;
		int rc = look_at(directory, GROUP_ABOVE, owners, e);
		if (rc <= 0)
			return rc;
	}
	return directory_of(hierarchy, path, length, directory, e) < 0 ? -1 : 1;
}

int cgroup_find_owners(const struct cgroup_hierarchy_facts *hierarchy, const char *path,
		       const struct cgroup_owners *owners, struct err *e)
{
	char directory[PATH_MAX];
	int rc = look_above(hierarchy, path, owners, directory, e);

	if (rc > 0)
		rc = look_at(directory, GROUP_SAME, owners, e);
	if (rc <= 0)
		return rc;
	autoclose int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : fail_sys(e, "open cgroup '%s'", directory);
	return look_below(fd, owners, e);
}

int cgroup_find_owners_around(const struct cgroup_hierarchy_facts *hierarchy, const char *path,
			      int directory_fd, const struct cgroup_owners *owners, struct err *e)
{
	char directory[PATH_MAX];

	return look_above(hierarchy, path, owners, directory, e) < 0
		       ? -1
		       : look_below(directory_fd, owners, e);
}

int cgroup_find_around(const struct cgroup_hierarchy_facts *hierarchy, const char *path,
		       uint64_t *ret, struct err *e)
{
	char directory[PATH_MAX];
	const char *part = directory + strlen(hierarchy->mount_point);
	struct stat st;

	*ret = 0;
	for (size_t end = 0; path[end] != '\0'; end++) {
		if (path[end] != '/')
			continue;
		if (directory_of(hierarchy, path, end, directory, e) < 0)
			return -1;
		if (!has_runtime(hierarchy, part))
			return 0;
		if (stat(directory, &st) < 0)
			return fail_sys(e, "stat cgroup '%s'", directory);
		*ret = st.st_ino;
	}
	return 0;
}
