/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/json_edit: one member of a text is changed, and every other byte stays.
 */
#include "base/auto.h"
#include "base/json_edit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

struct text {
	struct json_source source;
	struct json_value *root;
};

static struct text parsed(const char *text, struct arena *arena)
{
	struct text ret = { .source = { .name = "file", .text = text, .length = strlen(text) } };
	struct err e = { 0 };

	if (json_parse(&ret.source, arena, &ret.root, &e) < 0)
		fail_msg("%s", e.text);
	return ret;
}

/* value NULL: removed */
static void becomes(const char *before, const char *pointer, const char *value, const char *after)
{
	autoarena arena = { 0 };
	const struct text text = parsed(before, &arena);
	struct err e = { 0 };
	autostrbuf out = { 0 };
	int rc = value ? json_edit_set(&text.source, text.root, pointer, value, &arena, &out, &e)
		       : json_edit_remove(&text.source, text.root, pointer, &arena, &out, &e);

	if (rc < 0)
		fail_msg("%s", e.text);
	assert_string_equal(strbuf_text(&out), after);
	/* it is JSON still */
	(void)parsed(after, &arena);
}

static void fails(const char *before, const char *pointer, const char *value, const char *why)
{
	autoarena arena = { 0 };
	const struct text text = parsed(before, &arena);
	struct err e = { 0 };
	autostrbuf out = { 0 };
	int rc = value ? json_edit_set(&text.source, text.root, pointer, value, &arena, &out, &e)
		       : json_edit_remove(&text.source, text.root, pointer, &arena, &out, &e);

	assert_int_equal(rc, -1);
	if (!strstr(e.text, why))
		fail_msg("%s", e.text);
}

static void a_new_member_is_the_first_one_and_looks_like_the_next(void **state)
{
	(void)state;
	becomes("{\n  \"a\": 1\n}\n", "/b", "true", "{\n  \"b\": true,\n  \"a\": 1\n}\n");
	becomes("{\"a\":1}", "/b", "[2]", "{\"b\": [2],\"a\":1}");
	becomes("{}", "/b", "2", "{\n    \"b\": 2\n}");
	becomes("{\n}\n", "/b", "2", "{\n    \"b\": 2\n}\n");
	becomes("{ \"r\": { \"x\": {} } }", "/r/y", "{}", "{ \"r\": { \"y\": {}, \"x\": {} } }");
	becomes("{\"a\": 1}", "/r/s/t", "\"v\"", "{\"r\": { \"s\": { \"t\": \"v\" } },\"a\": 1}");
	becomes("{\"a\": 1}", "/x~1y", "0", "{\"x/y\": 0,\"a\": 1}");
}

static void a_value_is_replaced_whatever_it_is(void **state)
{
	static const char *const values[] = { "\"a \\\"quoted\\\" \\\\\"",
					      "-1.5e+7",
					      "true",
					      "null",
					      "{}",
					      "[ 1, [ { } ] ]",
					      "{ \"x\" : [] }",
					      "\"\\\\\"" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		autoarena arena = { 0 };

		becomes(arena_printf(&arena, "{ \"k\" : %s , \"z\":%s}", values[i], values[i]),
			"/k", "7", arena_printf(&arena, "{ \"k\" : 7 , \"z\":%s}", values[i]));
		becomes(arena_printf(&arena, "{ \"k\" : %s , \"z\":%s}", values[i], values[i]),
			"/z", "7", arena_printf(&arena, "{ \"k\" : %s , \"z\":7}", values[i]));
	}
}

static void what_was_put_in_is_taken_out_again(void **state)
{
	static const char *const texts[] = { "{\n  \"a\": 1\n}\n", "{\"a\":1,\"c\":{\"d\":[]}}",
					     "{\t\"a\" : \"x\" , \"c\": 1 }" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		autoarena arena = { 0 };
		const struct text text = parsed(texts[i], &arena);
		autostrbuf out = { 0 };
		struct err e = { 0 };

		assert_int_equal(json_edit_set(&text.source, text.root, "/new", "{\"x\": 1}",
					       &arena, &out, &e),
				 0);
		becomes(strbuf_text(&out), "/new", NULL, texts[i]);
	}
	becomes("{\"a\": 1,\n \"b\": 2\n}", "/b", NULL, "{\"a\": 1\n}");
	becomes("{\"a\": 1, \"b\": 2, \"c\": 3}", "/b", NULL, "{\"a\": 1, \"c\": 3}");
	becomes("{\"a\": { \"b\": 2 }}", "/a/b", NULL, "{\"a\": { }}");
}

static void what_cannot_be_done_is_refused(void **state)
{
	(void)state;
	fails("{\"a\": 1}", "/a/b", "1", "'b' is to be in is of type number, not an object");
	fails("[1]", "/0", "1", "not an object");
	fails("{}", "a", "1", "is not a JSON pointer");
	fails("{}", "/a", "{", "the value:1:2");
	fails("{}", "/a", "1 2", "the value:1:3");
	fails("{}", "/a\"b", "1", "has a key with a quote");
	fails("{}", "/a", NULL, "file does not have '/a'");
	fails("{}", "", NULL, "file does not have ''");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_member_is_the_first_one_and_looks_like_the_next),
		cmocka_unit_test(a_value_is_replaced_whatever_it_is),
		cmocka_unit_test(what_was_put_in_is_taken_out_again),
		cmocka_unit_test(what_cannot_be_done_is_refused),
	};

	return cmocka_run_group_tests_name("json_edit", tests, NULL, NULL);
}
