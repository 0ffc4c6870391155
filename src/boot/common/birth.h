/* SPDX-License-Identifier: Apache-2.0 */
/* How the container's first process is born in its namespaces. */
#ifndef BOOT_COMMON_BIRTH_H
#define BOOT_COMMON_BIRTH_H

#include "boot/common/peer.h"
#include "boot/common/root.h"
#include "sys/host.h"

struct birth {
	const struct plan *plan;
	const struct facts *facts;
	struct host *host;
	struct arena *arena;
	struct root *root;
	struct boot_group *group;
	struct boot_peer *peer;
	int homes[SPEC_NS_COUNT +
		  1];    /* the runtime's own namespaces while it is away, -1 elsewhere */
	bool ids_mapped; /* of the process, before it was born */
};
#define BIRTH_NO_HOMES                             \
	{                                          \
		-1, -1, -1, -1, -1, -1, -1, -1, -1 \
	}

int birth_make_time_namespace(struct birth *b, struct err *e) MUST_CHECK;
int birth_join_namespaces(struct birth *b, struct err *e) MUST_CHECK;
int birth_make_sysfs(struct birth *b, struct err *e) MUST_CHECK;
/* Returns in both; in the process that was born peer->child.pid is 0. */
int birth_clone(struct birth *b, struct err *e) MUST_CHECK;
int birth_return_home(struct birth *b, struct err *e) MUST_CHECK;
/* In the process that was born, which has no use for them. */
void birth_close_homes(struct birth *b);
int birth_map_ids(struct birth *b, struct err *e) MUST_CHECK;

#endif
