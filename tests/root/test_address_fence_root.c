/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets of distributions with addresses of their own: none leaves with an address of another's, and none that is for
 * another comes, whatever has made them. What is legitimate passes.
 * world: legacy hybrid v2
 */
#include "address_root.h"

#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>

/* What is forged says so; the mark comes behind it on the same way. */
#define FORGED 'x'
#define MARK '.'
#define PORT 5002
static int host[2]; /* where the host hears it: IPv4, IPv6 */
static bool fenced;

static void wait_at_most(int fd, int ms)
{
	const struct timeval time = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	MUST(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)) == 0);
	MUST(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)) == 0);
}

/* All that the host hears up to the mark is from there, and nothing forged. */
static void hear(int fd, const char *from)
{
	for (;;) {
		union address a;
		socklen_t size = sizeof(a);
		char byte;

		assert_int_equal(recvfrom(fd, &byte, 1, 0, &a.any, &size), 1);
		assert_string_equal(text_of(&a), from);
		if (byte == MARK)
			return;
		assert_int_not_equal(byte, FORGED);
	}
}

static void mark(void)
{
	autoclose int fd = open_socket("0.0.0.0", SOCK_DGRAM, 0);
	autoclose int fd6 = open_socket("::", SOCK_DGRAM, 0);
	const char byte = MARK;
	union address to = make_address("10.77.0.1", PORT);

	MUST(sendto(fd, &byte, 1, 0, &to.any, size_of(&to)) == 1);
	to = make_address("fd77::1", PORT);
	MUST(sendto(fd6, &byte, 1, 0, &to.any, size_of(&to)) == 1);
}

/* --- forged --- */

static void forge_raw(size_t which, int ready)
{
	const char *const from[] = { four[1 - which], "10.77.0.2", "203.0.113.9" };
	const char *const from6[] = { six[1 - which], "fd77::2", "2001:db8::9" };
	autoclose int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	autoclose int fd6 = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	struct {
		struct iphdr ip;
		struct udphdr udp;
		char byte;
	} __attribute__((packed)) packet = { .byte = FORGED };
	struct {
		struct ip6_hdr ip;
		struct udphdr udp;
		char byte;
	} __attribute__((packed)) packet6 = { .byte = FORGED };
	union address to = make_address("10.77.0.1", 0), to6 = make_address("fd77::1", 0);

	(void)ready;
	packet.ip = (struct iphdr){ .version = 4, .ihl = 5, .ttl = 9, .protocol = IPPROTO_UDP };
	packet.ip.tot_len = htons(sizeof(packet));
	packet.ip.daddr = to.four.sin_addr.s_addr;
	packet.udp.dest = packet6.udp.dest = htons(PORT);
	packet.udp.len = packet6.udp.len = htons(sizeof(packet.udp) + 1);
	packet6.ip.ip6_vfc = 6 << 4;
	packet6.ip.ip6_plen = packet6.udp.len;
	packet6.ip.ip6_nxt = IPPROTO_UDP;
	packet6.ip.ip6_hlim = 9;
	packet6.ip.ip6_dst = to6.six.sin6_addr;
	packet6.udp.check =
		0xffff; /* a wrong one is dropped later: what counts is that it may not leave */
	for (size_t i = 0; i < ARRAY_SIZE(from); i++) {
		packet.ip.saddr = make_address(from[i], 0).four.sin_addr.s_addr;
		MUST(sendto(fd, &packet, sizeof(packet), 0, &to.any, size_of(&to)) < 0);
		MUST(errno == EPERM);
		packet6.ip.ip6_src = make_address(from6[i], 0).six.sin6_addr;
		MUST(sendto(fd6, &packet6, sizeof(packet6), 0, &to6.any, size_of(&to6)) < 0);
		MUST(errno == EPERM);
	}
	packet.ip.saddr = make_address(four[which], 0).four.sin_addr.s_addr;
	packet.byte = 0;
	MUST(sendto(fd, &packet, sizeof(packet), 0, &to.any, size_of(&to)) == sizeof(packet));
	mark();
}

