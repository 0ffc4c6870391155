/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of a decoy, and the addresses of its pair. Pure.
 */
#include "forward/forward.h"

#include "base/auto.h"
#include "sys/netns_sockets.h"

#include <linux/netfilter.h>
#include <stdio.h>
#include <string.h>

/* Of 169.254.0.0/16 (RFC 3927) what lies between 64.0 and 128.0: clouds answer at 169.254.169.254. */
#define NET4 "169.254."
#define PAIR4 NET4 "%u.%u"
#define PAIR4_FIRST 64u
#define PAIR4_COUNT 64u
/* A ULA (RFC 4193): "distros" in ASCII. */
#define NET6 "fd64:6973:7472:6f73:"
#define PAIR6 NET6 ":%x"
#define LINK "fwd"

#define PREROUTING "prerouting"
#define OUTPUT "output"
#define POSTROUTING "postrouting"
#define DNS_PORT 53

static void address4(char text[16], unsigned pair, unsigned end)
{
	unsigned number = pair * 2 + end;

	snprintf(text, 16, PAIR4, PAIR4_FIRST + number / 256 % PAIR4_COUNT, number % 256);
}

static void address6(char text[40], unsigned pair, unsigned end)
{
	snprintf(text, 40, PAIR6, (pair * 2 + end) & 0xffff);
}

struct forward_addresses forward_addresses(unsigned pair)
{
	struct forward_addresses ret;

	address4(ret.decoy4, pair, 0);
	address4(ret.container4, pair, 1);
	address6(ret.decoy6, pair, 0);
	address6(ret.container6, pair, 1);
	return ret;
}

struct forward_name forward_name(unsigned pair)
{
	struct forward_name ret;

	snprintf(ret.text, sizeof(ret.text), LINK "%u", pair % FORWARD_PAIRS);
	return ret;
}

unsigned forward_pair(const char *name)
{
	uint32_t pair;

	return str_has_prefix(name, LINK) && parse_u32(name + strlen(LINK), &pair) &&
			       pair < FORWARD_PAIRS
		       ? pair
		       : FORWARD_PAIRS;
}

bool forward_is_link(const char *name)
{
	return forward_pair(name) < FORWARD_PAIRS;
}

bool forward_is_address(const char *text)
{
	const char *third;
	char number[4] = "";
	uint32_t value;

	if (!str_has_prefix(text, NET4))
		return str_has_prefix(text, NET6);
	third = text + strlen(NET4);
	if (strcspn(third, ".") < sizeof(number))
		memcpy(number, third, strcspn(third, "."));
	return parse_u32(number, &value) && value >= PAIR4_FIRST &&
	       value < PAIR4_FIRST + PAIR4_COUNT;
}

/* What asks the decoy's end of the pair asks the engine's resolver. */
static void add_nameserver(struct nftables *n, const struct forward_rules *rules,
			   const struct forward_addresses *at)
{
	const struct nftables_address to = nftables_address(rules->nameserver);
	const struct nftables_address asked =
		nftables_address(to.family == AF_INET6 ? at->decoy6 : at->decoy4);
	const struct {
		uint8_t protocol;
		uint16_t port;
	} kinds[] = { { IPPROTO_UDP, rules->udp }, { IPPROTO_TCP, rules->tcp } };

	for (size_t i = 0; to.family != AF_UNSPEC && i < ARRAY_SIZE(kinds); i++) {
		nftables_rule(n, PREROUTING);
		nftables_iifname(n, true, FORWARD_DECOY_LINK);
		nftables_daddr(n, true, &asked, 0);
		nftables_dport(n, kinds[i].protocol, DNS_PORT);
		nftables_dnat(n, &to, kinds[i].port ? kinds[i].port : DNS_PORT);
		nftables_rule_end(n);
	}
}

static void add_jump(struct nftables *n, const char *chain, const char *to)
{
	nftables_rule(n, chain);
	nftables_iifname(n, true, FORWARD_DECOY_LINK);
	nftables_jump(n, to);
	nftables_rule_end(n);
}

/*
 * The same by a chain of the engine's, which says where its resolver listens now: after the engine was started again its
 * ports are others. What the chain is for is sent from the decoy itself to the nameserver's address, so what asks is
 * given that address before the kernel knows it for a connection, and what answers is given ours when all else is done. Of
 * Docker's table nothing is removed when rules are made anew, so a chain of our own there says that it has ours.
 */
static void follow_chain(struct nftables *n, const struct forward_rules *rules,
			 const struct forward_addresses *at)
{
	static const uint8_t protocols[] = { IPPROTO_UDP, IPPROTO_TCP };
	static const enum nftables_place places[] = { NFTABLES_SADDR, NFTABLES_REFUSED };
	const struct nftables_address to = nftables_address(rules->nameserver);
	const struct nftables_address asked = nftables_address(at->decoy4);

	nftables_filter_chain(n, "asked", NF_INET_PRE_ROUTING, -350);
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		nftables_rule(n, "asked");
		nftables_iifname(n, true, FORWARD_DECOY_LINK);
		nftables_addr(n, NFTABLES_DADDR, &asked);
		nftables_dport(n, protocols[i], DNS_PORT);
		nftables_set_addr(n, NFTABLES_DADDR, &to);
		nftables_rule_end(n);
	}
	nftables_filter_chain(n, "answered", NF_INET_POST_ROUTING, 110);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		nftables_rule(n, "answered");
		nftables_oifname(n, true, FORWARD_DECOY_LINK);
		nftables_addr(n, places[i], &to);
		nftables_set_addr(n, places[i], &asked);
		nftables_rule_end(n);
	}
	if (rules->chained)
		return;
	nftables_other_table(n, FORWARD_NAT_TABLE);
	/* as iptables(8) would have made them */
	nftables_inner_chain(n, FORWARD_CHAIN);
	nftables_chain(n, "PREROUTING", NF_INET_PRE_ROUTING, -100);
	add_jump(n, "PREROUTING", FORWARD_CHAIN);
	add_jump(n, FORWARD_CHAIN, rules->chain);
}

