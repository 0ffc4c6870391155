/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strict JSON parser: its limits, and what comes out.
 */
#include "json_text.h"

#include "base/auto.h"
#include "base/json.h"
#include "base/str.h"

#include <stdint.h>
#include <time.h>

/* ---- limits */

static int parse_buffer(const struct strbuf *b, struct err *e)
{
	autoarena arena = { 0 };
	struct json_value *v;

	return parse(b->text, b->length, &arena, &v, e);
}

static void nesting_ends_at_64_levels(void **state)
{
	autostrbuf arrays = { 0 };
	autostrbuf objects = { 0 };
	autostrbuf deep = { 0 };
	struct err e;

	(void)state;
	repeat(&arrays, "[", 64);
	repeat(&arrays, "]", 64);
	assert_int_equal(parse_buffer(&arrays, &e), 0);
	repeat(&objects, "{\"a\":", 63);
	strbuf_puts(&objects, "[1]");
	repeat(&objects, "}", 63);
	assert_int_equal(parse_buffer(&objects, &e), 0);

	arrays.length = 0;
	repeat(&arrays, "[", 65);
	repeat(&arrays, "]", 65);
	assert_int_equal(parse_buffer(&arrays, &e), -1);
	assert_string_equal(e.text, "c.json:1:65: nested deeper than 64 levels");
	objects.length = 0;
	repeat(&objects, "{\"a\":", 64);
	strbuf_puts(&objects, "[1]");
	assert_int_equal(parse_buffer(&objects, &e), -1);
	assert_string_equal(e.text, "c.json:1:321: nested deeper than 64 levels");

	repeat(&deep, "[", 4 << 20);
	assert_int_equal(parse_buffer(&deep, &e), -1);
	assert_string_equal(e.text, "c.json:1:65: nested deeper than 64 levels");
}

static void values_end_at_100000(void **state)
{
	autostrbuf b = { 0 };
	struct err e;

	(void)state;
	strbuf_puts(&b, "[0");
	repeat(&b, ",0", JSON_MAX_NODES - 2);
	strbuf_puts(&b, "]");
	assert_int_equal(parse_buffer(&b, &e), 0);
	b.length--;
	strbuf_puts(&b, ",0]");
	assert_int_equal(parse_buffer(&b, &e), -1);
	assert_string_equal(e.text, "c.json:1:200000: more than 100000 values");
}

static void bytes_end_at_4_mib(void **state)
{
	autostrbuf b = { 0 };
	struct err e;

	(void)state;
	strbuf_puts(&b, "{}");
	while (b.length < JSON_MAX_BYTES)
		strbuf_putc(&b, ' ');
	assert_int_equal(parse_buffer(&b, &e), 0);
	strbuf_putc(&b, ' ');
	assert_int_equal(parse_buffer(&b, &e), -1);
	assert_string_equal(e.text, "c.json:1:1: more than 4194304 bytes");
}

static double seconds_of_work(const struct strbuf *b, bool compare)
{
	double best = 1e9;

	for (int i = 0; i < 3; i++) {
		autoarena arena = { 0 };
		struct json_value *v;
		struct timespec from, to;
		struct err e;

		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
		if (parse(b->text, b->length, &arena, &v, &e) < 0)
			STOP("%s", e.text);
		if (compare && !json_equal(v, v))
			STOP("a tree is not equal to itself");
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
		double seconds = (double)(to.tv_sec - from.tv_sec) +
				 (double)(to.tv_nsec - from.tv_nsec) / 1e9;
		best = seconds < best ? seconds : best;
	}
	return best;
}

