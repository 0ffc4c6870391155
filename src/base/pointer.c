/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON pointers into a parsed tree. Pure.
 */
#include "base/pointer.h"

#include "base/str.h"

char *pointer_escape(const char *token, struct arena *arena)
{
	char *escaped = arena_alloc(arena, 2 * strlen(token) + 1), *out = escaped;

	for (; *token; token++) {
		if (*token == '~' || *token == '/') {
			*out++ = '~';
			*out++ = *token == '~' ? '0' : '1';
		} else {
			*out++ = *token;
		}
	}
	return escaped;
}

char *pointer_next(const char **pointer, struct arena *arena)
{
	const char *p = *pointer;
	char *token, *out;

	if (*p != '/')
		return NULL;
	p++;
	token = out = arena_alloc(arena, strlen(p) + 1);
	for (; *p && *p != '/'; p++) {
		bool escape = *p == '~' && (p[1] == '0' || p[1] == '1');

		if (escape)
			p++;
		*out++ = !escape ? *p : *p == '0' ? '~' : '/';
	}
	*pointer = p;
	return token;
}

static const struct json_value *child_of(const struct json_value *parent, const char *token)
{
	const struct json_value *child = parent->first;
	uint64_t index = 0;

	if (parent->kind == JSON_OBJECT)
		return json_get(parent, token);
	if (parent->kind != JSON_ARRAY || !parse_u64(token, &index))
		return NULL;
	while (child && index--)
		child = child->next;
	return child;
}

/* Where a value hangs: the link that points to it, or would point to it. NULL: the token does not fit
 * the parent. */
static struct json_value **link_of(struct json_value *parent, const char *token)
{
	struct json_value **link = &parent->first;
	uint64_t index = 0;

	if (parent->kind == JSON_OBJECT) {
		while (*link && !str_eq((*link)->key, token))
			link = &(*link)->next;
		return link;
	}
	if (parent->kind != JSON_ARRAY || !parse_u64(token, &index) || index > parent->count)
		return NULL;
	while (*link && index--)
		link = &(*link)->next;
	return link;
}

struct json_value *pointer_find(struct json_value *root, const char *pointer, struct arena *arena)
{
	struct json_value *value = root;
	const char *token;

	while (value && (token = pointer_next(&pointer, arena))) {
		struct json_value **link = link_of(value, token);

		value = link ? *link : NULL;
	}
	return *pointer ? NULL : value;
}

const struct json_value *pointer_nearest(const struct json_value *root, const char *pointer,
					 struct arena *arena)
{
	const struct json_value *value = root;
	const char *token;

	while ((token = pointer_next(&pointer, arena))) {
		const struct json_value *found = child_of(value, token);

		if (!found)
			break;
		value = found;
	}
	return value;
}

static void hang(struct json_value *parent, struct json_value **link, struct json_value *value,
		 const char *token)
{
	value->key = parent->kind == JSON_OBJECT ? token : NULL;
	value->next = *link;
	*link = value;
	parent->count++;
}

static int no_place(const char *pointer, struct err *e)
{
	return fail(e, ERR_STATE, "'%s' does not exist", pointer);
}

int pointer_insert(struct json_value *root, const char *pointer, struct json_value *value,
		   struct arena *arena, struct err *e)
{
	struct json_value *parent = root;
	const char *rest = pointer;
	uint64_t index;

	for (;;) {
		const char *token = pointer_next(&rest, arena);
		struct json_value **link = token ? link_of(parent, token) : NULL;

		if (!link)
			return no_place(pointer, e);
		if (!*rest) {
			if (parent->kind == JSON_OBJECT && *link)
				return fail(e, ERR_STATE, "'%s' exists already", pointer);
			hang(parent, link, value, token);
			return 0;
		}
		if (!*link) {
			struct json_value *made = arena_new(arena, struct json_value);
			const char *ahead = rest;
			const char *next = pointer_next(&ahead, arena);

			made->kind = next && parse_u64(next, &index) ? JSON_ARRAY : JSON_OBJECT;
			hang(parent, link, made, token);
		}
		parent = *link;
	}
}

/* The link of a value that must be there, and its parent. */
static struct json_value **find_link(struct json_value *root, const char *pointer,
				     struct arena *arena, struct json_value **ret_parent)
{
	struct json_value *parent = root;
	const char *rest = pointer;
	const char *token;

	while ((token = pointer_next(&rest, arena))) {
		struct json_value **link = link_of(parent, token);

		if (!link || !*link)
			return NULL;
		if (!*rest) {
			*ret_parent = parent;
			return link;
		}
		parent = *link;
	}
	return NULL;
}

int pointer_replace(struct json_value *root, const char *pointer, struct json_value *value,
		    struct arena *arena, struct err *e)
{
	struct json_value *parent = NULL;
	struct json_value **link = find_link(root, pointer, arena, &parent);

	if (!link)
		return no_place(pointer, e);
	value->key = (*link)->key;
	value->next = (*link)->next;
	*link = value;
	return 0;
}

int pointer_remove(struct json_value *root, const char *pointer, struct arena *arena, struct err *e)
{
	struct json_value *parent = NULL;
	struct json_value **link = find_link(root, pointer, arena, &parent);

	if (!link || !parent)
		return no_place(pointer, e);
	*link = (*link)->next;
	parent->count--;
	return 0;
}
