/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strict JSON parser and the writer. One row per way in which two parsers can be made to read one
 * file differently, or one parser be made to crash (CVE-2017-16516, CVE-2022-24795, CVE-2023-33460).
 */
#include "base/auto.h"
#include "base/json.h"
#include "base/json_out.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>
#undef fail /* cmocka's; ours makes errors */

/* fail_msg(), which needs cmocka's fail() */
#define STOP(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

static int parse(const char *text, size_t length, struct arena *arena, struct json_value **ret,
		 struct err *e)
{
	const struct json_source source = { .name = "c.json", .text = text, .length = length };

	return json_parse(&source, arena, ret, e);
}

static struct json_value *parse_good(struct arena *arena, const char *text)
{
	struct json_value *v = NULL;
	struct err e;

	if (parse(text, strlen(text), arena, &v, &e) < 0)
		STOP("refused: %s\n%s", e.text, text);
	return v;
}

struct refusal {
	const char *text;
	const char *message;
	size_t length; /* 0: strlen(text) */
};

static void assert_refusals(const struct refusal *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		autoarena arena = { 0 };
		struct json_value *untouched = NULL, *v = untouched;
		struct err e = { 0 };
		size_t length = rows[i].length ? rows[i].length : strlen(rows[i].text);
		/* exactly as long as said, so that reading beyond is seen by the sanitizer */
		autofree char *text = xmalloc(length);
		memcpy(text, rows[i].text, length);

		if (parse(text, length, &arena, &v, &e) >= 0)
			STOP("accepted: %s", rows[i].text);
		assert_string_equal(e.text, rows[i].message);
		assert_int_equal(e.kind, ERR_CONFIG);
		assert_ptr_equal(v, untouched);
	}
}

#define ASSERT_REFUSALS(rows) assert_refusals(rows, ARRAY_SIZE(rows))

/* ---- what is refused */

static void nul_is_refused_in_any_form(void **state)
{
	static const struct refusal rows[] = {
		{ "{\"a\": \"/run/ok\\u0000evil\"}", "c.json:1:15: \\u0000 is not allowed", 0 },
		{ "{\"a\\u0000b\": 1}", "c.json:1:4: \\u0000 is not allowed", 0 },
		{ "{\"a\": \"x\0y\"}", "c.json:1:9: a nul byte", 12 },
		{ "{\"a\0\": 1}", "c.json:1:4: a nul byte", 9 },
		{ "{}\0", "c.json:1:3: a nul byte", 3 },
		{ "{}\n\0{\"a\": 1}", "c.json:2:1: a nul byte", 12 },
		{ "\0", "c.json:1:1: a nul byte", 1 },
	};
	autoarena arena = { 0 };

	(void)state;
	ASSERT_REFUSALS(rows);
	/* an escaped backslash before u0000 is text */
	assert_string_equal(parse_good(&arena, "\"\\\\u0000\"")->text, "\\u0000");
}

static void loose_utf8_is_refused(void **state)
{
	static const struct refusal rows[] = {
		{ "[\"\xc0\x80\"]", "c.json:1:3: invalid utf-8", 0 },
		{ "[\"\xed\xa0\x80\"]", "c.json:1:3: invalid utf-8", 0 },
		{ "[\"\xf4\x90\x80\x80\"]", "c.json:1:3: invalid utf-8", 0 },
		{ "[\"\xff\"]", "c.json:1:3: invalid utf-8", 0 },
		{ "{\"k\xe2\x82\": 1}", "c.json:1:4: invalid utf-8", 0 },
		{ "[\n\n  \"a\xc3", "c.json:3:5: invalid utf-8", 0 },
		{ "\xef\xbb\xbf{}", "c.json:1:1: invalid char in json text", 0 },
	};
	autoarena arena = { 0 };

	(void)state;
	ASSERT_REFUSALS(rows);
	assert_string_equal(parse_good(&arena, "\"\xf4\x8f\xbf\xbf\"")->text, "\xf4\x8f\xbf\xbf");
}

