/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an engine has prepared reaches a distribution in the shared network at the very address that the engine gave it:
 * real sockets between namespaces that are laid out as an engine does it.
 * world: legacy hybrid
 */
#include "base/auto.h"
#include "forward/members.h"
#include "forward/own.h"
#include "forward/tree.h"
#include "sys/nsfd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

#include "routed_root.h"

static void reached_at_the_engines_address(void **state)
{
	autoarena arena = { 0 };
	struct forward_made made;

	(void)state;
	make_end("one", "10.88.0.5", "fd88::5");
	made = make("one", true, false, &arena);
	assert_int_equal(made.addresses.n, 2);
	assert_string_equal(made.addresses.v[0], "10.88.0.5");
	assert_string_equal(made.addresses.v[1], "fd88::5");
	reaches(NULL, NULL, "shared", "10.88.0.5", "10.88.0.1");
	reaches("client", NULL, "shared", "10.88.0.5", "192.0.2.2");
	reaches("other", NULL, "shared", "10.88.0.5", "10.88.0.9");
	reaches("client", NULL, "shared", "fd88::5", "fd02::2");
	reaches("other", NULL, "shared", "fd88::5", "fd88::9");
	/* and outwards, first of all to who is not known yet */
	does("ip neigh flush all; for n in client other one; do ip -n $n neigh flush all; done");
	reaches("shared", "fd88::5", "client", "fd02::2", "fd88::5");
	reaches("shared", "10.88.0.5", "client", "192.0.2.2", "10.88.0.5");
	does("ip neigh flush all; for n in client other one; do ip -n $n neigh flush all; done");
	reaches("shared", "fd88::5", "other", "fd88::9", "fd88::5");
	reaches("shared", "10.88.0.5", "other", "10.88.0.9", "10.88.0.5");
	/* itself, which is no way through the decoy */
	does("ip -n one link set ds-forward down");
	reaches("shared", "10.88.0.5", "shared", "10.88.0.5", "10.88.0.5");
	reaches("shared", "fd88::5", "shared", "fd88::5", "fd88::5");
	does("ip -n one link set ds-forward up");
	reaches("shared", NULL, "shared", "127.0.0.1", "127.0.0.1");
	reaches("shared", NULL, "shared", "10.77.0.2", "10.77.0.2");
	end("one", cookie_in("one"), &made);
	nothing_is_left();
	does("ip netns del one");
}

static void from_inside_of_the_decoy(void **state)
{
	autoarena arena = { 0 };
	struct forward_made made;
	const struct forward_addresses *at;
	struct forward_addresses pair;

	(void)state;
	make_end("one", "10.88.0.5", "fd88::5");
	made = make("one", true, false, &arena);
	pair = forward_addresses(made.pair);
	at = &pair;
	/* a probe, and what passes on to the loopback address */
	reaches("one", NULL, "shared", "10.88.0.5", at->decoy4);
	reaches("one", NULL, "shared", "fd88::5", at->decoy6);
	for (size_t i = 0; i < 2; i++) {
		autoclose int server = socket_in("shared", SOCK_STREAM, i ? "fd88::5" : "10.88.0.5",
						 80, i ? AF_INET6 : AF_INET);

		assert_string_equal(
			seen_by(server, "one", NULL, i ? "::1" : "127.0.0.1", 80, SOCK_STREAM).text,
			i ? at->decoy6 : at->decoy4);
	}
	/* what is begun there (Docker's resolver asks others) is answered there */
	reaches("one", NULL, "client", "192.0.2.2", "10.88.0.5");
	reaches("one", NULL, "other", "10.88.0.9", "10.88.0.5");
	reaches("one", NULL, "client", "fd02::2", "fd88::5");
	end("one", cookie_in("one"), &made);
	does("ip netns del one");
}

