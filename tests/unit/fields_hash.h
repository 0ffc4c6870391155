/* SPDX-License-Identifier: Apache-2.0 */
/* A number for what a struct says by its table: as equal texts are, in a tenth of the time. */
#ifndef TESTS_FIELDS_HASH_H
#define TESTS_FIELDS_HASH_H

#include "base/auto.h"
#include "base/fields.h"

static uint64_t hash_bytes(uint64_t h, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ ((const unsigned char *)bytes)[i]) * 1099511628211u;
	return h;
}

static uint64_t hash_text(uint64_t h, const char *text)
{
	return text ? hash_bytes(h, text, strlen(text) + 1) : h * 31;
}

static uint64_t hash_json(uint64_t h, const struct json_value *value)
{
	if (!value)
		return h * 31;
	h = hash_text(hash_text(h, value->key), value->text);
	h = (h ^ (uint64_t)(value->kind * 2 + (value->boolean ? 1 : 0))) * 1099511628211u;
	for (const struct json_value *child = value->first; child; child = child->next)
		h = hash_json(h, child);
	return h * 37;
}

static uint64_t hash_fields(uint64_t h, const struct fields *fields, const void *object);

static uint64_t hash_texts(uint64_t h, const struct strlist *list)
{
	for (size_t i = 0; i < list->n; i++)
		h = hash_text(h, list->v[i]);
	return h * 37;
}

/* Every list is laid out like a struct strlist. */
static uint64_t hash_list(uint64_t h, const struct field *row, const void *member)
{
	struct strlist of_any, *list = &of_any;

	memcpy(list, member, sizeof(*list));
	h = (h ^ list->n) * 1099511628211u;
	if (row->kind == FIELD_STRLIST)
		return hash_texts(h, list);
	if (row->kind == FIELD_STRMAP)
		return hash_texts(h, &(struct strlist){ .n = 2 * list->n, .v = list->v });
	if (row->kind == FIELD_ENUMLIST)
		return hash_bytes(h, list->v, list->n * sizeof(int64_t));
	if (row->kind == FIELD_U32LIST || row->kind == FIELD_IDLIST)
		return hash_bytes(h, list->v, list->n * sizeof(uint32_t));
	for (size_t i = 0; i < list->n; i++) {
		const char *element = (const char *)(const void *)list->v + i * row->sub->size;

		if (row->kind == FIELD_MAP)
			h = hash_text(h, *(char *const *)(const void *)element);
		h = hash_fields(h, row->sub, element);
	}
	return h * 37;
}

static uint64_t hash_number(uint64_t h, const struct field *row, const void *member)
{
	switch ((int)row->kind) {
	case FIELD_BOOL:
		return hash_bytes(h, member, sizeof(bool));
	case FIELD_I64:
	case FIELD_U64:
		return hash_bytes(h, member, 8);
	case FIELD_OPT_BOOL: {
		const struct opt_bool *value = member;

		return hash_bytes(hash_bytes(h, &value->set, 1), &value->value, 1);
	}
	case FIELD_OPT_U16: {
		const struct opt_u16 *value = member;

		return hash_bytes(hash_bytes(h, &value->set, 1), &value->value, 2);
	}
	case FIELD_OPT_I32:
	case FIELD_OPT_U32: {
		const struct opt_u32 *value = member;

		return hash_bytes(hash_bytes(h, &value->set, 1), &value->value, 4);
	}
	case FIELD_OPT_I64:
	case FIELD_OPT_U64: {
		const struct opt_u64 *value = member;

		return hash_bytes(hash_bytes(h, &value->set, 1), &value->value, 8);
	}
	default:
		/* numbers of 32 bits, and words */
		return hash_bytes(h, member, 4);
	}
}

static uint64_t hash_member(uint64_t h, const struct field *row, const void *member)
{
	const void *object;

	switch ((int)row->kind) {
	case FIELD_STRING:
		return hash_text(h, *(char *const *)member);
	case FIELD_RAW:
		return hash_json(h, *(struct json_value *const *)member);
	case FIELD_STRLIST:
	case FIELD_U32LIST:
	case FIELD_IDLIST:
	case FIELD_ENUMLIST:
	case FIELD_STRMAP:
	case FIELD_LIST:
	case FIELD_MAP:
		return hash_list(h, row, member);
	case FIELD_OBJECT:
		memcpy(&object, member, sizeof(object));
		return hash_fields(h, row->sub, object);
	case FIELD_STRING_OR_STRLIST: {
		const struct strlist_or_word *value = member;

		return hash_texts(hash_text(h, value->word), &value->list);
	}
	case FIELD_STRING_OR_OBJECT: {
		const struct word_or_object *value = member;

		return hash_fields(hash_text(h, value->word), row->sub, value->object);
	}
	default:
		return hash_number(h, row, member);
	}
}

static uint64_t hash_fields(uint64_t h, const struct fields *fields, const void *object)
{
	if (!object)
		return h * 31;
	for (size_t i = 0; i < fields->count; i++)
		h = hash_member(h * 3, &fields->rows[i],
				(const char *)object + fields->rows[i].offset);
	return h * 37;
}

#endif
