/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors, memory, strings, names, files and the log. Needs no root; what needs a mount namespace of its
 * own makes one, or is skipped where the system does not allow that.
 */
#include "base/arena.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/names.h"
#include "base/str.h"
#include "os/io.h"
#include "os/log.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>
#undef fail /* cmocka's; ours makes errors */

/* STOP(), which needs cmocka's fail() */
#define STOP(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

/* ---- a directory of the test's own, and stderr caught in a file there */

struct scene {
	char path[64];
	int fd;
	int saved_stderr;
};

static int scene_open(void **state)
{
	static struct scene scene;

	scene = (struct scene){ .path = "/tmp/distro-shim-test-base-XXXXXX", .fd = -1 };
	if (!mkdtemp(scene.path))
		return -1;
	scene.fd = open(scene.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scene.saved_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	*state = &scene;
	return scene.fd < 0 || scene.saved_stderr < 0 ? -1 : 0;
}

static void remove_tree(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0) {
		autoclosedir DIR *dir = fdopendir(fd);
		for (struct dirent *entry; (entry = readdir(dir));)
			if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, ".."))
				remove_tree(fd, entry->d_name);
	}
	unlinkat(dirfd, name, fd >= 0 ? AT_REMOVEDIR : 0);
}

static int scene_close(void **state)
{
	struct scene *scene = *state;

	log_close();
	log_set_prefix(NULL);
	close(scene->saved_stderr);
	close(scene->fd);
	remove_tree(AT_FDCWD, scene->path);
	return 0;
}

