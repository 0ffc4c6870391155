/* SPDX-License-Identifier: Apache-2.0 */
/* See netlink.h. Runs in the runtime. */
#include "sys/netlink_answer.h"
#include "sys/netlink_request.h"
#include "sys/nsfd.h"

#include "base/auto.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/veth.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* netlink(7): answers come in datagrams of up to a page, or 32 KiB where the reader has the room. */
#define ANSWER_MAX 32768

static void request_add_name(struct netlink_request *request, const char *name)
{
	netlink_request_add(request, IFLA_IFNAME, name, strnlen(name, IFNAMSIZ - 1) + 1);
}

int netlink_open_protocol(int protocol, struct err *e)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	autoclose int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return fail_sys(e, "open a netlink socket");
	return take_fd(&fd);
}

int netlink_open(struct err *e)
{
	return netlink_open_protocol(NETLINK_ROUTE, e);
}

static int open_if(uint64_t cookie, struct err *e)
{
	uint64_t here;

	if (cookie && netns_cookie(&here, e) < 0)
		return -1;
	if (cookie && here != cookie)
		return fail(e, ERR_NOT_FOUND, "another network namespace has that place by now");
	return netlink_open(e);
}

int netlink_open_there(int network, uint64_t cookie, struct err *e)
{
	autoclose int home = nsfd_own("net", e), socket = -1;
	struct err lost;

	if (home < 0 || nsfd_enter(network, CLONE_NEWNET, "of the policy", e) < 0)
		return -1;
	socket = open_if(cookie, e);
	if (nsfd_enter(home, CLONE_NEWNET, "of the runtime", &lost) < 0) {
		*e = lost;
		return -1;
	}
	return take_fd(&socket);
}

/*
 * The next datagram from the kernel. Any process with power over the network can send one to this socket,
 * and a container may have that power over a network that is shared: only the kernel's number is 0.
 */
static ssize_t receive(int fd, void *buffer, struct err *e)
{
	for (;;) {
		struct sockaddr_nl from = { 0 };
		socklen_t size = sizeof(from);
		ssize_t length =
			recvfrom(fd, buffer, ANSWER_MAX, 0, (struct sockaddr *)&from, &size);

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return fail_sys(e, "netlink: receive");
		if (size == sizeof(from) && from.nl_pid == 0)
			return length;
	}
}

static int exchange(int fd, const void *messages, size_t size, size_t limit, netlink_take *each,
		    void *context, struct err *e)
{
	autofree void *buffer = malloc(ANSWER_MAX);
	size_t got = 0;
	int rc = 0;

	if (!buffer)
		return fail_errno(e, ENOMEM, "netlink");
	if (send(fd, messages, size, 0) < 0)
		return fail_sys(e, "netlink: send");
	while (rc == 0 && got < limit) {
		ssize_t length = receive(fd, buffer, e);
		if (length < 0)
			return -1;
		got += (size_t)length;
		rc = netlink_read_answers(buffer, (size_t)length, each, context, e);
	}
	return rc < 0 ? -1 : 0;
}

int netlink_transact(int fd, const void *messages, size_t size, netlink_take *each, void *context,
		     struct err *e)
{
	return exchange(fd, messages, size, SIZE_MAX, each, context, e);
}

static int transact(int fd, const struct netlink_request *request, netlink_take *each,
		    void *context, struct err *e)
{
	return netlink_transact(fd, request->bytes, request->header.nlmsg_len, each, context, e);
}

int netlink_dump_some(int fd, uint16_t type, const void *body, size_t length, size_t limit,
		      netlink_take *each, void *context, struct err *e)
{
	struct netlink_request request;

	netlink_request_begin(&request, type, NLM_F_DUMP, body, length);
	return exchange(fd, request.bytes, request.header.nlmsg_len, limit ? limit : SIZE_MAX, each,
			context, e);
}

int netlink_dump(int fd, uint16_t type, const void *body, size_t length, netlink_take *each,
		 void *context, struct err *e)
{
	return netlink_dump_some(fd, type, body, length, 0, each, context, e);
}

int netlink_find(int fd, const char *name, unsigned *ret_index, struct err *e)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC };
	struct netlink_request request;
	unsigned index = 0;

	netlink_request_begin(&request, RTM_GETLINK, NLM_F_ACK, &link, sizeof(link));
	request_add_name(&request, name);
	if (transact(fd, &request, netlink_take_index, &index, e) < 0) {
		if (e->sys == ENODEV)
			return fail(e, ERR_NOT_FOUND, "network device '%s' does not exist", name);
		return err_prefix(e, "find network device '%s'", name);
	}
	*ret_index = index;
	return 0;
}

