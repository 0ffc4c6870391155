/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime's side of the conversation with the child (protocol.h), and what it does in answer.
 */
#include "boot/context.h"

#include "base/str.h"
#include "boot/protocol.h"
#include "boot/runtime_hooks.h"
#include "os/io.h"
#include "os/log.h"
#include "plan/state.h"
#include "sys/channel.h"
#include "sys/deliver.h"
#include "sys/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* How long a child that does not listen any more may take to end. */
#define LAST_WORDS_MS 1000

int parent_protect_descriptors(struct boot *b, struct err *e)
{
	unsigned first = 3 + b->options->preserve_fds;

	/* Whatever came through execve() has no close-on-exec flag, and everything that this program opens
	 * has: so a descriptor of ours that sits in a gap is not taken for one of the caller's. */
	for (unsigned fd = 3; fd < first; fd++) {
		int flags = fcntl((int)fd, F_GETFD);
		if (flags < 0 || (flags & FD_CLOEXEC))
			return fail(e, ERR_USAGE,
				    "--preserve-fds %u: descriptor %u is not open (those of "
				    "LISTEN_FDS in "
				    "the environment count, too: unset it if the program does not "
				    "listen)",
				    b->options->preserve_fds, fd);
	}
	if (sys_close_range(first, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		return fail_sys(e, "close_range");
	return 0;
}

int parent_open_sockets(struct boot *b, struct err *e)
{
	int pair[2];

	if (!b->options->start_follows) {
		b->start_listener = channel_listen(b->state->fd, STATE_START_SOCKET, e);
		if (b->start_listener < 0)
			return -1;
	}
	if (channel_pair(pair, e) < 0)
		return -1;
	b->peer.channel = pair[0];
	b->peer.theirs = pair[1];
	return 0;
}

int parent_go(struct boot *b, struct err *e)
{
	struct message go = { .type = BOOT_GO };

	return channel_send(b->peer.channel, &go, -1, e);
}

int parent_fail_oom_killed(const struct boot *b, struct err *e)
{
	struct cgroup_memory now;

	cgroup_memory_of(&b->group.cgroup, &now);
	if (now.kills <= b->group.before.kills)
		return 0;
	return fail_oom_killed(b->exec ? "the new process" : "the container's first process", &now,
			       e);
}

static int fail_ended(struct boot *b, int status, struct err *e)
{
	const char *hint = "";

	if (status == 128 + SIGKILL && parent_fail_oom_killed(b, e) < 0)
		return -1;
	b->peer.lost = status == 0 || status == 128 + SIGKILL;
	/* The joiner has done its part; what it has made is gone. */
	if (b->exec && status == 0)
		return fail(e, ERR_SYSTEM, "the new process ended before its program ran");
	if (status == 128 + SIGKILL)
		hint = ", killed";
	else if (status == 128 + SIGSYS)
		hint = ", SIGSYS: the seccomp profile kills for what a container needs to be born";
	return fail(e, ERR_SYSTEM, "the %s ended unexpectedly (status %d%s)",
		    b->exec ? "new process" : "container's first process", status, hint);
}

void parent_learn_cause(struct boot *b, struct err *e)
{
	struct pollfd words = { .fd = b->peer.channel, .events = POLLIN };
	struct message message;
	struct err ignored;
	int status, fd = -1;

	/* It was given up, and that is the cause. */
	if (e->sys == ETIMEDOUT)
		return;

	/* Its end of the channel is closed a moment before it has ended. */
	if (b->peer.child.pid <= 0 || b->peer.channel < 0 || b->peer.failed || b->deleted ||
	    !pidfd_ended(b->peer.child.pidfd,
			 e->sys == EPIPE || e->sys == ESRCH ? LAST_WORDS_MS : 0))
		return;
	/* One that it has cloned may hold its end open. */
	while (poll(&words, 1, 0) > 0 &&
	       channel_receive(b->peer.channel, &message, &fd, &ignored) > 0) {
		/* The joiner has ended, as it should, and what it has made waits for our word. */
		if (message.type == BOOT_PROCESS && fd >= 0)
			sys_pidfd_send_signal(fd, SIGKILL);
		replace_fd(&fd, -1);
		if (message.type == BOOT_ERROR) {
			*e = message.error;
			return;
		}
	}
	/* The joiner of exec ends well once it has cloned the process. */
	if (child_wait(&b->peer.child, &status, &ignored) == 0 && !(b->exec && status == 0))
		(void)!fail_ended(b, status, e);
}

static int receive_any(struct boot *b, struct message *ret, int *ret_fd, struct err *e)
{
	int status, rc = parent_wait(b, e);

	if (rc == 0)
		rc = channel_receive(b->peer.channel, ret, ret_fd, e);
	if (rc < 0)
		return -1;
	if (rc == 0) {
		if (parent_wait_end(b, &b->peer.child, &status, e) < 0)
			return -1;
		return fail_ended(b, status, e);
	}
	if (ret->type == BOOT_ERROR) {
		*e = ret->error;
		b->peer.failed = true;
		return -1;
	}
	return 0;
}

static int parent_receive(struct boot *b, uint32_t type, struct message *ret, int *ret_fd,
			  struct err *e)
{
	if (receive_any(b, ret, ret_fd, e) < 0)
		return -1;
	return ret->type == type
		       ? 0
		       : fail(e, ERR_INTERNAL, "message %u where %u was due", ret->type, type);
}

int parent_expect(struct boot *b, uint32_t type, int *ret_fd, struct err *e)
{
	struct message message;

	return parent_receive(b, type, &message, ret_fd, e);
}

int parent_expect_either(struct boot *b, uint32_t type, uint32_t other, struct message *ret,
			 int *ret_fd, struct err *e)
{
	if (receive_any(b, ret, ret_fd, e) < 0)
		return -1;
	if (ret->type != type && ret->type != other)
		return fail(e, ERR_INTERNAL, "message %u where %u or %u was due", ret->type, type,
			    other);
	return 0;
}

static int answer(struct boot *b, uint32_t type, struct err *e)
{
	struct message message = { .type = type };

	return channel_send(b->peer.channel, &message, -1, e);
}

static int fail_deleted(const struct boot *b, struct err *e)
{
	return fail(e, ERR_STATE, "container %s was deleted while its hooks ran", b->plan->id);
}

int parent_run_hooks(struct boot *b, struct err *e)
{
	const struct oci_state state = oci_state_of_plan(b->plan, "created", b->peer.child.pid);
	struct runtime_hooks hooks = {
		.kind = "prestart",
		.hooks = &b->plan->prestart,
		.state = &state,
		.dir = b->state,
		.intent = b->intent,
		.arena = b->arena,
	};
	int rc = runtime_hooks_run(&hooks, &b->hooks, e);

	hooks.kind = "createRuntime";
	hooks.hooks = &b->plan->create_runtime;
	if (rc == 0)
		rc = runtime_hooks_run(&hooks, &b->hooks, e);
	b->deleted = hooks.gone;
	return b->deleted ? fail_deleted(b, e) : rc;
}

int parent_container_hooks(struct boot *b, struct err *e)
{
	struct err unlocked;
	int rc;

	if (b->plan->create_container.n == 0)
		return 0;
	state_unlock(b->state);
	rc = parent_wait(b, e);
	/* Also where its lock is not to be had in time: then it is that command's to end. */
	b->deleted = relock_after_hook(b->state, &unlocked) < 0;
	return b->deleted ? fail_deleted(b, e) : rc;
}

/* Once for all, so that a path of the host is not looked up in the container. */
int parent_hook_place(struct boot *b, struct err *e)
{
	const struct plan *plan = b->plan;

	if (plan->prestart.n + plan->create_runtime.n + plan->create_container.n +
		    plan->start_container.n ==
	    0)
		return 0;
	return hook_place_open(plan->bundle, b->hook_files, &b->hooks, e);
}

int parent_delegated_cgroup(struct boot *b, struct err *e)
{
	if (!b->plan->cgroup.delegated)
		return 0;
	if (parent_expect(b, BOOT_DELEGATE, NULL, e) < 0 ||
	    cgroup_delegate(&b->plan->cgroup, &b->group.cgroup, b->peer.child.pid, e) < 0)
		return -1;
	return answer(b, BOOT_DELEGATE_DONE, e);
}

int parent_runtime_hooks(struct boot *b, struct err *e)
{
	if (b->plan->prestart.n + b->plan->create_runtime.n == 0)
		return 0;
	if (parent_expect(b, BOOT_HOOKS, NULL, e) < 0 || parent_run_hooks(b, e) < 0)
		return -1;
	return answer(b, BOOT_HOOKS_DONE, e);
}

int parent_send_descriptor(const char *path, int fd, const char *text, const char *what,
			   struct err *e)
{
	char words[32];

	return str_format(words, sizeof(words), e, " the %s socket", what) < 0
		       ? -1
		       : deliver(path, text, strlen(text), fd, words, e);
}

int parent_console(struct boot *b, struct err *e)
{
	if (!b->plan->process.terminal)
		return 0;
	if (parent_expect(b, BOOT_CONSOLE, &b->console_master, e) < 0)
		return -1;
	if (b->console_master < 0)
		return fail(e, ERR_INTERNAL, "the terminal did not come with its message");
	if (!b->options->console_to_caller) {
		/* The contract of conmon and containerd: one message, the name as its text. */
		if (parent_send_descriptor(b->options->console_socket, b->console_master,
					   "/dev/ptmx", "console", e) < 0)
			return -1;
		replace_fd(&b->console_master, -1);
	}
	return answer(b, BOOT_CONSOLE_DONE, e);
}

int parent_seccomp(struct boot *b, struct err *e)
{
	const struct plan *plan = b->plan;

	if (seccomp_programs_make(plan->seccomp, &plan->confinement, b->filters_directory, b->arena,
				  &b->filter.programs, e) < 0)
		return -1;
	b->expected = arena_new(b->arena, struct identity_record);
	identity_of_plan(&plan->process, (uint32_t)b->filter.programs.n, b->expected);
	if (!b->exec)
		b->status->identity = b->expected;
	return 0;
}

int parent_shown(struct boot *b, struct err *e)
{
	struct message message;
	int fd = -1;

	if (parent_receive(b, BOOT_IDENTITY, &message, &fd, e) < 0)
		return -1;
	replace_fd(&b->status_fd, fd);
	return identity_take(&message, fd, &b->identity_shown, e);
}

/* exec: the process will be seen in the container, where no process may find more power than its program has. */
int parent_look(struct boot *b, struct err *e)
{
	const struct message go = { .type = BOOT_GO };
	struct message message;

	if (parent_receive(b, BOOT_LOOK, &message, NULL, e) < 0)
		return -1;
	b->identity_shown.loaded = (uint32_t)message.value;
	if (identity_check(b->expected, &b->identity_shown, !b->exec, e) < 0)
		return err_prefix(e, "look");
	return channel_send(b->peer.channel, &go, -1, e);
}

int parent_seccomp_listener(struct boot *b, struct err *e)
{
	const struct plan_seccomp *seccomp = b->plan->seccomp;
	const struct seccomp_container container = {
		.state = b->exec ? oci_state_of_plan(b->plan, "running", (pid_t)b->status->init.pid)
				 : oci_state_of_plan(b->plan, "creating", b->peer.child.pid),
		.pid = b->peer.child.pid,
	};
	autoclose int listener = -1;

	/* In a late join the filter is loaded after the join, and `start` does this. */
	if (!b->filter.programs.notify || b->plan->namespaces.network == NETWORK_LATE)
		return 0;
	if (!b->exec && parent_shown(b, e) < 0)
		return -1;
	if (parent_expect(b, BOOT_SECCOMP, &listener, e) < 0)
		return -1;
	if (listener < 0)
		return fail(e, ERR_INTERNAL, "the listener did not come with its message");
	if (seccomp_listener_send(seccomp->listener_path, seccomp->listener_metadata, &container,
				  listener, e) < 0)
		return err_prefix(e, "seccomp-listener");
	if (answer(b, BOOT_SECCOMP_DONE, e) < 0)
		return -1;
	return b->exec ? 0 : parent_look(b, e);
}

/* The words are runc's, which tell the container's first process from one of exec. */
int parent_pidfd(struct boot *b, struct err *e)
{
	if (!b->options->pidfd_socket)
		return 0;
	return parent_send_descriptor(b->options->pidfd_socket, b->peer.child.pidfd, "standard",
				      "pidfd", e);
}

int parent_ready(struct boot *b, struct err *e)
{
	return parent_expect(b, BOOT_READY, NULL, e);
}

/*
 * Without CAP_SYS_RESOURCE we may not touch a process that is another user by now. It was born with our
 * limits, and below the hard one it may set its own (child_execute).
 */
static bool init_may_set(const struct plan_rlimit *limit)
{
	struct rlimit own;

	return errno == EPERM && getrlimit((__rlimit_resource_t)limit->resource, &own) == 0 &&
	       limit->hard <= own.rlim_max;
}

/* Of the runtime's own limit, which a new process of it has, too. Engines ask for limits without knowing the machine's: Podman for 1048576 open files. */
int fail_rlimit(const struct plan_rlimit *limit, int reason, struct err *e)
{
	struct rlimit now;

	if (reason != EPERM || getrlimit((__rlimit_resource_t)limit->resource, &now) < 0 ||
	    now.rlim_max >= limit->hard)
		return fail_errno(e, reason, "set %s to %llu:%llu", limit->name,
				  (unsigned long long)limit->soft, (unsigned long long)limit->hard);
	fail(e, ERR_SYSTEM,
	     "set %s to %llu:%llu: operation not permitted: the hard limit here is %llu, and "
	     "raising "
	     "it takes CAP_SYS_RESOURCE; ask for no more than that (podman run --ulimit, "
	     "default_ulimits in containers.conf), or raise it for the engine (ulimit -H, "
	     "Limit...= "
	     "of its unit)",
	     limit->name, (unsigned long long)limit->soft, (unsigned long long)limit->hard,
	     (unsigned long long)now.rlim_max);
	e->sys = reason;
	return -1;
}

int parent_rlimits(struct boot *b, struct err *e)
{
	for (size_t i = 0; i < b->plan->process.rlimits.n; i++) {
		const struct plan_rlimit *limit = &b->plan->process.rlimits.v[i];
		struct rlimit value = { .rlim_cur = limit->soft, .rlim_max = limit->hard };
		/* Init needs a few descriptors until its program runs; it sets the rest itself then. */
		if (limit->resource == RLIMIT_NOFILE) {
			value.rlim_cur = limit->soft < BOOT_NOFILE ? BOOT_NOFILE : limit->soft;
			value.rlim_max = limit->hard < BOOT_NOFILE ? BOOT_NOFILE : limit->hard;
		}
		if (prlimit(b->peer.child.pid, (__rlimit_resource_t)limit->resource, &value, NULL) <
			    0 &&
		    !init_may_set(limit))
			return fail_rlimit(limit, errno, e);
	}
	return 0;
}
