/* SPDX-License-Identifier: Apache-2.0 */
/* Who a process is while its power goes. */
#ifndef BOOT_COMMON_IDENTITY_H
#define BOOT_COMMON_IDENTITY_H

#include "boot/common/program.h"
#include "boot/common/session.h"

struct identity {
	bool admin;         /* CAP_SYS_ADMIN beyond what the program gets */
	bool groups_kept;   /* its groups are those of the caller */
	bool groups_denied; /* its user namespace allows no setgroups() */
};

/* Asked while the host's /proc is there: the container may have none, or one that says anything. */
bool setgroups_are_denied(void);
/* Of a new user namespace. */
int identity_become_root(const struct plan *plan, const struct session *session, struct err *e)
	MUST_CHECK;
/* keeps_admin: CAP_SYS_ADMIN is needed still, for a filter or a late join. */
int identity_assume(struct identity *id, const struct plan *plan, const struct program *program,
		    bool keeps_admin, struct err *e) MUST_CHECK;
/* What identity_assume() has left on top. */
int identity_drop_admin(struct identity *id, const struct plan *plan, struct err *e) MUST_CHECK;

#endif
