/* SPDX-License-Identifier: Apache-2.0 */
/* Networks as an engine lays them out, sockets in them, and what leads from the one to the other. After <cmocka.h>. */
#ifndef TESTS_ROOT_ROUTED_ROOT_H
#define TESTS_ROOT_ROUTED_ROOT_H

#define DECOYS "/run/distro-shim/test-decoys"

static void does(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void does(const char *format, ...)
{
	char command[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command) != 0)
		fail_msg("%s", command);
}

static int network(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail_msg("%s", path);
	return fd;
}

static uint64_t cookie_of(int fd)
{
	struct err e;
	uint64_t ret;

	assert_int_equal(netns_cookie_of(fd, &ret, &e), 0);
	return ret;
}

/* --- as an engine lays it out --- */

static void make_network(const char *name)
{
	does("ip netns add %s && ip -n %s link set lo up", name, name);
}

static void make_end(const char *name, const char *four, const char *six)
{
	make_network(name);
	does("ip link add v%s type veth peer name eth0 netns %s && ip link set v%s master eng0 up",
	     name, name, name);
	does("ip -n %s addr add %s/16 dev eth0 && ip -n %s addr add %s/64 dev eth0 nodad", name,
	     four, name, six);
	does("ip -n %s link set eth0 up && ip -n %s route add default via 10.88.0.1 && ip -n %s route add default via fd88::1",
	     name, name, name);
}

static int setup(void **state)
{
	(void)state;
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	does("ip link set lo up && sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
	does("ip link add eng0 type bridge && ip addr add 10.88.0.1/16 dev eng0 && ip addr add fd88::1/64 dev eng0 nodad && ip link set eng0 up");
	make_network("client");
	does("ip link add cl type veth peer name eth0 netns client && ip addr add 192.0.2.1/24 dev cl && ip addr add fd02::1/64 dev cl nodad && ip link set cl up");
	does("ip -n client addr add 192.0.2.2/24 dev eth0 && ip -n client addr add fd02::2/64 dev eth0 nodad && ip -n client link set eth0 up");
	does("ip -n client route add default via 192.0.2.1 && ip -n client route add default via fd02::1");
	make_end("other", "10.88.0.9", "fd88::9");
	return 0;
}

static int begin(void **state)
{
	(void)state;
	/* the addresses of the test before were elsewhere */
	does("ip neigh flush all && ip -n other neigh flush all");
	make_network("shared");
	does("ip link add ds type veth peer name dsn netns shared && ip addr add 10.77.0.1/24 dev ds && ip link set ds up");
	does("ip -n shared addr add 10.77.0.2/24 dev dsn && ip -n shared link set dsn up && ip -n shared route add default via 10.77.0.1");
	return 0;
}

/* A test that fails leaves nothing to the next one. */
static int finish(void **state)
{
	(void)state;
	does("for n in one two shared; do ! [ -e /run/netns/$n ] || ip netns del $n; done; ! ip link show ds >/dev/null 2>&1 || ip link del ds; rm -rf " DECOYS);
	does("nft flush ruleset; ! ip link show eng1 >/dev/null 2>&1 || ip link del eng1");
	does("while ip link | grep -qE 'v(one|two)@'; do sleep 0.01; done");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	does("ip -all netns del");
	return 0;
}

/* --- sockets --- */

union endpoint {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

static union endpoint endpoint(const char *text, uint16_t port)
{
	union endpoint ret = { .four = { 0 } };

	if (strchr(text, ':')) {
		ret.six.sin6_family = AF_INET6;
		ret.six.sin6_port = htons(port);
		assert_int_equal(inet_pton(AF_INET6, text, &ret.six.sin6_addr), 1);
	} else {
		ret.four.sin_family = AF_INET;
		ret.four.sin_port = htons(port);
		assert_int_equal(inet_pton(AF_INET, text, &ret.four.sin_addr), 1);
	}
	return ret;
}

static struct route_address_text text_of(const union endpoint *at)
{
	struct route_address_text ret;

	inet_ntop(at->any.sa_family,
		  at->any.sa_family == AF_INET ? (const void *)&at->four.sin_addr
					       : &at->six.sin6_addr,
		  ret.text, sizeof(ret.text));
	return ret;
}

static socklen_t size_of(const union endpoint *at)
{
	return at->any.sa_family == AF_INET ? sizeof(at->four) : sizeof(at->six);
}

/* NULL: in the host's own network, and at no address */
static int socket_in(const char *name, int type, const char *at, uint16_t port, int family)
{
	const struct timeval patience = { .tv_sec = 3 };
	autoclose int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	autoclose int there = name ? network(name) : dup(here);
	union endpoint own;
	int fd;

	assert_int_equal(setns(there, CLONE_NEWNET), 0);
	fd = socket(family, type | SOCK_CLOEXEC, 0);
	assert_int_equal(setns(here, CLONE_NEWNET), 0);
	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (!at)
		return fd;
	own = endpoint(at, port);
	if (bind(fd, &own.any, size_of(&own)) < 0)
		fail_msg("bind %s: %s", at, strerror(errno));
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 8), 0);
	return fd;
}

