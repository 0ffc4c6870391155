/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON -> structs by tables. Pure but for the reading of a file at the end.
 */
#include "base/fields.h"

#include "base/auto.h"
#include "base/fields_decoder.h"

static int decode_object(const struct decoder *d, const struct fields *fields,
			 const struct json_value *v, const struct place *place, void *ret);

/* Lists of any element, laid out as struct strlist. */
struct list {
	size_t n;
	void *v;
};

/* Members are written bytewise: a struct of the caller's own type may not be aliased as one of ours. */
static void store(void *object, const struct field *field, const void *value, size_t size)
{
	memcpy((char *)object + field->offset, value, size);
}

static int decode_signed(const struct decoder *d, const struct field *field,
			 const struct json_value *v, const struct place *place, void *object)
{
	bool narrow = field->kind == FIELD_I32 || field->kind == FIELD_OPT_I32;
	int64_t value = 0;

	if (decoder_signed(d, v, place, narrow ? INT32_MIN : INT64_MIN,
			   narrow ? INT32_MAX : INT64_MAX, &value) < 0)
		return -1;

	const int32_t narrow_value = (int32_t)value;
	const struct opt_i32 narrow_option = { .set = true, .value = narrow_value };
	const struct opt_i64 option = { .set = true, .value = value };
	if (field->kind == FIELD_I32)
		store(object, field, &narrow_value, sizeof(narrow_value));
	else if (field->kind == FIELD_OPT_I32)
		store(object, field, &narrow_option, sizeof(narrow_option));
	else if (field->kind == FIELD_I64)
		store(object, field, &value, sizeof(value));
	else
		store(object, field, &option, sizeof(option));
	return 0;
}

static int decode_unsigned(const struct decoder *d, const struct field *field,
			   const struct json_value *v, const struct place *place, void *object)
{
	bool wide = field->kind == FIELD_U64 || field->kind == FIELD_OPT_U64;
	uint64_t most = wide                           ? UINT64_MAX
			: field->kind == FIELD_OPT_U16 ? UINT16_MAX
			: field->kind == FIELD_ID      ? UINT32_MAX - 1
						       : UINT32_MAX;
	uint64_t value = 0;

	if (decoder_unsigned(d, v, place, most, &value) < 0)
		return -1;

	const uint32_t narrow_value = (uint32_t)value;
	const struct opt_u16 short_option = { .set = true, .value = (uint16_t)value };
	const struct opt_u32 narrow_option = { .set = true, .value = narrow_value };
	const struct opt_u64 option = { .set = true, .value = value };
	if (field->kind == FIELD_U64)
		store(object, field, &value, sizeof(value));
	else if (field->kind == FIELD_OPT_U64)
		store(object, field, &option, sizeof(option));
	else if (field->kind == FIELD_OPT_U32)
		store(object, field, &narrow_option, sizeof(narrow_option));
	else if (field->kind == FIELD_OPT_U16)
		store(object, field, &short_option, sizeof(short_option));
	else
		store(object, field, &narrow_value, sizeof(narrow_value));
	return 0;
}

static int decode_boolean(const struct decoder *d, const struct field *field,
			  const struct json_value *v, const struct place *place, void *object)
{
	const struct opt_bool option = { .set = true, .value = v->boolean };

	if (decoder_expect(d, v, place, JSON_BOOL) < 0)
		return -1;
	if (field->kind == FIELD_BOOL)
		store(object, field, &v->boolean, sizeof(v->boolean));
	else
		store(object, field, &option, sizeof(option));
	return 0;
}

static int decode_string(const struct decoder *d, const struct field *field,
			 const struct json_value *v, const struct place *place, void *object)
{
	char *text;

	if (decoder_string(d, v, place, &text) < 0)
		return -1;
	store(object, field, &text, sizeof(text));
	return 0;
}

static int decode_enum(const struct decoder *d, const struct field *field,
		       const struct json_value *v, const struct place *place, void *object)
{
	int64_t value = 0;

	if (decoder_name(d, v, place, field->names, &value) < 0)
		return -1;
	const int number = (int)value;
	store(object, field, &number, sizeof(number));
	return 0;
}

