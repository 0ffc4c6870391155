/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the pages wait for the processes that they make, and end the ones that they give up. A process that is
 * waited for here sees the runtime's end as the end of the file. Runs in the runtime.
 */
#include "boot/context.h"

#include <signal.h>

/* A process that is let run is gone by then. */
#define DYING_MS 200

static struct peer peer_of(const struct boot *b, const struct child *child)
{
	return (struct peer){
		.name = b->exec ? "the new process" : "the container's first process",
		.pid = child->pid,
		.pidfd = -1,
		.notifies = b->filter.programs.notify,
		.hindrance = cgroup_hindrance,
	};
}

int parent_wait(const struct boot *b, struct err *e)
{
	const struct peer peer = peer_of(b, &b->peer.child);

	return peer_wait(&peer, b->peer.channel, e) < 0 ? -1 : 0;
}

int parent_wait_end(const struct boot *b, struct child *child, int *ret_status, struct err *e)
{
	struct peer peer = peer_of(b, child);

	peer.pidfd = child->pidfd;
	return peer_wait(&peer, -1, e) < 0 ? -1 : child_wait(child, ret_status, e);
}

struct peer parent_helper(const struct boot *b, const struct child *helper)
{
	return (struct peer){
		.name = "the runtime's helper",
		.pid = helper->pid,
		.other = b->peer.child.pid,
		.pidfd = -1,
		.hindrance = cgroup_hindrance,
	};
}

int parent_wait_helper(const struct boot *b, struct child *helper, int *ret_status, struct err *e)
{
	struct peer peer = parent_helper(b, helper);

	peer.pidfd = helper->pidfd;
	return peer_wait(&peer, -1, e) < 0 ? -1 : child_wait(helper, ret_status, e);
}

struct peer parent_criu(const struct boot *b)
{
	const struct child *criu = b->criu.pid ? &b->criu : &b->peer.child;

	return (struct peer){
		.name = "criu",
		.pid = criu->pid,
		.pidfd = criu->pidfd,
		.hindrance = cgroup_hindrance,
	};
}

void parent_end(struct child *child)
{
	pid_t heir = child->pid > 0 ? peer_heir(child->pid) : 0;

	if (child->pid <= 0)
		return;
	/* It cannot be another's: it is ours, and nobody has waited for it. */
	if (heir && kill(heir, SIGKILL) == 0)
		cgroup_let_die(heir);
	if (child->pidfd >= 0 && sys_pidfd_send_signal(child->pidfd, SIGKILL) == 0 &&
	    !pidfd_ended(child->pidfd, DYING_MS))
		cgroup_let_die(child->pid);
	child_drop(child);
}
