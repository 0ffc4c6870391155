/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an existing process is about to end. */
#ifndef SYS_DYING_H
#define SYS_DYING_H

#include <stdbool.h>
#include <sys/types.h>

/* True if every thread of it has got SIGKILL, is exiting or has ended: nothing of it runs again. False
 * if it cannot be told. The caller holds a pidfd, so that the number is the process's. */
bool process_is_dying(pid_t pid);

/* One thread, by the text of its `stat` and `status` (proc(5)). Pure. */
bool thread_is_dying(const char *stat, const char *status);

#endif
