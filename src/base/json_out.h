/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing JSON through yajl's generator. The first failed call is kept and reported by
 * json_out_finish(), so that the calls between read as a straight list.
 */
#ifndef BASE_JSON_OUT_H
#define BASE_JSON_OUT_H

#include "base/err.h"
#include "base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_out;

/* pretty: indented by two blanks, for people and files; else on one line. */
struct json_out *json_out_new(bool pretty);
void json_out_free(struct json_out *out);

void json_out_object(struct json_out *out);
void json_out_object_end(struct json_out *out);
void json_out_array(struct json_out *out);
void json_out_array_end(struct json_out *out);
void json_out_key(struct json_out *out, const char *key);
void json_out_string(struct json_out *out, const char *s);    /* NULL writes null */
void json_out_number(struct json_out *out, const char *text); /* text as parsed */
void json_out_i64(struct json_out *out, int64_t value);
void json_out_u64(struct json_out *out, uint64_t value);
void json_out_bool(struct json_out *out, bool value);
void json_out_null(struct json_out *out);
/* A parsed tree, written back. */
void json_out_value(struct json_out *out, const struct json_value *v);

/* key + value in one call. */
void json_out_member_string(struct json_out *out, const char *key, const char *s);
void json_out_member_i64(struct json_out *out, const char *key, int64_t value);
void json_out_member_u64(struct json_out *out, const char *key, uint64_t value);
void json_out_member_bool(struct json_out *out, const char *key, bool value);

/* Make json_out_finish() fail: what was to be written has no form in JSON. */
void json_out_fail(struct json_out *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The text so far, terminated, without a final newline; owned by `out`. Error: ERR_INTERNAL, naming
 * what was refused (nesting deeper than JSON_MAX_DEPTH, invalid UTF-8, unbalanced calls). */
int json_out_finish(struct json_out *out, const char **ret_text, size_t *ret_length, struct err *e)
	MUST_CHECK;

static inline void auto_json_out_cleanup(struct json_out **out)
{
	json_out_free(*out);
}
#define auto_json_out __attribute__((cleanup(auto_json_out_cleanup))) struct json_out *

#endif
