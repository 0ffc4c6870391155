/* SPDX-License-Identifier: Apache-2.0 */
/* See parts.h: what is done about an address of IPv4. R7 is that address, in the order of the network. */
#include "address/parts.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define FIRST DATA(v4[0])

void part_jump_unless_served4(struct assembly *a, unsigned no)
{
	const unsigned served = label_new(a);

	/* struct bpf_sock_tuple: from anywhere, to there */
	op_zero_stack(a, W32, STACK_TUPLE);
	op_load(a, W32, R1, R9, FIRST);
	op_jump_if(a, BPF_JEQ, R1, 0, no);
	op_store_stack(a, W32, STACK_TUPLE + 4, R1);
	op_zero_stack(a, W32, STACK_TUPLE + 8);
	part_look_for_server(a, 12, no);
	/* one without an address may be another distribution's, but for datagrams, where such a port is shared */
	op_load(a, W32, R2, R0, SOCKET(src_ip4));
	op_move(a, R1, R0);
	op_load(a, W32, R3, R9, FIRST);
	op_jump_if_same(a, R2, R3, served);
	op_jump_if(a, BPF_JEQ, R8, SOCK_DGRAM, served);
	op_call(a, BPF_FUNC_sk_release);
	op_jump(a, no);
	label(a, served);
	op_call(a, BPF_FUNC_sk_release);
}

