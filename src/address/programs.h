/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hooks of a distribution with an address of its own in a network that others share. Each is at the cgroup of the
 * distribution, and what it does is in the storage of that cgroup. Pure. Private to address/.
 */
#ifndef ADDRESS_PROGRAMS_H
#define ADDRESS_PROGRAMS_H

#include "address/assembler.h"

/* Of which version programs are: those of others stay with the groups that have them. */
#define ADDRESS_VERSION 1
#define ADDRESSES_MAX 4

enum {
	ADDRESS_LOW_PORTS = 1,	       /* ports below 1024 without a capability */
	ADDRESS_PRIVATE_LOOPBACK = 2, /* 127.0.0.1 and ::1 are the distribution's own */
};

/* In the storage. All zero, as it is at first, changes nothing. Addresses are in the order of the network; those that are not
 * there are zero. The first one of a family is taken where a program names none. */
struct address_data {
	uint64_t cookie; /* of the network that they are in: another one's sockets are left alone */
	uint32_t flags;
	uint32_t loopback; /* 127.A.B.0, where localhost is private */
	uint32_t v4[ADDRESSES_MAX];
	uint32_t v6[ADDRESSES_MAX][4];
	uint32_t loopback6[4];
};

struct address_maps {
	int data;  /* BPF_MAP_TYPE_CGROUP_STORAGE of struct address_data */
	int asked; /* BPF_MAP_TYPE_LRU_HASH: cookie of a socket -> the loopback address that it has asked, 32 bits */
};

/* Where a program is put, and how it is made. */
struct address_hook {
	const char *name; /* at most 15 bytes, as the kernel shows it */
	enum bpf_attach_type type;
	void (*make)(struct assembly *a, const struct address_maps *maps);
};
extern const struct address_hook address_hooks[];
extern const size_t address_hooks_n;

#endif
