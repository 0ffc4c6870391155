/* SPDX-License-Identifier: Apache-2.0 */
/* See signals.h. Runs in every process of the runtime. */
#include "sys/signals.h"

#include "sys/proc_status.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* nohup(1), and what a shell starts in the background: a hangup or Ctrl-C is not for us. Ignored job control
 * keeps a background process from being stopped when it sets a terminal. */
static bool stays_ignored(int number)
{
	return number == SIGHUP || number == SIGINT || number == SIGQUIT || number == SIGTSTP ||
	       number == SIGTTIN || number == SIGTTOU;
}

static int set_default(int number, struct err *e)
{
	/* Without flags: SA_NOCLDWAIT of SIGCHLD leaves nothing to wait for (wait(2)), as ignoring it does. */
	struct sigaction action = { .sa_handler = SIG_DFL };

	/* EINVAL: SIGKILL, SIGSTOP and those that the C library keeps for itself. */
	if (sigaction(number, &action, NULL) < 0 && errno != EINVAL)
		return fail_sys(e, "reset signal %d", number);
	return 0;
}

static int unblock_all(struct err *e)
{
	sigset_t none;

	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return fail_sys(e, "unblock signals");
	return 0;
}

/* A handler does not outlive execve(), so what the caller ignores is all that is not as it is by default. */
static int reset_ignored(struct err *e)
{
	struct proc_started started;
	bool known = proc_status_started(&started);

	for (int number = 1; number < _NSIG; number++)
		if (!stays_ignored(number) &&
		    (!known || started.ignored & UINT64_C(1) << (number - 1)) &&
		    set_default(number, e) < 0)
			return -1;
	/* SA_NOCLDWAIT is seen nowhere. */
	return set_default(SIGCHLD, e);
}

int signals_prepare(struct err *e)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	if (reset_ignored(e) < 0)
		return -1;
	/* A reader that is gone is told by EPIPE, a limit on the size of files (setrlimit(2)) by EFBIG: our death
	 * would leave a container half made. */
	if (sigaction(SIGPIPE, &ignore, NULL) < 0 || sigaction(SIGXFSZ, &ignore, NULL) < 0)
		return fail_sys(e, "ignore signals");
	return unblock_all(e);
}

int signals_reset(struct err *e)
{
	for (int number = 1; number < _NSIG; number++)
		if ((stays_ignored(number) || number == SIGPIPE || number == SIGXFSZ) &&
		    set_default(number, e) < 0)
			return -1;
	return unblock_all(e);
}
