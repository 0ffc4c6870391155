/* SPDX-License-Identifier: Apache-2.0 */
/* See helper.h. Runs in the runtime and in the helper. */
#include "sys/helper.h"

#include "base/arena.h"
#include "base/auto.h"
#include "os/io.h"
#include "os/log.h"
#include "sys/child.h"
#include "sys/deadline.h"
#include "sys/procfs.h"
#include "sys/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define READ_STEP 65536

/* Between two looks at one that is late. */
#define LOOK_MS 50

int helper_read(const struct peer *peer, int fd, size_t limit, char **ret, size_t *ret_length,
		struct err *e)
{
	autofree char *text = xmalloc(READ_STEP + 1);
	size_t length = 0;

	for (;;) {
		ssize_t n = peer_wait(peer, fd, e);

		if (n < 0)
			return -1;
		/* It may have ended and left its words, or a child that holds them open. */
		if (n > 0)
			n = read(fd, text + length, READ_STEP);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_sys(e, "read what %s says", peer->name);
		if (n == 0)
			break;
		length += (size_t)n;
		if (length > limit)
			return fail_errno(e, EFBIG, "read what %s says: more than %zu bytes",
					  peer->name, limit);
		text = xrealloc(text, length + READ_STEP + 1);
	}
	text[length] = '\0';
	*ret = take_ptr(&text);
	if (ret_length)
		*ret_length = length;
	return 0;
}

/* Comes before the answer. */
struct head {
	int failed;
	struct err error;
};

/* What is over the first limit gets SIGXCPU, which ends it, over the second SIGKILL (setrlimit(2)). */
static void limit_processor(uint32_t seconds)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	struct rlimit limit;
	sigset_t set;

	if (!seconds || getrlimit(RLIMIT_CPU, &limit) < 0)
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGXCPU);
	sigaction(SIGXCPU, &action, NULL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	/* One that the caller has set is never raised. */
	if (limit.rlim_max > seconds + 1)
		limit.rlim_max = seconds + 1;
	if (limit.rlim_cur > seconds)
		limit.rlim_cur = seconds;
	setrlimit(RLIMIT_CPU, &limit);
}

/* Whatever becomes of it, nothing of the caller's waits for it; and no message goes to what is opened in the log's place. */
static int let_go(int output)
{
	log_silence();
	return close_all_but(0, &output, 1) < 0 || chdir("/") < 0 ? -1 : 0;
}

static __attribute__((noreturn)) void helper_main(const struct helper_job *job, pid_t parent,
						  int output)
{
	struct head head = { .failed = 0 };
	autostrbuf answer = { 0 };
	struct err ignored;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || (job->milliseconds && let_go(output) < 0))
		_exit(1);
	limit_processor(job->cpu_seconds);
	head.failed = job->work(job->context, &answer, &head.error) < 0;
	if (write_fd_all(output, "the answer", &head, sizeof(head), &ignored) < 0 ||
	    (!head.failed && answer.length &&
	     write_fd_all(output, "the answer", answer.text, answer.length, &ignored) < 0))
		_exit(1);
	_exit(0);
}

static int fail_silent(const struct helper_job *job, struct child *helper, struct err *e)
{
	int status;

	if (child_wait(helper, &status, e) < 0)
		return -1;
	if (job->cpu_seconds && (status == 128 + SIGXCPU || status == 128 + SIGKILL))
		return fail(e, ERR_SYSTEM, "%s took more than %u seconds of processor time",
			    job->name, job->cpu_seconds);
	return fail(e, ERR_SYSTEM, "%s ended with status %d and no answer", job->name, status);
}

