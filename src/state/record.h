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

/* True where the text ends before its outermost object or array does: what a crash leaves. */
bool record_is_cut(const char *text, size_t length);

/*
 * Decode a record whose struct begins with `int64_t version`. A cut one gives *ret = NULL and success,
 * one of a newer version an error. What this version does not know is left out.
 */
int record_decode(const struct fields *fields, const char *name, const char *text, size_t length,
		  struct arena *arena, void **ret, struct err *e) MUST_CHECK;

#endif
