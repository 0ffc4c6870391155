/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is left to do once `start` says so. Runs in the container's first process, which has waited with
 * nothing open but its streams, the start socket and, before a late join, the shared network.
 */
#include "boot/context.h"

#include "boot/protocol.h"
#include "hooks/hooks.h"
#include "plan/state.h"
#include "sys/channel.h"
#include "sys/nsfd.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* More often than any signal interrupts a call; a seccomp profile can answer EINTR for ever. */
#define INTERRUPTED_MAX 65536

/* Whoever has created us starts us too, or nobody does. */
static int wait_for_creator(struct boot *b, struct err *e)
{
	struct message message;
	int rc = channel_receive(b->session.channel, &message, NULL, e);

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

int child_wait_start(struct boot *b, struct err *e)
{
	prctl(PR_SET_NAME, "distro-init");
	if (b->options->start_follows)
		return wait_for_creator(b, e);
	end_by_signals();
	for (unsigned interrupted = 0;;) {
		struct message message;
		autoclose int connection = accept4(b->start_listener, NULL, NULL, SOCK_CLOEXEC);
		int rc;
		if (connection < 0) {
			if ((errno == EINTR || errno == ECONNABORTED) &&
			    interrupted++ < INTERRUPTED_MAX)
				continue;
			return fail_sys(e, "wait for start");
		}
		/* A seccomp profile's answer, and not a descriptor. */
		if (b->filter.loaded && connection <= STDERR_FILENO) {
			connection = -1;
			return fail(
				e, ERR_SYSTEM,
				"wait for start: the seccomp profile answers in place of accept4");
		}
		rc = channel_receive(connection, &message, NULL, e);
		/* A `start` that was killed before it said anything: the next one may. */
		if (rc <= 0 || message.type != BOOT_GO)
			continue;
		replace_fd(&b->start_listener, -1);
		b->session.channel = take_fd(&connection);
		return 0;
	}
}

int child_late_join(struct boot *b, struct err *e)
{
	const struct plan_namespaces *ns = &b->plan->namespaces;
	uint64_t cookie;

	if (ns->network != NETWORK_LATE)
		return 0;
	if (nsfd_enter(b->host->network, CLONE_NEWNET, ns->network_path, e) < 0 ||
	    netns_cookie(&cookie, e) < 0)
		return -1;
	if (ns->network_cookie && cookie != ns->network_cookie)
		return fail(e, ERR_POLICY, "the container is not in the network namespace '%s'",
			    ns->network_path);
	replace_fd(&b->host->network, -1);
	/* A filter may take it still. */
	if (b->filter.programs.n && !b->plan->process.no_new_privileges)
		return 0;
	return child_drop_admin(b, e);
}

int child_start_container_hooks(struct boot *b, struct err *e)
{
	const struct oci_state state = oci_state_of_plan(b->plan, "created", getpid());
	struct plan_hooks hooks = { .n = b->plan->start_container.n };

	if (hooks.n == 0)
		return 0;
	/* Hooks without "env" get the container's, as with runc. */
	hooks.v = arena_new_array(b->arena, struct plan_hook, hooks.n);
	for (size_t i = 0; i < hooks.n; i++) {
		hooks.v[i] = b->plan->start_container.v[i];
		if (!hooks.v[i].env)
			hooks.v[i].env = b->program.env;
	}
	/* In the container's working directory. */
	struct hook_place place = b->hooks;
	place.directory = -1;
	/* They run under the filter of the program; a call that it refuses is refused to them alone. */
	place.prepare = b->filter.loaded ? NULL : child_seccomp_hook;
	place.context = b;
	const struct hook_run within = { .watch = NULL };
	return hooks_run("startContainer", &hooks, &state, &place, &within, e);
}

static bool has_limit(const struct plan_rlimit *limit)
{
	/* Where a seccomp profile answers in place of the kernel, this stays. */
	struct rlimit now = { .rlim_cur = ~limit->soft, .rlim_max = ~limit->hard };

	return getrlimit((__rlimit_resource_t)limit->resource, &now) == 0 &&
	       now.rlim_cur == limit->soft && now.rlim_max == limit->hard;
}

/* What parent_rlimits() has left to us: a small RLIMIT_NOFILE, and all where it had not the power. */
static int last_rlimits(struct boot *b, struct err *e)
{
	for (size_t i = 0; i < b->plan->process.rlimits.n; i++) {
		const struct plan_rlimit *limit = &b->plan->process.rlimits.v[i];
		struct rlimit value = { .rlim_cur = limit->soft, .rlim_max = limit->hard };
		if (has_limit(limit))
			continue;
		errno = 0;
		if (setrlimit((__rlimit_resource_t)limit->resource, &value) < 0 ||
		    !has_limit(limit))
			return fail_rlimit(limit, errno, e);
	}
	return 0;
}

int child_announce(struct boot *b, struct err *e)
{
	struct message message = { .type = BOOT_EXECUTE };

	if (last_rlimits(b, e) < 0)
		return -1;
	return channel_write(b->session.channel, &message, e);
}

int child_execve(struct boot *b, struct err *e)
{
	/* After the last word: the profile has to let through nothing of ours but execve(). */
	if (child_seccomp_execute(b, e) < 0)
		return -1;
	if (execve(b->program.executable, b->plan->process.args, b->program.env) == 0)
		return fail(e, ERR_SYSTEM,
			    "exec: \"%s\": the seccomp profile says that it is done, and it is not",
			    b->plan->process.args[0]);
	return fail_sys(e, "exec: \"%s\"", b->plan->process.args[0]);
}

int child_execute(struct boot *b, struct err *e)
{
	if (last_rlimits(b, e) < 0 || child_seccomp_early(b, e) < 0 || child_look(b, e) < 0)
		return -1;
	return child_execve(b, e);
}
