/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps of the MOUNTS page. The destinations lie in a tree that the container's programs change as they like:
 * each is looked up once below its root, by descriptor, and then the kernel is asked where that is. Runs in the
 * runtime (parent_*) and in the process that enters the container (child_*).
 */
#include "boot/context.h"

#include "base/str.h"
#include "boot/protocol.h"
#include "sys/beneath.h"
#include "sys/channel.h"
#include "sys/mount_api.h"
#include "sys/nsfd.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* As many as may lie one on the other at one place. */
#define STACKED_MAX 64

/* --- the runtime --- */

int parent_live_namespaces(struct boot *b, struct err *e)
{
	if (parent_exec_find_init(b, e) < 0 || parent_exec_namespaces(b, e) < 0)
		return -1;
	/* mqueue shows the IPC namespace of its maker. */
	b->join_flags &= CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC;
	if (b->join_flags & CLONE_NEWNS)
		return 0;
	return fail(e, ERR_STATE,
		    "container %s has no mount namespace of its own: what is mounted there is "
		    "the host's matter",
		    b->status->id);
}

/* `whole`: of all mounts, for what lies in what the other lacks; `keeper` may be -1. */
static int send_clones(const struct boot *b, const struct idmaps *idmaps, int whole, int keeper,
		       int channel, struct err *e)
{
	if (nsfd_enter(whole, CLONE_NEWNS | (has_host_power(b) ? 0 : CLONE_NEWUSER),
		       "the copy of the mounts", e) < 0)
		return -1;
	for (size_t i = 0; i < b->plan->mounts.n; i++) {
		struct message message = { .type = BOOT_SOURCE };
		autoclose int fd = -1;

		if (b->plan->mounts.v[i].kind != PLAN_MOUNT_BIND)
			continue;
		if (keeper >= 0 &&
		    nsfd_enter(takes_away_below(&b->plan->mounts.v[i].below) ? keeper : whole,
			       CLONE_NEWNS, "the copy of the mounts", e) < 0)
			return -1;
		fd = clone_source(b, &b->plan->mounts.v[i], idmaps->fds[i], false, e);
		if (fd < 0 || channel_send(channel, &message, fd, e) < 0)
			return -1;
	}
	return 0;
}

static __attribute__((noreturn)) void helper_main(const struct boot *b, const struct idmaps *idmaps,
						  int whole, int keeper, int channel)
{
	struct message message = { .type = BOOT_ERROR };
	struct err ignored;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (send_clones(b, idmaps, whole, keeper, channel, &message.error) == 0)
		_exit(0);
	_exit(channel_send(channel, &message, -1, &ignored) < 0 ? 2 : 1);
}

static bool has_bind(const struct plan *plan)
{
	for (size_t i = 0; i < plan->mounts.n; i++)
		if (plan->mounts.v[i].kind == PLAN_MOUNT_BIND)
			return true;
	return false;
}

static int clone_in_copy(struct boot *b, const struct idmaps *idmaps, struct err *e)
{
	autochild whole = CHILD_INIT, keeper = CHILD_INIT, helper = CHILD_INIT;
	autoclose int of_helper = -1, theirs = -1;
	int rc;

	if (!has_bind(b->plan))
		return 0;
	if (copy_mounts(b, b->target, true, &whole, e) < 0 ||
	    (mounts_need_copy(b) && copy_mounts(b, b->target, false, &keeper, e) < 0))
		return -1;
	rc = clone_with_channel(&helper, &of_helper, &theirs, e);
	if (rc == 0)
		helper_main(b, idmaps, whole.pidfd, keeper.pidfd, theirs);
	if (rc < 0)
		return -1;
	for (size_t i = 0; i < b->plan->mounts.n; i++)
		if (b->plan->mounts.v[i].kind == PLAN_MOUNT_BIND &&
		    receive_from_helper(b, &helper, of_helper, BOOT_SOURCE, &b->root.mounts[i], e) <
			    0)
			return -1;
	return 0;
}

static int clone_here(struct boot *b, const struct idmaps *idmaps, struct err *e)
{
	for (size_t i = 0; i < b->plan->mounts.n; i++) {
		const struct plan_mount *mount = &b->plan->mounts.v[i];

		if (mount->kind == PLAN_MOUNT_BIND)
			b->root.mounts[i] = clone_source(b, mount, idmaps->fds[i], true, e);
		else if (str_eq(mount->fstype, "overlay"))
			b->root.mounts[i] = make_overlay(b, mount, e);
		else if (mount->source[0] == '/')
			b->root.mounts[i] = make_filesystem(mount, e);
		else
			continue; /* made in the container's namespaces */
		if (b->root.mounts[i] < 0)
			return -1;
	}
	return 0;
}

int parent_live_sources(struct boot *b, struct err *e)
{
	auto_idmaps idmaps = { 0 };
	size_t n = b->plan->mounts.n;
	int rc;

	b->root.mounts = arena_new_array(b->arena, int, n ? n : 1);
	for (size_t i = 0; i < n; i++)
		b->root.mounts[i] = -1;
	/* whose user namespace it is */
	b->peer.child.pid = (pid_t)b->status->init.pid;
	rc = open_idmaps(b, &idmaps, e);
	b->peer.child.pid = 0;
	if (rc < 0)
		return -1;
	if (pidfd_ended(b->target, 0))
		return fail(e, ERR_STATE, "container not running");
	return b->join_flags & CLONE_NEWUSER ? clone_in_copy(b, &idmaps, e)
					     : clone_here(b, &idmaps, e);
}

