/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* See parts.h: what programs of both licences have in common. */
#include "address/parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

void part_begin(struct assembly *a, const struct address_maps *maps)
{
	assembly_begin(a, FIXED_LABELS);
	op_move(a, R6, R1);
	/* what the group's storage has */
	op_map(a, R1, maps->data);
	op_set(a, R2, 0);
	op_call(a, BPF_FUNC_get_local_storage);
	op_move(a, R9, R0);
	/* only sockets of that network: one in a nested namespace is left alone; cookies are never 0 */
	op_move(a, R1, R6);
	op_call(a, BPF_FUNC_get_netns_cookie);
	op_load(a, W64, R1, R9, DATA(cookie));
	op_jump_unless_same(a, R0, R1, PASS);
	op_load(a, W32, R1, R9, DATA(flags));
	op_and(a, R1, ADDRESS_GONE);
	op_jump_if(a, BPF_JNE, R1, 0, REFUSE);
}

void part_end(struct assembly *a, int low_ports)
{
	/* the caller sees "cannot assign requested address" */
	label(a, REFUSE);
	op_set(a, R1, -EADDRNOTAVAIL);
	op_call(a, BPF_FUNC_set_retval);
	op_set(a, R0, 0);
	op_exit(a);
	label(a, ALLOW);
	op_set(a, R0, 1);
	if (low_ports) {
		/* 2 beside 1: without CAP_NET_BIND_SERVICE */
		const unsigned end = label_new(a);

		part_jump_unless(a, ADDRESS_LOW_PORTS, end);
		op_set(a, R0, 3);
		label(a, end);
	}
	op_exit(a);
	label(a, PASS);
	op_set(a, R0, 1);
	op_exit(a);
}

void part_end_shown(struct assembly *a)
{
	label(a, REFUSE);
	label(a, ALLOW);
	label(a, PASS);
	op_set(a, R0, 1);
	op_exit(a);
}

void part_look_up(struct assembly *a, int tuple, int size, int32_t datagram,
		  enum bpf_func_id stream)
{
	const unsigned is_datagram = label_new(a), asked = label_new(a);

	op_move(a, R1, R6);
	op_stack(a, R2, tuple);
	op_set(a, R3, size);
	op_set(a, R4, BPF_F_CURRENT_NETNS);
	op_set(a, R5, 0);
	op_jump_if(a, BPF_JEQ, R8, datagram, is_datagram);
	op_call(a, stream);
	op_jump(a, asked);
	label(a, is_datagram);
	op_call(a, BPF_FUNC_sk_lookup_udp);
	label(a, asked);
}

void part_look_for_server(struct assembly *a, int tuple_size, unsigned no)
{
	op_load(a, W32, R1, R6, CONTEXT(user_port));
	op_store_stack(a, W16, STACK_TUPLE + tuple_size - 2, R1);
	op_load(a, W32, R8, R6, CONTEXT(type));
	part_look_up(a, STACK_TUPLE, tuple_size, SOCK_DGRAM, BPF_FUNC_sk_lookup_tcp);
	op_jump_if_null(a, R0, no);
}

void part_begin_source(struct assembly *a, int family)
{
	for (int i = 0; i < 32; i += 8)
		op_zero_stack(a, W64, STACK_TUPLE + i);
	op_set(a, R1, family);
	op_store_stack(a, W16, STACK_TUPLE, R1);
}

void part_end_source(struct assembly *a, size_t size)
{
	op_move(a, R1, R6);
	op_stack(a, R2, STACK_TUPLE);
	op_set(a, R3, (int32_t)size);
	op_call(a, BPF_FUNC_bind);
	op_jump_if(a, BPF_JSLT, R0, 0, REFUSE);
}

void part_jump_unless(struct assembly *a, uint32_t flag, unsigned to)
{
	op_load(a, W32, R1, R9, DATA(flags));
	op_and(a, R1, flag);
	op_jump_if(a, BPF_JEQ, R1, 0, to);
}

