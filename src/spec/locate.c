/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the name that a message begins with ("linux.namespaces[2].path: ...") to the line and column of the
 * text that the configuration was decoded from. Only when something is wrong, so it is parsed once more then.
 */
#include "base/auto.h"
#include "spec/check.h"

#define KEY_MAX 256

/* A member's name, plain or in quotes, moving *text behind it; false if there is none. */
static bool take_key(const char **text, char key[KEY_MAX])
{
	bool quoted = **text == '"';
	const char *first = *text + quoted;
	size_t length = quoted ? strcspn(first, "\"\\")
			       : strspn(first, "0123456789abcdefghijklmnopqrstuvwxyz"
					       "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	if (length == 0 || length >= KEY_MAX || (quoted && first[length] != '"'))
		return false;
	memcpy(key, first, length);
	key[length] = '\0';
	*text = first + length + quoted;
	return true;
}

static const struct json_value *element(const struct json_value *list, uint64_t index)
{
	const struct json_value *at = list->kind == JSON_ARRAY ? list->first : NULL;

	while (at && index-- > 0)
		at = at->next;
	return at;
}

/* "[2]", moving *text behind it. NULL: no such element. */
static const struct json_value *take_index(const char **text, const struct json_value *list)
{
	char digits[8] = "";
	size_t length = strspn(*text + 1, "0123456789");
	uint64_t index;

	if (length == 0 || length >= sizeof(digits) || (*text)[1 + length] != ']')
		return NULL;
	memcpy(digits, *text + 1, length);
	*text += length + 2;
	return parse_u64(digits, &index) ? element(list, index) : NULL;
}

const struct json_value *spec_find(const struct spec *spec, const struct json_value *root,
				   const char *name)
{
	const struct json_value *at = root;
	char key[KEY_MAX];

	while (take_key(&name, key)) {
		const struct json_value *found = json_get(at, key);
		/* The policy may have put a mount between others: its numbers are not those of the text. */
		bool shifted = at == root && str_eq(key, "mounts") && found &&
			       found->count != spec->mounts.n;

		if (!found)
			return at;
		at = found;
		while (*name == '[') {
			found = shifted ? NULL : take_index(&name, at);
			if (!found)
				return at;
			at = found;
		}
		if (*name++ != '.')
			return at;
	}
	return at;
}

static int fail_located(const struct spec *spec, const char *source_name, const char *name,
			struct err *e)
{
	const struct json_source source = {
		.name = source_name,
		.text = spec->text,
		.length = spec->text_length,
	};
	autoarena arena = { 0 };
	struct json_value *root = NULL;
	const struct json_value *at;
	unsigned line, column;
	struct err ignored;

	if (!spec->text || json_parse(&source, &arena, &root, &ignored) < 0)
		return -1;
	at = spec_find(spec, root, name);
	if (at == root)
		return -1;
	json_position(&source, at->offset, &line, &column);
	return err_prefix(e, "%s:%u:%u", source_name, line, column);
}

int spec_fail_located(const struct spec *spec, const char *source_name, struct err *e)
{
	return fail_located(spec, source_name, e->text, e);
}

int spec_fail_located_in_step(const struct spec *spec, const char *source_name, struct err *e)
{
	const char *name = strstr(e->text, ": ");

	return name ? fail_located(spec, source_name, name + strlen(": "), e) : -1;
}
