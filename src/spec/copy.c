/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A deep copy of a struct spec along the tables of its fields. Not by way of text: a configuration that
 * is at a limit of the parser, or holds a path that is not UTF-8, has a copy like any other.
 */
#include "spec/spec.h"

#include <stdlib.h>

static void copy_object(const struct fields *fields, const void *from, void *to,
			struct arena *arena);

static char *copy_string(const char *text, struct arena *arena)
{
	return text ? arena_strdup(arena, text) : NULL;
}

/* Every list is { size_t n; T *v; }. */
struct list {
	size_t n;
	void *v;
};

/* Fresh memory with the elements as they are; absent stays absent. */
static struct list copy_list(struct list from, size_t size, struct arena *arena)
{
	struct list to = { .n = from.n, .v = NULL };
	if (!from.v)
		return to;
	to.v = arena_array(arena, from.n, size);
	if (from.n > 0)
		memcpy(to.v, from.v, from.n * size);
	return to;
}

static void copy_strings(struct list *list, struct arena *arena)
{
	char **strings = list->v;
	for (size_t i = 0; i < list->n; i++)
		strings[i] = copy_string(strings[i], arena);
}

static void copy_pairs(struct list *list, struct arena *arena)
{
	struct strpair *pairs = list->v;
	for (size_t i = 0; i < list->n; i++) {
		pairs[i].key = copy_string(pairs[i].key, arena);
		pairs[i].value = copy_string(pairs[i].value, arena);
	}
}

static void copy_elements(const struct field *field, struct list *list, const void *from,
			  struct arena *arena)
{
	size_t size = field->sub->size;
	for (size_t i = 0; i < list->n; i++) {
		char *element = (char *)list->v + i * size;
		copy_object(field->sub, (const char *)from + i * size, element, arena);
		if (field->kind != FIELD_MAP)
			continue;
		char *key = NULL;
		memcpy(&key, element, sizeof(key));
		key = copy_string(key, arena);
		memcpy(element, &key, sizeof(key));
	}
}

static size_t element_size(const struct field *field)
{
	switch ((int)field->kind) {
	case FIELD_STRLIST:
		return sizeof(char *);
	case FIELD_U32LIST:
	case FIELD_IDLIST:
		return sizeof(uint32_t);
	case FIELD_ENUMLIST:
		return sizeof(int64_t);
	case FIELD_STRMAP:
		return sizeof(struct strpair);
	case FIELD_LIST:
	case FIELD_MAP:
		return field->sub->size;
	default:
		return 0;
	}
}

static void copy_list_member(const struct field *field, void *member, struct arena *arena)
{
	struct list from, to;
	memcpy(&from, member, sizeof(from));
	to = copy_list(from, element_size(field), arena);
	if (field->kind == FIELD_STRLIST)
		copy_strings(&to, arena);
	else if (field->kind == FIELD_STRMAP)
		copy_pairs(&to, arena);
	else if (field_sub(field))
		copy_elements(field, &to, from.v, arena);
	memcpy(member, &to, sizeof(to));
}

static void copy_string_member(void *member, struct arena *arena)
{
	char *text;
	memcpy(&text, member, sizeof(text));
	text = copy_string(text, arena);
	memcpy(member, &text, sizeof(text));
}

static void copy_object_member(const struct field *field, void *member, struct arena *arena)
{
	void *from, *to = NULL;
	memcpy(&from, member, sizeof(from));
	if (from) {
		to = arena_alloc(arena, field->sub->size);
		copy_object(field->sub, from, to, arena);
	}
	memcpy(member, &to, sizeof(to));
}

/* Memory is written bytewise, and read so: the members have types of their own. */
static void copy_object(const struct fields *fields, const void *from, void *to,
			struct arena *arena)
{
	memcpy(to, from, fields->size);
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->rows[i];
		void *member = (char *)to + field->offset;
		if (element_size(field) > 0)
			copy_list_member(field, member, arena);
		else if (field->kind == FIELD_STRING)
			copy_string_member(member, arena);
		else if (field->kind == FIELD_OBJECT)
			copy_object_member(field, member, arena);
		/* The tables of a spec have no other kind that points anywhere. */
		else if (field->kind >= FIELD_RAW)
			abort();
	}
}

struct spec *spec_copy(const struct spec *spec, struct arena *arena)
{
	struct spec *copy = arena_new(arena, struct spec);
	copy_object(&spec_fields, spec, copy, arena);
	if (spec->text)
		copy->text = arena_strndup(arena, spec->text, spec->text_length);
	return copy;
}
