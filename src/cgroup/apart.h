/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The group of version 2 of a container that has none by its own cgroup: on a host with version 1 alone, or where it asks
 * for no cgroup. Programs are put at it, and nothing is ever counted, limited, frozen or ended by it. `tree` is the root of
 * the tree of version 2, which needs no mount point (fsopen(2)).
 */
#ifndef CGROUP_APART_H
#define CGROUP_APART_H

#include "base/arena.h"
#include "base/err.h"

/* Below the group that the caller is in, so that what limits the caller limits the container: a path from that root on, or
 * NULL. Nothing is made. */
int cgroup_apart_path(const char *name, struct arena *arena, char **ret, struct err *e) MUST_CHECK;

/* Make it, and open it to be born in it (O_PATH). */
int cgroup_apart_make(int tree, const char *path, struct err *e) MUST_CHECK;
/* O_PATH; ERR_NOT_FOUND. */
int cgroup_apart_open(int tree, const char *path, struct err *e) MUST_CHECK;
/* Once its processes have ended, with what they have made below it. Missing: success. */
int cgroup_apart_remove(int tree, const char *path, int deadline_ms, struct err *e) MUST_CHECK;

#endif
