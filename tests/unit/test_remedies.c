/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How each engine asks for what the policy gives (explain --engine): every rule has its row, and
 * tests/golden/remedies.txt shows them all. UPDATE_GOLDEN=1 writes it anew.
 */
#include "base/auto.h"
#include "cli/remedies.h"
#include "os/io.h"
#include "policy/rules.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define FILE_MAX (1u << 20)

static const char *const engines[] = { "podman", "docker", "containerd" };

static struct policy *policy_with(const char *network, struct arena *arena)
{
	struct policy *policy = policy_default(arena, NULL);

	policy->network->namespace_ = arena_strdup(arena, network);
	return policy;
}

static struct decision decision_of(const char *rule, int action, const char *path,
				   struct arena *arena)
{
	return (struct decision){
		.rule = arena_strdup(arena, rule),
		.action = action,
		.path = arena_strdup(arena, path),
	};
}

static void every_rule_has_a_row(void **state)
{
	(void)state;
	for (const struct rule *rule = policy_rules; rule->id; rule++)
		if (!remedy_is_known(rule->id))
			fail_msg("src/cli/remedies.c has no row for %s", rule->id);
	assert_false(remedy_is_known("planted"));
}

static void print_rule(const char *rule, const char *network, struct strbuf *out)
{
	autoarena arena = { 0 };
	const struct policy *policy = policy_with(network, &arena);
	const struct decision decision = decision_of(rule, DECISION_REFUSE, "/linux", &arena);

	strbuf_printf(out, "%s, network %s\n", rule, network);
	for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
		const char *text = remedy_of(engines[i], &decision, policy, &arena);

		strbuf_printf(out, "    %s: %s\n", engines[i], text ? text : "-");
	}
}

static void the_table_is_as_it_was(void **state)
{
	const char *source = getenv("DISTRO_SHIM_SOURCE");
	autoarena arena = { 0 };
	const char *directory = arena_printf(&arena, "%s/tests/golden", source ? source : ".");
	autoclose int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autofree char *stored = NULL;
	autostrbuf text = { 0 };
	struct err e;

	(void)state;
	for (const struct rule *rule = policy_rules; rule->id; rule++)
		print_rule(rule->id, "/run/netns/distros", &text);
	print_rule("network.requested.host", "self", &text);
	print_rule("network.requested.host", "requested", &text);
	if (getenv("UPDATE_GOLDEN"))
		assert_int_equal(replace_file_at(dir, "remedies.txt", 0644, strbuf_text(&text),
						 text.length, &e),
				 0);
	assert_int_equal(read_file_at(dir, "remedies.txt", FILE_MAX, &stored, NULL, &e), 0);
	assert_string_equal(stored, strbuf_text(&text));
}

static void what_no_engine_has_asked_for_has_none(void **state)
{
	autoarena arena = { 0 };
	const struct policy *policy = policy_with("/run/netns/distros", &arena);
	struct decision decision =
		decision_of("network.requested.host", DECISION_ADD, "/linux/namespaces/1", &arena);

	(void)state;
	assert_non_null(remedy_of("podman", &decision, policy, &arena));
	assert_null(remedy_of("rocket", &decision, policy, &arena));
	decision.action = DECISION_KEEP;
	assert_null(remedy_of("podman", &decision, policy, &arena));
	/* a late join is no network of one's own */
	decision.rule = arena_strdup(&arena, "network.requested.new");
	assert_non_null(remedy_of("podman", &decision, policy, &arena));
	policy->network->requested->new_ = POLICY_KEEP;
	assert_null(remedy_of("podman", &decision, policy, &arena));
	decision = decision_of("network.namespace", DECISION_REFUSE, "", &arena);
	assert_null(remedy_of("podman", &decision, policy, &arena));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_has_a_row),
		cmocka_unit_test(the_table_is_as_it_was),
		cmocka_unit_test(what_no_engine_has_asked_for_has_none),
	};

	return cmocka_run_group_tests_name("remedies", tests, NULL, NULL);
}
