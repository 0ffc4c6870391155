/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structs -> JSON by tables. Pure.
 */
#include "base/fields.h"

#include "base/auto.h"

const struct field_key *field_key(const struct field *field)
{
	static const struct field_key nothing;

	return field->flags & FIELD_IS_KEY && field->key ? field->key : &nothing;
}

const struct field_shown *field_shown(const struct field *field)
{
	static const struct field_shown nothing;

	return !(field->flags & FIELD_IS_KEY) && !field->led && field->shown ? field->shown
									     : &nothing;
}

const char *field_lead(const struct field *field)
{
	return field->led ? field->lead : field_shown(field)->lead;
}

/* Lists of any element, laid out as struct strlist. */
struct list {
	size_t n;
	const char *v;
};

static void load(const void *object, const struct field *field, void *value, size_t size)
{
	memcpy(value, (const char *)object + field->offset, size);
}

static bool is_written(const struct field *field, size_t n, const void *v)
{
	if (field->flags & (FIELD_WHOLE | FIELD_SPARSE))
		return n > 0 || field->flags & FIELD_WHOLE;
	return v;
}

/* Each returns false if the member is absent, before anything is written. */
typedef bool encode_function(const struct field *field, const void *object, struct json_out *out);

static bool encode_string(const struct field *field, const void *object, struct json_out *out)
{
	const char *text;

	load(object, field, &text, sizeof(text));
	if (text)
		json_out_member_string(out, field->name, text);
	return text;
}

static bool encode_bool(const struct field *field, const void *object, struct json_out *out)
{
	bool value;

	load(object, field, &value, sizeof(value));
	/* A required one must be there for the reader, whatever it says. */
	if (!value && !(field->flags & (FIELD_REQUIRED | FIELD_WHOLE)))
		return false;
	json_out_member_bool(out, field->name, value);
	return true;
}

static bool encode_opt_bool(const struct field *field, const void *object, struct json_out *out)
{
	struct opt_bool option;

	load(object, field, &option, sizeof(option));
	if (option.set)
		json_out_member_bool(out, field->name, option.value);
	return option.set;
}

#define ENCODE_PLAIN(kind_, type, write)                                          \
	static bool encode_##kind_(const struct field *field, const void *object, \
				   struct json_out *out)                          \
	{                                                                         \
		type value;                                                       \
		load(object, field, &value, sizeof(value));                       \
		if (!value && field->flags & FIELD_SPARSE)                        \
			return false;                                             \
		write(out, field->name, value);                                   \
		return true;                                                      \
	}
#define ENCODE_OPTION(kind_, write)                                               \
	static bool encode_##kind_(const struct field *field, const void *object, \
				   struct json_out *out)                          \
	{                                                                         \
		struct kind_ option;                                              \
		load(object, field, &option, sizeof(option));                     \
		if (option.set)                                                   \
			write(out, field->name, option.value);                    \
		return option.set;                                                \
	}

ENCODE_PLAIN(u16, unsigned short, json_out_member_u64)
ENCODE_PLAIN(count, size_t, json_out_member_u64)
ENCODE_PLAIN(i32, int32_t, json_out_member_i64)
ENCODE_PLAIN(u32, uint32_t, json_out_member_u64)
ENCODE_PLAIN(i64, int64_t, json_out_member_i64)
ENCODE_PLAIN(u64, uint64_t, json_out_member_u64)
ENCODE_OPTION(opt_i32, json_out_member_i64)
ENCODE_OPTION(opt_u16, json_out_member_u64)
ENCODE_OPTION(opt_u32, json_out_member_u64)
ENCODE_OPTION(opt_i64, json_out_member_i64)
ENCODE_OPTION(opt_u64, json_out_member_u64)

static void write_name(const struct field *field, int64_t value, struct json_out *out)
{
	const char *name = value_to_name(field->names, value);

	if (name)
		json_out_string(out, name);
	else
		json_out_fail(out, "%s has no name for %lld", field->name, (long long)value);
}

static bool encode_enum(const struct field *field, const void *object, struct json_out *out)
{
	int value;

	load(object, field, &value, sizeof(value));
	if (value == 0)
		return false;
	json_out_key(out, field->name);
	write_name(field, value, out);
	return true;
}

