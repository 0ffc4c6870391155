/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings and numbers. Pure: no locale, no file system.
 */
#include "base/str.h"

#include "base/arena.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void strbuf_release(struct strbuf *b)
{
	free(b->text);
	*b = (struct strbuf){ 0 };
}

/* Room for `more` bytes and the terminator. */
static void strbuf_reserve(struct strbuf *b, size_t more)
{
	size_t need = b->length + more + 1;

	/* xrealloc() refuses a size that wrapped around, as no allocator has it. */
	if (need <= more)
		need = SIZE_MAX;
	if (need <= b->capacity)
		return;
	size_t capacity = b->capacity < 64 ? 64 : b->capacity;
	while (capacity < need)
		capacity = capacity > SIZE_MAX / 2 ? SIZE_MAX : capacity * 2;
	b->text = xrealloc(b->text, capacity);
	b->capacity = capacity;
}

void strbuf_add(struct strbuf *b, const char *data, size_t length)
{
	strbuf_reserve(b, length);
	if (length)
		memcpy(b->text + b->length, data, length);
	b->length += length;
	b->text[b->length] = '\0';
}

void strbuf_puts(struct strbuf *b, const char *s)
{
	strbuf_add(b, s, strlen(s));
}

void strbuf_putc(struct strbuf *b, char c)
{
	strbuf_add(b, &c, 1);
}

__attribute__((format(printf, 2, 0))) static void
strbuf_vprintf(struct strbuf *b, const char *format, va_list arguments)
{
	va_list again;

	va_copy(again, arguments);
	int length = vsnprintf(NULL, 0, format, arguments);
	if (length >= 0) {
		strbuf_reserve(b, (size_t)length);
		vsnprintf(b->text + b->length, (size_t)length + 1, format, again);
		b->length += (size_t)length;
	}
	va_end(again);
}

void strbuf_printf(struct strbuf *b, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	strbuf_vprintf(b, format, arguments);
	va_end(arguments);
}

/* Of a valid sequence. */
static unsigned code_point(const char *s, size_t size)
{
	static const unsigned char lead_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	unsigned value = (unsigned char)s[0] & lead_bits[size];

	for (size_t i = 1; i < size; i++)
		value = value << 6 | ((unsigned char)s[i] & 0x3fu);
	return value;
}

void strbuf_quote(struct strbuf *b, const char *s, size_t limit)
{
	size_t length = strlen(s);
	size_t i = 0;

	strbuf_putc(b, '"');
	while (i < length) {
		size_t size = utf8_sequence(s + i, length - i);
		if (i + (size ? size : 1) > limit)
			break;
		if (size == 0)
			strbuf_printf(b, "\\x%02x", (unsigned)(unsigned char)s[i]);
		else if (s[i] == '\n')
			strbuf_puts(b, "\\n");
		else if (s[i] == '\t')
			strbuf_puts(b, "\\t");
		else if (utf8_is_control(s + i, size))
			strbuf_printf(b, "\\u%04x", code_point(s + i, size));
		else {
			if (s[i] == '"' || s[i] == '\\')
				strbuf_putc(b, '\\');
			strbuf_add(b, s + i, size);
		}
		i += size ? size : 1;
	}
	strbuf_puts(b, i < length ? "..." : "");
	strbuf_putc(b, '"');
}

void strbuf_escape(struct strbuf *b, const char *s)
{
	size_t length = strlen(s), shown;
	char text[TEXT_ESCAPE_MAX];

	for (size_t i = 0; i < length;) {
		size_t plain = 0;

		while (i + plain < length && s[i + plain] >= 0x20 && s[i + plain] < 0x7f)
			plain++;
		strbuf_add(b, s + i, plain);
		i += plain;
		if (i == length)
			break;
		i += text_escape(s + i, length - i, text, &shown);
		strbuf_add(b, text, shown);
	}
}

void strbuf_show(struct strbuf *b, const char *format, ...)
{
	size_t breaks = 0, length = strlen(format);
	autostrbuf text = { 0 };
	va_list arguments;

	while (breaks < length && format[length - 1 - breaks] == '\n')
		breaks++;
	va_start(arguments, format);
	strbuf_vprintf(&text, format, arguments);
	va_end(arguments);
	if (text.length < breaks)
		return;
	text.length -= breaks;
	if (text.text)
		text.text[text.length] = '\0';
	strbuf_escape(b, strbuf_text(&text));
	while (breaks-- > 0)
		strbuf_putc(b, '\n');
}