static int decode_string_element(const struct decoder *d, const struct field *field,
				 const struct json_value *v, const struct place *place,
				 void *element)
{
	(void)field;
	return decoder_string(d, v, place, element);
}

static int decode_number_element(const struct decoder *d, const struct field *field,
				 const struct json_value *v, const struct place *place,
				 void *element)
{
	uint64_t most = field->kind == FIELD_IDLIST ? UINT32_MAX - 1 : UINT32_MAX;
	uint64_t number = 0;

	if (decoder_unsigned(d, v, place, most, &number) < 0)
		return -1;
	*(uint32_t *)element = (uint32_t)number;
	return 0;
}

static int decode_enum_element(const struct decoder *d, const struct field *field,
			       const struct json_value *v, const struct place *place, void *element)
{
	return decoder_name(d, v, place, field->names, element);
}

static int decode_pair(const struct decoder *d, const struct field *field,
		       const struct json_value *v, const struct place *place, void *element)
{
	struct strpair *pair = element;

	(void)field;
	pair->key = arena_strdup(d->arena, v->key);
	return decoder_string(d, v, place, &pair->value);
}

static int decode_object_element(const struct decoder *d, const struct field *field,
				 const struct json_value *v, const struct place *place,
				 void *element)
{
	if (decode_object(d, field->sub, v, place, element) < 0)
		return -1;
	if (field->kind == FIELD_MAP) {
		const char *key = arena_strdup(d->arena, v->key);
		memcpy(element, &key, sizeof(key));
	}
	return 0;
}

typedef int decode_function(const struct decoder *d, const struct field *field,
			    const struct json_value *v, const struct place *place, void *to);

/* Size 0: that of the sub-table's struct. */
static const struct element_kind {
	decode_function *decode;
	size_t size;
	enum json_kind container;
} element_kinds[] = {
	[FIELD_STRLIST] = { decode_string_element, sizeof(char *), JSON_ARRAY },
	[FIELD_STRING_OR_STRLIST] = { decode_string_element, sizeof(char *), JSON_ARRAY },
	[FIELD_U32LIST] = { decode_number_element, sizeof(uint32_t), JSON_ARRAY },
	[FIELD_IDLIST] = { decode_number_element, sizeof(uint32_t), JSON_ARRAY },
	[FIELD_ENUMLIST] = { decode_enum_element, sizeof(int64_t), JSON_ARRAY },
	[FIELD_STRMAP] = { decode_pair, sizeof(struct strpair), JSON_OBJECT },
	[FIELD_LIST] = { decode_object_element, 0, JSON_ARRAY },
	[FIELD_MAP] = { decode_object_element, 0, JSON_OBJECT },
};

static int read_list(const struct decoder *d, const struct field *field, const struct json_value *v,
		     const struct place *place, struct list *ret)
{
	const struct element_kind *kind = &element_kinds[field->kind];
	size_t size = kind->size ? kind->size : field->sub->size;
	struct place inside = {
		.outer = place,
		.kind = kind->container == JSON_OBJECT ? PLACE_KEY : PLACE_ELEMENT,
	};

	if (decoder_expect(d, v, place, kind->container) < 0)
		return -1;
	char *elements = arena_array(d->arena, v->count, size);
	for (const struct json_value *child = v->first; child; child = child->next) {
		inside.name = child->key;
		if (kind->decode(d, field, child, &inside, elements + inside.index * size) < 0)
			return -1;
		inside.index++;
	}
	*ret = (struct list){ .n = v->count, .v = elements };
	return 0;
}

static int decode_list(const struct decoder *d, const struct field *field,
		       const struct json_value *v, const struct place *place, void *object)
{
	struct list list;

	if (read_list(d, field, v, place, &list) < 0)
		return -1;
	store(object, field, &list, sizeof(list));
	return 0;
}

static int decode_sub_object(const struct decoder *d, const struct field *field,
			     const struct json_value *v, const struct place *place, void *object)
{
	void *inner = arena_alloc(d->arena, field->sub->size);

	if (decode_object(d, field->sub, v, place, inner) < 0)
		return -1;
	store(object, field, &inner, sizeof(inner));
	return 0;
}

