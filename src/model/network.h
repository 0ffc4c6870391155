/* SPDX-License-Identifier: Apache-2.0 */
/* How a container comes to its network namespace. */
#ifndef MODEL_NETWORK_H
#define MODEL_NETWORK_H

#include "base/names.h"
#include "base/str.h"

#include <stdint.h>

enum network_join {
	NETWORK_NONE = 1, /* no network entry is left (observe only): the runtime's own namespace */
	NETWORK_EARLY,    /* born in the policy's namespace */
	NETWORK_LATE,     /* born in a new one, enters the policy's at start */
	NETWORK_PATH,     /* kept: joins the path that the config names */
	NETWORK_NEW,      /* kept: a new one of its own */
};
extern const struct name_row network_join_names[];

/* Whose addresses the sockets of a container in the shared network have. */
enum network_address {
	ADDRESS_SHARED = 1, /* those of the network */
	ADDRESS_ENGINE,     /* those that its engine has given it */
	ADDRESS_POOL,       /* of its own, out of a pool */
};
extern const struct name_row network_address_names[];

struct network {
	int join;        /* enum network_join */
	char *path;      /* of the policy's namespace under EARLY and LATE */
	uint64_t cookie; /* the one that is expected there; 0: not known */
	const char *
		name; /* of the policy's network; NULL: the general one, of a policy that has no other */
	const char *entry;         /* that the policy has for it, "distros[2]"; NULL: none */
	struct strlist entry_keys; /* that the entry sets: "network.admin" */
};

#endif
