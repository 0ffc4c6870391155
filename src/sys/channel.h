/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between the runtime and the process it makes: one datagram of a SOCK_SEQPACKET socket each,
 * with a type, an error where the type is an error, and at most one descriptor. End of file is an error
 * at every place where a message is due.
 */
#ifndef SYS_CHANNEL_H
#define SYS_CHANNEL_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct message {
	uint32_t type; /* meaning: boot/protocol.h */
	int32_t value;
	struct err error;
};

/* Both ends close-on-exec. */
int channel_pair(int ret_fds[2], struct err *e) MUST_CHECK;

/* fd -1: none. MSG_NOSIGNAL. */
int channel_send(int socket, const struct message *message, int fd, struct err *e) MUST_CHECK;

/* 1: a message; 0: end of file; -1: error. *ret_fd (may be NULL) gets the descriptor or -1, O_CLOEXEC. */
int channel_receive(int socket, struct message *ret, int *ret_fd, struct err *e) MUST_CHECK;

/* As the two above, without a descriptor, by write(2) and read(2): under a system call filter, which lets
 * these through where it lets a program run at all. What it answers in the kernel's place is never taken for
 * a message. */
int channel_write(int socket, const struct message *message, struct err *e) MUST_CHECK;
int channel_read(int socket, struct message *ret, struct err *e) MUST_CHECK;

/* A listening socket at DIRECTORY/NAME, and a connection to it; by descriptor, so that the path may be
 * longer than sun_path. */
int channel_listen(int directory_fd, const char *name, struct err *e) MUST_CHECK;
int channel_connect(int directory_fd, const char *name, struct err *e) MUST_CHECK;

/* Whether there is a listener at DIRECTORY/NAME: 1, 0; -1: cannot be told. Never waits, and the listener sees nothing. */
int channel_has_listener(int directory_fd, const char *name, struct err *e) MUST_CHECK;

#endif
