/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where in the rules of routing of a shared network an address of a distribution's own is found. The kernel asks rules one
 * by one, and can go on further down only, so they are a tree: each block has eight rules of its own kind, of which one leads
 * to a block of the next level, until the last level says which table holds. A block's number is made of its addresses, so
 * that no list of blocks is needed; that two have the same number only makes it longer. Pure; private to this room.
 *
 *	   10  not iif lo lookup local
 *	   12  to 127.0.0.0/8 lookup local
 *	  100  from 10.88.0.0/17 goto 413           101  goto 10000
 *	  413  from 10.88.0.0/20 goto 1077          414  goto 10000
 *	  ...
 *	 7345  from 10.88.0.5 lookup 7700017       7346  goto 10000
 *	10000  lookup local                         instead of rule 0
 */
#ifndef FORWARD_TREE_H
#define FORWARD_TREE_H

#include "sys/netlink_rule.h"

#include <string.h>

/* Who has made it: of rules and routes of this program (rtnetlink(7) leaves all above 4 to users). */
#define FORWARD_PROTOCOL 213

/* The table of a pair. */
#define FORWARD_TABLES 7700000u
static inline uint32_t forward_table(unsigned pair)
{
	return FORWARD_TABLES + pair;
}

enum {
	TREE_FOREIGN = 10,
	TREE_LOOPBACK = 12,
	TREE_LOOPBACK6 = 14, /* what stands for the loopback of a container */
	TREE_ROOT = 100,
	TREE_MOVED = 9999, /* rule 0 was there, and is to come back */
	TREE_LOCAL = 10000,
};

#define TREE_LEVELS 5
/* On the way to an address: in which block what has the same first bits is found. */
struct tree_step {
	uint8_t bits;
	uint32_t block; /* its pref; what follows it is asked when nothing in it holds */
};
struct tree_way {
	struct tree_step v[TREE_LEVELS];
};
struct tree_way tree_way(const struct route_address *address);

static inline bool route_starts_as(const struct route_address *one,
				   const struct route_address *other, unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;

	return one->family == other->family && memcmp(one->bytes, other->bytes, bytes) == 0 &&
	       (rest == 0 || (one->bytes[bytes] ^ other->bytes[bytes]) >> (8 - rest) == 0);
}

/* A rule that leads to the step, from the one before it or from the root. */
struct route_rule tree_branch(const struct route_address *address, const struct tree_way *way,
			      unsigned level);
/* What ends a block, or the root. */
struct route_rule tree_end(uint8_t family, uint32_t block);
/* The last one. table: forward_table(), or that of the addresses that are here (RT_TABLE_LOCAL). */
struct route_rule tree_leaf(const struct route_address *address, const struct tree_way *way,
			    uint32_t table);
/* Those that are there once, by their pref of the above. */
struct route_rule tree_once(uint8_t family, uint32_t pref);

#endif
