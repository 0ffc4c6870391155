/* SPDX-License-Identifier: Apache-2.0 */
/*
 * THE RESTORE PAGE: as create/create.c, but the process becomes criu, which makes the container's processes again and
 * makes them the runtime's own children (`rst_sibling`). protocol.h draws what is said.
 */
#include "boot/restore/restore.h"

#include "boot/common/descriptors.h"
#include "boot/common/step.h"
#include "boot/protocol.h"
#include "boot/record/hooks.h"
#include "sys/channel.h"

#include <string.h>
#include <unistd.h>

#define STEP(name, call) STEP_ON("criu", name, call)

static int criu_page(struct restore_criu *c, struct err *e)
{
	STEP("session", criu_begin(c, e));
	/* Until GO the parent may not have made the limits yet. */
	STEP("wait-go", session_wait_go(&c->session, e));
	STEP("cgroup-join", group_join(&c->group, e));
	/* What the images know no network of is restored into this one. */
	STEP("network", criu_enter_network(c, e));
	/* In a mount namespace that goes with criu: nothing is left on the host, whatever happens. */
	STEP("place", criu_make_place(c, e));
	STEP("mounts", criu_attach_mounts(c, e));
	/* After the sources are in place: the target of one mount may lie in another one's source. */
	STEP("mount-points", criu_make_mount_points(c, e));
	STEP("ready", criu_ready(c, e));
	/* What it makes inherits the policy's filter, whatever the images say. */
	STEP("confine", criu_confine(c, e));
	STEP("execute", criu_become(c, e));
	return 0;
}

static __attribute__((noreturn)) void criu_main(struct restore_runtime *runtime)
{
	struct restore_criu criu, *c = &criu;
	struct err error = { 0 }, *e = &error, ignored;

	restore_criu_take(runtime, c);
	if (criu_page(c, e) < 0) {
		struct message message = { .type = BOOT_ERROR, .error = error };
		if (channel_send(c->session.channel, &message, -1, &ignored) < 0)
			_exit(2); /* no runtime is left to tell */
	}
	_exit(1);
}

#undef STEP
#define STEP(name, call) STEP_ON("restore", name, call)
#define AWAIT(name, call) AWAIT_ON("restore", name, call)

static int restore_page(struct restore_runtime *c, struct err *e)
{
	STEP("let-binary-go", let_binary_go(e));
	STEP("record-config", record_config(&c->record, e));
	/* From here on a `delete --force` finds what we make, wherever we are killed. */
	STEP("intent", record_intent(&c->record, e));
	/* Limits stand before there is a process: criu works within them, and what it makes is born there. */
	STEP("cgroup-create", record_make_cgroup(&c->record, e));
	STEP("group-apart", record_make_group(&c->record, e));
	STEP("resctrl-create", record_make_rdt(&c->record, e));
	/* In the host's view, each looked up once; criu gets the clones. */
	STEP("sources", restore_clone_sources(c, e));
	STEP("sockets", restore_open_sockets(c, e));
	STEP("hook-output", open_hook_place(c->plan, &c->in->create.hook_files, &c->hooks, e));
	STEP("confine", restore_ask_confinement(c, e));
	STEP("clone", restore_clone(c, e));
	if (c->init.child.pid == 0)
		criu_main(c);
	STEP("systemd-scope", record_systemd_scope(&c->record, c->init.child.pid, e));
	STEP("resctrl-join", group_join_rdt(&c->group, c->init.child.pid, e));
	STEP("go", peer_go(&c->init, e));
	AWAIT("criu-ready", restore_wait_ready(c, e));
	/* What is mounted for criu can be seen now. */
	STEP("request", restore_fill_request(c, e));
	AWAIT("program", restore_send_request(c, e));
	/* Hooks, the terminal, the network and the records are done before anything of it runs. */
	STEP("processes", restore_wait_processes(c, e));
	STEP("record-started", restore_record(c, e));
	/* Engines take the pid file for "it is there". */
	STEP("pid-file", record_pid_file(&c->record, c->init.child.pid, e));
	return 0;
}

int boot_restore(const struct restore_request *request, struct create_result *ret, struct err *e)
{
	auto_restore_runtime c;

	restore_runtime_begin(&c, request);
	if (restore_page(&c, e) < 0) {
		if (!c.record.deleted)
			peer_last_words(&c.init, e);
		/* It would go on making processes. */
		peer_end(&c.criu);
		ret->left_behind = !restore_undo(&c);
		ret->deleted = c.record.deleted;
		return -1;
	}
	ret->init = c.init.child;
	ret->console_master = take_fd(&c.console_master);
	ret->channel = -1;
	return 0;
}
