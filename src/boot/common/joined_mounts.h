/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts of a container that joins a mount namespace: each of these does nothing if none is joined. */
#ifndef BOOT_COMMON_JOINED_MOUNTS_H
#define BOOT_COMMON_JOINED_MOUNTS_H

#include "boot/common/peer.h"
#include "boot/common/root.h"

int joined_target(struct root *r, const struct plan_mount *mount, int target, struct err *e)
	MUST_CHECK;
/* One that was just mounted. */
int joined_keep(struct root *r, size_t index, struct err *e) MUST_CHECK;
/* The first `n` of the plan's. */
void joined_unmount(struct root *r, size_t n);
int joined_mounts_tell(const struct root *r, int channel, struct err *e) MUST_CHECK;
/* In the runtime. */
int joined_mounts_receive(struct root *r, struct boot_peer *peer, struct err *e) MUST_CHECK;
void joined_mounts_take_back(struct root *r, int mount_namespace);

#endif