/* With IP_PKTINFO, at a socket that is connected and has its own address. */
static ssize_t send_from(int fd, const char *from)
{
	char room[CMSG_SPACE(sizeof(struct in6_pktinfo))] = { 0 };
	char byte = FORGED;
	struct iovec data = { &byte, 1 };
	struct msghdr m = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = room };
	struct cmsghdr *c = (struct cmsghdr *)room;
	const union address a = make_address(from, 0);
	struct in_pktinfo info = { .ipi_spec_dst = a.four.sin_addr };
	struct in6_pktinfo info6 = { .ipi6_addr = a.six.sin6_addr };
	const bool is_six = a.any.sa_family == AF_INET6;

	m.msg_controllen = is_six ? CMSG_SPACE(sizeof(info6)) : CMSG_SPACE(sizeof(info));
	c->cmsg_level = is_six ? IPPROTO_IPV6 : IPPROTO_IP;
	c->cmsg_type = is_six ? IPV6_PKTINFO : IP_PKTINFO;
	c->cmsg_len = is_six ? CMSG_LEN(sizeof(info6)) : CMSG_LEN(sizeof(info));
	if (is_six)
		memcpy(CMSG_DATA(c), &info6, sizeof(info6));
	else
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	return sendmsg(fd, &m, 0);
}

static void forge_by_pktinfo(size_t which, int ready)
{
	const char *const from[] = { four[1 - which], "10.77.0.2", six[1 - which], "fd77::2" };

	(void)ready;
	for (size_t i = 0; i < ARRAY_SIZE(from); i++) {
		autoclose int fd = open_socket(from[i], SOCK_DGRAM, 0);

		MUST(connect_to(fd, strchr(from[i], ':') ? "fd77::1" : "10.77.0.1", PORT) == 0);
		MUST(send_from(fd, from[i]) < 0 && (errno == EPERM || errno == EADDRNOTAVAIL));
	}
	mark();
}

static void no_packet_leaves_with_another_address(void **state)
{
	(void)state;
	if (!fenced)
		skip();
	for (uint32_t flags = 0; flags <= ADDRESS_PRIVATE_LOOPBACK;
	     flags += ADDRESS_PRIVATE_LOOPBACK) {
		arm_both(flags);
		in(1, forge_raw);
		hear(host[0], four[1]);
		hear(host[1], six[1]);
		in(1, forge_by_pktinfo);
		hear(host[0], four[1]);
		hear(host[1], six[1]);
	}
}

/* --- sockets without an address --- */

/* It is older than the data, or is given no address by bind(2). */
static void listen_without_bind(size_t which, int ready)
{
	autoclose int fd = open_socket("0.0.0.0", SOCK_STREAM, 0);
	union address a;
	socklen_t size = sizeof(a);

	(void)which;
	MUST(listen(fd, 8) == 0 && getsockname(fd, &a.any, &size) == 0);
	MUST(write(ready, &a.four.sin_port, sizeof(a.four.sin_port)) == sizeof(a.four.sin_port));
	answer(which, &fd, 1);
}

static void a_listener_is_reached_at_its_address_alone(void **state)
{
	uint16_t port;
	int ready;
	pid_t pid;

	(void)state;
	if (!fenced)
		skip();
	arm_both(0);
	pid = begin(1, listen_without_bind, &ready);
	assert_int_equal(read(ready, &port, sizeof(port)), sizeof(port));
	assert_int_equal(ask(four[0], ntohs(port), SOCK_STREAM), '-');
	assert_int_equal(ask("10.77.0.2", ntohs(port), SOCK_STREAM), '-');
	assert_int_equal(ask(four[1], ntohs(port), SOCK_STREAM), '1');
	end(pid, ready);
}

static void serve_older(size_t which, int ready)
{
	int fds[] = { serve("0.0.0.0", 7100, SOCK_STREAM, 0), serve("::", 7101, SOCK_STREAM, 0) };

	MUST(write(ready, "", 1) == 1);
	answer(which, fds, ARRAY_SIZE(fds));
}

