/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks without the rest of a plan: later commands take them from the stored configuration. Pure.
 */
#ifndef PLAN_HOOKS_H
#define PLAN_HOOKS_H

#include "plan/plan.h"
#include "spec/spec.h"

/* Fill in the defaults, `timeout` (seconds) among them; strings are shared with `from`. */
void plan_hooks_from_spec(const struct spec_hook_list *from, uint32_t timeout, struct arena *arena,
			  struct plan_hooks *ret);

#endif
