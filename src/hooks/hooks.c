/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One hook after the other. Runs in the runtime (prestart, createRuntime, poststart, poststop) or in the
 * container's first process (createContainer, startContainer).
 */
#include "hooks/hooks.h"

#include "base/auto.h"
#include "base/json_out.h"
#include "base/str.h"
#include "hooks/guard.h"
#include "os/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What is kept of a hook's output for the error text. */
#define TAIL_SIZE 512

int hooks_state_json(const struct oci_state *state, struct arena *arena, char **ret,
		     size_t *ret_length, struct err *e)
{
	auto_json_out out = json_out_new(false);
	const char *text;
	size_t length;

	oci_state_encode(state, out);
	if (json_out_finish(out, &text, &length, e) < 0)
		return -1;
	*ret = arena_strndup(arena, text, length);
	*ret_length = length;
	return 0;
}

/* A file, not a pipe: a hook need not read its stdin, and the runtime does not wait for it. */
static int state_file(const char *text, size_t length, struct err *e)
{
	autoclose int fd = memfd_create("state", MFD_CLOEXEC);

	if (fd < 0)
		return fail_sys(e, "memfd_create");
	if (write(fd, text, length) != (ssize_t)length || lseek(fd, 0, SEEK_SET) < 0)
		return fail_sys(e, "write the state for a hook");
	return take_fd(&fd);
}

void hook_place_release(struct hook_place *place)
{
	replace_fd(&place->directory, -1);
	replace_fd(&place->output, -1);
	replace_fd(&place->errors, -1);
}

/* The last TAIL_SIZE bytes of what a hook prints. */
struct tail {
	char text[TAIL_SIZE + 1];
	size_t length;
};

static bool tail_read(struct tail *tail, int fd)
{
	char buffer[4096];
	ssize_t n = read(fd, buffer, sizeof(buffer));
	size_t add, keep;

	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN);
	add = (size_t)n > TAIL_SIZE ? TAIL_SIZE : (size_t)n;
	keep = tail->length + add > TAIL_SIZE ? TAIL_SIZE - add : tail->length;
	memmove(tail->text, tail->text + tail->length - keep, keep);
	memcpy(tail->text + keep, buffer + n - add, add);
	tail->length = keep + add;
	tail->text[tail->length] = 0;
	return true;
}

/* The last line that says something. */
static const char *tail_line(struct tail *tail)
{
	char *newline;

	while (tail->length && strchr("\n\r \t", tail->text[tail->length - 1]))
		tail->text[--tail->length] = 0;
	newline = strrchr(tail->text, '\n');
	return newline ? newline + 1 : tail->text;
}

/* Until `fd`, that of the hook or its guard, has something to read, or the time is over. A process that the hook left
 * behind may hold its output open for ever, so that the end of it says nothing. 1: it has; 0: out of time. */
static int follow(int fd, int output, const struct deadline *until, struct tail *tail,
		  struct err *e)
{
	int reads = 64;
	struct pollfd fds[2] = { { .fd = fd, .events = POLLIN },
				 { .fd = output, .events = POLLIN } };

	while (!deadline_is_over(until)) {
		if (poll(fds, 2, deadline_left(until)) < 0) {
			if (errno == EINTR)
				continue;
			return fail_sys(e, "wait for a hook");
		}
		if (fds[1].revents && !tail_read(tail, output))
			fds[1].fd = -1;
		if (fds[0].revents) {
			/* What is in the pipe; not what children that it left behind go on writing. */
			while (reads-- && fds[1].fd >= 0 && poll(&fds[1], 1, 0) > 0 &&
			       tail_read(tail, output))
				;
			return 1;
		}
	}
	return 0;
}

/* One hook while it runs. */
struct call {
	const struct plan_hook *hook;
	const struct hook_run *run;
	struct hook_streams streams;
	int output; /* the end of the pipe that is read here */
	struct deadline until;
	bool cut; /* by the caller's deadline, and not by its own */
	struct tail tail;
};

static int fail_late(const struct call *call, struct err *e)
{
	if (call->cut)
		return fail(e, ERR_SYSTEM, "'%s' took longer than the time that is left for it",
			    call->hook->path);
	return fail(e, ERR_SYSTEM, "'%s' took longer than its timeout of %lld s", call->hook->path,
		    (long long)call->hook->timeout);
}

/* In the container: all that it makes ends with that, so a group that can be killed whole is enough, and the profile
 * that may be in force need not allow more than before. */
