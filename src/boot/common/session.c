/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session of a process that the runtime makes, and how it hangs on the runtime until its program runs. Runs in the
 * container's process.
 */
#include "boot/common/session.h"

#include "base/str.h"
#include "boot/protocol.h"
#include "os/log.h"
#include "sys/channel.h"
#include "sys/procfs.h"
#include "sys/signals.h"

#include <errno.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of the stack below the frame that gives it back: its own variables and its call, and how deep any step may have
 * been. */
#define STACK_KEPT 512u
#define STACK_USED (64u << 10)

/* A belt beside the braces of end of file on the channel, until "ready" clears it. A change of user takes
 * both away (prctl(2)), and a parent that died before is noticed by nothing but the channel. */
int session_die_with_runtime(const struct session *s, struct err *e)
{
	struct pollfd parent = { .fd = s->channel, .events = 0 };

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
	    prctl(PR_SET_DUMPABLE, s->reached_into ? 1 : 0) < 0)
		return fail_sys(e, "prctl");
	if (poll(&parent, 1, 0) < 0 || (parent.revents & (POLLHUP | POLLERR)))
		return fail(e, ERR_SYSTEM, "the runtime has ended");
	return 0;
}

int session_begin(struct session *s, struct err *e)
{
	if (session_die_with_runtime(s, e) < 0)
		return -1;
	/* The caller's terminal is not the container's (CVE-2017-5226: TIOCSTI). */
	if (setsid() < 0)
		return fail_sys(e, "setsid");
	/* What the runtime ignores or blocks must not reach the program: both survive execve(). */
	if (signals_reset(e) < 0)
		return -1;
	s->caller_umask = umask(0);
	return 0;
}

int session_wait_go(const struct session *s, struct err *e)
{
	struct message message;
	int rc = channel_receive(s->channel, &message, NULL, e);

	if (rc < 0)
		return -1;
	if (rc == 0 || message.type != BOOT_GO)
		return fail(e, ERR_SYSTEM, "the runtime ended before the container was recorded");
	return 0;
}

int session_ask(const struct session *s, uint32_t question, uint32_t reply, const char *ended,
		struct err *e)
{
	struct message message = { .type = question };
	int rc;

	if (channel_send(s->channel, &message, -1, e) < 0)
		return -1;
	rc = channel_receive(s->channel, &message, NULL, e);
	if (rc < 0)
		return -1;
	if (rc == 0 || message.type != reply)
		return fail(e, ERR_SYSTEM, "%s", ended);
	return 0;
}

int session_say(const struct session *s, uint32_t type, struct err *e)
{
	const struct message message = { .type = type };

	return channel_send(s->channel, &message, -1, e);
}

/* SELinux labels a key with its maker, which is not the container's program yet (keyrings(7)); a newline
 * takes it back. Kernels without keyrings have no such file. */
static int label_keys(const struct plan_process *process, int procfs, const char *label,
		      struct err *e)
{
	if (!process->selinux_label ||
	    procfs_write(procfs, "thread-self/attr/keycreate", label, e) == 0 || e->sys == ENOENT)
		return 0;
	return err_prefix(e, "selinuxLabel");
}

int session_make_keyring(const struct session *s, const struct plan *plan, int procfs,
			 struct err *e)
{
	char name[NAME_MAX];

	if (s->keeps_keyring)
		return 0;
	if (str_format(name, sizeof(name), e, "_ses.%s", plan->id) < 0)
		return -1;
	if (label_keys(&plan->process, procfs, plan->process.selinux_label, e) < 0)
		return -1;
	/* Not every kernel has keyrings, and a quota must not keep a container from starting (keyctl(2)); without a
	 * keyring of its own the container has none of the caller's keys to lose either way. */
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name) < 0) {
		if (errno != ENOSYS && errno != EDQUOT && errno != EPERM)
			return fail_sys(e, "join a session keyring");
		log_note("no session keyring: %s", strerrordesc_np(errno));
	}
	return label_keys(&plan->process, procfs, "\n", e);
}

void session_give_back_stack(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0), page = (uintptr_t)getpagesize();
	uintptr_t end = (here - STACK_KEPT) & ~(page - 1);

	/* ENOMEM: the stack was never as deep as that */
	(void)!madvise((void *)(end - STACK_USED), STACK_USED, MADV_DONTNEED);
}

/* It is in the records; until READY the end of the channel is what tells of the runtime's. */
int session_outlive_runtime(struct err *e)
{
	malloc_trim(0);
	if (prctl(PR_SET_PDEATHSIG, 0) < 0)
		return fail_sys(e, "prctl");
	return 0;
}
