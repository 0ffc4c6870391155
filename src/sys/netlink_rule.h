/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that say which table of ways holds for a packet, by rtnetlink(7); a socket of netlink_open(). */
#ifndef SYS_NETLINK_RULE_H
#define SYS_NETLINK_RULE_H

#include "base/arena.h"
#include "sys/netlink_route.h"

/* What is zero is not asked for. */
struct route_rule {
	uint8_t family;
	uint8_t protocol; /* who has made it (RTPROT_...) */
	uint8_t from_bits, to_bits;
	bool not_own; /* of packets that come in by a link, which is not the loopback */
	struct route_address from, to;
	uint32_t mark;  /* of packets that have its bits */
	uint32_t pref;  /* the lowest is asked first */
	uint32_t table; /* that holds; or it goes on at the rules with the pref `target` */
	uint32_t target;
};
struct route_rules {
	size_t n;
	struct route_rule *v;
};

/* 1: it is there now; 0: it was. */
int netlink_add_rule(int fd, const struct route_rule *rule, struct err *e) MUST_CHECK;
/* The first that is as asked for. 1: it is removed; 0: there is none. */
int netlink_remove_rule(int fd, const struct route_rule *rule, struct err *e) MUST_CHECK;
/* All of a family and a protocol, in the order in which they are asked; protocol 0: of any. */
int netlink_rules(int fd, uint8_t family, uint8_t protocol, struct arena *arena,
		  struct route_rules *ret, struct err *e) MUST_CHECK;

#endif