static void write_strings(const struct strlist *list, struct json_out *out)
{
	json_out_array(out);
	for (size_t i = 0; i < list->n; i++)
		json_out_string(out, list->v[i]);
	json_out_array_end(out);
}

static bool encode_strlist(const struct field *field, const void *object, struct json_out *out)
{
	struct strlist list;

	load(object, field, &list, sizeof(list));
	if (!is_written(field, list.n, list.v))
		return false;
	json_out_key(out, field->name);
	write_strings(&list, out);
	return true;
}

static bool encode_u32list(const struct field *field, const void *object, struct json_out *out)
{
	struct u32list list;

	load(object, field, &list, sizeof(list));
	if (!is_written(field, list.n, list.v))
		return false;
	json_out_key(out, field->name);
	json_out_array(out);
	for (size_t i = 0; i < list.n; i++)
		json_out_u64(out, list.v[i]);
	json_out_array_end(out);
	return true;
}

static bool encode_enumlist(const struct field *field, const void *object, struct json_out *out)
{
	struct enumlist list;

	load(object, field, &list, sizeof(list));
	if (!is_written(field, list.n, list.v))
		return false;
	json_out_key(out, field->name);
	json_out_array(out);
	for (size_t i = 0; i < list.n; i++)
		write_name(field, list.v[i], out);
	json_out_array_end(out);
	return true;
}

static bool encode_strmap(const struct field *field, const void *object, struct json_out *out)
{
	struct strmap map;

	load(object, field, &map, sizeof(map));
	if (!is_written(field, map.n, map.v))
		return false;
	json_out_key(out, field->name);
	json_out_object(out);
	for (size_t i = 0; i < map.n; i++)
		json_out_member_string(out, map.v[i].key, map.v[i].value);
	json_out_object_end(out);
	return true;
}

static bool encode_object(const struct field *field, const void *object, struct json_out *out)
{
	const void *inner;

	load(object, field, &inner, sizeof(inner));
	if (!inner)
		return false;
	json_out_key(out, field->name);
	fields_encode(field->sub, inner, out);
	return true;
}

static bool encode_list(const struct field *field, const void *object, struct json_out *out)
{
	struct list list;

	load(object, field, &list, sizeof(list));
	if (!is_written(field, list.n, list.v))
		return false;
	json_out_key(out, field->name);
	json_out_array(out);
	for (size_t i = 0; i < list.n; i++)
		fields_encode(field->sub, list.v + i * field->sub->size, out);
	json_out_array_end(out);
	return true;
}

static bool encode_map(const struct field *field, const void *object, struct json_out *out)
{
	struct list list;

	load(object, field, &list, sizeof(list));
	if (!is_written(field, list.n, list.v))
		return false;
	json_out_key(out, field->name);
	json_out_object(out);
	for (size_t i = 0; i < list.n; i++) {
		const char *element = list.v + i * field->sub->size;
		const char *key;
		memcpy(&key, element, sizeof(key));
		json_out_key(out, key);
		fields_encode(field->sub, element, out);
	}
	json_out_object_end(out);
	return true;
}

static bool encode_raw(const struct field *field, const void *object, struct json_out *out)
{
	const struct json_value *v;

	load(object, field, &v, sizeof(v));
	if (!v)
		return false;
	json_out_key(out, field->name);
	json_out_value(out, v);
	return true;
}

static bool encode_word_or_list(const struct field *field, const void *object, struct json_out *out)
{
	struct strlist_or_word either;

	load(object, field, &either, sizeof(either));
	if (!either.word && !either.list.v)
		return false;
	json_out_key(out, field->name);
	if (either.word)
		json_out_string(out, either.word);
	else
		write_strings(&either.list, out);
	return true;
}

static bool encode_word_or_object(const struct field *field, const void *object,
				  struct json_out *out)
{
	struct word_or_object either;

	load(object, field, &either, sizeof(either));
	if (!either.word && !either.object)
		return false;
	json_out_key(out, field->name);
	if (either.word)
		json_out_string(out, either.word);
	else
		fields_encode(field->sub, either.object, out);
	return true;
}

void fields_encode_flags(const struct name_row *names, uint64_t flags, struct json_out *out)
{
	json_out_array(out);
	for (const struct name_row *row = names; row->name; row++)
		if (flags & (uint64_t)row->value)
			json_out_string(out, row->name);
	json_out_array_end(out);
}

