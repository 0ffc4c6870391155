/* SPDX-License-Identifier: Apache-2.0 */
/* See own.h. Runs in the runtime, where it does two namespaces' work. */
#include "forward/own.h"

#include "base/auto.h"
#include "forward/tree.h"
#include "os/io.h"
#include "sys/deadline.h"
#include "sys/netlink.h"
#include "sys/netlink_settings.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The kernel asks about an address for two seconds at most, unless it is told to ask more than once. */
#define TENTATIVE_MS 2000
#define PAUSE_US 5000
#define MTU_MIN 1280u
/* Of the rules by which answers come back to the decoy, and what is not one leaves it. */
#define RETURN_PREF 100u
#define AWAY_PREF 101u
/* Of what leaves. Docker connects no network to which the main table has a way. */
#define AWAY_TABLE (FORWARD_TABLES + FORWARD_PAIRS)

/* --- which they are --- */

static bool is_asked(const struct link_addresses *addresses)
{
	for (size_t i = 0; i < addresses->n; i++)
		if (addresses->v[i].tentative && !addresses->v[i].refused)
			return true;
	return false;
}

/* When an answer is in, the kernel takes the address for its own once more. */
static int wait_for_all(int decoy, struct arena *arena, struct link_addresses *addresses,
			struct err *e)
{
	const struct deadline deadline = deadline_in(TENTATIVE_MS);

	while (is_asked(addresses) && !deadline_is_over(&deadline)) {
		usleep(PAUSE_US);
		if (netlink_addresses(decoy, 0, arena, addresses, e) < 0)
			return -1;
	}
	return 0;
}

/*
 * By the host's end of the pair: its bridge; or by the link that it is a part of (macvlan). What another program answers for
 * (slirp4netns) is a network for itself, and of what is not on this host (a user's engine) only that is known.
 */
static int find_network(const struct forward_sockets *at, uint64_t decoy, unsigned index,
			struct link_place *place, struct own_network *ret, struct err *e)
{
	struct link_place other;
	bool tun;

	if (netlink_place(at->decoy, index, place, e) < 0 ||
	    netlink_is_tun(at->decoy, index, &tun, e) < 0)
		return -1;
	snprintf(ret->text, sizeof(ret->text), "else");
	if (tun)
		snprintf(ret->text, sizeof(ret->text), "%c%llx", OWN_ALONE,
			 (unsigned long long)decoy);
	if (tun || !place->other)
		return 0;
	if (netlink_place(at->host, place->other, &other, e) < 0)
		return e->kind == ERR_NOT_FOUND ? 0 : -1;
	if (other.other != index)
		snprintf(ret->text, sizeof(ret->text), "l%u", place->other);
	else if (other.master)
		snprintf(ret->text, sizeof(ret->text), "b%u", other.master);
	else
		snprintf(ret->text, sizeof(ret->text), "host");
	return 0;
}

static bool is_own(const struct link_address *address, unsigned link)
{
	const struct route_address own = route_address_of(address);

	return address->index != link && address->index != NETLINK_LOOPBACK &&
	       !address->tentative && !address->refused &&
	       !forward_is_address(route_address_text(&own).text);
}

int own_find(const struct forward *forward, const struct forward_sockets *at, unsigned link,
	     struct arena *arena, struct link_addresses *prepared, struct own_addresses *ret,
	     struct err *e)
{
	size_t counts[2] = { 0 };

	*ret = (struct own_addresses){ .n = 0 };
	if (wait_for_all(at->decoy, arena, prepared, e) < 0)
		return -1;
	for (size_t i = 0; i < prepared->n; i++) {
		const struct link_address *address = &prepared->v[i];
		struct own_address *own = &ret->v[ret->n];
		size_t *count = &counts[address->family == AF_INET6];
		struct link_place place;

		if (!is_own(address, link) || *count == OWN_MAX)
			continue;
		*own = (struct own_address){ .address = route_address_of(address),
					     .prefix = address->prefix,
					     .index = address->index };
		if (find_network(at, forward->cookie, own->index, &place, &own->network, e) < 0)
			return -1;
		if (place.mtu && (!ret->mtu || place.mtu < ret->mtu))
			ret->mtu = place.mtu;
		++*count;
		ret->n++;
	}
	return 0;
}

/* --- which they have become --- */

