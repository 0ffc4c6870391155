/* SPDX-License-Identifier: Apache-2.0 */
/* What a process is given that survives execve(). */
#ifndef BOOT_COMMON_ATTRIBUTES_H
#define BOOT_COMMON_ATTRIBUTES_H

#include "plan/plan.h"

#include <sys/types.h>

/* `outside`: it is not in the container's cgroup yet, whose cpuset it is about. */
int reset_affinity(const struct plan *plan, bool outside, struct err *e) MUST_CHECK;
/* Those that exec's process asks for; 0: of the caller. */
int set_final_affinity(const struct plan *plan, pid_t pid, struct err *e) MUST_CHECK;
int set_memory_policy(const struct plan *plan, struct err *e) MUST_CHECK;
int set_personality(const struct plan *plan, struct err *e) MUST_CHECK;
/* In the runtime: the host's procfs, where labels are written; unchanged if there are none. */
int open_labels(const struct plan *plan, int *ret_procfs, struct err *e) MUST_CHECK;
int set_labels(const struct plan *plan, int procfs, struct arena *arena, struct err *e) MUST_CHECK;

#endif
