/* SPDX-License-Identifier: Apache-2.0 */
/* See place.h. Pure. */
#include "policy/place.h"

#include "base/auto.h"
#include "base/pointer.h"

static const struct field *row_named(const struct fields *fields, const char *name)
{
	for (size_t i = 0; i < fields->count; i++)
		if (str_eq(fields->rows[i].name, name))
			return &fields->rows[i];
	return NULL;
}

static int value_text(const struct json_value *value, struct arena *arena, char **ret,
		      struct err *e)
{
	auto_json_out out = json_out_new(false);
	const char *text = NULL;

	json_out_value(out, value);
	if (json_out_finish(out, &text, NULL, e) < 0)
		return -1;
	*ret = arena_strdup(arena, text);
	return 0;
}

static int string_text(const char *string, struct arena *arena, char **ret, struct err *e)
{
	const struct json_value value = { .kind = JSON_STRING, .text = string };

	return string ? value_text(&value, arena, ret, e) : 0;
}

/* The usual places, an element of a list or of a map, without a detour over a tree. */
static int element_text(const struct field *row, const void *member, const char *token,
			struct arena *arena, char **ret, struct err *e)
{
	struct strlist list; /* every list is laid out like this one */
	uint64_t index = 0;

	if (row->kind == FIELD_STRMAP)
		return string_text(strmap_get(member, token), arena, ret, e);
	memcpy(&list, member, sizeof(list));
	if (!parse_u64(token, &index) || index >= list.n)
		return 0;
	if (row->kind == FIELD_STRLIST)
		return string_text(list.v[index], arena, ret, e);
	return fields_encode_text(row->sub,
				  (const char *)(const void *)list.v + index * row->sub->size,
				  false, arena, ret, NULL, e);
}

/* Any other place: the member, encoded by its own row alone, and then the rest of the pointer in that. */
static int member_text(const struct fields *fields, const struct field *row, const void *object,
		       const char *rest, struct arena *arena, char **ret, struct err *e)
{
	const struct fields single = {
		.name = fields->name, .size = fields->size, .count = 1, .rows = row
	};
	struct json_source source = { .name = "decision" };
	struct json_value *root = NULL, *value;
	char *text = NULL;

	if (fields_encode_text(&single, object, false, arena, &text, &source.length, e) < 0)
		return -1;
	source.text = text;
	if (json_parse(&source, arena, &root, e) < 0)
		return -1;
	value = json_get(root, row->name);
	if (value)
		value = pointer_find(value, rest, arena);
	return value ? value_text(value, arena, ret, e) : 0;
}

static int row_text(const struct fields *fields, const struct field *row, const void *object,
		    const char *rest, struct arena *arena, char **ret, struct err *e)
{
	bool is_list =
		row->kind == FIELD_LIST || row->kind == FIELD_STRLIST || row->kind == FIELD_STRMAP;
	const char *after = rest;
	const char *token = pointer_next(&after, arena);

	if (is_list && token && !*after)
		return element_text(row, (const char *)object + row->offset, token, arena, ret, e);
	return member_text(fields, row, object, rest, arena, ret, e);
}

/* Not of the spec as a whole, because a seccomp profile in
 * it is longer than everything else together. */
int place_text(const struct spec *spec, const char *pointer, struct arena *arena, char **ret,
	       struct err *e)
{
	const struct fields *fields = &spec_fields;
	const void *object = spec;
	const char *token;

	while (object && (token = pointer_next(&pointer, arena))) {
		const struct field *row = row_named(fields, token);

		if (!row)
			return 0;
		if (row->kind != FIELD_OBJECT || !*pointer)
			return row_text(fields, row, object, pointer, arena, ret, e);
		/* copied, not read through another pointer's type: this file stores there as well */
		memcpy(&object, (const char *)object + row->offset, sizeof(object));
		fields = row->sub;
	}
	return 0;
}