/* Comparing 50000 keys in pairs takes some thousand times as long as reading them. */
static void a_large_object_costs_little_more_than_a_large_array(void **state)
{
	autostrbuf object = { 0 };
	autostrbuf array = { 0 };

	(void)state;
	strbuf_putc(&object, '{');
	strbuf_putc(&array, '[');
	for (unsigned i = 0; i < 50000; i++) {
		/* neither sorted nor in the opposite order */
		unsigned mixed = i * 7919u % 50000u;
		strbuf_printf(&object, "%s\"the same beginning %05u\":1", i ? "," : "", mixed);
		strbuf_printf(&array, "%s\"the same beginning %05u  \"", i ? "," : "", mixed);
	}
	strbuf_putc(&object, '}');
	strbuf_putc(&array, ']');
	double object_time = seconds_of_work(&object, true);
	double array_time = seconds_of_work(&array, true);
	if (object_time > 40 * array_time)
		STOP("object %.3f s, array %.3f s", object_time, array_time);
}

/* ---- what comes out */

static void the_tree_has_what_the_text_has(void **state)
{
	autoarena arena = { 0 };
	const struct json_value *v = parse_good(
		&arena, "{\"s\": \"a\\n\\/\\\"\", \"n\": -1.50, \"t\": true, \"f\": false,"
			" \"0\": null, \"a\": [1, \"\", []], \"o\": {}}");

	(void)state;
	assert_int_equal(v->kind, JSON_OBJECT);
	assert_int_equal(v->count, 7);
	assert_string_equal(json_get(v, "s")->text, "a\n/\"");
	assert_string_equal(json_get(v, "n")->text, "-1.50");
	assert_true(json_get(v, "t")->boolean);
	assert_int_equal(json_get(v, "t")->kind, JSON_BOOL);
	assert_false(json_get(v, "f")->boolean);
	assert_int_equal(json_get(v, "f")->kind, JSON_BOOL);
	assert_int_equal(json_get(v, "0")->kind, JSON_NULL);
	assert_int_equal(json_get(v, "o")->kind, JSON_OBJECT);
	assert_int_equal(json_get(v, "o")->count, 0);

	const struct json_value *array = json_get(v, "a");
	assert_int_equal(array->count, 3);
	assert_null(array->first->key);
	assert_string_equal(array->first->text, "1");
	assert_string_equal(array->first->next->text, "");
	assert_int_equal(array->first->next->next->kind, JSON_ARRAY);
	assert_null(array->first->next->next->next);
	assert_null(json_get(v, "none"));
	assert_null(json_get(array, "s"));
	assert_null(json_get(NULL, "s"));
}

static void assert_at(const struct json_value *v, const char *text, const char *at)
{
	if (!v || strncmp(text + v->offset, at, strlen(at)) != 0)
		STOP("not at %s but at %s", at, v ? text + v->offset : "(nil)");
}

static void every_value_knows_where_it_begins(void **state)
{
	static const char text[] =
		"\n{ \"s\" :\t\"x\\u0041\" , \"n\":-1.5e3,\"t\":true ,\n"
		"\"f\": false, \"z\":null, \"o\" : {\"in\" : [ 12 ,[ ] ,{} , \"e\"]"
		" }, \"last\" :7\n}";
	autoarena arena = { 0 };
	const struct json_value *v = parse_good(&arena, text);
	const struct json_value *in = json_get(json_get(v, "o"), "in");

	(void)state;
	assert_at(v, text, "{ \"s\"");
	assert_at(json_get(v, "s"), text, "\"x\\u0041\"");
	assert_at(json_get(v, "n"), text, "-1.5e3");
	assert_at(json_get(v, "t"), text, "true");
	assert_at(json_get(v, "f"), text, "false");
	assert_at(json_get(v, "z"), text, "null");
	assert_at(json_get(v, "o"), text, "{\"in\"");
	assert_at(in, text, "[ 12");
	assert_at(in->first, text, "12 ,");
	assert_at(in->first->next, text, "[ ]");
	assert_at(in->first->next->next, text, "{}");
	assert_at(in->first->next->next->next, text, "\"e\"");
	assert_at(json_get(v, "last"), text, "7\n}");
	for (const struct json_value *member = v->first; member; member = member->next) {
		assert_int_equal(text[member->key_offset], '"');
		assert_memory_equal(text + member->key_offset + 1, member->key,
				    strlen(member->key));
	}
	assert_int_equal(parse_good(&arena, "  42")->offset, 2);
	assert_int_equal(parse_good(&arena, "\n\"s\"")->offset, 1);
}

