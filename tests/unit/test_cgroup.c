/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of cgroups can be shown without a cgroup: descriptions and checks, and on trees of ordinary files
 * what is read, written, refused and taken back. Needs no root. The kernel's part is in
 * tests/root/test_cgroup_root.c.
 */
#include "cgroup_files.h"

#include "cgroup/cgroup.h"

#include "files.h"

#include <signal.h>

/* --- a tree of ordinary files --- */

static void add_write(struct fixture *f, const char *controller, const char *file,
		      const char *value)
{
	f->writes[f->plan.writes.n++] = (struct plan_cgroup_write){ .controller = controller,
								    .file = file,
								    .value = value };
}

static void assert_refused(struct fixture *f, const char *part_of_text)
{
	autocgroup cgroup = CGROUP_INIT;
	struct err e = { 0 };

	assert_int_equal(cgroup_create(&f->plan, &f->facts, NULL, &cgroup, &e), -1);
	assert_int_equal(cgroup.n, 0);
	if (!strstr(e.text, part_of_text))
		STOP("'%s' is not in: %s\n", part_of_text, e.text);
}

/* --- description --- */

static void a_description_names_one_directory_a_hierarchy(void **state)
{
	struct fixture *f = *state;
	struct cgroup_record *r = &f->record;

	add_hierarchy(f, "systemd", false, NULL, NULL);
	add_hierarchy(f, "pids", false, "pids", NULL);
	add_hierarchy(f, "unified", true, NULL, NULL);
	f->plan.layout = CGROUP_HYBRID;
	describe(f);
	assert_true(r->manage);
	assert_int_equal(r->layout, CGROUP_HYBRID);
	assert_string_equal(r->path, LEAF);
	assert_int_equal(r->directories.n, 3);
	assert_string_equal(r->directories.v[1], files_path(&f->files, "pids" LEAF));
	assert_string_equal(r->directories.v[2], files_path(&f->files, "unified" LEAF));
	f->plan.layout = CGROUP_V1;
	describe(f);
	assert_int_equal(r->directories.n, 2);
	f->plan.layout = CGROUP_V2;
	describe(f);
	assert_int_equal(r->directories.n, 1);
	f->plan.layout = CGROUP_NONE;
	describe(f);
	assert_int_equal(r->directories.n, 0);
	assert_false(files_has(&f->files, "pids/parent"));
}

static void without_a_manager_there_is_nothing_to_do(void **state)
{
	struct fixture *f = *state;
	autocgroup cgroup = CGROUP_INIT;
	struct u32list pids;
	struct err e;

	make_v1(f);
	files_put(&f->files, "pids" LEAF "/cgroup.procs", "1\n");
	f->plan.manage = false;
	f->plan.path = NULL;
	describe(f);
	assert_false(f->record.manage);
	assert_int_equal(f->record.directories.n, 0);
	assert_int_equal(cgroup_create(&f->plan, &f->facts, NULL, &cgroup, &e), 0);
	assert_int_equal(cgroup.n, 0);
	assert_int_equal(cgroup_join_self(&cgroup, &e), 0);
	assert_int_equal(cgroup_kill(&f->record, 100, &e), 0);
	assert_int_equal(cgroup_signal(&f->record, SIGTERM, &e), 0);
	assert_int_equal(cgroup_pids(&f->record, &f->files.arena, &pids, &e), 0);
	assert_int_equal(pids.n, 0);
	assert_int_equal(cgroup_remove(&f->record, 100, &e), 0);
	assert_false(cgroup_is_frozen(&f->record));
}

/* --- creation --- */

static void a_path_that_leads_elsewhere_is_refused(void **state)
{
	struct fixture *f = *state;
	static const char *const paths[] = { "/",     "",         "a",    "//a",  "/a/",
					     "/../a", "/a/../..", "/./a", "/a//b" };

	make_v1(f);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		f->plan.path = paths[i];
		assert_refused(f, "cgroup path");
	}
}

