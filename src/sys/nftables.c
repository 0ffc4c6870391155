/* SPDX-License-Identifier: Apache-2.0 */
/* See nftables.h. Runs in the runtime. */
#include "sys/nftables.h"

#include "base/auto.h"
#include "sys/netlink_answer.h"
#include "sys/nftables_message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
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

/* --- table, chains and rules --- */

void nftables_begin(struct nftables *n, const char *table)
{
	struct netlink_request message;

	*n = (struct nftables){ .family = NFPROTO_INET, .table = table };
	add_mark(n, NFNL_MSG_BATCH_BEGIN);
	begin_message(&message, n->family, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	nftables_add_text(&message, NFTA_TABLE_NAME, table);
	add_message(n, &message);
	begin_message(&message, n->family, NFT_MSG_DELRULE, 0);
	nftables_add_text(&message, NFTA_RULE_TABLE, table);
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
	nftables_add_text(message, NFTA_CHAIN_TABLE, n->table);
	nftables_add_text(message, NFTA_CHAIN_NAME, name);
}

static void add_chain(struct nftables *n, const char *type, const char *name, unsigned hook,
		      int priority)
{
	struct netlink_request message;
	size_t nest;

	begin_chain(n, &message, name);
	nest = nftables_open_nest(&message, NFTA_CHAIN_HOOK);
	nftables_add_number(&message, NFTA_HOOK_HOOKNUM, hook);
	nftables_add_number(&message, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	netlink_request_close(&message, nest);
	nftables_add_text(&message, NFTA_CHAIN_TYPE, type);
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
	nftables_add_text(&n->rule, NFTA_RULE_TABLE, n->table);
	nftables_add_text(&n->rule, NFTA_RULE_CHAIN, chain);
	n->expressions = nftables_open_nest(&n->rule, NFTA_RULE_EXPRESSIONS);
}

void nftables_rule_end(struct nftables *n)
{
	netlink_request_close(&n->rule, n->expressions);
	add_message(n, &n->rule);
}

/* --- the whole --- */

bool nftables_has_chain(const char *table, const char *chain)
{
	struct netlink_request message;
	struct err ignored;
	autoclose int fd = netlink_open_protocol(NETLINK_NETFILTER, &ignored);

	begin_message(&message, NFPROTO_IPV4, NFT_MSG_GETCHAIN, NLM_F_ACK);
	nftables_add_text(&message, NFTA_CHAIN_TABLE, table);
	nftables_add_text(&message, NFTA_CHAIN_NAME, chain);
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
			"%s (the kernel needs CONFIG_NF_TABLES_INET, CONFIG_NFT_NAT, CONFIG_NFT_MASQ, CONFIG_NFT_CT and CONFIG_NFT_FIB_INET, and no chain of another kind may have the name of one of these)",
			e->text);
	return -1;
}
