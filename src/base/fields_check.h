/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a row says of a value beyond its kind. It is asked of what people write and of nothing else: records of an older
 * program were checked when they were made, and must go on being read. Pure.
 */
#ifndef BASE_FIELDS_CHECK_H
#define BASE_FIELDS_CHECK_H

#include "base/fields.h"

/* One member that a text gives a value. */
struct field_value {
	const struct field *field;
	const void *member;
	const struct json_source *source; /* for json_fail(), with: */
	const struct json_value *at;
	const char *path; /* "network.sysctls" */
	struct arena *arena;
};

struct field_check {
	/* 0, or -1 with an error that begins with the path. NULL: its kind is all that counts. */
	int (*run)(const struct field_value *value, struct err *e);
	/* The same as members of a JSON schema, beside those of the kind: {"pattern": "^/"}; and for people, where the
	 * kind does not say it: a path, "self". Words as in the text, in quotes. */
	const char *schema, *values;
};

/* Run the check of each row of which `object`, decoded from `v`, has a value of the text, in the order of the rows. */
int fields_check(const struct fields *fields, const struct json_source *source,
		 const struct json_value *v, const void *object, struct arena *arena, struct err *e)
	MUST_CHECK;

#endif
