/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links of the host that become the container's (config-linux.md "Network Devices"). Never in the shared
 * network: the policy refuses them there. Runs in the runtime, which is single-threaded.
 */
#include "boot/create/links.h"

#include "base/auto.h"
#include "os/log.h"
#include "sys/netlink.h"
#include "sys/nsfd.h"

#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

struct net_move {
	struct link_addresses addresses;
	const char *inside; /* its name there */
	bool gone;          /* it is in the container's namespace */
};

static bool exists(int socket, const char *name)
{
	struct err ignored;
	unsigned index;

	return netlink_find(socket, name, &index, &ignored) == 0;
}

/* "eth%d" is the first of eth0, eth1, ... that is free inside. Chosen here and not by the kernel, which does
 * the same but does not say which one it took. */
static int choose_name(struct links *l, int inside, const char *wanted, const char **ret,
		       struct err *e)
{
	const char *number = strstr(wanted, "%d");
	const char *name = wanted;

	for (unsigned i = 0; number; i++) {
		name = arena_printf(l->arena, "%.*s%u%s", (int)(number - wanted), wanted, i,
				    number + strlen("%d"));
		if (strlen(name) >= IFNAMSIZ)
			return fail(e, ERR_CONFIG, "no name like '%s' is free in the container",
				    wanted);
		if (!exists(inside, name))
			break;
	}
	if (!number && exists(inside, name))
		return fail(e, ERR_CONFIG, "the container has a network device '%s' already", name);
	*ret = name;
	return 0;
}

static int leave_host(struct links *l, int host, int inside, size_t i, struct err *e)
{
	struct net_move *move = &l->moves[i];
	const struct plan_net_device *device = &l->plan->net_devices.v[i];
	bool had_name = exists(inside, device->name);
	unsigned index;

	if (choose_name(l, inside, device->inside, &move->inside, e) < 0 ||
	    netlink_find(host, device->name, &index, e) < 0 ||
	    netlink_addresses(host, index, l->arena, &move->addresses, e) < 0)
		return -1;
	move->gone = true;
	if (netlink_move(host, index, move->inside, l->network, e) == 0)
		return 0;
	/* The kernel moves first, then renames: it may be there under its old name. */
	move->gone = !had_name && exists(inside, device->name);
	return err_prefix(e, "move network device '%s' as '%s'", device->name, move->inside);
}

static int set_up(int socket, const char *name, const struct link_addresses *addresses,
		  struct err *e)
{
	unsigned index;

	if (netlink_find(socket, name, &index, e) < 0)
		return -1;
	for (size_t i = 0; i < addresses->n; i++)
		if (netlink_add_address(socket, index, &addresses->v[i], e) < 0)
			return err_prefix(e, "give network device '%s' its addresses", name);
	if (netlink_up(socket, index, e) < 0)
		return err_prefix(e, "bring network device '%s' up", name);
	return 0;
}

static int open_inside(int network, int home, struct err *e)
{
	autoclose int fd = -1;

	if (nsfd_enter(network, CLONE_NEWNET, "of the container", e) < 0)
		return -1;
	fd = netlink_open(e);
	if (nsfd_enter(home, CLONE_NEWNET, "net", e) < 0)
		return -1;
	return take_fd(&fd);
}

int links_move(struct links *l, pid_t init, struct err *e)
{
	autoclose int home = -1, host = -1, inside = -1;
	size_t n = l->plan->net_devices.n;
	int rc = 0;

	if (n == 0)
		return 0;
	l->network = nsfd_of_process(init, "net");
	if (l->network < 0)
		return fail_sys(e, "open the container's network namespace");
	home = nsfd_own("net", e);
	host = home < 0 ? -1 : netlink_open(e);
	inside = host < 0 ? -1 : open_inside(l->network, home, e);
	if (inside < 0)
		return -1;
	l->moves = arena_new_array(l->arena, struct net_move, n);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = leave_host(l, host, inside, i, e);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = set_up(inside, l->moves[i].inside, &l->moves[i].addresses, e);
	return rc < 0 ? err_prefix(e, "linux.netDevices") : 0;
}

static int give_back(struct links *l, int host, int inside, int home, size_t i, struct err *e)
{
	const struct plan_net_device *device = &l->plan->net_devices.v[i];
	struct err not_renamed;
	unsigned index;

	if (netlink_find(inside, l->moves[i].inside, &index, &not_renamed) < 0 &&
	    netlink_find(inside, device->name, &index, e) < 0)
		return -1;
	if (netlink_move(inside, index, device->name, home, e) < 0)
		return err_prefix(e, "give network device '%s' back", device->name);
	return set_up(host, device->name, &l->moves[i].addresses, e);
}

/* With the container's namespace the kernel would destroy links that are not of hardware. */
void links_return(struct links *l)
{
	autoclose int home = -1, host = -1, inside = -1;
	struct err e;

	if (!l->moves)
		return;
	home = nsfd_own("net", &e);
	host = home < 0 ? -1 : netlink_open(&e);
	inside = host < 0 ? -1 : open_inside(l->network, home, &e);
	if (inside < 0)
		log_warning("after a failed start: %s", e.text);
	for (size_t i = 0; inside >= 0 && i < l->plan->net_devices.n; i++)
		if (l->moves[i].gone && give_back(l, host, inside, home, i, &e) < 0)
			log_warning("after a failed start: %s", e.text);
}
