/* SPDX-License-Identifier: Apache-2.0 */
/* What of the host was looked at and must not be looked up twice. */
#ifndef SYS_HOST_H
#define SYS_HOST_H

#include "base/auto.h"
#include "model/words.h"

/* Descriptors that go with the facts; all O_CLOEXEC, -1 if there is none. Owned. */
struct host {
	int rootfs;                       /* O_PATH | O_DIRECTORY */
	int network;                      /* the policy's network namespace, usable for setns() */
	int requested[SPEC_NS_COUNT + 1]; /* namespaces that the config names by path, by type */
	int ids_lock; /* keeps the ids that the container is to have from others (state/ids.h) */
	size_t n_sources;
	int *sources; /* one per facts->sources, -1 of an overlay's; the array is in the arena */
};
#define HOST_INIT                                                           \
	{                                                                   \
		.rootfs = -1, .network = -1, .ids_lock = -1, .requested = { \
			-1,                                                 \
			-1,                                                 \
			-1,                                                 \
			-1,                                                 \
			-1,                                                 \
			-1,                                                 \
			-1,                                                 \
			-1,                                                 \
			-1                                                  \
		}                                                           \
	}
void host_release(struct host *host);
#define autohost __attribute__((cleanup(host_release))) struct host

#endif
