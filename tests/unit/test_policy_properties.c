/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for every verdict, tried on generated requests, policies and facts (a fixed sequence, so
 * that a failure comes again), and on recorded configs of real engines where they are at hand:
 * $DISTRO_SHIM_SHARED/samples. Runs anywhere, without root.
 */
#include "base/auto.h"
#include "base/fields_check.h"
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

#include "policy_generate.h"
#define PROPERTY_FAILS fail_msg
#include "policy_properties.h"

#define ROUNDS 3000

static void test_the_properties_hold_for_generated_requests(void **state)
{
	size_t accepted = 0;

	(void)state;
	sequence = 1;
	for (size_t i = 0; i < ROUNDS; i++) {
		struct arena arena = { 0 };
		struct round r = { .arena = &arena };

		r.name = arena_printf(&arena, "round %zu", i);
		r.request = generate_spec(&r);
		r.policy = generate_policy(&r);
		r.facts = generate_facts(&r, false);
		accepted += check_round(&r);
		arena_release(&arena);
	}
	/* neither all nor nothing was tried */
	assert_in_range(accepted, ROUNDS / 4, ROUNDS - ROUNDS / 10);
}

/* --- recorded configs --- */

static size_t samples_seen;

/* Every one of these is accepted by default, but a new network with a user namespace. */
static void check_sample(struct round *r)
{
	const struct spec_namespace *network, *user;
	bool late = count_entries(r->request, SPEC_NS_NETWORK, &network) == 1 && !network->path;
	bool refused = late && count_entries(r->request, SPEC_NS_USER, &user) == 1;

	r->policy = policy_default(r->arena, NULL);
	r->facts = generate_facts(r, true);
	assert_int_equal(check_round(r), !refused);
	for (size_t i = 0; i < 8; i++) {
		r->policy = generate_policy(r);
		r->facts = generate_facts(r, false);
		check_round(r);
	}
	samples_seen++;
}

static int visit(const char *path, const struct stat *status, int type, struct FTW *at)
{
	struct arena arena = { 0 };
	struct round r = { .arena = &arena, .name = path };
	autofree char *text = NULL;
	struct err e = { 0 };
	size_t length = 0;

	(void)status;
	if (type != FTW_F || !str_eq(path + at->base, "config.json"))
		return 0;
	if (read_file_at(AT_FDCWD, path, JSON_MAX_BYTES, &text, &length, &e) < 0 ||
	    spec_decode_text(text, length, path, &arena, &r.request, &e) < 0)
		fail_msg("%s: %s", path, e.text);
	check_sample(&r);
	arena_release(&arena);
	return 0;
}

static void test_the_properties_hold_for_recorded_configs(void **state)
{
	const char *shared = getenv("DISTRO_SHIM_SHARED"), *source = getenv("DISTRO_SHIM_SOURCE");
	char path[PATH_MAX];
	struct err e = { 0 };

	(void)state;
	if (str_format(path, sizeof(path), &e, "%s%s/samples",
		       shared   ? shared
		       : source ? source
				: ".",
		       shared ? "" : "/../shared") < 0)
		fail_msg("%s", e.text);
	sequence = 2;
	if (nftw(path, visit, 16, FTW_PHYS) < 0 || !samples_seen) {
		print_message("skipped: no recorded configs below %s\n", path);
		skip();
	}
	print_message("%zu recorded configs\n", samples_seen);
}

/* --- the generated policies --- */

#define POLICIES 200

/* What no generated policy says, with the reason. */
static const char *const not_generated[] = {
	"mode",               /* each round is judged under both */
	"hooks.output",       /* no generated request names a file */
	"criu.config",        /* likewise */
	"hooks.timeout",      /* no rule looks at it */
	"network.selectable", /* policy_select() looks at it, and no rule */
	"audit",              /* likewise */
	"networks",
	"distros" /* likewise: what is judged has one network */
};

/* How many words a file can say. */
static size_t count_words(const struct field *row)
{
	const struct field_check *check = field_key(row)->check;
	size_t n = 0;

	for (const struct name_row *name = field_names(row); name && name->name; name++) {
		const char *const *later = check ? check->later : NULL;

		while (later && *later && !str_eq(*later, name->name))
			later++;
		n += !later || !*later;
	}
	return n;
}

static bool can_be_said_otherwise(const struct field *row, const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(not_generated); i++)
		if (str_eq(key, not_generated[i]))
			return false;
	/* the version, and what a check takes in one form alone */
	if (row->flags & (FIELD_NOT_YET | FIELD_REQUIRED) || row->kind == FIELD_RAW)
		return false;
	return row->kind != FIELD_ENUM || count_words(row) > 1;
}

static struct json_value *tree_of(const struct policy *policy, struct arena *arena)
{
	struct json_source source = { .name = "policy" };
	struct json_value *root = NULL;
	char *text = NULL;
	struct err e;

	if (fields_encode_text(&policy_fields, policy, false, arena, &text, &source.length, &e) < 0)
		fail_msg("%s", e.text);
	source.text = text;
	if (json_parse(&source, arena, &root, &e) < 0)
		fail_msg("%s", e.text);
	return root;
}

/* `trees`: the built-in policy, then the generated ones; the objects that these rows are about. */
static void assert_each_key_varies(const struct fields *fields, const char *around,
				   struct json_value *const *trees, struct arena *arena)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *row = &fields->rows[i];
		const char *key = arena_printf(arena, "%s%s", around, row->name);
		struct json_value *members[1 + POLICIES];
		bool varies = false;

		for (size_t j = 0; j <= POLICIES; j++) {
			members[j] = json_get(trees[j], row->name);
			varies |= members[0] && members[j] && !json_equal(members[0], members[j]);
		}
		if (row->kind == FIELD_OBJECT)
			assert_each_key_varies(row->sub, arena_printf(arena, "%s.", key), members,
					       arena);
		else if (!varies && can_be_said_otherwise(row, key))
			fail_msg("%s: generate_policy() has nothing but the built-in value", key);
	}
}

static void test_every_key_varies_in_the_generated_policies(void **state)
{
	struct json_value *trees[1 + POLICIES];
	struct arena arena = { 0 };
	struct round r = { .arena = &arena };

	(void)state;
	sequence = 3;
	trees[0] = tree_of(policy_default(&arena, NULL), &arena);
	for (size_t i = 1; i <= POLICIES; i++)
		trees[i] = tree_of(generate_policy(&r), &arena);
	assert_each_key_varies(&policy_fields, "", trees, &arena);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_key_varies_in_the_generated_policies),
		cmocka_unit_test(test_the_properties_hold_for_generated_requests),
		cmocka_unit_test(test_the_properties_hold_for_recorded_configs),
	};

	return cmocka_run_group_tests_name("policy_properties", tests, NULL, NULL);
}
