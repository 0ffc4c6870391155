/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structs -> text for people by tables. Pure.
 *
 * Each value is made by itself: what turns out to be empty has no lead, no separator and no line.
 */
#include "base/fields_text.h"

#include "base/auto.h"

#include <inttypes.h>

void put_word(struct strbuf *out, const char *text)
{
	size_t length = strlen(text), i = 0, size;

	for (; i < length && text[i] != ' ' && text[i] != '"' && text[i] != '\\'; i += size) {
		size = utf8_sequence(text + i, length - i);
		if (size == 0 || utf8_is_control(text + i, size))
			break;
	}
	if (length > 0 && i == length)
		strbuf_puts(out, text);
	else
		strbuf_quote(out, text, SIZE_MAX);
}

void put_words(struct strbuf *out, const struct strlist *list)
{
	for (size_t i = 0; i < list->n; i++) {
		strbuf_putc(out, ' ');
		put_word(out, list->v[i]);
	}
}

static void load(const void *object, const struct field *field, void *value, size_t size)
{
	memcpy(value, (const char *)object + field->offset, size);
}

/* --- one value --- */

/* "before VALUE after", where '%' stands for the value; without it the value is at the end. */
static void put_led(const char *lead, const char *value, struct strbuf *out)
{
	const char *mark = lead ? strchr(lead, '%') : NULL;

	strbuf_add(out, lead ? lead : "", mark ? (size_t)(mark - lead) : lead ? strlen(lead) : 0);
	if (!mark && lead && *value && *value != '\n')
		strbuf_putc(out, ' ');
	strbuf_puts(out, value);
	strbuf_puts(out, mark ? mark + 1 : "");
}

/* Each puts the value of a member, and returns false if it is absent. */
typedef bool put_function(const struct field *field, const void *object, struct strbuf *out);

static bool put_string(const struct field *field, const void *object, struct strbuf *out)
{
	const char *text;

	load(object, field, &text, sizeof(text));
	if (text)
		put_word(out, text);
	return text;
}

static bool put_bool(const struct field *field, const void *object, struct strbuf *out)
{
	bool value;

	(void)out;
	load(object, field, &value, sizeof(value));
	return value;
}

static bool put_i64(const struct field *field, int64_t value, struct strbuf *out)
{
	const char *name = field_names(field) ? value_to_name(field->names, value) : NULL;

	if (name)
		strbuf_puts(out, name);
	else
		strbuf_show(out, "%" PRId64, value);
	return value || !(field->flags & FIELD_SPARSE);
}

static bool put_u64(const struct field *field, uint64_t value, struct strbuf *out)
{
	if (value <= INT64_MAX ||
	    (field_names(field) && value_to_name(field->names, (int64_t)value)))
		return put_i64(field, (int64_t)value, out);
	strbuf_show(out, "%" PRIu64, value);
	return true;
}

#define PUT_NUMBER(kind_, type, put)                                                               \
	static bool put_##kind_(const struct field *field, const void *object, struct strbuf *out) \
	{                                                                                          \
		type value;                                                                        \
		load(object, field, &value, sizeof(value));                                        \
		return put(field, value, out);                                                     \
	}
PUT_NUMBER(short, unsigned short, put_u64)
PUT_NUMBER(size, size_t, put_u64)
PUT_NUMBER(int32, int32_t, put_i64)
PUT_NUMBER(uint32, uint32_t, put_u64)
PUT_NUMBER(int64, int64_t, put_i64)
PUT_NUMBER(uint64, uint64_t, put_u64)

static bool put_enum(const struct field *field, const void *object, struct strbuf *out)
{
	const char *name;
	int value;

	load(object, field, &value, sizeof(value));
	name = value_to_name(field->names, value);
	strbuf_puts(out, name ? name : "");
	return name;
}

static bool put_names(const struct field *field, uint64_t flags, struct strbuf *out)
{
	const char *blank = "";

	for (const struct name_row *row = field->names; row->name; row++) {
		if (!(flags & (uint64_t)row->value))
			continue;
		strbuf_show(out, "%s%s", blank, row->name);
		blank = " ";
	}
	return *blank || field->flags & FIELD_WHOLE;
}
PUT_NUMBER(flags, uint64_t, put_names)
PUT_NUMBER(bits, unsigned, put_names)

