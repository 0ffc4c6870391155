/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for all keys of the policy file, whatever keys there are: each has a default that passes its own check and
 * a sentence, and a policy in force has every key. An absent one would be taken for the looser answer.
 */
#include "base/auto.h"
#include "base/fields_check.h"
#include "base/fields_inherit.h"
#include "os/io.h"
#include "policy/policy.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

#define ROUNDS 2000

static char *encoded(const struct policy *policy, struct arena *arena)
{
	struct err e;
	char *text;

	if (fields_encode_text(&policy_fields, policy, false, arena, &text, NULL, &e) < 0)
		fail_msg("%s", e.text);
	return text;
}

static void expect_every_key(const struct fields *fields, const void *object, const char *name)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *row = &fields->rows[i];

		/* of lists of objects there is no default */
		if (row->kind == FIELD_LIST || row->kind == FIELD_MAP)
			continue;
		if (field_is_absent(row, object))
			fail_msg("%s: the policy in force lacks %s of %s", name, row->name,
				 fields->name);
		if (row->kind == FIELD_OBJECT)
			expect_every_key(field_sub(row),
					 *(void *const *)((const char *)object + row->offset),
					 name);
	}
}

/* --- rows --- */

/* `element`: of a list, where what is left out is inherited. */
static void expect_whole_rows(const struct fields *fields, bool element)
{
	assert_true(fields->flags & FIELDS_CLOSED);
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *row = &fields->rows[i];
		const struct fields *group = field_sub(row);

		if (!field_key(row)->doc ||
		    field_key(row)->doc[strlen(field_key(row)->doc) - 1] != '.')
			fail_msg("%s of %s: not a sentence: %s", row->name, fields->name,
				 field_key(row)->doc ? field_key(row)->doc : "nothing");
		/* a list of objects, and what can be a word, may have one */
		if (!element && row->kind != FIELD_LIST && row->kind != FIELD_STRING_OR_OBJECT &&
		    !field_key(row)->preset != (group != NULL))
			fail_msg("%s of %s: a default, or none", row->name, fields->name);
		if (group)
			expect_whole_rows(group, element || row->kind != FIELD_OBJECT);
	}
}

static void every_key_has_a_default_and_a_sentence(void **state)
{
	autoarena arena = { 0 };
	struct policy *defaults = policy_default(&arena, NULL), *again;
	const char *text = encoded(defaults, &arena);
	struct err e;

	(void)state;
	expect_whole_rows(&policy_fields, false);
	expect_every_key(&policy_fields, defaults, "the default");
	/* through the checks */
	if (policy_read(text, strlen(text), "default", &arena, &again, &e) < 0)
		fail_msg("%s", e.text);
	assert_string_equal(encoded(again, &arena), text);
}

/* --- files --- */

static size_t files_seen;

static int visit(const char *path, const struct stat *status, int type, struct FTW *at)
{
	autoarena arena = { 0 };
	autofree char *text = NULL;
	struct policy *policy;
	size_t length;
	struct err e;

	(void)status;
	if (type != FTW_F ||
	    (!str_eq(path + at->base, "policy.json") && !strstr(path, "/corpus/policy/")))
		return 0;
	if (read_file_at(AT_FDCWD, path, JSON_MAX_BYTES, &text, &length, &e) < 0)
		fail_msg("%s", e.text);
	/* the corpus may have such as are refused */
	if (policy_decode(text, length, path, policy_default(&arena, NULL), &arena, &policy, &e) <
	    0) {
		assert_non_null(strstr(path, "/corpus/"));
		return 0;
	}
	expect_every_key(&policy_fields, policy, path);
	files_seen++;
	return 0;
}

static void a_policy_in_force_has_every_key(void **state)
{
	static const char *const places[] = { "tests/golden", "tests/fuzz/corpus/policy",
					      "contrib" };
	const char *source = getenv("DISTRO_SHIM_SOURCE");
	char path[PATH_MAX];
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (str_format(path, sizeof(path), &e, "%s/%s", source ? source : ".", places[i]) <
		    0)
			fail_msg("%s", e.text);
		assert_int_equal(nftw(path, visit, 16, FTW_PHYS), 0);
	}
	assert_true(files_seen > 100);
}

/* --- any part of the default --- */

static uint64_t sequence = 1;

static unsigned one_of(unsigned n)
{
	sequence = sequence * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(sequence >> 33) % n;
}

static void put_part(const struct json_value *v, struct json_out *out)
{
	json_out_object(out);
	for (const struct json_value *member = v->first; member; member = member->next) {
		if (!str_eq(member->key, "version") && one_of(2))
			continue;
		json_out_key(out, member->key);
		if (member->kind == JSON_OBJECT)
			put_part(member, out);
		else if (str_eq(member->key, "version") || one_of(8))
			json_out_value(out, member);
		else
			json_out_null(out);
	}
	json_out_object_end(out);
}

static void what_a_file_leaves_out_is_the_default(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROUNDS; i++) {
		autoarena arena = { 0 };
		auto_json_out out = json_out_new(false);
		struct policy *defaults = policy_default(&arena, NULL), *policy;
		struct json_source source = { .name = "d", .text = encoded(defaults, &arena) };
		struct json_value *root;
		const char *text;
		size_t length;
		struct err e;

		source.length = strlen(source.text);
		if (json_parse(&source, &arena, &root, &e) < 0)
			fail_msg("%s", e.text);
		put_part(root, out);
		if (json_out_finish(out, &text, &length, &e) < 0 ||
		    policy_decode(text, length, "part", defaults, &arena, &policy, &e) < 0)
			fail_msg("%s", e.text);
		if (!str_eq(encoded(policy, &arena), source.text))
			fail_msg("not the default: %s", text);
	}
}

static void what_a_file_says_is_not_changed_by_what_it_leaves_out(void **state)
{
	static const char text[] = "{\"version\":1,\"network\":{\"requested\":{\"new\":\"keep\"}}}";
	autoarena arena = { 0 };
	struct policy *said;
	struct err e;

	(void)state;
	if (policy_read(text, strlen(text), "said", &arena, &said, &e) < 0)
		fail_msg("%s", e.text);
	expect_every_key(&policy_fields,
			 policy_complete(said, policy_default(&arena, NULL), &arena), "said");
	assert_string_equal(encoded(said, &arena), text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_has_a_default_and_a_sentence),
		cmocka_unit_test(a_policy_in_force_has_every_key),
		cmocka_unit_test(what_a_file_leaves_out_is_the_default),
		cmocka_unit_test(what_a_file_says_is_not_changed_by_what_it_leaves_out),
	};

	return cmocka_run_group_tests_name("policy_keys", tests, NULL, NULL);
}
