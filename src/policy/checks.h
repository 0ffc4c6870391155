/* SPDX-License-Identifier: Apache-2.0 */
/* What a policy file must keep to, beyond its rows: names of networks, and who may choose among them. Pure. */
#ifndef POLICY_CHECKS_H
#define POLICY_CHECKS_H

#include "base/fields_check.h"
#include "policy/policy.h"

/* Of one value each. */
extern const struct field_check glob_check, path_glob_check, globs_check, engine_check, owner_check;

/*
 * Of the whole, which was decoded from `root`: names of networks are such that they can be an argument and the end of a
 * file's name, no two have one namespace, entries name networks that there are, and match what clients say with
 * trustClients alone.
 */
int policy_check_networks(const struct json_source *source, const struct json_value *root,
			  const struct policy *policy, struct err *e) MUST_CHECK;

/* A reserve has a parent, and each parent one reserve. */
int policy_check_groups(const struct json_source *source, const struct json_value *root,
			const struct policy *policy, struct arena *arena, struct err *e) MUST_CHECK;

#endif