void part_jump_without_address(struct assembly *a, unsigned to)
{
	const unsigned one = label_new(a);

	op_load(a, W32, R1, R9, DATA(v4[0]));
	op_jump_if(a, BPF_JNE, R1, 0, one);
	op_load(a, W32, R1, R9, DATA(v6[0]));
	op_jump_if(a, BPF_JEQ, R1, 0, to);
	label(a, one);
}

void part_begin_way(struct assembly *a)
{
	op_move(a, R1, R6);
	op_call(a, BPF_FUNC_get_socket_cookie);
	op_store_stack(a, W64, STACK_WAY, R0);
	op_zero_stack(a, W64, STACK_WAY + (int)offsetof(struct address_way, port));
}

void part_find_way(struct assembly *a, const struct address_maps *maps, unsigned no)
{
	op_map(a, R1, maps->ways);
	op_stack(a, R2, STACK_WAY);
	op_call(a, BPF_FUNC_map_lookup_elem);
	op_jump_if_null(a, R0, no);
}

/* --- IPv4: an address in a register --- */

/* The part of an address that says which loopback it is. */
static uint32_t last_byte(void)
{
	return htonl(0xff);
}

void part_jump_if_loopback4(struct assembly *a, enum reg what, unsigned to)
{
	op_move(a, R1, what);
	op_to_host(a, R1, 32);
	op_shift_right(a, R1, 24);
	op_jump_if(a, BPF_JEQ, R1, IN_LOOPBACKNET, to);
}

void part_jump_if_own4(struct assembly *a, enum reg what, unsigned to)
{
	const unsigned no_more = label_new(a);

	for (unsigned i = 0; i < ADDRESSES_MAX; i++) {
		op_load(a, W32, R1, R9, DATA(v4[i]));
		op_jump_if(a, BPF_JEQ, R1, 0, no_more);
		op_jump_if_same(a, what, R1, to);
	}
	label(a, no_more);
}

/* To `to` if it is not one of the distribution's own loopback. */
void part_jump_unless_private4(struct assembly *a, enum reg what, unsigned to)
{
	part_jump_unless(a, ADDRESS_PRIVATE_LOOPBACK, to);
	op_move(a, R1, what);
	op_and(a, R1, ~last_byte());
	op_load(a, W32, R2, R9, DATA(loopback));
	op_jump_unless_same(a, R1, R2, to);
}

void part_jump_if_for_many4(struct assembly *a, enum reg what, unsigned to)
{
	op_jump_if(a, BPF_JEQ, what, INADDR_BROADCAST, to);
	op_move(a, R1, what);
	op_to_host(a, R1, 32);
	op_shift_right(a, R1, 28);
	op_jump_if(a, BPF_JEQ, R1, INADDR_UNSPEC_GROUP >> 28, to);
}

/* R7 of 127.0.0.0/8 becomes the distribution's own one. */
void part_make_private4(struct assembly *a)
{
	op_and(a, R7, last_byte());
	op_load(a, W32, R1, R9, DATA(loopback));
	op_or(a, R7, R1);
}

/* R7, a loopback of the distribution's own, becomes 127.0.0.N. */
void part_make_public4(struct assembly *a)
{
	op_and(a, R7, last_byte());
	op_set(a, R1, (int32_t)htonl(INADDR_LOOPBACK & ~0xffu));
	op_or(a, R7, R1);
}

/* The first of the own addresses into R7; REFUSE: there is none of this family. */
void part_take_first4(struct assembly *a)
{
	op_load(a, W32, R7, R9, DATA(v4[0]));
	op_jump_if(a, BPF_JEQ, R7, 0, REFUSE);
}

/* --- IPv6: an address in the context, at the offset `at` --- */

uint32_t part_mapping(unsigned word)
{
	return word == 2 ? htonl(0xffff) : 0;
}