static int ask(int network, uint64_t network_cookie, unsigned pair, struct arena *arena,
	       struct strlist *ret, struct err *e)
{
	autoclose int socket = netlink_open_there(network, network_cookie, e);
	struct link_addresses found;
	size_t counts[2] = { 0 };
	struct link_place place;
	unsigned index;

	if (socket < 0 || netlink_find(socket, forward_name(pair).text, &index, e) < 0 ||
	    netlink_place(socket, index, &place, e) < 0)
		return -1;
	if (place.network < 0)
		return fail(e, ERR_NOT_FOUND, "the decoy is not known by a number");
	if (netlink_addresses_there(socket, place.network, arena, &found, e) < 0)
		return -1;
	*ret = (struct strlist){ .v = arena_new_array(arena, char *, found.n + 1) };
	for (size_t i = 0; i < found.n; i++) {
		const struct route_address address = route_address_of(&found.v[i]);

		if (is_own(&found.v[i], 0) && counts[address.family == AF_INET6]++ < OWN_MAX)
			ret->v[ret->n++] = arena_strdup(arena, route_address_text(&address).text);
	}
	return 0;
}

enum forward_change forward_look(int network, uint64_t network_cookie, unsigned pair,
				 const struct strlist *addresses)
{
	enum forward_change ret = FORWARD_SAME;
	bool seen[2] = { false, false };
	autoarena arena = { 0 };
	struct strlist now = { .n = 0 };
	struct err unknown;

	if (ask(network, network_cookie, pair, &arena, &now, &unknown) < 0)
		return FORWARD_SAME;
	if (now.n != addresses->n)
		ret = FORWARD_MOVED;
	for (size_t i = 0; i < addresses->n; i++) {
		bool *family = &seen[strchr(addresses->v[i], ':') != NULL];

		if (!strlist_has(&now, addresses->v[i]))
			ret = *family ? FORWARD_MOVED : FORWARD_FIRST_AWAY;
		if (ret == FORWARD_FIRST_AWAY)
			break;
		*family = true;
	}
	return ret;
}

/* --- the decoy --- */

static struct route route_to(const struct route_address *address)
{
	return (struct route){ .to = *address,
			       .prefix = (uint8_t)(address->size * 8),
			       .protocol = FORWARD_PROTOCOL };
}

static struct route_address pair_end(int family, unsigned pair, bool decoy)
{
	const struct forward_addresses ends = forward_addresses(pair);
	const char *four = decoy ? ends.decoy4 : ends.container4;
	const char *six = decoy ? ends.decoy6 : ends.container6;
	struct route_address ret;

	(void)!route_address_read(family == AF_INET ? four : six, &ret);
	return ret;
}

static int set_mtu(int socket, unsigned index, uint32_t mtu, struct err *e)
{
	if (mtu < MTU_MIN)
		return 0;
	if (netlink_set_mtu(socket, index, mtu, e) < 0)
		return err_prefix(e, "give the pair packets of up to %u bytes", mtu);
	return 0;
}

/* Those of all links count with each link's own. */
static int set_up_all(struct err *e)
{
	struct err none;

	if (write_file_at(AT_FDCWD, "/proc/sys/net/ipv4/conf/all/rp_filter", "0", e) < 0 ||
	    write_file_at(AT_FDCWD, "/proc/sys/net/ipv4/conf/all/send_redirects", "0", e) < 0)
		return -1;
	/* without it what neighbours answer the decoy goes on to the container (a kernel may have no IPv6) */
	(void)!write_file_at(AT_FDCWD, "/proc/sys/net/ipv6/conf/all/proxy_ndp", "1", &none);
	return 0;
}

/* What the decoy has begun itself (Docker's resolver asks others) has the same address: what is marked as an answer to it is
 * the decoy's. */
static int keep_answers(int decoy, unsigned pair, const struct own_address *own, struct err *e)
{
	const struct route_rule rule = { .family = own->address.family,
					 .protocol = FORWARD_PROTOCOL,
					 .mark = FORWARD_MARK,
					 .pref = RETURN_PREF,
					 .table = forward_table(pair) };
	struct route route = route_to(&own->address);

	route.local = true;
	route.index = own->index;
	route.table = rule.table;
	return netlink_set_route(decoy, &route, e) < 0 || netlink_add_rule(decoy, &rule, e) < 0 ? -1
												: 0;
}