/* One word, or else a list or an object. */
static int decode_word_or(const struct decoder *d, const struct field *field,
			  const struct json_value *v, const struct place *place, void *object)
{
	bool list = field->kind == FIELD_STRING_OR_STRLIST;
	struct strlist_or_word list_or_word = { 0 };
	struct word_or_object word_or_object = { 0 };

	if (v->kind == JSON_STRING) {
		list_or_word.word = arena_strdup(d->arena, v->text);
		word_or_object.word = list_or_word.word;
	} else if (list && v->kind == JSON_ARRAY) {
		struct list elements;
		if (read_list(d, field, v, place, &elements) < 0)
			return -1;
		list_or_word.list = (struct strlist){ .n = elements.n, .v = elements.v };
	} else if (!list && v->kind == JSON_OBJECT) {
		word_or_object.object = arena_alloc(d->arena, field->sub->size);
		if (decode_object(d, field->sub, v, place, word_or_object.object) < 0)
			return -1;
	} else {
		return decoder_refuse_kind(d, v, place,
					   list ? "a string or an array" : "a string or an object");
	}
	if (list)
		store(object, field, &list_or_word, sizeof(list_or_word));
	else
		store(object, field, &word_or_object, sizeof(word_or_object));
	return 0;
}

static int decode_raw(const struct decoder *d, const struct field *field,
		      const struct json_value *v, const struct place *place, void *object)
{
	if (v->kind == JSON_NULL)
		return decoder_refuse_kind(d, v, place, "a value");

	const struct json_value *copy = json_copy(d->arena, v);
	store(object, field, &copy, sizeof(copy));
	return 0;
}

static decode_function *const decoders[] = {
	[FIELD_STRING] = decode_string,
	[FIELD_BOOL] = decode_boolean,
	[FIELD_OPT_BOOL] = decode_boolean,
	[FIELD_I32] = decode_signed,
	[FIELD_U32] = decode_unsigned,
	[FIELD_I64] = decode_signed,
	[FIELD_U64] = decode_unsigned,
	[FIELD_OPT_I32] = decode_signed,
	[FIELD_OPT_U16] = decode_unsigned,
	[FIELD_OPT_U32] = decode_unsigned,
	[FIELD_OPT_I64] = decode_signed,
	[FIELD_OPT_U64] = decode_unsigned,
	[FIELD_ID] = decode_unsigned,
	[FIELD_ENUM] = decode_enum,
	[FIELD_STRLIST] = decode_list,
	[FIELD_U32LIST] = decode_list,
	[FIELD_IDLIST] = decode_list,
	[FIELD_ENUMLIST] = decode_list,
	[FIELD_STRMAP] = decode_list,
	[FIELD_OBJECT] = decode_sub_object,
	[FIELD_LIST] = decode_list,
	[FIELD_MAP] = decode_list,
	[FIELD_RAW] = decode_raw,
	[FIELD_STRING_OR_STRLIST] = decode_word_or,
	[FIELD_STRING_OR_OBJECT] = decode_word_or,
};

static int decode_member(const struct decoder *d, const struct field *field,
			 const struct json_value *v, const struct place *place, void *object)
{
	bool empty = (v->kind == JSON_STRING && !*v->text) ||
		     ((v->kind == JSON_ARRAY || v->kind == JSON_OBJECT) && v->count == 0);

	/* Absent. A required one falls through to the complaint about its kind. */
	if (v->kind == JSON_NULL && !(field->flags & FIELD_REQUIRED))
		return 0;
	if (decoders[field->kind](d, field, v, place, object) < 0)
		return -1;
	if (empty && (field->flags & FIELD_NOT_EMPTY))
		return decoder_refuse(d, v->offset, place, "must not be empty");
	return 0;
}

/*
 * The next letter with its case folded. Go's decoder folds by Unicode, so that to it the long s and the
 * Kelvin sign are letters of our keys too; what another reader of the file takes for a known key must
 * not pass here as an unknown one.
 */
