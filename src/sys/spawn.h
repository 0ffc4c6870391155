/* SPDX-License-Identifier: Apache-2.0 */
/* What a new process of ours does with its descriptors before it executes a program, or is on its own. */
#ifndef SYS_SPAWN_H
#define SYS_SPAWN_H

#include "base/err.h"

#include <stddef.h>

/* The standard streams, in this order; -1: errno says why. */
int spawn_streams(int input, int output, int errors) MUST_CHECK;

struct spawn {
	int directory; /* to be in, -1: where it is */
	int input, output, errors;
	/* of close_range(2), for all from 3 on; 0: closed at once */
	unsigned close_flags;
};

/* Right before another program is executed: no signal is ignored or blocked, then the directory, the streams, and at
 * last the other descriptors. */
int spawn_prepare(const struct spawn *spawn, struct err *e) MUST_CHECK;

/* Close everything at and above `first` but the descriptors in `keep` (-1: none). -1: errno says why. */
int close_all_but(unsigned first, const int *keep, size_t n) MUST_CHECK;

#endif
