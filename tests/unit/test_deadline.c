/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/: the deadline, waiting for a peer, helpers, delivering to sockets of others, and ending a family of processes.
 * Nothing here waits for the deadline itself: what is asked is what is seen, and what ends a wait.
 */
#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "os/clock.h"
#include "sys/child.h"
#include "sys/deadline.h"
#include "sys/deliver.h"
#include "sys/family.h"
#include "sys/helper.h"
#include "sys/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#define SOON_MS 20000

static void pause_a_little(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
}

/* --- the deadline --- */

static void test_deadlines_end_and_do_not_overflow(void **state)
{
	struct deadline now = deadline_in(0), late = deadline_in(INT64_MAX), past = deadline_in(-5);

	(void)state;
	assert_int_equal(deadline_ms(), DEADLINE_MS);
	assert_true(deadline_is_over(&now));
	assert_true(deadline_is_over(&past));
	assert_int_equal(deadline_left(&past), 0);
	assert_false(deadline_is_over(&late));
	assert_int_equal(deadline_left(&late), INT_MAX);

	struct deadline soon = deadline_in(5);
	assert_in_range(deadline_left(&soon), 0, 5);
	int64_t before = clock_ms();
	while (!deadline_is_over(&soon))
		pause_a_little();
	assert_true(clock_ms() - before >= 4);
}

/* --- peers --- */

/* A child that waits for its signals. */
static struct child sleeper(void)
{
	struct child child = CHILD_INIT;
	struct err e;
	int rc = child_clone(0, -1, &child, &e);

	if (rc == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	assert_int_equal(rc, 1);
	return child;
}

static const char *seen(const struct peer *peer)
{
	uint64_t runs;

	return peer_look(peer, peer->pid, &runs);
}

static bool is_seen(const struct peer *peer, const char *word)
{
	struct deadline deadline = deadline_in(SOON_MS);

	do {
		const char *what = seen(peer);
		if (word ? what && strstr(what, word) : !what)
			return true;
		pause_a_little();
	} while (!deadline_is_over(&deadline));
	return false;
}

static void test_stopped_and_going_on(void **state)
{
	autochild child = sleeper();
	struct peer peer = { .name = "it", .pid = child.pid, .pidfd = child.pidfd };

	(void)state;
	assert_null(seen(&peer));
	assert_int_equal(kill(child.pid, SIGSTOP), 0);
	assert_true(is_seen(&peer, "stopped by a signal"));
	assert_int_equal(kill(child.pid, SIGCONT), 0);
	assert_true(is_seen(&peer, NULL));
}

static const char *always(pid_t pid)
{
	return pid > 0 ? "asleep in a test" : NULL;
}

static void test_what_the_caller_knows_comes_first(void **state)
{
	autochild child = sleeper();
	struct peer peer = { .pid = child.pid, .pidfd = -1, .hindrance = always };

	(void)state;
	assert_string_equal(seen(&peer), "asleep in a test");
	/* one that has ended is hindered by nothing */
	kill(child.pid, SIGKILL);
	assert_true(pidfd_ended(child.pidfd, SOON_MS));
	assert_null(seen(&peer));
	peer.pid = 0;
	assert_null(seen(&peer));
}

static void ask_agent(int channel)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = ARRAY_SIZE(filter), .filter = filter };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
		    &program) < 0)
		_exit(1);
	if (write(channel, "", 1) == 1)
		getppid();
	for (;;)
		pause();
}

static void test_a_call_that_an_agent_has_to_answer(void **state)
{
	autochild child = CHILD_INIT;
	struct err e;
	int pair[2], rc;
	char byte;

	(void)state;
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	rc = child_clone(0, -1, &child, &e);
	if (rc == 0)
		ask_agent(pair[1]);
	assert_int_equal(rc, 1);
	close(pair[1]);
	if (read(pair[0], &byte, 1) != 1) {
		print_message("skipped: no listeners here (a filter has one already)\n");
		close(pair[0]);
		skip();
	}
	struct peer peer = { .pid = child.pid, .pidfd = -1, .notifies = true };
	assert_true(is_seen(&peer, "agent of a seccomp profile"));
	close(pair[0]);
}

