/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forward/: the rules of a decoy and the addresses of its pair, each once; and whose networks are decoys.
 */
#include "base/auto.h"
#include "forward/own.h"
#include "forward/tree.h"
#include "policy/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

static void each_pair_has_addresses_of_its_own(void **state)
{
	struct forward_addresses first = forward_addresses(0), second = forward_addresses(1);
	struct forward_addresses last = forward_addresses(FORWARD_PAIRS - 1);

	(void)state;
	assert_string_equal(first.decoy4, "169.254.64.0");
	assert_string_equal(first.container4, "169.254.64.1");
	assert_string_equal(second.decoy4, "169.254.64.2");
	assert_string_equal(second.container6, "fd64:6973:7472:6f73::3");
	assert_string_equal(last.decoy4, "169.254.127.254");
	assert_string_equal(last.container4, "169.254.127.255");
	assert_string_equal(last.container6, "fd64:6973:7472:6f73::3fff");
	assert_string_equal(forward_name(FORWARD_PAIRS - 1).text, "fwd8191");
}

static void what_leads_to_containers_is_told_by_its_name(void **state)
{
	(void)state;
	assert_true(forward_is_link(forward_name(FORWARD_PAIRS - 1).text));
	assert_false(forward_is_link("fwd8192"));
	assert_false(forward_is_link("fwd"));
	assert_false(forward_is_link("fwd7x"));
	assert_false(forward_is_link("eth0"));
	assert_true(forward_is_address(forward_addresses(0).decoy4));
	assert_true(forward_is_address(forward_addresses(FORWARD_PAIRS - 1).container4));
	assert_true(forward_is_address(forward_addresses(FORWARD_PAIRS - 1).container6));
	assert_false(forward_is_address("169.254.63.255/31"));
	assert_false(forward_is_address("169.254.128.0/16"));
	assert_false(forward_is_address("10.77.0.2/24"));
	assert_false(forward_is_address("fd64:6973:7472:6f7::1"));
}

static void engines_name_the_networks_that_they_make(void **state)
{
	static const char *const theirs[] = {
		"/run/netns/netns-04c0958d-656e-a8cc-6a6e-027d258b0cba",
		"/var/run/netns/cni-1",
		"/run/user/2001/netns/netns-1",
		"/var/run/docker/netns/0123456789ab",
	};
	static const char *const others[] = {
		"/run/netns/prod", "/run/netns/netns-", "/run/netns/netns-1/x",  "/proc/1/ns/net",
		"/netns-1",        "netns-1",           "/run/netns/my-netns-1", "",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(theirs); i++)
		if (!engine_makes_network(theirs[i]))
			fail_msg("%s is an engine's", theirs[i]);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (engine_makes_network(others[i]))
			fail_msg("%s is not an engine's", others[i]);
	assert_false(engine_makes_network(NULL));
}

static struct route_address address_of(const char *text)
{
	struct route_address ret;

	assert_true(route_address_read(text, &ret));
	return ret;
}

/* As the kernel can go: further down only, into a block and out of all. */
static void the_tree_of_rules_goes_down(void **state)
{
	static const char *const texts[] = { "10.88.0.5",
					     "10.88.255.254",
					     "192.168.17.200",
					     "0.0.0.0",
					     "255.255.255.255",
					     "fd00::242:ac11:2",
					     "::",
					     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const struct route_address address = address_of(texts[i]);
		const struct tree_way way = tree_way(&address);
		const struct route_rule leaf = tree_leaf(&address, &way, forward_table(7));
		uint32_t before = TREE_ROOT;
		unsigned bits = 0;

		for (unsigned level = 0; level < TREE_LEVELS; level++) {
			const struct route_rule branch = tree_branch(&address, &way, level);
			const struct route_rule end = tree_end(address.family, way.v[level].block);

			assert_int_equal(branch.pref, before);
			assert_true(branch.target > branch.pref + 1);
			assert_true(branch.from_bits > bits);
			assert_true(route_starts_as(&address, &branch.from, branch.from_bits));
			assert_int_equal(end.pref, branch.target + 1);
			assert_true(end.pref < TREE_MOVED && end.target == TREE_LOCAL);
			before = branch.target;
			bits = branch.from_bits;
		}
		assert_int_equal(leaf.pref, before);
		assert_int_equal(leaf.table, 7700007);
		assert_int_equal(leaf.from_bits, address.size * 8);
		assert_int_equal(leaf.from_bits - bits, 3);
	}
}

/* Neighbours are in blocks beside each other, so that none is longer than eight. */
static void blocks_of_a_network_are_told_apart(void **state)
{
	unsigned counts[TREE_LOCAL] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 2048; i++) {
		struct route_address address = address_of("10.88.0.0");

		address.bytes[2] = (uint8_t)(i >> 8);
		address.bytes[3] = (uint8_t)i;
		counts[tree_way(&address).v[TREE_LEVELS - 1].block]++;
	}
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		assert_true(counts[i] == 0 || counts[i] == 8);
}

static void addresses_are_compared_by_their_first_bits(void **state)
{
	static const struct {
		const char *one, *other;
		unsigned bits;
		bool same;
	} cases[] = {
		{ "10.88.0.5", "10.88.0.5", 32, true },
		{ "10.88.0.5", "10.88.0.4", 32, false },
		{ "10.88.0.5", "10.88.0.4", 31, true },
		{ "10.88.0.5", "10.88.128.5", 17, false },
		{ "10.88.0.5", "10.88.128.5", 16, true },
		{ "1.2.3.4", "200.2.3.4", 0, true },
		{ "fd88::5", "fd88::4", 127, true },
		{ "fd88::5", "fd88::4", 128, false },
		{ "::", "0.0.0.0", 0, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct route_address one = address_of(cases[i].one),
					   other = address_of(cases[i].other);

		assert_int_equal(route_starts_as(&one, &other, cases[i].bits), cases[i].same);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_pair_has_addresses_of_its_own),
		cmocka_unit_test(what_leads_to_containers_is_told_by_its_name),
		cmocka_unit_test(engines_name_the_networks_that_they_make),
		cmocka_unit_test(the_tree_of_rules_goes_down),
		cmocka_unit_test(blocks_of_a_network_are_told_apart),
		cmocka_unit_test(addresses_are_compared_by_their_first_bits),
	};

	return cmocka_run_group_tests_name("forward", tests, NULL, NULL);
}
