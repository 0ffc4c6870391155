/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for every process of a container, the first and each later one: it is decided once and recorded.
 */
#ifndef MODEL_CONFINEMENT_H
#define MODEL_CONFINEMENT_H

#include "base/fields.h"

enum network_lock { LOCK_OPEN = 1, LOCK_STRICT };
extern const struct name_row network_lock_names[];
enum peer_descriptors { PEERS_REFUSED = 1, PEERS_OPEN };
extern const struct name_row peer_descriptor_names[];

/* What holds for every process of the container, for ever. In a record of an older program a member may be
 * absent (0): then it is open. */
struct confinement {
	int lock;             /* enum network_lock */
	int peer_descriptors; /* enum peer_descriptors */
	/* Capabilities that no process of it gets, as CAP_BIT(); none in a record of an older program. */
	struct enumlist denied;
	/* For errors, where the policy file has `lock`, and all keys that take a filter; NULL: as anywhere. Not recorded:
	 * each judgement says it. */
	const char *lock_key, *filter_keys;
};
extern const struct fields confinement_fields;
/* Of a container that a policy holds to nothing. */
extern const struct confinement confinement_open;

/* The keys of the policy that take a filter of system calls, for errors; NULL: none does. */
const char *confinement_filter_keys(const struct confinement *confinement);
const char *confinement_lock_key(const struct confinement *confinement);

#endif
