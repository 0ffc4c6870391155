/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables between JSON and structs: values of the wrong kind, and numbers at their borders.
 */
#include "fields_sample.h"

#include "base/auto.h"
#include "base/fields.h"

/* ---- wrong types */

/* One value of every JSON kind, in the order of enum json_kind. */
static const char *const value_of_kind[] = { "null", "true", "1", "\"x\"", "[]", "{}" };
static const char *const kind_phrase[] = { "null",     "a boolean", "a number",
					   "a string", "an array",  "an object" };

struct expectation {
	const char *phrase; /* "must be ..." */
	unsigned kinds;     /* bits of enum json_kind */
};

static struct expectation expectation_of(enum field_kind kind)
{
	static const struct expectation string = { "a string", 1 << JSON_STRING },
					boolean = { "a boolean", 1 << JSON_BOOL },
					number = { "a number", 1 << JSON_NUMBER },
					array = { "an array", 1 << JSON_ARRAY },
					object = { "an object", 1 << JSON_OBJECT },
					word_or_array = { "a string or an array",
							  1 << JSON_STRING | 1 << JSON_ARRAY },
					word_or_object = { "a string or an object",
							   1 << JSON_STRING | 1 << JSON_OBJECT },
					value = { "a value", ~(1u << JSON_NULL) };

	switch (kind) {
	case FIELD_STRING:
	case FIELD_ENUM:
		return string;
	case FIELD_BOOL:
	case FIELD_OPT_BOOL:
		return boolean;
	case FIELD_I32:
	case FIELD_U32:
	case FIELD_I64:
	case FIELD_U64:
	case FIELD_OPT_I32:
	case FIELD_OPT_U16:
	case FIELD_OPT_U32:
	case FIELD_OPT_I64:
	case FIELD_OPT_U64:
	case FIELD_ID:
		return number;
	case FIELD_STRLIST:
	case FIELD_U32LIST:
	case FIELD_IDLIST:
	case FIELD_ENUMLIST:
	case FIELD_LIST:
		return array;
	case FIELD_STRMAP:
	case FIELD_OBJECT:
	case FIELD_MAP:
		return object;
	case FIELD_STRING_OR_STRLIST:
		return word_or_array;
	case FIELD_STRING_OR_OBJECT:
		return word_or_object;
	case FIELD_RAW:
		return value;
	/* never decoded */
	case FIELD_TEXT:
	case FIELD_U16:
	case FIELD_COUNT:
	case FIELD_FLAGS:
	case FIELD_BITS:
	case FIELD_ARGV:
	case FIELD_STRUCT:
	case FIELD_ODD:
		break;
	}
	return value;
}

/* Every kind of field x every kind of value. With FIELD_REQUIRED null is one wrong kind more. */
static void a_value_of_the_wrong_kind_is_refused_everywhere(void **state)
{
	struct field rows[ARRAY_SIZE(sample_rows)];
	struct fields required = with_flags(rows, FIELD_REQUIRED);
	size_t refused = 0;

	(void)state;
	assert_int_equal(ARRAY_SIZE(sample_rows), FIELD_STRING_OR_OBJECT + 1);
	for (size_t i = 0; i < required.count; i++) {
		struct expectation expected = expectation_of(rows[i].kind);
		assert_int_equal(rows[i].kind, i);
		for (size_t kind = JSON_NULL; kind <= JSON_OBJECT; kind++) {
			char text[128], message[256];
			if (expected.kinds & 1u << kind)
				continue;
			snprintf(text, sizeof(text), "{\"%s\": %s}", rows[i].name,
				 value_of_kind[kind]);
			snprintf(message, sizeof(message), "c.json:1:%zu: %s: must be %s, is %s",
				 strlen(rows[i].name) + 6, rows[i].name, expected.phrase,
				 kind_phrase[kind]);
			assert_refused_by(&required, text, message);
			refused++;
		}
	}
	/* 25 x 6, less one accepted kind of 22 fields, two of the double ones and five of the raw */
	assert_int_equal(refused, 25 * 6 - 22 - 2 * 2 - 5);
}

