/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine has prepared begins to lead to a container, or no longer does. Runs in the runtime. */
#ifndef BOOT_RECORD_FORWARD_H
#define BOOT_RECORD_FORWARD_H

#include "base/arena.h"
#include "state/state.h"

/* Both descriptors are of network namespaces: the engine's and the shared one. That it fails is told, and stops no
 * container. */
void record_forward(struct state_dir *dir, struct status_record *status, int decoy, int network,
		    struct arena *arena);
/* The same where it does not come so far: what `e` says keeps it from that. */
void record_not_forwarded(struct status_record *status, const struct err *e, struct arena *arena);
/* Of what is deleted. That it fails is told. */
void record_forward_end(const struct state_dir *dir, const struct status_record *status);

#endif
