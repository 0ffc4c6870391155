/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Around a verdict: the texts of refusals and decisions, replay, the ceiling for exec, the list of rules.
 * What a policy does to a config is in test_policy_golden.c. Runs anywhere, without root.
 */
#include "base/auto.h"
#include "policy/policy.h"
#include "policy/rules.h"
#include "policy/sysctl.h"

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

static struct facts *facts_without_network(void)
{
	struct facts *facts = arena_new(&arena, struct facts);

	facts->network = arena_new(&arena, struct ns_facts);
	facts->network->path = arena_strdup(&arena, "/run/netns/distros");
	facts->network->problem = arena_strdup(&arena, "no such file or directory");
	facts->network->problem_errno = 2;
	return facts;
}

static void test_a_refusal_names_rule_request_and_remedy_one_a_line(void **state)
{
	struct spec *spec = spec_of("{\"ociVersion\":\"1.0.2\",\"linux\":{\"netDevices\":{\"eth1\":"
				    "{}}}}");
	struct verdict verdict;
	struct err e = { 0 };

	(void)state;
	judge_new(spec, policy_default(&arena, NULL), facts_without_network(), &arena, &verdict);
	assert_true(verdict.refused);
	assert_int_equal(policy_refusal(&verdict, NULL, &e), -1);
	assert_int_equal(e.kind, ERR_POLICY);
	assert_string_equal(
		e.text,
		"network.namespace: /run/netns/distros: the shared network does not exist; make "
		"it with `distro-net up`\n"
		"network.devices: links of the host would be moved into the shared "
		"network; leave linux.netDevices out, or let the container keep a network of its "
		"own (network.requested.new \"keep\")");
}

static void test_a_refusal_has_its_place_in_the_config(void **state)
{
	static const char text[] = "{\"ociVersion\":\"1.0.2\",\n"
				   " \"linux\":{\"namespaces\":[{\"type\":\"ipc\"},\n"
				   "  {\"type\":\"uts\"},\n"
				   "  {\"type\":\"ipc\",\"path\":\"\"}],\n"
				   "  \"netDevices\":{\"eth1\":{}}}}";
	struct verdict verdict;
	struct err e = { 0 };

	(void)state;
	judge_new(spec_of(text), policy_default(&arena, NULL), facts_without_network(), &arena,
		  &verdict);
	assert_int_equal(policy_refusal(&verdict, "some.json", &e), -1);
	assert_string_equal(
		e.text,
		"some.json:4:3: namespaces: there are two entries of type ipc; leave one\n"
		"some.json:4:3: namespaces: the path is empty; leave it out for a new namespace\n"
		/* of the policy file's, and not of the configuration's */
		"network.namespace: /run/netns/distros: the shared network does not exist; make it "
		"with `distro-net up`\n"
		"some.json:5:16: network.devices: links of the host would be moved into the "
		"shared network; leave linux.netDevices out, or let the container keep a network of "
		"its own (network.requested.new \"keep\")");
}

/* What the policy has added behind an entry does not make it another one; and only a refusal has a place. */
static void test_the_place_of_a_refusal_is_that_of_the_text(void **state)
{
	static const char text[] = "{\"ociVersion\":\"1.0.2\",\n"
				   " \"linux\":{\n\"namespaces\":[\n"
				   "  {\"type\":\"network\",\"path\":\"/nowhere\"},\n"
				   "  {\"type\":\"pid\",\"path\":\"/nowhere\"}]}}";
	struct policy *policy = policy_default(&arena, NULL);
	struct verdict verdict;

	(void)state;
	policy->namespaces->pid = POLICY_ISOLATED;
	judge_new(spec_of(text), policy, facts_without_network(), &arena, &verdict);
	for (size_t i = 0; i < verdict.decisions.n; i++) {
		const struct decision *decision = &verdict.decisions.v[i];

		if (str_eq(decision->rule, "namespaces.pid")) {
			assert_int_equal(decision->action, DECISION_REFUSE);
			assert_int_equal(decision->line.value, 5);
			assert_int_equal(decision->column.value, 3);
			return;
		}
		if (decision->action != DECISION_REFUSE)
			assert_false(decision->line.set);
	}
	fail_msg("namespaces.pid has not refused");
}

static void test_many_refusals_are_counted_not_cut(void **state)
{
	struct decision v[40];
	struct verdict verdict = { .decisions = { .n = ARRAY_SIZE(v), .v = v }, .refused = true };
	struct err e = { 0 };
	size_t lines = 1;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		v[i] = (struct decision){ .rule = arena_strdup(&arena, "network.devices"),
					  .action = DECISION_REFUSE,
					  .why = arena_strdup(&arena,
							      "a sentence of some length") };
	assert_int_equal(policy_refusal(&verdict, NULL, &e), -1);
	for (const char *p = e.text; *p; p++)
		lines += *p == '\n';
	assert_true(strlen(e.text) < ERR_TEXT_MAX - 1);
	assert_non_null(strstr(e.text, arena_printf(&arena, "(and %zu more;", 40 - (lines - 1))));
}

