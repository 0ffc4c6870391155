/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's root: what is open of it, and the names of what is open. Runs in the container's process, and in
 * the runtime.
 */
#include "boot/common/root.h"

#include "base/str.h"
#include "sys/mount_api.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void root_release(struct root *r)
{
	replace_fd(&r->fd, -1);
	replace_fd(&r->covered, -1);
	replace_fd(&r->descriptors, -1);
	for (size_t i = 0; r->mounts && i < r->plan->mounts.n; i++)
		replace_fd(&r->mounts[i], -1);
}

void root_no_mounts(struct root *r)
{
	size_t n = r->plan->mounts.n;

	r->mounts = arena_new_array(r->arena, int, n ? n : 1);
	for (size_t i = 0; i < n; i++)
		r->mounts[i] = -1;
}

/* --- in the container's namespaces --- */

int root_open_descriptors(struct root *r, struct err *e)
{
	r->descriptors = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return r->descriptors < 0 ? fail_sys(e, "open '/proc/self/fd'") : 0;
}

struct fd_name {
	char text[16];
};

static struct fd_name fd_name(int fd)
{
	struct fd_name name;

	snprintf(name.text, sizeof(name.text), "%d", fd);
	return name;
}

int root_check_kept(const struct root *r, int target, struct err *e)
{
	autofree char *path = NULL;
	const char *reason;
	ssize_t length;

	if (r->plan->kept.n == 0)
		return 0;
	path = xmalloc(PATH_MAX);
	length = readlinkat(r->descriptors, fd_name(target).text, path, PATH_MAX - 1);
	if (length < 0)
		return fail_sys(e, "find out where a mount would be");
	path[length] = '\0';
	reason = plan_keeps(r->plan, path);
	return reason ? fail(e, ERR_CONFIG, "'%s' %s", path, reason) : 0;
}

/* What is mounted there, a directory or not; the names in that directory are links to what is open. */
int root_unmount(const struct root *r, int fd, struct err *e)
{
	if (fchdir(r->descriptors) < 0 || sys_umount2(fd_name(fd).text, MNT_DETACH) < 0)
		return fail_sys(e, "unmount");
	return 0;
}

int change_root(int root, struct err *e)
{
	if (fchdir(root) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return fail_sys(e, "change the root directory");
	return 0;
}
