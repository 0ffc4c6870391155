/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables between JSON and structs, shown on a table that has every kind of field.
 */
#include "base/auto.h"
#include "base/fields.h"
#include "os/io.h"
#include "os/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "load.h"
#undef fail /* cmocka's; ours makes errors */

/* fail_msg(), which needs cmocka's fail() */
#define STOP(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

enum color { COLOR_RED = 1, COLOR_GREEN, COLOR_BLUE };

struct part {
	char *type;
	struct opt_u32 size;
};
struct named_part {
	char *key;
	uint32_t number;
};
struct parts {
	size_t n;
	struct part *v;
};
struct named_parts {
	size_t n;
	struct named_part *v;
};

struct sample {
	char *string;
	bool boolean;
	struct opt_bool opt_bool;
	int32_t i32;
	uint32_t u32;
	int64_t i64;
	uint64_t u64;
	struct opt_i32 opt_i32;
	struct opt_u16 opt_u16;
	struct opt_u32 opt_u32;
	struct opt_i64 opt_i64;
	struct opt_u64 opt_u64;
	uint32_t id;
	int color;
	struct strlist strlist;
	struct u32list u32list;
	struct u32list idlist;
	struct enumlist enumlist;
	struct strmap strmap;
	struct part *object;
	struct parts list;
	struct named_parts map;
	struct json_value *raw;
	struct strlist_or_word word_or_list;
	struct word_or_object word_or_object;
};

static const struct name_row color_names[] = {
	{ "red", COLOR_RED },
	{ "green", COLOR_GREEN },
	{ "verde", COLOR_GREEN },
	{ "blue", COLOR_BLUE },
	{ NULL, 0 },
};
static const struct name_row many_names[] = {
	{ "one", 1 }, { "two", 2 },   { "three", 3 }, { "four", 4 }, { "five", 5 },
	{ "six", 6 }, { "seven", 7 }, { "eight", 8 }, { "nine", 9 }, { NULL, 0 },
};

static const struct field part_rows[] = {
	FIELD(struct part, STRING, type, "type", FIELD_REQUIRED),
	FIELD(struct part, OPT_U32, size, "size", 0),
};
static const struct fields part_fields = FIELDS("struct part", struct part, part_rows, 0);

static const struct field named_part_rows[] = {
	FIELD(struct named_part, U32, number, "number", FIELD_REQUIRED),
};
static const struct fields named_part_fields =
	FIELDS("struct named_part", struct named_part, named_part_rows, 0);

static const struct field sample_rows[] = {
	FIELD(struct sample, STRING, string, "string", 0),
	FIELD(struct sample, BOOL, boolean, "boolean", 0),
	FIELD(struct sample, OPT_BOOL, opt_bool, "optBool", 0),
	FIELD(struct sample, I32, i32, "i32", 0),
	FIELD(struct sample, U32, u32, "u32", 0),
	FIELD(struct sample, I64, i64, "i64", 0),
	FIELD(struct sample, U64, u64, "u64", 0),
	FIELD(struct sample, OPT_I32, opt_i32, "optI32", 0),
	FIELD(struct sample, OPT_U16, opt_u16, "optU16", 0),
	FIELD(struct sample, OPT_U32, opt_u32, "optU32", 0),
	FIELD(struct sample, OPT_I64, opt_i64, "optI64", 0),
	FIELD(struct sample, OPT_U64, opt_u64, "optU64", 0),
	FIELD(struct sample, ID, id, "id", 0),
	FIELD_ENUM_ROW(struct sample, color, "color", 0, color_names),
	FIELD(struct sample, STRLIST, strlist, "strlist", 0),
	FIELD(struct sample, U32LIST, u32list, "u32list", 0),
	FIELD(struct sample, IDLIST, idlist, "idlist", 0),
	FIELD_ENUMLIST_ROW(struct sample, enumlist, "enumlist", 0, many_names),
	FIELD(struct sample, STRMAP, strmap, "strmap", 0),
	FIELD_OBJECT_ROW(struct sample, object, struct part, "object", 0, &part_fields),
	FIELD_LIST_ROW(struct sample, list, struct part, "list", 0, &part_fields),
	FIELD_MAP_ROW(struct sample, map, struct named_part, "map", 0, &named_part_fields),
	FIELD(struct sample, RAW, raw, "raw", 0),
	FIELD(struct sample, STRING_OR_STRLIST, word_or_list, "wordOrList", 0),
	FIELD_WORD_OR_OBJECT_ROW(struct sample, word_or_object, "wordOrObject", 0, &part_fields),
};
static const struct fields sample_fields = FIELDS("struct sample", struct sample, sample_rows, 0);
static const struct fields closed_fields =
	FIELDS("struct sample", struct sample, sample_rows, FIELDS_CLOSED);

