/* SPDX-License-Identifier: Apache-2.0 */
/* tmpcopyup: the content of the directory that a tmpfs covers. */
#ifndef BOOT_COMMON_COPY_UP_H
#define BOOT_COMMON_COPY_UP_H

#include "base/err.h"

/* Copy the tree below `from` into `to`. */
int copy_tree(int from, int to, struct err *e) MUST_CHECK;

#endif
