/* SPDX-License-Identifier: Apache-2.0 */
/* Whether only those file systems of the kernel's are in a container that were judged. */
#ifndef BOOT_COMMON_KERNEL_CHECK_H
#define BOOT_COMMON_KERNEL_CHECK_H

#include "boot/common/peer.h"
#include "sys/mountinfo.h"

/* One of the kernel's in a table of mounts is among these, or is a read-only part of one. */
int kernel_mount_check(const struct mountinfo *info, const struct u32list *known,
		       const struct mountinfo_entry *mount, struct err *e) MUST_CHECK;
/* Of a new container, which tells what it knows. */
int kernel_mounts_check_created(const struct plan *plan, struct boot_peer *peer,
				struct arena *arena, struct err *e) MUST_CHECK;
/* Of a container whose processes criu has made. */
int kernel_mounts_check_restored(const struct plan *plan, pid_t init, struct arena *arena,
				 struct err *e) MUST_CHECK;

#endif
