/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text and a descriptor to a socket of another program, whose owner need not accept or read: the deadline runs from
 * the first attempt.
 */
#ifndef SYS_DELIVER_H
#define SYS_DELIVER_H

#include "base/err.h"

#include <stddef.h>

/* To the stream socket `path`, of any length; the descriptor goes with the first byte. `what` stands before the path
 * in errors, which begin "open", "connect to", "send to": " the console socket", or "". */
int deliver(const char *path, const char *text, size_t length, int fd, const char *what,
	    struct err *e) MUST_CHECK;

#endif
