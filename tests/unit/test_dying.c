/* SPDX-License-Identifier: Apache-2.0 */
/* Which threads and processes count as dying (sys/dying.h). */
#include "base/auto.h"
#include "sys/dying.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NO_SIGNAL "SigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\n"

static bool judge(const char *state, unsigned flags, unsigned exit_code, const char *pending)
{
	char stat[512], status[256];
	int n = snprintf(stat, sizeof(stat), "7 (a) R 1) %s 1 1 1 0 -1 %u", state, flags);

	for (int field = 10; field < 52; field++)
		n += snprintf(stat + n, sizeof(stat) - (size_t)n, " 0");
	snprintf(stat + n, sizeof(stat) - (size_t)n, " %u\n", exit_code);
	snprintf(status, sizeof(status), "Name:\ta) R 1\n%s", pending);
	return thread_is_dying(stat, status);
}

static void a_thread_is_dying_by_state_flag_signal_or_code(void **state)
{
	(void)state;
	assert_false(judge("S", 0x400000, 0, NO_SIGNAL));
	assert_false(judge("R", 0x400040, 0, NO_SIGNAL));
	assert_true(judge("Z", 0x40000c, 0, NO_SIGNAL));
	assert_true(judge("X", 0x400000, 0, NO_SIGNAL));
	assert_true(judge("D", 0x400004, 0, NO_SIGNAL));
	assert_true(
		judge("D", 0x400000, 0, "SigPnd:\t0000000000000100\nShdPnd:\t0000000000000000\n"));
	assert_true(
		judge("D", 0x400000, 0, "SigPnd:\t0000000000000000\nShdPnd:\t0000000000000100\n"));
	/* SIGTERM may be caught */
	assert_false(
		judge("S", 0x400000, 0, "SigPnd:\t0000000000000000\nShdPnd:\t0000000000004000\n"));
	assert_true(judge("R", 0x400000, 9, NO_SIGNAL));
	/* stopped by a signal, not ended by it */
	assert_false(judge("T", 0x400000, 19, NO_SIGNAL));
	assert_false(judge("t", 0x400000, 5, NO_SIGNAL));
	assert_false(thread_is_dying("", ""));
}

static void *rest(void *unused)
{
	while (pause() != 0)
		continue;
	return unused;
}

/* Its first thread ends, and shows as a zombie, while the second one goes on. */
static __attribute__((noreturn)) void lose_first_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, rest, NULL) != 0)
		_exit(1);
	pthread_exit(NULL);
}

static char state_of(pid_t pid)
{
	char path[32], line[512] = "";
	const char *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "re");
	if (file) {
		(void)!fgets(line, sizeof(line), file);
		fclose(file);
	}
	end = strrchr(line, ')');
	return end ? end[2] : '?';
}

static void a_process_lives_as_long_as_one_of_its_threads(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		lose_first_thread();
	for (int i = 0; i < 1000 && state_of(pid) != 'Z'; i++)
		usleep(10000);
	assert_int_equal(state_of(pid), 'Z');
	assert_false(process_is_dying(pid));
	assert_int_equal(kill(pid, SIGKILL), 0);
	/* a zombie until it is waited for: every thread of it has ended */
	siginfo_t info;
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_true(process_is_dying(pid));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(process_is_dying(pid));
}

static void one_that_runs_or_is_stopped_is_not_dying(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		for (;;)
			pause();
	assert_false(process_is_dying(pid));
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_false(process_is_dying(pid));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_is_dying_by_state_flag_signal_or_code),
		cmocka_unit_test(a_process_lives_as_long_as_one_of_its_threads),
		cmocka_unit_test(one_that_runs_or_is_stopped_is_not_dying),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
