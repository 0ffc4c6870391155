/* SPDX-License-Identifier: Apache-2.0 */
/* See netlink_answer.h. Pure. */
#include "sys/netlink_answer.h"

#include "base/auto.h"

#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* include/linux/err.h */
#define ERRNO_MAX 4095

static int read_answer(const struct nlmsghdr *answer, netlink_take *each, void *context,
		       struct err *e)
{
	struct nlmsgerr error;

	if (answer->nlmsg_type == NLMSG_DONE)
		return 1;
	if (answer->nlmsg_type != NLMSG_ERROR) {
		if (each)
			each(answer, context);
		return 0;
	}
	if (answer->nlmsg_len < NLMSG_LENGTH(sizeof(error)))
		return fail(e, ERR_SYSTEM, "netlink: a short answer");
	memcpy(&error, NLMSG_DATA(answer), sizeof(error));
	if (error.error == 0)
		return 1;
	if (error.error > 0 || error.error < -ERRNO_MAX)
		return fail(e, ERR_SYSTEM, "netlink: an error without a number");
	return fail_errno(e, -error.error, "netlink");
}

/* Not with NLMSG_NEXT(): where the last message is not padded it counts below zero. */
int netlink_read_answers(const void *bytes, size_t length, netlink_take *each, void *context,
			 struct err *e)
{
	const char *at = bytes;
	size_t left = length;

	while (left > 0) {
		const struct nlmsghdr *answer = (const void *)at;
		size_t size;
		int rc;

		if (left < sizeof(*answer) || answer->nlmsg_len < sizeof(*answer) ||
		    answer->nlmsg_len > left)
			return fail(e, ERR_SYSTEM, "netlink: an answer that is cut off");
		rc = read_answer(answer, each, context, e);
		if (rc != 0)
			return rc;
		size = NLMSG_ALIGN(answer->nlmsg_len);
		size = size < left ? size : left;
		at += size;
		left -= size;
	}
	return 0;
}

void netlink_take_index(const struct nlmsghdr *answer, void *context)
{
	struct ifinfomsg link;

	if (answer->nlmsg_type != RTM_NEWLINK || answer->nlmsg_len < NLMSG_LENGTH(sizeof(link)))
		return;
	memcpy(&link, NLMSG_DATA(answer), sizeof(link));
	*(unsigned *)context = (unsigned)link.ifi_index;
}

/* The first of what stands behind the body of an answer, and how many bytes are left from there; NULL and 0: it is of another
 * type, or cut off. */
static const struct rtattr *parts_of(const struct nlmsghdr *answer, uint16_t type, size_t body,
				     int *ret_left)
{
	*ret_left = 0;
	if (answer->nlmsg_type != type || answer->nlmsg_len < NLMSG_LENGTH(body))
		return NULL;
	*ret_left = (int)NLMSG_PAYLOAD(answer, body);
	return (const void *)((const char *)NLMSG_DATA(answer) + NLMSG_ALIGN(body));
}

void netlink_take_alias(const struct nlmsghdr *answer, void *context)
{
	struct netlink_alias_search *search = context;
	size_t length = strlen(search->alias);
	int left;

	for (const struct rtattr *part =
		     parts_of(answer, RTM_NEWLINK, sizeof(struct ifinfomsg), &left);
	     RTA_OK(part, left); part = RTA_NEXT(part, left))
		if (part->rta_type == IFLA_IFALIAS && !search->index &&
		    strnlen(RTA_DATA(part), RTA_PAYLOAD(part)) == length &&
		    memcmp(RTA_DATA(part), search->alias, length) == 0)
			netlink_take_index(answer, &search->index);
}

static bool is_tun_info(const struct rtattr *info)
{
	static const char kind[] = "tun";
	int left = (int)RTA_PAYLOAD(info);

	for (const struct rtattr *part = RTA_DATA(info); RTA_OK(part, left);
	     part = RTA_NEXT(part, left))
		if (part->rta_type == IFLA_INFO_KIND &&
		    strnlen(RTA_DATA(part), RTA_PAYLOAD(part)) == strlen(kind) &&
		    memcmp(RTA_DATA(part), kind, strlen(kind)) == 0)
			return true;
	return false;
}