static int take_answer(const struct helper_job *job, struct child *helper, char *bytes,
		       size_t length, char **ret, size_t *ret_length, struct err *e)
{
	struct head head;
	int status;

	if (length < sizeof(head))
		return fail_silent(job, helper, e);
	memcpy(&head, bytes, sizeof(head));
	if (child_wait(helper, &status, e) < 0)
		return -1;
	if (head.failed) {
		*e = head.error;
		return -1;
	}
	/* An answer that is cut short does not count. */
	if (status != 0)
		return fail(e, ERR_SYSTEM, "%s ended with status %d", job->name, status);
	*ret_length = length - sizeof(head);
	memmove(bytes, bytes + sizeof(head), *ret_length + 1);
	*ret = bytes;
	return 0;
}

/* That it is not let run does not count before the one deadline. */
static bool answers_in_time(const struct helper_job *job, pid_t helper, int output)
{
	const struct deadline soon = deadline_in(job->milliseconds);
	const struct deadline last = deadline_in(deadline_ms());

	while (!deadline_is_over(&last)) {
		struct pollfd answer = { .fd = output, .events = POLLIN };
		uint64_t start_time;
		struct err ignored;
		char state = 0;

		if (deadline_is_over(&soon) &&
		    procfs_start_time(helper, &start_time, &state, &ignored) == 0 && state != 'R')
			return poll(&answer, 1, 0) > 0;
		if (poll(&answer, 1, deadline_is_over(&soon) ? LOOK_MS : deadline_left(&soon)) > 0)
			return true;
	}
	return false;
}

/* It cannot be waited for: what sleeps like that does not die of a signal. */
static int leave_alone(const struct helper_job *job, struct child *helper, struct err *e)
{
	sys_pidfd_send_signal(helper->pidfd, SIGKILL);
	child_keep(helper);
	fail(e, ERR_SYSTEM, "%s took more than %d ms", job->name, job->milliseconds);
	e->sys = ETIMEDOUT;
	return -1;
}

int helper_run(const struct helper_job *job, size_t limit, char **ret, size_t *ret_length,
	       struct err *e)
{
	autochild helper = CHILD_INIT;
	autoclose int output = -1, theirs = -1;
	autofree char *bytes = NULL;
	pid_t parent = getpid();
	size_t length = 0;
	int pair[2], rc;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return fail_sys(e, "pipe");
	output = pair[0];
	theirs = pair[1];
	rc = child_clone(0, -1, &helper, e);
	if (rc < 0)
		return -1;
	if (rc == 0) {
		replace_fd(&output, -1);
		helper_main(job, parent, theirs);
	}
	replace_fd(&theirs, -1);
	if (job->milliseconds && !answers_in_time(job, helper.pid, output))
		return leave_alone(job, &helper, e);
	const struct peer peer = { .name = job->name, .pid = helper.pid, .pidfd = -1 };
	if (helper_read(&peer, output, limit + sizeof(struct head), &bytes, &length, e) < 0 ||
	    take_answer(job, &helper, bytes, length, ret, ret_length, e) < 0)
		return -1;
	take_ptr(&bytes);
	return 0;
}

int helper_program(const char *name, int milliseconds, void (*run)(void *context, int output),
		   void *context, size_t limit, char **ret, int *ret_status, struct err *e)
{
	autochild child = CHILD_INIT;
	autoclose int from = -1, to = -1;
	autofree char *text = NULL;
	int pair[2], rc;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return fail_sys(e, "make a pipe for '%s'", name);
	from = pair[0];
	to = pair[1];
	rc = child_clone(0, -1, &child, e);
	if (rc < 0)
		return -1;
	if (rc == 0) {
		run(context, to);
		_exit(126);
	}
	replace_fd(&to, -1);
	if (milliseconds && !pidfd_ended(child.pidfd, milliseconds)) {
		fail(e, ERR_SYSTEM, "%s took more than %d ms", name, milliseconds);
		e->sys = ETIMEDOUT;
		return -1;
	}
	const struct peer peer = {
		.name = name,
		.pid = child.pid,
		.pidfd = milliseconds ? child.pidfd : -1,
	};
	if (helper_read(&peer, from, limit, &text, NULL, e) < 0 ||
	    child_wait(&child, ret_status, e) < 0)
		return -1;
	*ret = text;
	text = NULL;
	return 0;
}
