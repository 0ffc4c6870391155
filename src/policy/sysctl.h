/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which sysctls belong to the network. Pure.
 */
#ifndef POLICY_SYSCTL_H
#define POLICY_SYSCTL_H

#include "base/arena.h"

#include <stdbool.h>

enum sysctl_kind {
	SYSCTL_OTHER = 1,
	SYSCTL_NETWORK, /* below /proc/sys/net: of the network namespace */
	SYSCTL_UNCLEAR, /* "kernel.//.net.x" is kernel/../net/x: the name does not say where it leads */
};

enum sysctl_kind sysctl_kind(const char *name, struct arena *arena);

/* The same sysctl, dotted or slashed. */
bool sysctl_same(const char *a, const char *b, struct arena *arena);

#endif
