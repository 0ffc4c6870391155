/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON text into a tree. Pure: text and memory in, tree or error out.
 *
 * Two passes. scan_bytes() looks at the raw text for what the lexer would let through or change behind
 * our back (NUL and other control characters, loose UTF-8, lone surrogates). Then yajl's callbacks build
 * the tree; yajl says only *that* a token was read, so token_start() finds *where*: between the end of
 * one token and the start of the next there are blanks and at most one separator.
 */
#include "base/json.h"

#include "base/auto.h"
#include "base/json_memory.h"
#include "base/str.h"

#include <stdarg.h>
#include <yajl/yajl_parse.h>

/* Room for a path of fields and a reason; fail() cuts what is longer than an error. */
#define REASON_MAX 4096

#define FEW_MEMBERS 16

/* As much of a key as is shown in an error. */
#define SHOWN_KEY_MAX 64

static const char ends_too_early[] = "the text ends too early";

/* What the last token was, hence which separator may follow it. */
enum last_token { LAST_NONE, LAST_OPEN, LAST_KEY, LAST_VALUE };

struct open_container {
	struct json_value *value;
	struct json_value *last; /* child */
};

struct parser {
	const struct json_source *source;
	struct arena *arena;
	struct err *e;
	yajl_handle handle;
	struct json_value *root;
	struct open_container open[JSON_MAX_DEPTH];
	unsigned depth;
	unsigned nodes;
	const char *key; /* read, its value not yet */
	uint32_t key_offset;
	size_t after; /* the end of the last token */
	enum last_token last;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip_blanks(const struct json_source *source, size_t offset)
{
	while (offset < source->length && is_blank(source->text[offset]))
		offset++;
	return offset;
}

void json_position(const struct json_source *source, uint32_t offset, unsigned *ret_line,
		   unsigned *ret_column)
{
	unsigned line = 1, column = 1;

	for (size_t i = 0; i < offset && i < source->length; i++) {
		column++;
		if (source->text[i] == '\n') {
			line++;
			column = 1;
		}
	}
	*ret_line = line;
	*ret_column = column;
}

__attribute__((format(printf, 4, 0))) static void fail_at(const struct json_source *source,
							  uint32_t offset, struct err *e,
							  const char *format, va_list arguments)
{
	char reason[REASON_MAX];
	unsigned line, column;

	vsnprintf(reason, sizeof(reason), format, arguments);
	json_position(source, offset, &line, &column);
	fail(e, ERR_CONFIG, "%s:%u:%u: %s", source->name, line, column, reason);
}

int json_fail_at(const struct json_source *source, uint32_t offset, struct err *e,
		 const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fail_at(source, offset, e, format, arguments);
	va_end(arguments);
	return -1;
}

int json_fail(const struct json_source *source, const struct json_value *at, struct err *e,
	      const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fail_at(source, at->offset, e, format, arguments);
	va_end(arguments);
	return -1;
}

/* The four hex digits of a \u escape at text[offset]; -1 if they are not there. */
static int escaped_unit(const struct json_source *source, size_t offset)
{
	static const char digits[] = "0123456789abcdef";
	int unit = 0;

	if (source->length - offset < 6 || source->text[offset] != '\\' ||
	    source->text[offset + 1] != 'u')
		return -1;
	for (size_t i = offset + 2; i < offset + 6; i++) {
		char c = source->text[i];
		const char *digit = strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
		if (c == '\0' || !digit)
			return -1;
		unit = unit * 16 + (int)(digit - digits);
	}
	return unit;
}

/* Judge the escape at text[offset]. *ret_length: how much of the text it takes. Malformed ones are left
 * to the lexer, which refuses them. */
static int scan_escape(const struct json_source *source, size_t offset, size_t *ret_length,
		       struct err *e)
{
	int unit = escaped_unit(source, offset);
	size_t length = unit < 0 ? 2 : 6;

