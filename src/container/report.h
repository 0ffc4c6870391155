/* SPDX-License-Identifier: Apache-2.0 */
/* What people and engines are told of a verdict and of a plan, on every path in the same way. */
#ifndef CONTAINER_REPORT_H
#define CONTAINER_REPORT_H

#include "plan/plan.h"
#include "policy/policy.h"

/* A refusal as an error (policy_refusal()); else warnings in the log, and other decisions about a container that exists
 * at level "info". `told`: decisions whose warnings the log has already, as of the container's creation; NULL: none.
 * `config_name` may be NULL. */
int report_verdict(const struct verdict *verdict, const struct decisions *told,
		   const char *config_name, struct arena *arena, struct err *e) MUST_CHECK;
void report_plan(const struct plan *plan);

#endif
