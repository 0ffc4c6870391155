/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clones for a container with a user namespace are made where the kernel has locked the flags of the host's
 * mounts: in a copy of the runtime's mounts that belongs to that user namespace. There nothing can be taken away any
 * more that lies below a mount (mount_namespaces(7)), so what of the kernel's must not come along is taken away
 * before, in a first copy that is the runtime's. Runs in the runtime and in processes of its own.
 */
#include "boot/common/mounts_copy.h"

#include "base/str.h"
#include "boot/common/power.h"
#include "boot/protocol.h"
#include "model/kernel_fs.h"
#include "sys/channel.h"
#include "sys/mount_api.h"
#include "sys/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <unistd.h>

/* As many as may lie one on the other at one place. */
#define STACKED_MAX 64

static const char *place_of(const struct sources *s, const struct source_facts *source,
			    const struct plan_below *below)
{
	return arena_printf(s->arena, "%s%s", str_eq(source->path, "/") ? "" : source->path,
			    below->path);
}

/* What is to be taken away at the places of the host; with `ret` NULL only counted. */
static size_t list_detached(const struct sources *s, const char **ret)
{
	const struct plan *plan = s->plan;
	size_t n = 0;

	for (size_t i = 0; i <= plan->mounts.n; i++) {
		const struct plan_mount *mount = i < plan->mounts.n ? &plan->mounts.v[i] : NULL;
		const struct plan_belows *below = mount ? &mount->below : &plan->root_below;
		const struct source_facts *source = mount ? NULL : s->facts->root;

		if (mount && mount->opened != PLAN_NO_SOURCE)
			source = &s->facts->sources.v[mount->opened];
		for (size_t j = 0; source && source->path && j < below->n; j++) {
			if (!below->v[j].detach)
				continue;
			if (ret)
				ret[n] = place_of(s, source, &below->v[j]);
			n++;
		}
	}
	return n;
}

bool mounts_need_copy(const struct sources *s)
{
	return has_host_admin(s->facts) && list_detached(s, NULL) > 0;
}

static int take_away(const char *place, struct err *e)
{
	struct statfs fs;

	for (int i = 0; i < STACKED_MAX; i++) {
		if (statfs(place, &fs) < 0 || !kernel_fs_name((unsigned long)fs.f_type))
			return 0;
		if (sys_umount2(place, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
			/* a part of what is mounted above it: gone with that, or none of a mount's own */
			return errno == EINVAL || errno == ENOENT
				       ? 0
				       : fail_sys(e, "unmount '%s'", place);
	}
	return fail(e, ERR_SYSTEM, "'%s': too many mounts lie one on the other", place);
}

static int take_all_away(const struct sources *s, struct err *e)
{
	struct mount_attr slave = { .propagation = MS_SLAVE };
	size_t n = list_detached(s, NULL);
	const char **places = arena_new_array(s->arena, const char *, n);

	if (n == 0 || !has_host_admin(s->facts))
		return 0;
	list_detached(s, places);
	/* Nothing that happens here reaches the host. */
	if (unshare(CLONE_NEWNS) < 0 || sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &slave) < 0)
		return fail_sys(e, "copy the mounts");
	for (size_t i = 0; i < n; i++)
		if (take_away(places[i], e) < 0)
			return -1;
	return 0;
}

/* It runs as long as the process that has made it. */
static __attribute__((noreturn)) void hold_mount_copy(const struct sources *s, int container,
						      bool whole, pid_t parent, int channel)
{
	struct message message = { .type = BOOT_READY };
	struct err ignored;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!whole && take_all_away(s, &message.error) < 0) {
		message.type = BOOT_ERROR;
	} else if (setns(container, CLONE_NEWUSER) < 0 || unshare(CLONE_NEWNS) < 0) {
		fail_sys(&message.error, "copy the mounts into the container's user namespace");
		message.type = BOOT_ERROR;
	}
	/* A change of user namespace may take both away. A runtime without power of its own enters only what it
	 * could trace; no other process sees this one. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, has_host_admin(s->facts) ? 0 : 1);
	if (getppid() != parent || channel_send(channel, &message, -1, &ignored) < 0)
		_exit(1);
	for (;;)
		pause();
}

int receive_from_helper(const struct sources *s, const struct child *helper, int channel,
			uint32_t type, int *ret_fd, struct err *e)
{
	const struct peer peer = peer_helper(s->peer, helper);
	struct message message;
	int rc = peer_wait(&peer, channel, e);

	if (rc > 0)
		rc = channel_receive(channel, &message, ret_fd, e);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return fail(e, ERR_SYSTEM, "the helper ended before its work was done");
	if (message.type == BOOT_ERROR) {
		*e = message.error;
		return -1;
	}
	if (message.type != type || (ret_fd && *ret_fd < 0))
		return fail(e, ERR_INTERNAL, "message %u where %u was due", message.type, type);
	return 0;
}

int clone_with_channel(struct child *ret, int *mine, int *theirs, struct err *e)
{
	int pair[2], rc;

	if (channel_pair(pair, e) < 0)
		return -1;
	*mine = pair[0];
	*theirs = pair[1];
	rc = child_clone(0, -1, ret, e);
	if (rc == 0)
		replace_fd(mine, -1);
	else
		replace_fd(theirs, -1);
	return rc;
}

int copy_mounts(const struct sources *s, int container, bool whole, struct child *ret_keeper,
		struct err *e)
{
	autochild keeper = CHILD_INIT;
	autoclose int mine = -1, theirs = -1;
	pid_t parent = getpid();
	int rc = clone_with_channel(&keeper, &mine, &theirs, e);

	if (rc == 0)
		hold_mount_copy(s, container, whole, parent, theirs);
	if (rc < 0 || receive_from_helper(s, &keeper, mine, BOOT_READY, NULL, e) < 0)
		return -1;
	*ret_keeper = keeper;
	keeper = (struct child)CHILD_INIT;
	return 0;
}
