/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose addresses a container in the shared network has, and whether it has a localhost of its own (address/address.h). Pure.
 */
#include "policy/rules.h"

#include "model/record.h"

/* What of it the file says, for sentences. */
static const char *wanted(struct judgement *j)
{
	const struct policy_network *network = j->policy->network;

	if (network->address != ADDRESS_SHARED)
		return key_place(j, "network.address");
	return network->low_ports.value ? key_place(j, "network.lowPorts")
					: key_place(j, "network.localhost");
}

/* No engine has prepared anything: then it is as if it was started by hand. */
static int mode_of(struct judgement *j)
{
	const struct policy_network *network = j->policy->network;

	if (network->address != ADDRESS_ENGINE || j->forward)
		return network->address;
	return policy_pool(network) ? ADDRESS_POOL : ADDRESS_SHARED;
}

/* True if it is to do without. */
static bool is_unavailable(struct judgement *j, const char *id)
{
	const char *problem = j->facts->address ? j->facts->address->problem : NULL;
	const char *place = wanted(j);

	if (!problem)
		return false;
	if (j->policy->network->unavailable == POLICY_UNAVAILABLE_WARN)
		edit_warn(&j->edit, id, "",
			  arena_printf(
				  j->edit.arena,
				  "what %s says cannot be had, and the container does without: %s",
				  place, problem));
	else
		edit_refuse(
			&j->edit, id, "",
			arena_printf(
				j->edit.arena,
				"what %s says cannot be had: %s; with %s \"warn\" containers do without",
				place, problem, key_place(j, "network.unavailable")));
	return true;
}

static const char *reason_of(const struct judgement *j, int mode)
{
	if (mode != ADDRESS_ENGINE && j->address->other)
		return "the network of another container was asked for: this one has its addresses and its localhost, too";
	switch (mode) {
	case ADDRESS_ENGINE:
		return j->network.join == NETWORK_LATE
			       ? "the container has the addresses that its engine gives it until start, as its own in the shared network"
			       : "the container has the addresses that its engine has given it, as its own in the shared network";
	case ADDRESS_POOL:
		return "the container has an address of the pool, as its own in the shared network";
	default:
		return policy_localhost_is_private(j->policy->network)
			       ? "the container has the addresses of the shared network, and a localhost of its own"
			       : "the container can use ports below 1024 without a capability";
	}
}

void rule_network_address(struct judgement *j, const char *id)
{
	const struct policy_network *network = j->policy->network;
	const struct policy_pool *pool = policy_pool(network);
	int mode = mode_of(j);

	if (!policy_has_addresses(network) || !network_is_shared(j))
		return;
	if (network->address == ADDRESS_POOL && !pool) {
		edit_refuse(
			&j->edit, id, "",
			arena_printf(
				j->edit.arena,
				"%s is \"pool\", and a pool is not named; %s names one: {\"v4\": \"10.78.0.0/24\"}",
				key_place(j, id), key_place(j, "network.addressPool")));
		return;
	}
	if (is_unavailable(j, id))
		return;
	if (network->address == ADDRESS_ENGINE && mode == ADDRESS_SHARED)
		edit_warn(
			&j->edit, id, "",
			arena_printf(
				j->edit.arena,
				"no engine has prepared a network for the container, so that it has the addresses of the shared one; %s would give it one of its own",
				key_place(j, "network.addressPool")));
	j->address = arena_new(j->edit.arena, struct address_record);
	*j->address = (struct address_record){
		.mode = mode,
		.private_localhost = policy_localhost_is_private(network),
		.low_ports = network->low_ports.value,
		.siblings_local =
			mode == ADDRESS_ENGINE && network->siblings == POLICY_SIBLINGS_LOCAL,
	};
	if (j->facts->address && j->facts->address->other)
		j->address->other = arena_strdup(j->edit.arena, j->facts->address->other);
	if (mode == ADDRESS_POOL) {
		j->address->pool4 = pool->v4 ? arena_strdup(j->edit.arena, pool->v4) : NULL;
		j->address->pool6 = pool->v6 ? arena_strdup(j->edit.arena, pool->v6) : NULL;
	}
	edit_keep(&j->edit, id, "", reason_of(j, mode));
}