static void catch_stderr(const struct scene *scene)
{
	autoclose int fd = openat(scene->fd, "stderr",
				  O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_true(dup2(fd, STDERR_FILENO) >= 0);
}

static char *slurp(const struct scene *scene, const char *name)
{
	struct err e;
	char *text = NULL;

	if (read_file_at(scene->fd, name, 1 << 20, &text, NULL, &e) < 0)
		STOP("%s", e.text);
	return text;
}

static char *caught_stderr(const struct scene *scene)
{
	dup2(scene->saved_stderr, STDERR_FILENO);
	return slurp(scene, "stderr");
}

static const char *path_in(const struct scene *scene, const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", scene->path, name);
	return path;
}

static size_t count_entries(const struct scene *scene)
{
	autoclosedir DIR *dir = opendir(scene->path);
	size_t n = 0;

	while (readdir(dir))
		n++;
	return n - 2;
}

/* ---- err */

static void an_error_has_kind_number_and_lower_case_text(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(fail(&e, ERR_CONFIG, "a %d b", 7), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_int_equal(e.sys, 0);
	assert_string_equal(e.text, "a 7 b");

	errno = ENOENT;
	assert_int_equal(fail_sys(&e, "open '%s'", "/x"), -1);
	assert_int_equal(e.kind, ERR_SYSTEM);
	assert_int_equal(e.sys, ENOENT);
	assert_string_equal(e.text, "open '/x': no such file or directory");
	assert_int_equal(errno, ENOENT);

	errno = 0;
	assert_int_equal(fail_errno(&e, EPERM, "mount"), -1);
	assert_int_equal(e.sys, EPERM);
	assert_string_equal(e.text, "mount: operation not permitted");

	assert_int_equal(err_prefix(&e, "step %s", "pivot-root"), -1);
	assert_string_equal(e.text, "step pivot-root: mount: operation not permitted");
	assert_int_equal(e.sys, EPERM);
	assert_int_equal(e.kind, ERR_SYSTEM);
}

static void errno_texts_are_those_the_engines_match(void **state)
{
	static const struct {
		int number;
		const char *text;
	} rows[] = {
		{ ENOENT, "no such file or directory" },
		{ EPERM, "operation not permitted" },
		{ EACCES, "permission denied" },
		{ ESRCH, "no such process" },
		{ EIO, "input/output error" },
		{ ENOTDIR, "not a directory" },
		{ EISDIR, "is a directory" },
		{ 99999, "unknown error 99999" },
	};
	char buffer[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(errno_text(rows[i].number, buffer, sizeof(buffer)),
				    rows[i].text);
	assert_string_equal(errno_text(ENOENT, buffer, 8), "no such");
}

static void a_long_error_keeps_both_ends(void **state)
{
	char path[5000];
	struct err e;

	(void)state;
	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	fail_errno(&e, ENOENT, "open '%s'", path);
	assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 1);
	assert_true(str_has_prefix(e.text, "open 'ppp"));
	assert_true(str_has_suffix(e.text, "ppp': no such file or directory"));
	assert_non_null(strstr(e.text, "ppp...ppp"));

	err_prefix(&e, "boot");
	assert_true(str_has_prefix(e.text, "boot: open 'ppp"));
	assert_true(str_has_suffix(e.text, ": no such file or directory"));
	assert_true(strlen(e.text) < ERR_TEXT_MAX);

	/* so long that not even the formatted text is held whole */
	autostrbuf huge = { 0 };
	while (huge.length < 40000)
		strbuf_puts(&huge, path);
	fail_errno(&e, EPERM, "%s", huge.text);
	assert_true(str_has_suffix(e.text, ": operation not permitted"));
}

static void an_error_is_never_cut_within_a_character(void **state)
{
	autostrbuf text = { 0 };
	struct err e;

	(void)state;
	for (int shift = 0; shift < 3; shift++) {
		text.length = 0;
		strbuf_add(&text, "ab", (size_t)shift);
		while (text.length < 3000)
			strbuf_puts(&text, "\xe2\x82\xac");
		strbuf_add(&text, "yz", (size_t)shift);
		fail(&e, ERR_CONFIG, "%s", text.text);
		size_t size;
		for (size_t i = 0; e.text[i]; i += size) {
			size = utf8_sequence(e.text + i, strlen(e.text + i));
			assert_true(size > 0);
		}
		assert_true(strlen(e.text) > ERR_TEXT_MAX - 10);
	}
}

static void an_error_can_be_made_of_itself(void **state)
{
	struct err e;

	(void)state;
	fail(&e, ERR_STATE, "inner");
	fail(&e, ERR_POLICY, "outer (%s)", e.text);
	assert_string_equal(e.text, "outer (inner)");
}

static void every_kind_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int a = ERR_NONE; a <= ERR_INTERNAL; a++)
		for (int b = ERR_NONE; b < a; b++)
			assert_string_not_equal(err_kind_name((enum err_kind)a),
						err_kind_name((enum err_kind)b));
	assert_string_equal(err_kind_name(ERR_CONFIG), "config");
	assert_string_equal(err_kind_name(ERR_NOT_FOUND), "not-found");
}

/* ---- arena */

static void arena_memory_is_zeroed_aligned_and_apart(void **state)
{
	static const size_t sizes[] = { 0, 1, 7, 16, 17, 4096, 16000, 16384, 100000, 3, 1 };
	char *memory[ARRAY_SIZE(sizes)];
	autoarena arena = { 0 };
	size_t asked = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		memory[i] = arena_alloc(&arena, sizes[i]);
		assert_int_equal((uintptr_t)memory[i] % _Alignof(max_align_t), 0);
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(memory[i][k], 0);
		memset(memory[i], (int)i + 1, sizes[i]);
		asked += sizes[i];
	}
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(memory[i][k], (int)i + 1);
	assert_ptr_not_equal(arena_alloc(&arena, 0), arena_alloc(&arena, 0));
	assert_true(arena.total >= asked);

	arena_release(&arena);
	assert_null(arena.chunk);
	assert_int_equal(arena.total, 0);
	arena_release(&arena);
}

