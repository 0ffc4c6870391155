/* SPDX-License-Identifier: Apache-2.0 */
/* The judge as most tests ask it. */
#ifndef TESTS_JUDGE_H
#define TESTS_JUDGE_H

#include "plan/make.h"
#include "policy/policy.h"

static inline void judge_new(const struct spec *request, const struct policy *policy,
			     const struct facts *facts, struct arena *arena, struct verdict *ret)
{
	const struct subject subject = { .path = PATH_CREATE,
					 .policy = policy,
					 .request = request };

	policy_judge(&subject, facts, arena, ret);
}

static inline void judge_process(const struct spec_process *process, const struct policy *policy,
				 struct arena *arena, struct verdict *ret)
{
	static const struct facts facts;
	const struct spec request = { .process = (struct spec_process *)(uintptr_t)process };
	const struct subject subject = { .path = PATH_EXEC, .policy = policy, .request = &request };

	policy_judge(&subject, &facts, arena, ret);
}

/* The plan of an exec that the judge would leave as it is. */
static inline int make_exec_plan(struct spec *spec, const struct plan_options *options,
				 bool user_namespace, const struct facts *facts,
				 struct arena *arena, struct plan **ret, struct err *e)
{
	const struct verdict verdict = { .path = PATH_EXEC, .spec = spec };
	struct plan_options with = *options;

	with.user_namespace = user_namespace;
	return plan_make(&verdict, facts, &with, arena, ret, e);
}

#endif
