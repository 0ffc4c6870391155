/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File systems of the kernel's: what came below a source is taken away or made read-only, a part of the container's
 * own is mounted in place of the host's, and the runtime is told which mounts the plan knows. Runs in the
 * container's first process, and in what enters a container to mount or to become criu.
 */
#include "boot/context.h"

#include "base/str.h"
#include "boot/protocol.h"
#include "model/kernel_fs.h"
#include "sys/beneath.h"
#include "sys/channel.h"
#include "sys/mount_api.h"
#include "sys/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x00001000U
#endif
/* As many as may lie one on the other at one place. */
#define STACKED_MAX 64

static bool is_kernel_fs(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && kernel_fs_name((unsigned long)fs.f_type);
}

/* Grows where it holds a power of two. */
void kernel_mount_list(struct boot *b, struct u32list *list, uint32_t id)
{
	if ((list->n & (list->n - 1)) == 0) {
		uint32_t *v = arena_new_array(b->arena, uint32_t, list->n ? 2 * list->n : 1);

		if (list->n)
			memcpy(v, list->v, list->n * sizeof(*v));
		list->v = v;
	}
	list->v[list->n++] = id;
}

int kernel_mount_known(struct boot *b, int fd, bool stays_readonly, struct err *e)
{
	struct statfs fs;
	uint32_t id;

	if (!b->plan->kernel_own)
		return 0;
	if (mount_id(fd, &id, e) < 0)
		return -1;
	kernel_mount_list(b, &b->root.kernel, id);
	if (!stays_readonly)
		return 0;
	if (fstatfs(fd, &fs) < 0)
		return fail_sys(e, "stat the file system of a mount");
	if (fs.f_flags & ST_RDONLY)
		kernel_mount_list(b, &b->root.readonly, id);
	return 0;
}

/* A cpuset is a cgroup by another name. Of a bind that was judged the file system is not asked: a server that is gone
 * would be waited for. */
int kernel_mount_expected(const struct boot *b, const struct plan_mount *mount, int fd,
			  struct err *e)
{
	struct statfs fs;

	if (!b->plan->kernel_own || mount->kernel || mount->opened != PLAN_NO_SOURCE)
		return 0;
	if (fstatfs(fd, &fs) < 0)
		return fail_sys(e, "stat the file system of '%s'", mount->source);
	if (!kernel_fs_name((unsigned long)fs.f_type))
		return 0;
	return fail(e, ERR_POLICY,
		    "kernelMounts: '%s' for '%s' is a %s, which is not what was judged; "
		    "\"requested\" in the policy would allow it",
		    mount->source, mount->destination, kernel_fs_name((unsigned long)fs.f_type));
}

bool kernel_mount_is_foreign(const struct boot *b, int fd)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) <
		    0 ||
	    !(st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return false;
	for (size_t i = 0; i < b->root.kernel.n; i++)
		if (b->root.kernel.v[i] == (uint32_t)st.stx_mnt_id)
			return false;
	return true;
}

/* --- below a source --- */