void part_store_mapped(struct assembly *a, int at, enum reg what)
{
	op_zero_stack(a, W64, at);
	op_set(a, R1, (int32_t)part_mapping(2));
	op_store_stack(a, W32, at + 8, R1);
	op_store_stack(a, W32, at + 12, what);
}

void part_jump_if_mapped(struct assembly *a, size_t at, unsigned to)
{
	const unsigned other = label_new(a);

	for (unsigned i = 0; i < 3; i++) {
		op_load(a, W32, R1, R6, at + 4 * i);
		op_jump_if(a, BPF_JNE, R1, part_mapping(i), other);
	}
	op_jump(a, to);
	label(a, other);
}

/* The words at `at` of the context are these: 0, 0, 0 and the last one. */
void part_jump_if_last(struct assembly *a, size_t at, uint32_t last, unsigned to)
{
	const unsigned other = label_new(a);

	for (unsigned i = 0; i < 3; i++) {
		op_load(a, W32, R1, R6, at + 4 * i);
		op_jump_if(a, BPF_JNE, R1, 0, other);
	}
	op_load(a, W32, R1, R6, at + 12);
	op_jump_if(a, BPF_JEQ, R1, last, to);
	label(a, other);
}

/* They are those of the data. */
void part_jump_if_data(struct assembly *a, size_t at, size_t data, unsigned to)
{
	const unsigned other = label_new(a);

	for (unsigned i = 0; i < 4; i++) {
		op_load(a, W32, R1, R6, at + 4 * i);
		op_load(a, W32, R2, R9, data + 4 * i);
		op_jump_unless_same(a, R1, R2, other);
	}
	op_jump(a, to);
	label(a, other);
}

void part_jump_if_own6(struct assembly *a, size_t at, unsigned to)
{
	const unsigned no_more = label_new(a);

	for (unsigned i = 0; i < ADDRESSES_MAX; i++) {
		op_load(a, W32, R1, R9, DATA(v6[i]));
		op_jump_if(a, BPF_JEQ, R1, 0, no_more);
		part_jump_if_data(a, at, DATA(v6[i]), to);
	}
	label(a, no_more);
}

void part_jump_if_of_link(struct assembly *a, unsigned to)
{
	const unsigned other = label_new(a);

	op_load(a, W32, R1, R6, WORD(0));
	op_to_host(a, R1, 32);
	op_move(a, R2, R1);
	op_shift_right(a, R1, 22);
	op_jump_if(a, BPF_JEQ, R1, 0xfe80u >> 6, to);
	op_shift_right(a, R1, 2);
	op_jump_if(a, BPF_JNE, R1, 0xff, other);
	/* its scope (RFC 4291, 2.7) */
	op_shift_right(a, R2, 16);
	op_and(a, R2, 0xf);
	op_jump_if(a, BPF_JEQ, R2, 2, to);
	op_jump_if(a, BPF_JEQ, R2, 1, to);
	label(a, other);
}

void part_jump_if_for_many(struct assembly *a, unsigned to)
{
	op_load(a, W32, R1, R6, WORD(0));
	op_to_host(a, R1, 32);
	op_shift_right(a, R1, 24);
	op_jump_if(a, BPF_JEQ, R1, 0xff, to);
}

void part_store_data(struct assembly *a, size_t at, size_t data)
{
	for (unsigned i = 0; i < 4; i++) {
		op_load(a, W32, R1, R9, data + 4 * i);
		op_store(a, W32, R6, at + 4 * i, R1);
	}
}

void part_store_last(struct assembly *a, size_t at, uint32_t last)
{
	op_set(a, R1, 0);
	for (unsigned i = 0; i < 3; i++)
		op_store(a, W32, R6, at + 4 * i, R1);
	op_set(a, R1, (int32_t)last);
	op_store(a, W32, R6, at + 12, R1);
}

void part_refuse_without_v6(struct assembly *a)
{
	op_load(a, W32, R1, R9, DATA(v6[0]));
	op_jump_if(a, BPF_JEQ, R1, 0, REFUSE);
}
