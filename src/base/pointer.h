/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON pointers (RFC 6901) into a parsed tree: how a decision says where, and how it is replayed. As in
 * a JSON Patch (RFC 6902) an index of an array that is inserted shifts what follows it.
 */
#ifndef BASE_POINTER_H
#define BASE_POINTER_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

/* One reference token as it is written in a pointer: "net/ipv4" -> "net~1ipv4". */
char *pointer_escape(const char *token, struct arena *arena) __attribute__((returns_nonnull));

/* Cut the first token off: "/linux/namespaces/1" gives "linux", *pointer then is "/namespaces/1". NULL
 * at the end, and for a pointer that does not begin with '/'. */
char *pointer_next(const char **pointer, struct arena *arena);

/* The value at a pointer, NULL if there is none. "" is the whole. */
struct json_value *pointer_find(struct json_value *root, const char *pointer, struct arena *arena);

/* The same, or the innermost of what is around it, down to the root itself. */
const struct json_value *pointer_nearest(const struct json_value *root, const char *pointer,
					 struct arena *arena) __attribute__((returns_nonnull));

/* Put a value if none is; in an array before the index, or at its end. Objects and arrays on the way
 * that are missing are made, an array where the next token is a number. */
int pointer_insert(struct json_value *root, const char *pointer, struct json_value *value,
		   struct arena *arena, struct err *e) MUST_CHECK;
int pointer_replace(struct json_value *root, const char *pointer, struct json_value *value,
		    struct arena *arena, struct err *e) MUST_CHECK;
int pointer_remove(struct json_value *root, const char *pointer, struct arena *arena, struct err *e)
	MUST_CHECK;

#endif