static bool put_struct(const struct field *field, const void *object, struct strbuf *out)
{
	fields_text(field->sub, (const char *)object + field->offset, out);
	return true;
}

static bool put_object(const struct field *field, const void *object, struct strbuf *out)
{
	const void *inner;

	load(object, field, &inner, sizeof(inner));
	if (inner)
		fields_text(field->sub, inner, out);
	return inner;
}

static bool put_nothing(const struct field *field, const void *object, struct strbuf *out)
{
	(void)field;
	(void)object;
	(void)out;
	return true;
}

/* --- lists --- */

/* whole: with the lines that a struct has below its first one. */
typedef void element_function(const struct field *field, const char *element, bool whole,
			      struct strbuf *out);

static void put_string_element(const struct field *field, const char *element, bool whole,
			       struct strbuf *out)
{
	char *text;

	(void)field;
	(void)whole;
	memcpy(&text, element, sizeof(text));
	put_word(out, text);
}

static void put_number_element(const struct field *field, const char *element, bool whole,
			       struct strbuf *out)
{
	uint32_t number;

	(void)field;
	(void)whole;
	memcpy(&number, element, sizeof(number));
	strbuf_show(out, "%" PRIu32, number);
}

static void put_pair_element(const struct field *field, const char *element, bool whole,
			     struct strbuf *out)
{
	struct strpair pair;

	(void)whole;
	memcpy(&pair, element, sizeof(pair));
	put_word(out, pair.key);
	strbuf_puts(out, field->place == FIELD_SECTION ? " " : " = ");
	put_word(out, pair.value);
}

static void put_struct_element(const struct field *field, const char *element, bool whole,
			       struct strbuf *out)
{
	if (whole)
		fields_text(field->sub, element, out);
	else
		fields_text_head(field->sub, element, out);
}

static const struct {
	element_function *put;
	size_t size; /* 0: of `sub` */
} elements[] = {
	[FIELD_STRLIST] = { put_string_element, sizeof(char *) },
	[FIELD_ARGV] = { put_string_element, sizeof(char *) },
	[FIELD_U32LIST] = { put_number_element, sizeof(uint32_t) },
	[FIELD_STRMAP] = { put_pair_element, sizeof(struct strpair) },
	[FIELD_LIST] = { put_struct_element, 0 },
};

static bool is_list(const struct field *field)
{
	return !field_shown(field)->put && field->kind < ARRAY_SIZE(elements) &&
	       elements[field->kind].put;
}

static void list_of(const struct field *field, const void *object, struct strlist *ret)
{
	*ret = (struct strlist){ 0 };
	if (field->kind != FIELD_ARGV) {
		load(object, field, ret, sizeof(*ret));
		return;
	}
	load(object, field, &ret->v, sizeof(ret->v));
	while (ret->v && ret->v[ret->n])
		ret->n++;
}

static void put_element(const struct field *field, const struct strlist *list, size_t i, bool whole,
			struct strbuf *out)
{
	size_t size = elements[field->kind].size;

	elements[field->kind].put(
		field, (const char *)list->v + i * (size ? size : field->sub->size), whole, out);
}

static bool put_list(const struct field *field, const void *object, struct strbuf *out)
{
	struct strlist list;

	list_of(field, object, &list);
	for (size_t i = 0; i < list.n; i++) {
		strbuf_puts(out, i > 0 ? " " : "");
		put_element(field, &list, i, false, out);
	}
	/* the line that begins a struct has all its parts, and an argument vector may be empty */
	return list.n > 0 || field->place == FIELD_HEAD || (field->kind == FIELD_ARGV && list.v);
}

/* --- any member --- */

static put_function *const values[] = {
	[FIELD_STRING] = put_string, [FIELD_TEXT] = put_string,   [FIELD_BOOL] = put_bool,
	[FIELD_U16] = put_short,     [FIELD_COUNT] = put_size,    [FIELD_I32] = put_int32,
	[FIELD_U32] = put_uint32,    [FIELD_ID] = put_uint32,     [FIELD_I64] = put_int64,
	[FIELD_U64] = put_uint64,    [FIELD_ENUM] = put_enum,     [FIELD_FLAGS] = put_flags,
	[FIELD_BITS] = put_bits,     [FIELD_STRLIST] = put_list,  [FIELD_U32LIST] = put_list,
	[FIELD_STRMAP] = put_list,   [FIELD_LIST] = put_list,     [FIELD_ARGV] = put_list,
	[FIELD_OBJECT] = put_object, [FIELD_STRUCT] = put_struct, [FIELD_ODD] = put_nothing,
};

