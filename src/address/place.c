/* SPDX-License-Identifier: Apache-2.0 */
/* See place.h. Runs in the runtime, which is single-threaded. */
#include "address/place.h"

#include "base/auto.h"
#include "base/cidr.h"
#include "sys/netlink.h"
#include "sys/netlink_route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define LINK "lo"

static int read_address(const char *text, struct link_address *ret, struct err *e)
{
	struct route_address address;

	if (!route_address_read(text, &address))
		return fail(e, ERR_INTERNAL, "'%s' is not an address", text);
	*ret = link_address_of(&address);
	return 0;
}

/* EACCES is said of a link without IPv6, the others by a kernel without. */
static bool has_no_ipv6(const struct link_address *address, const struct err *e)
{
	return address->family == AF_INET6 &&
	       (e->sys == EACCES || e->sys == EAFNOSUPPORT || e->sys == EOPNOTSUPP);
}

int address_place(int network, const struct strlist *addresses, struct err *e)
{
	autoclose int socket = netlink_open_there(network, 0, e);

	if (socket < 0)
		return -1;
	for (size_t i = 0; i < addresses->n; i++) {
		const char *text = addresses->v[i];
		struct link_address address;

		if (read_address(text, &address, e) < 0)
			return -1;
		if (netlink_add_address(socket, NETLINK_LOOPBACK, &address, e) == 0 ||
		    e->sys == EEXIST)
			continue;
		if (has_no_ipv6(&address, e))
			return fail(
				e, ERR_STATE,
				"the network cannot have the address %s, because IPv6 is off there; "
				"set net.ipv6.conf." LINK ".disable_ipv6 in it to 0",
				text);
		return err_prefix(e, "give '" LINK "' of the network the address %s", text);
	}
	return 0;
}

int address_unplace(int network, uint64_t network_cookie, const struct strlist *addresses,
		    struct err *e)
{
	autoclose int socket = netlink_open_there(network, network_cookie, e);

	if (socket < 0)
		return e->kind == ERR_NOT_FOUND ? 0 : -1;
	for (size_t i = 0; i < addresses->n; i++) {
		struct link_address address;

		if (read_address(addresses->v[i], &address, e) < 0)
			return -1;
		if (netlink_remove_address(socket, NETLINK_LOOPBACK, &address, e) < 0 &&
		    e->kind != ERR_NOT_FOUND)
			return err_prefix(e, "take the address %s off '" LINK "' of the network",
					  addresses->v[i]);
	}
	return 0;
}

struct address_loopback address_loopback(unsigned index)
{
	struct address_loopback ret = {
		.v4 = htonl((127u << 24) | ((64 + index / 256) << 16) | (index % 256 << 8)),
	};
	struct cidr network;

	(void)!cidr_parse(CIDR_LOOPBACK6, &network);
	network.bytes[6] = (uint8_t)(index / 256);
	network.bytes[7] = (uint8_t)index;
	network.bytes[15] = 1;
	memcpy(ret.v6, network.bytes, sizeof(ret.v6));
	(void)!inet_ntop(AF_INET6, network.bytes, ret.text6, sizeof(ret.text6));
	return ret;
}