static void arena_texts_are_copies(void **state)
{
	autoarena arena = { 0 };
	char text[] = "hello";
	char *whole = arena_strdup(&arena, text), *part = arena_strndup(&arena, text, 3);

	(void)state;
	memset(text, 'x', 5);
	assert_string_equal(whole, "hello");
	assert_string_equal(part, "hel");
	assert_string_equal(arena_strndup(&arena, "ab", 100), "ab");
	assert_string_equal(arena_printf(&arena, "%s-%d", "id", 12), "id-12");
	assert_string_equal(arena_printf(&arena, "%0*d", 20000, 1) + 19999, "1");
}

/* What a function does that ends the process. */
static int status_of_exit(void (*run)(void), char *output, size_t size)
{
	int pipe_ends[2], status = -1;

	assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(pipe_ends[1], STDERR_FILENO);
		run();
		_exit(99);
	}
	close(pipe_ends[1]);
	ssize_t n = read(pipe_ends[0], output, size - 1);
	output[n > 0 ? n : 0] = '\0';
	close(pipe_ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void ask_for_an_array_beyond_all_sizes(void)
{
	struct arena arena = { 0 };
	volatile size_t count = SIZE_MAX / 2;

	arena_array(&arena, count, 3);
}

static void ask_for_a_huge_block(void)
{
	struct arena arena = { 0 };
	volatile size_t size = SIZE_MAX - 8;

	arena_alloc(&arena, size);
}

static void without_memory_the_program_says_so_and_exits_1(void **state)
{
	char output[256];

	(void)state;
	assert_int_equal(status_of_exit(ask_for_an_array_beyond_all_sizes, output, sizeof(output)),
			 1);
	assert_string_equal(output, "distro-shim: out of memory\n");
	assert_int_equal(status_of_exit(ask_for_a_huge_block, output, sizeof(output)), 1);
	assert_string_equal(output, "distro-shim: out of memory\n");
}

/* ---- str, names */

static void a_strbuf_grows_and_stays_terminated(void **state)
{
	autostrbuf b = { 0 };

	(void)state;
	assert_string_equal(strbuf_text(&b), "");
	strbuf_add(&b, NULL, 0);
	assert_string_equal(b.text, "");
	strbuf_puts(&b, "ab");
	strbuf_putc(&b, 'c');
	strbuf_printf(&b, "%d", 42);
	strbuf_add(&b, "xyz", 1);
	assert_string_equal(b.text, "abc42x");
	assert_int_equal(b.length, 6);
	for (int i = 0; i < 1000; i++)
		strbuf_printf(&b, "%04d", i);
	assert_int_equal(b.length, 4006);
	assert_string_equal(b.text + 4002, "0999");
	strbuf_release(&b);
	assert_null(b.text);
	assert_int_equal(b.length, 0);
}

static void quoting_shows_no_control_characters(void **state)
{
	static const struct {
		const char *text;
		size_t limit;
		const char *quoted;
	} rows[] = {
		{ "plain", 64, "\"plain\"" },
		{ "a\"b\\c", 64, "\"a\\\"b\\\\c\"" },
		{ "l1\nl2\t.", 64, "\"l1\\nl2\\t.\"" },
		{ "\x1b[31m\x7f", 64, "\"\\u001b[31m\\u007f\"" },
		{ "\xc2\x9b", 64, "\"\\u009b\"" },
		{ "\xc3\xa9\xff.", 64, "\"\xc3\xa9\\xff.\"" },
		{ "12345", 5, "\"12345\"" },
		{ "123456", 5, "\"12345...\"" },
		{ "1234\xc3\xa9", 5, "\"1234...\"" },
		{ "", 5, "\"\"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autostrbuf b = { 0 };
		strbuf_quote(&b, rows[i].text, rows[i].limit);
		assert_string_equal(b.text, rows[i].quoted);
	}
}

static void strings_are_compared_as_asked(void **state)
{
	(void)state;
	assert_true(str_eq(NULL, NULL));
	assert_false(str_eq(NULL, ""));
	assert_true(str_eq("a", "a"));
	assert_true(str_empty(NULL));
	assert_true(str_empty(""));
	assert_false(str_empty(" "));
	assert_true(str_has_prefix("abc", "ab"));
	assert_false(str_has_prefix("ab", "abc"));
	assert_true(str_has_suffix("abc", "bc"));
	assert_false(str_has_suffix("bc", "abc"));
	assert_true(str_has_suffix("abc", ""));
	assert_true(str_eq_nocase("NameSpaces", "namespaces"));
	assert_false(str_eq_nocase("namespace", "namespaces"));
	assert_false(str_eq_nocase("[", "{"));
	assert_false(str_eq_nocase("\xc3\x89", "\xc3\xa9"));
	assert_true(str_eq_nocase(NULL, NULL));
	assert_false(str_eq_nocase("", NULL));
}

static void numbers_have_an_exact_grammar(void **state)
{
	static const char *const no_numbers[] = {
		"",    " 1",  "1 ",  "+1", "01",  "00",  "-",   "--1", "1.0",
		"1e3", "0x1", "1\n", "a",  "-01", "1,0", "1_0", "NaN", "\xd9\xa1",
	};
	uint64_t u64 = 7;
	int64_t i64 = 7;
	uint32_t u32 = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(no_numbers); i++) {
		if (parse_u64(no_numbers[i], &u64) || parse_i64(no_numbers[i], &i64) ||
		    parse_u32(no_numbers[i], &u32) || parse_id(no_numbers[i], &u32))
			STOP("taken for a number: '%s'", no_numbers[i]);
	}
	assert_false(parse_u64(NULL, &u64));
	assert_false(parse_i64(NULL, &i64));
	assert_int_equal(u64, 7);
	assert_int_equal(i64, 7);
	assert_int_equal(u32, 7);
}

static void numbers_end_where_their_type_does(void **state)
{
	uint64_t u64;
	int64_t i64;
	uint32_t u32;

	(void)state;
	assert_true(parse_u64("0", &u64) && u64 == 0);
	assert_true(parse_u64("18446744073709551615", &u64) && u64 == UINT64_MAX);
	assert_false(parse_u64("18446744073709551616", &u64));
	assert_false(parse_u64("99999999999999999999", &u64));
	assert_false(parse_u64("-1", &u64));
	assert_false(parse_u64("-0", &u64));
	assert_true(parse_i64("9223372036854775807", &i64) && i64 == INT64_MAX);
	assert_false(parse_i64("9223372036854775808", &i64));
	assert_true(parse_i64("-9223372036854775808", &i64) && i64 == INT64_MIN);
	assert_false(parse_i64("-9223372036854775809", &i64));
	assert_true(parse_i64("-1", &i64) && i64 == -1);
	assert_true(parse_u32("4294967295", &u32) && u32 == UINT32_MAX);
	assert_false(parse_u32("4294967296", &u32));
	assert_true(parse_id("4294967294", &u32) && u32 == UINT32_MAX - 1);
	assert_false(parse_id("4294967295", &u32));
}

static void utf8_is_strict(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
	} rows[] = {
		{ "a", 1 },
		{ "\xc2\x80", 2 },
		{ "\xdf\xbf", 2 },
		{ "\xe0\xa0\x80", 3 },
		{ "\xed\x9f\xbf", 3 },
		{ "\xee\x80\x80", 3 },
		{ "\xef\xbf\xbf", 3 },
		{ "\xf0\x90\x80\x80", 4 },
		{ "\xf4\x8f\xbf\xbf", 4 },
		{ "\x80", 0 },
		{ "\xc0\x80", 0 },
		{ "\xc1\xbf", 0 },
		{ "\xe0\x9f\xbf", 0 },
		{ "\xed\xa0\x80", 0 },
		{ "\xed\xbf\xbf", 0 },
		{ "\xf0\x8f\xbf\xbf", 0 },
		{ "\xf4\x90\x80\x80", 0 },
		{ "\xf5\x80\x80\x80", 0 },
		{ "\xff", 0 },
		{ "\xc2", 0 },
		{ "\xe2\x82", 0 },
		{ "\xf0\x9f\x98", 0 },
		{ "\xc3(", 0 },
		{ "\xe2\x82(", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (utf8_sequence(rows[i].bytes, strlen(rows[i].bytes)) != rows[i].size)
			STOP("row %zu", i);
	/* the rest of the sequence is there, but out of bounds */
	assert_int_equal(utf8_sequence("\xe2\x82\xac", 2), 0);
}

static void a_text_that_does_not_fit_is_an_error(void **state)
{
	char buffer[6];
	struct err e;

	(void)state;
	assert_int_equal(str_format(buffer, sizeof(buffer), &e, "%s", "12345"), 0);
	assert_string_equal(buffer, "12345");
	assert_int_equal(str_format(buffer, sizeof(buffer), &e, "%s", "123456"), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_string_equal(buffer, "");
}

static void globs_do_not_cross_a_slash(void **state)
{
	(void)state;
	assert_true(glob_matches("net.*", "net.core"));
	assert_true(glob_matches("/run/*/ns", "/run/a/ns"));
	assert_false(glob_matches("/run/*", "/run/a/b"));
	assert_true(glob_matches("*", ".hidden"));
	assert_true(glob_matches("a?[x-z]", "abz"));
	assert_false(glob_matches("a?c", "a/c"));
	assert_false(glob_matches("abc", "ABC"));
}

static void lists_and_names_are_searched(void **state)
{
	static const struct name_row table[] = {
		{ "pid", 1 }, { "network", 2 }, { "net", 2 }, { NULL, 0 }
	};
	char one[] = "one", two[] = "two";
	char *words[] = { one, two };
	struct strlist list = { .n = 2, .v = words };
	int64_t value = 9;

	(void)state;
	assert_true(strlist_has(&list, "two"));
	assert_false(strlist_has(&list, "thr"));
	assert_false(strlist_has(&(struct strlist){ 0 }, "one"));
	assert_true(name_to_value(table, "net", &value) && value == 2);
	assert_false(name_to_value(table, "Net", &value));
	assert_int_equal(value, 2);
	assert_string_equal(value_to_name(table, 2), "network");
	assert_null(value_to_name(table, 0));
}

/* ---- io */

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

/* ---- log */

static void without_log_open_only_the_error_reaches_stderr(void **state)
{
	const struct scene *scene = *state;
	struct err e;

	fail(&e, ERR_CONFIG, "two\nlines \x1b[31m \xff");
	catch_stderr(scene);
	log_warning("a warning");
	log_debug("a detail");
	log_error(&e);
	autofree char *text = caught_stderr(scene);
	assert_string_equal(text, "distro-shim: two\\nlines \\x1b[31m \\xff\n");
	assert_true(log_enabled(LOG_LEVEL_ERROR));
	assert_false(log_enabled(LOG_LEVEL_WARNING));
}

static void without_a_target_enabled_messages_go_to_stderr(void **state)
{
	const struct scene *scene = *state;
	const struct log_options options = { .level = LOG_LEVEL_INFO };
	struct err e;

	catch_stderr(scene);
	int rc = log_open(&options, &e);
	log_set_prefix("pivot-root");
	log_info("one %d", 1);
	log_set_prefix(NULL);
	log_warning("two");
	log_debug("three");
	autofree char *text = caught_stderr(scene);
	assert_int_equal(rc, 0);
	assert_string_equal(text,
			    "distro-shim: info: pivot-root: one 1\ndistro-shim: warning: two\n");
}

/* "2026-01-02T03:04:05.000000000Z", and within a minute of now. */
static void assert_time_is_now(const char *text)
{
	struct tm when = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &when);

	assert_non_null(rest);
	assert_int_equal(strlen(rest), 11);
	assert_int_equal(rest[0], '.');
	assert_int_equal(strspn(rest + 1, "0123456789"), 9);
	assert_int_equal(rest[10], 'Z');
	time_t difference = time(NULL) - timegm(&when);
	assert_true(difference >= -1 && difference < 60);
}

static struct json_value *parse_record(struct arena *arena, const char *text)
{
	const struct json_source source = { .name = "log", .text = text, .length = strlen(text) };
	struct json_value *v = NULL;
	struct err e;

	if (json_parse(&source, arena, &v, &e) < 0)
		STOP("%s", e.text);
	return v;
}

static void the_error_is_one_json_object_in_the_log_and_text_on_stderr(void **state)
{
	const struct scene *scene = *state;
	const struct log_options options = { .path = path_in(scene, "log.json"), .json = true };
	autoarena arena = { 0 };
	struct err e, error;
	struct stat status;

	catch_stderr(scene);
	int rc = log_open(&options, &e);
	log_warning("silent at the default level");
	errno = ENOENT;
	fail_sys(&error, "open \"a\\b\"\n\xc3\xa9\xed\xa0\x80");
	log_error(&error);
	autofree char *text = caught_stderr(scene);
	autofree char *record = slurp(scene, "log.json");
	assert_int_equal(rc, 0);
	assert_string_equal(text, "distro-shim: open \"a\\b\"\\n\xc3\xa9\\xed\\xa0\\x80: "
				  "no such file or directory\n");
	assert_int_equal(fstatat(scene->fd, "log.json", &status, 0), 0);
	assert_int_equal(status.st_mode & 0777, 0600);

	assert_true(str_has_suffix(record, "}\n"));
	assert_true(str_has_prefix(record, "{\"level\":\"error\",\"msg\":\""));
	const struct json_value *v = parse_record(&arena, record);
	assert_int_equal(v->count, 4);
	assert_string_equal(json_get(v, "level")->text, "error");
	assert_string_equal(json_get(v, "msg")->text,
			    "open \"a\\b\"\\n\xc3\xa9\\xed\\xa0\\x80: no such file or directory");
	assert_string_equal(json_get(v, "kind")->text, "system");
	assert_time_is_now(json_get(v, "time")->text);
}

static void records_are_appended_one_a_line(void **state)
{
	const struct scene *scene = *state;
	autostrbuf target = { 0 };
	struct err e;

	strbuf_printf(&target, "file:%s", path_in(scene, "log"));
	const struct log_options options = { .path = target.text, .level = LOG_LEVEL_DEBUG };
	assert_int_equal(replace_file_at(scene->fd, "log", 0600, "before\n", 7, &e), 0);
	catch_stderr(scene);
	int rc = log_open(&options, &e);
	log_debug("first\nsecond");
	log_warning("say \"hi\"");
	autofree char *text = caught_stderr(scene);
	assert_int_equal(rc, 0);
	assert_string_equal(text, "");

	autofree char *log = slurp(scene, "log");
	char *first = strchr(log, '\n') + 1;
	char *second = strchr(first, '\n') + 1;
	assert_true(str_has_prefix(log, "before\ntime=\""));
	assert_non_null(strstr(first, "Z\" level=debug msg=\"first\\\\nsecond\"\ntime=\""));
	assert_true(str_has_suffix(second, "Z\" level=warning msg=\"say \\\"hi\\\"\"\n"));
	assert_null(strchr(strchr(second, '\n') + 1, '\n'));
}

static void unfit_log_targets_are_refused(void **state)
{
	const struct scene *scene = *state;
	struct log_options options = { 0 };
	struct err e;

	assert_int_equal(replace_file_at(scene->fd, "file", 0600, "", 0, &e), 0);
	assert_int_equal(symlinkat("file", scene->fd, "link"), 0);
	options.path = path_in(scene, "link");
	assert_int_equal(log_open(&options, &e), -1);
	assert_int_equal(e.sys, ELOOP);

	assert_int_equal(mkfifoat(scene->fd, "fifo", 0600), 0);
	options.path = path_in(scene, "fifo");
	alarm(20);
	assert_int_equal(log_open(&options, &e), -1);
	alarm(0);
	assert_int_equal(e.sys, ENXIO);

	options.path = scene->path;
	assert_int_equal(log_open(&options, &e), -1);
	assert_int_equal(e.sys, EISDIR);
	options.path = "syslog:";
	assert_int_equal(log_open(&options, &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
	options.path = "journald:a\nPRIORITY=0";
	assert_int_equal(log_open(&options, &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
	options.path = "";
	assert_int_equal(log_open(&options, &e), -1);
	options.path = "/dev/null";
	assert_int_equal(log_open(&options, &e), 0);
}

static void a_log_that_nobody_reads_does_not_stop_us(void **state)
{
	const struct scene *scene = *state;
	struct log_options options = { .path = path_in(scene, "fifo"), .level = LOG_LEVEL_INFO };
	struct err e;

	assert_int_equal(mkfifoat(scene->fd, "fifo", 0600), 0);
	autoclose int reader = openat(scene->fd, "fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(reader >= 0);
	assert_int_equal(log_open(&options, &e), 0);
	alarm(20);
	for (int i = 0; i < 5000; i++)
		log_info("%064d", i);
	alarm(0);
}

/* ---- log daemons, in a mount namespace of a child's own */

#define CANNOT 77

static void write_own(const char *path, const char *text)
{
	struct err e;

	if (write_file_at(AT_FDCWD, path, text, &e) < 0)
		_exit(CANNOT);
}

/* Hide /run and /dev behind empty directories. Ends the child where that is not allowed. */
static void enter_private_world(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char map[64];

	if (uid == 0) {
		if (unshare(CLONE_NEWNS) < 0)
			_exit(CANNOT);
	} else {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
			_exit(CANNOT);
		write_own("/proc/self/setgroups", "deny");
		snprintf(map, sizeof(map), "0 %u 1", uid);
		write_own("/proc/self/uid_map", map);
		snprintf(map, sizeof(map), "0 %u 1", gid);
		write_own("/proc/self/gid_map", map);
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0 ||
	    mount("tmpfs", "/dev", "tmpfs", 0, NULL) < 0)
		_exit(CANNOT);
}

static int bind_daemon(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		_exit(CANNOT);
	return fd;
}

/* The child's whole life; its exit status is the number of the first thing that went wrong. */
static int talk_to_daemons(void)
{
	struct log_options journald = { .path = "journald:shim", .level = LOG_LEVEL_WARNING };
	struct log_options syslog = { .path = "syslog:shim", .level = LOG_LEVEL_WARNING };
	char datagram[4096], expected[4096];
	struct err e;

	enter_private_world();
	if (log_open(&journald, &e) >= 0 || !strstr(e.text, "/run/systemd/journal/socket") ||
	    e.sys != ENOENT)
		return 1;
	if (log_open(&syslog, &e) >= 0 || !strstr(e.text, "/dev/log") || e.sys != ENOENT)
		return 2;

	if (make_directories("/run/systemd/journal", 0700, &e) < 0)
		return CANNOT;
	int daemon = bind_daemon("/run/systemd/journal/socket");
	if (log_open(&journald, &e) < 0)
		return 3;
	fail_lines(&e, ERR_POLICY, "one\ntwo");
	log_error(&e);
	ssize_t n = recv(daemon, datagram, sizeof(datagram), MSG_DONTWAIT);
	int length = snprintf(expected, sizeof(expected),
			      "MESSAGE\n%c%c%c%c%c%c%c%cone\ntwo\nPRIORITY=3\n"
			      "SYSLOG_IDENTIFIER=shim\nSYSLOG_PID=%d\nDISTRO_SHIM_KIND=policy\n",
			      7, 0, 0, 0, 0, 0, 0, 0, (int)getpid());
	if (n != length || memcmp(datagram, expected, (size_t)n) != 0)
		return 4;
	fail(&e, ERR_CONFIG, "bad");
	log_error(&e);
	n = recv(daemon, datagram, sizeof(datagram), MSG_DONTWAIT);
	if (n < 0 || !memmem(datagram, (size_t)n, "MESSAGE=bad\nPRIORITY=3\n", 23) ||
	    !memmem(datagram, (size_t)n, "\nDISTRO_SHIM_KIND=config\n", 25))
		return 5;

	daemon = bind_daemon("/dev/log");
	if (log_open(&syslog, &e) < 0)
		return 6;
	log_warning("careful");
	n = recv(daemon, datagram, sizeof(datagram), MSG_DONTWAIT);
	length = snprintf(expected, sizeof(expected), "<28>shim[%d]: careful", (int)getpid());
	if (n != length || memcmp(datagram, expected, (size_t)n) != 0)
		return 7;
	return 0;
}

static void log_daemons_get_their_own_protocol_and_must_be_there(void **state)
{
	const struct scene *scene = *state;
	int status = -1;

	catch_stderr(scene);
	pid_t pid = fork();
	if (pid == 0)
		_exit(talk_to_daemons());
	waitpid(pid, &status, 0);
	autofree char *text = caught_stderr(scene);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CANNOT) {
		print_message("# no mount namespace of our own is allowed here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_string_equal(text, "distro-shim: one\ntwo\ndistro-shim: bad\n");
}

#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_has_kind_number_and_lower_case_text),
		cmocka_unit_test(errno_texts_are_those_the_engines_match),
		cmocka_unit_test(a_long_error_keeps_both_ends),
		cmocka_unit_test(an_error_is_never_cut_within_a_character),
		cmocka_unit_test(an_error_can_be_made_of_itself),
		cmocka_unit_test(every_kind_has_a_name_of_its_own),
		cmocka_unit_test(arena_memory_is_zeroed_aligned_and_apart),
		cmocka_unit_test(arena_texts_are_copies),
		cmocka_unit_test(without_memory_the_program_says_so_and_exits_1),
		cmocka_unit_test(a_strbuf_grows_and_stays_terminated),
		cmocka_unit_test(quoting_shows_no_control_characters),
		cmocka_unit_test(strings_are_compared_as_asked),
		cmocka_unit_test(numbers_have_an_exact_grammar),
		cmocka_unit_test(numbers_end_where_their_type_does),
		cmocka_unit_test(utf8_is_strict),
		cmocka_unit_test(a_text_that_does_not_fit_is_an_error),
		cmocka_unit_test(globs_do_not_cross_a_slash),
		cmocka_unit_test(lists_and_names_are_searched),
		IN_SCENE(a_file_is_read_up_to_the_limit),
		IN_SCENE(only_regular_files_are_read),
		IN_SCENE(a_replaced_file_has_content_and_mode_and_no_leftovers),
		IN_SCENE(a_failed_replacement_leaves_the_old_and_no_temporary_file),
		IN_SCENE(a_replacement_goes_round_what_lies_in_its_way),
		IN_SCENE(a_write_to_a_kernel_file_creates_nothing),
		IN_SCENE(write_fd_all_writes_all),
		IN_SCENE(directories_are_made_and_kept),
		IN_SCENE(without_log_open_only_the_error_reaches_stderr),
		IN_SCENE(without_a_target_enabled_messages_go_to_stderr),
		IN_SCENE(the_error_is_one_json_object_in_the_log_and_text_on_stderr),
		IN_SCENE(records_are_appended_one_a_line),
		IN_SCENE(unfit_log_targets_are_refused),
		IN_SCENE(a_log_that_nobody_reads_does_not_stop_us),
		IN_SCENE(log_daemons_get_their_own_protocol_and_must_be_there),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
