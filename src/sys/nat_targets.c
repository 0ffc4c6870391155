/* SPDX-License-Identifier: Apache-2.0 */
/* See nat_targets.h. Runs in the runtime. */
#include "sys/nat_targets.h"

#include "base/auto.h"
#include "sys/netlink_answer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

/* --- attributes --- */

struct bytes {
	const uint8_t *at;
	size_t length;
};

/* The next attribute of *rest, which is shortened by it. */
static bool next(struct bytes *rest, unsigned *ret_type, struct bytes *ret)
{
	struct nlattr header;
	size_t whole;

	if (rest->length < sizeof(header))
		return false;
	memcpy(&header, rest->at, sizeof(header));
	if (header.nla_len < sizeof(header) || header.nla_len > rest->length)
		return false;
	*ret_type = header.nla_type & NLA_TYPE_MASK;
	*ret = (struct bytes){ rest->at + sizeof(header), header.nla_len - sizeof(header) };
	whole = NLA_ALIGN(header.nla_len);
	whole = whole < rest->length ? whole : rest->length;
	rest->at += whole;
	rest->length -= whole;
	return true;
}

static struct bytes find(struct bytes in, unsigned type)
{
	unsigned here;
	struct bytes ret;

	while (next(&in, &here, &ret))
		if (here == type)
			return ret;
	return (struct bytes){ NULL, 0 };
}

static uint32_t number(struct bytes in, unsigned type)
{
	const struct bytes found = find(in, type);
	uint32_t ret = 0;

	if (found.length >= sizeof(ret))
		memcpy(&ret, found.at, sizeof(ret));
	return ntohl(ret);
}

static bool is_text(struct bytes text, const char *wanted)
{
	return text.length == strlen(wanted) + 1 && memcmp(text.at, wanted, text.length) == 0;
}

/* --- a rule --- */

/* What its expressions have said so far. */
struct rule {
	uint8_t family; /* NFPROTO_..., of the table */
	bool asks_protocol;
	uint8_t protocol;
	struct bytes registers[NFT_REG32_15 + 1];
	struct nat_targets *found;
};

static void keep(const struct rule *rule, const uint8_t *address, size_t size, uint16_t first,
		 uint16_t last)
{
	struct nat_targets *found = rule->found;
	struct nat_target target = {
		.size = (uint8_t)size,
		.protocol = rule->protocol,
		.first = ntohs(first),
		.last = ntohs(last),
	};

	if (!rule->protocol || !target.first || target.last < target.first)
		return;
	memcpy(target.address, address, size);
	if (found->n == found->capacity) {
		size_t capacity = found->capacity ? found->capacity * 2 : 8;
		struct nat_target *v = arena_new_array(found->arena, struct nat_target, capacity);

		if (found->n)
			memcpy(v, found->v, found->n * sizeof(*v));
		found->v = v;
		found->capacity = capacity;
	}
	found->v[found->n++] = target;
}

/* "meta l4proto", or the field of the header of IPv4 (RFC 791), compared with a protocol. */
static void take_load(struct rule *rule, bool is_meta, struct bytes data)
{
	rule->asks_protocol =
		is_meta ? number(data, NFTA_META_KEY) == NFT_META_L4PROTO
			: number(data, NFTA_PAYLOAD_BASE) == NFT_PAYLOAD_NETWORK_HEADER &&
				  number(data, NFTA_PAYLOAD_OFFSET) == 9 &&
				  number(data, NFTA_PAYLOAD_LEN) == 1;
}

static void take_comparison(struct rule *rule, struct bytes data)
{
	const struct bytes value = find(find(data, NFTA_CMP_DATA), NFTA_DATA_VALUE);

	if (rule->asks_protocol && value.length == 1 && number(data, NFTA_CMP_OP) == NFT_CMP_EQ)
		rule->protocol = value.at[0];
	rule->asks_protocol = false;
}

static void take_match(struct rule *rule, struct bytes data)
{
	const struct bytes name = find(data, NFTA_MATCH_NAME);

	if (is_text(name, "tcp"))
		rule->protocol = IPPROTO_TCP;
	else if (is_text(name, "udp"))
		rule->protocol = IPPROTO_UDP;
}

static struct bytes *at_register(struct rule *rule, uint32_t number_of)
{
	return number_of < ARRAY_SIZE(rule->registers) ? &rule->registers[number_of] : NULL;
}

