/* SPDX-License-Identifier: Apache-2.0 */
/* Links of the host that become the container's. */
#ifndef BOOT_CREATE_LINKS_H
#define BOOT_CREATE_LINKS_H

#include "plan/plan.h"

#include <sys/types.h>

struct net_move;
struct links {
	const struct plan *plan;
	struct arena *arena;
	struct net_move *moves; /* one per plan->net_devices; NULL: none has begun */
	int network;            /* the container's, while they may have to go back; else -1 */
};

int links_move(struct links *l, pid_t init, struct err *e) MUST_CHECK;
/* Of what was made, in a failed creation, while the container's namespace is there. */
void links_return(struct links *l);

#endif
