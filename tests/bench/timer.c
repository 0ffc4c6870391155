/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run commands and print one line of what they cost: nanoseconds from the spawning of the first to the end of the
 * last, microseconds of CPU, page faults without and with I/O, and the largest resident set in kB. A small process
 * does this, because spawning from a large one takes longer than what is measured.
 *
 *	timer [--copies N] PROGRAM [ARGUMENT]... [+ PROGRAM [ARGUMENT]...]...
 *
 * Commands after a lone "+" run one after the other, for as long as they succeed. --copies runs the one command
 * N times at once, with the number of each for "{}" in its arguments. The costs are those of the commands and of
 * all that has ended below them: what a command leaves behind when it ends is adopted here.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static posix_spawn_file_actions_t actions;

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static pid_t spawn(char **argv)
{
	pid_t pid;

	if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) == 0)
		return pid;
	perror(argv[0]);
	exit(3);
}

/* What else ends meanwhile is reaped, as an engine would. */
static int wait_for(pid_t wanted)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, 0)) > 0)
		if (pid == wanted)
			return status != 0;
	return 1;
}

static int one_after_the_other(char **argv)
{
	int failed;

	for (;;) {
		char **end = argv;

		while (*end && strcmp(*end, "+") != 0)
			end++;
		if (!*end)
			return wait_for(spawn(argv));
		*end = NULL;
		failed = wait_for(spawn(argv));
		if (failed)
			return failed;
		argv = end + 1;
	}
}

static char *with_number(const char *text, int number)
{
	const char *place = strstr(text, "{}");
	char *result;

	if (!place)
		return (char *)text;
	if (asprintf(&result, "%.*s%d%s", (int)(place - text), text, number, place + 2) < 0)
		exit(3);
	return result;
}

/* Containers that are created stay, so only the commands themselves are waited for. */
static int all_at_once(char **argv, int copies)
{
	pid_t *pids = calloc((size_t)copies, sizeof(*pids));
	int left = copies, failed = 0, status, n = 0;
	pid_t pid;

	while (argv[n])
		n++;
	for (int copy = 0; copy < copies; copy++) {
		char **arguments = calloc((size_t)n + 1, sizeof(*arguments));

		for (int i = 0; i < n; i++)
			arguments[i] = with_number(argv[i], copy);
		pids[copy] = spawn(arguments);
	}
	while (left > 0 && (pid = waitpid(-1, &status, 0)) > 0) {
		for (int copy = 0; copy < copies; copy++) {
			if (pids[copy] != pid)
				continue;
			left--;
			failed |= status != 0;
		}
	}
	return failed;
}

static long long microseconds(struct timeval time)
{
	return time.tv_sec * 1000000LL + time.tv_usec;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	int copies = 0, failed;
	long long begin, wall;

	argv++;
	if (argc > 3 && strcmp(argv[0], "--copies") == 0) {
		copies = atoi(argv[1]);
		argv += 2;
	}
	if (argc < 2 || copies < 0)
		return 2;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	begin = now();
	failed = copies ? all_at_once(argv, copies) : one_after_the_other(argv);
	wall = now() - begin;
	/* killed by the last command, and not yet reaped */
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	getrusage(RUSAGE_CHILDREN, &usage);
	printf("%lld %lld %ld %ld %ld\n", wall,
	       microseconds(usage.ru_utime) + microseconds(usage.ru_stime), usage.ru_minflt,
	       usage.ru_majflt, usage.ru_maxrss);
	return failed;
}