static void siblings_meet_over_the_engines_bridge(void **state)
{
	autoarena arena = { 0 };
	struct forward_made one, two;

	(void)state;
	make_end("one", "10.88.0.5", "fd88::5");
	make_end("two", "10.88.0.6", "fd88::6");
	one = make("one", true, false, &arena);
	two = make("two", true, false, &arena);
	reaches("shared", "10.88.0.5", "shared", "10.88.0.6", "10.88.0.5");
	reaches("shared", "fd88::6", "shared", "fd88::5", "fd88::6");
	/* by a published port, which the flat way of the kernel answers past */
	does("nft 'add table ip eng; add chain ip eng pre { type nat hook prerouting priority dstnat; }; add rule ip eng pre ip daddr 192.0.2.1 tcp dport 8080 dnat to 10.88.0.6:80'");
	autoclose int server = socket_in("shared", SOCK_STREAM, "10.88.0.6", 80, AF_INET);
	autoclose int same = socket_in("shared", SOCK_STREAM, "10.88.0.5", 80, AF_INET);
	assert_string_equal(
		seen_by(server, "shared", "10.88.0.5", "192.0.2.1", 8080, SOCK_STREAM).text,
		"10.88.0.5");
	assert_string_equal(seen_by(same, "client", NULL, "10.88.0.5", 80, SOCK_STREAM).text,
			    "192.0.2.2");
	/* the engine's fence holds */
	does("nft 'add table bridge eng; add chain bridge eng f { type filter hook forward priority 0; policy drop; }'");
	assert_string_equal(
		seen_by(server, "shared", "10.88.0.5", "10.88.0.6", 80, SOCK_STREAM).text, "");
	does("nft 'delete table bridge eng; delete table ip eng'");
	end("one", cookie_in("one"), &one);
	assert_string_equal(seen_by(server, "client", NULL, "10.88.0.6", 80, SOCK_STREAM).text,
			    "192.0.2.2");
	/* its engine may have taken away the other end already */
	uint64_t cookie = cookie_in("two");
	does("ip netns del one; ip netns del two; while ip -n shared link | grep -q fwd; do sleep 0.01; done");
	end("two", cookie, &two);
	nothing_is_left();
}

static void siblings_meet_locally(void **state)
{
	autoarena arena = { 0 };
	struct forward_made one, two;

	(void)state;
	make_end("one", "10.88.0.5", "fd88::5");
	make_end("two", "10.88.0.6", "fd88::6");
	one = make("one", true, true, &arena);
	does("ip -n shared rule | grep -q '^0:'");
	two = make("two", true, false, &arena);
	does("! ip -n shared rule | grep -q '^0:'");
	does("nft 'add table bridge eng; add chain bridge eng f { type filter hook forward priority 0; policy drop; }'");
	/* the one goes directly, whatever the other's way is */
	autoclose int server = socket_in("shared", SOCK_DGRAM, "10.88.0.6", 80, AF_INET);
	autoclose int client = socket_in("shared", SOCK_DGRAM, "10.88.0.5", 81, AF_INET);
	const union endpoint to = endpoint("10.88.0.6", 80);
	assert_int_equal(sendto(client, "a", 1, 0, &to.any, size_of(&to)), 1);
	assert_int_equal(poll(&(struct pollfd){ .fd = server, .events = POLLIN }, 1, 3000), 1);
	does("nft 'delete table bridge eng'");
	reaches("client", NULL, "shared", "10.88.0.5", "192.0.2.2");
	end("two", cookie_in("two"), &two);
	does("ip -n shared rule | grep -q '^0:'");
	reaches("client", NULL, "shared", "10.88.0.5", "192.0.2.2");
	end("one", cookie_in("one"), &one);
	nothing_is_left();
	does("ip netns del one; ip netns del two");
}

