/* SPDX-License-Identifier: Apache-2.0 */
/* Masked and read-only paths. */
#ifndef BOOT_COMMON_MASK_H
#define BOOT_COMMON_MASK_H

#include "boot/common/root.h"

/* The host's null device. */
int open_null(struct err *e) MUST_CHECK;
/* *empty: -1, or the directory that has masked another one; it is owned by the caller. */
int mask_path(int target, const char *path, int null, int *empty, const struct plan *plan,
	      struct err *e) MUST_CHECK;
int make_path_readonly(int target, const char *path, struct err *e) MUST_CHECK;
/* What is masked or read-only at the usual place, of an attached procfs or sysfs beside it. */
int guard_mount(const struct root *r, int fd, const struct plan_mount *mount, struct err *e)
	MUST_CHECK;

#endif
