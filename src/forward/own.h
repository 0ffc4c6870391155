/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses that an engine gave in a decoy, which are to be the distribution's own. Private to this room. */
#ifndef FORWARD_OWN_H
#define FORWARD_OWN_H

#include "base/arena.h"
#include "base/str.h"
#include "forward/routes.h"
#include "sys/netlink_route.h"

/* Of each family. */
#define OWN_MAX 4u

/* Which of the engine's networks it is in: of two with the same addresses in them each may be the other, or not. */
#define OWN_ALONE 'p' /* what begins so is a network for itself */
struct own_network {
	char text[24];
};
struct own_address {
	struct route_address address;
	uint8_t prefix;
	unsigned index; /* of the link in the decoy */
	struct own_network network;
};
struct own_addresses {
	size_t n;
	uint32_t mtu; /* of the smallest of these links */
	struct own_address v[2 * OWN_MAX];
};

/* Those that are asked about by the kernel are waited for, and *prepared is listed anew then. link: our own, or 0. */
int own_find(const struct forward *forward, const struct forward_sockets *at, unsigned link,
	     struct arena *arena, struct link_addresses *prepared, struct own_addresses *ret,
	     struct err *e) MUST_CHECK;

/* For its rules; the caller is in the decoy. A link that has gone meanwhile is "". */
struct forward_owns own_names(const struct own_addresses *own, struct arena *arena);
/* In the decoy, which the caller is in: what comes for them goes on by the pair, and what the decoy itself has asked for
 * comes back to it. before: those of another time, or NULL. */
int own_leave_decoy(int decoy, unsigned pair, const struct own_addresses *own,
		    const struct strlist *before, struct err *e) MUST_CHECK;
/* The other way round: where another policy held, they may have left. */
int own_return_to_decoy(int decoy, const struct link_addresses *prepared, struct err *e) MUST_CHECK;
/* What comes for those of the container that are there already goes on by the pair. */
int own_reach(int decoy, unsigned pair, const struct strlist *targets, struct err *e) MUST_CHECK;

/* In the shared network: they are there, and what is sent from them has a way by the pair. */
int own_arrive(int network, unsigned pair, const struct own_addresses *own, struct err *e)
	MUST_CHECK;
/* What is sent from them takes it. local: to others of this network it goes directly. */
int own_lead(int network, unsigned pair, const struct own_addresses *own, bool local, struct err *e)
	MUST_CHECK;
/* All that the two made for addresses which are not in `but` (NULL: for all). index: of the link of the pair; 0: it is gone.
 * known: those of a link that is gone. FORWARD_PAIRS: the pair is not known. */
struct own_ending {
	unsigned pair, index;
	const struct own_addresses *but;
	const struct strlist *known;
};
int own_end(int network, const struct own_ending *ending, struct err *e) MUST_CHECK;

#endif
