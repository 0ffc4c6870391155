/* SPDX-License-Identifier: Apache-2.0 */
/* The container's terminal. */
#ifndef BOOT_COMMON_TERMINAL_H
#define BOOT_COMMON_TERMINAL_H

#include "boot/common/peer.h"
#include "boot/common/root.h"

/* Before /dev becomes read-only; the terminal is mounted on it later. */
int terminal_make_file(const struct root *r, struct err *e) MUST_CHECK;
/* A pty of the devpts below the root, slave unlocked, sized and given to the user. */
int terminal_open(const struct root *r, int *ret_master, int *ret_slave, struct err *e) MUST_CHECK;
/* The slave on the standard streams. */
int terminal_streams(int slave, struct err *e) MUST_CHECK;
int terminal_hand_over(int channel, int master, struct err *e) MUST_CHECK;
/* All of it, for the container's first process. */
int terminal_of_init(const struct root *r, int channel, struct err *e) MUST_CHECK;
/* In the runtime. `socket` NULL: the master is for the caller. */
int terminal_receive(struct boot_peer *peer, const struct plan *plan, const char *socket,
		     int *ret_master, struct err *e) MUST_CHECK;

#endif
