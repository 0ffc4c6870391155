/* SPDX-License-Identifier: Apache-2.0 */
/*
 * power: what takes power over a network, each tried once; of each one line, the error that the kernel gives or "done".
 * What was done is taken back as far as it goes. For network-power.bats.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ETHERNET 0x0003 /* ETH_P_ALL */

static int made(int family, int type, int protocol)
{
	return socket(family, type, protocol);
}

static int set(int family, int type, int level, int option, const void *value, socklen_t size)
{
	int fd = socket(family, type, 0);

	return fd < 0 ? -1 : setsockopt(fd, level, option, value, size);
}

static int flags_of_loopback(int clear)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq request = { .ifr_name = "lo" };

	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return -1;
	if (clear)
		request.ifr_flags &= (short)~IFF_UP;
	else
		request.ifr_flags |= IFF_PROMISC;
	return ioctl(fd, SIOCSIFFLAGS, &request);
}

static int address_of_loopback(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq request = { .ifr_name = "lo" };
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(0x7f000001) };

	memcpy(&request.ifr_addr, &address, sizeof(address));
	return ioctl(fd, SIOCSIFADDR, &request);
}

/* One message to a part of the kernel, and the error that it answers with. */
static int say(int protocol, uint16_t type, uint16_t flags, const void *body, size_t size)
{
	union {
		struct nlmsghdr header;
		char bytes[4096];
	} message = { .header = { .nlmsg_len = (uint32_t)NLMSG_LENGTH(size),
				  .nlmsg_type = type,
				  .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags) } };
	struct timeval deadline = { .tv_sec = 2 };
	const struct nlmsgerr *error = NLMSG_DATA(&message.header);
	int fd = socket(AF_NETLINK, SOCK_RAW, protocol);

	memcpy(NLMSG_DATA(&message.header), body, size);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
	if (fd < 0 || send(fd, &message, message.header.nlmsg_len, 0) < 0 ||
	    recv(fd, &message, sizeof(message), 0) < 0)
		return -1;
	if (message.header.nlmsg_type != NLMSG_ERROR || error->error == 0)
		return 0;
	errno = -error->error;
	return -1;
}

static int link_down(void)
{
	const struct ifinfomsg link = { .ifi_index = 1, .ifi_change = IFF_UP };

	return say(NETLINK_ROUTE, RTM_NEWLINK, 0, &link, sizeof(link));
}

static int link_new(void)
{
	const struct {
		struct ifinfomsg link;
		struct rtattr info, kind;
		char name[8];
	} body = { .info = { .rta_len = 4 + 4 + 6, .rta_type = IFLA_LINKINFO },
		   .kind = { .rta_len = 4 + 6, .rta_type = IFLA_INFO_KIND },
		   .name = "dummy" };

	return say(NETLINK_ROUTE, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof(body));
}

static int address_new(void)
{
	const struct {
		struct ifaddrmsg address;
		struct rtattr local;
		uint32_t value;
	} body = { .address = { .ifa_family = AF_INET, .ifa_prefixlen = 32, .ifa_index = 1 },
		   .local = { .rta_len = 8, .rta_type = IFA_LOCAL },
		   .value = htonl(0x7f000909) };

	return say(NETLINK_ROUTE, RTM_NEWADDR, NLM_F_CREATE, &body, sizeof(body));
}

static int route_new(void)
{
	const struct {
		struct rtmsg route;
		struct rtattr to;
		uint32_t value;
	} body = { .route = { .rtm_family = AF_INET,
			      .rtm_dst_len = 32,
			      .rtm_table = RT_TABLE_MAIN,
			      .rtm_protocol = RTPROT_STATIC,
			      .rtm_type = RTN_BLACKHOLE },
		   .to = { .rta_len = 8, .rta_type = RTA_DST },
		   .value = htonl(0xc0000299) };

	return say(NETLINK_ROUTE, RTM_NEWROUTE, NLM_F_CREATE, &body, sizeof(body));
}

static int rule_new(void)
{
	const struct rtmsg rule = { .rtm_family = AF_INET,
				    .rtm_table = RT_TABLE_MAIN,
				    .rtm_type = 1 };

	return say(NETLINK_ROUTE, RTM_NEWRULE, NLM_F_CREATE, &rule, sizeof(rule));
}

static int neighbour_new(void)
{
	const struct {
		struct ndmsg neighbour;
		struct rtattr to;
		uint32_t value;
	} body = { .neighbour = { .ndm_family = AF_INET,
				  .ndm_ifindex = 1,
				  .ndm_state = NUD_PERMANENT },
		   .to = { .rta_len = 8, .rta_type = NDA_DST },
		   .value = htonl(0x7f000808) };

	return say(NETLINK_ROUTE, RTM_NEWNEIGH, NLM_F_CREATE, &body, sizeof(body));
}

/* A batch begins with a message that takes the power already. */
static int packet_filter(void)
{
	const struct nfgenmsg begin = { .nfgen_family = AF_UNSPEC,
					.version = NFNETLINK_V0,
					.res_id = htons(NFNL_SUBSYS_NFTABLES) };

	return say(NETLINK_NETFILTER, NFNL_MSG_BATCH_BEGIN, 0, &begin, sizeof(begin));
}

static int connections_listened_to(void)
{
	const int group = 1; /* NFNLGRP_CONNTRACK_NEW */
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);

	return fd < 0 ? -1
		      : setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group));
}

static void tell(const char *name, int rc)
{
	printf("%s: %s\n", name, rc < 0 ? strerrorname_np(errno) : "done");
}

int main(void)
{
	const int on = 1, mark = 7, priority = 7;

	setvbuf(stdout, NULL, _IONBF, 0);
	tell("raw", made(AF_INET, SOCK_RAW, IPPROTO_TCP));
	tell("raw icmp", made(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	tell("raw v6", made(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6));
	tell("packet", made(AF_PACKET, SOCK_RAW, htons(ETHERNET)));
	tell("packet cooked", made(AF_PACKET, SOCK_DGRAM, htons(ETHERNET)));
	tell("transparent", set(AF_INET, SOCK_STREAM, IPPROTO_IP, IP_TRANSPARENT, &on, sizeof(on)));
	tell("mark", set(AF_INET, SOCK_DGRAM, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)));
	tell("priority",
	     set(AF_INET, SOCK_DGRAM, SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority)));
	tell("link down by ioctl", flags_of_loopback(1));
	tell("link promiscuous", flags_of_loopback(0));
	tell("address by ioctl", address_of_loopback());
	tell("link down", link_down());
	tell("link new", link_new());
	tell("address new", address_new());
	tell("route new", route_new());
	tell("rule new", rule_new());
	tell("neighbour new", neighbour_new());
	tell("packet filter", packet_filter());
	tell("connections of all", connections_listened_to());
	return 0;
}
