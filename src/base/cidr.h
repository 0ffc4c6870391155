/* SPDX-License-Identifier: Apache-2.0 */
/* Networks of IP addresses, which begin with the same bits: "10.78.0.0/24". Pure. */
#ifndef BASE_CIDR_H
#define BASE_CIDR_H

#include <stdbool.h>
#include <stdint.h>

struct cidr {
	uint8_t family, size; /* AF_INET and 4, or AF_INET6 and 16 */
	uint8_t prefix;
	uint8_t bytes[16]; /* of the first address, in the order of the network */
};

/* False: it is not such a text, or says more than the network (10.78.0.1/24). */
bool cidr_parse(const char *text, struct cidr *ret);
bool cidr_overlaps(const struct cidr *a, const struct cidr *b);

/* Why containers cannot be given the addresses of this network as their own, behind a verb: "must be ..."; NULL: they can. */
const char *cidr_pool_problem(const char *text, bool v6);

/* Addresses of our own: those that lead from engines' networks, that stand for the loopback of a container, and that are between
 * the host and a network (contrib/distro-net-pool). */
#define CIDR_FORWARD6 "fd64:6973:7472:6f73::/64"
#define CIDR_LOOPBACK6 "fd64:7368:696d::/48"
#define CIDR_LINK6 "fd64:7368:6e00::/40"

#endif
