/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets of IP in a network namespace, by sock_diag(7). */
#ifndef SYS_NETNS_SOCKETS_H
#define SYS_NETNS_SOCKETS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* What a resolver in the namespace listens on, at an address that is asked for. */
struct netns_resolver {
	uint16_t udp, tcp; /* ports; 0: none */
};

struct netns_sockets {
	bool any; /* but those at the address */
	struct netns_resolver resolver;
};

/* Of the network namespace that the caller is in. `address`: of IPv4, in network byte order. What the kernel cannot tell
 * (it has no sock_diag) is not there. */
int netns_sockets_look(uint32_t address, struct netns_sockets *ret, struct err *e) MUST_CHECK;

#endif
