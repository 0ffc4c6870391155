/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is written from the rows of src/policy/keys.c and the list of rules: config-schema/policy.json,
 * contrib/policy.json, and in man/distro-shim-policy.5 the lists of the keys and rules and the built-in policy. Compares the files with what the rows say; with
 * UPDATE_GOLDEN=1, as `make policy-docs` runs it, writes them.
 */
#include "base/auto.h"
#include "base/fields_check.h"
#include "os/io.h"
#include "policy/policy.h"
#include "policy/rules.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

#define LINE_MAX_COLUMNS 80

static struct arena arena;

static const struct json_value *parsed(const char *text)
{
	struct json_source source = { .name = "row", .text = text, .length = strlen(text) };
	struct json_value *value;
	struct err e;

	if (json_parse(&source, &arena, &value, &e) < 0)
		fail_msg("%s", e.text);
	return value;
}

/* A value, and not what other keys are in. */
static bool is_set(const struct field *row)
{
	return !field_sub(row) || row->kind == FIELD_STRING_OR_OBJECT;
}

/* What is listed below it: not the keys that stand elsewhere in the list. */
static bool has_own_keys(const struct field *row)
{
	return field_sub(row) && row->kind != FIELD_MAP;
}

static const struct field *find_row(const struct fields *fields, const char *name)
{
	for (size_t i = 0; i < fields->count; i++)
		if (str_eq(fields->rows[i].name, name))
			return &fields->rows[i];
	return NULL;
}

/* In an entry of a list the same key as of the whole, or of a network. */
static bool is_of_whole(const struct field *row)
{
	const struct field *same = find_row(&policy_fields, row->name);

	if (!same)
		same = find_row(&policy_network_fields, row->name);
	return same && same->key->doc == row->key->doc;
}

/* --- the schema --- */

/* What an element leaves out is inherited, and not what the rows have for the whole. */
static unsigned in_elements;

static void put_description(const struct field *row, struct json_out *out)
{
	json_out_member_string(out, "description", field_key(row)->doc);
}

static void put_kind(const struct field *row, struct json_out *out)
{
	switch ((int)row->kind) {
	case FIELD_OPT_BOOL:
		json_out_member_string(out, "type", "boolean");
		break;
	case FIELD_STRING:
	case FIELD_ENUM:
		json_out_member_string(out, "type", "string");
		break;
	case FIELD_STRLIST:
	case FIELD_LIST:
		json_out_member_string(out, "type", "array");
		break;
	case FIELD_STRMAP:
		json_out_member_string(out, "type", "object");
		break;
	case FIELD_I64:
	case FIELD_OPT_U32:
	case FIELD_OPT_U64:
		json_out_member_string(out, "type", "integer");
		break;
	case FIELD_RAW:
	case FIELD_STRING_OR_STRLIST:
	case FIELD_STRING_OR_OBJECT:
		/* the check says all */
		assert_non_null(field_key(row)->check);
		assert_non_null(field_key(row)->check->schema);
		break;
	default:
		fail_msg("%s: say here what a schema calls this kind", row->name);
	}
}

/* What a check says is all that there is to say. */
static bool has_schema(const struct field *row)
{
	return field_key(row)->check && field_key(row)->check->schema;
}

static void put_words(const struct field *row, struct json_out *out)
{
	json_out_key(out, "enum");
	json_out_array(out);
	for (const struct name_row *name = row->names; name->name; name++)
		json_out_string(out, name->name);
	json_out_array_end(out);
}

static void put_object(const struct fields *fields, struct json_out *out);

static void put_default(const struct field *row, struct json_out *out)
{
	if (row->flags & FIELD_REQUIRED || in_elements || !field_key(row)->preset)
		return;
	json_out_key(out, "default");
	json_out_value(out, parsed(field_key(row)->preset));
}