static char next_folded(const char **s)
{
	static const char long_s[] = "\xc5\xbf", kelvin[] = "\xe2\x84\xaa";
	char c = **s;

	if (str_has_prefix(*s, long_s)) {
		*s += strlen(long_s);
		return 's';
	}
	if (str_has_prefix(*s, kelvin)) {
		*s += strlen(kelvin);
		return 'k';
	}
	++*s;
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool equal_but_for_case(const char *a, const char *b)
{
	while (*a && *b)
		if (next_folded(&a) != next_folded(&b))
			return false;
	return *a == *b;
}

static int judge_unknown(const struct decoder *d, const struct fields *fields,
			 const struct json_value *v, const struct place *place)
{
	for (size_t i = 0; i < fields->count; i++) {
		if (equal_but_for_case(v->key, fields->rows[i].name)) {
			autostrbuf reason = { 0 };
			strbuf_printf(&reason, "differs from \"%s\" only in case",
				      fields->rows[i].name);
			return decoder_refuse(d, v->key_offset, place, reason.text);
		}
	}
	if (fields->flags & FIELDS_CLOSED)
		return decoder_refuse(d, v->key_offset, place, "unknown property");
	if (d->source->notes) {
		autostrbuf path = { 0 };
		place_print(&path, place);
		strbuf_printf(d->source->notes, "%s: %s: unknown property, ignored\n",
			      d->source->name, path.text);
	}
	return 0;
}

/* From `expected` on: who writes an object mostly writes it in the order of the rows. count: there is none. */
static size_t find_field(const struct fields *fields, size_t expected, const char *name)
{
	for (size_t i = 0; i < fields->count; i++) {
		size_t row =
			expected + i < fields->count ? expected + i : expected + i - fields->count;

		if (fields->rows[row].name[0] == name[0] && str_eq(fields->rows[row].name, name))
			return row;
	}
	return fields->count;
}

#define SEEN_ROWS 64

static int decode_object(const struct decoder *d, const struct fields *fields,
			 const struct json_value *v, const struct place *place, void *ret)
{
	struct place inside = { .outer = place, .kind = PLACE_PROPERTY };
	uint64_t seen = 0; /* of the first rows */
	size_t next = 0;

	if (decoder_expect(d, v, place, JSON_OBJECT) < 0)
		return -1;
	for (const struct json_value *member = v->first; member; member = member->next) {
		size_t row = find_field(fields, next, member->key);
		inside.name = member->key;
		int rc = row < fields->count
				 ? decode_member(d, &fields->rows[row], member, &inside, ret)
				 : judge_unknown(d, fields, member, &inside);
		if (rc < 0)
			return -1;
		if (row < SEEN_ROWS)
			seen |= UINT64_C(1) << row;
		next = row < fields->count ? row + 1 : next;
	}
	for (size_t i = 0; i < fields->count; i++) {
		if (!(fields->rows[i].flags & FIELD_REQUIRED) ||
		    (i < SEEN_ROWS && (seen & UINT64_C(1) << i)))
			continue;
		inside.name = fields->rows[i].name;
		if (!json_get(v, inside.name))
			return decoder_refuse(d, v->offset, &inside, "is missing");
	}
	return 0;
}

int fields_decode(const struct fields *fields, const struct json_source *source,
		  const struct json_value *v, struct arena *arena, void *ret, struct err *e)
{
	const struct decoder d = { .source = source, .arena = arena, .e = e };
	/* Aside, so that *ret is untouched by a failure half-way. */
	void *object = arena_alloc(arena, fields->size);

	if (decode_object(&d, fields, v, NULL, object) < 0)
		return -1;
	memcpy(ret, object, fields->size);
	return 0;
}

int fields_decode_text(const struct fields *fields, const char *name, const char *text,
		       size_t length, struct arena *arena, void *ret, struct err *e)
{
	const struct json_source source = { .name = name, .text = text, .length = length };
	autoarena tree = { 0 };
	struct json_value *v;

	if (json_parse(&source, &tree, &v, e) < 0)
		return -1;
	return fields_decode(fields, &source, v, arena, ret, e);
}
