/* SPDX-License-Identifier: Apache-2.0 */
/* See guard.h. hook_guard_* run in the runtime, the rest in the guard and the hook. */
#include "hooks/guard.h"

#include "base/auto.h"
#include "base/str.h"
#include "sys/channel.h"
#include "sys/family.h"
#include "sys/peer.h"
#include "sys/procfs.h"
#include "sys/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* What they say to each other: guard -> HOOK_IS_THERE with the hook's number, runtime -> GO, guard -> the end. */
enum word { HOOK_IS_THERE = 100, GO, FAILED };

/* How long a guard may take to end what it guards: processes that are about to die may be slow, and one in
 * uninterruptible sleep does not. */
static int64_t ending_ms(void)
{
	return deadline_ms() / 2;
}

__attribute__((noreturn)) void hook_execute(const struct plan_hook *hook,
					    const struct hook_streams *streams)
{
	const struct hook_place *place = streams->place;
	const struct spawn spawn = {
		.directory = place->directory,
		.input = streams->state,
		.output = place->output >= 0 ? place->output : streams->output,
		.errors = place->errors >= 0 ? place->errors : streams->output,
		/* what is prepared may take one that is open */
		.close_flags = place->prepare ? CLOSE_RANGE_CLOEXEC : 0,
	};
	char reason[128];
	struct err e;

	if (spawn_prepare(&spawn, &e) < 0)
		_exit(126);
	if (place->prepare && place->prepare(place->context, &e) < 0) {
		dprintf(2, "%s\n", e.text);
		_exit(126);
	}
	/* runc and crun agree: a hook without "env" gets that of the process that runs it. */
	execve(hook->path, hook->args, hook->env ? hook->env : environ);
	dprintf(2, "cannot be executed: %s\n", errno_text(errno, reason, sizeof(reason)));
	_exit(127);
}

/* --- the guard --- */

struct watch {
	struct child hook;
	int channel, signals;
	struct deadline until;
};

static int say(int channel, uint32_t word, int32_t value)
{
	struct message message = { .type = word, .value = value };
	struct err ignored;

	return channel_send(channel, &message, -1, &ignored);
}

static __attribute__((noreturn)) void end_all(struct watch *w, uint32_t word)
{
	struct deadline deadline = deadline_in(ending_ms());

	family_end(getpid(), 0, &deadline);
	if (word)
		(void)!say(w->channel, word, 0);
	_exit(1);
}

static __attribute__((noreturn)) void follow(struct watch *w)
{
	struct pollfd fds[3] = { { .fd = w->hook.pidfd, .events = POLLIN },
				 { .fd = w->channel, .events = POLLIN },
				 { .fd = w->signals, .events = POLLIN } };
	struct err ignored;
	int status;

	for (;;) {
		int rc = poll(fds, 3, deadline_left(&w->until));

		if (rc < 0 && errno != EINTR)
			end_all(w, 0);
		if (rc > 0 && fds[0].revents) {
			if (child_wait(&w->hook, &status, &ignored) < 0)
				end_all(w, 0);
			(void)!say(w->channel, HOOK_ENDED, status);
			_exit(0);
		}
		/* Nothing is said any more, so it is the end of the runtime. */
		if (rc > 0 && fds[1].revents)
			end_all(w, 0);
		if (rc > 0 && fds[2].revents)
			end_all(w, HOOK_GIVEN_UP);
		if (deadline_is_over(&w->until))
			end_all(w, HOOK_LATE);
	}
}

/* Until it is in the records. */
static void wait_go(struct watch *w)
{
	struct pollfd fds[2] = { { .fd = w->channel, .events = POLLIN },
				 { .fd = w->signals, .events = POLLIN } };
	struct message message;
	struct err ignored;

	while (!deadline_is_over(&w->until)) {
		int rc = poll(fds, 2, deadline_left(&w->until));

		if (rc > 0 && fds[1].revents)
			end_all(w, HOOK_GIVEN_UP);
		if (rc <= 0)
			continue;
		if (channel_receive(w->channel, &message, NULL, &ignored) > 0 && message.type == GO)
			return;
		end_all(w, 0);
	}
	end_all(w, HOOK_LATE);
}

/* Nothing of the runtime's stays open here: neither the lock on the container's directory nor the streams that its
 * caller reads to their end. */
static int leave_runtime(const struct hook_streams *streams, int channel)
{
	const struct hook_place *place = streams->place;
	int keep[] = { channel,          streams->state, streams->output,
		       place->directory, place->output,  place->errors };

	return close_all_but(3, keep, ARRAY_SIZE(keep)) < 0
		       ? -1
		       : spawn_streams(streams->state, streams->output, streams->output);
}