/* The same table with flags added to every row; the rows live in `rows`. */
static struct fields with_flags(struct field *rows, unsigned flags)
{
	struct fields fields = sample_fields;

	memcpy(rows, sample_rows, sizeof(sample_rows));
	for (size_t i = 0; i < fields.count; i++)
		rows[i].flags |= flags;
	fields.rows = rows;
	return fields;
}

static const char full_text[] =
	"{\"string\":\"s\",\"boolean\":true,\"optBool\":false,\"i32\":-5,\"u32\":6,\"i64\":-7,"
	"\"u64\":18446744073709551615,\"optI32\":-8,\"optU16\":9,\"optU32\":10,\"optI64\":-11,"
	"\"optU64\":12,\"id\":4294967294,\"color\":\"green\",\"strlist\":[\"a\",\"\"],"
	"\"u32list\":[0,4294967295],\"idlist\":[1000],\"enumlist\":[\"nine\",\"one\"],"
	"\"strmap\":{\"z\":\"1\",\"a\":\"2\"},\"object\":{\"type\":\"t\",\"size\":0},"
	"\"list\":[{\"type\":\"x\"},{\"type\":\"y\",\"size\":3}],"
	"\"map\":{\"mlx5_1\":{\"number\":1},\"a b\":{\"number\":2}},"
	"\"raw\":{\"any\":[1,{\"x\":null}]},\"wordOrList\":[\"w\"],"
	"\"wordOrObject\":{\"type\":\"o\"}}";

/* What is written of an object in which nothing is set: the plain numbers. */
static const char empty_text[] = "{\"i32\":0,\"u32\":0,\"i64\":0,\"u64\":0,\"id\":0}";

static int decode_with(const struct fields *fields, const char *text, struct arena *arena,
		       struct sample *ret, struct err *e)
{
	return fields_decode_text(fields, "c.json", text, strlen(text), arena, ret, e);
}

static int decode(const char *text, struct arena *arena, struct sample *ret, struct err *e)
{
	return decode_with(&sample_fields, text, arena, ret, e);
}

static void assert_refused_by(const struct fields *fields, const char *text, const char *message)
{
	autoarena arena = { 0 };
	struct sample sample, before;
	struct err e = { 0 };

	memset(&sample, 0x5a, sizeof(sample));
	memcpy(&before, &sample, sizeof(sample));
	if (decode_with(fields, text, &arena, &sample, &e) >= 0)
		STOP("accepted: %s\n", text);
	assert_string_equal(e.text, message);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_memory_equal(&sample, &before, sizeof(sample));
}

static void assert_refused(const char *text, const char *message)
{
	assert_refused_by(&sample_fields, text, message);
}

static void assert_accepted(const char *text)
{
	autoarena arena = { 0 };
	struct sample sample;
	struct err e;

	if (decode(text, &arena, &sample, &e) < 0)
		STOP("%s: refused: %s\n", text, e.text);
}

/* ---- decoding */

