/* SPDX-License-Identifier: Apache-2.0 */
/* See cidr.h. */
#include "base/cidr.h"

#include "base/auto.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

static bool bit(const uint8_t *bytes, unsigned i)
{
	return bytes[i / 8] & 0x80 >> i % 8;
}

bool cidr_parse(const char *text, struct cidr *ret)
{
	const bool v6 = strchr(text, ':');
	struct cidr cidr = { .family = v6 ? AF_INET6 : AF_INET, .size = v6 ? 16 : 4 };
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN];
	uint32_t prefix;

	if (!slash || (size_t)(slash - text) >= sizeof(address) || !parse_u32(slash + 1, &prefix) ||
	    prefix > 8u * cidr.size)
		return false;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	if (inet_pton(cidr.family, address, cidr.bytes) != 1)
		return false;
	for (unsigned i = prefix; i < 8u * cidr.size; i++)
		if (bit(cidr.bytes, i))
			return false;
	cidr.prefix = (uint8_t)prefix;
	*ret = cidr;
	return true;
}

bool cidr_overlaps(const struct cidr *a, const struct cidr *b)
{
	if (a->family != b->family)
		return false;
	for (unsigned i = 0; i < a->prefix && i < b->prefix; i++)
		if (bit(a->bytes, i) != bit(b->bytes, i))
			return false;
	return true;
}

/* Those that a container cannot have by itself, or that would be taken for something else. */
static const struct {
	const char *network, *problem;
} reserved[] = {
	{ "0.0.0.0/8", "must not have addresses of 0.0.0.0/8, which name no machine" },
	{ "127.0.0.0/8", "must not have addresses of 127.0.0.0/8, the loopback" },
	{ "169.254.0.0/16",
	  "must not have addresses of 169.254.0.0/16, which are of one link alone" },
	{ "224.0.0.0/3",
	  "must not have addresses above 223.255.255.255, which are of groups or reserved" },
	{ "::/8", "must not have addresses of ::/8, which are of the loopback or reserved" },
	{ "fe80::/10", "must not have addresses of fe80::/10, which are of one link alone" },
	{ "ff00::/8", "must not have addresses of ff00::/8, which are of groups" },
	{ CIDR_FORWARD6,
	  "must not have addresses of " CIDR_FORWARD6 ", which lead from engines' networks" },
	{ CIDR_LINK6, "must not have addresses of " CIDR_LINK6
		      ", which are between the host and its networks" },
	{ CIDR_LOOPBACK6,
	  "must not have addresses of " CIDR_LOOPBACK6 ", which stand for the loopback" },
};

const char *cidr_pool_problem(const char *text, bool v6)
{
	struct cidr pool, other;

	if (!cidr_parse(text, &pool) || (pool.family == AF_INET6) != v6)
		return v6 ? "must be a network of IPv6 by its first address, such as \"fd78::/64\""
			  : "must be a network of IPv4 by its first address, such as \"10.78.0.0/24\"";
	if (pool.prefix < (v6 ? 48 : 8) || pool.prefix > (v6 ? 124 : 29))
		return v6 ? "must have a prefix from /48 to /124"
			  : "must have a prefix from /8 to /29";
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (cidr_parse(reserved[i].network, &other) && cidr_overlaps(&pool, &other))
			return reserved[i].problem;
	return NULL;
}
