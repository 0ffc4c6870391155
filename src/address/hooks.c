/* SPDX-License-Identifier: Apache-2.0 */
/* See programs.h. */
#include "address/parts.h"

#include "base/auto.h"

#define SOCKETS BPF_PROG_TYPE_CGROUP_SOCK_ADDR
#define PACKETS BPF_PROG_TYPE_CGROUP_SKB
#define OURS "Apache-2.0"
/* One of its functions is for programs under the kernel's licence alone. */
#define KERNEL "GPL"

const struct address_hook address_hooks[] = {
	{ "distro_bind4", SOCKETS, BPF_CGROUP_INET4_BIND, OURS, 0, program_bind4 },
	{ "distro_bind6", SOCKETS, BPF_CGROUP_INET6_BIND, KERNEL, 0, program_bind6 },
	{ "distro_connect4", SOCKETS, BPF_CGROUP_INET4_CONNECT, OURS, 0, program_connect4 },
	{ "distro_connect6", SOCKETS, BPF_CGROUP_INET6_CONNECT, OURS, 0, program_connect6 },
	{ "distro_send4", SOCKETS, BPF_CGROUP_UDP4_SENDMSG, OURS, 0, program_send4 },
	{ "distro_send6", SOCKETS, BPF_CGROUP_UDP6_SENDMSG, OURS, 0, program_send6 },
	{ "distro_receive4", SOCKETS, BPF_CGROUP_UDP4_RECVMSG, OURS, 0, program_receive4 },
	{ "distro_receive6", SOCKETS, BPF_CGROUP_UDP6_RECVMSG, OURS, 0, program_receive6 },
	{ "distro_name4", SOCKETS, BPF_CGROUP_INET4_GETSOCKNAME, OURS, 0, program_name4 },
	{ "distro_name6", SOCKETS, BPF_CGROUP_INET6_GETSOCKNAME, OURS, 0, program_name6 },
	{ "distro_peer4", SOCKETS, BPF_CGROUP_INET4_GETPEERNAME, OURS, 0, program_peer4 },
	{ "distro_peer6", SOCKETS, BPF_CGROUP_INET6_GETPEERNAME, OURS, 0, program_peer6 },
	/* The kernel has to say of which network a packet is: 6.18 does, 6.12 does not. */
	{ "distro_leave", PACKETS, BPF_CGROUP_INET_EGRESS, OURS, 1, program_leave },
	{ "distro_come", PACKETS, BPF_CGROUP_INET_INGRESS, OURS, 1, program_come },
};
_Static_assert(ARRAY_SIZE(address_hooks) <= ADDRESS_HOOKS_MAX, "programs have room for all");
const size_t address_hooks_n = ARRAY_SIZE(address_hooks);