	if (unit == 0)
		return json_fail_at(source, (uint32_t)offset, e, "\\u0000 is not allowed");
	if (unit >= 0xdc00 && unit <= 0xdfff)
		return json_fail_at(source, (uint32_t)offset, e,
				    "a low surrogate \\u%04x without a high one before it", unit);
	if (unit >= 0xd800 && unit <= 0xdbff) {
		int low = escaped_unit(source, offset + 6);
		if (low < 0xdc00 || low > 0xdfff)
			return json_fail_at(source, (uint32_t)offset, e,
					    "a high surrogate \\u%04x without a low one after it",
					    unit);
		length = 12;
	}
	*ret_length = length;
	return 0;
}

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* Where the first byte is that is not plain, or that may not be: control characters, backslashes and what is not ASCII
 * are looked at one by one, all others eight at a time. */
static size_t skip_plain(const struct json_source *source, size_t offset)
{
	uint64_t word;

	for (; source->length - offset >= sizeof(word); offset += sizeof(word)) {
		memcpy(&word, source->text + offset, sizeof(word));
		uint64_t backslash = word ^ EACH_BYTE('\\');
		/* The highest bit of a byte that is below 0x20, is zero after the exclusive or, or is not ASCII. */
		uint64_t other = ((word - EACH_BYTE(0x20)) & ~word) |
				 ((backslash - EACH_BYTE(1)) & ~backslash) | word;
		if (other & EACH_BYTE(0x80))
			break;
	}
	return offset;
}

static int scan_bytes(const struct json_source *source, struct err *e)
{
	size_t offset = 0;

	/* behind the end after a backslash that is the last character */
	while (offset < source->length && (offset = skip_plain(source, offset)) < source->length) {
		const char *at = source->text + offset;
		size_t length = utf8_sequence(at, source->length - offset);

		if (length == 0)
			return json_fail_at(source, (uint32_t)offset, e, "invalid utf-8");
		if (*at == '\0')
			return json_fail_at(source, (uint32_t)offset, e, "a nul byte");
		/* The lexer takes vertical tab and form feed for blanks. */
		if ((unsigned char)*at < 0x20 && !is_blank(*at))
			return json_fail_at(source, (uint32_t)offset, e,
					    "a control character \\u%04x", (unsigned)*at);
		/* Outside of strings a backslash is an error anyway, so that strings need not be
		 * told from the rest here. */
		if (*at == '\\' && scan_escape(source, offset, &length, e) < 0)
			return -1;
		offset += length;
	}
	return 0;
}

/* Where the token after the last one begins. On an error: where the offending one does, be it a
 * separator out of place. */
static size_t token_start(const struct parser *p)
{
	size_t offset = skip_blanks(p->source, p->after);
	char separator = p->last == LAST_KEY                     ? ':'
			 : p->last == LAST_VALUE && p->depth > 0 ? ','
								 : '\0';

	if (offset < p->source->length && separator && p->source->text[offset] == separator)
		offset = skip_blanks(p->source, offset + 1);
	return offset;
}

/* Make the node of a value that starts at the current token and put it into its parent; NULL is the
 * callbacks' "stop". */
static struct json_value *add_value(struct parser *p, enum json_kind kind)
{
	uint32_t offset = (uint32_t)token_start(p);