static void put_value(const struct field *row, struct json_out *out)
{
	put_kind(row, out);
	if (field_names(row))
		put_words(row, out);
	if (field_key(row)->check && field_key(row)->check->schema) {
		for (const struct json_value *v = parsed(field_key(row)->check->schema)->first; v;
		     v = v->next) {
			json_out_key(out, v->key);
			json_out_value(out, v);
		}
	} else if (row->kind == FIELD_OPT_U32 || row->kind == FIELD_OPT_U64) {
		json_out_member_u64(out, "minimum", 0);
	} else if (row->kind == FIELD_LIST) {
		json_out_key(out, "items");
		json_out_object(out);
		put_object(field_sub(row), out);
		json_out_object_end(out);
	} else if (row->kind == FIELD_STRLIST) {
		json_out_key(out, "items");
		json_out_value(out, parsed("{\"type\": \"string\"}"));
	}
	if (row->kind == FIELD_OPT_U32)
		json_out_member_u64(out, "maximum", UINT32_MAX);
	put_default(row, out);
}

static void put_object(const struct fields *fields, struct json_out *out);

static void put_group_of(const struct field *row, struct json_out *out)
{
	switch ((int)row->kind) {
	case FIELD_OBJECT:
		put_object(field_sub(row), out);
		break;
	case FIELD_LIST:
		in_elements++;
		json_out_member_string(out, "type", "array");
		json_out_key(out, "items");
		json_out_object(out);
		put_object(field_sub(row), out);
		json_out_object_end(out);
		in_elements--;
		break;
	case FIELD_MAP:
		in_elements++;
		json_out_member_string(out, "type", "object");
		json_out_key(out, "additionalProperties");
		json_out_object(out);
		put_object(field_sub(row), out);
		json_out_object_end(out);
		in_elements--;
		break;
	default:
		json_out_key(out, "oneOf");
		json_out_array(out);
		json_out_value(out, parsed("{\"type\": \"string\"}"));
		json_out_object(out);
		put_object(field_sub(row), out);
		json_out_object_end(out);
		json_out_array_end(out);
	}
}

static void put_object(const struct fields *fields, struct json_out *out)
{
	size_t required = 0;

	json_out_member_string(out, "type", "object");
	for (size_t i = 0; i < fields->count; i++) {
		if (!(fields->rows[i].flags & FIELD_REQUIRED))
			continue;
		if (required++ == 0) {
			json_out_key(out, "required");
			json_out_array(out);
		}
		json_out_string(out, fields->rows[i].name);
	}
	if (required > 0)
		json_out_array_end(out);
	json_out_member_bool(out, "additionalProperties", false);
	json_out_key(out, "properties");
	json_out_object(out);
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *row = &fields->rows[i];

		json_out_key(out, row->name);
		json_out_object(out);
		put_description(row, out);
		if (field_sub(row) && !has_schema(row)) {
			put_group_of(row, out);
			put_default(row, out);
		} else {
			put_value(row, out);
		}
		json_out_object_end(out);
	}
	json_out_object_end(out);
}

static char *schema_text(const char *old)
{
	auto_json_out out = json_out_new(true);
	const char *text;
	struct err e;

	(void)old;
	json_out_object(out);
	json_out_member_string(out, "$schema", "http://json-schema.org/draft-07/schema#");
	json_out_member_string(out, "title", "The policy file of distro-shim");
	json_out_member_string(out, "description",
			       "distro-shim-policy(5). A key that is not here is refused; one that "
			       "is left out has the default given here. null counts as absent.");
	put_object(&policy_fields, out);
	json_out_object_end(out);
	if (json_out_finish(out, &text, NULL, &e) < 0)
		fail_msg("%s", e.text);
	return arena_printf(&arena, "%s\n", text);
}

/* --- the built-in policy as a file --- */

static bool has_groups(const struct fields *fields)
{
	for (size_t i = 0; i < fields->count; i++)
		if (fields->rows[i].kind == FIELD_OBJECT)
			return true;
	return false;
}

static void put_defaults(const struct fields *fields, unsigned depth, bool one_line,
			 struct strbuf *out);

/* On one line where that is not too long. */
static void put_group(const struct field *row, unsigned depth, struct strbuf *out)
{
	autostrbuf line = { 0 };
	int indent = (int)(depth + 1) * 2;

	if (has_groups(field_sub(row))) {
		put_defaults(field_sub(row), depth + 1, false, out);
		return;
	}
	put_defaults(field_sub(row), 0, true, &line);
	if (indent + strlen(row->name) + line.length + strlen("\"\": ,") <= LINE_MAX_COLUMNS)
		strbuf_puts(out, strbuf_text(&line));
	else
		put_defaults(field_sub(row), depth + 1, false, out);
}

