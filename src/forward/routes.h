/* SPDX-License-Identifier: Apache-2.0 */
/* Between containers of the shared network, by the addresses that engines have given them. */
#ifndef FORWARD_ROUTES_H
#define FORWARD_ROUTES_H

#include "forward/forward.h"

/* From the shared network the addresses of a decoy and its neighbours are reached by the host, as by everyone, where that
 * way goes there and back; else by the pair. Both are sockets; v6: the pair has addresses of IPv6. */
int forward_routes(int decoy, int network, unsigned pair, bool v6, struct err *e) MUST_CHECK;

#endif
