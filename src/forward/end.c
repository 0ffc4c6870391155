/* SPDX-License-Identifier: Apache-2.0 */
/* The end of what forward_make() has made in the shared network. In a process that goes there and ends. */
#include "base/auto.h"
#include "forward/claims.h"
#include "sys/helper.h"
#include "sys/nsfd.h"

#include <linux/sched.h>
#include <net/if.h>
#include <unistd.h>

static int remove_addresses(int socket, unsigned index, struct err *e)
{
	struct link_addresses addresses;
	autoarena arena = { 0 };

	if (netlink_addresses(socket, index, &arena, &addresses, e) < 0)
		return -1;
	for (size_t i = 0; i < addresses.n; i++)
		if (netlink_remove_address(socket, index, &addresses.v[i], e) < 0 &&
		    e->kind != ERR_NOT_FOUND)
			return -1;
	return 0;
}

/* A link of that name may be another decoy's by now. ERR_NOT_FOUND: it is gone. */
static int find_link(int socket, const struct forward_ending *ending, struct own_ending *ret,
		     struct err *e)
{
	const struct forward_name name = forward_name(ending->pair);
	const struct forward_alias alias = forward_alias(ending->cookie);
	char found[IF_NAMESIZE];

	*ret = (struct own_ending){ .pair = ending->pair, .known = ending->addresses };
	if (netlink_find_alias(socket, ending->pair < FORWARD_PAIRS ? name.text : NULL, alias.text,
			       &ret->index, e) < 0) {
		ret->index = 0;
		return e->kind == ERR_NOT_FOUND ? 0 : -1;
	}
	if (ret->pair >= FORWARD_PAIRS && if_indextoname(ret->index, found))
		ret->pair = forward_pair(found);
	return 0;
}

static int end(void *context, struct strbuf *answer, struct err *e)
{
	const struct forward_ending *ending = context;
	autodecoyplace place = DECOY_PLACE_INIT;
	autoclose int socket = -1;
	struct own_ending own;
	uint64_t here;

	(void)answer;
	if (nsfd_enter(ending->network, CLONE_NEWNET, "of the policy", e) < 0 ||
	    netns_cookie(&here, e) < 0)
		return -1;
	if (here != ending->network_cookie)
		return 0;
	socket = netlink_open(e);
	if (socket < 0 || find_link(socket, ending, &own, e) < 0 ||
	    claims_open(ending->directory, here, false, &place, e) < 0 ||
	    own_end(socket, &own, e) < 0)
		return -1;
	if (place.fd >= 0)
		claims_give_up(&place, ending->cookie, ending->addresses);
	return own.index ? remove_addresses(socket, own.index, e) : 0;
}

int forward_end(const struct forward_ending *ending, struct err *e)
{
	struct forward_ending copy = *ending;
	const struct helper_job job = { .name = "the end of forwarding",
					.work = end,
					.context = &copy };
	autofree char *answer = NULL;
	size_t length;

	return helper_run(&job, 64, &answer, &length, e);
}
