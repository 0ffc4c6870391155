/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids of containers and the directory of all of them: which are accepted, which are refused. Needs no root; one test does
 * more as root.
 */
#include "state_fixture.h"

#include "state/state.h"

#include <fcntl.h>
#include <sys/stat.h>

static void ids_that_are_file_names_and_no_options_are_accepted(void **state)
{
	(void)state;
	static const char *const good[] = { "a", "0", "_", "+", "a.b", "a-b", "A_9+.-", "a..b" };
	char longest[STATE_ID_MAX + 1];
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(state_check_id(good[i], &e), 0);
	memset(longest, 'x', STATE_ID_MAX);
	longest[STATE_ID_MAX] = '\0';
	assert_int_equal(state_check_id(longest, &e), 0);
}

static void other_ids_are_refused_without_being_repeated(void **state)
{
	(void)state;
	static const char *const bad[] = { "",       ".",   "..",     "a/b",      "-x",
					   "--root", "a\n", "\x1b[0", "\xc3\xa9", "a b",
					   "%s",     "/",   "../a",   ".hidden" };
	char too_long[STATE_ID_MAX + 2];
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(state_check_id(bad[i], &e), -1);
		assert_int_equal(e.kind, ERR_USAGE);
		assert_null(strchr(e.text, '\x1b'));
		assert_null(strchr(e.text, '\n'));
	}
	memset(too_long, 'x', STATE_ID_MAX + 1);
	too_long[STATE_ID_MAX + 1] = '\0';
	assert_int_equal(state_check_id(too_long, &e), -1);
	assert_non_null(strstr(e.text, "200"));
	assert_int_equal(state_check_id(NULL, &e), -1);
}

static void a_rootless_caller_has_a_root_of_its_own(void **state)
{
	struct fixture *f = *state;

	setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	assert_string_equal(state_default_root(true, &f->arena),
			    "/run/user/7/distro-shim/containers");
	assert_string_equal(state_default_root(false, &f->arena), "/run/distro-shim/containers");
	setenv("XDG_RUNTIME_DIR", "", 1);
	assert_string_equal(state_default_root(true, &f->arena), "/run/distro-shim/containers");
	setenv("XDG_RUNTIME_DIR", "relative", 1);
	assert_string_equal(state_default_root(true, &f->arena), "/run/distro-shim/containers");
	unsetenv("XDG_RUNTIME_DIR");
	assert_string_equal(state_default_root(true, &f->arena), "/run/distro-shim/containers");
}

static void a_missing_root_is_made_only_when_asked(void **state)
{
	struct fixture *f = *state;
	const char *path = in_base(f, "one/two/root/");
	autoclose int fd = -1;
	struct err e;

	assert_int_equal(state_root_open(path, false, &fd, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_int_equal(fd, -1);
	assert_false(exists(in_base(f, "one")));

	mode_t old = umask(0);
	assert_int_equal(state_root_open(path, true, &fd, &e), 0);
	umask(old);
	assert_true(fd >= 0);
	assert_int_equal(mode_of(in_base(f, "one/two")), 0755);
	assert_int_equal(mode_of(in_base(f, "one/two/root")), 0700);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

static void roots_of_engines_are_accepted(void **state)
{
	struct fixture *f = *state;
	static const mode_t modes[] = { 0700, 0711, 0755, 0750 };
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		autoclose int fd = -1;
		mkdir(f->root, 0700);
		assert_int_equal(chmod(f->root, modes[i]), 0);
		assert_int_equal(state_root_open(f->root, true, &fd, &e), 0);
		assert_int_equal(mode_of(f->root), modes[i]);
	}
}

static void a_root_that_others_can_write_is_refused(void **state)
{
	struct fixture *f = *state;
	static const mode_t modes[] = { 0777, 01777, 0770, 0702 };
	int fd = -1;
	struct err e;

	assert_int_equal(mkdir(f->root, 0700), 0);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		assert_int_equal(chmod(f->root, modes[i]), 0);
		assert_int_equal(state_root_open(f->root, true, &fd, &e), -1);
		assert_non_null(strstr(e.text, f->root));
	}
	assert_int_equal(chmod(f->root, 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(f->root, 12345, 0), 0);
		assert_int_equal(state_root_open(f->root, true, &fd, &e), -1);
		assert_non_null(strstr(e.text, "12345"));
	}
	assert_int_equal(fd, -1);
}

static void a_root_that_is_a_symlink_or_a_file_is_refused(void **state)
{
	struct fixture *f = *state;
	int fd = -1;
	struct err e;

	assert_int_equal(mkdir(in_base(f, "else"), 0700), 0);
	assert_int_equal(symlink(in_base(f, "else"), in_base(f, "link")), 0);
	assert_int_equal(symlink(in_base(f, "nowhere"), in_base(f, "dangling")), 0);
	write_at(AT_FDCWD, in_base(f, "file"), "", 0);
	static const char *const names[] = { "link", "link/", "link//", "dangling", "file" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(state_root_open(in_base(f, names[i]), true, &fd, &e), -1);
	assert_false(exists(in_base(f, "nowhere")));
	assert_int_equal(state_root_open("", true, &fd, &e), -1);
	/* A link on the way is the administrator's own (/var/run). */
	assert_int_equal(state_root_open(in_base(f, "link/root"), true, &fd, &e), 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ids_that_are_file_names_and_no_options_are_accepted),
		TEST(other_ids_are_refused_without_being_repeated),
		TEST(a_rootless_caller_has_a_root_of_its_own),
		TEST(a_missing_root_is_made_only_when_asked),
		TEST(roots_of_engines_are_accepted),
		TEST(a_root_that_others_can_write_is_refused),
		TEST(a_root_that_is_a_symlink_or_a_file_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