static int open_below(int top, const char *path)
{
	return sys_openat2(top, path + 1, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0,
			   RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

static bool is_mount_root(int fd)
{
	struct statx st;

	return statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
		     STATX_BASIC_STATS, &st) == 0 &&
	       (st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static int unmount(struct boot *b, int fd, struct err *e)
{
	if (b->live)
		return child_live_take_away(b, fd, e);
	return sys_umount2(fd_path(fd).text, MNT_DETACH) < 0 ? fail_sys(e, "unmount") : 0;
}

/*
 * In a user namespace the kernel holds the mounts of the host together (mount_namespaces(7), EINVAL), and of a mount
 * that is shared the host's would go, too. There the container's own lies over it, which stands next in the plan.
 */
static int detach(struct boot *b, int top, const struct plan_below *below, bool shared,
		  struct err *e)
{
	struct mount_attr private = { .propagation = MS_PRIVATE };

	for (int i = 0; i < STACKED_MAX; i++) {
		autoclose int fd = open_below(top, below->path);

		if (fd < 0 || !is_kernel_fs(fd) || !is_mount_root(fd))
			return 0;
		if (shared && sys_mount_setattr(fd, "", AT_EMPTY_PATH, &private) < 0)
			return fail_sys(e, "separate '%s' from the host", below->path);
		if (shared)
			return 0;
		if (unmount(b, fd, e) < 0)
			return e->sys == EINVAL ? 0 : err_prefix(e, "'%s'", below->path);
	}
	return fail(e, ERR_SYSTEM, "'%s': too many mounts lie one on the other", below->path);
}

static int make_readonly(struct boot *b, int top, const struct plan_below *below, struct err *e)
{
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	autoclose int fd = open_below(top, below->path);

	/* What is there instead is looked at with everything else. */
	if (fd < 0 || !is_kernel_fs(fd) || !is_mount_root(fd))
		return 0;
	if (sys_mount_setattr(fd, "", AT_EMPTY_PATH, &readonly) < 0)
		return fail_sys(e, "make '%s' read-only", below->path);
	return kernel_mount_known(b, fd, true, e);
}

int kernel_mounts_below(struct boot *b, int top, const struct plan_belows *below, bool shared,
			struct err *e)
{
	for (size_t i = 0; i < below->n; i++) {
		int rc = below->v[i].detach ? detach(b, top, &below->v[i], shared, e)
					    : make_readonly(b, top, &below->v[i], e);
		if (rc < 0)
			return -1;
	}
	return 0;
}

/* --- a part of the container's own --- */

/* What guards it was found by the names in sysfs, so no link of it may lead elsewhere; procfs needs its own "self". */
int kernel_mount_open_part(int whole, const char *part)
{
	struct statfs fs;
	uint64_t links =
		fstatfs(whole, &fs) == 0 && fs.f_type == SYSFS_MAGIC ? RESOLVE_NO_SYMLINKS : 0;

	return sys_openat2(whole, str_eq(part, "/") ? "." : part + 1, O_PATH | O_CLOEXEC, 0,
			   RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | links);
}

static int clone_part(int whole, const char *part, struct err *e)
{
	autoclose int fd = kernel_mount_open_part(whole, part);
	int clone;

	if (fd < 0)
		return fail_sys(e, "open '%s' of the container's own", part);
	clone = sys_open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	return clone < 0 ? fail_sys(e, "clone '%s' of the container's own", part) : clone;
}

/* A detached mount can be cloned since Linux 6.15 only: for a moment it lies on the root. */
static int part_of_new(struct boot *b, int whole, const char *part, struct err *e)
{
	autoclose int fd = -1;

	if (sys_move_mount(whole, "", b->root.fd, "",
			   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return fail_sys(e, "mount the container's own for a moment");
	fd = clone_part(whole, part, e);
	if (sys_umount2(fd_path(whole).text, MNT_DETACH) < 0)
		return fail_sys(e, "unmount the container's own");
	return take_fd(&fd);
}

int kernel_mount_part(struct boot *b, size_t index, int *whole, struct err *e)
{
	const struct plan_mount *mount = &b->plan->mounts.v[index];
	autoclose int made = take_fd(whole);

	if (b->live)
		return child_live_part(b, mount, e);
	for (size_t i = 0; i < index; i++)
		if (b->plan->mounts.v[i].lends && b->root.mounts[i] >= 0 &&
		    str_eq(b->plan->mounts.v[i].fstype, mount->fstype))
			return clone_part(b->root.mounts[i], mount->subtree, e);
	if (made < 0)
		made = make_filesystem(mount, e);
	if (made < 0 || str_eq(mount->subtree, "/"))
		return take_fd(&made);
	return part_of_new(b, made, mount->subtree, e);
}

/* --- what the runtime is told --- */

static int send_list(struct boot *b, const struct u32list *list, struct err *e)
{
	struct message message = { .type = BOOT_MOUNT };

	for (size_t i = 0; i < list->n; i++) {
		message.value = (int32_t)list->v[i];
		if (channel_send(b->session.channel, &message, -1, e) < 0)
			return -1;
	}
	message.type = BOOT_MOUNTS_DONE;
	return channel_send(b->session.channel, &message, -1, e);
}

int child_kernel_mounts(struct boot *b, struct err *e)
{
	if (!b->plan->kernel_own)
		return 0;
	if (send_list(b, &b->root.kernel, e) < 0)
		return -1;
	return send_list(b, &b->root.readonly, e);
}
