/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps of the MOUNTS page in the process that enters the container. The destinations lie in a tree that the
 * container's programs change as they like: each is looked up once below its root, by descriptor, and then the kernel
 * is asked where that is.
 */
#include "boot/mounts/mounter.h"

#include "boot/common/mount.h"
#include "sys/beneath.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* As many as may lie one on the other at one place. */
#define STACKED_MAX 64

static int open_mounted(struct mounter *c, const char *path, struct err *e)
{
	autoclose int fd = beneath_open(c->root.fd, path, 0, e);
	struct statx st;

	if (fd < 0)
		return -1;
	if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &st) < 0)
		return fail_sys(e, "stat '%s'", path);
	if (!(st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return fail(e, ERR_CONFIG, "nothing is mounted at '%s'", path);
	if (root_check_kept(&c->root, fd, e) < 0 || mounter_check_guard(&c->root, fd, path, e) < 0)
		return -1;
	return take_fd(&fd);
}

/* All are found before the first is taken, the last one first: it may lie on another. */
int mounter_take(struct mounter *c, struct err *e)
{
	const struct strlist *taken = &c->taken;
	int *fds = arena_new_array(c->arena, int, taken->n ? taken->n : 1);

	for (size_t i = 0; i < taken->n; i++) {
		fds[i] = open_mounted(c, taken->v[i], e);
		if (fds[i] < 0)
			return err_prefix(e, "mounts[%zu]", i);
	}
	for (size_t i = taken->n; i-- > 0;)
		if (root_unmount(&c->root, fds[i], e) < 0)
			return err_prefix(e, "mounts[%zu]: '%s'", i, taken->v[i]);
	return 0;
}

int mounter_give(struct mounter *c, struct err *e)
{
	size_t n = c->plan->mounts.n, i = 0;
	struct err ignored;

	while (i < n && mount_one(&c->root, i, e) == 0)
		i++;
	if (i == n && mounter_check_given(&c->root, e) == 0)
		return 0;
	if (i < n)
		err_prefix(e, "mounts[%zu]", i);
	while (i-- > 0)
		for (int depth = 0; c->root.mounts[i] >= 0 && depth < STACKED_MAX; depth++)
			/* what came with it and lies on it goes first (umount2(2)), and at last there is none */
			if (root_unmount(&c->root, c->root.mounts[i], &ignored) < 0)
				break;
	return -1;
}
