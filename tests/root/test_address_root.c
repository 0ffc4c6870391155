/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Distributions with addresses of their own in the shared network of the private machine: what the kernel's programs make of
 * what theirs ask for.
 * world: legacy hybrid v2
 */
#include "address/address.h"
#include "base/auto.h"
#include "sys/netlink.h"
#include "sys/nsfd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static struct {
	int tree, shared, own;
	int groups[2];
} machine;
static const char *const four[] = { "10.77.0.10", "10.77.0.11" };
static const char *const six[] = { "fd77::10", "fd77::11" };

/* In a process of a distribution: what is not so ends it. */
#define MUST(what)                                                                              \
	do {                                                                                    \
		if (!(what)) {                                                                  \
			fprintf(stderr, "line %d: %s: %s\n", __LINE__, #what, strerror(errno)); \
			_exit(1);                                                               \
		}                                                                               \
	} while (0)

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};
static union address make_address(const char *text, unsigned port)
{
	union address ret = { 0 };

	if (strchr(text, ':')) {
		ret.six.sin6_family = AF_INET6;
		ret.six.sin6_port = htons((uint16_t)port);
		MUST(inet_pton(AF_INET6, text, &ret.six.sin6_addr) == 1);
	} else {
		ret.four.sin_family = AF_INET;
		ret.four.sin_port = htons((uint16_t)port);
		MUST(inet_pton(AF_INET, text, &ret.four.sin_addr) == 1);
	}
	return ret;
}
static socklen_t size_of(const union address *a)
{
	return a->any.sa_family == AF_INET6 ? sizeof(a->six) : sizeof(a->four);
}

static int open_socket(const char *at, int type, int protocol)
{
	int fd = socket(strchr(at, ':') ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, protocol);

	MUST(fd >= 0);
	return fd;
}
static int bind_to(int fd, const char *at, unsigned port)
{
	const union address a = make_address(at, port);

	return bind(fd, &a.any, size_of(&a));
}
static int connect_to(int fd, const char *to, unsigned port)
{
	const union address a = make_address(to, port);

	return connect(fd, &a.any, size_of(&a));
}
static const char *text_of(const union address *a)
{
	static char text[INET6_ADDRSTRLEN];

	return a->any.sa_family == AF_INET6
		       ? inet_ntop(AF_INET6, &a->six.sin6_addr, text, sizeof(text))
		       : inet_ntop(AF_INET, &a->four.sin_addr, text, sizeof(text));
}
static const char *name_of(int fd)
{
	union address a;
	socklen_t size = sizeof(a);

	MUST(getsockname(fd, &a.any, &size) == 0);
	return text_of(&a);
}
static const char *peer_of(int fd)
{
	union address a;
	socklen_t size = sizeof(a);

	MUST(getpeername(fd, &a.any, &size) == 0);
	return text_of(&a);
}
static bool is(const char *one, const char *other)
{
	if (strcmp(one, other) == 0)
		return true;
	fprintf(stderr, "'%s' is not '%s'\n", one, other);
	return false;
}
/* Refused as an address that is not there. */
static bool is_refused(int rc)
{
	return rc < 0 && errno == EADDRNOTAVAIL;
}
static int serve(const char *at, unsigned port, int type, int protocol)
{
	const int yes = 1;
	int fd = open_socket(at, type, protocol);

	MUST(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 ||
	     type != SOCK_STREAM);
	MUST(bind_to(fd, at, port) == 0);
	if (type == SOCK_STREAM)
		MUST(listen(fd, 8) == 0);
	return fd;
}

/* A process of the distribution: in its group, then in the shared network. */
static pid_t begin(size_t which, void (*work)(size_t which, int ready), int *ret_ready)
{
	int pipe_fds[2];
	pid_t pid;

	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		autoclose int procs =
			openat(machine.groups[which], "cgroup.procs", O_WRONLY | O_CLOEXEC);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(20);
		MUST(write(procs, "0", 1) == 1);
		MUST(setns(machine.shared, CLONE_NEWNET) == 0);
		work(which, pipe_fds[1]);
		_exit(0);
	}
	close(pipe_fds[1]);
	*ret_ready = pipe_fds[0];
	return pid;
}
static void in(size_t which, void (*work)(size_t which, int ready))
{
	int ready, status;
	pid_t pid = begin(which, work, &ready);

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(ready);
}

