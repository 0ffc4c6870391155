/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which container has which ids of the host (namespaces.user "auto"), whatever engine and --root it came by. Below
 * /run/distro-shim/ids:
 *
 *	lock                 a byte for each id: locked while a runtime makes a container that is to have it
 *	SIZE-OFFSET/FIRST    a container's claim; OFFSET is FIRST modulo SIZE
 *
 * The kernel compares the locks, so that two runtimes have no id in common, and lets them go with a runtime that is
 * killed. A claim counts as long as its container does: it is read where it is in the way, and no other one is.
 */
#ifndef STATE_IDS_H
#define STATE_IDS_H

#include "model/facts.h"
#include "policy/policy.h"
#include "state/state.h"

struct ids_claim {
	int64_t version;
	char *id, *root;
};
extern const struct fields ids_claim_fields;

const char *ids_default_directory(struct arena *arena);

/*
 * Ids that are free for a container: those that it had, if it was there before, or nearest to what its name gives.
 * 1: they are in *ret_first; 0: all are in use. *ret_lock keeps them from others until it is closed; NULL: they are only
 * looked for, and nothing is made.
 */
int ids_find(const char *directory, const struct policy_ids *ids, const char *root, const char *id,
	     uint32_t *ret_first, int *ret_lock, struct err *e) MUST_CHECK;
/* By who keeps them from others, after the container's intent names them. */
int ids_record(const char *directory, const struct id_range *range, const char *root,
	       const char *id, struct err *e) MUST_CHECK;
/* A claim of another, or none: success. */
int ids_remove(const char *directory, const struct id_range *range, const char *root,
	       const char *id, struct err *e) MUST_CHECK;

#endif