static void positions_count_lines_and_bytes_from_one(void **state)
{
	static const char text[] = "a\n\xc3\xa9z\n\n";
	const struct json_source source = { .name = "t", .text = text, .length = 7 };
	static const struct {
		uint32_t offset;
		unsigned line, column;
	} rows[] = { { 0, 1, 1 }, { 1, 1, 2 }, { 2, 2, 1 }, { 4, 2, 3 },
		     { 5, 2, 4 }, { 6, 3, 1 }, { 7, 4, 1 }, { 99, 4, 1 } };
	struct json_value at = { .offset = 4 };
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned line, column;
		json_position(&source, rows[i].offset, &line, &column);
		assert_int_equal(line, rows[i].line);
		assert_int_equal(column, rows[i].column);
	}
	assert_int_equal(json_fail(&source, &at, &e, "not %s", "good"), -1);
	assert_string_equal(e.text, "t:2:3: not good");
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_int_equal(json_fail_at(&source, 6, &e, "not %s", "better"), -1);
	assert_string_equal(e.text, "t:3:1: not better");
}

static bool equal_texts(const char *a, const char *b)
{
	autoarena arena = { 0 };

	return json_equal(parse_good(&arena, a), parse_good(&arena, b));
}

static void trees_are_compared_as_data(void **state)
{
	(void)state;
	assert_true(equal_texts("{\"a\": 1, \"b\": [true, null]}", "{\"b\":[true,null],\"a\":1}"));
	assert_true(equal_texts("\"\\u0041\"", "\"A\""));
	assert_false(equal_texts("[1, 2]", "[2, 1]"));
	assert_false(equal_texts("1", "1.0"));
	assert_false(equal_texts("1", "\"1\""));
	assert_false(equal_texts("true", "false"));
	assert_false(equal_texts("null", "false"));
	assert_false(equal_texts("[]", "{}"));
	assert_false(equal_texts("[1]", "[1, 1]"));
	assert_false(equal_texts("{\"a\": 1}", "{\"b\": 1}"));
	assert_false(equal_texts("{\"a\": 1, \"b\": 2}", "{\"a\": 2, \"b\": 1}"));
	assert_false(equal_texts("{\"a\": [{\"x\": 1}]}", "{\"a\": [{\"x\": 2}]}"));
	assert_true(json_equal(NULL, NULL));
	autoarena arena = { 0 };
	assert_false(json_equal(NULL, parse_good(&arena, "null")));
}

static void a_copy_outlives_its_original(void **state)
{
	static const char text[] = "{\"a\": [1, \"x\", {\"k\": false}], \"b\": null}";
	struct arena first = { 0 };
	autoarena second = { 0 };
	autoarena third = { 0 };
	const struct json_value *original = parse_good(&first, text);
	const struct json_value *copy = json_copy(&second, json_get(original, "a"));

	(void)state;
	assert_int_equal(copy->offset, 6);
	assert_string_equal(copy->key, "a");
	assert_null(copy->next);
	arena_release(&first);
	assert_true(json_equal(copy, json_get(parse_good(&third, text), "a")));
}

static void every_kind_has_a_name(void **state)
{
	static const char *const names[] = { "null",   "boolean", "number",
					     "string", "array",   "object" };

	(void)state;
	for (int kind = JSON_NULL; kind <= JSON_OBJECT; kind++)
		assert_string_equal(json_kind_name((enum json_kind)kind), names[kind]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nesting_ends_at_64_levels),
		cmocka_unit_test(values_end_at_100000),
		cmocka_unit_test(bytes_end_at_4_mib),
		cmocka_unit_test(a_large_object_costs_little_more_than_a_large_array),
		cmocka_unit_test(the_tree_has_what_the_text_has),
		cmocka_unit_test(every_value_knows_where_it_begins),
		cmocka_unit_test(positions_count_lines_and_bytes_from_one),
		cmocka_unit_test(trees_are_compared_as_data),
		cmocka_unit_test(a_copy_outlives_its_original),
		cmocka_unit_test(every_kind_has_a_name),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
