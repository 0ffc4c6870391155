/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables between JSON and structs, shown on a table that has every kind of field: decoding, names, encoding.
 */
#include "fields_sample.h"

#include "base/auto.h"
#include "base/fields.h"
#include "os/io.h"
#include "os/log.h"

#include <fcntl.h>
#include <stdint.h>

#include "load.h"

static const struct fields closed_fields =
	FIELDS("struct sample", struct sample, sample_rows, FIELDS_CLOSED);

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
		       "c.json:1:2: String: differs from \"string\" only in case");
	assert_refused("{\"string\": \"s\",\n \"STRING\": \"s\"}",
		       "c.json:2:2: STRING: differs from \"string\" only in case");
	assert_refused("{\"object\": {\"type\": \"t\", \"Size\": 1}}",
		       "c.json:1:26: object.Size: differs from \"size\" only in case");
	/* letters that Unicode folds into ASCII: the long s and the Kelvin sign */
	assert_refused("{\"\xc5\xbftring\": \"s\"}",
		       "c.json:1:2: \"\xc5\xbftring\": differs from \"string\" only in case");
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
			  "c.json:1:2: String: differs from \"string\" only in case");
}

static void ignored_keys_are_logged_at_debug_level(void **state)
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
	assert_refused("{\"list\": [\n {\"size\": 1}]}", "c.json:2:2: list[0].type: is missing");
	assert_refused("{\"object\": {\"type\": null}}",
		       "c.json:1:21: object.type: must be a string, is null");
	assert_refused("{\"map\": {\"k\": {}}}", "c.json:1:15: map.\"k\".number: is missing");
	assert_int_equal(decode_with(&required, full_text, &arena, &s, &e), 0);
	for (size_t i = 0; i < required.count; i++) {
		/* the full text with this one key renamed */
		autofree char *text = xstrdup(full_text);
		char key[32], message[128];
		snprintf(key, sizeof(key), "\"%s\":", rows[i].name);
		strstr(text, key)[1] = '_';
		snprintf(message, sizeof(message), "c.json:1:1: %s: is missing", rows[i].name);
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
	assert_string_equal(e.text, "writing json: type of struct part is missing");
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
		cmocka_unit_test(unknown_names_are_refused_with_the_known_ones),
		cmocka_unit_test(a_key_in_other_case_is_refused),
		cmocka_unit_test(other_unknown_keys_are_ignored_unless_the_table_is_closed),
		cmocka_unit_test(ignored_keys_are_logged_at_debug_level),
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
