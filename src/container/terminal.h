/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's terminal while a container runs in the foreground. */
#ifndef CONTAINER_TERMINAL_H
#define CONTAINER_TERMINAL_H

#include "container/notify.h"
#include "sys/child.h"

#include <stdbool.h>
#include <termios.h>

struct foreground {
	const struct child *init; /* that foreground_follow() follows; not owned */
	int master;               /* the pty's master, -1 without a terminal; not owned */
	bool raw;                 /* the caller's terminal was changed */
	struct notify *notify;    /* the program's notifications, NULL: none; not owned */
	struct termios saved;
};

/* Block the signals that are forwarded, set both terminals; before the program starts, which may ask for
 * its terminal's size or write to it at once. */
int foreground_prepare(struct foreground *f, int *ret_signal_fd, struct err *e) MUST_CHECK;

/* Copy the terminal both ways and forward signals to `init` until it ends; it is waited for, *ret_code as of
 * child_wait(). */
int foreground_follow(struct foreground *f, struct child *init, int signal_fd, int *ret_code,
		      struct err *e) MUST_CHECK;

/* The caller's terminal is as before; for every way out after foreground_prepare(). */
void foreground_end(struct foreground *f);

#endif
