/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files of the host an annotation may name, and what is opened there: no symlink, no other name of a
 * file elsewhere, nothing but a regular file, and nothing that another user could have written. Directories of
 * the test's own stand for those of the host, so that it needs no root.
 */
#include "policy/host_files.h"

#include "base/auto.h"
#include "base/str.h"
#include "sys/trusted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

struct world {
	char path[64];
	int at;
};

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	memcpy(world->path, "/tmp/test-host-files-XXXXXX", sizeof("/tmp/test-host-files-XXXXXX"));
	assert_non_null(mkdtemp(world->path));
	world->at = open(world->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(world->at >= 0);
	assert_int_equal(mkdirat(world->at, "bundle", 0700), 0);
	assert_int_equal(mkdirat(world->at, "bundle/sub", 0700), 0);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	close(world->at);
	nftw(world->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(world);
	return 0;
}

static void write_file(const struct world *world, const char *path, const char *text)
{
	autoclose int fd = openat(world->at, path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void assert_holds(const struct world *world, const char *path, const char *text)
{
	autoclose int fd = openat(world->at, path, O_RDONLY | O_CLOEXEC);
	char found[64] = { 0 };

	assert_true(fd >= 0);
	assert_true(read(fd, found, sizeof(found) - 1) >= 0);
	assert_string_equal(found, text);
}

/* --- by name --- */

static void a_name_is_below_the_bundle_or_listed_or_nowhere(void **state)
{
	static const struct {
		const char *path, *found;
		int output, criu;
	} rows[] = {
		{ "/b/out", "out", HOST_PLACE_BUNDLE, HOST_PLACE_BUNDLE },
		{ "//b/./x/../y//z", "y/z", HOST_PLACE_BUNDLE, HOST_PLACE_BUNDLE },
		{ "out", "out", HOST_PLACE_BUNDLE, HOST_PLACE_BUNDLE },
		{ "./a/../out", "out", HOST_PLACE_BUNDLE, HOST_PLACE_BUNDLE },
		{ "../b/out", "out", HOST_PLACE_BUNDLE, HOST_PLACE_BUNDLE },
		{ "/b", NULL, HOST_PLACE_NONE, HOST_PLACE_NONE },
		{ "/b/", NULL, HOST_PLACE_NONE, HOST_PLACE_NONE },
		{ ".", NULL, HOST_PLACE_NONE, HOST_PLACE_NONE },
		{ "..", NULL, HOST_PLACE_NONE, HOST_PLACE_NONE },
		{ "/", NULL, HOST_PLACE_NONE, HOST_PLACE_NONE },
		{ "../out", NULL, HOST_PLACE_NONE, HOST_PLACE_NONE },
		{ "/b/../out", NULL, HOST_PLACE_NONE, HOST_PLACE_NONE },
		{ "/bundle/out", NULL, HOST_PLACE_NONE, HOST_PLACE_NONE },
		{ "/out", NULL, HOST_PLACE_NONE, HOST_PLACE_NONE },
		{ "/log/out", "/log/out", HOST_PLACE_LISTED, HOST_PLACE_NONE },
		{ "../log/x/out", "/log/x/out", HOST_PLACE_LISTED, HOST_PLACE_NONE },
		{ "/log", NULL, HOST_PLACE_NONE, HOST_PLACE_NONE },
		{ "/log/../out", NULL, HOST_PLACE_NONE, HOST_PLACE_NONE },
		{ "/logs/out", NULL, HOST_PLACE_NONE, HOST_PLACE_NONE },
		{ "/etc/criu//own.conf", "/etc/criu/own.conf", HOST_PLACE_NONE, HOST_PLACE_LISTED },
		{ "/etc/criu", NULL, HOST_PLACE_NONE, HOST_PLACE_NONE },
		{ "/etc/criu/own.conf/x", NULL, HOST_PLACE_NONE, HOST_PLACE_NONE },
	};
	autoarena arena = { 0 };
	char *directories[] = { arena_strdup(&arena, "/log//") };
	char *files[] = { arena_strdup(&arena, "/etc/./criu/own.conf") };
	struct policy *policy = policy_default(&arena, NULL);

	(void)state;
	policy->hooks->output = (struct strlist){ .n = 1, .v = directories };
	policy->criu->config = (struct strlist){ .n = 1, .v = files };
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct host_file output = host_file_for_output(policy, "/b", rows[i].path, &arena);
		struct host_file criu = host_file_for_criu(policy, "/b", rows[i].path, &arena);

		if (output.place != rows[i].output || criu.place != rows[i].criu)
			fail_msg("'%s': %d %d", rows[i].path, output.place, criu.place);
		if (output.place != HOST_PLACE_NONE)
			assert_string_equal(output.path, rows[i].found);
		if (criu.place != HOST_PLACE_NONE)
			assert_string_equal(criu.path, rows[i].found);
	}
}

static void without_a_bundle_or_a_policy_nothing_is_below_or_listed(void **state)
{
	autoarena arena = { 0 };
	struct policy *policy = policy_default(&arena, NULL);
	char *directories[] = { arena_strdup(&arena, "/") };
	struct policy old = { .mode = POLICY_ENFORCE };

	(void)state;
	assert_int_equal(host_file_for_output(policy, NULL, "out", &arena).place, HOST_PLACE_NONE);
	assert_int_equal(host_file_for_output(policy, NULL, "/out", &arena).place, HOST_PLACE_NONE);
	assert_int_equal(host_file_for_output(NULL, "/b", "/out", &arena).place, HOST_PLACE_NONE);
	assert_int_equal(host_file_for_output(NULL, "/b", "/b/out", &arena).place,
			 HOST_PLACE_BUNDLE);
	assert_int_equal(host_file_for_criu(NULL, NULL, "/b/out", &arena).place, HOST_PLACE_NONE);
	policy->hooks->output = (struct strlist){ .n = 1, .v = directories };
	assert_int_equal(host_file_for_output(policy, NULL, "/out", &arena).place,
			 HOST_PLACE_LISTED);
	assert_false(host_files_are_free(policy));
	assert_false(host_files_are_free(NULL));
	/* what observes, and what an older program has recorded */
	policy->mode = POLICY_OBSERVE;
	assert_true(host_files_are_free(policy));
	assert_true(host_files_are_free(&old));
}

/* --- what is opened --- */

static int append(const struct world *world, const char *path, struct err *e)
{
	const struct trusted_name name = { .what = "here", .base = "", .path = path };
	autoclose int bundle = openat(world->at, "bundle", O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(bundle >= 0);
	return append_open_beneath(bundle, path, &name, e);
}

static void assert_not_appended(const struct world *world, const char *path, const char *reason)
{
	struct err e = { 0 };

	assert_int_equal(append(world, path, &e), -1);
	if (!str_has_prefix(e.text, "here: ") || !strstr(e.text, reason))
		fail_msg("'%s' does not say '%s'", e.text, reason);
}

static void a_file_is_made_and_appended_to(void **state)
{
	struct world *world = *state;
	struct stat st;
	struct err e = { 0 };

	for (int i = 0; i < 2; i++) {
		autoclose int fd = append(world, "sub/out", &e);

		assert_true(fd >= 0);
		assert_int_equal(write(fd, "line\n", 5), 5);
		/* the hooks themselves may wait */
		assert_int_equal(fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK | O_ACCMODE),
				 O_APPEND | O_WRONLY);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	}
	assert_holds(world, "bundle/sub/out", "line\nline\n");
	assert_int_equal(fstatat(world->at, "bundle/sub/out", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void nothing_but_a_regular_file_with_one_name_is_opened(void **state)
{
	struct world *world = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	autoclose int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	write_file(world, "victim", "as it was");
	assert_int_equal(symlinkat("../victim", world->at, "bundle/link"), 0);
	assert_int_equal(symlinkat("../made", world->at, "bundle/dangling"), 0);
	assert_int_equal(symlinkat("..", world->at, "bundle/up"), 0);
	assert_int_equal(symlinkat("sub", world->at, "bundle/inside"), 0);
	assert_int_equal(linkat(world->at, "victim", world->at, "bundle/hard", 0), 0);
	assert_int_equal(mkfifoat(world->at, "bundle/fifo", 0600), 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/bundle/socket", world->path);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);

	assert_not_appended(world, "link", "symbolic link");
	assert_not_appended(world, "dangling", "symbolic link");
	assert_not_appended(world, "up/victim", "symbolic link");
	/* also where it would lead to a place that is allowed */
	assert_not_appended(world, "inside/out", "symbolic link");
	assert_not_appended(world, "hard", "another name elsewhere");
	assert_not_appended(world, "fifo", "is not a regular file");
	assert_not_appended(world, "socket", "is not a regular file");
	assert_not_appended(world, "sub", "is not a regular file");
	assert_not_appended(world, "none/out", "no such file");
	assert_not_appended(world, "../victim", "");
	assert_not_appended(world, "/etc/hostname", "");
	assert_holds(world, "victim", "as it was");
	assert_int_equal(faccessat(world->at, "made", F_OK, 0), -1);
}

static void a_directory_by_its_real_path_alone(void **state)
{
	struct world *world = *state;
	char path[80];

	assert_int_equal(symlinkat("bundle", world->at, "other"), 0);
	snprintf(path, sizeof(path), "%s/other/sub", world->path);
	assert_int_equal(directory_open_real(path), -1);
	snprintf(path, sizeof(path), "%s/bundle/sub", world->path);
	autoclose int fd = directory_open_real(path);
	assert_true(fd >= 0);
}

/* --- whose it is --- */

static int open_trusted(const struct world *world, const char *path, bool directory, struct err *e)
{
	const struct trust trust = { .directories = { .n = 1, .v = { geteuid() } },
				     .file = { .n = 1, .v = { geteuid() } } };
	const struct trusted_name name = { .what = "file", .base = "/b", .path = path };
	autoclose int bundle = openat(world->at, "bundle", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int fd = directory ? trusted_open_directory_at(bundle, &name, &trust, e)
				     : trusted_open_at(bundle, &name, &trust, e);

	return fd < 0 ? -1 : 0;
}

static void assert_not_trusted(const struct world *world, const char *path, bool directory,
			       const char *text)
{
	struct err e = { 0 };

	assert_int_equal(open_trusted(world, path, directory, &e), -1);
	assert_int_equal(e.kind, ERR_POLICY);
	if (!strstr(e.text, text))
		fail_msg("'%s' does not say '%s'", e.text, text);
}

static void what_others_can_write_is_not_believed(void **state)
{
	static const mode_t modes[] = { 0720, 0702, 01777, 0770 };
	struct world *world = *state;
	struct err e = { 0 };

	write_file(world, "bundle/sub/conf", "x");
	assert_int_equal(open_trusted(world, "/sub/conf", false, &e), 0);
	assert_int_equal(open_trusted(world, "/sub", true, &e), 0);
	assert_int_equal(open_trusted(world, "/", true, &e), 0);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		assert_int_equal(fchmodat(world->at, "bundle", modes[i], 0), 0);
		assert_not_trusted(world, "/sub/conf", false,
				   "file '/b/sub/conf': '/b' can be written by others");
		assert_not_trusted(world, "/sub", true, "'/b' can be written by others");
		assert_int_equal(fchmodat(world->at, "bundle", 0700, 0), 0);
		assert_int_equal(fchmodat(world->at, "bundle/sub", modes[i], 0), 0);
		assert_not_trusted(world, "/sub/conf", false, "'/b/sub' can be written by others");
		assert_not_trusted(world, "/sub", true, "'/b/sub' can be written by others");
		assert_int_equal(fchmodat(world->at, "bundle/sub", 0700, 0), 0);
		assert_int_equal(fchmodat(world->at, "bundle/sub/conf", modes[i] & 0666, 0), 0);
		assert_not_trusted(world, "/sub/conf", false,
				   "'/b/sub/conf' can be written by others");
		assert_int_equal(fchmodat(world->at, "bundle/sub/conf", 0600, 0), 0);
	}
	assert_not_trusted(world, "/sub/conf", true, "is not a directory");
	assert_not_trusted(world, "/sub", false, "is not a regular file");
	assert_not_trusted(world, "/none", true, "no such file");
	assert_int_equal(symlinkat("sub", world->at, "bundle/link"), 0);
	assert_not_trusted(world, "/link", true, "'/b/link' is a symbolic link");
	assert_not_trusted(world, "/link/conf", false, "'/b/link' is a symbolic link");
}

static void root_is_trusted_and_a_user_without_power_trusts_itself(void **state)
{
	struct trust trust;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(trust_of_caller(&trust, &e), 0);
	assert_int_equal(trust.directories.v[0], 0);
	assert_int_equal(trust.file.v[0], 0);
	if (geteuid() == 0) {
		assert_int_equal(trust.file.n, 1);
	} else {
		assert_int_equal(trust.file.n, 2);
		assert_int_equal(trust.file.v[1], geteuid());
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_below_the_bundle_or_listed_or_nowhere),
		cmocka_unit_test(without_a_bundle_or_a_policy_nothing_is_below_or_listed),
		cmocka_unit_test_setup_teardown(a_file_is_made_and_appended_to, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_but_a_regular_file_with_one_name_is_opened,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_directory_by_its_real_path_alone, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_others_can_write_is_not_believed, setup,
						teardown),
		cmocka_unit_test(root_is_trusted_and_a_user_without_power_trusts_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
