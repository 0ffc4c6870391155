/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One hook after the other. Runs in the runtime (prestart, createRuntime, poststart, poststop) or in the
 * container's first process (createContainer, startContainer).
 */
#include "hooks/hooks.h"

#include "base/auto.h"
#include "base/json_out.h"
#include "base/log.h"
#include "base/str.h"
#include "sys/child.h"
#include "sys/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
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

/* A file, not a pipe: a hook need not read its stdin, and then nobody waits for anybody. */
static int state_file(const char *text, size_t length, struct err *e)
{
	autoclose int fd = memfd_create("state", MFD_CLOEXEC);

	if (fd < 0)
		return fail_sys(e, "memfd_create");
	if (write(fd, text, length) != (ssize_t)length || lseek(fd, 0, SEEK_SET) < 0)
		return fail_sys(e, "write the state for a hook");
	return take_fd(&fd);
}

static int open_output(const struct strmap *annotations, const char *name, int *ret, struct err *e)
{
	const char *path = annotations ? strmap_get(annotations, name) : NULL;
	autoclose int fd = -1;

	if (str_empty(path))
		return 0;
	/* Without waiting for somebody to read from a FIFO; the hooks themselves may wait. */
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0 || fcntl(fd, F_SETFL, O_APPEND) < 0)
		return fail_sys(e, "%s: open '%s'", name, path);
	*ret = take_fd(&fd);
	return 0;
}

int hook_place_open(const char *bundle, const struct strmap *annotations, struct hook_place *ret,
		    struct err *e)
{
	auto_hook_place place = HOOK_PLACE_INIT;

	if (open_output(annotations, HOOKS_OUTPUT_ANNOTATION, &place.output, e) < 0 ||
	    open_output(annotations, HOOKS_ERRORS_ANNOTATION, &place.errors, e) < 0)
		return -1;
	if (bundle)
		place.directory = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	*ret = place;
	place = (struct hook_place)HOOK_PLACE_INIT;
	return 0;
}

void hook_place_release(struct hook_place *place)
{
	replace_fd(&place->directory, -1);
	replace_fd(&place->output, -1);
	replace_fd(&place->errors, -1);
}

static __attribute__((noreturn)) void run_in_child(const struct plan_hook *hook, int state,
						   int output, const struct hook_place *place)
{
	int out = place->output >= 0 ? place->output : output;
	int errors = place->errors >= 0 ? place->errors : output;
	char reason[128];
	struct err ignored;

	/* A group of its own, to be killed whole. */
	if (signals_reset(&ignored) < 0 || setpgid(0, 0) < 0 ||
	    (place->directory >= 0 && fchdir(place->directory) < 0) || dup2(state, 0) < 0 ||
	    dup2(out, 1) < 0 || dup2(errors, 2) < 0 || sys_close_range(3, ~0u, 0) < 0)
		_exit(126);
	/* runc and crun agree: a hook without "env" gets that of whoever runs it. */
	execve(hook->path, hook->args, hook->env ? hook->env : environ);
	dprintf(2, "cannot be executed: %s\n", errno_text(errno, reason, sizeof(reason)));
	_exit(127);
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

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the hook ends or its time is over. A process that it left behind may hold the pipe open for
 * ever, so its own end decides. 1: ended; 0: out of time. */
static int follow(struct child *child, int output, int64_t timeout, struct tail *tail,
		  struct err *e)
{
	/* What is beyond the age of the universe is no deadline. */
	int64_t deadline = now_ms() + (timeout > INT64_MAX / 2000 ? INT64_MAX / 2 : timeout * 1000);
	int reads = 64;
	struct pollfd fds[2] = { { .fd = child->pidfd, .events = POLLIN },
				 { .fd = output, .events = POLLIN } };

	for (;;) {
		int64_t left = timeout ? deadline - now_ms() : -1;
		if (timeout && left <= 0)
			return 0;
		if (poll(fds, 2, left > 1000000 ? 1000000 : (int)left) < 0) {
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
}

static int run_one(const struct plan_hook *hook, const char *state, size_t length,
		   const struct hook_place *place, struct err *e)
{
	autoclose int stdin_fd = state_file(state, length, e);
	autoclose int output = -1, output_child = -1;
	autochild child = CHILD_INIT;
	struct tail tail = { .length = 0 };
	int pair[2], rc, status;

	if (stdin_fd < 0)
		return -1;
	if (pipe2(pair, O_CLOEXEC) < 0)
		return fail_sys(e, "pipe");
	output = pair[0];
	output_child = pair[1];
	rc = child_clone(0, -1, &child, e);
	if (rc < 0)
		return -1;
	if (rc == 0)
		run_in_child(hook, stdin_fd, output_child, place);
	replace_fd(&output_child, -1);
	rc = follow(&child, output, hook->timeout, &tail, e);
	if (rc < 0)
		return -1;
	if (rc == 0) {
		kill(-child.pid, SIGKILL);
		return fail(e, ERR_SYSTEM, "'%s' took longer than its timeout of %lld s",
			    hook->path, (long long)hook->timeout);
	}
	if (child_wait(&child, &status, e) < 0)
		return -1;
	if (status != 0)
		return fail(e, ERR_SYSTEM, "'%s' failed with exit status %d%s%s", hook->path,
			    status, tail.length ? ": " : "", tail_line(&tail));
	return 0;
}

int hooks_run(const char *kind, const struct plan_hooks *hooks, const struct oci_state *state,
	      const struct hook_place *place, struct err *e)
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
		rc = run_one(&hooks->v[i], text, length, place, e);
		if (rc < 0)
			err_prefix(e, "%s hook", kind);
	}
	arena_release(&arena);
	return rc;
}

void hooks_run_all(const char *kind, const struct plan_hooks *hooks, const struct oci_state *state)
{
	auto_hook_place place = HOOK_PLACE_INIT;
	struct err e;

	if (hooks->n > 0 && hook_place_open(state->bundle, state->annotations, &place, &e) < 0)
		log_warning("%s hooks: %s", kind, e.text);
	for (size_t i = 0; i < hooks->n; i++) {
		struct plan_hooks one = { .n = 1, .v = &hooks->v[i] };
		if (hooks_run(kind, &one, state, &place, &e) < 0)
			log_warning("%s", e.text);
	}
}
