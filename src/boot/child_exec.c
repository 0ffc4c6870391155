/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps of the EXEC page on the other side. The joiner, a child of the runtime in the runtime's own PID
 * namespace, enters the container's namespaces, prepares everything and gives up power; the process that it
 * clones is the first thing that the container can see, and has no more than its program will have. Runs in
 * the joiner (child_exec_network to child_exec_clone) and in the process.
 */
#include "boot/context.h"

#include "base/str.h"
#include "boot/protocol.h"
#include "boot/step.h"
#include "sys/channel.h"
#include "sys/nsfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* By cookie, which is never used again: a container that has power enough may have gone elsewhere with
 * its first process, and nobody follows it there. */
static int check_cookie(const struct boot *b, struct err *e)
{
	const struct status_record *status = b->status;
	bool shared = status->network == NETWORK_EARLY || status->network == NETWORK_LATE;
	uint64_t cookie;

	if (!shared || status->network_cookie == 0)
		return 0;
	if (netns_cookie(&cookie, e) < 0)
		return -1;
	if (cookie == status->network_cookie)
		return 0;
	if (b->network >= 0)
		return fail(e, ERR_POLICY,
			    "'%s' is another network namespace than when the container was created",
			    status->network_path);
	return fail(e, ERR_POLICY,
		    "the container's first process has left the network namespace '%s': nothing is "
		    "executed where it is now",
		    status->network_path);
}

int child_exec_open_proc(struct boot *b, struct err *e)
{
	b->filter.proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return b->filter.proc < 0 ? fail_sys(e, "open /proc") : 0;
}

int child_exec_network(struct boot *b, struct err *e)
{
	/* Then it comes with the others. */
	if (b->join_flags & CLONE_NEWNET)
		return 0;
	if (b->network >= 0) {
		if (nsfd_enter(b->network, CLONE_NEWNET, b->status->network_path, e) < 0)
			return -1;
	} else if (b->join_network && setns(b->target, CLONE_NEWNET) < 0) {
		return fail_sys(e, "join the container's network namespace");
	}
	return check_cookie(b, e);
}

/* All in one call: whether one may is asked of what we are before it, so that neither the order counts nor
 * that some belong to the host's user namespace and some to the container's (setns(2)). */
int child_exec_namespaces(struct boot *b, struct err *e)
{
	if (b->join_flags && setns(b->target, (int)b->join_flags) < 0)
		return fail_sys(e, "join the container's namespaces");
	if ((b->join_flags & CLONE_NEWNET) && check_cookie(b, e) < 0)
		return -1;
	if (b->init_root >= 0 && child_change_root(b->init_root, e) < 0)
		return -1;
	b->root.fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (b->root.fd < 0)
		return fail_sys(e, "open '/' of the container");
	/* Entering a user namespace may make us dumpable again. */
	return child_die_with_parent(b, e);
}

int child_exec_console(struct boot *b, struct err *e)
{
	autoclose int master = -1, slave = -1;

	if (!b->plan->process.terminal)
		return 0;
	if (child_open_terminal(b, &master, &slave, e) < 0 || child_terminal_streams(slave, e) < 0)
		return -1;
	return child_hand_over_terminal(b, master, e);
}

/* What the kernel shows of a process as its command line and environment is memory of its own, which a
 * clone has, too; the strings lie there one after the other, the program's name last (execve(2),
 * getauxval(3)). Paths and values of the host are nothing for a container that may trace its processes. */
int child_exec_forget(struct boot *b, struct err *e)
{
	char *begin = program_invocation_name;
	char *last = (char *)(uintptr_t)getauxval(AT_EXECFN);

	(void)b;
	(void)e;
	step_leave_environment();
	if (last && begin && begin < last)
		explicit_bzero(begin, (size_t)(last - begin) + strlen(last));
	return 0;
}

/* In words that a filter lets through; whatever it says of them, another clone shows it. */
static int ask_for_place(struct boot *b, struct err *e)
{
	struct message message = { .type = BOOT_FULL };

	if (channel_write(b->session.channel, &message, e) < 0 ||
	    channel_read(b->session.channel, &message, e) < 0)
		return -1;
	return message.type == BOOT_GO ? 0 : fail(e, ERR_SYSTEM, "the runtime has ended");
}

/* Returns in the process alone. */
int child_exec_clone(struct boot *b, struct err *e)
{
	struct child process = CHILD_INIT;
	int rc = child_clone_plain(CLONE_PARENT, &b->own, &process, e);

	/* The pids limit, of which an exec is to say how it was used up. */
	if (rc < 0 && e->sys == EAGAIN) {
		if (ask_for_place(b, e) < 0)
			return -1;
		rc = child_clone_plain(CLONE_PARENT, &b->own, &process, e);
	}

	if (rc > 0)
		_exit(0);
	return rc;
}

static int fail_faked(const char *what, struct err *e)
{
	return fail(e, ERR_SYSTEM, "%s: the seccomp profile says that it is done, and it is not",
		    what);
}

/* The joiner may have loaded a profile that answers in the kernel's place; what a call gives back, or writes
 * into memory, shows whether it was made. */
static int new_session(struct boot *b, struct err *e)
{
	pid_t session = setsid(), terminal = -1;

	/* The caller's terminal is not the container's (CVE-2017-5226: TIOCSTI). */
	if (session < 0)
		return fail_sys(e, "setsid");
	if (session != b->own)
		return fail_faked("setsid", e);
	if (!b->plan->process.terminal)
		return 0;
	if (ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0 || ioctl(STDIN_FILENO, TIOCGSID, &terminal) < 0)
		return fail_sys(e, "make the terminal the controlling one");
	return terminal == b->own ? 0 : fail_faked("make the terminal the controlling one", e);
}

int child_exec_session(struct boot *b, struct err *e)
{
	struct message message = { .type = BOOT_PROCESS };
	autoclose int pidfd = -1;

	/* A profile may refuse it; the end of the channel is enough for whatever is not stopped. */
	if (!b->filter.loaded && child_die_with_parent(b, e) < 0)
		return -1;
	b->dies_with_parent = !b->filter.loaded || prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
	if (new_session(b, e) < 0)
		return -1;
	/* By descriptor: our own number means nothing to the parent. */
	pidfd = sys_pidfd_open(b->own, 0);
	if (pidfd < 0)
		return fail_sys(e, "open a descriptor of the new process");
	return channel_send(b->session.channel, &message, pidfd, e);
}

/* sd_listen_fds(3): the sockets are for the process of this number alone. */
static void name_listener(struct boot *b)
{
	for (char **env = b->program.env; *env; env++)
		if (str_has_prefix(*env, "LISTEN_PID="))
			*env = arena_printf(b->arena, "LISTEN_PID=%d", (int)b->own);
}

int child_exec_ready(struct boot *b, struct err *e)
{
	struct message message = { .type = BOOT_READY };

	if (b->exec->listens)
		name_listener(b);
	return channel_send(b->session.channel, &message, -1, e) < 0 ? -1 : child_wait_go(b, e);
}

int child_exec_announce(struct boot *b, struct err *e)
{
	int signal = -1;

	if (child_announce(b, e) < 0)
		return -1;
	/* It survives execve(), and the program outlives the runtime. */
	if (!b->dies_with_parent)
		return 0;
	if (prctl(PR_SET_PDEATHSIG, 0) < 0 || prctl(PR_GET_PDEATHSIG, &signal) < 0)
		return fail_sys(e, "prctl");
	return signal == 0 ? 0 : fail_faked("prctl", e);
}