static void test_a_wait_ends_with_words_or_the_end(void **state)
{
	autochild child = sleeper();
	struct peer peer = { .name = "it", .pid = child.pid, .pidfd = child.pidfd };
	struct err e;
	int pair[2];

	(void)state;
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	assert_int_equal(write(pair[1], "x", 1), 1);
	assert_int_equal(peer_wait(&peer, pair[0], &e), 1);
	/* what it has said before it ended is there still */
	kill(child.pid, SIGKILL);
	assert_int_equal(peer_wait(&peer, -1, &e), 0);
	assert_int_equal(peer_wait(&peer, pair[0], &e), 1);
	char byte;
	assert_int_equal(read(pair[0], &byte, 1), 1);
	assert_int_equal(peer_wait(&peer, pair[0], &e), 0);
	close(pair[0]);
	close(pair[1]);
}

/* --- helpers --- */

static int answer_text(void *context, struct strbuf *answer, struct err *e)
{
	(void)e;
	for (int i = 0; i < 100000; i++)
		strbuf_add(answer, context, strlen(context));
	return 0;
}

static int fail_at_once(void *context, struct strbuf *answer, struct err *e)
{
	(void)context;
	(void)answer;
	return (fail)(e, ERR_CONFIG, "no good");
}

static int spin(void *context, struct strbuf *answer, struct err *e)
{
	(void)answer;
	(void)e;
	for (volatile const char *at = context; *at;)
		;
	return 0;
}

static int die(void *context, struct strbuf *answer, struct err *e)
{
	(void)context;
	(void)answer;
	(void)e;
	raise(SIGKILL);
	return 0;
}

