/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of nf_tables (linux/netfilter/nf_tables.h) for one table, loaded all at once or not at all: what it takes to send
 * connections elsewhere. The functions that add to a rule bear the words of nft(8), which shows what they have made.
 */
#ifndef SYS_NFTABLES_H
#define SYS_NFTABLES_H

#include "base/err.h"
#include "base/str.h"
#include "sys/netlink_request.h"

#include <netinet/in.h>
#include <stdbool.h>

/* An address of either family, in the order of the network. */
struct nftables_address {
	int family; /* AF_INET, AF_INET6 */
	uint8_t bytes[16];
};
/* A text that is an address of neither family is a mistake of the caller's: the family is AF_UNSPEC. */
struct nftables_address nftables_address(const char *text);

struct nftables {
	struct strbuf batch;
	uint8_t family; /* NFPROTO_... of the table */
	const char *table;
	struct netlink_request rule; /* that is being made */
	size_t expressions;          /* where they begin in it */
	size_t last;                 /* message, by its place in the batch */
};

/* A table of the family inet, which is made if it is not there. Its rules are removed, its chains stay: to delete a
 * table takes the kernel 12 ms. */
void nftables_begin(struct nftables *n, const char *table);
void nftables_release(struct nftables *n);
#define autonftables __attribute__((cleanup(nftables_release))) struct nftables

/* What follows is for a table of IPv4 that is there already, and of which nothing is removed. */
void nftables_other_table(struct nftables *n, const char *table);

/* Of the type nat. hook: NF_INET_... of linux/netfilter.h. */
void nftables_chain(struct nftables *n, const char *name, unsigned hook, int priority);
/* Of the type filter: each packet goes through it. */
void nftables_filter_chain(struct nftables *n, const char *name, unsigned hook, int priority);
/* To which rules of others jump. */
void nftables_inner_chain(struct nftables *n, const char *name);

void nftables_rule(struct nftables *n, const char *chain);
void nftables_rule_end(struct nftables *n);

/* Conditions of a rule: all of them hold, or none of what follows is done. */
void nftables_iifname(struct nftables *n, bool is, const char *name);
void nftables_oifname(struct nftables *n, bool is, const char *name);
void nftables_nfproto(struct nftables *n, int family);
void nftables_l4proto(struct nftables *n, bool is, uint8_t protocol);
/* "fib daddr type local" */
void nftables_daddr_local(struct nftables *n);
/* The packet is of the address' family. prefix: in bits, 0 for the whole of it. */
void nftables_daddr(struct nftables *n, bool is, const struct nftables_address *address,
		    unsigned prefix);
/* The same of where it comes from. */
void nftables_saddr(struct nftables *n, const struct nftables_address *address);
/* What its connection was marked with; and that it is the first packet of one. */
void nftables_ct_mark(struct nftables *n, uint32_t mark);
void nftables_ct_new(struct nftables *n);
/* Of a protocol that has ports. */
void nftables_dport(struct nftables *n, uint8_t protocol, uint16_t port);
/* Of IPv4 alone. refused: what an answer of ICMP that a destination cannot be reached says where that is. */
enum nftables_place { NFTABLES_SADDR, NFTABLES_DADDR, NFTABLES_REFUSED };
void nftables_addr(struct nftables *n, enum nftables_place place,
		   const struct nftables_address *address);

/* What is done. port 0: as it is. */
void nftables_dnat(struct nftables *n, const struct nftables_address *to, uint16_t port);
/* As if it came from there. */
void nftables_snat(struct nftables *n, const struct nftables_address *to);
void nftables_masquerade(struct nftables *n);
void nftables_return(struct nftables *n);
void nftables_jump(struct nftables *n, const char *chain);
void nftables_set_mark(struct nftables *n, uint32_t mark);
void nftables_set_ct_mark(struct nftables *n, uint32_t mark);
/* In the packet itself, beside all that is known of its connection. */
void nftables_set_addr(struct nftables *n, enum nftables_place place,
		       const struct nftables_address *address);

/* Whether a table of IPv4 has that chain, in the network namespace that the caller is in. Where that cannot be asked it has
 * not. */
bool nftables_has_chain(const char *table, const char *chain);

/* Into the network namespace that the caller is in. */
int nftables_load(struct nftables *n, struct err *e) MUST_CHECK;

#endif