static void control_characters_are_refused_between_values_too(void **state)
{
	static const struct refusal rows[] = {
		{ "[1,\v2]", "c.json:1:4: a control character \\u000b", 0 },
		{ "[1,\f2]", "c.json:1:4: a control character \\u000c", 0 },
		{ "{}\f", "c.json:1:3: a control character \\u000c", 0 },
		{ "[\"\x1b\"]", "c.json:1:3: a control character \\u001b", 0 },
	};

	(void)state;
	ASSERT_REFUSALS(rows);
}

static void lone_surrogates_are_refused(void **state)
{
	static const struct refusal rows[] = {
		{ "[\"\\ud800\"]",
		  "c.json:1:3: a high surrogate \\ud800 without a low one after it", 0 },
		{ "[\"\\uDBFF\"]",
		  "c.json:1:3: a high surrogate \\udbff without a low one after it", 0 },
		{ "[\"\\ud800\\u0041\"]",
		  "c.json:1:3: a high surrogate \\ud800 without a low one after it", 0 },
		{ "[\"\\ud83d\\\\u0\"]",
		  "c.json:1:3: a high surrogate \\ud83d without a low one after it", 0 },
		{ "[\"\\ud83d\\ud83d\\ude00\"]",
		  "c.json:1:3: a high surrogate \\ud83d without a low one after it", 0 },
		{ "[\"\\ud83dx\\ude00\"]",
		  "c.json:1:3: a high surrogate \\ud83d without a low one after it", 0 },
		{ "[\"a\\uDE00\"]",
		  "c.json:1:4: a low surrogate \\ude00 without a high one before it", 0 },
		{ "{\"\\udc00\": 1}",
		  "c.json:1:3: a low surrogate \\udc00 without a high one before it", 0 },
		{ "[\"\\ud83d\\ude0",
		  "c.json:1:3: a high surrogate \\ud83d without a low one after it", 0 },
		{ "[\"\\ud83d\\", "c.json:1:3: a high surrogate \\ud83d without a low one after it",
		  0 },
	};
	autoarena arena = { 0 };

	(void)state;
	ASSERT_REFUSALS(rows);
	assert_string_equal(parse_good(&arena, "\"\\ud83d\\uDE00\"")->text, "\xf0\x9f\x98\x80");
	assert_string_equal(parse_good(&arena, "\"\\\\ud800 \\u00e9\\u20AC\"")->text,
			    "\\ud800 \xc3\xa9\xe2\x82\xac");
}

static void duplicate_keys_are_refused_at_every_level(void **state)
{
	static const struct refusal rows[] = {
		{ "{\"a\": 1, \"a\": 1}", "c.json:1:10: duplicate key \"a\"", 0 },
		{ "{\"a\": 1,\n \"b\": 2,\n \"a\": null}", "c.json:3:2: duplicate key \"a\"", 0 },
		{ "[{\"x\": {\"deep\": [{\"k\": 1, \"z\": 2, \"k\": 3}]}}]",
		  "c.json:1:35: duplicate key \"k\"", 0 },
		{ "{\"\\u0061\": 1, \"a\": 2}", "c.json:1:15: duplicate key \"a\"", 0 },
		{ "{\"\": 1, \"\": 2}", "c.json:1:9: duplicate key \"\"", 0 },
		{ "{\"a\\n\": 1, \"a\\n\": 2}", "c.json:1:12: duplicate key \"a\\n\"", 0 },
		/* the first one that comes again, not the first by the alphabet */
		{ "{\"b\": 1, \"a\": 1, \"b\": 1, \"a\": 1}", "c.json:1:18: duplicate key \"b\"",
		  0 },
	};
	autoarena arena = { 0 };

	(void)state;
	ASSERT_REFUSALS(rows);
	/* the same key in different objects, and in different case, is no duplicate */
	parse_good(&arena, "{\"a\": {\"a\": [{\"a\": 1}, {\"a\": 1}]}, \"A\": 1}");
}

