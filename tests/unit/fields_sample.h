/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table that has every kind of field, with a struct and a text for it.
 */
#ifndef TESTS_UNIT_FIELDS_SAMPLE_H
#define TESTS_UNIT_FIELDS_SAMPLE_H

#include "base/auto.h"
#include "base/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

/* The same table with flags added to every row; the rows live in `rows`. */
static inline struct fields with_flags(struct field *rows, unsigned flags)
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

static inline int decode_with(const struct fields *fields, const char *text, struct arena *arena,
			      struct sample *ret, struct err *e)
{
	return fields_decode_text(fields, "c.json", text, strlen(text), arena, ret, e);
}

static inline int decode(const char *text, struct arena *arena, struct sample *ret, struct err *e)
{
	return decode_with(&sample_fields, text, arena, ret, e);
}

static inline void assert_refused_by(const struct fields *fields, const char *text,
				     const char *message)
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

static inline void assert_refused(const char *text, const char *message)
{
	assert_refused_by(&sample_fields, text, message);
}

#endif
