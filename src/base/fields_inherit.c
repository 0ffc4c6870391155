/* SPDX-License-Identifier: Apache-2.0 */
/* What holds if a member is absent. Pure. */
#include "base/fields_inherit.h"

/* As each kind lies in memory. */
union member {
	void *pointer;
	int word;
	struct strlist list; /* any list or map looks like this one */
	struct strlist_or_word list_or_word;
	struct word_or_object word_or_object;
	struct opt_bool opt_bool;
	struct opt_i32 opt_i32;
	struct opt_u32 opt_u32;
	struct opt_u16 opt_u16;
	struct opt_i64 opt_i64;
	struct opt_u64 opt_u64;
};

static size_t size_of_option(enum field_kind kind)
{
	switch ((int)kind) {
	case FIELD_OPT_BOOL:
		return sizeof(struct opt_bool);
	case FIELD_OPT_U16:
		return sizeof(struct opt_u16);
	case FIELD_OPT_I32:
	case FIELD_OPT_U32:
		return sizeof(struct opt_u32);
	case FIELD_OPT_I64:
	case FIELD_OPT_U64:
		return sizeof(struct opt_u64);
	default:
		return 0;
	}
}

/* 0: always there. */
static size_t size_of(enum field_kind kind)
{
	switch ((int)kind) {
	case FIELD_STRING:
	case FIELD_RAW:
	case FIELD_OBJECT:
		return sizeof(void *);
	case FIELD_ENUM:
		return sizeof(int);
	case FIELD_STRLIST:
	case FIELD_U32LIST:
	case FIELD_IDLIST:
	case FIELD_ENUMLIST:
	case FIELD_STRMAP:
	case FIELD_LIST:
	case FIELD_MAP:
		return sizeof(struct strlist);
	case FIELD_STRING_OR_STRLIST:
		return sizeof(struct strlist_or_word);
	case FIELD_STRING_OR_OBJECT:
		return sizeof(struct word_or_object);
	default:
		return size_of_option(kind);
	}
}

bool field_is_absent(const struct field *field, const void *object)
{
	union member member = { 0 };
	size_t size = size_of(field->kind);

	memcpy(&member, (const char *)object + field->offset, size);
	switch (field->kind) {
	case FIELD_BOOL:
	case FIELD_I32:
	case FIELD_U32:
	case FIELD_I64:
	case FIELD_U64:
	case FIELD_ID:
		return false;
	case FIELD_OPT_BOOL:
		return !member.opt_bool.set;
	case FIELD_OPT_U16:
		return !member.opt_u16.set;
	case FIELD_OPT_I32:
		return !member.opt_i32.set;
	case FIELD_OPT_U32:
		return !member.opt_u32.set;
	case FIELD_OPT_I64:
		return !member.opt_i64.set;
	case FIELD_OPT_U64:
		return !member.opt_u64.set;
	case FIELD_ENUM:
		return member.word == 0;
	case FIELD_STRING:
	case FIELD_RAW:
	case FIELD_OBJECT:
		return !member.pointer;
	case FIELD_STRLIST:
	case FIELD_U32LIST:
	case FIELD_IDLIST:
	case FIELD_ENUMLIST:
	case FIELD_STRMAP:
	case FIELD_LIST:
	case FIELD_MAP:
		return !member.list.v;
	case FIELD_STRING_OR_STRLIST:
		return !member.list_or_word.word && !member.list_or_word.list.v;
	case FIELD_STRING_OR_OBJECT:
		return !member.word_or_object.word && !member.word_or_object.object;
	/* of tables that are written alone */
	case FIELD_TEXT:
	case FIELD_U16:
	case FIELD_COUNT:
	case FIELD_FLAGS:
	case FIELD_BITS:
	case FIELD_ARGV:
	case FIELD_STRUCT:
	case FIELD_ODD:
		break;
	}
	return false;
}

static void inherit_object(const struct field *field, void *to, const void *from,
			   struct arena *arena)
{
	void *inner = NULL, *source = NULL;

	memcpy(&inner, (char *)to + field->offset, sizeof(inner));
	memcpy(&source, (const char *)from + field->offset, sizeof(source));
	if (!inner)
		inner = arena_alloc(arena, field->sub->size);
	fields_inherit(field->sub, inner, source, arena);
	memcpy((char *)to + field->offset, &inner, sizeof(inner));
}

void fields_inherit(const struct fields *fields, void *to, const void *from, struct arena *arena)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->rows[i];

		if (field_is_absent(field, from))
			continue;
		if (field->kind == FIELD_OBJECT)
			inherit_object(field, to, from, arena);
		else if (field_is_absent(field, to))
			memcpy((char *)to + field->offset, (const char *)from + field->offset,
			       size_of(field->kind));
	}
}

static bool has_preset(const struct fields *fields)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->rows[i];

		if (field_key(field)->preset ||
		    (field->kind == FIELD_OBJECT && has_preset(field->sub)))
			return true;
	}
	return false;
}

static void put_presets(const struct fields *fields, struct strbuf *out)
{
	const char *separator = "";

	strbuf_putc(out, '{');
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->rows[i];
		bool inner = field->kind == FIELD_OBJECT && has_preset(field->sub);

		if (!field_key(field)->preset && !inner)
			continue;
		strbuf_printf(out, "%s\"%s\":", separator, field->name);
		if (inner)
			put_presets(field->sub, out);
		else
			strbuf_puts(out, field_key(field)->preset);
		separator = ",";
	}
	strbuf_putc(out, '}');
}

int fields_presets(const struct fields *fields, struct arena *arena, void *ret, struct err *e)
{
	autostrbuf text = { 0 };

	put_presets(fields, &text);
	return fields_decode_text(fields, fields->name, strbuf_text(&text), text.length, arena, ret,
				  e);
}
