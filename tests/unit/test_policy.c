/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy file: keys, values, positions of errors, what is refused by name, defaults. What a policy
 * does to a config is in test_policy_golden.c. Runs anywhere, without root.
 */
#include "base/auto.h"
#include "os/io.h"
#include "policy/audit.h"
#include "policy/policy.h"
#include "policy/rules.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

static struct arena arena;

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static struct policy *decoded(const char *text)
{
	struct policy *policy = NULL;
	struct err e = { 0 };

	if (policy_decode(text, strlen(text), "policy.json", policy_default(&arena, NULL), &arena,
			  &policy, &e) < 0)
		fail_msg("%s", e.text);
	return policy;
}

/* The error of a policy file that must not be accepted. */
static const char *refused(const char *text)
{
	struct policy *policy = NULL;
	struct err *e = arena_new(&arena, struct err);

	if (policy_decode(text, strlen(text), "policy.json", policy_default(&arena, NULL), &arena,
			  &policy, e) == 0)
		fail_msg("accepted: %s", text);
	assert_int_equal(e->kind, ERR_POLICY);
	assert_null(policy);
	return e->text;
}

static void assert_refused_with(const char *text, const char *part)
{
	const char *error = refused(text);

	if (!strstr(error, part))
		fail_msg("%s\nlacks: %s\nfor: %s", error, part, text);
}

static char *encoded(const struct policy *policy)
{
	struct err e = { 0 };
	size_t length = 0;
	char *text = NULL;

	if (fields_encode_text(&policy_fields, policy, false, &arena, &text, &length, &e) < 0)
		fail_msg("%s", e.text);
	return text;
}

static char *read_source(const char *name)
{
	const char *source = getenv("DISTRO_SHIM_SOURCE");
	char path[PATH_MAX];
	autofree char *text = NULL;
	struct err e = { 0 };

	assert_true(str_format(path, sizeof(path), &e, "%s/%s", source ? source : ".", name) >= 0);
	if (read_file_at(AT_FDCWD, path, JSON_MAX_BYTES, &text, NULL, &e) < 0)
		fail_msg("%s", e.text);
	return arena_strdup(&arena, text);
}

/* --- defaults --- */

static void test_a_file_that_says_nothing_is_the_default(void **state)
{
	(void)state;
	assert_string_equal(encoded(decoded("{\"version\":1}")),
			    encoded(policy_default(&arena, NULL)));
	assert_string_equal(
		encoded(decoded(
			"{\"version\":1,\"network\":{\"requested\":{}},\"namespaces\":{}}")),
		encoded(policy_default(&arena, NULL)));
}

static void test_the_default_is_complete(void **state)
{
	const char *text = encoded(policy_default(&arena, NULL));
	static const char *const keys[] = {
		"\"version\":1",
		"\"mode\":\"enforce\"",
		"\"namespace\":\"/run/netns/distros\"",
		"\"requested\":{\"host\":\"rewrite\",\"path\":\"rewrite\",\"new\":\"late\"}",
		"\"allowHost\":false",
		"\"admin\":false",
		"\"sysctls\":\"drop\"",
		"\"lock\":\"open\"",
		"\"abstractSockets\":\"shared\"",
		"\"resolvConf\":\"auto\"",
		"\"hosts\":\"auto\"",
		"\"pid\":\"fresh\",\"mount\":\"fresh\",\"ipc\":\"isolated\",\"uts\":\"isolated\"",
		"\"cgroup\":\"isolated\",\"user\":\"requested\",\"time\":\"requested\"",
		"\"procSys\":\"read-only\"",
		"\"privileged\":\"allow\"",
		"\"audit\":\"none\"",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strstr(text, keys[i]))
			fail_msg("%s lacks %s", text, keys[i]);
}

static void test_a_rootless_caller_has_a_network_of_its_own(void **state)
{
	struct policy *policy = policy_default(&arena, "/run/user/7/distro-shim/netns");

	(void)state;
	assert_string_equal(policy->network->namespace_, "/run/user/7/distro-shim/netns");
}