static void a_socket_that_was_there_before_is_held_to_it(void **state)
{
	const struct address_data none = { 0 };
	struct err e;
	int ready;
	pid_t pid;
	char byte;

	(void)state;
	if (!fenced)
		skip();
	arm_both(0);
	assert_int_equal(address_arm(machine.tree, machine.groups[1], &none, &e), 0);
	pid = begin(1, serve_older, &ready);
	assert_int_equal(read(ready, &byte, 1), 1);
	assert_int_equal(ask(four[0], 7100, SOCK_STREAM), '1');
	arm(1, 0);
	assert_int_equal(ask(four[0], 7100, SOCK_STREAM), '-');
	assert_int_equal(ask(six[0], 7101, SOCK_STREAM), '-');
	assert_int_equal(ask(four[1], 7100, SOCK_STREAM), '1');
	assert_int_equal(ask(six[1], 7101, SOCK_STREAM), '1');
	end(pid, ready);
}

/* --- datagrams at sockets without an address --- */

static void receive_at_any(size_t which, int ready)
{
	autoclose int many = serve("0.0.0.0", 5353, SOCK_DGRAM, 0);
	const struct ip_mreqn group = {
		.imr_multiaddr.s_addr = make_address("224.0.0.251", 0).four.sin_addr.s_addr,
		.imr_ifindex = (int)if_nametoindex("dsn"),
	};
	const int yes = 1;
	union address from, to = make_address("10.77.0.1", PORT);
	socklen_t size = sizeof(from);
	char text[8] = "";

	(void)which;
	MUST(setsockopt(many, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)) == 0);
	MUST(setsockopt(many, SOL_SOCKET, SO_BROADCAST, &yes, sizeof(yes)) == 0);
	MUST(write(ready, "", 1) == 1);
	/* to its address, to many, to all; not what is another's */
	for (size_t i = 0; i < 3; i++) {
		MUST(recvfrom(many, text + i, 1, 0, &from.any, &size) == 1);
		MUST(is(text_of(&from), "10.77.0.1"));
	}
	MUST(is(text, "ouh"));
	/* what it sends is from its own */
	text[0] = MARK;
	MUST(sendto(many, text, 1, 0, &to.any, size_of(&to)) == 1);
}

