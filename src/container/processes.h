/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of a container that has no cgroup, by its PID namespace, which other containers may have joined: those
 * that have their first process in it are in the registry. */
#ifndef CONTAINER_PROCESSES_H
#define CONTAINER_PROCESSES_H

#include "container/container.h"

/* Those that can be seen in the PID namespace of `init`; init alone where that is the runtime's own. */
int namespace_pids(const struct global_options *global, pid_t init, struct arena *arena,
		   struct u32list *ret, struct err *e) MUST_CHECK;

/* Whether `init` is the first process of its PID namespace: then it is the container's own. 1, 0; -1: cannot be
 * told. */
int is_namespace_init(pid_t init, struct err *e) MUST_CHECK;

/* Signal each of them; one that ends meanwhile is skipped. */
int namespace_signal(const struct global_options *global, pid_t init, int signal,
		     struct arena *arena, struct err *e) MUST_CHECK;

#endif
