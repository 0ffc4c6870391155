/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What engines call it: by which option or setting each of them asks at once for what the policy gives. The one
 * table of it; the program goes by no engine's ways.
 */
#ifndef CLI_REMEDIES_H
#define CLI_REMEDIES_H

#include "base/arena.h"
#include "model/decision.h"
#include "policy/policy.h"

#define REMEDY_ENGINES "podman docker containerd"

/* `engine`: a word of REMEDY_ENGINES. NULL: nothing that this engine can be told changes what the decision is about. */
const char *remedy_of(const char *engine, const struct decision *decision,
		      const struct policy *policy, struct arena *arena);
/* Whether the table has the rule at all, if only to say that no engine has a remedy. */
bool remedy_is_known(const char *rule);

#endif
