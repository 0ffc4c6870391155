/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json -> struct spec.
 */
#include "base/auto.h"
#include "spec/tables.h"

/* A number of a version, moving *text behind it: no leading zeros (semver.org, 2). */
static bool skip_number(const char **text, uint64_t *ret)
{
	char digits[21] = "";
	size_t length = strspn(*text, "0123456789");
	if (length == 0 || length >= sizeof(digits))
		return false;
	memcpy(digits, *text, length);
	*text += length;
	return parse_u64(digits, ret);
}

static bool skip_dot(const char **text)
{
	if (**text != '.')
		return false;
	(*text)++;
	return true;
}

/* "-dev", "+git.1", "-rc.1+5": dot-separated words after a sign, none of them empty (semver.org, 9 and
 * 10), moving *text behind it. True if the sign is not there. */
static bool skip_label(const char **text, char sign)
{
	static const char word[] = "0123456789-"
				   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	if (**text != sign)
		return true;
	do {
		(*text)++;
		size_t length = strspn(*text, word);
		if (length == 0)
			return false;
		*text += length;
	} while (**text == '.');
	return true;
}

/* The first number of a version, -1 if the text is not a version. */
static int64_t version_major(const char *text)
{
	uint64_t major = 0, minor = 0, patch = 0;
	bool good = skip_number(&text, &major) && skip_dot(&text) && skip_number(&text, &minor) &&
		    skip_dot(&text) && skip_number(&text, &patch) && skip_label(&text, '-') &&
		    skip_label(&text, '+');
	return good && !*text && major <= INT32_MAX ? (int64_t)major : -1;
}

/* First of all, because another version may have other types in its fields. */
static int check_version(const struct json_source *source, const struct json_value *root,
			 struct err *e)
{
	const struct json_value *version = json_get(root, "ociVersion");
	autostrbuf shown = { 0 };
	if (!version || version->kind != JSON_STRING)
		return 0;
	strbuf_quote(&shown, version->text, 48);
	int64_t major = version_major(version->text);
	if (major < 0)
		return json_fail(source, version, e,
				 "ociVersion: must be a version like \"1.3.0\", is %s", shown.text);
	if (major != 1)
		return json_fail(
			source, version, e,
			"ociVersion: %s is not supported, only version 1 of the OCI runtime specification is",
			shown.text);
	return 0;
}

/* config.md "Platform-specific configuration": without `linux` the section of another system says for which one
 * the configuration is. It would run without all that it asks for. */
static int check_system(const struct json_source *source, const struct json_value *root,
			struct err *e)
{
	const struct json_value *ours = json_get(root, "linux");

	if (ours && ours->kind != JSON_NULL)
		return 0;
	for (const struct spec_unsupported_property *row = spec_unsupported; row->name; row++) {
		const struct json_value *section =
			strchr(row->name, '.') ? NULL : json_get(root, row->name);

		if (section && section->kind != JSON_NULL)
			return json_fail(
				source, section, e,
				"%s: the configuration is for %s; one for Linux has the object linux",
				row->name, row->reason);
	}
	return 0;
}

int spec_decode(const struct json_source *source, struct arena *arena, struct spec **ret,
		struct err *e)
{
	autoarena tree = { 0 };
	struct json_value *root = NULL;

	if (json_parse(source, &tree, &root, e) < 0)
		return -1;
	if (check_version(source, root, e) < 0 || check_system(source, root, e) < 0)
		return -1;
	struct spec *spec = arena_new(arena, struct spec);
	if (fields_decode(&spec_fields, source, root, arena, spec, e) < 0)
		return -1;
	spec->text = arena_strndup(arena, source->text, source->length);
	spec->text_length = source->length;
	*ret = spec;
	return 0;
}

int spec_decode_text(const char *text, size_t length, const char *name, struct arena *arena,
		     struct spec **ret, struct err *e)
{
	const struct json_source source = { .name = name, .text = text, .length = length };

	return spec_decode(&source, arena, ret, e);
}

int spec_decode_mounts(const char *text, size_t length, const char *name, struct arena *arena,
		       struct spec *ret, struct err *e)
{
	const struct json_source source = { .name = name, .text = text, .length = length };
	autoarena tree = { 0 };
	struct json_value *root = NULL;
	struct spec spec = { 0 };

	if (json_parse(&source, &tree, &root, e) < 0)
		return -1;
	if (root->kind != JSON_ARRAY)
		return json_fail(&source, root, e, "must be an array of mounts");
	spec.mounts.v = arena_new_array(arena, struct spec_mount, root->count);
	for (const struct json_value *at = root->first; at; at = at->next)
		if (fields_decode(&spec_mount_fields, &source, at, arena,
				  &spec.mounts.v[spec.mounts.n++], e) < 0)
			return -1;
	*ret = spec;
	return 0;
}
