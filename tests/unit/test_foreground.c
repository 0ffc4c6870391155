/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a program in the foreground without a terminal: its status, and the signals that reach it. Needs no root.
 */
#include "base/auto.h"
#include "base/str.h"
#include "container/terminal.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* of cmocka; ours makes errors */

/* It ends with 7 by itself, or when it is told to by SIGUSR1. */
static void start(struct child *child, bool waits)
{
	struct err e;
	int rc = child_clone(0, -1, child, &e);

	if (rc == 0) {
		sigset_t set;
		int number;

		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		if (waits &&
		    (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || sigwait(&set, &number) != 0))
			_exit(1);
		_exit(7);
	}
	assert_int_equal(rc, 1);
}

static int follow(struct child *child, int pending)
{
	struct foreground foreground = { .master = -1 };
	autoclose int signal_fd = -1;
	struct err e;
	sigset_t before;
	int code = -1;

	assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &before), 0);
	assert_int_equal(foreground_prepare(&foreground, &signal_fd, &e), 0);
	if (pending)
		assert_int_equal(raise(pending), 0);
	assert_int_equal(foreground_follow(&foreground, child, signal_fd, &code, &e), 0);
	foreground_end(&foreground);
	assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
	/* waited for */
	assert_int_equal(child->pid, 0);
	assert_int_equal(child->pidfd, -1);
	return code;
}

static void its_status_comes_back(void **state)
{
	autochild child = CHILD_INIT;

	(void)state;
	start(&child, false);
	assert_int_equal(follow(&child, 0), 7);
}

static void signals_reach_it(void **state)
{
	autochild told = CHILD_INIT, killed = CHILD_INIT;
	sigset_t set, before;

	(void)state;
	/* blocked in both before it is born, or it would die of it before it waits */
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	assert_int_equal(sigprocmask(SIG_BLOCK, &set, &before), 0);
	start(&told, true);
	assert_int_equal(follow(&told, SIGUSR1), 7);
	assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
	start(&killed, true);
	assert_int_equal(follow(&killed, SIGTERM), 128 + SIGTERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_status_comes_back),
		cmocka_unit_test(signals_reach_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
