/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON objects <-> C structs by tables, one row per property. The table is the documentation: what the
 * program reads of config.json, the policy file, its own state records, and what it prints, is what the
 * tables say. decode walks a table with a parsed tree, encode walks it with a struct.
 *
 * Presence is visible in the struct: optional scalars are struct opt_*, strings and objects are NULL
 * if absent, lists have v == NULL. So decode -> encode -> decode is equal.
 *
 * Decoding refuses a wrong type ("config.json:3:9: linux.namespaces[1].type: must be a string, is a
 * number"), a number out of the field's range, an unknown enum name, a missing required member, null
 * for a required member (null counts as absent elsewhere), and a key that differs from a known one only
 * in case. Other unknown keys are ignored, as config.md "Extensibility" demands, and reported at
 * debug level; a table may be closed (FIELDS_CLOSED), then they are refused: the program's own files
 * have no reason to carry them.
 *
 * A table of what is made and shown (the plan) is written alone: it has kinds that decoding does not know, and the
 * words for people beside the names in JSON.
 */
#ifndef BASE_FIELDS_H
#define BASE_FIELDS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/json_out.h"
#include "base/names.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct opt_bool {
	bool set;
	bool value;
};
struct opt_i32 {
	bool set;
	int32_t value;
};
struct opt_u32 {
	bool set;
	uint32_t value;
};
struct opt_u16 {
	bool set;
	uint16_t value;
};
struct opt_i64 {
	bool set;
	int64_t value;
};
struct opt_u64 {
	bool set;
	uint64_t value;
};

/* Lists of numbers and of pairs. */
struct u32list {
	size_t n;
	uint32_t *v;
};
struct strpair {
	char *key;
	char *value;
};
struct strmap {
	size_t n;
	struct strpair *v;
}; /* in the order of the file; keys unique */
struct enumlist {
	size_t n;
	int64_t *v;
};

/* The value of a key, NULL if it is not there. */
const char *strmap_get(const struct strmap *map, const char *key);

enum field_kind {
	FIELD_STRING,   /* char * */
	FIELD_BOOL,     /* bool; absent = false; false is not written unless required */
	FIELD_OPT_BOOL, /* struct opt_bool */
	FIELD_I32,
	FIELD_U32,
	FIELD_I64,
	FIELD_U64, /* plain numbers; required members use these */
	FIELD_OPT_I32,
	FIELD_OPT_U16,
	FIELD_OPT_U32,
	FIELD_OPT_I64,
	FIELD_OPT_U64,
	FIELD_ID,       /* uint32_t, not 4294967295 */
	FIELD_ENUM,     /* int; 0 = absent, so a table's values begin with 1 */
	FIELD_STRLIST,  /* struct strlist */
	FIELD_U32LIST,  /* struct u32list */
	FIELD_IDLIST,   /* struct u32list of ids */
	FIELD_ENUMLIST, /* struct enumlist, values of `names` */
	FIELD_STRMAP,   /* struct strmap */
	FIELD_OBJECT,   /* struct T *: `sub` */
	FIELD_LIST,     /* { size_t n; struct T *v; }: elements inline, `sub` */
	FIELD_MAP, /* { size_t n; struct T *v; }: an object of objects; T's first member is char *key */
	FIELD_RAW,               /* struct json_value *: a copy of what was parsed */
	FIELD_STRING_OR_STRLIST, /* struct strlist_or_word: one word or a list of names */
	FIELD_STRING_OR_OBJECT,  /* struct word_or_object: one word or an object of `sub` */

	/* of tables that are written alone, never read */
	FIELD_TEXT,   /* const char * */
	FIELD_U16,    /* unsigned short */
	FIELD_COUNT,  /* size_t */
	FIELD_FLAGS,  /* uint64_t: a list of the `names` of the bits that are set */
	FIELD_BITS,   /* int: the same */
	FIELD_ARGV,   /* char **, with a NULL at the end; NULL: absent */
	FIELD_STRUCT, /* struct T: `sub`, always there */
	FIELD_ODD,    /* any: by `encode` and `put` */
};

/* FIELD_STRING_OR_STRLIST: word != NULL, or list.v != NULL, or neither (absent). */
struct strlist_or_word {
	char *word;
	struct strlist list;
};
/* FIELD_STRING_OR_OBJECT: word != NULL, or object != NULL (a struct of `sub`), or neither. */
struct word_or_object {
	char *word;
	void *object;
};

enum field_flags {
	FIELD_REQUIRED = 1 << 0,
	FIELD_NOT_EMPTY = 1 << 1, /* strings, lists: at least one */
	FIELD_WHOLE = 1 << 3,     /* written even if it is false or a list without elements */
	FIELD_SPARSE = 1 << 4,    /* left out where it is 0, or a list without elements */
	FIELD_IS_KEY = 1 << 5,    /* what is said of it is in `key` */
};