void netlink_take_tun(const struct nlmsghdr *answer, void *context)
{
	int left;

	for (const struct rtattr *part =
		     parts_of(answer, RTM_NEWLINK, sizeof(struct ifinfomsg), &left);
	     RTA_OK(part, left); part = RTA_NEXT(part, left))
		if (part->rta_type == IFLA_LINKINFO && is_tun_info(part))
			*(bool *)context = true;
}

void netlink_take_link(const struct nlmsghdr *answer, void *context)
{
	struct ifinfomsg link;
	int left;
	const struct rtattr *part = parts_of(answer, RTM_NEWLINK, sizeof(link), &left);

	if (!part)
		return;
	memcpy(&link, NLMSG_DATA(answer), sizeof(link));
	for (; RTA_OK(part, left); part = RTA_NEXT(part, left))
		if (part->rta_type == IFLA_IFNAME)
			strbuf_printf(context, "%d %s %.*s\n", link.ifi_index,
				      link.ifi_flags & IFF_UP ? "up" : "down",
				      (int)strnlen(RTA_DATA(part), RTA_PAYLOAD(part)),
				      (const char *)RTA_DATA(part));
}

static void keep_address(struct netlink_addresses_search *search,
			 const struct link_address *address)
{
	struct link_addresses *found = &search->found;

	if (found->n == search->capacity) {
		size_t capacity = search->capacity ? search->capacity * 2 : 4;
		struct link_address *v =
			arena_new_array(search->arena, struct link_address, capacity);
		if (found->n)
			memcpy(v, found->v, found->n * sizeof(*v));
		found->v = v;
		search->capacity = capacity;
	}
	found->v[found->n++] = *address;
}

static void take_part(const struct rtattr *part, struct link_address *address, uint32_t *flags)
{
	const struct {
		unsigned short type;
		uint8_t *to;
		bool *given;
	} parts[] = {
		{ IFA_LOCAL, address->local, &address->has_local },
		{ IFA_ADDRESS, address->address, &address->has_address },
		{ IFA_BROADCAST, address->broadcast, &address->has_broadcast },
	};

	if (part->rta_type == IFA_FLAGS && RTA_PAYLOAD(part) >= sizeof(*flags))
		memcpy(flags, RTA_DATA(part), sizeof(*flags));
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (part->rta_type != parts[i].type || RTA_PAYLOAD(part) < address->size)
			continue;
		memcpy(parts[i].to, RTA_DATA(part), address->size);
		*parts[i].given = true;
	}
}

void netlink_take_address(const struct nlmsghdr *answer, void *context)
{
	struct netlink_addresses_search *search = context;
	struct link_address address = { 0 };
	struct ifaddrmsg header;
	uint32_t flags;
	int left;
	const struct rtattr *part = parts_of(answer, RTM_NEWADDR, sizeof(header), &left);

	if (!part)
		return;
	memcpy(&header, NLMSG_DATA(answer), sizeof(header));
	if ((search->index && header.ifa_index != search->index) ||
	    header.ifa_scope != RT_SCOPE_UNIVERSE ||
	    (header.ifa_family != AF_INET && header.ifa_family != AF_INET6))
		return;
	flags = header.ifa_flags;
	address.index = header.ifa_index;
	address.family = header.ifa_family;
	address.prefix = header.ifa_prefixlen;
	address.scope = header.ifa_scope;
	address.size = header.ifa_family == AF_INET ? 4 : 16;
	for (; RTA_OK(part, left); part = RTA_NEXT(part, left))
		take_part(part, &address, &flags);
	address.tentative = flags & IFA_F_TENTATIVE;
	address.refused = flags & IFA_F_DADFAILED;
	if (flags & IFA_F_PERMANENT)
		keep_address(search, &address);
}