struct forward_owns own_names(const struct own_addresses *own, struct arena *arena)
{
	struct forward_own *v = arena_new_array(arena, struct forward_own, own->n + 1);

	for (size_t i = 0; i < own->n; i++) {
		char link[IF_NAMESIZE] = "";

		(void)!if_indextoname(own->v[i].index, link);
		v[i] = (struct forward_own){
			arena_strdup(arena, route_address_text(&own->v[i].address).text),
			arena_strdup(arena, link)
		};
	}
	return (struct forward_owns){ own->n, v };
}

static int leave(int decoy, unsigned pair, unsigned link, const struct own_address *own,
		 struct err *e)
{
	static const struct link_setting quiet[] = { { IPV4_DEVCONF_SEND_REDIRECTS, 0 } };
	const struct route_rule away = { .family = own->address.family,
					 .protocol = FORWARD_PROTOCOL,
					 .pref = AWAY_PREF,
					 .table = AWAY_TABLE };
	struct route here = route_to(&own->address), there = here;

	here.index = own->index;
	here.local = true;
	here.table = RT_TABLE_LOCAL;
	here.protocol = 0;
	there.index = link;
	there.table = AWAY_TABLE;
	there.gateway = pair_end(own->address.family, pair, false);
	if (netlink_answer_at_once(decoy, own->index, own->address.family, e) < 0 ||
	    (own->address.family == AF_INET &&
	     netlink_set_ipv4(decoy, own->index, quiet, ARRAY_SIZE(quiet), e) < 0))
		return -1;
	if (netlink_answer_for(decoy, own->index, &own->address, e) < 0 ||
	    keep_answers(decoy, pair, own, e) < 0 || netlink_set_route(decoy, &there, e) < 0 ||
	    netlink_add_rule(decoy, &away, e) < 0)
		return -1;
	return netlink_remove_route(decoy, &here, e) < 0 && e->kind != ERR_NOT_FOUND ? -1 : 0;
}

/* What the engine has taken away may be another container's by now. */
static int forget(int decoy, unsigned link, const struct strlist *before,
		  const struct own_addresses *own, struct err *e)
{
	for (size_t i = 0; before && i < before->n; i++) {
		struct route_address address;
		struct route there;
		bool stays = !route_address_read(before->v[i], &address);

		for (size_t k = 0; k < own->n; k++)
			stays = stays ||
				str_eq(route_address_text(&own->v[k].address).text, before->v[i]);
		if (stays)
			continue;
		there = route_to(&address);
		there.index = link;
		there.table = AWAY_TABLE;
		if (netlink_remove_route(decoy, &there, e) < 0 && e->kind != ERR_NOT_FOUND)
			return -1;
	}
	return 0;
}

int own_leave_decoy(int decoy, unsigned pair, const struct own_addresses *own,
		    const struct strlist *before, struct err *e)
{
	static const struct link_setting open[] = { { IPV4_DEVCONF_RP_FILTER, 0 },
						    { IPV4_DEVCONF_ACCEPT_LOCAL, 1 },
						    { IPV4_DEVCONF_SEND_REDIRECTS, 0 } };
	unsigned link;

	if (netlink_find(decoy, FORWARD_DECOY_LINK, &link, e) < 0 || set_up_all(e) < 0 ||
	    netlink_set_ipv4(decoy, link, open, ARRAY_SIZE(open), e) < 0 ||
	    set_mtu(decoy, link, own->mtu, e) < 0 || forget(decoy, link, before, own, e) < 0)
		return -1;
	for (size_t i = 0; i < own->n; i++)
		if (leave(decoy, pair, link, &own->v[i], e) < 0)
			return err_prefix(e,
					  "lead from %s in the engine's network to the container",
					  route_address_text(&own->v[i].address).text);
	return 0;
}

/* The link by which it had left may have gone meanwhile. */
static int return_one(int decoy, unsigned link, const struct link_address *prepared, struct err *e)
{
	const struct route_address address = route_address_of(prepared);
	struct route here = route_to(&address), there = here;
	struct route_way way;

	there.index = link;
	there.table = AWAY_TABLE;
	if (netlink_remove_route(decoy, &there, e) < 0 && e->kind != ERR_NOT_FOUND)
		return -1;
	if (netlink_way_to(decoy, &address, &way, e) == 0) {
		if (way.local)
			return 0;
	} else if (e->kind != ERR_NOT_FOUND) {
		return -1;
	}
	here.index = prepared->index;
	here.local = true;
	here.table = RT_TABLE_LOCAL;
	here.protocol = RTPROT_KERNEL;
	here.source = address;
	return netlink_set_route(decoy, &here, e);
}

