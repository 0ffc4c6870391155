/* SPDX-License-Identifier: Apache-2.0 */
/* Where mounts go. */
#ifndef BOOT_COMMON_PLACE_H
#define BOOT_COMMON_PLACE_H

#include "boot/common/root.h"

#include <sys/stat.h>

/* The place of a mount below the root filesystem, made where it is missing. `source`: of a bind mount.
 * *ret_made: it is a directory that was not there. */
int open_mount_target(const struct root *r, const struct plan_mount *mount, int source,
		      bool *ret_made, struct err *e) MUST_CHECK;
/* It has failed with *e because its place is missing, and the container can do without it. */
bool mount_is_left_out(const struct plan_mount *mount, const struct err *e);
/* A target, or the directory of one, is not in a procfs unless the destination's name says so. */
int check_not_procfs(const struct root *r, const struct plan_mount *mount, int target,
		     struct err *e) MUST_CHECK;
/* Of the source of a bind mount. */
int source_type(const struct plan_mount *mount, int source, mode_t *ret, struct err *e) MUST_CHECK;

#endif
