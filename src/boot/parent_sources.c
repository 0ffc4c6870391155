/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of the host goes into the container: its root filesystem and the sources of bind mounts, each
 * looked up once, in the host's view, and cloned into a detached mount that the child attaches.
 *
 * With a user namespace the clones must be made in the child's own mount namespace: there the kernel has
 * locked the flags of the host's mounts (a read-only one stays read-only for root of the container) and
 * made them slaves (mount_namespaces(7), "Restrictions on mount namespaces"). A helper with the runtime's
 * power goes there for it, because root of the container may not be allowed to walk the host's
 * directories. Runs in the runtime; child_sources() in the container's first process.
 */
#include "boot/context.h"

#include "base/path.h"
#include "base/str.h"
#include "boot/protocol.h"
#include "model/kernel_fs.h"
#include "sys/beneath.h"
#include "sys/caps.h"
#include "sys/channel.h"
#include "sys/mount_api.h"
#include "sys/nsfd.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static int clone_root(const struct boot *b, int rootfs, struct err *e)
{
	/* With everything mounted below it, as the engine has prepared it. */
	autoclose int fd = sys_open_tree(
		rootfs, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	struct mount_attr attributes = {
		.propagation = b->plan->rootfs_propagation & MS_SLAVE ? MS_SLAVE : MS_PRIVATE,
	};

	if (fd < 0)
		return fail_sys(e, "clone the root filesystem '%s'", b->plan->rootfs);
	if (sys_mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes) < 0)
		return fail_sys(e, "separate the root filesystem '%s' from the host",
				b->plan->rootfs);
	return take_fd(&fd);
}

/* What was judged; -1 where nothing was, for it was not there or is the runtime's own. */
static int opened_source(const struct boot *b, const struct plan_mount *mount)
{
	return mount->opened == PLAN_NO_SOURCE || mount->opened >= b->host->n_sources
		       ? -1
		       : b->host->sources[mount->opened];
}

static int fail_exchanged(const struct plan_mount *mount, const char *what, struct err *e)
{
	return fail(e, ERR_POLICY, "mounts[%u]: the source '%s' %s; try again", mount->index,
		    mount->source, what);
}

static int identity(int fd, const struct plan_mount *mount, struct statx *ret, struct err *e)
{
	if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_INO, ret) < 0)
		return fail_sys(e, "mounts[%u]: stat the source '%s'", mount->index, mount->source);
	return 0;
}

/*
 * A descriptor of the runtime's mounts cannot be cloned in another mount namespace, so there the path is looked up
 * again: it is the file that was judged, or the end of it. What was not there then nothing was judged of. A caller
 * without power may have had no way to it before it is root of the user namespace: that is looked at once it is
 * mounted.
 */
static int check_judged(const struct boot *b, const struct plan_mount *mount, int fd, struct err *e)
{
	int judged = opened_source(b, mount);
	struct statx expected, found;

	/* What the policy itself has added was no source when they were looked at: a file that root alone can write. */
	if (mount->own_source || mount->opened == PLAN_NO_SOURCE || !b->plan->kernel_own)
		return 0;
	if (judged < 0)
		return has_host_power(b)
			       ? fail_exchanged(mount, "was not there when it was judged", e)
			       : 0;
	if (identity(judged, mount, &expected, e) < 0 || identity(fd, mount, &found, e) < 0)
		return -1;
	if (expected.stx_ino != found.stx_ino || expected.stx_dev_major != found.stx_dev_major ||
	    expected.stx_dev_minor != found.stx_dev_minor)
		return fail_exchanged(mount, "was exchanged after it was judged", e);
	return 0;
}