int own_return_to_decoy(int decoy, const struct link_addresses *prepared, struct err *e)
{
	unsigned link;

	if (netlink_find(decoy, FORWARD_DECOY_LINK, &link, e) < 0)
		return -1;
	for (size_t i = 0; i < prepared->n; i++)
		if (prepared->v[i].index != link && prepared->v[i].index != NETLINK_LOOPBACK &&
		    return_one(decoy, link, &prepared->v[i], e) < 0)
			return -1;
	return 0;
}

int own_reach(int decoy, unsigned pair, const struct strlist *targets, struct err *e)
{
	unsigned link;

	if (netlink_find(decoy, FORWARD_DECOY_LINK, &link, e) < 0)
		return -1;
	for (size_t i = 0; i < targets->n; i++) {
		struct route_address address;
		struct route route;

		if (!route_address_read(targets->v[i], &address))
			continue;
		route = route_to(&address);
		route.index = link;
		route.gateway = pair_end(address.family, pair, false);
		if (netlink_set_route(decoy, &route, e) < 0)
			return err_prefix(e, "lead from the engine's network to %s", targets->v[i]);
	}
	return 0;
}

/* --- the shared network --- */

static int add_address(int network, unsigned index, const struct route_address *address,
		       struct err *e)
{
	const struct link_address own = link_address_of(address);

	if (netlink_add_address(network, index, &own, e) < 0 && e->sys != EEXIST)
		return err_prefix(e, "give the shared network the address %s",
				  route_address_text(address).text);
	return 0;
}

/* An address of the network's own would be taken away with the pair. */
static int check_free(int network, unsigned index, const struct route_address *address,
		      struct err *e)
{
	struct link_addresses ours;
	autoarena arena = { 0 };
	struct route_way way;

	if (netlink_way_to(network, address, &way, e) < 0)
		return e->kind == ERR_NOT_FOUND ? 0 : -1;
	if (!way.local)
		return 0;
	if (netlink_addresses(network, index, &arena, &ours, e) < 0)
		return -1;
	for (size_t i = 0; i < ours.n; i++)
		if (ours.v[i].family == address->family &&
		    memcmp(link_address_own(&ours.v[i]), address->bytes, address->size) == 0)
			return 0;
	return fail(e, ERR_STATE,
		    "the engine's address %s is in the shared network already, on another link",
		    route_address_text(address).text);
}

/* The way back of a family: the first address of it is where nothing else is asked for. */
static int set_way_back(int network, unsigned pair, unsigned index,
			const struct route_address *first, struct err *e)
{
	const struct route route = {
		.index = index,
		.to = { .family = first->family, .size = first->size },
		.gateway = pair_end(first->family, pair, true),
		.table = forward_table(pair),
		.protocol = FORWARD_PROTOCOL,
		.onlink = true,
		.source = *first,
	};

	return netlink_set_route(network, &route, e);
}

int own_arrive(int network, unsigned pair, const struct own_addresses *own, struct err *e)
{
	static const struct link_setting open[] = { { IPV4_DEVCONF_ACCEPT_LOCAL, 1 } };
	bool first[2] = { true, true };
	unsigned index;

	if (netlink_find(network, forward_name(pair).text, &index, e) < 0 ||
	    netlink_set_ipv4(network, index, open, ARRAY_SIZE(open), e) < 0 ||
	    set_mtu(network, index, own->mtu, e) < 0)
		return -1;
	for (size_t i = 0; i < own->n; i++) {
		const struct route_address *address = &own->v[i].address;
		struct route here = route_to(address);
		bool *is_first = &first[address->family == AF_INET6];

		here.index = index;
		here.local = true;
		here.table = forward_table(pair);
		if (check_free(network, index, address, e) < 0 ||
		    add_address(network, index, address, e) < 0 ||
		    netlink_set_route(network, &here, e) < 0 ||
		    (*is_first && set_way_back(network, pair, index, address, e) < 0))
			return -1;
		*is_first = false;
	}
	return 0;
}
