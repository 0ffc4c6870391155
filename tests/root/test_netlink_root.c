/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtnetlink where another process with power over the network speaks to our socket, too.
 * world: hybrid
 */
#include "base/auto.h"
#include "sys/netlink.h"
#include "sys/netlink_route.h"
#include "sys/netns_sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

/* To the socket `to`, as if the kernel said it: that there is a link of this number, and no other. */
static void forge(int to, int index)
{
	const struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
		struct nlmsghdr end;
	} said = {
		.header = { .nlmsg_len = NLMSG_LENGTH(sizeof(said.link)),
			    .nlmsg_type = RTM_NEWLINK },
		.link = { .ifi_index = index },
		.end = { .nlmsg_len = NLMSG_LENGTH(0), .nlmsg_type = NLMSG_DONE },
	};
	struct sockaddr_nl address = { 0 };
	socklen_t size = sizeof(address);
	autoclose int from = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	assert_true(from >= 0);
	assert_int_equal(getsockname(to, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(
		sendto(from, &said, sizeof(said), 0, (struct sockaddr *)&address, sizeof(address)),
		sizeof(said));
}

static void test_only_the_kernel_is_believed(void **state)
{
	struct err e = { 0 };
	autoclose int fd = netlink_open(&e);
	unsigned index = 0;

	(void)state;
	assert_true(fd >= 0);
	forge(fd, 4711);
	assert_int_equal(netlink_find(fd, "lo", &index, &e), 0);
	assert_int_equal(index, if_nametoindex("lo"));
	forge(fd, 4711);
	assert_int_equal(netlink_find(fd, "not-there", &index, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
}

static void test_links_and_addresses_of_all(void **state)
{
	struct err e = { 0 };
	autoclose int fd = netlink_open(&e);
	struct link_addresses all, none;
	autoarena arena = { 0 };
	autostrbuf links = { 0 };

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(netlink_links(fd, &links, &e), 0);
	/* what the private machine has made, and the number of lo in each network */
	assert_non_null(strstr(strbuf_text(&links), "1 up lo\n"));
	assert_non_null(strstr(strbuf_text(&links), " up dsh\n"));
	assert_int_equal(netlink_addresses(fd, 0, &arena, &all, &e), 0);
	assert_true(all.n >= 1);
	assert_int_equal(netlink_addresses(fd, 1u << 30, &arena, &none, &e), 0);
	assert_int_equal(none.n, 0);
}

/* Their removal may come late: the namespace of the other end may have ended, and the device with it. */
static void test_what_is_not_there_is_not_found(void **state)
{
	static const char *const texts[] = { "169.254.64.1", "fe80:7:7::1" };
	struct err e = { 0 };
	autoclose int fd = netlink_open(&e);
	unsigned lo = if_nametoindex("lo");

	(void)state;
	assert_true(fd >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct link_address address = { .family = i ? AF_INET6 : AF_INET,
						.prefix = i ? 128 : 32,
						.size = i ? 16 : 4,
						.has_local = true,
						.has_address = true };

		assert_int_equal(inet_pton(address.family, texts[i], address.local), 1);
		assert_int_equal(inet_pton(address.family, texts[i], address.address), 1);
		assert_int_equal(netlink_remove_address(fd, lo, &address, &e), -1);
		assert_int_equal(e.kind, ERR_NOT_FOUND);
		assert_int_equal(netlink_remove_address(fd, 1u << 30, &address, &e), -1);
		assert_int_equal(e.kind, ERR_NOT_FOUND);
	}
}

static struct route_address address_of(const char *text)
{
	bool four = strchr(text, ':') == NULL;
	struct route_address ret = { .family = four ? AF_INET : AF_INET6, .size = four ? 4 : 16 };

	assert_int_equal(inet_pton(ret.family, text, ret.bytes), 1);
	return ret;
}

static bool goes_from(int fd, const char *to, const char *from)
{
	const struct route_address asked = address_of(to), wanted = address_of(from);
	struct route_way way;
	struct err e;

	if (netlink_way_to(fd, &asked, &way, &e) < 0) {
		assert_int_equal(e.kind, ERR_NOT_FOUND);
		return false;
	}
	return memcmp(way.source.bytes, wanted.bytes, wanted.size) == 0;
}

static bool goes_by_gateway(int fd, const char *to)
{
	const struct route_address asked = address_of(to);
	struct route_way way;
	struct err e;

	assert_int_equal(netlink_way_to(fd, &asked, &way, &e), 0);
	return way.by_gateway;
}

/* In a network of its own: nothing else in this process needs the machine's. */
static void test_a_way_to_neighbours_of_an_address(void **state)
{
	const struct link_address own = { .family = AF_INET,
					  .prefix = 31,
					  .size = 4,
					  .has_local = true,
					  .has_address = true,
					  .local = { 169, 254, 64, 1 },
					  .address = { 169, 254, 64, 1 } };
	struct route route = { .to = address_of("10.91.7.5"),
			       .gateway = address_of("169.254.64.0"),
			       .prefix = 20,
			       .metric = 7 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	autoclose int fd = netlink_open(&e);
	autoclose int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_int_equal(netlink_make_pair(fd, "one", "other", here, &e), 0);
	assert_false(goes_from(fd, "10.91.0.1", "169.254.64.1"));
	assert_false(goes_from(fd, "fd00::1", "::1"));
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(netlink_find(fd, i ? "one" : "other", &route.index, &e), 0);
		assert_int_equal(netlink_up(fd, route.index, &e), 0);
	}
	assert_int_equal(netlink_add_address(fd, route.index, &own, &e), 0);
	assert_int_equal(netlink_set_route(fd, &route, &e), 0);
	assert_int_equal(netlink_set_route(fd, &route, &e), 0);
	assert_true(goes_from(fd, "10.91.0.0", "169.254.64.1"));
	assert_true(goes_by_gateway(fd, "10.91.0.0"));
	assert_false(goes_by_gateway(fd, "169.254.64.0"));
	assert_false(goes_by_gateway(fd, "169.254.64.1"));
	assert_true(goes_from(fd, "10.91.15.255", "169.254.64.1"));
	assert_false(goes_from(fd, "10.91.16.0", "169.254.64.1"));
	assert_int_equal(netlink_remove_address(fd, route.index, &own, &e), 0);
	assert_false(goes_from(fd, "10.91.0.1", "169.254.64.1"));
}

/* Of a kind and at an address; the caller closes it. */
static int open_socket(int family, int type, const char *at)
{
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	const void *address = family == AF_INET ? (const void *)&four : &six;
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(
		inet_pton(family, at, family == AF_INET ? (void *)&four.sin_addr : &six.sin6_addr),
		1);
	assert_int_equal(bind(fd, address, family == AF_INET ? sizeof(four) : sizeof(six)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void test_sockets_are_found(void **state)
{
	static const struct {
		int family, type;
		const char *at;
		bool any;
	} kinds[] = {
		{ AF_INET, SOCK_STREAM, "127.0.0.1", true },
		{ AF_INET6, SOCK_STREAM, "::1", true },
		{ AF_INET, SOCK_DGRAM, "127.0.0.1", true },
		{ AF_INET6, SOCK_DGRAM, "::1", true },
		{ AF_INET, SOCK_STREAM, NETNS_ENGINES_RESOLVER, false },
		{ AF_INET, SOCK_DGRAM, NETNS_ENGINES_RESOLVER, false },
	};
	struct netns_sockets found;
	struct err e = { 0 };
	unsigned lo;

	(void)state;
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	autoclose int fd = netlink_open(&e);
	assert_int_equal(netlink_find(fd, "lo", &lo, &e), 0);
	assert_int_equal(netlink_up(fd, lo, &e), 0);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		assert_int_equal(netns_sockets_look(&found, &e), 0);
		assert_false(found.any || found.resolver.tcp || found.resolver.udp);
		autoclose int one = open_socket(kinds[i].family, kinds[i].type, kinds[i].at);
		assert_int_equal(netns_sockets_look(&found, &e), 0);
		assert_int_equal(found.any, kinds[i].any);
		assert_int_equal(found.resolver.tcp != 0,
				 !kinds[i].any && kinds[i].type == SOCK_STREAM);
		assert_int_equal(found.resolver.udp != 0,
				 !kinds[i].any && kinds[i].type == SOCK_DGRAM);
	}
}

/* What cannot be read is looked at by sock_diag. */
static void test_counts_are_read_exactly(void **state)
{
	static const char four[] = "sockets: used 80\nTCP: inuse 0 orphan 0\nUDP: inuse 0 mem 0\n",
			  six[] = "TCP6: inuse 0\nUDP6: inuse 0\n";

	(void)state;
	assert_true(netns_sockets_are_none(four, six));
	assert_true(netns_sockets_are_none(four, NULL));
	assert_false(netns_sockets_are_none(six, four));
	assert_false(netns_sockets_are_none(four, ""));
	assert_false(netns_sockets_are_none("", six));
	assert_false(netns_sockets_are_none("TCP: inuse 0\nUDP: inuse 03\n", six));
	assert_false(netns_sockets_are_none("TCP: inuse 1\nUDP: inuse 0\n", six));
	assert_false(netns_sockets_are_none(four, "TCP6: inuse 0\nUDP6: inuse 0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_the_kernel_is_believed),
		cmocka_unit_test(test_links_and_addresses_of_all),
		cmocka_unit_test(test_what_is_not_there_is_not_found),
		cmocka_unit_test(test_counts_are_read_exactly),
		/* the last ones: they leave the machine's network */
		cmocka_unit_test(test_a_way_to_neighbours_of_an_address),
		cmocka_unit_test(test_sockets_are_found),
	};

	return cmocka_run_group_tests_name("netlink_root", tests, NULL, NULL);
}
