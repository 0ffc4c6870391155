/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making of errors. No heap and no locale, so that this works in every process of the runtime, however
 * little of it is left.
 */
#include "base/err.h"

#include "base/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

/* Room for a message with two long paths before it is cut. */
#define FULL_TEXT_MAX 12288

/* Room for any text of errno_text(). */
#define ERRNO_TEXT_MAX 80

static int is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/*
 * Copy, with the middle left out of what is too long: the front says what was tried and the end why it
 * failed, and engines match on both. Never cuts through a UTF-8 sequence.
 */
static void copy_both_ends(char to[ERR_TEXT_MAX], const char *from, size_t length)
{
	static const char gap[] = "...";
	size_t room = ERR_TEXT_MAX - sizeof(gap);
	size_t head = room / 2;
	size_t tail = length;

	if (length >= ERR_TEXT_MAX) {
		tail = room - head;
		while (head > 0 && is_continuation(from[head]))
			head--;
		while (tail > 0 && is_continuation(from[length - tail]))
			tail--;
		memcpy(to, from, head);
		memcpy(to + head, gap, sizeof(gap) - 1);
		to += head + sizeof(gap) - 1;
	}
	memcpy(to, from + length - tail, tail);
	to[tail] = '\0';
}

/* The text of an error out of `from`, escaped. The longest escape of one byte has four. */
static void put_escaped(char to[ERR_TEXT_MAX], const char *from, size_t length, bool keep_breaks)
{
	char cut[ERR_TEXT_MAX], shown[4 * ERR_TEXT_MAX], one[TEXT_ESCAPE_MAX];
	size_t n = 0, size;

	/* What is left out in the middle now would be left out again, being longer then. */
	copy_both_ends(cut, from, length);
	length = strlen(cut);
	for (size_t i = 0; i < length;) {
		bool kept = keep_breaks && cut[i] == '\n';

		i += text_escape(cut + i, length - i, one, &size);
		memcpy(shown + n, kept ? "\n" : one, kept ? 1 : size);
		n += kept ? 1 : size;
	}
	copy_both_ends(to, shown, n);
}

/* The formatted length as it stands in the buffer; vsnprintf() reports the length without the limit, and
 * a failure (a text over INT_MAX) as -1. */
static size_t stored_length(int formatted, size_t size)
{
	if (formatted < 0)
		return 0;
	return (size_t)formatted < size ? (size_t)formatted : size - 1;
}

__attribute__((format(printf, 4, 0))) static int set_error(struct err *e, enum err_kind kind,
							   int error_number, const char *format,
							   va_list arguments)
{
	int saved = errno;
	char full[FULL_TEXT_MAX + ERRNO_TEXT_MAX + 2];
	/* Formatted aside first: the arguments may point into *e. */
	size_t length =
		stored_length(vsnprintf(full, FULL_TEXT_MAX, format, arguments), FULL_TEXT_MAX);

	if (error_number) {
		full[length++] = ':';
		full[length++] = ' ';
		errno_text(error_number, full + length, ERRNO_TEXT_MAX);
		length += strlen(full + length);
	}
	put_escaped(e->text, full, length, false);
	e->kind = kind;
	e->sys = error_number;
	errno = saved;
	return -1;
}

int fail(struct err *e, enum err_kind kind, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_error(e, kind, 0, format, arguments);
	va_end(arguments);
	return -1;
}

int fail_sys(struct err *e, const char *format, ...)
{
	int error_number = errno;
	va_list arguments;

	va_start(arguments, format);
	set_error(e, ERR_SYSTEM, error_number, format, arguments);
	va_end(arguments);
	return -1;
}

int fail_errno(struct err *e, int error_number, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_error(e, ERR_SYSTEM, error_number, format, arguments);
	va_end(arguments);
	return -1;
}

int fail_lines(struct err *e, enum err_kind kind, const char *lines)
{
	put_escaped(e->text, lines, strlen(lines), true);
	e->kind = kind;
	e->sys = 0;
	return -1;
}

void err_escape(struct err *e)
{
	put_escaped(e->text, e->text, strnlen(e->text, ERR_TEXT_MAX - 1), false);
}

int err_prefix(struct err *e, const char *format, ...)
{
	int saved = errno;
	char full[FULL_TEXT_MAX], all[2 * ERR_TEXT_MAX + 2];
	va_list arguments;

	va_start(arguments, format);
	size_t length =
		stored_length(vsnprintf(full, FULL_TEXT_MAX, format, arguments), FULL_TEXT_MAX);
	va_end(arguments);

	size_t old = strnlen(e->text, ERR_TEXT_MAX - 1);
	put_escaped(all, full, length, false);
	length = strlen(all);
	all[length++] = ':';
	all[length++] = ' ';
	memcpy(all + length, e->text, old);
	copy_both_ends(e->text, all, length + old);
	errno = saved;
	return -1;
}

const char *errno_text(int error_number, char *buffer, unsigned long size)
{
	const char *text = strerrordesc_np(error_number);

	if (size == 0)
		return buffer;
	if (text)
		snprintf(buffer, size, "%s", text);
	else
		snprintf(buffer, size, "unknown error %d", error_number);
	/* By hand: tolower(3) asks the locale. */
	for (char *c = buffer; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return buffer;
}

const char *err_kind_name(enum err_kind kind)
{
	switch (kind) {
	case ERR_NONE:
		return "none";
	case ERR_USAGE:
		return "usage";
	case ERR_CONFIG:
		return "config";
	case ERR_POLICY:
		return "policy";
	case ERR_NOT_FOUND:
		return "not-found";
	case ERR_STATE:
		return "state";
	case ERR_SYSTEM:
		return "system";
	case ERR_INTERNAL:
		return "internal";
	}
	return "unknown";
}
