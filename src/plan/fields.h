/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of the plan's structs, one a member: its name in JSON, and its place and words in text. tests/lint/run
 * compares them with the structs. A file that has rows says first which struct they are of:
 *
 *	#define T struct plan_link
 *	static const struct field link_rows[] = {
 *		ROW(TEXT, path, "path", HEAD),
 *		ROW(TEXT, target, "target", HEAD, LED("->")),
 *	};
 *	#undef T
 *
 * A name that is NULL: in text alone. SHOWN() has the lead, and may have .when, .encode, .put; .names or .sub may
 * follow.
 */
#ifndef PLAN_FIELDS_H
#define PLAN_FIELDS_H

#include "base/fields_text.h"
#include "plan/context.h"

#define PLAN_ROW(kind_, offset_, name_, flags_, place_, ...)                                    \
	{                                                                                       \
		.kind = FIELD_##kind_, .offset = (offset_), .name = (name_), .flags = (flags_), \
		.place = FIELD_##place_, __VA_ARGS__                                            \
	}
/* What is said in text, the lead first, and what else a row may have. */
#define SHOWN(...)                           \
	.shown = &(const struct field_shown) \
	{                                    \
		.lead = __VA_ARGS__          \
	}
/* The lead alone, which takes a fifth of the room. */
#define LED(lead_) .led = true, .lead = (lead_)
#define ROW(kind_, member, name_, place_, ...)                                                   \
	PLAN_ROW(kind_, FIELD_CHECKED_OFFSET(T, member, FIELD_TYPE_##kind_), name_, FIELD_WHOLE, \
		 place_, __VA_ARGS__)
/* left out where it is 0, false, or has no element */
#define ROW_IF_SET(kind_, member, name_, place_, ...)                                             \
	PLAN_ROW(kind_, FIELD_CHECKED_OFFSET(T, member, FIELD_TYPE_##kind_), name_, FIELD_SPARSE, \
		 place_, __VA_ARGS__)
#define PLAN_LIST(flags_, type, member, name_, place_, ...)                                     \
	PLAN_ROW(LIST, FIELD_CHECKED_OFFSET(T, member.v, type *) - offsetof(struct strlist, v), \
		 name_, flags_, place_, __VA_ARGS__)
#define ROW_LIST(type, member, name_, place_, ...) \
	PLAN_LIST(FIELD_WHOLE, type, member, name_, place_, __VA_ARGS__)
#define ROW_LIST_IF_SET(type, member, name_, place_, ...) \
	PLAN_LIST(FIELD_SPARSE, type, member, name_, place_, __VA_ARGS__)
#define ROW_STRUCT(type, member, name_, place_, ...) \
	PLAN_ROW(STRUCT, FIELD_CHECKED_OFFSET(T, member, type), name_, 0, place_, __VA_ARGS__)
#define ROW_OBJECT(type, member, name_, place_, ...) \
	PLAN_ROW(OBJECT, FIELD_CHECKED_OFFSET(T, member, type *), name_, 0, place_, __VA_ARGS__)
/* an object in JSON of some members of this same struct */
#define ROW_PART(name_, place_, ...) PLAN_ROW(STRUCT, 0, name_, 0, place_, __VA_ARGS__)
#define ROW_ODD(member, name_, place_, ...) \
	PLAN_ROW(ODD, offsetof(T, member), name_, 0, place_, __VA_ARGS__)

/* What another member's row shows, too. */
#define SHOWN_WITH(member, other) \
	PLAN_ROW(ODD, offsetof(T, member) + 0 * offsetof(T, other), NULL, 0, UNSHOWN, )
/* What is shown nowhere, and why. */
#define PLAN_HIDDEN(member, reason) PLAN_ROW(ODD, offsetof(T, member), NULL, 0, UNSHOWN, )

/* The table of T. */
#define PLAN_TABLE(rows_)                                                                      \
	{                                                                                      \
		.name = "plan", .size = sizeof(T), .count = ARRAY_SIZE(rows_), .rows = (rows_) \
	}
#define PLAN_TABLE_HEADED(rows_, head_)                                                         \
	{                                                                                       \
		.name = "plan", .size = sizeof(T), .count = ARRAY_SIZE(rows_), .rows = (rows_), \
		.head = (head_)                                                                 \
	}

/* A question to a T, `it`, for a row's .when. */
#define WHEN(name_, ...)                      \
	static bool name_(const void *object) \
	{                                     \
		const T *it = object;         \
		return __VA_ARGS__;           \
	}

extern const struct fields plan_fields;
extern const struct fields plan_mount_fields, plan_below_fields, plan_device_fields,
	plan_link_fields;
extern const struct fields plan_cgroup_fields, plan_rdt_fields;
extern const struct fields plan_process_fields, plan_seccomp_fields;

#endif
