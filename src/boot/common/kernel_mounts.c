/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File systems of the kernel's: what came below a source is taken away or made read-only, a part of the container's
 * own is mounted in place of the host's, and the runtime is told which mounts the plan knows. Runs in the
 * container's first process, and in what enters a container to mount or to become criu.
 */
#include "boot/common/kernel_mounts.h"

#include "base/str.h"
#include "boot/common/filesystem.h"
#include "boot/protocol.h"
#include "model/kernel_fs.h"
#include "sys/beneath.h"
#include "sys/channel.h"
#include "sys/mount_api.h"
#include "sys/mountinfo.h"
#include "sys/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
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
void kernel_mount_list(struct arena *arena, struct u32list *list, uint32_t id)
{
	if ((list->n & (list->n - 1)) == 0) {
		uint32_t *v = arena_new_array(arena, uint32_t, list->n ? 2 * list->n : 1);

		if (list->n)
			memcpy(v, list->v, list->n * sizeof(*v));
		list->v = v;
	}
	list->v[list->n++] = id;
}

int kernel_mount_known(struct root *r, int fd, bool stays_readonly, struct err *e)
{
	struct statfs fs;
	uint32_t id;

	if (!r->plan->kernel_own)
		return 0;
	if (mount_id(fd, &id, e) < 0)
		return -1;
	kernel_mount_list(r->arena, &r->kernel, id);
	if (!stays_readonly)
		return 0;
	if (fstatfs(fd, &fs) < 0)
		return fail_sys(e, "stat the file system of a mount");
	if (fs.f_flags & ST_RDONLY)
		kernel_mount_list(r->arena, &r->readonly, id);
	return 0;
}

/* A cpuset is a cgroup by another name. Of a bind that was judged the file system is not asked: a server that is gone
 * would be waited for. */
int kernel_mount_expected(const struct root *r, const struct plan_mount *mount, int fd,
			  struct err *e)
{
	struct statfs fs;

	if (!r->plan->kernel_own || mount->kernel || mount->opened != PLAN_NO_SOURCE)
		return 0;
	if (fstatfs(fd, &fs) < 0)
		return fail_sys(e, "stat the file system of '%s'", mount->source);
	if (!kernel_fs_name((unsigned long)fs.f_type))
		return 0;
	return fail(
		e, ERR_POLICY,
		"kernelMounts: '%s' for '%s' is a %s, which is not what was judged; \"requested\" in the policy would allow it",
		mount->source, mount->destination, kernel_fs_name((unsigned long)fs.f_type));
}

bool kernel_mount_is_foreign(const struct root *r, int fd)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) <
		    0 ||
	    !(st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return false;
	for (size_t i = 0; i < r->kernel.n; i++)
		if (r->kernel.v[i] == (uint32_t)st.stx_mnt_id)
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

static int unmount(const struct root *r, int fd, struct err *e)
{
	if (r->running)
		return root_unmount(r, fd, e);
	return sys_umount2(fd_path(fd).text, MNT_DETACH) < 0 ? fail_sys(e, "unmount") : 0;
}

/*
 * In a user namespace the kernel holds the mounts of the host together (mount_namespaces(7), EINVAL), and of a mount
 * that is shared the host's would go, too. There the container's own lies over it, which stands next in the plan.
 */
static int detach(struct root *r, int top, const struct plan_below *below, bool shared,
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
		if (unmount(r, fd, e) < 0)
			return e->sys == EINVAL ? 0 : err_prefix(e, "'%s'", below->path);
	}
	return fail(e, ERR_SYSTEM, "'%s': too many mounts lie one on the other", below->path);
}

static int make_readonly(struct root *r, int top, const struct plan_below *below, struct err *e)
{
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	autoclose int fd = open_below(top, below->path);

	/* What is there instead is looked at with everything else. */
	if (fd < 0 || !is_kernel_fs(fd) || !is_mount_root(fd))
		return 0;
	if (sys_mount_setattr(fd, "", AT_EMPTY_PATH, &readonly) < 0)
		return fail_sys(e, "make '%s' read-only", below->path);
	return kernel_mount_known(r, fd, true, e);
}

int kernel_mounts_below(struct root *r, int top, const struct plan_belows *below, bool shared,
			struct err *e)
{
	for (size_t i = 0; i < below->n; i++) {
		int rc = below->v[i].detach ? detach(r, top, &below->v[i], shared, e)
					    : make_readonly(r, top, &below->v[i], e);
		if (rc < 0)
			return -1;
	}
	return 0;
}

/* --- a part of the container's own --- */

/* What guards it was found by the names in sysfs, so no link of it may lead elsewhere; procfs needs its own "self". */
static int open_part(int whole, const char *part)
{
	struct statfs fs;
	uint64_t links =
		fstatfs(whole, &fs) == 0 && fs.f_type == SYSFS_MAGIC ? RESOLVE_NO_SYMLINKS : 0;

	return sys_openat2(whole, str_eq(part, "/") ? "." : part + 1, O_PATH | O_CLOEXEC, 0,
			   RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | links);
}

