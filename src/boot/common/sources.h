/* SPDX-License-Identifier: Apache-2.0 */
/* What of the host goes into the container. */
#ifndef BOOT_COMMON_SOURCES_H
#define BOOT_COMMON_SOURCES_H

#include "boot/common/idmap.h"
#include "boot/common/peer.h"
#include "boot/common/root.h"
#include "sys/host.h"

struct sources {
	const struct plan *plan;
	const struct facts *facts;
	struct host *host;
	struct arena *arena;
	struct root *root;            /* what is cloned is put there */
	const struct boot_peer *peer; /* with a user namespace: the process that gets it */
	int copy; /* pidfd of what keeps a copy of the runtime's mounts; -1: the container's own is one */
};

/* Those that are no matter of the container's mount namespace; none where it has a user namespace. */
int sources_open(struct sources *s, struct err *e) MUST_CHECK;
/* Whatever user namespace the container has. */
int sources_clone(struct sources *s, struct err *e) MUST_CHECK;
/* Of one bind mount, in the caller's mount namespace, which is the runtime's where `here`; user_namespace: of its
 * ids, or -1. */
int clone_source(const struct sources *s, const struct plan_mount *mount, int user_namespace,
		 bool here, struct err *e) MUST_CHECK;
/* user_namespace: of its ids, or -1. */
int clone_root(const struct sources *s, int rootfs, int user_namespace, struct err *e) MUST_CHECK;
/* Not open yet. */
struct idmaps sources_idmaps(const struct sources *s);
bool takes_away_below(const struct plan_belows *below);

#endif