int parent_live_done(struct boot *b, struct err *e)
{
	int status;

	if (parent_expect(b, BOOT_READY, NULL, e) < 0)
		return -1;
	return parent_wait_end(b, &b->peer.child, &status, e);
}

/* --- in the container's namespaces --- */

int child_live_descriptors(struct boot *b, struct err *e)
{
	b->root.descriptors = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return b->root.descriptors < 0 ? fail_sys(e, "open '/proc/self/fd'") : 0;
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

int child_live_target(struct boot *b, int target, struct err *e)
{
	autofree char *path = NULL;
	const char *reason;
	ssize_t length;

	if (b->plan->kept.n == 0)
		return 0;
	path = xmalloc(PATH_MAX);
	length = readlinkat(b->root.descriptors, fd_name(target).text, path, PATH_MAX - 1);
	if (length < 0)
		return fail_sys(e, "find out where a mount would be");
	path[length] = '\0';
	reason = plan_keeps(b->plan, path);
	return reason ? fail(e, ERR_CONFIG, "'%s' %s", path, reason) : 0;
}

/* What is mounted there, a directory or not; the names in that directory are links to what is open. */
int child_live_take_away(struct boot *b, int fd, struct err *e)
{
	if (fchdir(b->root.descriptors) < 0 || sys_umount2(fd_name(fd).text, MNT_DETACH) < 0)
		return fail_sys(e, "unmount");
	return 0;
}

static int open_mounted(struct boot *b, const char *path, struct err *e)
{
	autoclose int fd = beneath_open(b->root.fd, path, 0, e);
	struct statx st;

	if (fd < 0)
		return -1;
	if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &st) < 0)
		return fail_sys(e, "stat '%s'", path);
	if (!(st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return fail(e, ERR_CONFIG, "nothing is mounted at '%s'", path);
	if (child_live_target(b, fd, e) < 0 || child_live_check_guard(b, fd, path, e) < 0)
		return -1;
	return take_fd(&fd);
}

static const char *usual_place(const struct plan_mount *mount)
{
	return mount->is_proc ? "/proc" : mount->is_sysfs ? "/sys" : "/sys/fs/cgroup";
}

/* 0: there is something else, or nothing. */
static int open_own(struct boot *b, const struct plan_mount *mount, int *ret_fd, struct err *e)
{
	const char *usual = usual_place(mount);
	autoclose int fd = sys_openat2(b->root.fd, usual, O_PATH | O_DIRECTORY | O_CLOEXEC, 0,
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

int child_live_part(struct boot *b, const struct plan_mount *mount, struct err *e)
{
	const char *usual = usual_place(mount);
	autoclose int whole = -1, part = -1;
	int rc = open_own(b, mount, &whole, e);
	int fd;

	if (rc < 0)
		return -1;
	if (rc == 0)
		return fail(e, ERR_CONFIG,
			    "'%s' would be a part of the container's own %s, and it has none at "
			    "'%s': one can only be mounted by the configuration, when the "
			    "container is created",
			    mount->destination, mount->fstype, usual);
	part = kernel_mount_open_part(whole, mount->subtree);
	if (part < 0)
		return fail_sys(e, "open '%s' in the container's own '%s'", mount->subtree, usual);
	fd = sys_open_tree(part, "",
			   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	return fd < 0 ? fail_sys(e, "clone '%s' of the container's own", mount->subtree) : fd;
}

bool child_live_goes_without(struct boot *b, const struct plan_mount *mount)
{
	autoclose int own = -1;
	struct err ignored;

	return b->live && mount->spare && open_own(b, mount, &own, &ignored) == 0;
}

/* All are found before the first is taken, the last one first: it may lie on another. */
int child_live_take(struct boot *b, struct err *e)
{
	const struct strlist *taken = &b->live->taken;
	int *fds = arena_new_array(b->arena, int, taken->n ? taken->n : 1);

	for (size_t i = 0; i < taken->n; i++) {
		fds[i] = open_mounted(b, taken->v[i], e);
		if (fds[i] < 0)
			return err_prefix(e, "mounts[%zu]", i);
	}
	for (size_t i = taken->n; i-- > 0;)
		if (child_live_take_away(b, fds[i], e) < 0)
			return err_prefix(e, "mounts[%zu]: '%s'", i, taken->v[i]);
	return 0;
}

int child_live_give(struct boot *b, struct err *e)
{
	size_t n = b->plan->mounts.n, i = 0;
	struct err ignored;

	while (i < n && child_mount(b, i, e) == 0)
		i++;
	if (i == n && child_live_check_given(b, e) == 0)
		return 0;
	if (i < n)
		err_prefix(e, "mounts[%zu]", i);
	while (i-- > 0)
		for (int depth = 0; b->root.mounts[i] >= 0 && depth < STACKED_MAX; depth++)
			/* what came with it and lies on it goes first (umount2(2)), and at last there is none */
			if (child_live_take_away(b, b->root.mounts[i], &ignored) < 0)
				break;
	return -1;
}