/* From where a server in `there` at an address sees a client, and that the answer comes back; "" if it does not. A client in
 * NULL is the host; `as`: its own address, or NULL. */
static struct route_address_text seen_by(int server, const char *client_in, const char *as,
					 const char *to, uint16_t port, int type)
{
	const union endpoint at = endpoint(to, port);
	autoclose int client = socket_in(client_in, type, NULL, 0, at.any.sa_family), peer = -1;
	struct pollfd wait = { .fd = server, .events = POLLIN };
	union endpoint from;
	socklen_t size = sizeof(from);
	char byte = 0;

	if (as) {
		const union endpoint own = endpoint(as, 0);

		assert_int_equal(bind(client, &own.any, size_of(&own)), 0);
	}
	if (connect(client, &at.any, size_of(&at)) < 0 || send(client, "a", 1, 0) != 1 ||
	    poll(&wait, 1, 3000) != 1)
		return (struct route_address_text){ "" };
	peer = type == SOCK_STREAM ? accept4(server, &from.any, &size, SOCK_CLOEXEC) : dup(server);
	if (type == SOCK_STREAM)
		assert_int_equal(read(peer, &byte, 1), 1);
	else
		assert_int_equal(recvfrom(peer, &byte, 1, 0, &from.any, &size), 1);
	if (sendto(peer, "b", 1, 0, type == SOCK_STREAM ? NULL : &from.any,
		   type == SOCK_STREAM ? 0 : size_of(&from)) != 1 ||
	    recv(client, &byte, 1, 0) != 1 || byte != 'b')
		return (struct route_address_text){ "" };
	return text_of(&from);
}

static void reaches(const char *client, const char *as, const char *server, const char *at,
		    const char *seen)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		autoclose int fd =
			socket_in(server, types[i], at, 80, strchr(at, ':') ? AF_INET6 : AF_INET);
		const struct route_address_text from = seen_by(fd, client, as, at, 80, types[i]);

		if (!str_eq(from.text, seen))
			fail_msg("%s -> %s at %s by %s: from '%s', not '%s'",
				 client ? client : "host", at, server, i ? "UDP" : "TCP", from.text,
				 seen);
	}
}

/* --- making and ending --- */

static struct forward_made make(const char *decoy, bool routed, bool local, struct arena *arena)
{
	autoclose int fd = network(decoy), shared = network("shared");
	const struct forward forward = { .decoy = fd,
					 .network = shared,
					 .cookie = cookie_of(fd),
					 .routed = routed,
					 .siblings_local = local };
	struct forward_made ret;
	struct err e;

	if (forward_make(&forward, arena, &ret, &e) < 0)
		fail_msg("%s", e.text);
	assert_true(ret.done);
	return ret;
}

static void end(const char *decoy, uint64_t cookie, const struct forward_made *made)
{
	autoclose int shared = network("shared");
	const struct forward_ending ending = { .network = shared,
					       .network_cookie = cookie_of(shared),
					       .cookie = cookie,
					       .pair = made->pair,
					       .addresses = &made->addresses };
	struct err e;

	if (forward_end(&ending, &e) < 0)
		fail_msg("%s: %s", decoy, e.text);
}

static uint64_t cookie_in(const char *name)
{
	autoclose int fd = network(name);

	return cookie_of(fd);
}

/* As the kernel has it from the beginning. */
static void nothing_is_left(void)
{
	static const char *const families[] = { "-4", "-6" };

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		does("test \"$(ip -n shared %s rule | sed 's/\\[.*//' | cut -d: -f1 | tr '\\n' ' ')\" = '0 32766 %s'",
		     families[i], i ? "" : "32767 ");
		does("! ip -n shared %s route show table all proto 213 | grep .", families[i]);
	}
	does("! ip -n shared addr | grep -E 'inet6? (10\\.88|fd88|169\\.254)'");
}

#endif