static void made_anew_it_is_the_same(void **state)
{
	autoarena arena = { 0 };
	struct forward_made made;

	(void)state;
	make_end("one", "10.88.0.5", "fd88::5");
	does("ip -n one link set eth0 mtu 1400 && ip -n one addr add 10.88.0.7/16 dev eth0");
	made = make("one", true, false, &arena);
	does("ip -n shared link show fwd%u | grep -q 'mtu 1400' && ip -n one link show ds-forward | grep -q 'mtu 1400'",
	     made.pair);
	assert_int_equal(made.addresses.n, 3);
	does("ip -n shared rule >/tmp/before; ip -n one route show table all >>/tmp/before");
	made = make("one", true, false, &arena);
	does("ip -n shared rule >/tmp/after; ip -n one route show table all >>/tmp/after; cmp /tmp/before /tmp/after && rm /tmp/before /tmp/after");
	reaches("client", NULL, "shared", "10.88.0.7", "192.0.2.2");
	/* what the engine takes away goes */
	does("ip -n one addr del 10.88.0.7/16 dev eth0");
	made = make("one", true, false, &arena);
	assert_int_equal(made.addresses.n, 2);
	does("! ip -n shared addr | grep -q 10.88.0.7 && ! ip -n shared rule | grep -q 10.88.0.7");
	reaches("client", NULL, "shared", "10.88.0.5", "192.0.2.2");
	/* of a decoy that was killed between, what is there partly is made whole */
	does("ip -n shared rule del pref 10 && ip -n shared route flush table %u && ip -n shared rule del from 10.88.0.5",
	     forward_table(made.pair));
	made = make("one", true, false, &arena);
	reaches("client", NULL, "shared", "10.88.0.5", "192.0.2.2");
	reaches("shared", "10.88.0.5", "shared", "10.88.0.5", "10.88.0.5");
	/* under another policy it is as it was, also where the link leads elsewhere by then */
	does("ip -n shared link set fwd%u alias other", made.pair);
	made = make("one", false, false, &arena);
	does("ip -n one route get 10.88.0.5 | grep -q '^local' && ip -n one route get fd88::5 | grep -q '^local'");
	made = make("one", true, false, &arena);
	reaches("client", NULL, "shared", "10.88.0.5", "192.0.2.2");
	made = make("one", false, false, &arena);
	assert_int_equal(made.addresses.n, 0);
	does("test $(ip -n shared rule | wc -l) = 3");
	autoclose int server = socket_in("shared", SOCK_STREAM,
					 forward_addresses(made.pair).container4, 80, AF_INET);
	assert_string_equal(seen_by(server, "client", NULL, "10.88.0.5", 80, SOCK_STREAM).text,
			    forward_addresses(made.pair).decoy4);
	end("one", cookie_in("one"), &made);
	does("ip netns del one");
}

static void what_the_kernel_asks_about_is_waited_for(void **state)
{
	autoarena arena = { 0 };
	struct forward_made made;

	(void)state;
	make_end("one", "10.88.0.5", "fd88::5");
	does("ip -n one addr add fd88::55/64 dev eth0");
	made = make("one", true, false, &arena);
	assert_int_equal(made.addresses.n, 3);
	reaches("client", NULL, "shared", "fd88::55", "fd02::2");
	end("one", cookie_in("one"), &made);
	does("ip netns del one");
}

