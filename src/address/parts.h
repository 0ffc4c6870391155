/* SPDX-License-Identifier: Apache-2.0 */
/* What the hooks of both families have in common. Private to address/. */
#ifndef ADDRESS_PARTS_H
#define ADDRESS_PARTS_H

#include "address/programs.h"

/* In every program R6 is the context, R9 what the storage has, and these are the ways out. */
enum {
	ALLOW,
	REFUSE,
	PASS, /* of another network, or of a group without data */
	FIXED_LABELS,
};
#define CONTEXT(member) offsetof(struct bpf_sock_addr, member)
#define SOCKET(member) offsetof(struct bpf_sock, member)
#define DATA(member) offsetof(struct address_data, member)

/* On the stack, from its end downwards; bpf_bind()'s address and a lookup's tuple are never there at once. */
enum {
	STACK_OPTION = -8,
	STACK_SOURCE = -16,
	STACK_COOKIE = -24,
	STACK_ASKED = -32,
	STACK_TUPLE = -72,
};

void part_begin(struct assembly *a, const struct address_maps *maps);
/* `low_ports`: of bind, which is allowed more where the data says so. */
void part_end(struct assembly *a, int low_ports);
/* Of hooks that only show something. */
void part_end_shown(struct assembly *a);

/* To `to` if a datagram socket shares its port with others. */
void part_jump_if_port_is_shared(struct assembly *a, unsigned to);
/* To `to` where the data has not this flag. */
void part_jump_unless(struct assembly *a, uint32_t flag, unsigned to);

/* One address of IPv4, which the context has at this offset: by itself, or in the last word of a mapped one of IPv6. */
struct place4 {
	size_t to;     /* user_ip4, user_ip6[3] */
	size_t source; /* msg_src_ip4, msg_src_ip6[3] */
	int mapped;
};
void part_bind4(struct assembly *a, const struct place4 *at);
void part_connect4(struct assembly *a, const struct place4 *at);
void part_send4(struct assembly *a, const struct address_maps *maps, const struct place4 *at);
void part_receive4(struct assembly *a, const struct address_maps *maps, const struct place4 *at);
/* `own_is_any`: the own address of a socket that is not connected is shown as the one that names none. */
void part_show4(struct assembly *a, const struct place4 *at, int own_is_any);

void program_bind6(struct assembly *a, const struct address_maps *maps);
void program_connect6(struct assembly *a, const struct address_maps *maps);
void program_send6(struct assembly *a, const struct address_maps *maps);
void program_receive6(struct assembly *a, const struct address_maps *maps);
void program_name6(struct assembly *a, const struct address_maps *maps);
void program_peer6(struct assembly *a, const struct address_maps *maps);

#endif