static bool encode_flags(const struct field *field, const void *object, struct json_out *out)
{
	uint64_t flags;
	unsigned bits;

	load(object, field, &bits, sizeof(bits));
	if (field->kind == FIELD_BITS)
		flags = bits;
	else
		load(object, field, &flags, sizeof(flags));
	json_out_key(out, field->name);
	fields_encode_flags(field->names, flags, out);
	return true;
}

static bool encode_argv(const struct field *field, const void *object, struct json_out *out)
{
	struct strlist list = { 0 };

	load(object, field, &list.v, sizeof(list.v));
	while (list.v && list.v[list.n])
		list.n++;
	if (!list.v && !(field->flags & FIELD_WHOLE))
		return false;
	json_out_key(out, field->name);
	write_strings(&list, out);
	return true;
}

static bool encode_struct(const struct field *field, const void *object, struct json_out *out)
{
	json_out_key(out, field->name);
	fields_encode(field->sub, (const char *)object + field->offset, out);
	return true;
}

static bool encode_odd(const struct field *field, const void *object, struct json_out *out)
{
	json_out_key(out, field->name);
	if (field_shown(field)->encode)
		field_shown(field)->encode(object, out);
	else
		json_out_null(out);
	return true;
}

static encode_function *const encoders[] = {
	[FIELD_STRING] = encode_string,
	[FIELD_BOOL] = encode_bool,
	[FIELD_OPT_BOOL] = encode_opt_bool,
	[FIELD_I32] = encode_i32,
	[FIELD_U32] = encode_u32,
	[FIELD_I64] = encode_i64,
	[FIELD_U64] = encode_u64,
	[FIELD_OPT_I32] = encode_opt_i32,
	[FIELD_OPT_U16] = encode_opt_u16,
	[FIELD_OPT_U32] = encode_opt_u32,
	[FIELD_OPT_I64] = encode_opt_i64,
	[FIELD_OPT_U64] = encode_opt_u64,
	[FIELD_ID] = encode_u32,
	[FIELD_ENUM] = encode_enum,
	[FIELD_STRLIST] = encode_strlist,
	[FIELD_U32LIST] = encode_u32list,
	[FIELD_IDLIST] = encode_u32list,
	[FIELD_ENUMLIST] = encode_enumlist,
	[FIELD_STRMAP] = encode_strmap,
	[FIELD_OBJECT] = encode_object,
	[FIELD_LIST] = encode_list,
	[FIELD_MAP] = encode_map,
	[FIELD_RAW] = encode_raw,
	[FIELD_STRING_OR_STRLIST] = encode_word_or_list,
	[FIELD_STRING_OR_OBJECT] = encode_word_or_object,
	[FIELD_TEXT] = encode_string,
	[FIELD_U16] = encode_u16,
	[FIELD_COUNT] = encode_count,
	[FIELD_FLAGS] = encode_flags,
	[FIELD_BITS] = encode_flags,
	[FIELD_ARGV] = encode_argv,
	[FIELD_STRUCT] = encode_struct,
	[FIELD_ODD] = encode_odd,
};

void fields_encode(const struct fields *fields, const void *object, struct json_out *out)
{
	json_out_object(out);
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->rows[i];
		bool present = field->name &&
			       (!field_shown(field)->when || field_shown(field)->when(object)) &&
			       encoders[field->kind](field, object, out);
		/* What we write, we must be able to read again. */
		if (!present && (field->flags & FIELD_REQUIRED))
			json_out_fail(out, "%s of %s is missing", field->name, fields->name);
	}
	json_out_object_end(out);
}

int fields_encode_text(const struct fields *fields, const void *object, bool pretty,
		       struct arena *arena, char **ret_text, size_t *ret_length, struct err *e)
{
	auto_json_out out = json_out_new(pretty);
	const char *text;
	size_t length;

	fields_encode(fields, object, out);
	if (json_out_finish(out, &text, &length, e) < 0)
		return -1;
	*ret_text = arena_strndup(arena, text, length);
	if (ret_length)
		*ret_length = length;
	return 0;
}

const char *strmap_get(const struct strmap *map, const char *key)
{
	for (size_t i = 0; i < map->n; i++)
		if (str_eq(map->v[i].key, key))
			return map->v[i].value;
	return NULL;
}
