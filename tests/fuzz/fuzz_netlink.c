/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a datagram of netlink(7), read for the index of a link, for links, addresses, a route and for rules of
 * nf_tables. Nothing beyond its end is read, and an address that is kept is of the link that was asked for.
 */
#include "sys/netlink_answer.h"

#include "base/auto.h"
#include "sys/nat_targets.h"

#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINK 2

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void try_taking(const void *bytes, size_t size, netlink_take *each, void *context)
{
	struct err e = { 0 };
	int rc = netlink_read_answers(bytes, size, each, context, &e);

	must(rc >= -1 && rc <= 1 && (rc < 0) == (e.text[0] != '\0'));
	must(rc != 1 || size >= sizeof(struct nlmsghdr));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoarena arena = { 0 };
	struct netlink_addresses_search search = { .index = LINK, .arena = &arena };
	struct nat_targets targets = { .arena = &arena };
	autostrbuf links = { 0 };
	unsigned index = 0;
	bool tun = false;
	uint8_t source[16];
	struct link_place place = { 0 };
	struct netlink_rules_search rules = { .family = AF_INET6, .arena = &arena };
	struct netlink_way_search way = { .source = source, .size = sizeof(source) };
	/* a copy of exactly this size, so that reading beyond it is noticed */
	autofree void *bytes = malloc(size);

	if (size > 0)
		memcpy(bytes, data, size);
	try_taking(bytes, size, netlink_take_index, &index);
	try_taking(bytes, size, netlink_take_tun, &tun);
	try_taking(bytes, size, netlink_take_address, &search);
	try_taking(bytes, size, netlink_take_link, &links);
	try_taking(bytes, size, netlink_take_way, &way);
	try_taking(bytes, size, netlink_take_place, &place);
	try_taking(bytes, size, netlink_take_rule, &rules);
	must(rules.found.n <= size / sizeof(struct nlmsghdr));
	try_taking(bytes, size, nat_targets_take, &targets);
	try_taking(bytes, size, NULL, NULL);
	must(search.found.n <= size / sizeof(struct nlmsghdr));
	for (size_t i = 0; i < search.found.n; i++) {
		const struct link_address *address = &search.found.v[i];
		must(address->size == (address->family == AF_INET ? 4 : 16));
	}
	for (size_t i = 0; i < targets.n; i++) {
		const struct nat_target *target = &targets.v[i];
		must(target->size == 4 || target->size == 16);
		must(target->protocol && target->first && target->first <= target->last);
	}
	return 0;
}
