/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces that the runtime enters before it makes the child, so that the child is born in them, and
 * the way back; the birth itself. Runs in the runtime, which is single-threaded.
 */
#include "boot/common/birth.h"

#include "base/namespaces.h"
#include "base/str.h"
#include "boot/common/filesystem.h"
#include "boot/common/ids.h"
#include "boot/common/power.h"
#include "boot/protocol.h"
#include "os/io.h"
#include "os/log.h"
#include "sys/channel.h"
#include "sys/nsfd.h"
#include "sys/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Remember the way back, then enter. */
static int enter(struct birth *b, int type, int fd, const char *path, struct err *e)
{
	if (b->homes[type] < 0) {
		b->homes[type] = nsfd_own(ns_rows[type].file, e);
		if (b->homes[type] < 0)
			return -1;
	}
	return nsfd_enter(fd, (int)ns_rows[type].flag, path, e);
}

static int new_time_namespace(const struct plan_namespaces *ns, struct err *e)
{
	if (unshare(CLONE_NEWTIME) < 0)
		return fail_sys(e, "unshare a time namespace");
	if (!ns->time_offsets)
		return 0;
	return write_file_at(AT_FDCWD, "/proc/self/timens_offsets", ns->time_offsets, e);
}

/* A process that may not make a time namespace here may in a user namespace of its own, and it is for
 * the children of its maker. */
static bool has_time_of_user(const struct birth *b)
{
	return b->plan->namespaces.new_time && plan_has_user_namespace(b->plan) &&
	       !has_host_admin(b->facts);
}

int birth_make_time_namespace(struct birth *b, struct err *e)
{
	if (!b->plan->namespaces.new_time || has_time_of_user(b))
		return 0;
	b->homes[SPEC_NS_TIME] = nsfd_own("time", e);
	if (b->homes[SPEC_NS_TIME] < 0)
		return -1;
	return new_time_namespace(&b->plan->namespaces, e);
}

/* Its own namespaces belong to root of the host, so that a rootless runtime could not come back to them: a
 * helper goes, and makes the child there. */
static bool needs_entry_helper(const struct birth *b)
{
	const struct plan_namespaces *ns = &b->plan->namespaces;
	bool any = ns->network == NETWORK_EARLY || ns->network == NETWORK_LATE;

	for (size_t i = 0; i < ns->joins.n; i++)
		any |= ns->joins.v[i].type != SPEC_NS_USER && ns->joins.v[i].type != SPEC_NS_MOUNT;
	return any && b->facts->rootless;
}

static int join_namespaces(struct birth *b, struct err *e)
{
	const struct plan_namespaces *ns = &b->plan->namespaces;

	for (size_t i = 0; i < ns->joins.n; i++) {
		const struct plan_join *join = &ns->joins.v[i];
		/* The child's own steps: entering another user namespace is a one-way street, and entering
		 * another mount namespace would take the host's view from us. */
		if (join->type == SPEC_NS_USER || join->type == SPEC_NS_MOUNT)
			continue;
		if (enter(b, join->type, b->host->requested[join->type], join->path, e) < 0)
			return -1;
	}
	if (ns->network == NETWORK_EARLY || ns->late_by_thread)
		return enter(b, SPEC_NS_NETWORK, b->host->network, ns->network_path, e);
	return 0;
}

int birth_join_namespaces(struct birth *b, struct err *e)
{
	return needs_entry_helper(b) ? 0 : join_namespaces(b, e);
}

int birth_return_home(struct birth *b, struct err *e)
{
	int rc = 0;

	for (int type = 1; type <= SPEC_NS_COUNT; type++) {
		if (b->homes[type] < 0)
			continue;
		if (nsfd_enter(b->homes[type], (int)ns_rows[type].flag, ns_rows[type].file, e) < 0)
			rc = err_prefix(e, "return to the runtime's own namespace");
		replace_fd(&b->homes[type], -1);
	}
	return rc;
}

