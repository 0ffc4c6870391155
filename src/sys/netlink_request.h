/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message to the kernel over netlink(7), attribute by attribute. Pure; private to this room.
 */
#ifndef SYS_NETLINK_REQUEST_H
#define SYS_NETLINK_REQUEST_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

#define NETLINK_REQUEST_MAX 1024

struct netlink_request {
	union {
		struct nlmsghdr header;
		char bytes[NETLINK_REQUEST_MAX];
	};
};

void netlink_request_begin(struct netlink_request *request, uint16_t type, uint16_t flags,
			   const void *body, size_t length);

/* What is added is small and counted: names, numbers and addresses. */
void netlink_request_add(struct netlink_request *request, uint16_t type, const void *data,
			 size_t length);

/* An attribute of attributes, which are added until its end. */
size_t netlink_request_open(struct netlink_request *request, uint16_t type, const void *head,
			    size_t length);
void netlink_request_close(struct netlink_request *request, size_t at);

#endif
