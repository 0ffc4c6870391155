/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the record on disk to descriptors. What the record says is checked before anything in it is
 * believed: it decides what is killed and what is removed. Runs in the runtime.
 */
#include "cgroup/record.h"

#include "base/auto.h"
#include "base/path.h"
#include "sys/beneath.h"
#include "sys/procfs.h"

#include <fcntl.h>
#include <linux/openat2.h>

int cgroup_check_path(const char *path, struct err *e)
{
	if (str_empty(path) || path[0] != '/')
		return fail(e, ERR_CONFIG, "cgroup path '%s' does not begin with '/'",
			    path ? path : "");
	autofree char *clean = path_clean(path);
	if (str_eq(clean, "/"))
		return fail(e, ERR_CONFIG, "cgroup path '%s' is the root of the hierarchy", path);
	if (!str_eq(clean, path))
		return fail(e, ERR_CONFIG, "cgroup path '%s' is not normalised ('%s')", path,
			    clean);
	return 0;
}

int cgroup_check_record(const struct cgroup_record *record, struct err *e)
{
	if (record->directories.n > CGROUP_MAX_HIERARCHIES)
		return fail(e, ERR_STATE, "the record names %zu cgroup directories, at most %d",
			    record->directories.n, CGROUP_MAX_HIERARCHIES);
	if (record->directories.n == 0)
		return 0;
	if (cgroup_check_path(record->path, e) < 0) {
		e->kind = ERR_STATE;
		return -1;
	}
	for (size_t i = 0; i < record->directories.n; i++) {
		const char *directory = record->directories.v[i];
		autofree char *clean = path_clean(directory);
		if (directory[0] != '/' || !str_eq(clean, directory) ||
		    !str_has_suffix(directory, record->path) || str_eq(directory, record->path))
			return fail(
				e, ERR_STATE,
				"the record names '%s', which is not a mount point followed by '%s'",
				directory, record->path);
	}
	return 0;
}

void cgroup_opened_release(struct cgroup_opened *opened)
{
	while (opened->n > 0)
		close_keep_errno(opened->fds[--opened->n]);
}

/* Takes `fd` over. */
static int add_own(struct cgroup_opened *opened, int fd, struct err *e)
{
	struct cgroup_mark other = { .name = "" };
	int answer = own_ask(fd_path(fd).text, opened->record, &other, e);

	if (answer == OWN_ITS) {
		opened->fds[opened->n++] = fd;
		return 0;
	}
	/* ENOENT: it went while it was asked */
	bool gone = answer < 0 && (e->sys == ENOENT || e->sys == ENODEV);
	close_keep_errno(fd);
	if (answer < 0)
		return gone ? 0 : -1;
	opened->left_out = true;
	opened->other = other;
	return 0;
}

/* One that is gone is none. */
static int open_one(const char *directory, struct cgroup_opened *opened, struct err *e)
{
	int fd = sys_openat2(AT_FDCWD, directory, O_PATH | O_DIRECTORY | O_CLOEXEC, 0,
			     RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);

	if (fd < 0 && errno != ENOENT && errno != ENODEV)
		return fail_sys(e, "open cgroup '%s'", directory);
	return fd < 0 ? 0 : add_own(opened, fd, e);
}

int cgroup_open_record(const struct cgroup_record *record, struct cgroup_opened *ret, struct err *e)
{
	autoopened opened = { .record = record, .opener = getpid() };

	if (!record->manage) {
		*ret = (struct cgroup_opened){ .record = record };
		return 0;
	}
	if (cgroup_check_record(record, e) < 0)
		return -1;
	for (size_t i = 0; i < record->directories.n; i++)
		if (open_one(record->directories.v[i], &opened, e) < 0)
			return -1;
	*ret = opened;
	opened.n = 0;
	return 0;
}

/* By its path, before it is opened: only that nothing is there says no. */
static bool may_have(const char *directory, const char *file)
{
	char path[PATH_MAX];
	struct err ignored;

	return str_format(path, sizeof(path), &ignored, "%s/%s", directory, file) < 0 ||
	       faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	       (errno != ENOENT && errno != ENODEV);
}

/* Adds the first of the directories that may have the file; the mount point's usual name is where it is looked for
 * first, so that mostly one look does. */
static int open_with(const struct cgroup_record *record, const char *file, const char *usual,
		     struct cgroup_opened *opened, struct err *e)
{
	for (int hinted = 1; hinted >= 0; hinted--)
		for (size_t i = 0; i < record->directories.n; i++) {
			const char *directory = record->directories.v[i];

			if ((strstr(directory, usual) != NULL) == (hinted == 1) &&
			    may_have(directory, file))
				return open_one(directory, opened, e);
		}
	return 0;
}

int cgroup_open_freezers(const struct cgroup_record *record, struct cgroup_opened *ret,
			 struct err *e)
{
	autoopened opened = { .record = record, .opener = getpid() };

