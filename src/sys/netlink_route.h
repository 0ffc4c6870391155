/* SPDX-License-Identifier: Apache-2.0 */
/* Ways to addresses by rtnetlink(7); a socket of netlink_open(). */
#ifndef SYS_NETLINK_ROUTE_H
#define SYS_NETLINK_ROUTE_H

#include "base/err.h"
#include "sys/netlink.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>

/* 4 or 16 bytes. */
struct route_address {
	uint8_t family, size;
	uint8_t bytes[16];
};
/* False: the text is not an address of either family. */
bool route_address_read(const char *text, struct route_address *ret);
struct route_address_text {
	char text[INET6_ADDRSTRLEN];
};
struct route_address_text route_address_text(const struct route_address *address);
/* That of a link, and one for a link: it alone (/32, /128), which can be used at once. */
struct route_address route_address_of(const struct link_address *address);
struct link_address link_address_of(const struct route_address *address);

struct route_way {
	struct route_address source; /* from which what goes there would come */
	bool by_gateway;             /* first to another machine, or by none of the links here */
	bool local;                  /* it is an address of this network itself */
};
/* ERR_NOT_FOUND: it cannot be reached. */
int netlink_way_to(int fd, const struct route_address *to, struct route_way *ret, struct err *e)
	MUST_CHECK;

/* To all addresses with the same first bits, by way of a neighbour on that link. Of several the one of the lowest metric is
 * taken. What is zero below is as the kernel has it. */
struct route {
	unsigned index;
	struct route_address to, gateway;
	uint8_t prefix;
	uint32_t metric;
	uint32_t table;   /* 0: the main one */
	uint8_t protocol; /* who has made it (RTPROT_...); 0: an administrator */
	bool local;       /* the addresses are of this network itself; without a gateway */
	bool onlink;      /* the gateway is on that link whatever other ways say */
	struct route_address source; /* from which it is gone where nothing else is asked for */
};
/* In place of one of that metric. */
int netlink_set_route(int fd, const struct route *route, struct err *e) MUST_CHECK;
/* ERR_NOT_FOUND: there is none. */
int netlink_remove_route(int fd, const struct route *route, struct err *e) MUST_CHECK;

/* The link answers for an address that is behind another one. */
int netlink_answer_for(int fd, unsigned index, const struct route_address *address, struct err *e)
	MUST_CHECK;

#endif
