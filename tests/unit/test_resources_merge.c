/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an `update` asks for holds afterwards, whichever property of linux.resources it is: the properties come from
 * the rows that decode them, so a new one that plan/resources_merge.c does not know fails here. Needs no root.
 */
#include "base/auto.h"
#include "plan/resources.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

/* A property and the objects around it. */
struct property {
	const struct field *row;
	const struct fields *of;       /* the rows of its object */
	const struct property *around; /* NULL: it is in linux.resources itself */
	struct arena *arena;
};

/* --- a value of each kind; another seed makes another value --- */

static void put_value(const struct field *row, unsigned seed, struct strbuf *out);

static void put_member(const struct field *row, unsigned seed, struct strbuf *out)
{
	strbuf_printf(out, "\"%s\":", row->name);
	put_value(row, seed, out);
}

static void put_object(const struct fields *fields, unsigned seed, struct strbuf *out)
{
	strbuf_putc(out, '{');
	for (size_t i = 0; i < fields->count; i++) {
		if (i > 0)
			strbuf_putc(out, ',');
		put_member(&fields->rows[i], seed, out);
	}
	strbuf_putc(out, '}');
}

static void put_value(const struct field *row, unsigned seed, struct strbuf *out)
{
	switch ((int)row->kind) {
	case FIELD_STRING:
		strbuf_printf(out, "\"text%u\"", seed);
		break;
	case FIELD_BOOL:
	case FIELD_OPT_BOOL:
		strbuf_puts(out, seed % 2 ? "true" : "false");
		break;
	case FIELD_U32:
	case FIELD_I64:
	case FIELD_U64:
	case FIELD_OPT_U16:
	case FIELD_OPT_U32:
	case FIELD_OPT_I64:
	case FIELD_OPT_U64:
		strbuf_printf(out, "%u", seed);
		break;
	case FIELD_LIST:
		strbuf_putc(out, '[');
		put_object(row->sub, seed, out);
		strbuf_putc(out, ']');
		break;
	case FIELD_MAP:
		strbuf_printf(out, "{\"key%u\":", seed);
		put_object(row->sub, seed, out);
		strbuf_putc(out, '}');
		break;
	case FIELD_STRMAP:
		strbuf_printf(out, "{\"key%u\":\"text\"}", seed);
		break;
	default:
		fail_msg("%s: this test knows no value of kind %d", row->name, row->kind);
	}
}

/* The file of `update --resources` that has this property, and what must be beside it. */
static const char *file_with(const struct property *property, unsigned seed)
{
	autostrbuf text = { 0 };

	put_member(property->row, seed, &text);
	for (const struct property *p = property; p; p = p->around) {
		autostrbuf inner = text;

		text = (struct strbuf){ 0 };
		strbuf_printf(&text, p->around ? "\"%s\":{%s" : "%s{%s",
			      p->around ? p->around->row->name : "", strbuf_text(&inner));
		for (size_t i = 0; i < p->of->count; i++)
			if (p->of->rows[i].flags & FIELD_REQUIRED && &p->of->rows[i] != p->row) {
				strbuf_putc(&text, ',');
				put_member(&p->of->rows[i], seed, &text);
			}
		strbuf_putc(&text, '}');
	}
	return arena_strdup(property->arena, strbuf_text(&text));
}

/* --- what holds after an update --- */

static struct spec_resources *resources(const char *text, struct arena *arena)
{
	struct spec_resources *r = arena_new(arena, struct spec_resources);
	struct err e;

	if (fields_decode_text(&spec_resources_fields, "resources", text, strlen(text), arena, r,
			       &e) < 0)
		fail_msg("%s: %s", text, e.text);
	return r;
}

static const char *merged(const char *now, const char *asked, struct arena *arena)
{
	struct spec_resources to;
	char *text = NULL;
	struct err e;

	plan_resources_merge(now ? resources(now, arena) : NULL, resources(asked, arena), arena,
			     &to);
	if (fields_encode_text(&spec_resources_fields, &to, false, arena, &text, NULL, &e) < 0)
		fail_msg("%s", e.text);
	return text;
}

static void assert_holds(const struct property *property)
{
	const char *now = file_with(property, 1), *asked = file_with(property, 2);
	const char *result = merged(now, asked, property->arena);
	autostrbuf value = { 0 };

	assert_string_equal(merged(NULL, asked, property->arena), asked);
	assert_string_equal(merged(now, "{}", property->arena), now);
	switch ((int)property->row->kind) {
	case FIELD_LIST:
	case FIELD_MAP:
	case FIELD_STRMAP:
		/* An element about something else is added: both are there, without their brackets. */
		for (unsigned seed = 1; seed <= 2; seed++) {
			autostrbuf list = { 0 };

			put_value(property->row, seed, &list);
			if (!strstr(result, arena_strndup(property->arena, strbuf_text(&list) + 1,
							  list.length - 2)))
				fail_msg("%s: an update loses %s of %s", property->row->name,
					 strbuf_text(&list), result);
		}
		break;
	default:
		assert_string_equal(result, asked);
	}
}

static size_t assert_all_hold(const struct fields *fields, const struct property *around,
			      struct arena *arena)
{
	size_t count = 0;

	for (size_t i = 0; i < fields->count; i++) {
		const struct property property = {
			.row = &fields->rows[i],
			.of = fields,
			.around = around,
			.arena = arena,
		};

		if (property.row->kind == FIELD_OBJECT) {
			count += assert_all_hold(property.row->sub, &property, arena);
		} else if (!str_eq(property.row->name, "devices")) {
			assert_holds(&property);
			count++;
		}
	}
	return count;
}

static void each_property_that_an_update_asks_for_holds_afterwards(void **state)
{
	autoarena arena = { 0 };

	(void)state;
	/* of memory, cpu, pids, blockIO and network, and the three lists beside them */
	assert_true(assert_all_hold(&spec_resources_fields, NULL, &arena) >= 30);
}

static void devices_stay_as_they_were_made(void **state)
{
	static const char now[] = "{\"devices\":[{\"allow\":false}]}";
	autoarena arena = { 0 };

	(void)state;
	assert_string_equal(merged(now, "{\"devices\":[{\"allow\":true}]}", &arena), now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_property_that_an_update_asks_for_holds_afterwards),
		cmocka_unit_test(devices_stay_as_they_were_made),
	};

	return cmocka_run_group_tests_name("resources_merge", tests, NULL, NULL);
}
