/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GVariant's text format as far as properties of systemd take it: booleans, numbers, strings, arrays of one
 * of them, with a type in front if it is not the usual one ("uint64 5", "@as []"). Pure.
 */
#include "plan/systemd.h"

#include "base/auto.h"

#include <inttypes.h>

/* Types by the letters of D-Bus and their words. */
static const struct {
	char letter;
	const char *word;
	uint64_t most;     /* the largest number; 0: no integer */
	uint64_t negative; /* the largest below zero */
} types[] = {
	{ 'b', "boolean", 0, 0 },
	{ 'y', "byte", UINT8_MAX, 0 },
	{ 'n', "int16", INT16_MAX, (uint64_t)INT16_MAX + 1 },
	{ 'q', "uint16", UINT16_MAX, 0 },
	{ 'i', "int32", INT32_MAX, (uint64_t)INT32_MAX + 1 },
	{ 'u', "uint32", UINT32_MAX, 0 },
	{ 'x', "int64", INT64_MAX, (uint64_t)INT64_MAX + 1 },
	{ 't', "uint64", UINT64_MAX, 0 },
	{ 'd', "double", 0, 0 },
	{ 's', "string", 0, 0 },
	{ 'o', "objectpath", 0, 0 },
	{ 'g', "signature", 0, 0 },
};

struct reader {
	const char *all, *at;
	struct arena *arena;
};

static int fail_text(const struct reader *r, const char *what, struct err *e)
{
	autostrbuf shown = { 0 };

	strbuf_quote(&shown, r->all, 100);
	return fail(e, ERR_CONFIG, "%s is not a GVariant text that is understood: %s",
		    strbuf_text(&shown), what);
}

static void skip_blanks(struct reader *r)
{
	r->at += strspn(r->at, " \t\n\r");
}

static bool is_in(char c, const char *set)
{
	return c && strchr(set, c);
}

/* "uint64 ..." or "@t ..." (also "@as ..."): the letter, and whether it is that of an array. 0: none. */
static int read_type(struct reader *r, char *ret_letter, bool *ret_array, struct err *e)
{
	*ret_letter = '\0';
	*ret_array = false;
	if (*r->at == '@') {
		const char *p = r->at + 1;
		*ret_array = *p == 'a';
		p += *ret_array;
		for (size_t i = 0; i < ARRAY_SIZE(types); i++)
			if (types[i].letter == *p && is_in(p[1], " \t"))
				*ret_letter = *p;
		if (!*ret_letter)
			return fail_text(r, "only basic types and arrays of them", e);
		r->at = p + 1;
	}
	for (size_t i = 0; !*ret_letter && i < ARRAY_SIZE(types); i++) {
		size_t length = strlen(types[i].word);
		if (strncmp(r->at, types[i].word, length) == 0 && is_in(r->at[length], " \t")) {
			*ret_letter = types[i].letter;
			r->at += length;
		}
	}
	skip_blanks(r);
	return 0;
}

static int read_string(struct reader *r, char **ret, struct err *e)
{
	autostrbuf text = { 0 };
	char quote = *r->at++;

	while (*r->at && *r->at != quote) {
		char c = *r->at++;
		if (c == '\\') {
			static const char letters[] = "abfnrtv", meanings[] = "\a\b\f\n\r\t\v";
			const char *letter =
				is_in(*r->at, letters) ? strchr(letters, *r->at) : NULL;
			if (!letter && !is_in(*r->at, "\\'\""))
				return fail_text(r, "an escape that is not known", e);
			c = letter ? meanings[letter - letters] : *r->at;
			r->at++;
		}
		strbuf_putc(&text, c);
	}
	if (*r->at != quote)
		return fail_text(r, "a string does not end", e);
	r->at++;
	*ret = arena_strdup(r->arena, strbuf_text(&text));
	return 0;
}