struct fields;
struct field;
struct field_check;

/* How a member is shown to people (base/fields_text.h). */
enum field_place {
	FIELD_UNSHOWN = 0,
	FIELD_HEAD,    /* in the line that begins its struct */
	FIELD_DETAIL,  /* at the end of that line, behind a colon or a semicolon */
	FIELD_LINE,    /* a line below it; one an element where it is a list */
	FIELD_SECTION, /* after the struct: a line with the lead, and below it one an element */
	FIELD_EACH,    /* after the struct: a line an element, each with the lead */
};

/* Of a row of what people write: NULL, nothing is said. */
struct field_key {
	const char *preset; /* as JSON: what holds if it is absent (fields_inherit.h) */
	const struct field_check *check; /* of its value, beyond its kind (fields_check.h) */
	const char *doc;                 /* what it is for, in a sentence or two */
};

/* Of a row of tables that are written alone. */
struct field_shown {
	const char *
		lead; /* the words before the value, or with a '%' where it stands in them; or NULL */
	bool (*when)(
		const void
			*object); /* false: the member is absent; NULL: it depends on the value */
	/* in place of what the kind does: the value in JSON (of FIELD_ODD null without it), and in text, where
	 * nothing is shown if it puts nothing (FIELD_ODD: the lead alone without it) */
	void (*encode)(const void *object, struct json_out *out);
	void (*put)(const void *object, struct strbuf *out);
};

/* Small, because the pages with the rows are the process's own once they are relocated. */
struct field {
	const char *name; /* NULL, in tables that are written alone: not in JSON */
	enum field_kind kind : 8;
	enum field_place place : 7;
	bool led : 1;
	unsigned flags : 16; /* enum field_flags */
	unsigned offset;
	union {
		/* FIELD_OBJECT, FIELD_LIST, FIELD_MAP, FIELD_STRING_OR_OBJECT, FIELD_STRUCT */
		const struct fields *sub;
		/* of other kinds: FIELD_ENUM, FIELD_ENUMLIST, FIELD_FLAGS, FIELD_BITS; of a number: in text, where
		 * it has a name */
		const struct name_row *names;
	};
	union {
		const struct field_key *key;     /* with FIELD_IS_KEY */
		const struct field_shown *shown; /* without; NULL: nothing is said */
		const char *lead; /* where `led`: all that is said, as in struct field_shown */
	};
};

static inline const struct fields *field_sub(const struct field *field)
{
	return field->kind == FIELD_OBJECT || field->kind == FIELD_LIST ||
			       field->kind == FIELD_MAP || field->kind == FIELD_STRING_OR_OBJECT ||
			       field->kind == FIELD_STRUCT
		       ? field->sub
		       : NULL;
}
static inline const struct name_row *field_names(const struct field *field)
{
	return field_sub(field) ? NULL : field->names;
}
/* Never NULL. */
const struct field_key *field_key(const struct field *field);
const struct field_shown *field_shown(const struct field *field);
/* NULL: none. */
const char *field_lead(const struct field *field);

enum fields_flags { FIELDS_CLOSED = 1 << 0 };

/* As small, for the same reason. */
struct fields {
	const char *name; /* of the C struct, for messages of the program's own tests */
	unsigned size;    /* sizeof the struct */
	unsigned short count;
	unsigned short flags;
	const struct field *rows;
	/* What the line that begins the struct says first; NULL: its members of that place say all. */
	void (*head)(const void *object, struct strbuf *out);
};

/*
 * Row macros. The member's type is checked against the kind at compile time.
 *
 *	static const struct field root_rows[] = {
 *		FIELD(struct spec_root, STRING, path, "path", FIELD_REQUIRED),
 *		FIELD(struct spec_root, BOOL, readonly, "readonly", 0),
 *	};
 *	static const struct fields root_fields = FIELDS("struct spec_root", struct spec_root, root_rows, 0);
 */