static int make_sysfs(struct birth *b, struct err *e)
{
	const struct plan *plan = b->plan;
	bool late = plan->namespaces.network == NETWORK_LATE && !plan->namespaces.late_by_thread;
	bool away = false;

	for (size_t i = 0; i < plan->mounts.n; i++) {
		if (!plan->mounts.v[i].is_sysfs || !plan->mounts.v[i].made_outside)
			continue;
		/* A late joiner is born in a network of its own, but what it will see is the shared one. */
		if (late && !away) {
			if (enter(b, SPEC_NS_NETWORK, b->host->network,
				  plan->namespaces.network_path, e) < 0)
				return -1;
			away = true;
		}
		b->root->mounts[i] = make_filesystem(&plan->mounts.v[i], e);
		if (b->root->mounts[i] < 0)
			return -1;
	}
	/* With a network of its own the child is born out of it. */
	if (!away || needs_entry_helper(b))
		return 0;
	return nsfd_enter(b->homes[SPEC_NS_NETWORK], CLONE_NEWNET, "net", e);
}

int birth_make_sysfs(struct birth *b, struct err *e)
{
	return needs_entry_helper(b) ? 0 : make_sysfs(b, e);
}

/* In the helper, which was born in a new user namespace where it is to make a time namespace, and joins
 * one by path. */
static int enter_user_namespace(struct birth *b, const struct plan_join *user, int channel,
				struct err *e)
{
	struct message message;
	int rc = 1;

	if (user && nsfd_enter(b->host->requested[SPEC_NS_USER], CLONE_NEWUSER, user->path, e) < 0)
		return -1;
	if (!user)
		rc = channel_receive(channel, &message, NULL, e);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return fail(e, ERR_SYSTEM, "the runtime ended before ids were mapped");
	if (syscall(SYS_setresgid, 0, 0, 0) < 0 || syscall(SYS_setresuid, 0, 0, 0) < 0)
		return fail_sys(e, "become root of the user namespace '%s'",
				user ? user->path : "new");
	if (!has_time_of_user(b))
		return 0;
	/* Our own /proc/self/timens_offsets. */
	if (prctl(PR_SET_DUMPABLE, 1) < 0)
		return fail_sys(e, "prctl");
	return new_time_namespace(&b->plan->namespaces, e);
}

/* With the power that there is: over those of the host before the user namespace, else in it. */
static int helper_enter(struct birth *b, const struct plan_join *user, int channel, struct err *e)
{
	bool joins = needs_entry_helper(b);
	bool first = has_host_admin(b->facts);

	if (joins && first && (join_namespaces(b, e) < 0 || make_sysfs(b, e) < 0))
		return -1;
	if ((user || has_time_of_user(b)) && enter_user_namespace(b, user, channel, e) < 0)
		return -1;
	if (joins && !first && (join_namespaces(b, e) < 0 || make_sysfs(b, e) < 0))
		return -1;
	return 0;
}

/* Returns in the container's first process alone, 0. */
static int helper_clone(struct birth *b, const struct plan_join *user, int mine, int theirs)
{
	uint64_t flags = b->plan->namespaces.clone_flags | CLONE_PARENT;
	int into = user || has_time_of_user(b) ? -1 : group_into(b->group);
	struct message message = { .type = BOOT_GO };
	struct child init = CHILD_INIT;
	struct err error = { 0 };
	struct err ignored;
	int rc;

	if (has_time_of_user(b))
		flags &= ~(uint64_t)CLONE_NEWUSER;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(mine);
	rc = helper_enter(b, user, theirs, &error);
	if (rc == 0)
		rc = child_clone(flags, into, &init, &error);
	if (rc == 0) {
		close(theirs);
		return 0;
	}
	if (rc < 0) {
		message.type = BOOT_ERROR;
		message.error = error;
	}
	rc = channel_send(theirs, &message, init.pidfd, &ignored);
	_exit(rc < 0 ? 1 : 0);
}

