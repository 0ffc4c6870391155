/* SPDX-License-Identifier: Apache-2.0 */
/* How the kernel treats the process: set from outside. */
#ifndef BOOT_COMMON_SCHEDULING_H
#define BOOT_COMMON_SCHEDULING_H

#include "cgroup/cgroup.h"
#include "model/facts.h"
#include "plan/plan.h"

#include <sys/types.h>

int set_scheduler(const struct plan *plan, const struct cgroup *cgroup, pid_t pid, struct err *e)
	MUST_CHECK;
int set_io_priority(const struct plan *plan, pid_t pid, struct err *e) MUST_CHECK;
/* Of the runtime itself, for what exec is about to make. */
int set_initial_affinity(const struct plan *plan, struct err *e) MUST_CHECK;
int set_oom_score(const struct plan *plan, const struct facts *facts, pid_t pid, struct err *e)
	MUST_CHECK;

#endif
