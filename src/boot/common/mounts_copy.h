/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of the runtime's mounts, in processes that keep them. */
#ifndef BOOT_COMMON_MOUNTS_COPY_H
#define BOOT_COMMON_MOUNTS_COPY_H

#include "boot/common/sources.h"

/* Whether something below a source must be taken away, and can be. */
bool mounts_need_copy(const struct sources *s);
/* A process whose mount namespace is such a copy for the user namespace of `container`, a pidfd, or with `whole` one
 * from which nothing was taken; it ends when it is dropped. */
int copy_mounts(const struct sources *s, int container, bool whole, struct child *ret_keeper,
		struct err *e) MUST_CHECK;
/* The process that waits at `mine` sees the child's end, because no other process has the other descriptor. Returns as
 * clone() does. */
int clone_with_channel(struct child *ret, int *mine, int *theirs, struct err *e) MUST_CHECK;
int receive_from_helper(const struct sources *s, const struct child *helper, int channel,
			uint32_t type, int *ret_fd, struct err *e) MUST_CHECK;

#endif
