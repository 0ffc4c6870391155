/* SPDX-License-Identifier: Apache-2.0 */
/* One mount of the plan as a file system, and what holds for it. */
#ifndef BOOT_COMMON_FILESYSTEM_H
#define BOOT_COMMON_FILESYSTEM_H

#include "base/auto.h"
#include "plan/plan.h"

/* A detached mount of a new file system instance with the plan's options and attributes. */
int make_filesystem(const struct plan_mount *mount, struct err *e) MUST_CHECK;
/* The options of the file system that is open as `fd`. */
int reconfigure_filesystem(int fd, const struct plan_mount *mount, struct err *e) MUST_CHECK;

/* Attributes and propagation of a detached or attached mount. */
int apply_mount_attributes(int fd, const struct plan_mount *mount, struct err *e) MUST_CHECK;
int apply_propagation(int fd, const struct plan *plan, const struct plan_mount *mount,
		      struct err *e) MUST_CHECK;
/* Of each that the plan has for it what is in `mask`. */
int set_propagation(int fd, const struct plan_mount *mount, uint64_t mask, struct err *e)
	MUST_CHECK;
int separate_from_host(int fd, const struct plan *plan, const struct plan_mount *mount,
		       struct err *e) MUST_CHECK;
/* Whether what is unmounted below it here would be unmounted on the host. */
bool shares_with_host(const struct plan *plan, const struct plan_mount *mount);
/* After the root's: that of the mounts which say something of it themselves, where the root's is about them, too. */
bool propagation_is_set_again(const struct plan *plan, const struct plan_mount *mount);

#endif
