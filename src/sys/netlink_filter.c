/* SPDX-License-Identifier: Apache-2.0 */
/* See netlink_filter.h. Runs in the runtime. */
#include "sys/netlink_filter.h"

#include "sys/netlink_answer.h"
#include "sys/netlink_request.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* What filters hang on. */
static int add_place(int fd, unsigned index, struct err *e)
{
	const struct tcmsg header = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = (int)index,
		.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0),
		.tcm_parent = TC_H_CLSACT,
	};
	struct netlink_request request;

	netlink_request_begin(&request, RTM_NEWQDISC, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
			      &header, sizeof(header));
	netlink_request_add(&request, TCA_KIND, "clsact", sizeof("clsact"));
	if (netlink_transact(fd, request.bytes, request.header.nlmsg_len, NULL, NULL, e) < 0 &&
	    e->sys != EEXIST)
		return err_prefix(e, "make a place for filters at a link");
	return 0;
}

static struct tcmsg header_of(unsigned index, uint16_t priority)
{
	return (struct tcmsg){
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = (int)index,
		.tcm_handle = 1,
		.tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
		.tcm_info = TC_H_MAKE((uint32_t)priority << 16, htons(ETH_P_ALL)),
	};
}

struct name_search {
	const char *name;
	bool found;
};

static void take_name(const struct nlmsghdr *answer, void *context)
{
	struct name_search *search = context;

	/* with its end, so that it is not the beginning of another one */
	search->found = search->found ||
			memmem(answer, answer->nlmsg_len, search->name, strlen(search->name) + 1);
}

int netlink_has_filter(int fd, unsigned index, const char *name, uint16_t priority, bool *ret,
		       struct err *e)
{
	const struct tcmsg header = header_of(index, priority);
	struct name_search search = { .name = name };
	struct netlink_request request;

	netlink_request_begin(&request, RTM_GETTFILTER, NLM_F_ACK, &header, sizeof(header));
	netlink_request_add(&request, TCA_KIND, "bpf", sizeof("bpf"));
	/* EINVAL: it has no place for filters */
	if (netlink_transact(fd, request.bytes, request.header.nlmsg_len, take_name, &search, e) <
		    0 &&
	    e->sys != ENOENT && e->sys != EINVAL)
		return err_prefix(e, "ask for the programs of a link");
	*ret = search.found;
	return 0;
}

int netlink_filter_incoming(int fd, unsigned index, int program_fd, const char *name,
			    uint16_t priority, struct err *e)
{
	const struct tcmsg header = header_of(index, priority);
	const uint32_t program = (uint32_t)program_fd, flags = TCA_BPF_FLAG_ACT_DIRECT;
	struct netlink_request request;
	size_t options;

	if (add_place(fd, index, e) < 0)
		return -1;
	netlink_request_begin(&request, RTM_NEWTFILTER, NLM_F_ACK | NLM_F_CREATE, &header,
			      sizeof(header));
	netlink_request_add(&request, TCA_KIND, "bpf", sizeof("bpf"));
	options = netlink_request_open(&request, TCA_OPTIONS, NULL, 0);
	netlink_request_add(&request, TCA_BPF_FD, &program, sizeof(program));
	netlink_request_add(&request, TCA_BPF_NAME, name, strlen(name) + 1);
	netlink_request_add(&request, TCA_BPF_FLAGS, &flags, sizeof(flags));
	netlink_request_close(&request, options);
	if (netlink_transact(fd, request.bytes, request.header.nlmsg_len, NULL, NULL, e) < 0)
		return err_prefix(e, "put program '%s' at a link", name);
	return 0;
}
