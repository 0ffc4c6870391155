/* SPDX-License-Identifier: Apache-2.0 */
/* See pool_numbers.h. */
#include "address/pool_numbers.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

/* The first address names the network, and routers have the next one by habit. */
#define FIRST 2u

static uint32_t count(const struct cidr *network)
{
	const unsigned bits = 8u * network->size - network->prefix;
	/* the last one of IPv4 is everyone's */
	const uint32_t others = network->family == AF_INET ? FIRST + 1 : FIRST;

	if (bits >= 32 || (1u << bits) - others > ADDRESS_POOL_MAX)
		return ADDRESS_POOL_MAX;
	return (1u << bits) - others;
}

static int add(const char *text, bool v6, struct pool_numbers *numbers, struct err *e)
{
	struct cidr *network = &numbers->v[numbers->n];

	if (!text)
		return 0;
	if (cidr_pool_problem(text, v6) || !cidr_parse(text, network))
		return fail(e, ERR_INTERNAL, "'%s' is not a pool of addresses", text);
	if (numbers->n == 0 || count(network) < numbers->count)
		numbers->count = count(network);
	numbers->n++;
	return 0;
}

int pool_numbers_read(const struct address_pool *pool, struct pool_numbers *ret, struct err *e)
{
	*ret = (struct pool_numbers){ .count = ADDRESS_POOL_MAX };
	return add(pool->v4, false, ret, e) < 0 ? -1 : add(pool->v6, true, ret, e);
}

struct strlist pool_addresses(const struct pool_numbers *numbers, uint32_t number,
			      struct arena *arena)
{
	struct strlist ret = { .n = numbers->n,
			       .v = arena_new_array(arena, char *, numbers->n + 1) };

	for (size_t i = 0; i < numbers->n; i++) {
		struct cidr address = numbers->v[i];
		uint8_t *last = address.bytes + address.size - sizeof(uint32_t);
		char text[INET6_ADDRSTRLEN];
		uint32_t bits;

		memcpy(&bits, last, sizeof(bits));
		bits |= htonl(number + FIRST);
		memcpy(last, &bits, sizeof(bits));
		(void)!inet_ntop(address.family, address.bytes, text, sizeof(text));
		ret.v[i] = arena_strdup(arena, text);
	}
	return ret;
}

static bool number_in(const struct cidr *network, uint32_t count, const uint8_t *address,
		      uint32_t *ret)
{
	uint8_t rest[16];
	uint32_t bits;

	for (size_t i = 0; i < network->size; i++)
		rest[i] = network->bytes[i] ^ address[i];
	for (size_t i = 0; i < network->size - sizeof(bits); i++)
		if (rest[i])
			return false;
	memcpy(&bits, rest + network->size - sizeof(bits), sizeof(bits));
	bits = ntohl(bits);
	*ret = bits - FIRST;
	return bits >= FIRST && *ret < count;
}

bool pool_number_of(const struct pool_numbers *numbers, const char *address, uint32_t *ret)
{
	const int family = strchr(address, ':') ? AF_INET6 : AF_INET;
	uint8_t bytes[16];

	if (inet_pton(family, address, bytes) != 1)
		return false;
	for (size_t i = 0; i < numbers->n; i++)
		if (numbers->v[i].family == family)
			return number_in(&numbers->v[i], numbers->count, bytes, ret);
	return false;
}

bool pool_numbers_has(const struct pool_numbers *numbers, const struct strlist *addresses)
{
	uint32_t first = 0, number;

	if (addresses->n != numbers->n)
		return false;
	for (size_t i = 0; i < addresses->n; i++) {
		if (!pool_number_of(numbers, addresses->v[i], &number) ||
		    (i > 0 && number != first))
			return false;
		first = number;
	}
	return true;
}

bool pool_numbers_meet(const struct pool_numbers *numbers, const struct strlist *addresses)
{
	uint32_t number;

	for (size_t i = 0; i < addresses->n; i++)
		if (pool_number_of(numbers, addresses->v[i], &number))
			return true;
	return false;
}
