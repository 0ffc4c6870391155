/* SPDX-License-Identifier: Apache-2.0 */
/*
 * On trees of ordinary files: which processes are in a cgroup, how it is killed and removed. Needs no root. The kernel's
 * part is in tests/root/test_cgroup_kill_root.c.
 */
#include "cgroup_files.h"

#include "cgroup/cgroup.h"

#include "files.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sys/xattr.h>

/* --- what is in it --- */

static void pids_are_those_of_all_hierarchies_and_sub_groups(void **state)
{
	struct fixture *f = *state;
	static const uint32_t expected[] = { 3, 7, 20, 4194304 };
	struct u32list pids;
	struct err e;

	make_v1(f);
	files_make(&f->files, "memory" LEAF "/a/b");
	files_make(&f->files, "memory" LEAF "/c");
	files_put(&f->files, "pids" LEAF "/cgroup.procs", "20\n3\n0\n");
	files_put(&f->files, "memory" LEAF "/a/b/cgroup.procs", "4194304\n");
	files_put(&f->files, "memory" LEAF "/a/cgroup.procs", "20\n");
	files_put(&f->files, "memory" LEAF "/c/cgroup.procs", "7\n7\n");
	assert_int_equal(cgroup_pids(&f->record, &f->files.arena, &pids, &e), 0);
	assert_int_equal(pids.n, ARRAY_SIZE(expected));
	for (size_t i = 0; i < pids.n; i++)
		assert_int_equal(pids.v[i], expected[i]);

	files_put(&f->files, "memory" LEAF "/c/cgroup.procs", "7x\n");
	assert_int_equal(cgroup_pids(&f->record, &f->files.arena, &pids, &e), -1);
}

static void frozen_is_told_of_each_layout(void **state)
{
	struct fixture *f = *state;

	make_v1(f);
	assert_false(cgroup_is_frozen(&f->record));
	files_put(&f->files, "memory" LEAF "/freezer.state", "THAWED\n");
	assert_false(cgroup_is_frozen(&f->record));
	files_put(&f->files, "memory" LEAF "/freezer.state", "FREEZING\n");
	assert_true(cgroup_is_frozen(&f->record));
	f->facts.hierarchies.n = 0;
	make_v2(f);
	files_put(&f->files, "unified" LEAF "/cgroup.freeze", "0\n");
	assert_false(cgroup_is_frozen(&f->record));
	files_put(&f->files, "unified" LEAF "/cgroup.freeze", "1\n");
	assert_true(cgroup_is_frozen(&f->record));
	files_put(&f->files, "unified" LEAF "/cgroup.freeze", "0\n");
	files_put(&f->files, "unified" LEAF "/cgroup.events", "populated 1\nfrozen 1\n");
	assert_true(cgroup_is_frozen(&f->record));
}

static void a_signal_thaws_what_it_froze_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	struct err e;

	make_v1(f);
	files_put(&f->files, "pids" LEAF "/freezer.state", "THAWED");
	assert_int_equal(cgroup_signal(&f->record, SIGTERM, &e), 0);
	assert_content(f, "pids" LEAF "/freezer.state", "THAWED");
	files_put(&f->files, "pids" LEAF "/freezer.state", "FROZEN");
	assert_int_equal(cgroup_signal(&f->record, SIGTERM, &e), 0);
	assert_content(f, "pids" LEAF "/freezer.state", "FROZEN");
	/* who is to die must run for it */
	files_make(&f->files, "pids" LEAF "/sub");
	files_put(&f->files, "pids" LEAF "/sub/freezer.state", "FROZEN");
	assert_int_equal(cgroup_signal(&f->record, SIGKILL, &e), 0);
	assert_content(f, "pids" LEAF "/freezer.state", "THAWED");
	assert_content(f, "pids" LEAF "/sub/freezer.state", "THAWED");
	/* also where the signals go wrong */
	files_put(&f->files, "memory" LEAF "/cgroup.procs", "no number\n");
	assert_int_equal(cgroup_signal(&f->record, SIGTERM, &e), -1);
	assert_content(f, "pids" LEAF "/freezer.state", "THAWED");
	files_put(&f->files, "pids" LEAF "/freezer.state", "FROZEN");
	assert_int_equal(cgroup_signal(&f->record, SIGKILL, &e), -1);
	assert_content(f, "pids" LEAF "/freezer.state", "THAWED");
}

