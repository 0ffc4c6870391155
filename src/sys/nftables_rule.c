/* SPDX-License-Identifier: Apache-2.0 */
/* What rules of nf_tables are made of: see nftables.h. Pure. */
#include "base/auto.h"
#include "sys/nftables.h"
#include "sys/nftables_message.h"

#include <linux/icmp.h>
#include <linux/if.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <sys/socket.h>

struct expression {
	size_t element, data;
};

static struct expression begin_expression(struct nftables *n, const char *name)
{
	struct expression ret = { .element = nftables_open_nest(&n->rule, NFTA_LIST_ELEM) };

	nftables_add_text(&n->rule, NFTA_EXPR_NAME, name);
	ret.data = nftables_open_nest(&n->rule, NFTA_EXPR_DATA);
	return ret;
}

static void end_expression(struct nftables *n, const struct expression *expression)
{
	netlink_request_close(&n->rule, expression->data);
	netlink_request_close(&n->rule, expression->element);
}

static void add_value(struct nftables *n, unsigned type, const void *value, size_t size)
{
	size_t nest = nftables_open_nest(&n->rule, type);

	netlink_request_add(&n->rule, NFTA_DATA_VALUE, value, size);
	netlink_request_close(&n->rule, nest);
}

static void meta(struct nftables *n, unsigned key)
{
	const struct expression expression = begin_expression(n, "meta");

	nftables_add_number(&n->rule, NFTA_META_DREG, NFT_REG_1);
	nftables_add_number(&n->rule, NFTA_META_KEY, key);
	end_expression(n, &expression);
}

static void compare(struct nftables *n, bool is, const void *value, size_t size)
{
	const struct expression expression = begin_expression(n, "cmp");

	nftables_add_number(&n->rule, NFTA_CMP_SREG, NFT_REG_1);
	nftables_add_number(&n->rule, NFTA_CMP_OP, is ? NFT_CMP_EQ : NFT_CMP_NEQ);
	add_value(n, NFTA_CMP_DATA, value, size);
	end_expression(n, &expression);
}

static void payload(struct nftables *n, unsigned base, unsigned offset, unsigned size)
{
	const struct expression expression = begin_expression(n, "payload");

	nftables_add_number(&n->rule, NFTA_PAYLOAD_DREG, NFT_REG_1);
	nftables_add_number(&n->rule, NFTA_PAYLOAD_BASE, base);
	nftables_add_number(&n->rule, NFTA_PAYLOAD_OFFSET, offset);
	nftables_add_number(&n->rule, NFTA_PAYLOAD_LEN, size);
	end_expression(n, &expression);
}

static void mask(struct nftables *n, unsigned prefix, unsigned size)
{
	const struct expression expression = begin_expression(n, "bitwise");
	uint8_t bits[16] = { 0 }, nothing[16] = { 0 };

	for (unsigned i = 0; i < prefix; i++)
		bits[i / 8] |= (uint8_t)(0x80 >> i % 8);
	nftables_add_number(&n->rule, NFTA_BITWISE_SREG, NFT_REG_1);
	nftables_add_number(&n->rule, NFTA_BITWISE_DREG, NFT_REG_1);
	nftables_add_number(&n->rule, NFTA_BITWISE_LEN, size);
	add_value(n, NFTA_BITWISE_MASK, bits, size);
	add_value(n, NFTA_BITWISE_XOR, nothing, size);
	end_expression(n, &expression);
}