	if (++p->nodes > JSON_MAX_NODES) {
		json_fail_at(p->source, offset, p->e, "more than %u values", JSON_MAX_NODES);
		return NULL;
	}
	struct json_value *v = arena_new(p->arena, struct json_value);
	v->kind = kind;
	v->offset = offset;
	p->last = LAST_VALUE;
	if (p->depth == 0) {
		p->root = v;
		return v;
	}
	struct open_container *parent = &p->open[p->depth - 1];
	if (parent->value->kind == JSON_OBJECT) {
		v->key = take_ptr(&p->key);
		v->key_offset = p->key_offset;
	}
	if (parent->last)
		parent->last->next = v;
	else
		parent->value->first = v;
	parent->last = v;
	parent->value->count++;
	return v;
}

static int on_null(void *context)
{
	struct parser *p = context;
	const struct json_value *v = add_value(p, JSON_NULL);

	if (!v)
		return 0;
	p->after = v->offset + strlen("null");
	return 1;
}

static int on_boolean(void *context, int boolean)
{
	struct parser *p = context;
	struct json_value *v = add_value(p, JSON_BOOL);

	if (!v)
		return 0;
	v->boolean = boolean;
	p->after = v->offset + strlen(boolean ? "true" : "false");
	return 1;
}

static int on_number(void *context, const char *text, size_t length)
{
	struct parser *p = context;
	struct json_value *v = add_value(p, JSON_NUMBER);

	if (!v)
		return 0;
	v->text = arena_strndup(p->arena, text, length);
	p->after = v->offset + length;
	return 1;
}

static int on_string(void *context, const unsigned char *text, size_t length)
{
	struct parser *p = context;
	struct json_value *v = add_value(p, JSON_STRING);

	if (!v)
		return 0;
	v->text = arena_strndup(p->arena, (const char *)text, length);
	p->after = yajl_get_bytes_consumed(p->handle);
	return 1;
}

static int on_key(void *context, const unsigned char *text, size_t length)
{
	struct parser *p = context;

	p->key_offset = (uint32_t)token_start(p);
	p->key = arena_strndup(p->arena, (const char *)text, length);
	p->after = yajl_get_bytes_consumed(p->handle);
	p->last = LAST_KEY;
	return 1;
}

static int open_container(struct parser *p, enum json_kind kind)
{
	struct json_value *v = add_value(p, kind);

	if (!v)
		return 0;
	if (p->depth == JSON_MAX_DEPTH) {
		json_fail(p->source, v, p->e, "nested deeper than %u levels", JSON_MAX_DEPTH);
		return 0;
	}
	p->open[p->depth++] = (struct open_container){ .value = v };
	p->after = (size_t)v->offset + 1;
	p->last = LAST_OPEN;
	return 1;
}

static int on_object(void *context)
{
	return open_container(context, JSON_OBJECT);
}

static int on_array(void *context)
{
	return open_container(context, JSON_ARRAY);
}

/* Comparing every pair is cheap while there are few. */
static bool has_no_duplicates(const struct json_value *object)
{
	if (object->count > FEW_MEMBERS)
		return false;
	for (const struct json_value *a = object->first; a; a = a->next)
		for (const struct json_value *b = a->next; b; b = b->next)
			if (a->key[0] == b->key[0] && str_eq(a->key, b->key))
				return false;
	return true;
}

static int refuse_duplicates(const struct parser *p, const struct json_value *object)
{
	if (has_no_duplicates(object))
		return 0;

	autofree const struct json_value **members = json_sorted_members(object);
	const struct json_value *duplicate = NULL;

	for (size_t i = 1; i < object->count; i++)
		if (str_eq(members[i - 1]->key, members[i]->key) &&
		    (!duplicate || members[i]->key_offset < duplicate->key_offset))
			duplicate = members[i];
	if (!duplicate)
		return 0;
	autostrbuf shown = { 0 };
	strbuf_quote(&shown, duplicate->key, SHOWN_KEY_MAX);
	return json_fail_at(p->source, duplicate->key_offset, p->e, "duplicate key %s", shown.text);
}

static int close_container(struct parser *p)
{
	const struct json_value *v = p->open[p->depth - 1].value;

	/* Before the depth changes: the last child's separator is a comma still. */
	p->after = token_start(p) + 1;
	p->depth--;
	p->last = LAST_VALUE;
	return v->kind != JSON_OBJECT || refuse_duplicates(p, v) == 0;
}

static int on_container_end(void *context)
{
	return close_container(context);
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_object,
	.yajl_map_key = on_key,
	.yajl_end_map = on_container_end,
	.yajl_start_array = on_array,
	.yajl_end_array = on_container_end,
};

static const char lexical_error[] = "lexical error: ", parse_error[] = "parse error: ";

/* "lexical error: invalid char in json text.\n" without its frame. */
static void shorten_reason(char *reason, size_t size, const char *text)
{
	if (str_has_prefix(text, lexical_error))
		text += strlen(lexical_error);
	else if (str_has_prefix(text, parse_error))
		text += strlen(parse_error);
	snprintf(reason, size, "%s", text);
	reason[strcspn(reason, "\n")] = '\0';
	if (str_has_suffix(reason, "."))
		reason[strlen(reason) - 1] = '\0';
	for (char *c = reason; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	if (str_eq(reason, "premature eof"))
		snprintf(reason, size, "%s", ends_too_early);
}

/* yajl refused the text; `inside` is where it stood within the text, or 0 if it had reached its end. */
static int refuse_syntax(const struct parser *p, size_t inside)
{
	const struct json_source *source = p->source;
	size_t offset = token_start(p);
	char reason[128];

	if (offset >= source->length)
		return json_fail_at(source, (uint32_t)source->length, p->e, "%s",
				    offset == skip_blanks(source, 0) ? "no value" : ends_too_early);

	unsigned char *text = yajl_get_error(p->handle, 0, NULL, 0);
	bool lexical = str_has_prefix((const char *)text, lexical_error);
	shorten_reason(reason, sizeof(reason), (const char *)text);
	yajl_free_error(p->handle, text);

	/* Within strings and numbers the very byte is known, elsewhere the token says it. */
	char first = source->text[offset];
	if (lexical && (first == '"' || first == '-' || (first >= '0' && first <= '9')) &&
	    inside > offset && inside < source->length)
		offset = inside;
	return json_fail_at(source, (uint32_t)offset, p->e, "%s", reason);
}

static int parse(struct parser *p)
{
	const struct json_source *source = p->source;
	yajl_status status =
		yajl_parse(p->handle, (const unsigned char *)source->text, source->length);
	size_t inside = status == yajl_status_error ? yajl_get_bytes_consumed(p->handle) : 0;

	if (status == yajl_status_ok)
		status = yajl_complete_parse(p->handle);
	if (status == yajl_status_client_canceled)
		return -1;
	/* Asked before yajl's own verdict, which is silent about an unfinished token at the end. */
	if (p->root && p->depth == 0) {
		size_t rest = skip_blanks(source, p->after);
		if (rest < source->length)
			return json_fail_at(source, (uint32_t)rest, p->e, "text after the value");
	}
	if (status != yajl_status_ok)
		return refuse_syntax(p, inside);
	return 0;
}

int json_parse(const struct json_source *source, struct arena *arena, struct json_value **ret,
	       struct err *e)
{
	struct parser p = { .source = source, .arena = arena, .e = e };

	if (source->length > JSON_MAX_BYTES)
		return json_fail_at(source, 0, e, "more than %u bytes", JSON_MAX_BYTES);
	if (scan_bytes(source, e) < 0)
		return -1;

	yajl_alloc_funcs memory = json_memory; /* yajl copies it, but takes no const */
	p.handle = yajl_alloc(&callbacks, &memory, &p);
	int rc = parse(&p);
	yajl_free(p.handle);
	if (rc == 0)
		*ret = p.root;
	return rc;
}
