/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors, memory, strings and names. Needs no root.
 */
#include "base/arena.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/names.h"
#include "base/str.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>
#undef fail /* cmocka's; ours makes errors */

/* STOP(), which needs cmocka's fail() */
#define STOP(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

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
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
