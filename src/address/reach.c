/* SPDX-License-Identifier: Apache-2.0 */
/* See address.h: how a server that names no address is reached at each of its distribution. Runs in the runtime. */
#include "address/address.h"

#include "address/anchor.h"
#include "base/auto.h"
#include "base/str.h"
#include "sys/netlink.h"
#include "sys/netlink_filter.h"

#include <string.h>

#define FILTER_NAME "distro_several"
#define FILTER_PRIORITY 0xd15
/* Those that lead to networks of engines, of which there may be thousands. */
#define LINKS_OF_ENGINES "fwd"

struct reach {
	int tree, socket, program;
};

static int put(struct reach *r, unsigned index, struct err *e)
{
	bool there;

	if (netlink_has_filter(r->socket, index, FILTER_NAME, FILTER_PRIORITY, &there, e) < 0)
		return -1;
	if (there)
		return 0;
	if (r->program < 0)
		r->program = several_load(r->tree, e);
	if (r->program < 0)
		return -1;
	return netlink_filter_incoming(r->socket, index, r->program, FILTER_NAME, FILTER_PRIORITY,
				       e);
}

/* Once a network: its loopback is the last one. */
static int put_at_all(struct reach *r, struct err *e)
{
	autostrbuf links = { 0 };
	bool there;

	if (netlink_has_filter(r->socket, NETLINK_LOOPBACK, FILTER_NAME, FILTER_PRIORITY, &there,
			       e) < 0)
		return -1;
	if (there)
		return 0;
	if (netlink_links(r->socket, &links, e) < 0)
		return -1;
	for (char *rest = links.text, *line; rest && (line = strsep(&rest, "\n"));) {
		const char *number = strsep(&line, " "), *name = line ? strchr(line, ' ') : NULL;
		uint32_t index;

		if (!name || str_has_prefix(name + 1, LINKS_OF_ENGINES) ||
		    !parse_u32(number, &index) || index == NETLINK_LOOPBACK)
			continue;
		/* one that has gone meanwhile needs none */
		if (put(r, index, e) < 0 && e->sys != ENODEV)
			return -1;
	}
	return put(r, NETLINK_LOOPBACK, e);
}

int address_reach_all(int tree, int network, const char *link, struct err *e)
{
	autoclose int socket = netlink_open_there(network, 0, e);
	struct reach r = { .tree = tree, .socket = socket, .program = -1 };
	unsigned index;
	int rc;

	if (socket < 0 || (link && netlink_find(socket, link, &index, e) < 0))
		return -1;
	rc = link ? put(&r, index, e) : put_at_all(&r, e);
	close_keep_errno(r.program);
	return rc;
}
