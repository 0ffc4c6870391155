/* SPDX-License-Identifier: Apache-2.0 */
/*
 * THE MOUNTS PAGE: more mounts, or fewer, in a container that is there; all that were asked for, or none. What
 * is the host's is opened by the runtime, in the host's view. A process of the runtime's PID namespace, which
 * the container cannot see, enters the others and mounts by descriptor; it runs nothing.
 */
#include "boot/boot.h"

#include "boot/context.h"
#include "boot/protocol.h"
#include "boot/step.h"
#include "sys/channel.h"

#include <unistd.h>

#define STEP(name, call) STEP_ON("mounter", name, call)

static int mounter_page(struct boot *b, struct err *e)
{
	STEP("session", child_session(b, e));
	/* While /proc is the runtime's own. */
	STEP("descriptors", child_live_descriptors(b, e));
	STEP("namespaces", child_exec_namespaces(b, e));
	STEP("become-root", child_become_root(b, e));
	STEP("take", child_live_take(b, e));
	STEP("give", child_live_give(b, e));
	return 0;
}

static __attribute__((noreturn)) void mounter_main(struct boot *b)
{
	struct message message = { .type = BOOT_READY };
	struct err error = { 0 }, ignored;

	if (mounter_page(b, &error) < 0) {
		message.type = BOOT_ERROR;
		message.error = error;
	}
	_exit(channel_send(b->session.channel, &message, -1, &ignored) < 0 ? 2 : 0);
}

#undef STEP
#define STEP(name, call) STEP_ON("mounts", name, call)
#define AWAIT(name, call) AWAIT_ON("mounts", name, call)

static int mounts_page(struct boot *b, struct err *e)
{
	STEP("namespaces", parent_live_namespaces(b, e));
	STEP("sources", parent_live_sources(b, e));
	STEP("sockets", parent_exec_sockets(b, e));
	STEP("clone", parent_exec_clone(b, e));
	if (b->peer.child.pid == 0)
		mounter_main(b);
	/* What follows may take as long as the container likes, with whose files it has to do. */
	STEP("unlock", parent_exec_unlock(b, e));
	AWAIT("done", parent_live_done(b, e));
	return 0;
}

int boot_mounts(const struct mounts_request *request, struct err *e)
{
	static const struct create_options none;
	/* The steps that are the EXEC page's look here. */
	const struct exec_request exec = { .ignore_paused = true };
	autoboot b = BOOT_INIT;
	int rc;

	b.plan = request->plan;
	b.facts = request->facts;
	b.host = request->host;
	b.options = &none;
	b.state = request->state;
	b.status = request->status;
	b.arena = request->arena;
	b.exec = &exec;
	b.live = request;
	rc = mounts_page(&b, e);
	parent_end(&b.peer.child);
	return rc;
}
