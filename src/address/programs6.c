/* SPDX-License-Identifier: Apache-2.0 */
/* See parts.h: what is done about an address of IPv6. */
#include "address/parts.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* An address of IPv4 in one of IPv6 (RFC 4291, 2.5.5.2). */
static const struct place4 mapped = {
	.to = WORD(3),
	.source = SOURCE(3),
	.mapped = 1,
};

/* The socket comes from the address in the data. */
static void come_from(struct assembly *a, size_t data)
{
	part_begin_source(a, AF_INET6);
	for (unsigned i = 0; i < 4; i++) {
		op_load(a, W32, R1, R9, data + 4 * i);
		op_store_stack(a, W32, STACK_TUPLE + 8 + 4 * (int)i, R1);
	}
	part_end_source(a, sizeof(struct sockaddr_in6));
}

/* To `no` if the distribution has no socket at its first address of IPv6 and the port that the context has. */
static void jump_unless_served(struct assembly *a, unsigned no)
{
	op_load(a, W32, R1, R9, DATA(v6[0]));
	op_jump_if(a, BPF_JEQ, R1, 0, no);
	/* struct bpf_sock_tuple */
	for (int i = 0; i < 40; i += 8)
		op_zero_stack(a, W64, STACK_TUPLE + i);
	for (unsigned i = 0; i < 4; i++) {
		op_load(a, W32, R1, R9, DATA(v6[0]) + 4 * i);
		op_store_stack(a, W32, STACK_TUPLE + 16 + 4 * (int)i, R1);
	}
	part_look_for_server(a, 36, no);
	/* one without an address may be another distribution's */
	op_load(a, W32, R8, R0, SOCKET(src_ip6[0]));
	op_move(a, R1, R0);
	op_call(a, BPF_FUNC_sk_release);
	op_load(a, W32, R1, R9, DATA(v6[0]));
	op_jump_unless_same(a, R8, R1, no);
}

/* ALLOW: the socket has an address already. */
static void allow_if_bound(struct assembly *a)
{
	op_load(a, W64, R8, R6, CONTEXT(sk));
	for (unsigned i = 0; i < 4; i++) {
		op_load(a, W32, R1, R8, SOCKET(src_ip6) + 4 * i);
		op_jump_if(a, BPF_JNE, R1, 0, ALLOW);
	}
}

void program_connect6(struct assembly *a, const struct address_maps *maps)
{
	part_begin(a, maps);
	const unsigned four = label_new(a), local = label_new(a), keep = label_new(a),
		       come = label_new(a), unserved = label_new(a);

	part_jump_if_mapped(a, WORD(0), four);
	part_jump_if_last(a, WORD(0), htonl(1), local);
	part_jump_if_last(a, WORD(0), 0, local);
	part_jump_if_of_link(a, ALLOW);
	part_jump_without_address(a, ALLOW);
	/* elsewhere: from the address that it has, else the first own one */
	allow_if_bound(a);
	label(a, come);
	part_refuse_without_v6(a);
	come_from(a, DATA(v6[0]));
	op_jump(a, ALLOW);

	/* the distribution itself, where it serves at its address; else the loopback */
	label(a, local);
	jump_unless_served(a, unserved);
	part_store_data(a, WORD(0), DATA(v6[0]));
	allow_if_bound(a);
	part_jump_unless(a, ADDRESS_PRIVATE_LOOPBACK, come);
	come_from(a, DATA(loopback6));
	op_jump(a, ALLOW);
	label(a, unserved);
	/* by a server of both families, which has the address of IPv4 */
	part_jump_unless_served4(a, keep);
	for (unsigned i = 0; i < 3; i++) {
		op_set(a, R1, (int32_t)part_mapping(i));
		op_store(a, W32, R6, WORD(i), R1);
	}
	op_set(a, R1, (int32_t)htonl(INADDR_LOOPBACK));
	op_store(a, W32, R6, WORD(3), R1);
	op_jump(a, four);
	label(a, keep);
	part_jump_unless(a, ADDRESS_PRIVATE_LOOPBACK, ALLOW);
	part_store_data(a, WORD(0), DATA(loopback6));
	op_jump(a, ALLOW);

	label(a, four);
	part_connect4(a, &mapped);
	part_end(a, 0);
}

/* What came to an own address that the socket has not is answered from there. */
static void answer6(struct assembly *a, const struct address_maps *maps)
{
	const unsigned none = label_new(a);

	op_load(a, W32, R1, R9, DATA(v6[0]));
	op_jump_if(a, BPF_JEQ, R1, 0, none);
	part_begin_way(a);
	for (int i = 0; i < 4; i++) {
		op_load(a, W32, R1, R6, WORD((size_t)i));
		op_store_stack(a, W32, STACK_WAY + 8 + 4 * i, R1);
	}
	op_load(a, W32, R1, R6, CONTEXT(user_port));
	op_store_stack(a, W32, STACK_WAY + 24, R1);
	part_find_way(a, maps, none);
	for (unsigned i = 0; i < 4; i++) {
		op_load(a, W32, R1, R0, 4 * i);
		op_store(a, W32, R6, SOURCE(i), R1);
	}
	op_jump(a, ALLOW);
	label(a, none);
}

