/* SPDX-License-Identifier: Apache-2.0 */
/*
 * With a user namespace the clones must be made in the child's own mount namespace: there the kernel has
 * locked the flags of the host's mounts (a read-only one stays read-only for root of the container) and
 * made them slaves (mount_namespaces(7), "Restrictions on mount namespaces"). A helper with the runtime's
 * power goes there for it, because root of the container may not be allowed to walk the host's
 * directories. Runs in the runtime; sources_receive() in the container's first process.
 */
#include "boot/common/sources_send.h"

#include "base/path.h"
#include "base/str.h"
#include "boot/common/filesystem.h"
#include "boot/common/mounts_copy.h"
#include "boot/common/power.h"
#include "boot/protocol.h"
#include "model/kernel_fs.h"
#include "sys/beneath.h"
#include "sys/caps.h"
#include "sys/channel.h"
#include "sys/mount_api.h"
#include "sys/nsfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static int send_source(const struct sources *s, int fd, struct err *e)
{
	struct message message = { .type = BOOT_SOURCE };
	autoclose int owned = fd;

	return owned < 0 ? -1 : channel_send(s->peer->channel, &message, owned, e);
}

/* The same directory as the one that was looked at and judged. */
static int open_rootfs_again(const struct sources *s, struct err *e)
{
	autoclose int fd = open(s->plan->rootfs, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat expected, found;

	if (fd < 0 || fstat(fd, &found) < 0 || fstat(s->host->rootfs, &expected) < 0)
		return fail_sys(e, "open the root filesystem '%s'", s->plan->rootfs);
	if (found.st_dev != expected.st_dev || found.st_ino != expected.st_ino)
		return fail(e, ERR_CONFIG, "the root filesystem '%s' was exchanged",
			    s->plan->rootfs);
	return take_fd(&fd);
}

/* The copy lacks what must not come along below one source; another may lie in just that (binfmt_misc, or a file of
 * /proc/PID/ns), and is there in the container's own. */
static int enter_mounts_with(const struct sources *s, const struct plan_belows *below,
			     struct err *e)
{
	if (s->copy < 0)
		return 0;
	return nsfd_enter(takes_away_below(below) ? s->copy : s->peer->child.pidfd, CLONE_NEWNS,
			  "the copy of the mounts", e);
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
static void make_dispensable_files(const struct sources *s, int root)
{
	struct err ignored;
	struct cap_sets caps;
	struct stat st;

	if (!has_host_admin(s->facts) || fstat(root, &st) < 0 || caps_get(&caps, &ignored) < 0)
		return;
	setfsgid(st.st_gid);
	setfsuid(st.st_uid);
	/* which took the power over files away */
	if (caps_set(&caps, &ignored) == 0)
		make_files(s->plan, root);
	setfsuid(geteuid());
	setfsgid(getegid());
	(void)!caps_set(&caps, &ignored);
}

static int send_from_inside(const struct sources *s, const struct idmaps *idmaps, struct err *e)
{
	autoclose int rootfs = -1, root = -1;

	/* Without power of the runtime's own, with that of the maker of the container's user namespace. */
	if (nsfd_enter(s->peer->child.pidfd,
		       CLONE_NEWNS | (has_host_admin(s->facts) ? 0 : CLONE_NEWUSER),
		       "the container's mount namespace", e) < 0 ||
	    enter_mounts_with(s, &s->plan->root_below, e) < 0)
		return -1;
	rootfs = open_rootfs_again(s, e);
	root = rootfs < 0 ? -1 : clone_root(s, rootfs, idmaps->root, e);
	if (root < 0)
		return -1;
	make_dispensable_files(s, root);
	if (send_source(s, take_fd(&root), e) < 0)
		return -1;
	for (size_t i = 0; i < s->plan->mounts.n; i++) {
		const struct plan_mount *mount = &s->plan->mounts.v[i];

		if (mount->kind != PLAN_MOUNT_BIND)
			continue;
		if (enter_mounts_with(s, &mount->below, e) < 0 ||
		    send_source(s, clone_source(s, mount, idmaps->fds[i], false, e), e) < 0)
			return -1;
	}
	return 0;
}

/*
 * The kernel makes a procfs in a user namespace only if the caller's mounts show one whole: not where
 * parts of /proc are masked, as in a container (mount_namespaces(7), EPERM). The runtime's own mount
 * namespace knows no such limit where it is the host's, and a process that was born in the container's
 * PID namespace makes a procfs of that one. A caller without power over it can do no more than the child.
 */
static bool is_made_for_child(const struct plan *plan, const struct facts *facts,
			      const struct plan_mount *mount)
{
	return mount->is_proc && has_host_admin(facts) &&
	       (plan->namespaces.new_pid || plan_join_of(plan, SPEC_NS_PID));
}

static int send_procfs(const struct sources *s, const struct idmaps *idmaps, struct err *e)
{
	(void)idmaps;
	for (size_t i = 0; i < s->plan->mounts.n; i++) {
		const struct plan_mount *mount = &s->plan->mounts.v[i];
		autoclose int fd = -1;

		if (!is_made_for_child(s->plan, s->facts, mount))
			continue;
		fd = make_filesystem(mount, e);
		if (fd < 0 && e->sys == EPERM)
			err_prefix(
				e,
				"where parts of /proc are covered, a user namespace may have no procfs of its own");
		if (fd < 0)
			return err_prefix(e, "mounts[%u]", mount->index);
		if (send_source(s, take_fd(&fd), e) < 0)
			return -1;
	}
	return 0;
}

#define UNTOLD 1
#define TOLD_THE_CHILD 2

/* What a helper does. */
typedef int helper_work(const struct sources *s, const struct idmaps *idmaps, struct err *e);

/* The end of a helper. The child waits for what it sends, so it is the child that is told of an error. */
static __attribute__((noreturn)) void helper_main(const struct sources *s, helper_work *work,
						  const struct idmaps *idmaps)
{
	struct message message = { .type = BOOT_ERROR };
	struct err error = { 0 }, ignored;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (work(s, idmaps, &error) == 0)
		_exit(0);
	message.error = error;
	_exit(channel_send(s->peer->channel, &message, -1, &ignored) < 0 ? UNTOLD : TOLD_THE_CHILD);
}

/* In a process of its own. 1: done; 0: the child knows of an error. */
static int help(const struct sources *s, helper_work *work, const struct idmaps *idmaps,
		struct err *e)
{
	autochild helper = CHILD_INIT;
	int status, rc = child_clone(0, -1, &helper, e);

	if (rc < 0)
		return -1;
	if (rc == 0)
		helper_main(s, work, idmaps);
	if (peer_wait_helper(s->peer, &helper, &status, e) < 0)
		return -1;
	if (status == TOLD_THE_CHILD)
		return 0;
	if (status == 0)
		return 1;
	(void)!fail(e, ERR_SYSTEM, "the helper ended with status %d", status);
	/* the child could not be told: it is about to end, and that is the cause (peer_last_words()) */
	if (status == UNTOLD)
		e->sys = EPIPE;
	return -1;
}

/* In a process that may not come back: its PID namespace may belong to a user namespace above ours. */
static int send_from_pid_namespace(const struct sources *s, const struct idmaps *idmaps,
				   struct err *e)
{
	int rc;

	if (nsfd_enter(s->peer->child.pidfd, CLONE_NEWPID, "the container's PID namespace", e) < 0)
		return -1;
	rc = help(s, send_procfs, idmaps, e);
	if (rc == 0)
		_exit(TOLD_THE_CHILD);
	return rc < 0 ? -1 : 0;
}

static bool has_procfs_to_send(const struct sources *s)
{
	for (size_t i = 0; i < s->plan->mounts.n; i++)
		if (is_made_for_child(s->plan, s->facts, &s->plan->mounts.v[i]))
			return true;
	return false;
}

int sources_send(struct sources *s, struct err *e)
{
	auto_idmaps idmaps = sources_idmaps(s);
	autochild keeper = CHILD_INIT;
	int rc = 1;

	if (!plan_has_user_namespace(s->plan) || !s->plan->namespaces.new_mount)
		return 0;
	if (has_procfs_to_send(s))
		rc = help(s, send_from_pid_namespace, &idmaps, e);
	if (rc <= 0)
		return rc;
	if (open_idmaps(&idmaps, e) < 0 ||
	    (mounts_need_copy(s) && copy_mounts(s, s->peer->child.pidfd, false, &keeper, e) < 0))
		return -1;
	s->copy = keeper.pidfd;
	rc = help(s, send_from_inside, &idmaps, e);
	s->copy = -1;
	return rc < 0 ? -1 : 0;
}

static int receive_source(int channel, int *ret_fd, struct err *e)
{
	struct message message;
	int rc = channel_receive(channel, &message, ret_fd, e);

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

int sources_receive(struct root *r, int channel, struct err *e)
{
	if (!plan_has_user_namespace(r->plan) || !r->plan->namespaces.new_mount)
		return 0;
	for (size_t i = 0; i < r->plan->mounts.n; i++)
		if (is_made_for_child(r->plan, r->facts, &r->plan->mounts.v[i]) &&
		    receive_source(channel, &r->mounts[i], e) < 0)
			return -1;
	if (receive_source(channel, &r->fd, e) < 0)
		return -1;
	for (size_t i = 0; i < r->plan->mounts.n; i++)
		if (r->plan->mounts.v[i].kind == PLAN_MOUNT_BIND &&
		    receive_source(channel, &r->mounts[i], e) < 0)
			return -1;
	return 0;
}