void netlink_take_way(const struct nlmsghdr *answer, void *context)
{
	struct netlink_way_search *search = context;
	struct rtmsg header;
	int left;
	const struct rtattr *part = parts_of(answer, RTM_NEWROUTE, sizeof(header), &left);

	if (!part)
		return;
	memcpy(&header, NLMSG_DATA(answer), sizeof(header));
	search->local = header.rtm_type == RTN_LOCAL;
	for (; RTA_OK(part, left); part = RTA_NEXT(part, left)) {
		if (part->rta_type == RTA_GATEWAY || part->rta_type == RTA_VIA)
			search->by_gateway = true;
		if (part->rta_type != RTA_PREFSRC || RTA_PAYLOAD(part) < search->size)
			continue;
		memcpy(search->source, RTA_DATA(part), search->size);
		search->found = true;
	}
}

static uint32_t number_in(const struct rtattr *part)
{
	uint32_t ret = 0;

	if (RTA_PAYLOAD(part) >= sizeof(ret))
		memcpy(&ret, RTA_DATA(part), sizeof(ret));
	return ret;
}

void netlink_take_place(const struct nlmsghdr *answer, void *context)
{
	struct link_place *place = context;
	int left;

	for (const struct rtattr *part =
		     parts_of(answer, RTM_NEWLINK, sizeof(struct ifinfomsg), &left);
	     RTA_OK(part, left); part = RTA_NEXT(part, left)) {
		if (part->rta_type == IFLA_MTU)
			place->mtu = number_in(part);
		if (part->rta_type == IFLA_LINK)
			place->other = number_in(part);
		if (part->rta_type == IFLA_MASTER)
			place->master = number_in(part);
		if (part->rta_type == IFLA_LINK_NETNSID)
			place->network = (int)number_in(part);
	}
}

static void keep_rule(struct netlink_rules_search *search, const struct route_rule *rule)
{
	struct route_rules *found = &search->found;

	if (found->n == search->capacity) {
		size_t capacity = search->capacity ? search->capacity * 2 : 16;
		struct route_rule *v = arena_new_array(search->arena, struct route_rule, capacity);

		if (found->n)
			memcpy(v, found->v, found->n * sizeof(*v));
		found->v = v;
		search->capacity = capacity;
	}
	found->v[found->n++] = *rule;
}

static void take_rule_part(const struct rtattr *part, struct route_rule *rule)
{
	const struct {
		unsigned short type;
		struct route_address *to;
	} addresses[] = { { FRA_SRC, &rule->from }, { FRA_DST, &rule->to } };
	const struct {
		unsigned short type;
		uint32_t *to;
	} numbers[] = { { FRA_PRIORITY, &rule->pref },
			{ FRA_TABLE, &rule->table },
			{ FRA_FWMARK, &rule->mark },
			{ FRA_GOTO, &rule->target } };

	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		uint8_t size = rule->family == AF_INET ? 4 : 16;

		if (part->rta_type != addresses[i].type || RTA_PAYLOAD(part) < size)
			continue;
		*addresses[i].to = (struct route_address){ rule->family, size, { 0 } };
		memcpy(addresses[i].to->bytes, RTA_DATA(part), size);
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (part->rta_type == numbers[i].type)
			*numbers[i].to = number_in(part);
	if (part->rta_type == FRA_PROTOCOL && RTA_PAYLOAD(part) >= 1)
		memcpy(&rule->protocol, RTA_DATA(part), 1);
}

void netlink_take_rule(const struct nlmsghdr *answer, void *context)
{
	struct netlink_rules_search *search = context;
	struct route_rule rule = { 0 };
	struct fib_rule_hdr header;
	int left;
	const struct rtattr *part = parts_of(answer, RTM_NEWRULE, sizeof(header), &left);

	if (!part)
		return;
	memcpy(&header, NLMSG_DATA(answer), sizeof(header));
	if (header.family != search->family)
		return;
	rule.family = header.family;
	rule.from_bits = header.src_len;
	rule.to_bits = header.dst_len;
	rule.table = header.table;
	rule.not_own = header.flags & FIB_RULE_INVERT;
	for (; RTA_OK(part, left); part = RTA_NEXT(part, left))
		take_rule_part(part, &rule);
	if (!search->protocol || rule.protocol == search->protocol)
		keep_rule(search, &rule);
}
