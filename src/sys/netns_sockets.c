/* SPDX-License-Identifier: Apache-2.0 */
/* See netns_sockets.h. Runs in the runtime. */
#include "sys/netns_sockets.h"

#include "base/auto.h"
#include "base/str.h"
#include "os/io.h"
#include "sys/netlink_answer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNTS_MAX 4096

/* Whether there is a line that begins so, up to the end of a number: "TCP: inuse 0 orphan 0 tw 0 alloc 2 mem 252". */
static bool has_line(const char *counts, const char *beginning)
{
	size_t length = strlen(beginning);

	for (const char *line = counts; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, beginning, length) == 0)
			return line[length] == ' ' || line[length] == '\n';
	}
	return false;
}

bool netns_sockets_are_none(const char *four, const char *six)
{
	return has_line(four, "TCP: inuse 0") && has_line(four, "UDP: inuse 0") &&
	       (!six || (has_line(six, "TCP6: inuse 0") && has_line(six, "UDP6: inuse 0")));
}

/* The counters cost next to nothing; sock_diag goes through the tables of all network namespaces, which grow with the
 * machine's memory. */
static bool counts_say_none(void)
{
	autofree char *four = NULL, *six = NULL;
	struct err unread;

	if (read_file_at(AT_FDCWD, "/proc/self/net/sockstat", COUNTS_MAX, &four, NULL, &unread) < 0)
		return false;
	/* not there without IPv6 */
	if (read_file_at(AT_FDCWD, "/proc/self/net/sockstat6", COUNTS_MAX, &six, NULL, &unread) <
		    0 &&
	    unread.sys != ENOENT)
		return false;
	return netns_sockets_are_none(four, six);
}

struct look {
	uint32_t resolver; /* its address */
	int protocol;
	struct netns_sockets *found;
};

static void take_socket(const struct nlmsghdr *answer, void *context)
{
	struct look *look = context;
	struct inet_diag_msg socket;
	uint16_t *port = look->protocol == IPPROTO_TCP ? &look->found->resolver.tcp
						       : &look->found->resolver.udp;

	if (answer->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    answer->nlmsg_len < NLMSG_LENGTH(sizeof(socket)))
		return;
	memcpy(&socket, NLMSG_DATA(answer), sizeof(socket));
	if (socket.idiag_family == AF_INET && socket.id.idiag_src[0] == look->resolver)
		*port = ntohs(socket.id.idiag_sport);
	else
		look->found->any = true;
}

int netns_sockets_look(struct netns_sockets *ret, struct err *e)
{
	static const struct {
		uint8_t family, protocol;
	} kinds[] = {
		{ AF_INET, IPPROTO_TCP },
		{ AF_INET6, IPPROTO_TCP },
		{ AF_INET, IPPROTO_UDP },
		{ AF_INET6, IPPROTO_UDP },
	};
	autoclose int fd = -1;

	*ret = (struct netns_sockets){ .any = false };
	if (counts_say_none())
		return 0;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (fd < 0 && errno == EPROTONOSUPPORT)
		return 0;
	if (fd < 0)
		return fail_sys(e, "open a socket of sock_diag");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct inet_diag_req_v2 request = {
			.sdiag_family = kinds[i].family,
			.sdiag_protocol = kinds[i].protocol,
			.idiag_states = UINT32_MAX,
		};
		struct look look = { inet_addr(NETNS_ENGINES_RESOLVER), kinds[i].protocol, ret };

		/* ENOENT: a protocol that this kernel does not tell of */
		if (netlink_dump(fd, SOCK_DIAG_BY_FAMILY, &request, sizeof(request), take_socket,
				 &look, e) < 0 &&
		    e->sys != ENOENT)
			return err_prefix(e, "list the sockets of a network namespace");
	}
	return 0;
}
