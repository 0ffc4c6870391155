/* SPDX-License-Identifier: Apache-2.0 */
/* What rows say of values beyond their kinds. Pure. */
#include "base/fields_check.h"

#include "base/fields_decoder.h"

struct walk {
	const struct json_source *source;
	struct arena *arena;
	struct err *e;
};

static int check_object(const struct walk *w, const struct fields *fields,
			const struct json_value *v, const void *object, const struct place *place);

int field_fail_not_yet(const struct field_value *value, const char *word, struct err *e)
{
	if (word)
		return json_fail(value->source, value->at, e, "%s: \"%s\" is not supported yet",
				 value->path, word);
	return json_fail(value->source, value->at, e, "%s is not supported yet", value->path);
}

static int check_value(const struct walk *w, const struct field *field, const struct json_value *v,
		       const void *object, const struct place *place)
{
	struct field_value value = {
		.field = field,
		.member = (const char *)object + field->offset,
		.source = w->source,
		.at = v,
		.arena = w->arena,
	};
	const char *const *word = field_key(field)->check ? field_key(field)->check->later : NULL;
	autostrbuf path = { 0 };

	place_print(&path, place);
	value.path = strbuf_text(&path);
	if (field->flags & FIELD_NOT_YET)
		return field_fail_not_yet(&value, NULL, w->e);
	for (; word && *word; word++)
		if (v->kind == JSON_STRING && str_eq(v->text, *word))
			return field_fail_not_yet(&value, *word, w->e);
	return field_key(field)->check && field_key(field)->check->run
		       ? field_key(field)->check->run(&value, w->e)
		       : 0;
}

/* Of a list or a map, in which the elements lie one after the other. */
static int check_elements(const struct walk *w, const struct field *field,
			  const struct json_value *v, const void *member, const struct place *place)
{
	struct place inside = {
		.outer = place,
		.kind = field->kind == FIELD_MAP ? PLACE_KEY : PLACE_ELEMENT,
	};
	struct {
		size_t n;
		const char *v;
	} list;

	memcpy(&list, member, sizeof(list));
	for (const struct json_value *child = v->first; child; child = child->next) {
		inside.name = child->key;
		if (check_object(w, field->sub, child, list.v + inside.index * field->sub->size,
				 &inside) < 0)
			return -1;
		inside.index++;
	}
	return 0;
}

static int check_inside(const struct walk *w, const struct field *field, const struct json_value *v,
			const void *object, const struct place *place)
{
	const char *member = (const char *)object + field->offset;
	const void *inner = NULL;

	if (!field_sub(field))
		return 0;
	if (field->kind == FIELD_LIST || field->kind == FIELD_MAP)
		return check_elements(w, field, v, member, place);
	if (field->kind == FIELD_STRING_OR_OBJECT) {
		struct word_or_object either;

		memcpy(&either, member, sizeof(either));
		inner = either.object;
	} else {
		memcpy(&inner, member, sizeof(inner));
	}
	return inner ? check_object(w, field->sub, v, inner, place) : 0;
}

static int check_object(const struct walk *w, const struct fields *fields,
			const struct json_value *v, const void *object, const struct place *place)
{
	struct place inside = { .outer = place, .kind = PLACE_PROPERTY };

	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->rows[i];
		const struct json_value *said = json_get(v, field->name);

		/* null counts as absent */
		if (!said || said->kind == JSON_NULL)
			continue;
		inside.name = field->name;
		if (check_value(w, field, said, object, &inside) < 0 ||
		    check_inside(w, field, said, object, &inside) < 0)
			return -1;
	}
	return 0;
}

int fields_check(const struct fields *fields, const struct json_source *source,
		 const struct json_value *v, const void *object, struct arena *arena, struct err *e)
{
	const struct walk w = { .source = source, .arena = arena, .e = e };

	return check_object(&w, fields, v, object, NULL);
}
