/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files: read up to a limit, written whole or not at all. Needs no root.
 */
#include "scene.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "os/io.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

static size_t count_entries(const struct scene *scene)
{
	autoclosedir DIR *dir = opendir(scene->path);
	size_t n = 0;

	while (readdir(dir))
		n++;
	return n - 2;
}

static void a_file_is_read_up_to_the_limit(void **state)
{
	const struct scene *scene = *state;
	char data[10000];
	struct err e;
	autofree char *text = NULL;
	size_t length = 0;

	memset(data, 'd', sizeof(data));
	data[5] = '\0';
	assert_int_equal(replace_file_at(scene->fd, "f", 0600, data, sizeof(data), &e), 0);
	assert_int_equal(read_file_at(scene->fd, "f", sizeof(data), &text, &length, &e), 0);
	assert_int_equal(length, sizeof(data));
	assert_memory_equal(text, data, length);
	assert_int_equal(text[length], '\0');

	char *untouched = data;
	assert_int_equal(read_file_at(scene->fd, "f", sizeof(data) - 1, &untouched, NULL, &e), -1);
	assert_int_equal(e.sys, EFBIG);
	assert_string_equal(e.text, "read 'f': more than 9999 bytes: file too large");
	assert_ptr_equal(untouched, data);

	assert_int_equal(read_file_at(scene->fd, "none", 10, &untouched, NULL, &e), -1);
	assert_string_equal(e.text, "open 'none': no such file or directory");
}

static void only_regular_files_are_read(void **state)
{
	const struct scene *scene = *state;
	char *text;
	struct err e;

	assert_int_equal(mkfifoat(scene->fd, "fifo", 0600), 0);
	alarm(20); /* a read that waits for a writer must end the test */
	assert_int_equal(read_file_at(scene->fd, "fifo", 10, &text, NULL, &e), -1);
	alarm(0);
	assert_string_equal(e.text, "read 'fifo': not a regular file: invalid argument");
	assert_int_equal(mkdirat(scene->fd, "dir", 0700), 0);
	assert_int_equal(read_file_at(scene->fd, "dir", 10, &text, NULL, &e), -1);
	assert_int_equal(e.sys, EISDIR);
	assert_int_equal(read_file_at(AT_FDCWD, "/dev/null", 10, &text, NULL, &e), -1);
	assert_non_null(strstr(e.text, "not a regular file"));
	assert_int_equal(read_file_at(AT_FDCWD, "/proc/self/status", 1 << 16, &text, NULL, &e), 0);
	assert_true(str_has_prefix(text, "Name:"));
	free(text);
}

static void a_replaced_file_has_content_and_mode_and_no_leftovers(void **state)
{
	const struct scene *scene = *state;
	autofree char *text = NULL;
	struct stat status;
	struct err e;
	mode_t mask = umask(0777);

	int rc = replace_file_at(scene->fd, "state.json", 0640, "old", 3, &e);
	umask(mask);
	assert_int_equal(rc, 0);
	assert_int_equal(replace_file_at(scene->fd, "state.json", 0644, "newer", 5, &e), 0);
	assert_int_equal(fstatat(scene->fd, "state.json", &status, 0), 0);
	assert_int_equal(status.st_mode & 07777, 0644);
	text = slurp(scene, "state.json");
	assert_string_equal(text, "newer");
	assert_int_equal(count_entries(scene), 1);
}

