/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes from outside (names, paths, what other programs say) is shown without a byte that a terminal, or
 * a reader of lines, obeys: in errors, in the log, in what commands print. Runs anywhere.
 */
#include "base/arena.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/str.h"
#include "os/log.h"
#include "plan/plan.h"
#include "plan/print.h"
#include "policy/policy.h"
#include "spec/check.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>
/* err.h has a function of this name */
#undef fail

/* Each kind that must not be seen as it is. */
static const struct {
	const char *text, *shown;
} kinds[] = {
	{ "\n", "\\n" },
	{ "\r", "\\r" },
	{ "\t", "\\t" },
	{ "\x01", "\\x01" },
	{ "\x1b[31m", "\\x1b[31m" },
	{ "\x7f", "\\x7f" },
	{ "\xc2\x80", "\\u0080" }, /* the first and the last of C1; among them CSI */
	{ "\xc2\x9f", "\\u009f" },
	{ "\xd8\x9c", "\\u061c" },     /* Arabic letter mark */
	{ "\xe2\x80\x8e", "\\u200e" }, /* left-to-right mark */
	{ "\xe2\x80\x8f", "\\u200f" },
	{ "\xe2\x80\xa8", "\\u2028" }, /* separators of lines and paragraphs */
	{ "\xe2\x80\xa9", "\\u2029" },
	{ "\xe2\x80\xaa", "\\u202a" }, /* embeddings and overrides */
	{ "\xe2\x80\xae", "\\u202e" },
	{ "\xe2\x81\xa6", "\\u2066" }, /* isolates */
	{ "\xe2\x81\xa9", "\\u2069" },
	{ "\xff", "\\xff" },          /* not UTF-8 */
	{ "\xc0\x8a", "\\xc0\\x8a" }, /* a newline in too many bytes */
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
	{ "\xe2\x80", "\\xe2\\x80" },
};

/* What must stay, beside the ends of the ranges above. */
static const char *const plain[] = {
	"",
	"container does not exist",
	"a\\b \\x1b \\n",
	"~ \xc2\xa0\xc3\xa9",
	"\xe2\x80\x8d\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa", /* U+200D 2027 202F 2065 206A */
	"\xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x90\xa7",
};

static void each_kind_is_escaped_and_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		autostrbuf b = { 0 }, again = { 0 };
		strbuf_escape(&b, kinds[i].text);
		assert_string_equal(strbuf_text(&b), kinds[i].shown);
		strbuf_escape(&again, strbuf_text(&b));
		assert_string_equal(strbuf_text(&again), kinds[i].shown);
	}
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		autostrbuf b = { 0 };
		strbuf_escape(&b, plain[i]);
		assert_string_equal(strbuf_text(&b), plain[i]);
	}
}

static void only_the_format_ends_a_line(void **state)
{
	autostrbuf b = { 0 };

	(void)state;
	strbuf_show(&b, "%s: %d\n", "a\nb", 3);
	strbuf_show(&b, "%s", "end\n");
	strbuf_show(&b, "%s\n\n", "\n");
	strbuf_show(&b, "\n");
	strbuf_show(&b, "%s", "");
	assert_string_equal(strbuf_text(&b), "a\\nb: 3\nend\\n\\n\n\n\n");
}

static void an_error_is_one_line_whatever_is_in_it(void **state)
{
	struct err e, outer;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		autostrbuf wanted = { 0 };

		errno = ENOENT;
		fail_sys(&e, "open '%s'", kinds[i].text);
		strbuf_printf(&wanted, "open '%s': no such file or directory", kinds[i].shown);
		assert_string_equal(e.text, wanted.text);

		fail_errno(&e, ENOENT, "open '%s'", kinds[i].text);
		assert_string_equal(e.text, wanted.text);

		fail(&outer, ERR_CONFIG, "%s", e.text);
		assert_string_equal(outer.text, wanted.text);

		fail(&e, ERR_CONFIG, "bad");
		err_prefix(&e, "'%s'", kinds[i].text);
		strbuf_release(&wanted);
		strbuf_printf(&wanted, "'%s': bad", kinds[i].shown);
		assert_string_equal(e.text, wanted.text);
	}
}

