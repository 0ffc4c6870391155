/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See parts.h: packets of a distribution's sockets, whatever has made them: raw ones, IP_PKTINFO, a listener that is bound to
 * nothing, a socket that is older than the data. What leaves them has an address of their own as its source, and what comes
 * to them is not for another distribution.
 *
 * ICMP of ping(8) names no source and is seen by no other hook: the kernel gives it an address of the network, or where it
 * goes to the network itself, the one that it goes to.
 */
#include "address/parts.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>

/* The header of the packet is on the stack, 40 bytes at most. */
#define HEADER STACK_TUPLE
#define HEADER4 20
#define HEADER6 40
#define PROTOCOL4 (HEADER + 9)
#define SOURCE4 (HEADER + 12)
#define TARGET4 (HEADER + 16)
#define PROTOCOL6 (HEADER + 6)
#define SOURCE6 (HEADER + 8)
#define TARGET6 (HEADER + 24)
#define PACKET(member) offsetof(struct __sk_buff, member)

static void load_header(struct assembly *a, int size)
{
	op_move(a, R1, R6);
	op_set(a, R2, 0);
	op_stack(a, R3, HEADER);
	op_set(a, R4, size);
	op_call(a, BPF_FUNC_skb_load_bytes);
	op_jump_if(a, BPF_JNE, R0, 0, REFUSE);
}

/* To `six` with a header of IPv6; of IPv4 goes on; all else is allowed. */
static void begin(struct assembly *a, unsigned six)
{
	const unsigned four = label_new(a);

	op_load(a, W32, R1, R6, PACKET(protocol));
	op_jump_if(a, BPF_JEQ, R1, htons(ETH_P_IP), four);
	op_jump_if(a, BPF_JNE, R1, htons(ETH_P_IPV6), PASS);
	load_header(a, HEADER6);
	op_jump(a, six);
	label(a, four);
	load_header(a, HEADER4);
}

static void end(struct assembly *a)
{
	label(a, REFUSE);
	op_set(a, R0, 0);
	op_exit(a);
	label(a, ALLOW);
	label(a, PASS);
	op_set(a, R0, 1);
	op_exit(a);
}

/* To REFUSE if the address of IPv6 at this place of the stack is another distribution's, else ALLOW. */
static void allow_unless_taken(struct assembly *a, const struct address_maps *maps, int at)
{
	op_map(a, R1, maps->taken);
	op_stack(a, R2, at);
	op_call(a, BPF_FUNC_map_lookup_elem);
	op_jump_if_null(a, R0, ALLOW);
	op_jump(a, REFUSE);
}

/* The same of the address of IPv4 in R7. */
static void allow_unless_taken4(struct assembly *a, const struct address_maps *maps)
{
	part_store_mapped(a, TARGET6, R7);
	allow_unless_taken(a, maps, TARGET6);
}

/* --- IPv6: an address on the stack --- */

static void jump_if_data(struct assembly *a, int at, size_t data, unsigned to)
{
	const unsigned other = label_new(a);

	op_load_stack(a, W64, R1, at);
	op_load(a, W64, R2, R9, data);
	op_jump_unless_same(a, R1, R2, other);
	op_load_stack(a, W64, R1, at + 8);
	op_load(a, W64, R2, R9, data + 8);
	op_jump_if_same(a, R1, R2, to);
	label(a, other);
}

static void jump_if_own(struct assembly *a, int at, unsigned to)
{
	const unsigned no_more = label_new(a);

	for (unsigned i = 0; i < ADDRESSES_MAX; i++) {
		op_load(a, W32, R1, R9, DATA(v6[i]));
		op_jump_if(a, BPF_JEQ, R1, 0, no_more);
		jump_if_data(a, at, DATA(v6[i]), to);
	}
	label(a, no_more);
}

/* 0, 0, 0 and the last one */
static void jump_if_last(struct assembly *a, int at, uint32_t last, unsigned to)
{
	const unsigned other = label_new(a);

	for (int i = 0; i < 3; i++) {
		op_load_stack(a, W32, R1, at + 4 * i);
		op_jump_if(a, BPF_JNE, R1, 0, other);
	}
	op_load_stack(a, W32, R1, at + 12);
	op_jump_if(a, BPF_JEQ, R1, last, to);
	label(a, other);
}

/* fe80::/10, and where `many`, ff00::/8 */
static void jump_if_of_link(struct assembly *a, int at, int many, unsigned to)
{
	op_load_stack(a, W32, R1, at);
	op_to_host(a, R1, 32);
	op_shift_right(a, R1, 22);
	op_jump_if(a, BPF_JEQ, R1, 0xfe80u >> 6, to);
	op_shift_right(a, R1, 2);
	if (many)
		op_jump_if(a, BPF_JEQ, R1, 0xff, to);
}