/* False if there is nothing to say. */
static bool put_value(const struct field *field, const void *object, struct strbuf *out)
{
	if (field_shown(field)->when && !field_shown(field)->when(object))
		return false;
	if (!field_shown(field)->put)
		return values[field->kind](field, object, out);
	field_shown(field)->put(object, out);
	return out->length > 0;
}

/* --- a struct --- */

static void put_head(const struct fields *fields, const void *object, struct strbuf *out)
{
	if (fields->head)
		fields->head(object, out);
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->rows[i];
		autostrbuf value = { 0 };

		/* without words of its own it is the function that shows it */
		if (field->place != FIELD_HEAD ||
		    (fields->head && !field_lead(field) && !field_shown(field)->put) ||
		    !put_value(field, object, &value))
			continue;
		if (out->length > 0)
			strbuf_putc(out, ' ');
		put_led(field_lead(field), strbuf_text(&value), out);
	}
}

static void put_details(const struct fields *fields, const void *object, bool *is_first,
			struct strbuf *out)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->rows[i];
		autostrbuf value = { 0 };

		if (field->place != FIELD_DETAIL)
			continue;
		if (field->kind == FIELD_STRUCT && !field_shown(field)->put) {
			put_details(field->sub, (const char *)object + field->offset, is_first,
				    out);
			continue;
		}
		if (!put_value(field, object, &value))
			continue;
		strbuf_puts(out, *is_first ? ": " : "; ");
		put_led(field_lead(field), strbuf_text(&value), out);
		*is_first = false;
	}
}

void fields_text_head(const struct fields *fields, const void *object, struct strbuf *out)
{
	autostrbuf head = { 0 };
	bool is_first = true;

	put_head(fields, object, &head);
	put_details(fields, object, &is_first, &head);
	strbuf_puts(out, strbuf_text(&head));
}

/* The lines of a text, each after two blanks for each step of `depth`, and with an end. */
static void add_lines(struct strbuf *out, int depth, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		for (int i = 0; i < 2 * depth; i++)
			strbuf_putc(out, ' ');
		strbuf_add(out, text, length);
		strbuf_putc(out, '\n');
		text += length + (text[length] == '\n');
	}
}

static void put_line(const char *lead, const struct strbuf *value, int depth, struct strbuf *out)
{
	const char *text = strbuf_text(value);
	autostrbuf line = { 0 };

	/* a struct that no line begins: its lines stand for themselves */
	if (!lead && *text == '\n')
		text++;
	put_led(lead, text, &line);
	add_lines(out, depth, strbuf_text(&line));
}

/* A line for each of the elements. */
static void put_lines(const struct field *field, const void *object, const char *lead, int depth,
		      struct strbuf *out)
{
	struct strlist list;

	list_of(field, object, &list);
	for (size_t i = 0; i < list.n; i++) {
		autostrbuf value = { 0 };
		put_element(field, &list, i, true, &value);
		put_line(lead, &value, depth, out);
	}
}

static void put_member(const struct field *field, const void *object, struct strbuf *out)
{
	bool words = field->place == FIELD_LINE && field->kind == FIELD_ARGV;
	int depth = field->place == FIELD_LINE;
	autostrbuf value = { 0 };

	if (!put_value(field, object, &value))
		return;
	if (!is_list(field) || words) {
		put_line(field_lead(field), &value, depth, out);
	} else if (field->place != FIELD_SECTION) {
		put_lines(field, object, field_lead(field), depth, out);
	} else if (value.length > 0) {
		if (field_lead(field))
			strbuf_show(out, "%s\n", field_lead(field));
		put_lines(field, object, NULL, depth + 1, out);
	}
}

void fields_text(const struct fields *fields, const void *object, struct strbuf *out)
{
	fields_text_head(fields, object, out);
	strbuf_putc(out, '\n');
	for (size_t i = 0; i < fields->count; i++)
		if (fields->rows[i].place == FIELD_LINE)
			put_member(&fields->rows[i], object, out);
	for (size_t i = 0; i < fields->count; i++)
		if (fields->rows[i].place >= FIELD_SECTION)
			put_member(&fields->rows[i], object, out);
}