static void a_symlink_in_the_tree_is_not_followed(void **state)
{
	struct fixture *f = *state;

	add_hierarchy(f, "pids", false, "pids", NULL);
	f->plan.layout = CGROUP_V1;
	files_make(&f->files, "out/leaf");
	assert_int_equal(
		symlink(files_path(&f->files, "out"), files_path(&f->files, "pids/parent")), 0);
	assert_refused(f, "pids" LEAF);
	f->plan.path = "/parent/new/leaf";
	assert_refused(f, "make cgroup");
	assert_false(files_has(&f->files, "out/new"));
	assert_int_equal(unlink(files_path(&f->files, "pids/parent")), 0);
	files_make(&f->files, "pids/parent");
	assert_int_equal(
		symlink(files_path(&f->files, "out/leaf"), files_path(&f->files, "pids" LEAF)), 0);
	f->plan.path = LEAF;
	assert_refused(f, "make cgroup");
}

static void an_empty_cgroup_of_an_engine_is_used(void **state)
{
	struct fixture *f = *state;
	autocgroup cgroup = CGROUP_INIT;
	struct err e;

	make_v1(f);
	add_write(f, "pids", "pids.max", "5\n");
	if (cgroup_create(&f->plan, &f->facts, NULL, &cgroup, &e) < 0)
		STOP("%s\n", e.text);
	assert_int_equal(cgroup.n, 2);
	assert_int_equal(cgroup.layout, CGROUP_V1);
	assert_int_equal(cgroup.into, -1);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(fcntl(cgroup.tasks[i], F_GETFL) & O_ACCMODE, O_WRONLY);
		assert_int_equal(fcntl(cgroup.tasks[i], F_GETFD), FD_CLOEXEC);
		assert_true(fcntl(cgroup.directories[i], F_GETFL) & O_PATH);
		assert_int_equal(fcntl(cgroup.directories[i], F_GETFD), FD_CLOEXEC);
	}
	assert_content(f, "pids" LEAF "/pids.max", "5\nx\n");
}

static void every_tasks_file_gets_a_zero(void **state)
{
	struct fixture *f = *state;
	autocgroup cgroup = CGROUP_INIT;
	struct err e;

	make_v1(f);
	assert_int_equal(cgroup_create(&f->plan, &f->facts, NULL, &cgroup, &e), 0);
	assert_int_equal(cgroup_join_self(&cgroup, &e), 0);
	assert_content(f, "pids" LEAF "/tasks", "0");
	assert_content(f, "memory" LEAF "/tasks", "0");

	close(cgroup.tasks[1]);
	cgroup.tasks[1] = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_int_equal(cgroup_join_self(&cgroup, &e), -1);
	assert_int_equal(e.sys, ENOSPC);
	assert_non_null(strstr(e.text, "memory" LEAF));
}

static void a_cgroup_with_processes_is_refused_and_stays(void **state)
{
	struct fixture *f = *state;

	make_v1(f);
	files_put(&f->files, "memory" LEAF "/cgroup.procs", "4711\n");
	assert_refused(f, "memory" LEAF "' is not empty");
	files_put(&f->files, "memory" LEAF "/cgroup.procs", "0\n");
	assert_refused(f, "is not empty");
	files_put(&f->files, "memory" LEAF "/cgroup.procs", "");
	files_make(&f->files, "memory" LEAF "/sub/sub");
	files_put(&f->files, "memory" LEAF "/sub/sub/cgroup.procs", "4711\n");
	assert_refused(f, "is not empty");
	assert_true(files_has(&f->files, "memory" LEAF));
	assert_true(files_has(&f->files, "pids" LEAF));
}

static void a_frozen_cgroup_is_refused(void **state)
{
	struct fixture *f = *state;

	make_v1(f);
	f->hierarchies[0].controllers.v[0] = arena_strdup(&f->files.arena, "freezer");
	files_put(&f->files, "pids" LEAF "/freezer.state", "FROZEN\n");
	assert_refused(f, "is frozen");
	files_put(&f->files, "pids" LEAF "/freezer.state", "FREEZING\n");
	assert_refused(f, "is frozen");

	f->facts.hierarchies.n = 0;
	make_v2(f);
	files_put(&f->files, "unified" LEAF "/cgroup.events", "populated 0\nfrozen 1\n");
	assert_refused(f, "unified" LEAF "' is frozen");
}

