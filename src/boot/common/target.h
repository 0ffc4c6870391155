/* SPDX-License-Identifier: Apache-2.0 */
/* A container that runs, and the way into it. */
#ifndef BOOT_COMMON_TARGET_H
#define BOOT_COMMON_TARGET_H

#include "boot/common/session.h"

#include <stdbool.h>
#include <stdint.h>

struct target {
	int pidfd;        /* of its first process */
	int root;         /* its root directory where its mount namespace is ours, else -1 */
	uint64_t join;    /* CLONE_NEW* of its namespaces that are not ours, but the network */
	bool network;     /* its network is not ours */
	int late_network; /* entered instead of its own (before a late join), else -1 */
	const char *network_path;
	uint64_t cookie;    /* of the shared network that it is in, 0: of none */
	bool groups_denied; /* its user namespace allows no setgroups() */
};
#define TARGET_INIT                                         \
	{                                                   \
		.pidfd = -1, .root = -1, .late_network = -1 \
	}
void target_release(struct target *t);

int target_enter_network(const struct target *t, struct err *e) MUST_CHECK;
/* All other namespaces. *ret_root: "/" in there. */
int target_enter(const struct target *t, const struct session *session, int *ret_root,
		 struct err *e) MUST_CHECK;

#endif