static void immediate(struct nftables *n, unsigned to, const void *value, size_t size)
{
	const struct expression expression = begin_expression(n, "immediate");

	nftables_add_number(&n->rule, NFTA_IMMEDIATE_DREG, to);
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

	nftables_add_number(&n->rule, NFTA_FIB_DREG, NFT_REG_1);
	nftables_add_number(&n->rule, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nftables_add_number(&n->rule, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
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

void nftables_saddr(struct nftables *n, const struct nftables_address *address)
{
	unsigned size = address_size(address->family);

	nftables_nfproto(n, address->family);
	payload(n, NFT_PAYLOAD_NETWORK_HEADER, address->family == AF_INET ? 12 : 8, size);
	compare(n, true, address->bytes, size);
}

static void connection(struct nftables *n, unsigned key)
{
	const struct expression expression = begin_expression(n, "ct");

	nftables_add_number(&n->rule, NFTA_CT_DREG, NFT_REG_1);
	nftables_add_number(&n->rule, NFTA_CT_KEY, key);
	end_expression(n, &expression);
}

void nftables_ct_mark(struct nftables *n, uint32_t mark)
{
	connection(n, NFT_CT_MARK);
	compare(n, true, &mark, sizeof(mark));
}

void nftables_ct_new(struct nftables *n)
{
	const uint32_t new = NF_CT_STATE_BIT(IP_CT_NEW);

	connection(n, NFT_CT_STATE);
	compare(n, true, &new, sizeof(new));
}

/* The mark of a packet, or of its connection. */
static void set_mark(struct nftables *n, const char *of, unsigned type_key, unsigned key,
		     unsigned type_from, uint32_t mark)
{
	struct expression expression;

	immediate(n, NFT_REG_1, &mark, sizeof(mark));
	expression = begin_expression(n, of);
	nftables_add_number(&n->rule, type_key, key);
	nftables_add_number(&n->rule, type_from, NFT_REG_1);
	end_expression(n, &expression);
}

void nftables_set_mark(struct nftables *n, uint32_t mark)
{
	set_mark(n, "meta", NFTA_META_KEY, NFT_META_MARK, NFTA_META_SREG, mark);
}

void nftables_set_ct_mark(struct nftables *n, uint32_t mark)
{
	set_mark(n, "ct", NFTA_CT_KEY, NFT_CT_MARK, NFTA_CT_SREG, mark);
}

void nftables_dport(struct nftables *n, uint8_t protocol, uint16_t port)
{
	const uint16_t number = htons(port);

	nftables_l4proto(n, true, protocol);
	/* the same place in each (RFC 768, RFC 9293) */
	payload(n, NFT_PAYLOAD_TRANSPORT_HEADER, 2, sizeof(number));
	compare(n, true, &number, sizeof(number));
}

static void nat(struct nftables *n, unsigned type, const struct nftables_address *to, uint16_t port)
{
	const uint16_t number = htons(port);
	struct expression expression;

	immediate(n, NFT_REG_1, to->bytes, address_size(to->family));
	if (port)
		immediate(n, NFT_REG_2, &number, sizeof(number));
	expression = begin_expression(n, "nat");
	nftables_add_number(&n->rule, NFTA_NAT_TYPE, type);
	nftables_add_number(&n->rule, NFTA_NAT_FAMILY, nfproto(to->family));
	nftables_add_number(&n->rule, NFTA_NAT_REG_ADDR_MIN, NFT_REG_1);
	if (port)
		nftables_add_number(&n->rule, NFTA_NAT_REG_PROTO_MIN, NFT_REG_2);
	end_expression(n, &expression);
}

void nftables_dnat(struct nftables *n, const struct nftables_address *to, uint16_t port)
{
	nat(n, NFT_NAT_DNAT, to, port);
}

void nftables_snat(struct nftables *n, const struct nftables_address *to)
{
	nat(n, NFT_NAT_SNAT, to, 0);
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

	nftables_add_number(&n->rule, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = nftables_open_nest(&n->rule, NFTA_IMMEDIATE_DATA);
	verdict = nftables_open_nest(&n->rule, NFTA_DATA_VERDICT);
	nftables_add_number(&n->rule, NFTA_VERDICT_CODE, (uint32_t)code);
	if (chain)
		nftables_add_text(&n->rule, NFTA_VERDICT_CHAIN, chain);
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
	nftables_add_number(&n->rule, NFTA_PAYLOAD_SREG, NFT_REG_1);
	nftables_add_number(&n->rule, NFTA_PAYLOAD_BASE, places[place].base);
	nftables_add_number(&n->rule, NFTA_PAYLOAD_OFFSET, places[place].offset);
	nftables_add_number(&n->rule, NFTA_PAYLOAD_LEN, 4);
	nftables_add_number(&n->rule, NFTA_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_INET);
	nftables_add_number(&n->rule, NFTA_PAYLOAD_CSUM_OFFSET, places[place].sum);
	if (places[place].base == NFT_PAYLOAD_NETWORK_HEADER)
		nftables_add_number(&n->rule, NFTA_PAYLOAD_CSUM_FLAGS,
				    NFT_PAYLOAD_L4CSUM_PSEUDOHDR);
	end_expression(n, &expression);
}

struct nftables_address nftables_address(const char *text)
{
	struct nftables_address ret = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	if (inet_pton(ret.family, text, ret.bytes) != 1)
		ret.family = AF_UNSPEC;
	return ret;
}
