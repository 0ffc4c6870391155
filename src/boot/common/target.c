/* SPDX-License-Identifier: Apache-2.0 */
/* See target.h. target_release() runs on both sides, the rest in the process that enters. */
#include "boot/common/target.h"

#include "base/auto.h"
#include "boot/common/root.h"
#include "sys/nsfd.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

void target_release(struct target *t)
{
	replace_fd(&t->pidfd, -1);
	replace_fd(&t->root, -1);
	replace_fd(&t->late_network, -1);
}

/* By cookie, which is never used again: a container that has power enough may have gone elsewhere with
 * its first process, and no process follows it there. */
static int check_cookie(const struct target *t, struct err *e)
{
	uint64_t cookie;

	if (t->cookie == 0)
		return 0;
	if (netns_cookie(&cookie, e) < 0)
		return -1;
	if (cookie == t->cookie)
		return 0;
	if (t->late_network >= 0)
		return fail(e, ERR_POLICY,
			    "'%s' is another network namespace than when the container was created",
			    t->network_path);
	return fail(
		e, ERR_POLICY,
		"the container's first process has left the network namespace '%s': nothing is executed where it is now",
		t->network_path);
}

int target_enter_network(const struct target *t, struct err *e)
{
	/* Then it comes with the others. */
	if (t->join & CLONE_NEWNET)
		return 0;
	if (t->late_network >= 0) {
		if (nsfd_enter(t->late_network, CLONE_NEWNET, t->network_path, e) < 0)
			return -1;
	} else if (t->network && setns(t->pidfd, CLONE_NEWNET) < 0) {
		return fail_sys(e, "join the container's network namespace");
	}
	return check_cookie(t, e);
}

/* All in one call: whether one may is asked of what we are before it, so that neither the order counts nor
 * that some belong to the host's user namespace and some to the container's (setns(2)). */
int target_enter(const struct target *t, const struct session *session, int *ret_root,
		 struct err *e)
{
	if (t->join && setns(t->pidfd, (int)t->join) < 0)
		return fail_sys(e, "join the container's namespaces");
	if ((t->join & CLONE_NEWNET) && check_cookie(t, e) < 0)
		return -1;
	if (t->root >= 0 && change_root(t->root, e) < 0)
		return -1;
	*ret_root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*ret_root < 0)
		return fail_sys(e, "open '/' of the container");
	/* Entering a user namespace may make us dumpable again. */
	return session_die_with_runtime(session, e);
}
