/* SPDX-License-Identifier: Apache-2.0 */
/* See hold.h. */
#include "forward/hold.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "os/io.h"
#include "sys/mount_api.h"
#include "sys/mountinfo.h"
#include "sys/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A number of nsfs is not used again while one of its mounts is there. */
static int is_mounted(int decoy, bool *ret, struct err *e)
{
	autoarena arena = { 0 };
	struct mountinfo info;
	char root[40];
	struct stat st;

	*ret = false;
	if (fstat(decoy, &st) < 0)
		return fail_sys(e, "look at the engine's network");
	if (mountinfo_read(&arena, &info, e) < 0)
		return -1;
	snprintf(root, sizeof(root), "net:[%llu]", (unsigned long long)st.st_ino);
	for (size_t i = 0; i < info.n && !*ret; i++)
		*ret = str_eq(info.v[i].fstype, "nsfs") && str_eq(info.v[i].root, root);
	return 0;
}

int hold_decoy(int directory, int decoy, struct err *e)
{
	autoclose int file = -1, tree = -1;
	bool mounted;

	if (is_mounted(decoy, &mounted, e) < 0)
		return -1;
	if (mounted)
		return 0;
	file = openat(directory, HOLD_NAME, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0444);
	if (file < 0)
		return fail_sys(e, "make a place to hold the engine's network");
	tree = sys_open_tree(decoy, "",
			     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (unsigned)AT_EMPTY_PATH);
	if (tree < 0 || sys_move_mount(tree, "", directory, HOLD_NAME, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return fail_sys(e, "hold the engine's network by a mount");
	return 0;
}

int hold_release(int directory, struct err *e)
{
	char path[sizeof(struct fd_path) + sizeof("/" HOLD_NAME)];

	snprintf(path, sizeof(path), "%s/" HOLD_NAME, fd_path(directory).text);
	if (sys_umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL &&
	    errno != ENOENT)
		return fail_sys(e, "let go of the engine's network");
	if (unlinkat(directory, HOLD_NAME, 0) < 0 && errno != ENOENT)
		return fail_sys(e, "remove the place that held the engine's network");
	return 0;
}
