/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroups of the running kernel: made, limited and joined.
 *
 * world: legacy hybrid v2
 */
#include "cgroup_root.h"

#include "cgroup/cgroup.h"
#include "cgroup/systemd.h"

#include "base/auto.h"
#include "os/io.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define WRITE(controller_, file_, value_) \
	((struct plan_cgroup_write){      \
		.controller = (controller_), .file = (file_), .value = (value_) })

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
	if (layout() == CGROUP_V2) {
		print_message("needs a hierarchy of version 1 to tell a unit's group by\n");
		skip();
	}
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
		TEST(containers_that_come_and_go_do_not_disturb_each_other),
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
