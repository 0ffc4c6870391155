/* SPDX-License-Identifier: Apache-2.0 */
/* See nftables.h. Runs in the runtime. */
#include "sys/nftables.h"

#include "base/auto.h"
#include "sys/netlink_answer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/icmp.h>
#include <linux/if.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

/* --- messages --- */

static void add_message(struct nftables *n, const struct netlink_request *message)
{
	static const char padding[NLMSG_ALIGNTO];

	n->last = n->batch.length;
	strbuf_add(&n->batch, message->bytes, message->header.nlmsg_len);
	strbuf_add(&n->batch, padding, NLMSG_ALIGN(n->batch.length) - n->batch.length);
}

static void begin_message(struct netlink_request *message, uint8_t family, unsigned type,
			  uint16_t flags)
{
	const struct nfgenmsg body = { .nfgen_family = family, .version = NFNETLINK_V0 };

	netlink_request_begin(message, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, &body,
			      sizeof(body));
}

/* nfnetlink: what lies between a begin and an end is one transaction of the subsystem. */
static void add_mark(struct nftables *n, uint16_t type)
{
	const struct nfgenmsg body = { .version = NFNETLINK_V0,
				       .res_id = htons(NFNL_SUBSYS_NFTABLES) };
	struct netlink_request message;
	size_t last = n->last;

	netlink_request_begin(&message, type, 0, &body, sizeof(body));
	add_message(n, &message);
	/* an end is not answered */
	n->last = last;
}

static void add_text(struct netlink_request *message, unsigned type, const char *text)
{
	netlink_request_add(message, (uint16_t)type, text, strlen(text) + 1);
}

static void add_number(struct netlink_request *message, unsigned type, uint32_t value)
{
	const uint32_t number = htonl(value);

	netlink_request_add(message, (uint16_t)type, &number, sizeof(number));
}

static size_t open_nest(struct netlink_request *message, unsigned type)
{
	return netlink_request_open(message, (uint16_t)(type | NLA_F_NESTED), NULL, 0);
}

/* --- table, chains and rules --- */

