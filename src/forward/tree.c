/* SPDX-License-Identifier: Apache-2.0 */
/* See tree.h. Pure. */
#include "forward/tree.h"

#include "base/cidr.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

/* The last bits of an address, by which a block tells its eight. */
#define BITS 3
#define LAST (BITS * TREE_LEVELS)

/* Prefs from `first` on, two a block. */
static const struct {
	uint32_t first, n;
} areas[TREE_LEVELS] = {
	{ 200, 300 }, { 800, 500 }, { 1800, 800 }, { 3400, 1300 }, { 6000, 1999 },
};

/* FNV-1a: networks that have few addresses each are laid beside each other. */
static uint32_t mix(const struct route_address *address)
{
	uint32_t ret = 2166136261u;

	for (unsigned i = 0; i + 2 < address->size; i++)
		ret = (ret ^ address->bytes[i]) * 16777619u;
	return (ret ^ address->bytes[address->size - 2] >> 7) * 16777619u;
}

struct tree_way tree_way(const struct route_address *address)
{
	const uint8_t *end = address->bytes + address->size;
	uint32_t last = ((uint32_t)end[-2] << 8 | end[-1]) & ((1u << LAST) - 1);
	struct tree_way ret;

	for (unsigned i = 0; i < TREE_LEVELS; i++) {
		uint32_t number = (mix(address) + (last >> (LAST - BITS * i))) % areas[i].n;

		ret.v[i] = (struct tree_step){
			.bits = (uint8_t)(address->size * 8 - LAST + BITS * i),
			.block = areas[i].first + 2 * number,
		};
	}
	return ret;
}

static struct route_address first_bits(const struct route_address *address, unsigned bits)
{
	struct route_address ret = { .family = address->family, .size = address->size };

	for (unsigned i = 0; i < bits; i++)
		ret.bytes[i / 8] |= (uint8_t)(address->bytes[i / 8] & 0x80 >> i % 8);
	return ret;
}

struct route_rule tree_branch(const struct route_address *address, const struct tree_way *way,
			      unsigned level)
{
	return (struct route_rule){
		.family = address->family,
		.protocol = FORWARD_PROTOCOL,
		.from_bits = way->v[level].bits,
		.from = first_bits(address, way->v[level].bits),
		.pref = level ? way->v[level - 1].block : TREE_ROOT,
		.target = way->v[level].block,
	};
}

struct route_rule tree_end(uint8_t family, uint32_t block)
{
	return (struct route_rule){ .family = family,
				    .protocol = FORWARD_PROTOCOL,
				    .pref = block + 1,
				    .target = TREE_LOCAL };
}

struct route_rule tree_leaf(const struct route_address *address, const struct tree_way *way,
			    uint32_t table)
{
	return (struct route_rule){ .family = address->family,
				    .protocol = FORWARD_PROTOCOL,
				    .from_bits = (uint8_t)(address->size * 8),
				    .from = *address,
				    .pref = way->v[TREE_LEVELS - 1].block,
				    .table = table };
}

struct route_rule tree_once(uint8_t family, uint32_t pref)
{
	struct route_rule ret = { .family = family,
				  .protocol = FORWARD_PROTOCOL,
				  .pref = pref,
				  .table = RT_TABLE_LOCAL };

	if (pref == TREE_FOREIGN)
		ret.not_own = true;
	if (pref == TREE_LOOPBACK && family == AF_INET) {
		ret.to = (struct route_address){ AF_INET, 4, { 127 } };
		ret.to_bits = 8;
	}
	if (pref == TREE_LOOPBACK && family == AF_INET6) {
		ret.to = (struct route_address){ AF_INET6, 16, { [15] = 1 } };
		ret.to_bits = 128;
	}
	if (pref == TREE_LOOPBACK6) {
		struct cidr network;

		(void)!cidr_parse(CIDR_LOOPBACK6, &network);
		ret.to = (struct route_address){ .family = AF_INET6, .size = 16 };
		memcpy(ret.to.bytes, network.bytes, sizeof(ret.to.bytes));
		ret.to_bits = network.prefix;
	}
	if (pref == TREE_MOVED) {
		ret.table = 0;
		ret.target = TREE_LOCAL;
	}
	return ret;
}
