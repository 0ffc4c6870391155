/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rows say beyond kinds: members that are absent are taken from another struct or from the presets, and values are
 * checked where a text gives them.
 */
#include "base/auto.h"
#include "base/fields_check.h"
#include "base/fields_inherit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fields_sample.h"
#undef fail /* cmocka's; ours makes errors */

#define STOP(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

static void *read_as(const struct fields *fields, const char *text, struct arena *arena)
{
	void *object = arena_alloc(arena, fields->size);
	struct err e;

	if (fields_decode_text(fields, "c.json", text, strlen(text), arena, object, &e) < 0)
		STOP("%s\n", e.text);
	return object;
}

static char *written(const struct fields *fields, const void *object, struct arena *arena)
{
	struct err e;
	char *text;

	if (fields_encode_text(fields, object, false, arena, &text, NULL, &e) < 0)
		STOP("%s\n", e.text);
	return text;
}

/* --- what is absent --- */

/* A struct with one property of the full text. */
static struct sample *with_one(const char *name, struct arena *arena)
{
	const struct json_source source = {
		.name = "full",
		.text = full_text,
		.length = strlen(full_text),
	};
	auto_json_out out = json_out_new(false);
	struct json_value *root;
	const char *text;
	struct err e;

	if (json_parse(&source, arena, &root, &e) < 0)
		STOP("%s\n", e.text);
	json_out_object(out);
	json_out_key(out, name);
	json_out_value(out, json_get(root, name));
	json_out_object_end(out);
	if (json_out_finish(out, &text, NULL, &e) < 0)
		STOP("%s\n", e.text);
	return read_as(&sample_fields, text, arena);
}

static bool may_be_absent(enum field_kind kind)
{
	return kind != FIELD_BOOL && kind != FIELD_I32 && kind != FIELD_U32 && kind != FIELD_I64 &&
	       kind != FIELD_U64 && kind != FIELD_ID;
}

static void each_kind_is_inherited_where_it_is_absent(void **state)
{
	(void)state;
	for (size_t i = 0; i < sample_fields.count; i++) {
		autoarena arena = { 0 };
		const struct field *row = &sample_fields.rows[i];
		struct sample *one = with_one(row->name, &arena);
		struct sample *other = read_as(&sample_fields, "{}", &arena);
		bool absent = may_be_absent(row->kind);

		assert_int_equal(field_is_absent(row, other), absent);
		assert_false(field_is_absent(row, one));
		for (size_t j = 0; j < sample_fields.count; j++)
			if (j != i)
				assert_int_equal(field_is_absent(&sample_fields.rows[j], one),
						 may_be_absent(sample_fields.rows[j].kind));
		fields_inherit(&sample_fields, other, one, &arena);
		if (absent)
			assert_string_equal(written(&sample_fields, other, &arena),
					    written(&sample_fields, one, &arena));
	}
}

static void what_is_there_stays(void **state)
{
	static const char own[] =
		"{\"string\":\"mine\",\"boolean\":false,\"optBool\":true,\"i32\":1,\"u32\":1,"
		"\"i64\":1,\"u64\":1,\"optI32\":0,\"optU16\":0,\"optU32\":0,\"optI64\":0,"
		"\"optU64\":0,\"id\":1,\"color\":\"red\",\"strlist\":[],\"u32list\":[],"
		"\"idlist\":[],\"enumlist\":[],\"strmap\":{},\"object\":{\"type\":\"m\",\"size\":1}"
		",\"list\":[],\"map\":{},\"raw\":0,\"wordOrList\":\"m\",\"wordOrObject\":\"m\"}";
	autoarena arena = { 0 };
	struct sample *from = read_as(&sample_fields, full_text, &arena);
	struct sample *to = read_as(&sample_fields, own, &arena);
	const char *before = written(&sample_fields, to, &arena);

	(void)state;
	fields_inherit(&sample_fields, to, from, &arena);
	assert_string_equal(written(&sample_fields, to, &arena), before);
	assert_string_equal(
		written(&sample_fields, from, &arena),
		written(&sample_fields, read_as(&sample_fields, full_text, &arena), &arena));
}

static void objects_are_filled_one_by_one_and_are_not_shared(void **state)
{
	autoarena arena = { 0 };
	struct sample *from =
		read_as(&sample_fields, "{\"object\":{\"type\":\"t\",\"size\":3}}", &arena);
	struct sample *half = read_as(&sample_fields, "{\"object\":{\"type\":\"own\"}}", &arena);
	struct sample *none = read_as(&sample_fields, "{}", &arena);

	(void)state;
	fields_inherit(&sample_fields, half, from, &arena);
	assert_string_equal(half->object->type, "own");
	assert_int_equal(half->object->size.value, 3);
	fields_inherit(&sample_fields, none, from, &arena);
	assert_string_equal(none->object->type, "t");
	none->object->size.value = 4;
	assert_int_equal(from->object->size.value, 3);
}

/* --- presets and checks --- */

struct inner {
	struct opt_u32 size;
};
struct outer {
	char *word;
	int color;
	struct inner *inner;
	struct {
		size_t n;
		struct inner *v;
	} list;
	struct {
		size_t n;
		struct named_inner {
			char *key;
			struct opt_u32 size;
		} * v;
	} map;
	struct word_or_object either;
	char *without;
};

