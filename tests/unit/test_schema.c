/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema in config-schema/config.json and the tables of fields say the same, in both directions; and
 * together with spec_unsupported[] they cover every property of the specification's own schema, where that
 * is at hand. Needs no root.
 */
#include "base/arena.h"
#include "base/auto.h"
#include "os/io.h"
#include "spec/spec.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* cmocka's; ours makes errors */

#define STOP(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

/* ---- schemas, with the files that they refer to */

#define FILES_MAX 8
struct schemas {
	struct arena *arena;
	const char *directory;
	size_t n;
	struct {
		const char *name;
		const struct json_value *root;
	} files[FILES_MAX];
	size_t compared; /* properties */
};

/* A node, and the file that its "#/..." refers to. */
struct node {
	const struct json_value *value;
	const struct json_value *root;
};

static const struct json_value *schema_file(struct schemas *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (str_eq(s->files[i].name, name))
			return s->files[i].root;
	struct err e = { 0 };
	autofree char *text = NULL;
	size_t length = 0;
	struct json_value *root = NULL;
	const char *path = arena_printf(s->arena, "%s/%s", s->directory, name);
	if (read_file_at(AT_FDCWD, path, JSON_MAX_BYTES, &text, &length, &e) < 0)
		STOP("%s\n", e.text);
	const struct json_source source = { .name = path, .text = text, .length = length };
	if (json_parse(&source, s->arena, &root, &e) < 0)
		STOP("%s\n", e.text);
	assert_true(s->n < FILES_MAX);
	s->files[s->n].name = name;
	s->files[s->n++].root = root;
	return root;
}

/* "defs.json#/definitions/Mount" or "#/$defs/mount" */
static struct node follow(struct schemas *s, struct node from, const char *reference)
{
	size_t length = strcspn(reference, "#");
	struct node to = { .root = from.root };
	if (length > 0)
		to.root = schema_file(s, arena_strndup(s->arena, reference, length));
	to.value = to.root;
	const char *step = reference + length + strspn(reference + length, "#");
	while (*step == '/') {
		size_t size = strcspn(++step, "/");
		to.value = json_get(to.value, arena_strndup(s->arena, step, size));
		step += size;
	}
	if (!to.value)
		STOP("%s leads nowhere\n", reference);
	return to;
}

static struct node resolve(struct schemas *s, struct node node)
{
	const struct json_value *reference = json_get(node.value, "$ref");
	return reference ? resolve(s, follow(s, node, reference->text)) : node;
}

static struct node child(struct schemas *s, struct node node, const char *key)
{
	const struct json_value *value = json_get(node.value, key);
	return value ? resolve(s, (struct node){ value, node.root }) : (struct node){ NULL, NULL };
}

/* A property, also one that a part of "allOf" brings in. */
static struct node property(struct schemas *s, struct node node, const char *name)
{
	struct node found = child(s, child(s, node, "properties"), name);
	const struct json_value *parts = json_get(node.value, "allOf");
	for (const struct json_value *part = parts ? parts->first : NULL; part && !found.value;
	     part = part->next)
		found = property(s, resolve(s, (struct node){ part, node.root }), name);
	return found;
}

/* What the values of a map, or the elements of a list, look like. */
static struct node elements(struct schemas *s, struct node node, bool map)
{
	struct node inner = child(s, node, map ? "additionalProperties" : "items");
	if (!inner.value && map) {
		struct node patterns = child(s, node, "patternProperties");
		if (patterns.value && patterns.value->first)
			inner = resolve(s, (struct node){ patterns.value->first, patterns.root });
	}
	const struct json_value *any = json_get(inner.value, "anyOf");
	return any && any->count == 1 ? resolve(s, (struct node){ any->first, inner.root }) : inner;
}

/* ---- comparing */

typedef void compare_function(struct schemas *s, const struct fields *fields, struct node schema,
			      const char *path);

static const char *below(struct schemas *s, const char *path, const char *name)
{
	return *path ? arena_printf(s->arena, "%s.%s", path, name) : name;
}

static const struct field *find_field(const struct fields *fields, const char *name)
{
	for (size_t i = 0; i < fields->count; i++)
		if (str_eq(fields->rows[i].name, name))
			return &fields->rows[i];
	return NULL;
}