const char *strbuf_text(const struct strbuf *b)
{
	return b->text ? b->text : "";
}

bool str_has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_has_suffix(const char *s, const char *suffix)
{
	size_t length = strlen(s), suffix_length = strlen(suffix);

	return length >= suffix_length && strcmp(s + length - suffix_length, suffix) == 0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_eq_nocase(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	for (; *a && lower(*a) == lower(*b); a++)
		b++;
	return lower(*a) == lower(*b);
}

int str_format(char *buffer, size_t size, struct err *e, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(buffer, size, format, arguments);
	va_end(arguments);
	if (length >= 0 && (size_t)length < size)
		return 0;
	if (size > 0)
		buffer[0] = '\0';
	return fail(e, ERR_INTERNAL, "a text of %d bytes does not fit into %zu (format '%s')",
		    length, size, format);
}

bool parse_u64(const char *s, uint64_t *ret)
{
	uint64_t value = 0;

	if (!s || !*s || (s[0] == '0' && s[1]))
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return false;
		if (__builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*s - '0'), &value))
			return false;
	}
	*ret = value;
	return true;
}

bool parse_i64(const char *s, int64_t *ret)
{
	const uint64_t most_negative = (uint64_t)INT64_MAX + 1;
	uint64_t magnitude;
	bool negative = s && s[0] == '-';

	if (!parse_u64(negative ? s + 1 : s, &magnitude))
		return false;
	if (magnitude > (negative ? most_negative : (uint64_t)INT64_MAX))
		return false;
	if (negative && magnitude == most_negative)
		*ret = INT64_MIN;
	else
		*ret = negative ? -(int64_t)magnitude : (int64_t)magnitude;
	return true;
}

bool parse_u32(const char *s, uint32_t *ret)
{
	uint64_t value;

	if (!parse_u64(s, &value) || value > UINT32_MAX)
		return false;
	*ret = (uint32_t)value;
	return true;
}

bool parse_id(const char *s, uint32_t *ret)
{
	uint32_t value;

	if (!parse_u32(s, &value) || value == UINT32_MAX)
		return false;
	*ret = value;
	return true;
}

size_t utf8_sequence(const char *s, size_t length)
{
	const unsigned char *u = (const unsigned char *)s;

	if (length == 0)
		return 0;
	if (u[0] < 0x80)
		return 1;

	size_t size = u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : 2;
	if (u[0] < 0xc2 || u[0] > 0xf4 || length < size)
		return 0;
	for (size_t i = 1; i < size; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	/* The second byte decides on overlong forms, surrogates and the upper end. */
	if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f) ||
	    (u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] > 0x8f))
		return 0;
	return size;
}

bool utf8_is_control(const char *s, size_t size)
{
	unsigned point = code_point(s, size);

	return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x61c ||
	       point == 0x200e || point == 0x200f || (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2066 && point <= 0x2069);
}

size_t text_escape(const char *s, size_t length, char ret[TEXT_ESCAPE_MAX], size_t *ret_length)
{
	static const char letters[] = "nrt", meanings[] = "\n\r\t";
	size_t size = utf8_sequence(s, length);
	const char *letter = *s ? strchr(meanings, *s) : NULL;

	if (size > 0 && !utf8_is_control(s, size)) {
		memcpy(ret, s, size);
		*ret_length = size;
		return size;
	}
	if (letter)
		snprintf(ret, TEXT_ESCAPE_MAX, "\\%c", letters[letter - meanings]);
	else if (size <= 1)
		snprintf(ret, TEXT_ESCAPE_MAX, "\\x%02x", (unsigned)(unsigned char)*s);
	else
		snprintf(ret, TEXT_ESCAPE_MAX, "\\u%04x", code_point(s, size) & 0xffff);
	*ret_length = strlen(ret);
	return size ? size : 1;
}

bool strlist_has(const struct strlist *list, const char *s)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->v[i], s))
			return true;
	return false;
}

bool glob_matches(const char *pattern, const char *s)
{
	return fnmatch(pattern, s, FNM_PATHNAME) == 0;
}
