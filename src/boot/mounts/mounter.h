/* SPDX-License-Identifier: Apache-2.0 */
/* The process that mounts in a container that runs: its side of the MOUNTS page. */
#ifndef BOOT_MOUNTS_MOUNTER_H
#define BOOT_MOUNTS_MOUNTER_H

#include "boot/common/identity.h"
#include "boot/common/root.h"
#include "boot/common/session.h"
#include "boot/common/target.h"

/* All that comes across the clone. */
struct mounter {
	const struct plan *plan;
	struct arena *arena;
	struct session session;
	struct target target;
	struct root root;
	struct strlist taken; /* destinations to be taken away, clean */
};

int mounter_take(struct mounter *c, struct err *e) MUST_CHECK;
int mounter_give(struct mounter *c, struct err *e) MUST_CHECK;

/* --- mounter_kernel.c --- */
/* Of the kernel's only what was judged has come with what was mounted. */
int mounter_check_given(const struct root *r, struct err *e) MUST_CHECK;
/* What is to be taken away from `path` is not what guards a procfs or sysfs, wherever that is mounted. */
int mounter_check_guard(const struct root *r, int fd, const char *path, struct err *e) MUST_CHECK;

#endif