static void expect_type(struct node node, const char *type, const char *path)
{
	const struct json_value *given = json_get(node.value, "type");
	if (!given || !str_eq(given->text, type))
		STOP("%s: the schema says %s, the table %s\n", path,
		     given ? given->text : "nothing", type);
}

static const char *type_of_kind(enum field_kind kind)
{
	switch (kind) {
	case FIELD_STRING:
	case FIELD_ENUM:
		return "string";
	case FIELD_BOOL:
	case FIELD_OPT_BOOL:
		return "boolean";
	case FIELD_I32:
	case FIELD_U32:
	case FIELD_I64:
	case FIELD_U64:
	case FIELD_OPT_I32:
	case FIELD_OPT_U16:
	case FIELD_OPT_U32:
	case FIELD_OPT_I64:
	case FIELD_OPT_U64:
	case FIELD_ID:
		return "integer";
	case FIELD_STRLIST:
	case FIELD_U32LIST:
	case FIELD_IDLIST:
	case FIELD_ENUMLIST:
	case FIELD_LIST:
		return "array";
	case FIELD_STRMAP:
	case FIELD_OBJECT:
	case FIELD_MAP:
		return "object";
	case FIELD_RAW:
	case FIELD_STRING_OR_STRLIST:
	case FIELD_STRING_OR_OBJECT:
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
	STOP("no table of the configuration has a field of kind %d\n", kind);
	return NULL;
}

static bool has_element(const struct json_value *array, const char *text)
{
	for (const struct json_value *v = array ? array->first : NULL; v; v = v->next)
		if (v->kind == JSON_STRING && str_eq(v->text, text))
			return true;
	return false;
}

/* The table's names, and an empty text where that counts as absent. */
static void expect_names(struct node node, const struct name_row *names, const char *path)
{
	const struct json_value *given = json_get(node.value, "enum");
	int64_t value;
	for (const struct name_row *row = names; row->name; row++)
		if (!has_element(given, row->name))
			STOP("%s: the schema does not have %s\n", path, row->name);
	for (const struct json_value *v = given->first; v; v = v->next)
		if (*v->text && !name_to_value(names, v->text, &value))
			STOP("%s: the table does not have %s\n", path, v->text);
}

/* Numbers whose range the field decides; what the checks narrow further is narrower here as well. */
static void expect_range(struct node node, const char *path, const char *least, const char *most)
{
	const struct json_value *minimum = json_get(node.value, "minimum");
	const struct json_value *maximum = json_get(node.value, "maximum");
	int64_t low = 0, least_low = 0;
	uint64_t high = 0, most_high = 0;
	if (!minimum || !maximum || !parse_i64(minimum->text, &low) ||
	    !parse_u64(maximum->text, &high))
		STOP("%s: has no range\n", path);
	assert_true(parse_i64(least, &least_low) && parse_u64(most, &most_high));
	if (low < least_low || high > most_high)
		STOP("%s: the range is beyond the field's\n", path);
}

static void expect_number(const struct field *field, struct node node, const char *path)
{
	static const char *const ranges[][2] = {
		[FIELD_I32] = { "-2147483648", "2147483647" },
		[FIELD_OPT_I32] = { "-2147483648", "2147483647" },
		[FIELD_I64] = { "-9223372036854775808", "9223372036854775807" },
		[FIELD_OPT_I64] = { "-9223372036854775808", "9223372036854775807" },
		[FIELD_U32] = { "0", "4294967295" },
		[FIELD_OPT_U32] = { "0", "4294967295" },
		[FIELD_OPT_U16] = { "0", "65535" },
		[FIELD_U64] = { "0", "18446744073709551615" },
		[FIELD_OPT_U64] = { "0", "18446744073709551615" },
		[FIELD_ID] = { "0", "4294967294" },
		[FIELD_IDLIST] = { "0", "4294967294" },
	};
	expect_range(node, path, ranges[field->kind][0], ranges[field->kind][1]);
}

/* A row and a property of the same name: same type, same values, and what is inside. */
static void compare_property(struct schemas *s, const struct field *field, struct node node,
			     const char *path, compare_function *compare)
{
	bool map = field->kind == FIELD_MAP || field->kind == FIELD_STRMAP;
	const char *type = type_of_kind(field->kind);
	expect_type(node, type, path);
	s->compared++;
	if (str_eq(type, "array") || map) {
		node = elements(s, node, map);
		if (!node.value)
			STOP("%s: the schema does not say what is inside\n", path);
		path = arena_printf(s->arena, "%s%s", path, map ? ".*" : "[]");
	}
	if (field->kind == FIELD_STRLIST || field->kind == FIELD_STRMAP)
		expect_type(node, "string", path);
	if (field->kind == FIELD_IDLIST)
		expect_type(node, "integer", path);
	if (field_names(field))
		expect_names(node, field_names(field), path);
	if (field_sub(field))
		compare(s, field_sub(field), node, path);
}

/* ---- the project's own schema */

/* What no table demands, because validate.c reports it together with everything else. */
static const char *const required_by_checks[] = {
	"root",
	"process.args",
	"linux.memoryPolicy.mode",
	"linux.personality.domain",
	"linux.resources.blockIO.throttleReadBpsDevice[].rate",
	"linux.resources.blockIO.throttleWriteBpsDevice[].rate",
	"linux.resources.blockIO.throttleReadIOPSDevice[].rate",
	"linux.resources.blockIO.throttleWriteIOPSDevice[].rate",
};

/* Texts that a check compares with a table of names. */
static const struct checked_names {
	const char *path;
	const struct name_row *names;
} checked_names[] = {
	{ "process.rlimits[].type", spec_rlimit_names },
	{ "linux.rootfsPropagation", spec_propagation_names },
	{ "linux.memoryPolicy.mode", spec_memory_policy_mode_names },
	{ "linux.memoryPolicy.flags", spec_memory_policy_flag_names },
	{ "linux.seccomp.architectures", spec_seccomp_arch_names },
	{ "linux.seccomp.flags", spec_seccomp_flag_names },
	{ "linux.personality.domain", spec_personality_names },
};

static void expect_required(struct schemas *s, const struct field *field, struct node schema,
			    const char *path)
{
	const char *name = below(s, path, field->name);
	bool in_schema = has_element(json_get(schema.value, "required"), field->name);
	bool in_table = (field->flags & FIELD_REQUIRED) != 0;
	for (size_t i = 0; i < ARRAY_SIZE(required_by_checks); i++)
		in_table = in_table || str_eq(required_by_checks[i], name);
	if (in_schema != in_table)
		STOP("%s: required in the %s only\n", name, in_table ? "table" : "schema");
}

static void compare_own(struct schemas *s, const struct fields *fields, struct node schema,
			const char *path)
{
	const struct json_value *properties = json_get(schema.value, "properties");
	expect_type(schema, "object", path);
	/* config.md "Extensibility": unknown properties are ignored */
	if (json_get(schema.value, "additionalProperties"))
		STOP("%s: the schema must allow other properties\n", path);
	for (const struct json_value *v = properties ? properties->first : NULL; v; v = v->next)
		if (!find_field(fields, v->key))
			STOP("%s: is in the schema and in no table\n", below(s, path, v->key));
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->rows[i];
		const char *name = below(s, path, field->name);
		struct node node = property(s, schema, field->name);
		if (!node.value)
			STOP("%s: is in a table and not in the schema\n", name);
		expect_required(s, field, schema, path);
		compare_property(s, field, node, name, compare_own);
		if (str_eq(type_of_kind(field->kind), "integer"))
			expect_number(field, node, name);
		for (size_t j = 0; j < ARRAY_SIZE(checked_names); j++)
			if (str_eq(checked_names[j].path, name))
				expect_names(field->kind == FIELD_STRLIST ? elements(s, node, false)
									  : node,
					     checked_names[j].names, name);
	}
}