static void every_kind_is_decoded(void **state)
{
	autoarena arena = { 0 };
	struct sample s;
	struct err e;

	(void)state;
	assert_int_equal(decode(full_text, &arena, &s, &e), 0);
	assert_string_equal(s.string, "s");
	assert_true(s.boolean);
	assert_true(s.opt_bool.set && !s.opt_bool.value);
	assert_int_equal(s.i32, -5);
	assert_int_equal(s.u32, 6);
	assert_int_equal(s.i64, -7);
	assert_true(s.u64 == UINT64_MAX);
	assert_true(s.opt_i32.set && s.opt_i32.value == -8);
	assert_true(s.opt_u16.set && s.opt_u16.value == 9);
	assert_true(s.opt_u32.set && s.opt_u32.value == 10);
	assert_true(s.opt_i64.set && s.opt_i64.value == -11);
	assert_true(s.opt_u64.set && s.opt_u64.value == 12);
	assert_int_equal(s.id, UINT32_MAX - 1);
	assert_int_equal(s.color, COLOR_GREEN);
	assert_int_equal(s.strlist.n, 2);
	assert_string_equal(s.strlist.v[0], "a");
	assert_string_equal(s.strlist.v[1], "");
	assert_int_equal(s.u32list.n, 2);
	assert_true(s.u32list.v[0] == 0 && s.u32list.v[1] == UINT32_MAX);
	assert_true(s.idlist.n == 1 && s.idlist.v[0] == 1000);
	assert_int_equal(s.enumlist.n, 2);
	assert_true(s.enumlist.v[0] == 9 && s.enumlist.v[1] == 1);
	assert_int_equal(s.strmap.n, 2);
	assert_string_equal(s.strmap.v[0].key, "z");
	assert_string_equal(strmap_get(&s.strmap, "a"), "2");
	assert_null(strmap_get(&s.strmap, "b"));
	assert_string_equal(s.object->type, "t");
	assert_true(s.object->size.set && s.object->size.value == 0);
	assert_int_equal(s.list.n, 2);
	assert_string_equal(s.list.v[1].type, "y");
	assert_false(s.list.v[0].size.set);
	assert_int_equal(s.map.n, 2);
	assert_string_equal(s.map.v[0].key, "mlx5_1");
	assert_int_equal(s.map.v[1].number, 2);
	assert_int_equal(json_get(s.raw, "any")->count, 2);
	assert_null(s.word_or_list.word);
	assert_string_equal(s.word_or_list.list.v[0], "w");
	assert_null(s.word_or_object.word);
	assert_string_equal(((struct part *)s.word_or_object.object)->type, "o");
}

static void either_form_of_a_double_field_is_decoded(void **state)
{
	autoarena arena = { 0 };
	struct sample s;
	struct err e;

	(void)state;
	assert_int_equal(
		decode("{\"wordOrList\": \"drop\", \"wordOrObject\": \"host\"}", &arena, &s, &e),
		0);
	assert_string_equal(s.word_or_list.word, "drop");
	assert_null(s.word_or_list.list.v);
	assert_string_equal(s.word_or_object.word, "host");
	assert_null(s.word_or_object.object);
}

static void absent_and_null_are_the_same_where_nothing_is_required(void **state)
{
	const struct sample nothing = { 0 };
	autostrbuf text = { 0 };
	autoarena arena = { 0 };
	struct sample s;
	struct err e;

	(void)state;
	memset(&s, 0x5a, sizeof(s));
	assert_int_equal(decode("{}", &arena, &s, &e), 0);
	assert_memory_equal(&s, &nothing, sizeof(s));
	for (size_t i = 0; i < ARRAY_SIZE(sample_rows); i++)
		strbuf_printf(&text, "%s\"%s\": null", i ? ", " : "{", sample_rows[i].name);
	strbuf_putc(&text, '}');
	memset(&s, 0x5a, sizeof(s));
	assert_int_equal(decode(text.text, &arena, &s, &e), 0);
	assert_memory_equal(&s, &nothing, sizeof(s));
}

static void empty_lists_are_not_absent(void **state)
{
	autoarena arena = { 0 };
	struct sample s;
	struct err e;

	(void)state;
	assert_int_equal(
		decode("{\"strlist\": [], \"u32list\": [], \"idlist\": [], \"enumlist\": [],"
		       " \"strmap\": {}, \"list\": [], \"map\": {}, \"wordOrList\": []}",
		       &arena, &s, &e),
		0);
	assert_true(s.strlist.v && s.u32list.v && s.idlist.v && s.enumlist.v && s.strmap.v &&
		    s.list.v && s.map.v && s.word_or_list.list.v);
	assert_int_equal(s.strlist.n + s.u32list.n + s.idlist.n + s.enumlist.n + s.strmap.n +
				 s.list.n + s.map.n + s.word_or_list.list.n,
			 0);
}

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

/* ---- names, keys, presence */

static void unknown_names_are_refused_with_the_known_ones(void **state)
{
	autoarena arena = { 0 };
	struct sample s;
	struct err e;

	(void)state;
	assert_refused("{\"color\": \"Red\"}",
		       "c.json:1:11: color: must be \"red\", \"green\" or \"blue\", is \"Red\"");
	assert_refused("{\"color\": \"\"}",
		       "c.json:1:11: color: must be \"red\", \"green\" or \"blue\", is \"\"");
	/* nine are too many to show */
	assert_refused("{\"enumlist\": [\"one\", \"ten\\n\"]}",
		       "c.json:1:22: enumlist[1]: unknown name \"ten\\n\"");
	assert_int_equal(decode("{\"color\": \"verde\"}", &arena, &s, &e), 0);
	assert_int_equal(s.color, COLOR_GREEN);
}

