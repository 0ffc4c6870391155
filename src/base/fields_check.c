/* SPDX-License-Identifier: Apache-2.0 */
/* What rows say of values beyond their kinds. Pure. */
#include "base/fields_check.h"

#include "base/fields_decoder.h"

struct walk {
	const struct json_source *source;
	struct arena *arena;
	/* Where it is now: what lies below many elements is not printed from the top for each. */
	struct strbuf *path;
	struct err *e;
};

static int check_object(const struct walk *w, const struct fields *fields,
			const struct json_value *v, const void *object);

static void path_leave(struct strbuf *path, size_t length)
{
	path->length = length;
	if (path->text)
		path->text[length] = '\0';
}

static int check_value(const struct walk *w, const struct field *field, const struct json_value *v,
		       const void *object)
{
	struct field_value value = {
		.field = field,
		.member = (const char *)object + field->offset,
		.source = w->source,
		.at = v,
		.path = strbuf_text(w->path),
		.arena = w->arena,
	};

	return field_key(field)->check && field_key(field)->check->run
		       ? field_key(field)->check->run(&value, w->e)
		       : 0;
}

/* Of a list or a map, in which the elements lie one after the other. */
static int check_elements(const struct walk *w, const struct field *field,
			  const struct json_value *v, const void *member)
{
	size_t length = w->path->length;
	struct place inside = {
		.kind = field->kind == FIELD_MAP ? PLACE_KEY : PLACE_ELEMENT,
	};
	struct {
		size_t n;
		const char *v;
	} list;

	memcpy(&list, member, sizeof(list));
	for (const struct json_value *child = v->first; child; child = child->next) {
		inside.name = child->key;
		place_print_step(w->path, &inside);
		if (check_object(w, field->sub, child, list.v + inside.index * field->sub->size) <
		    0)
			return -1;
		path_leave(w->path, length);
		inside.index++;
	}
	return 0;
}

static int check_inside(const struct walk *w, const struct field *field, const struct json_value *v,
			const void *object)
{
	const char *member = (const char *)object + field->offset;
	const void *inner = NULL;

	if (!field_sub(field))
		return 0;
	if (field->kind == FIELD_LIST || field->kind == FIELD_MAP)
		return check_elements(w, field, v, member);
	if (field->kind == FIELD_STRING_OR_OBJECT) {
		struct word_or_object either;

		memcpy(&either, member, sizeof(either));
		inner = either.object;
	} else {
		memcpy(&inner, member, sizeof(inner));
	}
	return inner ? check_object(w, field->sub, v, inner) : 0;
}

static int check_object(const struct walk *w, const struct fields *fields,
			const struct json_value *v, const void *object)
{
	size_t length = w->path->length;
	struct place inside = { .kind = PLACE_PROPERTY };

	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->rows[i];
		const struct json_value *said = json_get(v, field->name);

		/* null counts as absent */
		if (!said || said->kind == JSON_NULL)
			continue;
		inside.name = field->name;
		place_print_step(w->path, &inside);
		if (check_value(w, field, said, object) < 0 ||
		    check_inside(w, field, said, object) < 0)
			return -1;
		path_leave(w->path, length);
	}
	return 0;
}

int fields_check(const struct fields *fields, const struct json_source *source,
		 const struct json_value *v, const void *object, struct arena *arena, struct err *e)
{
	autostrbuf path = { 0 };
	const struct walk w = { .source = source, .arena = arena, .path = &path, .e = e };

	return check_object(&w, fields, v, object);
}
