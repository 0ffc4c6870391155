/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids of the host for each container: what the policy may say of them, and who has which. Needs no root.
 */
#include "state/ids.h"

#include "state_fixture.h"

/* --- the key --- */

static const char *refused(struct fixture *f, const char *user)
{
	const char *text =
		arena_printf(&f->arena, "{\"version\":1,\n\"namespaces\":{\"user\":%s}}", user);
	struct policy *policy;
	struct err *e = arena_new(&f->arena, struct err);

	if (policy_decode(text, strlen(text), "policy.json", policy_default(&f->arena, NULL),
			  &f->arena, &policy, e) == 0)
		STOP("accepted: %s\n", text);
	return e->text;
}

static void wrong_values_are_named_with_their_place(void **state)
{
	static const struct {
		const char *user, *error;
	} wrong[] = {
		{ "\"auto\"", "must be \"requested\" or an object with auto, is \"auto\"" },
		{ "{}", "auto" },
		{ "{\"auto\":{}}", "range" },
		{ "{\"auto\":{\"range\":[1000000]}}",
		  "policy.json:2:39: namespaces.user.auto.range: must be two numbers, the first id and how many, has 1" },
		{ "{\"auto\":{\"range\":[0,1,2]}}", "has 3" },
		{ "{\"auto\":{\"range\":[65535,65536]}}",
		  "policy.json:2:40: namespaces.user.auto.range[0]: must be 65536 or above, because the ids below are those of the machine's own users, is 65535" },
		{ "{\"auto\":{\"range\":[65536,0]}}",
		  "policy.json:2:46: namespaces.user.auto.range[1]: must be a number of ids above 0" },
		{ "{\"auto\":{\"range\":[65536,4294901760]}}",
		  "policy.json:2:46: namespaces.user.auto.range[1]: must be at most 4294901759 behind 65536, because no id is above 4294967294, is 4294901760" },
		{ "{\"auto\":{\"range\":[-1,5]}}", "range[0]" },
		{ "{\"auto\":{\"range\":[4294967296,5]}}", "range[0]" },
		{ "{\"auto\":{\"range\":[65536,65535]}}",
		  "policy.json:2:30: namespaces.user.auto: range has 65535 ids and a container 65536; make it larger, or set size" },
		{ "{\"auto\":{\"range\":[65536,10],\"size\":11}}",
		  "policy.json:2:57: namespaces.user.auto.size: must be at most 10, as many as range has, is 11" },
		{ "{\"auto\":{\"range\":[65536,10],\"size\":0}}",
		  "policy.json:2:57: namespaces.user.auto.size: must be a number of ids above 0" },
		{ "{\"auto\":{\"range\":[65536,9],\"siez\":9}}", "siez" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		const char *error = refused(f, wrong[i].user);

		if (!strstr(error, wrong[i].error))
			STOP("%s\nlacks: %s\n", error, wrong[i].error);
	}
}

static bool ids_of(struct fixture *f, const char *user, struct policy_ids *ret)
{
	const char *text =
		arena_printf(&f->arena, "{\"version\":1,\"namespaces\":{\"user\":%s}}", user);
	struct policy *policy;
	struct err e;

	if (policy_decode(text, strlen(text), "policy.json", policy_default(&f->arena, NULL),
			  &f->arena, &policy, &e) < 0)
		STOP("%s\n", e.text);
	return policy_user_ids(policy, ret);
}

static void ids_are_given_out_under_auto_alone(void **state)
{
	struct fixture *f = *state;
	struct policy_ids ids;

	assert_false(policy_user_ids(NULL, &ids));
	assert_false(policy_user_ids(&(const struct policy){ .version = 1 }, &ids));
	assert_false(policy_user_ids(policy_default(&f->arena, NULL), &ids));
	assert_false(ids_of(f, "\"requested\"", &ids));
	assert_true(ids_of(f, "{\"auto\":{\"range\":[65536,4294901759]}}", &ids));
	assert_int_equal(ids.first, 65536);
	assert_int_equal(ids.count, 4294901759);
	assert_int_equal(ids.size, 65536);
	assert_true(ids_of(f, "{\"auto\":{\"range\":[70000,7],\"size\":7}}", &ids));
	assert_int_equal(ids.size, 7);
}

/* --- who has which --- */

static const struct policy_ids four = { .first = 100000, .count = 4099, .size = 1000 };

static const char *directory_of(struct fixture *f)
{
	return arena_printf(&f->arena, "%s/ids", f->base);
}

/* 0: all are in use. */
static uint32_t find(struct fixture *f, const struct policy_ids *ids, const char *id, int *ret_lock)
{
	uint32_t first = 0;
	struct err e;
	int rc = ids_find(directory_of(f), ids, f->root, id, &first, ret_lock, &e);

	if (rc < 0)
		STOP("%s\n", e.text);
	return rc ? first : 0;
}

/* As a create does it: an intent, then the claim. */
static uint32_t make(struct fixture *f, const struct policy_ids *ids, const char *id)
{
	autostatedir dir = STATE_DIR_INIT;
	autoclose int lock = -1;
	struct id_range range = { find(f, ids, id, &lock), ids->size };
	struct intent_record intent = { .version = STATE_VERSION, .ids = range };
	struct status_record status = { .version = STATE_VERSION, .phase = PHASE_CREATED };
	struct err e;

	intent.id = status.id = arena_strdup(&f->arena, id);
	intent.bundle = status.bundle = status.oci_version = status.created =
		arena_strdup(&f->arena, "/b");
	assert_true(range.first > 0);
	if (process_identify(getpid(), &f->arena, &intent.owner, &e) < 0 ||
	    state_claim(f->root, id, &dir, &e) < 0 || state_write_intent(&dir, &intent, &e) < 0 ||
	    ids_record(directory_of(f), &range, f->root, id, &e) < 0 ||
	    state_write_status(&dir, &status, &e) < 0)
		STOP("%s\n", e.text);
	return range.first;
}

static void take_away(struct fixture *f, const struct policy_ids *ids, uint32_t first,
		      const char *id)
{
	const struct id_range range = { first, ids->size };
	struct err e;

	if (ids_remove(directory_of(f), &range, f->root, id, &e) < 0)
		STOP("%s\n", e.text);
}

static void each_container_has_its_own_until_there_are_none(void **state)
{
	static const char *const ids[] = { "a", "b", "c", "d" };
	struct fixture *f = *state;
	uint32_t firsts[4], again;

	for (size_t i = 0; i < 4; i++) {
		firsts[i] = make(f, &four, ids[i]);
		assert_true(firsts[i] >= 100000 && firsts[i] <= 103000 && firsts[i] % 1000 == 0);
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(firsts[i], firsts[k]);
	}
	assert_int_equal(find(f, &four, "e", NULL), 0);
	/* its own are not in its way */
	assert_int_not_equal(find(f, &four, "b", NULL), 0);
	/* not its: it stays */
	take_away(f, &four, firsts[2], "b");
	assert_int_equal(find(f, &four, "e", NULL), 0);
	take_away(f, &four, firsts[2], "c");
	take_away(f, &four, firsts[2], "c");
	again = find(f, &four, "e", NULL);
	assert_int_equal(again, firsts[2]);
}

static void what_is_found_is_kept_until_it_is_let_go(void **state)
{
	static const struct policy_ids one = { .first = 100000, .count = 1000, .size = 1000 };
	static const struct policy_ids inside = { .first = 100990, .count = 10, .size = 10 };
	static const struct policy_ids beside = { .first = 101000, .count = 10, .size = 10 };
	struct fixture *f = *state;
	int lock = -1, other = -1;

	/* a look alone makes nothing */
	assert_int_equal(find(f, &one, "a", NULL), 100000);
	assert_int_equal(access(directory_of(f), F_OK), -1);
	assert_int_equal(find(f, &one, "a", &lock), 100000);
	assert_int_equal(find(f, &one, "b", &other), 0);
	assert_int_equal(find(f, &one, "b", NULL), 0);
	assert_int_equal(find(f, &inside, "b", &other), 0);
	assert_int_equal(other, -1);
	assert_int_equal(find(f, &beside, "b", &other), 101000);
	replace_fd(&lock, -1);
	replace_fd(&other, -1);
	assert_int_equal(find(f, &one, "b", NULL), 100000);
}

static void sizes_are_compared_with_each_other(void **state)
{
	static const struct policy_ids small = { .first = 100500, .count = 200, .size = 2 };
	static const struct policy_ids large = { .first = 100400, .count = 1000, .size = 1000 };
	static const struct policy_ids apart = { .first = 100700, .count = 1000, .size = 1000 };
	static const struct policy_ids below = { .first = 99500, .count = 1000, .size = 1000 };
	struct fixture *f = *state;
	uint32_t first = make(f, &small, "a");

	assert_int_equal(find(f, &large, "b", NULL), 0);
	assert_int_equal(find(f, &apart, "b", NULL), 100700);
	assert_int_equal(find(f, &below, "b", NULL), 99500);
	take_away(f, &small, first, "a");
	assert_int_equal(make(f, &large, "b"), 100400);
	assert_int_equal(find(f, &small, "c", NULL), 0);
}

static void a_claim_without_its_container_does_not_count(void **state)
{
	static const struct policy_ids one = { .first = 100000, .count = 10, .size = 10 };
	const struct id_range range = { 100000, 10 };
	struct fixture *f = *state;
	struct err e;

	make(f, &one, "a");
	assert_int_equal(find(f, &one, "b", NULL), 0);
	nftw(f->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	assert_int_equal(find(f, &one, "b", NULL), 100000);
	/* nor one that is damaged */
	const char *path = arena_printf(&f->arena, "%s/10-0/100000", directory_of(f));
	assert_int_equal(truncate(path, 7), 0);
	assert_int_equal(make(f, &one, "b"), 100000);
	/* the one before it has nothing to take back */
	assert_int_equal(ids_remove(directory_of(f), &range, f->root, "a", &e), 0);
	assert_int_equal(find(f, &one, "c", NULL), 0);
}

/* Its creator was killed: there is an intent, and no process. */
static void a_container_that_was_never_made_does_not_count(void **state)
{
	static const struct policy_ids one = { .first = 100000, .count = 10, .size = 10 };
	const struct id_range range = { 100000, 10 };
	struct intent_record intent = { .version = STATE_VERSION, .ids = range };
	struct fixture *f = *state;
	autostatedir dir = STATE_DIR_INIT;
	pid_t creator = fork();
	struct err e;

	if (creator == 0)
		for (;;)
			pause();
	intent.id = arena_strdup(&f->arena, "a");
	intent.bundle = arena_strdup(&f->arena, "/b");
	if (process_identify(creator, &f->arena, &intent.owner, &e) < 0 ||
	    state_claim(f->root, "a", &dir, &e) < 0 || state_write_intent(&dir, &intent, &e) < 0 ||
	    ids_record(directory_of(f), &range, f->root, "a", &e) < 0)
		STOP("%s\n", e.text);
	assert_int_equal(find(f, &one, "b", NULL), 0);
	kill(creator, SIGKILL);
	waitpid(creator, NULL, 0);
	assert_int_equal(find(f, &one, "b", NULL), 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(wrong_values_are_named_with_their_place, setup,
						teardown),
		cmocka_unit_test_setup_teardown(ids_are_given_out_under_auto_alone, setup,
						teardown),
		cmocka_unit_test_setup_teardown(each_container_has_its_own_until_there_are_none,
						setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_found_is_kept_until_it_is_let_go, setup,
						teardown),
		cmocka_unit_test_setup_teardown(sizes_are_compared_with_each_other, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_claim_without_its_container_does_not_count, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_container_that_was_never_made_does_not_count,
						setup, teardown),
	};

	return cmocka_run_group_tests_name("ids", tests, NULL, NULL);
}
