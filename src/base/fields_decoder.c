/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single JSON values -> C values, and the complaints about them. Pure.
 */
#include "base/fields_decoder.h"

#include <inttypes.h>

/* As much of a value or of one step of a path as is shown in an error. */
#define SHOWN_TEXT_MAX 64

/* Enum names are listed in an error up to this number. */
#define SHOWN_NAMES_MAX 8

static bool is_word(const char *s)
{
	for (const char *c = s; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		      (*c >= '0' && *c <= '9') || *c == '_' || *c == '-'))
			return false;
	return *s != '\0' && strlen(s) <= SHOWN_TEXT_MAX;
}

/* Of each element of a list that is checked: printf would be half of the time. */
static void put_number(struct strbuf *b, size_t number)
{
	char digits[24];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	strbuf_add(b, digits + at, sizeof(digits) - at);
}

void place_print_step(struct strbuf *b, const struct place *place)
{
	if (place->kind == PLACE_ELEMENT) {
		strbuf_putc(b, '[');
		put_number(b, place->index);
		strbuf_putc(b, ']');
		return;
	}
	if (b->length > 0)
		strbuf_putc(b, '.');
	if (place->kind == PLACE_PROPERTY && is_word(place->name))
		strbuf_puts(b, place->name);
	else
		strbuf_quote(b, place->name, SHOWN_TEXT_MAX);
}

void place_print(struct strbuf *b, const struct place *place)
{
	if (!place)
		return;
	place_print(b, place->outer);
	place_print_step(b, place);
}

int decoder_refuse(const struct decoder *d, uint32_t offset, const struct place *place,
		   const char *reason)
{
	autostrbuf path = { 0 };

	place_print(&path, place);
	return json_fail_at(d->source, offset, d->e, "%s%s%s", strbuf_text(&path),
			    place ? ": " : "", reason);
}

/* Names what a value must be, as in "must be a string, is a number". */
int decoder_refuse_kind(const struct decoder *d, const struct json_value *v,
			const struct place *place, const char *expected)
{
	autostrbuf reason = { 0 };
	const char *article = v->kind == JSON_NULL                              ? ""
			      : v->kind == JSON_ARRAY || v->kind == JSON_OBJECT ? "an "
										: "a ";

	strbuf_printf(&reason, "must be %s, is %s%s", expected, article, json_kind_name(v->kind));
	return decoder_refuse(d, v->offset, place, reason.text);
}

int decoder_expect(const struct decoder *d, const struct json_value *v, const struct place *place,
		   enum json_kind kind)
{
	static const char *const expected[] = {
		[JSON_NULL] = "null",       [JSON_BOOL] = "a boolean", [JSON_NUMBER] = "a number",
		[JSON_STRING] = "a string", [JSON_ARRAY] = "an array", [JSON_OBJECT] = "an object",
	};

	return v->kind == kind ? 0 : decoder_refuse_kind(d, v, place, expected[kind]);
}

static int refuse_number(const struct decoder *d, const struct json_value *v,
			 const struct place *place, int64_t least, uint64_t most)
{
	autostrbuf reason = { 0 };

	strbuf_printf(&reason, "must be an integer from %" PRId64 " to %" PRIu64, least, most);
	strbuf_printf(&reason, " in plain digits, is %.*s%s", SHOWN_TEXT_MAX, v->text,
		      strlen(v->text) > SHOWN_TEXT_MAX ? "..." : "");
	return decoder_refuse(d, v->offset, place, reason.text);
}

int decoder_signed(const struct decoder *d, const struct json_value *v, const struct place *place,
		   int64_t least, int64_t most, int64_t *ret)
{
	int64_t value;

	if (decoder_expect(d, v, place, JSON_NUMBER) < 0)
		return -1;
	if (!parse_i64(v->text, &value) || value < least || value > most)
		return refuse_number(d, v, place, least, (uint64_t)most);
	*ret = value;
	return 0;
}

int decoder_unsigned(const struct decoder *d, const struct json_value *v, const struct place *place,
		     uint64_t most, uint64_t *ret)
{
	uint64_t value;

	if (decoder_expect(d, v, place, JSON_NUMBER) < 0)
		return -1;
	if (!parse_u64(v->text, &value) || value > most)
		return refuse_number(d, v, place, 0, most);
	*ret = value;
	return 0;
}

int decoder_string(const struct decoder *d, const struct json_value *v, const struct place *place,
		   char **ret)
{
	if (decoder_expect(d, v, place, JSON_STRING) < 0)
		return -1;
	*ret = arena_strdup(d->arena, v->text);
	return 0;
}

static bool is_canonical(const struct name_row *table, const struct name_row *row)
{
	return str_eq(value_to_name(table, row->value), row->name);
}

static int refuse_name(const struct decoder *d, const struct json_value *v,
		       const struct place *place, const struct name_row *table)
{
	autostrbuf reason = { 0 };
	size_t known = 0, n = 0;

	for (const struct name_row *row = table; row->name; row++)
		known += is_canonical(table, row);
	if (known > SHOWN_NAMES_MAX) {
		strbuf_puts(&reason, "unknown name ");
	} else {
		strbuf_puts(&reason, "must be ");
		for (const struct name_row *row = table; row->name; row++) {
			if (!is_canonical(table, row))
				continue;
			strbuf_puts(&reason, n == 0 ? "" : n + 1 == known ? " or " : ", ");
			strbuf_quote(&reason, row->name, SHOWN_TEXT_MAX);
			n++;
		}
		strbuf_puts(&reason, ", is ");
	}
	strbuf_quote(&reason, v->text, SHOWN_TEXT_MAX);
	return decoder_refuse(d, v->offset, place, reason.text);
}

int decoder_name(const struct decoder *d, const struct json_value *v, const struct place *place,
		 const struct name_row *table, int64_t *ret)
{
	if (decoder_expect(d, v, place, JSON_STRING) < 0)
		return -1;
	if (!name_to_value(table, v->text, ret))
		return refuse_name(d, v, place, table);
	return 0;
}
