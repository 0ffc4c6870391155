/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removal of a container's cgroups with all that it has made in them. Runs in the runtime.
 */
#include "cgroup/record.h"
#include "cgroup/systemd.h"

#include "cgroup/mark.h"

#include "base/auto.h"
#include "sys/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* EBUSY: processes; ENOTEMPTY and EBUSY: sub-groups. Both may be gone in a moment. */
static bool is_busy(int error_number)
{
	return error_number == EBUSY || error_number == ENOTEMPTY;
}

static bool is_gone(int error_number)
{
	return error_number == ENOENT || error_number == ENODEV;
}

static int leave_and_remove(int parent_fd, const char *name, void *context, struct err *e)
{
	(void)context;
	if (unlinkat(parent_fd, name, AT_REMOVEDIR) < 0 && !is_gone(errno) && !is_busy(errno))
		return fail_sys(e, "remove sub-cgroup '%s'", name);
	return 0;
}

/* Of one that was there before the container only what this has made in it. Also 1: gone, 0: busy; what is
 * in it yet is counted as its links (kernfs). */
static int empty_one(int fd, const char *directory, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_sys(e, "stat cgroup '%s'", directory);
	if (st.st_nlink > 2)
		return 0;
	(void)!lremovexattr(directory, CGROUP_MADE_BEFORE);
	(void)!lremovexattr(directory, CGROUP_OWNER);
	return 1;
}

/* 1: gone; 0: busy; -1: error. */
static int rmdir_one(int parent_fd, const char *name, const char *directory, struct err *e)
{
	if (unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || is_gone(errno))
		return 1;
	return is_busy(errno) ? 0 : fail_sys(e, "remove cgroup '%s'", directory);
}

/* It goes with the last container below it (remove_parents()). */
static int leave_to_other(const char *directory)
{
	static const char parent = CGROUP_MADE_AS_PARENT;

	if (mark_byte(directory, CGROUP_MADE_BY_US))
		(void)!lsetxattr(directory, CGROUP_MADE_BY_US, &parent, 1, XATTR_REPLACE);
	(void)!lremovexattr(directory, CGROUP_OWNER);
	return 1;
}

/* Without any mark it was made anew, by another program, or the creator was killed before it could set one. */
static int remove_if_unused(int parent_fd, const char *name, const char *directory, struct err *e)
{
	return rmdir_one(parent_fd, name, directory, e) < 0 ? -1 : 1;
}

