/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel answers over netlink(7): messages in a datagram, attributes in a message. Pure; private to
 * this room, its fuzzer and its tests.
 */
#ifndef SYS_NETLINK_ANSWER_H
#define SYS_NETLINK_ANSWER_H

#include "sys/netlink.h"
#include "sys/netlink_rule.h"

struct nlmsghdr;

/* Of each message that is neither an error nor the end. */
typedef void netlink_take(const struct nlmsghdr *answer, void *context);

/* One datagram, aligned to four bytes. 1: the answer is complete; 0: there is more to come; -1: the kernel
 * reports an error, or what it says cannot be understood. */
int netlink_read_answers(const void *bytes, size_t length, netlink_take *each, void *context,
			 struct err *e) MUST_CHECK;

/* The context is an unsigned. */
void netlink_take_index(const struct nlmsghdr *answer, void *context);

struct netlink_alias_search {
	const char *alias;
	unsigned index; /* of the first one that has it; 0: none */
};
/* The context is a struct netlink_alias_search. */
void netlink_take_alias(const struct nlmsghdr *answer, void *context);

/* The context is a bool. */
void netlink_take_tun(const struct nlmsghdr *answer, void *context);

/* The context is a struct strbuf. */
void netlink_take_link(const struct nlmsghdr *answer, void *context);

struct netlink_addresses_search {
	unsigned index; /* of the link; 0: of any */
	struct arena *arena;
	struct link_addresses found;
	size_t capacity;
};
/* The context is a struct netlink_addresses_search. */
void netlink_take_address(const struct nlmsghdr *answer, void *context);

struct netlink_way_search {
	void *source; /* room for the address */
	size_t size;  /* of it */
	bool found, by_gateway, local;
};
/* From where a route has what is sent by it come, and whether it goes to another machine first. The context is a struct
 * netlink_way_search. */
void netlink_take_way(const struct nlmsghdr *answer, void *context);

/* The context is a struct link_place. */
void netlink_take_place(const struct nlmsghdr *answer, void *context);

struct netlink_rules_search {
	uint8_t family, protocol; /* protocol 0: any */
	struct arena *arena;
	struct route_rules found;
	size_t capacity;
};
/* The context is a struct netlink_rules_search. */
void netlink_take_rule(const struct nlmsghdr *answer, void *context);

/* A socket of another protocol than netlink_open()'s. */
int netlink_open_protocol(int protocol, struct err *e) MUST_CHECK;

/* Sends messages of which the last one asks for an answer, and reads until it is complete. */
int netlink_transact(int fd, const void *messages, size_t size, netlink_take *each, void *context,
		     struct err *e) MUST_CHECK;

/* All that the kernel has of a kind; fd: of any netlink protocol. */
int netlink_dump(int fd, uint16_t type, const void *body, size_t length, netlink_take *each,
		 void *context, struct err *e) MUST_CHECK;

/* The same, but given up at `limit` bytes as if that were all; 0: no limit. */
int netlink_dump_some(int fd, uint16_t type, const void *body, size_t length, size_t limit,
		      netlink_take *each, void *context, struct err *e) MUST_CHECK;

#endif
