/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one deadline of this program, and the clock that every wait is measured by. It is for what belongs to others
 * from the first attempt on, and for a process of ours from when it was seen to be unable to answer (sys/peer.h):
 * that it is slow never counts.
 */
#ifndef SYS_DEADLINE_H
#define SYS_DEADLINE_H

#include "os/clock.h"

#include <stdbool.h>
#include <stdint.h>

#define DEADLINE_MS 10000

/* DEADLINE_MS; in a build with fault injection DISTRO_SHIM_DEADLINE_MS of the environment, so that a test need not
 * wait for it. */
int deadline_ms(void);

struct deadline {
	int64_t at; /* on clock_ms() */
};
/* From now on; beyond what the clock can hold it is as good as never. */
struct deadline deadline_in(int64_t milliseconds);
/* For poll(2); 0 if it is over. */
int deadline_left(const struct deadline *deadline);
bool deadline_is_over(const struct deadline *deadline);

#endif