static void test_the_example_file_says_what_the_default_is(void **state)
{
	const char *text = read_source("contrib/policy.json");

	(void)state;
	assert_string_equal(encoded(decoded(text)), encoded(policy_default(&arena, NULL)));
	/* and says it in words: nothing of it was filled in */
	for (size_t i = 0; i < policy_fields.count; i++) {
		const struct field *row = &policy_fields.rows[i];
		char *key = arena_printf(&arena, "\"%s\"", row->name);

		/* what has no default is not there */
		if (row->kind != FIELD_RAW && row->kind != FIELD_MAP && row->kind != FIELD_LIST &&
		    !strstr(text, key))
			fail_msg("contrib/policy.json lacks %s", key);
	}
}

static void test_what_a_file_says_is_kept_beside_the_defaults(void **state)
{
	struct policy *policy = decoded("{\"version\":1,\"network\":{\"requested\":{\"new\":"
					"\"keep\"},\"admin\":true}}");

	(void)state;
	assert_int_equal(policy->network->requested->new_, POLICY_KEEP);
	assert_int_equal(policy->network->requested->host, POLICY_REWRITE);
	assert_true(policy->network->admin.value);
	assert_false(policy->network->allow_host.value);
	assert_string_equal(policy->network->namespace_, "/run/netns/distros");
	assert_int_equal(policy->namespaces->pid, POLICY_FRESH);
}

/* --- schemas --- */

static const struct json_value *read_schema(const char *name)
{
	struct json_source source = { .name = name, .text = read_source(name) };
	struct json_value *root = NULL;
	struct err e = { 0 };

	source.length = strlen(source.text);
	if (json_parse(&source, &arena, &root, &e) < 0)
		fail_msg("%s", e.text);
	return root;
}

static const struct field *row_named(const struct fields *fields, const char *name)
{
	for (size_t i = 0; i < fields->count; i++)
		if (str_eq(fields->rows[i].name, name))
			return &fields->rows[i];
	return NULL;
}

static void compare_names(const struct field *row, const struct json_value *property)
{
	const struct json_value *words = json_get(property, "enum");
	size_t count = 0;

	for (const struct name_row *name = row->names; name->name; name++, count++) {
		const struct json_value *word = words ? words->first : NULL;

		while (word && !str_eq(word->text, name->name))
			word = word->next;
		if (!word)
			fail_msg("%s: the schema lacks \"%s\"", row->name, name->name);
	}
	assert_int_equal(words->count, count);
}

/* Where the object is that the rows of a group are about. */
static const struct json_value *schema_of_group(const struct field *row,
						const struct json_value *property)
{
	switch ((int)row->kind) {
	case FIELD_LIST:
		return json_get(property, "items");
	case FIELD_MAP:
		return json_get(property, "additionalProperties");
	case FIELD_STRING_OR_OBJECT:
		return json_get(property, "oneOf")->first->next;
	default:
		return property;
	}
}

/* Both ways: a key in one and not in the other is a lie of one of them. */
static void compare_schema(const struct fields *fields, const struct json_value *schema)
{
	const struct json_value *properties = json_get(schema, "properties");
	const struct json_value *additional = json_get(schema, "additionalProperties");

	assert_non_null(properties);
	assert_int_equal(additional && !additional->boolean, (fields->flags & FIELDS_CLOSED) != 0);
	for (const struct json_value *v = properties->first; v; v = v->next)
		if (!row_named(fields, v->key))
			fail_msg("\"%s\" is in the schema and in no table", v->key);
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *row = &fields->rows[i];
		const struct json_value *property = json_get(properties, row->name);

		if (!property)
			fail_msg("\"%s\" is in the table and not in the schema", row->name);
		if (field_names(row))
			compare_names(row, property);
		if (field_sub(row))
			compare_schema(field_sub(row), schema_of_group(row, property));
	}
}

static void test_the_schemas_say_what_the_tables_say(void **state)
{
	const struct json_value *decisions = read_schema("config-schema/decisions.json");

	(void)state;
	compare_schema(&policy_fields, read_schema("config-schema/policy.json"));
	compare_schema(&decision_fields, json_get(json_get(decisions, "$defs"), "decision"));
}

/* Keys are written there as "network.requested.new"; some names only in the list of what is refused. */
static void expect_in_manual(const char *manual, const struct fields *fields, const char *prefix)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *row = &fields->rows[i];
		const char *key = arena_printf(&arena, "%s%s", prefix, row->name);

		if (row->kind == FIELD_OBJECT)
			expect_in_manual(manual, field_sub(row), arena_printf(&arena, "%s.", key));
		else if (!strstr(manual, key))
			fail_msg("the manual lacks %s", key);
	}
}

