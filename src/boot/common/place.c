/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where mounts go. Every target is looked up once, below the root's descriptor: an image that exchanges directories
 * while we work changes nothing (CVE-2021-30465). Runs in the container's process.
 */
#include "boot/common/place.h"

#include "base/path.h"
#include "base/str.h"
#include "boot/common/kernel_mounts.h"
#include "os/log.h"
#include "sys/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/vfs.h>
#include <unistd.h>

/* /proc and /sys must be plain directories of the image: one that is a symlink would put our procfs
 * elsewhere and leave a false one in its place (CVE-2019-19921, CVE-2023-27561, CVE-2023-28642). */
static int open_kernel_target(const struct root *r, const struct plan_mount *mount, struct err *e)
{
	autofree char *path = path_clean(mount->destination);
	int fd = sys_openat2(r->fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0,
			     RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);

	if (fd < 0 && errno == ENOENT) {
		autoclose int made = beneath_make_directory(r->fd, path, 0755, e);
		if (made < 0)
			return -1;
		fd = sys_openat2(r->fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0,
				 RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
	}
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return fail(e, ERR_CONFIG, "'%s' of the root filesystem must be a directory",
			    mount->destination);
	if (fd < 0)
		return fail_sys(e, "open '%s' in the root filesystem", mount->destination);
	return fd;
}

/* The plan has judged what may lie over parts of /proc by the destination's name. A link of the image
 * that leads there under another name is none of them (CVE-2019-16884). */
int check_not_procfs(const struct root *r, const struct plan_mount *mount, int target,
		     struct err *e)
{
	struct statfs fs;

	/* It is there to lie over what could not be taken away. */
	if (mount->subtree && kernel_mount_is_foreign(r, target))
		return 0;
	if (fstatfs(target, &fs) < 0)
		return fail_sys(e, "stat the file system of '%s'", mount->destination);
	if (fs.f_type == PROC_SUPER_MAGIC && !path_is_below(mount->destination, "/proc"))
		return fail(e, ERR_CONFIG, "'%s' leads into /proc", mount->destination);
	return 0;
}

/* The file's type, which is known without asking a server that may never answer. */
int source_type(const struct plan_mount *mount, int source, mode_t *ret, struct err *e)
{
	struct statx st;

	if (statx(source, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_TYPE,
		  &st) < 0)
		return fail_sys(e, "stat the source '%s'", mount->source);
	*ret = st.stx_mode & S_IFMT;
	return 0;
}

int open_mount_target(const struct root *r, const struct plan_mount *mount, int source,
		      bool *ret_made, struct err *e)
{
	mode_t type;
	/* in place of a bind: then as for that */
	bool part = mount->subtree && !str_eq(mount->destination, "/proc") &&
		    !str_eq(mount->destination, "/sys");

	*ret_made = false;
	if ((mount->is_proc || mount->is_sysfs) && !part)
		return open_kernel_target(r, mount, e);
	if (mount->kind == PLAN_MOUNT_BIND || (part && source >= 0)) {
		if (source_type(mount, source, &type, e) < 0)
			return -1;
		if (mount->destination_nofollow)
			return beneath_make_nofollow(r->fd, mount->destination, S_ISDIR(type), e);
		if (!S_ISDIR(type))
			return beneath_make_file(r->fd, mount->destination, e);
	}
	return beneath_find_directory(r->fd, mount->destination, 0755, ret_made, e);
}

bool mount_is_left_out(const struct plan_mount *mount, const struct err *e)
{
	if (!mount->dispensable || (e->sys != EACCES && e->sys != EPERM && e->sys != EROFS))
		return false;
	log_warning("mounts[%u]: '%s' is left out: %s", mount->index, mount->destination, e->text);
	return true;
}