/* 12, -5, 0x1f; as decimal digits. */
static bool integer(const char *word, char letter, struct arena *arena, char **ret)
{
	bool negative = *word == '-';
	uint64_t value = 0, most = 0;

	word += negative || *word == '+';
	if (str_has_prefix(word, "0x") && word[2]) {
		for (word += 2; *word; word++) {
			static const char hex[] = "0123456789abcdef0123456789ABCDEF";
			if (!is_in(*word, hex) || value >> 60)
				return false;
			value = value << 4 | (uint64_t)((strchr(hex, *word) - hex) % 16);
		}
	} else if (!parse_u64(word, &value)) {
		return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].letter == letter)
			most = negative ? types[i].negative : types[i].most;
	if (value > most)
		return false;
	*ret = arena_printf(arena, "%s%" PRIu64, negative && value ? "-" : "", value);
	return true;
}

static bool is_decimal(const char *word)
{
	word += is_in(*word, "+-") ? 1 : 0;
	size_t whole = strspn(word, "0123456789"), fraction = 0;
	word += whole;
	if (*word == '.') {
		fraction = strspn(word + 1, "0123456789");
		word += fraction + 1;
	}
	return whole + fraction > 0 && whole + fraction < 18 && *word == '\0';
}

/* One basic value; *letter is its type where that was given, and is its type then. */
static int read_basic(struct reader *r, char *letter, char **ret, struct err *e)
{
	char own;
	bool array;

	if (read_type(r, &own, &array, e) < 0)
		return -1;
	if (array || (*letter && own && own != *letter))
		return fail_text(r, "values of several types", e);
	if (own)
		*letter = own;
	if (is_in(*r->at, "'\"")) {
		if (!*letter)
			*letter = 's';
		if (!is_in(*letter, "sog"))
			return fail_text(r, "a string where another type was announced", e);
		return read_string(r, ret, e);
	}
	size_t length = strcspn(r->at, " \t\n\r,]");
	char *word = arena_strndup(r->arena, r->at, length);
	bool is_word = str_eq(word, "true") || str_eq(word, "false");
	if (!*letter)
		*letter = is_word ? 'b' : strchr(word, '.') ? 'd' : 'i';
	*ret = word;
	if (*letter == 'b'   ? !is_word
	    : *letter == 'd' ? !is_decimal(word)
			     : !integer(word, *letter, r->arena, ret))
		return fail_text(r, "a value that its type cannot hold", e);
	r->at += length;
	return 0;
}

static int read_array(struct reader *r, char *letter, struct strlist *values, struct err *e)
{
	size_t capacity = 1;

	for (const char *p = r->at; *p; p++)
		capacity += *p == ',';
	values->v = arena_new_array(r->arena, char *, capacity);
	r->at++;
	skip_blanks(r);
	while (*r->at != ']') {
		if (values->n == capacity || read_basic(r, letter, &values->v[values->n], e) < 0)
			return values->n == capacity ? fail_text(r, "an array", e) : -1;
		values->n++;
		skip_blanks(r);
		if (*r->at == ',')
			r->at++;
		else if (*r->at != ']')
			return fail_text(r, "an array does not end", e);
		skip_blanks(r);
	}
	r->at++;
	return *letter ? 0 : fail_text(r, "an empty array without a type", e);
}

int plan_gvariant(const char *text, struct arena *arena, struct plan_property *ret, struct err *e)
{
	struct reader r = { .all = text, .at = text, .arena = arena };
	struct strlist values = { 0 };
	bool array;
	char letter;

	skip_blanks(&r);
	if (read_type(&r, &letter, &array, e) < 0)
		return -1;
	if (*r.at == '[' && (array || !letter)) {
		array = true;
		if (read_array(&r, &letter, &values, e) < 0)
			return -1;
	} else if (array) {
		return fail_text(&r, "an array was announced", e);
	} else {
		values.v = arena_new_array(arena, char *, 1);
		if (read_basic(&r, &letter, &values.v[0], e) < 0)
			return -1;
		values.n = 1;
	}
	skip_blanks(&r);
	if (*r.at)
		return fail_text(&r, "something follows the value", e);
	ret->type = arena_printf(arena, "%s%c", array ? "a" : "", letter);
	ret->values = values;
	return 0;
}
