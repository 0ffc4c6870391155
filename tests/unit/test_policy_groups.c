/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The group in which those of all containers lie: what a file may say of it and of its reserve, and where that puts a
 * container. Runs anywhere, without root.
 */
#include "base/auto.h"
#include "base/slice.h"
#include "policy/policy.h"

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

static int read_policy(const char *members, struct policy **ret, struct err *e)
{
	const char *text = arena_printf(&arena, "{\"version\":1,%s}", members);

	return policy_decode(text, strlen(text), "p", policy_default(&arena, NULL), &arena, ret, e);
}

/* --- the file --- */

#define ENTRY(cgroup) "\"distros\":[{\"cgroup\":" cgroup "}]"

static void test_what_a_file_may_say(void **state)
{
	static const char *const good[] = {
		"\"cgroup\":{\"parent\":\"/distros\"}",
		"\"cgroup\":{\"parent\":\"/a.b/..c/...\"}",
		"\"cgroup\":{\"parent\":\"distros.slice\"}",
		"\"cgroup\":{\"parent\":\"a-b-c.slice\"}",
		"\"cgroup\":{\"parent\":\"none\",\"reserve\":{\"memory\":0}}",
		"\"cgroup\":{\"parent\":\"/d\",\"reserve\":{\"cpu\":99,\"memory\":1,\"pids\":1}}",
		"\"cgroup\":{\"parent\":\"/d\",\"reserve\":{\"cpu\":9}}," ENTRY(
			"{\"parent\":\"none\"}"),
		"\"cgroup\":{\"parent\":\"/d\",\"reserve\":{\"cpu\":9}}," ENTRY(
			"{\"parent\":\"/e\",\"reserve\":{\"cpu\":5}}"),
		"\"cgroup\":{\"parent\":\"/d\",\"reserve\":{\"cpu\":9}}," ENTRY(
			"{\"reserve\":{\"cpu\":9}}"),
		"\"distros\":[{\"cgroup\":{\"parent\":\"/e\",\"reserve\":{\"cpu\":5}}}]",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct policy *policy;
		struct err e;

		if (read_policy(good[i], &policy, &e) < 0)
			fail_msg("%s: %s", good[i], e.text);
	}
}

