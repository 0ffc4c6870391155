/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts for a running container (crun's `mounts add` and `mounts remove`). Pure.
 */
#ifndef PLAN_KEPT_H
#define PLAN_KEPT_H

#include "plan/make.h"
#include "plan/plan.h"

/*
 * What of a container's configuration the judge gets for `asked`, mounts to be added; PATH_MOUNTS of plan_make() then
 * refuses what creation does once and for all: /proc, /sys and the view of the cgroups, changes of mounts that exist,
 * destinations under which a masked or read-only path would disappear. What the container has of its own of the
 * kernel's file systems is mounted in the place of the host's.
 */
struct spec *plan_mounts_request(const struct spec *config, const struct spec *asked,
				 struct arena *arena) __attribute__((returns_nonnull));

/* For taking away: the destinations of `request`, clean. */
int plan_mounts_destinations(const struct spec *request, struct arena *arena, struct strlist *ret,
			     struct err *e) MUST_CHECK;

#endif
