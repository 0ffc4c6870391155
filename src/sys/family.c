/* SPDX-License-Identifier: Apache-2.0 */
/* See family.h. Runs in the runtime and in the guard of a hook. */
#include "sys/family.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "os/io.h"
#include "sys/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STAT_MAX 4096
#define PAUSE_MIN_NS 500000L
#define PAUSE_MAX_NS 20000000L

struct relative {
	pid_t pid, parent, session;
	uint64_t start_time;
	char state;
	bool counts;  /* it is one of those that are to be ended */
	bool stopped; /* it was told so */
};
struct family {
	size_t n, room;
	struct relative *v;
};

static void family_release(struct family *family)
{
	free(family->v);
}
#define autofamily __attribute__((cleanup(family_release))) struct family

/* The fields of /proc/PID/stat behind the name, which may hold blanks and parentheses (proc_pid_stat(5)). */
static bool parse(char *text, struct relative *ret)
{
	char *rest = strrchr(text, ')'), *word;
	uint64_t number;

	if (!rest || rest[1] != ' ')
		return false;
	rest += 2;
	for (int field = 3; field <= 22; field++) {
		word = strsep(&rest, " \n");
		if (!word)
			return false;
		if (field == 3)
			ret->state = *word;
		if (field != 4 && field != 6 && field != 22)
			continue;
		if (!parse_u64(word, &number))
			return false;
		if (field == 4)
			ret->parent = (pid_t)number;
		else if (field == 6)
			ret->session = (pid_t)number;
		else
			ret->start_time = number;
	}
	return true;
}

static bool read_relative(pid_t pid, struct relative *ret)
{
	autofree char *text = NULL;
	struct err ignored;
	char path[32];

	*ret = (struct relative){ .pid = pid };
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	return read_file_at(AT_FDCWD, path, STAT_MAX, &text, NULL, &ignored) == 0 &&
	       parse(text, ret);
}

static void add(struct family *family, const struct relative *relative)
{
	if (family->n == family->room) {
		family->room = family->room ? 2 * family->room : 64;
		family->v = xrealloc(family->v, family->room * sizeof(*family->v));
	}
	family->v[family->n++] = *relative;
}

static bool scan(struct family *family)
{
	autoclosedir DIR *directory = opendir("/proc");

	family->n = 0;
	for (struct dirent *entry; directory && (entry = readdir(directory));) {
		struct relative relative;
		uint32_t pid;

		if (parse_u32(entry->d_name, &pid) && pid > 0 && pid <= INT32_MAX &&
		    read_relative((pid_t)pid, &relative))
			add(family, &relative);
	}
	return directory;
}

static int compare(const void *a, const void *b)
{
	const struct relative *one = a, *other = b;

	return (one->pid > other->pid) - (one->pid < other->pid);
}

static bool is_child_of_one(const struct family *family, const struct relative *r, pid_t root)
{
	const struct relative key = { .pid = r->parent };
	const struct relative *parent = bsearch(&key, family->v, family->n, sizeof(key), compare);

	return r->parent == root || (parent && parent->counts);
}

/* How many of them live. */
static size_t mark(struct family *family, pid_t root, pid_t session)
{
	size_t living = 0;
	pid_t own = getpid();
	bool more = true;

	if (family->n)
		qsort(family->v, family->n, sizeof(*family->v), compare);
	for (size_t i = 0; i < family->n; i++) {
		struct relative *r = &family->v[i];
		r->counts = r->pid != own && (r->pid == root || (session && r->session == session));
	}
	while (more) {
		more = false;
		for (size_t i = 0; i < family->n; i++) {
			struct relative *r = &family->v[i];
			if (r->counts || r->pid == own || !is_child_of_one(family, r, root))
				continue;
			r->counts = true;
			more = true;
		}
	}
	for (size_t i = 0; i < family->n; i++)
		living += family->v[i].counts && !strchr("ZX", family->v[i].state);
	return living;
}

/* Exactly that one: the number may be another's by now. */
static void tell(const struct relative *relative, int signal)
{
	autoclose int pidfd = sys_pidfd_open(relative->pid, 0);
	struct relative now;

	if (pidfd >= 0 && read_relative(relative->pid, &now) &&
	    now.start_time == relative->start_time)
		sys_pidfd_send_signal(pidfd, signal);
}

static bool was_told(const struct family *told, const struct relative *relative)
{
	for (size_t i = 0; i < told->n; i++)
		if (told->v[i].pid == relative->pid &&
		    told->v[i].start_time == relative->start_time)
			return true;
	return false;
}

/* All of them stand still before the first one dies: none makes another one meanwhile, and none is lost sight of when
 * its parent goes. */
static bool stop_new(const struct family *family, struct family *told)
{
	bool found = false;

	for (size_t i = 0; i < family->n; i++) {
		if (!family->v[i].counts || was_told(told, &family->v[i]))
			continue;
		tell(&family->v[i], SIGSTOP);
		add(told, &family->v[i]);
		found = true;
	}
	return found;
}

static void reap(void)
{
	siginfo_t info;

	do
		info.si_pid = 0;
	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) == 0 && info.si_pid);
}

bool family_end(pid_t root, pid_t session, const struct deadline *deadline)
{
	struct timespec pause = { .tv_nsec = PAUSE_MIN_NS };
	autofamily family = { 0 }, told = { 0 };

	do {
		if (!scan(&family))
			return false;
		if (mark(&family, root, session) == 0) {
			if (root == getpid())
				reap();
			return true;
		}
		if (stop_new(&family, &told))
			continue;
		for (size_t i = 0; i < family.n; i++)
			if (family.v[i].counts)
				tell(&family.v[i], SIGKILL);
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < PAUSE_MAX_NS)
			pause.tv_nsec *= 2;
		if (root == getpid())
			reap();
	} while (!deadline_is_over(deadline));
	return false;
}

pid_t family_nearest(pid_t pid, const pid_t *roots, size_t n)
{
	struct relative relative = { .parent = pid };

	while (relative.parent > 0) {
		for (size_t i = 0; i < n; i++)
			if (roots[i] == relative.parent)
				return roots[i];
		if (!read_relative(relative.parent, &relative))
			return 0;
	}
	return 0;
}

bool family_has_self(pid_t root)
{
	return root > 0 && family_nearest(getppid(), &root, 1) == root;
}