static int catch_end(int *ret_signals)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t set;

	/* A process that ignores SIGCHLD cannot wait for its children. */
	sigaction(SIGCHLD, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigfillset(&set);
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
		return -1;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	*ret_signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return *ret_signals < 0 ? -1 : 0;
}

/* Until it is in the records it is not let go. */
static __attribute__((noreturn)) void wait_to_execute(const struct plan_hook *hook,
						      const struct hook_streams *streams, int gate)
{
	char word;
	ssize_t n;

	if (setsid() < 0)
		_exit(126);
	do
		n = read(gate, &word, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(126);
	hook_execute(hook, streams);
}

static __attribute__((noreturn)) void guard_main(const struct plan_hook *hook,
						 const struct hook_streams *streams,
						 const struct deadline *until, int channel)
{
	struct watch w = { .hook = CHILD_INIT, .channel = channel, .until = *until };
	struct err e;
	int gate[2], rc;

	prctl(PR_SET_NAME, "hook-guard");
	if (setsid() < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 ||
	    leave_runtime(streams, channel) < 0 || catch_end(&w.signals) < 0 ||
	    pipe2(gate, O_CLOEXEC) < 0) {
		(void)!say(channel, FAILED, errno);
		_exit(1);
	}
	rc = child_clone(0, -1, &w.hook, &e);
	if (rc == 0) {
		close(gate[1]);
		close(channel);
		wait_to_execute(hook, streams, gate[0]);
	}
	close(gate[0]);
	if (rc < 0) {
		(void)!say(channel, FAILED, e.sys);
		_exit(1);
	}
	if (say(channel, HOOK_IS_THERE, w.hook.pid) < 0)
		end_all(&w, 0);
	wait_go(&w);
	if (write(gate[1], "", 1) != 1)
		end_all(&w, 0);
	close(gate[1]);
	follow(&w);
}

/* --- the runtime --- */

/* A guard that was killed, or is stopped. */
static void end_without_it(const struct hook_guard *guard)
{
	struct deadline deadline = deadline_in(ending_ms());
	uint64_t start_time;
	struct err ignored;

	if (guard->hook > 0 && procfs_start_time(guard->hook, &start_time, NULL, &ignored) == 0 &&
	    start_time == guard->hook_start_time)
		family_end(guard->hook, guard->hook, &deadline);
	if (!pidfd_ended(guard->child.pidfd, 0))
		family_end(guard->child.pid, 0, &deadline);
}

void hook_guard_drop(struct hook_guard *guard)
{
	int saved = errno;

	/* It ends with all that it guards where we hang up. */
	replace_fd(&guard->channel, -1);
	if (guard->child.pidfd >= 0 &&
	    (!pidfd_ended(guard->child.pidfd, (int)ending_ms() + 1000) || !guard->over))
		end_without_it(guard);
	child_drop(&guard->child);
	errno = saved;
}

static int receive(struct hook_guard *guard, struct message *message, struct err *e)
{
	const struct peer peer = {
		.name = "the guard of a hook",
		.pid = guard->child.pid,
		.pidfd = -1,
	};
	int rc = peer_wait(&peer, guard->channel, e);

	if (rc > 0)
		rc = channel_receive(guard->channel, message, NULL, e);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return fail(e, ERR_SYSTEM, "the guard of a hook has ended before its time");
	if (message->type == FAILED)
		return fail_errno(e, message->value, "make a process for a hook");
	return 0;
}

int hook_guard_start(const struct plan_hook *hook, const struct hook_streams *streams,
		     const struct deadline *until, struct hook_guard *ret, struct err *e)
{
	auto_hook_guard guard = HOOK_GUARD_INIT;
	autoclose int theirs = -1;
	struct message message;
	int pair[2], rc;

	if (channel_pair(pair, e) < 0)
		return -1;
	guard.channel = pair[0];
	theirs = pair[1];
	rc = child_clone(0, -1, &guard.child, e);
	if (rc < 0)
		return -1;
	if (rc == 0) {
		close(guard.channel);
		guard_main(hook, streams, until, theirs);
	}
	replace_fd(&theirs, -1);
	if (receive(&guard, &message, e) < 0)
		return -1;
	guard.hook = message.value;
	if (procfs_start_time(guard.hook, &guard.hook_start_time, NULL, e) < 0)
		return -1;
	*ret = guard;
	guard = (struct hook_guard)HOOK_GUARD_INIT;
	return 0;
}

int hook_guard_go(struct hook_guard *guard, struct err *e)
{
	struct message go = { .type = GO };

	return channel_send(guard->channel, &go, -1, e);
}

int hook_guard_result(struct hook_guard *guard, enum hook_end *ret, int *ret_status, struct err *e)
{
	struct message message;

	if (receive(guard, &message, e) < 0)
		return -1;
	guard->over = true;
	*ret = (enum hook_end)message.type;
	*ret_status = message.value;
	return 0;
}