static void a_threaded_cgroup_is_refused(void **state)
{
	struct fixture *f = *state;

	make_v2(f);
	files_put(&f->files, "unified" LEAF "/cgroup.type", "domain invalid\n");
	assert_refused(f, "threaded");
}

static void a_failed_create_takes_back_what_it_made_and_no_more(void **state)
{
	struct fixture *f = *state;

	/* pids: two levels made by us; memory: the cgroup is an engine's */
	add_hierarchy(f, "pids", false, "pids", NULL);
	add_hierarchy(f, "memory", false, "memory", NULL);
	f->plan.layout = CGROUP_V1;
	f->plan.path = "/a/b/c";
	files_make(&f->files, "pids/a");
	files_make(&f->files, "memory/a/b/c");
	files_put(&f->files, "memory/a/b/c/cgroup.procs", "");
	assert_refused(f, "tasks");
	assert_true(files_has(&f->files, "pids/a"));
	assert_false(files_has(&f->files, "pids/a/b"));
	assert_true(files_has(&f->files, "memory/a/b/c"));

	/* another process has moved into what we made */
	f->plan.path = "/x/y";
	assert_int_equal(mkdir(files_path(&f->files, "memory/x"), 0755), 0);
	assert_int_equal(mkdir(files_path(&f->files, "memory/x/y"), 0755), 0);
	files_put(&f->files, "memory/x/y/cgroup.procs", "1\n");
	assert_refused(f, "is not empty");
	assert_false(files_has(&f->files, "pids/x"));
}

static void a_limit_that_cannot_be_written_is_named(void **state)
{
	struct fixture *f = *state;

	make_v1(f);
	add_write(f, "hugetlb", "hugetlb.2MB.limit_in_bytes", "1");
	assert_refused(f, "cgroup controller 'hugetlb' is not available on this host");
	f->plan.writes.n = 0;
	add_write(f, "memory", "memory.limit_in_bytes", "1024");
	assert_refused(f, "cgroup controller 'memory': write '1024' to 'memory.limit_in_bytes'");
	f->plan.writes.n = 0;
	add_write(f, "memory", "../../../out", "1024");
	files_put(&f->files, "out", "");
	assert_refused(f, "not the name of a file");
	assert_content(f, "out", "");
	f->plan.writes.n = 0;
	add_write(f, "memory", "link", "1024");
	assert_int_equal(
		symlink(files_path(&f->files, "out"), files_path(&f->files, "memory" LEAF "/link")),
		0);
	assert_refused(f, "symbolic links");
	assert_content(f, "out", "");
	/* v2's own files are of no v1 hierarchy */
	f->plan.writes.n = 0;
	add_write(f, "cgroup", "cgroup.max.depth", "3");
	assert_refused(f, "cgroup controller 'cgroup' is not available");
}

static void an_empty_cpuset_is_filled_from_the_top_down(void **state)
{
	struct fixture *f = *state;
	autocgroup cgroup = CGROUP_INIT;
	struct err e;

	add_hierarchy(f, "cpuset", false, "cpuset", NULL);
	f->plan.layout = CGROUP_V1;
	files_make(&f->files, "cpuset" LEAF);
	files_put(&f->files, "cpuset" LEAF "/tasks", "");
	files_put(&f->files, "cpuset" LEAF "/cgroup.procs", "");
	static const char *const levels[] = { "cpuset", "cpuset/parent", "cpuset" LEAF };
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		files_put(&f->files, arena_printf(&f->files.arena, "%s/cpuset.cpus", levels[i]),
			  i ? "\n" : "0-3\n");
		files_put(&f->files, arena_printf(&f->files.arena, "%s/cpuset.mems", levels[i]),
			  i ? "\n" : "0\n");
	}
	files_put(&f->files, "cpuset/parent/cpuset.cpus", "1\n");
	if (cgroup_create(&f->plan, &f->facts, NULL, &cgroup, &e) < 0)
		STOP("%s\n", e.text);
	assert_content(f, "cpuset/parent/cpuset.cpus", "1\n");
	assert_content(f, "cpuset/parent/cpuset.mems", "0");
	assert_content(f, "cpuset" LEAF "/cpuset.cpus", "1");
	assert_content(f, "cpuset" LEAF "/cpuset.mems", "0");

	files_put(&f->files, "cpuset/cpuset.mems", "\n");
	files_put(&f->files, "cpuset/parent/cpuset.mems", "\n");
	files_put(&f->files, "cpuset" LEAF "/cpuset.mems", "\n");
	assert_refused(f, "'cpuset.mems' of the cgroup above 'parent' is empty");
}

