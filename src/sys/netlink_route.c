/* SPDX-License-Identifier: Apache-2.0 */
/* See netlink_route.h. Runs in the runtime. */
#include "sys/netlink_route.h"

#include "sys/netlink_answer.h"
#include "sys/netlink_request.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

bool route_address_read(const char *text, struct route_address *ret)
{
	*ret = (struct route_address){ .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	ret->size = ret->family == AF_INET6 ? 16 : 4;
	return inet_pton(ret->family, text, ret->bytes) == 1;
}

struct route_address_text route_address_text(const struct route_address *address)
{
	struct route_address_text ret = { "" };

	(void)!inet_ntop(address->family, address->bytes, ret.text, sizeof(ret.text));
	return ret;
}

struct route_address route_address_of(const struct link_address *address)
{
	struct route_address ret = { .family = address->family, .size = address->size };

	memcpy(ret.bytes, link_address_own(address), address->size);
	return ret;
}

struct link_address link_address_of(const struct route_address *address)
{
	struct link_address ret = { .family = address->family,
				    .prefix = (uint8_t)(address->size * 8),
				    .size = address->size,
				    .known_unique = true,
				    .has_local = true,
				    .has_address = true };

	memcpy(ret.local, address->bytes, address->size);
	memcpy(ret.address, address->bytes, address->size);
	return ret;
}

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
	*ret = (struct route_way){ .source = source,
				   .by_gateway = search.by_gateway,
				   .local = search.local };
	return 0;
}

static struct route_address first_bits(const struct route_address *address, unsigned bits)
{
	struct route_address ret = *address;

	for (unsigned i = 0; i < ret.size; i++, bits -= bits < 8 ? bits : 8)
		ret.bytes[i] &= bits < 8 ? (uint8_t) ~(0xffu >> bits) : 0xff;
	return ret;
}

static uint8_t scope_of(const struct route *route)
{
	if (route->local)
		return RT_SCOPE_HOST;
	return route->gateway.size ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
}

static int change(int fd, uint16_t type, uint16_t flags, const struct route *route, struct err *e)
{
	const struct route_address to = first_bits(&route->to, route->prefix);
	const uint32_t table = route->table ? route->table : RT_TABLE_MAIN;
	/* 0 looks for one of any */
	const uint8_t protocol =
		route->protocol || type == RTM_DELROUTE ? route->protocol : RTPROT_STATIC;
	const struct rtmsg header = {
		.rtm_family = to.family,
		.rtm_dst_len = route->prefix,
		.rtm_table = table < 256 ? (unsigned char)table : RT_TABLE_UNSPEC,
		.rtm_protocol = protocol,
		/* nowhere looks for one of any */
		.rtm_scope = type == RTM_DELROUTE ? RT_SCOPE_NOWHERE : scope_of(route),
		.rtm_type = route->local ? RTN_LOCAL : RTN_UNICAST,
		.rtm_flags = route->onlink ? RTNH_F_ONLINK : 0,
	};
	struct netlink_request request;

	netlink_request_begin(&request, type, (uint16_t)(NLM_F_ACK | flags), &header,
			      sizeof(header));
	netlink_request_add(&request, RTA_TABLE, &table, sizeof(table));
	netlink_request_add(&request, RTA_DST, to.bytes, to.size);
	if (route->gateway.size)
		netlink_request_add(&request, RTA_GATEWAY, route->gateway.bytes,
				    route->gateway.size);
	if (route->source.size)
		netlink_request_add(&request, RTA_PREFSRC, route->source.bytes, route->source.size);
	netlink_request_add(&request, RTA_OIF, &route->index, sizeof(route->index));
	if (route->metric)
		netlink_request_add(&request, RTA_PRIORITY, &route->metric, sizeof(route->metric));
	return netlink_transact(fd, request.bytes, request.header.nlmsg_len, NULL, NULL, e);
}

int netlink_set_route(int fd, const struct route *route, struct err *e)
{
	return change(fd, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route, e);
}

int netlink_remove_route(int fd, const struct route *route, struct err *e)
{
	int rc = change(fd, RTM_DELROUTE, 0, route, e);

	if (rc < 0 && (e->sys == ESRCH || e->sys == ENODEV))
		return fail(e, ERR_NOT_FOUND, "there is no such way");
	return rc;
}

int netlink_answer_for(int fd, unsigned index, const struct route_address *address, struct err *e)
{
	const struct ndmsg header = {
		.ndm_family = address->family,
		.ndm_ifindex = (int)index,
		.ndm_state = NUD_PERMANENT,
		.ndm_flags = NTF_PROXY,
	};
	struct netlink_request request;

	netlink_request_begin(&request, RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE,
			      &header, sizeof(header));
	netlink_request_add(&request, NDA_DST, address->bytes, address->size);
	return netlink_transact(fd, request.bytes, request.header.nlmsg_len, NULL, NULL, e);
}
