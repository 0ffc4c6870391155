/* SPDX-License-Identifier: Apache-2.0 */
/*
 * THE RESTORE PAGE: as create.c, but the child becomes criu, which makes the container's processes again and
 * makes them the runtime's own children (`rst_sibling`). protocol.h draws what is said.
 */
#include "boot/boot.h"

#include "boot/context.h"
#include "boot/protocol.h"
#include "boot/step.h"
#include "sys/channel.h"

#include <string.h>
#include <unistd.h>

#define STEP(name, call) STEP_ON("criu", name, call)

static int criu_page(struct boot *b, struct err *e)
{
	STEP("session", child_restore_session(b, e));
	/* Until GO the parent may not have made the limits yet. */
	STEP("wait-go", child_wait_go(b, e));
	STEP("cgroup-join", child_cgroup_join(b, e));
	/* What the images know no network of is restored into this one. */
	STEP("network", child_restore_network(b, e));
	/* In a mount namespace that goes with criu: nothing is left on the host, whatever happens. */
	STEP("place", child_restore_place(b, e));
	STEP("mounts", child_restore_mounts(b, e));
	/* After the sources are in place: the target of one mount may lie in another one's source. */
	STEP("mount-points", child_restore_mount_points(b, e));
	STEP("ready", child_restore_ready(b, e));
	/* What it makes inherits the policy's filter, whatever the images say. */
	STEP("confine", child_restore_confine(b, e));
	STEP("execute", child_restore_execute(b, e));
	return 0;
}

static __attribute__((noreturn)) void criu_main(struct boot *b)
{
	struct err error = { 0 }, *e = &error, ignored;

	if (criu_page(b, e) < 0) {
		struct message message = { .type = BOOT_ERROR, .error = error };
		if (channel_send(b->session.channel, &message, -1, &ignored) < 0)
			_exit(2); /* nobody is left to tell */
	}
	_exit(1);
}

#undef STEP
#define STEP(name, call) STEP_ON("restore", name, call)
#define AWAIT(name, call) AWAIT_ON("restore", name, call)

static int restore_page(struct boot *b, struct err *e)
{
	/* From here on a `delete --force` finds what we make, wherever we are killed. */
	STEP("intent", parent_record_intent(b, e));
	/* Limits stand before there is a process: criu works within them, and what it makes is born there. */
	STEP("cgroup-create", parent_cgroup_create(b, e));
	STEP("resctrl-create", parent_rdt_create(b, e));
	/* In the host's view, each looked up once; criu gets the clones. */
	STEP("sources", parent_restore_sources(b, e));
	STEP("sockets", parent_restore_sockets(b, e));
	STEP("hook-output", parent_hook_place(b, e));
	STEP("confine", parent_restore_confine(b, e));
	STEP("clone", parent_restore_clone(b, e));
	if (b->peer.child.pid == 0)
		criu_main(b);
	STEP("systemd-scope", parent_systemd_scope(b, e));
	STEP("resctrl-join", parent_rdt_join(b, e));
	STEP("go", parent_go(b, e));
	AWAIT("criu-ready", parent_restore_ready(b, e));
	/* What is mounted for criu can be seen now. */
	STEP("request", parent_restore_request(b, e));
	AWAIT("program", parent_restore_program(b, e));
	/* Hooks, the terminal, the network and the records are done before anything of it runs. */
	STEP("processes", parent_restore_processes(b, e));
	STEP("record-started", parent_restore_recorded(b, e));
	/* Engines take the pid file for "it is there". */
	STEP("pid-file", parent_pid_file(b, e));
	return 0;
}

int boot_restore(const struct restore_request *request, struct create_result *ret, struct err *e)
{
	autoboot b = BOOT_INIT;

	b.plan = request->create.plan;
	b.facts = request->create.facts;
	b.host = request->create.host;
	b.options = request->create.options;
	b.hook_files = &request->create.hook_files;
	b.state = request->create.state;
	b.status = request->create.status;
	b.arena = request->create.arena;
	b.members_directory = request->create.members_directory;
	b.restore = request;
	if (restore_page(&b, e) < 0) {
		parent_learn_cause(&b, e);
		/* It would go on making processes. */
		parent_end(&b.criu);
		ret->left_behind = !parent_undo(&b);
		ret->deleted = b.deleted;
		return -1;
	}
	ret->init = b.peer.child;
	ret->console_master = take_fd(&b.console_master);
	ret->channel = -1;
	return 0;
}