static void test_helpers_answer_fail_and_end(void **state)
{
	char text[] = "some words ";
	struct helper_job job = { .name = "the work", .work = answer_text, .context = text };
	autofree char *answer = NULL;
	size_t length;
	struct err e;

	(void)state;
	assert_int_equal(helper_run(&job, 2 << 20, &answer, &length, &e), 0);
	assert_int_equal(length, 100000 * strlen(text));
	assert_memory_equal(answer, text, strlen(text));
	assert_int_equal(answer[length], 0);

	char *none;
	assert_int_equal(helper_run(&job, 1000, &none, &length, &e), -1);
	assert_non_null(strstr(e.text, "more than"));
	job.work = fail_at_once;
	assert_int_equal(helper_run(&job, 1000, &none, &length, &e), -1);
	assert_string_equal(e.text, "no good");
	assert_int_equal(e.kind, ERR_CONFIG);
	job.work = die;
	assert_int_equal(helper_run(&job, 1000, &none, &length, &e), -1);
	assert_string_equal(e.text, "the work ended with status 137 and no answer");
	/* also where who started us ignores the signal */
	signal(SIGXCPU, SIG_IGN);
	job.work = spin;
	job.cpu_seconds = 1;
	assert_int_equal(helper_run(&job, 1000, &none, &length, &e), -1);
	assert_string_equal(e.text, "the work took more than 1 seconds of processor time");
	signal(SIGXCPU, SIG_DFL);
	/* no process is left */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* --- sockets of others --- */

static void test_a_message_is_delivered_or_fails_in_time(void **state)
{
	char path[] = "/tmp/deliver.XXXXXX", where[64], text[8] = { 0 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct err e;

	(void)state;
	assert_non_null(mkdtemp(path));
	snprintf(where, sizeof(where), "%s/socket", path);
	assert_int_equal(deliver(where, "hello", 5, 0, " the test's socket", &e), -1);
	assert_non_null(strstr(e.text, "open the test's socket '"));

	autoclose int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", where);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(deliver(where, "hello", 5, 0, "", &e), -1);
	assert_non_null(strstr(e.text, "connect to '"));
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(deliver(where, "hello", 5, 0, "", &e), 0);
	autoclose int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_int_equal(read(connection, text, sizeof(text)), 5);
	assert_string_equal(text, "hello");
	unlink(where);
	rmdir(path);
}

/* --- families --- */

/* A subreaper whose child has a child in a session of its own, which has lost its parent. */
static void make_family(int told)
{
	pid_t child;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	child = fork();
	if (child == 0) {
		if (fork() > 0)
			_exit(0);
		setsid();
		pid_t own = getpid();
		signal(SIGTERM, SIG_IGN);
		if (write(told, &own, sizeof(own)) != (ssize_t)sizeof(own))
			_exit(1);
		for (;;)
			pause();
	}
	waitpid(child, NULL, 0);
}

static void test_nothing_gets_out_of_a_subreapers_sight(void **state)
{
	autochild child = CHILD_INIT;
	struct err e;
	int pair[2], rc, status;
	pid_t daemon;

	(void)state;
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	rc = child_clone(0, -1, &child, &e);
	if (rc == 0) {
		struct deadline deadline = deadline_in(SOON_MS);
		make_family(pair[1]);
		raise(SIGSTOP);
		_exit(family_end(getpid(), 0, &deadline) ? 0 : 1);
	}
	assert_int_equal(rc, 1);
	assert_int_equal(read(pair[0], &daemon, sizeof(daemon)), sizeof(daemon));
	struct peer peer = { .pid = child.pid, .pidfd = -1 };
	assert_true(is_seen(&peer, "stopped"));
	autoclose int pidfd = sys_pidfd_open(daemon, 0);
	assert_true(pidfd >= 0);
	assert_false(pidfd_ended(pidfd, 0));
	kill(child.pid, SIGCONT);
	assert_int_equal(child_wait(&child, &status, &e), 0);
	assert_int_equal(status, 0);
	assert_true(pidfd_ended(pidfd, 0));
	close(pair[0]);
	close(pair[1]);
}

static void test_a_session_and_its_descendants_and_no_others(void **state)
{
	autochild bystander = sleeper(), leader = CHILD_INIT;
	struct deadline deadline = deadline_in(SOON_MS);
	struct err e;
	int pair[2], rc;
	pid_t member;

	(void)state;
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	rc = child_clone(0, -1, &leader, &e);
	if (rc == 0) {
		setsid();
		member = fork();
		if (member == 0)
			for (;;)
				pause();
		if (write(pair[1], &member, sizeof(member)) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(rc, 1);
	assert_int_equal(read(pair[0], &member, sizeof(member)), sizeof(member));
	autoclose int pidfd = sys_pidfd_open(member, 0);
	assert_true(family_end(leader.pid, leader.pid, &deadline));
	assert_true(pidfd_ended(pidfd, SOON_MS));
	assert_true(pidfd_ended(leader.pidfd, SOON_MS));
	assert_false(pidfd_ended(bystander.pidfd, 0));
	assert_false(family_has_self(bystander.pid));
	assert_true(family_has_self(getppid()));
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deadlines_end_and_do_not_overflow),
		cmocka_unit_test(test_stopped_and_going_on),
		cmocka_unit_test(test_what_the_caller_knows_comes_first),
		cmocka_unit_test(test_a_call_that_an_agent_has_to_answer),
		cmocka_unit_test(test_a_wait_ends_with_words_or_the_end),
		cmocka_unit_test(test_helpers_answer_fail_and_end),
		cmocka_unit_test(test_a_message_is_delivered_or_fails_in_time),
		cmocka_unit_test(test_nothing_gets_out_of_a_subreapers_sight),
		cmocka_unit_test(test_a_session_and_its_descendants_and_no_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