static int try_remove(const struct cgroup_record *record, const char *directory, struct err *e)
{
	struct own_walk own;
	struct cgroup_mark other;
	const char *slash = strrchr(directory, '/');
	autofree char *parent = xstrdup(directory);

	parent[slash - directory] = '\0';
	autoclose int parent_fd = sys_openat2(AT_FDCWD, parent, O_PATH | O_DIRECTORY | O_CLOEXEC, 0,
					      RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	if (parent_fd < 0 && is_gone(errno))
		return 1;
	if (parent_fd < 0)
		return fail_sys(e, "open cgroup '%s'", parent);
	int answer = own_ask(directory, record, &other, e);
	if (answer < 0)
		return is_gone(e->sys) ? 1 : -1;
	if (answer == OWN_ANOTHERS)
		return 1;
	if (answer == OWN_NOBODYS)
		return remove_if_unused(parent_fd, slash + 1, directory, e);
	bool stays = mark_byte(directory, CGROUP_MADE_BEFORE);
	int rc = stays ? 0 : rmdir_one(parent_fd, slash + 1, directory, e);
	if (rc != 0)
		return rc;
	autoclose int fd = tree_open_below(parent_fd, slash + 1);
	if (fd < 0)
		return is_gone(errno) ? 1 : fail_sys(e, "open cgroup '%s'", directory);
	own_walk_start(&own, fd, record);
	const struct tree_visitor visitor = { .leave = leave_and_remove, .limit = &own.limit };
	if (tree_walk(fd, &visitor, e) < 0)
		return -1;
	rc = stays ? empty_one(fd, directory, e) : rmdir_one(parent_fd, slash + 1, directory, e);
	return rc == 0 && own.found ? leave_to_other(directory) : rc;
}

/* On the way to a container's, also if its creator was killed before it could say so. */
static bool remove_made(const char *path)
{
	const char *slash = strrchr(path, '/');
	autofree char *above = xstrdup(path);
	struct cgroup_mark owner;
	struct stat st;

	/* Mostly others are in it. */
	if (stat(path, &st) < 0)
		return is_gone(errno);
	if (st.st_nlink > 2)
		return false;
	above[slash - path] = '\0';
	bool begun = mark_is_making_path(above, slash + 1);
	if ((!begun && !mark_byte(path, CGROUP_MADE_BY_US) &&
	     !mark_byte(path, CGROUP_MADE_BY_USER)) ||
	    mark_read_path(path, &owner) != 0 || unlinkat(AT_FDCWD, path, AT_REMOVEDIR) < 0)
		return false;
	if (begun)
		mark_making_over_path(above, slash + 1);
	return true;
}

/*
 * What this program has made on the way to a cgroup goes with the last container below it, whichever that
 * is: an engine makes the parents of its pods where it looks after them, and does not know of those in
 * other hierarchies. An rmdir and nothing more, because another container may be in there; and that of a container
 * which has stopped is its own to remove.
 */
static void remove_parents(const struct cgroup_record *record, const char *directory)
{
	autofree char *path = xstrdup(directory);

	/* as many as the path below the hierarchy's root has, without the cgroup itself */
	for (const char *at = strchr(record->path + 1, '/'); at; at = strchr(at + 1, '/')) {
		char *slash = strrchr(path, '/');
		if (!slash || slash == path)
			return;
		*slash = '\0';
		if (!remove_made(path))
			return;
	}
}

static int fail_busy(const char *directory, const struct cgroup_record *record, int deadline_ms,
		     struct err *e)
{
	struct arena arena = { 0 };
	struct u32list pids = { 0 };
	autostrbuf list = { 0 };
	struct err ignored;

	if (cgroup_pids(record, &arena, &pids, &ignored) == 0)
		for (size_t i = 0; i < pids.n && i < 10; i++)
			strbuf_printf(&list, "%s %u", i == 0 ? ": processes" : "", pids.v[i]);
	arena_release(&arena);
	return fail_errno(e, EBUSY, "remove cgroup '%s': tried for %d ms%s", directory, deadline_ms,
			  strbuf_text(&list));
}

/* No wait would help. */
static int check_caller(const struct cgroup_record *record, struct err *e)
{
	autoopened opened = { 0 };
	autopids pids = { 0 };

	if (cgroup_open_record(record, &opened, e) < 0 || cgroup_opened_pids(&opened, &pids, e) < 0)
		return -1;
	if (!pid_set_has(&pids, (uint32_t)getpid()))
		return 0;
	return fail(
		e, ERR_STATE,
		"cannot remove cgroup '%s': this program (process %d) is in it; run the command again outside of it",
		record->path, (int)getpid());
}

static void remove_all_parents(const struct cgroup_record *record)
{
	for (size_t i = 0; i < record->directories.n; i++)
		remove_parents(record, record->directories.v[i]);
}

bool cgroup_remove_empty(const struct cgroup_record *record)
{
	struct err ignored;

	if (!record->manage || record->unit || record->directories.n == 0 ||
	    cgroup_check_record(record, &ignored) < 0)
		return false;
	for (size_t i = 0; i < record->directories.n; i++) {
		const char *directory = record->directories.v[i];
		struct cgroup_mark other;

		if (own_ask(directory, record, &other, &ignored) != OWN_ITS ||
		    mark_byte(directory, CGROUP_MADE_BEFORE) ||
		    unlinkat(AT_FDCWD, directory, AT_REMOVEDIR) < 0)
			return false;
	}
	remove_all_parents(record);
	return true;
}

int cgroup_remove(const struct cgroup_record *record, int deadline_ms, struct err *e)
{
	bool gone[CGROUP_MAX_HIERARCHIES] = { false };
	struct patience patience;

	if (record->manage && record->unit &&
	    (check_caller(record, e) < 0 || cgroup_systemd_stop(record, e) < 0))
		return -1;
	if (!record->manage || record->directories.n == 0)
		return 0;
	if (cgroup_check_record(record, e) < 0)
		return -1;
	patience_start(&patience, deadline_ms);
	for (;;) {
		const char *busy = NULL;
		for (size_t i = 0; i < record->directories.n; i++) {
			const char *directory = record->directories.v[i];
			int rc = gone[i] ? 1 : try_remove(record, directory, e);
			if (rc < 0)
				return -1;
			gone[i] = rc == 1;
			if (!gone[i])
				busy = directory;
		}
		if (!busy)
			break;
		if (check_caller(record, e) < 0)
			return -1;
		if (!patience_pause(&patience))
			return fail_busy(busy, record, deadline_ms, e);
	}
	remove_all_parents(record);
	return 0;
}

int cgroup_remove_beside_unit(const struct cgroup_record *record, struct err *e)
{
	if (!record->manage || cgroup_check_record(record, e) < 0)
		return record->manage ? -1 : 0;
	for (size_t i = 0; i < record->directories.n; i++) {
		const char *directory = record->directories.v[i];
		if (!mark_byte(directory, CGROUP_MADE_BY_US))
			continue;
		if (try_remove(record, directory, e) < 0)
			return -1;
		remove_parents(record, directory);
	}
	return 0;
}