#define FIELD_TYPE_STRING char *
#define FIELD_TYPE_BOOL bool
#define FIELD_TYPE_OPT_BOOL struct opt_bool
#define FIELD_TYPE_I32 int32_t
#define FIELD_TYPE_U32 uint32_t
#define FIELD_TYPE_I64 int64_t
#define FIELD_TYPE_U64 uint64_t
#define FIELD_TYPE_OPT_I32 struct opt_i32
#define FIELD_TYPE_OPT_U16 struct opt_u16
#define FIELD_TYPE_OPT_U32 struct opt_u32
#define FIELD_TYPE_OPT_I64 struct opt_i64
#define FIELD_TYPE_OPT_U64 struct opt_u64
#define FIELD_TYPE_ID uint32_t
#define FIELD_TYPE_STRLIST struct strlist
#define FIELD_TYPE_U32LIST struct u32list
#define FIELD_TYPE_IDLIST struct u32list
#define FIELD_TYPE_STRMAP struct strmap
#define FIELD_TYPE_RAW struct json_value *
#define FIELD_TYPE_STRING_OR_STRLIST struct strlist_or_word
#define FIELD_TYPE_ENUM int
#define FIELD_TYPE_TEXT const char *
#define FIELD_TYPE_U16 unsigned short
#define FIELD_TYPE_COUNT size_t
#define FIELD_TYPE_FLAGS uint64_t
#define FIELD_TYPE_BITS int
#define FIELD_TYPE_ARGV char **
#define FIELD_CHECKED_OFFSET(type, member, member_type)                                       \
	(offsetof(type, member) +                                                             \
	 0 * sizeof(struct {                                                                  \
		 _Static_assert(__builtin_types_compatible_p(__typeof__(((type *)0)->member), \
							     member_type),                    \
				"the field's kind does not fit " #type "." #member);          \
		 int unused_;                                                                 \
	 }))

#define FIELD(type, kind_, member, name_, flags_)                                \
	{                                                                        \
		.name = (name_), .kind = FIELD_##kind_, .flags = (flags_),       \
		.offset = FIELD_CHECKED_OFFSET(type, member, FIELD_TYPE_##kind_) \
	}
#define FIELD_ENUM_ROW(type, member, name_, flags_, table_)                          \
	{                                                                            \
		.name = (name_), .kind = FIELD_ENUM, .flags = (flags_),              \
		.offset = FIELD_CHECKED_OFFSET(type, member, int), .names = (table_) \
	}
#define FIELD_ENUMLIST_ROW(type, member, name_, flags_, table_)                                  \
	{                                                                                        \
		.name = (name_), .kind = FIELD_ENUMLIST, .flags = (flags_),                      \
		.offset = FIELD_CHECKED_OFFSET(type, member, struct enumlist), .names = (table_) \
	}
#define FIELD_OBJECT_ROW(type, member, subtype_, name_, flags_, sub_)                   \
	{                                                                               \
		.name = (name_), .kind = FIELD_OBJECT, .flags = (flags_),               \
		.offset = FIELD_CHECKED_OFFSET(type, member, subtype_ *), .sub = (sub_) \
	}
/* list members look like struct { size_t n; struct T *v; }; T is checked through .v */
#define FIELD_LIST_ROW(type, member, subtype_, name_, flags_, sub_)          \
	{                                                                    \
		.name = (name_), .kind = FIELD_LIST, .flags = (flags_),      \
		.offset = FIELD_CHECKED_OFFSET(type, member.v, subtype_ *) - \
			  offsetof(struct strlist, v),                       \
		.sub = (sub_)                                                \
	}
#define FIELD_MAP_ROW(type, member, subtype_, name_, flags_, sub_)           \
	{                                                                    \
		.name = (name_), .kind = FIELD_MAP, .flags = (flags_),       \
		.offset = FIELD_CHECKED_OFFSET(type, member.v, subtype_ *) - \
			  offsetof(struct strlist, v),                       \
		.sub = (sub_)                                                \
	}
#define FIELD_WORD_OR_OBJECT_ROW(type, member, name_, flags_, sub_)                                \
	{                                                                                          \
		.name = (name_), .kind = FIELD_STRING_OR_OBJECT, .flags = (flags_),                \
		.offset = FIELD_CHECKED_OFFSET(type, member, struct word_or_object), .sub = (sub_) \
	}
#define FIELDS(name_, type_, rows_, flags_)                                \
	{                                                                  \
		.name = (name_), .size = sizeof(type_), .flags = (flags_), \
		.count = ARRAY_SIZE(rows_), .rows = (rows_)                \
	}

/* Fill *ret (zeroed by the callee, fields->size bytes) from an object. Strings are copied to `arena`. */
int fields_decode(const struct fields *fields, const struct json_source *source,
		  const struct json_value *v, struct arena *arena, void *ret, struct err *e)
	MUST_CHECK;

/* Write a struct as an object. Absent members are left out; one that is required, or an enum value without
 * a name, makes json_out_finish() fail. */
void fields_encode(const struct fields *fields, const void *object, struct json_out *out);

/* The names of the bits that are set in `flags`, as a list. */
void fields_encode_flags(const struct name_row *names, uint64_t flags, struct json_out *out);

/* Parse text and decode it in one go; `name` is what errors call the text. */
int fields_decode_text(const struct fields *fields, const char *name, const char *text,
		       size_t length, struct arena *arena, void *ret, struct err *e) MUST_CHECK;

/* Encode to text in fresh memory of `arena`. */
int fields_encode_text(const struct fields *fields, const void *object, bool pretty,
		       struct arena *arena, char **ret_text, size_t *ret_length, struct err *e)
	MUST_CHECK;

#endif
