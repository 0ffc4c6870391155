/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of sys/: how a running program leaves its file. */
#ifndef SYS_EXE_MOVE_H
#define SYS_EXE_MOVE_H

#include "base/err.h"

#include <sys/types.h>

/* How much of the program's file is loaded, from its beginning; 0: unknown. */
off_t exe_loaded_size(void);

/*
 * Put the pages of `file`, which has the same bytes as the program's own, in place of those, and make it that of
 * /proc/self/exe (PR_SET_MM_MAP of prctl(2)). The caller is single-threaded. On failure the program runs
 * on as before, from whichever pages; what is not moved yet holds the same bytes.
 */
int exe_move(int file, struct err *e) MUST_CHECK;

#endif
