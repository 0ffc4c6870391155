/* SPDX-License-Identifier: Apache-2.0 */
/* A process with everything that comes of it, found by way of /proc and not of a cgroup. */
#ifndef SYS_FAMILY_H
#define SYS_FAMILY_H

#include "sys/deadline.h"

#include <sys/types.h>

/*
 * End what descends from `root`, and everything in `session` (0: none); `root` too, but not the caller. What has lost
 * its parent belongs to the nearest subreaper (PR_SET_CHILD_SUBREAPER(2const)), so that a caller that is one and its
 * own `root` overlooks nothing; what has died is waited for then. False: something is left.
 */
bool family_end(pid_t root, pid_t session, const struct deadline *deadline);

/* The nearest of these among a process and those that it descends from; 0: none, or it is gone. */
pid_t family_nearest(pid_t pid, const pid_t *roots, size_t n);

/* Whether this process descends from that one. */
bool family_has_self(pid_t root);

#endif