static void a_kill_that_does_not_end_names_the_pids(void **state)
{
	struct fixture *f = *state;
	struct err e;

	make_v1(f);
	/* above the largest number that there can be: of no process */
	files_put(&f->files, "pids" LEAF "/cgroup.procs", "2147483647\n");
	files_put(&f->files, "pids" LEAF "/freezer.state", "THAWED");
	assert_int_equal(cgroup_kill(&f->record, 80, &e), -1);
	assert_int_equal(e.kind, ERR_SYSTEM);
	assert_non_null(strstr(e.text, "2147483647"));
	assert_non_null(strstr(e.text, LEAF));
	assert_content(f, "pids" LEAF "/freezer.state", "THAWED");
	files_put(&f->files, "pids" LEAF "/cgroup.procs", "");
	assert_int_equal(cgroup_kill(&f->record, 80, &e), 0);
}

/* --- removal --- */

static void a_removal_is_deepest_first_and_stays_below(void **state)
{
	struct fixture *f = *state;
	struct err e;

	add_hierarchy(f, "pids", false, "pids", NULL);
	add_hierarchy(f, "memory", false, "memory", NULL);
	f->plan.layout = CGROUP_V1;
	describe(f);
	files_make(&f->files, "pids" LEAF "/a/b/c");
	files_make(&f->files, "pids" LEAF "/a/d");
	files_make(&f->files, "pids" LEAF "/e");
	files_make(&f->files, "pids/parent/leaf2");
	assert_int_equal(cgroup_remove(&f->record, 100, &e), 0);
	assert_false(files_has(&f->files, "pids" LEAF));
	assert_true(files_has(&f->files, "pids/parent/leaf2"));
	assert_int_equal(rmdir(files_path(&f->files, "pids/parent/leaf2")), 0);
	assert_int_equal(cgroup_remove(&f->record, 100, &e), 0);
	/* an engine's parent is the engine's */
	assert_true(files_has(&f->files, "pids/parent"));
	assert_int_equal(cgroup_kill(&f->record, 100, &e), 0);
}

/* As cgroup_create() marks them; it takes the privilege for such an attribute. */
static bool mark(struct fixture *f, const char *path)
{
	return setxattr(files_path(&f->files, path), "trusted.distro-shim.made", "1", 1, 0) == 0;
}

static void what_was_made_on_the_way_goes_with_the_last_container(void **state)
{
	struct fixture *f = *state;
	struct err e;

	add_hierarchy(f, "pids", false, "pids", NULL);
	f->plan.layout = CGROUP_V1;
	f->plan.path = "/engine/ours/deep/one";
	describe(f);
	files_make(&f->files, "pids/engine/ours/deep/one");
	files_make(&f->files, "pids/engine/ours/two");
	if (!mark(f, "pids/engine/ours") || !mark(f, "pids/engine/ours/deep"))
		skip();
	assert_int_equal(cgroup_remove(&f->record, 100, &e), 0);
	assert_false(files_has(&f->files, "pids/engine/ours/deep"));
	/* a process is in there */
	assert_true(files_has(&f->files, "pids/engine/ours/two"));
	f->plan.path = "/engine/ours/two";
	describe(f);
	assert_int_equal(cgroup_remove(&f->record, 100, &e), 0);
	assert_false(files_has(&f->files, "pids/engine/ours"));
	/* not made by this program */
	assert_true(files_has(&f->files, "pids/engine"));
	/* nor ever the root of the hierarchy */
	assert_true(mark(f, "pids/engine") && mark(f, "pids"));
	f->plan.path = "/engine/three";
	describe(f);
	files_make(&f->files, "pids/engine/three");
	assert_int_equal(cgroup_remove(&f->record, 100, &e), 0);
	assert_false(files_has(&f->files, "pids/engine"));
	assert_true(files_has(&f->files, "pids"));
}