static void put_defaults(const struct fields *fields, unsigned depth, bool one_line,
			 struct strbuf *out)
{
	const char *separator = one_line ? "{ " : "{\n";
	int indent = one_line ? 0 : (int)(depth + 1) * 2;

	for (size_t i = 0; i < fields->count; i++) {
		const struct field *row = &fields->rows[i];

		if (row->kind != FIELD_OBJECT && !field_key(row)->preset)
			continue;
		strbuf_printf(out, "%s%*s\"%s\": ", separator, indent, "", row->name);
		if (row->kind == FIELD_OBJECT)
			put_group(row, depth, out);
		else
			strbuf_puts(out, field_key(row)->preset);
		separator = one_line ? ", " : ",\n";
	}
	if (one_line)
		strbuf_puts(out, " }");
	else
		strbuf_printf(out, "\n%*s}", (int)depth * 2, "");
}

static char *file_text(const char *old)
{
	autostrbuf out = { 0 };

	(void)old;
	put_defaults(&policy_fields, 0, false, &out);
	return arena_printf(&arena, "%s\n", strbuf_text(&out));
}

/* --- the manual --- */

static void put_roff(const char *text, struct strbuf *out)
{
	for (; *text; text++) {
		if (*text == '-')
			strbuf_puts(out, "\\-");
		else if (*text == '\\')
			strbuf_puts(out, "\\e");
		else
			strbuf_putc(out, *text);
	}
}

/* What is written in the file like this is bold; not so "a path". */
static void put_literal(const char *value, struct strbuf *out)
{
	bool literal =
		strchr("\"[0123456789", *value) || str_eq(value, "true") || str_eq(value, "false");

	strbuf_puts(out, literal ? "\\fB" : "");
	put_roff(value, out);
	strbuf_puts(out, literal ? "\\fR" : "");
}

/* As in: "auto", "engine", a path. */
static const char *values_of(const struct field *row)
{
	autostrbuf words = { 0 };

	if (field_key(row)->check && field_key(row)->check->values)
		return field_key(row)->check->values;
	switch ((int)row->kind) {
	case FIELD_BOOL:
	case FIELD_OPT_BOOL:
		return "true, false";
	case FIELD_OPT_U32:
	case FIELD_OPT_U64:
		return "a number";
	case FIELD_STRING:
		return "a text";
	case FIELD_STRLIST:
		return "a list of texts";
	case FIELD_STRING_OR_OBJECT:
		return "a name, an object";
	default:
		assert_non_null(field_names(row));
	}
	for (const struct name_row *name = row->names; name->name; name++)
		strbuf_printf(&words, "%s\"%s\"", words.length ? ", " : "", name->name);
	return arena_strdup(&arena, strbuf_text(&words));
}

static void put_head(const struct field *row, const char *key, struct strbuf *out)
{
	const char *rest = values_of(row);
	bool only = str_eq(rest, field_key(row)->preset);
	bool marked = only || !field_key(row)->preset;

	strbuf_printf(out, ".TP\n\\fB%s\\fR:", key);
	while (*rest) {
		const char *value = arena_strndup(&arena, rest, strcspn(rest, ","));

		strbuf_putc(out, ' ');
		put_literal(value, out);
		if (!only && str_eq(value, field_key(row)->preset)) {
			strbuf_puts(out, " (default)");
			marked = true;
		}
		rest += strlen(value);
		if (*rest) {
			strbuf_putc(out, ',');
			rest += strlen(", ");
		}
	}
	if (!marked) {
		strbuf_puts(out, " (default ");
		put_literal(field_key(row)->preset, out);
		strbuf_putc(out, ')');
	}
	strbuf_putc(out, '\n');
}

static void put_keys(const struct fields *fields, const char *group, struct strbuf *out)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *row = &fields->rows[i];
		const char *key = arena_printf(&arena, "%s%s", group, row->name);

		if (*group && strstr(group, "[]") && is_of_whole(row))
			continue;
		if (is_set(row))
			put_head(row, key, out);
		else if (field_sub(row))
			strbuf_printf(out, ".TP\n\\fB%s\\fR\n", key);
		else
			continue;
		put_roff(field_key(row)->doc, out);
		strbuf_putc(out, '\n');
		if (has_own_keys(row))
			put_keys(field_sub(row),
				 arena_printf(&arena, "%s%s.", key,
					      row->kind == FIELD_LIST ? "[]" : ""),
				 out);
	}
}

