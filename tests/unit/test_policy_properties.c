/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for every verdict, tried on generated requests, policies and facts (a fixed sequence, so
 * that a failure comes again), and on recorded configs of real engines where they are at hand:
 * $DISTRO_SHIM_SHARED/samples. Runs anywhere, without root.
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_properties_hold_for_generated_requests),
		cmocka_unit_test(test_the_properties_hold_for_recorded_configs),
	};

	return cmocka_run_group_tests_name("policy_properties", tests, NULL, NULL);
}
