/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroups of the running kernel: made, limited, joined, frozen, killed and removed, with containers that
 * make groups of their own, freeze themselves and fork without end.
 *
 * world: legacy hybrid v2
 */
#include "cgroup/cgroup.h"
#include "cgroup/systemd.h"

#include "base/auto.h"
#include "os/io.h"
#include "sys/child.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>
#undef fail /* of cmocka; ours makes errors */

/* STOP(), which needs the fail() of cmocka */
#define STOP(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

#define MOUNTS "/sys/fs/cgroup"
#define PATH "/distro-shim/test"

#define WRITE(controller_, file_, value_) \
	((struct plan_cgroup_write){      \
		.controller = (controller_), .file = (file_), .value = (value_) })

struct fixture {
	struct arena arena;
	struct cgroup_facts facts;
	struct cgroup_hierarchy_facts hierarchies[CGROUP_MAX_HIERARCHIES];
	struct plan_cgroup plan;
	struct plan_cgroup_write writes[8];
	struct cgroup_record record;
};

/* --- the machine --- */

static int layout(void)
{
	const char *world = getenv("DISTRO_SHIM_WORLD");

	if (str_eq(world, "legacy"))
		return CGROUP_V1;
	if (str_eq(world, "hybrid"))
		return CGROUP_HYBRID;
	return CGROUP_V2;
}

static bool has_v1(void)
{
	return layout() != CGROUP_V2;
}

static void add_hierarchy(struct fixture *f, const char *name)
{
	struct cgroup_hierarchy_facts *h = &f->hierarchies[f->facts.hierarchies.n++];
	const char *word = name;

	*h = (struct cgroup_hierarchy_facts){ 0 };
	h->v2 = name[0] == '\0' || str_eq(name, "unified");
	h->mount_point = arena_printf(&f->arena, MOUNTS "%s%s", name[0] ? "/" : "", name);
	h->controllers.v = arena_new_array(&f->arena, char *, 8);
	if (str_eq(name, "systemd"))
		h->name = arena_strdup(&f->arena, name);
	if (h->v2 || h->name)
		return;
	for (size_t n; *word; word += n + (word[n] == ',')) {
		n = strcspn(word, ",");
		h->controllers.v[h->controllers.n++] = arena_strndup(&f->arena, word, n);
	}
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->facts.hierarchies.v = f->hierarchies;
	if (layout() == CGROUP_V2) {
		add_hierarchy(f, "");
	} else {
		autoclosedir DIR *scan = opendir(MOUNTS);
		for (struct dirent *entry; scan && (entry = readdir(scan));)
			if (entry->d_name[0] != '.' && entry->d_type == DT_DIR)
				add_hierarchy(f, entry->d_name);
	}
	f->facts.layout = layout();
	f->plan.manage = true;
	f->plan.layout = layout();
	f->plan.path = PATH;
	f->plan.writes.v = f->writes;
	cgroup_describe(&f->plan, &f->facts, &f->arena, &f->record);
	*state = f;
	return 0;
}

/* Each test proves by this that it leaves nothing behind. */
static int teardown(void **state)
{
	struct fixture *f = *state;
	int left = 0;
	struct err e;

	for (size_t i = 0; i < f->facts.hierarchies.n; i++) {
		const char *path =
			arena_printf(&f->arena, "%s/distro-shim", f->hierarchies[i].mount_point);
		left += access(path, F_OK) == 0;
	}
	if (left > 0) {
		print_error("%d hierarchies still have /distro-shim\n", left);
		(void)!cgroup_kill(&f->record, 3000, &e);
		(void)!cgroup_remove(&f->record, 1000, &e);
	}
	arena_release(&f->arena);
	free(f);
	return left ? -1 : 0;
}

static void sleep_ms(long ms)
{
	struct timespec wait = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&wait, NULL);
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* --- a container --- */

static void create(struct fixture *f, struct cgroup *ret)
{
	struct err e;

	if (cgroup_create(&f->plan, &f->facts, NULL, ret, &e) < 0)
		STOP("%s\n", e.text);
}

static void assert_refused(struct fixture *f, const char *part_of_text)
{
	autocgroup cgroup = CGROUP_INIT;
	struct err e = { 0 };

	assert_int_equal(cgroup_create(&f->plan, &f->facts, NULL, &cgroup, &e), -1);
	if (!strstr(e.text, part_of_text))
		STOP("'%s' is not in: %s\n", part_of_text, e.text);
}

