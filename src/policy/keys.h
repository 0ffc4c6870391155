/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the policy file's tables, for keys*.c. */
#ifndef POLICY_KEYS_H
#define POLICY_KEYS_H

#include "base/fields_check.h"
#include "policy/policy.h"

#define SAID(preset_, check_, doc_) \
	(&(const struct field_key){ .preset = (preset_), .check = (check_), .doc = (doc_) })
/* No key takes an empty text. */
#define KEY(type, kind_, member, name_, preset_, check_, doc_)                                 \
	{                                                                                      \
		.name = (name_), .kind = FIELD_##kind_,                                        \
		.flags = FIELD_IS_KEY | (FIELD_##kind_ == FIELD_STRING ? FIELD_NOT_EMPTY : 0), \
		.offset = FIELD_CHECKED_OFFSET(type, member, FIELD_TYPE_##kind_),              \
		.key = SAID(preset_, check_, doc_)                                             \
	}
#define KEY_WORD(type, member, name_, names_, preset_, check_, doc_)                  \
	{                                                                             \
		.name = (name_), .kind = FIELD_ENUM, .flags = FIELD_IS_KEY,           \
		.offset = FIELD_CHECKED_OFFSET(type, member, int), .names = (names_), \
		.key = SAID(preset_, check_, doc_)                                    \
	}
#define KEY_GROUP(type, member, subtype_, name_, sub_, doc_)                             \
	{                                                                                \
		.name = (name_), .kind = FIELD_OBJECT, .flags = FIELD_IS_KEY,            \
		.offset = FIELD_CHECKED_OFFSET(type, member, subtype_ *), .sub = (sub_), \
		.key = SAID(NULL, NULL, doc_)                                            \
	}
/* Of a list of objects, or of an object of them. */
#define KEY_OBJECTS(type, member, subtype_, kind_, name_, sub_, preset_, check_, doc_) \
	{                                                                              \
		.name = (name_), .kind = (kind_), .flags = FIELD_IS_KEY,               \
		.offset = FIELD_CHECKED_OFFSET(type, member.v, subtype_ *) -           \
			  offsetof(struct strlist, v),                                 \
		.sub = (sub_), .key = SAID(preset_, check_, doc_)                      \
	}
#define KEY_WORD_OR_GROUP(type, member, name_, sub_, preset_, check_, doc_)             \
	{                                                                               \
		.name = (name_), .kind = FIELD_STRING_OR_OBJECT, .flags = FIELD_IS_KEY, \
		.offset = FIELD_CHECKED_OFFSET(type, member, struct word_or_object),    \
		.sub = (sub_), .key = SAID(preset_, check_, doc_)                       \
	}
#define KEYS(type, rows) FIELDS(#type, type, rows, FIELDS_CLOSED)

/* Of an element of a list of objects, which has no default. */
#define KEY_OF_ELEMENT(type, member, name_, check_, doc_)                 \
	{                                                                 \
		.name = (name_), .kind = FIELD_STRING,                    \
		.flags = FIELD_IS_KEY | FIELD_REQUIRED | FIELD_NOT_EMPTY, \
		.offset = FIELD_CHECKED_OFFSET(type, member, char *),     \
		.key = SAID(NULL, check_, doc_)                           \
	}

#endif
