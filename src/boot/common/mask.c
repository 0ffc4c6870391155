/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What covers a path that is to be masked or read-only. Runs in the container's process, while the host's /dev is in
 * sight.
 */
#include "boot/common/mask.h"

#include "base/str.h"
#include "boot/common/filesystem.h"
#include "sys/beneath.h"
#include "sys/mount_api.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* The host's own null device: an image's may be anything (CVE-2025-31133). */
int open_null(struct err *e)
{
	autoclose int fd = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_sys(e, "open '/dev/null'");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return fail(e, ERR_SYSTEM, "'/dev/null' of the host is not the null device");
	return take_fd(&fd);
}

/* An empty read-only directory. */
static int make_empty_directory(const struct plan *plan, struct err *e)
{
	struct plan_mount mount = {
		.kind = PLAN_MOUNT_FS,
		.fstype = "tmpfs",
		.source = "tmpfs",
		.destination = "a masked path",
		.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			    MOUNT_ATTR_NOEXEC,
	};
	struct plan_option options[] = {
		{ "nr_blocks", "1" }, { "nr_inodes", "1" }, { "mode", "755" }, plan->mount_label
	};
	autoclose int fd = -1;

	mount.options.n = ARRAY_SIZE(options) - (plan->mount_label.key ? 0 : 1);
	mount.options.v = options;
	fd = make_filesystem(&mount, e);
	if (fd < 0 || apply_mount_attributes(fd, &mount, e) < 0)
		return -1;
	return take_fd(&fd);
}

static int attach(int fd, int target, const char *path, struct err *e)
{
	if (sys_move_mount(fd, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) <
	    0)
		return fail_sys(e, "cover '%s'", path);
	return 0;
}

/* *empty is the first directory mask: attached once, cloned for the rest (a detached mount can only be
 * cloned since Linux 6.15). */
int mask_path(int target, const char *path, int null, int *empty, const struct plan *plan,
	      struct err *e)
{
	autoclose int fd = -1;
	struct stat st;

	if (fstat(target, &st) < 0)
		return fail_sys(e, "stat '%s'", path);
	if (!S_ISDIR(st.st_mode)) {
		fd = sys_open_tree(null, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
		if (fd < 0)
			return fail_sys(e, "clone '/dev/null' for '%s'", path);
		return attach(fd, target, path, e);
	}
	if (*empty < 0) {
		*empty = make_empty_directory(plan, e);
		return *empty < 0 ? -1 : attach(*empty, target, path, e);
	}
	fd = sys_open_tree(*empty, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (fd < 0)
		return fail_sys(e, "clone the empty directory for '%s'", path);
	return attach(fd, target, path, e);
}

int make_path_readonly(int target, const char *path, struct err *e)
{
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	autoclose int fd = sys_open_tree(
		target, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);

	if (fd < 0)
		return fail_sys(e, "clone '%s'", path);
	if (sys_mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &readonly) < 0)
		return fail_sys(e, "make '%s' read-only", path);
	return attach(fd, target, path, e);
}

int guard_mount(const struct root *r, int fd, const struct plan_mount *mount, struct err *e)
{
	autoclose int null = -1, empty = -1;

	for (size_t i = 0; i < mount->guards.n; i++) {
		const struct plan_guard *guard = &mount->guards.v[i];
		const char *path = arena_printf(r->arena, "%s%s", mount->destination, guard->path);
		autoclose int target = sys_openat2(fd, guard->path + 1, O_PATH | O_CLOEXEC, 0,
						   RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
		if (target < 0 && errno != ENOENT && errno != ENOTDIR)
			return fail_sys(e, "open '%s'", path);
		if (target < 0)
			continue;
		if (guard->masked && null < 0 && (null = open_null(e)) < 0)
			return -1;
		if (guard->masked ? mask_path(target, path, null, &empty, r->plan, e) < 0
				  : make_path_readonly(target, path, e) < 0)
			return -1;
	}
	return 0;
}
