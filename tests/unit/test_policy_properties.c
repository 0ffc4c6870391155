/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for every verdict, tried on generated requests, policies and facts: from a number that is always the same,
 * and from one that changes and is printed; and on recorded configs of real engines where they are at hand:
 * $DISTRO_SHIM_SHARED/samples. Runs anywhere, without root.
 *
 * $PROPERTIES_ROUNDS is how many there are (default 100000, a twentieth of it with sanitizers), $PROPERTIES_SEED the
 * number that changes. What fails is shrunk, and printed as the files of a case of tests/golden/policy.
 */
#include "base/auto.h"
#include "os/io.h"
#include "policy/policy.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/random.h>
#include <sys/stat.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

#include "policy_shrink.h"

#if defined(__SANITIZE_ADDRESS__)
#define ROUNDS 5000
#else
#define ROUNDS 100000
#endif

/* --- generated --- */

static uint64_t number_of(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	uint64_t number;

	return text && parse_u64(text, &number) ? number : otherwise;
}

static void report(struct round *r, property *check)
{
	fprintf(stderr, "%s: %.*s\n", r->name, (int)strcspn(property_message, "\n"),
		property_message);
	shrink(r, check);
	/* longer than the framework takes */
	fprintf(stderr, "%s\n", property_message);
	fail_msg("%s: a property does not hold", r->name);
}

/* Each begins with a number of its own, so that it can be repeated by itself. */
static void try_rounds(uint64_t seed, size_t rounds)
{
	size_t accepted = 0;

	for (size_t i = 0; i < rounds; i++) {
		struct arena arena = { 0 };
		struct round r = { .arena = &arena };
		bool was_accepted = false;

		r.name = arena_printf(&arena, "seed %llu, round %zu", (unsigned long long)seed, i);
		sequence = seed + i * 0x632be59bd9b4e019;
		generate_round(&r);
		if (!property_holds(check_choice_and_round, &r, &was_accepted))
			report(&r, check_choice_and_round);
		accepted += was_accepted;
		arena_release(&arena);
	}
	/* neither all nor nothing was tried */
	assert_in_range(accepted, rounds / 4, rounds - rounds / 10);
}

static void test_the_properties_hold_for_generated_requests(void **state)
{
	(void)state;
	try_rounds(1, number_of("PROPERTIES_ROUNDS", ROUNDS) / 2);
}

static void test_the_properties_hold_for_others_each_time(void **state)
{
	uint64_t seed = 0;

	(void)state;
	if (getrandom(&seed, 4, 0) != 4)
		fail_msg("no number by chance");
	seed = number_of("PROPERTIES_SEED", seed);
	print_message("PROPERTIES_SEED=%llu\n", (unsigned long long)seed);
	try_rounds(seed, number_of("PROPERTIES_ROUNDS", ROUNDS) / 2);
}

/* --- recorded configs --- */

static size_t samples_seen;

static bool check_verdict(struct round *r)
{
	return check_round(r);
}

/* Nothing is shrunk: what is recorded is at hand. */
static void check_recorded(struct round *r, bool *ret_accepted)
{
	if (!property_holds(check_verdict, r, ret_accepted))
		fail_msg("%s", property_message);
}
/* Every one of these is accepted by default. */
static void check_sample(struct round *r)
{
	bool accepted = false;

	r->policy = policy_default(r->arena, NULL);
	r->facts = generate_facts(r, true);
	check_recorded(r, &accepted);
	assert_true(accepted);
	for (size_t i = 0; i < 8; i++) {
		r->policy = generate_policy(r);
		r->facts = generate_facts(r, false);
		check_recorded(r, &accepted);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_properties_hold_for_generated_requests),
		cmocka_unit_test(test_the_properties_hold_for_others_each_time),
		cmocka_unit_test(test_the_properties_hold_for_recorded_configs),
	};

	return cmocka_run_group_tests_name("policy_properties", tests, NULL, NULL);
}