/* The socket comes from the address in R7. */
static void come_from(struct assembly *a, int mapped)
{
	part_begin_source(a, mapped ? AF_INET6 : AF_INET);
	if (mapped)
		part_store_mapped(a, STACK_TUPLE + 8, R7);
	else
		op_store_stack(a, W32, STACK_TUPLE + 4, R7);
	part_end_source(a, mapped ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
}

void part_connect4(struct assembly *a, const struct place4 *at)
{
	const unsigned local = label_new(a), keep = label_new(a), shared = label_new(a),
		       come = label_new(a);

	/* the address that it has already, which is its own */
	op_load(a, W64, R8, R6, CONTEXT(sk));
	op_load(a, W32, R8, R8, SOCKET(src_ip4));
	op_store_stack(a, W64, STACK_SOURCE, R8);
	op_load(a, W32, R7, R6, at->to);
	op_jump_if(a, BPF_JEQ, R7, INADDR_ANY, local);
	part_jump_if_loopback4(a, R7, local);
	/* elsewhere: from the first own one */
	op_jump_if(a, BPF_JNE, R8, 0, ALLOW);
	part_jump_without_address(a, ALLOW);
	part_take_first4(a);
	op_jump(a, come);

	/* the distribution itself, where it serves at its address */
	label(a, local);
	part_jump_unless_served4(a, keep);
	op_load(a, W32, R7, R9, FIRST);
	op_store(a, W32, R6, at->to, R7);
	op_load_stack(a, W64, R8, STACK_SOURCE);
	op_jump_if(a, BPF_JNE, R8, 0, ALLOW);
	op_set(a, R7, (int32_t)htonl(INADDR_LOOPBACK));
	part_jump_unless(a, ADDRESS_PRIVATE_LOOPBACK, come);
	part_make_private4(a);
	label(a, come);
	come_from(a, at->mapped);
	op_jump(a, ALLOW);

	/* else the loopback */
	label(a, keep);
	part_jump_unless(a, ADDRESS_PRIVATE_LOOPBACK, ALLOW);
	op_jump_if(a, BPF_JNE, R7, INADDR_ANY, shared);
	op_set(a, R7, (int32_t)htonl(INADDR_LOOPBACK));
	label(a, shared);
	part_make_private4(a);
	op_store(a, W32, R6, at->to, R7);
	/* from there, too: the kernel would take 127.0.0.1, which is of no distribution */
	op_load_stack(a, W64, R8, STACK_SOURCE);
	op_jump_if(a, BPF_JNE, R8, 0, ALLOW);
	op_set(a, R7, (int32_t)htonl(INADDR_LOOPBACK));
	part_make_private4(a);
	op_jump(a, come);
}

/* Replies come from the own address, and are shown as those of the loopback that was asked. */
static void remember_asked(struct assembly *a, const struct address_maps *maps)
{
	op_move(a, R1, R6);
	op_call(a, BPF_FUNC_get_socket_cookie);
	op_store_stack(a, W64, STACK_COOKIE, R0);
	op_zero_stack(a, W64, STACK_ASKED);
	op_store_stack(a, W32, STACK_ASKED, R7);
	op_map(a, R1, maps->asked);
	op_stack(a, R2, STACK_COOKIE);
	op_stack(a, R3, STACK_ASKED);
	op_set(a, R4, BPF_ANY);
	op_call(a, BPF_FUNC_map_update_elem);
}

/* What came to another own address than the first is answered from there. R7 is the peer's. */
static void answer4(struct assembly *a, const struct address_maps *maps, const struct place4 *at)
{
	const unsigned none = label_new(a), first = label_new(a);

	op_load(a, W32, R1, R9, DATA(v4[1]));
	op_jump_if(a, BPF_JEQ, R1, 0, none);
	op_load(a, W32, R1, R6, at->source);
	op_jump_if(a, BPF_JEQ, R1, 0, first);
	op_load(a, W32, R2, R9, FIRST);
	op_jump_unless_same(a, R1, R2, none);
	label(a, first);
	part_begin_way(a);
	part_store_mapped(a, STACK_WAY + 8, R7);
	op_load(a, W32, R1, R6, CONTEXT(user_port));
	op_store_stack(a, W32, STACK_WAY + 24, R1);
	part_find_way(a, maps, none);
	op_load(a, W32, R7, R0, 12);
	op_store(a, W32, R6, at->source, R7);
	op_jump(a, ALLOW);
	label(a, none);
}

/* Who has connected to this socket's own address hears what comes from there alone. R7 is the one who is answered. */
static void jump_if_awaited(struct assembly *a, const struct place4 *at, unsigned to)
{
	const unsigned none = label_new(a);

	op_load(a, W32, R1, R6, at->source);
	op_store_stack(a, W32, STACK_TUPLE, R1);
	op_store_stack(a, W32, STACK_TUPLE + 4, R7);
	op_load(a, W64, R1, R6, CONTEXT(sk));
	op_load(a, W32, R1, R1, SOCKET(src_port));
	op_to_host(a, R1, 16);
	op_store_stack(a, W16, STACK_TUPLE + 8, R1);
	op_load(a, W32, R1, R6, CONTEXT(user_port));
	op_store_stack(a, W16, STACK_TUPLE + 10, R1);
	op_move(a, R1, R6);
	op_stack(a, R2, STACK_TUPLE);
	op_set(a, R3, 12);
	op_set(a, R4, BPF_F_CURRENT_NETNS);
	op_set(a, R5, 0);
	op_call(a, BPF_FUNC_sk_lookup_udp);
	op_jump_if_null(a, R0, none);
	op_load(a, W32, R8, R0, SOCKET(dst_ip4));
	op_move(a, R1, R0);
	op_call(a, BPF_FUNC_sk_release);
	op_jump_if(a, BPF_JNE, R8, 0, to);
	label(a, none);
}

void part_send4(struct assembly *a, const struct address_maps *maps, const struct place4 *at)
{
	const unsigned local = label_new(a), keep = label_new(a), none = label_new(a),
		       loopback = label_new(a), named = label_new(a), come = label_new(a),
		       named_none = label_new(a);

	op_load(a, W32, R7, R6, at->to);
	op_jump_if(a, BPF_JEQ, R7, INADDR_ANY, local);
	part_jump_if_loopback4(a, R7, local);
	/* elsewhere, from the own ones alone */
	part_jump_without_address(a, ALLOW);
	answer4(a, maps, at);
	op_load(a, W32, R7, R6, at->source);
	op_jump_if(a, BPF_JEQ, R7, 0, none);
	part_jump_if_own4(a, R7, ALLOW);
	part_jump_if_loopback4(a, R7, loopback);
	/* a server of mDNS names the address of each link that it tells something */
	op_load(a, W32, R2, R6, at->to);
	part_jump_if_for_many4(a, R2, none);
	op_jump(a, REFUSE);
	label(a, loopback);
	part_jump_unless(a, ADDRESS_PRIVATE_LOOPBACK, ALLOW);
	part_jump_unless_private4(a, R7, REFUSE);
	op_jump(a, ALLOW);
	label(a, none);
	part_take_first4(a);
	op_store(a, W32, R6, at->source, R7);
	op_jump(a, ALLOW);

	/* the distribution itself */
	label(a, local);
	op_jump_if(a, BPF_JNE, R7, INADDR_ANY, named);
	op_set(a, R7, (int32_t)htonl(INADDR_LOOPBACK));
	label(a, named);
	part_jump_unless_served4(a, keep);
	remember_asked(a, maps);
	op_load(a, W32, R7, R9, FIRST);
	op_store(a, W32, R6, at->to, R7);
	part_jump_unless(a, ADDRESS_PRIVATE_LOOPBACK, ALLOW);
	op_jump(a, come);
	label(a, keep);
	part_jump_unless(a, ADDRESS_PRIVATE_LOOPBACK, ALLOW);
	part_make_private4(a);
	op_store(a, W32, R6, at->to, R7);
	jump_if_awaited(a, at, ALLOW);
	/* from there, too: one that named no address has the first own one, and servers may answer who comes from the loopback
	 * alone (systemd-resolved) */
	label(a, come);
	op_load(a, W32, R1, R6, at->source);
	op_jump_if(a, BPF_JEQ, R1, 0, named_none);
	op_load(a, W32, R2, R9, FIRST);
	op_jump_unless_same(a, R1, R2, ALLOW);
	label(a, named_none);
	op_set(a, R7, (int32_t)htonl(INADDR_LOOPBACK));
	part_make_private4(a);
	op_store(a, W32, R6, at->source, R7);
	op_jump(a, ALLOW);
}

void part_receive4(struct assembly *a, const struct address_maps *maps, const struct place4 *at)
{
	const unsigned own = label_new(a), not_private = label_new(a);

	op_load(a, W32, R7, R6, at->to);
	part_jump_unless_private4(a, R7, not_private);
	part_make_public4(a);
	op_store(a, W32, R6, at->to, R7);
	op_jump(a, ALLOW);
	label(a, not_private);
	part_jump_if_own4(a, R7, own);
	op_jump(a, ALLOW);

	/* its own: as what it was asked by, if it was */
	label(a, own);
	op_move(a, R1, R6);
	op_call(a, BPF_FUNC_get_socket_cookie);
	op_store_stack(a, W64, STACK_COOKIE, R0);
	op_map(a, R1, maps->asked);
	op_stack(a, R2, STACK_COOKIE);
	op_call(a, BPF_FUNC_map_lookup_elem);
	op_jump_if_null(a, R0, ALLOW);
	op_load(a, W32, R7, R0, 0);
	op_store(a, W32, R6, at->to, R7);
	op_jump(a, ALLOW);
}

void part_show4(struct assembly *a, const struct place4 *at, int own_is_any)
{
	const unsigned not_private = label_new(a), own = label_new(a), any = label_new(a);

	op_load(a, W32, R7, R6, at->to);
	part_jump_unless_private4(a, R7, not_private);
	part_make_public4(a);
	op_store(a, W32, R6, at->to, R7);
	op_jump(a, ALLOW);
	label(a, not_private);
	if (own_is_any) {
		part_jump_if_own4(a, R7, own);
		op_jump(a, ALLOW);
		label(a, own);
		op_load(a, W64, R8, R6, CONTEXT(sk));
		op_load(a, W32, R1, R8, SOCKET(state));
		op_jump_if(a, BPF_JEQ, R1, BPF_TCP_LISTEN, any);
		op_jump_if(a, BPF_JNE, R1, BPF_TCP_CLOSE, ALLOW);
		label(a, any);
		op_set(a, R7, 0);
		op_store(a, W32, R6, at->to, R7);
	}
	op_jump(a, ALLOW);
}

/* --- IPv4 by itself --- */

static const struct place4 alone = {
	.to = CONTEXT(user_ip4),
	.source = CONTEXT(msg_src_ip4),
};

void program_connect4(struct assembly *a, const struct address_maps *maps)
{
	part_begin(a, maps);
	part_connect4(a, &alone);
	part_end(a, 0);
}

void program_send4(struct assembly *a, const struct address_maps *maps)
{
	part_begin(a, maps);
	part_send4(a, maps, &alone);
	part_end(a, 0);
}

void program_receive4(struct assembly *a, const struct address_maps *maps)
{
	part_begin(a, maps);
	part_receive4(a, maps, &alone);
	part_end_shown(a);
}

void program_name4(struct assembly *a, const struct address_maps *maps)
{
	part_begin(a, maps);
	part_show4(a, &alone, 1);
	part_end_shown(a);
}

void program_peer4(struct assembly *a, const struct address_maps *maps)
{
	part_begin(a, maps);
	part_show4(a, &alone, 0);
	part_end_shown(a);
}