	*ret = (struct cgroup_opened){ .record = record };
	if (!record->manage)
		return 0;
	if (cgroup_check_record(record, e) < 0)
		return -1;
	if (record->layout != CGROUP_V2 &&
	    open_with(record, "freezer.state", "/freezer/", &opened, e) < 0)
		return -1;
	if (record->layout != CGROUP_V1 &&
	    open_with(record, "cgroup.freeze", "/unified/", &opened, e) < 0)
		return -1;
	*ret = opened;
	opened.n = 0;
	return 0;
}

int cgroup_open_memory(const struct cgroup_record *record, struct cgroup_opened *ret, struct err *e)
{
	autoopened opened = { .record = record, .opener = getpid() };

	*ret = (struct cgroup_opened){ .record = record };
	if (!record->manage)
		return 0;
	if (cgroup_check_record(record, e) < 0)
		return -1;
	/* Of v1 where it counts memory, since then v2 cannot. */
	if (record->layout != CGROUP_V2 &&
	    open_with(record, "memory.oom_control", "/memory/", &opened, e) < 0)
		return -1;
	if (record->layout != CGROUP_V1 && opened.n == 0 &&
	    open_with(record, "memory.events", "/unified/", &opened, e) < 0)
		return -1;
	*ret = opened;
	opened.n = 0;
	return 0;
}

int cgroup_open_whole(const struct cgroup_record *record, const char *verb,
		      struct cgroup_opened *ret, struct err *e)
{
	autoopened opened = { 0 };
	struct cgroup_mark other;
	int rc;

	if (cgroup_open_record(record, &opened, e) < 0)
		return -1;
	if (opened.left_out)
		return own_fail_anothers(record, &opened.other, e);
	rc = verb ? own_find_other(opened.fds, opened.n, record, &other, e) : 0;
	if (rc != 0)
		return rc < 0 ? -1 : own_fail_inside(verb, record, &other, e);
	*ret = opened;
	opened.n = 0;
	return 0;
}

int cgroup_find_other(const struct cgroup_record *record, struct cgroup_mark *ret, struct err *e)
{
	autoopened opened = { 0 };

	if (cgroup_open_record(record, &opened, e) < 0)
		return -1;
	if (opened.left_out && opened.other.name[0]) {
		*ret = opened.other;
		return 1;
	}
	return own_find_other(opened.fds, opened.n, record, ret, e);
}

int cgroup_check_own(const struct cgroup_record *record, const char *verb, struct err *e)
{
	autoopened opened = { 0 };

	return cgroup_open_whole(record, verb, &opened, e);
}

int cgroup_opened_pids(const struct cgroup_opened *opened, struct pid_set *ret, struct err *e)
{
	autopids pids = { 0 };

	/* The union: a process that was stopped while it joined is in some of them only. */
	for (size_t i = 0; i < opened->n; i++) {
		struct own_walk own;
		own_walk_start(&own, opened->fds[i], opened->record);
		if (tree_add_pids(opened->fds[i], &own.limit, &pids, e) < 0)
			return -1;
	}
	pid_set_sort(&pids);
	pid_set_release(ret);
	*ret = pids;
	pids = (struct pid_set){ 0 };
	return 0;
}

int cgroup_opened_with(const struct cgroup_opened *opened, const char *file)
{
	for (size_t i = 0; i < opened->n; i++)
		if (faccessat(opened->fds[i], file, F_OK, 0) == 0)
			return opened->fds[i];
	return -1;
}

int cgroup_opened_unified(const struct cgroup_opened *opened)
{
	return cgroup_opened_with(opened, "cgroup.events");
}

int cgroup_open_unified(const struct cgroup_record *record, struct err *e)
{
	autoopened opened = { 0 };
	int fd;

	if (cgroup_open_record(record, &opened, e) < 0)
		return -1;
	fd = cgroup_opened_unified(&opened);
	if (fd < 0)
		return fail(e, ERR_STATE,
			    "the container's cgroup has no directory in the tree of version 2");
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? fail_sys(e, "copy a descriptor") : fd;
}

int cgroup_opened_freezer(const struct cgroup_opened *opened)
{
	return cgroup_opened_with(opened, "freezer.state");
}

int cgroup_pids(const struct cgroup_record *record, struct arena *arena, struct u32list *ret,
		struct err *e)
{
	autoopened opened = { 0 };
	autopids pids = { 0 };

	if (cgroup_open_record(record, &opened, e) < 0)
		return -1;
	if (cgroup_opened_pids(&opened, &pids, e) < 0)
		return -1;
	ret->v = arena_new_array(arena, uint32_t, pids.n + 1);
	ret->n = pids.n;
	if (pids.n > 0)
		memcpy(ret->v, pids.v, pids.n * sizeof(*ret->v));
	return 0;
}