static struct schemas open_own(struct arena *arena)
{
	const char *source = getenv("DISTRO_SHIM_SOURCE");
	return (struct schemas){
		.arena = arena,
		.directory = arena_printf(arena, "%s/config-schema", source ? source : "."),
	};
}

static void schema_and_tables_have_the_same_properties(void **state)
{
	(void)state;
	autoarena arena = { 0 };
	struct schemas s = open_own(&arena);
	const struct json_value *root = schema_file(&s, "config.json");
	compare_own(&s, &spec_fields, (struct node){ root, root }, "");
	print_message("%zu properties\n", s.compared);
	assert_true(s.compared > 150);
}

static void schema_has_parts_for_exec_and_update(void **state)
{
	(void)state;
	autoarena arena = { 0 };
	struct schemas s = open_own(&arena);
	const struct json_value *root = schema_file(&s, "config.json");
	const struct node top = { root, root };
	compare_own(&s, &spec_process_fields, follow(&s, top, "#/$defs/process"), "process");
	compare_own(&s, &spec_resources_fields, follow(&s, top, "#/$defs/resources"),
		    "linux.resources");
}

/* ---- the specification's schema */

static bool is_unsupported(const char *path)
{
	for (const struct spec_unsupported_property *row = spec_unsupported; row->name; row++)
		if (str_eq(row->name, path))
			return !str_empty(row->reason);
	return false;
}