static void a_busy_cgroup_is_given_up_at_the_deadline(void **state)
{
	struct fixture *f = *state;
	struct err e;

	/* ordinary files keep a directory as busy as processes do */
	make_v1(f);
	files_put(&f->files, "pids" LEAF "/cgroup.procs", "4711\n");
	assert_int_equal(cgroup_remove(&f->record, 50, &e), -1);
	assert_int_equal(e.sys, EBUSY);
	assert_non_null(strstr(e.text, "4711"));
	assert_non_null(strstr(e.text, "device or resource busy"));
}

static void a_record_that_names_other_directories_is_refused(void **state)
{
	struct fixture *f = *state;
	static const char *const paths[] = { "/", "", "leaf", "/..", "/parent/../leaf" };
	struct err e;
	struct u32list pids;

	make_v1(f);
	static const char *const others[] = { "pids/../pids" LEAF, "pids/parent",
					      "pids//parent/leaf", "out" };
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		f->record.directories.v[0] = files_path(&f->files, others[i]);
		assert_int_equal(cgroup_remove(&f->record, 50, &e), -1);
		assert_int_equal(e.kind, ERR_STATE);
		assert_int_equal(cgroup_kill(&f->record, 50, &e), -1);
		assert_int_equal(cgroup_pids(&f->record, &f->files.arena, &pids, &e), -1);
	}
	f->record.directories.v[0] = arena_strdup(&f->files.arena, LEAF);
	assert_int_equal(cgroup_remove(&f->record, 50, &e), -1);
	describe(f);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		f->record.path = arena_strdup(&f->files.arena, paths[i]);
		assert_int_equal(cgroup_remove(&f->record, 50, &e), -1);
		assert_int_equal(e.kind, ERR_STATE);
	}
}

static void a_removal_follows_no_symlink(void **state)
{
	struct fixture *f = *state;
	struct err e;

	add_hierarchy(f, "pids", false, "pids", NULL);
	f->plan.layout = CGROUP_V1;
	describe(f);
	files_make(&f->files, "out/leaf/sub");
	assert_int_equal(
		symlink(files_path(&f->files, "out"), files_path(&f->files, "pids/parent")), 0);
	assert_int_equal(cgroup_remove(&f->record, 50, &e), -1);
	assert_true(files_has(&f->files, "out/leaf/sub"));
	assert_int_equal(unlink(files_path(&f->files, "pids/parent")), 0);
	files_make(&f->files, "pids" LEAF);
	assert_int_equal(
		symlink(files_path(&f->files, "out"), files_path(&f->files, "pids" LEAF "/link")),
		0);
	assert_int_equal(cgroup_remove(&f->record, 50, &e), -1);
	assert_true(files_has(&f->files, "out/leaf/sub"));
}

/* As deep as a container likes, far beyond what a path can name, and with few descriptors. */
static void a_tree_of_any_depth_is_removed(void **state)
{
	struct fixture *f = *state;
	const int depth = 3000;
	struct rlimit few = { 24, 24 };
	int status;

	add_hierarchy(f, "pids", false, "pids", NULL);
	f->plan.layout = CGROUP_V1;
	describe(f);
	files_make(&f->files, "pids" LEAF);
	int fd = open(files_path(&f->files, "pids" LEAF), O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < depth; i++) {
		assert_int_equal(mkdirat(fd, "sub", 0755), 0);
		replace_fd(&fd, openat(fd, "sub", O_PATH | O_DIRECTORY | O_CLOEXEC));
		assert_true(fd >= 0);
	}
	close(fd);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct err e;
		setrlimit(RLIMIT_NOFILE, &few);
		_exit(cgroup_remove(&f->record, 5000, &e) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_false(files_has(&f->files, "pids" LEAF));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pids_are_those_of_all_hierarchies_and_sub_groups),
		TEST(frozen_is_told_of_each_layout),
		TEST(a_signal_thaws_what_it_froze_and_nothing_else),
		TEST(a_kill_that_does_not_end_names_the_pids),
		TEST(a_removal_is_deepest_first_and_stays_below),
		TEST(what_was_made_on_the_way_goes_with_the_last_container),
		TEST(a_busy_cgroup_is_given_up_at_the_deadline),
		TEST(a_record_that_names_other_directories_is_refused),
		TEST(a_removal_follows_no_symlink),
		TEST(a_tree_of_any_depth_is_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
