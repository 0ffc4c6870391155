/* SPDX-License-Identifier: Apache-2.0 */
/* Which containers are behind a decoy: the first one makes what leads to them, the last one ends it. */
#ifndef FORWARD_MEMBERS_H
#define FORWARD_MEMBERS_H

#include "base/arena.h"
#include "forward/forward.h"

/* One of ours in the run directory, or of the user's. In memory of `arena`. */
const char *forward_directory(bool rootless, struct arena *arena);

struct forward_member {
	const char *root, *id; /* of its state */
};

/* What the shared network is called, to be found again. */
struct forward_network {
	const char *path;
	uint64_t cookie;
};

/* Killed at any moment it leaves what forward_leave() ends. */
int forward_join(const char *directory, const struct forward *forward,
		 const struct forward_network *network, const struct forward_member *member,
		 bool *ret_done, unsigned *ret_pair, struct err *e) MUST_CHECK;

/* Of one that is not a member nothing. */
int forward_leave(const char *directory, uint64_t decoy, const struct forward_member *member,
		  struct err *e) MUST_CHECK;

#endif
