/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing JSON. Pure: calls in, text out.
 *
 * yajl's generator takes a string where a key belongs and lets ']' close '{', so that the order of the
 * calls is checked here. It prints through append(), into a buffer that never runs out of memory.
 */
#include "base/json_out.h"

#include "base/arena.h"
#include "base/json_memory.h"
#include "base/str.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <yajl/yajl_gen.h>

/* What may come next in the innermost open container. */
enum place { PLACE_START, PLACE_END, PLACE_ELEMENT, PLACE_KEY, PLACE_MEMBER };

struct level {
	enum place place;
	bool filled;
};

struct json_out {
	yajl_gen generator;
	struct strbuf text;
	struct err first; /* kind ERR_NONE while all is well */
	bool pretty;
	unsigned depth;
	struct level levels[JSON_MAX_DEPTH + 1];
};

static void append(void *context, const char *text, size_t length)
{
	strbuf_add(context, text, length);
}

struct json_out *json_out_new(bool pretty)
{
	struct json_out *out = xmalloc(sizeof(*out));

	*out = (struct json_out){ .pretty = pretty };
	out->generator = yajl_gen_alloc(&json_memory);
	yajl_gen_config(out->generator, yajl_gen_print_callback, append, &out->text);
	yajl_gen_config(out->generator, yajl_gen_beautify, (int)pretty);
	yajl_gen_config(out->generator, yajl_gen_indent_string, "  ");
	return out;
}

void json_out_free(struct json_out *out)
{
	if (!out)
		return;
	yajl_gen_free(out->generator);
	strbuf_release(&out->text);
	free(out);
}

void json_out_fail(struct json_out *out, const char *format, ...)
{
	char reason[ERR_TEXT_MAX];
	va_list arguments;

	if (out->first.kind != ERR_NONE)
		return;
	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	fail(&out->first, ERR_INTERNAL, "writing json: %s", reason);
}

static void keep_status(struct json_out *out, yajl_gen_status status)
{
	if (status != yajl_gen_status_ok)
		json_out_fail(out, "refused by the generator, status %d", (int)status);
}

/* True if `what` may be written now. The place moves on as if it had been. */
static bool may_write(struct json_out *out, bool key, const char *what)
{
	struct level *level = &out->levels[out->depth];

	if (out->first.kind != ERR_NONE)
		return false;
	if (key != (level->place == PLACE_KEY) || level->place == PLACE_END) {
		json_out_fail(out, "%s out of place", what);
		return false;
	}
	level->filled = true;
	if (level->place == PLACE_START)
		level->place = PLACE_END;
	else if (level->place == PLACE_KEY)
		level->place = PLACE_MEMBER;
	else if (level->place == PLACE_MEMBER)
		level->place = PLACE_KEY;
	return true;
}

static bool may_open(struct json_out *out, enum place inside, const char *what)
{
	if (!may_write(out, false, what))
		return false;
	if (out->depth == JSON_MAX_DEPTH) {
		json_out_fail(out, "nested deeper than %u levels", JSON_MAX_DEPTH);
		return false;
	}
	out->levels[++out->depth] = (struct level){ .place = inside };
	return true;
}

/* yajl puts a line of its own between the brackets of an empty container; this keeps them together. */
static void join_brackets(struct json_out *out)
{
	struct strbuf *text = &out->text;

	if (text->length > 0 && text->text[text->length - 1] == '\n')
		text->text[--text->length] = '\0';
	yajl_gen_config(out->generator, yajl_gen_beautify, 0);
}

static void close_container(struct json_out *out, enum place inside, const char *what,
			    yajl_gen_status (*close_it)(yajl_gen))
{
	const struct level *level = &out->levels[out->depth];

	if (out->first.kind != ERR_NONE)
		return;
	if (out->depth == 0 || level->place != inside) {
		json_out_fail(out, "the end of %s out of place", what);
		return;
	}
	if (!level->filled)
		join_brackets(out);
	out->depth--;
	keep_status(out, close_it(out->generator));
	yajl_gen_config(out->generator, yajl_gen_beautify, (int)out->pretty);
}

void json_out_object(struct json_out *out)
{
	if (may_open(out, PLACE_KEY, "an object"))
		keep_status(out, yajl_gen_map_open(out->generator));
}

void json_out_object_end(struct json_out *out)
{
	close_container(out, PLACE_KEY, "an object", yajl_gen_map_close);
}

void json_out_array(struct json_out *out)
{
	if (may_open(out, PLACE_ELEMENT, "an array"))
		keep_status(out, yajl_gen_array_open(out->generator));
}

void json_out_array_end(struct json_out *out)
{
	close_container(out, PLACE_ELEMENT, "an array", yajl_gen_array_close);
}

/* yajl's own check lets overlong forms and surrogates through. */
static void write_string(struct json_out *out, const char *s)
{
	size_t length = strlen(s), size;

	for (size_t i = 0; i < length; i += size) {
		size = utf8_sequence(s + i, length - i);
		if (size == 0) {
			autostrbuf shown = { 0 };
			strbuf_quote(&shown, s, 64);
			json_out_fail(out, "invalid utf-8 in %s", shown.text);
			return;
		}
	}
	keep_status(out, yajl_gen_string(out->generator, (const unsigned char *)s, length));
}

void json_out_key(struct json_out *out, const char *key)
{
	if (may_write(out, true, "a key"))
		write_string(out, key);
}

void json_out_string(struct json_out *out, const char *s)
{
	if (!s)
		json_out_null(out);
	else if (may_write(out, false, "a string"))
		write_string(out, s);
}

static const char *skip_digits(const char *s)
{
	return s + strspn(s, "0123456789");
}

/* RFC 8259, section 6. */
static bool is_number(const char *s)
{
	const char *start = s + (*s == '-');
	const char *end = skip_digits(start);

	if (end == start || (*start == '0' && end - start > 1))
		return false;
	if (*end == '.') {
		start = end + 1;
		end = skip_digits(start);
		if (end == start)
			return false;
	}
	if (*end == 'e' || *end == 'E') {
		start = end + 1;
		start += *start == '+' || *start == '-';
		end = skip_digits(start);
		if (end == start)
			return false;
	}
	return *end == '\0';
}

void json_out_number(struct json_out *out, const char *text)
{
	if (!may_write(out, false, "a number"))
		return;
	if (is_number(text))
		keep_status(out, yajl_gen_number(out->generator, text, strlen(text)));
	else
		json_out_fail(out, "'%s' is not a number", text);
}

void json_out_i64(struct json_out *out, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	json_out_number(out, text);
}

void json_out_u64(struct json_out *out, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	json_out_number(out, text);
}

void json_out_bool(struct json_out *out, bool value)
{
	if (may_write(out, false, "a boolean"))
		keep_status(out, yajl_gen_bool(out->generator, value));
}

void json_out_null(struct json_out *out)
{
	if (may_write(out, false, "null"))
		keep_status(out, yajl_gen_null(out->generator));
}

static void write_children(struct json_out *out, const struct json_value *v)
{
	for (const struct json_value *child = v->first; child; child = child->next) {
		if (v->kind == JSON_OBJECT)
			json_out_key(out, child->key);
		json_out_value(out, child);
	}
}

void json_out_value(struct json_out *out, const struct json_value *v)
{
	switch (v->kind) {
	case JSON_NULL:
		json_out_null(out);
		return;
	case JSON_BOOL:
		json_out_bool(out, v->boolean);
		return;
	case JSON_NUMBER:
		json_out_number(out, v->text);
		return;
	case JSON_STRING:
		json_out_string(out, v->text);
		return;
	case JSON_ARRAY:
		json_out_array(out);
		write_children(out, v);
		json_out_array_end(out);
		return;
	case JSON_OBJECT:
		json_out_object(out);
		write_children(out, v);
		json_out_object_end(out);
		return;
	}
	json_out_fail(out, "a value of kind %d", (int)v->kind);
}

void json_out_member_string(struct json_out *out, const char *key, const char *s)
{
	json_out_key(out, key);
	json_out_string(out, s);
}

void json_out_member_i64(struct json_out *out, const char *key, int64_t value)
{
	json_out_key(out, key);
	json_out_i64(out, value);
}

void json_out_member_u64(struct json_out *out, const char *key, uint64_t value)
{
	json_out_key(out, key);
	json_out_u64(out, value);
}

void json_out_member_bool(struct json_out *out, const char *key, bool value)
{
	json_out_key(out, key);
	json_out_bool(out, value);
}

int json_out_finish(struct json_out *out, const char **ret_text, size_t *ret_length, struct err *e)
{
	struct strbuf *text = &out->text;

	if (out->first.kind == ERR_NONE && (out->depth != 0 || out->levels[0].place != PLACE_END))
		json_out_fail(out, "the text is not complete");
	if (out->first.kind != ERR_NONE) {
		*e = out->first;
		return -1;
	}
	if (text->text[text->length - 1] == '\n')
		text->text[--text->length] = '\0';
	*ret_text = text->text;
	if (ret_length)
		*ret_length = text->length;
	return 0;
}