/*
 * From namespaces that the runtime cannot enter and come back from: a helper goes and clones with
 * CLONE_PARENT, so that the child is ours and not the helper's. Returns in the child as clone() does,
 * b->peer->child.pid == 0.
 */
static int clone_by_helper(struct birth *b, const struct plan_join *user, struct err *e)
{
	const struct plan_namespaces *ns = &b->plan->namespaces;
	bool new_user = !user && has_time_of_user(b);
	autochild helper = CHILD_INIT;
	autoclose int mine = -1, theirs = -1;
	struct message message = { .type = BOOT_GO };
	int pair[2], rc;

	if (channel_pair(pair, e) < 0)
		return -1;
	mine = pair[0];
	theirs = pair[1];
	rc = child_clone(new_user ? CLONE_NEWUSER : 0, -1, &helper, e);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return helper_clone(b, user, take_fd(&mine), take_fd(&theirs));
	close_keep_errno(take_fd(&theirs));
	if (new_user &&
	    (write_id_maps(b->facts, b->arena, helper.pid, ns->uid_map, ns->gid_map, e) < 0 ||
	     channel_send(mine, &message, -1, e) < 0))
		return -1;
	b->ids_mapped = new_user;
	const struct peer peer = peer_helper(b->peer, &helper);
	rc = peer_wait(&peer, mine, e);
	if (rc > 0)
		rc = channel_receive(mine, &message, &b->peer->child.pidfd, e);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return fail(
			e, ERR_SYSTEM,
			"the helper that makes the container's first process ended unexpectedly");
	if (message.type == BOOT_ERROR) {
		*e = message.error;
		return -1;
	}
	if (b->peer->child.pidfd < 0 || pid_of(b->peer->child.pidfd, &b->peer->child.pid, e) < 0)
		return -1;
	return 1;
}

/* The helper has no power over a cgroup of the host; the child writes itself into it through a file that we
 * opened. */
static int open_cgroup_procs(struct birth *b, struct err *e)
{
	if (group_into(b->group) < 0)
		return 0;
	b->group->procs = openat(group_into(b->group), "cgroup.procs", O_WRONLY | O_CLOEXEC);
	return b->group->procs < 0 ? fail_sys(e, "open 'cgroup.procs'") : 0;
}

/* Where clone3, which alone takes a cgroup, is refused to the runtime itself, the child writes itself into it. */
static int clone_into_cgroup(struct birth *b, struct err *e)
{
	const struct plan_namespaces *ns = &b->plan->namespaces;
	int rc = child_clone(ns->clone_flags, group_into(b->group), &b->peer->child, e);

	if (rc >= 0 || group_into(b->group) < 0 || (e->sys != EPERM && e->sys != ENOSYS))
		return rc;
	if (open_cgroup_procs(b, e) < 0)
		return -1;
	return child_clone(ns->clone_flags, -1, &b->peer->child, e);
}

int birth_clone(struct birth *b, struct err *e)
{
	const struct plan_join *user = plan_join_of(b->plan, SPEC_NS_USER);
	bool apart = user || has_time_of_user(b);
	int rc;

	if (apart && open_cgroup_procs(b, e) < 0)
		return -1;
	if (apart || needs_entry_helper(b)) {
		rc = clone_by_helper(b, user, e);
	} else {
		rc = clone_into_cgroup(b, e);
	}
	if (rc < 0)
		return -1;
	if (rc == 0)
		b->peer->child.pid = 0;
	else
		replace_fd(&b->peer->theirs, -1);
	return 0;
}

int birth_map_ids(struct birth *b, struct err *e)
{
	const struct plan_namespaces *ns = &b->plan->namespaces;

	if (!ns->uid_map || b->ids_mapped)
		return 0;
	return write_id_maps(b->facts, b->arena, b->peer->child.pid, ns->uid_map, ns->gid_map, e);
}

void birth_close_homes(struct birth *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(b->homes); i++)
		replace_fd(&b->homes[i], -1);
}
