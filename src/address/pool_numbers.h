/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses of a pool by numbers from 0 up, which are the same in its networks of both families. Pure; private to address/. */
#ifndef ADDRESS_POOL_NUMBERS_H
#define ADDRESS_POOL_NUMBERS_H

#include "address/pool.h"
#include "base/cidr.h"

struct pool_numbers {
	size_t n;
	struct cidr v[2]; /* IPv4 first */
	uint32_t count;   /* ADDRESS_POOL_MAX at most: a wider network is used from its beginning */
};

int pool_numbers_read(const struct address_pool *pool, struct pool_numbers *ret, struct err *e)
	MUST_CHECK;
struct strlist pool_addresses(const struct pool_numbers *numbers, uint32_t number,
			      struct arena *arena);
/* The number of one address; false: it has none. */
bool pool_number_of(const struct pool_numbers *numbers, const char *address, uint32_t *ret);
/* Whether these are what pool_addresses() gives for one number. */
bool pool_numbers_has(const struct pool_numbers *numbers, const struct strlist *addresses);
/* Whether one of them has a number. */
bool pool_numbers_meet(const struct pool_numbers *numbers, const struct strlist *addresses);

#endif
