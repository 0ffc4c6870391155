/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the JSON parser refuses: one row per way in which two parsers can be made to read one file differently, or one
 * parser be made to crash (CVE-2017-16516, CVE-2022-24795, CVE-2023-33460).
 */
#include "json_text.h"

#include "base/auto.h"
#include "base/json.h"

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
	/* the same key in different objects, and in different case, is not a duplicate */
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
	};

	return cmocka_run_group_tests_name("json_refused", tests, NULL, NULL);
}