static const char *replay_error(struct decision decision)
{
	struct spec *spec =
		spec_of("{\"ociVersion\":\"1.0.2\",\"linux\":{\"namespaces\":[{\"type\":"
			"\"pid\"}]}}");
	struct decisions decisions = { .n = 1, .v = &decision };
	struct err *e = arena_new(&arena, struct err);
	struct spec *replayed = NULL;

	decision.rule = arena_strdup(&arena, "r");
	if (decisions_replay(spec, &decisions, &arena, &replayed, e) == 0)
		fail_msg("replayed %s", decision.path);
	return e->text;
}

static char *text_of(const char *s)
{
	return arena_strdup(&arena, s);
}

static void test_a_replay_that_does_not_fit_is_an_error(void **state)
{
	(void)state;
	assert_non_null(
		strstr(replay_error((struct decision){ .action = DECISION_DROP,
						       .path = text_of("/linux/namespaces/1"),
						       .before = text_of("{}") }),
		       "decision 0 (r): '/linux/namespaces/1' is not what it was"));
	assert_non_null(
		strstr(replay_error((struct decision){ .action = DECISION_REWRITE,
						       .path = text_of("/linux/namespaces/0"),
						       .before = text_of("{\"type\":\"ipc\"}"),
						       .after = text_of("{\"type\":\"uts\"}") }),
		       "is not what it was"));
	assert_non_null(
		strstr(replay_error((struct decision){ .action = DECISION_ADD,
						       .path = text_of("/linux/namespaces/5"),
						       .after = text_of("{}") }),
		       "'/linux/namespaces/5' does not exist"));
	assert_non_null(strstr(replay_error((struct decision){ .action = DECISION_ADD,
							       .path = text_of("/linux"),
							       .after = text_of("{}") }),
			       "already"));
	assert_non_null(strstr(replay_error((struct decision){ .action = DECISION_ADD,
							       .path = text_of("/hostname") }),
			       "has no value"));
	assert_non_null(strstr(
		replay_error((struct decision){ .action = 99, .path = text_of("/hostname") }),
		"unknown action"));
}

static void test_changes_for_one_reason_are_one_paragraph(void **state)
{
	struct decision v[] = {
		{ .rule = text_of("network.admin"),
		  .action = DECISION_DROP,
		  .path = text_of("/process/capabilities/bounding/0"),
		  .before = text_of("\"CAP_NET_RAW\""),
		  .why = text_of("because") },
		{ .rule = text_of("network.admin"),
		  .action = DECISION_DROP,
		  .path = text_of("/process/capabilities/permitted/0"),
		  .before = text_of("\"CAP_NET_RAW\""),
		  .why = text_of("because") },
		{ .rule = text_of("network.sysctls"),
		  .action = DECISION_KEEP,
		  .path = text_of("/linux/sysctl/net.\033[2J"),
		  .before = text_of("\"1\""),
		  .after = text_of("\"1\""),
		  .why = text_of("for a reason") },
	};
	autostrbuf out = { 0 };

	(void)state;
	decisions_print(&(struct decisions){ .n = ARRAY_SIZE(v), .v = v }, &out);
	assert_string_equal(strbuf_text(&out),
			    "drop network.admin\n"
			    "    /process/capabilities/bounding/0: \"CAP_NET_RAW\" -> nothing\n"
			    "    /process/capabilities/permitted/0: \"CAP_NET_RAW\" -> nothing\n"
			    "    because\n"
			    "\n"
			    "keep network.sysctls\n"
			    "    /linux/sysctl/net.\\x1b[2J: \"1\"\n"
			    "    for a reason\n");
}

static struct spec_process *process_with_net_raw(void)
{
	return spec_of("{\"ociVersion\":\"1.0.2\",\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":0,"
		       "\"gid\":0},\"args\":[\"sh\"],\"capabilities\":{\"bounding\":[\"CAP_CHOWN\","
		       "\"CAP_NET_RAW\"],\"ambient\":[\"CAP_NET_ADMIN\"]}}}")
		->process;
}

static void test_the_ceiling_holds_for_a_process_of_exec(void **state)
{
	struct spec_process *process = process_with_net_raw();
	struct policy *policy = policy_default(&arena, NULL);
	struct verdict verdict;

	(void)state;
	judge_process(process, policy, &arena, &verdict);
	assert_int_equal(verdict.spec->process->capabilities->bounding.n, 1);
	assert_string_equal(verdict.spec->process->capabilities->bounding.v[0], "CAP_CHOWN");
	assert_int_equal(verdict.spec->process->capabilities->ambient.n, 0);
	assert_int_equal(verdict.decisions.n, 2);
	assert_string_equal(verdict.decisions.v[0].path, "/process/capabilities/bounding/1");
	assert_false(verdict.refused);
	/* the request is as it was */
	assert_int_equal(process->capabilities->bounding.n, 2);

	policy->network->admin.value = true;
	judge_process(process, policy, &arena, &verdict);
	assert_int_equal(verdict.spec->process->capabilities->bounding.n, 2);
	assert_int_equal(verdict.decisions.n, 0);
}

