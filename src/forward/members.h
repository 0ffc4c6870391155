/* SPDX-License-Identifier: Apache-2.0 */
/* Which containers are behind a decoy: the first one makes what leads to them, the last one ends it. */
#ifndef FORWARD_MEMBERS_H
#define FORWARD_MEMBERS_H

#include "base/arena.h"
#include "base/fields.h"
#include "forward/forward.h"

/* One of ours in the run directory, or of the user's. In memory of `arena`. */
const char *forward_directory(bool rootless, struct arena *arena);

struct forward_member {
	char *root, *id; /* of its state */
};
struct forward_members {
	size_t n;
	struct forward_member *v;
};

/* What the shared network is called, to be found again. */
struct forward_network {
	const char *path;
	uint64_t cookie;
};

/* Whether a container runs or is being made; true where that cannot be told. */
typedef bool (*forward_lives)(const char *root, const char *id);

struct forward_joined {
	bool done;                /* false: there is nothing that leads to it */
	unsigned pair;            /* of the link */
	struct strlist addresses; /* as in struct forward_made */
	uint32_t nameserver_port; /* as in struct forward_made */
	/* of the ports that the engine publishes, those that others of the shared network have, too */
	struct forward_clashes clashes;
};
/* Killed at any moment it leaves what forward_leave() ends. Members of the decoy that do not live are left out. One that is
 * a member has made anew what leads to it; a nameserver of NULL leaves that of other members. */
int forward_join(const char *directory, const struct forward *forward,
		 const struct forward_network *network, const struct forward_member *member,
		 forward_lives lives, struct arena *arena, struct forward_joined *ret,
		 struct err *e) MUST_CHECK;

/* Of a decoy that leads to another container of that network already. ERR_STATE: none does any more. */
int forward_share(const char *directory, uint64_t decoy, const struct forward_network *network,
		  const struct forward_member *member, struct arena *arena,
		  struct forward_joined *ret, struct err *e) MUST_CHECK;

/* Of one that is not a member nothing. */
int forward_leave(const char *directory, uint64_t decoy, const struct forward_member *member,
		  struct err *e) MUST_CHECK;

/* Where a decoy is that nothing but its record's directory holds. */
char *forward_held(const char *directory, uint64_t decoy, struct arena *arena);
/* Whether it leads to this member, by its record, and by which pair. */
bool forward_leads(const char *directory, uint64_t decoy, const struct forward_member *member,
		   struct arena *arena, unsigned *ret_pair);

struct forward_decoy {
	uint64_t cookie, network;
	char *network_path; /* NULL: its record cannot be read */
	struct opt_u32 pair;
	struct forward_ports ports; /* that the engine publishes */
	bool own_ports; /* which are those of own addresses, so that others may have the same */
	struct strlist addresses; /* as in struct forward_made */
	struct forward_members members;
};
struct forward_decoys {
	size_t n;
	struct forward_decoy *v;
};
/* Of one decoy; none where it is not known. */
struct forward_members forward_members_of(const char *directory, uint64_t decoy,
					  struct arena *arena);
/* All of them, sorted by their cookies; a missing directory has none. */
int forward_list(const char *directory, struct arena *arena, struct forward_decoys *ret,
		 struct err *e) MUST_CHECK;
/* Take out of a decoy the members that do not live, and end what leads from it if that leaves none. */
int forward_prune(const char *directory, uint64_t decoy, forward_lives lives, struct err *e)
	MUST_CHECK;

#endif
