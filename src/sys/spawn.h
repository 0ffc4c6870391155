/* SPDX-License-Identifier: Apache-2.0 */
/* What a new process of ours does with its descriptors before it executes a program, or is on its own. */
#ifndef SYS_SPAWN_H
#define SYS_SPAWN_H

#include "base/err.h"

#include <stddef.h>

/* Close everything at and above `first` but the descriptors in `keep` (-1: none). -1: errno says why. */
int close_all_but(unsigned first, const int *keep, size_t n) MUST_CHECK;

#endif