static void controllers_are_enabled_in_every_cgroup_above(void **state)
{
	struct fixture *f = *state;
	autocgroup cgroup = CGROUP_INIT;
	struct err e;

	make_v2(f);
	files_put(&f->files, "unified" LEAF "/pids.max", "");
	add_write(f, "pids", "pids.max", "7");
	if (cgroup_create(&f->plan, &f->facts, NULL, &cgroup, &e) < 0)
		STOP("%s\n", e.text);
	assert_content(f, "unified/cgroup.subtree_control", "+pids +memory");
	/* memory is enabled there */
	assert_content(f, "unified/parent/cgroup.subtree_control", "+pidsy\n");
	assert_content(f, "unified" LEAF "/pids.max", "7");
	assert_int_equal(cgroup.n, 1);
	assert_true(cgroup.into >= 0);
	assert_int_equal(cgroup.tasks[0], -1);
	struct stat into, leaf;
	assert_int_equal(fstat(cgroup.into, &into), 0);
	assert_int_equal(stat(files_path(&f->files, "unified" LEAF), &leaf), 0);
	assert_int_equal(into.st_ino, leaf.st_ino);
}

static void nothing_is_enabled_twice(void **state)
{
	struct fixture *f = *state;
	autocgroup cgroup = CGROUP_INIT;
	struct err e;

	make_v2(f);
	files_put(&f->files, "unified" LEAF "/cgroup.controllers", "cpu memory pids\n");
	assert_int_equal(cgroup_create(&f->plan, &f->facts, NULL, &cgroup, &e), 0);
	assert_content(f, "unified/cgroup.subtree_control", "");
}

static void a_controller_that_a_limit_needs_must_be_there(void **state)
{
	struct fixture *f = *state;
	autocgroup cgroup = CGROUP_INIT;
	struct err e;

	make_v2(f);
	files_put(&f->files, "unified/parent/cgroup.controllers", "memory\n");
	/* wanted, but no limit depends on it */
	assert_int_equal(cgroup_create(&f->plan, &f->facts, NULL, &cgroup, &e), 0);
	add_write(f, "pids", "pids.max", "7");
	assert_refused(f, "cgroup controller 'pids' is not available in cgroup");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_description_names_one_directory_a_hierarchy),
		TEST(without_a_manager_there_is_nothing_to_do),
		TEST(a_path_that_leads_elsewhere_is_refused),
		TEST(a_symlink_in_the_tree_is_not_followed),
		TEST(an_empty_cgroup_of_an_engine_is_used),
		TEST(every_tasks_file_gets_a_zero),
		TEST(a_cgroup_with_processes_is_refused_and_stays),
		TEST(a_frozen_cgroup_is_refused),
		TEST(a_threaded_cgroup_is_refused),
		TEST(a_failed_create_takes_back_what_it_made_and_no_more),
		TEST(a_limit_that_cannot_be_written_is_named),
		TEST(an_empty_cpuset_is_filled_from_the_top_down),
		TEST(controllers_are_enabled_in_every_cgroup_above),
		TEST(nothing_is_enabled_twice),
		TEST(a_controller_that_a_limit_needs_must_be_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
