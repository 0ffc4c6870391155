/* SPDX-License-Identifier: Apache-2.0 */
/* See peer.h. Runs in the runtime. */
#include "sys/peer.h"

#include "base/auto.h"
#include "base/str.h"
#include "os/io.h"
#include "sys/deadline.h"
#include "sys/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

/* How long a peer may be silent before it is looked at, and then between two looks. */
#define LOOK_MS 250
#define STATUS_MAX (64u << 10)

static const char stopped[] = "stopped by a signal";
static const char traced[] = "stopped by a tracer";
static const char asks_agent[] = "waiting for the agent of a seccomp profile";

/* NULL if it cannot be read, which tells nothing. Owned. */
static char *read_of(pid_t pid, const char *file)
{
	char path[48], *text;
	struct err ignored;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return read_file_at(AT_FDCWD, path, STATUS_MAX, &text, NULL, &ignored) == 0 ? text : NULL;
}

/* The number behind a key of /proc/PID/status (proc_pid_status(5)). */
static bool number_of(const char *status, const char *key, uint64_t *ret)
{
	const char *at = strstr(status, key);
	char number[24];
	size_t length;

	if (!at)
		return false;
	at += strlen(key);
	at += strspn(at, " \t");
	length = strspn(at, "0123456789");
	if (length == 0 || length >= sizeof(number))
		return false;
	memcpy(number, at, length);
	number[length] = '\0';
	return parse_u64(number, ret);
}

/* A hook that it waits for is none of an agent's. If the kernel does not tell (CONFIG_PROC_CHILDREN), it has
 * none. */
static bool has_children(pid_t pid)
{
	char file[48];
	autofree char *text = NULL;

	snprintf(file, sizeof(file), "task/%d/children", (int)pid);
	text = read_of(pid, file);
	return text && text[0] != '\0';
}

/*
 * The kernel names the function that it sleeps in to who may trace it (proc_pid_wchan(5)). To others, a runtime
 * without power over its own container, it says "0": then one that sleeps under such a filter, with no child to wait
 * for, and is not let run from one look to the next, is taken for one that waits for the agent.
 */
static const char *look_for_agent(const struct peer *peer, pid_t pid, char state, uint64_t *runs)
{
	autofree char *where = read_of(pid, "wchan");
	autofree char *status = NULL;
	uint64_t mode = 0, by_itself = 0, by_force = 0;
	bool told = where && !str_empty(where) && !str_eq(where, "0");

	if (told ? !strstr(where, "seccomp") : !peer->notifies || state != 'S')
		return NULL;
	status = read_of(pid, "status");
	if (!status || !number_of(status, "\nvoluntary_ctxt_switches:", &by_itself) ||
	    !number_of(status, "\nnonvoluntary_ctxt_switches:", &by_force))
		return NULL;
	if (!told && (!number_of(status, "\nSeccomp:", &mode) || mode != 2 || has_children(pid)))
		return NULL;
	*runs = by_itself + by_force;
	return asks_agent;
}

pid_t peer_heir(pid_t pid)
{
	autofree char *text = NULL;
	struct err ignored;
	uint64_t start_time;
	uint32_t heir;
	char *last, state = 0;

	if (procfs_start_time(pid, &start_time, &state, &ignored) < 0 || state != 'Z' ||
	    read_file_at(AT_FDCWD, "/proc/thread-self/children", STATUS_MAX, &text, NULL,
			 &ignored) < 0)
		return 0;
	/* In the order of their birth, a blank behind each. */
	last = text + strlen(text);
	if (last > text)
		*--last = '\0';
	last = strrchr(text, ' ');
	return parse_u32(last ? last + 1 : text, &heir) && (pid_t)heir != pid ? (pid_t)heir : 0;
}

/* *ret_state: 'Z' if it has ended and left no process. */
static pid_t find(pid_t pid, char *ret_state)
{
	uint64_t start_time;
	struct err ignored;
	pid_t heir;

	*ret_state = 'Z';
	if (pid <= 0 || procfs_start_time(pid, &start_time, ret_state, &ignored) < 0)
		return 0;
	heir = *ret_state == 'Z' ? peer_heir(pid) : 0;
	return heir && procfs_start_time(heir, &start_time, ret_state, &ignored) == 0 ? heir : pid;
}

const char *peer_look(const struct peer *peer, pid_t of, uint64_t *runs)
{
	const char *hindrance;
	char state;
	pid_t pid = find(of, &state);

	*runs = 0;
	if (!pid || state == 'Z')
		return NULL;
	/* Before the state: what is frozen may have been stopped before, and would not go on if it were let. */
	hindrance = peer->hindrance ? peer->hindrance(pid) : NULL;
	if (hindrance)
		return hindrance;
	if (state == 'T')
		return stopped;
	if (state == 't')
		return traced;
	return look_for_agent(peer, pid, state, runs);
}

/* What the looks at it have shown. */
struct sight {
	bool hindered;
	uint64_t runs;
	struct deadline deadline; /* while it is hindered */
};

/* The deadline begins anew where it went on in between. */
static int look(const struct peer *peer, struct sight *sight, struct err *e)
{
	uint64_t runs;
	const char *hindrance = peer_look(peer, peer->pid, &runs);

	if (!hindrance)
		hindrance = peer_look(peer, peer->other, &runs);
	if (!hindrance) {
		sight->hindered = false;
		return 0;
	}
	if (!sight->hindered || runs != sight->runs) {
		sight->hindered = true;
		sight->runs = runs;
		sight->deadline = deadline_in(deadline_ms());
		return 0;
	}
	if (!deadline_is_over(&sight->deadline))
		return 0;
	fail(e, ERR_STATE, "%s does not answer: it has been %s for %d seconds", peer->name,
	     hindrance, (deadline_ms() + 999) / 1000);
	e->sys = ETIMEDOUT;
	return -1;
}

int peer_wait(const struct peer *peer, int fd, struct err *e)
{
	struct pollfd fds[2] = { { .fd = fd, .events = POLLIN },
				 { .fd = peer->pidfd, .events = POLLIN } };
	struct sight sight = { 0 };

	for (;;) {
		int left = sight.hindered ? deadline_left(&sight.deadline) : LOOK_MS;
		int rc = poll(fds, 2, left < LOOK_MS ? left : LOOK_MS);

		if (rc < 0 && errno != EINTR)
			return fail_sys(e, "wait for %s", peer->name);
		/* What a dying process has sent is still there: the file before the process. */
		if (rc > 0)
			return fds[0].revents || poll(&fds[0], 1, 0) > 0 ? 1 : 0;
		if (look(peer, &sight, e) < 0)
			return -1;
	}
}
