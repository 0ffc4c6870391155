/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * See parts.h: which addresses a socket may have. Whether it is for IPv6 alone is told by a function that the kernel gives to
 * programs under its own licence alone. So this file, and the one that has their parts, are under that one, too.
 */
#include "address/parts.h"

#include "base/auto.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* struct sock_common of the kernel: skc_ipv6only is bit 5 of this byte, 1 behind skc_state (include/net/sock.h) */
#define FLAGS_AT 19
#define FLAG_V6ONLY 0x20

static void jump_if_option(struct assembly *a, int option, unsigned to)
{
	const unsigned unknown = label_new(a);

	op_zero_stack(a, W64, STACK_OPTION);
	op_move(a, R1, R6);
	op_set(a, R2, SOL_SOCKET);
	op_set(a, R3, option);
	op_stack(a, R4, STACK_OPTION);
	op_set(a, R5, sizeof(int));
	op_call(a, BPF_FUNC_getsockopt);
	op_jump_if(a, BPF_JNE, R0, 0, unknown);
	op_load_stack(a, W32, R1, STACK_OPTION);
	op_jump_if(a, BPF_JNE, R1, 0, to);
	label(a, unknown);
}

/* DHCP, NetBIOS and SSDP: what is sent to many comes to sockets without an address alone. Other servers share their ports out
 * of habit. */
static const uint16_t ports_for_many[] = { 67, 68, 137, 138, 1900 };
/* mDNS and LLMNR: their servers bind first without sharing, to learn whether there is another one, and share afterwards. */
static const uint16_t ports_shared_later[] = { 5353, 5355 };

static void jump_if_port_is_shared(struct assembly *a, unsigned to)
{
	const unsigned own = label_new(a), many = label_new(a);

	op_load(a, W32, R1, R6, CONTEXT(type));
	op_jump_if(a, BPF_JNE, R1, SOCK_DGRAM, own);
	op_load(a, W32, R1, R6, CONTEXT(user_port));
	for (size_t i = 0; i < ARRAY_SIZE(ports_shared_later); i++)
		op_jump_if(a, BPF_JEQ, R1, htons(ports_shared_later[i]), to);
	for (size_t i = 0; i < ARRAY_SIZE(ports_for_many); i++)
		op_jump_if(a, BPF_JEQ, R1, htons(ports_for_many[i]), many);
	op_jump(a, own);
	label(a, many);
	jump_if_option(a, SO_REUSEADDR, to);
	jump_if_option(a, SO_REUSEPORT, to);
	label(a, own);
}

static void bind_four(struct assembly *a, size_t at)
{
	const unsigned any = label_new(a), loopback = label_new(a);

	/* own ones, and those that are for many */
	op_load(a, W32, R7, R6, at);
	op_jump_if(a, BPF_JEQ, R7, INADDR_ANY, any);
	part_jump_if_loopback4(a, R7, loopback);
	part_jump_without_address(a, ALLOW);
	part_jump_if_own4(a, R7, ALLOW);
	part_jump_if_for_many4(a, R7, ALLOW);
	op_jump(a, REFUSE);

	/* none is named: the first own one */
	label(a, any);
	part_jump_without_address(a, ALLOW);
	jump_if_port_is_shared(a, ALLOW);
	part_take_first4(a);
	op_store(a, W32, R6, at, R7);
	op_jump(a, ALLOW);

	label(a, loopback);
	part_jump_unless(a, ADDRESS_PRIVATE_LOOPBACK, ALLOW);
	part_make_private4(a);
	op_store(a, W32, R6, at, R7);
	op_jump(a, ALLOW);
}

void program_bind4(struct assembly *a, const struct address_maps *maps)
{
	part_begin(a, maps);
	bind_four(a, CONTEXT(user_ip4));
	part_end(a, 1);
}

/* A socket of both families has one address: that of IPv4 where there is one, because that is what clients use. */
static void choose_family(struct assembly *a, unsigned six)
{
	op_load(a, W32, R7, R9, DATA(v4[0]));
	op_jump_if(a, BPF_JEQ, R7, 0, six);
	op_stack(a, R1, STACK_TUPLE);
	op_set(a, R2, FLAGS_AT + 1);
	op_load(a, W64, R3, R6, CONTEXT(sk));
	op_call(a, BPF_FUNC_probe_read_kernel);
	op_jump_if(a, BPF_JNE, R0, 0, REFUSE);
	op_load_stack(a, W8, R1, STACK_TUPLE + FLAGS_AT);
	op_and(a, R1, FLAG_V6ONLY);
	op_jump_if(a, BPF_JNE, R1, 0, six);
}

void program_bind6(struct assembly *a, const struct address_maps *maps)
{
	part_begin(a, maps);
	const unsigned any = label_new(a), loopback = label_new(a), four = label_new(a),
		       own = label_new(a);

	/* own ones, and those that are for many */
	part_jump_if_last(a, WORD(0), 0, any);
	part_jump_if_mapped(a, WORD(0), four);
	part_jump_if_last(a, WORD(0), htonl(1), loopback);
	part_jump_without_address(a, ALLOW);
	part_jump_if_of_link(a, ALLOW);
	part_jump_if_for_many(a, ALLOW);
	part_jump_if_own6(a, WORD(0), ALLOW);
	op_jump(a, REFUSE);

	/* none is named */
	label(a, any);
	part_jump_without_address(a, ALLOW);
	jump_if_port_is_shared(a, ALLOW);
	choose_family(a, own);
	for (unsigned i = 0; i < 3; i++) {
		op_set(a, R1, (int32_t)part_mapping(i));
		op_store(a, W32, R6, WORD(i), R1);
	}
	op_store(a, W32, R6, WORD(3), R7);
	op_jump(a, ALLOW);
	label(a, own);
	part_refuse_without_v6(a);
	part_store_data(a, WORD(0), DATA(v6[0]));
	op_jump(a, ALLOW);

	label(a, loopback);
	part_jump_unless(a, ADDRESS_PRIVATE_LOOPBACK, ALLOW);
	part_store_data(a, WORD(0), DATA(loopback6));
	op_jump(a, ALLOW);

	label(a, four);
	bind_four(a, WORD(3));
	part_end(a, 1);
}
