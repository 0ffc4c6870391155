/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See programs.h: a server that names no address has the first one of its distribution, and if it is for both families, that
 * of IPv4. What comes to another address of the same distribution, by a link that has this program, and to a port that is free
 * there, is given to that server: its connections have the address that was asked, as without an address of its own.
 *
 * R6 is the packet, R8 its protocol, R9 the owner of the address that it goes to.
 */
#include "address/parts.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define HEADER STACK_TUPLE
#define HEADER6_SIZE 40
#define HEADER4_SIZE 20
#define TARGET6 (HEADER + 24)
#define PORTS STACK_OPTION
/* struct bpf_sock_tuple, below the header */
#define TUPLE (STACK_TUPLE - 40)
#define TUPLE4_SIZE 12
#define TUPLE6_SIZE 36
#define OWNER(member) offsetof(struct address_owner, member)

/* From R2 bytes behind the start of the header of IP. */
static void load_bytes(struct assembly *a, int to, int size)
{
	op_move(a, R1, R6);
	op_stack(a, R3, to);
	op_set(a, R4, size);
	op_set(a, R5, BPF_HDR_START_NET);
	op_call(a, BPF_FUNC_skb_load_bytes_relative);
	op_jump_if(a, BPF_JNE, R0, 0, PASS);
}

static void pass_other_protocols(struct assembly *a)
{
	const unsigned known = label_new(a);

	op_jump_if(a, BPF_JEQ, R8, IPPROTO_TCP, known);
	op_jump_if(a, BPF_JNE, R8, IPPROTO_UDP, PASS);
	label(a, known);
}

static void find_owner(struct assembly *a, const struct address_maps *maps)
{
	op_map(a, R1, maps->taken);
	op_stack(a, R2, TARGET6);
	op_call(a, BPF_FUNC_map_lookup_elem);
	op_jump_if_null(a, R0, PASS);
	op_move(a, R9, R0);
}

/* What has its socket already passes. */
static void pass_if_served(struct assembly *a, int size)
{
	const unsigned none = label_new(a);

	/* also those that are being made, or wait to be gone */
	part_look_up(a, TUPLE, size, IPPROTO_UDP, BPF_FUNC_skc_lookup_tcp);
	op_jump_if_null(a, R0, none);
	op_move(a, R1, R0);
	op_call(a, BPF_FUNC_sk_release);
	op_jump(a, PASS);
	label(a, none);
}

/* To the socket in R7, if it is a server, and not only the one of a connection. */
static void assign(struct assembly *a, unsigned let_go)
{
	const unsigned datagram = label_new(a);

	op_jump_if(a, BPF_JEQ, R8, IPPROTO_UDP, datagram);
	op_load(a, W32, R1, R7, SOCKET(state));
	op_jump_if(a, BPF_JNE, R1, BPF_TCP_LISTEN, let_go);
	label(a, datagram);
	op_move(a, R1, R6);
	op_move(a, R2, R7);
	op_set(a, R3, 0);
	op_call(a, BPF_FUNC_sk_assign);
	label(a, let_go);
	op_move(a, R1, R7);
	op_call(a, BPF_FUNC_sk_release);
	op_jump(a, PASS);
}

/* To a server at the first address of IPv4, where there is one, and not to one without an address, which may be another's. Of
 * that family; 0: of any. */
static void assign4(struct assembly *a, uint32_t family)
{
	const unsigned none = label_new(a), let_go = label_new(a);

	op_load(a, W32, R1, R9, OWNER(v4));
	op_jump_if(a, BPF_JEQ, R1, 0, none);
	op_zero_stack(a, W32, TUPLE);
	op_store_stack(a, W32, TUPLE + 4, R1);
	op_load_stack(a, W32, R1, PORTS);
	op_store_stack(a, W32, TUPLE + 8, R1);
	part_look_up(a, TUPLE, TUPLE4_SIZE, IPPROTO_UDP, BPF_FUNC_sk_lookup_tcp);
	op_jump_if_null(a, R0, none);
	op_move(a, R7, R0);
	op_load(a, W32, R1, R7, SOCKET(src_ip4));
	op_load(a, W32, R2, R9, OWNER(v4));
	op_jump_unless_same(a, R1, R2, let_go);
	if (family) {
		op_load(a, W32, R1, R7, SOCKET(family));
		op_jump_if(a, BPF_JNE, R1, family, let_go);
	}
	assign(a, let_go);
	label(a, none);
}

