/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps of the EXEC page on the other side. The joiner, a child of the runtime in the runtime's own PID
 * namespace, enters the container's namespaces, prepares everything and gives up power; the process that it
 * clones is the first thing that the container can see, and has no more than its program will have. joiner_*() run in
 * the joiner, process_*() in the process.
 */
#include "boot/exec/joiner.h"

#include "base/str.h"
#include "boot/common/descriptors.h"
#include "boot/common/rlimits.h"
#include "boot/common/step.h"
#include "boot/common/terminal.h"
#include "boot/protocol.h"
#include "os/log.h"
#include "sys/channel.h"
#include "sys/child.h"

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

int joiner_open_proc(struct exec_joiner *c, struct err *e)
{
	c->filter.proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return c->filter.proc < 0 ? fail_sys(e, "open /proc") : 0;
}

int joiner_open_terminal(struct exec_joiner *c, struct err *e)
{
	autoclose int master = -1, slave = -1;

	if (!c->plan->process.terminal)
		return 0;
	if (terminal_open(&c->root, &master, &slave, e) < 0 || terminal_streams(slave, e) < 0)
		return -1;
	return terminal_hand_over(c->session.channel, master, e);
}

/* What the kernel shows of a process as its command line and environment is memory of its own, which a
 * clone has, too; the strings lie there one after the other, the program's name last (execve(2),
 * getauxval(3)). Paths and values of the host are nothing for a container that may trace its processes. */
int joiner_forget(struct err *e)
{
	char *begin = program_invocation_name;
	char *last = (char *)(uintptr_t)getauxval(AT_EXECFN);

	(void)e;
	step_leave_environment();
	if (last && begin && begin < last)
		explicit_bzero(begin, (size_t)(last - begin) + strlen(last));
	return 0;
}

/* In words that a filter lets through; whatever it says of them, another clone shows it. */
static int ask_for_place(struct exec_joiner *c, struct err *e)
{
	struct message message = { .type = BOOT_FULL };

	if (channel_write(c->session.channel, &message, e) < 0 ||
	    channel_read(c->session.channel, &message, e) < 0)
		return -1;
	return message.type == BOOT_GO ? 0 : fail(e, ERR_SYSTEM, "the runtime has ended");
}

/* Returns in the process alone. */
int joiner_clone(struct exec_joiner *c, struct err *e)
{
	struct child process = CHILD_INIT;
	int rc = child_clone_plain(CLONE_PARENT, &c->own, &process, e);

	/* The pids limit, of which an exec is to say how it was used up. */
	if (rc < 0 && e->sys == EAGAIN) {
		if (ask_for_place(c, e) < 0)
			return -1;
		rc = child_clone_plain(CLONE_PARENT, &c->own, &process, e);
	}

	if (rc > 0)
		_exit(0);
	return rc;
}

static int fail_faked(const char *what, struct err *e)
{
	return fail(e, ERR_SYSTEM, "%s: the seccomp profile says that it is done, but it is not",
		    what);
}

/* The joiner may have loaded a profile that answers in the kernel's place; what a call gives back, or writes
 * into memory, shows whether it was made. */
static int new_session(struct exec_joiner *c, struct err *e)
{
	pid_t session = setsid(), terminal = -1;

	/* The caller's terminal is not the container's (CVE-2017-5226: TIOCSTI). */
	if (session < 0)
		return fail_sys(e, "setsid");
	if (session != c->own)
		return fail_faked("setsid", e);
	if (!c->plan->process.terminal)
		return 0;
	if (ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0 || ioctl(STDIN_FILENO, TIOCGSID, &terminal) < 0)
		return fail_sys(e, "make the terminal the controlling one");
	return terminal == c->own ? 0 : fail_faked("make the terminal the controlling one", e);
}

int process_begin(struct exec_joiner *c, struct err *e)
{
	struct message message = { .type = BOOT_PROCESS };
	autoclose int pidfd = -1;

	/* A profile may refuse it; the end of the channel is enough for whatever is not stopped. */
	if (!c->filter.loaded && session_die_with_runtime(&c->session, e) < 0)
		return -1;
	c->dies_with_runtime = !c->filter.loaded || prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
	if (new_session(c, e) < 0)
		return -1;
	/* By descriptor: our own number means nothing to the parent. */
	pidfd = sys_pidfd_open(c->own, 0);
	if (pidfd < 0)
		return fail_sys(e, "open a descriptor of the new process");
	return channel_send(c->session.channel, &message, pidfd, e);
}

/* sd_listen_fds(3): the sockets are for the process of this number alone. */
static void name_listener(struct exec_joiner *c)
{
	for (char **env = c->program.env; *env; env++)
		if (str_has_prefix(*env, "LISTEN_PID="))
			*env = arena_printf(c->arena, "LISTEN_PID=%d", (int)c->own);
}

int process_ready(struct exec_joiner *c, struct err *e)
{
	if (c->listens)
		name_listener(c);
	return session_say(&c->session, BOOT_READY, e) < 0 ? -1 : session_wait_go(&c->session, e);
}

int process_announce(struct exec_joiner *c, struct err *e)
{
	struct message message = { .type = BOOT_EXECUTE };
	int signal = -1;

	if (set_last_rlimits(c->plan, e) < 0 || channel_write(c->session.channel, &message, e) < 0)
		return -1;
	/* It survives execve(), and the program outlives the runtime. */
	if (!c->dies_with_runtime)
		return 0;
	if (prctl(PR_SET_PDEATHSIG, 0) < 0 || prctl(PR_GET_PDEATHSIG, &signal) < 0)
		return fail_sys(e, "prctl");
	return signal == 0 ? 0 : fail_faked("prctl", e);
}

int joiner_close_descriptors(struct exec_joiner *c, struct err *e)
{
	int keep[] = { c->session.channel, c->filter.status };

	/* The log's descriptor goes too. */
	log_silence();
	return close_from_program(c->preserve_fds, keep, ARRAY_SIZE(keep), e);
}
