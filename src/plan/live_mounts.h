/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts for a container that is there already (crun's `mounts add` and `mounts remove`). Pure.
 */
#ifndef PLAN_LIVE_MOUNTS_H
#define PLAN_LIVE_MOUNTS_H

#include "plan/make.h"
#include "plan/plan.h"

/*
 * A plan that has id, bundle, namespaces.new_user, what is kept and mounts: those of `request`, for the container of
 * `config`, which is what it was made of. What creation does once and for all is refused: /proc, /sys and the
 * view of the cgroups, changes of mounts that are there, destinations under which a masked or read-only path
 * would disappear; and under a policy that is enforced, what it says of the resolver's files, and a refusal of
 * what comes of the kernel's file systems among the sources, which `facts` know. What the container has of its own
 * of these is mounted in their place.
 */
int plan_live_mounts(const struct spec *config, const struct spec *request,
		     const struct policy *policy, const struct facts *facts,
		     const struct plan_options *options, struct arena *arena, struct plan **ret,
		     struct err *e) MUST_CHECK;

/* The same for taking away: the destinations of `request`, clean. */
int plan_live_destinations(const struct spec *request, struct arena *arena, struct strlist *ret,
			   struct err *e) MUST_CHECK;

#endif
