/* SPDX-License-Identifier: Apache-2.0 */
/* See json_edit.h. Pure. */
#include "base/json_edit.h"

#include "base/pointer.h"

#include <string.h>

static size_t skip(const struct json_source *source, size_t at, const char *set)
{
	while (at < source->length && source->text[at] && strchr(set, source->text[at]))
		at++;
	return at;
}

static size_t end_of_string(const struct json_source *source, size_t at)
{
	for (at++; source->text[at] != '"'; at++)
		if (source->text[at] == '\\')
			at++;
	return at + 1;
}

/* The text has been parsed: what is to follow does follow. */
size_t json_edit_end(const struct json_source *source, const struct json_value *value)
{
	const struct json_value *last = value->first;
	size_t at;

	if (value->kind == JSON_STRING)
		return end_of_string(source, value->offset);
	if (value->kind != JSON_ARRAY && value->kind != JSON_OBJECT)
		return skip(source, value->offset, "+-.0123456789abcdefghijklmnopqrstuvwxyzE");
	while (last && last->next)
		last = last->next;
	at = last ? json_edit_end(source, last) : value->offset + 1;
	return skip(source, at, " \t\r\n") + 1;
}

static bool is_plain(const char *key)
{
	for (; *key; key++)
		if ((unsigned char)*key < ' ' || *key == '"' || *key == '\\')
			return false;
	return true;
}

/* How far a pointer leads. */
struct way {
	const struct json_value *parent, *before,
		*value;   /* value NULL: parent does not have `key` */
	const char *key;  /* NULL: the pointer is "" */
	const char *rest; /* behind the key */
};

static int follow(const struct json_value *root, const char *pointer, struct arena *arena,
		  struct way *ret, struct err *e)
{
	const char *rest = pointer, *key;

	*ret = (struct way){ .value = root, .rest = pointer };
	if (*pointer && *pointer != '/')
		return fail(e, ERR_USAGE, "'%s' is not a JSON pointer: it begins with '/'",
			    pointer);
	while (ret->value && (key = pointer_next(&rest, arena))) {
		const struct json_value *child;

		if (!is_plain(key))
			return fail(e, ERR_USAGE,
				    "'%s' has a key with a quote, '\\' or a control character",
				    pointer);
		*ret = (struct way){ .parent = ret->value, .key = key, .rest = rest };
		if (ret->parent->kind != JSON_OBJECT)
			return fail(e, ERR_CONFIG,
				    "'%s': what '%s' is to be in is of type %s, not an object",
				    pointer, key, json_kind_name(ret->parent->kind));
		for (child = ret->parent->first; child && !str_eq(child->key, key);
		     child = child->next)
			ret->before = child;
		ret->value = child;
	}
	return 0;
}

int json_edit_find(const struct json_value *root, const char *pointer, struct arena *arena,
		   const struct json_value **ret, struct err *e)
{
	struct way way;

	if (follow(root, pointer, arena, &way, e) < 0)
		return -1;
	*ret = way.value;
	return 0;
}

/* What stands between the brace and the first member, so that a new one before it looks alike. */
static void put_blanks(const struct json_source *source, const struct json_value *object,
		       struct strbuf *out)
{
	size_t from = object->offset + 1;

	if (object->first)
		strbuf_add(out, source->text + from, object->first->key_offset - from);
	else
		strbuf_puts(out, "\n    ");
}

static void put_member(const struct way *way, const char *value, struct arena *arena,
		       struct strbuf *out)
{
	const char *rest = way->rest, *key;
	size_t open = 0;

	strbuf_printf(out, "\"%s\": ", way->key);
	for (; (key = pointer_next(&rest, arena)); open++)
		strbuf_printf(out, "{ \"%s\": ", key);
	strbuf_puts(out, value);
	while (open--)
		strbuf_puts(out, " }");
}

static void insert(const struct json_source *source, const struct way *way, const char *value,
		   struct arena *arena, struct strbuf *out)
{
	size_t at = way->parent->offset + 1, after = skip(source, at, " \t\r");

	strbuf_add(out, source->text, at);
	put_blanks(source, way->parent, out);
	put_member(way, value, arena, out);
	if (way->parent->first)
		strbuf_putc(out, ',');
	else if (source->text[after] != '\n')
		strbuf_putc(out, '\n');
	strbuf_add(out, source->text + at, source->length - at);
}

static int check_value(const char *value, struct arena *arena, struct err *e)
{
	const struct json_source source = { .name = "the value",
					    .text = value,
					    .length = strlen(value) };
	struct json_value *ignored;

	return json_parse(&source, arena, &ignored, e);
}

int json_edit_set(const struct json_source *source, const struct json_value *root,
		  const char *pointer, const char *value, struct arena *arena, struct strbuf *out,
		  struct err *e)
{
	struct way way;
	size_t end;

	if (check_value(value, arena, e) < 0 || follow(root, pointer, arena, &way, e) < 0)
		return -1;
	if (!way.value) {
		insert(source, &way, value, arena, out);
		return 0;
	}
	end = json_edit_end(source, way.value);
	strbuf_add(out, source->text, way.value->offset);
	strbuf_puts(out, value);
	strbuf_add(out, source->text + end, source->length - end);
	return 0;
}

int json_edit_remove(const struct json_source *source, const struct json_value *root,
		     const char *pointer, struct arena *arena, struct strbuf *out, struct err *e)
{
	struct way way;
	size_t from, to;

	if (follow(root, pointer, arena, &way, e) < 0)
		return -1;
	if (!way.value || !way.key)
		return fail(e, ERR_NOT_FOUND, "%s does not have '%s'", source->name, pointer);
	if (way.value->next) {
		from = way.value->key_offset;
		to = way.value->next->key_offset;
	} else {
		from = way.before ? json_edit_end(source, way.before) : way.parent->offset + 1;
		to = json_edit_end(source, way.value);
	}
	strbuf_add(out, source->text, from);
	strbuf_add(out, source->text + to, source->length - to);
	return 0;
}