static void what_another_process_says_has_no_lines(void **state)
{
	struct err e = { .kind = ERR_SYSTEM, .text = "one\ntwo \x1b[2J\xe2\x80\xae" };

	(void)state;
	err_escape(&e);
	assert_string_equal(e.text, "one\\ntwo \\x1b[2J\\u202e");
	memset(e.text, '\n', sizeof(e.text));
	err_escape(&e);
	assert_true(strlen(e.text) < sizeof(e.text));
	assert_null(strchr(e.text, '\n'));
}

static void long_escapes_keep_both_ends(void **state)
{
	char name[3000];
	struct err e;

	(void)state;
	memset(name, '\x1b', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	errno = ENOENT;
	fail_sys(&e, "open '%s'", name);
	assert_true(str_has_prefix(e.text, "open '\\x1b"));
	assert_true(str_has_suffix(e.text, "\\x1b': no such file or directory"));
	assert_true(strlen(e.text) <= ERR_TEXT_MAX - 1);
	err_prefix(&e, "%s", name);
	assert_true(str_has_prefix(e.text, "\\x1b"));
	assert_true(str_has_suffix(e.text, ": no such file or directory"));
	assert_null(strchr(e.text, '\x1b'));
}

static void lines_of_our_own_stay(void **state)
{
	struct spec spec = { 0 };
	struct check c = { .source_name = "evil\nforged: config.json", .spec = &spec, .at = "" };
	struct err e;

	(void)state;
	check_fail(&c, "process.cwd: %s", "a\nforged: b");
	check_fail(&c, "hostname: %s", "\x1b[31m");
	assert_int_equal(check_finish(&c, &e), -1);
	assert_string_equal(e.text, "evil\\nforged: config.json: process.cwd: a\\nforged: b\n"
				    "evil\\nforged: config.json: hostname: \\x1b[31m");
	err_prefix(&e, "bundle");
	assert_non_null(strchr(e.text, '\n'));
}

static void refusals_are_a_line_each(void **state)
{
	char rule[] = "network.namespace", why[] = "'x\nforged: y' is refused";
	struct decision v[] = { { .rule = rule, .action = DECISION_REFUSE, .why = why },
				{ .rule = rule, .action = DECISION_REFUSE, .why = why } };
	struct verdict verdict = { .decisions = { .n = 2, .v = v }, .refused = true };
	struct err e;

	(void)state;
	assert_int_equal(policy_refusal(&verdict, "c\n.json", &e), -1);
	assert_string_equal(e.text, "network.namespace: 'x\\nforged: y' is refused\n"
				    "network.namespace: 'x\\nforged: y' is refused");
}

static void decisions_are_printed_escaped(void **state)
{
	char rule[] = "network.sysctls", path[] = "/linux/sysctl/net.\n\xe2\x80\xae",
	     before[] = "\"\xe2\x80\xae\"", why[] = "for\n\x1b a reason";
	struct decision one = {
		.rule = rule, .action = DECISION_DROP, .path = path, .before = before, .why = why
	};
	autostrbuf out = { 0 };

	(void)state;
	decisions_print(&(struct decisions){ .n = 1, .v = &one }, &out);
	assert_string_equal(strbuf_text(&out),
			    "drop network.sysctls\n"
			    "    /linux/sysctl/net.\\n\\u202e: \"\\u202e\" -> nothing\n"
			    "    for\\n\\x1b a reason\n");
}

static void a_plan_is_printed_escaped(void **state)
{
	char id[] = "c1", bundle[] = "/b\nforged\x1b\xe2\x80\xae\xff", link[] = "/dev/x\ny";
	char device[] = "eth\n0", key[] = "\xc2\x9b";
	struct plan_link links = { .path = link, .target = bundle };
	struct plan_net_device devices = { .name = device, .inside = device };
	struct strpair annotation = { .key = key, .value = bundle };
	struct plan plan = { .id = id,
			     .bundle = bundle,
			     .links = { .n = 1, .v = &links },
			     .net_devices = { .n = 1, .v = &devices },
			     .annotations = { .n = 1, .v = &annotation } };
	autostrbuf out = { 0 };

	(void)state;
	plan_print(&plan, &out);
	assert_null(strstr(out.text, "\nforged"));
	assert_null(strstr(out.text, "\ny"));
	assert_null(strchr(out.text, '\x1b'));
	assert_null(strchr(out.text, '\xff'));
	assert_null(strstr(out.text, "\xe2\x80\xae"));
	assert_null(strchr(out.text, '\x9b'));
	assert_non_null(strstr(out.text, "forged\\u001b\\u202e\\xff"));
}

/* What log_error() and a warning write, in a file of the log or on stderr. */
static char *logged(const char *target, bool json, const struct err *error, const char *message,
		    char **ret_stderr)
{
	struct log_options options = { .path = target, .json = json, .level = LOG_LEVEL_WARNING };
	int aside = dup(STDERR_FILENO), caught = memfd_create("stderr", MFD_CLOEXEC);
	char *text = calloc(1, 8192);
	struct err e;

	*ret_stderr = calloc(1, 8192);
	dup2(caught, STDERR_FILENO);
	int rc = log_open(&options, &e);
	log_set_prefix("a\nprefix");
	log_warning("%s", message);
	log_set_prefix(NULL);
	log_error(error);
	log_close();
	dup2(aside, STDERR_FILENO);
	close(aside);
	assert_int_equal(rc, 0);
	assert_true(pread(caught, *ret_stderr, 8191, 0) >= 0);
	close(caught);
	if (target) {
		FILE *file = fopen(target, "r");
		assert_non_null(file);
		text[fread(text, 1, 8191, file)] = '\0';
		fclose(file);
		unlink(target);
	}
	return text;
}

static void the_log_has_a_line_a_record(void **state)
{
	char path[] = "/tmp/test_shown.XXXXXX";
	autoarena arena = { 0 };
	struct err e;

	(void)state;
	assert_true(mkstemp(path) >= 0);
	fail_lines(&e, ERR_POLICY, "one \xe2\x80\xae\ntwo \x1b[2J");
	/* as if it had been made in another way */
	strcat(e.text, "\xff\x1b");
	for (int json = 0; json < 2; json++) {
		autofree char *said = NULL;
		autofree char *log = logged(path, json, &e, "w\x1b\n\xff", &said);
		char *second = strchr(log, '\n') + 1;

		assert_non_null(strstr(log, "a\\\\nprefix: w\\\\x1b\\\\n\\\\xff\""));
		assert_ptr_equal(strchr(second, '\n') + 1, log + strlen(log));
		assert_non_null(strstr(second, "one \\\\u202e\\ntwo \\\\x1b[2J\\\\xff\\\\x1b\""));
		assert_string_equal(said, "distro-shim: one \\u202e\ntwo \\x1b[2J\\xff\\x1b\n");
		if (json) {
			struct json_source source = { .name = "log", .text = second };
			struct json_value *v;

			source.length = strlen(second);
			assert_int_equal(json_parse(&source, &arena, &v, &e), 0);
			assert_string_equal(json_get(v, "msg")->text,
					    "one \\u202e\ntwo \\x1b[2J\\xff\\x1b");
		}
	}

	autofree char *said = NULL;
	autofree char *none = logged(NULL, false, &e, "w\x1b\n\xff", &said);
	assert_true(str_has_prefix(said, "distro-shim: warning: a\\nprefix: w\\x1b\\n\\xff\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_escaped_and_nothing_else),
		cmocka_unit_test(only_the_format_ends_a_line),
		cmocka_unit_test(an_error_is_one_line_whatever_is_in_it),
		cmocka_unit_test(what_another_process_says_has_no_lines),
		cmocka_unit_test(long_escapes_keep_both_ends),
		cmocka_unit_test(lines_of_our_own_stay),
		cmocka_unit_test(refusals_are_a_line_each),
		cmocka_unit_test(decisions_are_printed_escaped),
		cmocka_unit_test(a_plan_is_printed_escaped),
		cmocka_unit_test(the_log_has_a_line_a_record),
	};

	return cmocka_run_group_tests_name("shown", tests, NULL, NULL);
}
