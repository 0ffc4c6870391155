/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mounts of config.json, in its order. Every target is looked up once, below the root's descriptor,
 * and mounted on by descriptor: an image that exchanges directories while we work changes nothing
 * (CVE-2021-30465). Runs in the container's first process; make_filesystem() also in the runtime.
 */
#include "boot/common/mount.h"

#include "base/path.h"
#include "base/str.h"
#include "boot/common/cgroup_view.h"
#include "boot/common/copy_up.h"
#include "boot/common/filesystem.h"
#include "boot/common/joined_mounts.h"
#include "boot/common/kernel_mounts.h"
#include "boot/common/mask.h"
#include "boot/common/overlay.h"
#include "boot/common/place.h"
#include "os/log.h"
#include "sys/beneath.h"
#include "sys/mount_api.h"
#include "sys/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static bool has_option(const struct plan_mount *mount, const char *key)
{
	for (size_t i = 0; i < mount->options.n; i++)
		if (str_eq(mount->options.v[i].key, key))
			return true;
	return false;
}

/* A tmpfs without mode= takes the mode of the directory that it covers, as runc and crun do, but of one
 * that was made for it none: then it is the file system's own, 1777. One that gets a copy of that directory
 * takes its owner too. As options, because it may be read-only from its birth. */
static int make_tmpfs(struct root *r, const struct plan_mount *mount, int target, bool made,
		      struct err *e)
{
	struct plan_mount tmpfs = *mount;
	struct stat st;

	if (fstat(target, &st) < 0)
		return fail_sys(e, "stat '%s'", mount->destination);
	tmpfs.options.v = arena_new_array(r->arena, struct plan_option, mount->options.n + 3);
	for (size_t i = 0; i < mount->options.n; i++)
		tmpfs.options.v[i] = mount->options.v[i];
	if (!made && !has_option(mount, "mode"))
		tmpfs.options.v[tmpfs.options.n++] =
			(struct plan_option){ "mode",
					      arena_printf(r->arena, "%o", st.st_mode & 07777) };
	if (mount->copy_up && !has_option(mount, "uid"))
		tmpfs.options.v[tmpfs.options.n++] =
			(struct plan_option){ "uid", arena_printf(r->arena, "%u", st.st_uid) };
	if (mount->copy_up && !has_option(mount, "gid"))
		tmpfs.options.v[tmpfs.options.n++] =
			(struct plan_option){ "gid", arena_printf(r->arena, "%u", st.st_gid) };
	return make_filesystem(&tmpfs, e);
}

/* 1: the source is a symlink, and there is one like it at the destination now; 0: it is none. */
static int copy_symlink(struct root *r, const struct plan_mount *mount, int source, struct err *e)
{
	autofree char *text = NULL, *found = NULL;
	autoclose int parent = -1;
	const char *name;
	ssize_t length, found_length;
	mode_t type;

	if (source_type(mount, source, &type, e) < 0)
		return -1;
	if (!S_ISLNK(type))
		return 0;
	/* not on the stack, whose pages would stay while init waits */
	text = xmalloc(PATH_MAX);
	found = xmalloc(PATH_MAX);
	length = readlinkat(source, "", text, PATH_MAX - 1);
	if (length < 0)
		return fail_sys(e, "read the symlink '%s'", mount->source);
	text[length] = '\0';
	parent = beneath_make_parent(r->fd, mount->destination, &name, e);
	if (parent < 0 || check_not_procfs(r, mount, parent, e) < 0)
		return -1;
	if (symlinkat(text, parent, name) == 0)
		return 1;
	if (errno != EEXIST)
		return fail_sys(e, "make the symlink '%s'", mount->destination);
	found_length = readlinkat(parent, name, found, PATH_MAX);
	if (found_length != length || memcmp(found, text, (size_t)length) != 0)
		return fail(e, ERR_CONFIG, "'%s' exists already and is not a symlink to '%s'",
			    mount->destination, text);
	return 1;
}

