/* SPDX-License-Identifier: Apache-2.0 */
/* Whether containers can be held to addresses of their own here. Runs in the runtime. */
#include "facts/gather.h"

#include "address/address.h"
#include "policy/policy.h"

void gather_address(const struct policy *policy, struct arena *arena, struct facts *facts)
{
	struct address_support support;

	if (!policy_has_addresses(policy->network) || !facts->network || facts->network->problem)
		return;
	facts->address = arena_new(arena, struct address_facts);
	address_probe(&support);
	if (!support.programs)
		facts->address->problem = arena_strdup(arena, support.why.text);
	else if (!facts->network->cookie)
		facts->address->problem = arena_strdup(
			arena,
			"this kernel does not tell network namespaces by a number (SO_NETNS_COOKIE)");
}
