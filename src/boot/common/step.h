/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of a boot page. STEP names what happens: the name stands before every error of the step, in
 * the debug log, and, with that log or once a step took longer than 100 ms, in the process's title. In a build with fault injection the environment variable
 * DISTRO_SHIM_FAULT="PAGE:NAME:fail|kill|stop|term|hup|int" makes one step fail, or the process be killed,
 * stopped or sent a signal at its beginning, so that a test can break a container's birth everywhere.
 *
 * A step whose part of the plan is empty does nothing and succeeds; there are no conditions on a page.
 */
#ifndef BOOT_COMMON_STEP_H
#define BOOT_COMMON_STEP_H

#include "base/err.h"

#include <stddef.h>

int step_enter(const char *page, const char *name, struct err *e) MUST_CHECK;

/* The process's environment is about to be wiped: what a test has asked for stays known. */
void step_leave_environment(void);

#define STEP_ON(page, name, call)                                \
	do {                                                     \
		if (step_enter(page, name, e) < 0 || (call) < 0) \
			return err_prefix(e, "%s", name);        \
	} while (0)

/* A step that waits for the other process: an error that comes from there names its step already. */
#define AWAIT_ON(page, name, call)                        \
	do {                                              \
		if (step_enter(page, name, e) < 0)        \
			return err_prefix(e, "%s", name); \
		if ((call) < 0)                           \
			return -1;                        \
	} while (0)

#endif