static int clone_part(int whole, const char *part, struct err *e)
{
	autoclose int fd = open_part(whole, part);
	int clone;

	if (fd < 0)
		return fail_sys(e, "open '%s' of the container's own", part);
	clone = sys_open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	return clone < 0 ? fail_sys(e, "clone '%s' of the container's own", part) : clone;
}

/* A detached mount can be cloned since Linux 6.15 only; before, it lies on the root for a moment. */
static int part_of_new(struct root *r, int whole, const char *part, struct err *e)
{
	autoclose int fd = clone_part(whole, part, e);

	if (fd >= 0 || e->sys != EINVAL)
		return take_fd(&fd);
	if (sys_move_mount(whole, "", r->fd, "",
			   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return fail_sys(e, "mount the container's own for a moment");
	fd = clone_part(whole, part, e);
	if (sys_umount2(fd_path(whole).text, MNT_DETACH) < 0)
		return fail_sys(e, "unmount the container's own");
	return take_fd(&fd);
}

static const char *usual_place(const struct plan_mount *mount)
{
	return mount->is_proc ? "/proc" : mount->is_sysfs ? "/sys" : "/sys/fs/cgroup";
}

/* 0: there is something else, or nothing. */
static int open_own(const struct root *r, const struct plan_mount *mount, int *ret_fd,
		    struct err *e)
{
	const char *usual = usual_place(mount);
	autoclose int fd = sys_openat2(r->fd, usual, O_PATH | O_DIRECTORY | O_CLOEXEC, 0,
				       RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
	struct statfs fs;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return fail_sys(e, "open the container's own '%s'", usual);
	/* v1: a tmpfs with a directory for each hierarchy */
	if (mount->kind == PLAN_MOUNT_CGROUP
		    ? fs.f_type != CGROUP2_SUPER_MAGIC && fs.f_type != TMPFS_MAGIC
		    : fs.f_type != (mount->is_proc ? PROC_SUPER_MAGIC : SYSFS_MAGIC))
		return 0;
	*ret_fd = take_fd(&fd);
	return 1;
}

static int own_part(const struct root *r, const struct plan_mount *mount, struct err *e)
{
	const char *usual = usual_place(mount);
	autoclose int whole = -1, part = -1;
	int rc = open_own(r, mount, &whole, e);
	int fd;

	if (rc < 0)
		return -1;
	if (rc == 0)
		return fail(
			e, ERR_CONFIG,
			"'%s' would be a part of the container's own %s, and it has none at '%s': one can only be mounted by the configuration, when the container is created",
			mount->destination, mount->fstype, usual);
	part = open_part(whole, mount->subtree);
	if (part < 0)
		return fail_sys(e, "open '%s' in the container's own '%s'", mount->subtree, usual);
	fd = sys_open_tree(part, "",
			   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	return fd < 0 ? fail_sys(e, "clone '%s' of the container's own", mount->subtree) : fd;
}

bool kernel_mount_goes_without(const struct root *r, const struct plan_mount *mount)
{
	autoclose int own = -1;
	struct err ignored;

	return r->running && mount->spare && open_own(r, mount, &own, &ignored) == 0;
}

int kernel_mount_part(struct root *r, size_t index, int *whole, struct err *e)
{
	const struct plan_mount *mount = &r->plan->mounts.v[index];
	autoclose int made = take_fd(whole);

	if (r->running)
		return own_part(r, mount, e);
	for (size_t i = 0; i < index; i++)
		if (r->plan->mounts.v[i].lends && r->mounts[i] >= 0 &&
		    str_eq(r->plan->mounts.v[i].fstype, mount->fstype))
			return clone_part(r->mounts[i], mount->subtree, e);
	if (made < 0)
		made = make_filesystem(mount, e);
	if (made < 0 || str_eq(mount->subtree, "/"))
		return take_fd(&made);
	return part_of_new(r, made, mount->subtree, e);
}

/* --- what the runtime is told --- */

/* Each message wakes the other side, so one has as many as fit. */
static int add_id(int channel, struct message *message, uint32_t id, char mark, struct err *e)
{
	size_t used = strlen(message->error.text);

	if (used + sizeof(" 4294967295r") > sizeof(message->error.text)) {
		if (channel_send(channel, message, -1, e) < 0)
			return -1;
		used = 0;
	}
	(void)snprintf(message->error.text + used, sizeof(message->error.text) - used, " %u%c", id,
		       mark);
	return 0;
}

int kernel_mounts_tell(const struct root *r, int channel, struct err *e)
{
	struct message message = { .type = BOOT_MOUNT };

	if (!r->plan->kernel_own)
		return 0;
	for (size_t i = 0; i < r->kernel.n; i++)
		if (add_id(channel, &message, r->kernel.v[i], BOOT_MOUNT_KNOWN, e) < 0)
			return -1;
	for (size_t i = 0; i < r->readonly.n; i++)
		if (add_id(channel, &message, r->readonly.v[i], BOOT_MOUNT_READONLY, e) < 0)
			return -1;
	message.type = BOOT_MOUNTS_DONE;
	return channel_send(channel, &message, -1, e);
}
