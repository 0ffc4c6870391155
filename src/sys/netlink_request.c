/* SPDX-License-Identifier: Apache-2.0 */
/* See netlink_request.h. Pure. */
#include "sys/netlink_request.h"

#include <linux/rtnetlink.h>
#include <string.h>

void netlink_request_begin(struct netlink_request *request, uint16_t type, uint16_t flags,
			   const void *body, size_t length)
{
	memset(request, 0, sizeof(*request));
	request->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(length);
	request->header.nlmsg_type = type;
	request->header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	memcpy(NLMSG_DATA(&request->header), body, length);
}

void netlink_request_add(struct netlink_request *request, uint16_t type, const void *data,
			 size_t length)
{
	size_t at = NLMSG_ALIGN(request->header.nlmsg_len);
	struct rtattr header = { .rta_len = (unsigned short)RTA_LENGTH(length), .rta_type = type };

	memcpy(request->bytes + at, &header, sizeof(header));
	if (length)
		memcpy(request->bytes + at + RTA_LENGTH(0), data, length);
	request->header.nlmsg_len = (uint32_t)(at + RTA_LENGTH(length));
}

size_t netlink_request_open(struct netlink_request *request, uint16_t type, const void *head,
			    size_t length)
{
	size_t at = NLMSG_ALIGN(request->header.nlmsg_len);

	netlink_request_add(request, type, head, length);
	return at;
}

void netlink_request_close(struct netlink_request *request, size_t at)
{
	struct rtattr header;

	memcpy(&header, request->bytes + at, sizeof(header));
	header.rta_len = (unsigned short)(request->header.nlmsg_len - at);
	memcpy(request->bytes + at, &header, sizeof(header));
}
