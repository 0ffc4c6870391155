/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entering a step of a boot page. Runs in the runtime and in the process it makes.
 */
#include "boot/common/step.h"

#include "base/str.h"
#include "os/clock.h"
#include "os/log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

/* From a step that took longer on, processes are named by their steps. */
#define SLOW_MS 100

#ifdef DISTRO_SHIM_FAULT_INJECTION

/* Tests list the steps from the source of the pages, so a fault that names no step shows as a test that
 * expected one and got a container. */
/* They look for a process that stands in a step. */
#define ALWAYS_NAMED true

static int fault(const char *page, const char *name, struct err *e)
{
	const char *wanted = getenv("DISTRO_SHIM_FAULT");
	char here[128];

	if (!wanted)
		return 0;
	snprintf(here, sizeof(here), "%s:%s:", page, name);
	if (!str_has_prefix(wanted, here))
		return 0;
	wanted += strlen(here);
	if (str_eq(wanted, "fail"))
		return fail(e, ERR_INTERNAL, "injected fault");
	/* By number of the process itself: inside a PID namespace of its own an init cannot signal
	 * itself with SIGKILL or SIGSTOP, so it ends by exiting, which looks the same from outside. */
	if (str_eq(wanted, "kill")) {
		if (getpid() == 1)
			_exit(137);
		kill(getpid(), SIGKILL);
	}
	if (str_eq(wanted, "stop")) {
		if (getpid() != 1)
			raise(SIGSTOP);
		else
			pause();
	}
	if (str_eq(wanted, "term") || str_eq(wanted, "hup") || str_eq(wanted, "int"))
		raise(*wanted == 't' ? SIGTERM : *wanted == 'h' ? SIGHUP : SIGINT);
	return 0;
}

void step_leave_environment(void)
{
	const char *wanted = getenv("DISTRO_SHIM_FAULT");
	char *copy = wanted ? strdup(wanted) : NULL;

	clearenv();
	if (copy)
		setenv("DISTRO_SHIM_FAULT", copy, 1);
	free(copy);
}

#else

#define ALWAYS_NAMED false

void step_leave_environment(void)
{
	clearenv();
}

static int fault(const char *page, const char *name, struct err *e)
{
	(void)page;
	(void)name;
	(void)e;
	return 0;
}

#endif

/* A name is a system call, of which a start has a hundred: it is for people, who can only look at what takes long. */
static bool is_named(void)
{
	static int64_t last;
	static bool slow;
	int64_t now = clock_ms();

	slow = slow || (last && now - last > SLOW_MS);
	last = now;
	return ALWAYS_NAMED || slow || log_enabled(LOG_LEVEL_DEBUG);
}

int step_enter(const char *page, const char *name, struct err *e)
{
	char title[16];

	if (is_named()) {
		/* comm holds 15 bytes; the name of the step says more than the name of the program, which
		 * stands in the command line. */
		snprintf(title, sizeof(title), "%s", name);
		prctl(PR_SET_NAME, title);
	}
	log_debug("%s: %s", page, name);
	return fault(page, name, e);
}
