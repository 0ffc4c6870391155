/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees of parsed JSON: looking up, comparing, copying. Pure. The parser's limit on nesting bounds the
 * recursion here.
 */
#include "base/json.h"

#include "base/auto.h"
#include "base/str.h"

static int by_key(const void *a, const void *b)
{
	const struct json_value *const *left = a, *const *right = b;
	int order = strcmp((*left)->key, (*right)->key);

	if (order)
		return order;
	return (*left)->key_offset < (*right)->key_offset ? -1 : 1;
}

const struct json_value **json_sorted_members(const struct json_value *object)
{
	const struct json_value **members = xmalloc(object->count * sizeof(const void *));
	size_t n = 0;

	for (const struct json_value *v = object->first; v; v = v->next)
		members[n++] = v;
	qsort(members, n, sizeof(const void *), by_key);
	return members;
}

struct json_value *json_get(const struct json_value *v, const char *key)
{
	if (!v || v->kind != JSON_OBJECT)
		return NULL;
	for (struct json_value *member = v->first; member; member = member->next)
		/* nearly always another one, which the first byte tells */
		if (member->key[0] == key[0] && str_eq(member->key, key))
			return member;
	return NULL;
}

const char *json_kind_name(enum json_kind kind)
{
	switch (kind) {
	case JSON_NULL:
		return "null";
	case JSON_BOOL:
		return "boolean";
	case JSON_NUMBER:
		return "number";
	case JSON_STRING:
		return "string";
	case JSON_ARRAY:
		return "array";
	case JSON_OBJECT:
		return "object";
	}
	return "unknown";
}

struct json_value *json_copy(struct arena *arena, const struct json_value *v)
{
	struct json_value *copy = arena_new(arena, struct json_value);
	struct json_value **link = &copy->first;

	*copy = *v;
	copy->first = NULL;
	copy->next = NULL;
	if (v->key)
		copy->key = arena_strdup(arena, v->key);
	if (v->text)
		copy->text = arena_strdup(arena, v->text);
	for (const struct json_value *child = v->first; child; child = child->next) {
		*link = json_copy(arena, child);
		link = &(*link)->next;
	}
	return copy;
}

static bool members_equal(const struct json_value *a, const struct json_value *b)
{
	autofree const struct json_value **left = json_sorted_members(a);
	autofree const struct json_value **right = json_sorted_members(b);

	for (size_t i = 0; i < a->count; i++)
		if (!str_eq(left[i]->key, right[i]->key) || !json_equal(left[i], right[i]))
			return false;
	return true;
}

bool json_equal(const struct json_value *a, const struct json_value *b)
{
	if (!a || !b)
		return a == b;
	if (a->kind != b->kind || a->boolean != b->boolean || a->count != b->count ||
	    !str_eq(a->text, b->text))
		return false;
	if (a->kind == JSON_OBJECT)
		return members_equal(a, b);
	for (a = a->first, b = b->first; a; a = a->next, b = b->next)
		if (!json_equal(a, b))
			return false;
	return true;
}