static int make_new(struct root *r, const struct plan_mount *mount, int target, bool made,
		    struct err *e)
{
	if (str_eq(mount->fstype, "tmpfs"))
		return make_tmpfs(r, mount, target, made, e);
	if (str_eq(mount->fstype, "overlay"))
		return make_overlay(r, mount, e);
	return make_filesystem(mount, e);
}

static int remount(struct root *r, size_t index, struct err *e)
{
	const struct plan_mount *mount = &r->plan->mounts.v[index];

	autoclose int target = beneath_open(r->fd, mount->destination, 0, e);

	if (target < 0 ||
	    (mount->options.n > 0 &&
	     reconfigure_filesystem(r->mounts[mount->remounts], mount, e) < 0) ||
	    apply_mount_attributes(target, mount, e) < 0)
		return -1;
	if (apply_propagation(target, r->plan, mount, e) < 0)
		return -1;
	if (propagation_is_set_again(r->plan, mount))
		r->mounts[index] = take_fd(&target);
	return 0;
}

/* What of the kernel's it is or has below it. Attached, because a detached mount cannot be changed like that. */
static int settle_kernel_mount(struct root *r, const struct plan_mount *mount, int fd,
			       struct err *e)
{
	if (mount->kernel && kernel_mount_known(r, fd, mount->stays_readonly, e) < 0)
		return -1;
	if (kernel_mounts_below(r, fd, &mount->below, shares_with_host(r->plan, mount), e) < 0)
		return -1;
	return guard_mount(r, fd, mount, e);
}

/* What lies over the root filesystem is the one in which everything that follows is done. */
static int take_root(struct root *r, const struct plan_mount *mount, int fd, struct err *e)
{
	autoclose int root = -1;

	if (!str_eq(mount->destination, "/"))
		return 0;
	root = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (root < 0)
		return fail_sys(e, "keep the root filesystem");
	if (r->covered < 0)
		r->covered = take_fd(&r->fd);
	r->n_covered++;
	replace_fd(&r->fd, take_fd(&root));
	return 0;
}

/* Whether what the runtime has made would stand before an earlier one that is made here. */
static bool is_out_of_order(const struct plan *plan, size_t index)
{
	/* of a user namespace the runtime makes it before the root filesystem */
	if (plan->mounts.v[index].is_proc)
		return true;
	for (size_t i = 0; i < index; i++)
		if (plan->mounts.v[i].kind != PLAN_MOUNT_BIND && !plan->mounts.v[i].made_outside)
			return true;
	return false;
}

/*
 * The kernel lists mounts in the order in which they were made (Linux 6.8), and programs read there what the
 * configuration says. So what the runtime has made is made once more when its turn comes. A detached mount of
 * another mount namespace cannot be cloned: for a moment it is in its place.
 */
