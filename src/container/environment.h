/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a service manager gives to the runtime for the container's program: listening sockets and a place
 * to send notifications to (sd_listen_fds(3), sd_notify(3)).
 */
#ifndef CONTAINER_ENVIRONMENT_H
#define CONTAINER_ENVIRONMENT_H

#include "base/arena.h"
#include "base/str.h"

/* The directory of the notification socket, as the program sees it. */
#define NOTIFY_DIRECTORY_INSIDE "/run/notify"

struct inherited {
	unsigned listen_fds; /* descriptors 3 .. 3+N-1 are listening sockets for the program */
	struct strlist
		environment; /* NAME=VALUE for the program, in place of what the config says */
	const char *notify_socket; /* of the service manager, as it named it; NULL: none */
};

/* From the environment of this process. Descriptors count only if LISTEN_PID is this process. */
void inherit(struct arena *arena, struct inherited *ret);

/* The same without the notifications, which are for a container's first process to send. */
void inherit_sockets(struct arena *arena, struct inherited *ret);

#endif
