/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts of a container that joins a mount namespace: each of these does nothing where none is joined. */
#ifndef BOOT_JOINED_MOUNTS_H
#define BOOT_JOINED_MOUNTS_H

#include "boot/context.h"

int child_joined_target(struct boot *b, const struct plan_mount *mount, int target, struct err *e)
	MUST_CHECK;
/* One that was just mounted. */
int child_joined_keep(struct boot *b, size_t index, struct err *e) MUST_CHECK;
/* The first `n` of the plan's. */
void child_joined_take_back(struct boot *b, size_t n);
int child_joined_mounts(struct boot *b, struct err *e) MUST_CHECK;
int parent_joined_mounts(struct boot *b, struct err *e) MUST_CHECK;
void parent_joined_take_back(struct boot *b);

#endif