static int make_again(const struct plan_mount *mount, int target, int *fd, struct err *e)
{
	struct mount_attr private = { .propagation = MS_PRIVATE };
	unsigned recursive = mount->recursive ? AT_RECURSIVE : 0;
	autoclose int first = take_fd(fd);

	if (sys_move_mount(first, "", target, "",
			   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return fail_sys(e, "mount '%s' on '%s' for a moment", mount->source,
				mount->destination);
	*fd = sys_open_tree(first, "",
			    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | recursive);
	if (*fd < 0)
		return fail_sys(e, "clone '%s'", mount->source);
	/* or what is below it would be unmounted on the host, too */
	if (sys_mount_setattr(first, "", AT_EMPTY_PATH | AT_RECURSIVE, &private) < 0 ||
	    sys_umount2(fd_path(first).text, MNT_DETACH) < 0)
		return fail_sys(e, "unmount '%s' again", mount->destination);
	return 0;
}

int mount_one(struct root *r, size_t index, struct err *e)
{
	const struct plan_mount *mount = &r->plan->mounts.v[index];
	autoclose int fd = take_fd(&r->mounts[index]), target = -1;
	bool given = fd >= 0 && r->plan->namespaces.new_mount && !r->running, made;

	if (mount->kind == PLAN_MOUNT_REMOUNT)
		return remount(r, index, e);
	if (mount->copy_symlink) {
		int rc = copy_symlink(r, mount, fd, e);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	if (kernel_mount_goes_without(r, mount))
		return 0;
	if (mount->subtree && (mount->kind == PLAN_MOUNT_FS || r->running)) {
		replace_fd(&fd, kernel_mount_part(r, index, &fd, e));
		given = false;
		if (fd < 0)
			return -1;
	}
	target = open_mount_target(r, mount, fd, &made, e);
	if (target < 0 && mount_is_left_out(mount, e))
		return 0;
	if (target < 0 || check_not_procfs(r, mount, target, e) < 0 ||
	    root_check_kept(r, target, e) < 0 || joined_target(r, mount, target, e) < 0)
		return -1;
	if (mount->kind == PLAN_MOUNT_CGROUP && !r->running)
		return mount_cgroup_view(r, mount, target, e);
	if (given && is_out_of_order(r->plan, index) && make_again(mount, target, &fd, e) < 0)
		return -1;
	if (fd < 0)
		fd = make_new(r, mount, target, made, e);
	if (fd < 0)
		return -1;
	if (mount->copy_up && copy_tree(target, fd, e) < 0)
		return -1;
	if (mount->kind == PLAN_MOUNT_BIND && separate_from_host(fd, r->plan, mount, e) < 0)
		return -1;
	if (kernel_mount_expected(r, mount, fd, e) < 0 ||
	    apply_mount_attributes(fd, mount, e) < 0 ||
	    apply_propagation(fd, r->plan, mount, e) < 0)
		return -1;
	if (sys_move_mount(fd, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) <
	    0)
		return fail_sys(e, "mount '%s' on '%s'", mount->source, mount->destination);
	if (settle_kernel_mount(r, mount, fd, e) < 0 || take_root(r, mount, fd, e) < 0)
		return -1;
	if (mount->readonly_late || mount->remounted || mount->lends || r->running ||
	    !r->plan->namespaces.new_mount || propagation_is_set_again(r->plan, mount))
		r->mounts[index] = take_fd(&fd);
	return 0;
}

int root_mount_all(struct root *r, struct err *e)
{
	for (size_t i = 0; i < r->plan->mounts.n; i++)
		if (mount_one(r, i, e) < 0 || joined_keep(r, i, e) < 0) {
			joined_unmount(r, i);
			return err_prefix(e, "mounts[%u]", r->plan->mounts.v[i].index);
		}
	return 0;
}

/* Through the descriptors that mount_one() kept: by now something else may be mounted on top. */
int root_make_readonly_mounts(const struct root *r, struct err *e)
{
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };

	for (size_t i = 0; i < r->plan->mounts.n; i++) {
		const struct plan_mount *mount = &r->plan->mounts.v[i];
		if (!mount->readonly_late)
			continue;
		if (sys_mount_setattr(r->mounts[i], "", AT_EMPTY_PATH, &readonly) < 0)
			return fail_sys(e, "make '%s' read-only", mount->destination);
	}
	return 0;
}

/* What comes before has gone with the root filesystem that is covered. */
static size_t first_uncovered(const struct plan *plan)
{
	size_t first = 0;

	for (size_t i = 0; i < plan->mounts.n; i++)
		if (plan_is_root(&plan->mounts.v[i]))
			first = i;
	return first;
}

int root_set_propagation(const struct root *r, struct err *e)
{
	uint64_t mask = r->plan->rootfs_propagation & MS_REC ? ~(uint64_t)0 : ~(uint64_t)MS_REC;

	for (size_t i = first_uncovered(r->plan); i < r->plan->mounts.n; i++)
		if (r->mounts[i] >= 0 && propagation_is_set_again(r->plan, &r->plan->mounts.v[i]) &&
		    set_propagation(r->mounts[i], &r->plan->mounts.v[i], mask, e) < 0)
			return -1;
	return 0;
}
