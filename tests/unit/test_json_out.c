/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON writer: what is written can be read, or is an error.
 */
#include "json_text.h"

#include "base/auto.h"
#include "base/json.h"
#include "base/json_out.h"
#include "base/str.h"

#include <stdint.h>

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
		cmocka_unit_test(text_is_written_on_one_line_or_indented),
		cmocka_unit_test(what_is_parsed_can_be_written_back),
		cmocka_unit_test(invalid_texts_are_not_written),
		cmocka_unit_test(calls_out_of_order_are_found),
		cmocka_unit_test(the_first_failure_is_kept),
		cmocka_unit_test(writing_ends_where_reading_does),
	};

	return cmocka_run_group_tests_name("json_out", tests, NULL, NULL);
}