int clone_source(const struct boot *b, const struct plan_mount *mount, int user_namespace,
		 bool here, struct err *e)
{
	unsigned flags =
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (mount->recursive ? AT_RECURSIVE : 0);
	unsigned nofollow = mount->source_nofollow || mount->copy_symlink ? AT_SYMLINK_NOFOLLOW : 0;
	const char *path = mount->source;
	int known = here ? opened_source(b, mount) : -1;

	/* its own name, which leads there also where /proc is not */
	if (mount->opened != PLAN_NO_SOURCE && b->facts->sources.v[mount->opened].path)
		path = b->facts->sources.v[mount->opened].path;
	autoclose int fd = known >= 0 ? sys_open_tree(known, "", flags | AT_EMPTY_PATH)
				      : sys_open_tree(AT_FDCWD, path, flags | nofollow);

	if (fd < 0)
		return fail_sys(e, "mounts[%u]: source '%s' of '%s'", mount->index, mount->source,
				mount->destination);
	if ((!here || known < 0) && check_judged(b, mount, fd, e) < 0)
		return -1;
	if (apply_idmap(b, fd, mount, user_namespace, e) < 0)
		return -1;
	return take_fd(&fd);
}

static void no_sources(struct boot *b)
{
	const struct plan *plan = b->plan;

	b->root.mounts = arena_new_array(b->arena, int, plan->mounts.n ? plan->mounts.n : 1);
	for (size_t i = 0; i < plan->mounts.n; i++)
		b->root.mounts[i] = -1;
}

int parent_open_sources(struct boot *b, struct err *e)
{
	if (!plan_has_user_namespace(b->plan))
		return parent_clone_sources(b, e);
	no_sources(b);
	return 0;
}

int parent_clone_sources(struct boot *b, struct err *e)
{
	const struct plan *plan = b->plan;
	auto_idmaps idmaps = { 0 };

	no_sources(b);
	/* of a mount namespace that is joined it is the one that is there */
	if (plan->namespaces.new_mount) {
		b->root.fd = clone_root(b, b->host->rootfs, e);
		if (b->root.fd < 0)
			return -1;
	}
	if (open_idmaps(b, &idmaps, e) < 0)
		return -1;
	for (size_t i = 0; i < plan->mounts.n; i++) {
		if (plan->mounts.v[i].kind != PLAN_MOUNT_BIND)
			continue;
		b->root.mounts[i] = clone_source(b, &plan->mounts.v[i], idmaps.fds[i], true, e);
		if (b->root.mounts[i] < 0)
			return -1;
	}
	/* They lead into the host's mounts. */
	for (size_t i = 0; i < b->host->n_sources; i++)
		replace_fd(&b->host->sources[i], -1);
	return 0;
}

static int send_source(const struct boot *b, int fd, struct err *e)
{
	struct message message = { .type = BOOT_SOURCE };
	autoclose int owned = fd;

	return owned < 0 ? -1 : channel_send(b->peer.channel, &message, owned, e);
}