static void take_immediate(struct rule *rule, struct bytes data)
{
	struct bytes *into = at_register(rule, number(data, NFTA_IMMEDIATE_DREG));

	if (into)
		*into = find(find(data, NFTA_IMMEDIATE_DATA), NFTA_DATA_VALUE);
}

static uint16_t port_in(struct rule *rule, struct bytes data, unsigned type)
{
	const struct bytes *from = at_register(rule, number(data, type));
	uint16_t ret = 0;

	if (from && from->length >= sizeof(ret))
		memcpy(&ret, from->at, sizeof(ret));
	return ret;
}

static void take_nat(struct rule *rule, struct bytes data)
{
	const struct bytes *address = at_register(rule, number(data, NFTA_NAT_REG_ADDR_MIN));
	uint16_t first = port_in(rule, data, NFTA_NAT_REG_PROTO_MIN);
	uint16_t last = port_in(rule, data, NFTA_NAT_REG_PROTO_MAX);

	if (number(data, NFTA_NAT_TYPE) == NFT_NAT_DNAT && address &&
	    (address->length == 4 || address->length == 16))
		keep(rule, address->at, address->length, first, last ? last : first);
}

/* The target DNAT of x_tables: its revision 0 is of IPv4 alone. */
static void take_target(struct rule *rule, struct bytes data)
{
	const struct bytes info = find(data, NFTA_TARGET_INFO);
	struct nf_nat_ipv4_multi_range_compat old;
	struct nf_nat_range range;

	if (!is_text(find(data, NFTA_TARGET_NAME), "DNAT"))
		return;
	if (number(data, NFTA_TARGET_REV) == 0 && info.length >= sizeof(old)) {
		memcpy(&old, info.at, sizeof(old));
		keep(rule, (const uint8_t *)&old.range[0].min_ip, 4, old.range[0].min.all,
		     old.range[0].max.all);
	} else if (number(data, NFTA_TARGET_REV) > 0 && info.length >= sizeof(range)) {
		memcpy(&range, info.at, sizeof(range));
		keep(rule, (const uint8_t *)&range.min_addr, rule->family == NFPROTO_IPV4 ? 4 : 16,
		     range.min_proto.all, range.max_proto.all);
	}
}

static void take_expression(struct rule *rule, struct bytes element)
{
	const struct bytes name = find(element, NFTA_EXPR_NAME);
	const struct bytes data = find(element, NFTA_EXPR_DATA);

	if (is_text(name, "meta") || is_text(name, "payload"))
		take_load(rule, is_text(name, "meta"), data);
	else if (is_text(name, "cmp"))
		take_comparison(rule, data);
	else if (is_text(name, "match"))
		take_match(rule, data);
	else if (is_text(name, "immediate"))
		take_immediate(rule, data);
	else if (is_text(name, "nat"))
		take_nat(rule, data);
	else if (is_text(name, "target"))
		take_target(rule, data);
}

void nat_targets_take(const struct nlmsghdr *answer, void *context)
{
	const uint8_t *body = NLMSG_DATA(answer);
	struct rule rule = { .found = context };
	struct bytes whole, expressions, element;
	unsigned type;

	if (answer->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE) ||
	    answer->nlmsg_len < NLMSG_LENGTH(sizeof(struct nfgenmsg)))
		return;
	/* its first byte */
	rule.family = body[0];
	whole.at = body + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	whole.length = answer->nlmsg_len - NLMSG_LENGTH(sizeof(struct nfgenmsg));
	expressions = find(whole, NFTA_RULE_EXPRESSIONS);
	while (next(&expressions, &type, &element))
		take_expression(&rule, element);
}

/* --- all of them --- */

int nat_targets_read(size_t limit, struct arena *arena, struct nat_targets *ret, struct err *e)
{
	const struct nfgenmsg all = { .nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0 };
	autoclose int fd = netlink_open_protocol(NETLINK_NETFILTER, e);

	*ret = (struct nat_targets){ .arena = arena };
	if (fd < 0)
		return e->sys == EPROTONOSUPPORT ? 0 : -1;
	if (netlink_dump_some(fd, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE, &all, sizeof(all),
			      limit, nat_targets_take, ret, e) < 0 &&
	    e->sys != EOPNOTSUPP)
		return err_prefix(e, "list the rules of nf_tables");
	return 0;
}
