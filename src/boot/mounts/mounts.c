/* SPDX-License-Identifier: Apache-2.0 */
/*
 * THE MOUNTS PAGE: more mounts, or fewer, in a running container; all that were asked for, or none. What
 * is the host's is opened by the runtime, in the host's view. A process of the runtime's PID namespace, which
 * the container cannot see, enters the others and mounts by descriptor; it runs nothing.
 */
#include "boot/mounts/mounts.h"

#include "boot/common/descriptors.h"
#include "boot/common/step.h"
#include "boot/protocol.h"
#include "boot/record/running.h"
#include "sys/channel.h"

#include <unistd.h>

#define STEP(name, call) STEP_ON("mounter", name, call)

static int mounter_page(struct mounter *c, struct err *e)
{
	STEP("session", session_begin(&c->session, e));
	/* While /proc is the runtime's own. */
	STEP("descriptors", root_open_descriptors(&c->root, e));
	STEP("namespaces", target_enter(&c->target, &c->session, &c->root.fd, e));
	STEP("become-root", identity_become_root(c->plan, &c->session, e));
	STEP("take", mounter_take(c, e));
	STEP("give", mounter_give(c, e));
	return 0;
}

static __attribute__((noreturn)) void mounter_main(struct mounts_runtime *runtime)
{
	struct mounter mounter, *c = &mounter;
	struct message message = { .type = BOOT_READY };
	struct err error = { 0 }, ignored;

	mounter_take_over(runtime, c);
	if (mounter_page(c, &error) < 0) {
		message.type = BOOT_ERROR;
		message.error = error;
	}
	_exit(channel_send(c->session.channel, &message, -1, &ignored) < 0 ? 2 : 0);
}

#undef STEP
#define STEP(name, call) STEP_ON("mounts", name, call)
#define AWAIT(name, call) AWAIT_ON("mounts", name, call)

static int mounts_page(struct mounts_runtime *c, struct err *e)
{
	STEP("let-binary-go", let_binary_go(e));
	STEP("namespaces", mounts_find_target(c, e));
	STEP("sources", mounts_make_sources(c, e));
	STEP("sockets", peer_pair(&c->mounter, e));
	STEP("clone", mounts_clone(c, e));
	if (c->mounter.child.pid == 0)
		mounter_main(c);
	/* What follows may take as long as the container likes, with whose files it has to do. */
	STEP("unlock", running_unlock(c->in->state, e));
	AWAIT("done", mounts_wait_done(c, e));
	return 0;
}

int boot_mounts(const struct mounts_request *request, struct err *e)
{
	auto_mounts_runtime c;
	int rc;

	mounts_runtime_begin(&c, request);
	rc = mounts_page(&c, e);
	peer_end(&c.mounter.child);
	return rc;
}