/* Beside the making of a container. */
static void put_paths(const struct rule *rule, struct strbuf *out)
{
	static const struct {
		unsigned path;
		const char *words;
	} paths[] = {
		{ PATH_EXEC, "exec" },
		{ PATH_MOUNTS, "mounts add" },
		{ PATH_UPDATE, "update" },
		{ PATH_RESTORED, "the processes that restore has made" },
	};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (rule->paths & paths[i].path)
			strbuf_printf(out, "%s%s", n++ == 0 ? "Judges also " : " and ",
				      paths[i].words);
	if (n > 0)
		strbuf_puts(out, ".\n");
	if (rule->paths & RULE_ALWAYS)
		strbuf_puts(out, "It holds under \\fBobserve\\fR, too.\n");
}

static void put_rules(struct strbuf *out)
{
	for (const struct rule *rule = policy_rules; rule->id; rule++) {
		strbuf_printf(out, ".TP\n\\fB%s\\fR\n", rule->id);
		put_roff(rule->why, out);
		strbuf_putc(out, '\n');
		put_paths(rule, out);
	}
}

/* `text` with other lines between BEGIN and END of `name`. */
static char *with_block(const char *text, const char *name, const char *block)
{
	const char *begin = strstr(text, arena_printf(&arena, ".\\\" BEGIN %s: ", name));
	const char *end = strstr(text, arena_printf(&arena, ".\\\" END %s\n", name));

	if (!begin || !end || end < begin)
		fail_msg("the manual lacks the lines BEGIN and END of %s", name);
	begin = strchr(begin, '\n') + 1;
	return arena_printf(&arena, "%s%s%s", arena_strndup(&arena, text, (size_t)(begin - text)),
			    block, end);
}

static char *manual_text(const char *old)
{
	autostrbuf keys = { 0 }, rules = { 0 };

	put_keys(&policy_fields, "", &keys);
	put_rules(&rules);
	old = with_block(old, "keys", strbuf_text(&keys));
	old = with_block(old, "rules", strbuf_text(&rules));
	return with_block(old, "built-in", arena_printf(&arena, ".nf\n%s.fi\n", file_text(NULL)));
}

/* --- files --- */

static void compare(const char *directory, const char *name, char *(*write)(const char *old))
{
	const char *source = getenv("DISTRO_SHIM_SOURCE");
	autoclose int dir = open(arena_printf(&arena, "%s/%s", source ? source : ".", directory),
				 O_PATH | O_DIRECTORY | O_CLOEXEC);
	autofree char *old = NULL;
	const char *text;
	struct err e;

	if (read_file_at(dir, name, JSON_MAX_BYTES, &old, NULL, &e) < 0)
		fail_msg("%s/%s: %s", directory, name, e.text);
	text = write(old);
	if (getenv("UPDATE_GOLDEN")) {
		if (replace_file_at(dir, name, 0644, text, strlen(text), &e) < 0)
			fail_msg("%s/%s: %s", directory, name, e.text);
	} else if (!str_eq(old, text)) {
		fail_msg("%s/%s is not what the rows say; run `make policy-docs`", directory, name);
	}
	arena_release(&arena);
}

static void the_schema_is_what_the_rows_say(void **state)
{
	(void)state;
	compare("config-schema", "policy.json", schema_text);
}

static void the_example_is_what_the_rows_say(void **state)
{
	(void)state;
	compare("contrib", "policy.json", file_text);
}

static void the_manual_is_what_the_rows_say(void **state)
{
	(void)state;
	compare("man", "distro-shim-policy.5", manual_text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_schema_is_what_the_rows_say),
		cmocka_unit_test(the_example_is_what_the_rows_say),
		cmocka_unit_test(the_manual_is_what_the_rows_say),
	};

	return cmocka_run_group_tests_name("policy_docs", tests, NULL, NULL);
}
