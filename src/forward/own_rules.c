/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules in the shared network by which what is sent from an own address takes the way by its pair (tree.h), and their
 * end. The caller holds the lock of the network's own addresses: what is common is there from the first one to the last.
 */
#include "forward/own.h"

#include "base/auto.h"
#include "forward/tree.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

/* As the kernel has it from the beginning. */
static struct route_rule rule_zero(uint8_t family)
{
	return (struct route_rule){ .family = family,
				    .protocol = RTPROT_KERNEL,
				    .table = RT_TABLE_LOCAL };
}

static int add_once(int network, uint8_t family, uint32_t pref, struct err *e)
{
	const struct route_rule rule = tree_once(family, pref);

	return netlink_add_rule(network, &rule, e);
}

static int remove_once(int network, uint8_t family, uint32_t pref, struct err *e)
{
	const struct route_rule rule = tree_once(family, pref);

	return netlink_remove_rule(network, &rule, e);
}

/* --- to begin --- */

/* Nothing is removed before what stands for it is there. */
static int move_local(int network, uint8_t family, struct err *e)
{
	struct route_rule zero = rule_zero(family);
	int marked, moved;

	if (add_once(network, family, TREE_FOREIGN, e) < 0 ||
	    add_once(network, family, TREE_LOOPBACK, e) < 0 ||
	    (family == AF_INET6 && add_once(network, family, TREE_LOOPBACK6, e) < 0))
		return -1;
	marked = add_once(network, family, TREE_MOVED, e);
	if (marked < 0)
		return -1;
	zero.protocol = 0;
	moved = netlink_remove_rule(network, &zero, e);
	if (moved < 0)
		return -1;
	/* an administrator had moved it before: it is not ours to bring back */
	return marked && !moved ? remove_once(network, family, TREE_MOVED, e) : 0;
}

/* Another decoy's, which was killed with all that was its own. */
static int clear_leaf(int network, struct route_rule leaf, struct err *e)
{
	int rc;

	leaf.table = 0;
	leaf.protocol = 0;
	do
		rc = netlink_remove_rule(network, &leaf, e);
	while (rc > 0);
	return rc;
}

/* Of two leaves the first one holds: what is local goes before. */
static int set_leaves(int network, const struct route_rule *leaf, const struct route_rule *direct,
		      bool local, struct err *e)
{
	int new = netlink_add_rule(network, leaf, e), again;

	if (new < 0)
		return -1;
	if (!new && !local)
		return netlink_remove_rule(network, direct, e) < 0 ? -1 : 0;
	again = new || netlink_add_rule(network, direct, e);
	if (again == 0)
		return 0;
	if (again < 0 || clear_leaf(network, *leaf, e) < 0 ||
	    (local && netlink_add_rule(network, direct, e) < 0))
		return -1;
	return netlink_add_rule(network, leaf, e) < 0 ? -1 : 0;
}

/* From the last level up: what leads somewhere leads to what is there. */
static int lead(int network, unsigned pair, const struct route_address *address, bool local,
		struct err *e)
{
	const struct tree_way way = tree_way(address);
	const struct route_rule leaf = tree_leaf(address, &way, forward_table(pair)),
				direct = tree_leaf(address, &way, RT_TABLE_LOCAL);

	for (unsigned i = 0; i < TREE_LEVELS; i++) {
		const struct route_rule end = tree_end(address->family, way.v[i].block);

		if (netlink_add_rule(network, &end, e) < 0)
			return -1;
	}
	if (set_leaves(network, &leaf, &direct, local, e) < 0)
		return -1;
	for (unsigned i = TREE_LEVELS; i-- > 0;) {
		const struct route_rule branch = tree_branch(address, &way, i);

		if (netlink_add_rule(network, &branch, e) < 0)
			return -1;
	}
	return 0;
}

static bool has_family(const struct own_addresses *own, uint8_t family)
{
	for (size_t i = 0; i < own->n; i++)
		if (own->v[i].address.family == family)
			return true;
	return false;
}

static const uint8_t families[] = { AF_INET, AF_INET6 };

