/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps of the MOUNTS page on the side of the runtime: what is the host's is opened and cloned in the host's view.
 * Runs in the runtime, and in processes of its own; mounter_take_over() in the mounter.
 */
#include "boot/mounts/mounts.h"

#include "base/str.h"
#include "boot/common/filesystem.h"
#include "boot/common/mounts_copy.h"
#include "boot/common/overlay.h"
#include "boot/common/power.h"
#include "boot/protocol.h"
#include "boot/record/running.h"
#include "sys/channel.h"
#include "sys/nsfd.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

/* As many as may lie one on the other at one place. */
#define STACKED_MAX 64

int mounts_find_target(struct mounts_runtime *c, struct err *e)
{
	const struct running running = { .status = c->in->status, .facts = c->in->facts };

	if (running_find(&c->target, c->in->status, true, e) < 0 ||
	    running_open_namespaces(&running, &c->target, e) < 0)
		return -1;
	/* mqueue shows the IPC namespace of its maker. */
	c->target.join &= CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC;
	if (c->target.join & CLONE_NEWNS)
		return 0;
	return fail(
		e, ERR_STATE,
		"container %s has no mount namespace of its own: what is mounted there belongs to the host",
		c->in->status->id);
}

/* `whole`: of all mounts, for what lies in what the other lacks; `keeper` may be -1. */
static int send_clones(const struct sources *s, const struct idmaps *idmaps, int whole, int keeper,
		       int channel, struct err *e)
{
	if (nsfd_enter(whole, CLONE_NEWNS | (has_host_admin(s->facts) ? 0 : CLONE_NEWUSER),
		       "the copy of the mounts", e) < 0)
		return -1;
	for (size_t i = 0; i < s->plan->mounts.n; i++) {
		struct message message = { .type = BOOT_SOURCE };
		autoclose int fd = -1;

		if (s->plan->mounts.v[i].kind != PLAN_MOUNT_BIND)
			continue;
		if (keeper >= 0 &&
		    nsfd_enter(takes_away_below(&s->plan->mounts.v[i].below) ? keeper : whole,
			       CLONE_NEWNS, "the copy of the mounts", e) < 0)
			return -1;
		fd = clone_source(s, &s->plan->mounts.v[i], idmaps->fds[i], false, e);
		if (fd < 0 || channel_send(channel, &message, fd, e) < 0)
			return -1;
	}
	return 0;
}

static __attribute__((noreturn)) void helper_main(const struct sources *s,
						  const struct idmaps *idmaps, int whole,
						  int keeper, int channel)
{
	struct message message = { .type = BOOT_ERROR };
	struct err ignored;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (send_clones(s, idmaps, whole, keeper, channel, &message.error) == 0)
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

static int clone_in_copy(struct mounts_runtime *c, const struct idmaps *idmaps, struct err *e)
{
	autochild whole = CHILD_INIT, keeper = CHILD_INIT, helper = CHILD_INIT;
	autoclose int of_helper = -1, theirs = -1;
	int rc;

	if (!has_bind(c->plan))
		return 0;
	if (copy_mounts(&c->sources, c->target.pidfd, true, &whole, e) < 0 ||
	    (mounts_need_copy(&c->sources) &&
	     copy_mounts(&c->sources, c->target.pidfd, false, &keeper, e) < 0))
		return -1;
	rc = clone_with_channel(&helper, &of_helper, &theirs, e);
	if (rc == 0)
		helper_main(&c->sources, idmaps, whole.pidfd, keeper.pidfd, theirs);
	if (rc < 0)
		return -1;
	for (size_t i = 0; i < c->plan->mounts.n; i++)
		if (c->plan->mounts.v[i].kind == PLAN_MOUNT_BIND &&
		    receive_from_helper(&c->sources, &helper, of_helper, BOOT_SOURCE,
					&c->root.mounts[i], e) < 0)
			return -1;
	return 0;
}

static int clone_here(struct mounts_runtime *c, const struct idmaps *idmaps, struct err *e)
{
	for (size_t i = 0; i < c->plan->mounts.n; i++) {
		const struct plan_mount *mount = &c->plan->mounts.v[i];

		if (mount->kind == PLAN_MOUNT_BIND)
			c->root.mounts[i] =
				clone_source(&c->sources, mount, idmaps->fds[i], true, e);
		else if (str_eq(mount->fstype, "overlay"))
			c->root.mounts[i] = make_overlay(&c->root, mount, e);
		else if (mount->source[0] == '/')
			c->root.mounts[i] = make_filesystem(mount, e);
		else
			continue; /* made in the container's namespaces */
		if (c->root.mounts[i] < 0)
			return -1;
	}
	return 0;
}

int mounts_make_sources(struct mounts_runtime *c, struct err *e)
{
	auto_idmaps idmaps = sources_idmaps(&c->sources);

	root_no_mounts(&c->root);
	/* whose user namespace it is */
	idmaps.init = (pid_t)c->in->status->init.pid;
	if (open_idmaps(&idmaps, e) < 0)
		return -1;
	if (pidfd_ended(c->target.pidfd, 0))
		return fail(e, ERR_STATE, "container not running");
	return c->target.join & CLONE_NEWUSER ? clone_in_copy(c, &idmaps, e)
					      : clone_here(c, &idmaps, e);
}

int mounts_clone(struct mounts_runtime *c, struct err *e)
{
	int rc = child_clone(0, -1, &c->mounter.child, e);

	if (rc < 0)
		return -1;
	if (rc == 0)
		c->mounter.child.pid = 0;
	else
		replace_fd(&c->mounter.theirs, -1);
	return 0;
}

int mounts_wait_done(struct mounts_runtime *c, struct err *e)
{
	int status;

	if (peer_expect(&c->mounter, BOOT_READY, NULL, e) < 0)
		return -1;
	return peer_wait_end(&c->mounter, &c->mounter.child, &status, e);
}

void mounts_runtime_begin(struct mounts_runtime *c, const struct mounts_request *in)
{
	*c = (struct mounts_runtime){
		.in = in,
		.plan = in->plan,
		.mounter = BOOT_PEER_INIT,
		.target = TARGET_INIT,
		.root = ROOT_INIT,
		.sources = { .plan = in->plan,
			     .facts = in->facts,
			     .host = in->host,
			     .arena = in->arena,
			     .root = &c->root,
			     .peer = &c->mounter,
			     .copy = -1 },
	};
	c->mounter.joiner = true;
	c->root.plan = in->plan;
	c->root.facts = in->facts;
	c->root.arena = in->arena;
	c->root.running = true;
}

void mounts_runtime_release(struct mounts_runtime *c)
{
	replace_fd(&c->mounter.channel, -1);
	replace_fd(&c->mounter.theirs, -1);
	target_release(&c->target);
	root_release(&c->root);
}

void mounter_take_over(struct mounts_runtime *c, struct mounter *mounter)
{
	const struct mounts_request *in = c->in;

	*mounter = (struct mounter){
		.plan = in->plan,
		.arena = in->arena,
		.session = { .channel = take_fd(&c->mounter.theirs) },
		.target = c->target,
		.root = c->root,
		.taken = in->taken,
	};
	c->target = (struct target)TARGET_INIT;
	c->root = (struct root)ROOT_INIT;
	mounts_runtime_release(c);
	host_release(in->host);
	/* the lock on the container's directory lasts as long as any copy of its descriptor */
	replace_fd(&in->state->fd, -1);
	replace_fd(&in->state->root_fd, -1);
}
