/* SPDX-License-Identifier: Apache-2.0 */
/* Ways of a decoy and to it, beside the rules. */
#ifndef FORWARD_ROUTES_H
#define FORWARD_ROUTES_H

#include "forward/forward.h"
#include "sys/netlink.h"

#include <stdio.h>

/* Sockets in the three namespaces. */
struct forward_sockets {
	int host, network, decoy;
};

/* What says of a link whose it is. */
struct forward_alias {
	char text[64];
};
static inline struct forward_alias forward_alias(uint64_t cookie)
{
	struct forward_alias ret;

	snprintf(ret.text, sizeof(ret.text), "distro-shim decoy %llu", (unsigned long long)cookie);
	return ret;
}

/* From the shared network the addresses of a decoy and its neighbours are reached by the host, as by everyone, where they
 * are neighbours of the host's and the way goes there and back; else by the pair. From within the decoy ::1 leads to the
 * container. `prepared`: the addresses of the decoy; v6: the pair has such of IPv6. */
int forward_routes(const struct forward_sockets *at, const struct link_addresses *prepared,
		   unsigned pair, bool v6, struct err *e) MUST_CHECK;

#endif