int own_lead(int network, unsigned pair, const struct own_addresses *own, bool local, struct err *e)
{
	for (size_t k = 0; k < ARRAY_SIZE(families); k++) {
		const struct route_rule end = tree_end(families[k], TREE_ROOT);

		if (!has_family(own, families[k]))
			continue;
		if (add_once(network, families[k], TREE_LOCAL, e) < 0 ||
		    netlink_add_rule(network, &end, e) < 0)
			return -1;
		for (size_t i = 0; i < own->n; i++)
			if (own->v[i].address.family == families[k] &&
			    lead(network, pair, &own->v[i].address, local, e) < 0)
				return -1;
		if (!local && move_local(network, families[k], e) < 0)
			return -1;
	}
	return 0;
}

/* --- to end --- */

static bool is_leaf(const struct route_rule *rule)
{
	return rule->from_bits && rule->from_bits == rule->from.size * 8 && rule->table &&
	       rule->pref > TREE_ROOT;
}

static bool is_of_pair(const struct route_rule *rule)
{
	return is_leaf(rule) && rule->table >= FORWARD_TABLES &&
	       rule->table < FORWARD_TABLES + FORWARD_PAIRS;
}

static bool is_at(const struct route_rule *rule, const struct route_address *address)
{
	return is_leaf(rule) && route_starts_as(&rule->from, address, rule->from_bits);
}

/* With it goes what is known of it. */
static int remove_at(int network, struct route_rules *rules, size_t i, struct err *e)
{
	if (netlink_remove_rule(network, &rules->v[i], e) < 0)
		return -1;
	rules->v[i] = rules->v[--rules->n];
	return 0;
}

/* Of a rule as tree.h makes it. */
static int remove_same(int network, struct route_rules *rules, const struct route_rule *rule,
		       struct err *e)
{
	for (size_t i = 0; i < rules->n; i++)
		if (rules->v[i].pref == rule->pref && rules->v[i].from_bits == rule->from_bits &&
		    route_starts_as(&rules->v[i].from, &rule->from, rule->from_bits))
			return remove_at(network, rules, i, e);
	return 0;
}

static bool has_in_block(const struct route_rules *rules, const struct tree_step *step,
			 const struct route_address *address)
{
	for (size_t i = 0; i < rules->n; i++)
		if (rules->v[i].pref == step->block &&
		    (!address || route_starts_as(&rules->v[i].from, address, step->bits)))
			return true;
	return false;
}

/* Blocks on the way to it in which nothing is found any more. */
static int prune(int network, struct route_rules *rules, const struct route_address *address,
		 struct err *e)
{
	const struct tree_way way = tree_way(address);

	for (unsigned i = TREE_LEVELS; i-- > 0;) {
		const struct route_rule branch = tree_branch(address, &way, i),
					end = tree_end(address->family, way.v[i].block);

		if (has_in_block(rules, &way.v[i], address))
			return 0;
		if (remove_same(network, rules, &branch, e) < 0)
			return -1;
		/* it may be that of other addresses, too */
		if (!has_in_block(rules, &way.v[i], NULL) &&
		    remove_same(network, rules, &end, e) < 0)
			return -1;
	}
	return 0;
}

static int end_address(int network, unsigned pair, struct route_rules *rules,
		       const struct route_address *address, struct err *e)
{
	const uint32_t table = pair < FORWARD_PAIRS ? forward_table(pair) : 0;

	for (size_t i = rules->n; i-- > 0;)
		if (is_at(&rules->v[i], address) &&
		    (!table || rules->v[i].table == table || rules->v[i].table == RT_TABLE_LOCAL) &&
		    remove_at(network, rules, i, e) < 0)
			return -1;
	return prune(network, rules, address, e);
}

/* Of pairs that are gone, of which no record says what addresses they had. */
static int end_stale(int network, struct route_rules *rules, struct err *e)
{
	for (size_t i = rules->n; i-- > 0;) {
		struct route_address address;
		unsigned index;

		if (i >= rules->n || !is_of_pair(&rules->v[i]))
			continue;
		if (netlink_find(network, forward_name(rules->v[i].table - FORWARD_TABLES).text,
				 &index, e) == 0)
			continue;
		address = rules->v[i].from;
		if (e->kind != ERR_NOT_FOUND ||
		    end_address(network, FORWARD_PAIRS, rules, &address, e) < 0)
			return -1;
	}
	return 0;
}

