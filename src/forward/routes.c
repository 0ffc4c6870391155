/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See routes.h. An engine's network that is for its containers alone has no way out, so that a decoy in it could not
 * answer; one that is laid over several machines, or is a user's, is known to the engine alone; and the shared network may
 * have no IPv6.
 */
#include "forward/routes.h"

#include "base/auto.h"
#include "sys/caller.h"
#include "sys/netlink.h"
#include "sys/netlink_route.h"

#include <string.h>
#include <sys/socket.h>

/* 1: there is one; 0: there is none. What the host sends on to its own gateway does not come to an engine's network, and what
 * leads out of a user's own network ends in a program, for which networks of the user's engine are not there. */
static int has_way(const struct forward_sockets *at, const struct route_address *to, struct err *e)
{
	struct route_way there, on, back;

	if (caller_in_user_namespace())
		return 0;
	if (netlink_way_to(at->network, to, &there, e) < 0 ||
	    netlink_way_to(at->host, to, &on, e) < 0 ||
	    netlink_way_to(at->decoy, &there.source, &back, e) < 0)
		return e->kind == ERR_NOT_FOUND ? 0 : -1;
	return !on.by_gateway;
}

/* A text of this program's own. */
static struct route_address read_address(const char *text)
{
	struct route_address ret;

	(void)!route_address_read(text, &ret);
	return ret;
}

/* Each decoy of an engine's network has a way to it: when one goes, the others' stay. */
static int lead_to(const struct forward_sockets *at, const struct link_address *address,
		   struct route *route, struct err *e)
{
	bool tun;
	int rc;

	route->to = route_address_of(address);
	route->prefix = address->prefix;
	if (forward_is_address(route_address_text(&route->to).text))
		return 0;
	rc = has_way(at, &route->to, e);
	if (rc != 0)
		return rc;
	/* nothing else is in a network that such a program has made for one container, and it may have the addresses of the
	 * host's own */
	if (netlink_is_tun(at->decoy, address->index, &tun, e) < 0)
		return -1;
	return tun ? 0 : netlink_set_route(at->network, route, e);
}

/* The kernel takes nothing for ::1 from a link, so no answer to a process in the decoy that has asked from there (pasta,
 * for who asks ::1 of the host). One that asks from another address because ::1 is not here is answered. */
static int lead_loopback(int decoy, const char *container, struct err *e)
{
	static const char loopback[] = "::1";
	struct route route = { .to = read_address(loopback),
			       .gateway = read_address(container),
			       .prefix = 128,
			       .metric = 1 };
	struct link_address own = {
		.family = AF_INET6, .prefix = 128, .size = 16, .has_local = true
	};

	memcpy(own.local, route.to.bytes, sizeof(own.local));
	if (netlink_find(decoy, FORWARD_DECOY_LINK, &route.index, e) < 0 ||
	    (netlink_remove_address(decoy, NETLINK_LOOPBACK, &own, e) < 0 &&
	     e->kind != ERR_NOT_FOUND) ||
	    netlink_set_route(decoy, &route, e) < 0)
		return err_prefix(e, "lead from ::1 to the container");
	return 0;
}

int forward_routes(const struct forward_sockets *at, const struct link_addresses *prepared,
		   unsigned pair, bool v6, struct err *e)
{
	const struct forward_addresses ends = forward_addresses(pair);
	struct route route = { .metric = pair + 1 };

	if (netlink_find(at->network, forward_name(pair).text, &route.index, e) < 0)
		return -1;
	for (size_t i = 0; i < prepared->n; i++) {
		int family = prepared->v[i].family;

		if (family == AF_INET6 && !v6)
			continue;
		route.gateway = read_address(family == AF_INET ? ends.decoy4 : ends.decoy6);
		if (lead_to(at, &prepared->v[i], &route, e) < 0)
			return err_prefix(e, "lead others of the network to the engine's address");
	}
	return v6 ? lead_loopback(at->decoy, ends.container6, e) : 0;
}