static void jump_unless_both_same(struct assembly *a, unsigned to)
{
	for (int i = 0; i < 16; i += 8) {
		op_load_stack(a, W64, R1, SOURCE6 + i);
		op_load_stack(a, W64, R2, TARGET6 + i);
		op_jump_unless_same(a, R1, R2, to);
	}
}

/* --- what leaves --- */

static void leave4(struct assembly *a, const struct address_maps *maps)
{
	const unsigned loopback = label_new(a), other = label_new(a), networks = label_new(a);

	op_load_stack(a, W32, R7, SOURCE4);
	part_jump_if_own4(a, R7, ALLOW);
	part_jump_if_loopback4(a, R7, loopback);
	/* a client of DHCP has none yet */
	op_jump_if(a, BPF_JEQ, R7, INADDR_ANY, ALLOW);
	part_jump_without_address(a, networks);
	label(a, other);
	op_load_stack(a, W8, R1, PROTOCOL4);
	op_jump_if(a, BPF_JNE, R1, IPPROTO_ICMP, REFUSE);
	op_load_stack(a, W32, R1, TARGET4);
	op_jump_if_same(a, R1, R7, ALLOW);
	label(a, networks);
	allow_unless_taken4(a, maps);

	label(a, loopback);
	part_jump_unless(a, ADDRESS_PRIVATE_LOOPBACK, ALLOW);
	part_jump_unless_private4(a, R7, other);
	op_jump(a, ALLOW);
}

static void leave6(struct assembly *a, const struct address_maps *maps)
{
	const unsigned shared = label_new(a), other = label_new(a), loopback = label_new(a),
		       not_private = label_new(a);

	jump_if_own(a, SOURCE6, ALLOW);
	jump_if_of_link(a, SOURCE6, 0, ALLOW);
	jump_if_last(a, SOURCE6, 0, ALLOW);
	jump_if_last(a, SOURCE6, htonl(1), loopback);
	part_jump_unless(a, ADDRESS_PRIVATE_LOOPBACK, not_private);
	jump_if_data(a, SOURCE6, DATA(loopback6), ALLOW);
	label(a, not_private);
	part_jump_without_address(a, shared);
	label(a, other);
	op_load_stack(a, W8, R1, PROTOCOL6);
	op_jump_if(a, BPF_JNE, R1, IPPROTO_ICMPV6, REFUSE);
	jump_unless_both_same(a, shared);
	op_jump(a, ALLOW);
	label(a, shared);
	allow_unless_taken(a, maps, SOURCE6);

	label(a, loopback);
	part_jump_unless(a, ADDRESS_PRIVATE_LOOPBACK, ALLOW);
	op_jump(a, other);
}

void program_leave(struct assembly *a, const struct address_maps *maps)
{
	part_begin(a, maps);
	const unsigned six = label_new(a);

	begin(a, six);
	leave4(a, maps);
	label(a, six);
	leave6(a, maps);
	end(a);
}

/* --- what comes --- */

/* To ALLOW if it is not a datagram; else the port that it comes from, whose place is in R2. */
static void begin_way(struct assembly *a, int protocol_at)
{
	op_load_stack(a, W8, R1, protocol_at);
	op_jump_if(a, BPF_JNE, R1, IPPROTO_UDP, ALLOW);
	op_move(a, R1, R6);
	op_stack(a, R3, STACK_OPTION);
	op_set(a, R4, 2);
	op_zero_stack(a, W64, STACK_OPTION);
	op_call(a, BPF_FUNC_skb_load_bytes);
	op_jump_if(a, BPF_JNE, R0, 0, ALLOW);
	part_begin_way(a);
	op_load_stack(a, W16, R1, STACK_OPTION);
	op_store_stack(a, W32, STACK_WAY + 24, R1);
}

/* By which own address a datagram has come; `own`: where that is on the stack. */
static void end_way(struct assembly *a, const struct address_maps *maps, int own)
{
	op_map(a, R1, maps->ways);
	op_stack(a, R2, STACK_WAY);
	op_stack(a, R3, own);
	op_set(a, R4, BPF_ANY);
	op_call(a, BPF_FUNC_map_update_elem);
}

/* To which of several, which is in R7. */
static void remember4(struct assembly *a, const struct address_maps *maps)
{
	op_load(a, W32, R1, R9, DATA(v4[1]));
	op_jump_if(a, BPF_JEQ, R1, 0, ALLOW);
	op_load_stack(a, W8, R2, HEADER);
	op_and(a, R2, 0xf);
	op_shift_left(a, R2, 2);
	begin_way(a, PROTOCOL4);
	op_load_stack(a, W32, R2, SOURCE4);
	part_store_mapped(a, STACK_WAY + 8, R2);
	part_store_mapped(a, STACK_OWN, R7);
	end_way(a, maps, STACK_OWN);
}

