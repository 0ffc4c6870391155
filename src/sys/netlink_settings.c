/* SPDX-License-Identifier: Apache-2.0 */
/* See netlink_settings.h. Runs in the runtime. */
#include "sys/netlink_settings.h"

#include "sys/netlink_answer.h"
#include "sys/netlink_request.h"

#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

static int transact(int fd, const struct netlink_request *request, struct err *e)
{
	return netlink_transact(fd, request->bytes, request->header.nlmsg_len, NULL, NULL, e);
}

int netlink_set_ipv4(int fd, unsigned index, const struct link_setting *settings, size_t n,
		     struct err *e)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index };
	struct netlink_request request;
	size_t all, family, conf;

	netlink_request_begin(&request, RTM_SETLINK, NLM_F_ACK, &link, sizeof(link));
	all = netlink_request_open(&request, IFLA_AF_SPEC, NULL, 0);
	family = netlink_request_open(&request, AF_INET, NULL, 0);
	conf = netlink_request_open(&request, IFLA_INET_CONF, NULL, 0);
	for (size_t i = 0; i < n; i++)
		netlink_request_add(&request, settings[i].number, &settings[i].value,
				    sizeof(settings[i].value));
	netlink_request_close(&request, conf);
	netlink_request_close(&request, family);
	netlink_request_close(&request, all);
	if (transact(fd, &request, e) < 0)
		return err_prefix(e, "set up a network device");
	return 0;
}

int netlink_answer_at_once(int fd, unsigned index, uint8_t family, struct err *e)
{
	const char *table = family == AF_INET6 ? "ndisc_cache" : "arp_cache";
	const struct ndtmsg header = { .ndtm_family = family };
	const uint32_t number = index;
	const uint64_t delay = 0;
	struct netlink_request request;
	size_t parms;

	netlink_request_begin(&request, RTM_SETNEIGHTBL, NLM_F_ACK, &header, sizeof(header));
	netlink_request_add(&request, NDTA_NAME, table, strlen(table) + 1);
	parms = netlink_request_open(&request, NDTA_PARMS, NULL, 0);
	netlink_request_add(&request, NDTPA_IFINDEX, &number, sizeof(number));
	netlink_request_add(&request, NDTPA_PROXY_DELAY, &delay, sizeof(delay));
	netlink_request_close(&request, parms);
	if (transact(fd, &request, e) < 0)
		return err_prefix(e, "have a network device answer at once");
	return 0;
}