static void text_after_the_value_is_refused(void **state)
{
	static const struct refusal rows[] = {
		{ "{}{}", "c.json:1:3: text after the value", 0 },
		{ "{}\n x", "c.json:2:2: text after the value", 0 },
		{ "{} ]", "c.json:1:4: text after the value", 0 },
		{ "1 2", "c.json:1:3: text after the value", 0 },
		{ "{},", "c.json:1:3: text after the value", 0 },
		/* an unfinished token at the end, of which yajl says nothing */
		{ "{} \"abc", "c.json:1:4: text after the value", 0 },
		{ "{} tru", "c.json:1:4: text after the value", 0 },
		{ "[] -", "c.json:1:4: text after the value", 0 },
		{ "\"a\" \"", "c.json:1:5: text after the value", 0 },
		{ "null 1", "c.json:1:6: text after the value", 0 },
		{ "{} /* c */", "c.json:1:4: text after the value", 0 },
	};
	autoarena arena = { 0 };

	(void)state;
	ASSERT_REFUSALS(rows);
	assert_int_equal(parse_good(&arena, " \r\n\t{} \r\n\t")->kind, JSON_OBJECT);
}

static void comments_are_refused(void **state)
{
	static const struct refusal rows[] = {
		{ "{\"a\": 1 /* c */}",
		  "c.json:1:9: probable comment found in input text, comments are not enabled", 0 },
		{ "// c\n{}",
		  "c.json:1:1: probable comment found in input text, comments are not enabled", 0 },
		{ "[1, # c\n2]", "c.json:1:5: invalid char in json text", 0 },
	};

	(void)state;
	ASSERT_REFUSALS(rows);
}

static void broken_syntax_is_refused_where_it_is(void **state)
{
	static const struct refusal rows[] = {
		{ "  \n ", "c.json:2:2: no value", 0 },
		{ "{", "c.json:1:2: the text ends too early", 0 },
		{ "{\"a\": [1, 2", "c.json:1:12: the text ends too early", 0 },
		{ "{\"a\":\n", "c.json:2:1: the text ends too early", 0 },
		{ "[\"abc", "c.json:1:2: the text ends too early", 0 },
		{ "[nul", "c.json:1:2: invalid string in json text", 0 },
		{ "{\n \"a\": trux}", "c.json:2:7: invalid string in json text", 0 },
		{ "[1,]", "c.json:1:4: unallowed token at this point in json text", 0 },
		{ "[,1]", "c.json:1:2: unallowed token at this point in json text", 0 },
		{ "[1,,2]", "c.json:1:4: unallowed token at this point in json text", 0 },
		{ "]", "c.json:1:1: unallowed token at this point in json text", 0 },
		{ "{\"a\": }", "c.json:1:7: unallowed token at this point in json text", 0 },
		{ "[1 2]", "c.json:1:4: after array element, i expect ',' or ']'", 0 },
		{ "[1}", "c.json:1:3: after array element, i expect ',' or ']'", 0 },
		{ "{\"a\": 1]", "c.json:1:8: after key and value, inside map, i expect ',' or '}'",
		  0 },
		{ "{\"a\" 1}",
		  "c.json:1:6: object key and value must be separated by a colon (':')", 0 },
		{ "{\"a\": 1,}", "c.json:1:9: invalid object key (must be a string)", 0 },
		{ "{1: 2}", "c.json:1:2: invalid object key (must be a string)", 0 },
		{ "{'a': 2}", "c.json:1:2: invalid char in json text", 0 },
		{ "[\"a\\x\"]",
		  "c.json:1:5: inside a string, '\\' occurs before a character which it may not",
		  0 },
		{ "[\"a\\u12g4\"]",
		  "c.json:1:8: invalid (non-hex) character occurs after '\\u' inside string", 0 },
		{ "[\"a\nb\"]", "c.json:1:4: invalid character inside string", 0 },
		{ "[\"a\tb\"]", "c.json:1:4: invalid character inside string", 0 },
		{ "[True]", "c.json:1:2: invalid char in json text", 0 },
	};
	struct json_value *v;
	autoarena arena = { 0 };
	struct err e;

	(void)state;
	ASSERT_REFUSALS(rows);
	assert_int_equal(parse("", 0, &arena, &v, &e), -1);
	assert_string_equal(e.text, "c.json:1:1: no value");
}

