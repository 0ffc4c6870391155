/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks of a creation, while which the lock on the records is let go. */
#ifndef BOOT_RECORD_HOOKS_H
#define BOOT_RECORD_HOOKS_H

#include "boot/common/peer.h"
#include "boot/record/record.h"
#include "hooks/hooks.h"

int open_hook_place(const struct plan *plan, const struct hook_files *files, struct hook_place *ret,
		    struct err *e) MUST_CHECK;
/* Before the process that is made can run one: what the shared network is compared with when they have run. It cannot
 * fail: a network that cannot be looked at is not compared. */
int record_look_at_network(struct record *r, pid_t init);
/* prestart and createRuntime. */
int record_run_hooks(struct record *r, const struct hook_place *place, pid_t init, struct err *e)
	MUST_CHECK;
/* createContainer, which the process that is made runs itself. */
int record_wait_for_hooks(struct record *r, const struct boot_peer *peer, struct err *e) MUST_CHECK;

#endif