/* The same directory as the one that was looked at and judged. */
static int open_rootfs_again(const struct boot *b, struct err *e)
{
	autoclose int fd = open(b->plan->rootfs, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat expected, found;

	if (fd < 0 || fstat(fd, &found) < 0 || fstat(b->host->rootfs, &expected) < 0)
		return fail_sys(e, "open the root filesystem '%s'", b->plan->rootfs);
	if (found.st_dev != expected.st_dev || found.st_ino != expected.st_ino)
		return fail(e, ERR_CONFIG, "the root filesystem '%s' was exchanged",
			    b->plan->rootfs);
	return take_fd(&fd);
}

/* The copy lacks what must not come along below one source; another may lie in just that (binfmt_misc, or a file of
 * /proc/PID/ns), and is there in the container's own. */
static int enter_mounts_with(const struct boot *b, const struct plan_belows *below, struct err *e)
{
	if (b->mounts_copy < 0)
		return 0;
	return nsfd_enter(takes_away_below(below) ? b->mounts_copy : b->peer.child.pidfd,
			  CLONE_NEWNS, "the copy of the mounts", e);
}

static bool is_below_another(const struct plan *plan, const struct plan_mount *mount)
{
	for (size_t i = 0; i < plan->mounts.n; i++)
		if (&plan->mounts.v[i] != mount && plan->mounts.v[i].kind != PLAN_MOUNT_REMOUNT &&
		    path_is_below(mount->destination, plan->mounts.v[i].destination))
			return true;
	return false;
}

static void make_files(const struct plan *plan, int root)
{
	struct err ignored;

	for (size_t i = 0; i < plan->mounts.n; i++) {
		const struct plan_mount *mount = &plan->mounts.v[i];
		autoclose int fd = -1;

		if (mount->dispensable && !is_below_another(plan, mount))
			fd = beneath_make_file(root, mount->destination, &ignored);
	}
}

/* Root of the container may not be allowed to make them. Where the runtime is not either they are left out. They belong
 * to whom the root filesystem does: a directory of the host's root would be closed to the container. */
static void make_dispensable_files(const struct boot *b, int root)
{
	struct err ignored;
	struct cap_sets caps;
	struct stat st;

	if (!has_host_power(b) || fstat(root, &st) < 0 || caps_get(&caps, &ignored) < 0)
		return;
	setfsgid(st.st_gid);
	setfsuid(st.st_uid);
	/* which took the power over files away */
	if (caps_set(&caps, &ignored) == 0)
		make_files(b->plan, root);
	setfsuid(geteuid());
	setfsgid(getegid());
	(void)!caps_set(&caps, &ignored);
}

static int send_from_inside(const struct boot *b, const struct idmaps *idmaps, struct err *e)
{
	autoclose int rootfs = -1, root = -1;

	/* Without power of the runtime's own, with that of who made the container's user namespace. */
	if (nsfd_enter(b->peer.child.pidfd, CLONE_NEWNS | (has_host_power(b) ? 0 : CLONE_NEWUSER),
		       "the container's mount namespace", e) < 0 ||
	    enter_mounts_with(b, &b->plan->root_below, e) < 0)
		return -1;
	rootfs = open_rootfs_again(b, e);
	root = rootfs < 0 ? -1 : clone_root(b, rootfs, e);
	if (root < 0)
		return -1;
	make_dispensable_files(b, root);
	if (send_source(b, take_fd(&root), e) < 0)
		return -1;
	for (size_t i = 0; i < b->plan->mounts.n; i++) {
		const struct plan_mount *mount = &b->plan->mounts.v[i];

		if (mount->kind != PLAN_MOUNT_BIND)
			continue;
		if (enter_mounts_with(b, &mount->below, e) < 0 ||
		    send_source(b, clone_source(b, mount, idmaps->fds[i], false, e), e) < 0)
			return -1;
	}
	return 0;
}

/*
 * The kernel makes a procfs in a user namespace only where the caller's mounts show one whole: not where
 * parts of /proc are masked, as in a container (mount_namespaces(7), EPERM). The runtime's own mount
 * namespace knows no such limit where it is the host's, and a process that was born in the container's
 * PID namespace makes a procfs of that one. A caller without power over it can do no more than the child.
 */
static bool is_made_for_child(const struct boot *b, const struct plan_mount *mount)
{
	return mount->is_proc && has_host_power(b) &&
	       (b->plan->namespaces.new_pid || plan_join_of(b->plan, SPEC_NS_PID));
}

static int send_procfs(const struct boot *b, const struct idmaps *idmaps, struct err *e)
{
	(void)idmaps;
	for (size_t i = 0; i < b->plan->mounts.n; i++) {
		const struct plan_mount *mount = &b->plan->mounts.v[i];
		autoclose int fd = -1;

		if (!is_made_for_child(b, mount))
			continue;
		fd = make_filesystem(mount, e);
		if (fd < 0 && e->sys == EPERM)
			err_prefix(e, "where parts of /proc are covered, a user namespace may "
				      "have no procfs of its own");
		if (fd < 0)
			return err_prefix(e, "mounts[%u]", mount->index);
		if (send_source(b, take_fd(&fd), e) < 0)
			return -1;
	}
	return 0;
}

#define TOLD_THE_CHILD 2

/* What a helper does. */
typedef int helper_work(const struct boot *b, const struct idmaps *idmaps, struct err *e);

/* The end of a helper. The child waits for what it sends, so it is the child that is told of an error. */
static __attribute__((noreturn)) void helper_main(const struct boot *b, helper_work *work,
						  const struct idmaps *idmaps)
{
	struct message message = { .type = BOOT_ERROR };
	struct err error = { 0 }, ignored;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (work(b, idmaps, &error) == 0)
		_exit(0);
	message.error = error;
	_exit(channel_send(b->peer.channel, &message, -1, &ignored) < 0 ? 1 : TOLD_THE_CHILD);
}

/* In a process of its own. 1: done; 0: the child knows of an error. */
static int help(const struct boot *b, helper_work *work, const struct idmaps *idmaps, struct err *e)
{
	autochild helper = CHILD_INIT;
	int status, rc = child_clone(0, -1, &helper, e);

	if (rc < 0)
		return -1;
	if (rc == 0)
		helper_main(b, work, idmaps);
	if (parent_wait_helper(b, &helper, &status, e) < 0)
		return -1;
	if (status == TOLD_THE_CHILD)
		return 0;
	return status == 0 ? 1 : fail(e, ERR_SYSTEM, "the helper ended with status %d", status);
}

/* In a process that may not come back: its PID namespace may belong to a user namespace above ours. */
static int send_from_pid_namespace(const struct boot *b, const struct idmaps *idmaps, struct err *e)
{
	int rc;

	if (nsfd_enter(b->peer.child.pidfd, CLONE_NEWPID, "the container's PID namespace", e) < 0)
		return -1;
	rc = help(b, send_procfs, idmaps, e);
	if (rc == 0)
		_exit(TOLD_THE_CHILD);
	return rc < 0 ? -1 : 0;
}

static bool has_procfs_to_send(const struct boot *b)
{
	for (size_t i = 0; i < b->plan->mounts.n; i++)
		if (is_made_for_child(b, &b->plan->mounts.v[i]))
			return true;
	return false;
}

int parent_send_sources(struct boot *b, struct err *e)
{
	auto_idmaps idmaps = { 0 };
	autochild keeper = CHILD_INIT;
	int rc = 1;

	if (!plan_has_user_namespace(b->plan) || !b->plan->namespaces.new_mount)
		return 0;
	if (has_procfs_to_send(b))
		rc = help(b, send_from_pid_namespace, &idmaps, e);
	if (rc <= 0)
		return rc;
	if (open_idmaps(b, &idmaps, e) < 0 ||
	    (mounts_need_copy(b) && copy_mounts(b, b->peer.child.pidfd, false, &keeper, e) < 0))
		return -1;
	b->mounts_copy = keeper.pidfd;
	rc = help(b, send_from_inside, &idmaps, e);
	b->mounts_copy = -1;
	return rc < 0 ? -1 : 0;
}

static int receive_source(struct boot *b, int *ret_fd, struct err *e)
{
	struct message message;
	int rc = channel_receive(b->session.channel, &message, ret_fd, e);

	if (rc < 0)
		return -1;
	if (rc == 0)
		return fail(e, ERR_SYSTEM, "the runtime ended while it prepared the mounts");
	if (message.type == BOOT_ERROR) {
		*e = message.error;
		return -1;
	}
	if (message.type != BOOT_SOURCE || *ret_fd < 0)
		return fail(e, ERR_INTERNAL, "message %u where a mount was due", message.type);
	return 0;
}

/* Nobody enters our namespaces or writes our files from here on. */
static int child_out_of_reach(struct boot *b, struct err *e)
{
	if (!b->session.reached_into)
		return 0;
	b->session.reached_into = false;
	return child_die_with_parent(b, e);
}

int child_sources(struct boot *b, struct err *e)
{
	if (!plan_has_user_namespace(b->plan) || !b->plan->namespaces.new_mount)
		return child_out_of_reach(b, e);
	for (size_t i = 0; i < b->plan->mounts.n; i++)
		if (is_made_for_child(b, &b->plan->mounts.v[i]) &&
		    receive_source(b, &b->root.mounts[i], e) < 0)
			return -1;
	if (receive_source(b, &b->root.fd, e) < 0)
		return -1;
	for (size_t i = 0; i < b->plan->mounts.n; i++)
		if (b->plan->mounts.v[i].kind == PLAN_MOUNT_BIND &&
		    receive_source(b, &b->root.mounts[i], e) < 0)
			return -1;
	return child_out_of_reach(b, e);
}