static void numbers_outside_the_grammar_are_refused(void **state)
{
	static const char *const bad[] = {
		"[01]",  "[-]",   "[+1]",    "[.5]",        "[1.]",  "[1.e3]",
		"[1e]",  "[1e+]", "[0x1]",   "[1_0]",       "[NaN]", "[Infinity]",
		"[--1]", "[-01]", "[1.2.3]", "[1e5.2]",     "-",     "1.",
		"1e",    "00",    "- 1",     "[-Infinity]",
	};
	static const char *const good[] = {
		"0",   "-0",  "1",      "-1",      "18446744073709551615",
		"1.5", "1e3", "1E+400", "-0.0e-7", "123456789012345678901234567890",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		autoarena arena = { 0 };
		struct json_value *v;
		struct err e;
		if (parse(bad[i], strlen(bad[i]), &arena, &v, &e) >= 0)
			STOP("accepted: %s", bad[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		autoarena arena = { 0 };
		const struct json_value *v = parse_good(&arena, good[i]);
		assert_int_equal(v->kind, JSON_NUMBER);
		assert_string_equal(v->text, good[i]);
	}
}

static void positions_within_broken_numbers_are_exact(void **state)
{
	static const struct refusal rows[] = {
		{ "[1, -x]",
		  "c.json:1:6: malformed number, a digit is required after the minus sign", 0 },
		{ "[1.x]",
		  "c.json:1:4: malformed number, a digit is required after the decimal point", 0 },
		{ "[1e,2]", "c.json:1:4: malformed number, a digit is required after the exponent",
		  0 },
		{ "[01]", "c.json:1:3: after array element, i expect ',' or ']'", 0 },
		{ "  -", "c.json:1:3: malformed number, a digit is required after the minus sign",
		  0 },
	};

	(void)state;
	ASSERT_REFUSALS(rows);
}

/* ---- limits */

static void repeat(struct strbuf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		strbuf_puts(b, s);
}

static int parse_buffer(const struct strbuf *b, struct err *e)
{
	autoarena arena = { 0 };
	struct json_value *v;

	return parse(b->text, b->length, &arena, &v, e);
}

static void nesting_ends_at_64_levels(void **state)
{
	autostrbuf arrays = { 0 };
	autostrbuf objects = { 0 };
	autostrbuf deep = { 0 };
	struct err e;

	(void)state;
	repeat(&arrays, "[", 64);
	repeat(&arrays, "]", 64);
	assert_int_equal(parse_buffer(&arrays, &e), 0);
	repeat(&objects, "{\"a\":", 63);
	strbuf_puts(&objects, "[1]");
	repeat(&objects, "}", 63);
	assert_int_equal(parse_buffer(&objects, &e), 0);

	arrays.length = 0;
	repeat(&arrays, "[", 65);
	repeat(&arrays, "]", 65);
	assert_int_equal(parse_buffer(&arrays, &e), -1);
	assert_string_equal(e.text, "c.json:1:65: nested deeper than 64 levels");
	objects.length = 0;
	repeat(&objects, "{\"a\":", 64);
	strbuf_puts(&objects, "[1]");
	assert_int_equal(parse_buffer(&objects, &e), -1);
	assert_string_equal(e.text, "c.json:1:321: nested deeper than 64 levels");

	repeat(&deep, "[", 4 << 20);
	assert_int_equal(parse_buffer(&deep, &e), -1);
	assert_string_equal(e.text, "c.json:1:65: nested deeper than 64 levels");
}

static void values_end_at_100000(void **state)
{
	autostrbuf b = { 0 };
	struct err e;

	(void)state;
	strbuf_puts(&b, "[0");
	repeat(&b, ",0", JSON_MAX_NODES - 2);
	strbuf_puts(&b, "]");
	assert_int_equal(parse_buffer(&b, &e), 0);
	b.length--;
	strbuf_puts(&b, ",0]");
	assert_int_equal(parse_buffer(&b, &e), -1);
	assert_string_equal(e.text, "c.json:1:200000: more than 100000 values");
}

static void bytes_end_at_4_mib(void **state)
{
	autostrbuf b = { 0 };
	struct err e;

	(void)state;
	strbuf_puts(&b, "{}");
	while (b.length < JSON_MAX_BYTES)
		strbuf_putc(&b, ' ');
	assert_int_equal(parse_buffer(&b, &e), 0);
	strbuf_putc(&b, ' ');
	assert_int_equal(parse_buffer(&b, &e), -1);
	assert_string_equal(e.text, "c.json:1:1: more than 4194304 bytes");
}

static double seconds_of_work(const struct strbuf *b, bool compare)
{
	double best = 1e9;

	for (int i = 0; i < 3; i++) {
		autoarena arena = { 0 };
		struct json_value *v;
		struct timespec from, to;
		struct err e;

		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
		if (parse(b->text, b->length, &arena, &v, &e) < 0)
			STOP("%s", e.text);
		if (compare && !json_equal(v, v))
			STOP("a tree is not equal to itself");
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
		double seconds = (double)(to.tv_sec - from.tv_sec) +
				 (double)(to.tv_nsec - from.tv_nsec) / 1e9;
		best = seconds < best ? seconds : best;
	}
	return best;
}

/* Comparing 50000 keys in pairs takes some thousand times as long as reading them. */
static void a_large_object_costs_little_more_than_a_large_array(void **state)
{
	autostrbuf object = { 0 };
	autostrbuf array = { 0 };

	(void)state;
	strbuf_putc(&object, '{');
	strbuf_putc(&array, '[');
	for (unsigned i = 0; i < 50000; i++) {
		/* neither sorted nor in the opposite order */
		unsigned mixed = i * 7919u % 50000u;
		strbuf_printf(&object, "%s\"the same beginning %05u\":1", i ? "," : "", mixed);
		strbuf_printf(&array, "%s\"the same beginning %05u  \"", i ? "," : "", mixed);
	}
	strbuf_putc(&object, '}');
	strbuf_putc(&array, ']');
	double object_time = seconds_of_work(&object, true);
	double array_time = seconds_of_work(&array, true);
	if (object_time > 40 * array_time)
		STOP("object %.3f s, array %.3f s", object_time, array_time);
}

/* ---- what comes out */

static void the_tree_has_what_the_text_has(void **state)
{
	autoarena arena = { 0 };
	const struct json_value *v = parse_good(
		&arena, "{\"s\": \"a\\n\\/\\\"\", \"n\": -1.50, \"t\": true, \"f\": false,"
			" \"0\": null, \"a\": [1, \"\", []], \"o\": {}}");

	(void)state;
	assert_int_equal(v->kind, JSON_OBJECT);
	assert_int_equal(v->count, 7);
	assert_string_equal(json_get(v, "s")->text, "a\n/\"");
	assert_string_equal(json_get(v, "n")->text, "-1.50");
	assert_true(json_get(v, "t")->boolean);
	assert_int_equal(json_get(v, "t")->kind, JSON_BOOL);
	assert_false(json_get(v, "f")->boolean);
	assert_int_equal(json_get(v, "f")->kind, JSON_BOOL);
	assert_int_equal(json_get(v, "0")->kind, JSON_NULL);
	assert_int_equal(json_get(v, "o")->kind, JSON_OBJECT);
	assert_int_equal(json_get(v, "o")->count, 0);

	const struct json_value *array = json_get(v, "a");
	assert_int_equal(array->count, 3);
	assert_null(array->first->key);
	assert_string_equal(array->first->text, "1");
	assert_string_equal(array->first->next->text, "");
	assert_int_equal(array->first->next->next->kind, JSON_ARRAY);
	assert_null(array->first->next->next->next);
	assert_null(json_get(v, "none"));
	assert_null(json_get(array, "s"));
	assert_null(json_get(NULL, "s"));
}

static void assert_at(const struct json_value *v, const char *text, const char *at)
{
	if (!v || strncmp(text + v->offset, at, strlen(at)) != 0)
		STOP("not at %s but at %s", at, v ? text + v->offset : "(nil)");
}

static void every_value_knows_where_it_begins(void **state)
{
	static const char text[] =
		"\n{ \"s\" :\t\"x\\u0041\" , \"n\":-1.5e3,\"t\":true ,\n"
		"\"f\": false, \"z\":null, \"o\" : {\"in\" : [ 12 ,[ ] ,{} , \"e\"]"
		" }, \"last\" :7\n}";
	autoarena arena = { 0 };
	const struct json_value *v = parse_good(&arena, text);
	const struct json_value *in = json_get(json_get(v, "o"), "in");

	(void)state;
	assert_at(v, text, "{ \"s\"");
	assert_at(json_get(v, "s"), text, "\"x\\u0041\"");
	assert_at(json_get(v, "n"), text, "-1.5e3");
	assert_at(json_get(v, "t"), text, "true");
	assert_at(json_get(v, "f"), text, "false");
	assert_at(json_get(v, "z"), text, "null");
	assert_at(json_get(v, "o"), text, "{\"in\"");
	assert_at(in, text, "[ 12");
	assert_at(in->first, text, "12 ,");
	assert_at(in->first->next, text, "[ ]");
	assert_at(in->first->next->next, text, "{}");
	assert_at(in->first->next->next->next, text, "\"e\"");
	assert_at(json_get(v, "last"), text, "7\n}");
	for (const struct json_value *member = v->first; member; member = member->next) {
		assert_int_equal(text[member->key_offset], '"');
		assert_memory_equal(text + member->key_offset + 1, member->key,
				    strlen(member->key));
	}
	assert_int_equal(parse_good(&arena, "  42")->offset, 2);
	assert_int_equal(parse_good(&arena, "\n\"s\"")->offset, 1);
}

static void positions_count_lines_and_bytes_from_one(void **state)
{
	static const char text[] = "a\n\xc3\xa9z\n\n";
	const struct json_source source = { .name = "t", .text = text, .length = 7 };
	static const struct {
		uint32_t offset;
		unsigned line, column;
	} rows[] = { { 0, 1, 1 }, { 1, 1, 2 }, { 2, 2, 1 }, { 4, 2, 3 },
		     { 5, 2, 4 }, { 6, 3, 1 }, { 7, 4, 1 }, { 99, 4, 1 } };
	struct json_value at = { .offset = 4 };
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned line, column;
		json_position(&source, rows[i].offset, &line, &column);
		assert_int_equal(line, rows[i].line);
		assert_int_equal(column, rows[i].column);
	}
	assert_int_equal(json_fail(&source, &at, &e, "not %s", "good"), -1);
	assert_string_equal(e.text, "t:2:3: not good");
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_int_equal(json_fail_at(&source, 6, &e, "not %s", "better"), -1);
	assert_string_equal(e.text, "t:3:1: not better");
}

static bool equal_texts(const char *a, const char *b)
{
	autoarena arena = { 0 };

	return json_equal(parse_good(&arena, a), parse_good(&arena, b));
}

static void trees_are_compared_as_data(void **state)
{
	(void)state;
	assert_true(equal_texts("{\"a\": 1, \"b\": [true, null]}", "{\"b\":[true,null],\"a\":1}"));
	assert_true(equal_texts("\"\\u0041\"", "\"A\""));
	assert_false(equal_texts("[1, 2]", "[2, 1]"));
	assert_false(equal_texts("1", "1.0"));
	assert_false(equal_texts("1", "\"1\""));
	assert_false(equal_texts("true", "false"));
	assert_false(equal_texts("null", "false"));
	assert_false(equal_texts("[]", "{}"));
	assert_false(equal_texts("[1]", "[1, 1]"));
	assert_false(equal_texts("{\"a\": 1}", "{\"b\": 1}"));
	assert_false(equal_texts("{\"a\": 1, \"b\": 2}", "{\"a\": 2, \"b\": 1}"));
	assert_false(equal_texts("{\"a\": [{\"x\": 1}]}", "{\"a\": [{\"x\": 2}]}"));
	assert_true(json_equal(NULL, NULL));
	autoarena arena = { 0 };
	assert_false(json_equal(NULL, parse_good(&arena, "null")));
}

static void a_copy_outlives_its_original(void **state)
{
	static const char text[] = "{\"a\": [1, \"x\", {\"k\": false}], \"b\": null}";
	struct arena first = { 0 };
	autoarena second = { 0 };
	autoarena third = { 0 };
	const struct json_value *original = parse_good(&first, text);
	const struct json_value *copy = json_copy(&second, json_get(original, "a"));

	(void)state;
	assert_int_equal(copy->offset, 6);
	assert_string_equal(copy->key, "a");
	assert_null(copy->next);
	arena_release(&first);
	assert_true(json_equal(copy, json_get(parse_good(&third, text), "a")));
}

static void every_kind_has_a_name(void **state)
{
	static const char *const names[] = { "null",   "boolean", "number",
					     "string", "array",   "object" };

	(void)state;
	for (int kind = JSON_NULL; kind <= JSON_OBJECT; kind++)
		assert_string_equal(json_kind_name((enum json_kind)kind), names[kind]);
}

/* ---- writing */

static const char *finish(struct json_out *out)
{
	const char *text = NULL;
	size_t length = 0;
	struct err e;

	if (json_out_finish(out, &text, &length, &e) < 0)
		STOP("%s", e.text);
	assert_int_equal(strlen(text), length);
	return text;
}

static void write_sample(struct json_out *out)
{
	json_out_object(out);
	json_out_member_string(out, "s", "a\"\\\n\x01\xc3\xa9/");
	json_out_member_string(out, "absent", NULL);
	json_out_member_i64(out, "i", INT64_MIN);
	json_out_member_u64(out, "u", UINT64_MAX);
	json_out_member_bool(out, "b", true);
	json_out_key(out, "n");
	json_out_number(out, "1.50e+3");
	json_out_key(out, "empty");
	json_out_array(out);
	json_out_object(out);
	json_out_object_end(out);
	json_out_array(out);
	json_out_array_end(out);
	json_out_array_end(out);
	json_out_object_end(out);
}

static void text_is_written_on_one_line_or_indented(void **state)
{
	auto_json_out line = json_out_new(false);
	auto_json_out pretty = json_out_new(true);

	(void)state;
	write_sample(line);
	assert_string_equal(finish(line), "{\"s\":\"a\\\"\\\\\\n\\u0001\xc3\xa9/\",\"absent\":null,"
					  "\"i\":-9223372036854775808,\"u\":18446744073709551615,"
					  "\"b\":true,\"n\":1.50e+3,\"empty\":[{},[]]}");
	write_sample(pretty);
	assert_string_equal(finish(pretty), "{\n"
					    "  \"s\": \"a\\\"\\\\\\n\\u0001\xc3\xa9/\",\n"
					    "  \"absent\": null,\n"
					    "  \"i\": -9223372036854775808,\n"
					    "  \"u\": 18446744073709551615,\n"
					    "  \"b\": true,\n"
					    "  \"n\": 1.50e+3,\n"
					    "  \"empty\": [\n"
					    "    {},\n"
					    "    []\n"
					    "  ]\n"
					    "}");
	/* asking twice gives the same */
	assert_string_equal(finish(line), finish(line));
}

static void what_is_parsed_can_be_written_back(void **state)
{
	static const char *const texts[] = {
		"{}",
		"[]",
		"null",
		"-0.0",
		"\"\\u001f\\u007f\\ud83d\\ude00\"",
		"{\"a\": [1, {\"b\": [[], {}, \"\"]}, true, false, null], \"\": 1.0}",
	};
	autostrbuf deep = { 0 };

	(void)state;
	repeat(&deep, "[", 64);
	repeat(&deep, "]", 64);
	for (size_t i = 0; i <= ARRAY_SIZE(texts); i++) {
		for (int pretty = 0; pretty < 2; pretty++) {
			autoarena arena = { 0 };
			auto_json_out out = json_out_new(pretty);
			const struct json_value *v =
				parse_good(&arena, i < ARRAY_SIZE(texts) ? texts[i] : deep.text);
			json_out_value(out, v);
			assert_true(json_equal(v, parse_good(&arena, finish(out))));
		}
	}
}

static void assert_unwritable(struct json_out *out, const char *message)
{
	const char *untouched = "untouched", *text = untouched;
	struct err e = { 0 };

	assert_int_equal(json_out_finish(out, &text, NULL, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_string_equal(e.text, message);
	assert_ptr_equal(text, untouched);
	json_out_free(out);
}

static void invalid_texts_are_not_written(void **state)
{
	static const char *const bad_numbers[] = { "",   "-",   "01",  "1.", ".5",
						   "1e", "1e+", "NaN", "1 ", "1,2" };
	struct json_out *out = json_out_new(false);

	(void)state;
	json_out_string(out, "a\xed\xa0\x80");
	assert_unwritable(out, "writing json: invalid utf-8 in \"a\\xed\\xa0\\x80\"");
	out = json_out_new(false);
	json_out_object(out);
	json_out_key(out, "\xc0\x80");
	json_out_null(out);
	json_out_object_end(out);
	assert_unwritable(out, "writing json: invalid utf-8 in \"\\xc0\\x80\"");
	for (size_t i = 0; i < ARRAY_SIZE(bad_numbers); i++) {
		char message[64];
		snprintf(message, sizeof(message), "writing json: '%s' is not a number",
			 bad_numbers[i]);
		out = json_out_new(false);
		json_out_number(out, bad_numbers[i]);
		assert_unwritable(out, message);
	}
}

static void calls_out_of_order_are_found(void **state)
{
	struct json_out *out = json_out_new(false);

	(void)state;
	assert_unwritable(out, "writing json: the text is not complete");
	out = json_out_new(false);
	json_out_object(out);
	assert_unwritable(out, "writing json: the text is not complete");
	out = json_out_new(false);
	json_out_object(out);
	json_out_string(out, "a value where a key belongs");
	assert_unwritable(out, "writing json: a string out of place");
	out = json_out_new(false);
	json_out_array(out);
	json_out_key(out, "k");
	assert_unwritable(out, "writing json: a key out of place");
	out = json_out_new(false);
	json_out_object(out);
	json_out_array_end(out);
	assert_unwritable(out, "writing json: the end of an array out of place");
	out = json_out_new(false);
	json_out_object(out);
	json_out_key(out, "k");
	json_out_object_end(out);
	assert_unwritable(out, "writing json: the end of an object out of place");
	out = json_out_new(false);
	json_out_object_end(out);
	assert_unwritable(out, "writing json: the end of an object out of place");
	out = json_out_new(false);
	json_out_null(out);
	json_out_bool(out, true);
	assert_unwritable(out, "writing json: a boolean out of place");
}

static void the_first_failure_is_kept(void **state)
{
	struct json_out *out = json_out_new(true);

	(void)state;
	json_out_array(out);
	json_out_fail(out, "no form for %d", 7);
	json_out_string(out, "\xff");
	json_out_object_end(out);
	assert_unwritable(out, "writing json: no form for 7");
}

static void writing_ends_where_reading_does(void **state)
{
	struct json_out *out = json_out_new(false);

	(void)state;
	for (int i = 0; i < 300; i++)
		json_out_array(out);
	assert_unwritable(out, "writing json: nested deeper than 64 levels");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nul_is_refused_in_any_form),
		cmocka_unit_test(loose_utf8_is_refused),
		cmocka_unit_test(control_characters_are_refused_between_values_too),
		cmocka_unit_test(lone_surrogates_are_refused),
		cmocka_unit_test(duplicate_keys_are_refused_at_every_level),
		cmocka_unit_test(text_after_the_value_is_refused),
		cmocka_unit_test(comments_are_refused),
		cmocka_unit_test(broken_syntax_is_refused_where_it_is),
		cmocka_unit_test(numbers_outside_the_grammar_are_refused),
		cmocka_unit_test(positions_within_broken_numbers_are_exact),
		cmocka_unit_test(nesting_ends_at_64_levels),
		cmocka_unit_test(values_end_at_100000),
		cmocka_unit_test(bytes_end_at_4_mib),
		cmocka_unit_test(a_large_object_costs_little_more_than_a_large_array),
		cmocka_unit_test(the_tree_has_what_the_text_has),
		cmocka_unit_test(every_value_knows_where_it_begins),
		cmocka_unit_test(positions_count_lines_and_bytes_from_one),
		cmocka_unit_test(trees_are_compared_as_data),
		cmocka_unit_test(a_copy_outlives_its_original),
		cmocka_unit_test(every_kind_has_a_name),
		cmocka_unit_test(text_is_written_on_one_line_or_indented),
		cmocka_unit_test(what_is_parsed_can_be_written_back),
		cmocka_unit_test(invalid_texts_are_not_written),
		cmocka_unit_test(calls_out_of_order_are_found),
		cmocka_unit_test(the_first_failure_is_kept),
		cmocka_unit_test(writing_ends_where_reading_does),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
