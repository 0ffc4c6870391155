/* SPDX-License-Identifier: Apache-2.0 */
/* The mounts of a plan, in its order. */
#ifndef BOOT_COMMON_MOUNT_H
#define BOOT_COMMON_MOUNT_H

#include "boot/common/root.h"

/* One of the plan's, by its place in the list. */
int mount_one(struct root *r, size_t index, struct err *e) MUST_CHECK;
int root_mount_all(struct root *r, struct err *e) MUST_CHECK;
/* After what is made in them. */
int root_make_readonly_mounts(const struct root *r, struct err *e) MUST_CHECK;
/* After the root's own: that of the mounts which say something of it themselves. */
int root_set_propagation(const struct root *r, struct err *e) MUST_CHECK;

#endif