static int run_plainly(struct call *call, int *ret_status, struct err *e)
{
	autochild child = CHILD_INIT;
	int rc = child_clone(0, -1, &child, e);

	if (rc < 0)
		return -1;
	if (rc == 0) {
		if (setpgid(0, 0) < 0)
			_exit(126);
		hook_execute(call->hook, &call->streams);
	}
	replace_fd(&call->streams.output, -1);
	rc = follow(child.pidfd, call->output, &call->until, &call->tail, e);
	if (rc < 0)
		return -1;
	if (rc == 0) {
		kill(-child.pid, SIGKILL);
		return fail_late(call, e);
	}
	return child_wait(&child, ret_status, e);
}

static int take_result(struct call *call, struct hook_guard *guard, int *ret_status, struct err *e)
{
	/* The guard keeps the time; this is for one that does not. */
	struct deadline last = { .at = call->until.at };
	enum hook_end end;
	int rc;

	if (last.at < INT64_MAX - 2 * DEADLINE_MS)
		last.at += 2 * deadline_ms();
	rc = follow(guard->channel, call->output, &last, &call->tail, e);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return fail_late(call, e);
	if (hook_guard_result(guard, &end, ret_status, e) < 0)
		return -1;
	if (end == HOOK_LATE)
		return fail_late(call, e);
	if (end == HOOK_GIVEN_UP)
		return fail(e, ERR_STATE, "'%s' was ended by another command", call->hook->path);
	return 0;
}

static int run_guarded(struct call *call, int *ret_status, struct err *e)
{
	const struct hook_watch *watch = call->run->watch;
	auto_hook_guard guard = HOOK_GUARD_INIT;
	int rc;

	if (hook_guard_start(call->hook, &call->streams, &call->until, &guard, e) < 0)
		return -1;
	replace_fd(&call->streams.output, -1);
	if (watch->begins(watch->context, guard.child.pid, guard.hook, e) < 0)
		return -1;
	rc = hook_guard_go(&guard, e);
	if (rc == 0)
		rc = take_result(call, &guard, ret_status, e);
	/* Nothing of it is left before the lock is taken again. */
	hook_guard_drop(&guard);
	watch->ended(watch->context);
	return rc;
}

static int run_one(const struct plan_hook *hook, const char *state, size_t length,
		   const struct hook_place *place, const struct hook_run *run, struct err *e)
{
	autoclose int stdin_fd = state_file(state, length, e);
	struct call call = {
		.hook = hook,
		.run = run,
		.streams = { .state = stdin_fd, .output = -1, .place = place },
		.output = -1,
		.until = { .at = INT64_MAX },
	};
	int pair[2], rc, status = 0;

	if (stdin_fd < 0)
		return -1;
	if (pipe2(pair, O_CLOEXEC) < 0)
		return fail_sys(e, "pipe");
	call.output = pair[0];
	call.streams.output = pair[1];
	/* A timeout longer than the age of the universe is not a deadline. */
	if (hook->timeout > 0 && hook->timeout < INT64_MAX / 2000)
		call.until = deadline_in(hook->timeout * 1000);
	if (run->until && run->until->at < call.until.at) {
		call.until = *run->until;
		call.cut = true;
	}
	rc = run->watch ? run_guarded(&call, &status, e) : run_plainly(&call, &status, e);
	close_keep_errno(call.streams.output);
	close_keep_errno(call.output);
	if (rc < 0)
		return -1;
	if (status != 0)
		return fail(e, ERR_SYSTEM, "'%s' failed with exit status %d%s%s", hook->path,
			    status, call.tail.length ? ": " : "", tail_line(&call.tail));
	return 0;
}

int hooks_run(const char *kind, const struct plan_hooks *hooks, const struct oci_state *state,
	      const struct hook_place *place, const struct hook_run *run, struct err *e)
{
	struct arena arena = { 0 };
	char *text;
	size_t length;
	int rc = 0;

	if (hooks->n == 0)
		return 0;
	if (hooks_state_json(state, &arena, &text, &length, e) < 0)
		rc = -1;
	for (size_t i = 0; rc == 0 && i < hooks->n; i++) {
		rc = run_one(&hooks->v[i], text, length, place, run, e);
		if (rc < 0)
			err_prefix(e, "%s hook", kind);
	}
	arena_release(&arena);
	return rc;
}