void nftables_begin(struct nftables *n, const char *table)
{
	struct netlink_request message;

	*n = (struct nftables){ .family = NFPROTO_INET, .table = table };
	add_mark(n, NFNL_MSG_BATCH_BEGIN);
	begin_message(&message, n->family, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	add_text(&message, NFTA_TABLE_NAME, table);
	add_message(n, &message);
	begin_message(&message, n->family, NFT_MSG_DELRULE, 0);
	add_text(&message, NFTA_RULE_TABLE, table);
	add_message(n, &message);
}

void nftables_release(struct nftables *n)
{
	strbuf_release(&n->batch);
}

void nftables_other_table(struct nftables *n, const char *table)
{
	n->family = NFPROTO_IPV4;
	n->table = table;
}

static void begin_chain(const struct nftables *n, struct netlink_request *message, const char *name)
{
	begin_message(message, n->family, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	add_text(message, NFTA_CHAIN_TABLE, n->table);
	add_text(message, NFTA_CHAIN_NAME, name);
}

static void add_chain(struct nftables *n, const char *type, const char *name, unsigned hook,
		      int priority)
{
	struct netlink_request message;
	size_t nest;

	begin_chain(n, &message, name);
	nest = open_nest(&message, NFTA_CHAIN_HOOK);
	add_number(&message, NFTA_HOOK_HOOKNUM, hook);
	add_number(&message, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	netlink_request_close(&message, nest);
	add_text(&message, NFTA_CHAIN_TYPE, type);
	add_message(n, &message);
}

void nftables_chain(struct nftables *n, const char *name, unsigned hook, int priority)
{
	add_chain(n, "nat", name, hook, priority);
}

void nftables_filter_chain(struct nftables *n, const char *name, unsigned hook, int priority)
{
	add_chain(n, "filter", name, hook, priority);
}

void nftables_inner_chain(struct nftables *n, const char *name)
{
	struct netlink_request message;

	begin_chain(n, &message, name);
	add_message(n, &message);
}

void nftables_rule(struct nftables *n, const char *chain)
{
	begin_message(&n->rule, n->family, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	add_text(&n->rule, NFTA_RULE_TABLE, n->table);
	add_text(&n->rule, NFTA_RULE_CHAIN, chain);
	n->expressions = open_nest(&n->rule, NFTA_RULE_EXPRESSIONS);
}

void nftables_rule_end(struct nftables *n)
{
	netlink_request_close(&n->rule, n->expressions);
	add_message(n, &n->rule);
}

/* --- expressions --- */

struct expression {
	size_t element, data;
};

static struct expression begin_expression(struct nftables *n, const char *name)
{
	struct expression ret = { .element = open_nest(&n->rule, NFTA_LIST_ELEM) };

	add_text(&n->rule, NFTA_EXPR_NAME, name);
	ret.data = open_nest(&n->rule, NFTA_EXPR_DATA);
	return ret;
}

static void end_expression(struct nftables *n, const struct expression *expression)
{
	netlink_request_close(&n->rule, expression->data);
	netlink_request_close(&n->rule, expression->element);
}

static void add_value(struct nftables *n, unsigned type, const void *value, size_t size)
{
	size_t nest = open_nest(&n->rule, type);

	netlink_request_add(&n->rule, NFTA_DATA_VALUE, value, size);
	netlink_request_close(&n->rule, nest);
}

static void meta(struct nftables *n, unsigned key)
{
	const struct expression expression = begin_expression(n, "meta");

	add_number(&n->rule, NFTA_META_DREG, NFT_REG_1);
	add_number(&n->rule, NFTA_META_KEY, key);
	end_expression(n, &expression);
}

static void compare(struct nftables *n, bool is, const void *value, size_t size)
{
	const struct expression expression = begin_expression(n, "cmp");

	add_number(&n->rule, NFTA_CMP_SREG, NFT_REG_1);
	add_number(&n->rule, NFTA_CMP_OP, is ? NFT_CMP_EQ : NFT_CMP_NEQ);
	add_value(n, NFTA_CMP_DATA, value, size);
	end_expression(n, &expression);
}

static void payload(struct nftables *n, unsigned base, unsigned offset, unsigned size)
{
	const struct expression expression = begin_expression(n, "payload");

	add_number(&n->rule, NFTA_PAYLOAD_DREG, NFT_REG_1);
	add_number(&n->rule, NFTA_PAYLOAD_BASE, base);
	add_number(&n->rule, NFTA_PAYLOAD_OFFSET, offset);
	add_number(&n->rule, NFTA_PAYLOAD_LEN, size);
	end_expression(n, &expression);
}

static void mask(struct nftables *n, unsigned prefix, unsigned size)
{
	const struct expression expression = begin_expression(n, "bitwise");
	uint8_t bits[16] = { 0 }, nothing[16] = { 0 };

	for (unsigned i = 0; i < prefix; i++)
		bits[i / 8] |= (uint8_t)(0x80 >> i % 8);
	add_number(&n->rule, NFTA_BITWISE_SREG, NFT_REG_1);
	add_number(&n->rule, NFTA_BITWISE_DREG, NFT_REG_1);
	add_number(&n->rule, NFTA_BITWISE_LEN, size);
	add_value(n, NFTA_BITWISE_MASK, bits, size);
	add_value(n, NFTA_BITWISE_XOR, nothing, size);
	end_expression(n, &expression);
}

static void immediate(struct nftables *n, unsigned to, const void *value, size_t size)
{
	const struct expression expression = begin_expression(n, "immediate");

	add_number(&n->rule, NFTA_IMMEDIATE_DREG, to);
	add_value(n, NFTA_IMMEDIATE_DATA, value, size);
	end_expression(n, &expression);
}

static void compare_link(struct nftables *n, unsigned key, bool is, const char *name)
{
	char text[IFNAMSIZ] = "";

	memcpy(text, name, strnlen(name, sizeof(text) - 1));
	meta(n, key);
	compare(n, is, text, sizeof(text));
}

void nftables_iifname(struct nftables *n, bool is, const char *name)
{
	compare_link(n, NFT_META_IIFNAME, is, name);
}

void nftables_oifname(struct nftables *n, bool is, const char *name)
{
	compare_link(n, NFT_META_OIFNAME, is, name);
}

static uint8_t nfproto(int family)
{
	return family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6;
}

void nftables_nfproto(struct nftables *n, int family)
{
	const uint8_t number = nfproto(family);

	meta(n, NFT_META_NFPROTO);
	compare(n, true, &number, sizeof(number));
}

void nftables_l4proto(struct nftables *n, bool is, uint8_t protocol)
{
	meta(n, NFT_META_L4PROTO);
	compare(n, is, &protocol, sizeof(protocol));
}

void nftables_daddr_local(struct nftables *n)
{
	const struct expression expression = begin_expression(n, "fib");
	const uint32_t local = RTN_LOCAL;

	add_number(&n->rule, NFTA_FIB_DREG, NFT_REG_1);
	add_number(&n->rule, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	add_number(&n->rule, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
	end_expression(n, &expression);
	compare(n, true, &local, sizeof(local));
}

/* RFC 791 and RFC 8200: where a header has the destination, and how long that is. */
static unsigned address_size(int family)
{
	return family == AF_INET ? 4 : 16;
}

void nftables_daddr(struct nftables *n, bool is, const struct nftables_address *address,
		    unsigned prefix)
{
	unsigned size = address_size(address->family);

	nftables_nfproto(n, address->family);
	payload(n, NFT_PAYLOAD_NETWORK_HEADER, address->family == AF_INET ? 16 : 24, size);
	if (prefix)
		mask(n, prefix, size);
	compare(n, is, address->bytes, size);
}

void nftables_dport(struct nftables *n, uint8_t protocol, uint16_t port)
{
	const uint16_t number = htons(port);

	nftables_l4proto(n, true, protocol);
	/* the same place in each (RFC 768, RFC 9293) */
	payload(n, NFT_PAYLOAD_TRANSPORT_HEADER, 2, sizeof(number));
	compare(n, true, &number, sizeof(number));
}

void nftables_dnat(struct nftables *n, const struct nftables_address *to, uint16_t port)
{
	const uint16_t number = htons(port);
	struct expression expression;

	immediate(n, NFT_REG_1, to->bytes, address_size(to->family));
	if (port)
		immediate(n, NFT_REG_2, &number, sizeof(number));
	expression = begin_expression(n, "nat");
	add_number(&n->rule, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	add_number(&n->rule, NFTA_NAT_FAMILY, nfproto(to->family));
	add_number(&n->rule, NFTA_NAT_REG_ADDR_MIN, NFT_REG_1);
	if (port)
		add_number(&n->rule, NFTA_NAT_REG_PROTO_MIN, NFT_REG_2);
	end_expression(n, &expression);
}

void nftables_masquerade(struct nftables *n)
{
	const struct expression expression = begin_expression(n, "masq");

	end_expression(n, &expression);
}

/* chain: NULL for none */
static void add_verdict(struct nftables *n, int code, const char *chain)
{
	const struct expression expression = begin_expression(n, "immediate");
	size_t data, verdict;

	add_number(&n->rule, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = open_nest(&n->rule, NFTA_IMMEDIATE_DATA);
	verdict = open_nest(&n->rule, NFTA_DATA_VERDICT);
	add_number(&n->rule, NFTA_VERDICT_CODE, (uint32_t)code);
	if (chain)
		add_text(&n->rule, NFTA_VERDICT_CHAIN, chain);
	netlink_request_close(&n->rule, verdict);
	netlink_request_close(&n->rule, data);
	end_expression(n, &expression);
}

void nftables_return(struct nftables *n)
{
	add_verdict(n, NFT_RETURN, NULL);
}

void nftables_jump(struct nftables *n, const char *chain)
{
	add_verdict(n, NFT_JUMP, chain);
}

/* RFC 791 and RFC 792: where they are, and what is summed up over them, where. An answer of ICMP has what it answers behind
 * eight octets of its own. */
static const struct place {
	uint32_t base, offset, sum;
} places[] = {
	[NFTABLES_SADDR] = { NFT_PAYLOAD_NETWORK_HEADER, 12, 10 },
	[NFTABLES_DADDR] = { NFT_PAYLOAD_NETWORK_HEADER, 16, 10 },
	[NFTABLES_REFUSED] = { NFT_PAYLOAD_TRANSPORT_HEADER, 8 + 16, 2 },
};

void nftables_addr(struct nftables *n, enum nftables_place place,
		   const struct nftables_address *address)
{
	const uint8_t unreachable = ICMP_DEST_UNREACH;

	nftables_nfproto(n, AF_INET);
	if (place == NFTABLES_REFUSED) {
		nftables_l4proto(n, true, IPPROTO_ICMP);
		payload(n, NFT_PAYLOAD_TRANSPORT_HEADER, 0, sizeof(unreachable));
		compare(n, true, &unreachable, sizeof(unreachable));
	}
	payload(n, places[place].base, places[place].offset, 4);
	compare(n, true, address->bytes, 4);
}

void nftables_set_addr(struct nftables *n, enum nftables_place place,
		       const struct nftables_address *address)
{
	struct expression expression;

	immediate(n, NFT_REG_1, address->bytes, 4);
	expression = begin_expression(n, "payload");
	add_number(&n->rule, NFTA_PAYLOAD_SREG, NFT_REG_1);
	add_number(&n->rule, NFTA_PAYLOAD_BASE, places[place].base);
	add_number(&n->rule, NFTA_PAYLOAD_OFFSET, places[place].offset);
	add_number(&n->rule, NFTA_PAYLOAD_LEN, 4);
	add_number(&n->rule, NFTA_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_INET);
	add_number(&n->rule, NFTA_PAYLOAD_CSUM_OFFSET, places[place].sum);
	if (places[place].base == NFT_PAYLOAD_NETWORK_HEADER)
		add_number(&n->rule, NFTA_PAYLOAD_CSUM_FLAGS, NFT_PAYLOAD_L4CSUM_PSEUDOHDR);
	end_expression(n, &expression);
}

struct nftables_address nftables_address(const char *text)
{
	struct nftables_address ret = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	if (inet_pton(ret.family, text, ret.bytes) != 1)
		ret.family = AF_UNSPEC;
	return ret;
}

/* --- the whole --- */

bool nftables_has_chain(const char *table, const char *chain)
{
	struct netlink_request message;
	struct err ignored;
	autoclose int fd = netlink_open_protocol(NETLINK_NETFILTER, &ignored);

	begin_message(&message, NFPROTO_IPV4, NFT_MSG_GETCHAIN, NLM_F_ACK);
	add_text(&message, NFTA_CHAIN_TABLE, table);
	add_text(&message, NFTA_CHAIN_NAME, chain);
	return fd >= 0 && netlink_transact(fd, message.bytes, message.header.nlmsg_len, NULL, NULL,
					   &ignored) == 0;
}

int nftables_load(struct nftables *n, struct err *e)
{
	autoclose int fd = -1;
	struct nlmsghdr last;

	memcpy(&last, n->batch.text + n->last, sizeof(last));
	last.nlmsg_flags |= NLM_F_ACK;
	memcpy(n->batch.text + n->last, &last, sizeof(last));
	add_mark(n, NFNL_MSG_BATCH_END);
	fd = netlink_open_protocol(NETLINK_NETFILTER, e);
	if (fd >= 0 && netlink_transact(fd, n->batch.text, n->batch.length, NULL, NULL, e) == 0)
		return 0;
	(void)err_prefix(e, "load the rules of the table inet %s", n->table);
	if (e->sys == ENOENT || e->sys == EOPNOTSUPP || e->sys == EPROTONOSUPPORT)
		return fail(
			e, ERR_SYSTEM,
			"%s (the kernel needs CONFIG_NF_TABLES_INET, CONFIG_NFT_NAT, CONFIG_NFT_MASQ and CONFIG_NFT_FIB_INET, and no chain of another kind may have the name of one of these)",
			e->text);
	return -1;
}
