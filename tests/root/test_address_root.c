/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Distributions with addresses of their own in the shared network of the private machine: what the kernel's programs make of
 * what theirs ask for.
 * world: legacy hybrid v2
 */
#include "address_root.h"

/* --- the same ports in each --- */

static void serve_at_any(size_t which, int ready)
{
	const int fds[] = {
		serve("0.0.0.0", 22, SOCK_STREAM, 0),
		serve("0.0.0.0", 8081, SOCK_STREAM, IPPROTO_MPTCP),
		serve("0.0.0.0", 53, SOCK_DGRAM, 0),
	};
	int only = open_socket("::", SOCK_STREAM, 0);
	const int yes = 1;
	int all[4] = { fds[0], fds[1], fds[2], only };

	MUST(setsockopt(only, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes)) == 0);
	MUST(setsockopt(only, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0);
	MUST(bind_to(only, "::", 22) == 0 && listen(only, 8) == 0);
	MUST(is(name_of(fds[0]), "0.0.0.0"));
	MUST(is(name_of(only), "::"));
	MUST(write(ready, "", 1) == 1);
	answer(which, all, ARRAY_SIZE(all));
}

static void ask_itself(size_t which, int ready)
{
	const char own = (char)('0' + which);
	char unused;

	(void)ready;
	(void)unused;
	MUST(ask("127.0.0.1", 22, SOCK_STREAM) == own);
	MUST(ask("::1", 22, SOCK_STREAM) == own);
	MUST(ask(four[which], 22, SOCK_STREAM) == own);
	MUST(ask(four[1 - which], 22, SOCK_STREAM) == (char)('1' - which));
	MUST(ask("127.0.0.1", 53, SOCK_DGRAM) == own);
}

static void each_serves_the_same_ports_at_its_address(void **state)
{
	(void)state;
	for (uint32_t flags = 0; flags <= ADDRESS_PRIVATE_LOOPBACK;
	     flags += ADDRESS_PRIVATE_LOOPBACK) {
		pid_t pids[2];
		int ready[2];
		char byte;

		arm_both(flags);
		for (size_t i = 0; i < 2; i++) {
			pids[i] = begin(i, serve_at_any, &ready[i]);
			assert_int_equal(read(ready[i], &byte, 1), 1);
		}
		for (size_t i = 0; i < 2; i++) {
			const char own = (char)('0' + i);

			assert_int_equal(ask(four[i], 22, SOCK_STREAM), own);
			assert_int_equal(ask(six[i], 22, SOCK_STREAM), own);
			assert_int_equal(ask(four[i], 8081, SOCK_STREAM), own);
			assert_int_equal(ask(four[i], 53, SOCK_DGRAM), own);
			in(i, ask_itself);
		}
		assert_int_equal(ask("10.77.0.2", 22, SOCK_STREAM), '-');
		for (size_t i = 0; i < 2; i++)
			end(pids[i], ready[i]);
	}
}

/* --- a server of both families, as Go, Java and node make them --- */

static void serve_both_families(size_t which, int ready)
{
	const int fds[] = {
		serve("::", 8080, SOCK_STREAM, 0),
		serve("::", 8081, SOCK_STREAM, IPPROTO_MPTCP),
		serve("::", 53, SOCK_DGRAM, 0),
	};

	MUST(is(name_of(fds[0]), "::"));
	MUST(write(ready, "", 1) == 1);
	answer(which, fds, ARRAY_SIZE(fds));
}

static void ask_both_families(size_t which, int ready)
{
	const char own = (char)('0' + which);

	(void)ready;
	MUST(ask("127.0.0.1", 8080, SOCK_STREAM) == own);
	MUST(ask("::1", 8080, SOCK_STREAM) == own);
	MUST(ask("::ffff:127.0.0.1", 8080, SOCK_STREAM) == own);
	MUST(ask("::1", 53, SOCK_DGRAM) == own);
	MUST(ask(four[which], 8080, SOCK_STREAM) == own);
	MUST(ask(four[1 - which], 8080, SOCK_STREAM) == (char)('1' - which));
}

static void a_server_of_both_families_has_the_address_of_ipv4(void **state)
{
	(void)state;
	for (uint32_t flags = 0; flags <= ADDRESS_PRIVATE_LOOPBACK;
	     flags += ADDRESS_PRIVATE_LOOPBACK) {
		pid_t pids[2];
		int ready[2];
		char byte;

		arm_both(flags);
		/* with an address of IPv6, and without */
		arm_without_six(1, flags);
		for (size_t i = 0; i < 2; i++) {
			pids[i] = begin(i, serve_both_families, &ready[i]);
			assert_int_equal(read(ready[i], &byte, 1), 1);
		}
		for (size_t i = 0; i < 2; i++) {
			const char own = (char)('0' + i);

			assert_int_equal(ask(four[i], 8080, SOCK_STREAM), own);
			assert_int_equal(ask(four[i], 8081, SOCK_STREAM), own);
			assert_int_equal(ask(four[i], 53, SOCK_DGRAM), own);
			in(i, ask_both_families);
		}
		for (size_t i = 0; i < 2; i++)
			end(pids[i], ready[i]);
	}
}

