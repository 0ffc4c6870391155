/* SPDX-License-Identifier: Apache-2.0 */
/* From the bytes of a record to its struct. Pure; private to state/ (and fuzzed). */
#ifndef STATE_RECORD_H
#define STATE_RECORD_H

#include "base/fields.h"

/* Names of what this program puts into ROOT/ID; replace_file_at() leaves ".NAME.*" beside them where it
 * is killed. */
#define STATE_INTENT "intent.json"
#define STATE_STATUS "status.json"
#define STATE_CONFIG "config.json"
#define STATE_REQUEST "request.json"

/* True if the text ends before its outermost object or array does. The runtime's own writes are never
 * seen half done (replace_file_at()), so this is damage, and nothing follows from it. */
bool record_is_cut(const char *text, size_t length);

int record_fail_cut(const char *name, size_t length, struct err *e) MUST_CHECK;

/*
 * Decode a record whose struct begins with `int64_t version`. ERR_STATE for a cut one and for one of a
 * newer version. What this version does not know is left out.
 */
int record_decode(const struct fields *fields, const char *name, const char *text, size_t length,
		  struct arena *arena, void **ret, struct err *e) MUST_CHECK;

#endif
