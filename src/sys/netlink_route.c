/* SPDX-License-Identifier: Apache-2.0 */
/* See netlink_route.h. Runs in the runtime. */
#include "sys/netlink_route.h"

#include "sys/netlink_answer.h"
#include "sys/netlink_request.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

int netlink_way_to(int fd, const struct route_address *to, struct route_way *ret, struct err *e)
{
	const struct rtmsg header = {
		.rtm_family = to->family,
		.rtm_dst_len = (unsigned char)(to->size * 8),
	};
	struct route_address source = { .family = to->family, .size = to->size };
	struct netlink_way_search search = { .source = &source.bytes, .size = source.size };
	struct netlink_request request;

	netlink_request_begin(&request, RTM_GETROUTE, NLM_F_ACK, &header, sizeof(header));
	netlink_request_add(&request, RTA_DST, to->bytes, to->size);
	if (netlink_transact(fd, request.bytes, request.header.nlmsg_len, netlink_take_way, &search,
			     e) < 0) {
		if (e->sys != ENETUNREACH && e->sys != EHOSTUNREACH && e->sys != EACCES &&
		    e->sys != EINVAL)
			return err_prefix(e, "ask for the way to an address");
		search.found = false;
	}
	if (!search.found)
		return fail(e, ERR_NOT_FOUND, "the address cannot be reached");
	*ret = (struct route_way){ .source = source, .by_gateway = search.by_gateway };
	return 0;
}

static struct route_address first_bits(const struct route_address *address, unsigned bits)
{
	struct route_address ret = *address;

	for (unsigned i = 0; i < ret.size; i++, bits -= bits < 8 ? bits : 8)
		ret.bytes[i] &= bits < 8 ? (uint8_t) ~(0xffu >> bits) : 0xff;
	return ret;
}

int netlink_set_route(int fd, const struct route *route, struct err *e)
{
	const struct route_address to = first_bits(&route->to, route->prefix);
	const struct rtmsg header = {
		.rtm_family = to.family,
		.rtm_dst_len = route->prefix,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	struct netlink_request request;

	netlink_request_begin(&request, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE,
			      &header, sizeof(header));
	netlink_request_add(&request, RTA_DST, to.bytes, to.size);
	netlink_request_add(&request, RTA_GATEWAY, route->gateway.bytes, route->gateway.size);
	netlink_request_add(&request, RTA_OIF, &route->index, sizeof(route->index));
	netlink_request_add(&request, RTA_PRIORITY, &route->metric, sizeof(route->metric));
	return netlink_transact(fd, request.bytes, request.header.nlmsg_len, NULL, NULL, e);
}
