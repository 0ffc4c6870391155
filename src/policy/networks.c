/* SPDX-License-Identifier: Apache-2.0 */
/* The networks of a policy by their names. Pure. */
#include "policy/policy.h"

const struct policy_network *policy_network(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->networks.n; i++)
		if (str_eq(policy->networks.v[i].name, name))
			return &policy->networks.v[i];
	return NULL;
}

bool policy_has_choice(const struct policy *policy)
{
	return policy->networks.n > 0 || policy->distros.n > 0;
}