/* --- addresses --- */

static void take_others(size_t which, int ready)
{
	const int yes = 1;
	autoclose int fd = open_socket("0.0.0.0", SOCK_STREAM, 0);
	autoclose int fd6 = open_socket("::", SOCK_STREAM, 0);
	autoclose int datagrams = open_socket("0.0.0.0", SOCK_DGRAM, 0);

	(void)ready;
	MUST(is_refused(bind_to(fd, four[1 - which], 7000)));
	MUST(is_refused(bind_to(fd, "10.77.0.2", 7000)));
	MUST(setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &yes, sizeof(yes)) == 0);
	MUST(is_refused(bind_to(fd, "203.0.113.9", 7000)));
	MUST(is_refused(bind_to(fd6, six[1 - which], 7000)));
	MUST(is_refused(bind_to(fd6, "::ffff:10.77.0.2", 7000)));
	MUST(bind_to(fd, four[which], 7000) == 0);
	MUST(bind_to(fd6, six[which], 7000) == 0);
	MUST(bind_to(datagrams, "224.0.0.251", 5353) == 0);
	/* what it asks comes from there */
	autoclose int client = open_socket("0.0.0.0", SOCK_DGRAM, 0);
	autoclose int client6 = open_socket("::", SOCK_DGRAM, 0);
	MUST(connect_to(client, "10.77.0.1", 9) == 0);
	MUST(is(name_of(client), four[which]));
	MUST(connect_to(client6, "fd77::1", 9) == 0);
	MUST(is(name_of(client6), six[which]));
}

static void only_own_addresses_can_be_taken(void **state)
{
	(void)state;
	arm_both(0);
	in(0, take_others);
	in(1, take_others);
}

/* --- localhost --- */

static void use_private_loopback(size_t which, int ready)
{
	autoclose int server = serve("127.0.0.1", 7000, SOCK_STREAM, 0);
	autoclose int other = serve("127.0.0.53", 7000, SOCK_STREAM, 0);
	autoclose int client = open_socket("127.0.0.1", SOCK_STREAM, 0);

	(void)which;
	(void)ready;
	MUST(is(name_of(server), "127.0.0.1"));
	MUST(is(name_of(other), "127.0.0.53"));
	MUST(connect_to(client, "127.0.0.1", 7000) == 0);
	autoclose int served = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	MUST(is(peer_of(client), "127.0.0.1"));
	MUST(is(name_of(served), "127.0.0.1"));
	MUST(is(peer_of(served), "127.0.0.1"));
	autoclose int server6 = serve("::1", 7000, SOCK_STREAM, 0);
	autoclose int client6 = open_socket("::1", SOCK_STREAM, 0);
	MUST(is(name_of(server6), "::1"));
	MUST(connect_to(client6, "::1", 7000) == 0);
	MUST(is(peer_of(client6), "::1"));
}

static void hold_private_loopback(size_t which, int ready)
{
	serve("127.0.0.1", 7000, SOCK_STREAM, 0);
	serve("::1", 7000, SOCK_STREAM, 0);
	(void)which;
	MUST(write(ready, "", 1) == 1);
	pause();
}

static void find_no_loopback(size_t which, int ready)
{
	(void)which;
	(void)ready;
	MUST(ask("127.0.0.1", 7000, SOCK_STREAM) == '-');
	MUST(ask("::1", 7000, SOCK_STREAM) == '-');
}

static void localhost_can_be_private(void **state)
{
	int ready;
	pid_t pid;
	char byte;

	(void)state;
	arm_both(ADDRESS_PRIVATE_LOOPBACK);
	pid = begin(0, hold_private_loopback, &ready);
	assert_int_equal(read(ready, &byte, 1), 1);
	in(1, find_no_loopback);
	in(1, use_private_loopback);
	end(pid, ready);
}

/* --- datagrams --- */

