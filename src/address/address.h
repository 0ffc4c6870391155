/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of a distribution's own in a network namespace that others share: what its programs ask of the kernel by bind(2),
 * connect(2), sendmsg(2), getsockname(2) is turned to these by programs at its cgroup of version 2.
 *
 * A tree of such groups is there on each kernel, whether it is mounted or not. The programs are loaded once: the group
 * ADDRESS_ANCHOR at its root, in which no process ever is, has them all, so that later commands find them.
 */
#ifndef ADDRESS_ADDRESS_H
#define ADDRESS_ADDRESS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDRESSES_MAX 4
/* The number is of the programs: those of another version stay with the groups that have them. */
#define ADDRESS_ANCHOR "distro-shim.programs-1"

enum {
	ADDRESS_LOW_PORTS = 1,        /* ports below 1024 without a capability */
	ADDRESS_PRIVATE_LOOPBACK = 2, /* 127.0.0.1 and ::1 are the distribution's own */
};

/* All zero changes nothing; without an address those of the network stay. Addresses are in the order of the network; those that are not there are zero. The first one of a
 * family is taken where a program names none. */
struct address_data {
	uint64_t cookie; /* of the network that they are in: another one's sockets are left alone */
	uint32_t flags;
	uint32_t loopback; /* 127.A.B.0, where localhost is private */
	uint32_t v4[ADDRESSES_MAX];
	uint32_t v6[ADDRESSES_MAX][4];
	uint32_t loopback6[4];
};

/* The root of the tree, as far as the caller's cgroup namespace shows it, without a mount point. */
int address_tree_open(struct err *e) MUST_CHECK;

/* A group, a directory of that tree, gets the data, and the programs if it has none: sockets that are made in it from now on,
 * and those that were, are as the data has it. Only descriptors with which the runtime alone can do something are used. */
int address_arm(int tree, int group, const struct address_data *data, struct err *e) MUST_CHECK;
/* What an armed group has; *ret is all zero where it is not armed, or by a version that has other data. */
int address_read(int group, struct address_data *ret, struct err *e) MUST_CHECK;

/* A server that names no address has the first one of its distribution, and if it is for both families, that of IPv4. By a link
 * of the network that has this it is reached at each of them; NULL: by all that are there, but for those of forward/. */
int address_reach_all(int tree, int network, const char *link, struct err *e) MUST_CHECK;

/* Whether this kernel and caller can have all that. Where the programs are there already it costs a few calls, else they are
 * loaded and let go. */
struct address_support {
	bool programs;
	bool fence; /* packets from addresses of others are dropped as well, whatever makes them */
	struct err why; /* why there are no programs: what would mend it, in words */
};
void address_probe(struct address_support *ret);

#endif