/* What goes to one link has the address of the link or an own one as its source, also where the sender names the network's. */
static void send_to_link(struct assembly *a)
{
	part_jump_without_address(a, ALLOW);
	part_jump_if_last(a, SOURCE(0), 0, ALLOW);
	part_jump_if_own6(a, SOURCE(0), ALLOW);
	op_load(a, W32, R1, R6, SOURCE(0));
	op_to_host(a, R1, 32);
	op_shift_right(a, R1, 22);
	op_jump_if(a, BPF_JEQ, R1, 0xfe80u >> 6, ALLOW);
	op_load(a, W32, R1, R9, DATA(v6[0]));
	op_jump_if(a, BPF_JEQ, R1, 0, ALLOW);
	part_store_data(a, SOURCE(0), DATA(v6[0]));
	op_jump(a, ALLOW);
}

void program_send6(struct assembly *a, const struct address_maps *maps)
{
	part_begin(a, maps);
	const unsigned four = label_new(a), local = label_new(a), keep = label_new(a),
		       none = label_new(a), loopback = label_new(a), link = label_new(a);

	part_jump_if_mapped(a, WORD(0), four);
	part_jump_if_last(a, WORD(0), htonl(1), local);
	part_jump_if_of_link(a, link);
	part_jump_without_address(a, ALLOW);
	answer6(a, maps);
	/* elsewhere, from the own ones alone */
	part_jump_if_last(a, SOURCE(0), 0, none);
	part_jump_if_own6(a, SOURCE(0), ALLOW);
	part_jump_if_last(a, SOURCE(0), htonl(1), loopback);
	part_jump_unless(a, ADDRESS_PRIVATE_LOOPBACK, REFUSE);
	part_jump_if_data(a, SOURCE(0), DATA(loopback6), ALLOW);
	op_jump(a, REFUSE);
	label(a, loopback);
	part_jump_unless(a, ADDRESS_PRIVATE_LOOPBACK, ALLOW);
	op_jump(a, REFUSE);
	label(a, none);
	part_refuse_without_v6(a);
	part_store_data(a, SOURCE(0), DATA(v6[0]));
	op_jump(a, ALLOW);

	/* the distribution itself */
	label(a, local);
	jump_unless_served(a, keep);
	part_store_data(a, WORD(0), DATA(v6[0]));
	op_jump(a, ALLOW);
	label(a, keep);
	part_jump_unless(a, ADDRESS_PRIVATE_LOOPBACK, ALLOW);
	part_store_data(a, WORD(0), DATA(loopback6));
	op_jump(a, ALLOW);

	label(a, link);
	send_to_link(a);

	label(a, four);
	part_send4(a, maps, &mapped);
	part_end(a, 0);
}

/* The loopback of the distribution's own is shown as ::1. */
static void show_loopback(struct assembly *a)
{
	const unsigned other = label_new(a), private = label_new(a);

	part_jump_unless(a, ADDRESS_PRIVATE_LOOPBACK, other);
	part_jump_if_data(a, WORD(0), DATA(loopback6), private);
	op_jump(a, other);
	label(a, private);
	part_store_last(a, WORD(0), htonl(1));
	op_jump(a, ALLOW);
	label(a, other);
}

/* What is not an own address, and the end of the program. */
static void show_other(struct assembly *a)
{
	const unsigned four = label_new(a);

	part_jump_if_mapped(a, WORD(0), four);
	show_loopback(a);
	op_jump(a, ALLOW);
	label(a, four);
	part_show4(a, &mapped, 0);
	part_end_shown(a);
}

void program_receive6(struct assembly *a, const struct address_maps *maps)
{
	part_begin(a, maps);
	const unsigned four = label_new(a);

	part_jump_if_mapped(a, WORD(0), four);
	show_loopback(a);
	op_jump(a, ALLOW);
	label(a, four);
	part_receive4(a, maps, &mapped);
	part_end_shown(a);
}

void program_name6(struct assembly *a, const struct address_maps *maps)
{
	part_begin(a, maps);
	const unsigned own = label_new(a), any = label_new(a), other = label_new(a),
		       unconnected = label_new(a);

	/* of a socket that is not connected the own address is shown as the one that names none */
	op_load(a, W64, R8, R6, CONTEXT(sk));
	op_load(a, W32, R1, R8, SOCKET(state));
	op_jump_if(a, BPF_JEQ, R1, BPF_TCP_LISTEN, unconnected);
	op_jump_if(a, BPF_JNE, R1, BPF_TCP_CLOSE, other);
	label(a, unconnected);
	part_jump_if_own6(a, WORD(0), any);
	part_jump_if_mapped(a, WORD(0), own);
	op_jump(a, other);
	label(a, own);
	op_load(a, W32, R1, R6, WORD(3));
	op_load(a, W32, R2, R9, DATA(v4[0]));
	op_jump_unless_same(a, R1, R2, other);
	label(a, any);
	part_store_last(a, WORD(0), 0);
	op_jump(a, ALLOW);
	label(a, other);
	show_other(a);
}

void program_peer6(struct assembly *a, const struct address_maps *maps)
{
	part_begin(a, maps);
	show_other(a);
}
