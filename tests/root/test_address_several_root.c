/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Distributions with several addresses, as one in two networks of its engine has: a server that names none is reached at each.
 * world: legacy hybrid v2
 */
#include "address_root.h"

static const char *const four_more[] = { "10.77.0.20", "10.77.0.21" };
static const char *const six_more[] = { "fd77::20", "fd77::21" };

static bool fenced;

static void arm_several(size_t which)
{
	struct address_data data = {
		.v4 = { word(four[which]), word(four_more[which]) },
		.flags = ADDRESS_PRIVATE_LOOPBACK,
		.loopback = word(which ? "127.64.1.0" : "127.64.0.0"),
	};
	struct err e = { 0 };

	assert_int_equal(netns_cookie_apart(machine.shared, &data.cookie, &e), 0);
	assert_int_equal(inet_pton(AF_INET6, six[which], data.v6[0]), 1);
	assert_int_equal(inet_pton(AF_INET6, six_more[which], data.v6[1]), 1);
	assert_int_equal(address_arm(machine.tree, machine.groups[which], &data, &e), 0);
}

static void reach_all(const char *link)
{
	struct err e = { 0 };

	/* again, as the next distribution does */
	for (int i = 0; i < 2; i++)
		assert_int_equal(address_reach_all(machine.tree, machine.shared, link, &e), 0);
}

static int serve_six_alone(unsigned port)
{
	const int yes = 1;
	int fd = open_socket("::", SOCK_STREAM, 0);

	MUST(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes)) == 0);
	MUST(bind_to(fd, "::", port) == 0 && listen(fd, 8) == 0);
	return fd;
}

static void serve_all(size_t which, int ready)
{
	const int fds[] = {
		serve("0.0.0.0", 80, SOCK_STREAM, 0),
		serve_six_alone(80),
		serve("::", 8080, SOCK_STREAM, 0),
		serve("0.0.0.0", 8081, SOCK_STREAM, IPPROTO_MPTCP),
		serve(four[which], 9000, SOCK_STREAM, 0),
		serve("0.0.0.0", 53, SOCK_DGRAM, 0),
		serve("::", 54, SOCK_DGRAM, 0),
	};

	MUST(write(ready, "", 1) == 1);
	answer(which, fds, ARRAY_SIZE(fds));
}

static void serve_at_second(size_t which, int ready)
{
	const int fds[] = { serve(four_more[which], 8080, SOCK_STREAM, 0),
			    serve(six_more[which], 8080, SOCK_STREAM, 0) };

	(void)which;
	MUST(write(ready, "", 1) == 1);
	answer(7, fds, ARRAY_SIZE(fds));
}

static void ask_all(size_t which, int ready)
{
	(void)which;
	(void)ready;
	for (size_t i = 0; i < 2; i++) {
		const char *const at4[] = { four[i], four_more[i] };
		const char *const at6[] = { six[i], six_more[i] };
		const char own = (char)('0' + i);

		for (size_t k = 0; k < 2; k++) {
			MUST(ask(at4[k], 80, SOCK_STREAM) == own);
			MUST(ask(at6[k], 80, SOCK_STREAM) == own);
			MUST(ask(at4[k], 8080, SOCK_STREAM) == own);
			MUST(ask(at6[k], 8080, SOCK_STREAM) == own);
			MUST(ask(at4[k], 8081, SOCK_STREAM) == own);
			/* the answer comes from there, or the client would not have it */
			MUST(!fenced || ask(at4[k], 53, SOCK_DGRAM) == own);
			MUST(!fenced || ask(at4[k], 54, SOCK_DGRAM) == own);
			MUST(!fenced || ask(at6[k], 54, SOCK_DGRAM) == own);
		}
		MUST(ask(four_more[i], 81, SOCK_STREAM) == '-');
		MUST(ask(six_more[i], 9000, SOCK_STREAM) == '-');
	}
}

/* The same client at one address after the other. */
static void ask_in_turn(size_t which, int ready)
{
	const char *const at[] = { four[0], four_more[0], four[0], four_more[0] };
	const struct timeval second = { .tv_sec = 1 };
	autoclose int fd = open_socket(four[0], SOCK_DGRAM, 0);

	(void)which;
	(void)ready;
	MUST(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second)) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		union address to = make_address(at[i], 53), from;
		socklen_t size = sizeof(from);
		char byte;

		MUST(sendto(fd, "?", 1, 0, &to.any, size_of(&to)) == 1);
		MUST(recvfrom(fd, &byte, 1, 0, &from.any, &size) == 1);
		MUST(is(text_of(&from), at[i]));
	}
}

static void a_server_is_reached_at_each_address(void **state)
{
	pid_t pids[2], second;
	int ready[2], second_ready;
	char byte;

	(void)state;
	arm_several(0);
	arm_several(1);
	reach_all("dsn");
	reach_all("lo");
	for (size_t i = 0; i < 2; i++) {
		pids[i] = begin(i, serve_all, &ready[i]);
		assert_int_equal(read(ready[i], &byte, 1), 1);
	}
	/* from the host, and from the other one */
	ask_all(0, 0);
	in(1, ask_all);
	if (fenced)
		ask_in_turn(0, 0);
	/* one that names the second address comes first there */
	second = begin(0, serve_at_second, &second_ready);
	assert_int_equal(read(second_ready, &byte, 1), 1);
	assert_int_equal(ask(four_more[0], 8080, SOCK_STREAM), '7');
	assert_int_equal(ask(six_more[0], 8080, SOCK_STREAM), '7');
	assert_int_equal(ask(four[0], 8080, SOCK_STREAM), '0');
	end(second, second_ready);
	ask_all(0, 0);
	for (size_t i = 0; i < 2; i++)
		end(pids[i], ready[i]);
}

static int set_up_several(void **state)
{
	struct address_support support;

	address_probe(&support);
	fenced = support.fence;
	return set_up(state) < 0 ||
	       system("for i in 20 21; do ip -n distros addr add 10.77.0.$i/32 dev lo &&"
		      " ip -n distros addr add fd77::$i/64 dev dsn nodad &&"
		      " ip route add 10.77.0.$i via 10.77.0.2; done");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_is_reached_at_each_address),
	};

	return cmocka_run_group_tests_name("address_several_root", tests, set_up_several,
					   tear_down);
}