static void datagrams_for_another_do_not_come(void **state)
{
	const char *const to[] = { four[0], four[1], "224.0.0.251", "10.77.0.255" };
	const char what[] = "xouh";
	autoclose int fd = open_socket("0.0.0.0", SOCK_DGRAM, 0);
	const struct ip_mreqn out = { .imr_ifindex = (int)if_nametoindex("dsh") };
	const int yes = 1;
	int ready, status;
	pid_t pid;
	char byte;

	(void)state;
	if (!fenced)
		skip();
	assert_int_equal(bind_to(fd, "10.77.0.1", 0), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &yes, sizeof(yes)), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof(out)), 0);
	arm_both(ADDRESS_PRIVATE_LOOPBACK);
	pid = begin(1, receive_at_any, &ready);
	assert_int_equal(read(ready, &byte, 1), 1);
	for (size_t i = 0; i < ARRAY_SIZE(to); i++) {
		const union address a = make_address(to[i], 5353);

		assert_int_equal(sendto(fd, &what[i], 1, 0, &a.any, size_of(&a)), 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(ready);
	hear(host[0], four[1]);
}

/* --- ping(8) --- */

static bool ping(const char *from, const char *to)
{
	const bool is_six = strchr(to, ':');
	autoclose int fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC,
				  is_six ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	const union address a = make_address(to, 0);
	char packet[16] = { 0 };

	MUST(fd >= 0);
	packet[0] = is_six ? (char)ICMP6_ECHO_REQUEST : ICMP_ECHO;
	wait_at_most(fd, 1000);
	MUST(!from || bind_to(fd, from, 0) == 0);
	return sendto(fd, packet, sizeof(packet), 0, &a.any, size_of(&a)) == sizeof(packet) &&
	       recv(fd, packet, sizeof(packet), 0) == sizeof(packet);
}

static void ping_all(size_t which, int ready)
{
	const char *const at[] = { "10.77.0.1",     "fd77::1",      four[which], six[which],
				   four[1 - which], six[1 - which], "127.0.0.1", "::1" };

	(void)ready;
	for (size_t i = 0; i < ARRAY_SIZE(at); i++)
		if (!ping(NULL, at[i]))
			fprintf(stderr, "no answer of %s\n", at[i]), _exit(1);
	MUST(ping(four[which], "10.77.0.1"));
	MUST(ping(six[which], "fd77::1"));
	if (fenced) {
		MUST(!ping(four[1 - which], "10.77.0.1"));
		MUST(!ping(six[1 - which], "fd77::1"));
	}
}

static void ping_works(void **state)
{
	(void)state;
	for (uint32_t flags = 0; flags <= ADDRESS_PRIVATE_LOOPBACK;
	     flags += ADDRESS_PRIVATE_LOOPBACK) {
		arm_both(flags);
		in(1, ping_all);
	}
}

/* --- a private loopback is reached from itself alone --- */

static void serve_at_loopback(size_t which, int ready)
{
	const int fds[] = { serve("127.0.0.1", 7200, SOCK_STREAM, 0),
			    serve("::1", 7200, SOCK_STREAM, 0) };

	MUST(ask("127.0.0.1", 7200, SOCK_DGRAM) == '-');
	MUST(write(ready, "", 1) == 1);
	answer(which, fds, ARRAY_SIZE(fds));
}

static void ask_loopback_of_another(size_t which, int ready)
{
	(void)which;
	(void)ready;
	MUST(ask("127.64.0.1", 7200, SOCK_STREAM) == '-');
	MUST(ask("fd77::7f00", 7200, SOCK_STREAM) == '-');
}

static void ask_own_loopback(size_t which, int ready)
{
	(void)ready;
	MUST(ask("127.0.0.1", 7200, SOCK_STREAM) == (char)('0' + which));
	MUST(ask("::1", 7200, SOCK_STREAM) == (char)('0' + which));
}

static void a_private_loopback_is_reached_from_itself_alone(void **state)
{
	int ready, status;
	pid_t pid, other;
	char byte;

	(void)state;
	if (!fenced)
		skip();
	arm_both(ADDRESS_PRIVATE_LOOPBACK);
	pid = begin(0, serve_at_loopback, &ready);
	assert_int_equal(read(ready, &byte, 1), 1);
	in(0, ask_own_loopback);
	in(1, ask_loopback_of_another);
	arm(1, 0);
	in(1, ask_loopback_of_another);
	/* nor by what has no address of its own, but for IPv6, where it takes the one that it goes to */
	other = fork();
	if (other == 0) {
		MUST(setns(machine.shared, CLONE_NEWNET) == 0);
		MUST(ask("127.64.0.1", 7200, SOCK_STREAM) == '-');
		_exit(0);
	}
	assert_int_equal(waitpid(other, &status, 0), other);
	assert_int_equal(status, 0);
	end(pid, ready);
}

static int set_up_fence(void **state)
{
	struct address_support support;

	if (set_up(state) < 0 ||
	    system("ip -n distros addr add fd77::2/64 dev dsn nodad; ip netns exec distros sh -c"
		   " 'echo 0 2147483647 >/proc/sys/net/ipv4/ping_group_range'"))
		return -1;
	address_probe(&support);
	fenced = support.fence;
	if (!fenced)
		print_message("this kernel cannot have the fence\n");
	host[0] = serve("10.77.0.1", PORT, SOCK_DGRAM, 0);
	host[1] = serve("fd77::1", PORT, SOCK_DGRAM, 0);
	wait_at_most(host[0], 5000);
	wait_at_most(host[1], 5000);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_packet_leaves_with_another_address),
		cmocka_unit_test(a_listener_is_reached_at_its_address_alone),
		cmocka_unit_test(a_socket_that_was_there_before_is_held_to_it),
		cmocka_unit_test(datagrams_for_another_do_not_come),
		cmocka_unit_test(ping_works),
		cmocka_unit_test(a_private_loopback_is_reached_from_itself_alone),
	};

	return cmocka_run_group_tests_name("address_fence_root", tests, set_up_fence, tear_down);
}