static void expect_all_known(struct schemas *s, const struct fields *fields, struct node schema,
			     const char *path)
{
	const struct json_value *properties = json_get(schema.value, "properties");
	const struct json_value *parts = json_get(schema.value, "allOf");
	for (const struct json_value *v = properties ? properties->first : NULL; v; v = v->next) {
		const char *name = below(s, path, v->key);
		bool known = find_field(fields, v->key) != NULL;
		if (!known && !is_unsupported(name))
			STOP("%s: is in the specification, in no table and not in "
			     "spec_unsupported\n",
			     name);
		if (known && is_unsupported(name))
			STOP("%s: is in a table and in spec_unsupported\n", name);
	}
	for (const struct json_value *v = parts ? parts->first : NULL; v; v = v->next)
		expect_all_known(s, fields, resolve(s, (struct node){ v, schema.root }), path);
}

static void compare_specification(struct schemas *s, const struct fields *fields,
				  struct node schema, const char *path)
{
	expect_all_known(s, fields, schema, path);
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->rows[i];
		const char *name = below(s, path, field->name);
		struct node node = property(s, schema, field->name);
		if (!node.value)
			STOP("%s: is in a table and not in the specification\n", name);
		compare_property(s, field, node, name, compare_specification);
	}
}

/* Of an entry like "process.user.username". */
static bool specification_has(struct schemas *s, struct node schema, const char *path)
{
	while (schema.value && *path) {
		size_t length = strcspn(path, ".");
		const char *name = arena_strndup(s->arena, path, length);
		const struct json_value *properties = json_get(schema.value, "properties");
		const struct json_value *value = json_get(properties, name);
		path += length + (path[length] == '.');
		if (value && !*path)
			return true;
		schema = property(s, schema, name);
	}
	return false;
}

static void specification_is_covered(void **state)
{
	(void)state;
	autoarena arena = { 0 };
	const char *source = getenv("DISTRO_SHIM_SOURCE");
	const char *shared = getenv("DISTRO_SHIM_SHARED");
	struct schemas s = { .arena = &arena };
	s.directory = shared ? arena_printf(&arena, "%s/oci", shared)
			     : arena_printf(&arena, "%s/../shared/oci", source ? source : ".");
	if (access(s.directory, R_OK) < 0) {
		print_message("the specification's schemas are not here\n");
		arena_release(&arena); /* skip() does not come back */
		skip();
	}
	const struct json_value *root = schema_file(&s, "config-schema.json");
	const struct node top = { root, root };
	compare_specification(&s, &spec_fields, top, "");
	for (const struct spec_unsupported_property *row = spec_unsupported; row->name; row++)
		if (!specification_has(&s, top, row->name))
			STOP("%s: is in spec_unsupported and not in the specification\n",
			     row->name);
	print_message("%zu properties\n", s.compared);
	assert_true(s.compared > 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schema_and_tables_have_the_same_properties),
		cmocka_unit_test(schema_has_parts_for_exec_and_update),
		cmocka_unit_test(specification_is_covered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
