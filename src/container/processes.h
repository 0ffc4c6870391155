/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of a container that has no cgroup, by its PID namespace. */
#ifndef CONTAINER_PROCESSES_H
#define CONTAINER_PROCESSES_H

#include "container/container.h"

/* Those that can be seen in the PID namespace of `init`; init alone where that is the runtime's own. */
int namespace_pids(pid_t init, struct arena *arena, struct u32list *ret, struct err *e) MUST_CHECK;

/* Whether `init` is the first process of its PID namespace: then no other container's are in it. 1, 0; -1: cannot
 * be told. */
int is_namespace_init(pid_t init, struct err *e) MUST_CHECK;

/* Signal each of them; what ends meanwhile is none. */
int namespace_signal(pid_t init, int signal, struct arena *arena, struct err *e) MUST_CHECK;

#endif