static int check_even(const struct field_value *value, struct err *e)
{
	const struct opt_u32 *size = value->member;

	if (size->value % 2 == 0)
		return 0;
	return json_fail(value->source, value->at, e, "%s: is odd", value->path);
}
static const struct field_check even = { .run = check_even };

#define SAID(preset_, check_) (&(const struct field_key){ .preset = (preset_), .check = (check_) })
#define ROW(type, kind_, member, name_, ...)                                                  \
	{                                                                                     \
		.name = (name_), .kind = FIELD_##kind_,                                       \
		.offset = FIELD_CHECKED_OFFSET(type, member, FIELD_TYPE_##kind_), __VA_ARGS__ \
	}

static const struct field inner_rows[] = {
	ROW(struct inner, OPT_U32, size, "size", .flags = FIELD_IS_KEY, .key = SAID("2", &even)),
};
static const struct field named_rows[] = {
	ROW(struct named_inner, OPT_U32, size, "size", .flags = FIELD_IS_KEY,
	    .key = SAID(NULL, &even)),
};
static const struct fields inner_fields = FIELDS("struct inner", struct inner, inner_rows, 0);
static const struct fields named_fields =
	FIELDS("struct named_inner", struct named_inner, named_rows, 0);
static const struct field outer_rows[] = {
	ROW(struct outer, STRING, word, "word", .flags = FIELD_IS_KEY, .key = SAID("\"w\"", NULL)),
	{ .name = "color",
	  .kind = FIELD_ENUM,
	  .offset = offsetof(struct outer, color),
	  .names = color_names,
	  .flags = FIELD_IS_KEY,
	  .key = SAID("\"red\"", NULL) },
	FIELD_OBJECT_ROW(struct outer, inner, struct inner, "inner", 0, &inner_fields),
	FIELD_LIST_ROW(struct outer, list, struct inner, "list", 0, &inner_fields),
	FIELD_MAP_ROW(struct outer, map, struct named_inner, "map", 0, &named_fields),
	FIELD_WORD_OR_OBJECT_ROW(struct outer, either, "either", 0, &inner_fields),
	FIELD(struct outer, STRING, without, "without", 0),
};
static const struct fields outer_fields = FIELDS("struct outer", struct outer, outer_rows, 0);
static const struct field broken_rows[] = {
	ROW(struct outer, STRING, word, "word", .flags = FIELD_IS_KEY, .key = SAID("7", NULL)),
};
static const struct fields broken_fields = FIELDS("struct broken", struct outer, broken_rows, 0);

static void presets_become_a_struct(void **state)
{
	autoarena arena = { 0 };
	struct outer outer;
	struct err e;

	(void)state;
	assert_int_equal(fields_presets(&outer_fields, &arena, &outer, &e), 0);
	assert_string_equal(written(&outer_fields, &outer, &arena),
			    "{\"word\":\"w\",\"color\":\"red\",\"inner\":{\"size\":2}}");
	assert_int_equal(fields_presets(&broken_fields, &arena, &outer, &e), -1);
	assert_string_equal(e.text, "struct broken:1:9: word: must be a string, is a number");
}

static int check_text(const char *text, struct err *e)
{
	const struct json_source source = {
		.name = "c.json",
		.text = text,
		.length = strlen(text),
	};
	autoarena arena = { 0 };
	struct json_value *root;
	struct outer outer;

	if (json_parse(&source, &arena, &root, e) < 0 ||
	    fields_decode(&outer_fields, &source, root, &arena, &outer, e) < 0)
		STOP("%s: %s\n", text, e->text);
	return fields_check(&outer_fields, &source, root, &outer, &arena, e);
}

static void values_are_checked_where_they_are_given(void **state)
{
	static const char *const good[] = {
		"{}",
		"{\"color\":\"red\",\"inner\":null}",
		"{\"inner\":{\"size\":null}}",
		"{\"list\":[{\"size\":2},{}],\"map\":{\"a\":{\"size\":0}},\"either\":\"word\"}",
	};
	static const struct {
		const char *text, *error;
	} bad[] = {
		{ "{\"inner\":{\"size\":3}}", "c.json:1:18: inner.size: is odd" },
		{ "{\"list\":[{\"size\":2},{\"size\":3}]}", "c.json:1:29: list[1].size: is odd" },
		{ "{\"map\":{\"a\":{\"size\":2},\"b c\":{\"size\":3}}}",
		  "c.json:1:38: map.\"b c\".size: is odd" },
		{ "{\"either\":{\"size\":3}}", "c.json:1:19: either.size: is odd" },
		/* in the order of the rows */
		{ "{\"either\":{\"size\":3},\"inner\":{\"size\":1}}",
		  "c.json:1:38: inner.size: is odd" },
	};
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (check_text(good[i], &e) < 0)
			STOP("%s: %s\n", good[i], e.text);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(check_text(bad[i].text, &e), -1);
		if (!str_eq(e.text, bad[i].error))
			STOP("%s: %s\n", bad[i].text, e.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_inherited_where_it_is_absent),
		cmocka_unit_test(what_is_there_stays),
		cmocka_unit_test(objects_are_filled_one_by_one_and_are_not_shared),
		cmocka_unit_test(presets_become_a_struct),
		cmocka_unit_test(values_are_checked_where_they_are_given),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