static void a_key_in_other_case_is_refused(void **state)
{
	(void)state;
	assert_refused("{\"String\": \"s\"}",
		       "c.json:1:2: String: differs from \"string\" by case only");
	assert_refused("{\"string\": \"s\",\n \"STRING\": \"s\"}",
		       "c.json:2:2: STRING: differs from \"string\" by case only");
	assert_refused("{\"object\": {\"type\": \"t\", \"Size\": 1}}",
		       "c.json:1:26: object.Size: differs from \"size\" by case only");
	/* letters that Unicode folds into ASCII: the long s and the Kelvin sign */
	assert_refused("{\"\xc5\xbftring\": \"s\"}",
		       "c.json:1:2: \"\xc5\xbftring\": differs from \"string\" by case only");
	/* keys of maps are data */
	assert_accepted("{\"strmap\": {\"a\": \"1\", \"A\": \"2\", \"String\": \"3\"}}");
	assert_accepted("{\"strin\": 1, \"strings\": 1}");
}

static void other_unknown_keys_are_ignored_unless_the_table_is_closed(void **state)
{
	(void)state;
	assert_accepted("{\"future\": {\"deep\": [1]}, \"object\": {\"type\": \"t\", \"new\": 1}}");
	assert_refused_by(&closed_fields, "{\"string\": \"s\",\n  \"future\": 1}",
			  "c.json:2:3: future: unknown property");
	assert_refused_by(&closed_fields, "{\"Future key\": 1}",
			  "c.json:1:2: \"Future key\": unknown property");
	assert_refused_by(&closed_fields, "{\"String\": 1}",
			  "c.json:1:2: String: differs from \"string\" by case only");
}

static void ignored_keys_are_logged_for_who_asks(void **state)
{
	char path[] = "/tmp/distro-shim-test-fields-XXXXXX",
	     log[] = "/tmp/distro-shim-test-log-XXXXXX";
	autoclose int fd = mkostemp(path, O_CLOEXEC), log_fd = mkostemp(log, O_CLOEXEC);
	struct log_options options = { .path = log, .level = LOG_LEVEL_DEBUG };
	static const char json[] = "{\"list\": [{\"type\": \"t\", \"new\": 1}], \"other\": 1}";
	autofree char *text = NULL;
	autoarena arena = { 0 };
	struct sample s;
	struct err e;

	(void)state;
	assert_int_equal(write_fd_all(fd, path, json, strlen(json), &e), 0);
	int rc = log_open(&options, &e);
	int rc_asked = load_fields(&sample_fields, path, "c.json", 99, &arena, &s, &e);
	options.level = LOG_LEVEL_INFO;
	int rc_again = log_open(&options, &e);
	int rc_silent = load_fields(&sample_fields, path, "silent.json", 99, &arena, &s, &e);
	log_close();
	unlink(path);
	unlink(log);
	assert_int_equal(rc, 0);
	assert_int_equal(rc_asked, 0);
	assert_int_equal(rc_again, 0);
	assert_int_equal(rc_silent, 0);
	assert_int_equal(read_fd_all(log_fd, "log", 4096, &text, NULL, &e), 0);
	assert_non_null(
		strstr(text, "level=debug msg=\"c.json: list[0].new: unknown property, ignored\""));
	assert_non_null(strstr(text, "msg=\"c.json: other: unknown property, ignored\""));
	assert_null(strstr(text, "silent"));
}

static void required_members_must_be_there(void **state)
{
	struct field rows[ARRAY_SIZE(sample_rows)];
	struct fields required = with_flags(rows, FIELD_REQUIRED);
	autoarena arena = { 0 };
	struct sample s;
	struct err e;

	(void)state;
	assert_refused("{\"list\": [\n {\"size\": 1}]}",
		       "c.json:2:2: list[0].type: is required, is missing");
	assert_refused("{\"object\": {\"type\": null}}",
		       "c.json:1:21: object.type: must be a string, is null");
	assert_refused("{\"map\": {\"k\": {}}}",
		       "c.json:1:15: map.\"k\".number: is required, is missing");
	assert_int_equal(decode_with(&required, full_text, &arena, &s, &e), 0);
	for (size_t i = 0; i < required.count; i++) {
		/* the full text with this one key renamed */
		autofree char *text = xstrdup(full_text);
		char key[32], message[128];
		snprintf(key, sizeof(key), "\"%s\":", rows[i].name);
		strstr(text, key)[1] = '_';
		snprintf(message, sizeof(message), "c.json:1:1: %s: is required, is missing",
			 rows[i].name);
		assert_refused_by(&required, text, message);
	}
}

