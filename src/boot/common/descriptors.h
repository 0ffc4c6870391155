/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors that go to others, and those that stay here. */
#ifndef BOOT_COMMON_DESCRIPTORS_H
#define BOOT_COMMON_DESCRIPTORS_H

#include "base/err.h"

#include <stddef.h>

/* In the runtime: none but the first `preserve` behind the standard streams gets through an execve(2). */
int protect_descriptors(unsigned preserve, struct err *e) MUST_CHECK;
/* In the process: all but those and `keep` are closed. */
int close_from_program(unsigned preserve, const int *keep, size_t n, struct err *e) MUST_CHECK;

/* What keeps the clone of this program's file (self_exe_let_go()). */
int let_binary_go(struct err *e) MUST_CHECK;

/* One descriptor with a text, over a stream socket at which a process listens. `what` names the socket and
 * what is sent in errors. */
int send_descriptor(const char *path, int fd, const char *text, const char *what, struct err *e)
	MUST_CHECK;

#endif