/* What is common, once the last has gone that needs it. */
static int end_common(int network, uint8_t family, struct route_rules *rules, struct err *e)
{
	static const uint32_t sent[] = { TREE_FOREIGN, TREE_LOOPBACK, TREE_LOOPBACK6, TREE_MOVED };
	const struct route_rule zero = rule_zero(family);
	size_t leaves = 0, direct = 0;
	bool moved = false;

	for (size_t i = 0; i < rules->n; i++) {
		leaves += is_of_pair(&rules->v[i]);
		direct += is_leaf(&rules->v[i]) && rules->v[i].table == RT_TABLE_LOCAL;
		moved = moved || rules->v[i].pref == TREE_MOVED;
	}
	if (leaves > direct)
		return 0;
	if (moved && netlink_add_rule(network, &zero, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(sent); i++)
		if ((family == AF_INET6 || sent[i] != TREE_LOOPBACK6) &&
		    remove_once(network, family, sent[i], e) < 0)
			return -1;
	if (leaves > 0)
		return 0;
	for (size_t i = 0; i < rules->n; i++)
		if (netlink_remove_rule(network, &rules->v[i], e) < 0)
			return -1;
	return 0;
}

static bool is_kept(const struct own_addresses *but, const struct route_address *address)
{
	for (size_t i = 0; but && i < but->n; i++)
		if (route_starts_as(&but->v[i].address, address, address->size * 8))
			return true;
	return false;
}

/* Those to be ended: on the link, and known. */
struct ended {
	size_t n;
	struct route_address *v;
};

static int find_ended(int network, const struct own_ending *ending, struct arena *arena,
		      struct ended *ret, struct err *e)
{
	struct link_addresses found = { 0 };
	size_t known = ending->known ? ending->known->n : 0;

	if (ending->index && netlink_addresses(network, ending->index, arena, &found, e) < 0)
		return -1;
	ret->n = 0;
	ret->v = arena_new_array(arena, struct route_address, found.n + known + 1);
	for (size_t i = 0; i < found.n; i++) {
		struct route_address *address = &ret->v[ret->n];

		*address = route_address_of(&found.v[i]);
		if (forward_is_address(route_address_text(address).text) ||
		    is_kept(ending->but, address))
			continue;
		ret->n++;
	}
	for (size_t i = 0; i < known; i++)
		if (route_address_read(ending->known->v[i], &ret->v[ret->n]) &&
		    !is_kept(ending->but, &ret->v[ret->n]))
			ret->n++;
	return 0;
}

static int end_on_link(int network, const struct own_ending *ending,
		       const struct route_address *address, struct err *e)
{
	const struct link_address own = link_address_of(address);
	struct route here = { .index = ending->index,
			      .to = *address,
			      .prefix = own.prefix,
			      .table = forward_table(ending->pair),
			      .local = true },
		     back = { .index = ending->index,
			      .to = { .family = address->family, .size = address->size },
			      .table = here.table };

	if ((netlink_remove_address(network, ending->index, &own, e) < 0 &&
	     e->kind != ERR_NOT_FOUND) ||
	    (netlink_remove_route(network, &here, e) < 0 && e->kind != ERR_NOT_FOUND))
		return -1;
	/* it is made anew where another one stays */
	if (netlink_remove_route(network, &back, e) < 0 && e->kind != ERR_NOT_FOUND)
		return -1;
	return 0;
}

int own_end(int network, const struct own_ending *ending, struct err *e)
{
	bool all = ending->pair >= FORWARD_PAIRS && !ending->index;
	autoarena arena = { 0 };
	struct ended ended;

	if (find_ended(network, ending, &arena, &ended, e) < 0)
		return -1;
	for (size_t k = 0; k < ARRAY_SIZE(families); k++) {
		struct route_rules rules;
		bool any = all;

		for (size_t i = 0; i < ended.n; i++)
			any = any || ended.v[i].family == families[k];
		if (!any)
			continue;
		if (netlink_rules(network, families[k], FORWARD_PROTOCOL, &arena, &rules, e) < 0)
			return -1;
		for (size_t i = 0; i < ended.n; i++)
			if (ended.v[i].family == families[k] &&
			    end_address(network, ending->pair, &rules, &ended.v[i], e) < 0)
				return -1;
		if ((all && end_stale(network, &rules, e) < 0) ||
		    end_common(network, families[k], &rules, e) < 0)
			return -1;
	}
	for (size_t i = 0; ending->index && i < ended.n; i++)
		if (end_on_link(network, ending, &ended.v[i], e) < 0)
			return -1;
	return 0;
}
