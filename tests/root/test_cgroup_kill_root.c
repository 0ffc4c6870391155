/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroups of the running kernel: frozen, signalled, killed and removed, with containers that make groups of their own,
 * freeze themselves and fork without end.
 *
 * world: legacy hybrid v2
 */
#include "cgroup_root.h"

#include "cgroup/cgroup.h"

#include "base/auto.h"
#include "os/io.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void wait_for_pids(struct fixture *f, size_t n)
{
	for (int i = 0; i < 500 && count_pids(f) < n; i++)
		sleep_ms(5);
	assert_true(count_pids(f) >= n);
}

/* Text to a file of the cgroup (or of a group below) in every hierarchy that has it; the number of those. */
static int write_everywhere(const struct fixture *f, const char *file, const char *text)
{
	char path[512];
	int n = 0;

	for (size_t i = 0; i < f->record.directories.n; i++) {
		snprintf(path, sizeof(path), "%s/%s", f->record.directories.v[i], file);
		autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text))
			n++;
	}
	return n;
}

static void freeze(struct fixture *f, const char *directory)
{
	const char *prefix = str_empty(directory) ? "" : arena_printf(&f->arena, "%s/", directory);
	int n = 0;

	if (has_v1())
		n = write_everywhere(f, arena_printf(&f->arena, "%sfreezer.state", prefix),
				     "FROZEN");
	else
		n = write_everywhere(f, arena_printf(&f->arena, "%scgroup.freeze", prefix), "1");
	assert_int_equal(n, 1);
}

/* --- kill --- */

/* Children in groups of their own, in every hierarchy, as systemd in a container has them. */
static void live_in_sub_groups(void *argument)
{
	const struct fixture *f = argument;

	static const char *const names[] = { "a", "a/b", "a/b/c", "d" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		make_below(f, names[i]);
		pid_t child = fork();
		if (child != 0)
			continue;
		char procs[64];
		snprintf(procs, sizeof(procs), "%s/cgroup.procs", names[i]);
		write_everywhere(f, procs, "0");
		wait_for_ever(NULL);
	}
	wait_for_ever(NULL);
}

static void sub_groups_are_killed_and_removed_too(void **state)
{
	struct fixture *f = *state;
	autocgroup cgroup = CGROUP_INIT;

	create(f, &cgroup);
	start(&cgroup, live_in_sub_groups, f);
	wait_for_pids(f, 5);
	kill_and_remove(f);
}

static void a_frozen_container_is_killed(void **state)
{
	struct fixture *f = *state;
	autocgroup cgroup = CGROUP_INIT;

	create(f, &cgroup);
	start(&cgroup, live_in_sub_groups, f);
	wait_for_pids(f, 5);
	sleep_ms(50);
	assert_false(cgroup_is_frozen(&f->record));
	freeze(f, "a/b");
	freeze(f, "");
	assert_true(cgroup_is_frozen(&f->record));
	kill_and_remove(f);
}

static void a_frozen_cgroup_does_not_take_a_container(void **state)
{
	struct fixture *f = *state;
	autocgroup cgroup = CGROUP_INIT;

	create(f, &cgroup);
	freeze(f, "");
	assert_refused(f, "is frozen");
	/* nor one below it */
	f->plan.path = PATH "/inner";
	assert_refused(f, "is frozen");
	struct err e;
	if (cgroup_remove(&f->record, 1000, &e) < 0)
		STOP("%s\n", e.text);
}

static void stop_itself(void *argument)
{
	(void)argument;
	raise(SIGSTOP);
	wait_for_ever(NULL);
}

static void ignore_signals(void *argument)
{
	(void)argument;
	for (int signal_number = 1; signal_number < 32; signal_number++)
		signal(signal_number, SIG_IGN);
	wait_for_ever(NULL);
}

static void stopped_and_deaf_processes_are_killed(void **state)
{
	struct fixture *f = *state;
	autocgroup cgroup = CGROUP_INIT;

	create(f, &cgroup);
	start(&cgroup, stop_itself, NULL);
	start(&cgroup, ignore_signals, NULL);
	sleep_ms(20);
	kill_and_remove(f);
}

