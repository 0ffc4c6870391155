/* SPDX-License-Identifier: Apache-2.0 */
/* A directory that stands for one thing which several commands change, and is locked while one of them does. */
#ifndef SYS_LOCKED_DIRECTORY_H
#define SYS_LOCKED_DIRECTORY_H

#include "base/err.h"

#include <stdbool.h>

/* `name` below `parent`, locked until the descriptor is closed: by this command alone, and for as long as the one that has
 * the lock is waited for, up to the deadline. `among` is for errors: "decoys". 0: it is not there, and is not to be made;
 * 1: *ret_fd is set. */
int locked_directory_open(int parent, const char *name, const char *among, bool create, int *ret_fd,
			  struct err *e) MUST_CHECK;

#endif