static void empty_values_are_refused_where_they_must_not_be(void **state)
{
	static const struct {
		const char *name, *empty;
	} rows_of[] = {
		{ "string", "\"\"" },       { "strlist", "[]" },
		{ "u32list", "[]" },        { "idlist", "[]" },
		{ "enumlist", "[]" },       { "strmap", "{}" },
		{ "list", "[]" },           { "map", "{}" },
		{ "wordOrList", "\"\"" },   { "wordOrList", "[]" },
		{ "wordOrObject", "\"\"" },
	};
	struct field rows[ARRAY_SIZE(sample_rows)];
	struct fields not_empty = with_flags(rows, FIELD_NOT_EMPTY);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows_of); i++) {
		char text[64], message[128];
		snprintf(text, sizeof(text), "{\"%s\": %s}", rows_of[i].name, rows_of[i].empty);
		snprintf(message, sizeof(message), "c.json:1:%zu: %s: must not be empty",
			 strlen(rows_of[i].name) + 6, rows_of[i].name);
		assert_refused_by(&not_empty, text, message);
		assert_accepted(text);
	}
}

/* ---- encoding */

static void assert_written(const char *text, const char *expected)
{
	autoarena arena = { 0 };
	struct sample s, again;
	char *first, *second;
	size_t length = 0;
	struct err e;

	if (decode(text, &arena, &s, &e) < 0 ||
	    fields_encode_text(&sample_fields, &s, false, &arena, &first, &length, &e) < 0)
		STOP("%s: %s\n", text, e.text);
	assert_string_equal(first, expected);
	assert_int_equal(length, strlen(first));
	/* and the pretty form says the same */
	if (fields_encode_text(&sample_fields, &s, true, &arena, &second, NULL, &e) < 0 ||
	    decode(second, &arena, &again, &e) < 0 ||
	    fields_encode_text(&sample_fields, &again, false, &arena, &second, NULL, &e) < 0)
		STOP("%s: %s\n", text, e.text);
	assert_string_equal(second, expected);
}

static void what_is_decoded_is_written_back_alike(void **state)
{
	(void)state;
	assert_written(full_text, full_text);
	assert_written("{}", empty_text);
	/* false is absent, an alias becomes the canonical name, -0 is 0 */
	assert_written("{\"boolean\": false, \"color\": \"verde\", \"i32\": -0, \"raw\": null}",
		       "{\"i32\":0,\"u32\":0,\"i64\":0,\"u64\":0,\"id\":0,\"color\":\"green\"}");
	assert_written(
		"{\"optBool\": true, \"optU16\": 0, \"strlist\": [], \"map\": {}, \"raw\": 0.10,"
		" \"wordOrList\": \"w\", \"wordOrObject\": \"\"}",
		"{\"optBool\":true,\"i32\":0,\"u32\":0,\"i64\":0,\"u64\":0,\"optU16\":0,"
		"\"id\":0,\"strlist\":[],\"map\":{},\"raw\":0.10,\"wordOrList\":\"w\","
		"\"wordOrObject\":\"\"}");
}

static void a_required_false_is_written(void **state)
{
	static const struct field rows[] = {
		FIELD(struct sample, BOOL, boolean, "boolean", FIELD_REQUIRED),
	};
	static const struct fields fields = FIELDS("struct sample", struct sample, rows, 0);
	const struct sample s = { 0 };
	autoarena arena = { 0 };
	char *text;
	struct err e;

	(void)state;
	assert_int_equal(fields_encode_text(&fields, &s, false, &arena, &text, NULL, &e), 0);
	assert_string_equal(text, "{\"boolean\":false}");
}

