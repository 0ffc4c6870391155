/* SPDX-License-Identifier: Apache-2.0 */
/* See netlink.h. Runs in the runtime. */
#include "sys/netlink.h"

#include "base/auto.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX 512
/* netlink(7): answers come in datagrams of up to a page, or 32 KiB where the reader has the room. */
#define ANSWER_MAX 32768

struct request {
	union {
		struct nlmsghdr header;
		char bytes[REQUEST_MAX];
	};
};

/* The kernel answers each before the next is sent. */
static void request_begin(struct request *request, uint16_t type, uint16_t flags, const void *body,
			  size_t length)
{
	memset(request, 0, sizeof(*request));
	request->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(length);
	request->header.nlmsg_type = type;
	request->header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	memcpy(NLMSG_DATA(&request->header), body, length);
}

/* What is added is small and counted: names, numbers and addresses. */
static void request_add(struct request *request, uint16_t type, const void *data, size_t length)
{
	size_t at = NLMSG_ALIGN(request->header.nlmsg_len);
	struct rtattr header = { .rta_len = (unsigned short)RTA_LENGTH(length), .rta_type = type };

	memcpy(request->bytes + at, &header, sizeof(header));
	memcpy(request->bytes + at + RTA_LENGTH(0), data, length);
	request->header.nlmsg_len = (uint32_t)(at + RTA_LENGTH(length));
}

int netlink_open(struct err *e)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	autoclose int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return fail_sys(e, "open a netlink socket");
	return take_fd(&fd);
}

/* Of each answer to a request; 1: that was all. */
typedef int (*answer_function)(const struct nlmsghdr *answer, void *context, struct err *e);

static int read_answer(const struct nlmsghdr *answer, answer_function each, void *context,
		       struct err *e)
{
	struct nlmsgerr error;

	if (answer->nlmsg_type == NLMSG_DONE)
		return 1;
	if (answer->nlmsg_type != NLMSG_ERROR)
		return each ? each(answer, context, e) : 0;
	if (answer->nlmsg_len < NLMSG_LENGTH(sizeof(error)))
		return fail(e, ERR_SYSTEM, "netlink: a short answer");
	memcpy(&error, NLMSG_DATA(answer), sizeof(error));
	return error.error ? fail_errno(e, -error.error, "netlink") : 1;
}

static int transact(int fd, const struct request *request, answer_function each, void *context,
		    struct err *e)
{
	autofree char *buffer = malloc(ANSWER_MAX);

	if (!buffer)
		return fail_errno(e, ENOMEM, "netlink");
	if (send(fd, request->bytes, request->header.nlmsg_len, 0) < 0)
		return fail_sys(e, "netlink: send");
	for (;;) {
		ssize_t length = recv(fd, buffer, ANSWER_MAX, 0);
		size_t left = (size_t)length;
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return fail_sys(e, "netlink: receive");
		for (const struct nlmsghdr *answer = (const void *)buffer; NLMSG_OK(answer, left);
		     answer = NLMSG_NEXT(answer, left)) {
			int rc = read_answer(answer, each, context, e);
			if (rc != 0)
				return rc < 0 ? -1 : 0;
		}
	}
}

static int take_index(const struct nlmsghdr *answer, void *context, struct err *e)
{
	struct ifinfomsg link;

	(void)e;
	if (answer->nlmsg_type != RTM_NEWLINK || answer->nlmsg_len < NLMSG_LENGTH(sizeof(link)))
		return 0;
	memcpy(&link, NLMSG_DATA(answer), sizeof(link));
	*(unsigned *)context = (unsigned)link.ifi_index;
	return 0;
}

int netlink_find(int fd, const char *name, unsigned *ret_index, struct err *e)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC };
	struct request request;
	unsigned index = 0;

	request_begin(&request, RTM_GETLINK, NLM_F_ACK, &link, sizeof(link));
	request_add(&request, IFLA_IFNAME, name, strnlen(name, IFNAMSIZ - 1) + 1);
	if (transact(fd, &request, take_index, &index, e) < 0) {
		if (e->sys == ENODEV)
			return fail(e, ERR_NOT_FOUND, "there is no network device '%s'", name);
		return err_prefix(e, "find network device '%s'", name);
	}
	*ret_index = index;
	return 0;
}

struct address_search {
	unsigned index;
	struct arena *arena;
	struct link_addresses found;
	size_t capacity;
};

