/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notifications of the container's program to the service manager (sd_notify(3)). The program sees a
 * socket of the runtime's, never the manager's own: only the messages below pass, without descriptors,
 * and never a process id that the program chose.
 */
#ifndef CONTAINER_NOTIFY_H
#define CONTAINER_NOTIFY_H

#include "state/state.h"

struct notify {
	int socket;          /* the container's messages arrive here, -1: they are not wanted */
	const char *manager; /* address of the service manager's socket */
	bool ready;          /* READY=1 has passed */
	int64_t main_pid;    /* told as MAINPID with READY=1; 0: the manager watches this process */
};
#define NOTIFY_INIT           \
	{                     \
		.socket = -1, \
	}
void notify_release(struct notify *notify);
#define autonotify __attribute__((cleanup(notify_release))) struct notify

/* Make the directory that the container gets as /run/notify. */
int notify_make_directory(const struct state_dir *dir, struct err *e) MUST_CHECK;

/* Listen in it for what the program will say, before it runs; a container without that directory, or a
 * caller without a service manager, leaves *ret as it is. */
int notify_listen(const struct state_dir *dir, const char *manager, struct notify *ret,
		  struct err *e) MUST_CHECK;

/* Pass on what has arrived; never waits. */
void notify_relay(struct notify *notify);

/* Until the program says that it is ready, or has ended (pidfd). */
int notify_wait_ready(struct notify *notify, int pidfd, struct err *e) MUST_CHECK;

/* The lines of `message` that may pass, each ended by a newline. Pure. */
void notify_filter(const char *message, struct strbuf *ret, bool *ret_ready);

#endif
