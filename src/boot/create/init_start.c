/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is left to do once `start` says so. Runs in the container's first process, which has waited with
 * nothing open but its streams, the start socket and, before a late join, the shared network.
 */
#include "boot/create/init.h"

#include "boot/common/execute.h"
#include "boot/common/rlimits.h"
#include "boot/protocol.h"
#include "hooks/hooks.h"
#include "plan/state.h"
#include "sys/channel.h"
#include "sys/nsfd.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* More often than any signal interrupts a call; a seccomp profile can answer EINTR for ever. */
#define INTERRUPTED_MAX 65536

/* The creator starts us too, or no other process does. */
static int wait_for_creator(struct create_init *c, struct err *e)
{
	struct message message;
	int rc = channel_receive(c->session.channel, &message, NULL, e);

	if (rc < 0)
		return -1;
	if (rc == 0 || message.type != BOOT_GO)
		return fail(e, ERR_SYSTEM, "the runtime ended before it started the container");
	return 0;
}

static void end_by_signal(int signal)
{
	_exit(128 + signal);
}

/* The first process of a PID namespace gets from outside of it, but for SIGKILL and SIGSTOP, only what it has a handler
 * for (pid_namespaces(7)): without one `kill ID TERM` would do nothing to a container that is only created. execve(2)
 * takes them away. */
static void end_by_signals(void)
{
	const struct sigaction end = { .sa_handler = end_by_signal };

	if (getpid() != 1)
		return;
	for (int signal = 1; signal <= SIGRTMAX; signal++)
		switch (signal) {
		case SIGCHLD:
		case SIGCONT:
		case SIGTSTP:
		case SIGTTIN:
		case SIGTTOU:
		case SIGURG:
		case SIGWINCH:
			break;
		default:
			/* not of SIGKILL, SIGSTOP and what the C library keeps for itself */
			(void)sigaction(signal, &end, NULL);
		}
}

int init_wait_start(struct create_init *c, struct err *e)
{
	if (c->start_follows)
		return wait_for_creator(c, e);
	prctl(PR_SET_NAME, "distro-init");
	end_by_signals();
	/* Not under a filter, which may refuse the call in any way. */
	if (!c->filter.loaded)
		session_give_back_stack();
	for (unsigned interrupted = 0;;) {
		struct message message;
		autoclose int connection = accept4(c->start_listener, NULL, NULL, SOCK_CLOEXEC);
		int rc;
		if (connection < 0) {
			if ((errno == EINTR || errno == ECONNABORTED) &&
			    interrupted++ < INTERRUPTED_MAX)
				continue;
			return fail_sys(e, "wait for start");
		}
		/* A seccomp profile's answer, and not a descriptor. */
		if (c->filter.loaded && connection <= STDERR_FILENO) {
			connection = -1;
			return fail(
				e, ERR_SYSTEM,
				"wait for start: the seccomp profile answers in place of accept4");
		}
		rc = channel_receive(connection, &message, NULL, e);
		/* A `start` that was killed before it said anything: the next one may. */
		if (rc <= 0 || message.type != BOOT_GO)
			continue;
		replace_fd(&c->start_listener, -1);
		c->session.channel = take_fd(&connection);
		return 0;
	}
}

int init_join_late(struct create_init *c, struct err *e)
{
	const struct plan_namespaces *ns = &c->plan->namespaces;
	uint64_t cookie;

	if (ns->network != NETWORK_LATE)
		return 0;
	if ((!ns->late_by_thread &&
	     nsfd_enter(c->network, CLONE_NEWNET, ns->network_path, e) < 0) ||
	    netns_cookie(&cookie, e) < 0)
		return -1;
	if (ns->network_cookie && cookie != ns->network_cookie)
		return fail(e, ERR_POLICY, "the container is not in the network namespace '%s'",
			    ns->network_path);
	replace_fd(&c->network, -1);
	/* A filter may take it still. */
	if (c->filter.programs.n && !c->plan->process.no_new_privileges)
		return 0;
	return identity_drop_admin(&c->identity, c->plan, e);
}

int init_run_start_hooks(struct create_init *c, struct err *e)
{
	const struct oci_state state = oci_state_of_plan(c->plan, "created", getpid());
	struct plan_hooks hooks = { .n = c->plan->start_container.n };

	if (hooks.n == 0)
		return 0;
	/* Hooks without "env" get the container's, as with runc. */
	hooks.v = arena_new_array(c->arena, struct plan_hook, hooks.n);
	for (size_t i = 0; i < hooks.n; i++) {
		hooks.v[i] = c->plan->start_container.v[i];
		if (!hooks.v[i].env)
			hooks.v[i].env = c->program.env;
	}
	/* In the container's working directory. */
	struct hook_place place = c->hooks;
	place.directory = -1;
	/* They run under the filter of the program; a call that it refuses is refused to them alone. */
	place.prepare = c->filter.loaded ? NULL : filter_load_for_hook;
	place.context = &c->filter;
	const struct hook_run within = { .watch = NULL };
	return hooks_run("startContainer", &hooks, &state, &place, &within, e);
}

int init_execute(struct create_init *c, struct err *e)
{
	if (set_last_rlimits(c->plan, e) < 0 || filter_load_early(&c->filter, e) < 0 ||
	    filter_look(&c->filter, e) < 0)
		return -1;
	return program_execute(&c->program, &c->filter, e);
}