int netlink_find_alias(int fd, const char *name, const char *alias, unsigned *ret_index,
		       struct err *e)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC };
	const uint32_t less = RTEXT_FILTER_SKIP_STATS;
	struct netlink_alias_search search = { .alias = alias };
	struct netlink_request request;

	netlink_request_begin(&request, RTM_GETLINK, name ? NLM_F_ACK : NLM_F_DUMP, &link,
			      sizeof(link));
	if (name)
		request_add_name(&request, name);
	netlink_request_add(&request, IFLA_EXT_MASK, &less, sizeof(less));
	if (transact(fd, &request, netlink_take_alias, &search, e) < 0 && e->sys != ENODEV)
		return err_prefix(e, "find the network device of '%s'", alias);
	if (!search.index)
		return fail(e, ERR_NOT_FOUND, "no network device is of '%s'", alias);
	*ret_index = search.index;
	return 0;
}

int netlink_links(int fd, struct strbuf *ret, struct err *e)
{
	const struct ifinfomsg all = { .ifi_family = AF_UNSPEC };
	const uint32_t less = RTEXT_FILTER_SKIP_STATS;
	struct netlink_request request;

	netlink_request_begin(&request, RTM_GETLINK, NLM_F_DUMP, &all, sizeof(all));
	netlink_request_add(&request, IFLA_EXT_MASK, &less, sizeof(less));
	if (transact(fd, &request, netlink_take_link, ret, e) < 0)
		return err_prefix(e, "list the network devices");
	return 0;
}

int netlink_is_tun(int fd, unsigned index, bool *ret, struct err *e)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index };
	struct netlink_request request;

	*ret = false;
	netlink_request_begin(&request, RTM_GETLINK, NLM_F_ACK, &link, sizeof(link));
	if (transact(fd, &request, netlink_take_tun, ret, e) < 0)
		return err_prefix(e, "look at a network device");
	return 0;
}

int netlink_place(int fd, unsigned index, struct link_place *ret, struct err *e)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index };
	struct netlink_request request;

	*ret = (struct link_place){ .network = -1 };
	netlink_request_begin(&request, RTM_GETLINK, NLM_F_ACK, &link, sizeof(link));
	if (transact(fd, &request, netlink_take_place, ret, e) == 0)
		return 0;
	if (e->sys == ENODEV)
		return fail(e, ERR_NOT_FOUND, "network device %u does not exist", index);
	return err_prefix(e, "look at a network device");
}

int netlink_set_mtu(int fd, unsigned index, uint32_t mtu, struct err *e)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index };
	struct netlink_request request;

	netlink_request_begin(&request, RTM_NEWLINK, NLM_F_ACK, &link, sizeof(link));
	netlink_request_add(&request, IFLA_MTU, &mtu, sizeof(mtu));
	return transact(fd, &request, NULL, NULL, e);
}

static void be_strict(int fd, int strict)
{
	(void)!setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &strict, sizeof(strict));
}

/* A kernel that knows of no strict questions (before 4.20) tells of all links. */
int netlink_addresses(int fd, unsigned index, struct arena *arena, struct link_addresses *ret,
		      struct err *e)
{
	const struct ifaddrmsg header = { .ifa_family = AF_UNSPEC, .ifa_index = index };
	struct netlink_addresses_search search = { .index = index, .arena = arena };
	int rc;

	be_strict(fd, index != 0);
	rc = netlink_dump(fd, RTM_GETADDR, &header, sizeof(header), netlink_take_address, &search,
			  e);
	be_strict(fd, 0);
	/* the link is gone */
	if (rc < 0 && index && e->sys == ENODEV)
		rc = 0;
	if (rc < 0)
		return err_prefix(e, "list the addresses of a network device");
	*ret = search.found;
	return 0;
}

int netlink_addresses_there(int fd, int network, struct arena *arena, struct link_addresses *ret,
			    struct err *e)
{
	const struct {
		struct ifaddrmsg header;
		struct rtattr part;
		int32_t network;
	} question = {
		.header = { .ifa_family = AF_UNSPEC },
		.part = { .rta_len = RTA_LENGTH(sizeof(int32_t)), .rta_type = IFA_TARGET_NETNSID },
		.network = network,
	};
	struct netlink_addresses_search search = { .arena = arena };
	const int strict = 1;
	int rc;

