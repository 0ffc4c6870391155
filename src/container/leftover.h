/* SPDX-License-Identifier: Apache-2.0 */
/* What a container leaves behind when its first process is gone, found through its records. */
#ifndef CONTAINER_LEFTOVER_H
#define CONTAINER_LEFTOVER_H

#include "state/state.h"

/*
 * The cgroup that may be acted on, NULL where there is none: never made by this program, or made in
 * another boot, when the directories of that name are somebody else's by now. Either record may be
 * NULL.
 */
const struct cgroup_record *leftover_cgroup(const struct status_record *status,
					    const struct intent_record *intent);

/*
 * Whether init waits for `start`. `start` takes the socket away before it lets the program run, and
 * writes its record after: killed in between, it leaves a container that runs and is recorded as created.
 */
bool container_is_waiting(const struct state_dir *dir, const struct status_record *status);

#endif
