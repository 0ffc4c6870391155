/* SPDX-License-Identifier: Apache-2.0 */
/* base/cidr: what is a network, which of two meet, and which a pool may be. */
#include "base/auto.h"
#include "base/cidr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

static void networks_are_read(void **state)
{
	struct cidr ret;

	(void)state;
	assert_true(cidr_parse("10.78.4.0/22", &ret));
	assert_int_equal(ret.family, AF_INET);
	assert_int_equal(ret.size, 4);
	assert_int_equal(ret.prefix, 22);
	assert_memory_equal(ret.bytes,
			    "\x0a\x4e\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 16);
	assert_true(cidr_parse("fd78:0:0:1::/64", &ret));
	assert_int_equal(ret.family, AF_INET6);
	assert_int_equal(ret.size, 16);
	assert_int_equal(ret.prefix, 64);
	assert_memory_equal(ret.bytes,
			    "\xfd\x78\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00", 16);
	assert_true(cidr_parse("0.0.0.0/0", &ret));
	assert_true(cidr_parse("::/0", &ret));
	assert_true(cidr_parse("10.78.0.1/32", &ret));
	assert_true(cidr_parse("fd78::1/128", &ret));
}

static void other_texts_are_not_networks(void **state)
{
	static const char *const texts[] = {
		"",
		"/",
		"/24",
		"10.78.0.0",
		"10.78.0.0/",
		"10.78.0.0/33",
		"10.78.0.1/24",
		"10.78.4.0/21",
		"10.78.0/24",
		"10.78.0.0/024",
		"10.78.0.0/+24",
		"10.78.0.0/24 ",
		" 10.78.0.0/24",
		"010.78.0.0/24",
		"10.78.0.0/-1",
		"10.78.0.0/24/24",
		"fd78::/129",
		"fd78::1/127",
		"fd78:::/64",
		"fd78::%lo/64",
		"x::/64",
		"10.78.0.0/255.255.255.0",
		"fd78:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/64",
	};
	struct cidr ret = { .prefix = 7 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (cidr_parse(texts[i], &ret))
			fail_msg("'%s' was taken for a network", texts[i]);
	/* as it was */
	assert_int_equal(ret.prefix, 7);
}

static bool meet(const char *one, const char *other)
{
	struct cidr a, b;

	assert_true(cidr_parse(one, &a));
	assert_true(cidr_parse(other, &b));
	assert_int_equal(cidr_overlaps(&a, &b), cidr_overlaps(&b, &a));
	return cidr_overlaps(&a, &b);
}

static void networks_meet_where_one_is_in_the_other(void **state)
{
	(void)state;
	assert_true(meet("10.78.0.0/24", "10.78.0.0/24"));
	assert_true(meet("10.78.0.0/16", "10.78.200.0/24"));
	assert_true(meet("0.0.0.0/0", "10.78.200.0/24"));
	assert_true(meet("10.78.0.255/32", "10.78.0.0/24"));
	assert_false(meet("10.78.1.0/24", "10.78.0.0/24"));
	assert_false(meet("10.78.2.0/23", "10.78.0.0/23"));
	assert_true(meet("fd78::/48", "fd78:0:0:9::/64"));
	assert_false(meet("fd78:0:0:8::/64", "fd78:0:0:9::/64"));
	assert_false(meet("0.0.0.0/0", "::/0"));
}

static void pools_are_of_addresses_that_a_container_can_have(void **state)
{
	static const char *const good4[] = {
		"10.78.0.0/24",  "10.0.0.0/8",      "192.168.7.8/29",
		"100.64.0.0/10", "198.51.100.0/24", "223.255.255.0/24"
	};
	static const char *const bad4[] = { "10.78.0.0/30", "8.0.0.0/7",     "10.78.0.1/24",
					    "127.0.0.0/8",  "127.77.0.0/16", "169.254.3.0/24",
					    "224.0.0.0/8",  "240.0.0.0/8",   "255.255.255.0/24",
					    "0.0.0.0/8",    "fd78::/64",     "10.78.0.0",
					    "0.0.0.0/0" };
	static const char *const good6[] = { "fd78::/64", "2001:db8::/48", "fd78::10/124",
					     "fd64:6973::/48" };
	static const char *const bad6[] = { "fd78::/47",
					    "fd78::/125",
					    "fd78::1/64",
					    "::/64",
					    "::ffff:0:0/96",
					    "fe80::/64",
					    "febf::/64",
					    "ff02::/64",
					    "10.78.0.0/24",
					    CIDR_FORWARD6,
					    CIDR_LOOPBACK6,
					    CIDR_LINK6,
					    "fd64:7368:696d:1::/64" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good4); i++)
		if (cidr_pool_problem(good4[i], false))
			fail_msg("'%s': %s", good4[i], cidr_pool_problem(good4[i], false));
	for (size_t i = 0; i < ARRAY_SIZE(good6); i++)
		if (cidr_pool_problem(good6[i], true))
			fail_msg("'%s': %s", good6[i], cidr_pool_problem(good6[i], true));
	for (size_t i = 0; i < ARRAY_SIZE(bad4); i++)
		if (!cidr_pool_problem(bad4[i], false))
			fail_msg("'%s' was taken", bad4[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad6); i++)
		if (!cidr_pool_problem(bad6[i], true))
			fail_msg("'%s' was taken", bad6[i]);
	assert_string_equal(cidr_pool_problem("127.0.0.0/24", false),
			    "must not have addresses of 127.0.0.0/8, the loopback");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_are_read),
		cmocka_unit_test(other_texts_are_not_networks),
		cmocka_unit_test(networks_meet_where_one_is_in_the_other),
		cmocka_unit_test(pools_are_of_addresses_that_a_container_can_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
