/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which policy file is believed. The tests take a directory of their own for "/" and its owner for
 * root, so that they need no privilege.
 */
#include "base/auto.h"
#include "base/str.h"
#include "facts/policy_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

#define SYSTEM_PATH "/etc/distro-shim/policy.json"
#define OBSERVE "{ \"version\": 1, \"mode\": \"observe\" }"

struct world {
	char path[64];
	int root; /* stands for "/" */
	struct arena arena;
	struct policy_caller caller;
};

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void write_file(struct world *world, const char *path, const char *text, mode_t mode)
{
	autoclose int fd =
		openat(world->root, path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
}

static void make_dir(struct world *world, const char *path, mode_t mode)
{
	assert_int_equal(mkdirat(world->root, path, 0700), 0);
	assert_int_equal(fchmodat(world->root, path, mode, 0), 0);
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	strcpy(world->path, "/tmp/test-facts-XXXXXX");
	assert_non_null(mkdtemp(world->path));
	assert_int_equal(chmod(world->path, 0755), 0);
	world->root = open(world->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(world->root >= 0);
	make_dir(world, "etc", 0755);
	make_dir(world, "etc/distro-shim", 0755);
	world->caller = (struct policy_caller){
		.root = geteuid(),
		.self = geteuid(),
		.group = getegid(),
		.system_path = SYSTEM_PATH,
	};
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	close(world->root);
	arena_release(&world->arena);
	nftw(world->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(world);
	return 0;
}

static void assert_loads(struct world *world, const char *argument, const char *expected_path,
			 int expected_mode)
{
	struct policy_source source = { 0 };
	struct err e = { 0 };

	if (policy_load_as(world->root, argument, &world->caller, &world->arena, &source, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(source.policy->mode, expected_mode);
	if (expected_path)
		assert_string_equal(source.path, expected_path);
	else
		assert_null(source.path);
}

static void assert_refused(struct world *world, const char *argument, const char *reason)
{
	struct policy_source source = { .path = "untouched" };
	struct err e = { 0 };

	assert_int_equal(
		policy_load_as(world->root, argument, &world->caller, &world->arena, &source, &e),
		-1);
	assert_int_equal(e.kind, ERR_POLICY);
	if (!strstr(e.text, reason))
		fail_msg("'%s' does not say '%s'", e.text, reason);
	assert_string_equal(source.path, "untouched");
	assert_null(source.policy);
}

static void a_file_that_root_alone_can_write_is_believed(void **state)
{
	struct world *world = *state;

	write_file(world, SYSTEM_PATH + 1, OBSERVE, 0644);
	assert_loads(world, NULL, SYSTEM_PATH, POLICY_OBSERVE);
	assert_loads(world, SYSTEM_PATH, SYSTEM_PATH, POLICY_OBSERVE);
}

static void no_file_is_the_default_but_not_for_an_argument(void **state)
{
	struct world *world = *state;

	assert_loads(world, NULL, NULL, POLICY_ENFORCE);
	assert_refused(world, SYSTEM_PATH, "no such file or directory");
	assert_int_equal(unlinkat(world->root, "etc/distro-shim", AT_REMOVEDIR), 0);
	assert_loads(world, NULL, NULL, POLICY_ENFORCE);
}

static void each_directory_above_counts(void **state)
{
	static const char *const directories[] = { ".", "etc", "etc/distro-shim" };
	static const mode_t modes[] = { 0775, 0757, 01777, 01757, 0722 };
	struct world *world = *state;

	write_file(world, SYSTEM_PATH + 1, OBSERVE, 0644);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(modes); k++) {
			assert_int_equal(fchmodat(world->root, directories[i], modes[k], 0), 0);
			assert_refused(world, NULL, "can be written by others");
		}
		assert_int_equal(fchmodat(world->root, directories[i], 0755, 0), 0);
	}
	assert_loads(world, NULL, SYSTEM_PATH, POLICY_OBSERVE);
	/* an unsafe directory is an error also where nothing is found in it */
	assert_int_equal(unlinkat(world->root, SYSTEM_PATH + 1, 0), 0);
	assert_int_equal(fchmodat(world->root, "etc/distro-shim", 01777, 0), 0);
	assert_refused(world, NULL, "can be written by others");
}

static void a_file_that_others_can_write_is_refused(void **state)
{
	static const mode_t modes[] = { 0664, 0646, 0620, 0602, 0666 };
	struct world *world = *state;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		write_file(world, SYSTEM_PATH + 1, OBSERVE, modes[i]);
		assert_refused(world, NULL, "can be written by others");
	}
}

static void files_of_others_are_refused(void **state)
{
	struct world *world = *state;

	write_file(world, SYSTEM_PATH + 1, OBSERVE, 0644);
	world->caller.root = world->caller.root + 1;
	assert_refused(world, NULL, "belongs to user");
	if (geteuid() != 0)
		return;
	world->caller.root = 0;
	assert_int_equal(fchownat(world->root, SYSTEM_PATH + 1, 12345, 0, 0), 0);
	assert_refused(world, NULL, "belongs to user 12345");
	assert_int_equal(fchownat(world->root, SYSTEM_PATH + 1, 0, 0, 0), 0);
	assert_int_equal(fchownat(world->root, "etc", 12345, 0, 0), 0);
	assert_refused(world, NULL, "'/etc' belongs to user 12345");
}

static void links_and_other_files_are_refused(void **state)
{
	struct world *world = *state;
	const char *path = SYSTEM_PATH + 1;

	alarm(5);
	write_file(world, "etc/real", OBSERVE, 0644);
	assert_int_equal(symlinkat("../real", world->root, path), 0);
	assert_refused(world, NULL, "is a symbolic link");
	assert_int_equal(unlinkat(world->root, path, 0), 0);
	assert_int_equal(linkat(world->root, "etc/real", world->root, path, 0), 0);
	assert_refused(world, NULL, "hard link");
	assert_int_equal(unlinkat(world->root, path, 0), 0);
	assert_int_equal(mkfifoat(world->root, path, 0644), 0);
	assert_refused(world, NULL, "is not a regular file");
	assert_int_equal(unlinkat(world->root, path, 0), 0);
	make_dir(world, path, 0755);
	assert_refused(world, NULL, "is not a regular file");
	assert_int_equal(unlinkat(world->root, path, AT_REMOVEDIR), 0);

	assert_int_equal(renameat(world->root, "etc/distro-shim", world->root, "etc/other"), 0);
	write_file(world, "etc/other/policy.json", OBSERVE, 0644);
	assert_int_equal(symlinkat("other", world->root, "etc/distro-shim"), 0);
	assert_refused(world, NULL, "'/etc/distro-shim' is a symbolic link");
	assert_int_equal(unlinkat(world->root, "etc/distro-shim", 0), 0);
	write_file(world, "etc/distro-shim", OBSERVE, 0644);
	assert_refused(world, NULL, "'/etc/distro-shim' is not a directory");
	alarm(0);
}

static void bad_contents_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"{ \"version\": 1, \"mode\": \"observe\" ",
		"{ \"version\": 1, \"version\": 1 }",
		"{ \"version\": 1, \"mode\": \"off\" }",
		"{ \"version\": 1, \"modes\": \"observe\" }",
	};
	struct world *world = *state;
	char *large = arena_alloc(&world->arena, POLICY_FILE_MAX + 2);

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		write_file(world, SYSTEM_PATH + 1, bad[i], 0644);
		assert_refused(world, NULL, SYSTEM_PATH);
	}
	memset(large, ' ', POLICY_FILE_MAX + 1);
	memcpy(large, OBSERVE, strlen(OBSERVE));
	write_file(world, SYSTEM_PATH + 1, large, 0644);
	assert_refused(world, NULL, "more than 65536 bytes");
	large[POLICY_FILE_MAX] = '\0';
	write_file(world, SYSTEM_PATH + 1, large, 0644);
	assert_loads(world, NULL, SYSTEM_PATH, POLICY_OBSERVE);
}

