/* SPDX-License-Identifier: Apache-2.0 */
/*
 * To where the rules of nf_tables in a network namespace send connections, as engines write them to publish ports: by nft(8)
 * or by iptables-nft(8), whose targets are x_tables' within rules of nf_tables. Rules of the old iptables are not seen.
 */
#ifndef SYS_NAT_TARGETS_H
#define SYS_NAT_TARGETS_H

#include "base/arena.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct nlmsghdr;

struct nat_target {
	uint8_t size; /* of the address: 4 or 16 */
	uint8_t address[16];
	uint8_t protocol;     /* IPPROTO_TCP, IPPROTO_UDP, ... */
	uint16_t first, last; /* ports */
};
struct nat_targets {
	size_t n;
	struct nat_target *v;
	struct arena *arena;
	size_t capacity;
};

/* Of the network namespace that the caller is in; those with an address, a protocol and a port. It is given up at `limit`
 * bytes of rules (0: none), as if there were no more. A kernel without nf_tables has none. */
int nat_targets_read(size_t limit, struct arena *arena, struct nat_targets *ret, struct err *e)
	MUST_CHECK;

/* Of one rule, as a netlink_take of netlink_answer.h; the context is a struct nat_targets. Pure. */
void nat_targets_take(const struct nlmsghdr *rule, void *context);

#endif