static void test_the_manual_names_every_key_and_rule(void **state)
{
	const char *manual = read_source("man/distro-shim-policy.5");
	const char *rules = strstr(manual, ".SH RULES");

	(void)state;
	expect_in_manual(manual, &policy_fields, "");
	assert_non_null(rules);
	for (const struct rule *rule = policy_rules; rule->id; rule++)
		if (!strstr(rules, rule->id))
			fail_msg("the manual lacks the rule %s", rule->id);
}

/* --- values --- */

static void test_every_key_takes_each_of_its_values(void **state)
{
	static const char *const accepted[] = {
		"\"mode\":\"enforce\"",
		"\"mode\":\"observe\"",
		"\"network\":{\"namespace\":\"/run/netns/x\"}",
		"\"network\":{\"namespace\":\"self\"}",
		"\"network\":{\"namespace\":\"requested\"}",
		"\"network\":{\"requested\":{\"host\":\"rewrite\"}}",
		"\"network\":{\"requested\":{\"host\":\"refuse\"}}",
		"\"network\":{\"requested\":{\"path\":\"rewrite\"}}",
		"\"network\":{\"requested\":{\"path\":\"refuse\"}}",
		"\"network\":{\"requested\":{\"new\":\"late\"}}",
		"\"network\":{\"requested\":{\"new\":\"refuse\"}}",
		"\"network\":{\"requested\":{\"new\":\"keep\"}}",
		"\"network\":{\"allowHost\":true}",
		"\"network\":{\"allowHost\":false}",
		"\"network\":{\"admin\":true}",
		"\"network\":{\"admin\":false}",
		"\"network\":{\"sysctls\":\"drop\"}",
		"\"network\":{\"sysctls\":\"refuse\"}",
		"\"network\":{\"sysctls\":[]}",
		"\"network\":{\"sysctls\":[\"net.ipv4.ping_group_range\"]}",
		"\"network\":{\"sysctls\":[\"net/ipv4/conf/eth0.1/forwarding\"]}",
		"\"network\":{\"lock\":\"open\"}",
		"\"network\":{\"abstractSockets\":\"shared\"}",
		"\"network\":{\"resolvConf\":\"auto\"}",
		"\"network\":{\"resolvConf\":\"engine\"}",
		"\"network\":{\"resolvConf\":\"/etc/x\"}",
		"\"network\":{\"hosts\":\"auto\"}",
		"\"network\":{\"hosts\":\"engine\"}",
		"\"network\":{\"hosts\":\"/etc/x\"}",
		"\"namespaces\":{\"pid\":\"fresh\"}",
		"\"namespaces\":{\"pid\":\"isolated\"}",
		"\"namespaces\":{\"mount\":\"fresh\"}",
		"\"namespaces\":{\"ipc\":\"isolated\"}",
		"\"namespaces\":{\"ipc\":\"fresh\"}",
		"\"namespaces\":{\"ipc\":\"requested\"}",
		"\"namespaces\":{\"uts\":\"isolated\"}",
		"\"namespaces\":{\"uts\":\"fresh\"}",
		"\"namespaces\":{\"uts\":\"requested\"}",
		"\"namespaces\":{\"cgroup\":\"isolated\"}",
		"\"namespaces\":{\"cgroup\":\"fresh\"}",
		"\"namespaces\":{\"cgroup\":\"requested\"}",
		"\"namespaces\":{\"user\":\"requested\"}",
		"\"namespaces\":{\"time\":\"requested\"}",
		"\"procSys\":\"read-only\"",
		"\"procSys\":\"requested\"",
		"\"privileged\":\"allow\"",
		"\"audit\":\"none\"",
		"\"audit\":\"journal\"",
		"\"audit\":\"syslog\"",
		"\"audit\":\"/var/log/audit..json\"",
		"\"audit\":{\"to\":\"journal\"}",
		"\"audit\":{\"to\":\"/a\",\"required\":true}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
		const char *text = arena_printf(&arena, "{\"version\":1,%s}", accepted[i]);
		const char *value = strrchr(accepted[i], ':') + 1;
		const char *again = encoded(decoded(text));
		char *bare = arena_strndup(&arena, value, strcspn(value, "}"));

		/* the value is in what the state would store, and reads back to the same */
		if (!strstr(again, bare))
			fail_msg("%s lacks %s", again, bare);
		assert_string_equal(encoded(decoded(again)), again);
	}
}