static uint32_t word(const char *text)
{
	uint32_t ret;

	assert_int_equal(inet_pton(AF_INET, text, &ret), 1);
	return ret;
}
static void arm(size_t which, uint32_t flags)
{
	struct address_data data = { .flags = flags, .v4 = { word(four[which]) } }, again;
	struct err e = { 0 };

	assert_int_equal(netns_cookie_apart(machine.shared, &data.cookie, &e), 0);
	assert_int_equal(inet_pton(AF_INET6, six[which], data.v6[0]), 1);
	data.loopback = word(which ? "127.64.1.0" : "127.64.0.0");
	assert_int_equal(inet_pton(AF_INET6, which ? "fd77::7f01" : "fd77::7f00", data.loopback6),
			 1);
	if (address_arm(machine.tree, machine.groups[which], &data, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(address_read(machine.tree, machine.groups[which], &again, &e), 0);
	assert_memory_equal(&again, &data, sizeof(data));
}
static void arm_both(uint32_t flags)
{
	arm(0, flags);
	arm(1, flags);
}

/* Who it is, to each that asks, at several sockets, until it is ended. */
static void answer(size_t which, const int *fds, size_t n)
{
	struct pollfd polled[8];
	char name[] = "0";

	name[0] = (char)('0' + which);
	for (;;) {
		for (size_t i = 0; i < n; i++)
			polled[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
		MUST(poll(polled, n, -1) > 0);
		for (size_t i = 0; i < n; i++) {
			union address from;
			socklen_t size = sizeof(from);
			char text[8];
			int type;

			if (!polled[i].revents)
				continue;
			MUST(getsockopt(fds[i], SOL_SOCKET, SO_TYPE, &type,
					&(socklen_t){ sizeof(type) }) == 0);
			if (type == SOCK_DGRAM) {
				MUST(recvfrom(fds[i], text, sizeof(text), 0, &from.any, &size) > 0);
				MUST(sendto(fds[i], name, 1, 0, &from.any, size) == 1);
				continue;
			}
			autoclose int client = accept4(fds[i], NULL, NULL, SOCK_CLOEXEC);
			MUST(write(client, name, 1) == 1);
		}
	}
}
static char ask(const char *at, unsigned port, int type)
{
	const struct timeval second = { .tv_sec = 1 };
	autoclose int fd = open_socket(at, type, 0);
	char ret = '?';

	(void)!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	(void)!setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second));
	if (connect_to(fd, at, port) < 0)
		return '-';
	if (type == SOCK_DGRAM && send(fd, "?", 1, 0) != 1)
		return '-';
	return read(fd, &ret, 1) == 1 ? ret : '-';
}

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

static void end(pid_t pid, int ready)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready);
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

/* --- the machine --- */

static int set_up(void **state)
{
	struct err e = { 0 };

	(void)state;
	machine.tree = address_tree_open(&e);
	machine.shared = open("/run/netns/distros", O_RDONLY | O_CLOEXEC);
	machine.own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (machine.tree < 0 || machine.shared < 0 ||
	    system("ip addr add fd77::1/64 dev dsh nodad && for i in 10 11; do"
		   " ip -n distros addr add 10.77.0.$i/32 dev lo && ip -n distros addr add fd77::$i/64 dev dsn nodad &&"
		   " ip route add 10.77.0.$i via 10.77.0.2; done &&"
		   " ip -n distros addr add fd77::7f00/128 dev lo nodad && ip -n distros addr add fd77::7f01/128 dev lo nodad"))
		return -1;
	for (int i = 0; i < 2; i++) {
		char name[] = "address-0";

		name[8] = (char)('0' + i);
		if (mkdirat(machine.tree, name, 0755) < 0)
			return -1;
		machine.groups[i] = openat(machine.tree, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		close(machine.groups[i]);
	if (unlinkat(machine.tree, "address-0", AT_REMOVEDIR) < 0 ||
	    unlinkat(machine.tree, "address-1", AT_REMOVEDIR) < 0 ||
	    unlinkat(machine.tree, ADDRESS_ANCHOR, AT_REMOVEDIR) < 0)
		return -1;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_serves_the_same_ports_at_its_address),
		cmocka_unit_test(only_own_addresses_can_be_taken),
		cmocka_unit_test(localhost_can_be_private),
		cmocka_unit_test(replies_come_from_what_was_asked),
		cmocka_unit_test(low_ports_are_of_whom_the_data_says),
		cmocka_unit_test(other_networks_are_left_alone),
	};

	return cmocka_run_group_tests_name("address_root", tests, set_up, tear_down);
}
