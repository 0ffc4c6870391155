/* SPDX-License-Identifier: Apache-2.0 */
/* Resource limits: what the runtime sets from outside, and what it leaves to the process. */
#ifndef BOOT_COMMON_RLIMITS_H
#define BOOT_COMMON_RLIMITS_H

#include "plan/plan.h"

#include <sys/types.h>

/* In the runtime. */
int set_rlimits(const struct plan *plan, pid_t pid, struct err *e) MUST_CHECK;
/* In the process, right before its program runs. */
int set_last_rlimits(const struct plan *plan, struct err *e) MUST_CHECK;

#endif
