/* SPDX-License-Identifier: Apache-2.0 */
/* See netlink_rule.h. Runs in the runtime. */
#include "sys/netlink_rule.h"

#include "sys/netlink_answer.h"
#include "sys/netlink_request.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <string.h>

static const char loopback[] = "lo";

/* 0: whichever it is of a rule that is looked for */
static uint8_t action_of(const struct route_rule *rule)
{
	if (rule->table)
		return FR_ACT_TO_TBL;
	return rule->target ? FR_ACT_GOTO : FR_ACT_UNSPEC;
}

static int change(int fd, uint16_t type, uint16_t flags, const struct route_rule *rule,
		  struct err *e)
{
	const struct fib_rule_hdr header = {
		.family = rule->family,
		.dst_len = rule->to_bits,
		.src_len = rule->from_bits,
		.table = rule->table < 256 ? (uint8_t)rule->table : RT_TABLE_UNSPEC,
		.action = action_of(rule),
		.flags = rule->not_own ? FIB_RULE_INVERT : 0,
	};
	struct netlink_request request;

	netlink_request_begin(&request, type, (uint16_t)(NLM_F_ACK | flags), &header,
			      sizeof(header));
	netlink_request_add(&request, FRA_PRIORITY, &rule->pref, sizeof(rule->pref));
	if (rule->protocol)
		netlink_request_add(&request, FRA_PROTOCOL, &rule->protocol,
				    sizeof(rule->protocol));
	if (rule->table)
		netlink_request_add(&request, FRA_TABLE, &rule->table, sizeof(rule->table));
	if (rule->target)
		netlink_request_add(&request, FRA_GOTO, &rule->target, sizeof(rule->target));
	if (rule->from_bits)
		netlink_request_add(&request, FRA_SRC, rule->from.bytes, rule->from.size);
	if (rule->to_bits)
		netlink_request_add(&request, FRA_DST, rule->to.bytes, rule->to.size);
	if (rule->mark) {
		netlink_request_add(&request, FRA_FWMARK, &rule->mark, sizeof(rule->mark));
		netlink_request_add(&request, FRA_FWMASK, &rule->mark, sizeof(rule->mark));
	}
	if (rule->not_own)
		netlink_request_add(&request, FRA_IIFNAME, loopback, sizeof(loopback));
	return netlink_transact(fd, request.bytes, request.header.nlmsg_len, NULL, NULL, e);
}

int netlink_add_rule(int fd, const struct route_rule *rule, struct err *e)
{
	if (change(fd, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule, e) == 0)
		return 1;
	return e->sys == EEXIST ? 0 : err_prefix(e, "add a rule of routing");
}

int netlink_remove_rule(int fd, const struct route_rule *rule, struct err *e)
{
	if (change(fd, RTM_DELRULE, 0, rule, e) == 0)
		return 1;
	return e->sys == ENOENT ? 0 : err_prefix(e, "remove a rule of routing");
}

int netlink_rules(int fd, uint8_t family, uint8_t protocol, struct arena *arena,
		  struct route_rules *ret, struct err *e)
{
	const struct fib_rule_hdr header = { .family = family };
	struct netlink_rules_search search = { .family = family,
					       .protocol = protocol,
					       .arena = arena };

	if (netlink_dump(fd, RTM_GETRULE, &header, sizeof(header), netlink_take_rule, &search, e) <
		    0 &&
	    e->sys != EAFNOSUPPORT && e->sys != EOPNOTSUPP)
		return err_prefix(e, "list the rules of routing");
	*ret = search.found;
	return 0;
}
