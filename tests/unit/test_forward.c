/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forward/: the rules of a decoy and the addresses of its pair, each once; and whose networks are decoys.
 */
#include "base/auto.h"
#include "forward/forward.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_pair_has_addresses_of_its_own),
		cmocka_unit_test(what_leads_to_containers_is_told_by_its_name),
		cmocka_unit_test(engines_name_the_networks_that_they_make),
	};

	return cmocka_run_group_tests_name("forward", tests, NULL, NULL);
}
