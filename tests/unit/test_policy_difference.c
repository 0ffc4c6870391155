/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where two verdicts about one request differ, and how recorded decisions are taken back. Runs anywhere, without root.
 */
#include "base/auto.h"
#include "policy/difference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

#include "judge.h"

static struct arena arena;

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static struct spec *spec_of(const char *text)
{
	struct spec *spec = NULL;
	struct err e = { 0 };

	if (spec_decode_text(text, strlen(text), "config.json", &arena, &spec, &e) < 0)
		fail_msg("%s", e.text);
	return spec;
}

static const char *text_of(const struct spec *spec)
{
	struct err e = { 0 };
	size_t length = 0;
	char *text = NULL;

	if (spec_encode_text(spec, false, &arena, &text, &length, &e) < 0)
		fail_msg("%s", e.text);
	return text;
}

static struct policy *policy_of(const char *text)
{
	struct policy *policy = NULL;
	struct err e = { 0 };

	if (policy_decode(text, strlen(text), "policy.json", policy_default(&arena, NULL), &arena,
			  &policy, &e) < 0)
		fail_msg("%s", e.text);
	return policy;
}

static struct facts *facts_with_network(const char *path, uint64_t cookie)
{
	struct facts *facts = arena_new(&arena, struct facts);

	facts->network = arena_new(&arena, struct ns_facts);
	facts->network->path = arena_strdup(&arena, path);
	facts->network->type = SPEC_NS_NETWORK;
	facts->network->cookie = cookie;
	facts->network->owned = true;
	return facts;
}

#define CONFIG                                                                            \
	"{\"ociVersion\":\"1.0.2\",\"process\":{\"args\":[\"x\"],\"cwd\":\"/\","          \
	"\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"NET_RAW\"]}},"                   \
	"\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"}],\"sysctl\":" \
	"{\"net.a\":\"1\",\"kernel.b\":\"2\"},\"readonlyPaths\":[\"/x\"]}}"

static struct verdict judged(const char *policy, const struct facts *facts)
{
	struct verdict verdict;

	judge_new(spec_of(CONFIG), policy_of(policy), facts, &arena, &verdict);
	return verdict;
}

static struct difference difference_of(const struct verdict *before, const struct verdict *after)
{
	struct difference difference;

	verdict_difference(before, after, &arena, &difference);
	return difference;
}

static void the_same_is_no_difference(void **state)
{
	const struct facts *facts = facts_with_network("/run/netns/distros", 1);
	const struct verdict verdict = judged("{\"version\":1}", facts);
	const struct verdict again = judged("{\"version\":1,\"procSys\":\"read-only\"}", facts);
	const struct difference difference = difference_of(&verdict, &again);

	(void)state;
	assert_false(verdict.refused);
	assert_int_equal(difference.kind, DIFFERENCE_NONE);
	assert_int_equal(difference.removed.n + difference.added.n, 0);
}

static void refused_and_allowed_are_told_by_their_decisions(void **state)
{
	const struct facts *facts = facts_with_network("/run/netns/distros", 1);
	const struct verdict runs = judged("{\"version\":1}", facts);
	const struct verdict refused =
		judged("{\"version\":1,\"network\":{\"requested\":{\"host\":\"refuse\"}}}", facts);
	struct difference difference = difference_of(&runs, &refused);

	(void)state;
	assert_int_equal(difference.kind, DIFFERENCE_REFUSED);
	assert_false(difference.network);
	assert_int_equal(difference.added.n, 1);
	assert_int_equal(difference.added.v[0].action, DECISION_REFUSE);
	difference = difference_of(&refused, &runs);
	assert_int_equal(difference.kind, DIFFERENCE_ALLOWED);
	assert_int_equal(difference.removed.v[0].action, DECISION_REFUSE);
	assert_int_equal(difference_of(&refused, &refused).kind, DIFFERENCE_NONE);
}

static void networks_capabilities_and_the_mode_differ(void **state)
{
	const struct facts *facts = facts_with_network("/run/netns/distros", 1);
	const struct verdict plain = judged("{\"version\":1}", facts);
	const struct verdict admin = judged("{\"version\":1,\"network\":{\"admin\":true}}", facts);
	const struct verdict observed = judged("{\"version\":1,\"mode\":\"observe\"}", facts);
	const struct verdict other =
		judged("{\"version\":1}", facts_with_network("/run/netns/distros", 2));
	struct difference difference = difference_of(&plain, &admin);

	(void)state;
	assert_int_equal(difference.kind, DIFFERENCE_OTHER);
	assert_int_equal(difference.lost.n, 0);
	assert_int_equal(difference.gained.n, 1);
	assert_string_equal(difference.gained.v[0], "CAP_NET_RAW");
	assert_true(difference.confinement);
	assert_false(difference.network);
	difference = difference_of(&admin, &plain);
	assert_int_equal(difference.lost.n, 1);
	/* another namespace of the name */
	difference = difference_of(&plain, &other);
	assert_true(difference.network);
	assert_int_equal(difference.kind, DIFFERENCE_OTHER);
	/* the same decisions, and without effect */
	difference = difference_of(&plain, &observed);
	assert_int_equal(difference.removed.n + difference.added.n, 0);
	assert_true(difference.mode);
	assert_int_equal(difference.kind, DIFFERENCE_OTHER);
}

static void decisions_are_taken_back(void **state)
{
	const struct facts *facts = facts_with_network("/run/netns/distros", 1);
	const struct verdict verdict = judged("{\"version\":1}", facts);
	struct spec *undone = NULL;
	struct err e = { 0 };

	(void)state;
	assert_true(decisions_change_spec(&verdict.decisions, false));
	assert_string_not_equal(text_of(verdict.spec), text_of(spec_of(CONFIG)));
	assert_int_equal(
		decisions_undo(verdict.spec, &verdict.decisions, false, &arena, &undone, &e), 0);
	/* what was taken out of a map comes back at its end */
	assert_string_equal(
		text_of(undone),
		text_of(spec_of(
			"{\"ociVersion\":\"1.0.2\",\"process\":{\"args\":[\"x\"],\"cwd\":\"/\","
			"\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"NET_RAW\"]}},"
			"\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"}],"
			"\"sysctl\":{\"kernel.b\":\"2\",\"net.a\":\"1\"},\"readonlyPaths\":[\"/x\"]}}")));
	/* under observe nothing was changed */
	assert_false(decisions_change_spec(&verdict.decisions, true));
	assert_int_equal(
		decisions_undo(spec_of(CONFIG), &verdict.decisions, true, &arena, &undone, &e), 0);
	assert_string_equal(text_of(undone), text_of(spec_of(CONFIG)));
	/* a place that is another one by now */
	verdict.spec->linux_->readonly_paths.v[1] = arena_strdup(&arena, "/y");
	assert_int_equal(
		decisions_undo(verdict.spec, &verdict.decisions, false, &arena, &undone, &e), -1);
	assert_int_equal(e.kind, ERR_STATE);
	assert_non_null(strstr(e.text, "(procSys): '/linux/readonlyPaths/1' is not what it was"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_is_no_difference),
		cmocka_unit_test(refused_and_allowed_are_told_by_their_decisions),
		cmocka_unit_test(networks_capabilities_and_the_mode_differ),
		cmocka_unit_test(decisions_are_taken_back),
	};

	return cmocka_run_group_tests_name("policy_difference", tests, NULL, teardown);
}