static void leads_to_an_address_that_is_there(void **state)
{
	static char four[] = "10.78.0.3";
	static char *v[] = { four };
	static const struct strlist targets = { 1, v };
	autoarena arena = { 0 };
	struct forward_made made;
	struct err e;

	(void)state;
	make_end("one", "10.88.0.5", "fd88::5");
	does("ip -n shared addr add 10.78.0.3/32 dev lo");
	autoclose int fd = network("one"), shared = network("shared");
	const struct forward forward = {
		.decoy = fd, .network = shared, .cookie = cookie_of(fd), .targets = &targets
	};
	if (forward_make(&forward, &arena, &made, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(made.addresses.n, 0);
	autoclose int server = socket_in("shared", SOCK_STREAM, "10.78.0.3", 80, AF_INET);
	const char *decoy = arena_strdup(&arena, forward_addresses(made.pair).decoy4);
	assert_string_equal(seen_by(server, "client", NULL, "10.88.0.5", 80, SOCK_STREAM).text,
			    decoy);
	assert_string_equal(seen_by(server, "one", NULL, "127.0.0.1", 80, SOCK_STREAM).text, decoy);
	does("ip -n shared addr del 10.78.0.3/32 dev lo");
	end("one", cookie_in("one"), &made);
	does("ip netns del one");
}

/* --- who has which --- */

static bool none_live(const char *root, const char *id)
{
	(void)root;
	return !str_has_prefix(id, "dead");
}

static int join_as(char *id, const char *decoy, struct arena *arena, struct forward_joined *ret,
		   struct err *e)
{
	static char root[] = "/run/test";
	autoclose int fd = network(decoy), shared = network("shared");
	const struct forward forward = {
		.decoy = fd, .network = shared, .cookie = cookie_of(fd), .routed = true
	};
	const struct forward_network to = { "/run/netns/shared", cookie_of(shared) };
	const struct forward_member member = { root, id };

	return forward_join(DECOYS, &forward, &to, &member, none_live, arena, ret, e);
}

static void leave(char *id, const char *decoy)
{
	static char root[] = "/run/test";
	const struct forward_member member = { root, id };
	struct err e;

	if (forward_leave(DECOYS, cookie_in(decoy), &member, &e) < 0)
		fail_msg("%s", e.text);
}

static void an_address_is_of_one(void **state)
{
	static char first[] = "first", second[] = "second", dead[] = "dead";
	autoarena arena = { 0 };
	struct forward_joined joined;
	struct err e;

	(void)state;
	make_end("one", "10.88.0.5", "fd88::5");
	make_network("two");
	/* another engine's bridge, by chance with the same addresses */
	does("ip link add eng1 type bridge && ip link set eng1 up && ip link add vtwo type veth peer name eth0 netns two && ip link set vtwo master eng1 up");
	does("ip -n two link set eth0 up && ip -n two addr add 10.88.0.6/16 dev eth0");
	assert_int_equal(join_as(first, "one", &arena, &joined, &e), 0);
	assert_int_equal(joined.addresses.n, 2);
	assert_int_equal(join_as(second, "two", &arena, &joined, &e), -1);
	assert_string_equal(
		e.text,
		"the engine's network 10.88.0.0/16 is in the shared network already, of container 'first'");
	does("ip -n two addr flush dev eth0 && ip -n two addr add 10.88.7.6/24 dev eth0");
	assert_int_equal(join_as(second, "two", &arena, &joined, &e), -1);
	assert_string_equal(
		e.text,
		"the engine's network 10.88.7.0/24 overlaps with 10.88.0.0/16, which another engine made for container 'first'");
	does("! ip -n two link show ds-forward 2>/dev/null && ! ls -d " DECOYS
	     "/%016llx 2>/dev/null",
	     (unsigned long long)cookie_in("two"));
	/* in the same bridge it is the address that counts */
	does("ip link set vtwo master eng0 && ip -n two addr flush dev eth0 && ip -n two addr add 10.88.0.5/16 dev eth0");
	assert_int_equal(join_as(second, "two", &arena, &joined, &e), -1);
	assert_string_equal(
		e.text,
		"the engine's address 10.88.0.5 is in the shared network already, of container 'first'");
	does("ip -n two addr flush dev eth0 && ip -n two addr add 10.88.0.6/16 dev eth0");
	assert_int_equal(join_as(second, "two", &arena, &joined, &e), 0);
	leave(second, "two");
	/* and so do those that the shared network has itself */
	does("ip -n two addr flush dev eth0 && ip -n two addr add 10.77.0.2/24 dev eth0");
	assert_int_equal(join_as(second, "two", &arena, &joined, &e), -1);
	assert_non_null(
		strstr(e.text, "10.77.0.2 is in the shared network already, on another link"));
	reaches("shared", NULL, "shared", "10.77.0.2", "10.77.0.2");
	leave(first, "one");
	/* of a container that has ended without a word nothing counts */
	assert_int_equal(join_as(dead, "one", &arena, &joined, &e), 0);
	does("ip link set vone down && ip -n other neigh flush all");
	does("ip -n two addr flush dev eth0 && ip -n two addr add 10.88.0.5/16 dev eth0 && ip -n two link set eth0 up");
	assert_int_equal(join_as(second, "two", &arena, &joined, &e), 0);
	reaches("other", NULL, "shared", "10.88.0.5", "10.88.0.9");
	leave(second, "two");
	nothing_is_left();
	does("! ls -A " DECOYS " | grep .");
	does("ip netns del one; ip netns del two; ip link del eng1");
}

/* Killed with all that it has, and its record is all that is known. */
static void what_is_left_is_ended(void **state)
{
	static char dead[] = "dead", other[] = "dead-other";
	autoarena arena = { 0 };
	struct forward_joined joined;
	uint64_t cookie;
	struct err e;

	(void)state;
	make_end("one", "10.88.0.5", "fd88::5");
	assert_int_equal(join_as(dead, "one", &arena, &joined, &e), 0);
	/* as before the record had the addresses */
	cookie = cookie_in("one");
	does("sed -i 's/\"addresses\"/\"other\"/; s/\"pair\"/\"other-pair\"/' " DECOYS
	     "/%016llx/decoy.json",
	     (unsigned long long)cookie);
	does("ip netns del one; while ip -n shared link show fwd%u >/dev/null 2>&1; do sleep 0.01; done",
	     joined.pair);
	assert_int_equal(forward_prune(DECOYS, cookie, none_live, &e), 0);
	nothing_is_left();
	make_end("one", "10.88.0.5", "fd88::5");
	assert_int_equal(join_as(other, "one", &arena, &joined, &e), 0);
	assert_int_equal(forward_prune(DECOYS, cookie_in("one"), none_live, &e), 0);
	nothing_is_left();
	does("! ls -A " DECOYS " | grep .");
	does("ip netns del one");
}

/* --- many --- */

#define MANY 1000u

/* How many rules the kernel looks at until one says the table for what is sent from there; 0: none does. */
static unsigned evaluated(const struct route_rules *rules, const struct route_address *from,
			  uint32_t table)
{
	unsigned ret = 0;

	for (size_t i = 0; i < rules->n; i++) {
		const struct route_rule *rule = &rules->v[i];

		ret++;
		if (rule->not_own || rule->to_bits ||
		    !route_starts_as(&rule->from, from, rule->from_bits))
			if (rule->from_bits || rule->not_own || rule->to_bits)
				continue;
		if (rule->table == table)
			return ret;
		if (rule->table)
			continue;
		while (i + 1 < rules->n && rules->v[i + 1].pref < rule->target)
			i++;
	}
	return 0;
}

/* One after the other; each in a network of its own; of IPv6. */
#define KINDS 3

static struct own_address number(unsigned i, size_t kind)
{
	struct own_address ret = { .prefix = 16 };
	char text[64];

	if (kind == 0)
		snprintf(text, sizeof(text), "10.88.%u.%u", i / 250, i % 250 + 2);
	else if (kind == 1)
		snprintf(text, sizeof(text), "10.%u.%u.2", i / 250, i % 250);
	else
		snprintf(text, sizeof(text), "fd88::%x", i + 2);
	assert_true(route_address_read(text, &ret.address));
	return ret;
}

static void a_thousand_are_found_at_once(void **state)
{
	autoclose int shared = network("shared"), here = open("/proc/self/ns/net", O_RDONLY);
	struct err e;

	(void)state;
	assert_int_equal(setns(shared, CLONE_NEWNET), 0);
	autoclose int socket = netlink_open(&e);
	assert_int_equal(setns(here, CLONE_NEWNET), 0);
	for (size_t k = 0; k < KINDS; k++) {
		struct own_addresses own = { .n = 1 };
		struct route_rules rules;
		autoarena arena = { 0 };
		unsigned most = 0;

		for (unsigned i = 0; i < MANY; i++) {
			own.v[0] = number(i, k);
			if (own_lead(socket, i, &own, false, &e) < 0)
				fail_msg("%s", e.text);
		}
		assert_int_equal(
			netlink_rules(socket, own.v[0].address.family, 0, &arena, &rules, &e), 0);
		for (unsigned i = 0; i < MANY; i++) {
			const struct own_address one = number(i, k);
			unsigned n = evaluated(&rules, &one.address, forward_table(i));

			if (n == 0)
				fail_msg("%s", route_address_text(&one.address).text);
			most = n > most ? n : most;
		}
		assert_in_range(most, 1, 40);
		for (unsigned i = 0; i < MANY; i++) {
			const struct own_address one = number(i, k);
			struct route_address_text text = route_address_text(&one.address);
			char *v[] = { text.text };
			const struct strlist known = { 1, v };
			const struct own_ending ending = { .pair = i, .known = &known };

			if (own_end(socket, &ending, &e) < 0)
				fail_msg("%s", e.text);
		}
		nothing_is_left();
	}
}

#define WITH_NETWORKS(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_NETWORKS(reached_at_the_engines_address),
		WITH_NETWORKS(from_inside_of_the_decoy),
		WITH_NETWORKS(siblings_meet_over_the_engines_bridge),
		WITH_NETWORKS(siblings_meet_locally),
		WITH_NETWORKS(made_anew_it_is_the_same),
		WITH_NETWORKS(what_the_kernel_asks_about_is_waited_for),
		WITH_NETWORKS(leads_to_an_address_that_is_there),
		WITH_NETWORKS(an_address_is_of_one),
		WITH_NETWORKS(what_is_left_is_ended),
		WITH_NETWORKS(a_thousand_are_found_at_once),
	};

	return cmocka_run_group_tests_name("routed_root", tests, setup, teardown);
}