static void keep_address(struct address_search *search, const struct link_address *address)
{
	struct link_addresses *found = &search->found;

	if (found->n == search->capacity) {
		size_t capacity = search->capacity ? search->capacity * 2 : 4;
		struct link_address *v =
			arena_new_array(search->arena, struct link_address, capacity);
		if (found->n)
			memcpy(v, found->v, found->n * sizeof(*v));
		found->v = v;
		search->capacity = capacity;
	}
	found->v[found->n++] = *address;
}

static void take_part(const struct rtattr *part, struct link_address *address, uint32_t *flags)
{
	const struct {
		unsigned short type;
		uint8_t *to;
		bool *given;
	} parts[] = {
		{ IFA_LOCAL, address->local, &address->has_local },
		{ IFA_ADDRESS, address->address, &address->has_address },
		{ IFA_BROADCAST, address->broadcast, &address->has_broadcast },
	};

	if (part->rta_type == IFA_FLAGS && RTA_PAYLOAD(part) >= sizeof(*flags))
		memcpy(flags, RTA_DATA(part), sizeof(*flags));
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (part->rta_type != parts[i].type || RTA_PAYLOAD(part) < address->size)
			continue;
		memcpy(parts[i].to, RTA_DATA(part), address->size);
		*parts[i].given = true;
	}
}

static int take_address(const struct nlmsghdr *answer, void *context, struct err *e)
{
	struct address_search *search = context;
	struct link_address address = { 0 };
	struct ifaddrmsg header;
	uint32_t flags;
	size_t left;

	(void)e;
	if (answer->nlmsg_type != RTM_NEWADDR || answer->nlmsg_len < NLMSG_LENGTH(sizeof(header)))
		return 0;
	memcpy(&header, NLMSG_DATA(answer), sizeof(header));
	if (header.ifa_index != search->index || header.ifa_scope != RT_SCOPE_UNIVERSE ||
	    (header.ifa_family != AF_INET && header.ifa_family != AF_INET6))
		return 0;
	flags = header.ifa_flags;
	address.family = header.ifa_family;
	address.prefix = header.ifa_prefixlen;
	address.scope = header.ifa_scope;
	address.size = header.ifa_family == AF_INET ? 4 : 16;
	left = IFA_PAYLOAD(answer);
	for (const struct rtattr *part = IFA_RTA((struct ifaddrmsg *)NLMSG_DATA(answer));
	     RTA_OK(part, left); part = RTA_NEXT(part, left))
		take_part(part, &address, &flags);
	if (flags & IFA_F_PERMANENT)
		keep_address(search, &address);
	return 0;
}

int netlink_addresses(int fd, unsigned index, struct arena *arena, struct link_addresses *ret,
		      struct err *e)
{
	const struct ifaddrmsg header = { .ifa_family = AF_UNSPEC };
	struct address_search search = { .index = index, .arena = arena };
	struct request request;

	request_begin(&request, RTM_GETADDR, NLM_F_DUMP, &header, sizeof(header));
	if (transact(fd, &request, take_address, &search, e) < 0)
		return err_prefix(e, "list the addresses of a network device");
	*ret = search.found;
	return 0;
}

int netlink_move(int fd, unsigned index, const char *name, int network, struct err *e)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index };
	const uint32_t network_fd = (uint32_t)network;
	struct request request;

	request_begin(&request, RTM_NEWLINK, NLM_F_ACK, &link, sizeof(link));
	request_add(&request, IFLA_NET_NS_FD, &network_fd, sizeof(network_fd));
	request_add(&request, IFLA_IFNAME, name, strnlen(name, IFNAMSIZ - 1) + 1);
	return transact(fd, &request, NULL, NULL, e);
}

int netlink_add_address(int fd, unsigned index, const struct link_address *address, struct err *e)
{
	const struct ifaddrmsg header = {
		.ifa_family = address->family,
		.ifa_prefixlen = address->prefix,
		.ifa_scope = address->scope,
		.ifa_index = index,
	};
	struct request request;

	request_begin(&request, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &header,
		      sizeof(header));
	if (address->has_local)
		request_add(&request, IFA_LOCAL, address->local, address->size);
	if (address->has_address)
		request_add(&request, IFA_ADDRESS, address->address, address->size);
	if (address->has_broadcast)
		request_add(&request, IFA_BROADCAST, address->broadcast, address->size);
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
	struct request request;

	request_begin(&request, RTM_NEWLINK, NLM_F_ACK, &link, sizeof(link));
	return transact(fd, &request, NULL, NULL, e);
}
