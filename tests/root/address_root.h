/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of addresses of distributions' own share: two groups, processes in them, servers and clients.
 */
#ifndef TESTS_ROOT_ADDRESS_ROOT_H
#define TESTS_ROOT_ADDRESS_ROOT_H

#include "address/address.h"
#include "base/auto.h"
#include "sys/netlink.h"
#include "sys/nsfd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
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
#include <sys/syscall.h>
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
static inline union address make_address(const char *text, unsigned port)
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
static inline socklen_t size_of(const union address *a)
{
	return a->any.sa_family == AF_INET6 ? sizeof(a->six) : sizeof(a->four);
}

static inline int open_socket(const char *at, int type, int protocol)
{
	int fd = socket(strchr(at, ':') ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, protocol);

	MUST(fd >= 0);
	return fd;
}
static inline int bind_to(int fd, const char *at, unsigned port)
{
	const union address a = make_address(at, port);

	return bind(fd, &a.any, size_of(&a));
}
static inline int connect_to(int fd, const char *to, unsigned port)
{
	const union address a = make_address(to, port);

	return connect(fd, &a.any, size_of(&a));
}
static inline const char *text_of(const union address *a)
{
	static char text[INET6_ADDRSTRLEN];

	return a->any.sa_family == AF_INET6
		       ? inet_ntop(AF_INET6, &a->six.sin6_addr, text, sizeof(text))
		       : inet_ntop(AF_INET, &a->four.sin_addr, text, sizeof(text));
}
static inline const char *name_of(int fd)
{
	union address a;
	socklen_t size = sizeof(a);

	MUST(getsockname(fd, &a.any, &size) == 0);
	return text_of(&a);
}
static inline const char *peer_of(int fd)
{
	union address a;
	socklen_t size = sizeof(a);

	MUST(getpeername(fd, &a.any, &size) == 0);
	return text_of(&a);
}
static inline bool is(const char *one, const char *other)
{
	if (strcmp(one, other) == 0)
		return true;
	fprintf(stderr, "'%s' is not '%s'\n", one, other);
	return false;
}
/* Refused as an address that is not there. */
static inline bool is_refused(int rc)
{
	return rc < 0 && errno == EADDRNOTAVAIL;
}
static inline int serve(const char *at, unsigned port, int type, int protocol)
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
static inline pid_t begin(size_t which, void (*work)(size_t which, int ready), int *ret_ready)
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
static inline void in(size_t which, void (*work)(size_t which, int ready))
{
	int ready, status;
	pid_t pid = begin(which, work, &ready);

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(ready);
}

static inline uint32_t word(const char *text)
{
	uint32_t ret;

	assert_int_equal(inet_pton(AF_INET, text, &ret), 1);
	return ret;
}
static inline void arm_with(size_t which, uint32_t flags, bool with_six)
{
	struct address_data data = { .flags = flags, .v4 = { word(four[which]) } }, again;
	struct err e = { 0 };

	assert_int_equal(netns_cookie_apart(machine.shared, &data.cookie, &e), 0);
	if (with_six)
		assert_int_equal(inet_pton(AF_INET6, six[which], data.v6[0]), 1);
	data.loopback = word(which ? "127.64.1.0" : "127.64.0.0");
	assert_int_equal(inet_pton(AF_INET6, which ? "fd77::7f01" : "fd77::7f00", data.loopback6),
			 1);
	if (address_arm(machine.tree, machine.groups[which], &data, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(address_read(machine.groups[which], &again, &e), 0);
	assert_memory_equal(&again, &data, sizeof(data));
}
static inline void arm(size_t which, uint32_t flags)
{
	arm_with(which, flags, true);
}
static inline void arm_without_six(size_t which, uint32_t flags)
{
	arm_with(which, flags, false);
}
static inline void arm_both(uint32_t flags)
{
	arm(0, flags);
	arm(1, flags);
}

/* Who it is, to each that asks, at several sockets, until it is ended. */
static inline void answer(size_t which, const int *fds, size_t n)
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
static inline char ask(const char *at, unsigned port, int type)
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

static inline void end(pid_t pid, int ready)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready);
}

/* --- the machine --- */

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
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

#endif
