/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts with ids of their own. */
#ifndef BOOT_COMMON_IDMAP_H
#define BOOT_COMMON_IDMAP_H

#include "base/auto.h"
#include "model/facts.h"
#include "plan/plan.h"

#include <sys/types.h>

struct idmaps {
	const struct plan *plan;
	const struct facts *facts;
	struct arena *arena;
	int joined; /* the user namespace that the plan joins; not owned */
	pid_t init; /* in the container's user namespace, whose ids are mapped already */
	int root;   /* of the root filesystem: as below */
	size_t n;
	int *fds; /* one per plan->mounts: a user namespace, -1 if its ids stay as they are */
};
void idmaps_close(struct idmaps *m);
#define auto_idmaps __attribute__((cleanup(idmaps_close))) struct idmaps
int open_idmaps(struct idmaps *m, struct err *e) MUST_CHECK;
/* Of a detached mount; does nothing if the plan gives none. */
int apply_idmap(struct arena *arena, int fd, const struct plan_mount *mount, int user_namespace,
		struct err *e) MUST_CHECK;

#endif
