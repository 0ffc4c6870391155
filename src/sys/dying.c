/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See dying.h. Runs in the runtime.
 *
 * All threads are asked: the first one of a living process may have ended (a zombie, PF_EXITING), and
 * execve(2) by one thread kills the others.
 */
#include "sys/dying.h"

#include "base/auto.h"
#include "base/str.h"
#include "os/io.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX 65536

/* proc(5): fields of `stat`, and include/linux/sched.h */
#define FIELD_STATE 3
#define FIELD_FLAGS 9
#define FIELD_EXIT_CODE 52
#define FLAG_EXITING 0x4

/* The name in field 2 may hold blanks and parentheses, so that only its last parenthesis is its end. */
static const char *field_of(const char *stat, int number)
{
	const char *at = strrchr(stat, ')');

	for (int field = FIELD_STATE - 1; at && field < number; field++) {
		at = strchr(at, ' ');
		if (at)
			at++;
	}
	return at ? at : "";
}

static bool has_signal(const char *status, const char *line, int signal)
{
	const char *at = strstr(status, line);

	return at && (strtoull(at + strlen(line), NULL, 16) >> (signal - 1) & 1);
}

bool thread_is_dying(const char *stat, const char *status)
{
	char state = *field_of(stat, FIELD_STATE);
	unsigned long flags = strtoul(field_of(stat, FIELD_FLAGS), NULL, 10);

	if (state == 'Z' || state == 'X' || flags & FLAG_EXITING)
		return true;
	if (has_signal(status, "\nSigPnd:\t", SIGKILL) ||
	    has_signal(status, "\nShdPnd:\t", SIGKILL))
		return true;
	/* Between the one and the other: since Linux 5.18 the code of a process that was told to end, but of
	 * one that is stopped or traced the signal that stopped it. */
	return state != 'T' && state != 't' &&
	       strtoul(field_of(stat, FIELD_EXIT_CODE), NULL, 10) != 0;
}

static char *read_of_thread(int directory, const char *thread, const char *name)
{
	char *text = NULL;
	struct err ignored;
	char path[64];

	if (str_format(path, sizeof(path), &ignored, "%s/%s", thread, name) < 0 ||
	    read_file_at(directory, path, TEXT_MAX, &text, NULL, &ignored) < 0)
		return NULL;
	return text;
}

bool process_is_dying(pid_t pid)
{
	char path[32];
	autoclosedir DIR *scan = NULL;
	bool any = false;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	scan = opendir(path);
	/* Gone in this moment, most likely; the pidfd says that better. */
	if (!scan)
		return false;
	for (struct dirent *entry; (entry = readdir(scan));) {
		autofree char *stat = NULL, *status = NULL;
		if (entry->d_name[0] == '.')
			continue;
		stat = read_of_thread(dirfd(scan), entry->d_name, "stat");
		status = read_of_thread(dirfd(scan), entry->d_name, "status");
		/* A thread that has gone meanwhile keeps nothing alive. */
		if (!stat || !status)
			continue;
		if (!thread_is_dying(stat, status))
			return false;
		any = true;
	}
	return any;
}
