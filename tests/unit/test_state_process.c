/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process is known by more than its number: what is recorded of it finds it again, and no other. Needs no root.
 */
#include "state_fixture.h"

#include "state/state.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static pid_t sleeper(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		pause();
		_exit(0);
	}
	return pid;
}

static void a_living_process_is_opened_by_its_identity(void **state)
{
	struct fixture *f = *state;
	struct process_identity identity;
	struct err e;
	pid_t pid = sleeper();

	assert_int_equal(process_identify(pid, &f->arena, &identity, &e), 0);
	assert_int_equal(identity.pid, pid);
	int pidfd = process_open(&identity, &e);
	assert_true(pidfd >= 0);
	assert_int_equal(fcntl(pidfd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0), 0);
	waitpid(pid, NULL, 0);
	close(pidfd);
}

static void assert_gone(const struct process_identity *identity)
{
	struct err e = { 0 };

	assert_int_equal(process_open(identity, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
}

static void another_process_with_the_same_pid_is_not_taken_for_it(void **state)
{
	struct fixture *f = *state;
	struct process_identity identity;
	struct err e;
	pid_t pid = sleeper();

	assert_int_equal(process_identify(pid, &f->arena, &identity, &e), 0);
	struct process_identity later = identity, other_boot = identity, none = { 0 };
	later.start_time++;
	assert_gone(&later);
	other_boot.boot_id = arena_strdup(&f->arena, "01234567-89ab-cdef-0123-456789abcdef");
	assert_gone(&other_boot);
	other_boot.boot_id = NULL;
	assert_gone(&other_boot);
	assert_gone(&none);
	none.pid = INT64_C(1) << 40;
	assert_gone(&none);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void a_zombie_is_gone(void **state)
{
	struct fixture *f = *state;
	struct process_identity identity, again;
	struct err e;
	siginfo_t info;
	pid_t pid = sleeper();

	assert_int_equal(process_identify(pid, &f->arena, &identity, &e), 0);
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_gone(&identity);
	assert_int_equal(process_identify(pid, &f->arena, &again, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	waitpid(pid, NULL, 0);
	assert_gone(&identity);
}

static void *live_on(void *argument)
{
	(void)argument;
	pause();
	return NULL;
}

/* Its state letter is Z, and yet it runs. */
static void a_process_whose_first_thread_has_ended_lives(void **state)
{
	struct fixture *f = *state;
	struct process_identity identity;
	struct err e;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		pthread_t thread;
		pthread_create(&thread, NULL, live_on, NULL);
		syscall(SYS_exit, 0);
	}
	sleep_ms(100);
	assert_int_equal(process_identify(pid, &f->arena, &identity, &e), 0);
	int pidfd = process_open(&identity, &e);
	assert_true(pidfd >= 0);
	close(pidfd);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_gone(&identity);
}

static void a_number_that_was_given_out_again_is_noticed(void **state)
{
	struct fixture *f = *state;
	struct process_identity identity;
	struct err e;
	pid_t pid = sleeper();

	assert_int_equal(process_identify(pid, &f->arena, &identity, &e), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	sleep_ms(50); /* more than a clock tick, the resolution of the start time */
	struct clone_args arguments = {
		.exit_signal = SIGCHLD,
		.set_tid = (uint64_t)(uintptr_t)&pid,
		.set_tid_size = 1,
	};
	long rc = syscall(SYS_clone3, &arguments, sizeof(arguments));
	if (rc == 0) {
		pause();
		_exit(0);
	}
	if (rc < 0) {
		print_message("needs the power to choose a pid: %s\n", strerror(errno));
		skip();
	}
	assert_int_equal(rc, pid);
	assert_gone(&identity);
	assert_int_equal(kill(pid, 0), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_living_process_is_opened_by_its_identity),
		TEST(another_process_with_the_same_pid_is_not_taken_for_it),
		TEST(a_zombie_is_gone),
		TEST(a_process_whose_first_thread_has_ended_lives),
		TEST(a_number_that_was_given_out_again_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