/* Each process lives for a moment only: no list of pids is ever up to date. */
static void run_from_pid_to_pid(void *argument)
{
	(void)argument;
	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < 20; i++)
		if (fork() == 0)
			break;
	for (;;)
		if (fork() > 0)
			_exit(0);
}

static void processes_that_fork_faster_than_one_can_look_are_killed(void **state)
{
	struct fixture *f = *state;

	for (int round = 0; round < 5; round++) {
		autocgroup cgroup = CGROUP_INIT;
		create(f, &cgroup);
		start(&cgroup, run_from_pid_to_pid, NULL);
		sleep_ms(50);
		kill_and_remove(f);
	}
}

static void have_many(void *argument)
{
	(void)argument;
	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < 400; i++)
		if (fork() == 0)
			wait_for_ever(NULL);
	wait_for_ever(NULL);
}

static void many_processes_are_killed_with_few_descriptors(void **state)
{
	struct fixture *f = *state;
	autocgroup cgroup = CGROUP_INIT;
	struct rlimit few = { 48, 48 };
	int status;

	create(f, &cgroup);
	start(&cgroup, have_many, NULL);
	wait_for_pids(f, 401);
	pid_t killer = fork();
	assert_true(killer >= 0);
	if (killer == 0) {
		struct err e;
		setrlimit(RLIMIT_NOFILE, &few);
		/* SIGTERM goes by pid on every layout */
		if (cgroup_signal(&f->record, SIGTERM, &e) < 0) {
			dprintf(2, "%s\n", e.text);
			_exit(1);
		}
		if (cgroup_kill(&f->record, 10000, &e) < 0) {
			dprintf(2, "%s\n", e.text);
			_exit(2);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(killer, &status, 0), killer);
	assert_int_equal(status, 0);
	kill_and_remove(f);
}

/* It was stopped while it joined: only some hierarchies have it. */
static void a_process_that_joined_halfway_is_killed(void **state)
{
	struct fixture *f = *state;
	autocgroup cgroup = CGROUP_INIT;

	create(f, &cgroup);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		wait_for_ever(NULL);
	for (size_t i = 0; i < cgroup.n; i++) {
		struct err e;
		if (!f->hierarchies[i].v2 || layout() == CGROUP_V2) {
			assert_int_equal(write_file_at(cgroup.directories[i], "cgroup.procs",
						       arena_printf(&f->arena, "%d", (int)pid), &e),
					 0);
			break;
		}
	}
	assert_int_equal(count_pids(f), 1);
	kill_and_remove(f);
}

static void an_empty_or_missing_cgroup_is_killed_at_once(void **state)
{
	struct fixture *f = *state;
	autocgroup cgroup = CGROUP_INIT;
	struct err e;

	create(f, &cgroup);
	int64_t begin = now_us();
	assert_int_equal(cgroup_kill(&f->record, 5000, &e), 0);
	print_message("empty: killed in %lld us\n", (long long)(now_us() - begin));
	assert_in_range(now_us() - begin, 0, 100000);
	begin = now_us();
	assert_int_equal(cgroup_remove(&f->record, 5000, &e), 0);
	print_message("empty: removed in %lld us\n", (long long)(now_us() - begin));
	assert_int_equal(cgroup_kill(&f->record, 5000, &e), 0);
	assert_int_equal(cgroup_signal(&f->record, SIGTERM, &e), 0);
	assert_int_equal(cgroup_remove(&f->record, 5000, &e), 0);
	assert_int_equal(count_pids(f), 0);
	assert_false(cgroup_is_frozen(&f->record));
}

static void a_kill_below_a_frozen_cgroup_ends_at_its_deadline(void **state)
{
	struct fixture *f = *state;
	autocgroup cgroup = CGROUP_INIT;
	struct err e;

	if (!has_v1()) {
		print_message("under v2 a frozen process can be killed\n");
		skip();
	}
	create(f, &cgroup);
	start(&cgroup, wait_for_ever, NULL);
	const char *parent = MOUNTS "/freezer/distro-shim";
	autoclose int fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(write_file_at(fd, "freezer.state", "FROZEN", &e), 0);
	int64_t begin = now_us();
	assert_int_equal(cgroup_kill(&f->record, 300, &e), -1);
	assert_in_range(now_us() - begin, 250000, 1500000);
	assert_int_equal(e.sys, ETIMEDOUT);
	assert_non_null(strstr(e.text, "frozen by a cgroup above it"));
	assert_int_equal(write_file_at(fd, "freezer.state", "THAWED", &e), 0);
	kill_and_remove(f);
}

/* --- signals --- */

static int *signalled; /* shared with the children */

static void count_signal(int signal_number)
{
	(void)signal_number;
	__atomic_add_fetch(signalled, 1, __ATOMIC_SEQ_CST);
}

static void count_in_sub_groups(void *argument)
{
	signal(SIGUSR1, count_signal);
	live_in_sub_groups(argument);
}

static bool count_reaches(int n)
{
	for (int i = 0; i < 200; i++) {
		if (__atomic_load_n(signalled, __ATOMIC_SEQ_CST) == n)
			return true;
		sleep_ms(5);
	}
	return false;
}

static void a_signal_reaches_each_process_once(void **state)
{
	struct fixture *f = *state;
	autocgroup cgroup = CGROUP_INIT;
	struct err e;

	signalled = mmap(NULL, sizeof(*signalled), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	create(f, &cgroup);
	start(&cgroup, count_in_sub_groups, f);
	wait_for_pids(f, 5);
	sleep_ms(100);
	assert_int_equal(cgroup_signal(&f->record, SIGUSR1, &e), 0);
	assert_false(cgroup_is_frozen(&f->record));
	assert_true(count_reaches(5));

	/* paused: no process runs before it goes on */
	freeze(f, "");
	sleep_ms(50);
	assert_int_equal(cgroup_signal(&f->record, SIGUSR1, &e), 0);
	assert_true(cgroup_is_frozen(&f->record));
	sleep_ms(50);
	assert_int_equal(*signalled, 5);
	write_everywhere(f, has_v1() ? "freezer.state" : "cgroup.freeze",
			 has_v1() ? "THAWED" : "0");
	assert_true(count_reaches(10));

	freeze(f, "");
	assert_int_equal(cgroup_signal(&f->record, SIGKILL, &e), 0);
	assert_false(cgroup_is_frozen(&f->record));
	reap_all();
	kill_and_remove(f);
	munmap(signalled, sizeof(*signalled));
}

/* --- removal --- */

static void a_deep_tree_is_removed(void **state)
{
	struct fixture *f = *state;
	autocgroup cgroup = CGROUP_INIT;
	size_t last = f->record.directories.n - 1;

	create(f, &cgroup);
	int fd = fcntl(cgroup.directories[last], F_DUPFD_CLOEXEC, 3);
	for (int i = 0; i < 200; i++) {
		assert_int_equal(mkdirat(fd, "a-rather-long-name-of-a-group", 0755), 0);
		replace_fd(&fd, openat(fd, "a-rather-long-name-of-a-group",
				       O_PATH | O_DIRECTORY | O_CLOEXEC));
	}
	close(fd);
	kill_and_remove(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sub_groups_are_killed_and_removed_too),
		TEST(a_frozen_container_is_killed),
		TEST(a_frozen_cgroup_does_not_take_a_container),
		TEST(stopped_and_deaf_processes_are_killed),
		TEST(processes_that_fork_faster_than_one_can_look_are_killed),
		TEST(many_processes_are_killed_with_few_descriptors),
		TEST(a_process_that_joined_halfway_is_killed),
		TEST(an_empty_or_missing_cgroup_is_killed_at_once),
		TEST(a_kill_below_a_frozen_cgroup_ends_at_its_deadline),
		TEST(a_signal_reaches_each_process_once),
		TEST(a_deep_tree_is_removed),
	};
	const char *world = getenv("DISTRO_SHIM_WORLD");

	/* Never on a machine's own cgroups. 77 is automake's and contrib/check's word for "skipped". */
	if (!str_eq(world, "legacy") && !str_eq(world, "hybrid") && !str_eq(world, "v2")) {
		printf("SKIP: needs the private machine: tests/world legacy|hybrid|v2 %s\n",
		       "test_cgroup_kill_root");
		return 77;
	}
	if (geteuid() != 0) {
		printf("SKIP: needs root\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
