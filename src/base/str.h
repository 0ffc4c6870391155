/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings: a growing buffer, comparisons that read as questions, numbers with an exact grammar.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A zeroed struct strbuf is empty; text is NULL until something is added, then always terminated. */
struct strbuf {
	char *text;
	size_t length;
	size_t capacity;
};

void strbuf_release(struct strbuf *b);
void strbuf_add(struct strbuf *b, const char *data, size_t length);
void strbuf_puts(struct strbuf *b, const char *s);
void strbuf_putc(struct strbuf *b, char c);
void strbuf_printf(struct strbuf *b, const char *format, ...)
	__attribute__((format(printf, 2, 3), nonnull(2)));
/* The text, "" if nothing was added. Valid until the next change. */
const char *strbuf_text(const struct strbuf *b);

/* s in double quotes, to be shown: what utf8_is_control() tells, '"' and '\\' are escaped as in JSON, a byte
 * that is not UTF-8 becomes "\xNN", and what is beyond `limit` bytes becomes "...". */
void strbuf_quote(struct strbuf *b, const char *s, size_t limit);

/* s for a line of text that people read: see text_escape(). */
void strbuf_escape(struct strbuf *b, const char *s);

/* As strbuf_printf() for people: what is formatted is escaped whole; only line breaks at the very end of the
 * format itself stay, so that no argument can begin a line. */
void strbuf_show(struct strbuf *b, const char *format, ...)
	__attribute__((format(printf, 2, 3), nonnull(2)));

#define autostrbuf __attribute__((cleanup(strbuf_release))) struct strbuf

static inline bool str_eq(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static inline bool str_empty(const char *s)
{
	return !s || !*s;
}

bool str_has_prefix(const char *s, const char *prefix);
bool str_has_suffix(const char *s, const char *suffix);
/* ASCII only, whatever the locale. */
bool str_eq_nocase(const char *a, const char *b);

/* printf into a buffer that must be large enough; a text that does not fit is an error (names that are
 * cut silently are how wrong files get opened). */
int str_format(char *buffer, size_t size, struct err *e, const char *format, ...) MUST_CHECK
	__attribute__((format(printf, 4, 5)));

/*
 * Numbers: -?(0|[1-9][0-9]*) and nothing else; no blanks, no sign "+", no leading zeros, no overflow.
 * Return false if the text is not such a number.
 */
bool parse_u64(const char *s, uint64_t *ret);
bool parse_i64(const char *s, int64_t *ret);
bool parse_u32(const char *s, uint32_t *ret);
/* A user or group id: parse_u32() without 4294967295, which the kernel takes for "unchanged". */
bool parse_id(const char *s, uint32_t *ret);

/* Bytes of the UTF-8 sequence at the start of s: 1 to 4, or 0 if none is valid within
 * `length`. Strict: no overlong forms, no surrogates, nothing above U+10FFFF (RFC 3629). */
size_t utf8_sequence(const char *s, size_t length);

/* Whether a valid sequence is what a terminal, a reader of lines or one of text takes for a command: C0, DEL,
 * C1, the separators of lines and paragraphs, and what turns the direction of text (CVE-2021-42574). */
bool utf8_is_control(const char *s, size_t size);

/*
 * One step over text from outside that is to be shown: the sequence at the start of s, or, where it is a
 * control or not UTF-8, its escape ("\n", "\x1b", "\u202e"), into `ret`. *ret_length is the length of what is
 * there now; returns the bytes of s that it stands for, at least 1. A backslash is not escaped: shown twice,
 * a text stays what it was the first time.
 */
#define TEXT_ESCAPE_MAX 8
size_t text_escape(const char *s, size_t length, char ret[TEXT_ESCAPE_MAX], size_t *ret_length);

/* A list of strings. v == NULL: absent; n == 0 with v != NULL: present and empty. */
struct strlist {
	size_t n;
	char **v;
};

bool strlist_has(const struct strlist *list, const char *s);

/* Shell-style glob with * ? [..]; '*' does not cross '/'. Wrapper of fnmatch(3) with FNM_PATHNAME. */
bool glob_matches(const char *pattern, const char *s);

#endif
