/* SPDX-License-Identifier: Apache-2.0 */
/* What is done about file systems of the kernel's among the mounts (model/kernel_fs.h). */
#ifndef BOOT_COMMON_KERNEL_MOUNTS_H
#define BOOT_COMMON_KERNEL_MOUNTS_H

#include "boot/common/root.h"

/* It is known: one that the plan has, attached. Where it is read-only by now, and no remount and no hook may change
 * that, `stays_readonly`. */
int kernel_mount_known(struct root *r, int fd, bool stays_readonly, struct err *e) MUST_CHECK;
/* Also in the runtime. */
void kernel_mount_list(struct arena *arena, struct u32list *list, uint32_t id);
/* Whether the root of a mount is there that is none of these. */
bool kernel_mount_is_foreign(const struct root *r, int fd);
/* What the plan says of those below an attached mount. `shared`: what is unmounted here would be gone on the
 * host, too. */
int kernel_mounts_below(struct root *r, int top, const struct plan_belows *below, bool shared,
			struct err *e) MUST_CHECK;
/* A detached mount of the part of the container's own file system that the plan names. `whole`: a detached new one,
 * or -1; it is taken. */
int kernel_mount_part(struct root *r, size_t index, int *whole, struct err *e) MUST_CHECK;
/* In a container that runs: the policy would give it a part of what it does not have itself: what is empty there
 * stays empty. */
bool kernel_mount_goes_without(const struct root *r, const struct plan_mount *mount);
/* Before it is attached: what was not judged is not one of the kernel's under another name. */
int kernel_mount_expected(const struct root *r, const struct plan_mount *mount, int fd,
			  struct err *e) MUST_CHECK;
/* The runtime gets those that are known. */
int kernel_mounts_tell(const struct root *r, int channel, struct err *e) MUST_CHECK;

#endif
