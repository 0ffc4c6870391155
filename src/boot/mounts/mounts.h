/* SPDX-License-Identifier: Apache-2.0 */
/* The MOUNTS page, the side of the runtime. */
#ifndef BOOT_MOUNTS_MOUNTS_H
#define BOOT_MOUNTS_MOUNTS_H

#include "boot/boot.h"
#include "boot/common/sources.h"
#include "boot/mounts/mounter.h"

struct mounts_runtime {
	const struct mounts_request *in;
	const struct plan *plan;
	struct boot_peer mounter;
	struct target target;
	struct root root;
	struct sources sources;
};

/* Parts name each other, so that it stays where it is. */
void mounts_runtime_begin(struct mounts_runtime *c, const struct mounts_request *request);
/* Close what is open still. The process is left to the caller. */
void mounts_runtime_release(struct mounts_runtime *c);
#define auto_mounts_runtime __attribute__((cleanup(mounts_runtime_release))) struct mounts_runtime

/* In the mounter: the one way across the clone. It takes the descriptors that it names and closes all others that the
 * runtime had. */
void mounter_take_over(struct mounts_runtime *c, struct mounter *mounter);

int mounts_find_target(struct mounts_runtime *c, struct err *e) MUST_CHECK;
int mounts_make_sources(struct mounts_runtime *c, struct err *e) MUST_CHECK;
/* Returns in both; in the mounter mounter.child.pid is 0. */
int mounts_clone(struct mounts_runtime *c, struct err *e) MUST_CHECK;
int mounts_wait_done(struct mounts_runtime *c, struct err *e) MUST_CHECK;

#endif
