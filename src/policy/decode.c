/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy file: bytes to a complete struct policy, by the rows of keys.c. Pure: the file was found, trusted and read
 * elsewhere.
 */
#include "base/fields_check.h"
#include "base/fields_inherit.h"
#include "policy/checks.h"
#include "policy/policy.h"

#include <stdlib.h>

/* Looked at before anything else: a later version's keys would only be reported as unknown. A version
 * that is missing or no number is reported by the table. */
static int check_version(const struct json_source *source, const struct json_value *root,
			 struct err *e)
{
	const struct json_value *version = json_get(root, "version");
	int64_t number = 0;

	if (!version || version->kind != JSON_NUMBER ||
	    (parse_i64(version->text, &number) && number == POLICY_VERSION))
		return 0;
	return json_fail(source, version, e, "version: must be %d, is %s", POLICY_VERSION,
			 version->text);
}

/* A broken policy file is not an error of the config: engines and tests look at the kind. */
static int policy_error(struct err *e)
{
	if (e->kind == ERR_CONFIG)
		e->kind = ERR_POLICY;
	return -1;
}

/* --- all that is wrong with it --- */

#define FAULTS_MAX 16

/* A number in front of a colon; *text then stands behind that. */
static bool take_number(const char **text, struct arena *arena, uint32_t *ret)
{
	size_t length = strspn(*text, "0123456789");
	bool good = (*text)[length] == ':' && parse_u32(arena_strndup(arena, *text, length), ret);

	*text += good ? length + 1 : 0;
	return good;
}

/* The offset of the value that an error is about, by its "NAME:LINE:COLUMN: "; false: it has none. */
static bool fault_offset(const struct json_source *source, const struct err *e, struct arena *arena,
			 uint32_t *ret)
{
	const char *text = e->text;
	uint32_t line, column, at = 1, offset = 0;

	if (!str_has_prefix(text, source->name))
		return false;
	text += strlen(source->name) + 1;
	if (!take_number(&text, arena, &line) || !take_number(&text, arena, &column))
		return false;
	for (; at < line && offset < source->length; offset++)
		at += source->text[offset] == '\n';
	*ret = offset + column - 1;
	return true;
}

static bool is_around(const struct json_value *value, uint32_t offset)
{
	if (value->offset == offset || (value->key && value->key_offset == offset))
		return true;
	for (const struct json_value *child = value->first; child; child = child->next)
		if (is_around(child, offset))
			return true;
	return false;
}

/* Take the innermost member of an object away that the offset lies in; an element of a list would change the numbers of
 * the others. False: there is none. */
static bool take_away(struct json_value *object, uint32_t offset)
{
	for (struct json_value **link = &object->first; *link; link = &(*link)->next) {
		struct json_value *child = *link;

		if (!is_around(child, offset))
			continue;
		if (child->kind == JSON_OBJECT && child->offset != offset &&
		    child->key_offset != offset && take_away(child, offset))
			return true;
		*link = child->next;
		object->count--;
		return true;
	}
	return false;
}

static int read_tree(const struct json_source *source, const struct json_value *root,
		     struct arena *arena, struct policy **ret, struct err *e)
{
	struct policy *policy = arena_new(arena, struct policy);

	if (fields_decode(&policy_fields, source, root, arena, policy, e) < 0 ||
	    fields_check(&policy_fields, source, root, policy, arena, e) < 0 ||
	    policy_check_networks(source, root, policy, e) < 0 ||
	    policy_check_groups(source, root, policy, arena, e) < 0)
		return -1;
	*ret = policy;
	return 0;
}

/* Of a policy that cannot be read: all reasons, a line each. What the last one was about is left out for the next. */
static int fail_with_all(const struct json_source *source, struct json_value *root,
			 struct arena *arena, struct err *e)
{
	autostrbuf lines = { 0 };
	struct policy *ignored;
	uint32_t offset;

	strbuf_puts(&lines, e->text);
	for (int faults = 1; faults < FAULTS_MAX && root->kind == JSON_OBJECT &&
			     fault_offset(source, e, arena, &offset) && take_away(root, offset) &&
			     read_tree(source, root, arena, &ignored, e) < 0 &&
			     lines.length + strlen(e->text) + 1 < ERR_TEXT_MAX;
	     faults++)
		strbuf_printf(&lines, "\n%s", e->text);
	return fail_lines(e, ERR_POLICY, strbuf_text(&lines));
}

int policy_read(const char *text, size_t length, const char *name, struct arena *arena,
		struct policy **ret, struct err *e)
{
	const struct json_source source = { .name = name, .text = text, .length = length };
	struct json_value *root = NULL;

	if (json_parse(&source, arena, &root, e) < 0 || check_version(&source, root, e) < 0)
		return policy_error(e);
	return read_tree(&source, root, arena, ret, e) < 0 ? fail_with_all(&source, root, arena, e)
							   : 0;
}

struct policy *policy_complete(const struct policy *said, const struct policy *defaults,
			       struct arena *arena)
{
	struct policy *policy = arena_new(arena, struct policy);

	policy->version = said->version;
	fields_inherit(&policy_fields, policy, said, arena);
	fields_inherit(&policy_fields, policy, defaults, arena);
	if (said->networks.n > 0)
		policy->networks.v = policy_networks_complete(said, policy, defaults, arena);
	return policy;
}

int policy_decode(const char *text, size_t length, const char *name, const struct policy *defaults,
		  struct arena *arena, struct policy **ret, struct err *e)
{
	struct policy *said;

	if (policy_read(text, length, name, arena, &said, e) < 0)
		return -1;
	*ret = policy_complete(said, defaults, arena);
	return 0;
}

struct policy *policy_default(struct arena *arena, const char *rootless_network)
{
	struct policy *policy = arena_new(arena, struct policy);
	struct err e;

	/* the presets are constants, which tests read */
	if (fields_presets(&policy_fields, arena, policy, &e) < 0)
		abort();
	if (rootless_network)
		policy->network->namespace_ = arena_strdup(arena, rootless_network);
	return policy;
}