static void ask_resolver(size_t which, int ready)
{
	autoclose int server = serve("0.0.0.0", 53, SOCK_DGRAM, 0);
	autoclose int client = open_socket("0.0.0.0", SOCK_DGRAM, 0);
	union address from, to = make_address("127.0.0.1", 53);
	socklen_t size = sizeof(from);
	char text[8];

	(void)which;
	(void)ready;
	MUST(sendto(client, "?", 1, 0, &to.any, size_of(&to)) == 1);
	MUST(recvfrom(server, text, sizeof(text), 0, &from.any, &size) == 1);
	MUST(sendto(server, "!", 1, 0, &from.any, size) == 1);
	size = sizeof(from);
	MUST(recvfrom(client, text, sizeof(text), 0, &from.any, &size) == 1);
	MUST(is(text_of(&from), "127.0.0.1"));
}

/* As avahi and systemd-resolved: they share the port once they have it, and name an address of each link that they tell. */
static void share_port_later(size_t which, int ready)
{
	autoclose int many = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	autoclose int other = -1;
	const int yes = 1;
	struct in_pktinfo by = { .ipi_ifindex = (int)if_nametoindex("dsn") };
	union address to = make_address("224.0.0.251", 5353);
	char control[CMSG_SPACE(sizeof(by))] = { 0 };
	struct msghdr message = {
		.msg_name = &to,
		.msg_namelen = size_of(&to),
		.msg_iov = &(struct iovec){ (char[]){ "?" }, 1 },
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *part = CMSG_FIRSTHDR(&message);

	(void)which;
	(void)ready;
	MUST(bind_to(many, "0.0.0.0", 5353) == 0);
	MUST(setsockopt(many, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0);
	other = serve("0.0.0.0", 5353, SOCK_DGRAM, 0);
	MUST(other >= 0);
	MUST(inet_pton(AF_INET, "10.77.0.2", &by.ipi_spec_dst) == 1);
	*part = (struct cmsghdr){ .cmsg_level = IPPROTO_IP,
				  .cmsg_type = IP_PKTINFO,
				  .cmsg_len = CMSG_LEN(sizeof(by)) };
	memcpy(CMSG_DATA(part), &by, sizeof(by));
	MUST(sendmsg(many, &message, 0) == 1);
	/* to one alone it cannot */
	to = make_address("10.77.0.1", 5353);
	MUST(sendmsg(many, &message, 0) < 0);
}

static void tell_link(size_t which, int ready)
{
	autoclose int many = serve("::", 5353, SOCK_DGRAM, 0);
	struct in6_pktinfo by = { .ipi6_ifindex = if_nametoindex("dsn") };
	union address to = make_address("ff02::fb", 5353);
	char control[CMSG_SPACE(sizeof(by))] = { 0 };
	struct msghdr message = {
		.msg_name = &to,
		.msg_namelen = size_of(&to),
		.msg_iov = &(struct iovec){ (char[]){ "?" }, 1 },
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *part = CMSG_FIRSTHDR(&message);

	(void)ready;
	MUST(inet_pton(AF_INET6, six[1 - which], &by.ipi6_addr) == 1);
	*part = (struct cmsghdr){ .cmsg_level = IPPROTO_IPV6,
				  .cmsg_type = IPV6_PKTINFO,
				  .cmsg_len = CMSG_LEN(sizeof(by)) };
	memcpy(CMSG_DATA(part), &by, sizeof(by));
	MUST(sendmsg(many, &message, 0) == 1);
}

static void share_port(size_t which, int ready)
{
	autoclose int many = serve("0.0.0.0", 5353, SOCK_DGRAM, 0);
	autoclose int own = serve("0.0.0.0", 5354, SOCK_DGRAM, 0);
	const char *const at[] = { "10.77.0.1", four[1 - which] };
	autoclose int other = -1;
	union address to;

	(void)ready;
	/* what is sent from such a port comes from the own address all the same */
	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		to = make_address(at[i], 5353);
		MUST(sendto(many, "?", 1, 0, &to.any, size_of(&to)) == 1);
	}
	other = serve("0.0.0.0", 5353, SOCK_DGRAM, 0);
	(void)own;
	(void)other;
}

static void replies_come_from_what_was_asked(void **state)
{
	(void)state;
	arm_both(0);
	in(0, ask_resolver);
	arm_both(ADDRESS_PRIVATE_LOOPBACK);
	in(1, ask_resolver);
	in(1, share_port);
	in(1, share_port_later);
	in(1, tell_link);
}

/* --- the rest --- */

static void take_low_port(size_t which, int ready)
{
	autoclose int fd = open_socket("0.0.0.0", SOCK_STREAM, 0);

	(void)ready;
	MUST(setresuid(1000, 1000, 1000) == 0);
	MUST((bind_to(fd, "0.0.0.0", 80) == 0) == (which == 0));
}

static void low_ports_are_of_whom_the_data_says(void **state)
{
	(void)state;
	arm(0, ADDRESS_LOW_PORTS);
	arm(1, 0);
	in(0, take_low_port);
	in(1, take_low_port);
}

/* A localhost of its own, and the addresses of the network. */
static void use_addresses_of_the_network(size_t which, int ready)
{
	const char *const at[] = { "0.0.0.0", "10.77.0.2", "::", "fd77::2" };
	const char *const to[] = { "10.77.0.1", "10.77.0.1", "fd77::1", "fd77::1" };

	(void)which;
	(void)ready;
	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		const bool is_six = strchr(at[i], ':');
		autoclose int server = serve(at[i], 7600, SOCK_STREAM, 0);
		autoclose int client = open_socket(at[i], SOCK_STREAM, 0);
		autoclose int datagrams = open_socket(at[i], SOCK_DGRAM, 0);
		autoclose int answers = open_socket(at[i], SOCK_DGRAM, 0);
		union address a = make_address(to[i], 9);

		MUST(is(name_of(server), at[i]));
		MUST(connect_to(client, is_six ? "fd77::2" : "10.77.0.2", 7600) == 0);
		MUST(connect_to(datagrams, to[i], 9) == 0);
		MUST(is(name_of(datagrams), is_six ? "fd77::2" : "10.77.0.2"));
		MUST(bind_to(answers, at[i], 0) == 0);
		MUST(sendto(answers, "?", 1, 0, &a.any, size_of(&a)) == 1);
	}
	use_private_loopback(which, ready);
	autoclose int server = serve("0.0.0.0", 7601, SOCK_STREAM, 0);
	autoclose int client = open_socket("0.0.0.0", SOCK_STREAM, 0);
	MUST(connect_to(client, "127.0.0.1", 7601) == 0);
	MUST(is(peer_of(client), "127.0.0.1"));
}

static void a_localhost_can_be_had_without_an_address(void **state)
{
	const struct address_data none = { 0 };
	struct address_data data = {
		.flags = ADDRESS_PRIVATE_LOOPBACK | ADDRESS_LOW_PORTS,
		.loopback = word("127.64.1.0"),
	};
	struct err e;
	int ready;
	pid_t pid;
	char byte;

	(void)state;
	assert_int_equal(system("ip -n distros addr add fd77::2/64 dev dsn nodad"), 0);
	assert_int_equal(netns_cookie_apart(machine.shared, &data.cookie, &e), 0);
	assert_int_equal(inet_pton(AF_INET6, "fd77::7f01", data.loopback6), 1);
	arm(0, ADDRESS_PRIVATE_LOOPBACK);
	assert_int_equal(address_arm(machine.tree, machine.groups[1], &none, &e), 0);
	assert_int_equal(address_arm(machine.tree, machine.groups[1], &data, &e), 0);
	pid = begin(0, hold_private_loopback, &ready);
	assert_int_equal(read(ready, &byte, 1), 1);
	in(1, find_no_loopback);
	in(1, use_addresses_of_the_network);
	end(pid, ready);
}

static void use_nested_network(size_t which, int ready)
{
	struct err e;
	unsigned lo;

	(void)which;
	(void)ready;
	MUST(unshare(CLONE_NEWNET) == 0);
	autoclose int fd = netlink_open(&e);
	MUST(netlink_find(fd, "lo", &lo, &e) == 0 && netlink_up(fd, lo, &e) == 0);
	autoclose int server = serve("0.0.0.0", 22, SOCK_STREAM, 0);
	autoclose int client = open_socket("127.0.0.1", SOCK_STREAM, 0);
	MUST(connect_to(client, "127.0.0.7", 22) == 0);
	MUST(is(peer_of(client), "127.0.0.7"));
	autoclose int served = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	MUST(is(name_of(served), "127.0.0.7"));
}

static void other_networks_are_left_alone(void **state)
{
	(void)state;
	arm_both(ADDRESS_PRIVATE_LOOPBACK);
	in(0, use_nested_network);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_serves_the_same_ports_at_its_address),
		cmocka_unit_test(a_server_of_both_families_has_the_address_of_ipv4),
		cmocka_unit_test(only_own_addresses_can_be_taken),
		cmocka_unit_test(localhost_can_be_private),
		cmocka_unit_test(replies_come_from_what_was_asked),
		cmocka_unit_test(low_ports_are_of_whom_the_data_says),
		cmocka_unit_test(a_localhost_can_be_had_without_an_address),
		cmocka_unit_test(other_networks_are_left_alone),
	};

	return cmocka_run_group_tests_name("address_root", tests, set_up, tear_down);
}