	/* else it would tell of this one */
	if (setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &strict, sizeof(strict)) < 0)
		return fail_sys(e, "ask for addresses in another network namespace");
	rc = netlink_dump(fd, RTM_GETADDR, &question, sizeof(question), netlink_take_address,
			  &search, e);
	be_strict(fd, 0);
	*ret = search.found;
	return rc;
}

int netlink_move(int fd, unsigned index, const char *name, int network, struct err *e)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index };
	const uint32_t network_fd = (uint32_t)network;
	struct netlink_request request;

	netlink_request_begin(&request, RTM_NEWLINK, NLM_F_ACK, &link, sizeof(link));
	netlink_request_add(&request, IFLA_NET_NS_FD, &network_fd, sizeof(network_fd));
	request_add_name(&request, name);
	return transact(fd, &request, NULL, NULL, e);
}

static int change_address(int fd, uint16_t type, uint16_t flags, unsigned index,
			  const struct link_address *address, struct err *e)
{
	const struct ifaddrmsg header = {
		.ifa_family = address->family,
		.ifa_prefixlen = address->prefix,
		.ifa_flags = address->known_unique ? IFA_F_NODAD : 0,
		.ifa_scope = address->scope,
		.ifa_index = index,
	};
	struct netlink_request request;

	netlink_request_begin(&request, type, (uint16_t)(NLM_F_ACK | flags), &header,
			      sizeof(header));
	if (address->has_local)
		netlink_request_add(&request, IFA_LOCAL, address->local, address->size);
	if (address->has_address)
		netlink_request_add(&request, IFA_ADDRESS, address->address, address->size);
	if (address->has_broadcast)
		netlink_request_add(&request, IFA_BROADCAST, address->broadcast, address->size);
	return transact(fd, &request, NULL, NULL, e);
}

int netlink_add_address(int fd, unsigned index, const struct link_address *address, struct err *e)
{
	return change_address(fd, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, index, address, e);
}

int netlink_remove_address(int fd, unsigned index, const struct link_address *address,
			   struct err *e)
{
	int rc = change_address(fd, RTM_DELADDR, 0, index, address, e);

	/* The device itself may have gone with the namespace of its other end. */
	if (rc < 0 && (e->sys == EADDRNOTAVAIL || e->sys == ENODEV || e->sys == ENXIO))
		return fail(e, ERR_NOT_FOUND, "the network device does not have the address");
	return rc;
}

int netlink_make_pair(int fd, const char *name, const char *other, int network, struct err *e)
{
	static const char kind[] = "veth";
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC };
	const uint32_t network_fd = (uint32_t)network;
	struct netlink_request request;
	size_t info, data, peer;

	netlink_request_begin(&request, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &link,
			      sizeof(link));
	request_add_name(&request, name);
	info = netlink_request_open(&request, IFLA_LINKINFO, NULL, 0);
	netlink_request_add(&request, IFLA_INFO_KIND, kind, sizeof(kind) - 1);
	data = netlink_request_open(&request, IFLA_INFO_DATA, NULL, 0);
	peer = netlink_request_open(&request, VETH_INFO_PEER, &link, sizeof(link));
	request_add_name(&request, other);
	netlink_request_add(&request, IFLA_NET_NS_FD, &network_fd, sizeof(network_fd));
	netlink_request_close(&request, peer);
	netlink_request_close(&request, data);
	netlink_request_close(&request, info);
	return transact(fd, &request, NULL, NULL, e);
}

int netlink_remove(int fd, unsigned index, struct err *e)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index };
	struct netlink_request request;

	netlink_request_begin(&request, RTM_DELLINK, NLM_F_ACK, &link, sizeof(link));
	return transact(fd, &request, NULL, NULL, e);
}

int netlink_set_alias(int fd, unsigned index, const char *alias, struct err *e)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index };
	struct netlink_request request;

	netlink_request_begin(&request, RTM_SETLINK, NLM_F_ACK, &link, sizeof(link));
	netlink_request_add(&request, IFLA_IFALIAS, alias, strnlen(alias, IFALIASZ - 1));
	return transact(fd, &request, NULL, NULL, e);
}

int netlink_up(int fd, unsigned index, struct err *e)
{
	const struct ifinfomsg link = {
		.ifi_family = AF_UNSPEC,
		.ifi_index = (int)index,
		.ifi_flags = IFF_UP,
		.ifi_change = IFF_UP,
	};
	struct netlink_request request;

	netlink_request_begin(&request, RTM_NEWLINK, NLM_F_ACK, &link, sizeof(link));
	return transact(fd, &request, NULL, NULL, e);
}
