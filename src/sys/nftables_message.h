/* SPDX-License-Identifier: Apache-2.0 */
/* What messages of nf_tables are made of (linux/netfilter/nf_tables.h). Pure; private to this room. */
#ifndef SYS_NFTABLES_MESSAGE_H
#define SYS_NFTABLES_MESSAGE_H

#include "sys/netlink_request.h"

#include <arpa/inet.h>
#include <string.h>

static inline void nftables_add_text(struct netlink_request *message, unsigned type,
				     const char *text)
{
	netlink_request_add(message, (uint16_t)type, text, strlen(text) + 1);
}

static inline void nftables_add_number(struct netlink_request *message, unsigned type,
				       uint32_t value)
{
	const uint32_t number = htonl(value);

	netlink_request_add(message, (uint16_t)type, &number, sizeof(number));
}

static inline size_t nftables_open_nest(struct netlink_request *message, unsigned type)
{
	return netlink_request_open(message, (uint16_t)(type | NLA_F_NESTED), NULL, 0);
}

#endif
