/* SPDX-License-Identifier: Apache-2.0 */
/* A container comes to addresses, and a localhost, of its own in the shared network. Runs in the runtime. */
#ifndef BOOT_RECORD_ADDRESS_H
#define BOOT_RECORD_ADDRESS_H

#include "base/arena.h"
#include "forward/members.h"
#include "state/state.h"

/* Where it has no group of version 2 by its cgroup (`unified`): how the one that it gets is called. It is made before a process
 * is in it. */
int record_describe_group(struct status_record *status, bool unified, struct arena *arena,
			  struct err *e) MUST_CHECK;
/* A descriptor to be born in it; -1 where it has none. */
int record_open_group(const struct status_record *status, bool make, int *ret_fd, struct err *e)
	MUST_CHECK;
/* Once its processes have ended. Of both records one may be missing (NULL). */
int record_end_group(const struct status_record *status, const struct intent_record *intent,
		     struct err *e) MUST_CHECK;

/* One that its engine does not give. */
int record_take_address(const struct state_dir *dir, struct status_record *status,
			struct arena *arena, struct err *e) MUST_CHECK;
/* Those that its engine has given it, once they lead to it. */
void record_engines_address(struct status_record *status, const struct forward_joined *joined);
/* Its engine has given it none until it is started, or they cannot be its own (`why`, else NULL): it gets one of the pool, or
 * does without. */
int record_address_without_engine(const struct state_dir *dir, struct status_record *status,
				  const struct err *why, struct arena *arena, struct err *e)
	MUST_CHECK;
/* The kernel holds its sockets to what the record has, which is written first; nothing is done where that is not known yet.
 * `network`: the shared one. */
int record_arm_address(struct state_dir *dir, const struct status_record *status, int network,
		       struct err *e) MUST_CHECK;
/* False only where the kernel holds its sockets to something else, or to nothing. */
bool record_is_held(const struct status_record *status);
/* A decision that was added since the container was judged is told. */
void record_warn(const struct status_record *status, size_t added, struct arena *arena);

/* Of what is deleted, once nothing is forwarded to it. That it fails is told. */
void record_address_end(const struct state_dir *dir, const struct status_record *status);

#endif