/* In its record the keys are absent. */
static void test_of_an_older_record_nothing_is_in_force_that_it_does_not_have(void **state)
{
	struct policy *policy = policy_default(&arena, NULL);
	struct spec_process *process =
		spec_of("{\"ociVersion\":\"1.0.2\",\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":0,"
			"\"gid\":0},\"args\":[\"sh\"],\"capabilities\":{\"bounding\":[\"CAP_SYS_ADMIN\"]}}}")
			->process;
	struct verdict verdict;

	(void)state;
	policy->privileged = 0;
	policy->capabilities = NULL;
	judge_process(process, policy, &arena, &verdict);
	assert_int_equal(verdict.spec->process->capabilities->bounding.n, 1);
	assert_false(verdict.refused);
	/* and with them all of it is */
	policy->privileged = POLICY_PRIVILEGED_STRIP;
	judge_process(process, policy, &arena, &verdict);
	assert_int_equal(verdict.spec->process->capabilities->bounding.n, 0);
}

static void test_observing_an_exec_changes_nothing(void **state)
{
	struct policy *policy = policy_default(&arena, NULL);
	struct verdict verdict;

	(void)state;
	policy->mode = POLICY_OBSERVE;
	judge_process(process_with_net_raw(), policy, &arena, &verdict);
	assert_true(verdict.observed);
	assert_int_equal(verdict.spec->process->capabilities->bounding.n, 2);
	assert_int_equal(verdict.decisions.n, 2);
}

static void test_a_sysctl_is_known_in_either_spelling(void **state)
{
	(void)state;
	assert_int_equal(sysctl_kind("net.ipv4.ip_forward", &arena), SYSCTL_NETWORK);
	assert_int_equal(sysctl_kind("net/ipv4/conf/eth0.1/forwarding", &arena), SYSCTL_NETWORK);
	assert_int_equal(sysctl_kind("kernel.shm_rmid_forced", &arena), SYSCTL_OTHER);
	assert_int_equal(sysctl_kind("network.x", &arena), SYSCTL_OTHER);
	assert_int_equal(sysctl_kind("kernel/../net/x", &arena), SYSCTL_UNCLEAR);
	assert_int_equal(sysctl_kind("kernel.//.net.x", &arena), SYSCTL_UNCLEAR);
	assert_int_equal(sysctl_kind("/net/x", &arena), SYSCTL_UNCLEAR);
	assert_int_equal(sysctl_kind("net.", &arena), SYSCTL_UNCLEAR);
	assert_int_equal(sysctl_kind("", &arena), SYSCTL_UNCLEAR);
	assert_true(sysctl_same("net.ipv4.conf.eth0/1.mtu", "net/ipv4/conf/eth0.1/mtu", &arena));
	assert_false(sysctl_same("net.ipv4.conf.eth0.1.mtu", "net/ipv4/conf/eth0.1/mtu", &arena));
}

static void test_every_rule_has_a_name_and_a_reason(void **state)
{
	size_t count = 0;

	(void)state;
	for (const struct rule *rule = policy_rules; rule->id; rule++, count++) {
		assert_non_null(rule->apply);
		assert_true(strlen(rule->why) > 20);
		assert_true(str_has_suffix(rule->why, "."));
		for (const struct rule *other = policy_rules; other != rule; other++)
			assert_string_not_equal(other->id, rule->id);
	}
	assert_true(count >= 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_a_refusal_names_rule_request_and_remedy_one_a_line,
					  teardown),
		cmocka_unit_test_teardown(test_a_refusal_has_its_place_in_the_config, teardown),
		cmocka_unit_test_teardown(test_the_place_of_a_refusal_is_that_of_the_text,
					  teardown),
		cmocka_unit_test_teardown(test_many_refusals_are_counted_not_cut, teardown),
		cmocka_unit_test_teardown(test_a_replay_that_does_not_fit_is_an_error, teardown),
		cmocka_unit_test_teardown(test_changes_for_one_reason_are_one_paragraph, teardown),
		cmocka_unit_test_teardown(test_the_ceiling_holds_for_a_process_of_exec, teardown),
		cmocka_unit_test_teardown(
			test_of_an_older_record_nothing_is_in_force_that_it_does_not_have,
			teardown),
		cmocka_unit_test_teardown(test_observing_an_exec_changes_nothing, teardown),
		cmocka_unit_test_teardown(test_a_sysctl_is_known_in_either_spelling, teardown),
		cmocka_unit_test_teardown(test_every_rule_has_a_name_and_a_reason, teardown),
	};

	return cmocka_run_group_tests_name("policy_verdict", tests, NULL, NULL);
}