static void wrong_kinds_are_refused_within_containers(void **state)
{
	(void)state;
	assert_refused("[]", "c.json:1:1: must be an object, is an array");
	assert_refused("{\"strlist\": [\"a\", 1]}",
		       "c.json:1:19: strlist[1]: must be a string, is a number");
	assert_refused("{\"strlist\": [null]}",
		       "c.json:1:14: strlist[0]: must be a string, is null");
	assert_refused("{\"u32list\": [1, \"2\"]}",
		       "c.json:1:17: u32list[1]: must be a number, is a string");
	assert_refused("{\"idlist\": [{}]}",
		       "c.json:1:13: idlist[0]: must be a number, is an object");
	assert_refused("{\"enumlist\": [1]}",
		       "c.json:1:15: enumlist[0]: must be a string, is a number");
	assert_refused("{\"strmap\": {\"a b\": null}}",
		       "c.json:1:20: strmap.\"a b\": must be a string, is null");
	assert_refused("{\"list\": [{\"type\": \"x\"},\n  {\"type\": 7}]}",
		       "c.json:2:12: list[1].type: must be a string, is a number");
	assert_refused("{\"list\": [null]}", "c.json:1:11: list[0]: must be an object, is null");
	assert_refused("{\"object\": {\"type\": \"x\", \"size\": true}}",
		       "c.json:1:34: object.size: must be a number, is a boolean");
	assert_refused("{\"map\": {\"mlx5_1\": {\"number\": []}}}",
		       "c.json:1:31: map.\"mlx5_1\".number: must be a number, is an array");
	assert_refused("{\"map\": {\"\\u001b[0m\\\"\": 1}}",
		       "c.json:1:25: map.\"\\u001b[0m\\\"\": must be an object, is a number");
	assert_refused("{\"wordOrList\": [[]]}",
		       "c.json:1:17: wordOrList[0]: must be a string, is an array");
	assert_refused("{\"wordOrObject\": {\"type\": 1}}",
		       "c.json:1:27: wordOrObject.type: must be a string, is a number");
}

/* ---- ranges */

struct range {
	const char *name, *least, *below, *most, *above;
};

static const struct range ranges[] = {
	{ "i32", "-2147483648", "-2147483649", "2147483647", "2147483648" },
	{ "optI32", "-2147483648", "-2147483649", "2147483647", "2147483648" },
	{ "u32", "0", "-1", "4294967295", "4294967296" },
	{ "optU32", "0", "-1", "4294967295", "4294967296" },
	{ "optU16", "0", "-1", "65535", "65536" },
	{ "i64", "-9223372036854775808", "-9223372036854775809", "9223372036854775807",
	  "9223372036854775808" },
	{ "optI64", "-9223372036854775808", "-9223372036854775809", "9223372036854775807",
	  "9223372036854775808" },
	{ "u64", "0", "-1", "18446744073709551615", "18446744073709551616" },
	{ "optU64", "0", "-1", "18446744073709551615", "18446744073709551616" },
	{ "id", "0", "-1", "4294967294", "4294967295" },
	{ "u32list", "0", "-1", "4294967295", "4294967296" },
	{ "idlist", "0", "-1", "4294967294", "4294967295" },
};

static void put_number(char *text, size_t size, const struct range *range, const char *number)
{
	bool list = str_has_suffix(range->name, "list");

	snprintf(text, size, list ? "{\"%s\":[%s]}" : "{\"%s\":%s}", range->name, number);
}

static void assert_number_refused(const struct range *range, const char *number)
{
	bool list = str_has_suffix(range->name, "list");
	char text[128], message[256];

	put_number(text, sizeof(text), range, number);
	snprintf(message, sizeof(message),
		 "c.json:1:%zu: %s%s: must be an integer from %s to %s in plain digits, is %s",
		 strlen(range->name) + 5 + list, range->name, list ? "[0]" : "", range->least,
		 range->most, number);
	assert_refused(text, message);
}

static void numbers_are_taken_up_to_their_borders(void **state)
{
	static const char *const no_integers[] = { "1.5", "1e3", "1.0", "0.0", "1E2" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		const char *const borders[] = { ranges[i].least, ranges[i].most, "0" };
		for (size_t k = 0; k < ARRAY_SIZE(borders); k++) {
			autoarena arena = { 0 };
			char text[128];
			char *written;
			struct sample s;
			struct err e;
			put_number(text, sizeof(text), &ranges[i], borders[k]);
			if (decode(text, &arena, &s, &e) < 0 ||
			    fields_encode_text(&sample_fields, &s, false, &arena, &written, NULL,
					       &e) < 0)
				STOP("%s: %s\n", text, e.text);
			/* the value has come through whole: without the braces it is found again */
			text[strlen(text) - 1] = '\0';
			if (!strstr(written, text + 1))
				STOP("%s is written as %s\n", text, written);
		}
		assert_number_refused(&ranges[i], ranges[i].below);
		assert_number_refused(&ranges[i], ranges[i].above);
		for (size_t k = 0; k < ARRAY_SIZE(no_integers); k++)
			assert_number_refused(&ranges[i], no_integers[k]);
	}
}

static void a_very_long_number_is_shown_in_part(void **state)
{
	autostrbuf text = { 0 };

	(void)state;
	strbuf_puts(&text, "{\"u32\": 1");
	for (int i = 0; i < 5000; i++)
		strbuf_putc(&text, '0');
	strbuf_putc(&text, '}');
	assert_refused(
		text.text,
		"c.json:1:9: u32: must be an integer from 0 to 4294967295 in plain digits, is "
		"1000000000000000000000000000000000000000000000000000000000000000...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_of_the_wrong_kind_is_refused_everywhere),
		cmocka_unit_test(wrong_kinds_are_refused_within_containers),
		cmocka_unit_test(numbers_are_taken_up_to_their_borders),
		cmocka_unit_test(a_very_long_number_is_shown_in_part),
	};

	return cmocka_run_group_tests_name("fields_values", tests, NULL, NULL);
}