/* To the container, unless the address is not one that it can have in common with the decoy. */
static void add_destination(struct nftables *n, const struct nftables_address *container)
{
	const struct nftables_address link_local = nftables_address("fe80::");

	nftables_daddr_local(n);
	if (container->family == AF_INET6) {
		nftables_daddr(n, false, &link_local, 10);
		nftables_l4proto(n, false, IPPROTO_ICMPV6);
	} else {
		nftables_nfproto(n, container->family);
	}
	nftables_dnat(n, container, 0);
	nftables_rule_end(n);
}

static void return_from(struct nftables *n, const char *chain, const char *address)
{
	const struct nftables_address asked = nftables_address(address);

	nftables_rule(n, chain);
	nftables_daddr(n, true, &asked, 0);
	nftables_return(n);
	nftables_rule_end(n);
}

/* Where it is routed as well: then it comes for what the engine has added since. */
static void add_family(struct nftables *n, const char *target, const char *decoy)
{
	const struct nftables_address to = nftables_address(target);

	return_from(n, PREROUTING, decoy);
	nftables_rule(n, PREROUTING);
	nftables_iifname(n, false, "lo");
	add_destination(n, &to);
	return_from(n, OUTPUT, decoy);
	nftables_rule(n, OUTPUT);
	add_destination(n, &to);
}

/* Not an address of the decoy's (routes.c). */
static void add_loopback(struct nftables *n, const char *container)
{
	const struct nftables_address to = nftables_address(container);
	const struct nftables_address asked = nftables_address("::1");

	nftables_rule(n, OUTPUT);
	nftables_daddr(n, true, &asked, 0);
	nftables_dnat(n, &to, 0);
	nftables_rule_end(n);
}

static void add_masquerade(struct nftables *n, void link(struct nftables *, bool, const char *))
{
	nftables_rule(n, POSTROUTING);
	link(n, true, FORWARD_DECOY_LINK);
	nftables_masquerade(n);
	nftables_rule_end(n);
}

/*
 * Own addresses keep what they are, and so do those that ask them: only what the decoy itself sends there is given an
 * address that leads back. What the decoy begins, there or elsewhere, may come from an own address, so that the answers
 * would go on to the container: they are known by a mark (own.c). An answer of ICMP to what is passed on is of a connection
 * that is there.
 */
static void add_routed(struct nftables *n, const struct forward_rules *rules,
		       const struct forward_addresses *at)
{
	const char *const ends[] = { at->decoy4, at->decoy6 };

	/* not by what the kernel takes for nearest, which is the own address itself */
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		const struct nftables_address end = nftables_address(ends[i]);

		nftables_rule(n, POSTROUTING);
		nftables_oifname(n, true, FORWARD_DECOY_LINK);
		nftables_iifname(n, true, "");
		nftables_nfproto(n, end.family);
		nftables_snat(n, &end);
		nftables_rule_end(n);
	}
	/* to another one of the container's networks it comes from the address that it has there */
	for (size_t i = 0; i < rules->own.n; i++) {
		const struct nftables_address own = nftables_address(rules->own.v[i].address);

		nftables_rule(n, POSTROUTING);
		nftables_iifname(n, true, FORWARD_DECOY_LINK);
		nftables_oifname(n, true, rules->own.v[i].link);
		nftables_saddr(n, &own);
		nftables_return(n);
		nftables_rule_end(n);
	}
	nftables_filter_chain(n, "begun", NF_INET_LOCAL_OUT, -150);
	nftables_rule(n, "begun");
	nftables_ct_new(n);
	nftables_set_ct_mark(n, FORWARD_MARK);
	nftables_rule_end(n);
	nftables_filter_chain(n, "answer", NF_INET_PRE_ROUTING, -150);
	nftables_rule(n, "answer");
	nftables_ct_mark(n, FORWARD_MARK);
	nftables_set_mark(n, FORWARD_MARK);
	nftables_rule_end(n);
}

/*
 * Before the engine's own rules, which have the priorities dstnat (-100) and srcnat (100): of two rules
 * for a connection the first one counts. From within the decoy itself (the engine's port forwarder)
 * the loopback address leads to the container as well, but for 127.0.0.11, where Docker's resolver is.
 */
void forward_rules(const struct forward_rules *rules, struct nftables *n)
{
	const struct forward_addresses at = forward_addresses(rules->pair);

	nftables_begin(n, "distro-shim");
	nftables_chain(n, PREROUTING, NF_INET_PRE_ROUTING, -110);
	nftables_chain(n, OUTPUT, NF_INET_LOCAL_OUT, -110);
	nftables_chain(n, POSTROUTING, NF_INET_POST_ROUTING, 90);
	if (rules->chain)
		return_from(n, PREROUTING, rules->nameserver);
	else if (rules->nameserver)
		add_nameserver(n, rules, &at);
	return_from(n, OUTPUT, NETNS_ENGINES_RESOLVER);
	add_family(n, rules->target4 ? rules->target4 : at.container4, at.decoy4);
	if (rules->v6) {
		const char *target = rules->target6 ? rules->target6 : at.container6;

		add_loopback(n, target);
		add_family(n, target, at.decoy6);
	}
	if (rules->own.n)
		add_routed(n, rules, &at);
	else
		add_masquerade(n, nftables_oifname);
	add_masquerade(n, nftables_iifname);
	if (rules->chain)
		follow_chain(n, rules, &at);
}