static void the_environment_counts_for_rootless_callers_only(void **state)
{
	struct world *world = *state;

	make_dir(world, "home", 0755);
	make_dir(world, "home/distro-shim", 0700);
	write_file(world, "home/distro-shim/policy.json", OBSERVE, 0644);
	world->caller.config_home = "/home";
	world->caller.runtime_directory = "/run/user/7";
	assert_loads(world, NULL, NULL, POLICY_ENFORCE);

	struct policy_source source;
	struct err e = { 0 };

	assert_int_equal(
		policy_load_as(world->root, NULL, &world->caller, &world->arena, &source, &e), 0);
	assert_string_equal(source.policy->network->namespace_, "/run/netns/distros");

	world->caller.rootless = true;
	assert_loads(world, NULL, "/home/distro-shim/policy.json", POLICY_OBSERVE);
	assert_int_equal(
		policy_load_as(world->root, NULL, &world->caller, &world->arena, &source, &e), 0);
	assert_string_equal(source.policy->network->namespace_, "/run/user/7/distro-shim/netns");
	/* unsafe all the same */
	assert_int_equal(fchmodat(world->root, "home/distro-shim/policy.json", 0666, 0), 0);
	assert_refused(world, NULL, "can be written by others");
}

/* umask 002: each user has a group of his own */
static void a_users_files_may_be_his_groups_too(void **state)
{
	struct world *world = *state;
	static const char own[] = "home/distro-shim/policy.json";

	world->caller.config_home = "/home";
	world->caller.rootless = true;
	make_dir(world, "home", 0755);
	make_dir(world, "home/distro-shim", 0755);
	write_file(world, own, OBSERVE, 0664);
	assert_int_equal(fchmodat(world->root, "home", 0775, 0), 0);
	assert_int_equal(fchmodat(world->root, "home/distro-shim", 0775, 0), 0);
	assert_loads(world, NULL, "/home/distro-shim/policy.json", POLICY_OBSERVE);
	assert_loads(world, "/home/distro-shim/policy.json", "/home/distro-shim/policy.json",
		     POLICY_OBSERVE);
	/* not a group that is not his, not others, not for root */
	world->caller.group++;
	assert_refused(world, NULL, "can be written by others");
	world->caller.group--;
	assert_int_equal(fchmodat(world->root, "home", 0777, 0), 0);
	assert_refused(world, NULL, "can be written by others");
	/* where there is no file, nothing is distrusted, links included; the system's is as strict as ever */
	assert_int_equal(unlinkat(world->root, own, 0), 0);
	assert_loads(world, NULL, NULL, POLICY_ENFORCE);
	assert_int_equal(unlinkat(world->root, "home/distro-shim", AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat(".", world->root, "home/distro-shim"), 0);
	assert_loads(world, NULL, NULL, POLICY_ENFORCE);
	write_file(world, SYSTEM_PATH + 1, OBSERVE, 0664);
	assert_refused(world, NULL, "can be written by others");
	assert_int_equal(unlinkat(world->root, SYSTEM_PATH + 1, 0), 0);
	assert_int_equal(fchmodat(world->root, "etc", 0775, 0), 0);
	assert_refused(world, NULL, "can be written by others");
}

static void a_rootless_caller_falls_back_to_the_system_file(void **state)
{
	struct world *world = *state;

	world->caller.rootless = true;
	world->caller.config_home = "";
	world->caller.home = "/home";
	write_file(world, SYSTEM_PATH + 1, OBSERVE, 0644);
	assert_loads(world, NULL, SYSTEM_PATH, POLICY_OBSERVE);
	make_dir(world, "home", 0755);
	make_dir(world, "home/.config", 0755);
	make_dir(world, "home/.config/distro-shim", 0755);
	assert_loads(world, NULL, SYSTEM_PATH, POLICY_OBSERVE);
	write_file(world, "home/.config/distro-shim/policy.json", "{ \"version\": 1 }", 0644);
	assert_loads(world, NULL, "/home/.config/distro-shim/policy.json", POLICY_ENFORCE);
}

/* In a user namespace the files of the real root show the overflow uid, and so do those of anybody who
 * is not mapped. */
static void the_overflow_uid_is_root_at_one_path_only(void **state)
{
	struct world *world = *state;
	uid_t owner = geteuid();

	world->caller = (struct policy_caller){
		.root = owner + 1,
		.self = owner + 2,
		.rootless = true,
		.overflow = owner,
		.config_home = "/etc",
		.system_path = "/etc/system.json",
	};
	write_file(world, "etc/system.json", OBSERVE, 0644);
	assert_refused(world, NULL, "belongs to user");
	world->caller.in_user_namespace = true;
	assert_loads(world, NULL, "/etc/system.json", POLICY_OBSERVE);
	assert_refused(world, "/etc/system.json", "belongs to user");
	write_file(world, SYSTEM_PATH + 1, OBSERVE, 0644);
	assert_refused(world, NULL, "belongs to user");
	/* the file alone, below directories that are trusted without it */
	assert_int_equal(unlinkat(world->root, SYSTEM_PATH + 1, 0), 0);
	world->caller.self = owner;
	assert_loads(world, NULL, "/etc/system.json", POLICY_OBSERVE);
	world->caller.in_user_namespace = false;
	assert_refused(world, NULL, "'/etc/system.json' belongs to user");
	/* and the overflow uid means nothing to one who is not rootless */
	world->caller.in_user_namespace = true;
	world->caller.rootless = false;
	assert_refused(world, NULL, "belongs to user");
}

#define WORLD_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(a_file_that_root_alone_can_write_is_believed),
		WORLD_TEST(no_file_is_the_default_but_not_for_an_argument),
		WORLD_TEST(each_directory_above_counts),
		WORLD_TEST(a_file_that_others_can_write_is_refused),
		WORLD_TEST(files_of_others_are_refused),
		WORLD_TEST(links_and_other_files_are_refused),
		WORLD_TEST(bad_contents_are_refused),
		WORLD_TEST(the_environment_counts_for_rootless_callers_only),
		WORLD_TEST(a_users_files_may_be_his_groups_too),
		WORLD_TEST(a_rootless_caller_falls_back_to_the_system_file),
		WORLD_TEST(the_overflow_uid_is_root_at_one_path_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