static void remember6(struct assembly *a, const struct address_maps *maps)
{
	const unsigned new = label_new(a);

	/* where there is one, a socket that has it answers from there by itself; one for both families has another */
	op_load(a, W64, R1, R6, PACKET(sk));
	op_jump_if_null(a, R1, ALLOW);
	op_load(a, W32, R2, R1, SOCKET(src_ip6[0]));
	op_load_stack(a, W32, R1, TARGET6);
	op_jump_unless_same(a, R1, R2, new);
	op_load(a, W32, R1, R9, DATA(v6[1]));
	op_jump_if(a, BPF_JEQ, R1, 0, ALLOW);
	label(a, new);
	op_set(a, R2, HEADER6);
	begin_way(a, PROTOCOL6);
	for (int i = 0; i < 16; i += 8) {
		op_load_stack(a, W64, R1, SOURCE6 + i);
		op_store_stack(a, W64, STACK_WAY + 8 + i, R1);
	}
	end_way(a, maps, TARGET6);
}

static void come4(struct assembly *a, const struct address_maps *maps)
{
	const unsigned loopback = label_new(a), other = label_new(a), own = label_new(a);

	op_load_stack(a, W32, R7, TARGET4);
	part_jump_if_own4(a, R7, own);
	part_jump_if_loopback4(a, R7, loopback);
	op_move(a, R1, R7);
	op_to_host(a, R1, 32);
	op_shift_right(a, R1, 28);
	op_jump_if(a, BPF_JEQ, R1, INADDR_UNSPEC_GROUP >> 28, ALLOW);
	op_load_stack(a, W8, R1, PROTOCOL4);
	op_jump_if(a, BPF_JNE, R1, IPPROTO_ICMP, other);
	op_load_stack(a, W32, R1, SOURCE4);
	op_jump_if_same(a, R1, R7, ALLOW);
	label(a, other);
	allow_unless_taken4(a, maps);

	/* a private one is reached from itself alone */
	label(a, loopback);
	part_jump_unless(a, ADDRESS_PRIVATE_LOOPBACK, ALLOW);
	op_load_stack(a, W8, R1, PROTOCOL4);
	op_jump_if(a, BPF_JEQ, R1, IPPROTO_ICMP, ALLOW);
	part_jump_unless_private4(a, R7, REFUSE);
	op_load_stack(a, W32, R7, SOURCE4);
	part_jump_if_own4(a, R7, ALLOW);
	part_jump_unless_private4(a, R7, REFUSE);
	op_jump(a, ALLOW);

	label(a, own);
	remember4(a, maps);
	op_jump(a, ALLOW);
}

static void come6(struct assembly *a, const struct address_maps *maps)
{
	const unsigned loopback = label_new(a), not_private = label_new(a), private = label_new(a),
		       other = label_new(a), own = label_new(a);

	jump_if_own(a, TARGET6, own);
	jump_if_of_link(a, TARGET6, 1, ALLOW);
	jump_if_last(a, TARGET6, htonl(1), loopback);
	part_jump_unless(a, ADDRESS_PRIVATE_LOOPBACK, not_private);
	jump_if_data(a, TARGET6, DATA(loopback6), private);
	label(a, not_private);
	op_load_stack(a, W8, R1, PROTOCOL6);
	op_jump_if(a, BPF_JNE, R1, IPPROTO_ICMPV6, other);
	jump_unless_both_same(a, other);
	op_jump(a, ALLOW);
	label(a, other);
	allow_unless_taken(a, maps, TARGET6);

	label(a, loopback);
	part_jump_unless(a, ADDRESS_PRIVATE_LOOPBACK, ALLOW);
	op_load_stack(a, W8, R1, PROTOCOL6);
	op_jump_if(a, BPF_JEQ, R1, IPPROTO_ICMPV6, ALLOW);
	op_jump(a, REFUSE);

	/* from itself alone */
	label(a, private);
	jump_if_own(a, SOURCE6, ALLOW);
	jump_if_data(a, SOURCE6, DATA(loopback6), ALLOW);
	op_jump(a, REFUSE);

	label(a, own);
	remember6(a, maps);
	op_jump(a, ALLOW);
}

void program_come(struct assembly *a, const struct address_maps *maps)
{
	part_begin(a, maps);
	const unsigned six = label_new(a);

	/* what is for many; PACKET_HOST is 0 */
	op_load(a, W32, R1, R6, PACKET(pkt_type));
	op_jump_if(a, BPF_JNE, R1, PACKET_HOST, PASS);
	begin(a, six);
	come4(a, maps);
	label(a, six);
	come6(a, maps);
	end(a);
}