static void test_what_is_a_mistake(void **state)
{
	static const struct {
		const char *text, *error;
	} bad[] = {
		{ "\"cgroup\":{\"parent\":\"distros\"}",
		  "p:1:33: cgroup.parent: must be the path of a group below /" },
		{ "\"cgroup\":{\"parent\":\"\"}", "cgroup.parent" },
		{ "\"cgroup\":{\"parent\":\"/\"}", "cgroup.parent: must be" },
		{ "\"cgroup\":{\"parent\":\"//d\"}", "cgroup.parent: must be" },
		{ "\"cgroup\":{\"parent\":\"/d/\"}", "cgroup.parent: must be" },
		{ "\"cgroup\":{\"parent\":\"/d/./e\"}", "cgroup.parent: must be" },
		{ "\"cgroup\":{\"parent\":\"/d/../e\"}", "cgroup.parent: must be" },
		{ "\"cgroup\":{\"parent\":\"/d\\u0007\"}", "cgroup.parent: must be" },
		{ "\"cgroup\":{\"parent\":\"-.slice\"}", "cgroup.parent: must be" },
		{ "\"cgroup\":{\"parent\":\".slice\"}", "cgroup.parent: must be" },
		{ "\"cgroup\":{\"parent\":\"a--b.slice\"}", "cgroup.parent: must be" },
		{ "\"cgroup\":{\"parent\":\"a/b.slice\"}", "cgroup.parent: must be" },
		{ "\"cgroup\":{\"parent\":\"a.slice:x\"}", "cgroup.parent: must be" },
		{ "\"cgroup\":{\"parent\":5}", "cgroup.parent" },
		{ "\"cgroup\":{\"parent\":\"/d\",\"reserve\":{\"cpu\":100}}",
		  "cgroup.reserve.cpu: must be a percentage from 0 to 99, is 100" },
		{ "\"cgroup\":{\"parent\":\"/d\",\"reserve\":{\"cpu\":-1}}", "cgroup.reserve.cpu" },
		{ "\"cgroup\":{\"parent\":\"/d\",\"reserve\":{\"memory\":\"1G\"}}",
		  "cgroup.reserve.memory" },
		{ "\"cgroup\":{\"parent\":\"/d\",\"reserve\":{\"pids\":1.5}}",
		  "cgroup.reserve.pids" },
		{ "\"cgroup\":{\"parent\":\"/d\",\"reserve\":{\"swap\":1}}", "swap" },
		{ "\"cgroup\":{\"reserve\":{\"memory\":1}}",
		  "p:1:34: cgroup.reserve: takes a cgroup.parent" },
		{ "\"cgroup\":{\"parent\":\"none\",\"reserve\":{\"pids\":1}}",
		  "cgroup.reserve: takes a cgroup.parent" },
		{ ENTRY("{\"reserve\":{\"cpu\":1}}"),
		  "distros[0].cgroup.reserve: takes a cgroup.parent" },
		{ "\"cgroup\":{\"parent\":\"/d\"}," ENTRY(
			  "{\"parent\":\"none\",\"reserve\":{\"cpu\":1}}"),
		  "distros[0].cgroup.reserve: takes a cgroup.parent" },
		/* each start would write the other one's limits anew */
		{ "\"cgroup\":{\"parent\":\"/d\"}," ENTRY("{\"reserve\":{\"cpu\":1}}"),
		  "distros[0].cgroup: reserves for the parent \"/d\" something else than the key cgroup outside of distros" },
		{ "\"cgroup\":{\"parent\":\"/d.slice\",\"reserve\":{\"cpu\":2}}," ENTRY(
			  "{\"parent\":\"d.slice\",\"reserve\":{\"cpu\":1}}"),
		  "distros[0].cgroup: reserves for the parent \"/d.slice\" something else" },
		{ "\"distros\":[{\"cgroup\":{\"parent\":\"/e\",\"reserve\":{\"cpu\":5}}},{\"cgroup\":{\"parent\":\"/e\"}}]",
		  "distros[1].cgroup: reserves for the parent \"/e\" something else than distros[0]" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct policy *policy;
		struct err e = { 0 };

		if (read_policy(bad[i].text, &policy, &e) == 0)
			fail_msg("accepted: %s", bad[i].text);
		assert_int_equal(e.kind, ERR_POLICY);
		if (!strstr(e.text, bad[i].error))
			fail_msg("%s: says %s", bad[i].text, e.text);
	}
}

/* --- where a container is --- */

enum { ROOT, SYSTEMD, USER, USER_OF_ALL };

static struct facts *facts_for(int who)
{
	struct facts *facts = arena_new(&arena, struct facts);

	facts->id = arena_strdup(&arena, "c");
	facts->cgroup = arena_new(&arena, struct cgroup_facts);
	facts->cgroup->layout = CGROUP_V2;
	facts->parent = arena_new(&arena, struct parent_facts);
	facts->parent->systemd = who == SYSTEMD;
	facts->rootless = who == USER || who == USER_OF_ALL;
	if (facts->rootless)
		facts->cgroup->delegated = arena_strdup(&arena, who == USER ? "/u/me" : "/");
	return facts;
}

static const char *path_of(const char *parent, const char *asked, int who)
{
	struct policy *policy = policy_default(&arena, NULL);
	struct spec_linux linux_ = { .cgroups_path = asked ? arena_strdup(&arena, asked) : NULL };
	const struct spec spec = { .linux_ = &linux_ };

	policy->cgroup->parent = arena_strdup(&arena, parent);
	return policy_cgroups_path(policy, &spec, facts_for(who), &arena);
}

static void test_where_it_puts_a_container(void **state)
{
	static const struct {
		const char *parent, *asked;
		int who;
		const char *path; /* NULL: as asked */
	} cases[] = {
		{ "none", "/a", ROOT, NULL },
		{ "/d", NULL, ROOT, "/d/distro-shim/c" },
		{ "/d", "", ROOT, "/d/distro-shim/c" },
		{ "/d", "/a/b", ROOT, "/d/a/b" },
		{ "/d", "a/b", ROOT, "/d/a/b" },
		{ "/d", "//a/./b/", ROOT, "/d/a/b" },
		{ "/d", "/d", ROOT, "/d/d" },
		{ "/d", "d/.", ROOT, "/d/d" },
		{ "/d", "/d/x", ROOT, NULL },
		{ "/d", "d/x", ROOT, NULL },
		{ "/d", "/dd/x", ROOT, "/d/dd/x" },
		{ "/d/e", "/d/x", ROOT, "/d/e/d/x" },
		{ "a-b.slice", "/x", ROOT, "/a.slice/a-b.slice/x" },
		{ "a-b.slice", "/a.slice/a-b.slice/x", ROOT, NULL },
		/* mistakes, which are told of as they are */
		{ "/d", "/", ROOT, NULL },
		{ "/d", "./", ROOT, NULL },
		{ "/d", "/d/../x", ROOT, NULL },
		{ "/d", "../x", ROOT, NULL },
		{ "d.slice", NULL, SYSTEMD, "d.slice:distro-shim:c" },
		{ "d.slice", "machine.slice:libpod:x", SYSTEMD, "d.slice:libpod:x" },
		{ "d.slice", ":libpod:x", SYSTEMD, "d.slice:libpod:x" },
		{ "d.slice", "d.slice:libpod:x", SYSTEMD, NULL },
		{ "d.slice", "d-e-f.slice:libpod:x", SYSTEMD, NULL },
		{ "d-e.slice", "d.slice:libpod:x", SYSTEMD, "d-e.slice:libpod:x" },
		{ "d.slice", "de.slice:libpod:x", SYSTEMD, "d.slice:libpod:x" },
		{ "d.slice", "d-.slice:libpod:x", SYSTEMD, "d.slice:libpod:x" },
		{ "d.slice", "/a/b", SYSTEMD, NULL },
		{ "/d", "/a/b", SYSTEMD, NULL },
		{ "/d", NULL, USER, "/u/me/d/distro-shim-c" },
		{ "/d", "/a", USER, "/u/me/d/a" },
		{ "/d", "a", USER, "/u/me/d/a" },
		{ "/d", "/u/me/a", USER, "/u/me/d/a" },
		{ "/d", "/u/me/d/a", USER, NULL },
		{ "/d", "/u/me/d", USER, "/u/me/d/d" },
		{ "/d", "/u/me", USER, NULL },
		{ "/d", "/u/mean/a", USER, "/u/me/d/u/mean/a" },
		{ "/d", "/a", USER_OF_ALL, "/d/a" },
		{ "/d", "/d/a", USER_OF_ALL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *path = path_of(cases[i].parent, cases[i].asked, cases[i].who);

		if (!str_eq(path, cases[i].path))
			fail_msg("case %zu, %s: %s", i, cases[i].asked, path ? path : "as it is");
		if (path && path_of(cases[i].parent, path, cases[i].who))
			fail_msg("case %zu: twice is not once: %s", i, path);
	}
}

/* --- what is left --- */

static struct group_parent judged(const struct policy_reserve *reserve, uint64_t memory,
				  uint64_t pids, uint32_t cpus)
{
	struct policy *policy = policy_default(&arena, NULL);
	struct facts *facts = facts_for(ROOT);
	const struct spec spec = { .oci_version = NULL };
	struct verdict verdict;

	policy->cgroup->parent = arena_strdup(&arena, "/d");
	*policy->cgroup->reserve = *reserve;
	facts->parent->memory = memory;
	facts->parent->pids = pids;
	facts->parent->cpus = cpus;
	judge_new(&spec, policy, facts, &arena, &verdict);
	return verdict.parent;
}

static void test_what_is_left_for_containers(void **state)
{
	const struct policy_reserve reserve = {
		.memory = { true, 1 },
		.cpu = { true, 1 },
		.pids = { true, 1 },
	};
	const struct policy_reserve nothing = { 0 };
	const struct policy_reserve all = {
		.memory = { true, 100 },
		.cpu = { true, 99 },
		.pids = { true, UINT64_MAX },
	};
	struct group_parent parent = judged(&reserve, (UINT64_C(8) << 20) + 5, 10, 3);

	(void)state;
	assert_string_equal(parent.path, "/d");
	assert_null(parent.slice);
	assert_int_equal(parent.memory, UINT64_C(8) << 20);
	assert_int_equal(parent.quota, 3 * 99 * 1000);
	assert_int_equal(parent.pids, 9);
	parent = judged(&nothing, 1 << 20, 10, 3);
	assert_string_equal(parent.path, "/d");
	assert_true(!parent.memory && !parent.quota && !parent.pids);
	/* refused */
	parent = judged(&all, (1 << 20) + 99, 10, 1);
	assert_true(!parent.memory && !parent.pids);
	assert_int_equal(parent.quota, 1000);
}

static void test_names_of_slices(void **state)
{
	(void)state;
	assert_null(slice_name_problem("-.slice"));
	assert_null(slice_name_problem("a-b_c\\x2d.slice"));
	assert_non_null(slice_name_problem("a.scope"));
	assert_non_null(slice_name_problem("a b.slice"));
	assert_non_null(slice_name_problem("-a.slice"));
	assert_non_null(slice_name_problem("a-.slice"));
	assert_string_equal(slice_path("-.slice", &arena), "");
	assert_string_equal(slice_path("a.slice", &arena), "/a.slice");
	assert_string_equal(slice_path("a-b-c.slice", &arena), "/a.slice/a-b.slice/a-b-c.slice");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_what_a_file_may_say, teardown),
		cmocka_unit_test_teardown(test_what_is_a_mistake, teardown),
		cmocka_unit_test_teardown(test_where_it_puts_a_container, teardown),
		cmocka_unit_test_teardown(test_what_is_left_for_containers, teardown),
		cmocka_unit_test_teardown(test_names_of_slices, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
