/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change of one member of a JSON text that leaves every other byte as it is. Pure.
 *
 * A member is named by a JSON pointer (RFC 6901) whose steps are all keys of objects: "/runtimes/distro-shim".
 */
#ifndef BASE_JSON_EDIT_H
#define BASE_JSON_EDIT_H

#include "base/json.h"
#include "base/str.h"

/* NULL: it is not there. ERR_USAGE for a pointer that is not one. */
int json_edit_find(const struct json_value *root, const char *pointer, struct arena *arena,
		   const struct json_value **ret, struct err *e) MUST_CHECK;

/* `value` is JSON, put there as it is written; objects on the way are made. A new member is the first one of its object.
 * ERR_CONFIG: what is on the way is not an object. */
int json_edit_set(const struct json_source *source, const struct json_value *root,
		  const char *pointer, const char *value, struct arena *arena, struct strbuf *out,
		  struct err *e) MUST_CHECK;

/* ERR_NOT_FOUND: it is not there. */
int json_edit_remove(const struct json_source *source, const struct json_value *root,
		     const char *pointer, struct arena *arena, struct strbuf *out, struct err *e)
	MUST_CHECK;

/* Of a value: where what follows it begins. */
size_t json_edit_end(const struct json_source *source, const struct json_value *value);

#endif
