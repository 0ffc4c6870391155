/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each property of config.json has its type, and each is in the example that has everything. Needs no root.
 */
#include "spec_files.h"

#include "base/arena.h"
#include "base/auto.h"
#include "spec/spec.h"

/* ---- types */

/* Every value of the configuration that has all properties, replaced by values of all other kinds. */
struct confusion {
	struct arena *arena;
	struct json_value *root;
	size_t tried;
};

static const struct json_value wrong_values[] = {
	{ .kind = JSON_STRING, .text = "wrong" },
	{ .kind = JSON_NUMBER, .text = "7" },
	{ .kind = JSON_NUMBER, .text = "1.5" },
	{ .kind = JSON_BOOL, .boolean = true },
	{ .kind = JSON_NULL },
	{ .kind = JSON_ARRAY },
	{ .kind = JSON_OBJECT },
};

static bool is_float(const struct json_value *v)
{
	return v->kind == JSON_NUMBER && strchr(v->text, '.') != NULL;
}

static struct text write_tree(struct arena *arena, const struct json_value *root)
{
	auto_json_out out = json_out_new(false);
	const char *text = NULL;
	size_t length = 0;
	struct err e = { 0 };
	json_out_value(out, root);
	if (json_out_finish(out, &text, &length, &e) < 0)
		STOP("%s\n", e.text);
	return (struct text){ arena_strndup(arena, text, length), length };
}

/* null is absent where a property may be absent, and nowhere else. */
static void confuse_value(struct confusion *c, struct json_value *v, const char *path,
			  bool optional)
{
	const struct json_value saved = *v;
	for (size_t i = 0; i < ARRAY_SIZE(wrong_values); i++) {
		const struct json_value *wrong = &wrong_values[i];
		if (wrong->kind == saved.kind && !is_float(wrong))
			continue;
		autoarena arena = { 0 };
		struct err e = { 0 };
		struct spec *spec = NULL;
		v->kind = wrong->kind;
		v->text = wrong->text;
		v->boolean = wrong->boolean;
		v->first = NULL;
		v->count = 0;
		struct text text = write_tree(&arena, c->root);
		*v = saved;
		bool accepted = spec_decode_text(text.text, text.length, "config.json", &arena,
						 &spec, &e) == 0;
		bool acceptable = wrong->kind == JSON_NULL && optional;
		const char *named = arena_printf(&arena, ": %s: ", path);
		if (accepted != acceptable)
			STOP("%s: value %zu is %s\n", path, i, accepted ? "accepted" : e.text);
		if (!accepted && !strstr(e.text, named))
			STOP("%s: the error does not name it: %s\n", path, e.text);
		c->tried++;
	}
}

static void confuse_object(struct confusion *c, const struct fields *fields, struct json_value *v,
			   const char *path);

static void confuse_elements(struct confusion *c, const struct field *field, struct json_value *v,
			     const char *path)
{
	size_t i = 0;
	for (struct json_value *child = v->first; child; child = child->next, i++) {
		const char *name = child->key
					   ? arena_printf(c->arena, "%s.\"%s\"", path, child->key)
					   : arena_printf(c->arena, "%s[%zu]", path, i);
		confuse_value(c, child, name, false);
		if (field_sub(field))
			confuse_object(c, field_sub(field), child, name);
	}
}

static void confuse_object(struct confusion *c, const struct fields *fields, struct json_value *v,
			   const char *path)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->rows[i];
		const char *name =
			*path ? arena_printf(c->arena, "%s.%s", path, field->name) : field->name;
		struct json_value *member = json_get(v, field->name);
		if (!member)
			continue;
		confuse_value(c, member, name, !(field->flags & FIELD_REQUIRED));
		if (field->kind == FIELD_OBJECT)
			confuse_object(c, field_sub(field), member, name);
		else
			confuse_elements(c, field, member, name);
	}
}

static void check_confusion(struct arena *arena, const char *path)
{
	struct confusion c = { .arena = arena, .root = parse(arena, read_text(arena, path)) };
	confuse_object(&c, &spec_fields, c.root, "");
	print_message("%zu wrong types\n", c.tried);
	assert_true(c.tried > 1500);
}

static void every_wrong_type_is_refused_by_its_path(void **state)
{
	(void)state;
	assert_int_equal(for_each_own("good/full.json", check_confusion), 1);
}

/* ---- the table and the example that has everything */

/* Every row has to be in at least one of the objects that the table describes. */
static void check_covered(const struct fields *fields, const struct json_value *const *objects,
			  size_t n, const char *path, struct arena *arena)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->rows[i];
		const char *name = arena_printf(arena, "%s.%s", path, field->name);
		const struct json_value *inner[64];
		size_t inner_n = 0;
		bool found = false;
		for (size_t j = 0; j < n; j++) {
			const struct json_value *member = json_get(objects[j], field->name);
			found = found || member;
			if (!member || !field_sub(field))
				continue;
			if (field->kind == FIELD_OBJECT)
				inner[inner_n++] = member;
			else
				for (const struct json_value *v = member->first;
				     v && inner_n < ARRAY_SIZE(inner); v = v->next)
					inner[inner_n++] = v;
		}
		if (!found)
			STOP("%s is not in good/full.json\n", name);
		if (field_sub(field))
			check_covered(field_sub(field), inner, inner_n, name, arena);
	}
}

static void check_full(struct arena *arena, const char *path)
{
	const struct json_value *root = parse(arena, read_text(arena, path));
	check_covered(&spec_fields, &root, 1, "", arena);
}

static void full_example_has_every_property(void **state)
{
	(void)state;
	assert_int_equal(for_each_own("good/full.json", check_full), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_wrong_type_is_refused_by_its_path),
		cmocka_unit_test(full_example_has_every_property),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
