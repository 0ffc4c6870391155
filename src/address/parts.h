/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
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
	STACK_WAY = STACK_TUPLE - 32,
	STACK_OWN = STACK_WAY - 16,
};

void part_begin(struct assembly *a, const struct address_maps *maps);
/* `low_ports`: of bind, which is allowed more where the data says so. */
void part_end(struct assembly *a, int low_ports);
/* Of hooks that only show something. */
void part_end_shown(struct assembly *a);

/* The socket in R0, or 0, of the struct bpf_sock_tuple at that place of the stack: of UDP if R8 is `datagram`, else by the helper
 * `stream`. */
void part_look_up(struct assembly *a, int tuple, int size, int32_t datagram,
		  enum bpf_func_id stream);
/* The socket in R0 that serves at the context's port, of a struct bpf_sock_tuple of that size whose addresses are on the stack; R8
 * is its type. To `no` if there is none. */
void part_look_for_server(struct assembly *a, int tuple_size, unsigned no);

/* The socket comes from the address that is stored between these, in the sockaddr of that family at STACK_TUPLE; REFUSE: it
 * cannot. */
void part_begin_source(struct assembly *a, int family);
void part_end_source(struct assembly *a, size_t size);

/* To `to` where the data has not this flag. */
void part_jump_unless(struct assembly *a, uint32_t flag, unsigned to);

/* struct address_way of this socket on the stack, but the peer's address. */
void part_begin_way(struct assembly *a);
/* The own address that was asked by it into R0, a pointer; to `no` if there is none. */
void part_find_way(struct assembly *a, const struct address_maps *maps, unsigned no);

/* To `to` where the distribution has no address at all: it has those of the network, and a localhost of its own at most. */
void part_jump_without_address(struct assembly *a, unsigned to);

/* Of IPv4, in the register `what`, in the order of the network. R1 and R2 are lost. */
void part_jump_if_loopback4(struct assembly *a, enum reg what, unsigned to);
void part_jump_if_own4(struct assembly *a, enum reg what, unsigned to);
/* To `to` if it is not one of the distribution's own loopback. */
void part_jump_unless_private4(struct assembly *a, enum reg what, unsigned to);
/* What is for many: 255.255.255.255, 224.0.0.0/4. */
void part_jump_if_for_many4(struct assembly *a, enum reg what, unsigned to);
/* R7 of 127.0.0.0/8 becomes the distribution's own one, and back: 127.0.0.N. */
void part_make_private4(struct assembly *a);
void part_make_public4(struct assembly *a);
/* The first of the own addresses into R7; REFUSE: there is none. */
void part_take_first4(struct assembly *a);

/* Of IPv6, in the context, at the offset `at`. R1 and R2 are lost. */
#define WORD(i) (CONTEXT(user_ip6) + 4 * (i))
#define SOURCE(i) (CONTEXT(msg_src_ip6) + 4 * (i))
/* A word of an address of IPv4 in one of IPv6 (RFC 4291, 2.5.5.2), but the last one. */
uint32_t part_mapping(unsigned word);
/* The address of IPv4 in that register, as such a one, at that place of the stack. R1 is lost. */
void part_store_mapped(struct assembly *a, int at, enum reg what);
void part_jump_if_mapped(struct assembly *a, size_t at, unsigned to);
/* The words are these: 0, 0, 0 and the last one. */
void part_jump_if_last(struct assembly *a, size_t at, uint32_t last, unsigned to);
/* They are those of the data. */
void part_jump_if_data(struct assembly *a, size_t at, size_t data, unsigned to);
void part_jump_if_own6(struct assembly *a, size_t at, unsigned to);
/* What is of one link alone: fe80::/10, ff01::/16, ff02::/16. */
void part_jump_if_of_link(struct assembly *a, unsigned to);
/* What is for many: ff00::/8. */
void part_jump_if_for_many(struct assembly *a, unsigned to);
void part_store_data(struct assembly *a, size_t at, size_t data);
void part_store_last(struct assembly *a, size_t at, uint32_t last);
void part_refuse_without_v6(struct assembly *a);

/* One address of IPv4, which the context has at this offset: by itself, or in the last word of a mapped one of IPv6. */
struct place4 {
	size_t to;     /* user_ip4, user_ip6[3] */
	size_t source; /* msg_src_ip4, msg_src_ip6[3] */
	int mapped;
};
/* To `no` if the distribution has no socket at its first address and the port that the context has. R7 is kept. */
void part_jump_unless_served4(struct assembly *a, unsigned no);
void part_connect4(struct assembly *a, const struct place4 *at);
void part_send4(struct assembly *a, const struct address_maps *maps, const struct place4 *at);
void part_receive4(struct assembly *a, const struct address_maps *maps, const struct place4 *at);
/* `own_is_any`: the own address of a socket that is not connected is shown as the one that names none. */
void part_show4(struct assembly *a, const struct place4 *at, int own_is_any);

void program_bind4(struct assembly *a, const struct address_maps *maps);
void program_bind6(struct assembly *a, const struct address_maps *maps);
void program_connect4(struct assembly *a, const struct address_maps *maps);
void program_connect6(struct assembly *a, const struct address_maps *maps);
void program_send4(struct assembly *a, const struct address_maps *maps);
void program_send6(struct assembly *a, const struct address_maps *maps);
void program_receive4(struct assembly *a, const struct address_maps *maps);
void program_receive6(struct assembly *a, const struct address_maps *maps);
void program_name4(struct assembly *a, const struct address_maps *maps);
void program_name6(struct assembly *a, const struct address_maps *maps);
void program_peer4(struct assembly *a, const struct address_maps *maps);
void program_peer6(struct assembly *a, const struct address_maps *maps);
void program_leave(struct assembly *a, const struct address_maps *maps);
void program_come(struct assembly *a, const struct address_maps *maps);

#endif
