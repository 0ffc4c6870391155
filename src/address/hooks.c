/* SPDX-License-Identifier: Apache-2.0 */
/* See programs.h: what all hooks have in common, and their list. */
#include "address/parts.h"

#include "base/auto.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>

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
	label(a, ALLOW);
	label(a, PASS);
	op_set(a, R0, 1);
	op_exit(a);
}

void part_jump_unless(struct assembly *a, uint32_t flag, unsigned to)
{
	op_load(a, W32, R1, R9, DATA(flags));
	op_and(a, R1, flag);
	op_jump_if(a, BPF_JEQ, R1, 0, to);
}

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

/* DHCP, NetBIOS, SSDP, mDNS and LLMNR: what is sent to many comes to sockets without an address alone. Other servers share
 * their ports out of habit. */
static const uint16_t ports_for_many[] = { 67, 68, 137, 138, 1900, 5353, 5355 };

void part_jump_if_port_is_shared(struct assembly *a, unsigned to)
{
	const unsigned own = label_new(a), many = label_new(a);

	op_load(a, W32, R1, R6, CONTEXT(type));
	op_jump_if(a, BPF_JNE, R1, SOCK_DGRAM, own);
	op_load(a, W32, R1, R6, CONTEXT(user_port));
	for (size_t i = 0; i < ARRAY_SIZE(ports_for_many); i++)
		op_jump_if(a, BPF_JEQ, R1, htons(ports_for_many[i]), many);
	op_jump(a, own);
	label(a, many);
	jump_if_option(a, SO_REUSEADDR, to);
	jump_if_option(a, SO_REUSEPORT, to);
	label(a, own);
}

/* --- IPv4 by itself --- */

static const struct place4 alone = {
	.to = CONTEXT(user_ip4),
	.source = CONTEXT(msg_src_ip4),
};

static void bind4(struct assembly *a, const struct address_maps *maps)
{
	part_begin(a, maps);
	part_bind4(a, &alone);
	part_end(a, 1);
}

static void connect4(struct assembly *a, const struct address_maps *maps)
{
	part_begin(a, maps);
	part_connect4(a, &alone);
	part_end(a, 0);
}

static void send4(struct assembly *a, const struct address_maps *maps)
{
	part_begin(a, maps);
	part_send4(a, maps, &alone);
	part_end(a, 0);
}

static void receive4(struct assembly *a, const struct address_maps *maps)
{
	part_begin(a, maps);
	part_receive4(a, maps, &alone);
	part_end_shown(a);
}

static void name4(struct assembly *a, const struct address_maps *maps)
{
	part_begin(a, maps);
	part_show4(a, &alone, 1);
	part_end_shown(a);
}

static void peer4(struct assembly *a, const struct address_maps *maps)
{
	part_begin(a, maps);
	part_show4(a, &alone, 0);
	part_end_shown(a);
}

const struct address_hook address_hooks[] = {
	{ "distro_bind4", BPF_CGROUP_INET4_BIND, bind4 },
	{ "distro_bind6", BPF_CGROUP_INET6_BIND, program_bind6 },
	{ "distro_connect4", BPF_CGROUP_INET4_CONNECT, connect4 },
	{ "distro_connect6", BPF_CGROUP_INET6_CONNECT, program_connect6 },
	{ "distro_send4", BPF_CGROUP_UDP4_SENDMSG, send4 },
	{ "distro_send6", BPF_CGROUP_UDP6_SENDMSG, program_send6 },
	{ "distro_receive4", BPF_CGROUP_UDP4_RECVMSG, receive4 },
	{ "distro_receive6", BPF_CGROUP_UDP6_RECVMSG, program_receive6 },
	{ "distro_name4", BPF_CGROUP_INET4_GETSOCKNAME, name4 },
	{ "distro_name6", BPF_CGROUP_INET6_GETSOCKNAME, program_name6 },
	{ "distro_peer4", BPF_CGROUP_INET4_GETPEERNAME, peer4 },
	{ "distro_peer6", BPF_CGROUP_INET6_GETPEERNAME, program_peer6 },
};
const size_t address_hooks_n = ARRAY_SIZE(address_hooks);
