/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict JSON into a small tree. yajl's streaming callbacks do the lexing; this file refuses what yajl
 * lets through: duplicate keys, NUL in text or keys, comments, loose UTF-8, lone surrogates, bytes
 * after the value, nesting deeper than JSON_MAX_DEPTH, more than JSON_MAX_NODES values, files over
 * JSON_MAX_BYTES (CVE-2017-16516, CVE-2022-24795, CVE-2023-33460 and the differences between parsers
 * that let two readers of one file see two configurations).
 *
 * Numbers keep their text, so that 64-bit values are exact.
 *
 * json.c and json_out.c are the only files that know yajl.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_MAX_BYTES (4u << 20)
#define JSON_MAX_NODES 100000u
#define JSON_MAX_DEPTH 64u

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_value {
	enum json_kind kind;
	uint32_t offset;     /* of its first byte in the text, for json_position() */
	uint32_t key_offset; /* of its key's first byte, where the parent is an object */
	uint32_t count;      /* children of an array or object */
	bool boolean;
	const char *key;  /* where the parent is an object */
	const char *text; /* of a string (decoded) or a number (as written) */
	struct json_value *first, *next;
};

struct strbuf;

/* What messages are about: the name shown to people ("config.json") and the text to count lines in. */
struct json_source {
	const char *name;
	const char *text;
	size_t length;
	/* What was read and ignored, a line each, for the decoder; NULL: not wanted. */
	struct strbuf *notes;
};

/*
 * Parse `source->text`, which stays owned by the caller and must live as long as errors are made from
 * it. The tree lives in `arena`. Errors: kind ERR_CONFIG, "NAME:LINE:COLUMN: reason".
 */
int json_parse(const struct json_source *source, struct arena *arena, struct json_value **ret,
	       struct err *e) MUST_CHECK;

/* Member of an object, NULL if there is none (or v is not an object). */
struct json_value *json_get(const struct json_value *v, const char *key);

/* The members of an object in the order of their keys, `count` pointers to free(). Sorted, because
 * comparing every pair of members of a hostile object takes minutes. */
const struct json_value **json_sorted_members(const struct json_value *object)
	__attribute__((returns_nonnull));

/* Line and column (from 1, column in bytes) of a byte offset. */
void json_position(const struct json_source *source, uint32_t offset, unsigned *ret_line,
		   unsigned *ret_column);

/* "object", "string", ... for messages. */
const char *json_kind_name(enum json_kind kind);

/* fail() of kind ERR_CONFIG with "NAME:LINE:COLUMN: " of a value in front. */
int json_fail(const struct json_source *source, const struct json_value *at, struct err *e,
	      const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same for a byte offset. */
int json_fail_at(const struct json_source *source, uint32_t offset, struct err *e,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A copy of the whole tree in `arena`, offsets included. */
struct json_value *json_copy(struct arena *arena, const struct json_value *v)
	__attribute__((returns_nonnull));

/* Equal as data: members of objects in any order, numbers by their text. */
bool json_equal(const struct json_value *a, const struct json_value *b);

#endif
