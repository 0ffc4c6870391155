/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which decoy has which address in a shared network, and of which engine's network: a link that says the decoy's name, below
 * the directories of the decoys: addresses/NETWORK/10.88.0.0-16@bridge7/10.88.0.5. The directory NETWORK is locked while what
 * is common to all of a network's own addresses changes. Private to this room.
 */
#ifndef FORWARD_CLAIMS_H
#define FORWARD_CLAIMS_H

#include "forward/decoy.h"
#include "forward/own.h"

/* directory NULL: of a caller that keeps none; then nothing is locked. 0: it is not there, and is not to be made. */
int claims_open(const char *directory, uint64_t network, bool create, struct decoy_place *place,
		struct err *e) MUST_CHECK;

/* Another decoy has the address, or other addresses among which it is. */
struct claim_taken {
	uint64_t decoy;
	char own[64], other[64];
	bool alone; /* the one that asks is in a network of a program's own */
};
/* 1: they are the decoy's; 0: nothing is, see *ret. Of a decoy that is gone nothing counts. */
int claims_take(const struct decoy_place *place, uint64_t decoy, const struct own_addresses *own,
		struct claim_taken *ret, struct err *e) MUST_CHECK;
/* With what is empty then. addresses NULL: all that it has. */
void claims_give_up(const struct decoy_place *place, uint64_t decoy,
		    const struct strlist *addresses);
/* The same under its lock. */
int claims_end(const char *directory, uint64_t network, uint64_t decoy,
	       const struct strlist *addresses, struct err *e) MUST_CHECK;

#endif
