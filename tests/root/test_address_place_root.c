/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of a pool on the loopback of a network: put there, served at, and taken off with the last one that holds them.
 * world: hybrid
 */
#include "address/place.h"
#include "address/pool.h"
#include "base/auto.h"
#include "sys/netlink.h"
#include "sys/nsfd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

static char four[] = "10.78.0.9", six[] = "fd78::9";
static char *texts[] = { four, six };
static const struct strlist addresses = { .n = 2, .v = texts };

/* A network of the test's own; the caller stays in its own one. */
static int new_network(uint64_t *ret_cookie)
{
	struct err e;
	autoclose int own = nsfd_own("net", &e), socket = -1;
	unsigned lo;
	int network;

	assert_true(own >= 0);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	network = nsfd_own("net", &e);
	assert_true(network >= 0);
	assert_int_equal(netns_cookie(ret_cookie, &e), 0);
	socket = netlink_open(&e);
	assert_true(socket >= 0);
	assert_int_equal(netlink_find(socket, "lo", &lo, &e), 0);
	assert_int_equal(netlink_up(socket, lo, &e), 0);
	assert_int_equal(setns(own, CLONE_NEWNET), 0);
	return network;
}

/* Whether a program there can serve at that address. */
static bool can_bind(int network, const char *text)
{
	const bool v6 = strchr(text, ':');
	struct sockaddr_in6 at6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in at4 = { .sin_family = AF_INET };
	struct err e;
	autoclose int own = nsfd_own("net", &e), fd = -1;
	int rc;

	assert_int_equal(inet_pton(v6 ? AF_INET6 : AF_INET, text,
				   v6 ? (void *)&at6.sin6_addr : (void *)&at4.sin_addr),
			 1);
	assert_int_equal(setns(network, CLONE_NEWNET), 0);
	fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	rc = v6 ? bind(fd, (struct sockaddr *)&at6, sizeof(at6))
		: bind(fd, (struct sockaddr *)&at4, sizeof(at4));
	if (rc < 0)
		assert_int_equal(errno, EADDRNOTAVAIL);
	assert_int_equal(setns(own, CLONE_NEWNET), 0);
	return rc == 0;
}

static void test_they_are_there_at_once_and_again(void **state)
{
	struct err e = { 0 };
	uint64_t cookie;
	autoclose int network = new_network(&cookie);

	(void)state;
	assert_false(can_bind(network, texts[0]));
	for (int i = 0; i < 2; i++) {
		if (address_place(network, &addresses, &e) < 0)
			fail_msg("%s", e.text);
		assert_true(can_bind(network, texts[0]));
		/* nothing waits until it is known to be the only one */
		assert_true(can_bind(network, texts[1]));
	}
	/* of another network nothing */
	assert_int_equal(address_unplace(network, cookie + 1, &addresses, &e), 0);
	assert_true(can_bind(network, texts[0]));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(address_unplace(network, cookie, &addresses, &e), 0);
		assert_false(can_bind(network, texts[0]));
		assert_false(can_bind(network, texts[1]));
	}
	/* and not in the one that asked */
	assert_false(can_bind(network, "10.77.0.1"));
}

static void test_one_without_ipv6_says_so(void **state)
{
	struct err e = { 0 };
	uint64_t cookie;
	autoclose int network = new_network(&cookie), own = nsfd_own("net", &e), file = -1;

	(void)state;
	assert_int_equal(setns(network, CLONE_NEWNET), 0);
	file = open("/proc/sys/net/ipv6/conf/lo/disable_ipv6", O_WRONLY | O_CLOEXEC);
	assert_true(file >= 0);
	assert_int_equal(write(file, "1", 1), 1);
	assert_int_equal(setns(own, CLONE_NEWNET), 0);
	assert_int_equal(address_place(network, &addresses, &e), -1);
	assert_int_equal(e.kind, ERR_STATE);
	assert_string_equal(
		e.text,
		"the network cannot have the address fd78::9, because IPv6 is off there; set net.ipv6.conf.lo.disable_ipv6 in it to 0");
	assert_int_equal(address_unplace(network, cookie, &addresses, &e), 0);
	assert_false(can_bind(network, texts[0]));
}

static bool lives(const char *root, const char *id)
{
	(void)root;
	(void)id;
	return true;
}

static void test_the_last_one_takes_them_off(void **state)
{
	static const struct address_pool pool = { "10.78.0.0/24", "fd78::/64" };
	static const struct address_holder pod = { "/run/a", "pod" }, in = { "/run/a", "in" };
	char directory[] = "/tmp/address-place.XXXXXX";
	struct address_taken taken;
	struct err e = { 0 };
	struct strlist loopback = { .n = 1 };
	autoarena arena = { 0 };
	uint64_t cookie;
	autoclose int network = new_network(&cookie);

	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_int_equal(
		address_pool_take(directory, cookie, &pool, &pod, lives, &arena, &taken, &e), 0);
	loopback.v = (char *[]){ arena_strdup(&arena, address_loopback(taken.index).text6) };
	assert_int_equal(address_place(network, &taken.addresses, &e), 0);
	assert_int_equal(address_place(network, &loopback, &e), 0);
	assert_int_equal(address_pool_share(directory, cookie, &pod, &in, &arena, &taken, &e), 0);
	assert_int_equal(address_pool_leave(directory, cookie, &pod, network, &e), 0);
	assert_true(can_bind(network, "10.78.0.2"));
	assert_true(can_bind(network, loopback.v[0]));
	assert_int_equal(address_pool_leave(directory, cookie, &in, network, &e), 0);
	assert_false(can_bind(network, "10.78.0.2"));
	assert_false(can_bind(network, "fd78::2"));
	assert_false(can_bind(network, loopback.v[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_they_are_there_at_once_and_again),
		cmocka_unit_test(test_one_without_ipv6_says_so),
		cmocka_unit_test(test_the_last_one_takes_them_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
