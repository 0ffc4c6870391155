/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/beneath.c against trees as a hostile image could bring them. Each test has a directory with two
 * parts: "root", filled by the attacker, and "outside", which must stay empty. No root needed.
 */
#include "base/auto.h"
#include "base/str.h"
#include "sys/beneath.h"
#include "sys/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

struct tree {
	char path[64];
	int top;     /* of the whole directory */
	int root_fd; /* O_PATH, as the program has it */
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
	struct tree *tree = calloc(1, sizeof(*tree));

	assert_non_null(tree);
	strcpy(tree->path, "/tmp/test-beneath-XXXXXX");
	assert_non_null(mkdtemp(tree->path));
	tree->top = open(tree->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(tree->top >= 0);
	assert_int_equal(mkdirat(tree->top, "root", 0755), 0);
	assert_int_equal(mkdirat(tree->top, "outside", 0755), 0);
	tree->root_fd = openat(tree->top, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(tree->root_fd >= 0);
	*state = tree;
	return 0;
}

static int teardown(void **state)
{
	struct tree *tree = *state;

	close(tree->top);
	close(tree->root_fd);
	nftw(tree->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(tree);
	return 0;
}

static void assert_outside_is_empty(struct tree *tree)
{
	/* rmdir() knows */
	assert_int_equal(unlinkat(tree->top, "outside", AT_REMOVEDIR), 0);
	assert_int_equal(mkdirat(tree->top, "outside", 0755), 0);
}

static void make_link(struct tree *tree, const char *target, const char *name)
{
	assert_int_equal(symlinkat(target, tree->root_fd, name), 0);
}

static void make_dir(struct tree *tree, const char *name)
{
	assert_int_equal(mkdirat(tree->root_fd, name, 0755), 0);
}

static bool same_file(int fd, int root_fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && fstatat(root_fd, path, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static void assert_made(struct tree *tree, const char *path, const char *where, mode_t type)
{
	struct err e = { 0 };
	struct stat st;
	autoclose int fd = type == S_IFDIR ? beneath_make_directory(tree->root_fd, path, 0755, &e)
					   : beneath_make_file(tree->root_fd, path, &e);

	if (fd < 0)
		fail_msg("%s: %s", path, e.text);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & S_IFMT, type);
	assert_true(same_file(fd, tree->root_fd, where));
	assert_int_equal(fcntl(fd, F_GETFL) & O_PATH, O_PATH);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

static void open_follows_links_inside_the_root_only(void **state)
{
	struct tree *tree = *state;
	struct err e = { 0 };
	static const char *const paths[] = { "absolute",        "relative",        "/up",
					     "../../../../run", "absolute/../run", "chain" };

	make_dir(tree, "run");
	make_link(tree, "/run", "absolute");
	make_link(tree, "run", "relative");
	make_link(tree, "../../../../../../../run", "up");
	make_link(tree, "/chain2", "chain");
	make_link(tree, "./absolute", "chain2");
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		autoclose int fd = beneath_open(tree->root_fd, paths[i], O_DIRECTORY, &e);

		if (fd < 0)
			fail_msg("%s: %s", paths[i], e.text);
		assert_true(same_file(fd, tree->root_fd, "run"));
	}
}

static void open_says_why_it_failed(void **state)
{
	struct tree *tree = *state;
	struct err e = { 0 };

	assert_int_equal(beneath_open(tree->root_fd, "missing", 0, &e), -1);
	assert_int_equal(e.sys, ENOENT);
	assert_non_null(strstr(e.text, "'missing'"));
	assert_non_null(strstr(e.text, "no such file or directory"));
	make_link(tree, "loop", "loop");
	assert_int_equal(beneath_open(tree->root_fd, "loop/x", 0, &e), -1);
	assert_int_equal(e.sys, ELOOP);
	make_link(tree, "/run", "link");
	assert_int_equal(beneath_open(tree->root_fd, "link", O_DIRECTORY | O_NOFOLLOW, &e), -1);
	assert_int_equal(e.sys, ENOTDIR);
}

static void magic_links_are_refused(void **state)
{
	autoclose int slash = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct err e = { 0 };

	(void)state;
	assert_true(slash >= 0);
	assert_int_equal(beneath_open(slash, "proc/self/root/etc", 0, &e), -1);
	assert_int_equal(beneath_open(slash, "proc/self/fd/0", 0, &e), -1);
	assert_int_equal(beneath_make_directory(slash, "proc/self/cwd/x", 0755, &e), -1);
}

static void directories_are_made_on_the_way(void **state)
{
	struct tree *tree = *state;
	struct stat st;
	mode_t old = umask(0);

	assert_made(tree, "/a//b/./c/", "a/b/c", S_IFDIR);
	umask(old);
	assert_int_equal(fstatat(tree->root_fd, "a/b", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_made(tree, "a/b/c", "a/b/c", S_IFDIR);
	assert_made(tree, "/", ".", S_IFDIR);
	assert_made(tree, "", ".", S_IFDIR);
	assert_made(tree, "a/new/../b2", "a/b2", S_IFDIR);
	assert_made(tree, "../../a/../../b3", "b3", S_IFDIR);
}

static void dangling_links_are_made_inside_the_root(void **state)
{
	struct tree *tree = *state;
	char outside[128];

	snprintf(outside, sizeof(outside), "%s/outside/escape", tree->path);
	make_link(tree, outside, "absolute");
	make_link(tree, "../outside/escape", "relative");
	make_link(tree, "../../../../../../../../tmp/x", "deep");
	make_dir(tree, "var");
	make_link(tree, "/run", "var/run");

	char expected[160];

	snprintf(expected, sizeof(expected), "%s/sub", outside + 1);
	assert_made(tree, "absolute/sub", expected, S_IFDIR);
	assert_made(tree, "relative", "outside/escape", S_IFDIR);
	assert_made(tree, "deep/y", "tmp/x/y", S_IFDIR);
	assert_made(tree, "var/run/lock", "run/lock", S_IFDIR);
	assert_outside_is_empty(tree);
}

static void files_are_made_and_found(void **state)
{
	struct tree *tree = *state;
	struct stat st;
	mode_t old = umask(0);

	make_dir(tree, "etc");
	make_link(tree, "../outside/hosts", "etc/hosts");
	make_link(tree, "/run/resolv.conf", "etc/resolv.conf");
	assert_made(tree, "etc/plain", "etc/plain", S_IFREG);
	umask(old);
	assert_int_equal(fstatat(tree->root_fd, "etc/plain", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_made(tree, "etc/plain", "etc/plain", S_IFREG);
	assert_made(tree, "etc/hosts", "outside/hosts", S_IFREG);
	assert_made(tree, "etc/resolv.conf", "run/resolv.conf", S_IFREG);
	assert_made(tree, "new/dir/file", "new/dir/file", S_IFREG);
	assert_outside_is_empty(tree);
}

static void a_file_target_that_is_a_fifo_does_not_hang(void **state)
{
	struct tree *tree = *state;

	assert_int_equal(mkfifoat(tree->root_fd, "fifo", 0600), 0);
	alarm(2);
	assert_made(tree, "fifo", "fifo", S_IFIFO);
	alarm(0);
}

static void assert_refused(struct tree *tree, const char *path, bool as_file, int error_number)
{
	struct err e = { 0 };
	int fd = as_file ? beneath_make_file(tree->root_fd, path, &e)
			 : beneath_make_directory(tree->root_fd, path, 0755, &e);

	assert_int_equal(fd, -1);
	assert_int_equal(e.sys, error_number);
}

static void what_cannot_be_made_is_refused(void **state)
{
	struct tree *tree = *state;
	char name[300], path[PATH_MAX + 10];

	make_link(tree, "loop2/x", "loop1");
	make_link(tree, "loop1/x", "loop2");
	make_link(tree, "self/a", "self");
	assert_made(tree, "file", "file", S_IFREG);
	assert_refused(tree, "loop1", false, ELOOP);
	assert_refused(tree, "loop1/x", true, ELOOP);
	assert_refused(tree, "self", false, ELOOP);
	/* the walk's own count, where the kernel's has not seen them */
	assert_refused(tree, "fresh/../loop1", false, ELOOP);
	assert_refused(tree, "fresh2/../self", true, ELOOP);
	assert_refused(tree, "file/x", false, ENOTDIR);
	assert_refused(tree, "file", false, ENOTDIR);
	assert_refused(tree, "missing/../file/x", false, ENOTDIR);
	assert_refused(tree, "/", true, EISDIR);
	assert_refused(tree, "missing/..", true, EISDIR);
	memset(name, 'n', sizeof(name));
	name[256] = '\0';
	assert_refused(tree, name, false, ENAMETOOLONG);
	memset(path, '/', sizeof(path));
	path[sizeof(path) - 2] = 'x';
	path[sizeof(path) - 1] = '\0';
	assert_refused(tree, path, false, ENAMETOOLONG);
}

static void growing_links_end(void **state)
{
	struct tree *tree = *state;
	char target[3001];

	/* each round makes the rest longer: the buffer or the count of links must end it */
	memset(target, '/', sizeof(target));
	memcpy(target + sizeof(target) - 6, "grow2", 6);
	make_link(tree, target, "grow1");
	memcpy(target + sizeof(target) - 6, "grow1", 6);
	make_link(tree, target, "grow2");
	assert_refused(tree, "grow1", false, ELOOP);
	assert_refused(tree, "fresh/../grow1/and/more", false, ELOOP);
}

static void the_parent_is_made_and_the_name_left(void **state)
{
	static const char *const refused[] = { "", "/", "a/", "a/.", "..", "a/..", "." };
	struct tree *tree = *state;
	struct err e = { 0 };
	const char *name = NULL;
	const char *path = "dev/net/tun";
	autoclose int fd = beneath_make_parent(tree->root_fd, path, &name, &e);

	assert_true(fd >= 0);
	assert_true(same_file(fd, tree->root_fd, "dev/net"));
	assert_ptr_equal(name, path + 8);
	assert_int_equal(faccessat(tree->root_fd, "dev/net/tun", F_OK, 0), -1);
	replace_fd(&fd, beneath_make_parent(tree->root_fd, "top", &name, &e));
	assert_true(same_file(fd, tree->root_fd, "."));
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		assert_int_equal(beneath_make_parent(tree->root_fd, refused[i], &name, &e), -1);
}

/* A user who may pass a directory but not list it (0711 of another user). */
static void directories_need_not_be_readable(void **state)
{
	struct tree *tree = *state;
	autochild child = CHILD_INIT;
	struct err e = { 0 };
	int status = -1;

	assert_int_equal(fchmodat(tree->top, "root", 0777, 0), 0);
	if (child_clone(0, -1, &child, &e) == 0) {
		struct stat st;
		int fd;

		if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
			_exit(10);
		if (mkdirat(tree->root_fd, "locked", 0755) < 0 ||
		    mkdirat(tree->root_fd, "locked/inner", 0755) < 0 ||
		    fchmodat(tree->root_fd, "locked", 0311, 0) < 0)
			_exit(11);
		fd = beneath_make_directory(tree->root_fd, "locked/inner/../new/x", 0755, &e);
		if (fd < 0 || fstatat(tree->root_fd, "locked/new/x", &st, 0) < 0)
			_exit(12);
		_exit(fchmodat(tree->root_fd, "locked", 0755, 0) < 0 ? 13 : 0);
	}
	assert_int_equal(child_wait(&child, &status, &e), 0);
	assert_int_equal(status, 0);
}

static void exchange_for_ever(struct tree *tree)
{
	for (;;)
		syscall(SYS_renameat2, tree->root_fd, "vol", tree->root_fd, "evil",
			RENAME_EXCHANGE);
}

/* CVE-2021-30465, CVE-2024-45310: a component turns into a link while it is being looked up. */
static void races_do_not_lead_outside(void **state)
{
	struct tree *tree = *state;
	autochild racer = CHILD_INIT;
	struct err e = { 0 };
	unsigned made = 0;

	make_dir(tree, "vol");
	make_link(tree, "../../../../../../outside", "evil");
	if (child_clone(0, -1, &racer, &e) == 0)
		exchange_for_ever(tree);
	for (int i = 0; i < 3000; i++) {
		char path[64];

		snprintf(path, sizeof(path), "vol/a%d/b", i);

		autoclose int fd = i % 2 ? beneath_make_directory(tree->root_fd, path, 0755, &e)
					 : beneath_make_file(tree->root_fd, path, &e);

		made += fd >= 0;
	}
	child_drop(&racer);
	assert_true(made > 0);
	assert_outside_is_empty(tree);
}

#define TREE_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(open_follows_links_inside_the_root_only),
		TREE_TEST(open_says_why_it_failed),
		TREE_TEST(magic_links_are_refused),
		TREE_TEST(directories_are_made_on_the_way),
		TREE_TEST(dangling_links_are_made_inside_the_root),
		TREE_TEST(files_are_made_and_found),
		TREE_TEST(a_file_target_that_is_a_fifo_does_not_hang),
		TREE_TEST(what_cannot_be_made_is_refused),
		TREE_TEST(growing_links_end),
		TREE_TEST(the_parent_is_made_and_the_name_left),
		TREE_TEST(directories_need_not_be_readable),
		TREE_TEST(races_do_not_lead_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
