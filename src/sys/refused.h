/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls that the runtime needs and that are refused to the runtime itself: by the seccomp profile of what it
 * runs in (an engine in a container of an older engine), or by a kernel that lacks them. The kernel's word on
 * what failed is then "operation not permitted" of this or that file, and not which call it was.
 */
#ifndef SYS_REFUSED_H
#define SYS_REFUSED_H

#include "base/err.h"

/* Where an error is EPERM or ENOSYS and calls are refused, their names are added to it. They are called with
 * arguments that do nothing. */
void refused_explain(struct err *e);

#endif
