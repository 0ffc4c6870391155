/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses on the loopback of a network namespace: there they can be bound, and what comes to them is taken. */
#ifndef ADDRESS_PLACE_H
#define ADDRESS_PLACE_H

#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

/* Each by itself (/32, /128) in the network of that descriptor; what is there already stays. ERR_STATE: one is of IPv6, which
 * that network has not. What was placed before an error stays for address_unplace(). */
int address_place(int network, const struct strlist *addresses, struct err *e) MUST_CHECK;
/* Those that are there; of a network with another cookie none. */
int address_unplace(int network, uint64_t network_cookie, const struct strlist *addresses,
		    struct err *e) MUST_CHECK;

/* What stands for localhost where it is a container's own; no two indexes have the same. Pure. */
#define ADDRESS_INDEXES 16384u
struct address_loopback {
	uint32_t v4, v6[4]; /* in the order of the network, as struct address_data has them */
	char text6[40];     /* has to be placed; 127.0.0.0/8 is there */
};
struct address_loopback address_loopback(unsigned index);

#endif
