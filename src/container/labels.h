/* SPDX-License-Identifier: Apache-2.0 */
/* Labels of security modules: whether anybody here enforces them. */
#ifndef CONTAINER_LABELS_H
#define CONTAINER_LABELS_H

#include "base/err.h"

/* A profile that nobody enforces would be a promise that nobody keeps: ERR_CONFIG. Engines send labels only
 * where the module is on, or "unconfined", which then becomes NULL. Each may be NULL or empty. */
int labels_check(const char **apparmor_profile, const char *selinux_label, struct err *e)
	MUST_CHECK;

/* mountLabel likewise. */
int labels_check_mounts(const char *mount_label, struct err *e) MUST_CHECK;

#endif