static void test_a_wrong_value_is_named_with_its_place(void **state)
{
	static const struct {
		const char *text, *error;
	} bad[] = {
		{ "{\"version\":2}", "policy.json:1:12: version: must be 1, is 2" },
		{ "{\"version\":2,\"later\":true}", "version: must be 1, is 2" },
		{ "{\n\"mode\":\"enforce\"}", "version" },
		{ "{\"version\":\"1\"}", "version" },
		{ "{\"version\":1,\n \"mode\":\"watch\"}", "policy.json:2:9: mode" },
		{ "{\"version\":1,\n\"network\":{\n\"namespace\":\"distros\"}}",
		  "policy.json:3:13: network.namespace: must be an absolute path, \"self\" or "
		  "\"requested\", is \"distros\"" },
		{ "{\"version\":1,\"network\":{\"namespace\":\"\"}}", "network.namespace" },
		{ "{\"version\":1,\"network\":{\"requested\":{\"host\":\"late\"}}}",
		  "network.requested.host" },
		{ "{\"version\":1,\"network\":{\"requested\":{\"path\":\"keep\"}}}",
		  "network.requested.path" },
		{ "{\"version\":1,\"network\":{\"requested\":{\"new\":\"rewrite\"}}}",
		  "network.requested.new" },
		{ "{\"version\":1,\"network\":{\"allowHost\":\"yes\"}}", "network.allowHost" },
		{ "{\"version\":1,\"network\":{\"admin\":1}}", "network.admin" },
		{ "{\"version\":1,\n\"network\":{\"sysctls\":\"allow\"}}",
		  "policy.json:2:22: network.sysctls: must be \"drop\", \"refuse\" or a list" },
		{ "{\"version\":1,\"network\":{\"sysctls\":[\"kernel.sem\"]}}",
		  "network.sysctls[0]: \"kernel.sem\" is not the name of a net.* sysctl" },
		{ "{\"version\":1,\"network\":{\"sysctls\":[\"net.ipv4.x\",\"net..x\"]}}",
		  "network.sysctls[1]" },
		{ "{\"version\":1,\"network\":{\"resolvConf\":\"none\"}}",
		  "network.resolvConf: must be \"auto\", \"engine\" or an absolute path, is "
		  "\"none\"" },
		{ "{\"version\":1,\"network\":{\"hosts\":\"hosts\"}}", "network.hosts: must be" },
		{ "{\"version\":1,\"namespaces\":{\"pid\":\"requested\"}}", "namespaces.pid" },
		{ "{\"version\":1,\"namespaces\":{\"mount\":\"isolated\"}}", "namespaces.mount" },
		{ "{\"version\":1,\"namespaces\":{\"ipc\":\"host\"}}", "namespaces.ipc" },
		{ "{\"version\":1,\"namespaces\":{\"user\":\"fresh\"}}",
		  "namespaces.user: must be \"requested\" or an object with auto, is \"fresh\"" },
		{ "{\"version\":1,\"namespaces\":{\"user\":7}}", "namespaces.user" },
		{ "{\"version\":1,\"namespaces\":{\"time\":\"fresh\"}}", "namespaces.time" },
		{ "{\"version\":1,\"procSys\":\"rw\"}", "procSys" },
		{ "{\"version\":1,\"privileged\":true}", "privileged" },
		{ "{\"version\":1,\"network\":[]}", "network" },
		{ "[]", "policy.json:1:1" },
		{ "", "policy.json" },
		{ "{\"version\":1,\"version\":1}", "version" },
		{ "{\"version\":1} x", "policy.json:1:" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_refused_with(bad[i].text, bad[i].error);
}

static void test_an_unknown_key_is_refused_at_every_level(void **state)
{
	(void)state;
	assert_refused_with("{\"version\":1,\n\"netwerk\":{}}", "netwerk");
	assert_refused_with("{\"version\":1,\"network\":{\"lok\":\"open\"}}", "lok");
	assert_refused_with("{\"version\":1,\"network\":{\"requested\":{\"none\":\"refuse\"}}}",
			    "none");
	assert_refused_with("{\"version\":1,\"namespaces\":{\"net\":\"fresh\"}}", "net");
	assert_refused_with("{\"version\":1,\"Mode\":\"observe\"}", "Mode");
	assert_refused_with("{\"version\":1,\"network\":{\"ports\":[\"80\"]}}", "ports");
	assert_refused_with("{\"version\":1,\"networks\":{\"a\":{\"use\":\"b\"}}}", "use");
	assert_refused_with("{\"version\":1,\"distros\":[{\"networks\":{}}]}", "networks");
	assert_refused_with("{\"version\":1,\"distros\":[{\"version\":1}]}", "version");
}

static void test_systemd_is_a_choice_of_two(void **state)
{
	(void)state;
	assert_false(decoded("{\"version\":1}")->systemd.value);
	assert_true(decoded("{\"version\":1,\"systemd\":true}")->systemd.value);
	assert_refused_with("{\"version\":1,\n  \"systemd\":\"always\"}",
			    "policy.json:2:13: systemd");
}

static void test_capabilities_that_are_removed_are_known_by_name(void **state)
{
	struct policy *policy;

	(void)state;
	policy = decoded(
		"{\"version\":1,\"capabilities\":{\"remove\":[\"CAP_SYS_TIME\",\"sys_time\","
		"\"all\"]}}");
	assert_int_equal(policy->capabilities->remove.n, 3);
	assert_refused_with(
		"{\"version\":1,\n\"capabilities\":{\"remove\":[\"CAP_KILL\",\n  \"CAP_FLY\"]}}",
		"policy.json:3:3: capabilities.remove[1]: must be the name of a capability or "
		"\"ALL\", is \"CAP_FLY\"");
	assert_refused_with("{\"version\":1,\"capabilities\":{\"remove\":[\"CAP_\"]}}",
			    "is \"CAP_\"");
	assert_refused_with("{\"version\":1,\"capabilities\":{\"remove\":[\"\"]}}",
			    "capabilities.remove[0]");
	assert_refused_with("{\"version\":1,\"capabilities\":{\"remove\":\"ALL\"}}",
			    "capabilities.remove: must be an array");
	assert_refused_with("{\"version\":1,\"capabilities\":[]}",
			    "capabilities: must be an object");
	assert_refused_with("{\"version\":1,\"capabilities\":{\"add\":[]}}", "add");
}

static void test_shares_have_two_clean_paths(void **state)
{
	struct policy *policy = decoded(
		"{\"version\":1,\"share\":[{\"source\":\"/srv/a\",\"destination\":\"/mnt/a\"}]}");

	(void)state;
	assert_int_equal(policy->share.n, 1);
	assert_string_equal(policy->share.v[0].destination, "/mnt/a");
	assert_refused_with("{\"version\":1,\"share\":[{\"source\":\"/srv/a\"}]}", "destination");
	assert_refused_with(
		"{\"version\":1,\"share\":[{\"source\":\"srv\",\"destination\":\"/a\"}]}",
		"policy.json:1:33: share[0].source: must be an absolute path");
	assert_refused_with("{\"version\":1,\"share\":[{\"source\":\"/\",\"destination\":\"/a\"}]}",
			    "share[0].source: ");
	assert_refused_with(
		"{\"version\":1,\"share\":[{\"source\":\"/s\",\"destination\":\"/a/../b\"}]}",
		"share[0].destination: must be an absolute path");
	assert_refused_with(
		"{\"version\":1,\"share\":[{\"source\":\"/s\",\"destination\":\"/proc/a\"}]}",
		"share[0].destination: must not be in /proc");
	assert_refused_with(
		"{\"version\":1,\"share\":[{\"source\":\"/s\",\"destination\":\"/a\"},\n"
		"{\"source\":\"/t\",\"destination\":\"/a\"}]}",
		"policy.json:2:1: share[1].destination: is that of share[0], too");
	assert_refused_with("{\"version\":1,\"share\":[{\"source\":\"/s\",\"destination\":\"/a\","
			    "\"options\":[]}]}",
			    "options");
}

static void test_the_audit_goes_to_a_log_or_a_file(void **state)
{
	static const char *const wrong[] = { "\"\"",       "\"journald\"", "\"log\"",
					     "\"/\"",      "\"/log/\"",    "\"/log/../etc/x\"",
					     "\"/./log\"", "\"//log\"",    "\"None\"" };
	const struct policy *policy;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_refused_with(
			arena_printf(&arena, "{\"version\":1,\"audit\":%s}", wrong[i]),
			"audit: must be \"journal\", \"syslog\", \"none\" or the absolute path of a file");
		assert_refused_with(
			arena_printf(&arena, "{\"version\":1,\"audit\":{\"to\":%s}}", wrong[i]),
			"audit.to: must be \"journal\", \"syslog\" or the absolute path of a file");
	}
	assert_refused_with("{\"version\":1,\"audit\":{\"to\":\"none\",\"required\":true}}",
			    "audit.to: must be");
	assert_refused_with("{\"version\":1,\"audit\":{\"required\":true}}", "audit.to");
	assert_refused_with("{\"version\":1,\"audit\":{\"to\":\"/a\",\"needed\":true}}", "needed");
	assert_refused_with("{\"version\":1,\"audit\":[\"/a\"]}",
			    "audit: must be a string or an object");
	/* in each form the same; a record of a program that did not know the key has none */
	policy = decoded("{\"version\":1}");
	assert_null(policy_audit(policy).to);
	assert_null(policy_audit(NULL).to);
	assert_null(policy_audit(&(const struct policy){ .version = 1 }).to);
	policy = decoded("{\"version\":1,\"audit\":\"/a\"}");
	assert_string_equal(policy_audit(policy).to, "/a");
	assert_false(policy_audit(policy).required);
	policy = decoded("{\"version\":1,\"audit\":{\"to\":\"syslog\",\"required\":true}}");
	assert_string_equal(policy_audit(policy).to, "syslog");
	assert_true(policy_audit(policy).required);
}

static void test_values_of_hooks_and_criu(void **state)
{
	(void)state;
	assert_refused_with(
		"{\"version\":1,\"hooks\":{\"timeout\":0}}",
		"policy.json:1:33: hooks.timeout: must be a number of seconds above 0, is "
		"0");
	assert_refused_with("{\"version\":1,\"hooks\":{\"output\":[\"/ok\",\"var\"]}}",
			    "hooks.output[1]: must be an absolute path, is \"var\"");
	assert_refused_with("{\"version\":1,\"criu\":{\"config\":[\"x.conf\"]}}",
			    "criu.config[0]: must be an absolute path, is \"x.conf\"");
	static const char *const places[] = { "hooks", "/a/../b", "/./a", "//", "/a//b", "/a//" };
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		assert_refused_with(
			arena_printf(&arena,
				     "{\"version\":1,\"hooks\":{\"allow\":[\"/x\",\"%s\"]}}",
				     places[i]),
			"hooks.allow[1]: must be an absolute path without \".\" and \"..\"");
	assert_int_equal(decoded("{\"version\":1,\"hooks\":{\"allow\":[\"/\",\"/a/\",\"/a/.b\"]}}")
				 ->hooks->allow.n,
			 3);
	assert_int_equal(decoded("{\"version\":1,\"hooks\":{}}")->hooks->timeout.value, 240);
	assert_int_equal(decoded("{\"version\":1,\"hooks\":{\"timeout\":7}}")->hooks->timeout.value,
			 7);
	assert_int_equal(decoded("{\"version\":1,\"cgroup\":{}}")->cgroup->overlap,
			 POLICY_OVERLAP_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_capabilities_that_are_removed_are_known_by_name,
					  teardown),
		cmocka_unit_test_teardown(test_shares_have_two_clean_paths, teardown),
		cmocka_unit_test_teardown(test_values_of_hooks_and_criu, teardown),
		cmocka_unit_test_teardown(test_the_audit_goes_to_a_log_or_a_file, teardown),
		cmocka_unit_test_teardown(test_a_file_that_says_nothing_is_the_default, teardown),
		cmocka_unit_test_teardown(test_the_default_is_complete, teardown),
		cmocka_unit_test_teardown(test_a_rootless_caller_has_a_network_of_its_own,
					  teardown),
		cmocka_unit_test_teardown(test_the_example_file_says_what_the_default_is, teardown),
		cmocka_unit_test_teardown(test_what_a_file_says_is_kept_beside_the_defaults,
					  teardown),
		cmocka_unit_test_teardown(test_the_schemas_say_what_the_tables_say, teardown),
		cmocka_unit_test_teardown(test_the_manual_names_every_key_and_rule, teardown),
		cmocka_unit_test_teardown(test_every_key_takes_each_of_its_values, teardown),
		cmocka_unit_test_teardown(test_a_wrong_value_is_named_with_its_place, teardown),
		cmocka_unit_test_teardown(test_an_unknown_key_is_refused_at_every_level, teardown),
		cmocka_unit_test_teardown(test_systemd_is_a_choice_of_two, teardown),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