/* The same of IPv6. */
static void assign6(struct assembly *a)
{
	const unsigned none = label_new(a), let_go = label_new(a);

	op_load(a, W32, R1, R9, OWNER(v6));
	op_jump_if(a, BPF_JEQ, R1, 0, none);
	for (int i = 0; i < 4; i++) {
		op_zero_stack(a, W32, TUPLE + 4 * i);
		op_load(a, W32, R1, R9, OWNER(v6) + 4 * (size_t)i);
		op_store_stack(a, W32, TUPLE + 16 + 4 * i, R1);
	}
	part_look_up(a, TUPLE, TUPLE6_SIZE, IPPROTO_UDP, BPF_FUNC_sk_lookup_tcp);
	op_jump_if_null(a, R0, none);
	op_move(a, R7, R0);
	for (unsigned i = 0; i < 4; i++) {
		op_load(a, W32, R1, R7, SOCKET(src_ip6[0]) + 4 * i);
		op_load(a, W32, R2, R9, OWNER(v6) + 4 * i);
		op_jump_unless_same(a, R1, R2, let_go);
	}
	assign(a, let_go);
	label(a, none);
}

static void four(struct assembly *a, const struct address_maps *maps)
{
	op_set(a, R2, 0);
	load_bytes(a, HEADER, HEADER4_SIZE);
	op_load_stack(a, W8, R8, HEADER + 9);
	pass_other_protocols(a);
	/* a part of a datagram that is not its first one has no ports */
	op_load_stack(a, W16, R1, HEADER + 6);
	op_and(a, R1, htons(0x1fff));
	op_jump_if(a, BPF_JNE, R1, 0, PASS);
	op_load_stack(a, W8, R2, HEADER);
	op_and(a, R2, 0xf);
	op_shift_left(a, R2, 2);
	load_bytes(a, PORTS, 4);

	/* whose it is; the tuple of all that is asked */
	op_load_stack(a, W32, R1, HEADER + 12);
	op_store_stack(a, W32, TUPLE, R1);
	op_load_stack(a, W32, R7, HEADER + 16);
	op_store_stack(a, W32, TUPLE + 4, R7);
	op_load_stack(a, W32, R1, PORTS);
	op_store_stack(a, W32, TUPLE + 8, R1);
	part_store_mapped(a, TARGET6, R7);
	find_owner(a, maps);
	op_load(a, W32, R1, R9, OWNER(v4));
	op_jump_if_same(a, R1, R7, PASS);

	pass_if_served(a, TUPLE4_SIZE);
	assign4(a, 0);
	op_jump(a, PASS);
}

static void six(struct assembly *a, const struct address_maps *maps)
{
	op_set(a, R2, 0);
	load_bytes(a, HEADER, HEADER6_SIZE);
	op_load_stack(a, W8, R8, HEADER + 6);
	pass_other_protocols(a);
	op_set(a, R2, HEADER6_SIZE);
	load_bytes(a, PORTS, 4);
	find_owner(a, maps);
	for (int i = 0; i < 32; i += 8) {
		op_load_stack(a, W64, R1, HEADER + 8 + i);
		op_store_stack(a, W64, TUPLE + i, R1);
	}
	op_load_stack(a, W32, R1, PORTS);
	op_store_stack(a, W32, TUPLE + 32, R1);
	pass_if_served(a, TUPLE6_SIZE);
	assign6(a);
	assign4(a, AF_INET6);
	op_jump(a, PASS);
}

void program_several(struct assembly *a, const struct address_maps *maps)
{
	assembly_begin(a, FIXED_LABELS);
	const unsigned is_six = label_new(a), is_four = label_new(a);

	op_move(a, R6, R1);
	op_load(a, W32, R1, R6, offsetof(struct __sk_buff, protocol));
	op_jump_if(a, BPF_JEQ, R1, htons(ETH_P_IP), is_four);
	op_jump_if(a, BPF_JEQ, R1, htons(ETH_P_IPV6), is_six);
	op_jump(a, PASS);
	label(a, is_four);
	four(a, maps);
	label(a, is_six);
	six(a, maps);

	/* on to what else the link has */
	label(a, PASS);
	op_set(a, R0, TC_ACT_UNSPEC);
	op_exit(a);
}