/* Start `body` in the cgroup, the way boot/ does. Returns when it has joined. */
static pid_t start(const struct cgroup *cgroup, void (*body)(void *), void *argument)
{
	struct child child = CHILD_INIT;
	struct err e;
	int joined[2];
	char c;

	assert_int_equal(pipe2(joined, O_CLOEXEC), 0);
	int rc = child_clone(0, cgroup->into, &child, &e);
	if (rc < 0)
		STOP("%s\n", e.text);
	if (rc == 0) {
		if (cgroup_join_self(cgroup, &e) < 0) {
			dprintf(2, "%s\n", e.text);
			_exit(99);
		}
		(void)!write(joined[1], "x", 1);
		close(joined[0]);
		close(joined[1]);
		body(argument);
		_exit(0);
	}
	close(joined[1]);
	ssize_t n = read(joined[0], &c, 1);
	close(joined[0]);
	assert_int_equal(n, 1);
	pid_t pid = child.pid;
	child_keep(&child);
	return pid;
}

static void wait_for_ever(void *argument)
{
	(void)argument;
	for (;;)
		pause();
}

static void reap_all(void)
{
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

static size_t count_pids(struct fixture *f)
{
	struct u32list pids;
	struct err e;

	if (cgroup_pids(&f->record, &f->arena, &pids, &e) < 0)
		STOP("%s\n", e.text);
	return pids.n;
}

static void wait_for_pids(struct fixture *f, size_t n)
{
	for (int i = 0; i < 500 && count_pids(f) < n; i++)
		sleep_ms(5);
	assert_true(count_pids(f) >= n);
}

static void kill_and_remove(struct fixture *f)
{
	struct err e;

	if (cgroup_kill(&f->record, 5000, &e) < 0)
		STOP("%s\n", e.text);
	assert_int_equal(count_pids(f), 0);
	/* Who is ending is not listed any more, but still counted by the kernel's state of the freezer. */
	for (int i = 0; i < 500 && cgroup_is_frozen(&f->record); i++)
		sleep_ms(5);
	assert_false(cgroup_is_frozen(&f->record));
	if (cgroup_remove(&f->record, 5000, &e) < 0)
		STOP("%s\n", e.text);
	reap_all();
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

static void copy_file(const char *from_directory, const char *to_directory, const char *file)
{
	autoclose int from = open(from_directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int to = open(to_directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autofree char *text = NULL;
	struct err e;

	if (read_file_at(from, file, 4096, &text, NULL, &e) == 0)
		(void)!write_file_at(to, file, text, &e);
}

static void make_below(const struct fixture *f, const char *name)
{
	char path[512];

	for (size_t i = 0; i < f->record.directories.n; i++) {
		const char *directory = f->record.directories.v[i];
		snprintf(path, sizeof(path), "%s/%s", directory, name);
		(void)!mkdir(path, 0755);
		/* a v1 cpuset cannot be joined while it is empty */
		copy_file(directory, path, "cpuset.cpus");
		copy_file(directory, path, "cpuset.mems");
	}
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

/* --- creation and join --- */

static void a_process_is_born_into_every_hierarchy(void **state)
{
	struct fixture *f = *state;
	autocgroup cgroup = CGROUP_INIT;
	autofree char *text = NULL;
	struct err e;
	size_t here = 0;

	int64_t begin = now_us();
	create(f, &cgroup);
	print_message("%zu hierarchies made in %lld us\n", cgroup.n, (long long)(now_us() - begin));
	assert_int_equal(cgroup.n, f->facts.hierarchies.n);
	assert_int_equal(cgroup.into >= 0, layout() != CGROUP_V1);
	pid_t pid = start(&cgroup, wait_for_ever, NULL);
	assert_int_equal(read_file_at(AT_FDCWD,
				      arena_printf(&f->arena, "/proc/%d/cgroup", (int)pid), 8192,
				      &text, NULL, &e),
			 0);
	for (const char *line = text; (line = strstr(line, ":" PATH "\n")); line++)
		here++;
	/* pure v1 has the line of the unmounted v2 tree too, with another path */
	assert_int_equal(here, cgroup.n);
	assert_int_equal(count_pids(f), 1);
	kill_and_remove(f);
}

static void joining_is_fast(void **state)
{
	struct fixture *f = *state;
	autocgroup cgroup = CGROUP_INIT;

	create(f, &cgroup);
	sleep_ms(300);
	int64_t begin = now_us();
	start(&cgroup, wait_for_ever, NULL);
	int64_t took = now_us() - begin;
	print_message("born and joined in %lld us\n", (long long)took);
	kill_and_remove(f);
}

static void an_empty_cgroup_is_used_and_a_full_one_refused(void **state)
{
	struct fixture *f = *state;
	autocgroup first = CGROUP_INIT, second = CGROUP_INIT;
	struct err e;

	create(f, &first);
	create(f, &second);
	pid_t pid = start(&second, wait_for_ever, NULL);
	assert_refused(f, "is not empty: 1 process is in it");
	/* the refusal has taken nothing away */
	assert_int_equal(kill(pid, 0), 0);
	assert_int_equal(count_pids(f), 1);
	make_below(f, "sub");
	assert_int_equal(cgroup_remove(&f->record, 30, &e), -1);
	assert_int_equal(e.sys, EBUSY);
	assert_non_null(strstr(e.text, arena_printf(&f->arena, " %d", (int)pid)));
	kill_and_remove(f);
}

static void limits_are_written(void **state)
{
	struct fixture *f = *state;
	autocgroup cgroup = CGROUP_INIT;
	struct err e;
	size_t n = 0;

	if (has_v1()) {
		f->writes[n++] = WRITE("pids", "pids.max", "7");
		f->writes[n++] = WRITE("memory", "memory.limit_in_bytes", "67108864");
		f->writes[n++] = WRITE("memory", "memory.memsw.limit_in_bytes", "134217728");
	}
	if (layout() != CGROUP_V1)
		f->writes[n++] = WRITE("cgroup", "cgroup.max.depth", "3");
	f->plan.writes.n = n;
	create(f, &cgroup);
	for (size_t i = 0; i < n; i++) {
		char *value = NULL;
		for (size_t k = 0; k < cgroup.n; k++)
			if (read_file_at(cgroup.directories[k], f->writes[i].file, 64, &value, NULL,
					 &e) == 0)
				break;
		assert_non_null(value);
		value[strcspn(value, "\n")] = '\0';
		assert_string_equal(value, f->writes[i].value);
		free(value);
	}
	kill_and_remove(f);
}

/* An engine has left limits below the new ones: memory with swap must grow before memory does. */
static void limits_that_depend_on_each_other_are_accepted_in_any_order(void **state)
{
	struct fixture *f = *state;
	autocgroup first = CGROUP_INIT, second = CGROUP_INIT;

	if (!has_v1()) {
		print_message("needs the v1 memory controller\n");
		skip();
	}
	f->writes[0] = WRITE("memory", "memory.limit_in_bytes", "16777216");
	f->writes[1] = WRITE("memory", "memory.memsw.limit_in_bytes", "16777216");
	f->plan.writes.n = 2;
	create(f, &first);
	f->writes[0].value = f->writes[1].value = "67108864";
	create(f, &second);
	kill_and_remove(f);
}

static void a_refused_limit_leaves_nothing(void **state)
{
	struct fixture *f = *state;

	f->plan.writes.n = 1;
	f->writes[0] = has_v1() ? WRITE("pids", "pids.max", "many")
				: WRITE("cgroup", "cgroup.max.depth", "many");
	assert_refused(f, "write 'many' to '");
	assert_refused(f, "invalid argument");
	f->writes[0] = WRITE("nonesuch", "nonesuch.max", "1");
	assert_refused(f, "cgroup controller 'nonesuch' is not available");
	/* teardown sees whether anything is left */
}

static void a_pids_limit_holds(void **state)
{
	struct fixture *f = *state;
	autocgroup cgroup = CGROUP_INIT;

	if (!has_v1()) {
		print_message("needs the pids controller\n");
		skip();
	}
	f->writes[0] = WRITE("pids", "pids.max", "3");
	f->plan.writes.n = 1;
	create(f, &cgroup);
	struct shared {
		int forked, error;
	} *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			 -1, 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct err e;
		if (cgroup_join_self(&cgroup, &e) < 0)
			_exit(99);
		for (int i = 0; i < 10; i++) {
			pid_t child = fork();
			if (child == 0)
				wait_for_ever(NULL);
			if (child < 0)
				shared->error = errno;
			else
				shared->forked++;
		}
		_exit(0);
	}
	int status;
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(shared->forked, 2);
	assert_int_equal(shared->error, EAGAIN);
	munmap(shared, sizeof(*shared));
	kill_and_remove(f);
}

static void a_threaded_cgroup_above_is_refused(void **state)
{
	struct fixture *f = *state;
	const char *mount_point = NULL;

	for (size_t i = 0; i < f->facts.hierarchies.n; i++)
		if (f->hierarchies[i].v2)
			mount_point = f->hierarchies[i].mount_point;
	if (!mount_point) {
		print_message("needs the v2 tree\n");
		skip();
	}
	/* a group two levels down, because the one above it must hold no other populated group */
	const char *parent = arena_printf(&f->arena, "%s/distro-shim", mount_point);
	const char *threaded = arena_printf(&f->arena, "%s/threaded", parent);
	struct err e = { 0 };
	assert_int_equal(mkdir(parent, 0755), 0);
	assert_int_equal(mkdir(threaded, 0755), 0);
	int fd = open(threaded, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int rc = write_file_at(fd, "cgroup.type", "threaded", &e);
	close(fd);
	f->plan.path = "/distro-shim/threaded/test";
	if (rc == 0)
		assert_refused(f, "threaded");
	assert_int_equal(rmdir(threaded), 0);
	assert_int_equal(rmdir(parent), 0);
	assert_string_equal(e.text, "");
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

static void a_frozen_cgroup_is_no_place_for_a_container(void **state)
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

	/* paused: nobody runs before it goes on */
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

/* --- together --- */

static void containers_that_come_and_go_do_not_disturb_each_other(void **state)
{
	struct fixture *f = *state;
	pid_t workers[8];

	for (size_t i = 0; i < ARRAY_SIZE(workers); i++) {
		workers[i] = fork();
		assert_true(workers[i] >= 0);
		if (workers[i] > 0)
			continue;
		f->plan.path = arena_printf(&f->arena, "/distro-shim/worker%zu", i);
		cgroup_describe(&f->plan, &f->facts, &f->arena, &f->record);
		for (int round = 0; round < 40; round++) {
			autocgroup cgroup = CGROUP_INIT;
			struct err e;
			if (cgroup_create(&f->plan, &f->facts, NULL, &cgroup, &e) < 0 ||
			    cgroup_remove(&f->record, 5000, &e) < 0) {
				dprintf(2, "%s\n", e.text);
				_exit(1);
			}
		}
		_exit(0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(workers); i++) {
		int status;
		assert_int_equal(waitpid(workers[i], &status, 0), workers[i]);
		assert_int_equal(status, 0);
	}
}

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

/* --- one more process --- */

/* The line of a process's /proc/PID/cgroup that ends with this. */
static bool is_in(struct fixture *f, pid_t pid, const char *line)
{
	autofree char *text = NULL;
	struct err e;

	assert_int_equal(read_file_at(AT_FDCWD, arena_printf(&f->arena, "/proc/%d/cgroup", pid),
				      65536, &text, NULL, &e),
			 0);
	for (char *rest = text, *at; (at = strsep(&rest, "\n"));)
		if (str_has_suffix(at, line))
			return true;
	return false;
}

static int open_below(struct fixture *f, char *below, struct cgroup *ret, struct err *e)
{
	const struct strlist list = { .n = below ? 1 : 0, .v = &below };

	return cgroup_open(&f->record, &f->facts, &list, ret, e);
}

static void one_more_process_joins_what_is_there(void **state)
{
	struct fixture *f = *state;
	autocgroup made = CGROUP_INIT, opened = CGROUP_INIT, below = CGROUP_INIT;
	struct err e = { 0 };

	create(f, &made);
	start(&made, wait_for_ever, NULL);
	assert_int_equal(open_below(f, NULL, &opened, &e), 0);
	assert_int_equal(opened.n, made.n);
	assert_int_equal(opened.into >= 0, made.into >= 0);
	pid_t pid = start(&opened, wait_for_ever, NULL);
	assert_int_equal(count_pids(f), 2);
	for (size_t i = 0; i < made.n; i++)
		assert_int_equal(mkdirat(made.directories[i], "below", 0755), 0);
	assert_int_equal(open_below(f, (char[]){ "/below" }, &below, &e), 0);
	pid = start(&below, wait_for_ever, NULL);
	assert_true(is_in(f, pid, PATH "/below"));
	char *wrong[] = { (char[]){ "none" }, (char[]){ ".." }, (char[]){ "below/../.." },
			  (char[]){ "no:x" } };
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		autocgroup nothing = CGROUP_INIT;
		assert_int_equal(open_below(f, wrong[i], &nothing, &e), -1);
	}
	kill_and_remove(f);
}

/* As exec does where clone3() says EBUSY. */
static void one_more_process_follows_the_first_one(void **state)
{
	struct fixture *f = *state;
	autocgroup made = CGROUP_INIT, opened = CGROUP_INIT;
	struct err e = { 0 };

	create(f, &made);
	pid_t first = start(&made, wait_for_ever, NULL);
	assert_int_equal(open_below(f, NULL, &opened, &e), 0);
	if (made.into < 0) {
		assert_int_equal(cgroup_follow(&f->record, first, &opened, &e), -1);
		kill_and_remove(f);
		return;
	}
	assert_int_equal(mkdirat(made.into, "inner", 0755), 0);
	int fd = openat(made.into, "inner", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(
		write_file_at(fd, "cgroup.procs", arena_printf(&f->arena, "%d", first), &e), 0);
	close(fd);
	assert_int_equal(cgroup_follow(&f->record, first, &opened, &e), 0);
	pid_t pid = start(&opened, wait_for_ever, NULL);
	assert_true(is_in(f, pid, "0::" PATH "/inner"));
	/* never where the container is not */
	assert_int_equal(cgroup_follow(&f->record, getpid(), &opened, &e), -1);
	assert_int_equal(e.kind, ERR_STATE);
	kill_and_remove(f);
}

/* As systemd makes them: a name that the kernel might have for a file of its own gets a '_'. */
static void the_group_of_a_unit_is_found(void **state)
{
	static const struct {
		const char *group, *unit;
		bool is_its;
	} rows[] = {
		{ "/web.scope", "web.scope", true },
		{ "/_memory.scope", "memory.scope", true },
		{ "/__web.scope", "_web.scope", true },
		{ "/other.scope", "web.scope", false },
	};
	struct fixture *f = *state;
	struct err e;

	/* The machine below the v2 one may have the hierarchy that counts then. */
	if (layout() == CGROUP_V2)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *group = arena_printf(&f->arena, "%s/systemd%s", MOUNTS, rows[i].group);
		const char *procs = arena_printf(&f->arena, "%s/cgroup.procs", group);
		const char *found = NULL;
		int status;
		assert_int_equal(mkdir(group, 0755), 0);
		pid_t pid = fork();
		if (pid == 0)
			_exit(pause());
		const char *number = arena_printf(&f->arena, "%d", (int)pid);
		assert_int_equal(write_file_at(AT_FDCWD, procs, number, &e), 0);
		int rc = cgroup_unit_path(number, rows[i].unit, &f->arena, &found, &e);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(rmdir(group), 0);
		assert_int_equal(rc, rows[i].is_its ? 0 : -1);
		if (rows[i].is_its)
			assert_string_equal(found, rows[i].group);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_process_is_born_into_every_hierarchy),
		TEST(joining_is_fast),
		TEST(an_empty_cgroup_is_used_and_a_full_one_refused),
		TEST(limits_are_written),
		TEST(limits_that_depend_on_each_other_are_accepted_in_any_order),
		TEST(a_refused_limit_leaves_nothing),
		TEST(a_pids_limit_holds),
		TEST(a_threaded_cgroup_above_is_refused),
		TEST(sub_groups_are_killed_and_removed_too),
		TEST(a_frozen_container_is_killed),
		TEST(a_frozen_cgroup_is_no_place_for_a_container),
		TEST(stopped_and_deaf_processes_are_killed),
		TEST(processes_that_fork_faster_than_one_can_look_are_killed),
		TEST(many_processes_are_killed_with_few_descriptors),
		TEST(a_process_that_joined_halfway_is_killed),
		TEST(an_empty_or_missing_cgroup_is_killed_at_once),
		TEST(a_kill_below_a_frozen_cgroup_ends_at_its_deadline),
		TEST(a_signal_reaches_each_process_once),
		TEST(containers_that_come_and_go_do_not_disturb_each_other),
		TEST(a_deep_tree_is_removed),
		TEST(one_more_process_joins_what_is_there),
		TEST(one_more_process_follows_the_first_one),
		TEST(the_group_of_a_unit_is_found),
	};
	const char *world = getenv("DISTRO_SHIM_WORLD");

	/* Never on a machine's own cgroups. 77 is automake's and tests/check's word for "skipped". */
	if (!str_eq(world, "legacy") && !str_eq(world, "hybrid") && !str_eq(world, "v2")) {
		printf("SKIP: needs the private machine: tests/world legacy|hybrid|v2 %s\n",
		       "test_cgroup_root");
		return 77;
	}
	if (geteuid() != 0) {
		printf("SKIP: needs root\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
