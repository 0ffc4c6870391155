/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state object of a container that is being made, as its hooks and its seccomp agent get it. Pure.
 */
#ifndef PLAN_STATE_H
#define PLAN_STATE_H

#include "model/oci_state.h"
#include "plan/plan.h"

/* `status`: the specification's word. `pid`: as in struct oci_state. Strings and annotations are the plan's. */
struct oci_state oci_state_of_plan(const struct plan *plan, const char *status, pid_t pid);

#endif
