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

/* One is the other, or a part of it. */
static bool is_part(const char *key, const char *group)
{
	size_t length = strlen(group);

	return strncmp(key, group, length) == 0 && (key[length] == '\0' || key[length] == '.');
}

static bool is_of_entry(const struct network *chosen, const char *key)
{
	for (size_t i = 0; i < chosen->entry_keys.n; i++)
		if (is_part(key, chosen->entry_keys.v[i]) || is_part(chosen->entry_keys.v[i], key))
			return true;
	return false;
}

const char *policy_key_place(const struct network *chosen, const char *key, struct arena *arena)
{
	static const char group[] = "network.";

	if (chosen->entry && is_of_entry(chosen, key))
		return arena_printf(arena, "%s.%s", chosen->entry, key);
	if (chosen->name && !str_eq(chosen->name, POLICY_NETWORK_DEFAULT) &&
	    str_has_prefix(key, group))
		return arena_printf(arena, "networks.\"%s\".%s", chosen->name, key + strlen(group));
	return key;
}

bool policy_has_choice(const struct policy *policy)
{
	return policy->networks.n > 0 || policy->distros.n > 0;
}