static void a_failed_replacement_leaves_the_old_and_no_temporary_file(void **state)
{
	const struct scene *scene = *state;
	struct err e;

	/* a directory in the file's place lets the rename fail */
	assert_int_equal(mkdirat(scene->fd, "taken", 0700), 0);
	assert_int_equal(replace_file_at(scene->fd, "taken", 0600, "x", 1, &e), -1);
	assert_int_equal(e.sys, EISDIR);
	assert_int_equal(count_entries(scene), 1);
	assert_int_equal(replace_file_at(scene->fd, "a/b", 0600, "x", 1, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
}

static void a_replacement_goes_round_what_lies_in_its_way(void **state)
{
	const struct scene *scene = *state;
	autofree char *victim = NULL;
	autofree char *text = NULL;
	char temporary[64];
	struct err e;

	assert_int_equal(replace_file_at(scene->fd, "victim", 0600, "safe", 4, &e), 0);
	snprintf(temporary, sizeof(temporary), ".f.%d.0", (int)getpid());
	assert_int_equal(symlinkat("victim", scene->fd, temporary), 0);
	assert_int_equal(replace_file_at(scene->fd, "f", 0600, "mine", 4, &e), 0);
	victim = slurp(scene, "victim");
	text = slurp(scene, "f");
	assert_string_equal(victim, "safe");
	assert_string_equal(text, "mine");
}

static void a_write_to_a_kernel_file_creates_nothing(void **state)
{
	const struct scene *scene = *state;
	autofree char *text = NULL;
	struct err e;

	assert_int_equal(write_file_at(scene->fd, "pids.max", "10", &e), -1);
	assert_string_equal(e.text, "open 'pids.max': no such file or directory");
	assert_int_equal(replace_file_at(scene->fd, "pids.max", 0600, "max\n", 4, &e), 0);
	assert_int_equal(write_file_at(scene->fd, "pids.max", "12", &e), 0);
	text = slurp(scene, "pids.max");
	assert_string_equal(text, "12x\n");

	assert_int_equal(write_file_at(AT_FDCWD, "/dev/full", "max\nsecond line", &e), -1);
	assert_string_equal(e.text, "write 'max' to '/dev/full': no space left on device");
}

static void write_fd_all_writes_all(void **state)
{
	const struct scene *scene = *state;
	autoclose int fd = openat(scene->fd, "w", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	autofree char *text = NULL;
	struct err e;

	assert_int_equal(write_fd_all(fd, "w", "hello", 5, &e), 0);
	assert_int_equal(write_fd_all(fd, "w", "", 0, &e), 0);
	text = slurp(scene, "w");
	assert_string_equal(text, "hello");
	assert_int_equal(write_fd_all(-1, "gone", "x", 1, &e), -1);
	assert_string_equal(e.text, "write 'gone': bad file descriptor");
}

static void directories_are_made_and_kept(void **state)
{
	const struct scene *scene = *state;
	struct stat status;
	struct err e;

	assert_int_equal(make_directories(path_in(scene, "a//b/c/"), 0700, &e), 0);
	assert_int_equal(fstatat(scene->fd, "a/b/c", &status, 0), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
	assert_int_equal(fchmodat(scene->fd, "a", 0750, 0), 0);
	assert_int_equal(make_directories(path_in(scene, "a/d"), 0711, &e), 0);
	assert_int_equal(fstatat(scene->fd, "a", &status, 0), 0);
	assert_int_equal(status.st_mode & 0777, 0750);
	assert_int_equal(make_directories("/", 0700, &e), 0);

	assert_int_equal(replace_file_at(scene->fd, "file", 0600, "", 0, &e), 0);
	assert_int_equal(make_directories(path_in(scene, "file"), 0700, &e), -1);
	assert_int_equal(e.sys, ENOTDIR);
	assert_int_equal(make_directories(path_in(scene, "file/x"), 0700, &e), -1);
	assert_int_equal(e.sys, ENOTDIR);
	assert_int_equal(make_directories("", 0700, &e), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCENE(a_file_is_read_up_to_the_limit),
		IN_SCENE(only_regular_files_are_read),
		IN_SCENE(a_replaced_file_has_content_and_mode_and_no_leftovers),
		IN_SCENE(a_failed_replacement_leaves_the_old_and_no_temporary_file),
		IN_SCENE(a_replacement_goes_round_what_lies_in_its_way),
		IN_SCENE(a_write_to_a_kernel_file_creates_nothing),
		IN_SCENE(write_fd_all_writes_all),
		IN_SCENE(directories_are_made_and_kept),
	};

	return cmocka_run_group_tests_name("io", tests, NULL, NULL);
}
