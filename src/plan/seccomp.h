/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration's seccomp profile as a plan, for `exec` too, which has no whole plan. Pure.
 */
#ifndef PLAN_SECCOMP_H
#define PLAN_SECCOMP_H

#include "plan/plan.h"
#include "spec/spec.h"

/* *ret shares strings with `from`. ERR_CONFIG, naming the member below linux.seccomp. */
int plan_seccomp_from_spec(const struct spec_seccomp *from, struct arena *arena,
			   struct plan_seccomp **ret, struct err *e) MUST_CHECK;

#endif
