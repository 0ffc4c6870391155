/* SPDX-License-Identifier: Apache-2.0 */
/* See own.h. Runs in the runtime. */
#include "cgroup/own.h"

#include "cgroup/mark.h"

#include "base/auto.h"
#include "sys/procfs.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* By what another record says, if there are no marks. */
static bool is_recorded(const char *directory, const struct cgroup_others *others,
			struct cgroup_mark *ret)
{
	struct stat st;

	if (!others || others->n == 0 || stat(directory, &st) < 0)
		return false;
	for (size_t i = 0; i < others->n; i++) {
		const struct cgroup_other *other = &others->v[i];
		if (other->device != st.st_dev || other->inode != st.st_ino)
			continue;
		*ret = (struct cgroup_mark){ .name = "?" };
		snprintf(ret->id, sizeof(ret->id), "%s", other->id);
		snprintf(ret->root, sizeof(ret->root), "%s", other->root);
		return true;
	}
	return false;
}

int own_ask(const char *directory, const struct cgroup_record *record, struct cgroup_mark *ret,
	    struct err *e)
{
	int rc;

	if (is_recorded(directory, record->others, ret))
		return OWN_ANOTHERS;
	rc = mark_read_path(directory, ret);
	if (rc < 0)
		return fail_sys(e, "read the mark of cgroup '%s'", directory);
	if (rc > 0)
		return str_eq(record->mark, ret->name) ? OWN_ITS : OWN_ANOTHERS;
	/* A caller that cannot see marks goes by the path as well. */
	return record->mark && marks_are_visible() ? OWN_NOBODYS : OWN_ITS;
}

/* Whether a group is the top of the walk, or on the way from there to a directory below it. Takes no descriptor:
 * running out of them must not make the container's own group another's. */
static bool leads_to(const struct own_walk *walk, uint64_t inode, int directory_fd)
{
	struct stat top, st;
	char up[PATH_MAX] = "..";

	if (fstat(walk->top, &top) < 0)
		return false;
	for (size_t length = 2; length + 4 < sizeof(up); length += 3) {
		if (fstatat(directory_fd, up, &st, 0) < 0 || st.st_dev != top.st_dev)
			return false;
		if (st.st_ino == inode)
			return true;
		if (st.st_ino == top.st_ino)
			return false;
		memcpy(up + length, "/..", sizeof("/.."));
	}
	return false;
}

/* Of a group below one of the container's. */
static bool is_anothers(const struct own_walk *walk, int directory_fd, struct cgroup_mark *ret)
{
	const struct fd_path path = fd_path(directory_fd);

	if (is_recorded(path.text, walk->others, ret))
		return true;
	if (mark_read_path(path.text, ret) == 0 || str_eq(walk->name, ret->name))
		return false;
	return !ret->around || !leads_to(walk, ret->around, directory_fd);
}

static bool passes(int directory_fd, void *context)
{
	struct own_walk *walk = context;
	const struct fd_path path = fd_path(directory_fd);
	struct cgroup_mark mark;

	if (!is_anothers(walk, directory_fd, &mark))
		return true;
	/* Nothing is in it that could be harmed, and no container stays behind in it. */
	if (!cgroup_is_populated(path.text))
		return true;
	walk->found = true;
	walk->other = mark;
	return false;
}

void own_walk_start_named(struct own_walk *walk, int top, const char *name)
{
	*walk = (struct own_walk){ .top = top, .name = name };
	walk->limit = (struct tree_limit){ .passes = passes, .context = walk };
}

void own_walk_start(struct own_walk *walk, int top, const struct cgroup_record *record)
{
	own_walk_start_named(walk, top, record->mark);
	walk->others = record->others;
}

int own_find_other(const int *directories, size_t n, const struct cgroup_record *record,
		   struct cgroup_mark *ret, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		struct own_walk walk;
		own_walk_start(&walk, directories[i], record);
		const struct tree_visitor visitor = { .limit = &walk.limit };
		if (tree_walk(directories[i], &visitor, e) < 0)
			return -1;
		if (walk.found) {
			*ret = walk.other;
			return 1;
		}
	}
	return 0;
}

int own_check_below(int top, const char *path, const struct cgroup_record *record, struct err *e)
{
	struct own_walk walk;
	struct cgroup_mark other;
	char part[PATH_MAX];

	own_walk_start(&walk, top, record);
	for (size_t end = 0; path[end] != '\0';) {
		end += strspn(path + end, "/");
		end += strcspn(path + end, "/");
		if (str_format(part, sizeof(part), e, "%.*s", (int)end, path) < 0)
			return -1;
		autoclose int fd = tree_open_below(top, part);
		if (fd < 0)
			return fail_sys(e, "open '%s' in cgroup '%s'", part, record->path);
		if (is_anothers(&walk, fd, &other))
			return fail(
				e, ERR_STATE,
				"cgroup '%s/%s' belongs to container %s (state root '%s'); name another one",
				record->path, part, other.id, other.root);
	}
	return 0;
}

int own_fail_inside(const char *verb, const struct cgroup_record *record,
		    const struct cgroup_mark *other, struct err *e)
{
	return fail(
		e, ERR_STATE,
		"cannot %s cgroup '%s': container %s (state root '%s') is in it, too; delete that one first",
		verb, record->path, other->id, other->root);
}

int own_fail_anothers(const struct cgroup_record *record, const struct cgroup_mark *other,
		      struct err *e)
{
	if (!other->name[0])
		return fail(
			e, ERR_STATE,
			"cgroup '%s' was removed and made again by another program; it is not the container's any more",
			record->path);
	return fail(
		e, ERR_STATE,
		"cgroup '%s' belongs to container %s (state root '%s') by now; it is not this one's any more",
		record->path, other->id, other->root);
}

static int enter_for_any(int directory_fd, void *context, struct err *e)
{
	char byte;
	bool *any = context;
	autoclose int fd = openat(directory_fd, "cgroup.procs", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	(void)e;
	*any |= fd >= 0 && read(fd, &byte, 1) > 0;
	return 0;
}

bool cgroup_is_populated(const char *directory)
{
	bool any = false;
	const struct tree_visitor visitor = { .enter = enter_for_any, .context = &any };
	autoclose int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct err ignored;

	if (fd < 0)
		return false;
	if (faccessat(fd, "cgroup.events", F_OK, 0) == 0)
		return tree_has_event(fd, "cgroup.events", "populated 1");
	/* If it cannot be read it is taken for one that is in use. */
	return tree_walk(fd, &visitor, &ignored) < 0 || any;
}