static void what_could_not_be_read_again_is_not_written(void **state)
{
	struct part nameless = { 0 };
	struct sample s = { .object = &nameless };
	char bad[] = "\xff";
	autoarena arena = { 0 };
	char *text = bad;
	struct err e;

	(void)state;
	assert_int_equal(fields_encode_text(&sample_fields, &s, false, &arena, &text, NULL, &e),
			 -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_string_equal(e.text, "writing json: type of struct part is required, is missing");
	s = (struct sample){ .color = 77 };
	assert_int_equal(fields_encode_text(&sample_fields, &s, false, &arena, &text, NULL, &e),
			 -1);
	assert_string_equal(e.text, "writing json: color has no name for 77");
	s = (struct sample){ .string = bad };
	assert_int_equal(fields_encode_text(&sample_fields, &s, false, &arena, &text, NULL, &e),
			 -1);
	assert_string_equal(e.text, "writing json: invalid utf-8 in \"\\xff\"");
	assert_ptr_equal(text, bad);
}

static void decoded_data_needs_neither_text_nor_tree(void **state)
{
	autofree char *text = xstrdup(full_text);
	autoarena arena = { 0 };
	autoarena other = { 0 };
	struct sample s;
	char *written;
	struct err e;

	(void)state;
	assert_int_equal(decode(text, &arena, &s, &e), 0);
	memset(text, 'x', strlen(text));
	/* more of the same, which takes the memory that the first tree has left */
	struct sample more;
	assert_int_equal(decode("{\"raw\": [[[\"other\", \"data\"]]]}", &other, &more, &e), 0);
	assert_int_equal(fields_encode_text(&sample_fields, &s, false, &other, &written, NULL, &e),
			 0);
	assert_string_equal(written, full_text);
}

static void files_are_decoded_by_their_name(void **state)
{
	char path[] = "/tmp/distro-shim-test-fields-XXXXXX";
	autoclose int fd = mkostemp(path, O_CLOEXEC);
	autoarena arena = { 0 };
	struct sample s = { 0 };
	struct err good, bad, big, none;

	(void)state;
	assert_int_equal(write_fd_all(fd, path, "{\"u32\": 5}", 10, &good), 0);
	int rc = load_fields(&sample_fields, path, "config.json", 10, &arena, &s, &good);
	int rc_big = load_fields(&sample_fields, path, "config.json", 9, &arena, &s, &big);
	int rc_bad =
		write_fd_all(fd, path, "]", 1, &bad) < 0
			? 0
			: load_fields(&sample_fields, path, "config.json", 99, &arena, &s, &bad);
	unlink(path);
	int rc_none = load_fields(&sample_fields, path, "config.json", 99, &arena, &s, &none);
	assert_int_equal(rc, 0);
	assert_int_equal(s.u32, 5);
	assert_int_equal(rc_big, -1);
	assert_int_equal(big.sys, EFBIG);
	assert_int_equal(rc_bad, -1);
	assert_string_equal(bad.text, "config.json:1:11: text after the value");
	assert_int_equal(rc_none, -1);
	assert_int_equal(none.sys, ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_decoded),
		cmocka_unit_test(either_form_of_a_double_field_is_decoded),
		cmocka_unit_test(absent_and_null_are_the_same_where_nothing_is_required),
		cmocka_unit_test(empty_lists_are_not_absent),
		cmocka_unit_test(a_value_of_the_wrong_kind_is_refused_everywhere),
		cmocka_unit_test(wrong_kinds_are_refused_within_containers),
		cmocka_unit_test(numbers_are_taken_up_to_their_borders),
		cmocka_unit_test(a_very_long_number_is_shown_in_part),
		cmocka_unit_test(unknown_names_are_refused_with_the_known_ones),
		cmocka_unit_test(a_key_in_other_case_is_refused),
		cmocka_unit_test(other_unknown_keys_are_ignored_unless_the_table_is_closed),
		cmocka_unit_test(ignored_keys_are_logged_for_who_asks),
		cmocka_unit_test(required_members_must_be_there),
		cmocka_unit_test(empty_values_are_refused_where_they_must_not_be),
		cmocka_unit_test(what_is_decoded_is_written_back_alike),
		cmocka_unit_test(a_required_false_is_written),
		cmocka_unit_test(what_could_not_be_read_again_is_not_written),
		cmocka_unit_test(decoded_data_needs_neither_text_nor_tree),
		cmocka_unit_test(files_are_decoded_by_their_name),
	};

	return cmocka_run_group_tests_name("fields", tests, NULL, NULL);
}
