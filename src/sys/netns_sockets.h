/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets of IP in a network namespace, by sock_diag(7). */
#ifndef SYS_NETNS_SOCKETS_H
#define SYS_NETNS_SOCKETS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Docker's, which it runs in each network of its own making. */
#define NETNS_ENGINES_RESOLVER "127.0.0.11"
struct netns_resolver {
	uint16_t udp, tcp; /* ports; 0: none */
};

struct netns_sockets {
	bool any; /* but those of the engine's resolver */
	struct netns_resolver resolver;
};

/* Of the network namespace that the caller is in. What the kernel cannot tell (it has no sock_diag) is not there. */
int netns_sockets_look(struct netns_sockets *ret, struct err *e) MUST_CHECK;

/* Pure: whether no socket of TCP or UDP is in use by these counts, the texts of /proc/PID/net/sockstat and sockstat6; NULL:
 * the kernel has none of IPv6. */
bool netns_sockets_are_none(const char *four, const char *six);

#endif
