/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hooks of a distribution with an address of its own in a network that others share. Each is at the cgroup of the
 * distribution, and what it does is in the storage of that cgroup. Pure. Private to address/.
 */
#ifndef ADDRESS_PROGRAMS_H
#define ADDRESS_PROGRAMS_H

#include "address/address.h"
#include "address/assembler.h"

/* Of the distribution that has an address: the first ones, which its servers have that name none, and the keys of the groups
 * that have it, the last ones of more. */
#define ADDRESS_GROUPS_MAX 8
struct address_owner {
	uint32_t v4;
	uint32_t v6[4];
	uint32_t unused;
	uint64_t groups[ADDRESS_GROUPS_MAX];
};
/* A flag beside those of address.h: of sockets that were kept when their group went, whose address another has by now. */
#define ADDRESS_GONE 0x80000000u

/* A datagram's way back. */
struct address_way {
	uint64_t cookie;  /* of the socket that it came to */
	uint32_t peer[4]; /* from where; a mapped one is of IPv4 */
	uint32_t port;    /* in the order of the network */
	uint32_t unused;
};

struct address_maps {
	int data; /* BPF_MAP_TYPE_CGROUP_STORAGE of struct address_data */
	int taken; /* BPF_MAP_TYPE_LRU_HASH: address of IPv6, or a mapped one -> struct address_owner */
	int ways; /* BPF_MAP_TYPE_LRU_HASH: struct address_way -> the own address that it was sent to, as of IPv6 */
	int asked; /* BPF_MAP_TYPE_LRU_HASH: cookie of a socket -> the loopback address that it has asked, 32 bits */
};

/* Where a program is put, and how it is made. */
struct address_hook {
	const char *name; /* at most 15 bytes, as the kernel shows it */
	enum bpf_prog_type program;
	enum bpf_attach_type type;
	const char *license;
	int optional; /* for a kernel that cannot have it, it is left out */
	void (*make)(struct assembly *a, const struct address_maps *maps);
};
#define ADDRESS_HOOKS_MAX 16
/* The first one has no map but the data. */
extern const struct address_hook address_hooks[];
extern const size_t address_hooks_n;

/* Not at a group, but at a link of the network, BPF_PROG_TYPE_SCHED_CLS: see several.c. */
void program_several(struct assembly *a, const struct address_maps *maps);

#endif
