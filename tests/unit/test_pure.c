/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base, model, spec, policy and plan make a program of their own: from bytes to the text of a plan, linked with nothing
 * else of this project, so with nothing that asks or changes a system.
 */
#include "base/auto.h"
#include "plan/make.h"
#include "plan/print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

#include "judge.h"

static const char config[] =
	"{\"ociVersion\": \"1.3.0\", \"root\": {\"path\": \"rootfs\"},"
	" \"process\": {\"cwd\": \"/\", \"args\": [\"sh\"], \"user\": {\"uid\": 0, \"gid\": 0}},"
	" \"linux\": {\"namespaces\": [{\"type\": \"pid\"}, {\"type\": \"mount\"}]}}";

static void bytes_become_a_plan_without_a_system(void **state)
{
	const struct plan_options options = { .id = "pure", .bundle = "/bundle" };
	autoarena arena = { 0 };
	autostrbuf text = { 0 };
	struct facts *facts = arena_new(&arena, struct facts);
	struct policy *policy = policy_default(&arena, NULL);
	struct verdict verdict;
	struct spec *spec;
	struct plan *plan;
	struct err e;

	(void)state;
	policy->mode = POLICY_OBSERVE;
	facts->cgroup = arena_new(&arena, struct cgroup_facts);
	facts->cgroup->layout = CGROUP_NONE;
	assert_int_equal(spec_decode_text(config, strlen(config), "config.json", &arena, &spec, &e),
			 0);
	judge_new(spec, policy, facts, &arena, &verdict);
	assert_false(verdict.refused);
	assert_int_equal(plan_make(&verdict, facts, &options, &arena, &plan, &e), 0);
	plan_print(plan, &text);
	assert_non_null(strstr(text.text, "pure"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_become_a_plan_without_a_system),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
