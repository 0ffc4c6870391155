/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mounts of config.json, in its order. Every target is looked up once, below the root's descriptor,
 * and mounted on by descriptor: an image that exchanges directories while we work changes nothing
 * (CVE-2021-30465). Runs in the container's first process; make_filesystem() also in the runtime.
 */
#include "boot/context.h"

#include "base/path.h"
#include "base/str.h"
#include "boot/joined_mounts.h"
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

static int fail_context(int context, const struct plan_mount *mount, const char *what,
			struct err *e)
{
	int error_number = errno;
	char message[256];

	fs_context_message(context, message, sizeof(message));
	return fail_errno(e, error_number, "%s a file system of type '%s' for '%s'%s%s", what,
			  mount->fstype, mount->destination, *message ? ": " : "", message);
}

static int set_options(int context, const struct plan_mount *mount, struct err *e)
{
	for (size_t i = 0; i < mount->options.n; i++) {
		const struct plan_option *option = &mount->options.v[i];
		if (sys_fsconfig(context, option->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG,
				 option->key, option->value, 0) < 0) {
			fail_context(context, mount, "configure", e);
			return err_prefix(e, "option '%s'", option->key);
		}
	}
	return 0;
}

int make_filesystem(const struct plan_mount *mount, struct err *e)
{
	autoclose int context = sys_fsopen(mount->fstype, FSOPEN_CLOEXEC);
	int fd;

	if (context < 0)
		return fail_sys(e, "open a file system of type '%s' for '%s'", mount->fstype,
				mount->destination);
	if (sys_fsconfig(context, FSCONFIG_SET_STRING, "source", mount->source, 0) < 0)
		return fail_context(context, mount, "set the source of", e);
	if (set_options(context, mount, e) < 0)
		return -1;
	if (sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fail_context(context, mount, "create", e);
	/* Read-only is for apply_mount_attributes(): the mode of a tmpfs and what is copied into it come
	 * first. */
	fd = sys_fsmount(context, FSMOUNT_CLOEXEC, mount->attr_set & ~(uint64_t)MOUNT_ATTR_RDONLY);
	if (fd < 0)
		return fail_context(context, mount, "mount", e);
	return fd;
}

/* /proc and /sys must be plain directories of the image: one that is a symlink would put our procfs
 * elsewhere and leave a false one in its place (CVE-2019-19921, CVE-2023-27561, CVE-2023-28642). */
static int open_kernel_target(struct boot *b, const struct plan_mount *mount, struct err *e)
{
	autofree char *path = path_clean(mount->destination);
	int fd = sys_openat2(b->root.fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0,
			     RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);

	if (fd < 0 && errno == ENOENT) {
		autoclose int made = beneath_make_directory(b->root.fd, path, 0755, e);
		if (made < 0)
			return -1;
		fd = sys_openat2(b->root.fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0,
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
static int check_not_procfs(const struct boot *b, const struct plan_mount *mount, int target,
			    struct err *e)
{
	struct statfs fs;

	/* It is there to lie over what could not be taken away. */
	if (mount->subtree && kernel_mount_is_foreign(b, target))
		return 0;
	if (fstatfs(target, &fs) < 0)
		return fail_sys(e, "stat the file system of '%s'", mount->destination);
	if (fs.f_type == PROC_SUPER_MAGIC && !path_is_below(mount->destination, "/proc"))
		return fail(e, ERR_CONFIG, "'%s' leads into /proc", mount->destination);
	return 0;
}

/* The file's type, which is known without asking a server that may never answer. */
static int source_type(const struct plan_mount *mount, int source, mode_t *ret, struct err *e)
{
	struct statx st;

	if (statx(source, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_TYPE,
		  &st) < 0)
		return fail_sys(e, "stat the source '%s'", mount->source);
	*ret = st.stx_mode & S_IFMT;
	return 0;
}

int open_mount_target(struct boot *b, const struct plan_mount *mount, int source, bool *ret_made,
		      struct err *e)
{
	mode_t type;
	/* in place of a bind: then as for that */
	bool part = mount->subtree && !str_eq(mount->destination, "/proc") &&
		    !str_eq(mount->destination, "/sys");

	*ret_made = false;
	if ((mount->is_proc || mount->is_sysfs) && !part)
		return open_kernel_target(b, mount, e);
	if (mount->kind == PLAN_MOUNT_BIND || (part && source >= 0)) {
		if (source_type(mount, source, &type, e) < 0)
			return -1;
		if (mount->destination_nofollow)
			return beneath_make_nofollow(b->root.fd, mount->destination, S_ISDIR(type),
						     e);
		if (!S_ISDIR(type))
			return beneath_make_file(b->root.fd, mount->destination, e);
	}
	return beneath_find_directory(b->root.fd, mount->destination, 0755, ret_made, e);
}

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
static int make_tmpfs(struct boot *b, const struct plan_mount *mount, int target, bool made,
		      struct err *e)
{
	struct plan_mount tmpfs = *mount;
	struct stat st;

	if (fstat(target, &st) < 0)
		return fail_sys(e, "stat '%s'", mount->destination);
	tmpfs.options.v = arena_new_array(b->arena, struct plan_option, mount->options.n + 3);
	for (size_t i = 0; i < mount->options.n; i++)
		tmpfs.options.v[i] = mount->options.v[i];
	if (!made && !has_option(mount, "mode"))
		tmpfs.options.v[tmpfs.options.n++] =
			(struct plan_option){ "mode",
					      arena_printf(b->arena, "%o", st.st_mode & 07777) };
	if (mount->copy_up && !has_option(mount, "uid"))
		tmpfs.options.v[tmpfs.options.n++] =
			(struct plan_option){ "uid", arena_printf(b->arena, "%u", st.st_uid) };
	if (mount->copy_up && !has_option(mount, "gid"))
		tmpfs.options.v[tmpfs.options.n++] =
			(struct plan_option){ "gid", arena_printf(b->arena, "%u", st.st_gid) };
	return make_filesystem(&tmpfs, e);
}

/* 1: the source is a symlink, and there is one like it at the destination now; 0: it is none. */
static int copy_symlink(struct boot *b, const struct plan_mount *mount, int source, struct err *e)
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
	parent = beneath_make_parent(b->root.fd, mount->destination, &name, e);
	if (parent < 0 || check_not_procfs(b, mount, parent, e) < 0)
		return -1;
	if (symlinkat(text, parent, name) == 0)
		return 1;
	if (errno != EEXIST)
		return fail_sys(e, "make the symlink '%s'", mount->destination);
	found_length = readlinkat(parent, name, found, PATH_MAX);
	if (found_length != length || memcmp(found, text, (size_t)length) != 0)
		return fail(e, ERR_CONFIG, "'%s' is there already and is no symlink to '%s'",
			    mount->destination, text);
	return 1;
}

static int make_new(struct boot *b, const struct plan_mount *mount, int target, bool made,
		    struct err *e)
{
	if (str_eq(mount->fstype, "tmpfs"))
		return make_tmpfs(b, mount, target, made, e);
	if (str_eq(mount->fstype, "overlay"))
		return make_overlay(b, mount, e);
	return make_filesystem(mount, e);
}

/* Through the descriptor that child_mount() kept: it is exactly that file system. */
static int reconfigure(struct boot *b, const struct plan_mount *mount, struct err *e)
{
	autoclose int context =
		sys_fspick(b->root.mounts[mount->remounts], "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC);

	if (context < 0)
		return fail_sys(e, "open the file system of '%s'", mount->destination);
	if (set_options(context, mount, e) < 0)
		return -1;
	if (sys_fsconfig(context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
		return fail_context(context, mount, "reconfigure", e);
	return 0;
}

static int remount(struct boot *b, size_t index, struct err *e)
{
	const struct plan_mount *mount = &b->plan->mounts.v[index];

	autoclose int target = beneath_open(b->root.fd, mount->destination, 0, e);

	if (target < 0 || (mount->options.n > 0 && reconfigure(b, mount, e) < 0) ||
	    apply_mount_attributes(target, mount, e) < 0)
		return -1;
	if (apply_propagation(b, target, mount, e) < 0)
		return -1;
	if (propagation_is_set_again(b, mount))
		b->root.mounts[index] = take_fd(&target);
	return 0;
}

/* What of the kernel's it is or has below it. Attached, for a detached mount cannot be changed like that. */
static int settle_kernel_mount(struct boot *b, const struct plan_mount *mount, int fd,
			       struct err *e)
{
	if (mount->kernel && kernel_mount_known(b, fd, mount->stays_readonly, e) < 0)
		return -1;
	if (kernel_mounts_below(b, fd, &mount->below, shares_with_host(b, mount), e) < 0)
		return -1;
	return child_guard(b, fd, mount, e);
}

bool mount_is_left_out(const struct plan_mount *mount, const struct err *e)
{
	if (!mount->dispensable || (e->sys != EACCES && e->sys != EPERM && e->sys != EROFS))
		return false;
	log_warning("mounts[%u]: '%s' is left out: %s", mount->index, mount->destination, e->text);
	return true;
}

/* What lies over the root filesystem is the one in which everything that follows is done. */
static int take_root(struct boot *b, const struct plan_mount *mount, int fd, struct err *e)
{
	autoclose int root = -1;

	if (!str_eq(mount->destination, "/"))
		return 0;
	root = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (root < 0)
		return fail_sys(e, "keep the root filesystem");
	if (b->root.covered < 0)
		b->root.covered = take_fd(&b->root.fd);
	b->root.n_covered++;
	replace_fd(&b->root.fd, take_fd(&root));
	return 0;
}

/* Whether what the runtime has made would stand before an earlier one that is made here. */
static bool is_out_of_order(const struct plan *plan, size_t index)
{
	/* of a user namespace the runtime makes it before the root filesystem */
	if (plan->mounts.v[index].is_proc)
		return true;
	for (size_t i = 0; i < index; i++)
		if (plan->mounts.v[i].kind != PLAN_MOUNT_BIND && !plan->mounts.v[i].by_parent)
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

int child_mount(struct boot *b, size_t index, struct err *e)
{
	const struct plan_mount *mount = &b->plan->mounts.v[index];
	autoclose int fd = take_fd(&b->root.mounts[index]), target = -1;
	bool given = fd >= 0 && b->plan->namespaces.new_mount && !b->live, made;

	if (mount->kind == PLAN_MOUNT_REMOUNT)
		return remount(b, index, e);
	if (mount->copy_symlink) {
		int rc = copy_symlink(b, mount, fd, e);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	if (child_live_goes_without(b, mount))
		return 0;
	if (mount->subtree && (mount->kind == PLAN_MOUNT_FS || b->live)) {
		replace_fd(&fd, kernel_mount_part(b, index, &fd, e));
		given = false;
		if (fd < 0)
			return -1;
	}
	target = open_mount_target(b, mount, fd, &made, e);
	if (target < 0 && mount_is_left_out(mount, e))
		return 0;
	if (target < 0 || check_not_procfs(b, mount, target, e) < 0 ||
	    child_live_target(b, target, e) < 0 || child_joined_target(b, mount, target, e) < 0)
		return -1;
	if (mount->kind == PLAN_MOUNT_CGROUP && !b->live)
		return child_mount_cgroup(b, mount, target, e);
	if (given && is_out_of_order(b->plan, index) && make_again(mount, target, &fd, e) < 0)
		return -1;
	if (fd < 0)
		fd = make_new(b, mount, target, made, e);
	if (fd < 0)
		return -1;
	if (mount->copy_up && child_copy_tree(target, fd, e) < 0)
		return -1;
	if (mount->kind == PLAN_MOUNT_BIND && separate_from_host(b, fd, mount, e) < 0)
		return -1;
	if (kernel_mount_expected(b, mount, fd, e) < 0 ||
	    apply_mount_attributes(fd, mount, e) < 0 || apply_propagation(b, fd, mount, e) < 0)
		return -1;
	if (sys_move_mount(fd, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) <
	    0)
		return fail_sys(e, "mount '%s' on '%s'", mount->source, mount->destination);
	if (settle_kernel_mount(b, mount, fd, e) < 0 || take_root(b, mount, fd, e) < 0)
		return -1;
	if (mount->readonly_late || mount->remounted || mount->lends || b->live ||
	    !b->plan->namespaces.new_mount || propagation_is_set_again(b, mount))
		b->root.mounts[index] = take_fd(&fd);
	return 0;
}

int child_mounts(struct boot *b, struct err *e)
{
	for (size_t i = 0; i < b->plan->mounts.n; i++)
		if (child_mount(b, i, e) < 0 || child_joined_keep(b, i, e) < 0) {
			child_joined_take_back(b, i);
			return err_prefix(e, "mounts[%u]", b->plan->mounts.v[i].index);
		}
	return 0;
}

/* Through the descriptors that child_mount() kept: by now something else may be mounted on top. */
int child_readonly_mounts(struct boot *b, struct err *e)
{
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };

	for (size_t i = 0; i < b->plan->mounts.n; i++) {
		const struct plan_mount *mount = &b->plan->mounts.v[i];
		if (!mount->readonly_late)
			continue;
		if (sys_mount_setattr(b->root.mounts[i], "", AT_EMPTY_PATH, &readonly) < 0)
			return fail_sys(e, "make '%s' read-only", mount->destination);
	}
	return 0;
}
