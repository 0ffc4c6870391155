/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links and their addresses by rtnetlink(7): what it takes to move one to another network namespace, to lay a pair of them
 * between two, and to tell whether there are others than before.
 */
#ifndef SYS_NETLINK_H
#define SYS_NETLINK_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* A socket that speaks of the network namespace in which it was made. */
int netlink_open(struct err *e) MUST_CHECK;
/* The same of another network namespace, in which it stays: this is there and back, by a caller of one thread, and costs less
 * than a process that goes. ERR_NOT_FOUND: it is another one than that of the cookie (0: any). */
int netlink_open_there(int network, uint64_t cookie, struct err *e) MUST_CHECK;
/* The number of "lo" in each network (LOOPBACK_IFINDEX of the kernel). */
#define NETLINK_LOOPBACK 1

/* ERR_NOT_FOUND if no link has this name. */
int netlink_find(int fd, const char *name, unsigned *ret_index, struct err *e) MUST_CHECK;

/* Of that alias; name NULL: whatever it is called, which takes a look at all. ERR_NOT_FOUND if there is none. */
int netlink_find_alias(int fd, const char *name, const char *alias, unsigned *ret_index,
		       struct err *e) MUST_CHECK;

/* Of each link a line "NUMBER STATE NAME", of which the state is "up" or "down" as it was set, not as the cable has it. No
 * name has a blank (dev_valid_name() of the kernel). */
int netlink_links(int fd, struct strbuf *ret, struct err *e) MUST_CHECK;

/* Of a program that answers for the network behind it (a tun or tap device: pasta, slirp4netns). */
int netlink_is_tun(int fd, unsigned index, bool *ret, struct err *e) MUST_CHECK;

/* Where a link is among others. */
struct link_place {
	uint32_t mtu;
	uint32_t
		other; /* number of the other end of a pair, or of the link that it is a part of, wherever that is; 0: none */
	uint32_t master; /* number of the bridge that it is in; 0: none */
	int network; /* where `other` is, as the link's own network namespace numbers others; -1: not known */
};
/* ERR_NOT_FOUND if no link has this number. */
int netlink_place(int fd, unsigned index, struct link_place *ret, struct err *e) MUST_CHECK;
int netlink_set_mtu(int fd, unsigned index, uint32_t mtu, struct err *e) MUST_CHECK;

struct link_address {
	unsigned index; /* of the link that has it */
	uint8_t family, prefix, scope;
	bool known_unique; /* of IPv6: it can be used at once (IFA_F_NODAD) */
	bool tentative;    /* whether another has it is being asked */
	bool refused;      /* another has it */
	uint8_t size;      /* of each below: 4 or 16 */
	uint8_t local[16], address[16], broadcast[16];
	bool has_local, has_address, has_broadcast;
};
/* Only one of IPv4 has an address of its own beside that of its peer (rtnetlink(7)). */
static inline const uint8_t *link_address_own(const struct link_address *address)
{
	return address->has_local ? address->local : address->address;
}
struct link_addresses {
	size_t n;
	struct link_address *v;
};
/* The global ones that do not expire, of one link; index 0: of all. */
int netlink_addresses(int fd, unsigned index, struct arena *arena, struct link_addresses *ret,
		      struct err *e) MUST_CHECK;
/* The same of all links of another network namespace, by its number (struct link_place). */
int netlink_addresses_there(int fd, int network, struct arena *arena, struct link_addresses *ret,
			    struct err *e) MUST_CHECK;

/* Into another network namespace and under another name; it loses its addresses and is down there. */
int netlink_move(int fd, unsigned index, const char *name, int network, struct err *e) MUST_CHECK;

int netlink_add_address(int fd, unsigned index, const struct link_address *address, struct err *e)
	MUST_CHECK;
/* ERR_NOT_FOUND: it has no such address. */
int netlink_remove_address(int fd, unsigned index, const struct link_address *address,
			   struct err *e) MUST_CHECK;
int netlink_up(int fd, unsigned index, struct err *e) MUST_CHECK;

/* A veth(4) pair: one end here, the other one in the network namespace `network`. EEXIST: a name is taken. */
int netlink_make_pair(int fd, const char *name, const char *other, int network, struct err *e)
	MUST_CHECK;
/* Of a pair both ends. */
int netlink_remove(int fd, unsigned index, struct err *e) MUST_CHECK;
/* What `ip link` shows beside the name. */
int netlink_set_alias(int fd, unsigned index, const char *alias, struct err *e) MUST_CHECK;

#endif
