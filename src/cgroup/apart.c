/* SPDX-License-Identifier: Apache-2.0 */
/* See apart.h. Runs in the runtime. */
#include "cgroup/apart.h"

#include "base/auto.h"
#include "base/str.h"
#include "cgroup/tree.h"
#include "os/io.h"
#include "sys/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CGROUP_TEXT_MAX (1u << 16)

int cgroup_apart_path(const char *name, struct arena *arena, char **ret, struct err *e)
{
	static const char unified[] = "0::/";
	autofree char *text = NULL;
	char *line, *rest;

	if (read_file_at(AT_FDCWD, "/proc/self/cgroup", CGROUP_TEXT_MAX, &text, NULL, e) < 0)
		return -1;
	for (rest = text; (line = tree_next_line(&rest));) {
		const char *own = line + strlen(unified);

		if (!str_has_prefix(line, unified))
			continue;
		/* outside of what this process is shown */
		if (str_has_prefix(own, "../") || str_eq(own, ".."))
			return fail(
				e, ERR_SYSTEM,
				"the runtime is in cgroup '/%s', outside of its cgroup namespace",
				own);
		*ret = arena_printf(arena, "%s%s%s", own, *own ? "/" : "", name);
		return 0;
	}
	/* nothing has opened the tree of version 2 since the machine began */
	*ret = arena_strdup(arena, name);
	return 0;
}

int cgroup_apart_make(int tree, const char *path, struct err *e)
{
	if (mkdirat(tree, path, 0755) < 0 && errno != EEXIST)
		return fail_sys(e, "make cgroup '/%s' of version 2", path);
	return cgroup_apart_open(tree, path, e);
}

int cgroup_apart_open(int tree, const char *path, struct err *e)
{
	int fd = tree_open_below(tree, path);

	if (fd < 0 && (errno == ENOENT || errno == ENODEV))
		return fail(e, ERR_NOT_FOUND, "cgroup '/%s' of version 2 is not there", path);
	return fd < 0 ? fail_sys(e, "open cgroup '/%s' of version 2", path) : fd;
}

static int leave(int parent, const char *name, void *context, struct err *e)
{
	(void)context;
	(void)e;
	(void)!unlinkat(parent, name, AT_REMOVEDIR);
	return 0;
}

int cgroup_apart_remove(int tree, const char *path, int deadline_ms, struct err *e)
{
	const struct tree_visitor visitor = { .leave = leave };
	struct patience patience;

	patience_start(&patience, deadline_ms);
	while (unlinkat(tree, path, AT_REMOVEDIR) < 0) {
		autoclose int fd = -1;

		if (errno == ENOENT || errno == ENODEV)
			return 0;
		if (errno != EBUSY && errno != ENOTEMPTY)
			return fail_sys(e, "remove cgroup '/%s' of version 2", path);
		fd = tree_open_below(tree, path);
		if (fd >= 0 && tree_walk(fd, &visitor, e) < 0)
			return -1;
		if (!patience_pause(&patience))
			return fail(
				e, ERR_SYSTEM,
				"cgroup '/%s' of version 2 has processes still, so that it stays",
				path);
	}
	return 0;
}
