/* SPDX-License-Identifier: Apache-2.0 */
/* A process, as records name it. */
#ifndef MODEL_PROCESS_H
#define MODEL_PROCESS_H

#include <stdint.h>

/* A process that is told apart from a later one with the same pid. */
struct process_identity {
	int64_t pid;         /* 0: none */
	uint64_t start_time; /* field 22 of /proc/PID/stat, clock ticks after boot */
	char *boot_id;       /* boot_id.h */
};

#endif
