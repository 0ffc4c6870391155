/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See address.h. A mount of the tree of version 2 in the initial cgroup namespace says anew what holds for all of it
 * (cgroup-v2.rst, "nsdelegate" and others), so that one that is there is used, or its options are said again. Runs in the
 * runtime.
 */
#include "address/address.h"

#include "base/auto.h"
#include "base/str.h"
#include "sys/mount_api.h"
#include "sys/mountinfo.h"
#include "sys/nsfd.h"
#include "sys/procfs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* PROC_CGROUP_INIT_INO of the kernel, and the number of the tree's root (kernfs). */
#define INITIAL_NAMESPACE 0xeffffffbu
#define ROOT_NUMBER 1

static int is_initial(bool *ret, struct err *e)
{
	autoclose int fd = nsfd_own("cgroup", e);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return fail_sys(e, "look at the runtime's cgroup namespace");
	*ret = st.st_ino == INITIAL_NAMESPACE;
	return 0;
}

/* -1: it is not mounted there, or cannot be changed there. */
static int open_mounted(const char *path)
{
	autoclose int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs fs;
	struct stat st;

	if (fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC ||
	    fs.f_flags & ST_RDONLY || fstat(fd, &st) < 0 || st.st_ino != ROOT_NUMBER)
		return -1;
	return take_fd(&fd);
}

/* NULL: nothing shows it. */
static const char *options_in(const struct mountinfo *info)
{
	for (size_t i = 0; i < info->n; i++)
		if (str_eq(info->v[i].fstype, "cgroup2"))
			return info->v[i].super_options;
	return NULL;
}

/* Of the mounts that this process has, or the first one of the host. */
static int find_options(struct arena *arena, const char **ret, struct err *e)
{
	autoclose int proc = -1, first = -1;
	struct mountinfo info;

	if (mountinfo_read(arena, &info, e) < 0)
		return -1;
	*ret = options_in(&info);
	if (*ret)
		return 0;
	proc = procfs_open(e);
	first = proc < 0 ? -1 : procfs_openat(proc, "1", O_PATH | O_DIRECTORY, e);
	if (first < 0 || mountinfo_read_at(first, "mountinfo", arena, &info, e) < 0)
		return -1;
	*ret = options_in(&info);
	return 0;
}

static int say_options(int context, struct err *e)
{
	autoarena arena = { 0 };
	const char *options;
	char *rest, *word;

	if (find_options(&arena, &options, e) < 0)
		return -1;
	rest = options ? arena_strdup(&arena, options) : NULL;
	while ((word = strsep(&rest, ",")))
		if (!str_eq(word, "rw") && !str_eq(word, "ro") && !str_eq(word, "seclabel") &&
		    sys_fsconfig(context, FSCONFIG_SET_FLAG, word, NULL, 0) < 0)
			return fail_sys(e, "say option '%s' of the tree of cgroups of version 2",
					word);
	return 0;
}

static int mount_detached(bool initial, struct err *e)
{
	autoclose int context = sys_fsopen("cgroup2", FSOPEN_CLOEXEC);
	int tree;

	if (context < 0)
		return fail_sys(e, "open the tree of cgroups of version 2");
	if (initial && say_options(context, e) < 0)
		return -1;
	if (sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fail_sys(e, "open the tree of cgroups of version 2");
	tree = sys_fsmount(context, FSMOUNT_CLOEXEC,
			   MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return tree < 0 ? fail_sys(e, "open the tree of cgroups of version 2") : tree;
}

int address_tree_open(struct err *e)
{
	static const char *const places[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	bool initial = false;

	if (is_initial(&initial, e) < 0)
		return -1;
	for (size_t i = 0; initial && i < ARRAY_SIZE(places); i++) {
		int fd = open_mounted(places[i]);

		if (fd >= 0)
			return fd;
	}
	return mount_detached(initial, e);
}
